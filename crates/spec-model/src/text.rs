//! Reading and printing TOML text: one way for every file of the specification.
//!
//! Errors name line, column and key. What is printed has the layout of the reference lifecycle's files,
//! because some of them end in image layers, and a layer whose bytes differ is a layer sent again.

mod key;

use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Value;
use toml::de::{DeTable, DeValue};

/// TOML text that is malformed or does not have the expected shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}{}: {message}", key.as_ref().map(|key| format!(", key '{key}'")).unwrap_or_default())]
pub struct TomlError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The dotted path of the key, with indexes of arrays, where one is known.
    pub key: Option<String>,
    /// What is wrong there.
    pub message: String,
}

/// Reads a document of type `T`.
///
/// # Errors
/// The text is not TOML or a value has the wrong type.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, TomlError> {
    toml::from_str(text).map_err(|error| malformed(text, &error))
}

/// Reads a document that holds nothing but strings: names and values in the document's order.
///
/// The launcher reads this form; it does without the weight that [`parse`] has for each type.
///
/// # Errors
/// The text is not TOML or a value is no string.
pub fn parse_strings(text: &str) -> Result<Vec<(String, String)>, TomlError> {
    let table = DeTable::parse(text).map_err(|error| malformed(text, &error))?.into_inner();
    let pairs = table.into_iter().map(|(name, value)| {
        let name = name.into_inner().into_owned();
        let offset = value.span().start;
        match value.into_inner() {
            DeValue::String(value) => Ok((name, value.into_owned())),
            other => {
                let message = format!("invalid type: {}, expected a string", other.type_str());
                Err(at(text, offset, Some(name), message))
            }
        }
    });
    pairs.collect()
}

fn malformed(text: &str, error: &toml::de::Error) -> TomlError {
    let place = error.span().unwrap_or_default();
    at(text, place.start, key::at(text, &place), error.message().trim_end().to_owned())
}

fn at(text: &str, offset: usize, key: Option<String>, message: String) -> TomlError {
    let before = text.get(..offset).unwrap_or(text);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    TomlError { line: before.matches('\n').count() + 1, column: last_line.chars().count() + 1, key, message }
}

/// A value that TOML has no form for, such as a key with a null value inside an array.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot be written as TOML: {0}")]
pub struct NotToml(String);

/// Prints a document: in each table first the plain values, then the sub-tables, each level indented by
/// two spaces.
///
/// # Errors
/// `document` is no table or holds something that TOML cannot express.
pub fn print<T: Serialize>(document: &T) -> Result<String, NotToml> {
    print_escaping(document, &[])
}

/// Prints a document as [`print`] does, and escapes `<`, `>`, `&`, U+2028 and U+2029 in the strings of the
/// plain value at `escaped`, as JSON text of Go has them.
///
/// # Errors
/// As [`print`].
pub(crate) fn print_escaping<T: Serialize>(document: &T, escaped: &[&str]) -> Result<String, NotToml> {
    // By way of text, because the serializer that makes values directly takes dates apart.
    let text = toml::to_string(document).map_err(|error| NotToml(error.to_string()))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| NotToml(error.to_string()))?;
    let mut printer = Printer { text: String::new(), escaped, escaping: false };
    printer.table_body(&[], &table);
    Ok(printer.text)
}

/// Whether the value gets a header of its own rather than standing behind its key.
fn is_table(value: &Value) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Array(items) => !items.is_empty() && items.iter().all(Value::is_table),
        _ => false,
    }
}

struct Printer<'a> {
    text: String,
    /// The path of the value to escape in full; empty for none.
    escaped: &'a [&'a str],
    /// Whether what is printed now is that value.
    escaping: bool,
}

