//! Where a side keeps its images and caches.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use platform_api::{Input, Invocation, Phase};
use test_engine::TestEngine;
use test_kit::ImageFixture;

use crate::cases::Store;
use crate::measure;
use crate::registry::Registry;
use crate::workspace::{API, give_away, make_empty};

const IMAGE: &str = "bench:latest";
const RUN_IMAGE: &str = "bench-run:latest";
const CACHE_IMAGE: &str = "bench-cache:latest";
/// A run image has a few layers, of which each makes requests.
const RUN_IMAGE_LAYERS: u32 = 3;

/// A store with a run image in it.
#[derive(Debug)]
pub(crate) enum Images {
    /// Below a directory: `layout` and `cache`.
    Layout(PathBuf),
    /// In a registry.
    Registry(Box<Registry>),
    /// In a container engine; below a directory the cache and the launch cache, which platforms give as a rule.
    Engine(PathBuf, Box<TestEngine>),
}

impl Images {
    /// A store of a kind; what it writes itself is written below `directory`.
    pub(crate) fn new(store: Store, directory: &Path) -> Result<Self> {
        Ok(match store {
            Store::Layout => Self::Layout(directory.to_owned()),
            Store::Registry => Self::Registry(Box::new(Registry::start()?)),
            Store::Engine => {
                let engine = TestEngine::start().context("dockerd does not start")?;
                let (uid, gid) = measure::user();
                engine.give_socket(uid.as_raw(), gid.as_raw());
                Self::Engine(directory.to_owned(), Box::new(engine))
            }
        })
    }

    /// Which kind of store this is.
    pub(crate) fn store(&self) -> Store {
        match self {
            Self::Layout(_) => Store::Layout,
            Self::Registry(_) => Store::Registry,
            Self::Engine(..) => Store::Engine,
        }
    }

    /// The registry, if this is one.
    pub(crate) fn registry(&mut self) -> Option<&mut Registry> {
        match self {
            Self::Layout(_) | Self::Engine(..) => None,
            Self::Registry(registry) => Some(registry),
        }
    }

    /// Removes images and caches, but for the run image in its first version.
    pub(crate) fn forget(&self) -> Result<()> {
        match self {
            Self::Layout(directory) => {
                make_empty(&directory.join("layout"))?;
                make_empty(&directory.join("cache"))?;
            }
            Self::Registry(registry) => registry.clear()?,
            Self::Engine(directory, engine) => {
                make_empty(&directory.join("cache"))?;
                make_empty(&directory.join("launch-cache"))?;
                engine.docker(&["image", "prune", "--all", "--force"]);
            }
        }
        self.write_run_image(0)
    }

    /// Writes the run image, in a version of which all layers are new. In registries it has Docker's form, as most
    /// run images have.
    pub(crate) fn write_run_image(&self, version: usize) -> Result<()> {
        let fixture = ImageFixture { docker: self.store() == Store::Registry, ..run_image(version) };
        match self {
            Self::Layout(directory) => {
                let layout = directory.join("layout");
                // The path that the specification gives the reference.
                let path = layout.join(self.run_image().replace(':', "/"));
                fs_err::create_dir_all(&path)?;
                fixture.write(&path);
                give_away(&layout)
            }
            Self::Registry(registry) => {
                registry.push(RUN_IMAGE, &fixture);
                Ok(())
            }
            Self::Engine(_, engine) => {
                engine.load(RUN_IMAGE, &fixture);
                Ok(())
            }
        }
    }

    /// The reference of the app image.
    pub(crate) fn image(&self) -> String {
        self.name(IMAGE)
    }

    /// The reference of the run image.
    pub(crate) fn run_image(&self) -> String {
        self.name(RUN_IMAGE)
    }

    /// The digest of the app image, where it can be told.
    pub(crate) fn digest(&self) -> Option<String> {
        let (repository, tag) = IMAGE.split_once(':')?;
        match self {
            Self::Layout(_) | Self::Engine(..) => None,
            Self::Registry(registry) => registry.tagged(repository, tag),
        }
    }

    /// What else tells phases where images are.
    pub(crate) fn variables(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Layout(_) | Self::Registry(_) => None,
            Self::Engine(_, engine) => Some(("DOCKER_HOST", engine.host())),
        }
    }

    /// The input that names the cache.
    pub(crate) fn cache(&self) -> (Input, OsString) {
        match self {
            Self::Layout(directory) | Self::Engine(directory, _) => {
                (Input::CacheDir, directory.join("cache").into())
            }
            Self::Registry(registry) => (Input::CacheImage, registry.name(CACHE_IMAGE).into()),
        }
    }

    /// A phase that finds its images here.
    pub(crate) fn invocation(&self, phase: Phase) -> Result<Invocation> {
        let (uid, gid) = measure::user();
        let invocation = Invocation::new(phase, API)
            .with(Input::Uid, uid.to_string())?
            .with(Input::Gid, gid.to_string())?;
        Ok(match self {
            Self::Layout(directory) => {
                invocation.with(Input::Layout, "true")?.with(Input::LayoutDir, directory.join("layout"))?
            }
            Self::Registry(_) => invocation,
            Self::Engine(directory, _) => {
                let invocation = invocation.with(Input::Daemon, "true")?;
                match phase {
                    Phase::Analyzer | Phase::Exporter => {
                        invocation.with(Input::LaunchCache, directory.join("launch-cache"))?
                    }
                    _ => invocation,
                }
            }
        })
    }

    fn name(&self, image: &str) -> String {
        match self {
            Self::Layout(_) => format!("localhost/{image}"),
            Self::Registry(registry) => registry.name(image),
            Self::Engine(..) => image.to_owned(),
        }
    }
}

fn run_image(version: usize) -> ImageFixture {
    let mut fixture = ImageFixture::default()
        .label("io.buildpacks.base.id", "bench")
        .layer(&[("etc/os-release", "ID=bench\nVERSION_ID=1\n"), ("etc/version", &format!("{version}\n"))]);
    for layer in 1..RUN_IMAGE_LAYERS {
        let content = format!("layer {layer} in version {version}\n").repeat(10_000);
        fixture = fixture.layer(&[(&format!("usr/lib/part-{layer}"), &content)]);
    }
    fixture
}
