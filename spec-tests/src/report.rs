//! Tells what was found: to a person, and to programs.

mod json;
mod junit;
mod markdown;
mod matrix;
mod text;

use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;

use crate::arguments::{Arguments, Selection};
use crate::clauses::Table;
use crate::results::Results;

/// Tells the results, and writes the files that are asked for.
pub(crate) fn write(table: &Table, results: &Results, arguments: &Arguments) -> Result<()> {
    if let Some(file) = &arguments.json {
        replace(file, &json::document(results))?;
    }
    if let Some(file) = &arguments.junit {
        replace(file, &junit::document(results))?;
    }
    if let Some(file) = &arguments.markdown {
        replace(file, &markdown::document(results))?;
    }
    say(&text::document(table, results));
    Ok(())
}

/// Lists the clauses with their tests.
pub(crate) fn list(table: &Table, selection: &Selection) {
    say(&text::list(table, selection));
}

/// Replaces a file whole or not at all.
fn replace(file: &Path, text: &str) -> Result<()> {
    let directory = file.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    temporary.write_all(text.as_bytes())?;
    temporary.persist(file)?;
    Ok(())
}

fn say(text: &str) {
    // Who closes the output has read enough.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// Tells an error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
