//! One phase in a container.

use std::path::Path;

use test_engine::TestEngine;

/// What a container is made with and given, and what is taken from it.
#[derive(Debug)]
pub(crate) struct Container<'a> {
    image: &'a str,
    options: Vec<String>,
    command: Vec<String>,
    files: Vec<(&'a Path, &'static str)>,
}

impl<'a> Container<'a> {
    /// A container of the image that is to run a phase.
    pub(crate) fn new(image: &'a str, phase: &str) -> Self {
        let options = ["--label", "author=pack", "--entrypoint", ""].map(str::to_owned).into();
        Self { image, options, command: vec![format!("/cnb/lifecycle/{phase}")], files: Vec::new() }
    }

    /// With an option of the engine's client.
    pub(crate) fn option(mut self, name: &str, value: &str) -> Self {
        self.options.extend([name.to_owned(), value.to_owned()]);
        self
    }

    /// With a variable.
    pub(crate) fn variable(self, assignment: &str) -> Self {
        self.option("--env", assignment)
    }

    /// With a volume or a file of the machine.
    pub(crate) fn mount(self, source: &str, target: &str) -> Self {
        self.option("--volume", &format!("{source}:{target}"))
    }

    /// With flags and arguments of the phase, separated by spaces.
    pub(crate) fn flags(mut self, flags: &str) -> Self {
        self.command.extend(flags.split_whitespace().map(ToOwned::to_owned));
        self
    }

    /// With a file or, ending in `/.`, the contents of a directory, put into it before it starts.
    pub(crate) fn file(mut self, source: &'a Path, target: &'static str) -> Self {
        self.files.push((source, target));
        self
    }

    /// Runs the phase, which has to succeed; what it says. `taken` are then copied out of the container into a
    /// directory.
    #[track_caller]
    pub(crate) fn run(&self, engine: &TestEngine, taken: &[&str], into: &Path) -> String {
        let mut create = vec!["create"];
        create.extend(self.options.iter().map(String::as_str));
        create.push(self.image);
        create.extend(self.command.iter().map(String::as_str));
        let id = engine.docker(&create);
        for (source, target) in &self.files {
            engine.docker(&["cp", &source.display().to_string(), &format!("{id}:{target}")]);
        }
        let (succeeded, text) = engine.try_docker(&["start", "--attach", &id]);
        assert!(succeeded, "{:?}: {text}", self.command);
        for path in taken {
            engine.docker(&["cp", &format!("{id}:{path}"), &into.display().to_string()]);
        }
        engine.docker(&["rm", "--force", &id]);
        text
    }
}
