//! Running the commands of Dockerfiles, in the file system that is extended.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Gid, Pid, Uid};

use crate::error::StepError;
use crate::plan::Execution;
use crate::rooted::Rooted;
use crate::users::{User, Users};

/// The name of a script that a Dockerfile holds, while it runs.
const SCRIPT: &str = "/.extender-script";

/// Runs a command to its end, in the root and with the environment of the image alone. What it prints goes
/// where our own streams go. Nothing that it started outlives it.
///
/// # Errors
/// It cannot be started, or ends with an error.
pub(crate) fn run(root: &Path, execution: &Execution) -> Result<(), StepError> {
    let rooted = Rooted::new(root);
    let user = Users::read(&rooted).user(&execution.user)?;
    let script = execution.script.as_ref().map(|script| Script::write(&rooted, script)).transpose()?;
    let own = [SCRIPT.to_owned()];
    let arguments = if script.is_some() { own.as_slice() } else { &execution.arguments };
    let (program, arguments) = arguments.split_first().ok_or_else(|| io::Error::other("no command"))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).process_group(0).env_clear();
    command.env("HOME", &user.home).envs(execution.env.iter().map(|(name, value)| (name, value)));
    enter(&mut command, root, &execution.working_dir, user)?;
    let start = |source| StepError::Start { program: program.clone(), source };
    let mut child = command.spawn().map_err(start)?;
    let group = i32::try_from(child.id()).map(Pid::from_raw);
    let status = child.wait()?;
    if let Ok(group) = group {
        // There is none left as a rule.
        let _ = killpg(group, Signal::SIGKILL);
    }
    if status.success() { Ok(()) } else { Err(StepError::Failed(status)) }
}

/// Makes the command's process enter the root and become the user, in this order: the user may not enter.
fn enter(command: &mut Command, root: &Path, working_dir: &Path, user: User) -> io::Result<()> {
    let changes_root = root != Path::new("/");
    let (root, working_dir) =
        (CString::new(root.as_os_str().as_bytes())?, CString::new(working_dir.as_os_str().as_bytes())?);
    let groups: Vec<Gid> = std::iter::once(user.gid).chain(user.groups).map(Gid::from_raw).collect();
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    let is_root = Uid::effective().is_root();
    let enter = move || {
        if changes_root {
            nix::unistd::chroot(root.as_c_str())?;
        }
        nix::unistd::chdir(working_dir.as_c_str())?;
        if is_root {
            nix::unistd::setgroups(&groups)?;
            nix::unistd::setresgid(gid, gid, gid)?;
            nix::unistd::setresuid(uid, uid, uid)?;
        }
        // A step does not go on without the extender.
        Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?)
    };
    // SAFETY: between fork and exec only system calls are made; all they need was allocated before.
    #[expect(unsafe_code, reason = "there is no safe way to start a program in another root directory")]
    unsafe {
        command.pre_exec(enter);
    }
    Ok(())
}

/// A script in the root, which is removed when dropped.
struct Script(PathBuf);

impl Script {
    fn write(root: &Rooted, text: &str) -> io::Result<Self> {
        let script = Self(root.resolve_parent(Path::new(SCRIPT))?);
        fs_err::write(&script.0, text)?;
        fs_err::set_permissions(&script.0, PermissionsExt::from_mode(0o755))?;
        Ok(script)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // If it stays, it is seen in the layer; the step's own result is what counts.
        let _ = fs_err::remove_file(&self.0);
    }
}
