//! Extensions in orders and build plans. Spec: buildpack.md § Detection (Process), § Order Resolution.

use crate::scene::{Scene, plan};
use crate::test::{Test, test};
use crate::verdict::{Verdict, ensure, equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test!(an_extension_is_optional),
        test!(an_extension_that_is_not_required_is_left_out_with_its_plan),
        test!(an_extension_is_no_order),
        test!(extensions_go_before_each_group),
    ]
}

fn an_extension_is_optional(scene: &Scene<'_>) -> Verdict {
    scene.extensions(&[
        scene.new_extension("failing").detect("exit 100"),
        scene.new_extension("passing").detect("exit 0"),
    ]);
    scene.detect()?;
    equal("the extensions", &scene.extension_group()?, &["passing"][..])?;
    equal("the group", &scene.group()?, &["buildpack"][..])
}

fn an_extension_that_is_not_required_is_left_out_with_its_plan(scene: &Scene<'_>) -> Verdict {
    let provides = plan("provides = [{ name = 'x' }, { name = 'unused' }]");
    let ran = "touch /home/user/generated";
    scene.install_extension(&scene.new_extension("e").detect(&provides).generate(ran));
    scene.install(&scene.new_buildpack("p").detect(&plan("provides = [{ name = 'x' }]")));
    scene.install(&scene.new_buildpack("b").detect(&plan("requires = [{ name = 'x' }]")));
    scene.order_with_extensions(&["e"], &[&["p", "b"]]);
    scene.detect()?;
    equal("the extensions", &scene.extension_group()?, &[] as &[&str])?;
    equal("the group", &scene.group()?, &["p", "b"][..])?;
    equal("the plan", &scene.plan_entries()?, &["p <- x"][..])?;
    scene.lacks("/home/user/generated")
}

fn an_extension_is_no_order(scene: &Scene<'_>) -> Verdict {
    let order = "[[order]]\n[[order.group]]\nid = 'inner'\nversion = '1.0.0'";
    let nested = scene.new_extension("outer").tables(order).without_generate();
    scene.install_extension(&scene.new_extension("inner"));
    scene.extensions(&[nested]);
    // Whether such an extension is refused or its order is passed over is not said.
    if scene.detector().run()?.code() == Some(0) {
        let extensions = scene.extension_group()?;
        ensure(
            "'inner' does not take part",
            !extensions.contains(&"inner".to_owned()),
            extensions.join(" "),
        )?;
    }
    scene.order_with_extensions(&["inner"], &[&["buildpack"]]);
    scene.detect()?;
    equal("the extensions", &scene.extension_group()?, &["inner"][..])
}

fn extensions_go_before_each_group(scene: &Scene<'_>) -> Verdict {
    let requires = plan("requires = [{ name = 'x' }]");
    scene.install_extension(&scene.new_extension("e").detect(&plan("provides = [{ name = 'x' }]")));
    scene.install(&scene.new_buildpack("a").detect(&requires));
    scene.install(&scene.new_buildpack("b").detect(&requires));
    scene.install(&scene.new_buildpack("failing").detect("exit 100"));
    for (groups, expected) in [([&["a"][..], &["b"]], "a"), ([&["a", "failing"], &["b"]], "b")] {
        scene.order_with_extensions(&["e"], &groups);
        scene.detect()?;
        equal("the extensions", &scene.extension_group()?, &["e"][..])?;
        equal("the group", &scene.group()?, &[expected][..])?;
    }
    Ok(())
}
