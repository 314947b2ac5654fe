//! pack's side of a build.

use std::path::PathBuf;

use crate::container::Container;
use crate::images::{Images, USER, hand_over};

/// How the phases are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// All in one container of the builder.
    Trusted,
    /// Each in a container; those with rights in one of the lifecycle's image.
    Untrusted,
}

/// Where the app image goes and what is kept for the next build.
#[derive(Debug)]
pub(crate) enum Place<'a> {
    /// To the engine that builds; the cache is a volume.
    Engine,
    /// To a registry; the cache is an image there.
    Registry { cache: &'a str },
}

/// A build of one app image.
#[derive(Debug)]
pub(crate) struct Build<'a> {
    pub(crate) trust: Trust,
    pub(crate) place: Place<'a>,
    pub(crate) image: &'a str,
    pub(crate) run_image: &'a str,
}

impl Build<'_> {
    fn volume(&self, kind: &str) -> String {
        format!("pack-{kind}-{}", self.image.replace(['/', ':'], "_"))
    }

    /// What all containers of a build have.
    fn container<'a>(&self, image: &'a str, phase: &str) -> Container<'a> {
        let network = match self.place {
            Place::Engine => "none",
            // The registry is on the machine's loopback interface.
            Place::Registry { .. } => "host",
        };
        Container::new(image, phase)
            .option("--network", network)
            .variable("CNB_PLATFORM_API=0.15")
            .variable("CNB_EXEC_ENV=production")
            .mount(&self.volume("layers"), "/layers")
            .mount(&self.volume("app"), "/workspace")
    }

    fn with_cache<'a>(&self, container: Container<'a>) -> Container<'a> {
        match self.place {
            Place::Engine => container.mount(&self.volume("cache"), "/cache"),
            Place::Registry { .. } => container,
        }
    }

    fn with_launch_cache<'a>(&self, container: Container<'a>) -> Container<'a> {
        match self.place {
            Place::Engine => {
                container.mount(&self.volume("launch"), "/launch-cache").flags("-launch-cache /launch-cache")
            }
            Place::Registry { .. } => container,
        }
    }
}

/// What the container that exports leaves for the platform.
const MADE: [&str; 2] = ["/layers/sbom", "/layers/report.toml"];

/// A client with an app.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) images: Images,
    app: PathBuf,
    run: PathBuf,
    project: PathBuf,
    /// What was taken from the last container: `report.toml` and `sbom`.
    pub(crate) taken: PathBuf,
}

impl Client {
    /// None where builds cannot run.
    pub(crate) fn new() -> Option<Self> {
        let images = Images::new()?;
        let (scratch, run_images) = (&images.scratch, images.run_images());
        scratch.write("app/file", "of the app\n");
        scratch.write("run.toml", &run_images);
        scratch.write("project-metadata.toml", "");
        scratch.write("taken/empty", "");
        hand_over(&scratch.path("app"));
        let [app, run, project, taken] =
            ["app/.", "run.toml", "project-metadata.toml", "taken"].map(|name| scratch.path(name));
        Some(Self { images, app, run, project, taken })
    }

    /// Builds; what the phases say. Volumes are named for the image, and those of layers and app are renewed.
    #[track_caller]
    pub(crate) fn build(&self, build: &Build) -> String {
        let text = match build.trust {
            Trust::Trusted => self.create(build),
            Trust::Untrusted => self.phases(build),
        };
        for kind in ["layers", "app"] {
            self.images.engine.docker(&["volume", "rm", "--force", &build.volume(kind)]);
        }
        text
    }

    #[track_caller]
    fn create(&self, build: &Build) -> String {
        let creator = self.with_images(build, build.container(self.images.builder, "creator"));
        let creator =
            build.with_launch_cache(build.with_cache(creator)).flags("-app /workspace -cache-dir /cache");
        let creator = creator.flags(&format!("-run-image {} {}", build.run_image, build.image));
        let creator =
            creator.file(&self.project, "/layers/project-metadata.toml").file(&self.app, "/workspace");
        self.run(&creator, &MADE)
    }

    #[track_caller]
    fn phases(&self, build: &Build) -> String {
        let analyzer = build.with_launch_cache(self.trusted(build, "analyzer"));
        let flags = format!("-run /layers/run.toml -run-image {} {}", build.run_image, build.image);
        let mut text = self.run(&analyzer.flags(&flags).file(&self.run, "/layers/run.toml"), &[]);

        let detector = self.untrusted(build, "detector").flags("-app /workspace");
        text += &self.run(&detector.file(&self.app, "/workspace"), &[]);

        let restorer = build.with_cache(self.trusted(build, "restorer"));
        let flags = match build.place {
            Place::Engine => "-cache-dir /cache",
            Place::Registry { .. } => "",
        };
        text += &self.run(&restorer.flags(flags), &[]);

        text += &self.run(&self.untrusted(build, "builder").flags("-app /workspace"), &[]);

        let exporter = build.with_launch_cache(build.with_cache(self.trusted(build, "exporter")));
        // The directory is named even where the cache is an image, and does not exist then.
        let exporter =
            exporter.flags("-app /workspace -cache-dir /cache -run /layers/run.toml").flags(build.image);
        let exporter = exporter.file(&self.run, "/layers/run.toml");
        text + &self.run(&exporter.file(&self.project, "/layers/project-metadata.toml"), &MADE)
    }

    /// A phase that reaches images, in a container of the lifecycle's image.
    fn trusted<'a>(&'a self, build: &Build, phase: &str) -> Container<'a> {
        let container = build.container(self.images.lifecycle, phase);
        let variables = [format!("CNB_USER_ID={USER}"), format!("CNB_GROUP_ID={USER}")];
        self.with_images(
            build,
            variables.iter().fold(container, |container, variable| container.variable(variable)),
        )
    }

    /// A phase that runs buildpacks, in a container of the builder.
    fn untrusted<'a>(&'a self, build: &Build, phase: &str) -> Container<'a> {
        build.container(self.images.builder, phase).option("--security-opt", "no-new-privileges=true")
    }

    /// Reaches images, and starts as root for that.
    fn with_images<'a>(&self, build: &Build, container: Container<'a>) -> Container<'a> {
        let container = container.option("--user", "root");
        match build.place {
            Place::Engine => container
                .option("--security-opt", "label=disable")
                .mount(&self.images.engine.socket().display().to_string(), "/var/run/docker.sock")
                .flags("-daemon"),
            Place::Registry { cache } => container
                .option("--security-opt", "no-new-privileges=true")
                .variable("CNB_REGISTRY_AUTH={}")
                .flags("-cache-image")
                .flags(cache),
        }
    }

    #[track_caller]
    fn run(&self, container: &Container, taken: &[&str]) -> String {
        container.run(self.images.engine, taken, &self.taken)
    }

    /// The text of something that was taken.
    pub(crate) fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.taken.join(name)).unwrap()
    }
}
