//! `COPY` and `ADD`: what is brought where.

use std::path::{Path, PathBuf};

use dockerfile::{ExpansionError, Quotes, Transfer};
use image::ContainerConfig;

use super::scope::Scope;
use super::working_dir;
use crate::context::{Context, ContextError, Source};
use crate::error::Refusal;
use crate::fingerprint::Fingerprint;
use crate::rooted::clean;
use crate::unpack;

/// Files to be brought into the image.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) items: Vec<Item>,
    /// Where to; absolute.
    pub(crate) destination: PathBuf,
    /// Whether the destination is a directory, whatever is there.
    pub(crate) into_directory: bool,
    /// As `--chown` has it.
    pub(crate) owner: Option<String>,
    /// As `--chmod` has it.
    pub(crate) mode: Option<u32>,
}

/// What is brought into the image.
#[derive(Debug)]
pub(crate) enum Item {
    /// A file or a directory's contents.
    Source(Source),
    /// An archive that is unpacked.
    Archive(Source),
    /// A here-document.
    Text { name: String, content: String },
}

/// Why it cannot be brought.
#[derive(Debug)]
pub(super) enum Fault {
    Refused(Refusal),
    Context(ContextError),
}

impl<T: Into<Refusal>> From<T> for Fault {
    fn from(reason: T) -> Self {
        Self::Refused(reason.into())
    }
}

/// What a `COPY` or `ADD` depends on.
pub(super) struct Request<'a> {
    pub(super) scope: &'a Scope,
    pub(super) config: &'a ContainerConfig,
    pub(super) context: &'a Context,
    /// Whether it is an `ADD`.
    pub(super) adds: bool,
}

impl Request<'_> {
    /// Looks up the sources, so that what is missing is told before anything runs. Also yields what the
    /// result depends on.
    pub(super) fn plan(&self, transfer: &Transfer) -> Result<(Copy, String), Fault> {
        let (owner, mode) = self.flags(transfer)?;
        let target = self.expand(&transfer.destination)?;
        let destination = clean(&working_dir(self.config).join(&target));
        let mut items = Vec::new();
        for source in &transfer.sources {
            let source = self.expand(source)?;
            if self.adds && is_remote(&source) {
                return Err(Refusal::Remote(source).into());
            }
            for source in self.context.select(&source).map_err(Fault::Context)? {
                items.push(self.item(source)?);
            }
        }
        for heredoc in &transfer.heredocs {
            let content = if heredoc.expands {
                self.scope.expand_with(&heredoc.content, self.config, Quotes::Kept)?
            } else {
                heredoc.content.clone()
            };
            items.push(Item::Text { name: heredoc.name.clone(), content });
        }
        let names_directory =
            target.ends_with('/') || target.is_empty() || target.ends_with("/.") || target == ".";
        let copy =
            Copy { into_directory: names_directory || items.len() > 1, items, destination, owner, mode };
        let fingerprint = self.fingerprint(&copy).map_err(Fault::Context)?;
        Ok((copy, fingerprint))
    }

    fn expand(&self, word: &str) -> Result<String, ExpansionError> {
        self.scope.expand(word, self.config)
    }

    fn flags(&self, transfer: &Transfer) -> Result<(Option<String>, Option<u32>), Fault> {
        let instruction = if self.adds { "ADD" } else { "COPY" };
        let (mut owner, mut mode) = (None, None);
        for flag in &transfer.flags {
            let value = flag.value.as_deref().map(|value| self.expand(value)).transpose()?;
            match (flag.name.as_str(), value) {
                ("chown", Some(value)) => owner = Some(value),
                ("chmod", Some(value)) => {
                    let bits = u32::from_str_radix(&value, 8).ok().filter(|mode| *mode <= 0o7777);
                    mode = Some(bits.ok_or(Refusal::Mode(value))?);
                }
                _ => return Err(super::unsupported(instruction, flag).into()),
            }
        }
        Ok((owner, mode))
    }

    fn item(&self, source: Source) -> Result<Item, Fault> {
        if !self.adds || source.is_directory {
            return Ok(Item::Source(source));
        }
        let unreadable = |error| Fault::Context(ContextError::Unreadable(error));
        match unpack::recognize(&source.path).map_err(unreadable)? {
            unpack::Form::NoArchive => Ok(Item::Source(source)),
            unpack::Form::Archive => Ok(Item::Archive(source)),
            unpack::Form::Unknown(compression) => {
                Err(Refusal::Compression { name: source.name.display().to_string(), compression }.into())
            }
        }
    }

    fn fingerprint(&self, copy: &Copy) -> Result<String, ContextError> {
        let mut fingerprint = Fingerprint::of(if self.adds { "ADD" } else { "COPY" })
            .with(copy.destination.display().to_string())
            .with([u8::from(copy.into_directory)])
            .with(copy.owner.as_deref().unwrap_or_default())
            .with(format!("{:?}", copy.mode));
        for item in &copy.items {
            match item {
                Item::Source(source) | Item::Archive(source) => source.digest(&mut fingerprint)?,
                Item::Text { name, content } => {
                    fingerprint.add(name);
                    fingerprint.add(content);
                }
            }
        }
        Ok(fingerprint.finish())
    }
}

fn is_remote(source: &str) -> bool {
    ["http://", "https://", "git@", "git://", "ssh://"].iter().any(|scheme| source.starts_with(scheme))
        || (source.contains("://") && !Path::new(source).exists())
}
