//! Giving up root: volumes are handed to the build image's user, then the process becomes that user.
//!
//! Nothing is attempted that isn't needed: started as an ordinary user, whatever its id, a phase leaves
//! users and owners alone. Spec: platform.md § Build Image, § Security Considerations.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid};
use platform_api::{ExitCode, Input, Phase, PhaseError, Privileges};

use crate::Inputs;
use crate::passwd::{self, User};

/// Privileges that are too many or too few.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// The phase runs other people's executables.
    #[error("refusing to run {phase} as root: it runs buildpacks, which must not have its rights")]
    Root {
        /// The phase.
        phase: Phase,
    },
    /// A volume could not be handed over.
    #[error(
        "failed to hand '{}', which belongs to user {}, group {}, to user {uid}, group {gid}: {source}",
        path.display(), owner.0, owner.1
    )]
    Hand {
        /// The volume.
        path: PathBuf,
        /// The ids of the user and the group that it belongs to.
        owner: (u32, u32),
        /// The user's id.
        uid: u32,
        /// The group's id.
        gid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// The process could not become another user.
    #[error("failed to become user {uid}:{gid}: {source}")]
    Become {
        /// The user's id.
        uid: u32,
        /// The group's id.
        gid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// The build image's user is root, or none was named.
    #[error("refusing to build as root: buildpacks must not have its rights")]
    BuildAsRoot,
    /// The process could not be hidden from those it starts.
    #[error("failed to hide the process's environment from buildpacks: {0}")]
    Hide(io::Error),
}

impl PhaseError for PrivilegeError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Root { .. }
            | Self::Hand { .. }
            | Self::Become { .. }
            | Self::BuildAsRoot
            | Self::Hide(_) => ExitCode::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Root { .. } => {
                Some("start it as the build image's user (CNB_USER_ID, CNB_GROUP_ID)".into())
            }
            Self::BuildAsRoot => {
                Some("tell the build image's user with -uid and -gid (CNB_USER_ID, CNB_GROUP_ID)".into())
            }
            Self::Hand { .. } => Some("give it to that user before the phase starts".into()),
            Self::Become { .. } | Self::Hide(_) => None,
        }
    }
}

/// Adapts the process's rights to what the phase needs.
///
/// # Errors
/// The phase must not run as root, or the system does not let go of it.
pub(crate) fn settle(inputs: &Inputs) -> Result<(), PrivilegeError> {
    if inputs.phase().privileges() == Privileges::Refused && Uid::effective().is_root() {
        return Err(PrivilegeError::Root { phase: inputs.phase() });
    }
    if inputs.gives_up_root() {
        let (uid, gid) = inputs.owner();
        hand_over_all(volumes(inputs), uid, gid)?;
        become_user(uid, gid)?;
    }
    if inputs.phase() == Phase::Creator { hide() } else { Ok(()) }
}

/// Gives up root for the build image's user, to whom `volumes` are handed before: for a phase that keeps its
/// rights at first and then runs buildpacks. Yields what the user database knows of the user.
///
/// # Errors
/// The user would still be root, or the system does not let go of it.
pub fn become_build_user(inputs: &Inputs, volumes: &[&Path]) -> Result<Option<User>, PrivilegeError> {
    let (uid, gid) = inputs.owner();
    if Uid::effective().is_root() {
        if uid == 0 {
            return Err(PrivilegeError::BuildAsRoot);
        }
        hand_over_all(volumes.iter().copied(), uid, gid)?;
        // What groups the container's root is in is none of the buildpacks' business.
        nix::unistd::setgroups(&[Gid::from_raw(gid)]).map_err(|error| PrivilegeError::Become {
            uid,
            gid,
            source: error.into(),
        })?;
        become_user(uid, gid)?;
    }
    Ok(passwd::find(Path::new("/etc/passwd"), uid))
}

fn hand_over_all<'a>(
    volumes: impl Iterator<Item = &'a Path>,
    uid: u32,
    gid: u32,
) -> Result<(), PrivilegeError> {
    for path in volumes {
        hand_over(path, uid, gid).map_err(|source| {
            let metadata = fs_err::metadata(path);
            let owner = metadata.map_or((0, 0), |metadata| (metadata.uid(), metadata.gid()));
            PrivilegeError::Hand { path: path.to_owned(), owner, uid, gid, source }
        })?;
    }
    Ok(())
}

/// The creator runs buildpacks as the user that it is itself. In `/proc` they would find the environment it
/// was started with, where the credentials for registries are.
fn hide() -> Result<(), PrivilegeError> {
    nix::sys::prctl::set_dumpable(false).map_err(|error| PrivilegeError::Hide(error.into()))
}

/// The directories that the phase writes to as the user.
fn volumes(inputs: &Inputs) -> impl Iterator<Item = &Path> {
    let kaniko = (inputs.phase() == Phase::Restorer).then(|| Path::new("/kaniko"));
    let layers = matches!(inputs.phase(), Phase::Analyzer | Phase::Restorer | Phase::Creator);
    let layers = layers.then(|| inputs.path(Input::Layers));
    let caches = [Input::CacheDir, Input::LaunchCache].map(|cache| inputs.optional_path(cache));
    layers.into_iter().chain(caches.into_iter().flatten()).chain(kaniko)
}

/// Changes the owner of all that is in a directory, unless the user can write to it anyway; what is in a
/// directory is taken to be as its top.
fn hand_over(directory: &Path, uid: u32, gid: u32) -> io::Result<()> {
    let metadata = match fs_err::metadata(directory) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let group_may = metadata.gid() == gid && metadata.mode() & 0o020 != 0;
    if metadata.uid() == uid || group_may || metadata.mode() & 0o002 != 0 {
        return Ok(());
    }
    // The directory itself may be a link, what it holds is taken as it is.
    std::os::unix::fs::chown(directory, Some(uid), Some(gid))?;
    for entry in walkdir::WalkDir::new(directory).min_depth(1) {
        std::os::unix::fs::lchown(entry?.path(), Some(uid), Some(gid))?;
    }
    Ok(())
}

fn become_user(uid: u32, gid: u32) -> Result<(), PrivilegeError> {
    if (uid, gid) == (Uid::current().as_raw(), Gid::current().as_raw()) {
        return Ok(());
    }
    let (user, group) = (Uid::from_raw(uid), Gid::from_raw(gid));
    nix::unistd::setresgid(group, group, group)
        .and_then(|()| nix::unistd::setresuid(user, user, user))
        .map_err(|error| PrivilegeError::Become { uid, gid, source: error.into() })
}
