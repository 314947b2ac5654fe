//! Image extensions in detection. Spec: platform.md § detector, `image_extension.md`.

mod contexts;
mod descriptor;
mod detection;
mod dockerfiles;
mod generation;
mod order;
mod run_image;

use crate::test::Test;

pub(super) fn tests() -> Vec<Test> {
    [
        contexts::tests(),
        descriptor::tests(),
        detection::tests(),
        dockerfiles::tests(),
        generation::tests(),
        order::tests(),
        run_image::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
