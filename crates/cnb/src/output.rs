//! What users see.

use std::io::{self, ErrorKind, Write};

/// Prints to standard output. A reader that has seen enough, as in `cnb inspect … | head`, is no error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Prints an error with its causes to standard error.
pub(crate) fn print_error(error: &anyhow::Error) {
    let mut message = format!("ERROR: {error}");
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        // An error that already quotes its cause is not followed by it.
        if !message.contains(&text) {
            message.push_str("\n  caused by: ");
            message.push_str(&text);
        }
    }
    print_to_stderr(&message);
}

/// Prints a warning to standard error.
pub(crate) fn print_warning(text: &str) {
    print_to_stderr(&format!("WARNING: {text}"));
}

fn print_to_stderr(message: &str) {
    // There is no place left to tell of a failure.
    let _ = writeln!(io::stderr().lock(), "{message}");
}
