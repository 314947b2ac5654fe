//! A buildpack or image extension as its `buildpack.toml` or `extension.toml` describes it.

use std::fmt;
use std::path::{Path, PathBuf};

use spec_model::descriptor::{BuildpackToml, DescriptorInfo, ExecEnv, ExtensionToml, Stack};
use spec_model::order::OrderGroup;
use spec_model::target::{BuildpackTarget, Distro, TargetData};
use spec_model::{BuildpackApi, BuildpackId, UnusableApiVersion};
use toml_file::ReadError;

use crate::target;

/// Whether something is a buildpack or an image extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A buildpack, component or composite.
    Buildpack,
    /// An image extension.
    Extension,
}

impl Kind {
    /// The name of the file that describes one.
    #[must_use]
    pub fn descriptor_file(self) -> &'static str {
        match self {
            Self::Buildpack => "buildpack.toml",
            Self::Extension => "extension.toml",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Buildpack => "buildpack",
            Self::Extension => "image extension",
        })
    }
}

/// A buildpack or image extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Which of the two it is.
    pub kind: Kind,
    /// Its id.
    pub id: BuildpackId,
    /// Its version.
    pub version: String,
    /// The Buildpack API it declares, as written; see [`Self::api`].
    pub declared_api: String,
    /// Where users read more about it.
    pub homepage: String,
    /// Whether user-provided variables are kept from it.
    pub clear_env: bool,
    /// The media types of the SBOM files it may write.
    pub sbom_formats: Vec<String>,
    /// The order of a composite buildpack; a component buildpack and an extension have none.
    pub order: Vec<OrderGroup>,
    /// The directory that holds it, absolute.
    pub root: PathBuf,
    targets: Vec<BuildpackTarget>,
    exec_env: Vec<String>,
}

/// A descriptor that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptorError {
    /// The file cannot be read or is malformed.
    #[error("failed to read the description of {kind} {id}@{version}: {source}")]
    Unreadable {
        /// Whether a buildpack or an extension was looked for.
        kind: Kind,
        /// The id looked for.
        id: BuildpackId,
        /// The version looked for.
        version: String,
        /// What is wrong with the file.
        source: Box<ReadError>,
    },
    /// Execution environments are written as tables, which lifecycles in the field do not accept.
    #[error(
        "{}: key 'exec-env' of {id} holds tables; write the names as text, for example exec-env = [\"{name}\"]",
        path.display()
    )]
    ExecEnvTables {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        id: BuildpackId,
        /// The first name.
        name: String,
    },
}

/// The Buildpack API version that a buildpack or extension declares is not supported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {id}@{version} cannot be used because of the Buildpack API it declares: {source}")]
pub struct UnsupportedApi {
    /// Whether it is a buildpack or an extension.
    pub kind: Kind,
    /// Its id.
    pub id: BuildpackId,
    /// Its version.
    pub version: String,
    /// What is wrong.
    pub source: UnusableApiVersion,
}

impl Descriptor {
    /// Reads the descriptor in the directory of a buildpack or extension.
    ///
    /// # Errors
    /// The file cannot be read or is malformed.
    pub fn read(kind: Kind, id: &BuildpackId, version: &str, root: &Path) -> Result<Self, DescriptorError> {
        let path = root.join(kind.descriptor_file());
        let unreadable = |source: ReadError| DescriptorError::Unreadable {
            kind,
            id: id.clone(),
            version: version.to_owned(),
            source: Box::new(source),
        };
        let toml = match kind {
            Kind::Buildpack => toml_file::read::<BuildpackToml>(&path).map_err(unreadable)?,
            Kind::Extension => as_buildpack(toml_file::read::<ExtensionToml>(&path).map_err(unreadable)?),
        };
        let info = toml.buildpack;
        Ok(Self {
            kind,
            exec_env: exec_env_names(&path, &info.id, info.exec_env)?,
            targets: targets(kind, &toml.api, toml.targets, &toml.stacks, root),
            id: info.id,
            version: info.version,
            declared_api: toml.api,
            homepage: info.homepage,
            clear_env: info.clear_env,
            sbom_formats: info.sbom_formats,
            order: toml.order,
            root: root.to_owned(),
        })
    }

    /// The Buildpack API it implements.
    ///
    /// # Errors
    /// It declares a version that is not supported.
    pub fn api(&self) -> Result<BuildpackApi, UnsupportedApi> {
        self.declared_api.parse().map_err(|source| self.unsupported(source))
    }

