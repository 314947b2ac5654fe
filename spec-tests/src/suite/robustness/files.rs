//! Pipes, endless files and links, where a phase expects files of its own.

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{built_with_cache, in_order, refuses, within};
use crate::scene::Scene;
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

/// No phase gets more memory than this many KiB.
const MEMORY: &str = "ulimit -v 4000000; exec \"$0\" \"$@\"";

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(a_pipe_of_a_buildpack_is_not_waited_for),
        test!(a_pipe_of_a_layer_is_not_waited_for).with_images(),
        test!(a_pipe_in_the_app_is_not_waited_for).with_images(),
        test!(an_endless_file_of_a_buildpack_ends),
        test!(links_in_circles_are_exported).with_images(),
        test!(what_links_lead_to_is_not_exported).with_images(),
        test!(what_links_lead_to_is_not_removed).with_images(),
    ]
}

fn pipe(scene: &Scene<'_>, path: &str) -> Verdict {
    let made = mkfifo(&scene.path(path), Mode::from_bits_truncate(0o666));
    ensure("a pipe is made", made.is_ok(), format!("{made:?}"))?;
    scene.give(path, 1000, 1000);
    Ok(())
}

fn a_pipe_of_a_buildpack_is_not_waited_for(scene: &Scene<'_>) -> Verdict {
    for file in ["launch.toml", "store.toml", "layer.toml", "build.toml"] {
        let script = format!("mkdir -p \"$1/layer\"; mkfifo \"$1/{file}\"");
        scene.detected(&[scene.new_buildpack("of/tests").build(&script)]);
        refuses(&within(scene.phase("builder"), 20)?, "builder")?;
        scene.remove("/layers/of_tests");
    }
    Ok(())
}

fn a_pipe_of_a_layer_is_not_waited_for(scene: &Scene<'_>) -> Verdict {
    built_with_cache(scene, "content");
    pipe(scene, "/layers/of_tests/other.toml")?;
    scene.make_directory("/layers/of_tests/other");
    let exporter = scene.phase("exporter").args(&["-cache-dir", "/cache"]).arg(scene.reference("app"));
    let run = within(exporter, 20)?;
    in_order(&run)?;
    Ok(())
}

fn a_pipe_in_the_app_is_not_waited_for(scene: &Scene<'_>) -> Verdict {
    scene.built();
    pipe(scene, "/workspace/pipe")?;
    let run = within(scene.phase("exporter").arg(scene.reference("app")), 20)?;
    in_order(&run)?.succeeds()?;
    let image = scene.image("app")?;
    equal("a file beside it", image.file("/workspace/page")?.content.as_slice(), &b"of the app"[..])
}

fn an_endless_file_of_a_buildpack_ends(scene: &Scene<'_>) -> Verdict {
    for file in ["launch.toml", "store.toml"] {
        let script = format!("ln -s /dev/zero \"$1/{file}\"");
        scene.detected(&[scene.new_buildpack("of/tests").build(&script)]);
        refuses(&within(scene.phase("builder").in_shell(MEMORY), 30)?, "builder")?;
        scene.remove("/layers/of_tests");
    }
    Ok(())
}

fn links_in_circles_are_exported(scene: &Scene<'_>) -> Verdict {
    built_with_cache(scene, "content");
    for (path, target) in [
        ("/workspace/circle", "circle"),
        ("/workspace/up", ".."),
        ("/layers/of_tests/deps/up", "../deps"),
        ("/layers/of_tests/deps/here", "."),
    ] {
        scene.link(path, target);
    }
    in_order(&within(scene.phase("exporter").arg(scene.reference("app")), 20)?)?.succeeds()?;
    let image = scene.image("app")?;
    equal("the target of a link", image.file("/workspace/circle")?.link.as_str(), "circle")?;
    equal("the target of a link", image.file("/layers/of_tests/deps/up")?.link.as_str(), "../deps")
}

fn what_links_lead_to_is_not_exported(scene: &Scene<'_>) -> Verdict {
    built_with_cache(scene, "content");
    scene.write("/home/user/secret", "not of the app");
    scene.link("/workspace/out", "/home/user");
    scene.link("/layers/of_tests/deps/out", "/home/user");
    scene.link("/layers/of_tests/linked", "/home/user");
    scene.write("/layers/of_tests/linked.toml", "[types]\nlaunch = true\n");
    in_order(&scene.phase("exporter").arg(scene.reference("app")).run()?)?;
    let layers = scene.image("app").map(|image| image.layers());
    for layer in layers.unwrap_or(Ok(Vec::new()))? {
        let stray = layer.entries.iter().find(|entry| entry.content == b"not of the app");
        ensure("no layer has a file from behind a link", stray.is_none(), layer.paths().join(", "))?;
    }
    Ok(())
}

/// What an earlier build left is removed by the restorer, but not what it links to.
fn what_links_lead_to_is_not_removed(scene: &Scene<'_>) -> Verdict {
    scene.built();
    scene.write("/home/user/keep/file", "precious");
    scene.make_directory("/layers/of_tests");
    scene.link("/layers/of_tests/stale", "/home/user/keep");
    scene.write("/layers/of_tests/stale.toml", "[types]\ncache = true\n");
    scene.link("/layers/of_tests/other.toml", "/home/user/keep/file");
    in_order(&scene.phase("restorer").args(&["-cache-dir", "/cache"]).run()?)?;
    equal("what is behind the link", scene.read("/home/user/keep/file")?.as_str(), "precious")
}
