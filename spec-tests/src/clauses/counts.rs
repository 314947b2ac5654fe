//! How many sentences of the texts demand something, and of whom: what the claim that the table is complete rests on.

use serde::Deserialize;
use spec_model::text;

use super::Document;
use super::file::{TableError, malformed};

/// Sentences that demand something of others than the lifecycle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Others {
    /// Of platforms.
    pub platform: usize,
    /// Of buildpacks and their authors.
    pub buildpacks: usize,
    /// Of image extensions and their authors.
    pub extensions: usize,
    /// Of build images and run images and their authors.
    pub images: usize,
    /// Of the text itself and its versions.
    pub spec: usize,
}

impl Others {
    fn sum(self) -> usize {
        self.platform + self.buildpacks + self.extensions + self.images + self.spec
    }
}

/// How many demanding sentences a version of a text has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextCount {
    /// The text.
    pub document: Document,
    /// Its version.
    pub version: String,
    /// All of them.
    pub sentences: usize,
    /// Those that bind the lifecycle. Clauses stand for these.
    pub lifecycle: usize,
    /// Those that bind others.
    pub others: Others,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    text: Vec<TextCount>,
}

/// Reads the counts, which have to add up.
pub(super) fn read(counts: &str) -> Result<Vec<TextCount>, TableError> {
    let Coverage { text: counts } = text::parse(counts).map_err(malformed("coverage"))?;
    for TextCount { document, version, sentences, lifecycle, others } in &counts {
        if *sentences != lifecycle + others.sum() {
            return Err(TableError::Count { document: *document, version: version.clone() });
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn counts_add_up() {
        let text = "[[text]]\ndocument = 'buildpack.md'\nversion = '0.7'\nsentences = 3\nlifecycle = 2\n";
        let counted = |others: &str| read(&format!("{text}others = {{ {others} }}"));
        assert_eq!(counted("platform = 1").unwrap().len(), 1);
        assert!(counted("platform = 1, images = 1").unwrap_err().to_string().contains("don't add up"));
        assert!(counted("nobody = 1").is_err());
    }
}
