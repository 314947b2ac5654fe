//! The contract as far as engines can keep it, which have neither manifests nor compressed layers.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use docker_engine::Engine;
use image::Platform;
use image_store::{
    Archives, DaemonStore, ImageStore, LayerForm, StoreError, StoredImage, WrittenImage, host_target_data,
    target_data,
};
use spec_model::DiffId;
use test_engine::{Recorder, TestEngine};
use test_kit::{ImageFixture, LayerFixture};

use crate::writing::{base, finished, layer, new_layer, plan, resolve, valid, write, write_layer};

struct Daemon {
    engine: &'static TestEngine,
    recorder: Recorder,
    store: DaemonStore,
    /// What this test's names begin with.
    test: &'static str,
}

impl Daemon {
    fn new(test: &'static str) -> Option<Self> {
        let engine = TestEngine::shared()?;
        let recorder = Recorder::before(engine);
        let store = Self::store(&recorder);
        let daemon = Self { engine, recorder, store, test };
        daemon.engine.load(&daemon.name("run:base"), &base());
        Some(daemon)
    }

    fn store(recorder: &Recorder) -> DaemonStore {
        let variables = [("DOCKER_HOST".into(), recorder.host().into())];
        DaemonStore::new(Engine::connect(&variables).unwrap())
    }

    fn name(&self, name: &str) -> String {
        format!("r.example/{}/{name}", self.test)
    }

    fn base(&self) -> StoredImage {
        resolve(&self.store, &self.name("run:base"))
    }

    /// Writes an image of layers whose archives are at hand, as the exporter does.
    fn export(
        &self,
        name: &str,
        base: &StoredImage,
        previous: Option<&StoredImage>,
        layers: &[LayerFixture],
    ) -> Result<WrittenImage, StoreError> {
        let writer = self.store.begin(&self.name(name), base, previous)?;
        let archives = AtHand(layers.iter().map(|layer| (finished(layer).diff_id, layer.clone())).collect());
        let described = |layer: &LayerFixture| {
            let size = layer.archive.len() as u64;
            new_layer(image::Descriptor::new("x".into(), size, finished(layer).diff_id.digest()), layer)
        };
        writer.commit_archives(&plan(layers.iter().map(described).collect()), &[], &archives)
    }
}

/// A layer of so many megabytes.
fn large(megabytes: usize) -> LayerFixture {
    LayerFixture::of(&[("large", &"0123456789".repeat(megabytes * 100_000))])
}

struct AtHand(BTreeMap<DiffId, LayerFixture>);

impl Archives for AtHand {
    fn size(&self, diff_id: &DiffId) -> Option<u64> {
        self.0.get(diff_id).map(|layer| layer.archive.len() as u64)
    }

    fn write(&self, diff_id: &DiffId, output: &mut (dyn Write + Send)) -> Result<(), StoreError> {
        let written = output.write_all(&self.0.get(diff_id).unwrap().archive);
        written.map_err(|error| StoreError::Reread { message: error.to_string() })
    }
}

#[test]
fn an_image_is_written_whole_valid_and_under_all_names() {
    let Some(daemon) = Daemon::new("whole") else { return };
    assert_eq!(daemon.store.layer_form(), LayerForm::Archive);
    let (app, tags) = (daemon.name("app:v1"), [daemon.name("app:v2"), "whole-short".to_owned()]);
    let layers = [layer("a"), layer("b"), layer("a")];
    let written = write(&daemon.store, &app, &daemon.base(), &layers, &tags);
    let image = valid(&daemon.store, &app);
    assert_eq!(image.layers().len(), 5);
    assert_eq!(written.identifier, image.identifier);
    assert_eq!(written.image_id.as_ref(), Some(&image.identifier));
    assert_eq!((written.digest, written.manifest_size), (None, None));
    assert_eq!(written.names, [app.clone(), tags[0].clone(), tags[1].clone()]);
    for name in [&app, &tags[0], "whole-short:latest"] {
        assert_eq!(daemon.engine.id(name), written.identifier);
    }
    assert_eq!(image.config.label("base"), Some("yes"));
    assert_eq!(
        daemon.engine.inspect(&app, "{{.Config.WorkingDir}}{{.Config.Entrypoint}}"),
        "/workspace[/cnb/process/web]"
    );
    // An image is found by its id, too.
    let prefixed = format!("sha256:{}", &image.identifier[..12]);
    for id in [&image.identifier, &format!("sha256:{}", image.identifier), &prefixed] {
        assert_eq!(resolve(&daemon.store, id).identifier, image.identifier);
    }
}

