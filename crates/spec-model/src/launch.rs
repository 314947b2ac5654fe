//! What a buildpack leaves behind for launch and build: `launch.toml`, `build.toml`, `store.toml`,
//! `<layer>.toml`, and what an exec.d executable prints.
//!
//! Spec: buildpack.md § Data Format.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use toml::{Table, Value};

use crate::plan::Require;
use crate::text::{self, TomlError};

/// `launch.toml`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct LaunchToml {
    /// The unstructured bill of materials of old buildpacks.
    #[serde(default)]
    pub bom: Vec<Require>,
    /// Labels for the app image.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// The process types.
    #[serde(default)]
    pub processes: Vec<LaunchProcess>,
    /// Parts of the app directory that become layers of their own.
    #[serde(default)]
    pub slices: Vec<Slice>,
}

/// A process as a buildpack declares it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LaunchProcess {
    /// The process type.
    #[serde(rename = "type")]
    pub process_type: String,
    /// What is started.
    pub command: Command,
    /// Arguments behind the command; from Buildpack API 0.9, users may replace them.
    #[serde(default)]
    pub args: Option<Vec<String>>,
    /// Whether it starts without a shell; a key only before Buildpack API 0.9.
    #[serde(default)]
    pub direct: Option<bool>,
    /// Whether the image starts it when no process is named.
    #[serde(default)]
    pub default: bool,
    /// Where it starts; empty means in the app directory.
    #[serde(default, rename = "working-dir")]
    pub working_dir: String,
    /// The execution environments it is eligible for. Buildpack API 0.12 and later.
    #[serde(default, rename = "exec-env")]
    pub exec_env: Vec<String>,
}

/// A command: a line of text before Buildpack API 0.9 (and Platform API 0.10), a list from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Command {
    /// One text: a shell line, or the executable of a direct process.
    Line(String),
    /// The executable and the arguments that are always passed.
    List(Vec<String>),
}

impl Command {
    /// The command as a list; a line is its only entry.
    #[must_use]
    pub fn entries(&self) -> &[String] {
        match self {
            Self::Line(line) => std::slice::from_ref(line),
            Self::List(entries) => entries,
        }
    }
}

// Derived, this would read each command into an intermediate value first; the launcher feels the weight.
impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CommandVisitor)
    }
}

struct CommandVisitor;

impl<'de> Visitor<'de> for CommandVisitor {
    type Value = Command;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string or an array of strings")
    }

    fn visit_str<E>(self, line: &str) -> Result<Command, E> {
        Ok(Command::Line(line.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Command, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            list.push(entry);
        }
        Ok(Command::List(list))
    }
}

/// A label for the app image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The label's name.
    pub key: String,
    /// Its text.
    #[serde(default)]
    pub value: String,
}

/// A part of the app directory that becomes a layer of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Globs relative to the app directory.
    #[serde(default)]
    pub paths: Vec<String>,
}

/// `build.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BuildToml {
    /// The unstructured bill of materials of old buildpacks.
    #[serde(default)]
    pub bom: Vec<Require>,
    /// Entries of the buildpack plan that the buildpack leaves to those behind it.
    #[serde(default)]
    pub unmet: Vec<Unmet>,
}

/// An unmet entry of the buildpack plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmet {
    /// The entry's name.
    #[serde(default)]
    pub name: String,
}

/// `store.toml`: metadata that a buildpack finds again in the next build.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Store {
    /// Whatever the buildpack keeps there.
    #[serde(default)]
    pub metadata: Table,
}

/// `<layer>.toml`: how a layer is used, and what is in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerContentMetadata {
    /// How the layer is used. A layer without types is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<LayerTypes>,
    /// What the buildpack tells of its contents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    #[serde(default, skip_serializing)]
    launch: Option<Value>,
    #[serde(default, skip_serializing)]
    build: Option<Value>,
    #[serde(default, skip_serializing)]
    cache: Option<Value>,
}

