//! Build plan resolution: which of a group's members take part, and who provides what to whom.
//!
//! What enters are the build plans of the members that passed; what leaves is the first combination of
//! their alternatives that holds, or why none does. Pure. Spec: buildpack.md § Phase #1: Detection (trials).

mod dependencies;

use spec_model::plan::{PlanEntry, PlanSections};

use dependencies::Dependencies;

/// What one member of a group contributes.
#[derive(Debug, Clone)]
pub(crate) struct Contribution {
    /// Whether the group may pass without it.
    pub(crate) optional: bool,
    /// Whether it is a buildpack; extensions alone make no build.
    pub(crate) is_buildpack: bool,
    /// How it appears in `plan.toml`.
    pub(crate) provider: spec_model::plan::Provider,
    /// Its build plans, in the order in which they are tried.
    pub(crate) alternatives: Vec<PlanSections>,
}

/// A member chosen for a trial, with one of its build plans.
#[derive(Debug, Clone, Copy)]
struct Choice<'a> {
    index: usize,
    contribution: &'a Contribution,
    sections: &'a PlanSections,
    /// Whether it may be dropped from this trial: only with its last alternative.
    optional: bool,
}

/// Why a member cannot take part in a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Objection {
    /// The member's place among the contributions.
    pub(crate) member: usize,
    /// The dependency.
    pub(crate) dependency: String,
    /// What is wrong about it.
    pub(crate) reason: Reason,
    /// Whether the trial goes on without the member.
    pub(crate) dropped: bool,
}

/// What is wrong about a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Neither the member itself nor one before it provides what it requires.
    NotProvided,
    /// Neither the member itself nor one behind it requires what it provides.
    NotRequired,
}

/// What became of all trials.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resolution {
    /// The combination that holds, if one does.
    pub(crate) accepted: Option<Accepted>,
    /// What was held against members, each objection once, in the order of the trials. Of the accepted
    /// trial these are the last ones.
    pub(crate) objections: Vec<Objection>,
    /// How many combinations were looked at.
    pub(crate) trials: usize,
}

/// A combination that holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Accepted {
    /// The places of the members that take part.
    pub(crate) members: Vec<usize>,
    /// The build plan, in the order in which dependencies are first provided.
    pub(crate) entries: Vec<PlanEntry>,
}

/// Tries the combinations of alternatives, depth first from left to right, until one holds.
pub(crate) fn resolve(contributions: &[Contribution]) -> Resolution {
    let mut trials = Trials {
        contributions,
        chosen: Vec::new(),
        resolution: Resolution { accepted: None, objections: Vec::new(), trials: 0 },
    };
    trials.choose_from(0);
    trials.resolution
}

struct Trials<'a> {
    contributions: &'a [Contribution],
    chosen: Vec<Choice<'a>>,
    resolution: Resolution,
}

impl Trials<'_> {
    /// Goes through the alternatives of the member at `index` and of all behind it; tells whether a
    /// combination was accepted.
    fn choose_from(&mut self, index: usize) -> bool {
        let Some(contribution) = self.contributions.get(index) else { return self.try_chosen() };
        let last = contribution.alternatives.len().saturating_sub(1);
        for (alternative, sections) in contribution.alternatives.iter().enumerate() {
            let optional = contribution.optional && alternative == last;
            self.chosen.push(Choice { index, contribution, sections, optional });
            let accepted = if self.is_hopeless() { false } else { self.choose_from(index + 1) };
            self.chosen.pop();
            if accepted {
                return true;
            }
        }
        false
    }

    /// Whether the last choice fails every trial, whatever is chosen behind it: nothing provides what it
    /// requires, and members can only be dropped, not added. This keeps the number of trials small.
    fn is_hopeless(&mut self) -> bool {
        let Some(last) = self.chosen.last().filter(|choice| !choice.optional) else { return false };
        let is_provided = |name: &str| {
            self.chosen
                .iter()
                .any(|choice| choice.sections.provides.iter().any(|provide| provide.name == name))
        };
        let missing = last.sections.requires.iter().find(|require| !is_provided(&require.name));
        let objection = missing.map(|require| Objection {
            member: last.index,
            dependency: require.name.clone(),
            reason: Reason::NotProvided,
            dropped: false,
        });
        if objection.is_some() {
            self.resolution.trials += 1;
        }
        let hopeless = objection.is_some();
        self.object(objection);
        hopeless
    }

    /// Drops optional members until every dependency is provided and required, or a required member is in
    /// the way. Dropping one never helps another, so the order in which that happens does not matter.
    fn try_chosen(&mut self) -> bool {
        self.resolution.trials += 1;
        let mut kept = self.chosen.clone();
        let mut dropped = Vec::new();
        loop {
            let dependencies = Dependencies::of(&kept);
            let objections = dependencies.objections();
            if objections.is_empty() {
                self.object(dropped);
                if !kept.iter().any(|choice| choice.contribution.is_buildpack) {
                    return false;
                }
                let members = kept.iter().map(|choice| choice.index).collect();
                self.resolution.accepted = Some(Accepted { members, entries: dependencies.into_entries() });
                return true;
            }
            if objections.iter().any(|objection| !objection.dropped) {
                self.object(dropped);
                self.object(objections.into_iter().filter(|objection| !objection.dropped));
                return false;
            }
            kept.retain(|choice| objections.iter().all(|objection| objection.member != choice.index));
            dropped.extend(objections);
        }
    }

    fn object(&mut self, objections: impl IntoIterator<Item = Objection>) {
        for objection in objections {
            // Of the same objection the last one counts, so that those of the accepted trial come last.
            self.resolution.objections.retain(|known| *known != objection);
            self.resolution.objections.push(objection);
        }
    }
}

#[cfg(test)]
mod tests;
