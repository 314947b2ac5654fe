#!/usr/bin/env bash
# Takes samples/apps/nodejs from source to a running image, phase by phase, then builds it again with a change. No daemon,
# no registry for images and no root; packages come from an npm registry. Every claim it prints it also checks.
#
#   LIFECYCLE_DIR  directory of the phase executables
#   CNB            the cnb executable
#   DEMO_DIR       where everything is written, emptied first (default: /var/tmp/cnb-demo-<user id>)
set -euo pipefail
umask 022

samples=$(cd "$(dirname "${BASH_SOURCE[0]}")/../samples" && pwd)
demo=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# The image repeats the paths of these directories, and so their parents: not a place that others cannot enter, and not
# /tmp, over which container runtimes like to mount.
work=${DEMO_DIR:-/var/tmp/cnb-demo-$(id -u)}
image=localhost/greeter:latest
run_image=localhost/sample-run:latest
cnb_user=1000
executables=(analyzer detector restorer builder exporter launcher)

# shellcheck source=SCRIPTDIR/output.sh
source "$demo/output.sh"

main() {
  check_requirements
  trap clean_up EXIT
  prepare

  title 'First build: nothing to reuse'
  build first

  title 'What the image says about itself'
  show_image

  title 'The image runs'
  start_and_ask 'Hello, world!' '"environment":"production"'
  run_report

  title 'Second build: one line of server.js changed'
  sed -i 's/Hello, /Good day, /' "$work/source/server.js"
  build second
  show_reuse
  start_and_ask 'Good day, world!'

  title "Done in $SECONDS seconds"
  echo "Everything is in $work: the images in layout/, the logs of the phases in logs/."
}

check_requirements() {
  [[ -n ${LIFECYCLE_DIR:-} && -n ${CNB:-} ]] || fail 'LIFECYCLE_DIR and CNB must name our executables; run "make demo"'
  local name
  for name in "${executables[@]}"; do
    [[ -x $LIFECYCLE_DIR/$name ]] || fail "there is no executable $name in $LIFECYCLE_DIR; run \"make demo\", which builds it"
  done
  [[ -x $CNB ]] || fail "there is no executable $CNB; run \"make demo\", which builds it"
  for name in curl tar gzip awk ldd; do
    command -v "$name" > /dev/null || fail "$name is missing; on Debian and Ubuntu: apt-get install curl tar gzip mawk libc-bin"
  done
  if [[ $(id -u) -eq 0 ]]; then
    command -v setpriv > /dev/null || fail 'setpriv, which starts the phases without root, is missing; install util-linux'
  elif ! unshare --user --map-root-user true 2> /dev/null; then
    fail 'this kernel forbids user namespaces, in which the image is started without root; allow them (sysctl' \
      'kernel.apparmor_restrict_unprivileged_userns=0, user.max_user_namespaces=10000) or run the demo as root'
  fi
}

# Lays out what a platform would: builder, application, platform directory, run image.
prepare() {
  if [[ -e $work && ! -e $work/.demo ]]; then
    fail "$work is not a directory of this demo; name another one with DEMO_DIR, which is emptied"
  fi
  { rm -rf "$work" && mkdir "$work"; } || fail "cannot write $work; name another directory with DEMO_DIR"
  touch "$work/.demo"
  mkdir -p "$work"/{cache,home,layout,lifecycle,logs,platform/env}
  cp "${executables[@]/#/$LIFECYCLE_DIR/}" "$work/lifecycle"
  "$samples/builder/assemble" "$work/builder"
  cp -R "$samples/apps/nodejs" "$work/source"
  rm -rf "$work/source/node_modules"
  pass_settings

  title 'The run image'
  "$demo/make-run-image.sh" "$work/run-rootfs"
  create_run_image
  printf '[[images]]\nimage = "%s"\n' "$run_image" > "$work/run.toml"
  if [[ $(id -u) -eq 0 ]]; then chown -R "$cnb_user:$cnb_user" "$work"; fi
}

