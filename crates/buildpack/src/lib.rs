//! Buildpacks and image extensions on disk: finding them, running their executables with the right
//! environment, and reading what they leave behind.

pub mod build;
pub mod catalogue;
pub mod command;
pub mod descriptor;
pub mod detect;
pub mod dockerfile;
pub mod generate;
pub mod layers_dir;
pub mod sbom;
pub mod target;
