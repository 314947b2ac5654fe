//! SHA-256 sums of files.

use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};
use spec_model::Digest;

/// The sum of bytes in hexadecimal digits.
pub(crate) fn of(bytes: &[u8]) -> String {
    Digest::from_sha256(Sha256::digest(bytes).into()).hex().to_owned()
}

/// The sum of a file in hexadecimal digits.
pub(crate) fn of_file(path: &Path) -> Result<String> {
    let (mut file, mut hash) = (BufReader::new(fs_err::File::open(path)?), Sha256::new());
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            return Ok(Digest::from_sha256(hash.finalize().into()).hex().to_owned());
        }
        hash.update(bytes);
        let count = bytes.len();
        file.consume(count);
    }
}

/// Writes a file's sum beside it, as `sha256sum -c` reads it.
pub(crate) fn write_beside(path: &Path) -> Result<()> {
    let name = path.file_name().context("a file has a name")?.to_string_lossy();
    let beside = path.with_file_name(format!("{name}.sha256"));
    fs_err::write(&beside, format!("{}  {name}\n", of_file(path)?))?;
    Ok(())
}
