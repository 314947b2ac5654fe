//! A builder in a temporary directory, and the detector run on it within this process.

use std::cell::RefCell;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

use detector::{DetectError, DetectorInputs};
use log::{Level, LevelFilter, Log, Metadata, Record};
use platform_api::PhaseError;
use spec_model::PlatformApi;
use test_kit::{Scratch, ScriptedBuildpack};

/// A builder, an app and the inputs of the detector, to be changed before it runs.
pub(crate) struct Fixture {
    pub(crate) scratch: Scratch,
    pub(crate) inputs: DetectorInputs,
    /// What the detector logged in its last run, of the level asked for and above; warnings and errors with
    /// `WARN ` and `ERROR ` in front.
    pub(crate) log: Vec<String>,
    /// The level asked for.
    pub(crate) level: LevelFilter,
}

impl Fixture {
    /// Platform API 0.15, a run image for linux/amd64 on distribution tiny 7, and nothing in the builder.
    pub(crate) fn new() -> Self {
        let scratch = Scratch::new();
        scratch.write("os-release", "ID=tiny\nVERSION_ID=7\n");
        scratch.write(
            "layers/analyzed.toml",
            "[run-image]\nreference = 'run@sha256:1'\nimage = 'reg.example/run'\n\
             [run-image.target]\nos = 'linux'\narch = 'amd64'\n[run-image.target.distro]\nname = 'tiny'\nversion = '7'\n",
        );
        let inputs = DetectorInputs {
            platform_api: PlatformApi::V0_15,
            app: scratch.path("app"),
            platform: scratch.path("platform"),
            buildpacks: scratch.path("buildpacks"),
            extensions: scratch.path("extensions"),
            build_config: Some(scratch.path("build-config")),
            exec_env: "production".to_owned(),
            order: scratch.path("order.toml"),
            system: scratch.path("system.toml"),
            run: scratch.path("run.toml"),
            analyzed: scratch.path("layers/analyzed.toml"),
            group: scratch.path("layers/group.toml"),
            plan: scratch.path("layers/plan.toml"),
            generated: scratch.path("layers/generated"),
            os_release: scratch.path("os-release"),
            environment: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
            parallelism: NonZeroUsize::new(4).unwrap(),
        };
        Self { scratch, inputs, log: Vec::new(), level: LevelFilter::Info }
    }

    /// Installs a buildpack of version 1.0.0 with these lines of shell as `bin/detect`.
    pub(crate) fn buildpack(&mut self, id: &str, detect: &str) -> &mut Self {
        self.install(&ScriptedBuildpack::new(id, "0.12").detect(detect))
    }

    pub(crate) fn install(&mut self, buildpack: &ScriptedBuildpack) -> &mut Self {
        buildpack.install(&self.inputs.buildpacks);
        self
    }

    /// Installs a composite buildpack of version 1.0.0; groups as in [`Self::order`].
    pub(crate) fn composite(&mut self, id: &str, groups: &[&str]) -> &mut Self {
        self.scratch.write(
            &format!("buildpacks/{}/1.0.0/buildpack.toml", id.replace('/', "_")),
            &format!(
                "api = '0.12'\n[buildpack]\nid = '{id}'\nversion = '1.0.0'\n{}",
                tables("order", groups)
            ),
        );
        self
    }

    /// Installs an image extension of version 1.0.0 with these executables.
    pub(crate) fn extension(&mut self, id: &str, executables: &[(&str, &str)]) -> &mut Self {
        let root = format!("extensions/{id}/1.0.0");
        let toml = format!("api = '0.12'\n[extension]\nid = '{id}'\nversion = '1.0.0'\n");
        self.scratch.write(&format!("{root}/extension.toml"), &toml);
        for (name, script) in executables {
            self.executable(&format!("{root}/bin/{name}"), script);
        }
        self
    }

    /// Writes a shell script by way of another process, so that no child of this one has it open.
    pub(crate) fn executable(&self, name: &str, script: &str) {
        self.scratch.write(name, "");
        let mut shell = Command::new("/bin/sh")
            .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
            .arg(self.scratch.path(name))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        write!(shell.stdin.take().unwrap(), "#!/bin/sh\n{script}\n").unwrap();
        assert!(shell.wait().unwrap().success());
    }

    /// Writes the order: each group lists ids, `?` behind one that is optional.
    pub(crate) fn order(&mut self, groups: &[&str]) -> &mut Self {
        self.scratch.write("order.toml", &tables("order", groups));
        self
    }

