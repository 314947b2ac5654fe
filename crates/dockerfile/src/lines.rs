//! From the text of a Dockerfile to its instructions: comments, continued lines and here-documents.

use crate::instruction::Heredoc;

/// An instruction with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The number of the line it starts in, counted from 1.
    pub(crate) number: usize,
    /// Its name in capitals.
    pub(crate) keyword: String,
    /// What stands behind the name, continued lines joined.
    pub(crate) arguments: String,
    pub(crate) heredocs: Vec<Heredoc>,
}

/// A here-document without an end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OpenHeredoc {
    /// The line of its instruction.
    pub(crate) line: usize,
    /// What should have ended it.
    pub(crate) terminator: String,
}

/// Splits a Dockerfile into its instructions.
pub(crate) fn split(text: &str, escape: char) -> Result<Vec<Line>, OpenHeredoc> {
    let mut lines = (1..).zip(text.strip_prefix('\u{feff}').unwrap_or(text).lines());
    let mut instructions = Vec::new();
    while let Some((line, first)) = lines.next() {
        if is_comment_or_empty(first) {
            continue;
        }
        let mut joined = String::new();
        let mut current = first;
        while let Some(continued) = strip_continuation(current, escape) {
            joined.push_str(continued);
            // Comments and empty lines do not end an instruction that goes on.
            let Some((_, next)) = lines.by_ref().find(|(_, next)| !is_comment_or_empty(next)) else {
                current = "";
                break;
            };
            current = next;
        }
        joined.push_str(current);
        let joined = joined.trim();
        let (keyword, arguments) = joined.split_once(char::is_whitespace).unwrap_or((joined, ""));
        let keyword = keyword.to_uppercase();
        let mut heredocs = Vec::new();
        if matches!(keyword.as_str(), "ADD" | "COPY" | "RUN") {
            for announced in words(arguments, escape).iter().filter_map(|word| announced(word)) {
                let name = announced.name.clone();
                let heredoc = announced.read(&mut lines.by_ref().map(|(_, text)| text));
                heredocs.push(heredoc.ok_or(OpenHeredoc { line, terminator: name })?);
            }
        }
        instructions.push(Line { number: line, keyword, arguments: arguments.trim().to_owned(), heredocs });
    }
    Ok(instructions)
}

fn is_comment_or_empty(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// The character that continues lines: a backslash, or what the directive `# escape=` at the very top says.
pub(crate) fn escape_character(text: &str) -> char {
    text.strip_prefix('\u{feff}')
        .unwrap_or(text)
        .lines()
        .map_while(|line| line.trim().strip_prefix('#')?.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("escape"))
        .and_then(|(_, value)| value.trim().chars().next())
        .unwrap_or('\\')
}

/// The line without the escape character at its end; none if the instruction ends here. An escape character
/// that is itself escaped ends nothing.
fn strip_continuation(line: &str, escape: char) -> Option<&str> {
    let line = line.trim_end_matches([' ', '\t', '\r']).strip_suffix(escape)?;
    (!line.ends_with(escape)).then_some(line)
}

/// A here-document whose lines follow.
struct Announced {
    name: String,
    strips_tabs: bool,
    expands: bool,
}

impl Announced {
    /// Takes its lines; none if it does not end.
    fn read<'t>(self, lines: &mut impl Iterator<Item = &'t str>) -> Option<Heredoc> {
        let mut content = String::new();
        loop {
            let line = lines.next()?;
            let line = if self.strips_tabs { line.trim_start_matches('\t') } else { line };
            if line == self.name {
                return Some(Heredoc { name: self.name, content, expands: self.expands });
            }
            content.push_str(line);
            content.push('\n');
        }
    }
}

