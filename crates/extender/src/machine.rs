//! Doing the steps of a plan, or taking their results from the cache.
//!
//! A step's result depends on the base image, on all steps in front of it and on what its fingerprint covers:
//! that is its key. While results are found, nothing runs and nothing is unpacked. With the first that is not,
//! the layers found so far are applied, and the file system is compared before and after each step.

use std::path::Path;

use image::media_type;
use image::{Descriptor, NewLayer};
use snapshot::{Root, State};

use crate::error::{ExtendError, StepError};
use crate::fingerprint::Fingerprint;
use crate::layer_cache::{CachedLayer, LayerCache, Outcome};
use crate::plan::{Action, PlannedStep};
use crate::{command, copy};

/// A file system that is being extended.
pub(crate) struct Machine<'a> {
    root: &'a Path,
    watched: Root,
    cache: &'a LayerCache,
    /// What is known of the file system; nothing while no step had to run.
    state: Option<State>,
    /// Layers that were found, but not applied yet.
    pending: Vec<CachedLayer>,
    key: String,
    layers: Vec<NewLayer>,
}

impl<'a> Machine<'a> {
    /// `base` tells the base image.
    pub(crate) fn new(root: &'a Path, watched: Root, cache: &'a LayerCache, base: &str) -> Self {
        let key = base.to_owned();
        Self { root, watched, cache, state: None, pending: Vec::new(), key, layers: Vec::new() }
    }

    /// Does a step.
    pub(crate) fn perform(&mut self, step: &PlannedStep) -> Result<(), ExtendError> {
        self.key = Fingerprint::of("step").with(&self.key).with(&step.fingerprint).finish();
        let outcome = if let Some(found) = self.cache.find(&self.key) {
            log::info!("Using cached result of {}: {}", step.extension, step.text);
            self.pending.extend(found.layer());
            found
        } else {
            log::info!("Applying {}: {}", step.extension, step.text);
            self.make(step)?
        };
        if let Outcome::Layer(CachedLayer { diff_id, digest, size }) = outcome {
            self.layers.push(NewLayer {
                descriptor: Descriptor::new(media_type::new_layer(), size, digest),
                diff_id,
                created_by: format!("Layer: '{}', Created by extension: {}", step.text, step.extension),
            });
        }
        Ok(())
    }

    /// Applies the layers that were found, where the file system itself is wanted.
    pub(crate) fn complete(&mut self) -> Result<(), ExtendError> {
        for layer in self.pending.drain(..) {
            let path = self.cache.path(&layer.digest);
            let file = fs_err::File::open(&path).map_err(ExtendError::files("read a cached layer"))?;
            snapshot::apply(file, self.root)?;
        }
        Ok(())
    }

    /// The layers that the steps made.
    pub(crate) fn into_layers(self) -> Vec<NewLayer> {
        self.layers
    }

    fn make(&mut self, step: &PlannedStep) -> Result<Outcome, ExtendError> {
        self.complete()?;
        let before = match self.state.take() {
            Some(state) => state,
            None => self.watched.state()?,
        };
        act(self.root, &step.action).map_err(|source| ExtendError::Step {
            path: step.path.clone(),
            line: step.line,
            text: step.text.clone(),
            source,
        })?;
        let mut failure = None;
        let kept =
            self.cache.keep(&self.key, &mut |archive| match self.watched.difference(&before, archive) {
                Ok(difference) => {
                    self.state = Some(difference.after);
                    Ok(difference.entries > 0)
                }
                Err(error) => {
                    failure = Some(error);
                    Err(std::io::ErrorKind::Other.into())
                }
            });
        match failure {
            Some(error) => Err(error.into()),
            None => Ok(kept?),
        }
    }
}

fn act(root: &Path, action: &Action) -> Result<(), StepError> {
    match action {
        Action::Run(execution) => command::run(root, execution),
        Action::Copy(files) => copy::copy(root, files),
        Action::MakeDirectory { path, user } => copy::make_directory(root, path, user),
    }
}
