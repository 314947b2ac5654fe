//! Process types that can name a link in an image.

use std::fmt;

/// Characters that no type may have, as it becomes a file name and an argument.
const FORBIDDEN: [char; 8] = ['/', '>', '<', ':', '|', '&', '\\', '\0'];

/// A process type that is fit to be a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessType(String);

/// The process type can't be the name of a link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadProcessType {
    /// There is no text.
    #[error("a process has no type; each process in launch.toml needs one")]
    Empty,
    /// There is a character that no type may have.
    #[error(
        r"process type {0:?} has a character that is not allowed; none of / > < : | & \ can be in a type"
    )]
    Forbidden(String),
    /// It would name a directory.
    #[error("'{0}' cannot be a process type")]
    Directory(String),
}

impl ProcessType {
    /// Checks a type.
    pub fn new(text: &str) -> Result<Self, BadProcessType> {
        match text {
            "" => Err(BadProcessType::Empty),
            "." | ".." => Err(BadProcessType::Directory(text.to_owned())),
            _ if text.contains(FORBIDDEN) => Err(BadProcessType::Forbidden(text.to_owned())),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for ProcessType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{BadProcessType, ProcessType};

    #[test]
    fn types_name_links() {
        for text in ["web", "web-2", "a.b_c", "...", "with space", "\u{fc}"] {
            assert_eq!(ProcessType::new(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn others_are_refused() {
        assert_eq!(ProcessType::new(""), Err(BadProcessType::Empty));
        for text in [".", ".."] {
            assert_eq!(ProcessType::new(text), Err(BadProcessType::Directory(text.to_owned())));
        }
        for text in ["a/b", "a>b", "a<b", "a:b", "a|b", "a&b", r"a\b", "a\0b", "/"] {
            assert_eq!(ProcessType::new(text), Err(BadProcessType::Forbidden(text.to_owned())), "{text:?}");
        }
    }
}
