//! Quotes and variables in words.
//!
//! `$name`, `${name}` and `${name:-word}`, `${name-word}`, `${name:+word}`, `${name+word}`,
//! `${name:?message}`, `${name?message}`; single quotes keep all as it is, double quotes keep white space.

use std::iter::Peekable;
use std::str::Chars;

/// Why a word cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpansionError {
    /// A quote is not closed.
    #[error("the quote {0} has no end")]
    OpenQuote(char),
    /// A `${` is not closed, or what follows the name is not known.
    #[error(
        "'${{{0}' is not understood; the forms are ${{name}}, ${{name:-word}}, ${{name:+word}} and ${{name:?message}}"
    )]
    Malformed(String),
    /// `${name:?message}` and the variable is not set.
    #[error("variable {name} is not set: {message}")]
    Unset {
        /// The variable.
        name: String,
        /// What the Dockerfile says of it.
        message: String,
    },
}

/// What becomes of quotes and escape characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// They have their meaning and are removed.
    Removed,
    /// They are ordinary characters, as in here-documents; only `\$` is a dollar sign.
    Kept,
}

/// Expands the variables of a word and removes its quotes. `value` tells what a variable stands for; one
/// that is not set is empty.
///
/// # Errors
/// The word is malformed, or asks for an error if a variable is not set.
pub fn expand(
    word: &str,
    escape: char,
    quotes: Quotes,
    value: &dyn Fn(&str) -> Option<String>,
) -> Result<String, ExpansionError> {
    let mut expansion = Expansion { rest: word.chars().peekable(), escape, quotes, value };
    expansion.until(None)
}

struct Expansion<'a> {
    rest: Peekable<Chars<'a>>,
    escape: char,
    quotes: Quotes,
    value: &'a dyn Fn(&str) -> Option<String>,
}

