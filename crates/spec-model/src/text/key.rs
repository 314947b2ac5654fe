//! The key that an error is about, found by the error's place in the text.
//!
//! Only an error pays for this; keeping track of keys while reading would weigh on each document.

use std::fmt::Write as _;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The dotted path, with indexes of arrays, of the key whose value stands at `place`. A table stands where
/// its header does. None where the text is no TOML, or the place is no value's.
pub(super) fn at(text: &str, place: &Range<usize>) -> Option<String> {
    let document = DeTable::parse(text).ok()?;
    find_in_table(document.get_ref(), "", place)
}

fn find_in_table(table: &DeTable<'_>, path: &str, place: &Range<usize>) -> Option<String> {
    table.iter().find_map(|(name, value)| {
        let name = name.get_ref();
        let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        find(value, path, place)
    })
}

/// The innermost value counts: a table in an array may share its place with the array.
fn find(value: &Spanned<DeValue<'_>>, path: String, place: &Range<usize>) -> Option<String> {
    let inner = match value.get_ref() {
        DeValue::Table(table) => find_in_table(table, &path, place),
        DeValue::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let mut path = path.clone();
            // Writing into a String cannot fail.
            let _ = write!(path, "[{index}]");
            find(item, path, place)
        }),
        _ => None,
    };
    inner.or_else(|| (value.span() == *place).then_some(path))
}

#[cfg(test)]
mod tests {
    use super::at;

    const TEXT: &str = "a = 1\n[[list]]\nb = [1, 2]\n[[list]]\nb.c = 3\n[d.e]\nf = 4\n";

    #[test]
    fn values_and_headers_have_keys() {
        for (part, key) in [
            ("1", "a"),
            ("2", "list[0].b[1]"),
            ("[1, 2]", "list[0].b"),
            ("3", "list[1].b.c"),
            ("4", "d.e.f"),
            ("[[list]]", "list[0]"),
            ("[d.e]", "d.e"),
        ] {
            let start = TEXT.find(part).unwrap();
            assert_eq!(at(TEXT, &(start..start + part.len())).as_deref(), Some(key), "{part}");
        }
    }

    #[test]
    fn other_places_have_none() {
        assert_eq!(at(TEXT, &(0..0)), None);
        assert_eq!(at("a = ", &(0..4)), None);
    }
}
