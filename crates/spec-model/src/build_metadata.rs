//! `metadata.toml` and the label `io.buildpacks.build.metadata`, which tells nearly the same.
//!
//! Spec: platform.md § metadata.toml, § io.buildpacks.build.metadata.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;
use toml::Table;

use crate::group::GroupElement;
use crate::launch::{Command, Label, Slice};
use crate::metadata::{NotJson, print_label, to_json};
use crate::text::{NotToml, print_escaping};
use crate::{BuildpackId, PlatformApi};

/// `<layers>/config/metadata.toml`: all that the buildpacks of a build contributed for launch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BuildMetadata {
    /// The unstructured bill of materials; only before Platform API 0.9.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bom: Vec<BomEntry>,
    /// The buildpacks of the group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buildpacks: Vec<GroupElement>,
    /// The image extensions of the group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<GroupElement>,
    /// Labels for the app image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// The processes, sorted by type.
    #[serde(default)]
    pub processes: Vec<Process>,
    /// The slices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Slice>,
    /// The process type that the image starts unless the platform names another.
    #[serde(default, rename = "buildpack-default-process-type", skip_serializing_if = "String::is_empty")]
    pub default_process_type: String,
}

/// An entry of the unstructured bill of materials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BomEntry {
    /// The dependency's name.
    pub name: String,
    /// Its version, where it stands outside of the metadata.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// What is known of it.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub metadata: Table,
    /// The buildpack that contributed it.
    pub buildpack: BomBuildpack,
}

impl BomEntry {
    /// Prints `sbom.legacy.json`, byte for byte as the reference lifecycle does: the entries as JSON, `null`
    /// if there are none.
    ///
    /// # Errors
    /// The metadata holds a number that JSON cannot hold.
    pub fn print_legacy(entries: &[Self]) -> Result<String, NotJson> {
        let mut text = print_label(&Bom::known(entries)?)?;
        text.push('\n');
        Ok(text)
    }
}

/// The contributor of an entry of the unstructured bill of materials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BomBuildpack {
    /// Its id.
    pub id: BuildpackId,
    /// Its version.
    #[serde(default)]
    pub version: String,
}

/// A process that the launcher can start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The process type.
    #[serde(rename = "type")]
    pub process_type: String,
    /// What is started: a line before Platform API 0.10, a list from then on.
    pub command: Command,
    /// Arguments behind the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    /// Whether it starts without a shell.
    #[serde(default)]
    pub direct: bool,
    /// Whether the buildpack asked for it to be the default; kept out of files, told by
    /// [`BuildMetadata::default_process_type`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
    /// The buildpack that contributed it.
    #[serde(default, rename = "buildpack-id", alias = "buildpackID")]
    pub buildpack_id: String,
    /// Where it starts; empty means in the app directory.
    #[serde(default, rename = "working-dir", skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// The execution environments it is eligible for; empty means all.
    #[serde(default, rename = "exec-env", skip_serializing_if = "Vec::is_empty")]
    pub exec_env: Vec<String>,
}

impl Process {
    /// The process with its command in the form that `api` knows: before Platform API 0.10 a line, with
    /// what else the command held moved in front of the arguments.
    #[must_use]
    pub fn for_platform(mut self, api: PlatformApi) -> Self {
        let mut entries = self.command.entries().to_vec();
        if api.command_is_list() {
            self.command = Command::List(entries);
        } else if !entries.is_empty() {
            let first = entries.remove(0);
            entries.extend(self.args.take().unwrap_or_default());
            self.args = Some(entries);
            self.command = Command::Line(first);
        }
        self
    }
}

/// The launcher inside an image, as the build label tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LauncherMetadata {
    /// The launcher's version.
    pub version: String,
    /// Where its source is.
    pub source: LauncherSource,
}

/// The origin of the launcher's source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LauncherSource {
    /// The git repository.
    pub git: GitSource,
}

/// A commit in a git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitSource {
    /// The repository, without scheme.
    pub repository: String,
    /// The commit.
    pub commit: String,
}