# Hands the user's settings for downloads to the buildpacks, which see neither this environment nor this home directory.
pass_settings() {
  local name
  for name in NPM_CONFIG_REGISTRY NODE_EXTRA_CA_CERTS SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE; do
    if [[ -n ${!name:-} ]]; then printf %s "${!name}" > "$work/platform/env/$name"; fi
  done
  if [[ -f ${HOME:-}/.npmrc ]]; then install -m 600 "$HOME/.npmrc" "$work/home/.npmrc"; fi
}

create_run_image() {
  local ID='' VERSION_ID=''
  # shellcheck source=/dev/null
  source "$work/run-rootfs/etc/os-release"
  "$CNB" image create --rootfs "$work/run-rootfs" --layout-dir "$work/layout" --user "$cnb_user:$cnb_user" \
    --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --label io.buildpacks.base.id=samples --label "io.buildpacks.base.distro.name=$ID" \
    --label "io.buildpacks.base.distro.version=$VERSION_ID" "$run_image"
  echo "$run_image: $(du -sh "$work/run-rootfs" | cut -f 1) from this machine's $ID $VERSION_ID"
}

# Runs the phases one by one on a fresh copy of the source and an empty layers directory, as in fresh containers; the cache
# and the image stay. Usage: build NAME
build() {
  logs=$work/logs/$1
  rm -rf "$work/layers" "$work/workspace"
  mkdir -p "$logs" "$work/layers"
  cp -R "$work/source" "$work/workspace"
  if [[ $(id -u) -eq 0 ]]; then chown -R "$cnb_user:$cnb_user" "$work/layers" "$work/workspace"; fi

  local layout=(-layout -layout-dir "$work/layout") user=(-uid "$cnb_user" -gid "$cnb_user")
  local layers=(-layers "$work/layers") app=(-app "$work/workspace")
  local buildpacks=(-buildpacks "$work/builder/buildpacks" -platform "$work/platform")

  phase analyzer 'finds the run image and the image of the previous build' \
    "${layout[@]}" "${user[@]}" "${layers[@]}" -run "$work/run.toml" "$image"
  phase detector 'chooses the buildpacks' \
    "${app[@]}" "${layers[@]}" "${buildpacks[@]}" -order "$work/builder/order.toml" -log-level debug
  expect "$logs/detector.log" 'no Procfile in the application directory' 'why samples/procfile does not take part'
  heading 'group.toml: the detected group'
  cat "$work/layers/group.toml"
  phase restorer 'brings back layers from the cache' "${user[@]}" "${layers[@]}" -cache-dir "$work/cache"
  phase builder 'runs the buildpacks' "${app[@]}" "${layers[@]}" "${buildpacks[@]}"
  phase exporter 'makes the image' "${layout[@]}" "${user[@]}" "${app[@]}" "${layers[@]}" -cache-dir "$work/cache" \
    -run "$work/run.toml" -launcher "$work/lifecycle/launcher" "$image"
}

# Runs one phase, shows its output and keeps it. Usage: phase NAME PURPOSE ARGUMENT...
phase() {
  local name=$1 purpose=$2 from=${EPOCHREALTIME/[^0-9]/} status=0
  shift 2
  heading "$name: $purpose"
  without_root env HOME="$work/home" CNB_PLATFORM_API=0.15 CNB_EXPERIMENTAL_MODE=silent \
    "$work/lifecycle/$name" "$@" 2>&1 | tee "$logs/$name.log" || status=$?
  [[ $status -eq 0 ]] || fail "$name ended with exit code $status; its output is above and in $logs/$name.log"
  printf '%s(%d ms)%s\n' "$dim" $(((${EPOCHREALTIME/[^0-9]/} - from) / 1000)) "$plain"
}

without_root() {
  if [[ $(id -u) -eq 0 ]]; then
    setpriv --reuid "$cnb_user" --regid "$cnb_user" --clear-groups "$@"
  else
    "$@"
  fi
}

