//! The head of a message: the request or status line and the header fields.

use std::io::{self, BufRead, ErrorKind, Write};

/// A head whose fields keep their order and spelling.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) first_line: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn new(first_line: &str) -> Self {
        Self { first_line: first_line.to_owned(), fields: Vec::new() }
    }

    /// Reads a head; none if the connection ends before its first byte.
    pub(crate) fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(first_line) = read_line(reader)? else { return Ok(None) };
        let mut head = Self::new(&first_line);
        loop {
            let line = read_line(reader)?.ok_or(ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                return Ok(Some(head));
            }
            let (name, value) = line.split_once(':').ok_or(ErrorKind::InvalidData)?;
            head.fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    pub(crate) fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        // In one piece, so that no half of it is sent alone.
        let mut text = format!("{}\r\n", self.first_line).into_bytes();
        for (name, value) in &self.fields {
            write!(text, "{name}: {value}\r\n")?;
        }
        text.extend_from_slice(b"\r\n");
        writer.write_all(&text)
    }

    /// The value of the first field of this name, in whatever case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0.eq_ignore_ascii_case(name)).map(|field| field.1.as_str())
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.fields.retain(|field| !field.0.eq_ignore_ascii_case(name));
    }

    /// Replaces all fields of this name by one.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    /// A word of the first line: of a request the method, the target and the version, of a response the
    /// version and the status.
    pub(crate) fn word(&self, index: usize) -> &str {
        self.first_line.split(' ').nth(index).unwrap_or_default()
    }

    /// The status of a response.
    pub(crate) fn status(&self) -> u16 {
        self.word(1).parse().unwrap_or_default()
    }
}

/// A line without its end; none at the end of the stream.
pub(super) fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let text = line.strip_suffix('\n').ok_or(ErrorKind::UnexpectedEof)?;
    Ok(Some(text.trim_end_matches('\r').to_owned()))
}
