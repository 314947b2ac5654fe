//! Exports to a container engine, started as root and done as the user.

use std::process::Command;

use spec_model::analyzed::{Analyzed, ImageIdentifier, RunImage};
use spec_model::lifecycle_metadata::LifecycleMetadata;
use spec_model::report::Report;
use test_engine::{Recorder, TestEngine};
use test_kit::ImageFixture;

use crate::extended;
use crate::support::{Build, Outcome, outcome};

/// The user, as for others a socket of the engine is out of reach.
const USER: &str = "65534";

pub(crate) struct Daemon {
    pub(crate) engine: &'static TestEngine,
    pub(crate) recorder: Recorder,
    pub(crate) build: Build,
    pub(crate) image: String,
    run_image: String,
}

/// The run image, whose layer is noticed when it is sent.
fn base() -> ImageFixture {
    let large = "0123456789".repeat(200_000);
    ImageFixture::default().layer(&[("etc/", ""), ("etc/large", &large)])
}

impl Daemon {
    pub(crate) fn new(name: &str) -> Option<Self> {
        let engine = TestEngine::shared()?;
        let run_image = format!("{name}-run:1");
        engine.load(&run_image, &base());
        let recorder = Recorder::before(engine);
        let daemon = Self { engine, recorder, build: Build::new(), image: format!("{name}:1"), run_image };
        daemon.analyzed(None);
        Some(daemon)
    }

    /// Writes `analyzed.toml`, as the analyzer does; the previous image is named as in `previous`.
    pub(crate) fn analyzed(&self, previous: Option<&str>) {
        let label = "{{index .Config.Labels \"io.buildpacks.lifecycle.metadata\"}}";
        let metadata =
            previous.map(|image| LifecycleMetadata::from_label(&self.engine.inspect(image, label)).unwrap());
        let analyzed = Analyzed {
            previous_image: previous.map(|image| ImageIdentifier { reference: image.to_owned() }),
            metadata: metadata.unwrap_or_default(),
            run_image: Some(RunImage {
                reference: self.engine.id(&self.run_image),
                image: self.run_image.clone(),
                ..RunImage::default()
            }),
            build_image: None,
        };
        self.build.scratch.write("layers/analyzed.toml", &spec_model::text::print(&analyzed).unwrap());
    }

    /// The exporter as a platform starts it: as root, to go on as the user.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let executable = env!("CARGO_BIN_EXE_exporter");
        // For the directories' modes; the command itself would be no root's.
        drop(self.build.scratch.phase(executable.as_ref(), "0.12"));
        let mut command = Command::new(self.build.path("tmp/exporter"));
        command
            .env_clear()
            .env("CNB_PLATFORM_API", "0.12")
            .env("TMPDIR", self.build.path("tmp"))
            .env("CNB_APP_DIR", self.build.path("app"))
            .env("CNB_LAYERS_DIR", self.build.path("layers"))
            .env("DOCKER_HOST", self.recorder.host())
            .args(["-daemon", "-uid", USER, "-gid", USER, "-launcher"])
            .arg(self.build.path("launcher"))
            .args(arguments);
        command
    }

    pub(crate) fn export(&self, arguments: &[&str]) -> Outcome {
        self.recorder.forget();
        outcome(self.command(arguments).arg(&self.image))
    }

    fn report(&self) -> Report {
        spec_model::text::parse(&self.build.scratch.read("layers/report.toml")).unwrap()
    }
}

#[test]
fn an_app_image_is_exported_under_all_its_names() {
    let Some(daemon) = Daemon::new("daemon-names") else { return };
    let outcome = outcome(daemon.command(&[]).args([&daemon.image, "daemon-names:2"])).succeeded();
    outcome.says(&["Adding layer 'acme/web:runtime'", "Added 1/1 app layer(s)"]);
    let id = daemon.engine.id(&daemon.image);
    outcome.says(&[&format!("*** Images ({}):", &id[..12])]);
    assert_eq!(daemon.engine.id("daemon-names:2"), id);
    let image = daemon.report().image;
    assert_eq!((image.image_id, image.digest.as_str(), image.manifest_size), (id, "", 0));
    assert_eq!(image.tags, [daemon.image.as_str(), "daemon-names:2"]);
    let config = "{{.Config.Entrypoint}} {{.Config.WorkingDir}} {{len .RootFS.Layers}} {{.Created}}";
    let app = daemon.build.path("app").display().to_string();
    let expected = format!("[/cnb/process/web] {app} 7 1980-01-01T00:00:01Z");
    assert_eq!(daemon.engine.inspect(&daemon.image, config), expected);
    // The base was not fetched, nor brought.
    assert_eq!(daemon.recorder.count("/get"), 0);
    assert!(daemon.recorder.sent() < 200_000, "{}", daemon.recorder.sent());
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let Some(daemon) = Daemon::new("daemon-again") else { return };
    daemon.build.layer("runtime", "launch = true", &"runtime".repeat(300_000));
    daemon.export(&[]).succeeded();
    assert!(daemon.recorder.sent() > 2_000_000, "{}", daemon.recorder.sent());
    let id = daemon.engine.id(&daemon.image);
    // By name, and by id.
    for previous in [&daemon.image, &id] {
        daemon.analyzed(Some(previous));
        daemon.export(&[]).succeeded().says(&["Reusing layer 'acme/web:runtime'", "Reused 1/1 app layer(s)"]);
        assert_eq!(daemon.engine.id(&daemon.image), id);
        assert!(daemon.recorder.sent() < 50_000, "{}", daemon.recorder.sent());
        assert_eq!(daemon.recorder.count("/get"), 0);
    }
    // What lies on a changed layer has to be sent, and is taken from disk.
    daemon.build.layer("deps", "launch = true", "deps 2");
    daemon
        .export(&[])
        .succeeded()
        .says(&["Adding layer 'acme/web:deps'", "Reusing layer 'acme/web:runtime'"]);
    assert!(daemon.recorder.sent() > 2_000_000, "{}", daemon.recorder.sent());
    assert_eq!(daemon.recorder.count("/get"), 0);
    assert_ne!(daemon.engine.id(&daemon.image), id);
}

