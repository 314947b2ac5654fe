//! The table of inputs: one row each. Spec: platform.md § Usage (the Inputs of each phase), per version.

use spec_model::PlatformApi::{self, V0_7, V0_9, V0_10, V0_11, V0_12, V0_13, V0_14, V0_15};

use crate::Phase::{self, Analyzer, Builder, Creator, Detector, Exporter, Extender, Rebaser, Restorer};
use crate::input::DefaultValue::{self, Fixed, InLayers, InLayersOr};
use crate::input::InputKind::{self, Id, List, Path, Switch, Text};
use crate::input::{Facts, Input, InputUse};

/// A phase that takes an input in all versions from `since` on.
const fn from(phase: Phase, since: PlatformApi) -> InputUse {
    InputUse { phase, since, until: V0_15 }
}

/// A phase that takes an input in all versions up to `until`.
const fn until(phase: Phase, until: PlatformApi) -> InputUse {
    InputUse { phase, since: V0_7, until }
}

/// A row; an empty flag or variable means that there is none.
const fn row(
    input: Input,
    flag: &'static str,
    variable: &'static str,
    kind: InputKind,
    default: DefaultValue,
    description: &'static str,
    uses: &'static [InputUse],
) -> Facts {
    let flag = if flag.is_empty() { None } else { Some(flag) };
    let variable = if variable.is_empty() { None } else { Some(variable) };
    Facts { input, flag, variable, kind, default, description, uses }
}

/// The facts of an input.
#[expect(clippy::indexing_slicing, reason = "a test holds the table to one row for each variant, in order")]
pub(crate) fn facts(input: Input) -> &'static Facts {
    &FACTS[input as usize]
}

