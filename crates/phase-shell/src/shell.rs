//! The course of every phase executable.

use std::ffi::OsString;
use std::path::Path;

use log::LevelFilter;
use platform_api::{ExitCode, Input, Phase, PhaseError};
use spec_model::{PlatformApi, UnusableApiVersion};

use crate::arguments::{self, CommandLine};
use crate::inputs::{Environment, Inputs};
use crate::{logs, passwd, privileges, version, volumes};

/// Runs a phase from the process's arguments and environment to its exit status.
pub fn run<E: PhaseError>(
    phase: Phase,
    body: impl FnOnce(&Inputs) -> Result<(), E>,
) -> std::process::ExitCode {
    run_prepared(phase, |_| Ok::<_, E>(()), |inputs, ()| body(inputs))
}

/// The same for a phase that needs something for which the process has to have the rights it was started
/// with: `prepare` gets it before they are given up.
pub fn run_prepared<T, P: PhaseError, E: PhaseError>(
    phase: Phase,
    prepare: impl FnOnce(&Inputs) -> Result<T, P>,
    body: impl FnOnce(&Inputs, &T) -> Result<(), E>,
) -> std::process::ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let environment: Environment = std::env::vars_os().collect();
    logs::install(LevelFilter::Info, true);
    report_panics();
    if arguments.len() == 1 && arguments.iter().all(|word| word == "-version" || word == "--version") {
        log::info!("{}", version::full());
        return ExitCode::Success.into();
    }
    let started = start(phase, arguments, environment);
    let ended = started.and_then(|inputs| inputs.map_or(Ok(()), |inputs| go(inputs, prepare, body)));
    ended.err().unwrap_or(ExitCode::Success).into()
}

/// Prints a heading, as the creator does for each phase it runs.
pub fn heading(title: &str) {
    log::info!(target: logs::HEADING, "===> {title}");
}

/// Reads the inputs; there are none if help was asked for.
fn start(
    phase: Phase,
    arguments: Vec<OsString>,
    environment: Environment,
) -> Result<Option<Inputs>, ExitCode> {
    let api = platform_api(&environment)?;
    let line = match arguments::parse(phase, api, arguments) {
        Ok(line) => line,
        Err(error) if error.use_stderr() => {
            log::error!("{}", error.to_string().trim_start_matches("error: ").trim_end());
            return Err(ExitCode::InvalidFlag);
        }
        Err(help) => {
            log::info!("{}", help.to_string().trim_end());
            return Ok(None);
        }
    };
    set_up_logs(&line, &environment)?;
    Inputs::resolve(phase, api, line, environment).map(Some).map_err(|error| report(phase, &error))
}

/// Runs the phase with the rights that it is meant to have.
fn go<T, P: PhaseError, E: PhaseError>(
    mut inputs: Inputs,
    prepare: impl FnOnce(&Inputs) -> Result<T, P>,
    body: impl FnOnce(&Inputs, &T) -> Result<(), E>,
) -> Result<(), ExitCode> {
    let phase = inputs.phase();
    let prepared = prepare(&inputs).map_err(|error| report(phase, &error))?;
    inputs.forget_credentials();
    privileges::settle(&inputs).map_err(|error| report(phase, &error))?;
    if phase == Phase::Creator {
        log_in(&mut inputs);
    }
    body(&inputs, &prepared).map_err(|error| report_with(phase, &error, || volumes::refused(&inputs)))
}

/// Checks the Platform API before anything else. Spec: platform.md § Platform API Compatibility.
fn platform_api(environment: &Environment) -> Result<PlatformApi, ExitCode> {
    let value = environment.iter().find(|(name, _)| name == "CNB_PLATFORM_API");
    let text = value.map(|(_, value)| value.to_string_lossy()).unwrap_or_default();
    let result = if text.trim().is_empty() {
        Err("CNB_PLATFORM_API is not set; set it to the Platform API version that the platform speaks"
            .to_owned())
    } else {
        text.parse().map_err(|error: UnusableApiVersion| format!("CNB_PLATFORM_API: {error}"))
    };
    result.map_err(|message| {
        log::error!("{message}");
        ExitCode::PlatformApi
    })
}

fn set_up_logs(line: &CommandLine, environment: &Environment) -> Result<(), ExitCode> {
    let variable = |name: &str| {
        let found = environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_os_str());
        found.filter(|value| !value.is_empty())
    };
    let flag = |input| line.flags.get(&input).and_then(|values| values.last());
    let level = flag(Input::LogLevel).map(OsString::as_os_str).or(variable("CNB_LOG_LEVEL"));
    let level = level.map_or(Ok(LevelFilter::Info), |level| logs::level(&level.to_string_lossy()));
    let level = level.map_err(|error| {
        log::error!("{}: {error}", Input::LogLevel.naming());
        ExitCode::Failed
    })?;
    let switched_off = |value: &std::ffi::OsStr| {
        matches!(value.to_str(), Some("0" | "f" | "F" | "false" | "False" | "FALSE"))
    };
    let plain = flag(Input::NoColor).map_or_else(
        || {
            variable("NO_COLOR").is_some()
                || variable("CNB_NO_COLOR").is_some_and(|value| !switched_off(value))
        },
        |value| !switched_off(value),
    );
    logs::install(level, plain);
    Ok(())
}

/// The creator runs buildpacks as the user, who expects his home.
fn log_in(inputs: &mut Inputs) {
    let (uid, _) = inputs.owner();
    match passwd::find(Path::new("/etc/passwd"), uid) {
        Some(user) => {
            inputs.set_variable("HOME", &user.home);
            inputs.set_variable("USER", &user.name);
        }
        None => log::debug!("User {uid} is not in /etc/passwd; HOME stays as it is"),
    }
}

/// Prints an error with its causes, once, and tells the status to end with.
fn report(phase: Phase, error: &impl PhaseError) -> ExitCode {
    report_with(phase, error, Vec::new)
}

/// The same; where the system refused something, the volumes that may be the reason are told too.
fn report_with(phase: Phase, error: &impl PhaseError, refused: impl FnOnce() -> Vec<String>) -> ExitCode {
    let mut message = format!("{phase}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // An error that already quotes its cause is not followed by it.
        if !message.contains(&text) {
            message.push_str("\n  caused by: ");
            message.push_str(&text);
        }
        cause = error.source();
    }
    let is_refusal = message.to_lowercase().contains("permission denied");
    let refused = if is_refusal { refused() } else { Vec::new() };
    for hint in error.hint().into_iter().chain(refused) {
        message.push_str("\n  hint: ");
        message.push_str(&hint);
    }
    log::error!("{message}");
    error.exit_code()
}

/// A panic is a fault of ours; it must not look like one of the statuses that platforms know.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        log::error!("internal error, please report it: {panic}");
        #[expect(
            clippy::exit,
            reason = "after a panic no destructor can be relied on, and 101 means something else"
        )]
        std::process::exit(ExitCode::Failed.code().into());
    }));
}
