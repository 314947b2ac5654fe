//! The tests, by what they are about.

mod analysis;
mod build;
mod bytes;
mod calls;
mod creation;
mod detection;
mod experimental;
mod export;
mod extend;
mod extensions;
pub(crate) mod inputs;
mod launch;
mod rebase;
mod registries;
mod restoration;
mod robustness;

use crate::test::Test;

/// All tests.
pub(crate) fn tests() -> Vec<Test> {
    [
        analysis::tests(),
        build::tests(),
        bytes::tests(),
        calls::tests(),
        creation::tests(),
        detection::tests(),
        experimental::tests(),
        export::tests(),
        extend::tests(),
        extensions::tests(),
        inputs::tests(),
        launch::tests(),
        rebase::tests(),
        registries::tests(),
        restoration::tests(),
        robustness::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
