//! Targets: what a run image is for, what buildpacks declare, and whether the two fit.
//!
//! Spec: buildpack.md § Targets, platform.md § Target Data.

use std::path::Path;

use spec_model::target::{BuildpackTarget, Distro, TargetData};

/// Where the build image tells its distribution.
pub const OS_RELEASE: &str = "/etc/os-release";

/// The target of a build: the run image's target data with its gaps filled from the build image, which
/// this process runs in. `os_release` is the build image's [`OS_RELEASE`]; it need not exist.
#[must_use]
pub fn complete(run_image: Option<&TargetData>, os_release: &Path) -> TargetData {
    let mut target = run_image.cloned().unwrap_or_default();
    if target.os.is_empty() {
        target.os.push_str("linux");
    }
    if target.arch.is_empty() {
        target.arch.push_str(own_arch());
    }
    if target.distro.is_none() {
        log::debug!("The run image does not tell its distribution; taking it from {}", os_release.display());
        target.distro = match fs_err::read(os_release) {
            Ok(bytes) => distro(&String::from_utf8_lossy(&bytes)),
            Err(error) => {
                log::debug!("The distribution stays unknown: {error}");
                None
            }
        };
    }
    target
}

/// The architecture of this process by the name that images use.
fn own_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

/// Reads `ID` and `VERSION_ID` of an os-release file.
fn distro(text: &str) -> Option<Distro> {
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| name.trim() == key)
            .map(|(_, value)| value.trim().trim_matches(['"', '\'']).trim().to_owned())
            .unwrap_or_default()
    };
    let distro = Distro { name: value("ID"), version: value("VERSION_ID") };
    (distro != Distro::default()).then_some(distro)
}

/// Whether an image satisfies a target that a buildpack declares. What either does not tell fits, except
/// that a list of distributions needs the image's.
#[must_use]
pub fn satisfies(target: &BuildpackTarget, image: &TargetData) -> bool {
    let fits = |wanted: &str, actual: &str| wanted.is_empty() || actual.is_empty() || wanted == actual;
    fits(&target.os, &image.os)
        && fits(&target.arch, &image.arch)
        && fits(&target.arch_variant, &image.arch_variant)
        && (target.distros.is_empty()
            || image.distro.as_ref().is_some_and(|actual| {
                target
                    .distros
                    .iter()
                    .any(|wanted| fits(&wanted.name, &actual.name) && fits(&wanted.version, &actual.version))
            }))
}

/// The `CNB_TARGET_…` variables. Spec: buildpack.md § Targets (Environment).
pub fn variables(target: &TargetData) -> impl Iterator<Item = (&'static str, &str)> {
    let distro = target.distro.as_ref();
    let optional = [
        ("CNB_TARGET_ARCH_VARIANT", target.arch_variant.as_str()),
        ("CNB_TARGET_DISTRO_NAME", distro.map_or("", |distro| distro.name.as_str())),
        ("CNB_TARGET_DISTRO_VERSION", distro.map_or("", |distro| distro.version.as_str())),
    ];
    [("CNB_TARGET_OS", target.os.as_str()), ("CNB_TARGET_ARCH", target.arch.as_str())]
        .into_iter()
        .chain(optional.into_iter().filter(|(_, value)| !value.is_empty()))
}

/// An image's target for people, for example `linux/arm/v7 debian 12`.
#[must_use]
pub fn describe(image: &TargetData) -> String {
    describe_parts(&image.os, &image.arch, &image.arch_variant, image.distro.as_slice())
}

/// A buildpack's target for people, for example `linux/amd64 ubuntu 22.04 or ubuntu 24.04`.
#[must_use]
pub fn describe_buildpack_target(target: &BuildpackTarget) -> String {
    describe_parts(&target.os, &target.arch, &target.arch_variant, &target.distros)
}

