//! Which run image the Dockerfiles of extensions lead to.
//!
//! Pure. Spec: platform.md § detector ("To select the run image").

use buildpack::dockerfile::{Dockerfile, DockerfileKind};

/// What the Dockerfiles of all extensions do to the run image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RunImageChange {
    /// The image it is switched to, and the place of the Dockerfile that does it.
    pub(crate) switch: Option<(usize, String)>,
    /// Whether it is extended.
    pub(crate) extend: bool,
    /// The places of Dockerfiles without effect, because the run image is switched behind them.
    pub(crate) ignored: Vec<usize>,
}

/// Goes through the Dockerfiles of all extensions, in order.
pub(crate) fn select<'a>(dockerfiles: impl IntoIterator<Item = &'a Dockerfile>) -> RunImageChange {
    let mut change = RunImageChange::default();
    let places: Vec<_> = dockerfiles.into_iter().enumerate().collect();
    let of_run_image =
        places.into_iter().rev().filter(|(_, dockerfile)| dockerfile.kind == DockerfileKind::Run);
    for (place, dockerfile) in of_run_image {
        if change.switch.is_some() {
            change.ignored.push(place);
            continue;
        }
        change.extend |= dockerfile.extends;
        change.switch = dockerfile.new_base.clone().map(|image| (place, image));
    }
    change
}

#[cfg(test)]
mod tests {
    use buildpack::dockerfile::{Dockerfile, DockerfileKind};

    use super::{RunImageChange, select};

    fn dockerfile(kind: DockerfileKind, new_base: Option<&str>, extends: bool) -> Dockerfile {
        let new_base = new_base.map(str::to_owned);
        Dockerfile {
            kind,
            path: kind.file_name().into(),
            new_base,
            extends,
            discouraged: Vec::new(),
            escape: '\\',
            preamble: Vec::new(),
            steps: Vec::new(),
        }
    }

    #[test]
    fn the_last_switch_wins_and_what_follows_extends() {
        use DockerfileKind::{Build, Run};
        let (extend, build) = (dockerfile(Run, None, true), dockerfile(Build, None, true));
        let (one, two) = (dockerfile(Run, Some("one"), false), dockerfile(Run, Some("two"), true));
        for (dockerfiles, switch, extended, ignored) in [
            (vec![], None, false, vec![]),
            (vec![&build], None, false, vec![]),
            (vec![&extend, &build, &extend], None, true, vec![]),
            (vec![&one], Some((0, "one")), false, vec![]),
            (vec![&extend, &one], Some((1, "one")), false, vec![0]),
            (vec![&two, &build, &one, &build], Some((2, "one")), false, vec![0]),
            (vec![&extend, &two, &extend, &one, &build, &extend], Some((3, "one")), true, vec![2, 1, 0]),
            (vec![&one, &two], Some((1, "two")), true, vec![0]),
        ] {
            let switch = switch.map(|(place, image): (usize, &str)| (place, image.to_owned()));
            let expected = RunImageChange { switch, extend: extended, ignored };
            assert_eq!(select(dockerfiles.iter().copied()), expected);
        }
    }
}
