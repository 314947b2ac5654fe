//! The command line. The comments on fields are the help that users read.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result};
use clap::Parser;

use crate::target::Target;

/// Makes the lifecycle's tarball for each architecture, and one image for all of them
#[derive(Debug, Parser)]
#[command(name = "package", version)]
pub(crate) struct Arguments {
    /// Static executables and the Rust target they were built for; once for each architecture
    #[arg(long, value_name = "TARGET=DIR", required = true)]
    pub(crate) executables: Vec<Executables>,

    /// The directory that gets the packages
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,

    /// The workspace that the executables were built from
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) workspace: PathBuf,

    /// Certificates (PEM) of the authorities that phases in the image trust; without them they reach registries
    /// only if the platform brings certificates
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_certificates: Option<PathBuf>,

    /// The names of the executables, which are those of their crates
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
}

/// Executables for one target.
#[derive(Debug, Clone)]
pub(crate) struct Executables {
    pub(crate) target: Target,
    pub(crate) directory: PathBuf,
}

impl FromStr for Executables {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (target, directory) = text.split_once('=').context("it has the form TARGET=DIR")?;
        Ok(Self { target: target.parse()?, directory: directory.into() })
    }
}
