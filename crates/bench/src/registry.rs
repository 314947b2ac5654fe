//! A registry of a side's own, on loopback over HTTP. Time is measured without anything between it and the phases;
//! requests and bytes are counted by a proxy, in runs whose time does not count.

use std::io::Read;

use anyhow::{Context, Result};
use test_kit::ImageFixture;
use test_registry::{FaultProxy, TestRegistry};

use crate::traffic::Traffic;

/// The program that is started.
pub(crate) const PROGRAM: &str = "docker-registry";
/// Length of a digest in text form.
const DIGEST_LENGTH: usize = "sha256:".len() + 64;

/// A registry and the proxy before it.
#[derive(Debug)]
pub(crate) struct Registry {
    // Ends before the registry that it leads to.
    proxy: FaultProxy,
    server: TestRegistry,
    /// Whether phases are led through the proxy.
    counted: bool,
}

impl Registry {
    /// Starts a registry; an error where there is none to start.
    pub(crate) fn start() -> Result<Self> {
        let server = TestRegistry::plain().with_context(|| format!("{PROGRAM} is not installed"))?;
        Ok(Self { proxy: FaultProxy::before(&server), server, counted: false })
    }

    /// The name of an image, `<repository>:<tag>`, with the registry.
    pub(crate) fn name(&self, image: &str) -> String {
        format!("{}/{image}", if self.counted { self.proxy.address() } else { self.server.address() })
    }

    /// Removes all images.
    pub(crate) fn clear(&self) -> Result<()> {
        let storage = self.server.data_dir();
        fs_err::remove_dir_all(storage)?;
        Ok(fs_err::create_dir(storage)?)
    }

    /// Puts an image in, under a name without the registry.
    pub(crate) fn push(&self, image: &str, fixture: &ImageFixture) {
        self.server.push(image, fixture);
    }

    /// The digest of the manifest that a tag names, if there is one.
    pub(crate) fn tagged(&self, repository: &str, tag: &str) -> Option<String> {
        self.server.tagged(repository, tag)
    }

    /// Leads phases through the proxy from now on, or past it. Images' names change by that.
    pub(crate) fn set_counted(&mut self, counted: bool) {
        self.counted = counted;
    }

    /// Forgets what the proxy saw.
    pub(crate) fn forget_traffic(&self) {
        self.proxy.forget();
    }

    /// What the proxy saw since.
    pub(crate) fn traffic(&self) -> Traffic {
        Traffic::of(&self.proxy.requests(), |digest| !self.is_document(digest))
    }

    /// Whether a blob is JSON: the config of an image.
    fn is_document(&self, digest: &str) -> bool {
        let mut first = [0];
        let is_digest = digest.len() == DIGEST_LENGTH && digest.is_ascii();
        let open = || fs_err::File::open(self.server.blob_file(digest));
        is_digest && open().is_ok_and(|mut file| file.read_exact(&mut first).is_ok()) && first == *b"{"
    }
}
