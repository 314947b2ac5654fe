//! Starting the executables of buildpacks and extensions: `bin/detect`, `bin/generate`, `bin/build`.
//!
//! Spec: buildpack.md § Buildpack Interface, § Environment.

use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use environment::{BuildEnvironment, EnvironmentError};
use spec_model::BuildpackApi;
use spec_model::target::TargetData;

use crate::descriptor::{Descriptor, Kind};
use crate::target;

/// What all executables of one phase have in common.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The app directory, in which they run.
    pub app: &'a Path,
    /// The platform directory.
    pub platform: &'a Path,
    /// The build config directory, where the Platform API has one.
    pub build_config: Option<&'a Path>,
    /// The execution environment, where it is known.
    pub exec_env: Option<&'a str>,
    /// The target of the build; see [`target::complete`].
    pub target: &'a TargetData,
    /// The environment as it is by now.
    pub environment: &'a BuildEnvironment,
}

impl Surroundings<'_> {
    /// A command that runs `bin/<name>` of a buildpack or extension with the environment that the given
    /// Buildpack API asks for. Arguments, streams and variables of the one phase are the caller's.
    ///
    /// # Errors
    /// A variable file of platform or operator cannot be used.
    pub fn command(
        &self,
        descriptor: &Descriptor,
        api: BuildpackApi,
        name: &str,
    ) -> Result<Command, EnvironmentError> {
        let platform = (!descriptor.clear_env).then_some(self.platform);
        let mut variables = self.environment.with_platform_and_operator(platform, self.build_config)?;
        let root_variable = match descriptor.kind {
            Kind::Buildpack => "CNB_BUILDPACK_DIR",
            Kind::Extension => "CNB_EXTENSION_DIR",
        };
        variables.set(root_variable, &descriptor.root);
        if api.has_path_variables() || descriptor.kind == Kind::Extension {
            variables.set("CNB_PLATFORM_DIR", self.platform);
        }
        if api.has_targets() {
            for (name, value) in target::variables(self.target) {
                variables.set(name, value);
            }
        }
        if let Some(exec_env) = self.exec_env.filter(|_| api.has_exec_env()) {
            variables.set("CNB_EXEC_ENV", exec_env);
        }
        let mut command = Command::new(descriptor.root.join("bin").join(name));
        command.current_dir(self.app).env_clear().envs(&variables).stdin(Stdio::null());
        Ok(command)
    }
}

/// Why an executable did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no such file.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The executable.
        path: PathBuf,
    },
    /// There is something else of that name.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// The executable.
        path: PathBuf,
    },
    /// The file may not be executed.
    #[error("{} is not executable; set its mode to 0755", path.display())]
    NotExecutable {
        /// The executable.
        path: PathBuf,
    },
    /// The file is there, but what should run it is not.
    #[error("{} cannot run here: the interpreter in its first line does not exist in the build image", path.display())]
    NoInterpreter {
        /// The executable.
        path: PathBuf,
    },
    /// The system refused for another reason.
    #[error("{} cannot be started in {}: {source}", path.display(), directory.display())]
    Refused {
        /// The executable.
        path: PathBuf,
        /// Where it should run.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StartError {
    /// Finds out why the command could not be started.
    #[must_use]
    pub fn explain(command: &Command, source: io::Error) -> Self {
        let path = PathBuf::from(command.get_program());
        match fs_err::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Self::Missing { path },
            Ok(metadata) if !metadata.is_file() => Self::NotAFile { path },
            Ok(metadata) if metadata.permissions().mode() & 0o111 == 0 => Self::NotExecutable { path },
            Ok(_) if source.kind() == ErrorKind::NotFound => Self::NoInterpreter { path },
            _ => {
                let directory = command.get_current_dir().unwrap_or(Path::new(".")).to_owned();
                Self::Refused { path, directory, source }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::StartError;

    #[test]
    fn a_failure_to_start_is_explained() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str, mode| {
            let path = directory.path().join(name);
            fs_err::write(&path, text).unwrap();
            fs_err::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        };
        file("plain", "#!/bin/sh\n", 0o644);
        file("lost", "#!/no/such/interpreter\n", 0o755);
        file("text", "just text\n", 0o755);
        fs_err::create_dir(directory.path().join("directory")).unwrap();
        for (name, expected) in [
            ("absent", "absent does not exist"),
            ("plain", "plain is not executable"),
            ("lost", "interpreter in its first line"),
            ("text", "text cannot be started"),
            ("directory", "directory is not a file"),
        ] {
            let mut command = Command::new(directory.path().join(name));
            let error = command.spawn().unwrap_err();
            let message = StartError::explain(&command, error).to_string();
            assert!(message.contains(expected), "{name}: {message}");
        }
    }
}
