//! The inputs of the phases. Their facts stand in [`crate::table`].

use spec_model::PlatformApi;

use crate::{Phase, table};

/// An input that platforms give to phases by flag or variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is described by Input::description, which also makes the help text")]
pub enum Input {
    Analyzed,
    App,
    BuildConfig,
    BuildImage,
    Buildpacks,
    CacheDir,
    CacheImage,
    Daemon,
    DeprecatedRunImage,
    ExecEnv,
    ExtendKind,
    Extended,
    Extensions,
    Force,
    Generated,
    Gid,
    Group,
    InsecureRegistry,
    KanikoCacheTtl,
    LaunchCache,
    Launcher,
    LauncherSbom,
    Layers,
    Layout,
    LayoutDir,
    LogLevel,
    NoColor,
    Order,
    Parallel,
    Plan,
    Platform,
    PreviousImage,
    ProcessType,
    ProjectMetadata,
    Report,
    Run,
    RunImage,
    SkipLayers,
    SkipRestore,
    SourceDateEpoch,
    Stack,
    System,
    Tag,
    Uid,
}

/// What kind of value an input takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// A path, made absolute.
    Path,
    /// Any text.
    Text,
    /// On or off.
    Switch,
    /// A flag that may be given several times; a variable with commas between the values.
    List,
    /// A user or group id.
    Id,
}

impl InputKind {
    /// What stands for a value in help texts.
    #[must_use]
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Text => "text",
            Self::Switch => "true|false",
            Self::List => "name",
            Self::Id => "id",
        }
    }
}

/// What an input is when neither flag nor variable tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    /// Nothing.
    None,
    /// This text or path.
    Fixed(&'static str),
    /// This path below the layers directory.
    InLayers(&'static str),
    /// The first path below the layers directory if it is there, else the second.
    InLayersOr(&'static str, &'static str),
}

/// A phase that takes an input, and the Platform API versions in which it does.
#[derive(Debug, Clone, Copy)]
pub struct InputUse {
    /// The phase.
    pub phase: Phase,
    /// The first version.
    pub since: PlatformApi,
    /// The last version.
    pub until: PlatformApi,
}

/// All facts of an input; a row of the table.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) input: Input,
    pub(crate) flag: Option<&'static str>,
    pub(crate) variable: Option<&'static str>,
    pub(crate) kind: InputKind,
    pub(crate) default: DefaultValue,
    pub(crate) description: &'static str,
    pub(crate) uses: &'static [InputUse],
}

impl Input {
    /// All inputs, in alphabetical order.
    pub fn all() -> impl Iterator<Item = Self> {
        table::FACTS.iter().map(|facts| facts.input)
    }

    /// The inputs of a phase in a Platform API version.
    pub fn of(phase: Phase, api: PlatformApi) -> impl Iterator<Item = Self> {
        Self::all().filter(move |input| input.is_taken_by(phase, api))
    }

    fn facts(self) -> &'static Facts {
        table::facts(self)
    }

    /// The flag without dashes, for example `layers`.
    #[must_use]
    pub fn flag(self) -> Option<&'static str> {
        self.facts().flag
    }

    /// The variable, for example `CNB_LAYERS_DIR`.
    #[must_use]
    pub fn variable(self) -> Option<&'static str> {
        self.facts().variable
    }

    /// The kind of its values.
    #[must_use]
    pub fn kind(self) -> InputKind {
        self.facts().kind
    }

    /// Its default.
    #[must_use]
    pub fn default_value(self) -> DefaultValue {
        self.facts().default
    }

    /// What it is, in a few words.
    #[must_use]
    pub fn description(self) -> &'static str {
        self.facts().description
    }

    /// The phases that take it.
    #[must_use]
    pub fn uses(self) -> &'static [InputUse] {
        self.facts().uses
    }

    /// Whether the phase takes it in this Platform API version.
    #[must_use]
    pub fn is_taken_by(self, phase: Phase, api: PlatformApi) -> bool {
        self.uses().iter().any(|usage| usage.phase == phase && usage.since <= api && api <= usage.until)
    }

    /// Flag and variable as a message names them, for example `-layers (CNB_LAYERS_DIR)`.
    #[must_use]
    pub fn naming(self) -> String {
        match (self.flag(), self.variable()) {
            (Some(flag), Some(variable)) => format!("-{flag} ({variable})"),
            (Some(flag), None) => format!("-{flag}"),
            (None, Some(variable)) => variable.to_owned(),
            (None, None) => format!("{self:?}"),
        }
    }
}
