//! The command line.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};

use crate::tree::{Source, Tree};

/// What is to be measured, and how.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// The directory of the executables.
    pub(crate) lifecycle: PathBuf,
    /// The directory of the executables beside them.
    pub(crate) against: Option<PathBuf>,
    /// Where everything is written.
    pub(crate) directory: PathBuf,
    /// Runs of each case.
    pub(crate) runs: usize,
    /// Starts in one run of the cases of start-up.
    pub(crate) starts: usize,
    /// Part of the names of the cases to run.
    pub(crate) filter: String,
    /// The file for the figures as JSON.
    pub(crate) json: Option<PathBuf>,
    /// The large layer's content.
    pub(crate) source: Source,
    /// The sizes of what is made when it is wanted.
    pub(crate) sizes: Sizes,
}

/// Sizes in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Of the giant layer; without it the case of that layer is left out.
    pub(crate) giant: u64,
    /// Of the root file system that is extended.
    pub(crate) root: u64,
}

impl Arguments {
    /// Parses the process's arguments; ends the process on `--help` and if they are wrong.
    pub(crate) fn of_process() -> Self {
        let mut matches = command().get_matches();
        let tree = matches.remove_one("generated-files").map(|files| Tree { files, bytes: files * 24_000 });
        Self {
            lifecycle: matches.remove_one("lifecycle").unwrap_or_default(),
            against: matches.remove_one("against"),
            directory: matches
                .remove_one("directory")
                .or_else(|| std::env::var_os("BENCH_DIR").map(PathBuf::from))
                .unwrap_or_else(|| PathBuf::from("target/bench")),
            runs: matches.remove_one("runs").unwrap_or(1).max(1),
            starts: matches.remove_one("starts").unwrap_or(1).max(1),
            filter: matches.remove_one("filter").unwrap_or_default(),
            json: matches.remove_one("json"),
            sizes: Sizes {
                giant: matches.remove_one("giant-layer").unwrap_or(0),
                root: matches.remove_one("root").unwrap_or(0),
            },
            source: tree.map_or(Source::Npm, Source::Generated),
        }
    }
}

fn command() -> Command {
    let path = |name: &'static str| option(name).value_parser(value_parser!(PathBuf)).value_name("DIR");
    let number = |name: &'static str| option(name).value_parser(value_parser!(usize)).value_name("N");
    Command::new("bench")
        .about("Measures phase executables, whole processes, and compares them with others")
        .arg(path("lifecycle").required(true).help("Directory of the executables"))
        .arg(path("against").help("Directory of executables to run beside them, in turn"))
        .arg(
            path("directory")
                .help("Where inputs are kept and all is written [default: $BENCH_DIR, or target/bench]"),
        )
        .arg(number("runs").default_value("3").help("Runs of each case"))
        .arg(number("starts").default_value("240").help("Starts in one run of the start-up cases"))
        .arg(option("filter").value_name("TEXT").help("Only cases with this in their names"))
        .arg(
            option("json")
                .value_parser(value_parser!(PathBuf))
                .value_name("FILE")
                .help("Writes all runs here, too"),
        )
        .arg(
            option("generated-files")
                .value_parser(value_parser!(u64))
                .value_name("N")
                .help("Measures on N generated files instead of the npm tree"),
        )
        .arg(
            option("root")
                .value_parser(value_parser!(u64))
                .value_name("BYTES")
                .default_value("1000000000")
                .help("The size of the root file system that is extended"),
        )
        .arg(
            option("giant-layer")
                .value_parser(value_parser!(u64))
                .value_name("BYTES")
                .help("Also exports a layer of that size, which takes up to four times the room on disk"),
        )
}

fn option(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::Set)
}
