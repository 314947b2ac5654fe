//! What users see of detection: for each group that was tried, how each member did and why.

mod reasons;

use std::collections::BTreeSet;

use buildpack::detect::Output;
use log::Level;

use crate::attempt::{Attempt, Outcome, Planned, Selection, Tested, Verdict};
use crate::resolve::Purpose;
use reasons::Reasons;

/// Tells how detection went: all of it if it failed, else who takes part and who is at fault; with debug
/// logs all of it in any case.
pub(crate) fn print(attempts: &[Attempt], purpose: Purpose<'_>) {
    let report = Report { purpose };
    let (level, lines) = match attempts.last().and_then(|attempt| Some((attempt, attempt.selection()?))) {
        Some((attempt, selection)) => {
            let is_debugging = log::log_enabled!(Level::Debug);
            let mut lines = if is_debugging { report.tables(attempts) } else { report.faults(attempts) };
            lines.extend(participants(attempt, selection));
            (Level::Info, lines)
        }
        None => (Level::Error, report.tables(attempts)),
    };
    if log::log_enabled!(Level::Info) {
        for line in lines {
            log::info!("{line}");
        }
    } else if level == Level::Error && !lines.is_empty() {
        // Whoever asked for errors only still needs to know why detection failed.
        log::error!("{}", lines.join("\n"));
    }
}

/// Those whose fault something was, as `<id>@<version>`, each once.
pub(crate) fn culprits(attempts: &[Attempt]) -> Vec<String> {
    let mut culprits: Vec<String> = Vec::new();
    for tested in attempts.iter().flat_map(|attempt| &attempt.members) {
        let name = tested.candidate.member.name();
        if tested.verdict() == Verdict::Error && !culprits.contains(&name) {
            culprits.push(name);
        }
    }
    culprits
}

/// Who takes part, one line each.
fn participants(attempt: &Attempt, selection: &Selection) -> Vec<String> {
    let mut lines = Vec::new();
    let all = attempt.members.iter().filter(|tested| tested.candidate.takes_part()).count();
    if selection.members.len() != all {
        lines.push(format!("{} of {all} buildpacks participating", selection.members.len()));
    }
    let members = selection.members.iter().filter_map(|place| attempt.members.get(*place));
    let members: Vec<_> = members.map(|tested| &tested.candidate.member).collect();
    let width = members.iter().map(|member| member.id.as_str().chars().count()).max().unwrap_or_default();
    lines.extend(members.iter().map(|member| format!("{:width$} {}", member.id.as_str(), member.version)));
    lines
}

struct Report<'a> {
    purpose: Purpose<'a>,
}

impl Report<'_> {
    /// All groups.
    fn tables(&self, attempts: &[Attempt]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, attempt) in attempts.iter().enumerate() {
            lines.push(format!("Group {} of {}: {}", index + 1, attempts.len(), summary(&attempt.outcome)));
            self.table(attempt, &attempt.members.iter().collect::<Vec<_>>(), &mut seen, &mut lines);
            if let Outcome::Planned(planned) = &attempt.outcome {
                lines.extend(self.plan(attempt, planned));
            }
        }
        lines
    }

    /// Only those at fault, each once.
    fn faults(&self, attempts: &[Attempt]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut seen = BTreeSet::new();
        for attempt in attempts {
            let faults: Vec<_> = attempt
                .members
                .iter()
                .filter(|tested| tested.verdict() == Verdict::Error)
                .filter(|tested| !seen.contains(&tested.candidate.member.name()))
                .collect();
            self.table(attempt, &faults, &mut seen, &mut lines);
        }
        lines
    }

    /// A line for each member, and below it what it printed, if that wasn't shown before.
    fn table(
        &self,
        attempt: &Attempt,
        members: &[&Tested],
        seen: &mut BTreeSet<String>,
        lines: &mut Vec<String>,
    ) {
        let reasons = Reasons { purpose: self.purpose, attempt };
        let rows: Vec<(String, String)> =
            members.iter().map(|tested| (reasons::status(tested), reasons.of(tested))).collect();
        let width = rows.iter().map(|(status, _)| status.chars().count()).max().unwrap_or_default();
        for (tested, (status, reason)) in members.iter().zip(rows) {
            let is_new = seen.insert(tested.candidate.member.name());
            let output = tested.detection.as_ref().map(|detection| &detection.output);
            let output = output.filter(|output| !output.bytes.is_empty());
            let repeated = if is_new || output.is_none() { "" } else { "(output above)" };
            let remark = format!("{reason} {repeated}");
            lines.push(format!("  {status:width$}  {}", remark.trim()).trim_end().to_owned());
            if let Some(output) = output.filter(|_| is_new) {
                lines.extend(printed(output));
            }
        }
    }

    fn plan(&self, attempt: &Attempt, planned: &Planned) -> Vec<String> {
        let mut lines = Vec::new();
        if planned.trials > 1 {
            lines.push(format!("  Build plan, after {} combinations of alternatives:", planned.trials));
        }
        let reasons = Reasons { purpose: self.purpose, attempt };
        lines
            .extend(planned.objections.iter().map(|objection| format!("  {}", reasons.objection(objection))));
        lines
    }
}

fn summary(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::RequiredFailed => "a required buildpack did not pass",
        Outcome::NonePassed => "none of its buildpacks passed",
        Outcome::Planned(Planned { selection: Some(_), .. }) => "selected",
        Outcome::Planned(Planned { selection: None, .. }) => "its build plan cannot be satisfied",
    }
}

fn printed(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.bytes);
    let mut lines: Vec<String> =
        text.trim_end().lines().map(|line| format!("        | {line}").trim_end().to_owned()).collect();
    if output.left_out > 0 {
        lines.push(format!("        | … {} more bytes", output.left_out));
    }
    lines
}
