//! Why a kernel refuses to make namespaces, and what users can do about it.

use anyhow::Error;
use nix::errno::Errno;
use nix::unistd::geteuid;

/// Settings that forbid user namespaces to ordinary users: the file, the value that forbids, what to run.
const SETTINGS: [(&str, &str, &str); 3] = [
    ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
];

/// Adds the likely reason and a way out, where the error is that something is forbidden.
pub(super) fn explain(error: Error) -> Error {
    let read = |path: &str| fs_err::read_to_string(path).ok();
    match cure(is_refusal(&error), geteuid().is_root(), &read) {
        Some(cure) => error.context(cure),
        None => error,
    }
}

fn is_refusal(error: &Error) -> bool {
    error.chain().any(|cause| {
        let errno = cause.downcast_ref::<Errno>().copied();
        let errno = errno
            .or_else(|| Some(Errno::from_raw(cause.downcast_ref::<rustix::io::Errno>()?.raw_os_error())));
        let errno =
            errno.or_else(|| Some(Errno::from_raw(cause.downcast_ref::<std::io::Error>()?.raw_os_error()?)));
        matches!(errno, Some(Errno::EPERM | Errno::EACCES | Errno::ENOSPC))
    })
}

fn cure(is_refusal: bool, is_root: bool, read: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    if !is_refusal {
        return None;
    }
    if is_root {
        return Some(
            "this root user may not make namespaces; if this is a container, start it with more privileges \
             (docker run --privileged)"
                .to_owned(),
        );
    }
    let forbidding =
        |(path, value, _): &&(&str, &str, &str)| read(path).is_some_and(|text| text.trim() == *value);
    Some(match SETTINGS.iter().find(forbidding) {
        Some((_, _, command)) => format!(
            "this system does not let ordinary users make user namespaces; allow it with 'sudo {command}', or \
             run this as root"
        ),
        None => {
            "this system does not let ordinary users make user namespaces; if this is a container, start it \
                 with more privileges (docker run --security-opt seccomp=unconfined), or run this as root"
                .to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use nix::errno::Errno;

    use super::{cure, is_refusal};

    #[test]
    fn refusals_are_told_from_other_errors() {
        let nix = |errno: Errno| Err::<(), _>(errno).context("outer").unwrap_err();
        assert!(is_refusal(&nix(Errno::EPERM)));
        assert!(is_refusal(&nix(Errno::ENOSPC)));
        assert!(!is_refusal(&nix(Errno::ENOENT)));
        let rustix = Err::<(), _>(rustix::io::Errno::ACCESS).context("outer").unwrap_err();
        assert!(is_refusal(&rustix));
        let std = anyhow::Error::new(std::io::Error::from_raw_os_error(Errno::EPERM as i32));
        assert!(is_refusal(&std));
        assert!(!is_refusal(&anyhow::anyhow!("something else")));
    }

    #[test]
    fn the_setting_that_forbids_is_named() {
        for (path, value, expected) in [
            ("/proc/sys/user/max_user_namespaces", "0\n", "sysctl user.max_user_namespaces=10000"),
            (
                "/proc/sys/kernel/unprivileged_userns_clone",
                "0\n",
                "sysctl kernel.unprivileged_userns_clone=1",
            ),
            (
                "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
                "1\n",
                "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
            ),
            ("/proc/sys/user/max_user_namespaces", "15000\n", "seccomp=unconfined"),
        ] {
            let read = |asked: &str| (asked == path).then(|| value.to_owned());
            assert!(cure(true, false, &read).unwrap().contains(expected), "{path}");
        }
        let nothing = |_: &str| None;
        assert!(cure(true, true, &nothing).unwrap().contains("--privileged"));
        assert_eq!(cure(false, false, &nothing), None);
    }
}
