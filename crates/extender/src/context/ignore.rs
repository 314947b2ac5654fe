//! `.dockerignore`: what a context does not offer.

use std::path::{Component, Path};

use layer::glob;

use super::ContextError;

/// The patterns of a `.dockerignore` file.
#[derive(Debug, Default)]
pub(super) struct Ignored(Vec<Pattern>);

#[derive(Debug)]
struct Pattern {
    parts: Vec<String>,
    /// Offers what earlier patterns name.
    is_exception: bool,
}

impl Ignored {
    /// Reads a file's lines; `#` begins a comment, `!` an exception.
    pub(super) fn parse(text: &str) -> Result<Self, ContextError> {
        let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines();
        let lines = lines.filter(|line| !line.starts_with('#')).map(str::trim);
        let mut patterns = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let (is_exception, pattern) =
                line.strip_prefix('!').map_or((false, line), |pattern| (true, pattern.trim()));
            let parts: Vec<String> = Path::new(pattern)
                .components()
                .filter_map(|component| match component {
                    Component::Normal(name) => name.to_str().map(str::to_owned),
                    _ => None,
                })
                .collect();
            if parts.iter().any(|part| glob::matches(part.as_bytes(), b"x").is_err()) {
                return Err(ContextError::Pattern(line.to_owned()));
            }
            if !parts.is_empty() {
                patterns.push(Pattern { parts, is_exception });
            }
        }
        Ok(Self(patterns))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a path is named, itself or by a directory that holds it. The last pattern counts.
    pub(super) fn names(&self, path: &Path) -> bool {
        let names: Vec<&[u8]> = path.components().map(|name| name.as_os_str().as_encoded_bytes()).collect();
        let mut is_named = false;
        for pattern in self.0.iter().filter(|pattern| pattern.matches(&names)) {
            is_named = !pattern.is_exception;
        }
        is_named
    }
}

impl Pattern {
    /// Whether it matches a path or a directory that holds it.
    fn matches(&self, names: &[&[u8]]) -> bool {
        (1..=names.len()).any(|length| names.get(..length).is_some_and(|names| matches(&self.parts, names)))
    }
}

fn matches(parts: &[String], names: &[&[u8]]) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((part, rest)), _) if part == "**" => {
            // Behind the last one, at least one name.
            (0..=names.len()).any(|skipped| {
                let names = names.get(skipped..).unwrap_or_default();
                if rest.is_empty() { skipped > 0 && names.is_empty() } else { matches(rest, names) }
            })
        }
        (Some((part, rest)), Some((name, names))) => {
            glob::matches(part.as_bytes(), name).unwrap_or(false) && matches(rest, names)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Ignored;

    #[test]
    fn patterns_name_files_and_what_directories_hold() {
        for (text, named, offered) in [
            ("a", &["a", "a/b"][..], &["b", "b/a", "ab"][..]),
            ("/a/", &["a", "a/b"], &["b/a"]),
            ("*.log", &["x.log"], &["a/x.log"]),
            ("**/*.log", &["x.log", "a/b/x.log"], &["x.txt"]),
            ("a/**", &["a/b", "a/b/c"], &["a", "b"]),
            ("a/**/c", &["a/c", "a/b/b/c", "a/c/d"], &["a/b"]),
            ("*\n!keep\n", &["x", "x/y"], &["keep", "keep/y"]),
            ("a\n!a/b\n", &["a", "a/c"], &["a/b", "a/b/c"]),
            ("!a\na\n", &["a"], &["b"]),
            ("# a\n\n  b  \n", &["b"], &["a", "# a"]),
            ("./x/../y", &["x/y"], &["x"]),
        ] {
            let ignored = Ignored::parse(text).unwrap();
            for path in named {
                assert!(ignored.names(Path::new(path)), "{text:?} {path}");
            }
            for path in offered {
                assert!(!ignored.names(Path::new(path)), "{text:?} {path}");
            }
        }
        assert!(Ignored::parse("a[").is_err());
    }
}
