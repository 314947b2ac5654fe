//! Files of clauses.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use spec_model::text::TomlError;
use spec_model::{BuildpackApi, PlatformApi, text};

use super::counts::Others;
use super::{Clause, Document, Kind, Phase};

/// A range of versions, its ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, bound = "V: FromStr, V::Err: Display")]
pub struct Versions<V> {
    /// The oldest.
    #[serde(deserialize_with = "version")]
    pub from: V,
    /// The newest.
    #[serde(deserialize_with = "version")]
    pub to: V,
}

impl<V: Ord> Versions<V> {
    /// Whether a version is one of them.
    pub fn contains(&self, version: &V) -> bool {
        self.from <= *version && *version <= self.to
    }
}

fn version<'de, D: Deserializer<'de>, V: FromStr<Err: Display>>(input: D) -> Result<V, D::Error> {
    String::deserialize(input)?.parse().map_err(serde::de::Error::custom)
}

/// A table that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A file is not of the form that the README of `clauses/` describes.
    #[error("clauses/{file}.toml: {source}")]
    Malformed {
        /// The file, without its ending.
        file: String,
        /// Where and why.
        source: TomlError,
    },
    /// A row says what no clause can.
    #[error("clauses/{file}.toml: '{id}' {fault}")]
    Clause {
        /// The file, without its ending.
        file: String,
        /// The clause.
        id: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The sentences of a text are not those of the lifecycle and of others together.
    #[error("clauses/coverage.toml: the sentences of {document:?} {version} don't add up")]
    Count {
        /// The text.
        document: Document,
        /// Its version.
        version: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClauseFile {
    document: Document,
    #[serde(default, rename = "others")]
    _others: Others,
    clause: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    section: String,
    platform: Option<Versions<PlatformApi>>,
    buildpack: Option<Versions<BuildpackApi>>,
    kind: Kind,
    phases: BTreeSet<Phase>,
    says: String,
    #[serde(default)]
    tests: Vec<String>,
    untestable: Option<String>,
}

/// Reads clauses from files, by name without ending.
pub(super) fn read(files: &[(&str, &str)]) -> Result<Vec<Clause>, TableError> {
    let mut clauses = Vec::new();
    let mut ids = BTreeSet::new();
    for (name, content) in files {
        let file: ClauseFile = text::parse(content).map_err(malformed(name))?;
        for row in file.clause {
            let twice = !ids.insert(row.id.clone());
            let fault = if twice { Some("is there twice") } else { fault(&row, file.document) };
            if let Some(fault) = fault {
                return Err(TableError::Clause { file: (*name).to_owned(), id: row.id, fault });
            }
            clauses.push(row.into_clause(file.document));
        }
    }
    Ok(clauses)
}

/// Turns an error of the text into one of the file.
pub(super) fn malformed(file: &str) -> impl FnOnce(TomlError) -> TableError {
    let file = file.to_owned();
    |source| TableError::Malformed { file, source }
}

fn fault(row: &Row, document: Document) -> Option<&'static str> {
    let is_of_id =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || ".-".contains(letter);
    let is_backwards = row.platform.is_some_and(|versions| versions.from > versions.to)
        || row.buildpack.is_some_and(|versions| versions.from > versions.to);
    let documents = match row.kind {
        Kind::Must | Kind::MustNot | Kind::Should => {
            &[Document::Platform, Document::Buildpack, Document::ImageExtension][..]
        }
        Kind::DeFacto | Kind::ByteEqual => &[Document::Practice],
        Kind::Robust => &[Document::Robustness],
    };
    let faults = [
        (!row.id.starts_with(document.prefix()), "does not begin as ids of its document do"),
        (!row.id.chars().all(is_of_id), "has letters that ids don't have"),
        (row.platform.is_none() && row.buildpack.is_none(), "holds in no version"),
        (is_backwards, "has versions that run backwards"),
        (!documents.contains(&document), "is of a kind that its document does not have"),
        (row.phases.is_empty(), "binds no phase"),
        (row.section.is_empty() || row.says.is_empty(), "does not say what it demands, or where"),
        (row.untestable.as_deref() == Some(""), "has no reason why it cannot be tested"),
        (row.untestable.is_some() && !row.tests.is_empty(), "has tests and a reason why it cannot be tested"),
    ];
    faults.into_iter().find_map(|(holds, fault)| holds.then_some(fault))
}

impl Row {
    fn into_clause(self, document: Document) -> Clause {
        let Self { id, section, platform, buildpack, kind, phases, says, tests, untestable } = self;
        let phases = phases.into_iter().collect();
        Clause { id, document, section, platform, buildpack, kind, phases, says, tests, untestable }
    }
}

#[cfg(test)]
mod tests {
    use spec_model::{BuildpackApi, PlatformApi};

    use super::super::Table;
    use super::read;

    const ROW: &str = "
        id = 'platform.exporter.report'
        section = 'exporter § Outputs'
        platform = { from = '0.8', to = '0.10' }
        kind = 'must'
        phases = ['exporter']
        says = 'There is a report'
    ";

    fn file(rows: &[&str]) -> String {
        format!("document = 'platform.md'\n[[clause]]\n{}", rows.join("\n[[clause]]\n"))
    }

    /// Why a table of one row is refused.
    #[track_caller]
    fn refused(row: &str) -> String {
        read(&[("exporter", &file(&[row]))]).unwrap_err().to_string()
    }

    #[test]
    fn rows_are_read() {
        let tested = ROW.replace("report'", "other'") + "tests = ['suite::report']";
        let untestable = ROW.replace("report'", "third'") + "untestable = 'Windows'";
        let clauses = read(&[("exporter", &file(&[ROW, &tested, &untestable]))]).unwrap();
        let table = Table { clauses, counts: Vec::new() };
        let open: Vec<_> = table.uncovered().into_iter().map(|clause| clause.id.as_str()).collect();
        assert_eq!(open, ["platform.exporter.report"]);
        let unknown = |tests: &[&str]| {
            let existing = tests.iter().map(|test| (*test).to_owned()).collect();
            table.unknown_tests(&existing).len()
        };
        assert_eq!([unknown(&["suite::report"]), unknown(&["suite::reports"])], [0, 1]);
    }

    #[test]
    fn clauses_hold_in_their_versions() {
        let both = ROW.to_owned() + "buildpack = { from = '0.9', to = '0.12' }";
        let clauses = read(&[("exporter", &file(&[&both]))]).unwrap();
        let clause = clauses.first().unwrap();
        for (platform, buildpack, holds) in [
            (PlatformApi::V0_7, BuildpackApi::V0_9, false),
            (PlatformApi::V0_8, BuildpackApi::V0_8, false),
            (PlatformApi::V0_8, BuildpackApi::V0_9, true),
            (PlatformApi::V0_10, BuildpackApi::V0_12, true),
            (PlatformApi::V0_11, BuildpackApi::V0_12, false),
        ] {
            assert_eq!(clause.holds_in(platform, buildpack), holds, "{platform} {buildpack}");
        }
    }

    #[test]
    fn impossible_rows_are_refused() {
        for (was, is, told) in [
            ("platform.exporter", "buildpack.exporter", "does not begin"),
            ("exporter.report", "exporter.Report", "letters"),
            ("platform = { from = '0.8', to = '0.10' }", "", "in no version"),
            ("from = '0.8', to = '0.10'", "from = '0.10', to = '0.8'", "backwards"),
            ("'must'", "'de-facto'", "kind"),
            ("['exporter']", "[]", "no phase"),
            ("'There is a report'", "''", "does not say"),
            ("phases", "untestable = 'a reason'\ntests = ['a::test']\nphases", "has tests and"),
            ("phases", "untestable = ''\nphases", "no reason"),
            ("'0.10'", "'0.16'", "0.7 to 0.15"),
            ("'0.8'", "'0.6'", "0.7 to 0.15"),
            ("'exporter']", "'exportr']", "exportr"),
            ("phases", "phase = 1\nphases", "phase"),
        ] {
            let error = refused(&ROW.replace(was, is));
            assert!(error.contains(told), "{is}: {error}");
            assert!(error.contains("clauses/exporter.toml"), "{error}");
        }
        let error = read(&[("exporter", &file(&[ROW, ROW]))]).unwrap_err();
        assert!(error.to_string().contains("twice"), "{error}");
    }
}
