//! Finding an executable and becoming it.

use std::convert::Infallible;
use std::ffi::{CString, NulError, OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use environment::Environment;
use nix::errno::Errno;
use nix::unistd::{AccessFlags, access, execve};

/// Why an executable could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// No directory of `PATH` holds the command.
    #[error("command '{}' was not found in any directory of PATH, which is '{}'", command.display(), path.display())]
    NotFound {
        /// The command as given.
        command: OsString,
        /// The value of `PATH` in the process's environment.
        path: OsString,
    },
    /// The command is a path that leads to nothing.
    #[error("command '{}' does not exist", path.display())]
    Absent {
        /// The command.
        path: PathBuf,
    },
    /// The file is there, but the user may not execute it.
    #[error("'{}' is not an executable file for user {user}; check its mode and owner", path.display())]
    NotExecutable {
        /// The file.
        path: PathBuf,
        /// The numeric user id.
        user: u32,
    },
    /// The file starts with `#!` and an interpreter that is not there.
    #[error("'{}' needs the interpreter '{}', which the image does not hold", path.display(), interpreter.display())]
    NoInterpreter {
        /// The file.
        path: PathBuf,
        /// What stands behind `#!`.
        interpreter: PathBuf,
    },
    /// The file is no program for this machine.
    #[error("'{}' is neither a program for this machine ({}) nor a script that starts with #!", path.display(), std::env::consts::ARCH)]
    WrongFormat {
        /// The file.
        path: PathBuf,
    },
    /// An argument or variable holds a NUL byte.
    #[error("an argument or variable for '{}' holds a NUL byte: '{}'", path.display(), String::from_utf8_lossy(text.as_bytes()).escape_debug())]
    NulByte {
        /// The executable.
        path: PathBuf,
        /// The argument or variable.
        text: OsString,
    },
    /// The kernel refused for another reason.
    #[error("failed to execute '{}': {}", path.display(), source.desc())]
    Refused {
        /// The executable.
        path: PathBuf,
        /// Why.
        source: Errno,
    },
}

/// Finds a command: one with a slash is a path from the current directory, another is looked up on `path`.
pub(crate) fn find(command: &OsStr, path: Option<&OsStr>) -> Result<PathBuf, ProgramError> {
    if command.as_bytes().contains(&b'/') {
        let path = PathBuf::from(command);
        return if is_executable(&path) { Ok(path) } else { Err(unusable(path)) };
    }
    let path = path.unwrap_or_default();
    let candidates = || std::env::split_paths(path).map(|directory| directory.join(command));
    let found =
        candidates().filter(|_| !command.is_empty() && !path.is_empty()).find(|file| is_executable(file));
    found.ok_or_else(|| match candidates().find(|file| file.is_file()) {
        Some(file) => unusable(file),
        None => ProgramError::NotFound { command: command.to_owned(), path: path.to_owned() },
    })
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && access(path, AccessFlags::X_OK).is_ok()
}

fn unusable(path: PathBuf) -> ProgramError {
    match fs_err::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => ProgramError::Absent { path },
        _ => ProgramError::NotExecutable { path, user: nix::unistd::geteuid().as_raw() },
    }
}

/// Becomes the program, with exactly the given arguments (the first is `$0`) and environment.
pub(crate) fn execute<'a>(
    program: &Path,
    arguments: impl Iterator<Item = &'a OsString>,
    environment: &Environment,
) -> Result<Infallible, ProgramError> {
    let nul = |text: OsString| ProgramError::NulByte { path: program.to_owned(), text };
    let path = c_string(program.as_os_str().to_owned()).map_err(nul)?;
    let arguments: Vec<_> = arguments.cloned().map(c_string).collect::<Result<_, _>>().map_err(nul)?;
    let variables = c_variables(environment).map_err(nul)?;
    let Err(source) = execve(&path, &arguments, &variables);
    Err(explain(program, source))
}

/// Tells why the kernel refused a program that was found.
pub(crate) fn explain(program: &Path, source: Errno) -> ProgramError {
    let path = program.to_owned();
    match source {
        Errno::EACCES => ProgramError::NotExecutable { path, user: nix::unistd::geteuid().as_raw() },
        Errno::ENOEXEC => ProgramError::WrongFormat { path },
        Errno::ENOENT => match interpreter(program) {
            Some(interpreter) => ProgramError::NoInterpreter { path, interpreter },
            None => ProgramError::Refused { path, source },
        },
        source => ProgramError::Refused { path, source },
    }
}

/// The path behind `#!` in the first line.
fn interpreter(program: &Path) -> Option<PathBuf> {
    const LONGEST_LINE: u64 = 256;
    let mut start = Vec::new();
    fs_err::File::open(program).ok()?.take(LONGEST_LINE).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let word = line.trim_ascii_start().split(|byte| matches!(byte, b' ' | b'\t')).next()?;
    Some(PathBuf::from(OsStr::from_bytes(word)))
}

/// The environment in the form that the kernel takes.
pub(crate) fn c_variables(environment: &Environment) -> Result<Vec<CString>, OsString> {
    let joined = |(name, value): (&OsStr, &OsStr)| c_string([name, value].join(OsStr::new("=")));
    environment.iter().map(joined).collect()
}

/// The text, or the text back if it holds a NUL byte.
pub(crate) fn c_string(text: OsString) -> Result<CString, OsString> {
    CString::new(text.into_vec()).map_err(|error: NulError| OsString::from_vec(error.into_vec()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{ProgramError, find, interpreter};

    fn write(path: &Path, contents: &str, mode: u32) {
        fs_err::write(path, contents).unwrap();
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_first_executable_file_on_the_path_is_found() {
        let root = tempfile::tempdir().unwrap();
        let [first, second, third] = ["1", "2", "3"].map(|name| root.path().join(name));
        for directory in [&first, &second, &third] {
            fs_err::create_dir(directory).unwrap();
        }
        fs_err::create_dir(first.join("tool")).unwrap();
        write(&second.join("tool"), "", 0o644);
        write(&second.join("other"), "", 0o644);
        write(&third.join("tool"), "", 0o755);
        let path =
            std::env::join_paths([root.path().join("absent"), first, second.clone(), third.clone()]).unwrap();
        assert_eq!(find("tool".as_ref(), Some(&path)).unwrap(), third.join("tool"));
        let error = find("other".as_ref(), Some(&path)).unwrap_err();
        assert!(matches!(&error, ProgramError::NotExecutable { path, .. } if *path == second.join("other")));
        for (command, path) in
            [("missing", Some(&*path)), ("tool", None), ("tool", Some("".as_ref())), ("", Some(&*path))]
        {
            let error = find(command.as_ref(), path).unwrap_err();
            assert!(matches!(error, ProgramError::NotFound { .. }), "{command}: {error}");
        }
    }

    #[test]
    fn interpreters_are_read_as_the_kernel_does() {
        let root = tempfile::tempdir().unwrap();
        let script = root.path().join("script");
        for (text, expected) in [
            ("#!/bin/sh\n", Some("/bin/sh")),
            ("#! \t/usr/bin/env node\n", Some("/usr/bin/env")),
            ("#!/bin/sh\r\n", Some("/bin/sh\r")),
            ("echo\n", None),
            ("", None),
        ] {
            write(&script, text, 0o755);
            assert_eq!(interpreter(&script).as_deref(), expected.map(Path::new), "{text:?}");
        }
    }
}
