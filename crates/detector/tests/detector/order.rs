//! Order resolution: which groups are tried, in what order, and which one is selected.

use std::num::NonZeroUsize;

use test_kit::ScriptedBuildpack;

use crate::support::{Fixture, plan};

const FAIL: &str = "exit 100";

/// A fixture with buildpacks that pass (`a` to `f`) and fail (`no1`, `no2`).
fn fixture() -> Fixture {
    let mut fixture = Fixture::new();
    for id in ["a", "b", "c", "d", "e", "f"] {
        fixture.buildpack(id, "");
    }
    fixture.buildpack("no1", FAIL).buildpack("no2", FAIL);
    fixture
}

#[test]
fn the_first_group_that_passes_is_selected() {
    for (order, group) in [
        (&["a b", "c"][..], "a b"),
        (&["a no1", "b", "c"], "b"),
        (&["no1?", "no1? no2?", "a no1?"], "a"),
        (&["a no1? b"], "a b"),
    ] {
        let mut fixture = fixture();
        fixture.order(order);
        assert_eq!(fixture.group(), group, "{order:?}");
    }
}

#[test]
fn composites_are_replaced_by_each_of_their_groups() {
    for (composite, order, group) in [
        (&["b", "c"][..], &["a m d"][..], "a b d"),
        (&["no1 b", "c e"], &["a m d"], "a c e d"),
        (&["no1", "no2"], &["a m d", "f"], "f"),
        (&["no1", "no2"], &["a m? d", "f"], "a d"),
        (&["b no2?"], &["m? no1", "m"], "b"),
        (&["b"], &["m m? b a"], "b a"),
    ] {
        let mut fixture = fixture();
        fixture.composite("m", composite).order(order);
        assert_eq!(fixture.group(), group, "{composite:?} {order:?}");
    }
}

#[test]
fn nested_composites_go_back_to_the_inner_alternatives_first() {
    let mut fixture = fixture();
    fixture.buildpack("needs", &plan("-n")).buildpack("gives", &plan("+n"));
    fixture
        .composite("inner", &["a", "gives b"])
        .composite("outer", &["inner c", "d"])
        .order(&["outer needs"]);
    assert_eq!(fixture.group(), "gives b c needs");
}

#[test]
fn an_id_counts_once_whatever_its_version() {
    let mut fixture = fixture();
    fixture.install(&ScriptedBuildpack::new("a", "0.12").version("2.0.0").detect(FAIL));
    fixture.scratch.write(
        "order.toml",
        "order = [{ group = [{ id = 'a', version = '1.0.0' }, { id = 'a', version = '2.0.0' }] }]",
    );
    assert_eq!(fixture.group(), "a");
}

#[test]
fn a_composite_that_contains_itself_is_an_error() {
    let mut fixture = fixture();
    fixture.composite("m", &["no1", "b n"]).composite("n", &["m c"]).composite("self", &["self? a"]);
    for (order, chain) in [
        ("a m", "m@1.0.0 → n@1.0.0 → m@1.0.0"),
        ("n? a", "n@1.0.0 → m@1.0.0 → n@1.0.0"),
        ("self", "self@1.0.0 → self@1.0.0"),
    ] {
        let (status, message) = fixture.order(&["no1", order]).failure();
        assert_eq!(status, 22, "{order}");
        assert!(message.contains("contains itself") && message.ends_with(chain), "{order}: {message}");
    }
    // What comes behind the selected group is not looked at.
    assert_eq!(fixture.order(&["a", "m"]).group(), "a");
}

#[test]
fn a_composite_may_appear_several_times_side_by_side() {
    let mut fixture = fixture();
    fixture.composite("leaf", &["a"]).composite("m", &["leaf b leaf"]).order(&["leaf m leaf"]);
    assert_eq!(fixture.group(), "a b");
}

#[test]
fn a_missing_member_of_a_composite_is_found_when_it_is_reached() {
    let mut fixture = fixture();
    fixture.composite("m", &["gone"]).order(&["a", "m"]);
    assert_eq!(fixture.group(), "a");
    fixture.order(&["no1", "m"]);
    let (status, message) = fixture.failure();
    assert_eq!(status, 22);
    assert!(message.contains("m@1.0.0") && message.contains("no buildpack gone@1.0.0"), "{message}");
    assert!(fixture.log_text().contains("fail: no1@1.0.0"), "what was tried before is told");
}

