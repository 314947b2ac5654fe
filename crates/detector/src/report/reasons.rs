//! Why a member of a group passed or did not, in words.

use buildpack::detect::DetectResult;
use spec_model::plan::PlanSections;

use crate::attempt::{Attempt, Tested, Verdict};
use crate::resolve::{Fitness, Purpose};
use crate::trial::{Objection, Reason};

/// Finds the words.
pub(super) struct Reasons<'a> {
    pub(super) purpose: Purpose<'a>,
    pub(super) attempt: &'a Attempt,
}

/// `pass: <id>@<version>` and the like, with the exit status of one that is at fault by it.
pub(super) fn status(tested: &Tested) -> String {
    let name = tested.candidate.member.name();
    match tested.verdict() {
        Verdict::Pass => format!("pass: {name}"),
        Verdict::Fail => format!("fail: {name}"),
        Verdict::Skip => format!("skip: {name}"),
        Verdict::Error => match fault(tested).and_then(buildpack::detect::DetectFault::status) {
            Some(status) => format!("err:  {name} ({status})"),
            None => format!("err:  {name}"),
        },
    }
}

impl Reasons<'_> {
    /// Why; empty for one that simply passed.
    pub(super) fn of(&self, tested: &Tested) -> String {
        let candidate = &tested.candidate;
        let optional = if candidate.member.optional { "optional; " } else { "" };
        match (&candidate.fitness, tested.detection.as_deref().map(|detection| &detection.result)) {
            (Fitness::OtherExecEnv(allowed), _) => format!(
                "is for execution environment {}, this build is for {}",
                allowed.join(" or "),
                self.purpose.exec_env.unwrap_or_default()
            ),
            (_, Some(DetectResult::Fail)) => {
                format!("{optional}does not apply: bin/detect ended with status 100")
            }
            (_, Some(DetectResult::Error(fault))) => format!("{optional}{fault}"),
            (Fitness::OtherTarget, _) => "although its targets do not include that of the build".to_owned(),
            (Fitness::Fits, Some(DetectResult::Pass(_)) | None) => String::new(),
        }
    }

    /// `fail: <id>@<version> requires <dependency>, …` and the like.
    pub(super) fn objection(&self, objection: &Objection) -> String {
        let name = self.attempt.members.get(objection.member).map(|tested| tested.candidate.member.name());
        let name = name.unwrap_or_default();
        let verdict = if objection.dropped { "skip" } else { "fail" };
        let dependency = &objection.dependency;
        let (verb, passive, earlier_or_later) = match objection.reason {
            Reason::NotProvided => ("requires", "provides", "later"),
            Reason::NotRequired => ("provides unused", "requires", "earlier"),
        };
        let others = self.others(objection);
        let names = others.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ");
        let is_out_of_order = |place: usize| match objection.reason {
            Reason::NotProvided => place > objection.member,
            Reason::NotRequired => place < objection.member,
        };
        let why = if others.is_empty() {
            format!("which no buildpack that passed {passive}")
        } else if others.iter().all(|(place, _)| is_out_of_order(*place)) {
            format!("which only {names} {passive}, {earlier_or_later} in the group")
        } else {
            format!("which {names} {passive}, but not in this combination")
        };
        format!("{verdict}: {name} {verb} {dependency}, {why}")
    }

    /// Other members that passed and that provide what is required, or require what is provided, in any of
    /// their alternatives: place and name.
    fn others(&self, objection: &Objection) -> Vec<(usize, String)> {
        let dependency = &objection.dependency;
        let helps = |sections: &PlanSections| match objection.reason {
            Reason::NotProvided => sections.provides.iter().any(|provide| provide.name == *dependency),
            Reason::NotRequired => sections.requires.iter().any(|require| require.name == *dependency),
        };
        let members = self.attempt.members.iter().enumerate();
        members
            .filter(|(place, _)| *place != objection.member)
            .filter(|(_, tested)| match tested.detection.as_deref().map(|detection| &detection.result) {
                Some(DetectResult::Pass(plan)) => plan.clone().alternatives().iter().any(helps),
                Some(DetectResult::Fail | DetectResult::Error(_)) | None => false,
            })
            .map(|(place, tested)| (place, tested.candidate.member.name()))
            .collect()
    }
}

fn fault(tested: &Tested) -> Option<&buildpack::detect::DetectFault> {
    match &tested.detection.as_deref()?.result {
        DetectResult::Error(fault) => Some(fault),
        DetectResult::Pass(_) | DetectResult::Fail => None,
    }
}
