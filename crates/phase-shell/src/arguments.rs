//! The command line of a phase: flags by the contract table, then arguments.
//!
//! Platforms write flags as Go programs read them: one dash or two, `-flag value` or `-flag=value`,
//! `-switch` or `-switch=false`, none behind the first argument. They are put into the form that clap
//! reads, which then does the rest.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, builder::BoolishValueParser, builder::OsStringValueParser};
use platform_api::{Arguments, Input, InputKind, Phase};
use spec_model::PlatformApi;

/// What the command line said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// The values of each flag that was given, in order.
    pub(crate) flags: BTreeMap<Input, Vec<OsString>>,
    /// What stood behind the flags.
    pub(crate) arguments: Vec<OsString>,
}

const ARGUMENTS: &str = "image";

/// Parses the arguments behind the executable's name.
///
/// # Errors
/// A flag is unknown, lacks its value or has an impossible one. A call for help is an error too, with the
/// help as its text.
pub(crate) fn parse(
    phase: Phase,
    api: PlatformApi,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<CommandLine, clap::Error> {
    let (flags, arguments) = split(phase, api, arguments);
    let matches = command(phase, api).try_get_matches_from(flags)?;
    let mut line = CommandLine { flags: BTreeMap::new(), arguments };
    for input in inputs(phase, api) {
        let Some(id) = input.flag() else { continue };
        let values: Vec<OsString> = match input.kind() {
            InputKind::Switch => matches
                .get_many::<bool>(id)
                .map(|values| values.map(|on| on.to_string().into()).collect())
                .unwrap_or_default(),
            InputKind::Path | InputKind::Text | InputKind::List | InputKind::Id => {
                matches.get_many::<OsString>(id).map(|values| values.cloned().collect()).unwrap_or_default()
            }
        };
        if !values.is_empty() {
            line.flags.insert(input, values);
        }
    }
    Ok(line)
}

/// The flags of a phase. The exporter knows two more than the specification, only to say that they are
/// no longer used.
fn inputs(phase: Phase, api: PlatformApi) -> impl Iterator<Item = Input> {
    let refused = [Input::RunImage, Input::DeprecatedRunImage];
    let refused = refused.into_iter().filter(move |_| phase == Phase::Exporter);
    // Old platforms pass the creator `-stack` whatever the version; it is then of no use.
    let stack = (phase == Phase::Creator && api.has_run_toml()).then_some(Input::Stack);
    Input::of(phase, api).chain(refused).chain(stack)
}

/// Separates flags, in the form clap reads, from the arguments behind them.
fn split(
    phase: Phase,
    api: PlatformApi,
    arguments: impl IntoIterator<Item = OsString>,
) -> (Vec<OsString>, Vec<OsString>) {
    let mut flags = vec![OsString::from(phase.name())];
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        let Some(flag) = text.strip_prefix('-').filter(|flag| !flag.is_empty()) else {
            return (flags, std::iter::once(argument).chain(arguments).collect());
        };
        if flag == "-" {
            return (flags, arguments.collect());
        }
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        let takes_value =
            inputs(phase, api).any(|input| input.flag() == Some(flag) && input.kind() != InputKind::Switch);
        let mut double = OsString::from(if text.starts_with("--") { "" } else { "-" });
        double.push(&argument);
        if takes_value && let Some(value) = arguments.next() {
            // Joined, so that a value with a dash in front is not taken for a flag.
            double.push("=");
            double.push(value);
        }
        flags.push(double);
    }
    (flags, Vec::new())
}

/// The clap command of a phase; it also makes the help text.
pub(crate) fn command(phase: Phase, api: PlatformApi) -> Command {
    let mut command = Command::new(phase.name())
        .about(format!("{} (Platform API {api})", phase.purpose()))
        .override_usage(usage(phase))
        .disable_version_flag(true)
        .arg(Arg::new("version").long("version").action(ArgAction::SetTrue).help("print the version"));
    for input in inputs(phase, api) {
        let Some(flag) = input.flag() else { continue };
        let help = match input.variable() {
            Some(variable) => format!("{} [{variable}]", input.description()),
            None => input.description().to_owned(),
        };
        let argument = Arg::new(flag).long(flag).help(help);
        command = command.arg(match input.kind() {
            InputKind::Switch => argument
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .value_parser(BoolishValueParser::new())
                .action(ArgAction::Append),
            InputKind::Path | InputKind::Text | InputKind::List | InputKind::Id => argument
                .value_name(input.kind().placeholder())
                .value_parser(OsStringValueParser::new())
                .action(ArgAction::Append),
        });
    }
    command
}

fn usage(phase: Phase) -> String {
    let arguments = match phase.arguments() {
        Arguments::None => String::new(),
        Arguments::One => format!(" <{ARGUMENTS}>"),
        Arguments::AtLeastOne => format!(" <{ARGUMENTS}> [<{ARGUMENTS}>...]"),
    };
    format!("{phase} [flags]{arguments}")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use platform_api::{Input, Phase};
    use spec_model::PlatformApi;

    use super::{CommandLine, parse};

    fn line(arguments: &[&str]) -> Result<CommandLine, clap::Error> {
        parse(Phase::Exporter, PlatformApi::V0_12, arguments.iter().map(OsString::from))
    }

    #[test]
    fn flags_are_read_in_every_form_platforms_use() {
        for arguments in [
            ["-layers", "/l", "-daemon", "-app=/a", "image", "-uid"].as_slice(),
            &["--layers", "/l", "-daemon=true", "--app=/a", "image", "-uid"],
            &["--layers=/l", "--daemon=1", "-app", "/a", "--", "image", "-uid"],
        ] {
            let line = line(arguments).unwrap();
            assert_eq!(line.flags[&Input::Layers], ["/l"]);
            assert_eq!(line.flags[&Input::Daemon], ["true"]);
            assert_eq!(line.flags[&Input::App], ["/a"]);
            assert_eq!(line.arguments, ["image", "-uid"]);
        }
    }

    #[test]
    fn a_value_may_start_with_a_dash_and_be_empty() {
        let line = line(&["-process-type", "-odd", "-uid", "", "-daemon=false"]).unwrap();
        assert_eq!(line.flags[&Input::ProcessType], ["-odd"]);
        assert_eq!(line.flags[&Input::Uid], [""]);
        assert_eq!(line.flags[&Input::Daemon], ["false"]);
    }

    #[test]
    fn the_last_of_several_values_is_kept_with_the_others() {
        let line = parse(Phase::Analyzer, PlatformApi::V0_12, ["-tag", "a", "-tag", "b"].map(OsString::from))
            .unwrap();
        assert_eq!(line.flags[&Input::Tag], ["a", "b"]);
    }

    #[test]
    fn wrong_flags_are_refused() {
        for arguments in
            [&["-no-such"][..], &["-layers"], &["-daemon=perhaps"], &["-insecure-registry", "x"], &["-"]]
        {
            let result = line(arguments);
            // A lone dash is an argument, as Go has it.
            assert_eq!(result.is_ok(), arguments == ["-"], "{arguments:?}");
        }
    }

    #[test]
    fn the_help_names_flags_and_variables() {
        let help = line(&["-help"]).unwrap_err().to_string();
        assert!(help.contains("--layers <path>") && help.contains("CNB_LAYERS_DIR"), "{help}");
    }
}
