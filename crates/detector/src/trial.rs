//! Build plan resolution: which of a group's members take part, and who provides what to whom.
//!
//! What enters are the build plans of the members that passed; what leaves is the first combination of
//! their alternatives that holds, or why none does. Pure. Spec: buildpack.md § Phase #1: Detection (trials).

mod dependencies;
mod hopeless;

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
    /// What was held against members, each objection once: first those against alternatives that hold in no
    /// combination, then in the order of the trials. Of the accepted trial these are the last ones.
    pub(crate) objections: Vec<Objection>,
    /// How many combinations were looked at; none if a member has no alternative that could hold.
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
///
/// Alternatives that hold in no combination are left out beforehand: the number of combinations grows fast
/// with that of alternatives, and most groups that fail do so because of them.
pub(crate) fn resolve(contributions: &[Contribution]) -> Resolution {
    let (choices, hopeless) = hopeless::set_apart(&choices(contributions));
    let is_out = |member: usize| choices.get(member).is_some_and(Vec::is_empty);
    if choices.iter().any(Vec::is_empty) {
        let objections = hopeless.into_iter().filter(|objection| is_out(objection.member)).collect();
        return Resolution { accepted: None, objections, trials: 0 };
    }
    let mut trials = Trials {
        choices,
        chosen: Vec::new(),
        resolution: Resolution { accepted: None, objections: hopeless, trials: 0 },
    };
    trials.choose_from(0);
    trials.resolution
}

/// The choices there are for each member.
fn choices(contributions: &[Contribution]) -> Vec<Vec<Choice<'_>>> {
    contributions
        .iter()
        .enumerate()
        .map(|(index, contribution)| {
            let last = contribution.alternatives.len().saturating_sub(1);
            let choice = |(alternative, sections)| Choice {
                index,
                contribution,
                sections,
                optional: contribution.optional && alternative == last,
            };
            contribution.alternatives.iter().enumerate().map(choice).collect()
        })
        .collect()
}

struct Trials<'a> {
    choices: Vec<Vec<Choice<'a>>>,
    chosen: Vec<Choice<'a>>,
    resolution: Resolution,
}

impl Trials<'_> {
    /// Goes through the choices for the member at `index` and for all behind it; tells whether a
    /// combination was accepted.
    fn choose_from(&mut self, index: usize) -> bool {
        let Some(choices) = self.choices.get(index).cloned() else { return self.try_chosen() };
        for choice in choices {
            self.chosen.push(choice);
            let accepted = self.choose_from(index + 1);
            self.chosen.pop();
            if accepted {
                return true;
            }
        }
        false
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
