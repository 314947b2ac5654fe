//! The phases of the lifecycle.

use std::fmt;

use spec_model::PlatformApi;

/// A phase, each an executable of its own. The launcher is none: it runs in the app image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Reads what is known of previous image and run image.
    Analyzer,
    /// Finds the group of buildpacks.
    Detector,
    /// Restores layers and their metadata.
    Restorer,
    /// Applies the Dockerfiles of image extensions.
    Extender,
    /// Runs the buildpacks.
    Builder,
    /// Writes the app image and the cache.
    Exporter,
    /// Does all of it in one process, but for extending.
    Creator,
    /// Replaces the base of an app image.
    Rebaser,
}

/// How many arguments a phase takes behind its flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arguments {
    /// None.
    None,
    /// The image, once.
    One,
    /// One image or several.
    AtLeastOne,
}

/// With which rights a phase does its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privileges {
    /// It runs buildpacks or other people's executables and refuses to start as root.
    Refused,
    /// Started as root it gives them up for `-uid` and `-gid`.
    Dropped,
    /// It needs them: it changes the container's whole file system.
    Kept,
}

impl Phase {
    /// All phases, in the order of a build; then the rebaser.
    pub const ALL: [Self; 8] = [
        Self::Analyzer,
        Self::Detector,
        Self::Restorer,
        Self::Extender,
        Self::Builder,
        Self::Exporter,
        Self::Creator,
        Self::Rebaser,
    ];

    /// The name of the executable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Analyzer => "analyzer",
            Self::Detector => "detector",
            Self::Restorer => "restorer",
            Self::Extender => "extender",
            Self::Builder => "builder",
            Self::Exporter => "exporter",
            Self::Creator => "creator",
            Self::Rebaser => "rebaser",
        }
    }

    /// What the phase does, in a sentence for its `--help`.
    #[must_use]
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Analyzer => "Reads what is known of the previous image and the run image",
            Self::Detector => "Finds the group of buildpacks that builds the application",
            Self::Restorer => "Restores layers and their metadata from the previous image and the cache",
            Self::Extender => "Applies the Dockerfiles of image extensions to the build or run image",
            Self::Builder => "Runs the buildpacks of the group",
            Self::Exporter => "Writes the app image, the cache and the report",
            Self::Creator => "Analyzes, detects, restores, builds and exports",
            Self::Rebaser => "Replaces the run image below an app image",
        }
    }

    /// The arguments it takes. Spec: platform.md § Usage.
    #[must_use]
    pub const fn arguments(self) -> Arguments {
        match self {
            Self::Analyzer | Self::Creator => Arguments::One,
            Self::Exporter | Self::Rebaser => Arguments::AtLeastOne,
            Self::Detector | Self::Restorer | Self::Extender | Self::Builder => Arguments::None,
        }
    }

    /// The rights it works with. Spec: platform.md § Security Considerations.
    #[must_use]
    pub const fn privileges(self) -> Privileges {
        match self {
            Self::Detector | Self::Builder => Privileges::Refused,
            Self::Extender => Privileges::Kept,
            Self::Analyzer | Self::Restorer | Self::Exporter | Self::Creator | Self::Rebaser => {
                Privileges::Dropped
            }
        }
    }

    /// The first Platform API that knows the phase.
    #[must_use]
    pub const fn since(self) -> PlatformApi {
        match self {
            Self::Extender => PlatformApi::V0_10,
            _ => PlatformApi::V0_7,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