impl BuildMetadata {
    /// Prints `metadata.toml`, byte for byte as the reference lifecycle does: the file is part of a layer.
    ///
    /// # Errors
    /// The bill of materials holds something that TOML cannot express.
    pub fn print(&self) -> Result<String, NotToml> {
        print_escaping(self, &["processes", "command"])
    }

    /// Prints the label `io.buildpacks.build.metadata`, byte for byte as the reference lifecycle does.
    ///
    /// # Errors
    /// The bill of materials holds a number that JSON cannot hold.
    pub fn label(&self, api: PlatformApi, launcher: &LauncherMetadata) -> Result<String, NotJson> {
        let bom = if api.has_legacy_bom() { Bom::known(&self.bom)? } else { Bom::Unknown };
        let processes: Vec<_> = self.processes.iter().map(|process| ProcessLabel::of(process, api)).collect();
        print_label(&BuildLabel {
            bom,
            buildpacks: some_unless_empty(self.buildpacks.iter().map(ElementLabel::of).collect()),
            extensions: self.extensions.iter().map(ElementLabel::of).collect(),
            launcher,
            processes: some_unless_empty(processes),
            default_process_type: &self.default_process_type,
        })
    }
}

fn some_unless_empty<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// The label's key order is part of the image id.
#[derive(Serialize)]
struct BuildLabel<'a> {
    #[serde(skip_serializing_if = "Bom::is_unknown")]
    bom: Bom<'a>,
    buildpacks: Option<Vec<ElementLabel<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extensions: Vec<ElementLabel<'a>>,
    launcher: &'a LauncherMetadata,
    processes: Option<Vec<ProcessLabel<'a>>>,
    #[serde(rename = "buildpack-default-process-type", skip_serializing_if = "str::is_empty")]
    default_process_type: &'a str,
}

/// The bill of materials: unknown to newer platforms, null where there is none.
#[derive(Serialize)]
#[serde(untagged)]
enum Bom<'a> {
    Unknown,
    #[serde(serialize_with = "null_if_empty")]
    Known(Vec<BomLabel<'a>>),
}

impl<'a> Bom<'a> {
    fn known(entries: &'a [BomEntry]) -> Result<Self, NotJson> {
        Ok(Self::Known(entries.iter().map(BomLabel::of).collect::<Result<_, _>>()?))
    }

    fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

fn null_if_empty<S: Serializer>(entries: &[BomLabel<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    if entries.is_empty() { serializer.serialize_none() } else { entries.serialize(serializer) }
}

#[derive(Serialize)]
struct BomLabel<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    metadata: Option<Json>,
    buildpack: &'a BomBuildpack,
}

impl<'a> BomLabel<'a> {
    fn of(entry: &'a BomEntry) -> Result<Self, NotJson> {
        Ok(Self {
            name: &entry.name,
            version: &entry.version,
            metadata: (!entry.metadata.is_empty())
                .then(|| to_json(&toml::Value::Table(entry.metadata.clone())))
                .transpose()?,
            buildpack: &entry.buildpack,
        })
    }
}

#[derive(Serialize)]
struct ElementLabel<'a> {
    id: &'a BuildpackId,
    version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    homepage: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
}

impl<'a> ElementLabel<'a> {
    fn of(element: &'a GroupElement) -> Self {
        Self {
            id: &element.id,
            version: &element.version,
            homepage: &element.homepage,
            optional: element.optional,
        }
    }
}

#[derive(Serialize)]
struct ProcessLabel<'a> {
    #[serde(rename = "type")]
    process_type: &'a str,
    command: Command,
    args: Option<Vec<String>>,
    direct: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    default: bool,
    #[serde(rename = "buildpackID")]
    buildpack_id: &'a str,
    #[serde(rename = "working-dir", skip_serializing_if = "str::is_empty")]
    working_dir: &'a str,
    #[serde(rename = "exec-env", skip_serializing_if = "<[String]>::is_empty")]
    exec_env: &'a [String],
}

