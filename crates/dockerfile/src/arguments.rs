//! The arguments of instructions: options, lists, pairs.

use crate::instruction::{Command, Flag};
use crate::lines::words;
use crate::parse::Problem;

/// Splits the options off the front.
pub(crate) fn flags(arguments: &str) -> (Vec<Flag>, &str) {
    let mut rest = arguments.trim_start();
    let mut flags = Vec::new();
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, behind) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        rest = behind.trim_start();
        // As with other programs, two dashes alone end the options.
        if flag.is_empty() {
            break;
        }
        let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        flags.push(Flag { name: name.to_owned(), value: value.map(str::to_owned) });
    }
    (flags, rest)
}

/// The strings of a JSON list; none if it is none, and then is other text.
pub(crate) fn json(arguments: &str) -> Option<Vec<String>> {
    let is_list = arguments.starts_with('[');
    is_list.then(|| serde_json::from_str(arguments).ok()).flatten()
}

/// A command: a JSON list, or text for the shell.
pub(crate) fn command(arguments: &str) -> Command {
    json(arguments).map_or_else(|| Command::Shell(arguments.to_owned()), Command::Exec)
}

/// A JSON list, or words.
pub(crate) fn list(arguments: &str, escape: char) -> Vec<String> {
    json(arguments).unwrap_or_else(|| words(arguments, escape))
}

/// Pairs `name=value …`, or one pair `name value` in the old form, whose value is all of the rest.
pub(crate) fn pairs(arguments: &str, escape: char) -> Result<Vec<(String, String)>, Problem> {
    let words = words(arguments, escape);
    match words.first() {
        None => Err(Problem::NoArguments),
        Some(first) if !first.contains('=') => {
            let (name, value) =
                arguments.split_once(char::is_whitespace).ok_or_else(|| Problem::NoValue(first.clone()))?;
            Ok(vec![(name.to_owned(), value.trim().to_owned())])
        }
        Some(_) => words
            .iter()
            .map(|word| match word.split_once('=') {
                Some(("", _)) => Err(Problem::NoName(word.clone())),
                Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
                None => Err(Problem::NoValue(word.clone())),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{flags, json, pairs};
    use crate::parse::Problem;

    #[test]
    fn options_stand_in_front() {
        let (found, rest) = flags("--chown=a:b  --link x --y");
        let found: Vec<_> = found.iter().map(|flag| (flag.name.as_str(), flag.value.as_deref())).collect();
        assert_eq!((found, rest), (vec![("chown", Some("a:b")), ("link", None)], "x --y"));
        assert_eq!(flags("-- --x"), (Vec::new(), "--x"));
        assert_eq!(flags(""), (Vec::new(), ""));
    }

    #[test]
    fn a_list_that_is_no_json_is_text() {
        assert_eq!(json(r#"["a", "b c"]"#), Some(vec!["a".to_owned(), "b c".to_owned()]));
        for text in ["[a]", "[ -f x ] && y", r#"["a", 1]"#, "['a']", "a"] {
            assert_eq!(json(text), None, "{text}");
        }
    }

    #[test]
    fn pairs_come_in_two_forms() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (text, expected) in [
            (r#"a="b c" d=e\ f g="#, vec![pair("a", r#""b c""#), pair("d", r"e\ f"), pair("g", "")]),
            ("a b  c=d", vec![pair("a", "b  c=d")]),
        ] {
            assert_eq!(pairs(text, '\\'), Ok(expected), "{text}");
        }
        assert_eq!(pairs("", '\\'), Err(Problem::NoArguments));
        assert_eq!(pairs("a", '\\'), Err(Problem::NoValue("a".into())));
        assert_eq!(pairs("a=b c", '\\'), Err(Problem::NoValue("c".into())));
        assert_eq!(pairs("=b", '\\'), Err(Problem::NoName("=b".into())));
    }
}
