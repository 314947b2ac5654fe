//! Signal dispositions that would otherwise pass to the launched process.

use nix::sys::signal::{SigHandler, Signal, signal};

/// Gives a broken pipe its usual meaning back.
///
/// Rust's runtime ignores it from the start, and what is ignored stays so across `execve`: an app would
/// then never end when the reader of its output does.
#[expect(unsafe_code, reason = "no safe function changes a signal's disposition")]
pub(crate) fn restore_broken_pipe() {
    // SAFETY: the default disposition runs no handler, so nothing can be interrupted at a bad moment.
    // The call cannot fail for a signal that exists and may be handled.
    let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
}
