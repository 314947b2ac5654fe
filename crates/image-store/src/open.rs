//! The store that a platform asks for.

use phase_shell::Inputs;
use platform_api::Input;

use crate::{DaemonStore, ImageStore, LayoutStore, RegistryStore, StoreError};

/// Opens the store of images that the platform's inputs ask for.
///
/// # Errors
/// It cannot be used.
pub fn open(inputs: &Inputs) -> Result<Box<dyn ImageStore>, StoreError> {
    if inputs.switch(Input::Layout)
        && let Some(dir) = inputs.optional_path(Input::LayoutDir)
    {
        return Ok(Box::new(LayoutStore::new(dir)?));
    }
    if let Some(engine) = inputs.engine() {
        return Ok(Box::new(DaemonStore::new(engine.map_err(Clone::clone)?.clone())));
    }
    Ok(Box::new(RegistryStore::of(inputs)))
}
