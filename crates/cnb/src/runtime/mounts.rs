//! The file systems of a container.

use std::path::Path;

use anyhow::{Context, Result};
use fs_err::os::unix::fs::symlink;
use nix::sched::{CloneFlags, unshare};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};

/// The host's devices that containers have.
const DEVICES: [&str; 6] = ["full", "null", "random", "tty", "urandom", "zero"];

/// Links in `/dev` with their targets.
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// The host's files that make names of the network resolve in containers too.
pub(super) const NAME_RESOLUTION: [&str; 2] = ["/etc/hosts", "/etc/resolv.conf"];

/// Makes `rootfs` the root of this process, in namespaces of its own, with `/proc` and `/dev`.
///
/// Everything is mounted and written after the change of root, so that links of the root file system can't
/// lead out of it. Until the end the host's root is the working directory.
pub(super) fn enter(rootfs: &Path) -> Result<()> {
    let name_resolution = NAME_RESOLUTION.map(|path| (path, fs_err::read(path).ok()));
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWIPC).context("cannot make a mount namespace")?;
    change_root(rootfs).with_context(|| format!("cannot make '{}' the root", rootfs.display()))?;
    mount_proc()?;
    mount_dev()?;
    for (path, content) in name_resolution {
        if let Some(content) = content {
            replace(Path::new(path), &content)?;
        }
    }
    rustix::mount::unmount(".", UnmountFlags::DETACH).context("cannot leave the host's file systems")?;
    rustix::process::chdir("/").context("cannot enter the root")
}

fn change_root(rootfs: &Path) -> Result<(), Errno> {
    use rustix::process::{chdir, fchdir, pivot_root};

    // Nothing that is mounted from here on shows up on the host.
    rustix::mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    // Only what is a mount can become the root.
    rustix::mount::mount_bind_recursive(rootfs, rootfs)?;
    let host = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    chdir(rootfs)?;
    pivot_root(".", ".")?;
    fchdir(host)
}

fn mount_proc() -> Result<()> {
    fs_err::create_dir_all("/proc")?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    match rustix::mount::mount("proc", "/proc", "proc", flags, None) {
        // Forbidden where parts of the host's own are hidden, as in containers: then that one has to do.
        Err(Errno::PERM) => rustix::mount::mount_bind_recursive("proc", "/proc"),
        mounted => mounted,
    }
    .context("cannot mount /proc")
}

fn mount_dev() -> Result<()> {
    let mount = |file_system: &str, path: &str, options: &std::ffi::CStr| -> Result<()> {
        fs_err::create_dir_all(path)?;
        let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
        rustix::mount::mount(file_system, path, file_system, flags, options)
            .with_context(|| format!("cannot mount {path}"))
    };
    mount("tmpfs", "/dev", c"mode=0755,size=64k")?;
    mount("tmpfs", "/dev/shm", c"mode=1777,size=64m")?;
    mount("devpts", "/dev/pts", c"newinstance,ptmxmode=0666,mode=0620")?;
    for device in DEVICES {
        let path = Path::new("/dev").join(device);
        fs_err::write(&path, "")?;
        rustix::mount::mount_bind(Path::new("dev").join(device), &path)
            .with_context(|| format!("cannot provide {}", path.display()))?;
    }
    for (name, target) in LINKS {
        symlink(target, Path::new("/dev").join(name))?;
    }
    Ok(())
}

/// Writes a file in place of whatever file or link there is.
fn replace(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs_err::create_dir_all(parent)?;
    }
    if path.symlink_metadata().is_ok() {
        fs_err::remove_file(path)?;
    }
    Ok(fs_err::write(path, content)?)
}
