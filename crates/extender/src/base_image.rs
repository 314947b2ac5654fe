//! The image that is extended: its documents, as the restorer left them below `<kaniko>/cache/base`.

use image_store::{ImageStore, LayoutStore, StoredImage};
use spec_model::Digest;

use crate::{ExtendError, ExtenderInputs};

/// Reads the image that `analyzed.toml` names.
///
/// # Errors
/// It is not named by digest, or the restorer has not left it.
pub(crate) fn read(inputs: &ExtenderInputs) -> Result<StoredImage, ExtendError> {
    let image = inputs.kind.image();
    let reference = &inputs.base_image;
    let digest = reference.rsplit_once('@').and_then(|(_, digest)| digest.parse::<Digest>().ok());
    let Some(digest) = digest else {
        return Err(ExtendError::NoDigest { image, reference: reference.clone() });
    };
    let path = inputs.kaniko.join("cache/base").join(digest.to_string());
    let failed =
        |source| ExtendError::BaseImage { image, reference: reference.clone(), source: Box::new(source) };
    let store = LayoutStore::new(&path).map_err(failed)?;
    let missing = || ExtendError::NoBaseImage { image, path: path.clone() };
    // A slash at the end keeps a name with a digest in it from being taken for that digest's image.
    let name = format!("{}/", path.to_str().ok_or_else(missing)?);
    store.resolve(&name).map_err(failed)?.ok_or_else(missing)
}
