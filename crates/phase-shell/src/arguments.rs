//! The command line of a phase: flags by the contract table, then arguments.
//!
//! Platforms write flags as Go programs read them: one dash or two, `-flag value` or `-flag=value`,
//! `-switch` or `-switch=false`, none behind the first argument.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use platform_api::{Input, InputKind, Phase};
use spec_model::PlatformApi;

use crate::inputs::is_on;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// The phase.
    Run(CommandLine),
    /// What its flags are.
    Help,
    /// Its version.
    Version,
}

/// What the command line said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// The values of each flag that was given, in order.
    pub(crate) flags: BTreeMap<Input, Vec<OsString>>,
    /// What stood behind the flags.
    pub(crate) arguments: Vec<OsString>,
}

/// A flag that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum FlagError {
    /// The phase has no such flag.
    #[error("{phase} has no flag -{flag} in Platform API {api}; -help lists those that it has")]
    Unknown { phase: Phase, api: PlatformApi, flag: String },
    /// The command line ends where the value should be.
    #[error("the flag -{0} lacks its value")]
    Incomplete(&'static str),
    /// A switch is neither on nor off.
    #[error("the flag -{flag} has the value '{value}', which is neither true nor false")]
    Switch { flag: &'static str, value: String },
}

/// Parses the arguments behind the executable's name.
///
/// # Errors
/// A flag is unknown, lacks its value or has an impossible one.
pub(crate) fn parse(
    phase: Phase,
    api: PlatformApi,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Request, FlagError> {
    let mut line = CommandLine::default();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            line.arguments.extend(arguments);
            break;
        }
        let Some((name, value)) = flag(&argument) else {
            line.arguments.push(argument);
            line.arguments.extend(arguments);
            break;
        };
        let known = inputs(phase, api).find_map(|input| {
            let flag = input.flag().filter(|flag| *flag == name)?;
            Some((input, flag))
        });
        let Some((input, flag)) = known else {
            return match name.as_str() {
                "help" | "h" => Ok(Request::Help),
                "version" => Ok(Request::Version),
                _ => Err(FlagError::Unknown { phase, api, flag: name }),
            };
        };
        let value = match (input.kind(), value) {
            (InputKind::Switch, value) => switch(flag, value)?.to_string().into(),
            (_, Some(value)) => value.to_owned(),
            (_, None) => arguments.next().ok_or(FlagError::Incomplete(flag))?,
        };
        line.flags.entry(input).or_default().push(value);
    }
    Ok(Request::Run(line))
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

/// The name of a flag, and the value that is joined to it. A lone dash is no flag.
fn flag(argument: &OsStr) -> Option<(String, Option<&OsStr>)> {
    let flag = argument.as_bytes().strip_prefix(b"-").filter(|flag| !flag.is_empty())?;
    let mut parts = flag.strip_prefix(b"-").unwrap_or(flag).splitn(2, |byte| *byte == b'=');
    let name = String::from_utf8_lossy(parts.next()?).into_owned();
    Some((name, parts.next().map(OsStr::from_bytes)))
}

fn switch(flag: &'static str, value: Option<&OsStr>) -> Result<bool, FlagError> {
    let Some(value) = value else { return Ok(true) };
    is_on(value).ok_or_else(|| FlagError::Switch { flag, value: value.display().to_string() })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use platform_api::{Input, Phase};
    use spec_model::PlatformApi;

    use super::{CommandLine, FlagError, Request, parse};

    fn ask(phase: Phase, arguments: &[&str]) -> Result<Request, FlagError> {
        parse(phase, PlatformApi::V0_12, arguments.iter().map(OsString::from))
    }

    fn line(phase: Phase, arguments: &[&str]) -> CommandLine {
        match ask(phase, arguments) {
            Ok(Request::Run(line)) => line,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn flags_are_read_in_every_form_platforms_use() {
        for arguments in [
            ["-layers", "/l", "-daemon", "-app=/a=b", "image", "-uid"].as_slice(),
            &["--layers", "/l", "-daemon=true", "--app=/a=b", "image", "-uid"],
            &["--layers=/l", "--daemon=1", "-app", "/a=b", "--", "image", "-uid"],
        ] {
            let line = line(Phase::Exporter, arguments);
            assert_eq!(line.flags[&Input::Layers], ["/l"]);
            assert_eq!(line.flags[&Input::Daemon], ["true"]);
            assert_eq!(line.flags[&Input::App], ["/a=b"]);
            assert_eq!(line.arguments, ["image", "-uid"]);
        }
    }

    #[test]
    fn a_value_may_be_odd() {
        let line = line(Phase::Exporter, &["-process-type", "-odd", "-uid", "", "-gid=", "-daemon=F", "-"]);
        assert_eq!(line.flags[&Input::ProcessType], ["-odd"]);
        assert_eq!(line.flags[&Input::Uid], [""]);
        assert_eq!(line.flags[&Input::Gid], [""]);
        assert_eq!(line.flags[&Input::Daemon], ["false"]);
        // A lone dash is an argument, as Go has it.
        assert_eq!(line.arguments, ["-"]);

        let path = OsString::from_vec(b"-app=\xff".to_vec());
        let Ok(Request::Run(line)) = parse(Phase::Exporter, PlatformApi::V0_12, [path]) else { panic!() };
        assert_eq!(line.flags[&Input::App], [OsString::from_vec(vec![0xff])]);
    }

    #[test]
    fn the_last_of_several_values_is_kept_with_the_others() {
        let line = line(Phase::Analyzer, &["-tag", "a", "-tag", "b"]);
        assert_eq!(line.flags[&Input::Tag], ["a", "b"]);
    }

    #[test]
    fn wrong_flags_are_refused() {
        for (arguments, told) in [
            (&["-no-such"][..], "exporter has no flag -no-such in Platform API 0.12; -help lists"),
            (&["-layers"], "-layers lacks its value"),
            (&["-daemon=perhaps"], "-daemon has the value 'perhaps'"),
            (&["-insecure-registry", "x"], "no flag -insecure-registry"),
            (&["---daemon"], "no flag --daemon"),
            (&["-=x"], "no flag - in"),
        ] {
            let error = ask(Phase::Exporter, arguments).unwrap_err().to_string();
            assert!(error.contains(told), "{arguments:?}: {error}");
        }
    }

    #[test]
    fn help_and_version_are_asked_for() {
        for (flag, request) in
            [("-help", Request::Help), ("-h", Request::Help), ("--version", Request::Version)]
        {
            assert_eq!(ask(Phase::Exporter, &["-daemon", flag]), Ok(request));
        }
    }
}
