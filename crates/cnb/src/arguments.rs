//! The command line. The comments on fields and variants are the help that users read.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand};
use image_store::{ImageStore, LayoutStore, StoredImage};

use crate::{image_create, inspect, run, runtime, sbom};

/// Makes, shows and runs images in OCI layout form, without daemon or registry
#[derive(Debug, Parser)]
#[command(name = "cnb", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Work with images
    Image {
        #[command(subcommand)]
        command: ImageCommand,
    },
    /// Show what an image says about itself: buildpacks, processes, run image, labels, layers
    Inspect(inspect::Arguments),
    /// Work with the software bill of materials of an image
    Sbom {
        #[command(subcommand)]
        command: SbomCommand,
    },
    /// Start an image from its layers, with the host's network
    Run(run::Arguments),
    /// The first process of a container; started by `cnb run` alone
    #[command(hide = true)]
    ContainerInit(runtime::InitArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Make a base image of a root file system
    Create(image_create::Arguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SbomCommand {
    /// Extract the SBOM files of an image, below the paths that they have in it
    Download(sbom::Arguments),
}

/// An image in a layout directory.
#[derive(Debug, Args)]
pub(crate) struct ImageName {
    /// The directory that holds the images in OCI layout form
    #[arg(long, value_name = "DIR")]
    pub(crate) layout_dir: PathBuf,

    /// The image's reference: [REGISTRY/]REPOSITORY[:TAG]
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
}

impl ImageName {
    /// The store of the images.
    pub(crate) fn store(&self) -> Result<LayoutStore> {
        Ok(LayoutStore::new(&self.layout_dir)?)
    }

    /// Finds the image.
    pub(crate) fn find(&self) -> Result<(LayoutStore, StoredImage)> {
        let store = self.store()?;
        let Some(image) = store.resolve(&self.reference)? else {
            bail!("there is no image '{}' in '{}'", self.reference, self.layout_dir.display());
        };
        Ok((store, image))
    }
}

/// An argument of the form `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl FromStr for Pair {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some(("", _)) => Err("the name in front of '=' is missing"),
            Some((name, value)) => Ok(Self { name: name.to_owned(), value: value.to_owned() }),
            None => Err("it has the form NAME=VALUE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{Arguments, Pair};

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn pairs_are_split_at_the_first_equals_sign() {
        let pair = |name: &str, value: &str| Pair { name: name.to_owned(), value: value.to_owned() };
        assert_eq!("A=b=c".parse(), Ok(pair("A", "b=c")));
        assert_eq!("A=".parse(), Ok(pair("A", "")));
        assert!("A".parse::<Pair>().is_err());
        assert!("=b".parse::<Pair>().is_err());
    }
}