impl Printer<'_> {
    fn table_body(&mut self, path: &[&str], table: &toml::Table) {
        for (key, value) in table.iter().filter(|(_, value)| !is_table(value)) {
            self.indent(path.len());
            self.key(key);
            self.text.push_str(" = ");
            self.escaping =
                self.escaped.split_last().is_some_and(|(last, parents)| *last == key && parents == path);
            self.inline(value);
            self.escaping = false;
            self.text.push('\n');
        }
        for (key, value) in table.iter().filter(|(_, value)| is_table(value)) {
            let path: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
            match value {
                Value::Table(table) => {
                    // Only tables of the document's first level are set off by an empty line.
                    self.header(&path, ["[", "]"], path.len() == 1);
                    self.table_body(&path, table);
                }
                Value::Array(items) => {
                    for table in items.iter().filter_map(Value::as_table) {
                        self.header(&path, ["[[", "]]"], true);
                        self.table_body(&path, table);
                    }
                }
                _ => {}
            }
        }
    }

    fn header(&mut self, path: &[&str], brackets: [&str; 2], set_off: bool) {
        if set_off && !self.text.is_empty() {
            self.text.push('\n');
        }
        self.indent(path.len() - 1);
        self.text.push_str(brackets[0]);
        for (index, key) in path.iter().enumerate() {
            if index > 0 {
                self.text.push('.');
            }
            self.key(key);
        }
        self.text.push_str(brackets[1]);
        self.text.push('\n');
    }

    fn indent(&mut self, levels: usize) {
        self.text.extend(std::iter::repeat_n("  ", levels));
    }

    fn key(&mut self, key: &str) {
        let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !key.is_empty() && key.bytes().all(bare) {
            self.text.push_str(key);
        } else {
            self.string(key);
        }
    }

    fn inline(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.string(text),
            Value::Array(items) => {
                self.list('[', ']', items.iter(), Self::inline);
            }
            Value::Table(table) => self.list('{', '}', table.iter(), |printer, (key, value)| {
                printer.key(key);
                printer.text.push_str(" = ");
                printer.inline(value);
            }),
            scalar => self.text.push_str(&scalar.to_string()),
        }
    }

    fn list<T>(
        &mut self,
        open: char,
        close: char,
        items: impl Iterator<Item = T>,
        mut print: impl FnMut(&mut Self, T),
    ) {
        self.text.push(open);
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            print(self, item);
        }
        self.text.push(close);
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for character in text.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\u{8}' => self.text.push_str("\\b"),
                '\t' => self.text.push_str("\\t"),
                '\n' => self.text.push_str("\\n"),
                '\u{c}' => self.text.push_str("\\f"),
                '\r' => self.text.push_str("\\r"),
                control if control < ' ' || control == '\u{7f}' => self.escape(control),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if self.escaping => self.escape(character),
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }

    fn escape(&mut self, character: char) {
        // Writing into a String cannot fail.
        let _ = write!(self.text, "\\u{:04x}", u32::from(character));
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{parse, print};

    #[derive(Debug, Deserialize)]
    struct Document {
        #[serde(rename = "list")]
        _list: Vec<Entry>,
    }

    #[derive(Debug, Deserialize)]
    struct Entry {
        #[serde(rename = "flag")]
        _flag: bool,
    }

    #[test]
    fn errors_name_line_column_and_key() {
        let error = parse::<Document>("[[list]]\nflag = true\n[[list]]\nflag = 'yes'\n").unwrap_err();
        assert_eq!((error.line, error.column), (4, 8));
        assert_eq!(error.key.as_deref(), Some("list[1].flag"));
        assert!(
            error.to_string().starts_with("line 4, column 8, key 'list[1].flag': invalid type"),
            "{error}"
        );
    }

    #[test]
    fn syntax_errors_name_line_and_column() {
        let error = parse::<Document>("\n  list = [ }\n").unwrap_err();
        assert_eq!((error.line, error.key), (2, None));
        let error = parse::<Document>("list = 1").unwrap_err();
        assert_eq!((error.line, error.key.as_deref()), (1, Some("list")));
    }

    #[test]
    fn plain_values_come_first_and_tables_are_indented() {
        let document: toml::Table = toml::from_str(
            "[table]\n[table.inner]\nx=1\n[[entries]]\nname='a'\n[entries.metadata]\nat=1979-05-27\n[[entries]]\n\
             name='b'\nempty=[]\n",
        )
        .unwrap();
        let mut document = document;
        document.insert("last".into(), "said \"so\"\n\u{1}\u{7f}ü".into());
        assert_eq!(
            print(&document).unwrap(),
            r#"last = "said \"so\"\n\u0001\u007fü"

[table]
  [table.inner]
    x = 1

[[entries]]
  name = "a"
  [entries.metadata]
    at = 1979-05-27

[[entries]]
  name = "b"
  empty = []
"#
        );
    }

    #[test]
    fn odd_keys_are_quoted_and_mixed_arrays_stay_inline() {
        let text = "\"a b\" = [1, {x = 1.0, \"\" = [2]}]\n\n[\"c.d\"]\n  y = 1979-05-27T07:32:00.5Z\n";
        let document: toml::Table = toml::from_str(text).unwrap();
        assert_eq!(print(&document).unwrap(), text);
        assert_eq!(parse::<toml::Table>(&print(&document).unwrap()).unwrap(), document);
    }

    #[test]
    fn only_tables_are_documents() {
        assert!(print(&1).is_err());
    }
}
