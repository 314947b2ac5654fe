//! What phases reach images with.

use credentials::{Keychain, KeychainError};
use docker_engine::{Engine, EngineError};
use phase_shell::Inputs;
use platform_api::{ExitCode, Input, PhaseError};
use registry::{Client, Patience};

use crate::{DaemonStore, ImageStore, LayoutStore, RegistryStore, StoreError};

/// Credentials for registries, and connections to the container engine if that is where the images are.
///
/// Gained with the rights that the process is started with, before it gives them up: what root alone can
/// read and use stays out of reach for buildpacks. Phases that are given none cannot reach images, nor do
/// their executables have the code for it. Spec: platform.md § Registry Authentication.
#[derive(Debug)]
pub struct ImageAccess {
    keychain: Keychain,
    /// A failure is told by the phase that needs the engine, if it does.
    engine: Option<Result<Engine, EngineError>>,
}

/// The credentials for registries cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the credentials for registries: {0}")]
pub struct AccessError(#[source] KeychainError);

impl PhaseError for AccessError {
    fn exit_code(&self) -> ExitCode {
        ExitCode::Failed
    }
}

impl ImageAccess {
    /// Gains access to where the platform says that the images are.
    ///
    /// # Errors
    /// Credentials are malformed or cannot be read. Nothing is asked for them, nor of registries, yet.
    pub fn gain(inputs: &Inputs) -> Result<Self, AccessError> {
        let in_engine = inputs.images_are_in_engine();
        if !in_engine && inputs.optional_path(Input::LaunchCache).is_some() {
            log::warn!("Ignoring {}: it is of use with -daemon only", Input::LaunchCache.naming());
        }
        if inputs.switch(Input::Layout) {
            return Ok(Self { keychain: Keychain::default(), engine: None });
        }
        let keychain = Keychain::read(inputs.environment()).map_err(AccessError)?;
        let engine = in_engine.then(|| Engine::connect(inputs.environment()));
        if let Some(Ok(engine)) = &engine
            && inputs.gives_up_root()
        {
            keep_connections(engine);
        }
        Ok(Self { keychain, engine })
    }

    /// Opens the store of images that the platform's inputs ask for.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn open(&self, inputs: &Inputs) -> Result<Box<dyn ImageStore>, StoreError> {
        if inputs.switch(Input::Layout)
            && let Some(dir) = inputs.optional_path(Input::LayoutDir)
        {
            return Ok(Box::new(LayoutStore::new(dir)?));
        }
        if let Some(engine) = &self.engine {
            return Ok(Box::new(DaemonStore::new(engine.clone()?)));
        }
        Ok(Box::new(self.registries(inputs)))
    }

    /// The images in registries, wherever the app image is.
    #[must_use]
    pub fn registries(&self, inputs: &Inputs) -> RegistryStore {
        let insecure = inputs.list(Input::InsecureRegistry);
        let insecure: Vec<_> = insecure.into_iter().map(ToOwned::to_owned).collect();
        let keychain = self.keychain.clone();
        RegistryStore::new(Client::new(inputs.environment(), keychain, &insecure, Patience::default()))
    }

    /// The container engine that holds the images, if one does and it answers.
    #[must_use]
    pub fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()?.as_ref().ok()
    }
}

/// The engine's socket is often root's alone. So the user gets connections, not rights: those of a group
/// would go on to buildpacks.
fn keep_connections(engine: &Engine) {
    if let Err(error) = engine.keep_connections() {
        log::warn!("Fewer connections to the container engine than may be needed: {error}");
    }
}
