//! The executable `cnb`; see the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    cnb::run(std::env::args_os())
}
