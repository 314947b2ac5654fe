//! How it is told what a phase took for an input.

use platform_api::{Input, InputKind, Phase};

use crate::scene::Scene;
use crate::suite::inputs::case::{Case, Values};
use crate::suite::inputs::{extender, images, paths, values};
use crate::verdict::Verdict;

/// How to tell what a phase took.
#[derive(Clone, Copy)]
pub(super) struct Probe {
    /// What it is given.
    pub(super) values: Values,
    /// Runs it and checks what it took.
    pub(super) check: fn(&Scene<'_>, &Case) -> Verdict,
}

const fn path(check: fn(&Scene<'_>, &Case) -> Verdict) -> Probe {
    Probe { values: Values::Paths, check }
}

const fn switch(check: fn(&Scene<'_>, &Case) -> Verdict) -> Probe {
    Probe { values: Values::Switch, check }
}

const fn texts(flag: &'static str, variable: &'static str, check: fn(&Scene<'_>, &Case) -> Verdict) -> Probe {
    Probe { values: Values::Texts(flag, variable), check }
}

/// The probe of an input of a phase, or why no black-box test can tell.
pub(super) fn of(input: Input, phase: Phase) -> Result<Probe, &'static str> {
    match (input, phase) {
        (Input::Parallel, _) => Err("the same is written in either case"),
        (Input::LaunchCache, _) => Err("a lifecycle may ignore it"),
        (Input::Generated | Input::ExecEnv, Phase::Restorer) => {
            Err("nothing that the restorer leaves depends on it")
        }
        (Input::Run, Phase::Restorer) => {
            Err("the restorer asks it only whether to look for a run image that has gone")
        }
        (Input::Run, Phase::Detector) => Err("the detector only warns by it"),
        _ if input.kind() == InputKind::Path => Ok(of_path(input, phase)),
        _ => Ok(of_value(input, phase)),
    }
}

fn of_path(input: Input, phase: Phase) -> Probe {
    path(match (input, phase) {
        (Input::Analyzed, Phase::Analyzer)
        | (Input::Group | Input::Plan, Phase::Detector)
        | (Input::Report, _) => paths::is_written,
        (Input::Analyzed, Phase::Restorer) => images::is_analyzed_file,
        (Input::Generated, Phase::Extender) => extender::is_applied,
        (Input::Extended, Phase::Extender) => extender::is_extended_to,
        (Input::Generated, _) => paths::is_generated_to,
        (Input::Extensions, _) => paths::has_extensions,
        (Input::Extended, _) => paths::is_extended,
        (Input::Layers, Phase::Analyzer | Phase::Detector | Phase::Creator) => paths::has_outputs,
        (Input::Layers | Input::Buildpacks, _) => paths::is_needed,
        (Input::App, Phase::Exporter | Phase::Creator) => paths::is_exported,
        (Input::App, _) => paths::is_worked_in,
        (Input::Platform | Input::BuildConfig, _) => paths::gives_variables,
        (Input::CacheDir, Phase::Restorer) => paths::is_restored_from,
        (Input::CacheDir, _) => paths::is_cached_to,
        (Input::Launcher, _) => paths::is_the_launcher,
        (Input::LauncherSbom, _) => paths::is_the_launchers_sbom,
        (Input::LayoutDir, _) => paths::has_images,
        _ => paths::is_read,
    })
}

fn of_value(input: Input, phase: Phase) -> Probe {
    match (input, phase) {
        (Input::LogLevel, phase) => {
            // There is nothing that a restorer has to tell when it is debugged.
            let flag = if phase == Phase::Restorer { "error" } else { "debug" };
            Probe { values: Values::TextsOr(flag, "info", "info"), check: values::tells_more_or_less }
        }
        (Input::ExtendKind, _) => {
            Probe { values: Values::EitherText("run", "build"), check: extender::is_extended }
        }
        (Input::KanikoCacheTtl, _) => {
            Probe { values: Values::EitherText("1h", "1ms"), check: extender::is_cached_for }
        }
        (Input::Uid, Phase::Extender) => texts("1234", "1235", extender::is_user),
        (Input::Gid, Phase::Extender) => texts("1236", "1237", extender::is_group),
        (Input::NoColor, _) => switch(values::has_no_colours),
        (Input::SkipLayers, Phase::Analyzer) => switch(images::skips_sboms),
        (Input::SkipLayers | Input::SkipRestore, _) => switch(images::skips_layers),
        (Input::Force, _) => switch(images::is_forced),
        (Input::Daemon | Input::Layout, _) => switch(images::is_store),
        (Input::ExecEnv, Phase::Exporter) => texts("", "test", values::is_labelled),
        (Input::ExecEnv, _) => {
            Probe { values: Values::TextsOr("", "test", "production"), check: values::is_environment }
        }
        (Input::SourceDateEpoch, _) => texts("", "1600000000", values::is_created),
        (Input::ProcessType, _) => texts("web", "worker", values::is_started),
        (Input::Uid, _) => texts("1234", "1235", values::is_owned_by_user),
        (Input::Gid, _) => texts("1236", "1237", values::is_owned_by_group),
        (Input::RunImage | Input::DeprecatedRunImage, Phase::Rebaser) => {
            texts("image:one", "image:two", images::is_rebased_on)
        }
        (Input::RunImage, Phase::Analyzer) => texts("image:one", "image:two", images::is_analyzed),
        (Input::RunImage, _) => texts("image:one", "image:two", images::is_base),
        (Input::PreviousImage, Phase::Analyzer) => texts("image:one", "image:two", images::is_previous),
        (Input::PreviousImage, Phase::Creator) => {
            texts("image:one", "image:two", images::has_layers_restored)
        }
        (Input::PreviousImage, _) => texts("image:one", "image:two", images::is_rebased),
        (Input::BuildImage, _) => texts("image:one", "image:two", images::is_build_image),
        (Input::CacheImage, Phase::Analyzer) => texts("No/Reference", "Nor/This", images::is_checked),
        (Input::CacheImage, Phase::Restorer) => texts("image:one", "image:two", images::is_restored_from),
        (Input::CacheImage, _) => texts("image:one", "image:two", images::is_cached_to),
        (Input::Tag, Phase::Analyzer) => texts("elsewhere.example/app", "", images::is_checked),
        (Input::Tag, _) => texts("image:one", "", images::is_written),
        (Input::InsecureRegistry, _) => {
            Probe { values: Values::EitherText(images::INSECURE, "other.example"), check: images::is_reached }
        }
        _ => unreachable!("{phase} takes no {input:?}"),
    }
}
