//! From the text of a Dockerfile to its instructions: comments, continued lines and here-documents.

/// An instruction with everything that belongs to it but here-documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction {
    /// The line it starts in, counted from 1.
    pub(super) line: usize,
    /// Its name in capitals.
    pub(super) keyword: String,
    /// What stands behind the name, continued lines joined.
    pub(super) arguments: String,
}

/// A here-document without an end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OpenHeredoc {
    /// The line of its instruction.
    pub(super) line: usize,
    /// What should have ended it.
    pub(super) terminator: String,
}

/// Splits a Dockerfile into its instructions.
pub(super) fn split(text: &str) -> Result<Vec<Instruction>, OpenHeredoc> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let escape = escape_character(text);
    let mut lines = (1..).zip(text.lines());
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
        if matches!(keyword.as_str(), "ADD" | "COPY" | "RUN") {
            for heredoc in heredocs(arguments, escape) {
                if !lines.by_ref().any(|(_, body)| heredoc.ends_with(body)) {
                    return Err(OpenHeredoc { line, terminator: heredoc.terminator });
                }
            }
        }
        instructions.push(Instruction { line, keyword, arguments: arguments.trim().to_owned() });
    }
    Ok(instructions)
}

fn is_comment_or_empty(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// The character that continues lines: a backslash, or what the directive `# escape=` at the very top says.
fn escape_character(text: &str) -> char {
    text.lines()
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

struct Heredoc {
    terminator: String,
    strips_tabs: bool,
}

impl Heredoc {
    fn ends_with(&self, line: &str) -> bool {
        let line = if self.strips_tabs { line.trim_start_matches('\t') } else { line };
        line == self.terminator
    }
}

/// The here-documents that an instruction announces, such as `<<EOF` or `3<<-"END"`.
fn heredocs(arguments: &str, escape: char) -> Vec<Heredoc> {
    words(arguments, escape).iter().filter_map(|word| heredoc(word)).collect()
}

fn heredoc(word: &str) -> Option<Heredoc> {
    let rest = word.trim_start_matches(|character: char| character.is_ascii_digit()).strip_prefix("<<")?;
    let (strips_tabs, name) = match rest.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, rest),
    };
    let terminator: String = name.chars().filter(|character| !matches!(character, '"' | '\'')).collect();
    (!terminator.is_empty() && !terminator.contains('<')).then_some(Heredoc { terminator, strips_tabs })
}

/// Splits at white space outside of quotes, which are kept.
fn words(text: &str, escape: char) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let is_space = quote.is_none() && character.is_whitespace();
        match quote {
            Some(open) if open == character => quote = None,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            _ => {}
        }
        if is_space {
            words.push(String::new());
            continue;
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
            if character == escape && quote != Some('\'') {
                word.extend(characters.next());
            }
        }
    }
    words
}
