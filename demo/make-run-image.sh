#!/usr/bin/env bash
# Makes the root file system of a run image for the samples: a shell, a few small programs and the libraries that Node.js
# needs, all copied from this machine. Needs neither root nor network; any Linux with glibc will do.
set -euo pipefail
umask 022

programs=(bash cat date env find grep id ls mkdir rm sleep sort uname wc)
# What the Node.js executables are linked with. libatomic serves newer releases only, the others old name services.
libraries=(libc.so.6 libdl.so.2 libgcc_s.so.1 libm.so.6 libpthread.so.0 libresolv.so.2 libstdc++.so.6)
optional_libraries=(libatomic.so.1 libnss_dns.so.2 libnss_files.so.2)

fail() {
  echo "make-run-image: $*" >&2
  exit 1
}

if [[ $# -ne 1 ]]; then
  echo 'usage: make-run-image.sh ROOTFS_DIR' >&2
  exit 2
fi
rootfs=$1

# Copies a file to the same path in the root file system, in place of the link if it is one.
copy() {
  mkdir -p "$rootfs$(dirname "$1")"
  [[ -e $rootfs$1 ]] || cp -L "$1" "$rootfs$1"
}

# Copies a program or library with all libraries that it is linked with.
copy_with_libraries() {
  local path
  copy "$1"
  while read -r path; do
    copy "$path"
  done < <(ldd "$1" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }')
}

# Prints where the dynamic linker finds a library of this machine's architecture; nothing if it does not.
find_library() {
  local abi
  case $(uname -m) in
    x86_64) abi=x86-64 ;;
    aarch64) abi=AArch64 ;;
    *) fail "the samples run on x86_64 and aarch64, not on $(uname -m)" ;;
  esac
  PATH=$PATH:/usr/sbin:/sbin ldconfig -p |
    awk -v name="$1" -v abi="$abi" '$1 == name && index($0, abi) && !path { path = $NF } END { print path }'
}

# The directories that are links into /usr on this machine are so in the image, as the dynamic linker's paths expect.
make_directories() {
  mkdir -p "$rootfs"/{dev,etc,home/cnb,proc,sys,tmp,usr/bin,var/tmp}
  chmod 1777 "$rootfs/tmp" "$rootfs/var/tmp"
  local dir
  for dir in bin sbin lib lib64; do
    if [[ -L /$dir ]]; then
      mkdir -p "$rootfs/usr/$dir"
      ln -sfn "usr/$dir" "$rootfs/$dir"
    fi
  done
}

copy_programs() {
  local name path
  for name in "${programs[@]}"; do
    path=$(type -P "$name") || fail "the program $name is missing from this machine"
    copy_with_libraries "$path"
  done
  copy_with_libraries /bin/sh
}

copy_libraries() {
  local name path
  for name in "${libraries[@]}"; do
    path=$(find_library "$name")
    [[ -n $path ]] || fail "the library $name is missing from this machine; on Debian and Ubuntu: apt-get install libstdc++6"
    copy_with_libraries "$path"
  done
  for name in "${optional_libraries[@]}"; do
    path=$(find_library "$name")
    if [[ -n $path ]]; then copy_with_libraries "$path"; fi
  done
}

write_configuration() {
  local path
  for path in /etc/os-release /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    if [[ -f $path ]]; then copy "$path"; fi
  done
  cat > "$rootfs/etc/passwd" <<'PASSWD'
root:x:0:0:root:/:/bin/sh
cnb:x:1000:1000:cnb:/home/cnb:/bin/sh
PASSWD
  printf 'root:x:0:\ncnb:x:1000:\n' > "$rootfs/etc/group"
  echo 'hosts: files dns' > "$rootfs/etc/nsswitch.conf"
}

make_directories
copy_programs
copy_libraries
write_configuration
