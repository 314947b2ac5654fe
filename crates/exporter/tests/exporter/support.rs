//! A build that is ready to be exported, and the executable that does it.

use std::path::PathBuf;
use std::process::Command;

use image_store::{ImageStore, LayoutStore, Presence, StoredImage, validate};
use spec_model::analyzed::{Analyzed, ImageIdentifier, RunImage};
use spec_model::lifecycle_metadata::LifecycleMetadata;
use test_kit::{ImageFixture, Scratch, ScriptedBuildpack};

/// The app image's name.
pub(crate) const IMAGE: &str = "localhost/team/app";

/// A build that is ready to be exported.
pub(crate) struct Build {
    pub(crate) scratch: Scratch,
}

/// How an export ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Checks that it ended well.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Checks that it ended with a status and an error that holds each of the words.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no '{word}' in: {}", self.stderr);
        }
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.stdout.contains(word), "no '{word}' in: {}", self.stdout);
        }
    }
}

impl Build {
    /// A buildpack with a launch layer, one that is cached too, and one that is only cached; an app of two
    /// files; a process.
    pub(crate) fn new() -> Self {
        let build = Self { scratch: Scratch::new() };
        let scratch = &build.scratch;
        scratch.detected(&[ScriptedBuildpack::new("acme/web", "0.10")]);
        scratch.write(
            "layers/config/metadata.toml",
            "buildpack-default-process-type = \"web\"\n[[buildpacks]]\n  id = \"acme/web\"\n  version = \"1.0.0\"\n\
             [[processes]]\n  type = \"web\"\n  command = [\"serve\"]\n  direct = true\n  buildpack-id = \"acme/web\"\n",
        );
        build.layer("runtime", "launch = true", "runtime 1");
        build.layer("deps", "launch = true\ncache = true", "deps 1");
        build.layer("downloads", "cache = true", "downloads 1");
        scratch.write("app/server.js", "serve()\n");
        scratch.write("app/lib/util.js", "help()\n");
        scratch.write("launcher", "#!launcher\n");
        let base = ImageFixture::default().layer(&[("etc/", ""), ("etc/os", "base")]);
        base.write(&build.path("layout/localhost/run/base"));
        build.analyzed(None);
        build
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    /// Leaves a layer of the buildpack: its flags and one file.
    pub(crate) fn layer(&self, name: &str, types: &str, contents: &str) {
        self.scratch.write(&format!("layers/acme_web/{name}.toml"), &format!("[types]\n{types}\n"));
        self.scratch.write(&format!("layers/acme_web/{name}/file"), contents);
    }

    /// Writes `analyzed.toml`.
    fn analyzed(&self, previous: Option<&StoredImage>) {
        let reference = self.path("layout/localhost/run/base").display().to_string();
        let metadata = previous.map(metadata_of).unwrap_or_default();
        let analyzed = Analyzed {
            previous_image: previous.map(|image| ImageIdentifier { reference: image.identifier.clone() }),
            metadata,
            run_image: Some(RunImage { reference, ..RunImage::default() }),
            build_image: None,
        };
        self.scratch.write("layers/analyzed.toml", &spec_model::text::print(&analyzed).unwrap());
    }

    /// Makes the image that was exported last the previous one, as the analyzer does.
    pub(crate) fn analyze(&self) {
        self.analyzed(Some(&self.image()));
    }

    /// The exporter's command, as an ordinary user where the tests run as root.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let executable = PathBuf::from(env!("CARGO_BIN_EXE_exporter"));
        let mut command = self.scratch.phase(&executable, "0.12");
        command
            .env("CNB_EXPERIMENTAL_MODE", "silent")
            .arg("-layout")
            .arg("-layout-dir")
            .arg(self.path("layout"))
            .arg("-launcher")
            .arg(self.path("launcher"))
            .args(arguments);
        command
    }

    /// Exports under [`IMAGE`], with further flags.
    pub(crate) fn export(&self, flags: &[&str]) -> Outcome {
        outcome(self.command(flags).arg(IMAGE))
    }

    /// The exported image, whole.
    #[track_caller]
    pub(crate) fn image(&self) -> StoredImage {
        self.image_named(IMAGE)
    }

    #[track_caller]
    pub(crate) fn image_named(&self, name: &str) -> StoredImage {
        let store = LayoutStore::new(&self.path("layout")).unwrap();
        let image = store.resolve(name).unwrap().expect("an image");
        validate(&store, &image, Presence::Complete).unwrap();
        image
    }

    /// What the image says of its layers.
    pub(crate) fn metadata(&self) -> LifecycleMetadata {
        metadata_of(&self.image())
    }
}

pub(crate) fn outcome(command: &mut Command) -> Outcome {
    let output = command.output().unwrap();
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What an image says of its layers.
fn metadata_of(image: &StoredImage) -> LifecycleMetadata {
    LifecycleMetadata::from_label(&image.config.config.labels["io.buildpacks.lifecycle.metadata"]).unwrap()
}