fn describe_parts(os: &str, arch: &str, variant: &str, distros: &[Distro]) -> String {
    let platform = match (os, arch, variant) {
        ("", "", "") => String::new(),
        (os, "", "") => os.to_owned(),
        (os, arch, variant) => {
            let or_any = |part: &str| if part.is_empty() { "any".to_owned() } else { part.to_owned() };
            let variant = if variant.is_empty() { String::new() } else { format!("/{variant}") };
            format!("{}/{}{variant}", or_any(os), or_any(arch))
        }
    };
    let distros: Vec<String> = distros
        .iter()
        .map(|distro| format!("{} {}", distro.name, distro.version).trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    let text = format!("{platform} {}", distros.join(" or ")).trim().to_owned();
    if text.is_empty() { "any target".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use spec_model::target::{BuildpackTarget, Distro, TargetData};

    use super::{complete, describe, describe_buildpack_target, distro, satisfies, variables};

    fn name_and_version(name: &str, version: &str) -> Distro {
        Distro { name: name.into(), version: version.into() }
    }

    fn image() -> TargetData {
        TargetData {
            os: "linux".into(),
            arch: "arm".into(),
            arch_variant: "v7".into(),
            distro: Some(name_and_version("debian", "12")),
            ..TargetData::default()
        }
    }

    fn wanted(os: &str, arch: &str, variant: &str, distros: &[(&str, &str)]) -> BuildpackTarget {
        BuildpackTarget {
            os: os.into(),
            arch: arch.into(),
            arch_variant: variant.into(),
            distros: distros.iter().map(|(name, version)| name_and_version(name, version)).collect(),
        }
    }

    #[test]
    fn what_is_not_told_fits() {
        for (target, fits) in [
            (wanted("", "", "", &[]), true),
            (wanted("linux", "", "", &[]), true),
            (wanted("windows", "", "", &[]), false),
            (wanted("linux", "arm64", "", &[]), false),
            (wanted("linux", "arm", "v6", &[]), false),
            (wanted("", "", "v7", &[("debian", "12")]), true),
            (wanted("", "", "", &[("debian", "11"), ("debian", "")]), true),
            (wanted("", "", "", &[("debian", "11"), ("ubuntu", "12")]), false),
        ] {
            assert_eq!(satisfies(&target, &image()), fits, "{target:?}");
        }
        let bare = TargetData { os: "linux".into(), ..TargetData::default() };
        assert!(satisfies(&wanted("linux", "arm", "v7", &[]), &bare));
        assert!(!satisfies(&wanted("linux", "", "", &[("debian", "12")]), &bare));
    }

    #[test]
    fn os_release_tells_the_distribution() {
        for (text, expected) in [
            ("NAME=x\nID=debian\nVERSION_ID=\"12\"\n", Some(("debian", "12"))),
            ("ID='alpine'\n# VERSION_ID=1\n", Some(("alpine", ""))),
            ("ID_LIKE=debian\nPRETTY_NAME=\"a=b\"\nVERSION_ID = 7 ", Some(("", "7"))),
            ("ID=\nno line", None),
            ("", None),
        ] {
            let expected = expected.map(|(name, version)| name_and_version(name, version));
            assert_eq!(distro(text), expected, "{text}");
        }
    }

    #[test]
    fn gaps_are_filled_from_the_build_image() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), "ID=tiny\nVERSION_ID=7").unwrap();
        let completed = complete(None, file.path());
        assert_eq!((completed.os.as_str(), completed.distro), ("linux", Some(name_and_version("tiny", "7"))));
        assert!(!completed.arch.is_empty());
        assert_eq!(complete(Some(&image()), file.path()), image());
        assert_eq!(complete(None, "/nowhere/os-release".as_ref()).distro, None);
    }

    #[test]
    fn variables_leave_out_what_is_unknown() {
        let all: Vec<_> = variables(&image()).map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            all,
            [
                "CNB_TARGET_OS=linux",
                "CNB_TARGET_ARCH=arm",
                "CNB_TARGET_ARCH_VARIANT=v7",
                "CNB_TARGET_DISTRO_NAME=debian",
                "CNB_TARGET_DISTRO_VERSION=12",
            ]
        );
        let bare = TargetData::default();
        assert_eq!(variables(&bare).count(), 2);
    }

    #[test]
    fn targets_read_well() {
        assert_eq!(describe(&image()), "linux/arm/v7 debian 12");
        assert_eq!(
            describe_buildpack_target(&wanted("", "arm64", "", &[("a", ""), ("b", "1")])),
            "any/arm64 a or b 1"
        );
        assert_eq!(describe_buildpack_target(&wanted("", "", "", &[])), "any target");
        assert_eq!(describe_buildpack_target(&wanted("", "", "", &[("a", "2")])), "a 2");
    }
}
