//! The table of clauses: what the specification and the platforms demand of a lifecycle, and which tests pin it.
//!
//! Its rows are the TOML files of `clauses/`, whose README tells how they came about. They are part of the crate, so
//! that a suite run needs no files beside it.

mod counts;
mod embedded;
mod file;

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use spec_model::{BuildpackApi, PlatformApi};

pub use counts::{Others, TextCount};
pub use file::{TableError, Versions};

/// All clauses, in the order of the texts.
#[derive(Debug, Clone, Default)]
pub struct Table {
    clauses: Vec<Clause>,
    counts: Vec<TextCount>,
}

/// One demand on a lifecycle.
#[derive(Debug, Clone)]
pub struct Clause {
    /// What it is called, for good: the text's part, a period, and what it is about.
    pub id: String,
    /// Where it comes from.
    pub document: Document,
    /// The headings below which it stands.
    pub section: String,
    /// The Platform APIs in which it holds; `None` where they don't matter.
    pub platform: Option<Versions<PlatformApi>>,
    /// The Buildpack APIs for whose buildpacks it holds; `None` where they don't matter.
    pub buildpack: Option<Versions<BuildpackApi>>,
    /// How much it demands.
    pub kind: Kind,
    /// The executables it binds; at least one.
    pub phases: Vec<Phase>,
    /// What it demands, in one line.
    pub says: String,
    /// The tests that fail if it is broken, as `<module>::<function>`.
    pub tests: Vec<String>,
    /// Why no black-box test can tell whether it is kept.
    pub untestable: Option<String>,
}

/// Where a clause comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Document {
    /// The Platform Interface Specification.
    #[serde(rename = "platform.md")]
    Platform,
    /// The Buildpack Interface Specification.
    #[serde(rename = "buildpack.md")]
    Buildpack,
    /// The Image Extension Interface Specification, whose versions are those of the Buildpack API.
    #[serde(rename = "image_extension.md")]
    ImageExtension,
    /// What platforms rely on beyond the texts.
    #[serde(rename = "what platforms rely on beyond the text")]
    Practice,
    /// What must not happen whatever happens: damage, hangs, crashes.
    #[serde(rename = "what must hold when something goes wrong")]
    Robustness,
}

impl Document {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Platform, Self::Buildpack, Self::ImageExtension, Self::Practice, Self::Robustness];

    /// What it is called.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Platform => "platform.md",
            Self::Buildpack => "buildpack.md",
            Self::ImageExtension => "image_extension.md",
            Self::Practice => "practice",
            Self::Robustness => "robustness",
        }
    }

    /// How ids of its clauses begin.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Platform => "platform.",
            Self::Buildpack => "buildpack.",
            Self::ImageExtension => "image-extension.",
            Self::Practice => "de-facto.",
            Self::Robustness => "robustness.",
        }
    }
}

/// How much a clause demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// MUST, SHALL, REQUIRED; and what tables, formats and plain sentences state.
    Must,
    /// MUST NOT, SHALL NOT.
    MustNot,
    /// SHOULD.
    Should,
    /// No text says so; platforms rely on it.
    DeFacto,
    /// The bytes of layers and images that exist. A tier of its own: who differs here may keep every other clause.
    ByteEqual,
    /// What has to hold when something goes wrong: faults, kills and hostile input.
    Robust,
}

/// Which clauses belong together. Results of one tier say nothing about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// What the texts demand and recommend.
    Spec,
    /// What platforms rely on.
    DeFacto,
    /// What has to hold when something goes wrong.
    Robustness,
    /// Identity with the bytes that lifecycles have made so far.
    Bytes,
}

impl Tier {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Spec, Self::DeFacto, Self::Robustness, Self::Bytes];
}

impl fmt::Display for Tier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Spec => "spec",
            Self::DeFacto => "de-facto",
            Self::Robustness => "robustness",
            Self::Bytes => "bytes",
        })
    }
}

impl Kind {
    /// The tier that clauses of this kind belong to.
    #[must_use]
    pub const fn tier(self) -> Tier {
        match self {
            Self::Must | Self::MustNot | Self::Should => Tier::Spec,
            Self::DeFacto => Tier::DeFacto,
            Self::ByteEqual => Tier::Bytes,
            Self::Robust => Tier::Robustness,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Must => "must",
            Self::MustNot => "must-not",
            Self::Should => "should",
            Self::DeFacto => "de-facto",
            Self::ByteEqual => "byte-equal",
            Self::Robust => "robust",
        })
    }
}

/// An executable that a clause binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "they are the executables' names")]
pub enum Phase {
    Analyzer,
    Detector,
    Restorer,
    Extender,
    Builder,
    Exporter,
    Creator,
    Rebaser,
    Launcher,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Analyzer,
        Self::Detector,
        Self::Restorer,
        Self::Extender,
        Self::Builder,
        Self::Exporter,
        Self::Creator,
        Self::Rebaser,
        Self::Launcher,
    ];
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Analyzer => "analyzer",
            Self::Detector => "detector",
            Self::Restorer => "restorer",
            Self::Extender => "extender",
            Self::Builder => "builder",
            Self::Exporter => "exporter",
            Self::Creator => "creator",
            Self::Rebaser => "rebaser",
            Self::Launcher => "launcher",
        })
    }
}

impl Clause {
    /// The versions in which it holds, in words.
    #[must_use]
    pub fn versions(&self) -> String {
        let platform =
            self.platform.map(|versions| format!("Platform API {} to {}", versions.from, versions.to));
        let buildpack =
            self.buildpack.map(|versions| format!("Buildpack API {} to {}", versions.from, versions.to));
        platform.into_iter().chain(buildpack).collect::<Vec<_>>().join(", ")
    }

    /// Whether it holds for these versions.
    #[must_use]
    pub fn holds_in(&self, platform: PlatformApi, buildpack: BuildpackApi) -> bool {
        self.platform.is_none_or(|versions| versions.contains(&platform))
            && self.buildpack.is_none_or(|versions| versions.contains(&buildpack))
    }

    /// Whether a test pins it, or it is known why none can.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        !self.tests.is_empty() || self.untestable.is_some()
    }
}

impl Table {
    /// The table that is part of the crate.
    pub fn embedded() -> Result<Self, TableError> {
        Ok(Self { clauses: file::read(embedded::FILES)?, counts: counts::read(embedded::COUNTS)? })
    }

    /// The table with further rows.
    #[must_use]
    pub fn with(mut self, rows: impl IntoIterator<Item = Clause>) -> Self {
        self.clauses.extend(rows);
        self
    }

    /// All clauses, in the order of the texts.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// How many demanding sentences each version of each text has, by whom they bind.
    #[must_use]
    pub fn counts(&self) -> &[TextCount] {
        &self.counts
    }

    /// Clauses with neither a test nor a reason why there is none.
    #[must_use]
    pub fn uncovered(&self) -> Vec<&Clause> {
        self.clauses.iter().filter(|clause| !clause.is_covered()).collect()
    }

    /// Tests that clauses name but that don't exist, with the clause.
    #[must_use]
    pub fn unknown_tests(&self, existing: &BTreeSet<String>) -> Vec<(&Clause, &str)> {
        let named =
            self.clauses.iter().flat_map(|clause| clause.tests.iter().map(move |test| (clause, test)));
        named
            .filter(|(_, test)| !existing.contains(*test))
            .map(|(clause, test)| (clause, test.as_str()))
            .collect()
    }
}
