//! The ways to give an input, and what the phase has to take each time.

use platform_api::{DefaultValue, Input, InputKind, Phase};

use crate::scene::{Phase as Call, Run, Scene};
use crate::suite::inputs::{images, ready};
use crate::verdict::Verdict;

/// What is given by flag and variable.
#[derive(Debug, Clone, Copy)]
pub(super) enum Values {
    /// Paths below `/given`, and the table's default.
    Paths,
    /// The flag's value and the variable's; there is no default.
    Texts(&'static str, &'static str),
    /// The flag's value, the variable's, and what counts without both.
    TextsOr(&'static str, &'static str, &'static str),
    /// The same with each as the flag's value and as the variable's.
    EitherText(&'static str, &'static str),
    /// On or off.
    Switch,
}

/// One way to give an input.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) input: Input,
    pub(super) phase: Phase,
    /// What the flag is given.
    flag: Option<String>,
    /// What the variable is given.
    variable: Option<String>,
    /// What the phase has to take; `None` if nothing.
    pub(super) expected: Option<String>,
    /// What it must not take.
    pub(super) others: Vec<String>,
}

const ON: &str = "true";
const OFF: &str = "false";

/// All ways to give an input.
pub(super) fn cases(input: Input, phase: Phase, values: Values) -> Vec<Case> {
    let default = default(input);
    let (flag, variable, default) = match values {
        Values::Paths => ("/given/flag", "/given/variable", default),
        Values::Texts(flag, variable) => (flag, variable, None),
        Values::TextsOr(flag, variable, default) => (flag, variable, Some(default.to_owned())),
        Values::Switch => return switches(input, phase),
        Values::EitherText(one, other) => {
            let cases = |flag, variable| cases(input, phase, Values::Texts(flag, variable));
            return cases(one, other).into_iter().chain(cases(other, one)).collect();
        }
    };
    let flag = input.flag().map(|_| flag.to_owned());
    let variable = input.variable().map(|_| variable.to_owned());
    let all: Vec<_> = [&flag, &variable, &default].into_iter().flatten().cloned().collect();
    let case = |flag: Option<String>, variable: Option<String>| {
        let expected = flag.clone().or_else(|| variable.clone()).or_else(|| default.clone());
        let others = all.iter().filter(|value| Some(*value) != expected.as_ref()).cloned().collect();
        Case { input, phase, flag, variable, expected, others }
    };
    let mut cases = vec![case(None, None)];
    if flag.is_some() {
        cases.push(case(flag.clone(), None));
    }
    if variable.is_some() {
        cases.push(case(None, variable.clone()));
    }
    if flag.is_some() && variable.is_some() {
        cases.push(case(flag.clone(), variable.clone()));
    }
    cases
}

fn switches(input: Input, phase: Phase) -> Vec<Case> {
    let case = |flag: Option<&str>, variable: Option<&str>| {
        let is_on = flag.or(variable) == Some(ON);
        Case {
            input,
            phase,
            flag: flag.map(str::to_owned),
            variable: variable.map(str::to_owned),
            expected: is_on.then(|| ON.to_owned()),
            others: Vec::new(),
        }
    };
    vec![
        case(None, None),
        case(Some(ON), None),
        case(None, Some(ON)),
        case(Some(OFF), Some(ON)),
        case(Some(ON), Some(OFF)),
    ]
}

/// The default by the table.
pub(super) fn default(input: Input) -> Option<String> {
    match input.default_value() {
        DefaultValue::None => None,
        DefaultValue::Fixed(value) => Some(value.to_owned()),
        DefaultValue::InLayers(name) | DefaultValue::InLayersOr(name, _) => Some(format!("/layers/{name}")),
    }
}

impl Case {
    /// What it has to take, for an input that always has a value.
    pub(super) fn expected(&self) -> &str {
        self.expected.as_deref().unwrap_or_default()
    }

    /// Whether a switch has to be on.
    pub(super) fn is_on(&self) -> bool {
        self.expected.is_some()
    }

    /// The phase with the input as this case gives it.
    pub(super) fn call<'s>(&self, scene: &'s Scene<'_>) -> Call<'s> {
        let mut call = ready::phase(scene, self);
        if let Some(variable) = self.input.variable() {
            call = call.without(variable);
            if let Some(value) = &self.variable {
                call = call.env(variable, filled(scene, value));
            }
        }
        if let (Some(flag), Some(value)) = (self.input.flag(), &self.flag) {
            let value = filled(scene, value);
            call = match self.input.kind() {
                InputKind::Switch => call.arg(format!("-{flag}={value}")),
                _ => call.arg(format!("-{flag}")).arg(value),
            };
        }
        ready::with_image(scene, self.phase, call)
    }

    /// The same phase without the input.
    pub(super) fn without(&self) -> Self {
        let Self { input, phase, .. } = *self;
        Self { input, phase, flag: None, variable: None, expected: None, others: Vec::new() }
    }

    /// Runs the phase.
    pub(super) fn run(&self, scene: &Scene<'_>) -> Verdict<Run> {
        self.call(scene).run()
    }
}

/// Values may stand for what the scene has: its images and its registry.
fn filled(scene: &Scene<'_>, value: &str) -> String {
    if value == images::INSECURE {
        return images::by_name(scene);
    }
    value.strip_prefix("image:").map_or_else(|| value.to_owned(), |name| scene.reference(name))
}