impl<'a> ProcessLabel<'a> {
    fn of(process: &'a Process, api: PlatformApi) -> Self {
        let Process { command, args, .. } = process.clone().for_platform(api);
        Self {
            process_type: &process.process_type,
            command,
            args,
            direct: process.direct,
            default: process.default,
            buildpack_id: &process.buildpack_id,
            working_dir: &process.working_dir,
            exec_env: &process.exec_env,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BomEntry, BuildMetadata, GitSource, LauncherMetadata, LauncherSource, Process};
    use crate::PlatformApi;
    use crate::launch::Command;
    use crate::text::parse;

    const METADATA: &str = r#"buildpack-default-process-type = "web"

[[buildpacks]]
  id = "a/b"
  version = "1.0"
  api = "0.8"

[[processes]]
  type = "web"
  command = ["serve", "-x"]
  args = ["<y>"]
  direct = true
  buildpack-id = "a/b"
"#;

    fn launcher() -> LauncherMetadata {
        let git = GitSource { repository: "host/repo".into(), commit: "c0ffee".into() };
        LauncherMetadata { version: "1.2.3".into(), source: LauncherSource { git } }
    }

    #[test]
    fn metadata_prints_as_it_was_read() {
        let metadata: BuildMetadata = parse(METADATA).unwrap();
        assert_eq!(metadata.print().unwrap(), METADATA);
        assert_eq!(BuildMetadata::default().print().unwrap(), "processes = []\n");
    }

    #[test]
    fn commands_alone_are_escaped_as_json() {
        let text = "[[processes]]\ntype='w'\ncommand=['a && <b> \u{2028}']\nargs=['a & b']";
        let metadata: BuildMetadata = parse(text).unwrap();
        let printed = metadata.print().unwrap();
        assert!(printed.contains(r#"command = ["a \u0026\u0026 \u003cb\u003e \u2028"]"#), "{printed}");
        assert!(printed.contains(r#"args = ["a & b"]"#), "{printed}");
        assert_eq!(parse::<BuildMetadata>(&printed).unwrap(), metadata);
    }

    #[test]
    fn old_platforms_always_find_arguments() {
        let process = |text: &str| parse::<Process>(text).unwrap().for_platform(PlatformApi::V0_9);
        let bare = process("type = 'w'\ncommand = ['x']");
        assert_eq!((bare.command, bare.args), (Command::Line("x".into()), Some(vec![])));
        let moved = process("type = 'w'\ncommand = ['x', 'y']\nargs = ['z']");
        assert_eq!(moved.args, Some(vec!["y".to_owned(), "z".to_owned()]));
    }

    #[test]
    fn the_legacy_file_is_null_or_a_list() {
        assert_eq!(BomEntry::print_legacy(&[]).unwrap(), "null\n");
        let text = "name='d'\nmetadata={b=1.0,a='<'}\nbuildpack={id='a/b',version='1'}";
        assert_eq!(
            BomEntry::print_legacy(&[parse(text).unwrap()]).unwrap(),
            "[{\"name\":\"d\",\"metadata\":{\"a\":\"\\u003c\",\"b\":1},\"buildpack\":{\"id\":\"a/b\",\"version\":\"1\"}}]\n"
        );
    }

    #[test]
    fn the_label_has_the_form_of_its_platform_api() {
        let metadata: BuildMetadata = parse(METADATA).unwrap();
        assert_eq!(
            metadata.label(PlatformApi::V0_10, &launcher()).unwrap(),
            concat!(
                r#"{"buildpacks":[{"id":"a/b","version":"1.0"}],"launcher":{"version":"1.2.3","source":{"git":"#,
                r#"{"repository":"host/repo","commit":"c0ffee"}}},"processes":[{"type":"web","command":"#,
                r#"["serve","-x"],"args":["\u003cy\u003e"],"direct":true,"buildpackID":"a/b"}],"#,
                r#""buildpack-default-process-type":"web"}"#
            )
        );
        let old = metadata.label(PlatformApi::V0_8, &launcher()).unwrap();
        assert!(old.starts_with(r#"{"bom":null,"#), "{old}");
        assert!(old.contains(r#""command":"serve","args":["-x","\u003cy\u003e"]"#), "{old}");
    }

    #[test]
    fn the_label_tells_of_an_empty_build() {
        let label = BuildMetadata::default().label(PlatformApi::V0_15, &launcher()).unwrap();
        assert!(
            label.starts_with(r#"{"buildpacks":null,"#) && label.ends_with(r#""processes":null}"#),
            "{label}"
        );
    }
}