#[test]
fn extensions_are_tried_group_by_group_and_then_left_out() {
    let mut fixture = fixture();
    let provides = |name: &str| plan(&format!("+{name}"));
    fixture.buildpack("needs", &plan("-n"));
    fixture.extension("x", &[("detect", &provides("m"))]).extension("y", &[("detect", &provides("n"))]);
    fixture.order_with_extensions(&["needs", "a"], &["x", "y"]);
    assert_eq!(fixture.group(), "needs");
    assert!(fixture.file("layers/group.toml").unwrap().contains("[[group-extensions]]\n  id = \"y\""));
    fixture.order_with_extensions(&["needs", "a"], &["x"]);
    assert_eq!(fixture.group(), "a");
    assert!(!fixture.file("layers/group.toml").unwrap().contains("extensions"));
}

#[test]
fn members_for_other_execution_environments_are_left_out() {
    let mut fixture = fixture();
    fixture.install(&ScriptedBuildpack::new("test", "0.12").key("exec-env = ['test']"));
    fixture.install(&ScriptedBuildpack::new("old", "0.11").key("exec-env = ['test']"));
    fixture.install(&ScriptedBuildpack::new("any", "0.12").key("exec-env = ['*']"));
    fixture.order(&["test", "test old any a"]);
    assert_eq!(fixture.group(), "old any a");
    fixture.inputs.exec_env = "test".to_owned();
    assert_eq!(fixture.group(), "test");
    fixture.inputs.exec_env = "production".to_owned();
    fixture.inputs.platform_api = spec_model::PlatformApi::V0_14;
    assert_eq!(fixture.group(), "test", "before Platform API 0.15 the key has no effect");
}

#[test]
fn an_order_entry_may_be_restricted_to_execution_environments() {
    let mut fixture = fixture();
    fixture.composite("m", &["b"]);
    fixture.scratch.write(
        "order.toml",
        "[[order]]\n[[order.group]]\nid='a'\nversion='1.0.0'\n[[order.group]]\nid='m'\nversion='1.0.0'\nexec-env=['test']",
    );
    assert_eq!(fixture.group(), "a");
    fixture.inputs.exec_env = "test".to_owned();
    assert_eq!(fixture.group(), "a b");
}

/// A generator of numbers that is the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn results_and_report_do_not_depend_on_parallelism() {
    let mut numbers = Numbers(7);
    let mut fixture = Fixture::new();
    let plans = ["", "+n", "-n", "+n -n", "+n | -n", "+m | -n | ", "-m"];
    for index in 0..14_usize {
        let script = match index % 5 {
            0 => format!("echo out {index}; exit 100"),
            1 => format!("echo err {index} >&2; exit {index}"),
            _ => format!("echo out {index}; {}", plan(plans[index % plans.len()])),
        };
        fixture.buildpack(&format!("b{index}"), &script);
    }
    let mut group = |limit| {
        let size = 1 + numbers.below(limit);
        let mut member = || format!("b{}{}", numbers.below(14), if numbers.below(2) == 0 { "" } else { "?" });
        (0..size).map(|_| member()).collect::<Vec<_>>().join(" ")
    };
    let orders: Vec<Vec<String>> = (0..12)
        .map(|_| {
            fixture.composite("m", &[&group(3), &group(4)]);
            vec![group(5), format!("{} m? {}", group(3), group(3)), format!("m {}", group(4))]
        })
        .collect();
    for order in orders {
        fixture.order(&order.iter().map(String::as_str).collect::<Vec<_>>());
        let mut results = [1, 2, 16].map(|parallelism| {
            fixture.inputs.parallelism = NonZeroUsize::new(parallelism).unwrap();
            fixture.level = log::LevelFilter::Debug;
            let _ = fs_err::remove_file(&fixture.inputs.group);
            let result = fixture.detect().map_err(|error| error.to_string());
            (result, fixture.log.clone(), fixture.file("layers/group.toml"), fixture.file("layers/plan.toml"))
        });
        let first = results[0].clone();
        assert!(results.iter_mut().all(|result| *result == first), "{order:?}: {results:#?}");
    }
}
