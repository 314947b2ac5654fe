//! `package` makes what builder authors and platforms install, from static executables:
//!
//! | file | what it is |
//! |---|---|
//! | `lifecycle-v<version>+linux.<architecture>.tgz` | what builders are made with, one for each architecture |
//! | `lifecycle-v<version>-image/` | the image that untrusted builders' phases run from, in OCI layout form, for all architectures |
//! | `lifecycle-v<version>-image.tar` | the same as one file |
//!
//! and checksums of the files. The same executables make the same bytes, whoever packs them, where and when.

mod arguments;
mod checksum;
mod contents;
mod dependencies;
mod descriptor;
mod layout;
mod lifecycle_image;
mod sbom;
mod tarball;
mod target;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use image_store::LayoutStore;

use arguments::Arguments;
use contents::Contents;
use descriptor::VERSION;

/// The status of a failure.
const FAILED: u8 = 1;

/// Runs the program from its arguments, of which the first is its own name, to its exit status: 1 for
/// failures, 2 for unusable arguments.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing is left to be done where even this cannot be printed.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(FAILED));
        }
    };
    match make(&arguments).and_then(|told| Ok(std::io::stdout().write_all(told.as_bytes())?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "ERROR: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

/// Makes all packages; returns what is to be told of them.
fn make(arguments: &Arguments) -> Result<String> {
    let output = &arguments.output;
    fs_err::create_dir_all(output)?;
    let scratch = tempfile::tempdir_in(output).context("cannot make a temporary directory")?;
    let store = LayoutStore::new(&scratch.path().join("images"))?;
    let (mut files, mut images, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for executables in &arguments.executables {
        let scratch = scratch.path().join(executables.target.triple());
        fs_err::create_dir(&scratch)?;
        let contents = Contents::gather(executables, &arguments.names, &arguments.workspace, &scratch)?;
        files.push(tarball::write(&contents, &scratch, output)?);
        images.push(lifecycle_image::write(
            &contents,
            arguments.ca_certificates.as_deref(),
            &scratch,
            &store,
        )?);
        let (count, bytes) = contents.executables()?;
        let architecture = contents.target.architecture();
        told.push(format!("linux/{architecture}: {count} executables, {} together", megabytes(bytes)));
    }
    let image = output.join(format!("lifecycle-v{VERSION}-image"));
    replace_layout(&images, &scratch.path().join("image"), &image)?;
    let packed = image.with_file_name(format!("lifecycle-v{VERSION}-image.tar"));
    layout::pack(&image, &packed)?;
    files.push(packed);
    for file in &files {
        checksum::write_beside(file)?;
        told.push(format!("{}: {}", file.display(), megabytes(fs_err::metadata(file)?.len())));
    }
    told.push(format!("{}/: an OCI layout, tag {VERSION}\n", image.display()));
    Ok(told.join("\n"))
}

/// Puts a new layout where an older one may be.
fn replace_layout(images: &[image_store::StoredImage], new: &Path, place: &Path) -> Result<()> {
    layout::write(images, VERSION, new)?;
    if place.exists() {
        fs_err::remove_dir_all(place)?;
    }
    Ok(fs_err::rename(new, place)?)
}

/// A number of bytes for people, in units of 10^6.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_add(50_000) / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