show_image() {
  heading 'cnb inspect'
  "$CNB" inspect --layout-dir "$work/layout" "$image" | tee "$work/logs/inspect"
  expect "$work/logs/inspect" 'samples/npm-install' 'the buildpacks that built it'
  expect "$work/logs/inspect" 'web' 'its default process'
  expect "$work/logs/inspect" 'report' 'its one-off process'
  expect "$work/logs/inspect" 'org.opencontainers.image.title' 'the label that a buildpack set'

  heading 'cnb sbom download'
  "$CNB" sbom download --layout-dir "$work/layout" --output-dir "$work/sbom" "$image"
  (cd "$work/sbom" && find . -type f | sort)
  local extension file
  for extension in cdx.json spdx.json; do
    file=$(find "$work/sbom" -path "*npm-install/modules*$extension")
    [[ -f $file ]] || fail "the image holds no $extension SBOM for the layer samples/npm-install:modules"
    expect "$file" 'pkg:npm/express@' "Express, in the $extension SBOM"
  done
}

# Starts the image's default process on a free port, asks it over HTTP, and stops it. Usage: start_and_ask EXPECTED...
start_and_ask() {
  local log=$work/logs/web answer expected
  heading 'cnb run: the process web'
  # Port 0 lets the kernel choose; the application prints which one it got.
  "$CNB" run --layout-dir "$work/layout" --env PORT=0 "$image" > "$log" 2>&1 &
  server=$!
  wait_for_port "$log"
  answer=$(curl --fail --silent --show-error --max-time 10 --noproxy '*' "http://127.0.0.1:$port/") ||
    fail "the image was started but does not answer on port $port"
  echo "GET / → $answer"
  for expected in "$@"; do
    [[ $answer == *"$expected"* ]] || fail "the answer does not say $expected"
  done
  stop_server || fail 'the image was asked to stop and still runs'
}

# Sets `port` once the application, whose output goes to a file, listens.
wait_for_port() {
  local log=$1 tries
  for ((tries = 0; tries < 150; tries++)); do
    port=$(sed -n 's/.*Listening on port \([0-9]*\).*/\1/p' "$log")
    if [[ -n $port ]]; then
      cat "$log"
      return
    fi
    kill -0 "$server" 2> /dev/null || break
    sleep 0.2
  done
  cat "$log" >&2
  fail 'the image did not start; its output is above'
}

# Asks the running image to stop; ends it by force, and returns 1, if it takes longer than ten seconds.
stop_server() {
  local tries status=0
  kill "$server" 2> /dev/null || true
  for ((tries = 0; tries < 100; tries++)); do
    kill -0 "$server" 2> /dev/null || break
    sleep 0.1
  done
  if kill -KILL "$server" 2> /dev/null; then status=1; fi
  wait "$server" 2> /dev/null || true
  server=
  return "$status"
}

# The user's npm configuration may hold secrets: the copy goes in any case.
clean_up() {
  rm -f "$work/home/.npmrc" 2> /dev/null || true
  if [[ -n ${server:-} ]]; then stop_server || true; fi
}

run_report() {
  heading 'cnb run: the one-off process report, with arguments of its own'
  "$CNB" run --layout-dir "$work/layout" --process report "$image" -- --since yesterday | tee "$work/logs/report"
  expect "$work/logs/report" '"--since","yesterday"' 'the arguments'
}

show_reuse() {
  heading 'What was restored, kept and reused'
  expect "$logs/restorer.log" 'Restoring data for "samples/nodejs-engine:node" from cache' 'Node.js restored'
  expect "$logs/restorer.log" 'Restoring data for "samples/npm-install:npm-cache" from cache' "npm's cache restored"
  expect "$logs/builder.log" 'Keeping node-linux-.* from the previous build' 'Node.js not installed again'
  expect "$logs/builder.log" 'Keeping node_modules of the previous image' 'no npm ci, and nothing restored for it'
  expect "$logs/exporter.log" "Reusing layer 'samples/nodejs-engine:node'" 'Node.js layer reused in the image'
  expect "$logs/exporter.log" "Reusing layer 'samples/npm-install:modules'" 'node_modules layer taken from the previous image'
  expect "$logs/exporter.log" "Reusing cache layer 'samples/nodejs-engine:node'" 'Node.js layer reused in the cache'
}

main
