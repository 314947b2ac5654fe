//! The descriptors of buildpacks and extensions, each read once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use buildpack::catalogue::Catalogue;
use buildpack::descriptor::{Descriptor, Kind};
use spec_model::BuildpackId;

use crate::DetectError;
use crate::order::Member;

/// What tells buildpacks and extensions apart.
pub(crate) type Key = (Kind, BuildpackId, String);

/// A catalogue that remembers what was found.
#[derive(Debug)]
pub(crate) struct Shelf {
    catalogue: Catalogue,
    found: RefCell<BTreeMap<Key, Arc<Descriptor>>>,
}

impl Shelf {
    pub(crate) fn new(catalogue: Catalogue) -> Self {
        Self { catalogue, found: RefCell::default() }
    }

    /// Finds what a member of an order refers to.
    ///
    /// # Errors
    /// It is absent or malformed.
    pub(crate) fn find(&self, member: &Member) -> Result<Arc<Descriptor>, DetectError> {
        let key = (member.kind, member.id.clone(), member.version.clone());
        if let Some(descriptor) = self.found.borrow().get(&key) {
            return Ok(Arc::clone(descriptor));
        }
        let found = self.catalogue.find(member.kind, &member.id, &member.version).map_err(Box::new);
        let descriptor = found.map(Arc::new).map_err(|source| match member.composites.last() {
            Some(composite) => DetectError::Composite { composite: composite.clone(), source },
            None => DetectError::Order(source),
        })?;
        self.found.borrow_mut().insert(key, Arc::clone(&descriptor));
        Ok(descriptor)
    }
}
