//! The results for programs.

use serde_json::{Map, Value, json};

use crate::clauses::Clause;
use crate::plan::Job;
use crate::results::{ClauseResult, Outcome, Results};

/// One object: counts by tier, and all clauses with their states by version and what was found.
pub(super) fn document(results: &Results) -> String {
    let clauses: Vec<_> = results.clauses.iter().map(|result| clause(results, result)).collect();
    let mut summary = Map::new();
    for tier in results.tiers() {
        let counts = results.counts(|clause: &Clause| clause.kind.tier() == tier);
        let counts: Map<_, _> =
            counts.into_iter().map(|(state, count)| (state.name().to_owned(), count.into())).collect();
        summary.insert(tier.to_string(), counts.into());
    }
    let document = json!({ "conforms": results.conforms(), "summary": summary, "clauses": clauses });
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn clause(results: &Results, result: &ClauseResult) -> Value {
    let clause = &result.clause;
    let versions: Map<_, _> =
        result.versions.iter().map(|(version, state)| (version.1.to_owned(), state.name().into())).collect();
    let faults = result.faults.iter().filter_map(|number| results.runs.get(*number));
    json!({
        "id": clause.id,
        "document": clause.document.title(),
        "section": clause.section,
        "kind": clause.kind.to_string(),
        "says": clause.says,
        "tests": clause.tests,
        "untestable": clause.untestable,
        "state": result.state().name(),
        "versions": versions,
        "faults": faults.map(|(job, outcome)| fault(job, outcome)).collect::<Vec<_>>(),
    })
}

fn fault(job: &Job, outcome: &Outcome) -> Value {
    let mut fault = json!({
        "test": job.test.name(),
        "platform-api": job.platform.as_str(),
        "buildpack-api": job.buildpack.as_str(),
        "store": job.store.name(),
    });
    let (found, transcript) = match outcome {
        Outcome::Failed(failure, transcript) => {
            (json!({ "what": failure.what, "expected": failure.expected, "seen": failure.seen }), transcript)
        }
        Outcome::Broken(error, transcript) => (json!({ "error": error }), transcript),
        Outcome::Kept | Outcome::Skipped(_) => return fault,
    };
    if let (Some(fault), Value::Object(found)) = (fault.as_object_mut(), found) {
        fault.extend(found);
        fault.insert("transcript".to_owned(), transcript.clone().into());
    }
    fault
}
