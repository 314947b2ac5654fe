//! The contract between platforms and the lifecycle's phases, as data.
//!
//! What each phase accepts ([`Input`], with flag, variable, default and the Platform API versions that
//! know it), how many arguments it takes and with which status it ends ([`Phase`], [`ExitCode`]). The
//! phases' argument parsing and `--help`, the tables in the documentation and a platform's command lines
//! ([`Invocation`]) all come from here.
//!
//! Spec: platform.md § Lifecycle Interface.

mod exit_code;
mod input;
mod invocation;
mod phase;
mod table;

pub use exit_code::{ExitCode, PhaseError};
pub use input::{DefaultValue, Input, InputKind, InputUse};
pub use invocation::{InvalidInput, Invocation};
pub use phase::{Arguments, Phase, Privileges};
