//! Volumes that the process's user may not use: the reason behind most refusals of the system.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, faccessat, getegid, geteuid};
use platform_api::{Input, InputKind, Phase, Privileges};

use crate::Inputs;

/// Says of each volume or file of the phase that the user may not use whose it is and whose it has to be.
pub(crate) fn refused(inputs: &Inputs) -> Vec<String> {
    let taken = Input::of(inputs.phase(), inputs.platform_api());
    let paths = taken.filter(|input| input.kind() == InputKind::Path);
    paths.filter_map(|input| describe(inputs.phase(), input, inputs.optional_path(input)?)).collect()
}

fn describe(phase: Phase, input: Input, path: &Path) -> Option<String> {
    let metadata = fs_err::metadata(path).ok()?;
    let is_written = metadata.is_dir() && writes(phase, input);
    let mut access = AccessFlags::R_OK;
    access.set(AccessFlags::X_OK, metadata.is_dir());
    access.set(AccessFlags::W_OK, is_written);
    if faccessat(AT_FDCWD, path, access, AtFlags::AT_EACCESS).is_ok() {
        return None;
    }
    let (owner, mode) = ((metadata.uid(), metadata.gid()), metadata.mode() & 0o7777);
    let (uid, gid) = (geteuid(), getegid());
    let right = if is_written { "write to" } else { "read" };
    let instead = match phase.privileges() {
        Privileges::Dropped => ", or start the phase as root, which hands volumes over",
        Privileges::Refused | Privileges::Kept => "",
    };
    Some(format!(
        "'{}' belongs to user {}, group {} with mode {mode:04o}, and user {uid}, group {gid} has to {right} it: \
         give it to that user{instead} ({})",
        path.display(),
        owner.0,
        owner.1,
        input.naming(),
    ))
}

/// Whether a phase writes into a directory that it takes.
fn writes(phase: Phase, input: Input) -> bool {
    match input {
        Input::Layers => true,
        Input::CacheDir => phase != Phase::Restorer,
        Input::LaunchCache | Input::LayoutDir => phase != Phase::Analyzer,
        Input::Generated => phase == Phase::Detector,
        _ => false,
    }
}
