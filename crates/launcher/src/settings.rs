//! The launcher's inputs, which come from its environment. Spec: platform.md § launcher, Inputs.

use std::path::{Path, PathBuf};

use spec_model::PlatformApi;

use crate::{Invocation, LaunchError};

const DEFAULT_APP: &str = "/workspace";
const DEFAULT_LAYERS: &str = "/layers";
const DEFAULT_EXEC_ENV: &str = "production";

/// The inputs, resolved; paths are absolute.
pub(crate) struct Settings {
    pub(crate) platform_api: PlatformApi,
    pub(crate) app: PathBuf,
    pub(crate) layers: PathBuf,
    pub(crate) exec_env: String,
}

impl Settings {
    /// Reads the variables; an empty one counts as unset.
    pub(crate) fn of(invocation: &Invocation) -> Result<Self, LaunchError> {
        let platform_api =
            invocation.variable("CNB_PLATFORM_API").ok_or(LaunchError::PlatformApiUnset)?.to_string_lossy();
        let platform_api = platform_api.parse().map_err(LaunchError::PlatformApi)?;
        let path = |name, default| {
            let path = invocation.variable(name).map_or(Path::new(default), Path::new);
            std::path::absolute(path).map_err(|source| LaunchError::Directory {
                role: "current",
                path: path.to_owned(),
                source,
            })
        };
        let exec_env = invocation
            .variable("CNB_EXEC_ENV")
            .map_or_else(|| DEFAULT_EXEC_ENV.to_owned(), |value| value.to_string_lossy().into_owned());
        Ok(Self {
            platform_api,
            app: path("CNB_APP_DIR", DEFAULT_APP)?,
            layers: path("CNB_LAYERS_DIR", DEFAULT_LAYERS)?,
            exec_env,
        })
    }
}
