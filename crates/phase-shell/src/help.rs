//! What a phase tells of its flags.

use std::fmt::Write;

use platform_api::{Arguments, Input, InputKind, Phase};
use spec_model::PlatformApi;

/// The phase, how it is called, and its flags with the variables that stand for them.
pub(crate) fn text(phase: Phase, api: PlatformApi) -> String {
    let arguments = match phase.arguments() {
        Arguments::None => "",
        Arguments::One => " <image>",
        Arguments::AtLeastOne => " <image> [<image>...]",
    };
    let mut lines: Vec<_> = Input::of(phase, api).filter_map(line).collect();
    lines.push(("-version".into(), "print the version".into()));
    lines.push(("-help".into(), "print this".into()));
    let width = lines.iter().map(|(flag, _)| flag.len()).max().unwrap_or_default();
    let mut text =
        format!("{} (Platform API {api})\n\nUsage: {phase} [flags]{arguments}\n\nFlags:", phase.purpose());
    for (flag, meaning) in lines {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {flag:width$}  {meaning}");
    }
    text
}

fn line(input: Input) -> Option<(String, String)> {
    let flag = match input.kind() {
        InputKind::Switch => format!("-{}", input.flag()?),
        kind => format!("-{} <{}>", input.flag()?, kind.placeholder()),
    };
    let meaning = match input.variable() {
        Some(variable) => format!("{} [{variable}]", input.description()),
        None => input.description().to_owned(),
    };
    Some((flag, meaning))
}

#[cfg(test)]
mod tests {
    use platform_api::Phase;
    use spec_model::PlatformApi;

    #[test]
    fn the_help_names_flags_and_variables() {
        let help = super::text(Phase::Exporter, PlatformApi::V0_12);
        assert!(help.contains("Usage: exporter [flags] <image> [<image>...]\n"), "{help}");
        let line = help.lines().find(|line| line.contains("-layers <path>")).unwrap();
        assert!(line.ends_with("[CNB_LAYERS_DIR]"), "{line}");
        let switch = help.lines().find(|line| line.contains("-daemon ")).unwrap();
        assert!(!switch.contains('<'), "{switch}");
        assert!(!help.contains("-insecure-registry"), "{help}");
    }
}
