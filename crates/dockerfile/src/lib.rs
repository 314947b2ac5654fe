//! Dockerfiles: from their text to instructions with line numbers. Opens no files, runs nothing.
//!
//! What enters is text, what leaves is a list of [`Step`]s whose variables are not expanded yet: what they
//! stand for depends on what ran before. [`expand`] does that, by the rules of the builders that people know.
//! The escape directive, continued lines, comments, here-documents and JSON forms are understood.

mod arguments;
mod expand;
mod instruction;
mod lines;
mod parse;

pub use expand::{ExpansionError, Quotes, expand};
pub use instruction::{ArgDeclaration, Command, Flag, Heredoc, Instruction, Run, Step, Transfer};
pub use parse::{Dockerfile, ParseError, Problem, parse};
