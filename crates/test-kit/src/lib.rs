//! Helpers for the tests of this workspace. They don't use the code they help to test.

mod archive;
mod image_fixture;
mod program;
mod raw_archive;
mod scratch;
mod scripted_buildpack;

pub use archive::{ArchiveEntry, archive_entries, uncompressed};
pub use image_fixture::{ImageFixture, LayerFixture, WrittenFixture, sha256};
pub use program::{has_program, libraries};
pub use raw_archive::{RawEntry, raw_archive};
pub use scratch::Scratch;
pub use scripted_buildpack::ScriptedBuildpack;
