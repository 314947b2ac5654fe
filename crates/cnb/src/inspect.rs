//! `cnb inspect`: what an image says about itself.

mod summary;
mod text;

use anyhow::{Context, Result};

use crate::arguments::ImageName;
use crate::output;

use summary::Summary;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    image: ImageName,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints what the image's documents and labels say, for people or as JSON.
pub(crate) fn inspect(arguments: &Arguments) -> Result<()> {
    let reference = &arguments.image.reference;
    let (_, image) = arguments.image.find()?;
    let summary = Summary::of(reference, &image)
        .with_context(|| format!("cannot tell what is in image '{reference}'"))?;
    let text =
        if arguments.json { serde_json::to_string_pretty(&summary)? + "\n" } else { text::print(&summary) };
    Ok(output::print(&text)?)
}
