//! Alternatives that fail every trial, whatever is chosen for the other members.

use super::{Choice, Objection, Reason};

/// Takes such alternatives out; tells what speaks against each.
pub(super) fn set_apart<'a>(choices: &[Vec<Choice<'a>>]) -> (Vec<Vec<Choice<'a>>>, Vec<Objection>) {
    let mut objections: Vec<Objection> = Vec::new();
    let mut usable = Vec::new();
    for member in choices {
        let mut kept = Vec::new();
        for choice in member {
            match objection(choice, choices) {
                Some(objection) if objections.contains(&objection) => {}
                Some(objection) => objections.push(objection),
                None => kept.push(*choice),
            }
        }
        usable.push(kept);
    }
    (usable, objections)
}

/// What speaks against a choice in every trial: that no alternative of a member before it provides what it
/// requires, or none of a member behind it requires what it provides. Members can only be dropped from a
/// trial, so that cannot change; a member that may itself be dropped is left to the trial.
fn objection(choice: &Choice<'_>, all: &[Vec<Choice<'_>>]) -> Option<Objection> {
    if choice.optional {
        return None;
    }
    let before = || all.iter().take(choice.index).flatten().chain([choice]);
    let behind = || all.iter().skip(choice.index + 1).flatten().chain([choice]);
    let is_provided = |name: &str| before().any(|other| other.provides(name));
    let is_required = |name: &str| behind().any(|other| other.requires(name));
    let not_provided = choice.sections.requires.iter().find(|require| !is_provided(&require.name));
    let not_required = choice.sections.provides.iter().find(|provide| !is_required(&provide.name));
    let objection = |dependency: &str, reason| Objection {
        member: choice.index,
        dependency: dependency.to_owned(),
        reason,
        dropped: false,
    };
    match (not_provided, not_required) {
        (Some(require), _) => Some(objection(&require.name, Reason::NotProvided)),
        (None, Some(provide)) => Some(objection(&provide.name, Reason::NotRequired)),
        (None, None) => None,
    }
}

impl Choice<'_> {
    fn provides(&self, name: &str) -> bool {
        self.sections.provides.iter().any(|provide| provide.name == name)
    }

    fn requires(&self, name: &str) -> bool {
        self.sections.requires.iter().any(|require| require.name == name)
    }
}