#[test]
fn a_base_may_be_empty_and_an_image_without_layers_of_its_own() {
    let Some(daemon) = Daemon::new("bare") else { return };
    let app = daemon.name("app:v1");
    write(&daemon.store, &app, &StoredImage::scratch().unwrap(), &[layer("a")], &[]);
    assert_eq!(valid(&daemon.store, &app).layers().len(), 1);
    let base = daemon.base();
    write(&daemon.store, &app, &base, &[], &[]);
    assert_eq!(valid(&daemon.store, &app).config.rootfs.diff_ids, base.config.rootfs.diff_ids);
}

#[test]
fn what_the_engine_has_is_not_sent_again() {
    let Some(daemon) = Daemon::new("again") else { return };
    daemon.engine.load(&daemon.name("run:large"), &ImageFixture { layers: vec![large(4)], ..base() });
    let base = resolve(&daemon.store, &daemon.name("run:large"));
    let layers = [layer("low"), large(3), layer("top")];
    let first = daemon.export("app:v1", &base, None, &layers).unwrap();
    assert!((3_000_000..4_000_000).contains(&daemon.recorder.sent()), "{}", daemon.recorder.sent());
    let previous = resolve(&daemon.store, &daemon.name("app:v1"));
    // All the same: it only gets its name.
    daemon.recorder.forget();
    let second = daemon.export("app:v1", &base, Some(&previous), &layers).unwrap();
    assert_eq!(first.identifier, second.identifier);
    assert!(daemon.recorder.sent() < 20_000, "{}", daemon.recorder.sent());
    assert_eq!((daemon.recorder.count("/load"), daemon.recorder.count("/tag")), (0, 1));
    // Another layer on top: nothing below.
    daemon.recorder.forget();
    let top = [layers[0].clone(), layers[1].clone(), layer("other")];
    daemon.export("app:v2", &base, Some(&previous), &top).unwrap();
    assert!(daemon.recorder.sent() < 20_000, "{}", daemon.recorder.sent());
    // Another layer below: all from there on, and nothing is fetched for it.
    daemon.recorder.forget();
    let low = [layer("changed"), layers[1].clone(), layers[2].clone()];
    daemon.export("app:v3", &base, Some(&previous), &low).unwrap();
    assert!((3_000_000..4_000_000).contains(&daemon.recorder.sent()), "{}", daemon.recorder.sent());
    assert!(daemon.recorder.received() < 100_000, "{}", daemon.recorder.received());
    for tag in ["v1", "v2", "v3"] {
        valid(&daemon.store, &daemon.name(&format!("app:{tag}")));
    }
}

#[test]
fn layers_that_only_the_engine_has_are_taken_over() {
    let Some(daemon) = Daemon::new("taken") else { return };
    let base = daemon.base();
    let (kept, other) = (large(2), layer("other"));
    write(&daemon.store, &daemon.name("old:v1"), &base, &[kept.clone(), other.clone()], &[]);
    // Another process: nothing is here.
    let store = Daemon::store(&daemon.recorder);
    let previous = resolve(&store, &daemon.name("old:v1"));
    daemon.engine.load(&daemon.name("run:new"), &base_of("new"));
    let new_base = resolve(&store, &daemon.name("run:new"));
    let writer = store.begin(&daemon.name("app:v1"), &new_base, Some(&previous)).unwrap();
    assert_eq!(writer.reuse(&finished(&layer("none")).diff_id).unwrap(), None);
    let layers = [&kept, &other]
        .map(|layer| new_layer(writer.reuse(&finished(layer).diff_id).unwrap().unwrap(), layer));
    daemon.recorder.forget();
    writer.commit(&plan(layers.into()), &[]).unwrap();
    assert_eq!(daemon.recorder.count("/get"), 1);
    let image = valid(&store, &daemon.name("app:v1"));
    assert_eq!(image.config.rootfs.diff_ids[1..], [finished(&kept).diff_id, finished(&other).diff_id]);
}

fn base_of(content: &str) -> ImageFixture {
    ImageFixture::default().layer(&[("etc/x", content)])
}

#[test]
fn an_engine_that_lost_the_base_gets_it_again_or_keeps_the_old_image() {
    let Some(daemon) = Daemon::new("lost") else { return };
    daemon.engine.load(&daemon.name("run:gone"), &base_of("gone with the wind"));
    let base = resolve(&daemon.store, &daemon.name("run:gone"));
    let old = daemon.export("app:v1", &daemon.base(), None, &[layer("old")]).unwrap();
    // Fetched before it is gone.
    let mut bytes = Vec::new();
    let diff_id = base.config.rootfs.diff_ids[0];
    daemon.store.open_layer(&base, &diff_id).unwrap().read_to_end(&mut bytes).unwrap();
    daemon.engine.docker(&["rmi", &daemon.name("run:gone")]);
    let forgetful = Daemon::store(&daemon.recorder);
    let writer = forgetful.begin(&daemon.name("app:v1"), &base, None).unwrap();
    assert!(writer.commit(&plan(Vec::new()), &[]).is_err());
    assert_eq!(daemon.engine.id(&daemon.name("app:v1")), old.identifier);
    daemon.export("app:v1", &base, None, &[layer("new")]).unwrap();
    assert_eq!(valid(&daemon.store, &daemon.name("app:v1")).layers().len(), 2);
}

