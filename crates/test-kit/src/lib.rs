//! Helpers for the tests of this workspace. They don't use the code they help to test.

mod image_fixture;

pub use image_fixture::{ImageFixture, LayerFixture, WrittenFixture, sha256};
