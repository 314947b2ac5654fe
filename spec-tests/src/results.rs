//! What the runs of the tests mean for each clause.

use std::collections::{BTreeMap, BTreeSet};

use crate::arguments::Arguments;
use crate::clauses::{Clause, Document, Kind, Table, Tier};
use crate::known::Deviations;
use crate::plan::Job;
use crate::verdict::Failure;

/// How the run of a test ended.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// What it looks at is as demanded.
    Kept,
    /// It is not; with what was run.
    Failed(Failure, Vec<String>),
    /// It cannot be run here.
    Skipped(String),
    /// It could not be run to its end, which says nothing about the lifecycle.
    Broken(String, Vec<String>),
}

/// What is known of a clause in a version, or altogether.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// No test can tell.
    Untestable,
    /// No test of it was run.
    NotRun,
    /// No test of it could be run here.
    Skipped,
    /// All its tests found it kept.
    Kept,
    /// It is not kept, as is known.
    Known,
    /// A test could not be run to its end.
    Broken,
    /// It is not kept.
    Failed,
}

/// A clause with what was found.
#[derive(Debug)]
pub(crate) struct ClauseResult {
    pub(crate) clause: Clause,
    /// By version of its document.
    pub(crate) versions: BTreeMap<Version, State>,
    /// What was found that is not as it should be, by the numbers of the runs.
    pub(crate) faults: Vec<usize>,
    /// It is said not to be kept, but is.
    pub(crate) is_wrongly_known: bool,
}

/// A version in the order of versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(usize, pub(crate) &'static str);

/// All that was found.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) clauses: Vec<ClauseResult>,
    pub(crate) runs: Vec<(Job, Outcome)>,
    is_strict: bool,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Untestable => "not testable",
            Self::NotRun => "not run",
            Self::Skipped => "skipped",
            Self::Kept => "kept",
            Self::Known => "known deviation",
            Self::Broken => "error of the test",
            Self::Failed => "failed",
        }
    }
}

impl ClauseResult {
    /// The worst of all versions.
    pub(crate) fn state(&self) -> State {
        let state = self.versions.values().max().copied();
        let without = if self.clause.untestable.is_some() { State::Untestable } else { State::NotRun };
        if self.is_wrongly_known { State::Failed } else { state.unwrap_or(without) }
    }

    /// The versions in which it has a state.
    pub(crate) fn versions_with(&self, state: State) -> Vec<&'static str> {
        self.versions.iter().filter(|(_, found)| **found == state).map(|(version, _)| version.1).collect()
    }
}

impl Results {
    pub(crate) fn new(
        table: &Table,
        runs: Vec<(Job, Outcome)>,
        known: &Deviations,
        arguments: &Arguments,
    ) -> Self {
        let wanted = table.clauses().iter().filter(|clause| arguments.selection.takes(clause));
        let filter = &arguments.selection.filter;
        let wanted = wanted.filter(|clause| {
            clause.id.contains(filter) || clause.tests.iter().any(|test| test.contains(filter))
        });
        let clauses = wanted.map(|clause| result(clause, &runs, known)).collect();
        Self { clauses, runs, is_strict: arguments.strict }
    }

    /// Whether all that counts is kept.
    pub(crate) fn conforms(&self) -> bool {
        let counts = |result: &&ClauseResult| {
            self.is_strict || matches!(result.clause.kind, Kind::Must | Kind::MustNot)
        };
        let mut counted = self.clauses.iter().filter(counts);
        let bad = |state: State| state > State::Known || (self.is_strict && state == State::Skipped);
        !counted.any(|result| bad(result.state()))
    }

    /// How many clauses of a tier are in each state.
    pub(crate) fn counts(&self, of: impl Fn(&Clause) -> bool) -> BTreeMap<State, usize> {
        let mut counts = BTreeMap::new();
        for result in self.clauses.iter().filter(|result| of(&result.clause)) {
            *counts.entry(result.state()).or_default() += 1;
        }
        counts
    }

    /// The tiers of which there are clauses.
    pub(crate) fn tiers(&self) -> BTreeSet<Tier> {
        self.clauses.iter().map(|result| result.clause.kind.tier()).collect()
    }
}

fn result(clause: &Clause, runs: &[(Job, Outcome)], known: &Deviations) -> ClauseResult {
    let mut versions: BTreeMap<Version, State> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut deviates = false;
    for (number, (job, outcome)) in runs.iter().enumerate() {
        let is_named = clause.tests.iter().any(|test| test == job.test.name());
        if !is_named || !clause.holds_in(job.platform, job.buildpack) {
            continue;
        }
        let version = version(clause, job);
        let state = match outcome {
            Outcome::Kept => State::Kept,
            Outcome::Skipped(_) => State::Skipped,
            Outcome::Failed(..) if known.has(&clause.id, version.1) => State::Known,
            Outcome::Failed(..) => State::Failed,
            Outcome::Broken(..) => State::Broken,
        };
        deviates |= state == State::Known;
        if state > State::Known {
            faults.push(number);
        }
        let worst = versions.entry(version).or_insert(state);
        *worst = state.max(*worst);
    }
    let was_run = versions.values().any(|state| *state >= State::Kept);
    let is_wrongly_known =
        was_run && !deviates && faults.is_empty() && known.clauses().any(|id| id == clause.id);
    ClauseResult { clause: clause.clone(), versions, faults, is_wrongly_known }
}

/// The version of the clause's document that a run is of.
fn version(clause: &Clause, job: &Job) -> Version {
    let by_platform = match clause.document {
        Document::Platform | Document::Practice | Document::Robustness => clause.platform.is_some(),
        Document::Buildpack | Document::ImageExtension => clause.buildpack.is_none(),
    };
    if by_platform {
        Version(job.platform as usize, job.platform.as_str())
    } else {
        Version(job.buildpack as usize, job.buildpack.as_str())
    }
}
