//! One group put to the test: first `bin/detect` of its members, then its build plan.

use std::sync::Arc;

use buildpack::detect::{DetectResult, Detection};
use spec_model::group::{Group, GroupElement};
use spec_model::plan::{Plan, Provider};

use crate::resolve::Candidate;
use crate::trial::{self, Accepted, Contribution, Objection, Resolution};

/// What became of a group.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// Its members.
    pub(crate) members: Vec<Tested>,
    /// The outcome.
    pub(crate) outcome: Outcome,
}

/// A member of a group and what it said.
#[derive(Debug)]
pub(crate) struct Tested {
    pub(crate) candidate: Candidate,
    /// None if it does not take part.
    pub(crate) detection: Option<Arc<Detection>>,
}

/// How a group did.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A required member did not pass.
    RequiredFailed,
    /// No buildpack passed.
    NonePassed,
    /// The build plan was tried, and perhaps accepted.
    Planned(Planned),
}

/// What became of a group's build plan. Objections refer to places in [`Attempt::members`].
#[derive(Debug)]
pub(crate) struct Planned {
    /// The group and plan, if the build plan was accepted.
    pub(crate) selection: Option<Selection>,
    /// What was held against members.
    pub(crate) objections: Vec<Objection>,
    /// How many combinations of alternatives were looked at.
    pub(crate) trials: usize,
}

/// What detection results in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selection {
    pub(crate) group: Group,
    pub(crate) plan: Plan,
    /// The places of those that take part.
    pub(crate) members: Vec<usize>,
}

/// How a member did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It passed.
    Pass,
    /// It is required and does not apply.
    Fail,
    /// The group goes on without it.
    Skip,
    /// It is at fault.
    Error,
}

impl Tested {
    pub(crate) fn verdict(&self) -> Verdict {
        match self.detection.as_deref().map(|detection| &detection.result) {
            None => Verdict::Skip,
            Some(DetectResult::Pass(_)) => Verdict::Pass,
            Some(DetectResult::Fail) if self.candidate.member.optional => Verdict::Skip,
            Some(DetectResult::Fail) => Verdict::Fail,
            Some(DetectResult::Error(_)) => Verdict::Error,
        }
    }

    fn contribution(&self) -> Option<Contribution> {
        let member = &self.candidate.member;
        match &self.detection.as_deref()?.result {
            DetectResult::Pass(plan) => Some(Contribution {
                optional: member.optional,
                is_buildpack: self.candidate.is_buildpack(),
                provider: Provider {
                    id: member.id.clone(),
                    version: member.version.clone(),
                    extension: !self.candidate.is_buildpack(),
                },
                alternatives: plan.clone().alternatives(),
            }),
            DetectResult::Fail | DetectResult::Error(_) => None,
        }
    }

    fn group_element(&self) -> GroupElement {
        GroupElement {
            id: self.candidate.member.id.clone(),
            version: self.candidate.member.version.clone(),
            api: self.candidate.descriptor.declared_api.clone(),
            homepage: self.candidate.descriptor.homepage.clone(),
            optional: false,
        }
    }
}

impl Attempt {
    /// Judges a group by what its members said.
    pub(crate) fn new(members: Vec<Tested>) -> Self {
        let stops = |tested: &Tested| !tested.candidate.member.optional && tested.candidate.takes_part();
        let outcome = if members.iter().any(|tested| stops(tested) && tested.verdict() != Verdict::Pass) {
            Outcome::RequiredFailed
        } else if !members
            .iter()
            .any(|tested| tested.candidate.is_buildpack() && tested.verdict() == Verdict::Pass)
        {
            Outcome::NonePassed
        } else {
            Outcome::Planned(plan(&members))
        };
        Self { members, outcome }
    }

    /// The group and plan, if all went well.
    pub(crate) fn selection(&self) -> Option<&Selection> {
        match &self.outcome {
            Outcome::Planned(planned) => planned.selection.as_ref(),
            Outcome::RequiredFailed | Outcome::NonePassed => None,
        }
    }
}

fn plan(members: &[Tested]) -> Planned {
    let (places, contributions): (Vec<usize>, Vec<Contribution>) = members
        .iter()
        .enumerate()
        .filter_map(|(place, tested)| Some((place, tested.contribution()?)))
        .unzip();
    let place = |index: usize| places.get(index).copied().unwrap_or_default();
    let Resolution { accepted, mut objections, trials } = trial::resolve(&contributions);
    for objection in &mut objections {
        objection.member = place(objection.member);
    }
    let selection = accepted.map(|Accepted { members: accepted, entries }| {
        let accepted: Vec<usize> = accepted.into_iter().map(place).collect();
        let (group, extensions): (Vec<_>, Vec<_>) = accepted
            .iter()
            .filter_map(|place| members.get(*place))
            .partition(|tested| tested.candidate.is_buildpack());
        let elements = |tested: Vec<&Tested>| tested.into_iter().map(Tested::group_element).collect();
        let group = Group { group: elements(group), extensions: elements(extensions) };
        Selection { group, plan: Plan { entries }, members: accepted }
    });
    Planned { selection, objections, trials }
}