/// All inputs, in the order of [`Input`].
#[rustfmt::skip]
pub(crate) static FACTS: [Facts; 44] = [
    row(Input::Analyzed, "analyzed", "CNB_ANALYZED_PATH", Path, InLayers("analyzed.toml"), "file of what is known of the images of the build",
        &[from(Analyzer, V0_7), from(Restorer, V0_7), from(Exporter, V0_7), from(Detector, V0_10), from(Extender, V0_10), from(Builder, V0_12)]),
    row(Input::App, "app", "CNB_APP_DIR", Path, Fixed("/workspace"), "directory of the application",
        &[from(Detector, V0_7), from(Extender, V0_7), from(Builder, V0_7), from(Exporter, V0_7), from(Creator, V0_7)]),
    row(Input::BuildConfig, "build-config", "CNB_BUILD_CONFIG_DIR", Path, Fixed("/cnb/build-config"), "directory of operator-defined variables",
        &[from(Detector, V0_11), from(Extender, V0_11), from(Builder, V0_11), from(Creator, V0_11)]),
    row(Input::BuildImage, "build-image", "CNB_BUILD_IMAGE", Text, DefaultValue::None, "reference of the build image, if it is to be extended",
        &[from(Restorer, V0_10)]),
    row(Input::Buildpacks, "buildpacks", "CNB_BUILDPACKS_DIR", Path, Fixed("/cnb/buildpacks"), "directory of buildpacks",
        &[from(Detector, V0_7), from(Extender, V0_7), from(Builder, V0_7), from(Creator, V0_7)]),
    row(Input::CacheDir, "cache-dir", "CNB_CACHE_DIR", Path, DefaultValue::None, "cache directory",
        &[from(Restorer, V0_7), from(Exporter, V0_7), from(Creator, V0_7)]),
    row(Input::CacheImage, "cache-image", "CNB_CACHE_IMAGE", Text, DefaultValue::None, "reference of the cache image in a registry",
        &[from(Analyzer, V0_7), from(Restorer, V0_7), from(Exporter, V0_7), from(Creator, V0_7)]),
    row(Input::Daemon, "daemon", "CNB_USE_DAEMON", Switch, DefaultValue::None, "images are in a Docker daemon",
        &[from(Analyzer, V0_7), from(Exporter, V0_7), from(Creator, V0_7), from(Rebaser, V0_7), from(Restorer, V0_12)]),
    row(Input::DeprecatedRunImage, "image", "", Text, DefaultValue::None, "[deprecated] reference of the run image",
        &[from(Rebaser, V0_7)]),
    row(Input::ExecEnv, "", "CNB_EXEC_ENV", Text, Fixed("production"), "execution environment the app is built for",
        &[from(Detector, V0_15), from(Restorer, V0_15), from(Extender, V0_15), from(Builder, V0_15), from(Exporter, V0_15), from(Creator, V0_15)]),
    row(Input::ExtendKind, "kind", "CNB_EXTEND_KIND", Text, Fixed("build"), "the image to extend, build or run",
        &[from(Extender, V0_12)]),
    row(Input::Extended, "extended", "CNB_EXTENDED_DIR", Path, InLayers("extended"), "directory of the extended run image",
        &[from(Extender, V0_12), from(Exporter, V0_12)]),
    row(Input::Extensions, "extensions", "CNB_EXTENSIONS_DIR", Path, Fixed("/cnb/extensions"), "directory of image extensions",
        &[from(Detector, V0_10)]),
    row(Input::Force, "force", "CNB_FORCE_REBASE", Switch, DefaultValue::None, "rebase even if it is unsafe",
        &[from(Rebaser, V0_12)]),
    row(Input::Generated, "generated", "CNB_GENERATED_DIR", Path, InLayers("generated"), "directory of generated Dockerfiles",
        &[from(Detector, V0_10), from(Extender, V0_10), from(Restorer, V0_12)]),
    row(Input::Gid, "gid", "CNB_GROUP_ID", Id, DefaultValue::None, "group id of the build image's user",
        &[from(Analyzer, V0_7), from(Restorer, V0_7), from(Extender, V0_7), from(Exporter, V0_7), from(Creator, V0_7), from(Rebaser, V0_7)]),
    row(Input::Group, "group", "CNB_GROUP_PATH", Path, InLayers("group.toml"), "file of the detected group",
        &[from(Detector, V0_7), from(Restorer, V0_7), from(Extender, V0_7), from(Builder, V0_7), from(Exporter, V0_7)]),
    row(Input::InsecureRegistry, "insecure-registry", "CNB_INSECURE_REGISTRIES", List, DefaultValue::None, "registry to talk to without verified TLS",
        &[from(Analyzer, V0_13), from(Restorer, V0_13), from(Exporter, V0_13), from(Creator, V0_13), from(Rebaser, V0_13)]),
    row(Input::KanikoCacheTtl, "kaniko-cache-ttl", "CNB_KANIKO_CACHE_TTL", Text, Fixed("336h"), "how long cached extension layers are kept",
        &[from(Extender, V0_10)]),
    row(Input::LaunchCache, "launch-cache", "CNB_LAUNCH_CACHE_DIR", Path, DefaultValue::None, "cache directory of launch layers, with -daemon",
        &[from(Exporter, V0_7), from(Creator, V0_7), from(Analyzer, V0_9)]),
    row(Input::Launcher, "launcher", "", Path, Fixed("/cnb/lifecycle/launcher"), "the launcher executable",
        &[from(Exporter, V0_7), from(Creator, V0_7)]),
    row(Input::LauncherSbom, "launcher-sbom", "", Path, Fixed("/cnb/lifecycle"), "directory of the launcher's SBOM files",
        &[from(Exporter, V0_11), from(Creator, V0_11)]),
    row(Input::Layers, "layers", "CNB_LAYERS_DIR", Path, Fixed("/layers"), "directory of layers",
        &[from(Analyzer, V0_7), from(Detector, V0_7), from(Restorer, V0_7), from(Extender, V0_7), from(Builder, V0_7), from(Exporter, V0_7), from(Creator, V0_7)]),
    row(Input::Layout, "layout", "CNB_USE_LAYOUT", Switch, DefaultValue::None, "[experimental] images are in OCI layout form on disk",
        &[from(Analyzer, V0_12), from(Restorer, V0_12), from(Exporter, V0_12), from(Creator, V0_12)]),
    row(Input::LayoutDir, "layout-dir", "CNB_LAYOUT_DIR", Path, DefaultValue::None, "[experimental] directory of images in OCI layout form",
        &[from(Analyzer, V0_12), from(Restorer, V0_12), from(Exporter, V0_12), from(Creator, V0_12)]),
    row(Input::LogLevel, "log-level", "CNB_LOG_LEVEL", Text, Fixed("info"), "least severe messages to print: debug, info, warn or error",
        &[from(Analyzer, V0_7), from(Detector, V0_7), from(Restorer, V0_7), from(Extender, V0_7), from(Builder, V0_7), from(Exporter, V0_7), from(Creator, V0_7), from(Rebaser, V0_7)]),
    row(Input::NoColor, "no-color", "CNB_NO_COLOR", Switch, DefaultValue::None, "print without colours",
        &[from(Analyzer, V0_7), from(Detector, V0_7), from(Restorer, V0_7), from(Extender, V0_7), from(Builder, V0_7), from(Exporter, V0_7), from(Creator, V0_7), from(Rebaser, V0_7)]),
    row(Input::Order, "order", "CNB_ORDER_PATH", Path, InLayersOr("order.toml", "/cnb/order.toml"), "file of the order",
        &[from(Detector, V0_7), from(Creator, V0_7)]),
    row(Input::Parallel, "parallel", "CNB_PARALLEL_EXPORT", Switch, DefaultValue::None, "write app image and cache at the same time",
        &[from(Exporter, V0_7), from(Creator, V0_7)]),
    row(Input::Plan, "plan", "CNB_PLAN_PATH", Path, InLayers("plan.toml"), "file of the resolved build plan",
        &[from(Detector, V0_7), from(Extender, V0_7), from(Builder, V0_7)]),
    row(Input::Platform, "platform", "CNB_PLATFORM_DIR", Path, Fixed("/platform"), "platform directory",
        &[from(Detector, V0_7), from(Extender, V0_7), from(Builder, V0_7), from(Creator, V0_7)]),
    row(Input::PreviousImage, "previous-image", "CNB_PREVIOUS_IMAGE", Text, DefaultValue::None, "reference of the previous image; if not given, the image itself",
        &[from(Analyzer, V0_7), from(Creator, V0_7), from(Rebaser, V0_11)]),
    row(Input::ProcessType, "process-type", "CNB_PROCESS_TYPE", Text, DefaultValue::None, "process type that the image starts",
        &[from(Exporter, V0_7), from(Creator, V0_7)]),
    row(Input::ProjectMetadata, "project-metadata", "CNB_PROJECT_METADATA_PATH", Path, InLayers("project-metadata.toml"), "file of project metadata",
        &[from(Exporter, V0_7), from(Creator, V0_7)]),
    row(Input::Report, "report", "CNB_REPORT_PATH", Path, InLayers("report.toml"), "file of the report",
        &[from(Exporter, V0_7), from(Creator, V0_7), from(Rebaser, V0_7)]),
    row(Input::Run, "run", "CNB_RUN_PATH", Path, Fixed("/cnb/run.toml"), "file of run images and their mirrors",
        &[from(Analyzer, V0_12), from(Detector, V0_12), from(Exporter, V0_12), from(Creator, V0_12), from(Restorer, V0_14)]),
    row(Input::RunImage, "run-image", "CNB_RUN_IMAGE", Text, DefaultValue::None, "reference of the run image",
        &[from(Analyzer, V0_7), from(Creator, V0_7), from(Rebaser, V0_7)]),
    row(Input::SkipLayers, "skip-layers", "CNB_SKIP_LAYERS", Switch, DefaultValue::None, "do not restore layers of the previous image",
        &[from(Restorer, V0_7), from(Analyzer, V0_9)]),
    row(Input::SkipRestore, "skip-restore", "CNB_SKIP_RESTORE", Switch, DefaultValue::None, "restore nothing but store.toml",
        &[from(Creator, V0_7)]),
    row(Input::SourceDateEpoch, "", "SOURCE_DATE_EPOCH", Text, DefaultValue::None, "creation time of the image, in seconds since 1970",
        &[from(Exporter, V0_9), from(Creator, V0_9)]),
    row(Input::Stack, "stack", "CNB_STACK_PATH", Path, Fixed("/cnb/stack.toml"), "[deprecated] file of the run image and its mirrors",
        &[until(Analyzer, V0_11), until(Exporter, V0_11), until(Creator, V0_11)]),
    row(Input::System, "system", "CNB_SYSTEM_PATH", Path, Fixed("/cnb/system.toml"), "file of buildpacks to add to each group",
        &[from(Detector, V0_15), from(Creator, V0_15)]),
    row(Input::Tag, "tag", "", List, DefaultValue::None, "additional reference for the app image",
        &[from(Analyzer, V0_7), from(Creator, V0_7)]),
    row(Input::Uid, "uid", "CNB_USER_ID", Id, DefaultValue::None, "user id of the build image's user",
        &[from(Analyzer, V0_7), from(Restorer, V0_7), from(Extender, V0_7), from(Exporter, V0_7), from(Creator, V0_7), from(Rebaser, V0_7)]),
];

#[cfg(test)]
mod tests {
    use super::{FACTS, facts};
    use crate::Input;

    #[test]
    fn each_input_has_its_row() {
        for (index, row) in FACTS.iter().enumerate() {
            assert_eq!(row.input as usize, index, "{:?}", row.input);
            assert_eq!(facts(row.input).input, row.input);
        }
        // The last variant; a variant without row would lie behind the table.
        assert_eq!(Input::Uid as usize, FACTS.len() - 1);
    }

    #[test]
    fn flags_and_variables_name_one_input_each() {
        for name in [|row: &super::Facts| row.flag, |row: &super::Facts| row.variable] {
            let mut names: Vec<_> = FACTS.iter().filter_map(name).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all);
        }
    }
}
