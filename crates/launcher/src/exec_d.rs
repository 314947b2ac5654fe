//! exec.d executables: run before the process, they set variables by printing TOML to file descriptor 3.
//!
//! Spec: buildpack.md § Exec.d, § Exec.d Output (TOML).

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use environment::LaunchEnvironment;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, pipe2};
use spec_model::launch::ExecDOutput;
use spec_model::text::TomlError;

use crate::program::{self, ProgramError};

/// The file descriptor that the output is read from.
const OUTPUT: i32 = 3;

/// The longest output in bytes. Linux lets arguments and environment have no more than 6 MiB together.
const LONGEST_OUTPUT: u64 = 8 << 20;

/// Why an exec.d executable did not have the effect it should.
#[derive(Debug, thiserror::Error)]
pub enum ExecDError {
    /// It could not be started.
    #[error("exec.d: {0}")]
    NotStarted(#[source] ProgramError),
    /// The pipe it prints to, or the wait for its end, failed.
    #[error("exec.d executable '{}': {action}: {}", path.display(), source.desc())]
    System {
        /// The executable.
        path: PathBuf,
        /// What failed.
        action: &'static str,
        /// Why.
        source: Errno,
    },
    /// Its output could not be read.
    #[error("failed to read the output of exec.d executable '{}': {source}", path.display())]
    Unreadable {
        /// The executable.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended with an error.
    #[error("exec.d executable '{}' failed with {}; what it printed above may tell why", path.display(), outcome(*status))]
    Failed {
        /// The executable.
        path: PathBuf,
        /// How it ended.
        status: WaitStatus,
    },
    /// It printed more than an environment can hold.
    #[error("exec.d executable '{}' printed more than {LONGEST_OUTPUT} bytes to file descriptor 3", path.display())]
    TooLong {
        /// The executable.
        path: PathBuf,
    },
    /// It printed something other than text.
    #[error("exec.d executable '{}' printed something other than UTF-8 text to file descriptor 3", path.display())]
    NotText {
        /// The executable.
        path: PathBuf,
    },
    /// It printed something other than TOML with strings as values.
    #[error("exec.d executable '{}' printed to file descriptor 3 what is no TOML table of strings: {source}", path.display())]
    Malformed {
        /// The executable.
        path: PathBuf,
        /// The place in its output.
        source: TomlError,
    },
    /// It printed a key or value that an environment cannot hold.
    #[error("exec.d executable '{}' set variable '{}', which no environment can hold", path.display(), name.escape_debug())]
    NotAVariable {
        /// The executable.
        path: PathBuf,
        /// The key.
        name: String,
    },
}

fn outcome(status: WaitStatus) -> String {
    match status {
        WaitStatus::Exited(_, code) => format!("exit status {code}"),
        WaitStatus::Signaled(_, signal, _) => format!("signal {signal}"),
        _ => "an unknown status".to_owned(),
    }
}

/// Runs an executable in the environment made so far, and sets the variables it prints.
///
/// It runs in the app directory with the launcher's output streams; nothing is to be read from its input,
/// which belongs to the process.
pub(crate) fn run(executable: &Path, environment: &mut LaunchEnvironment) -> Result<(), ExecDError> {
    let (read, write) =
        pipe2(OFlag::O_CLOEXEC).map_err(|source| system(executable, "make a pipe", source))?;
    let child = spawn(executable, &write, environment)?;
    // The output ends when the last writer is gone, and that must not be this process.
    drop(write);
    let mut output = Vec::new();
    let result = File::from(read).take(LONGEST_OUTPUT + 1).read_to_end(&mut output);
    if output.len() as u64 > LONGEST_OUTPUT {
        return Err(ExecDError::TooLong { path: executable.to_owned() });
    }
    match waitpid(child, None).map_err(|source| system(executable, "wait for its end", source))? {
        WaitStatus::Exited(_, 0) => {}
        status => return Err(ExecDError::Failed { path: executable.to_owned(), status }),
    }
    result.map_err(|source| ExecDError::Unreadable { path: executable.to_owned(), source })?;
    set_variables(executable, output, environment)
}

fn spawn(executable: &Path, output: &OwnedFd, environment: &LaunchEnvironment) -> Result<Pid, ExecDError> {
    let set_up = |source| system(executable, "prepare its start", source);
    let mut files = PosixSpawnFileActions::init().map_err(set_up)?;
    files.add_dup2(output.as_raw_fd(), OUTPUT).map_err(set_up)?;
    // Where there is no /dev/null, as in a bare chroot, the executable shares the launcher's input.
    let nothing = fs_err::File::open("/dev/null").ok();
    if let Some(nothing) = &nothing {
        files.add_dup2(nothing.as_raw_fd(), 0).map_err(set_up)?;
    }
    let attributes = PosixSpawnAttr::init().map_err(set_up)?;
    let nul = |text| ExecDError::NotStarted(ProgramError::NulByte { path: executable.to_owned(), text });
    let arguments = [program::c_string(executable.into()).map_err(nul)?];
    let variables = program::c_variables(environment.variables()).map_err(nul)?;
    posix_spawn(executable, &files, &attributes, &arguments, &variables)
        .map_err(|source| ExecDError::NotStarted(program::explain(executable, source)))
}

fn set_variables(
    executable: &Path,
    output: Vec<u8>,
    environment: &mut LaunchEnvironment,
) -> Result<(), ExecDError> {
    let path = || executable.to_owned();
    let output = String::from_utf8(output).map_err(|_| ExecDError::NotText { path: path() })?;
    let output =
        ExecDOutput::parse(&output).map_err(|source| ExecDError::Malformed { path: path(), source })?;
    for (name, value) in output.variables {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return Err(ExecDError::NotAVariable { path: path(), name });
        }
        environment.set(name, value);
    }
    Ok(())
}

fn system(executable: &Path, action: &'static str, source: Errno) -> ExecDError {
    ExecDError::System { path: executable.to_owned(), action, source }
}
