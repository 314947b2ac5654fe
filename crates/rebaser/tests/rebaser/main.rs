//! What the rebaser makes of images, in a layout directory.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod choice;
mod daemon;
mod executable;
mod image;
mod registry;
mod safety;
mod support;