impl Expansion<'_> {
    /// Expands up to an unquoted end character, which is taken, or to the end.
    fn until(&mut self, end: Option<char>) -> Result<String, ExpansionError> {
        let mut text = String::new();
        while let Some(character) = self.rest.next() {
            match character {
                _ if Some(character) == end => return Ok(text),
                '$' => text.push_str(&self.variable()?),
                _ if character == self.escape => self.escaped(&mut text, None),
                '\'' if self.quotes == Quotes::Removed => self.single_quoted(&mut text)?,
                '"' if self.quotes == Quotes::Removed => self.double_quoted(&mut text)?,
                _ => text.push(character),
            }
        }
        match end {
            Some(_) => Err(ExpansionError::Malformed(text)),
            None => Ok(text),
        }
    }

    fn single_quoted(&mut self, text: &mut String) -> Result<(), ExpansionError> {
        for character in self.rest.by_ref() {
            if character == '\'' {
                return Ok(());
            }
            text.push(character);
        }
        Err(ExpansionError::OpenQuote('\''))
    }

    fn double_quoted(&mut self, text: &mut String) -> Result<(), ExpansionError> {
        while let Some(character) = self.rest.next() {
            match character {
                '"' => return Ok(()),
                '$' => text.push_str(&self.variable()?),
                _ if character == self.escape => self.escaped(text, Some('"')),
                _ => text.push(character),
            }
        }
        Err(ExpansionError::OpenQuote('"'))
    }

    /// What follows an escape character. In quotes it takes the meaning of few characters only, and stays
    /// itself in front of others.
    fn escaped(&mut self, text: &mut String, quote: Option<char>) {
        let has_meaning = |next: char| match (self.quotes, quote) {
            (Quotes::Kept, _) => next == '$',
            (Quotes::Removed, Some(quote)) => next == quote || next == '$' || next == self.escape,
            (Quotes::Removed, None) => true,
        };
        match self.rest.peek().copied() {
            Some(next) if has_meaning(next) => {
                text.push(next);
                self.rest.next();
            }
            _ => text.push(self.escape),
        }
    }

    /// What stands behind a dollar sign.
    fn variable(&mut self) -> Result<String, ExpansionError> {
        if self.rest.next_if_eq(&'{').is_some() {
            return self.braced();
        }
        let name = self.name();
        // A dollar sign alone is one.
        if name.is_empty() { Ok("$".to_owned()) } else { Ok((self.value)(&name).unwrap_or_default()) }
    }

    /// A name: letters, digits and underscores, or a single special character of shells.
    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(character) =
            self.rest.next_if(|character| character.is_ascii_alphanumeric() || *character == '_')
        {
            name.push(character);
            if name.starts_with(|first: char| first.is_ascii_digit()) {
                return name;
            }
        }
        if name.is_empty() {
            name.extend(self.rest.next_if(|character| "@*#?-$!".contains(*character)));
        }
        name
    }

    fn braced(&mut self) -> Result<String, ExpansionError> {
        let name = self.name();
        let malformed = |name: &str| Err(ExpansionError::Malformed(name.to_owned()));
        if name.is_empty() {
            return malformed("");
        }
        let value = (self.value)(&name);
        let (value, operator) = match self.rest.next() {
            Some('}') => return Ok(value.unwrap_or_default()),
            // With a colon, an empty variable counts as one that is not set.
            Some(':') => (value.filter(|value| !value.is_empty()), self.rest.next()),
            operator => (value, operator),
        };
        let Some(operator @ ('-' | '+' | '?')) = operator else { return malformed(&name) };
        let word = self.until(Some('}')).or_else(|_| malformed(&name))?;
        match (operator, value) {
            ('-', value) => Ok(value.unwrap_or(word)),
            ('+', Some(_)) => Ok(word),
            ('+', None) => Ok(String::new()),
            (_, Some(value)) => Ok(value),
            (_, None) => Err(ExpansionError::Unset { name, message: word }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ExpansionError, Quotes, expand};

    fn value(name: &str) -> Option<String> {
        match name {
            "A" => Some("a b".to_owned()),
            "E" => Some(String::new()),
            "LONG_1" => Some("long".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn words_are_expanded_as_shells_do() {
        for (word, expected) in [
            ("plain", "plain"),
            ("$A/${A}x$LONG_1-", "a b/a bxlong-"),
            ("'$A' \"$A\"", "$A a b"),
            (r"\$A \' \a", "$A ' a"),
            (r#""\$A \" \a \\""#, r#"$A " \a \"#),
            (r"end\", r"end\"),
            ("$", "$"),
            ("$/", "$/"),
            ("$U.${U}", "."),
            ("${U:-x}${E:-x}${A:-x}", "xxa b"),
            ("${U-x}${E-x}", "x"),
            ("${U:+x}${E:+x}${A:+x}", "x"),
            ("${U+x}${E+x}", "x"),
            ("${U:-$A}${U:-${E:-${LONG_1}}}", "a blong"),
            ("${U:-'}'}", "}"),
            ("${A:?no}", "a b"),
            ("$1a $$", "a "),
        ] {
            assert_eq!(expand(word, '\\', Quotes::Removed, &value).as_deref(), Ok(expected), "{word}");
        }
        assert_eq!(expand("`$A\\", '`', Quotes::Removed, &value).as_deref(), Ok("$A\\"));
    }

    #[test]
    fn here_documents_keep_their_quotes() {
        let text = "'$A' \"${E:-x}\" \\$A \\n it's";
        assert_eq!(expand(text, '\\', Quotes::Kept, &value).as_deref(), Ok("'a b' \"x\" $A \\n it's"));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        use ExpansionError::{Malformed, OpenQuote, Unset};
        for (word, error) in [
            ("'a", OpenQuote('\'')),
            ("\"a", OpenQuote('"')),
            ("${A", Malformed("A".into())),
            ("${", Malformed(String::new())),
            ("${}", Malformed(String::new())),
            ("${A:-x", Malformed("A".into())),
            ("${A#x}", Malformed("A".into())),
            ("${A:x}", Malformed("A".into())),
            ("${U:?give it}", Unset { name: "U".into(), message: "give it".into() }),
            ("${E:?}", Unset { name: "E".into(), message: String::new() }),
        ] {
            assert_eq!(expand(word, '\\', Quotes::Removed, &value), Err(error), "{word}");
        }
    }
}
