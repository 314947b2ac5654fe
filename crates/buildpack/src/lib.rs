//! Buildpacks and image extensions on disk: finding them, running their executables with the right
//! environment, and reading what they leave behind.

pub mod catalogue;
pub mod command;
pub mod descriptor;
pub mod detect;
pub mod layers_dir;
pub mod sbom;
pub mod target;