    /// The supported Buildpack API nearest to the one it declares; detection goes by it inside of
    /// composites, whose members are verified only if they take part in the build.
    ///
    /// # Errors
    /// What it declares is no version at all.
    pub fn nearest_api(&self) -> Result<BuildpackApi, UnsupportedApi> {
        BuildpackApi::nearest(&self.declared_api).map_err(|source| self.unsupported(source))
    }

    fn unsupported(&self, source: UnusableApiVersion) -> UnsupportedApi {
        UnsupportedApi { kind: self.kind, id: self.id.clone(), version: self.version.clone(), source }
    }

    /// Whether it runs other buildpacks rather than executables of its own.
    #[must_use]
    pub fn is_composite(&self) -> bool {
        !self.order.is_empty()
    }

    /// The targets it declares or, where it declares none, those its files imply. Empty means any.
    #[must_use]
    pub fn targets(&self) -> &[BuildpackTarget] {
        &self.targets
    }

    /// Whether one of its targets is satisfied. Spec: buildpack.md § Targets.
    #[must_use]
    pub fn supports_target(&self, image: &TargetData) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|target| target::satisfies(target, image))
    }

    /// The execution environments it is restricted to; empty means all.
    /// Spec: buildpack.md 0.12 § buildpack.toml (The buildpack execution environments).
    #[must_use]
    pub fn exec_env(&self) -> &[String] {
        let has_exec_env = self.nearest_api().is_ok_and(BuildpackApi::has_exec_env);
        if has_exec_env { &self.exec_env } else { &[] }
    }
}

/// An extension is described as a buildpack is, but for the name of the table.
fn as_buildpack(extension: ExtensionToml) -> BuildpackToml {
    BuildpackToml {
        api: extension.api,
        buildpack: DescriptorInfo { sbom_formats: Vec::new(), ..extension.extension },
        order: Vec::new(),
        targets: extension.targets,
        stacks: Vec::new(),
    }
}

fn exec_env_names(
    path: &Path,
    id: &BuildpackId,
    exec_env: Vec<ExecEnv>,
) -> Result<Vec<String>, DescriptorError> {
    let names = exec_env.into_iter().map(|environment| match environment {
        ExecEnv::Name(name) => Ok(name),
        ExecEnv::Table { name } => {
            Err(DescriptorError::ExecEnvTables { path: path.to_owned(), id: id.clone(), name })
        }
    });
    names.collect()
}

fn targets(
    kind: Kind,
    api: &str,
    declared: Vec<BuildpackTarget>,
    stacks: &[Stack],
    root: &Path,
) -> Vec<BuildpackTarget> {
    if !declared.is_empty() {
        return declared;
    }
    let has_targets = BuildpackApi::nearest(api).is_ok_and(BuildpackApi::has_targets);
    let translated: Vec<_> = stacks
        .iter()
        .filter_map(|stack| match stack.id.as_str() {
            "*" => Some(BuildpackTarget::default()),
            // Before there were targets, a buildpack for several stacks ran on distributions beside bionic.
            "io.buildpacks.stacks.bionic" if has_targets || stacks.len() == 1 => Some(bionic()),
            _ => None,
        })
        .collect();
    if translated.is_empty() { implied_targets(kind, &root.join("bin")) } else { translated }
}

/// What stands for the stack `io.buildpacks.stacks.bionic`. Spec: buildpack.md § Deprecations.
fn bionic() -> BuildpackTarget {
    BuildpackTarget {
        os: "linux".to_owned(),
        arch: "amd64".to_owned(),
        arch_variant: String::new(),
        distros: vec![Distro { name: "ubuntu".to_owned(), version: "18.04".to_owned() }],
    }
}

/// Spec: buildpack.md § Targets ("If the `targets` list is empty").
fn implied_targets(kind: Kind, bin: &Path) -> Vec<BuildpackTarget> {
    let executables: [(&str, &[&str]); 2] = match kind {
        Kind::Buildpack => [("linux", &["build"]), ("windows", &["build.bat", "build.exe"])],
        Kind::Extension => [("linux", &["detect", "generate"]), ("windows", &[])],
    };
    executables
        .into_iter()
        .filter(|(_, files)| files.iter().any(|file| bin.join(file).exists()))
        .map(|(os, _)| BuildpackTarget { os: os.to_owned(), ..BuildpackTarget::default() })
        .collect()
}

#[cfg(test)]
mod tests;