impl LayerContentMetadata {
    /// The file's contents for a layer that is used in the given ways.
    #[must_use]
    pub fn new(types: Option<LayerTypes>, metadata: Option<Value>) -> Self {
        Self { types, metadata, ..Self::default() }
    }

    /// Whether flags stand above the `[types]` table, where they mean nothing; that was their place
    /// before Buildpack API 0.6.
    #[must_use]
    pub fn has_misplaced_types(&self) -> bool {
        self.launch.is_some() || self.build.is_some() || self.cache.is_some()
    }
}

/// The flags of a layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerTypes {
    /// The layer is part of the app image.
    #[serde(default)]
    pub launch: bool,
    /// Buildpacks behind this one see the layer.
    #[serde(default)]
    pub build: bool,
    /// The layer's contents are kept for the next build.
    #[serde(default)]
    pub cache: bool,
}

/// What an exec.d executable prints to file descriptor 3.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecDOutput {
    /// Names and values of variables for the process, in the order printed.
    pub variables: Vec<(String, String)>,
}

impl ExecDOutput {
    /// Reads the output.
    ///
    /// # Errors
    /// It is not TOML or a value is no string.
    pub fn parse(output: &str) -> Result<Self, TomlError> {
        text::parse_strings(output).map(|variables| Self { variables })
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, ExecDOutput, LaunchToml, LayerContentMetadata};
    use crate::text::parse;

    #[test]
    fn commands_are_lines_or_lists() {
        let launch: LaunchToml = parse(
            "[[processes]]\ntype='web'\ncommand='run me'\n[[processes]]\ntype='job'\ncommand=['a','b']\nargs=[]",
        )
        .unwrap();
        let [web, job] = &launch.processes[..] else { panic!("{launch:?}") };
        assert_eq!((&web.command, &web.args), (&Command::Line("run me".into()), &None));
        assert_eq!((job.command.entries().len(), job.args.as_deref()), (2, Some(&[][..])));
    }

    #[test]
    fn a_command_of_another_type_is_refused() {
        let error = parse::<LaunchToml>("[[processes]]\ntype='web'\ncommand=1").unwrap_err();
        assert_eq!(error.key.as_deref(), Some("processes[0].command"));
        assert!(error.to_string().contains("a string or an array of strings"), "{error}");
    }

    #[test]
    fn an_entry_of_another_type_is_refused_by_index() {
        let error = parse::<LaunchToml>("[[processes]]\ntype='web'\ncommand=['a', 1]").unwrap_err();
        assert_eq!(error.key.as_deref(), Some("processes[0].command[1]"));
    }

    #[test]
    fn flags_above_the_types_table_are_noticed() {
        assert!(parse::<LayerContentMetadata>("launch = true").unwrap().has_misplaced_types());
        let layer: LayerContentMetadata = parse("[types]\nlaunch = true\n[metadata]\ncache = 1").unwrap();
        assert!(!layer.has_misplaced_types() && layer.types.unwrap().launch);
    }

    #[test]
    fn execd_output_holds_strings_only() {
        let output = ExecDOutput::parse("B = 'b'\n\"a b\" = \"\"\"\\u0041\"\"\"\n").unwrap();
        assert_eq!(output.variables, [("B".to_owned(), "b".to_owned()), ("a b".to_owned(), "A".to_owned())]);
        for (text, place) in [
            ("A = 'x'\nB = 1", (2, 5, Some("B"))),
            ("[A]\nB = 'x'", (1, 1, Some("A"))),
            ("A.B = 'x'", (1, 1, Some("A"))),
            ("A = ['x']", (1, 5, Some("A"))),
            ("A = 'x'\nA = 'x'", (2, 1, None)),
            ("A =", (1, 4, None)),
        ] {
            let error = ExecDOutput::parse(text).unwrap_err();
            assert_eq!((error.line, error.column, error.key.as_deref()), place, "{text}: {error}");
        }
    }
}
