//! What a test works with: the directories of a container, the phases run in it, and the images they write.
//!
//! What a scene does to prepare a test panics if it fails, which is told apart from a lifecycle that fails.
#![expect(clippy::expect_used, clippy::panic, reason = "a set-up that fails ends the test")]

mod build;
mod buildpacks;
mod detection;
mod extension;
mod files;
mod image;
mod images;
mod phase;
mod root;
mod running;

use std::cell::RefCell;
use std::path::PathBuf;

use spec_model::{BuildpackApi, PlatformApi};
use tempfile::TempDir;

use crate::clauses::Table;
use crate::store::{Services, Store};

pub(crate) use build::{BUILDPACK, architecture};
pub(crate) use detection::plan;
pub(crate) use extension::{EXTENDS, ScriptedExtension, extension_root};
pub(crate) use image::{Blobs, Image, Layer, at};
pub(crate) use images::{Put, layout_path};
pub(crate) use phase::Phase;
pub(crate) use running::Run;

/// The build image's user and group.
pub(crate) const USER: u32 = 1000;

/// What the tests of a run share.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The executables under test, which every user can read.
    pub(crate) lifecycle: PathBuf,
    /// Registry and engine.
    pub(crate) services: Services,
    /// What is demanded.
    pub(crate) table: Table,
}

/// A container for one test in certain versions.
#[derive(Debug)]
pub(crate) struct Scene<'s> {
    stage: &'s Stage,
    /// The Platform API that phases are told.
    pub(crate) platform: PlatformApi,
    /// The Buildpack API of buildpacks and extensions.
    pub(crate) buildpack: BuildpackApi,
    /// Where images are.
    pub(crate) store: Store,
    root: TempDir,
    /// Sets the images of this scene apart from those of others.
    id: String,
    /// What was run, and how it ended.
    transcript: RefCell<Vec<String>>,
}

impl<'s> Scene<'s> {
    pub(crate) fn new(
        stage: &'s Stage,
        versions: (PlatformApi, BuildpackApi),
        store: Store,
        id: String,
    ) -> Self {
        let root = tempfile::Builder::new().prefix("scene-").tempdir().expect("a temporary directory");
        let (platform, buildpack) = versions;
        let scene = Self { stage, platform, buildpack, store, root, id, transcript: RefCell::default() };
        scene.lay_out();
        scene
    }

    /// Whether a clause holds in the versions of this scene, so that a test can tell what is demanded from when on.
    pub(crate) fn holds(&self, clause: &str) -> bool {
        let known = self.stage.table.clauses().iter().find(|known| known.id == clause);
        known.unwrap_or_else(|| panic!("there is no clause {clause}")).holds_in(self.platform, self.buildpack)
    }

    /// What was run so far.
    pub(crate) fn transcript(&self) -> Vec<String> {
        self.transcript.borrow().clone()
    }
}
