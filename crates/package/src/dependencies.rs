//! What executables are made of, as Cargo resolves it: external packages that are linked into them.
//!
//! `cargo tree` is asked rather than `cargo metadata`, because only it leaves out what other targets, tests and
//! features that are off would need.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use spec_model::text;

use crate::target::Target;

/// A package of a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PackageId {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// What is known of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Package {
    /// A part of the workspace. Such packages are not listed by name: in registries, others have their names.
    is_own: bool,
    /// An SPDX license expression.
    pub(crate) license: String,
    /// The SHA-256 sum of its source archive in hexadecimal digits.
    pub(crate) checksum: Option<String>,
    uses: BTreeSet<PackageId>,
}

/// All packages that executables are made of.
#[derive(Debug)]
pub(crate) struct Dependencies(BTreeMap<PackageId, Package>);

/// `Cargo.lock`, as far as it is needed.
#[derive(Debug, Deserialize)]
struct LockFile {
    package: Vec<LockedPackage>,
}

#[derive(Debug, Deserialize)]
struct LockedPackage {
    name: String,
    version: String,
    checksum: Option<String>,
}

impl Dependencies {
    /// Asks Cargo what the executables of these crates consist of.
    pub(crate) fn resolve(workspace: &Path, target: &Target, crates: &[String]) -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.arg("tree").current_dir(workspace);
        command.args(["--locked", "--color", "never", "--charset", "ascii", "--target", target.triple()]);
        command.args(["--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "{p}\t{l}"]);
        for name in crates {
            command.args(["--package", name]);
        }
        let output = command.output().context("cannot run cargo")?;
        ensure!(output.status.success(), "cargo tree fails: {}", String::from_utf8_lossy(&output.stderr));
        let mut packages = parse(&String::from_utf8(output.stdout)?)?;
        add_checksums(&mut packages, &fs_err::read_to_string(workspace.join("Cargo.lock"))?)?;
        Ok(Self(packages))
    }

    /// The external packages that a crate of the workspace uses itself or by way of others of the workspace.
    pub(crate) fn of_crate(&self, name: &str) -> Result<BTreeSet<PackageId>> {
        let mut own = self.0.iter().filter(|(id, package)| package.is_own && id.name == name);
        let Some((id, _)) = own.next() else { bail!("the workspace has no crate '{name}'") };
        let mut found = BTreeSet::new();
        let (mut seen, mut waiting) = (BTreeSet::from([id]), vec![id]);
        while let Some(id) = waiting.pop() {
            for used in self.0.get(id).into_iter().flat_map(|package| &package.uses) {
                if !self.0.get(used).is_some_and(|package| package.is_own) {
                    found.insert(used.clone());
                } else if seen.insert(used) {
                    waiting.push(used);
                }
            }
        }
        Ok(found)
    }

    /// These packages and all that they use, in order.
    pub(crate) fn closure(&self, of: &BTreeSet<PackageId>) -> BTreeMap<&PackageId, &Package> {
        let (mut found, mut waiting) = (BTreeMap::new(), of.iter().collect::<Vec<_>>());
        while let Some(id) = waiting.pop() {
            if let Some((id, package)) = self.0.get_key_value(id)
                && found.insert(id, package).is_none()
            {
                waiting.extend(&package.uses);
            }
        }
        found
    }
}

impl Package {
    /// The packages it uses itself.
    pub(crate) fn uses(&self) -> &BTreeSet<PackageId> {
        &self.uses
    }
}

/// Reads the lines of `cargo tree`: `<depth><name> v<version>[ (<source>)]<tab><license>[ (*)]`. What a package
/// uses follows where it is first named; further mentions are marked.
fn parse(tree: &str) -> Result<BTreeMap<PackageId, Package>> {
    let mut packages = BTreeMap::<PackageId, Package>::new();
    let mut path: Vec<PackageId> = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let (depth, id, package) =
            parse_line(line).with_context(|| format!("unexpected line of cargo tree: '{line}'"))?;
        path.truncate(depth);
        ensure!(path.len() == depth, "cargo tree skips a level: '{line}'");
        packages.entry(id.clone()).or_insert(package);
        if let Some(user) = path.last().and_then(|user| packages.get_mut(user)) {
            user.uses.insert(id.clone());
        }
        path.push(id);
    }
    Ok(packages)
}

