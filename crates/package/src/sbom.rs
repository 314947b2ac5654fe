//! Bills of materials: what executables consist of, in each of the forms that platforms pass on.
//!
//! Nothing in them depends on when or where they are made; what has to be unique is derived from the contents.

mod cyclonedx;
mod spdx;
mod syft;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::checksum;
use crate::dependencies::{Dependencies, PackageId};
use crate::descriptor::VERSION;

/// What made the bills.
const TOOL: &str = "lifecycle-package";

/// The one time that packages have, where a form demands one.
const CREATED: &str = "1980-01-01T00:00:01Z";

/// A bill of materials.
#[derive(Debug)]
pub(crate) struct Bill {
    /// What the bill is of.
    subject: Component,
    /// What that consists of, sorted.
    components: Vec<Component>,
}

/// Something that is listed.
#[derive(Debug)]
struct Component {
    /// Its name in the bill: a package URL, or an executable's name.
    reference: String,
    is_application: bool,
    name: String,
    version: String,
    /// An SPDX license expression; empty where it is not known.
    license: String,
    /// The SHA-256 sum of the executable or of the package's source archive, in hexadecimal digits.
    sha256: Option<String>,
    /// The references of what it uses itself.
    uses: Vec<String>,
}

impl Bill {
    /// The bill of one executable.
    pub(crate) fn of_executable(name: &str, directory: &Path, dependencies: &Dependencies) -> Result<Self> {
        let used = dependencies.of_crate(name)?;
        let subject = executable(name, directory, &used)?;
        Ok(Self { subject, components: packages(&used, dependencies) })
    }

    /// The bill of several executables together.
    pub(crate) fn of_executables(
        name: &str,
        executables: &[&str],
        directory: &Path,
        dependencies: &Dependencies,
    ) -> Result<Self> {
        let (mut components, mut all) = (Vec::new(), BTreeSet::new());
        for name in executables {
            let used = dependencies.of_crate(name)?;
            components.push(executable(name, directory, &used)?);
            all.extend(used);
        }
        let uses = executables.iter().map(|name| (*name).to_owned()).collect();
        let subject = application(name, None, uses);
        components.extend(packages(&all, dependencies));
        Ok(Self { subject, components })
    }

    /// The bill in each form: the ending of its file's name, and the text.
    pub(crate) fn forms(&self) -> Result<[(&'static str, String); 3]> {
        let text = |document: Value| Ok::<_, anyhow::Error>(serde_json::to_string_pretty(&document)? + "\n");
        Ok([
            ("sbom.cdx.json", text(cyclonedx::document(self))?),
            ("sbom.spdx.json", text(spdx::document(self))?),
            ("sbom.syft.json", text(syft::document(self))?),
        ])
    }

    /// The subject and all that it consists of.
    fn all(&self) -> impl Iterator<Item = &Component> {
        std::iter::once(&self.subject).chain(&self.components)
    }
}

impl Component {
    /// The package URL; executables have none.
    fn purl(&self) -> Option<&str> {
        (!self.is_application).then_some(self.reference.as_str())
    }

    /// A short name that depends on the reference alone and suits every form.
    fn short_id(&self) -> String {
        short_id(&self.reference)
    }
}

fn short_id(reference: &str) -> String {
    checksum::of(reference.as_bytes()).chars().take(16).collect()
}

/// A UUID (version 8) of a document's contents.
fn uuid(document: &Value) -> String {
    let digits: Vec<char> = checksum::of(document.to_string().as_bytes()).chars().collect();
    let part = |from: usize, count: usize| digits.iter().skip(from).take(count).collect::<String>();
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 4), part(12, 3), part(15, 3), part(18, 12))
}

fn executable(name: &str, directory: &Path, used: &BTreeSet<PackageId>) -> Result<Component> {
    let sha256 = checksum::of_file(&directory.join(name))?;
    Ok(application(name, Some(sha256), used.iter().map(purl).collect()))
}

fn application(name: &str, sha256: Option<String>, uses: Vec<String>) -> Component {
    Component {
        reference: name.to_owned(),
        is_application: true,
        name: name.to_owned(),
        version: VERSION.to_owned(),
        license: env!("CARGO_PKG_LICENSE").to_owned(),
        sha256,
        uses,
    }
}

fn packages(used: &BTreeSet<PackageId>, dependencies: &Dependencies) -> Vec<Component> {
    let packages = dependencies.closure(used).into_iter().map(|(id, package)| Component {
        reference: purl(id),
        is_application: false,
        name: id.name.clone(),
        version: id.version.clone(),
        license: package.license.clone(),
        sha256: package.checksum.clone(),
        uses: package.uses().iter().map(purl).collect(),
    });
    packages.collect()
}

/// The package URL of a crate. Spec: purl-spec § cargo.
fn purl(id: &PackageId) -> String {
    format!("pkg:cargo/{}@{}", id.name, id.version.replace('+', "%2B"))
}