/// A here-document that a word announces, such as `<<EOF` or `3<<-"END"`.
fn announced(word: &str) -> Option<Announced> {
    let rest = word.trim_start_matches(|character: char| character.is_ascii_digit()).strip_prefix("<<")?;
    let (strips_tabs, quoted) = match rest.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, rest),
    };
    let name: String = quoted.chars().filter(|character| !matches!(character, '"' | '\'')).collect();
    let expands = name.len() == quoted.len();
    (!name.is_empty() && !name.contains('<')).then_some(Announced { name, strips_tabs, expands })
}

/// Whether a word announces a here-document.
pub(crate) fn is_heredoc(word: &str) -> bool {
    announced(word).is_some()
}

/// Splits at white space outside of quotes, which are kept.
pub(crate) fn words(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match quote {
            None if character.is_whitespace() => {
                words.push(std::mem::take(&mut word));
                continue;
            }
            Some(open) if open == character => quote = None,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            _ => {}
        }
        word.push(character);
        if character == escape && quote != Some('\'') {
            word.extend(characters.next());
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{OpenHeredoc, escape_character, split, words};

    fn keywords(text: &str) -> Vec<(usize, String)> {
        let lines = split(text, escape_character(text)).unwrap();
        lines.into_iter().map(|line| (line.number, line.keyword)).collect()
    }

    #[test]
    fn comments_continued_lines_and_case_do_not_matter() {
        let text = "\u{feff}# a comment\n\n  from a\r\nRUN one \\\n# between\n\n  two \\ \n three\nENV A=b\\\\\nRUN last \\";
        assert_eq!(
            keywords(text),
            [(3, "FROM".into()), (4, "RUN".into()), (9, "ENV".into()), (10, "RUN".into())]
        );
        assert_eq!(split("RUN one \\\n  two", '\\').unwrap()[0].arguments, "one   two");
    }

    #[test]
    fn the_escape_directive_counts_at_the_top_only() {
        assert_eq!(keywords("# syntax=x\n# escape=`\nRUN a `\nFROM\nRUN b \\\nRUN c").len(), 3);
        assert_eq!(keywords("\n# comment\n# escape=`\nRUN a `\nFROM b").len(), 2);
    }

    #[test]
    fn here_documents_hold_no_instructions() {
        for (heredoc, contents) in [
            ("RUN <<EOF\nFROM x\nEOF\n", &["FROM x\n"][..]),
            ("RUN cat <<-'EOF' 3<<\"B\"\n\tFROM x\n\t\tEOF\n\tFROM y\nB\n", &["FROM x\n", "\tFROM y\n"]),
            ("COPY <<a <<b /dir/\n\n# kept \\\na\nFROM y\nb\n", &["\n# kept \\\n", "FROM y\n"]),
        ] {
            let text = format!("FROM a\n{heredoc}USER b");
            assert_eq!(keywords(&text).len(), 3, "{text}");
            let lines = split(&text, '\\').unwrap();
            let found: Vec<_> = lines[1].heredocs.iter().map(|heredoc| heredoc.content.as_str()).collect();
            assert_eq!(found, contents);
        }
        for ordinary in ["RUN echo '<<EOF'", "RUN cat <<<word", "ENV A=<<EOF", "RUN a\\ <<b"] {
            assert_eq!(keywords(&format!("{ordinary}\nUSER b")).len(), 2, "{ordinary}");
        }
        let open = split("FROM a\nRUN <<EOF\n EOF\n", '\\').unwrap_err();
        assert_eq!(open, OpenHeredoc { line: 2, terminator: "EOF".to_owned() });
    }

    #[test]
    fn a_quoted_name_keeps_variables_as_they_are() {
        for (name, expands) in [("EOF", true), ("-EOF", true), ("'EOF'", false), ("-\"EOF\"", false)] {
            let lines = split(&format!("RUN <<{name}\nEOF"), '\\').unwrap();
            assert_eq!(lines[0].heredocs[0].expands, expands, "{name}");
        }
    }

    #[test]
    fn words_keep_their_quotes() {
        assert_eq!(words(r#"a  'b c'"d e"  f\ g "#, '\\'), ["a", r#"'b c'"d e""#, r"f\ g"]);
    }
}
