//! The pattern language of slices and of Dockerfiles: Go's `filepath.Match`.
//!
//! Ready-made crates differ from it (`**`, braces, classes that hold a slash), so it is matched here. `*` and
//! `?` stop at a slash, `**` is the same as `*`, `[^a]` negates, `\` quotes.
//! Spec: buildpack.md § launch.toml, `slices.paths`, which points to Go's rules.

/// The pattern is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pattern is malformed")]
pub struct BadPattern;

/// Whether the whole name matches the pattern.
///
/// A fault behind the place where a name stops to match goes unnoticed for that name.
///
/// # Errors
/// The pattern is malformed.
pub fn matches(pattern: &[u8], name: &[u8]) -> Result<bool, BadPattern> {
    let (mut pattern, mut name) = (pattern, name);
    while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        if star && chunk.is_empty() {
            return Ok(!name.contains(&b'/'));
        }
        let Some(behind) = behind_chunk(star, chunk, rest.is_empty(), name)? else { return Ok(false) };
        (pattern, name) = (rest, behind);
    }
    Ok(name.is_empty())
}

/// What is left of the name behind the first place where the chunk matches; the last chunk must leave nothing.
fn behind_chunk<'n>(
    star: bool,
    chunk: &[u8],
    last: bool,
    name: &'n [u8],
) -> Result<Option<&'n [u8]>, BadPattern> {
    let mut from = name;
    loop {
        match match_chunk(chunk, from)? {
            Some(behind) if behind.is_empty() || !last => return Ok(Some(behind)),
            Some(_) | None => {}
        }
        match from.split_first() {
            Some((byte, next)) if star && *byte != b'/' => from = next,
            Some(_) | None => return Ok(None),
        }
    }
}

/// Splits off the stars in front and the part up to the next star outside of a class.
fn next_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
    let pattern = pattern.get(stars..).unwrap_or_default();
    let mut in_class = false;
    let mut bytes = pattern.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => _ = bytes.next(),
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => {
                let (chunk, rest) = pattern.split_at_checked(at).unwrap_or((pattern, b""));
                return (stars > 0, chunk, rest);
            }
            _ => {}
        }
    }
    (stars > 0, pattern, b"")
}

/// Matches a chunk against the start of the text and returns what follows.
///
/// A chunk that fails to match is still read to its end, so that its faults are found.
fn match_chunk<'t>(chunk: &[u8], text: &'t [u8]) -> Result<Option<&'t [u8]>, BadPattern> {
    let mut chunk = chunk;
    let mut text = Some(text);
    while let Some((operator, rest)) = chunk.split_first() {
        text = text.filter(|text| !text.is_empty());
        match operator {
            b'[' => {
                let character = text.map(first_character);
                let (holds, rest) = match_class(rest, character.map(|(character, _)| character))?;
                text = character.filter(|_| holds).map(|(_, behind)| behind);
                chunk = rest;
            }
            b'?' => {
                text = text.filter(|text| text.first() != Some(&b'/')).map(|text| first_character(text).1);
                chunk = rest;
            }
            _ => {
                let (literal, rest) = match operator {
                    b'\\' => rest.split_first().ok_or(BadPattern)?,
                    _ => (operator, rest),
                };
                text = text.and_then(|text| text.strip_prefix(&[*literal]));
                chunk = rest;
            }
        }
    }
    Ok(text)
}

/// Reads a class behind its `[`; returns whether the character is in it, and what follows the `]`.
fn match_class(class: &[u8], character: Option<char>) -> Result<(bool, &[u8]), BadPattern> {
    let (negated, mut class) = match class.strip_prefix(b"^") {
        Some(rest) => (true, rest),
        None => (false, class),
    };
    let mut found = false;
    let mut empty = true;
    loop {
        if let (false, Some(rest)) = (empty, class.strip_prefix(b"]")) {
            return Ok((found != negated, rest));
        }
        let (low, rest) = class_character(class)?;
        let (high, rest) = match rest.strip_prefix(b"-") {
            Some(rest) => class_character(rest)?,
            None => (low, rest),
        };
        found |= character.is_some_and(|character| (low..=high).contains(&character));
        empty = false;
        class = rest;
    }
}

/// Reads a character of a class, which may be quoted. The class must go on behind it.
fn class_character(class: &[u8]) -> Result<(char, &[u8]), BadPattern> {
    let quoted = match class.split_first() {
        None | Some((b'-' | b']', _)) => return Err(BadPattern),
        Some((b'\\', rest)) => rest,
        Some(_) => class,
    };
    let (character, rest) = first_character(quoted);
    let unreadable = character == char::REPLACEMENT_CHARACTER && quoted.len() - rest.len() == 1;
    if unreadable || rest.is_empty() { Err(BadPattern) } else { Ok((character, rest)) }
}

/// The first character; a byte that is not UTF-8 counts as one replacement character, as in Go.
fn first_character(text: &[u8]) -> (char, &[u8]) {
    for length in 1..=4 {
        let Some((start, rest)) = text.split_at_checked(length) else { break };
        if let Some(character) = std::str::from_utf8(start).ok().and_then(|start| start.chars().next()) {
            return (character, rest);
        }
    }
    (char::REPLACEMENT_CHARACTER, text.get(1..).unwrap_or_default())
}

#[cfg(test)]
mod tests;
