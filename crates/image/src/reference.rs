//! Image references: `[<registry>/]<repository>[:<tag>|@<digest>]`.
//!
//! What is a valid reference, and what its parts default to, is what platforms and the other tools of
//! the ecosystem take it to be, the weak validation of go-containerregistry's package `name`; it is more
//! lenient in some places and stricter in others than the grammar of the distribution specification. Only
//! parts `..` are refused where that package takes them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use spec_model::Digest;

use crate::registry_name;

const DEFAULT_REGISTRY: &str = "index.docker.io";
const DEFAULT_REGISTRY_ALIAS: &str = "docker.io";
const DEFAULT_NAMESPACE: &str = "library";
const DEFAULT_TAG: &str = "latest";

/// A reference to an image, fully qualified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    identifier: Identifier,
}

/// What tells an image from the others in its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identifier {
    /// A movable name; `latest` where none was given.
    Tag(String),
    /// The digest of the image's manifest.
    Digest(Digest),
}

/// The text breaks a rule for references.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{reference}' is not an image reference: {reason}")]
pub struct InvalidReference {
    /// The text.
    pub reference: String,
    /// The rule it breaks.
    pub reason: &'static str,
}

impl Reference {
    /// The registry's host name, with the port if there is one.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository, with the namespace `library` where Docker Hub implies it.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag or digest.
    #[must_use]
    pub fn identifier(&self) -> &Identifier {
        &self.identifier
    }

    /// The tag, unless the image is named by digest.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        match &self.identifier {
            Identifier::Tag(tag) => Some(tag),
            Identifier::Digest(_) => None,
        }
    }

    /// The digest, if the image is named by it.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        match &self.identifier {
            Identifier::Tag(_) => None,
            Identifier::Digest(digest) => Some(digest),
        }
    }

    /// The directory below `layout_dir` that holds the image in OCI layout form:
    /// `<registry>/<repository>/<tag>` or `<registry>/<repository>/<algorithm>/<digest>`.
    ///
    /// Spec: platform.md § Map an image reference to a path in the layout directory.
    #[must_use]
    pub fn layout_path(&self, layout_dir: &Path) -> PathBuf {
        let identifier = self.identifier.to_string();
        let mut path = layout_dir.to_owned();
        path.push(&self.registry);
        path.extend(self.repository.split('/').filter(|part| !part.is_empty() && *part != "."));
        path.extend(identifier.split(':'));
        path
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let parsed = match text.split_once('@') {
            Some((name, digest)) => parse_digest(name, digest),
            None => parse_tag(text),
        };
        parsed.map_err(|reason| InvalidReference { reference: text.to_owned(), reason })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delimiter = match &self.identifier {
            Identifier::Tag(_) => ':',
            Identifier::Digest(_) => '@',
        };
        write!(out, "{}/{}{delimiter}{}", self.registry, self.repository, self.identifier)
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => out.write_str(tag),
            Self::Digest(digest) => digest.fmt(out),
        }
    }
}

fn parse_tag(text: &str) -> Result<Reference, &'static str> {
    // A colon before the last slash belongs to the registry's port.
    let (name, tag) = match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    };
    let tag = match tag {
        None => DEFAULT_TAG,
        Some("") => return Err("a tag has to follow the colon"),
        Some(tag) if tag.chars().count() > 128 => return Err("the tag is longer than 128 characters"),
        Some(tag) if tag.starts_with('.') => return Err("a tag begins with a letter, a digit, '_' or '-'"),
        Some(tag) if !tag.chars().all(is_tag_character) => {
            return Err("a tag consists of letters, digits, '_', '-' and '.'");
        }
        Some(tag) => tag,
    };
    let (registry, repository) = parse_repository(name)?;
    Ok(Reference { registry, repository, identifier: Identifier::Tag(tag.to_owned()) })
}

fn parse_digest(name: &str, digest: &str) -> Result<Reference, &'static str> {
    let digest =
        digest.parse().map_err(|_| "behind '@' there has to be sha256:<64 lower-case hexadecimal digits>")?;
    let tagged = parse_tag(name)?;
    Ok(Reference { identifier: Identifier::Digest(digest), ..tagged })
}

fn parse_repository(name: &str) -> Result<(String, String), &'static str> {
    let (registry, repository) = match name.split_once('/') {
        Some((registry, repository)) if registry == "localhost" || registry.contains(['.', ':']) => {
            (registry, repository)
        }
        _ => ("", name),
    };
    if !(2..=255).contains(&repository.chars().count()) {
        return Err("the repository has to be 2 to 255 characters long");
    }
    if !repository.chars().all(is_repository_character) {
        return Err("a repository consists of lower-case letters, digits, '_', '-', '.' and '/'");
    }
    // It would lead out of the registry's interface, or out of a layout directory.
    if repository.split('/').any(|part| part == "..") {
        return Err("a repository has no part '..'");
    }
    if !registry_name::is_valid(registry) {
        return Err("the part before the first '/' is not a registry's host name");
    }
    Ok(match registry {
        "" | DEFAULT_REGISTRY | DEFAULT_REGISTRY_ALIAS if !repository.contains('/') => {
            (DEFAULT_REGISTRY.to_owned(), format!("{DEFAULT_NAMESPACE}/{repository}"))
        }
        "" | DEFAULT_REGISTRY_ALIAS => (DEFAULT_REGISTRY.to_owned(), repository.to_owned()),
        registry => (registry.to_owned(), repository.to_owned()),
    })
}

fn is_tag_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.')
}

fn is_repository_character(character: char) -> bool {
    matches!(character, 'a'..='z' | '0'..='9' | '_' | '-' | '.' | '/')
}

/// The registries of `references` differ.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{first}' and '{other}' are in different registries; all names of an image have to be in one registry"
)]
pub struct SeveralRegistries {
    /// The first reference.
    pub first: String,
    /// The first reference that is in another registry.
    pub other: String,
}

/// Checks that all references are in one registry.
///
/// # Errors
/// They are not.
///
/// Spec: platform.md § analyzer, § exporter: `<tag>`.
pub fn ensure_one_registry(references: &[Reference]) -> Result<(), SeveralRegistries> {
    let Some((first, others)) = references.split_first() else { return Ok(()) };
    match others.iter().find(|other| other.registry != first.registry) {
        None => Ok(()),
        Some(other) => Err(SeveralRegistries { first: first.to_string(), other: other.to_string() }),
    }
}

/// A reference that an image is to be written under names one by digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' names an image by its digest; the image that is to be written has another one and needs a tag"
)]
pub struct NamedByDigest(pub String);

/// Checks that all references are by tag, so that an image can be written under them.
///
/// # Errors
/// One is by digest.
///
/// Spec: platform.md § exporter, § rebaser: `<image>`.
pub fn ensure_tags(references: &[Reference]) -> Result<(), NamedByDigest> {
    match references.iter().find(|reference| reference.digest().is_some()) {
        None => Ok(()),
        Some(pinned) => Err(NamedByDigest(pinned.to_string())),
    }
}

/// An image's name for comparing: qualified like a [`Reference`], a digest left out, and a text that is
/// no reference as it is.
#[must_use]
pub fn name_without_digest(text: &str) -> String {
    let name = text.split_once("@sha256:").map_or(text, |(name, _)| name);
    name.parse::<Reference>().map_or_else(|_| text.to_owned(), |reference| reference.to_string())
}
