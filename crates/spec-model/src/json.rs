//! JSON text exactly as Go's `encoding/json` writes it.
//!
//! Image configs and labels are part of an image's identity: the same content must give the same bytes
//! as other lifecycles give, or every image would get a new id. Go differs from `serde_json` in two
//! ways: it escapes `<`, `>`, `&`, U+2028 and U+2029, and it writes floating-point numbers by the rules
//! of ECMAScript (`1` for 1.0, exponents only below 1e-6 and from 1e21 on).
//!
//! Go sorts the keys of maps; types written here use sorted maps where Go has a map.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

/// Writes `value` as one line of JSON text, byte for byte as Go does.
///
/// # Errors
/// When `value` cannot be JSON: a map key that is no string, or a failing `Serialize`.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    let mut text = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, GoFormatter))?;
    String::from_utf8(text).map_err(|error| serde::ser::Error::custom(error.utf8_error()))
}

struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((plain, escape, tail)) = next_escape(rest) {
            out.write_all(plain.as_bytes())?;
            out.write_all(escape)?;
            rest = tail;
        }
        out.write_all(rest.as_bytes())
    }

    fn write_f64<W: io::Write + ?Sized>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        let magnitude = value.abs();
        if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
            let text = format!("{value:e}");
            let text = if magnitude > 1.0 { text.replace('e', "e+") } else { text };
            return out.write_all(text.as_bytes());
        }
        write!(out, "{value}")
    }
}

/// The text before the first character that Go alone escapes, its escape, and the text behind it.
fn next_escape(text: &str) -> Option<(&str, &'static [u8], &str)> {
    let (at, character) =
        text.char_indices().find(|(_, c)| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'))?;
    let escape: &[u8] = match character {
        '<' => b"\\u003c",
        '>' => b"\\u003e",
        '&' => b"\\u0026",
        '\u{2028}' => b"\\u2028",
        _ => b"\\u2029",
    };
    let (plain, tail) = text.split_at(at);
    Some((plain, escape, tail.get(character.len_utf8()..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::to_string;

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        for (text, json) in [
            ("plain ü €", "\"plain ü €\""),
            ("<a href=\"x\">&</a>", r#""\u003ca href=\"x\"\u003e\u0026\u003c/a\u003e""#),
            ("\u{2028}mid\u{2029}", r#""\u2028mid\u2029""#),
            (
                "\\ \n \r \t \u{8} \u{c} \u{1} \u{1f} \u{7f}",
                "\"\\\\ \\n \\r \\t \\b \\f \\u0001 \\u001f \u{7f}\"",
            ),
        ] {
            assert_eq!(to_string(text).unwrap(), json);
        }
    }

    #[test]
    fn keys_are_escaped_too() {
        assert_eq!(to_string(&json!({ "a<b": [true, null] })).unwrap(), r#"{"a\u003cb":[true,null]}"#);
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (number, json) in [
            (1.0, "1"),
            (-0.0, "-0"),
            (0.5, "0.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.25e-10, "1.25e-10"),
        ] {
            assert_eq!(to_string(&number).unwrap(), json);
        }
        assert_eq!(
            to_string(&json!([1, -2, 18_446_744_073_709_551_615_u64])).unwrap(),
            "[1,-2,18446744073709551615]"
        );
    }
}
