use spec_model::plan::{BuildPlan, PlanSections, Provide, Provider, Require};
use spec_model::text::{parse, print};

use super::{Contribution, Reason, Resolution, resolve};

/// A member by name and build plan: `?` behind the name makes it optional, `x` in front an extension.
fn contribution(name: &str, plan: &str) -> Contribution {
    let (name, optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
    let extension = name.starts_with('x');
    Contribution {
        optional: optional || extension,
        is_buildpack: !extension,
        provider: Provider { id: name.parse().unwrap(), version: "1".to_owned(), extension },
        alternatives: alternatives(plan),
    }
}

/// Reads `+a -b | -c`: provides a, requires b, or requires c.
fn alternatives(plan: &str) -> Vec<PlanSections> {
    let named = |alternative: &str, sign: char| -> Vec<String> {
        alternative.split_whitespace().filter_map(|word| word.strip_prefix(sign)).map(str::to_owned).collect()
    };
    plan.split('|')
        .map(|alternative| PlanSections {
            provides: named(alternative, '+').into_iter().map(|name| Provide { name }).collect(),
            requires: named(alternative, '-')
                .into_iter()
                .map(|name| Require { name, ..Require::default() })
                .collect(),
        })
        .collect()
}

fn resolved(members: &[(&str, &str)]) -> (Vec<String>, Resolution) {
    let contributions: Vec<_> = members.iter().map(|(name, plan)| contribution(name, plan)).collect();
    let resolution = resolve(&contributions);
    let kept = resolution.accepted.iter().flat_map(|accepted| &accepted.members);
    (kept.map(|index| contributions[*index].provider.id.to_string()).collect(), resolution)
}

/// `provider,provider>dependency*number of requirements` for each entry.
fn entries(resolution: &Resolution) -> Vec<String> {
    let accepted = resolution.accepted.as_ref().expect("a combination holds");
    accepted
        .entries
        .iter()
        .map(|entry| {
            let providers: Vec<_> = entry.providers.iter().map(|provider| provider.id.as_str()).collect();
            format!("{}>{}*{}", providers.join(","), entry.requires[0].name, entry.requires.len())
        })
        .collect()
}

#[test]
fn what_is_provided_before_or_by_oneself_may_be_required() {
    for (members, plan) in [
        (&[("a", ""), ("b", "")][..], &[][..]),
        (&[("a", "+n"), ("b", "-n")], &["a>n*1"]),
        (&[("a", "+n -n")], &["a>n*1"]),
        (&[("a", "+n"), ("b", "+n"), ("c", "-n"), ("d", "-n -n")], &["a,b>n*3"]),
        (&[("a", "+n -n"), ("b", "+n -n")], &["a,b>n*2"]),
        (&[("a", "+m +n"), ("b", "-n -m")], &["a>m*1", "a>n*1"]),
        (&[("x", "+n"), ("b", "-n")], &["x>n*1"]),
    ] {
        let (kept, resolution) = resolved(members);
        assert_eq!(kept.len(), members.len(), "{members:?}");
        assert_eq!(entries(&resolution), plan, "{members:?}");
        assert!(resolution.objections.is_empty(), "{members:?}");
    }
}

#[test]
fn a_required_member_fails_the_group() {
    for (members, culprit, reason) in [
        (&[("a", "-n")][..], 0, Reason::NotProvided),
        (&[("a", "-n"), ("b", "+n -n")], 0, Reason::NotProvided),
        (&[("a", "+n")], 0, Reason::NotRequired),
        (&[("a", "+n"), ("b", "-n"), ("c", "+n")], 2, Reason::NotRequired),
        (&[("a?", "+n -z"), ("b", "-n")], 1, Reason::NotProvided),
        (&[("a", "+n"), ("b?", "-n -z")], 0, Reason::NotRequired),
    ] {
        let (_, resolution) = resolved(members);
        assert_eq!(resolution.accepted, None, "{members:?}");
        let objection = resolution.objections.iter().find(|objection| !objection.dropped).unwrap();
        assert_eq!((objection.member, objection.reason), (culprit, reason), "{members:?}");
    }
}

#[test]
fn optional_members_are_dropped_with_what_they_provide_and_require() {
    for (members, kept) in [
        (&[("a?", "-n"), ("b", "")][..], &["b"][..]),
        (&[("a?", "+n"), ("b", "")], &["b"]),
        (&[("a?", "-z +n"), ("b?", "-n +m"), ("c?", "-m"), ("d", "")], &["d"]),
        (&[("a?", "+n"), ("b?", "-n"), ("c", "")], &["a", "b", "c"]),
        (&[("x", "+n"), ("b", "")], &["b"]),
        (&[("x", "+n"), ("y?", "-n -z"), ("c", "")], &["c"]),
    ] {
        assert_eq!(resolved(members).0, kept, "{members:?}");
    }
}

#[test]
fn a_group_without_a_buildpack_left_does_not_hold() {
    for members in [&[("a?", "-n")][..], &[("x", ""), ("a?", "-n")], &[]] {
        assert_eq!(resolved(members).1.accepted, None, "{members:?}");
    }
}

#[test]
fn alternatives_are_tried_depth_first_from_left_to_right() {
    for (members, plan, trials) in [
        (&[("a", "+m | +n"), ("b", "-n | -m")][..], &["a>m*1"][..], 2),
        (&[("a", "+m | +n"), ("b", "-n | -n -m")], &["a>n*1"], 3),
        (&[("a", "+n | "), ("b", " | -n")], &["a>n*1"], 2),
        (&[("a", "+n | +m | +o"), ("b", "-m | -o"), ("c", "-o | -n")], &["a>o*2"], 11),
    ] {
        let (_, resolution) = resolved(members);
        assert_eq!(entries(&resolution), plan, "{members:?}");
        assert_eq!(resolution.trials, trials, "{members:?}");
    }
}

#[test]
fn alternatives_that_hold_in_no_combination_are_not_tried() {
    for (members, plan, trials) in [
        (&[("a", "+n | "), ("b", "")][..], &[][..], 1),
        (&[("a", "+m | +n"), ("b", "-z | -n")], &["a>n*1"], 1),
        (&[("a", "-n +n | +m"), ("b", "+n | ")], &["a>n*1"], 1),
    ] {
        let (_, resolution) = resolved(members);
        assert_eq!(
            (entries(&resolution), resolution.trials),
            (plan.iter().map(ToString::to_string).collect(), trials)
        );
    }
}

#[test]
fn an_optional_member_is_dropped_only_with_its_last_alternative() {
    let (kept, resolution) = resolved(&[("a?", "-z | +n"), ("b", "-n")]);
    assert_eq!((kept, entries(&resolution)), (vec!["a".into(), "b".into()], vec!["a>n*1".into()]));
    for (members, kept) in [
        (&[("a?", "-z | -y"), ("b", "")][..], &["b"][..]),
        (&[("a?", "-z | "), ("b", "")], &["a", "b"]),
        (&[("a", "+n | "), ("b?", "-n -m | -n | "), ("c", "")], &["a", "b", "c"]),
    ] {
        assert_eq!(resolved(members).0, kept, "{members:?}");
    }
}

#[test]
fn each_objection_is_told_once_those_without_hope_first() {
    let told = |members: &[(&str, &str)]| {
        let (_, resolution) = resolved(members);
        assert_eq!(resolution.accepted, None, "{members:?}");
        let told: Vec<_> = resolution
            .objections
            .iter()
            .map(|objection| format!("{}{}", objection.member, objection.dependency))
            .collect();
        (told.join(" "), resolution.trials)
    };
    // No alternative of b can hold (and in the second case none of c), so nothing else matters.
    assert_eq!(told(&[("a", " | +n | +m"), ("b", "-z | -y"), ("c", "")]), ("1z 1y".to_owned(), 0));
    assert_eq!(told(&[("a", "+z | +n"), ("b", "-n -m | +o"), ("c", "+m -n")]), ("1m 1o 2m".to_owned(), 0));
    assert_eq!(told(&[("a", "+m | +n"), ("b", "-z | -n -m")]), ("1z 1n 1m".to_owned(), 2));
    assert_eq!(told(&[("a", " | +o -o"), ("b", "+n | +m"), ("c", "-n -m")]), ("2m 2n".to_owned(), 4));
}

#[test]
fn a_member_without_hope_is_found_among_many_combinations() {
    for (first, last, culprit) in [("", "-z", 24), ("+z", "", 0)] {
        let plan = "+n -n | +n | -n | ";
        let names: Vec<String> = (0..25).map(|index| format!("b{index}")).collect();
        let mut members: Vec<_> = names.iter().map(|name| (name.as_str(), plan)).collect();
        (members[0].1, members[24].1) = (first, last);
        let resolution = resolved(&members).1;
        assert_eq!((resolution.accepted, resolution.trials), (None, 0));
        assert_eq!(resolution.objections[0].member, culprit);
    }
}

#[test]
fn metadata_of_requirements_is_kept() {
    let mut requiring = contribution("b", "");
    let plan: BuildPlan =
        parse("[[requires]]\nname='n'\n[requires.metadata]\nat=1979-05-27\nlist=[1, {x='y'}]").unwrap();
    requiring.alternatives = plan.alternatives();
    let accepted = resolve(&[contribution("a", "+n"), requiring]).accepted.unwrap();
    let printed = print(&spec_model::plan::Plan { entries: accepted.entries }).unwrap();
    assert!(printed.contains("at = 1979-05-27") && printed.contains("list = [1, {x = \"y\"}]"), "{printed}");
}
