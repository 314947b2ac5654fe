//! The Dockerfiles that image extensions generated, with their arguments and contexts.
//!
//! | Platform API | Dockerfile | arguments | context |
//! |---|---|---|---|
//! | before 0.13 | `<generated>/<kind>/<id>/Dockerfile` | `extend-config.toml` beside it | `<app>` |
//! | from 0.13 | `<generated>/<id>/<kind>.Dockerfile` | `<generated>/<id>/extend-config.toml` | `<generated>/<id>/context.<kind>`, `…/context`, else `<app>` |
//!
//! Spec: platform.md § extender, `image_extension.md` § Context Folders, § extend-config.toml.

use std::path::PathBuf;

use buildpack::dockerfile::{Dockerfile, DockerfileKind};
use buildpack::generate::EXTEND_CONFIG;
use spec_model::extend_config::ExtendConfig;
use spec_model::group::GroupElement;

use crate::{ExtendError, ExtenderInputs};

/// A Dockerfile that is to be applied.
#[derive(Debug, Clone)]
pub(crate) struct Application {
    /// The id of the extension.
    pub(crate) extension: String,
    pub(crate) dockerfile: Dockerfile,
    /// Names and values of build arguments.
    pub(crate) args: Vec<(String, String)>,
    /// The build context.
    pub(crate) context: PathBuf,
}

/// Finds the Dockerfiles of the extensions in the group, in order, and checks what the specification asks of
/// them. Extensions without one for this kind of image are passed over.
pub(crate) fn find(inputs: &ExtenderInputs) -> Result<Vec<Application>, ExtendError> {
    let mut applications = Vec::new();
    for extension in &inputs.group.extensions {
        if let Some(application) = application(inputs, extension)? {
            log::debug!("Found {} of image extension {}", inputs.kind, extension.full_name());
            applications.push(application);
        }
    }
    if let Some(second) = applications.iter().skip(1).find(|later| later.dockerfile.new_base.is_some()) {
        return Err(ExtendError::LateSwitch { path: second.dockerfile.path.clone() });
    }
    Ok(applications)
}

fn application(
    inputs: &ExtenderInputs,
    extension: &GroupElement,
) -> Result<Option<Application>, ExtendError> {
    let (kind, id) = (inputs.kind, extension.id.escaped());
    let (directory, name, context) = if inputs.platform_api.has_extension_contexts() {
        let directory = inputs.generated.join(id);
        let own = [format!("context.{}", kind.image()), "context".to_owned()];
        let context = own.map(|name| directory.join(name)).into_iter().find(|context| context.is_dir());
        (directory, kind.file_name(), context)
    } else {
        (inputs.generated.join(kind.image()).join(id), "Dockerfile", None)
    };
    let Some(dockerfile) = Dockerfile::read(kind, &directory.join(name))? else { return Ok(None) };
    let config: Option<ExtendConfig> =
        toml_file::read_if_present(&directory.join(EXTEND_CONFIG)).map_err(ExtendError::ExtendConfig)?;
    let config = config.unwrap_or_default();
    let target = match kind {
        DockerfileKind::Build => config.build,
        DockerfileKind::Run => config.run,
    };
    Ok(Some(Application {
        extension: extension.id.to_string(),
        dockerfile,
        args: target.args.into_iter().map(|arg| (arg.name, arg.value)).collect(),
        context: context.unwrap_or_else(|| inputs.app.clone()),
    }))
}