#[test]
fn a_layer_that_was_never_written_is_refused_and_the_old_image_stays() {
    let Some(daemon) = Daemon::new("never") else { return };
    let (app, base) = (daemon.name("app:v1"), daemon.base());
    let old = write(&daemon.store, &app, &base, &[layer("old")], &[]);
    let writer = daemon.store.begin(&app, &base, None).unwrap();
    let missing = layer("missing");
    let descriptor = image::Descriptor::new("x".into(), 3, finished(&missing).digest);
    let error = writer.commit(&plan(vec![new_layer(descriptor, &missing)]), &[]).unwrap_err();
    assert!(matches!(error, StoreError::NeverWritten { .. }), "{error}");
    write_layer(writer.as_ref(), &layer("dropped"));
    drop(writer);
    assert_eq!(daemon.engine.id(&app), old.identifier);
}

#[test]
fn a_layer_that_changes_while_it_is_sent_leaves_the_old_image() {
    let Some(daemon) = Daemon::new("changing") else { return };
    let base = daemon.base();
    let old = daemon.export("app:v1", &base, None, &[layer("old")]).unwrap();
    let writer = daemon.store.begin(&daemon.name("app:v1"), &base, None).unwrap();
    let new = layer("new");
    let descriptor = image::Descriptor::new("x".into(), 5, finished(&new).diff_id.digest());
    let error = writer.commit_archives(&plan(vec![new_layer(descriptor, &new)]), &[], &Changing).unwrap_err();
    assert!(matches!(error, StoreError::Reread { .. }), "{error}");
    assert_eq!(daemon.engine.id(&daemon.name("app:v1")), old.identifier);
}

#[test]
fn a_sink_refuses_what_was_not_announced() {
    let Some(daemon) = Daemon::new("sink") else { return };
    let writer = daemon.store.begin(&daemon.name("app:v1"), &daemon.base(), None).unwrap();
    let mut sink = writer.layer().unwrap();
    sink.write_all(b"short").unwrap();
    let error = sink.finish(finished(&layer("a"))).unwrap_err();
    assert!(matches!(error, StoreError::WrongSize { received: 5, .. }), "{error}");
    let (one, other) = (layer("one"), layer("two"));
    let mut sink = writer.layer().unwrap();
    sink.write_all(&one.blob).unwrap();
    let announced = image_store::FinishedLayer { diff_id: finished(&other).diff_id, ..finished(&one) };
    let error = sink.finish(announced).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[test]
fn what_is_not_there_is_told() {
    let Some(daemon) = Daemon::new("absent") else { return };
    let absent = daemon.name("app:v1");
    assert!(daemon.store.resolve(&absent).unwrap().is_none());
    assert!(daemon.store.resolve(&"0".repeat(64)).unwrap().is_none());
    let error = daemon.store.check_read(&absent).unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }) && error.to_string().contains(&absent), "{error}");
    daemon.store.check_read(&daemon.name("run:base")).unwrap();
    daemon.store.check_write(&absent).unwrap();
    for name in [format!("app@sha256:{}", "0".repeat(64)), "0".repeat(64)] {
        assert!(matches!(daemon.store.check_write(&name), Err(StoreError::NoTag { .. })));
        assert!(matches!(daemon.store.begin(&name, &daemon.base(), None), Err(StoreError::NoTag { .. })));
    }
    assert!(matches!(daemon.store.name("A::b"), Err(StoreError::Reference(_))));
    let error = daemon.store.open_layer(&daemon.base(), &finished(&layer("no")).diff_id).err().unwrap();
    assert!(matches!(error, StoreError::NoSuchLayer { .. }), "{error}");
}

#[test]
fn an_image_is_for_what_its_config_says() {
    let Some(daemon) = Daemon::new("target") else { return };
    let target = target_data(&daemon.store, &daemon.base());
    assert_eq!((target.os, target.arch), (host_target_data().os, host_target_data().arch));
    let other = Platform { architecture: "s390x".to_owned(), os: "linux".to_owned(), ..Platform::default() };
    // An engine of this kind has an image for one platform, and that is the one.
    let store = daemon.store.for_platform(other);
    assert_eq!(resolve(store.as_ref(), &daemon.name("run:base")).identifier, daemon.base().identifier);
}

/// A layer that turns out to be another one.
struct Changing;
impl Archives for Changing {
    fn size(&self, _: &DiffId) -> Option<u64> {
        Some(5)
    }

    fn write(&self, _: &DiffId, output: &mut (dyn Write + Send)) -> Result<(), StoreError> {
        output.write_all(b"abcd").unwrap();
        Err(StoreError::Reread { message: "changed".to_owned() })
    }
}
