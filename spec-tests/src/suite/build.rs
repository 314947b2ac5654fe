//! What the builder gives to buildpacks and takes from them, and what becomes of it in later phases.
//! Spec: platform.md § builder, buildpack.md § Build, § Environment, § Layer Types.

mod call;
mod exec_d;
mod files;
mod layers;
mod metadata;
mod operator;
mod path_variables;
mod plan;
mod process;
mod rebuild;
mod rules;
mod sbom;
mod security;
mod user;
mod variable_files;

use std::collections::BTreeMap;

use test_kit::ScriptedBuildpack;

use crate::scene::{Phase, Scene};
use crate::test::Test;
use crate::verdict::{Failure, Verdict, equal};

pub(super) fn tests() -> Vec<Test> {
    [
        call::tests(),
        exec_d::tests(),
        files::tests(),
        layers::tests(),
        metadata::tests(),
        operator::tests(),
        path_variables::tests(),
        plan::tests(),
        process::tests(),
        rebuild::tests(),
        rules::tests(),
        sbom::tests(),
        security::tests(),
        user::tests(),
        variable_files::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The start of a script of `bin/build` that works in its layers directory; the app directory is `$app`.
const IN_LAYERS: &str = "app=$PWD\ncd \"${CNB_LAYERS_DIR:-$1}\" || exit 9\n";

/// All formats of SBOM files, as a buildpack declares them.
const SBOM_FORMATS: &str =
    "sbom-formats = ['application/vnd.cyclonedx+json', 'application/spdx+json', 'application/vnd.syft+json']";

/// A buildpack with lines of shell as `bin/build`, which start in its layers directory.
fn buildpack(scene: &Scene<'_>, id: &str, script: &str) -> ScriptedBuildpack {
    scene.new_buildpack(id).key(SBOM_FORMATS).build(&format!("{IN_LAYERS}{script}"))
}

/// Makes such buildpacks, ids with scripts, the detected group.
fn group(scene: &Scene<'_>, buildpacks: &[(&str, &str)]) {
    let buildpacks: Vec<_> = buildpacks.iter().map(|(id, script)| buildpack(scene, id, script)).collect();
    scene.detected(&buildpacks);
}

/// Builds with such buildpacks, which has to succeed.
fn build(scene: &Scene<'_>, buildpacks: &[(&str, &str)]) -> Verdict {
    group(scene, buildpacks);
    scene.phase("builder").run()?.succeeds()?;
    Ok(())
}

/// Detects a buildpack and builds with it; both have to succeed. `with` says how the phases are called.
fn detect_and_build<'s>(
    scene: &'s Scene<'s>,
    buildpack: &ScriptedBuildpack,
    with: impl Fn(Phase<'s>) -> Phase<'s>,
) -> Verdict {
    scene.install(buildpack);
    scene.order(&[&[buildpack.id()]]);
    for phase in ["detector", "builder"] {
        with(scene.phase(phase)).run()?.succeeds()?;
    }
    Ok(())
}

/// Shell that makes a layer with a file `content`, for these uses.
fn layer(name: &str, uses: &[&str], content: &str) -> String {
    format!("mkdir -p {name}\nprintf '%s' '{content}' > {name}/content\n{}", metadata(name, uses, name))
}

/// Shell that writes what a layer is for, and metadata.
fn metadata(name: &str, uses: &[&str], of: &str) -> String {
    let uses = each(uses, |uses| format!("{uses} = true\n"));
    file(&format!("{name}.toml"), &format!("[types]\n{uses}[metadata]\nof = '{of}'"))
}

/// A text for each of some things, one behind the other.
fn each<T>(things: &[T], text: impl Fn(&T) -> String) -> String {
    things.iter().map(text).collect()
}

/// Shell that writes a file with a line or more.
fn file(path: &str, contents: &str) -> String {
    format!("cat > '{path}' <<'END'\n{contents}\nEND\n")
}

/// Shell that records what an executable is called with, for [`Call::read`].
fn record(name: &str) -> String {
    format!(
        "printf '%s\\n' \"$(pwd -P)\" \"$0\" \"$@\" > /tmp/{name}.call\n/usr/bin/env -0 > /tmp/{name}.variables\n"
    )
}

/// How an executable of a buildpack was called.
struct Call {
    directory: String,
    executable: String,
    arguments: Vec<String>,
    variables: Variables,
}

impl Call {
    fn read(scene: &Scene<'_>, name: &str) -> Verdict<Self> {
        let call = scene.read(&format!("/tmp/{name}.call"))?;
        let mut lines = call.lines().map(str::to_owned);
        Ok(Self {
            directory: lines.next().unwrap_or_default(),
            executable: lines.next().unwrap_or_default(),
            arguments: lines.collect(),
            variables: Variables::recorded(scene, name)?,
        })
    }
}

/// The variables that something ran with.
struct Variables {
    of: String,
    all: BTreeMap<String, String>,
}

impl Variables {
    /// Those of an executable that did [`record`].
    fn recorded(scene: &Scene<'_>, name: &str) -> Verdict<Self> {
        let text = scene.read(&format!("/tmp/{name}.variables"))?;
        let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
        let all = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self { of: name.to_owned(), all })
    }

    /// Those of a process of [`recording_process`].
    fn launched(scene: &Scene<'_>, process_type: &str) -> Verdict<Self> {
        Self::launched_by(scene, process_type, |launcher| launcher)
    }

    /// The same, with a launcher that is called in another way.
    fn launched_by<'s>(
        scene: &'s Scene<'s>,
        process_type: &str,
        with: impl FnOnce(Phase<'s>) -> Phase<'s>,
    ) -> Verdict<Self> {
        with(process(scene, process_type)).run()?.succeeds()?;
        Self::recorded(scene, process_type)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.all.get(name).map(String::as_str)
    }

    /// A variable has to have a value, or to be unset.
    fn check(&self, name: &str, expected: Option<&str>) -> Verdict {
        equal(&format!("variable {name} of {}", self.of), &self.get(name), &expected)
    }

    fn has(&self, name: &str, value: &str) -> Verdict {
        self.check(name, Some(value))
    }

    fn lacks(&self, name: &str) -> Verdict {
        self.check(name, None)
    }

    /// What a path variable, which has to be set, is put together of.
    fn paths(&self, name: &str) -> Verdict<Vec<&str>> {
        let value = self.get(name);
        let value = value.ok_or_else(|| {
            Failure::new(format!("variable {name} of {}", self.of), "it is set", "it is not")
        })?;
        Ok(value.split(':').collect())
    }
}

/// The launcher, to start a process of the build.
fn process<'s>(scene: &'s Scene<'s>, process_type: &str) -> Phase<'s> {
    scene.phase("launcher").called(&format!("/cnb/process/{process_type}"))
}

/// Shell that records its environment, for [`Variables::recorded`].
fn record_variables(name: &str) -> String {
    format!("/usr/bin/env -0 > /tmp/{name}.variables")
}

/// A process of `launch.toml` that records its environment, and further keys.
fn recording_process(scene: &Scene<'_>, process_type: &str, keys: &str) -> String {
    let script = record_variables(process_type);
    let command = if scene.holds("buildpack.launch.direct") {
        format!("command = '/bin/sh'\nargs = ['-c', '{script}']\ndirect = true")
    } else {
        format!("command = ['/bin/sh', '-c', '{script}']")
    };
    format!("[[processes]]\ntype = '{process_type}'\n{command}\n{keys}\n")
}
