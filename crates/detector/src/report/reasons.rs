//! Why a member of a group passed or did not, in words.

use buildpack::detect::DetectResult;
use buildpack::target;

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
        let optional = if candidate.member.optional { "optional, " } else { "" };
        let reason =
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
                (_, Some(DetectResult::Pass(_)) | None) => String::new(),
            };
        if candidate.fitness == Fitness::OtherTarget {
            let mismatch = self.target_mismatch(tested);
            return if reason.is_empty() { mismatch } else { format!("{reason}; {mismatch}") };
        }
        reason
    }

    fn target_mismatch(&self, tested: &Tested) -> String {
        let declared: Vec<String> =
            tested.candidate.descriptor.targets().iter().map(target::describe_buildpack_target).collect();
        format!(
            "is for target {}, this build is for {}",
            declared.join("; or "),
            self.purpose.target.map(target::describe).unwrap_or_default()
        )
    }

    /// `fail: <id>@<version> requires <dependency>, …` and the like.
    pub(super) fn objection(&self, objection: &Objection) -> String {
        let name = self.attempt.members.get(objection.member).map(|tested| tested.candidate.member.name());
        let name = name.unwrap_or_default();
        let verdict = if objection.dropped { "skip" } else { "fail" };
        let dependency = &objection.dependency;
        match objection.reason {
            Reason::NotProvided => {
                format!("{verdict}: {name} requires {dependency}, {}", self.who_provides(objection))
            }
            Reason::NotRequired => {
                format!("{verdict}: {name} provides unused {dependency}, {}", self.who_requires(objection))
            }
        }
    }

    fn who_provides(&self, objection: &Objection) -> String {
        let others = self.others(objection, |sections| {
            sections.provides.iter().any(|provide| provide.name == objection.dependency)
        });
        match others[..] {
            [] => "which no buildpack that passed provides".to_owned(),
            _ => format!("which none before it provides with this plan; {} can", others.join(", ")),
        }
    }

    fn who_requires(&self, objection: &Objection) -> String {
        let others = self.others(objection, |sections| {
            sections.requires.iter().any(|require| require.name == objection.dependency)
        });
        match others[..] {
            [] => "which no buildpack that passed requires".to_owned(),
            _ => format!("which none behind it requires with this plan; {} can", others.join(", ")),
        }
    }

    /// Other members that passed and have an alternative of the wanted kind.
    fn others(
        &self,
        objection: &Objection,
        is_wanted: impl Fn(&spec_model::plan::PlanSections) -> bool,
    ) -> Vec<String> {
        let passed = self.attempt.members.iter().enumerate().filter(|(place, _)| *place != objection.member);
        passed
            .filter(|(_, tested)| match tested.detection.as_deref().map(|detection| &detection.result) {
                Some(DetectResult::Pass(plan)) => plan.clone().alternatives().iter().any(&is_wanted),
                Some(DetectResult::Fail | DetectResult::Error(_)) | None => false,
            })
            .map(|(_, tested)| tested.candidate.member.name())
            .collect()
    }
}

fn fault(tested: &Tested) -> Option<&buildpack::detect::DetectFault> {
    match &tested.detection.as_deref()?.result {
        DetectResult::Error(fault) => Some(fault),
        DetectResult::Pass(_) | DetectResult::Fail => None,
    }
}