#[test]
fn layers_without_contents_come_from_the_previous_image() {
    let Some(daemon) = Daemon::new("daemon-previous") else { return };
    daemon.export(&[]).succeeded();
    let id = daemon.engine.id(&daemon.image);
    daemon.analyzed(Some(&daemon.image));
    fs_err::remove_dir_all(daemon.build.path("layers/acme_web/runtime")).unwrap();
    daemon.export(&[]).succeeded().says(&["Reusing layer 'acme/web:runtime'"]);
    assert_eq!(daemon.engine.id(&daemon.image), id);
    assert_eq!(daemon.recorder.count("/get"), 0);
    // On another layer below it, it has to be fetched and sent.
    daemon.build.layer("deps", "launch = true", "deps 2");
    daemon.export(&[]).succeeded();
    assert_eq!(daemon.recorder.count("/get"), 1);
    let text = daemon.engine.docker(&["save", &daemon.image]);
    assert!(text.contains("runtime 1") && text.contains("deps 2"));
}

#[test]
fn a_cache_is_filled_as_with_other_stores() {
    let Some(daemon) = Daemon::new("daemon-cache") else { return };
    let cache = daemon.build.path("cache");
    fs_err::create_dir(&cache).unwrap();
    let flags = ["-cache-dir", cache.to_str().unwrap()];
    daemon.export(&flags).succeeded().says(&["Adding cache layer 'acme/web:deps'"]);
    daemon.analyzed(Some(&daemon.image));
    daemon.export(&flags).succeeded().says(&["Reusing cache layer 'acme/web:deps'"]);
    let layers = fs_err::read_dir(cache.join("committed")).unwrap().count();
    assert_eq!(layers, 3, "deps, downloads and the metadata");
}

#[test]
fn an_extended_run_image_is_exported_on_the_run_image_that_the_engine_has() {
    let Some(daemon) = Daemon::new("daemon-extended") else { return };
    let mut image = base().layer(&[("opt/", ""), ("opt/tool", "tool 1")]);
    image.config["config"]["User"] = "2000:2000".into();
    extended::extend(&daemon.build, &image);
    outcome(daemon.command(&[]).env("CNB_EXPERIMENTAL_MODE", "silent").arg(&daemon.image))
        .succeeded()
        .says(&["Adding layer 'extension:extended-1'", "Adding layer 'acme/web:runtime'"]);
    // The base was not fetched, nor brought.
    assert_eq!(daemon.recorder.count("/get"), 0);
    assert!(daemon.recorder.sent() < 200_000, "{}", daemon.recorder.sent());
    let config = daemon.engine.inspect(&daemon.image, "{{.Config.User}} {{len .RootFS.Layers}}");
    assert_eq!(config, "2000:2000 8");
    assert!(daemon.engine.docker(&["save", &daemon.image]).contains("tool 1"));
}

#[test]
fn an_engine_out_of_reach_is_told() {
    let Some(daemon) = Daemon::new("daemon-reach") else { return };
    let nowhere = daemon.build.path("nowhere.sock");
    let host = format!("unix://{}", nowhere.display());
    let absent = outcome(daemon.command(&[]).env("DOCKER_HOST", &host).arg(&daemon.image));
    absent.failed(1, &["there is no socket", nowhere.to_str().unwrap(), "DOCKER_HOST"]);
    // Started as the user, who may not use the socket.
    let mut command = daemon.build.scratch.phase(env!("CARGO_BIN_EXE_exporter").as_ref(), "0.12");
    command.env("DOCKER_HOST", daemon.engine.host()).args(["-daemon", "-launcher"]);
    let refused = outcome(command.arg(daemon.build.path("launcher")).arg(&daemon.image));
    refused.failed(1, &["may not use the socket", "65534", "mode 0660"]);
    daemon.build.scratch.write("layers/analyzed.toml", "[run-image]\nreference = \"daemon-no-such-image\"\n");
    daemon.export(&[]).failed(1, &["daemon-no-such-image", "does not exist"]);
}
