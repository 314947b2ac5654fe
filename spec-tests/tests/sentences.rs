//! Each sentence of the texts that demands something has its clauses, or is known to bind somebody else.
//!
//! `sentences/` has both, by sentence; the sentences themselves are not part of this repository. A clone of the
//! specification's, with its tags, is compared if `SPEC_REPOSITORY` names one. A new version of a text then shows
//! which of its sentences are new.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking and tells of a skip")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use spec_model::text;
use spec_tests::clauses::{Clause, Document, Others, Table};
use test_kit::sha256;

/// Words that demand something.
const DEMANDS: [&str; 5] = ["MUST", "SHALL", "SHOULD", "REQUIRED", "RECOMMENDED"];

/// What a sentence binds.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Bound {
    /// The lifecycle, by these clauses.
    Lifecycle(Vec<String>),
    /// Somebody else.
    Other(Other),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Other {
    Platform,
    Buildpacks,
    Extensions,
    Images,
    Spec,
}

/// The sentences of a text, by the first digits of their SHA-256.
fn sentences(document: Document) -> BTreeMap<String, Bound> {
    let name = document.prefix().trim_end_matches('.');
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("sentences").join(name).with_extension("toml");
    text::parse(&fs_err::read_to_string(file).unwrap()).unwrap()
}

/// The digits for a line of a text; `None` if it demands nothing.
fn digits(line: &str) -> Option<String> {
    let is_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let demands = line.split(|letter| !is_of_word(letter)).any(|word| DEMANDS.contains(&word));
    let words = line.trim().trim_start_matches(['-', '*', ' ']).split_whitespace();
    let sentence = words.collect::<Vec<_>>().join(" ");
    let digest = sha256(sentence.as_bytes());
    demands.then(|| digest.trim_start_matches("sha256:").chars().take(8).collect())
}

/// A version of a text, from a clone of the specification's repository.
fn read(repository: &str, document: Document, version: &str) -> String {
    let (api, file) = match document {
        Document::Platform => ("platform", "platform.md"),
        Document::Buildpack => ("buildpack", "buildpack.md"),
        Document::ImageExtension => ("buildpack", "image_extension.md"),
        Document::Practice | Document::Robustness => unreachable!("no text"),
    };
    let show = |tag: String| {
        let object = format!("refs/tags/{tag}:{file}");
        Command::new("git").args(["-C", repository, "show", &object]).output().unwrap()
    };
    let tags = [format!("{api}/v{version}"), format!("{api}/{version}")];
    let output = tags.into_iter().map(show).find(|output| output.status.success());
    String::from_utf8(output.unwrap_or_else(|| panic!("no tag of {api} {version}")).stdout).unwrap()
}

/// Whether a clause holds in a version of the text that it comes from.
fn holds_in(clause: &Clause, version: &str) -> bool {
    match clause.document {
        Document::Platform => clause.platform.unwrap().contains(&version.parse().unwrap()),
        _ => clause.buildpack.unwrap().contains(&version.parse().unwrap()),
    }
}

#[test]
fn sentences_name_clauses_of_their_text() {
    let table = Table::embedded().unwrap();
    let clauses: BTreeSet<_> =
        table.clauses().iter().map(|clause| (clause.document, clause.id.as_str())).collect();
    for document in [Document::Platform, Document::Buildpack, Document::ImageExtension] {
        for (digits, bound) in &sentences(document) {
            let Bound::Lifecycle(ids) = bound else { continue };
            assert!(!ids.is_empty(), "{digits} has no clauses");
            for id in ids {
                assert!(clauses.contains(&(document, id)), "{digits}: there is no {id}");
            }
        }
    }
}

#[test]
fn lines_are_recognized_whatever_marks_they_have() {
    assert_eq!(digits("  - **It MUST  be**\n"), digits("* **It MUST be**"));
    assert_ne!(digits("It MUST be"), digits("It MUST NOT be"));
    assert_eq!([digits("It must be"), digits("CNB_MUST_BE")], [None, None]);
}

#[test]
fn the_texts_have_these_sentences_and_no_others() {
    let Ok(repository) = std::env::var("SPEC_REPOSITORY") else {
        eprintln!("SKIPPED: SPEC_REPOSITORY does not name a clone of the specification's repository");
        return;
    };
    let table = Table::embedded().unwrap();
    let clauses: BTreeMap<_, _> = table.clauses().iter().map(|clause| (clause.id.as_str(), clause)).collect();
    for count in table.counts() {
        let (text, known) = (read(&repository, count.document, &count.version), sentences(count.document));
        let (mut lifecycle, mut others) = (0, Others::default());
        for (line, digits) in text.lines().filter_map(|line| Some((line, digits(line)?))) {
            match known.get(&digits) {
                Some(Bound::Lifecycle(ids)) => {
                    let holds = ids.iter().any(|id| holds_in(clauses[id.as_str()], &count.version));
                    assert!(holds, "{ids:?} don't hold in {}, which says: {line}", count.version);
                    lifecycle += 1;
                }
                Some(Bound::Other(Other::Platform)) => others.platform += 1,
                Some(Bound::Other(Other::Buildpacks)) => others.buildpacks += 1,
                Some(Bound::Other(Other::Extensions)) => others.extensions += 1,
                Some(Bound::Other(Other::Images)) => others.images += 1,
                Some(Bound::Other(Other::Spec)) => others.spec += 1,
                None => panic!("{:?} {} says more ({digits}): {line}", count.document, count.version),
            }
        }
        assert_eq!(
            (lifecycle, others),
            (count.lifecycle, count.others),
            "{:?} {}",
            count.document,
            count.version
        );
    }
}
