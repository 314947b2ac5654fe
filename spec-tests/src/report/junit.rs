//! The results in the form that readers of `JUnit`'s know.

use std::fmt::Write as _;

use crate::clauses::Document;
use crate::results::{ClauseResult, Outcome, Results, State};

/// A suite for each document, a case for each clause.
pub(super) fn document(results: &Results) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for document in Document::ALL {
        let clauses: Vec<_> =
            results.clauses.iter().filter(|result| result.clause.document == document).collect();
        let count =
            |wanted: &[State]| clauses.iter().filter(|result| wanted.contains(&result.state())).count();
        let _ = writeln!(
            text,
            "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
            escaped(document.title()),
            clauses.len(),
            count(&[State::Failed]),
            count(&[State::Broken]),
            count(&[State::Skipped, State::NotRun, State::Untestable, State::Known]),
        );
        for result in clauses {
            case(&mut text, results, result);
        }
        text.push_str("</testsuite>\n");
    }
    text + "</testsuites>\n"
}

fn case(text: &mut String, results: &Results, result: &ClauseResult) {
    let clause = &result.clause;
    let _ = write!(
        text,
        "<testcase classname=\"{}\" name=\"{}\">",
        escaped(&clause.section),
        escaped(&clause.id)
    );
    let _ = match result.state() {
        State::Kept => Ok(()),
        state @ (State::Failed | State::Broken) => {
            let element = if state == State::Failed { "failure" } else { "error" };
            let faults: Vec<_> =
                result.faults.iter().filter_map(|number| results.runs.get(*number)).map(fault).collect();
            write!(
                text,
                "<{element} message=\"{}\">{}</{element}>",
                escaped(&clause.says),
                escaped(&faults.join("\n"))
            )
        }
        state => write!(
            text,
            "<skipped message=\"{}\"/>",
            escaped(clause.untestable.as_deref().unwrap_or(state.name()))
        ),
    };
    text.push_str("</testcase>\n");
}

fn fault((job, outcome): &(crate::plan::Job, Outcome)) -> String {
    let found = match outcome {
        Outcome::Failed(failure, _) => {
            format!("{}\nexpected: {}\nseen: {}", failure.what, failure.expected, failure.seen)
        }
        Outcome::Broken(error, _) => error.clone(),
        Outcome::Kept | Outcome::Skipped(_) => String::new(),
    };
    format!(
        "{} (Platform API {}, Buildpack API {}, {})\n{found}",
        job.test.name(),
        job.platform,
        job.buildpack,
        job.store
    )
}

/// Text for attributes and elements; characters that XML has none for are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(letter),
            control if control.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}