fn parse_line(line: &str) -> Option<(usize, PackageId, Package)> {
    let start = line.find(|character: char| !character.is_ascii_digit())?;
    let (depth, rest) = line.split_at_checked(start)?;
    let (package, license) = rest.split_once('\t')?;
    let mut words = package.splitn(3, ' ');
    let name = words.next()?.to_owned();
    let version = words.next()?.strip_prefix('v')?.to_owned();
    let is_own = words.next().is_some_and(|source| source.starts_with("(/"));
    let license = license_expression(license.trim_end_matches(" (*)"));
    let package = Package { is_own, license, ..Package::default() };
    Some((depth.parse().ok()?, PackageId { name, version }, package))
}

/// Older packages separate alternatives by a slash, which SPDX doesn't know.
fn license_expression(license: &str) -> String {
    license.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ")
}

fn add_checksums(packages: &mut BTreeMap<PackageId, Package>, lock_file: &str) -> Result<()> {
    let lock_file: LockFile = text::parse(lock_file).context("cannot read Cargo.lock")?;
    for LockedPackage { name, version, checksum } in lock_file.package {
        if let Some(package) = packages.get_mut(&PackageId { name, version }) {
            package.checksum = checksum;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Dependencies, PackageId, add_checksums, parse};

    const TREE: &str = "\
0tool v0.1.0 (/src/tool)\tApache-2.0
1own v0.1.0 (/src/own)\tApache-2.0
2a v1.0.0\tMIT/Apache-2.0
3b v2.0.0+spec-1\tZlib
2b v1.0.0\tMIT / Apache-2.0
1a v1.0.0\tMIT/Apache-2.0 (*)

0other v0.1.0 (/src/other)\tApache-2.0
1c v1.0.0\tISC
1own v0.1.0 (/src/own)\tApache-2.0 (*)
";

    fn names<'a>(ids: impl IntoIterator<Item = &'a PackageId>) -> Vec<String> {
        ids.into_iter().map(|id| format!("{}@{}", id.name, id.version)).collect()
    }

    #[test]
    fn the_crates_of_the_workspace_are_seen_through() {
        let dependencies = Dependencies(parse(TREE).unwrap());
        let tool = dependencies.of_crate("tool").unwrap();
        assert_eq!(names(&tool), ["a@1.0.0", "b@1.0.0"]);
        let closure = dependencies.closure(&tool);
        assert_eq!(names(closure.keys().copied()), ["a@1.0.0", "b@1.0.0", "b@2.0.0+spec-1"]);
        assert_eq!(names(&dependencies.of_crate("other").unwrap()), ["a@1.0.0", "b@1.0.0", "c@1.0.0"]);
        assert!(dependencies.of_crate("a").is_err() && dependencies.of_crate("none").is_err());
        assert!(dependencies.closure(&BTreeSet::new()).is_empty());
    }

    #[test]
    fn licenses_are_expressions_and_checksums_those_of_the_lock_file() {
        let mut packages = parse(TREE).unwrap();
        let lock_file = "[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nchecksum = \"abc\"\n\
            [[package]]\nname = \"unrelated\"\nversion = \"1.0.0\"\n";
        add_checksums(&mut packages, lock_file).unwrap();
        let b = |version: &str| {
            let id = PackageId { name: "b".into(), version: version.into() };
            (packages[&id].license.as_str(), packages[&id].checksum.as_deref())
        };
        assert_eq!(b("1.0.0"), ("MIT OR Apache-2.0", Some("abc")));
        assert_eq!(b("2.0.0+spec-1"), ("Zlib", None));
    }

    #[test]
    fn other_lines_are_refused() {
        for tree in
            ["tool v1.0.0\tMIT", "0tool\tMIT", "0tool 1.0.0\tMIT", "0tool v1.0.0", "1tool v1.0.0\tMIT"]
        {
            assert!(parse(tree).is_err(), "{tree}");
        }
    }
}
