//! What every phase executable does the same way, so that its `main.rs` is a few lines.
//!
//! In this order: check the Platform API (before any other input), parse flags by the contract table,
//! resolve each input (flag over variable over default), set up logs, let the phase take what needs
//! privileges, give them up, run the phase, report its error, end with the status of the contract. Spec: platform.md § Usage.

mod arguments;
mod input_error;
mod inputs;
mod logs;
mod passwd;
mod privileges;
mod shell;
mod version;
mod volumes;

pub use input_error::InputError;
pub use inputs::{Environment, Inputs};
pub use passwd::User;
pub use privileges::{PrivilegeError, become_build_user};
pub use shell::{heading, run, run_prepared};
pub use version::{commit, repository, version};