    /// Writes the order with groups of extensions.
    pub(crate) fn order_with_extensions(&mut self, groups: &[&str], extensions: &[&str]) -> &mut Self {
        let text = tables("order", groups) + &tables("order-extensions", extensions);
        self.scratch.write("order.toml", &text);
        self
    }

    /// Runs the detector.
    pub(crate) fn detect(&mut self) -> Result<(), DetectError> {
        let (result, log) = capture(self.level, || detector::detect(&self.inputs, &|_| Ok(())));
        self.log = log;
        result
    }

    /// Runs the detector; the ids of the group that passed, separated by spaces.
    pub(crate) fn group(&mut self) -> String {
        self.detect().unwrap();
        let group: spec_model::group::Group = toml_file::read(&self.inputs.group).unwrap();
        group.group.iter().map(|element| element.id.to_string()).collect::<Vec<_>>().join(" ")
    }

    /// Runs the detector, which has to fail: exit status and message.
    pub(crate) fn failure(&mut self) -> (u8, String) {
        let error = self.detect().unwrap_err();
        (error.exit_code().code(), error.to_string())
    }

    /// The log as text.
    pub(crate) fn log_text(&self) -> String {
        self.log.join("\n")
    }

    /// The text of a file that may be missing.
    pub(crate) fn file(&self, name: &str) -> Option<String> {
        fs_err::read_to_string(self.scratch.path(name)).ok()
    }

    /// All files below a directory, sorted, relative to it.
    pub(crate) fn files(&self, directory: &str) -> Vec<String> {
        let mut files = Vec::new();
        collect(&self.scratch.path(directory), Path::new(""), &mut files);
        files.sort();
        files
    }
}

fn collect(base: &Path, below: &Path, files: &mut Vec<String>) {
    let Ok(entries) = fs_err::read_dir(base.join(below)) else { return };
    for entry in entries.map(Result::unwrap) {
        let name: PathBuf = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            collect(base, &name, files);
        } else {
            files.push(name.display().to_string());
        }
    }
}

fn tables(name: &str, groups: &[&str]) -> String {
    let member = |member: &str| {
        let (id, optional) = member.strip_suffix('?').map_or((member, false), |id| (id, true));
        format!("[[{name}.group]]\nid = '{id}'\nversion = '1.0.0'\noptional = {optional}\n")
    };
    let group =
        |group: &&str| format!("[[{name}]]\n{}", group.split_whitespace().map(member).collect::<String>());
    groups.iter().map(group).collect()
}

/// `bin/detect` that writes a build plan: `+a` provides, `-a` requires, `|` stands between alternatives.
pub(crate) fn plan(text: &str) -> String {
    let mut script = String::from("cat > \"$CNB_BUILD_PLAN_PATH\" <<'END'\n");
    for (index, alternative) in text.split('|').enumerate() {
        if index > 0 {
            script += "[[or]]\n";
        }
        let prefix = if index > 0 { "or." } else { "" };
        for word in alternative.split_whitespace() {
            let table = if word.starts_with('+') { "provides" } else { "requires" };
            script += &["[[", prefix, table, "]]\nname = '", &word[1..], "'\n"].concat();
        }
    }
    script + "END"
}

thread_local! {
    static CAPTURED: RefCell<(Option<LevelFilter>, Vec<String>)> = const { RefCell::new((None, Vec::new())) };
}

struct Capture;

impl Log for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        CAPTURED.with_borrow(|(level, _)| level.is_some_and(|level| metadata.level() <= level))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let prefix = match record.level() {
                Level::Error => "ERROR ",
                Level::Warn => "WARN ",
                _ => "",
            };
            CAPTURED.with_borrow_mut(|(_, lines)| lines.push(format!("{prefix}{}", record.args())));
        }
    }

    fn flush(&self) {}
}

/// Runs something and returns what this thread logged meanwhile.
fn capture<T>(level: LevelFilter, body: impl FnOnce() -> T) -> (T, Vec<String>) {
    static LOGGER: Once = Once::new();
    LOGGER.call_once(|| {
        log::set_logger(&Capture).unwrap();
        log::set_max_level(LevelFilter::Trace);
    });
    CAPTURED.set((Some(level), Vec::new()));
    let result = body();
    (result, CAPTURED.take().1)
}
