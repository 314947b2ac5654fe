//! The launcher executable; see the library.

use std::process::ExitCode;

use launcher::Invocation;

fn main() -> ExitCode {
    let Err(error) = launcher::launch(&Invocation::of_process());
    launcher::report(&error);
    ExitCode::from(error.exit_code())
}
