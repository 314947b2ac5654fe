//! The command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use spec_model::{BuildpackApi, PlatformApi};

use crate::clauses::{Clause, Phase, Tier};
use crate::store::Store;

/// What is to be run, and where results go.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// The directory of the executables under test.
    pub(crate) lifecycle: PathBuf,
    pub(crate) selection: Selection,
    /// The address of a registry over HTTP that is there already.
    pub(crate) registry: Option<String>,
    /// How many tests run at a time.
    pub(crate) jobs: Option<usize>,
    /// Deviations that are known and accepted.
    pub(crate) known: Option<PathBuf>,
    /// Failures of all kinds, and skips, count.
    pub(crate) strict: bool,
    pub(crate) json: Option<PathBuf>,
    pub(crate) junit: Option<PathBuf>,
    pub(crate) markdown: Option<PathBuf>,
    /// Only tell what there is.
    pub(crate) list: bool,
}

/// Which clauses and tests are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) platform: Option<PlatformApi>,
    pub(crate) buildpack: Option<BuildpackApi>,
    pub(crate) phase: Option<Phase>,
    pub(crate) store: Option<Store>,
    /// Tiers; all if empty.
    pub(crate) tiers: Vec<Tier>,
    /// A part of the ids of clauses or of the names of tests.
    pub(crate) filter: String,
}

impl Selection {
    /// Whether a clause is wanted, whatever its tests are called.
    pub(crate) fn takes(&self, clause: &Clause) -> bool {
        self.phase.is_none_or(|phase| clause.phases.contains(&phase))
            && (self.tiers.is_empty() || self.tiers.contains(&clause.kind.tier()))
            && self.platform.is_none_or(|api| clause.platform.is_none_or(|versions| versions.contains(&api)))
            && self
                .buildpack
                .is_none_or(|api| clause.buildpack.is_none_or(|versions| versions.contains(&api)))
    }

    /// Whether a test is wanted for a clause.
    pub(crate) fn takes_test(&self, clause: &Clause, test: &str) -> bool {
        clause.id.contains(&self.filter) || test.contains(&self.filter)
    }
}

impl Arguments {
    /// Parses the process's arguments; ends the process on `--help` and if they are wrong.
    pub(crate) fn of_process() -> Self {
        let mut matches = command().get_matches();
        let selection = Selection {
            platform: matches.remove_one("platform-api"),
            buildpack: matches.remove_one("buildpack-api"),
            phase: matches.remove_one("phase"),
            store: matches.remove_one("store"),
            tiers: matches.remove_many("tier").into_iter().flatten().collect(),
            filter: matches.remove_one("filter").unwrap_or_default(),
        };
        let path = |matches: &mut ArgMatches, name| matches.remove_one::<PathBuf>(name);
        Self {
            lifecycle: path(&mut matches, "lifecycle").unwrap_or_default(),
            selection,
            registry: matches.remove_one("registry"),
            jobs: matches.remove_one("jobs"),
            known: path(&mut matches, "known"),
            strict: matches.get_flag("strict"),
            json: path(&mut matches, "json"),
            junit: path(&mut matches, "junit"),
            markdown: path(&mut matches, "markdown"),
            list: matches.get_flag("list"),
        }
    }
}

fn command() -> Command {
    let option = |name: &'static str, value: &'static str| Arg::new(name).long(name).value_name(value);
    let path =
        |name: &'static str, value: &'static str| option(name, value).value_parser(value_parser!(PathBuf));
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    Command::new("spec-tests")
        .about("Tests a Cloud Native Buildpacks lifecycle against what the specification demands, clause by clause")
        .after_help(
            "The exit status is 0 if every MUST is kept, 1 if one is not, and 2 if the suite cannot run.\n\
             It is best run as root; what needs root is skipped otherwise.",
        )
        .arg(
            path("lifecycle", "DIR")
                .required_unless_present("list")
                .help("Directory of the executables: analyzer, detector, restorer, …"),
        )
        .arg(option("platform-api", "VERSION").value_parser(PlatformApi::from_str).help("Only this Platform API"))
        .arg(option("buildpack-api", "VERSION").value_parser(BuildpackApi::from_str).help("Only this Buildpack API"))
        .arg(option("phase", "NAME").value_parser(named(&Phase::ALL)).help("Only clauses that bind this executable"))
        .arg(
            option("store", "NAME")
                .value_parser(named(&Store::ALL))
                .help("Images in this store only: layout, registry or daemon [default: whichever a test needs]"),
        )
        .arg(
            option("tier", "NAME")
                .value_parser(named(&Tier::ALL))
                .action(ArgAction::Append)
                .help("Only this tier: spec, de-facto, robustness or bytes; may be given several times"),
        )
        .arg(option("filter", "TEXT").help("Only clauses or tests with this in their names"))
        .arg(option("registry", "ADDRESS").help("A registry over HTTP to use; without it, docker-registry is started"))
        .arg(option("jobs", "N").value_parser(value_parser!(usize)).help("Tests at a time [default: two a core]"))
        .arg(path("known", "FILE").help("TOML file of deviations that are known, with reasons"))
        .arg(switch("strict").help("Let broken SHOULDs, tiers beside the specification and skipped tests count, too"))
        .arg(path("json", "FILE").help("Write results as JSON"))
        .arg(path("junit", "FILE").help("Write results as JUnit's XML"))
        .arg(path("markdown", "FILE").help("Write the matrix of sections and versions as Markdown"))
        .arg(switch("list").help("List the clauses with their tests, and run nothing"))
}

/// A parser of the names of a closed set.
fn named<T: fmt::Display + Copy + Send + Sync + 'static>(
    all: &'static [T],
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |name| {
        let names = || all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let found = all.iter().find(|known| known.to_string() == name);
        found.copied().ok_or_else(|| format!("it is one of: {}", names()))
    }
}
