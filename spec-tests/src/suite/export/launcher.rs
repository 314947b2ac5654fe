//! The launcher in the image, and what it needs there. Spec: platform.md § exporter, Outputs.

use crate::scene::Scene;
use crate::suite::export::new_layers;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(the_launcher_is_in_its_place).with_images(),
        test!(each_process_has_a_link_to_the_launcher).with_images(),
        test!(the_build_s_metadata_are_part_of_the_image).with_images(),
    ]
}

fn the_launcher_is_in_its_place(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.write("/home/user/launcher", "#!/bin/sh\na launcher\n");
    let app = scene.reference("app");
    scene.phase("exporter").args(&["-launcher", "/home/user/launcher", &app]).run()?.succeeds()?;
    let launcher = scene.image("app")?.file("/cnb/lifecycle/launcher")?;
    equal("its content", launcher.content.as_slice(), b"#!/bin/sh\na launcher\n".as_slice())?;
    ensure("everybody can start it", launcher.mode & 0o111 == 0o111, format!("{:o}", launcher.mode))
}

fn each_process_has_a_link_to_the_launcher(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.metadata(&(scene.process("web", &["/bin/true"]) + &scene.process("worker.a_1-b", &["/bin/false"])));
    let image = scene.export()?;
    let layers = new_layers(&image)?;
    let entries = layers.iter().flat_map(|layer| &layer.entries);
    let mut links: Vec<_> = entries
        .filter_map(|entry| {
            Some((entry.path.strip_prefix("/cnb/process/")?, entry.kind, entry.link.as_str()))
        })
        .collect();
    links.sort_unstable();
    let launcher = "/cnb/lifecycle/launcher";
    equal("what is in /cnb/process", &links, &[("web", '2', launcher), ("worker.a_1-b", '2', launcher)])
}

fn the_build_s_metadata_are_part_of_the_image(scene: &Scene<'_>) -> Verdict {
    scene.built();
    let path = "/layers/config/metadata.toml";
    let written = scene.read(path)?;
    let seen = scene.export()?.file(path)?;
    equal("metadata.toml", String::from_utf8_lossy(&seen.content).as_ref(), written.as_str())
}
