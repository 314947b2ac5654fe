//! What every phase executable does the same way, so that its `main.rs` is a few lines.
//!
//! In this order: check the Platform API (before any other input), parse flags by the contract table,
//! resolve each input (flag over variable over default), set up logs, give up privileges, run the phase,
//! report its error, end with the status of the contract. Spec: platform.md § Usage.

mod arguments;
mod inputs;
mod logs;
mod passwd;
mod privileges;
mod shell;
mod version;

pub use inputs::{Environment, InputError, Inputs};
pub use passwd::User;
pub use privileges::{PrivilegeError, become_build_user};
pub use shell::{heading, run};
pub use version::{commit, repository, version};
