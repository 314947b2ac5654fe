//! What the rebaser makes of images, in a layout directory.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod choice;
mod executable;
mod image;
mod safety;
mod support;
