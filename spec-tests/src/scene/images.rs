//! The images of a scene, put into its store and read from it.
#![expect(clippy::expect_used, reason = "a set-up that fails ends the test")]

use std::net::ToSocketAddrs;

use test_kit::{ImageFixture, WrittenFixture};
use test_registry::FaultProxy;

use crate::scene::{Image, Scene};
use crate::store::{RegistryAt, Store, daemon, layout};
use crate::verdict::{Verdict, skip};

/// Where a layout's images are in the container.
const LAYOUT: &str = "/layout-repo";

/// An image that the suite made.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    /// Its name, a reference by tag.
    pub(crate) name: String,
    /// What identifies it and no other image: in a registry the reference by digest, in an engine its id, in a
    /// layout the path of its directory and its digest.
    pub(crate) reference: String,
    /// The manifest's digest; in an engine, the image's id.
    pub(crate) digest: String,
    /// The layers' diffIDs, the bottom one first.
    pub(crate) diff_ids: Vec<String>,
}

/// The directory that a reference stands for in layout form.
pub(crate) fn layout_path(reference: &str) -> String {
    layout::path_of(LAYOUT.as_ref(), reference).display().to_string()
}

impl Scene<'_> {
    /// The registry of this run.
    pub(crate) fn registry(&self) -> &RegistryAt {
        self.stage.services.registry().unwrap_or_else(|reason| skip(reason))
    }

    /// A proxy before the registry, by which a test breaks what a phase does there. See [`Scene::behind`].
    pub(crate) fn proxy(&self) -> FaultProxy {
        let mut addresses = self.registry().address().to_socket_addrs().expect("the registry's address");
        FaultProxy::before_address(addresses.next().expect("an address"))
    }

    /// The same image, as a phase names it that is to reach it by a proxy.
    pub(crate) fn behind(&self, proxy: &FaultProxy, reference: &str) -> String {
        reference.replace(self.registry().address(), &proxy.address())
    }

    /// The full reference of an image of this scene, for a name such as `app` or `app:tag`.
    pub(crate) fn reference(&self, name: &str) -> String {
        let tagged = if name.contains([':', '@']) { name.to_owned() } else { format!("{name}:latest") };
        let host = match self.store {
            Store::Registry => self.registry().address(),
            Store::Layout | Store::Daemon => "registry.example",
        };
        format!("{host}/{}/{tagged}", self.id)
    }

    /// Puts an image into the store under a name such as `run`.
    pub(crate) fn put(&self, name: &str, image: &ImageFixture) -> Put {
        let reference = self.reference(name);
        let (repository, tag) = split(&reference);
        let unnamed = reference.trim_end_matches(&format!(":{tag}")).to_owned();
        let (digest, by_digest, diff_ids) = match self.store {
            Store::Registry => {
                let WrittenFixture { digest, diff_ids, .. } = self.registry().put(&repository, &tag, image);
                (digest.clone(), format!("{unnamed}@{digest}"), diff_ids)
            }
            Store::Layout => {
                let directory = layout_path(&reference);
                self.make_directory(&directory);
                let WrittenFixture { digest, diff_ids, .. } = image.write(&self.path(&directory));
                (digest.clone(), format!("{directory}@{digest}"), diff_ids)
            }
            Store::Daemon => {
                let engine = self.stage.services.engine().unwrap_or_else(|reason| skip(reason));
                engine.load(&reference, image);
                let id = engine.id(&reference);
                let diff_ids = engine.inspect(&reference, "{{join .RootFS.Layers \" \"}}");
                (format!("sha256:{id}"), id, diff_ids.split_whitespace().map(str::to_owned).collect())
            }
        };
        Put { name: reference, reference: by_digest, digest, diff_ids }
    }

    /// Reads an image of this scene, by a name such as `app` or a full reference.
    pub(crate) fn image(&self, name: &str) -> Verdict<Image> {
        let reference = if name.contains(&self.id) { name.to_owned() } else { self.reference(name) };
        let (repository, tag) = split(&reference);
        match self.store {
            Store::Registry => self.registry().read(&repository, &tag),
            Store::Layout => layout::read(&reference, &layout::path_of(&self.path(LAYOUT), &reference)),
            Store::Daemon => {
                daemon::read(self.stage.services.engine().unwrap_or_else(|reason| skip(reason)), &reference)
            }
        }
    }

    /// What the engine calls an image of this scene.
    pub(crate) fn id_in_engine(&self, name: &str) -> String {
        let engine = self.stage.services.engine().unwrap_or_else(|reason| skip(reason));
        engine.inspect(&self.reference(name), "{{.Id}}")
    }

    /// A run image with two layers, as the target of these tests is described.
    #[expect(clippy::unused_self, reason = "a scene is where tests look for it")]
    pub(crate) fn run_image(&self) -> ImageFixture {
        ImageFixture::default()
            .layer(&[("etc/", ""), ("etc/os-release", "ID=linux-of-tests\nVERSION_ID=7\n")])
            .layer(&[("base/", ""), ("base/file", "of the base")])
            .label("io.buildpacks.stack.id", "stack.of.tests")
            .label("io.buildpacks.base.distro.name", "linux-of-tests")
            .label("io.buildpacks.base.distro.version", "7")
    }
}

/// Repository without the registry, and tag or digest, of a full reference.
fn split(reference: &str) -> (String, String) {
    let (_, path) = reference.split_once('/').expect("a full reference");
    let (repository, tag) = path.split_once('@').or_else(|| path.rsplit_once(':')).expect("a tag");
    (repository.to_owned(), tag.to_owned())
}
