//! Which process of an image is started, and with what.

use anyhow::{Result, bail};
use image::ContainerConfig;
use spec_model::build_metadata::BuildMetadata;

use super::DEFAULT_PATH;
use super::user::User;
use crate::arguments::Pair;

/// Where the image has a link to the launcher for each process type. Spec: platform.md § Launch.
const PROCESS_DIR: &str = "/cnb/process";

/// What the user asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Request<'a> {
    pub(super) process: Option<&'a str>,
    pub(super) arguments: &'a [String],
    pub(super) env: &'a [Pair],
}

/// A process to start.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Process {
    /// The executable and its arguments.
    pub(super) arguments: Vec<String>,
    pub(super) working_dir: String,
    /// Variables in the form `NAME=VALUE`.
    env: Vec<String>,
}

impl Process {
    /// Chooses the process. `metadata` is what buildpacks said of the image, if they built it.
    ///
    /// # Errors
    /// The image has no such process type, or nothing to start at all.
    pub(super) fn new(
        config: &ContainerConfig,
        metadata: Option<&BuildMetadata>,
        request: &Request<'_>,
    ) -> Result<Self> {
        let mut arguments = match request.process {
            Some(process) => vec![link_of(process, metadata)?],
            None => config.entrypoint.clone(),
        };
        let defaults = if request.process.is_none() { config.cmd.as_slice() } else { &[] };
        arguments.extend_from_slice(if request.arguments.is_empty() { defaults } else { request.arguments });
        if arguments.is_empty() {
            bail!("it names neither an entry point nor a command; add a command behind '--'");
        }
        let mut config = config.clone();
        if config.env("PATH").is_none() {
            config.set_env("PATH", DEFAULT_PATH);
        }
        for variable in request.env {
            config.set_env(&variable.name, &variable.value);
        }
        let working_dir = match config.working_dir.as_str() {
            "" => "/".to_owned(),
            directory => directory.to_owned(),
        };
        Ok(Self { arguments, working_dir, env: config.env })
    }

    /// The variables by name, with the user's home if the image does not set it.
    pub(super) fn environment(&self, user: &User) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = self
            .env
            .iter()
            .filter_map(|variable| variable.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        if !variables.iter().any(|(name, _)| name == "HOME") {
            variables.push(("HOME".to_owned(), user.home.clone()));
        }
        variables
    }
}

fn link_of(process: &str, metadata: Option<&BuildMetadata>) -> Result<String> {
    let Some(metadata) = metadata else {
        bail!("it has no process types, as buildpacks did not build it");
    };
    let types: Vec<_> = metadata.processes.iter().map(|process| process.process_type.as_str()).collect();
    if types.is_empty() {
        bail!("it has no process types");
    }
    if !types.contains(&process) {
        bail!("it has no process type '{process}'; it has: {}", types.join(", "));
    }
    Ok(format!("{PROCESS_DIR}/{process}"))
}

#[cfg(test)]
mod tests {
    use image::ContainerConfig;
    use spec_model::build_metadata::BuildMetadata;

    use super::{Process, Request};
    use crate::arguments::Pair;
    use crate::run::user::User;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn config(entrypoint: &[&str], cmd: &[&str]) -> ContainerConfig {
        ContainerConfig { entrypoint: strings(entrypoint), cmd: strings(cmd), ..ContainerConfig::default() }
    }

    fn metadata() -> BuildMetadata {
        let label = r#"{"processes":[{"type":"web","command":["x"]},{"type":"task","command":["y"]}]}"#;
        BuildMetadata::from_label(label).unwrap()
    }

    #[test]
    fn arguments_take_the_place_of_the_default_ones() {
        let metadata = metadata();
        for (config, process, arguments, expected) in [
            (config(&["/e", "f"], &["c"]), None, &[][..], &["/e", "f", "c"][..]),
            (config(&["/e", "f"], &["c"]), None, &["a", "b"], &["/e", "f", "a", "b"]),
            (config(&[], &["c", "d"]), None, &[], &["c", "d"]),
            (config(&[], &["c", "d"]), None, &["a"], &["a"]),
            (config(&["/cnb/process/web"], &["c"]), Some("task"), &[], &["/cnb/process/task"]),
            (config(&["/cnb/process/web"], &[]), Some("task"), &["a"], &["/cnb/process/task", "a"]),
        ] {
            let arguments = strings(arguments);
            let request = Request { process, arguments: &arguments, env: &[] };
            assert_eq!(
                Process::new(&config, Some(&metadata), &request).unwrap().arguments,
                strings(expected)
            );
        }
    }

    #[test]
    fn what_cannot_be_started_is_told() {
        let error = |process, metadata: Option<&BuildMetadata>| {
            let request = Request { process, ..Request::default() };
            Process::new(&config(&[], &[]), metadata, &request).unwrap_err().to_string()
        };
        assert!(error(Some("wbe"), Some(&metadata())).ends_with("'wbe'; it has: web, task"));
        assert!(error(Some("web"), Some(&BuildMetadata::default())).contains("no process types"));
        assert!(error(Some("web"), None).contains("buildpacks did not build it"));
        assert!(error(None, None).contains("neither an entry point nor a command"));
    }

    #[test]
    fn variables_asked_for_win() {
        let env = strings(&["A=1", "PATH=/p", "BARE", "B=x=y"]);
        let config = ContainerConfig { env, working_dir: "/w".to_owned(), ..config(&["/e"], &[]) };
        let asked = [Pair { name: "A".to_owned(), value: "2".to_owned() }];
        let request = Request { env: &asked, ..Request::default() };
        let process = Process::new(&config, None, &request).unwrap();
        assert_eq!(process.working_dir, "/w");
        let user = User { uid: 1, gid: 1, home: "/home/u".to_owned() };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [pair("A", "2"), pair("PATH", "/p"), pair("B", "x=y"), pair("HOME", "/home/u")];
        assert_eq!(process.environment(&user), expected);
    }

    #[test]
    fn what_the_image_does_not_say_has_defaults() {
        let process = Process::new(&config(&["/e"], &[]), None, &Request::default()).unwrap();
        assert_eq!(process.working_dir, "/");
        let environment = process.environment(&User { uid: 0, gid: 0, home: "/".to_owned() });
        assert!(environment[0].0 == "PATH" && environment[0].1.contains("/usr/bin"));
        assert_eq!(environment[1], ("HOME".to_owned(), "/".to_owned()));
    }
}
