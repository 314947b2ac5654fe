//! The logger: info and debug to standard output, warnings and errors to standard error, one plain line
//! each. Spec: platform.md § Usage (Outputs).

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use log::{Level, LevelFilter, Log, Metadata, Record};

/// A log level that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no log level; use debug, info, warn or error")]
pub(crate) struct UnknownLevel(String);

/// Reads a level as platforms write it.
pub(crate) fn level(text: &str) -> Result<LevelFilter, UnknownLevel> {
    match text {
        "debug" => Ok(LevelFilter::Debug),
        "info" => Ok(LevelFilter::Info),
        "warn" | "warning" => Ok(LevelFilter::Warn),
        "error" | "fatal" => Ok(LevelFilter::Error),
        other => Err(UnknownLevel(other.to_owned())),
    }
}

struct Logger;

/// Whether the user wants no colours; unknown until the command line is parsed.
static PLAIN: AtomicBool = AtomicBool::new(true);

/// Installs the logger, or changes what was said of it. Colours appear on terminals only, and not if the
/// user wants none.
pub(crate) fn install(level: LevelFilter, plain: bool) {
    PLAIN.store(plain, Ordering::Relaxed);
    // It fails when the logger is there already, which is fine.
    let _ = log::set_logger(&Logger);
    log::set_max_level(level);
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level() && !is_foreign(metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let coloured = !PLAIN.load(Ordering::Relaxed);
        let out = coloured && std::io::stdout().is_terminal();
        let err = coloured && std::io::stderr().is_terminal();
        let line = match (record.level(), err) {
            (Level::Error, true) => format!("\x1b[1;31mERROR:\x1b[0m {}\n", record.args()),
            (Level::Error, false) => format!("ERROR: {}\n", record.args()),
            (Level::Warn, true) => format!("\x1b[1;33mWarning:\x1b[0m {}\n", record.args()),
            (Level::Warn, false) => format!("Warning: {}\n", record.args()),
            _ if out && record.target() == HEADING => format!("\x1b[36m{}\x1b[0m\n", record.args()),
            _ => format!("{}\n", record.args()),
        };
        // A reader that went away is no reason to end a build.
        let _ = match record.level() {
            Level::Error | Level::Warn => std::io::stderr().lock().write_all(line.as_bytes()),
            _ => {
                let mut out = std::io::stdout().lock();
                out.write_all(line.as_bytes()).and_then(|()| out.flush())
            }
        };
    }

    fn flush(&self) {}
}

/// Whether a line is of a library that tells of headers and handshakes: nothing for users, and some of it
/// secret.
fn is_foreign(target: &str) -> bool {
    ["ureq", "rustls"].iter().any(|library| target.starts_with(library))
}

/// The log target of headings, which are coloured.
pub(crate) const HEADING: &str = "heading";
