//! A test of the suite.

use std::fmt;
use std::sync::Arc;

use crate::scene::Scene;
use crate::store::Store;
use crate::verdict::Verdict;

/// A test. Which versions it runs in is told by the clauses that name it.
#[derive(Clone)]
pub(crate) struct Test {
    name: String,
    stores: Stores,
    needs_root: bool,
    only_ends: bool,
    run: Arc<dyn Fn(&Scene<'_>) -> Verdict + Send + Sync>,
}

/// The stores that a test is run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stores {
    /// It has no images.
    None,
    /// One is as good as another.
    Any,
    /// Each of these, as what is tested differs between them.
    Only(&'static [Store]),
}

/// Makes a [`Test`] of a function in the present module.
macro_rules! test {
    ($function:ident) => {
        $crate::test::Test::new(module_path!(), stringify!($function), $function)
    };
}
pub(crate) use test;

impl Test {
    /// A test without images.
    pub(crate) fn new(
        module: &str,
        function: &str,
        run: impl Fn(&Scene<'_>) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        let module = module.split_once("::suite::").map_or(module, |(_, module)| module);
        let name = format!("{module}::{function}");
        Self { name, stores: Stores::None, needs_root: false, only_ends: false, run: Arc::new(run) }
    }

    /// It works on images, in whatever store.
    pub(crate) fn with_images(mut self) -> Self {
        self.stores = Stores::Any;
        self
    }

    /// It is about images in these stores, and run with each of them.
    pub(crate) fn on(mut self, stores: &'static [Store]) -> Self {
        self.stores = Stores::Only(stores);
        self
    }

    /// Of the versions it is about, it is run in the first and in the last, unless one is asked for.
    pub(crate) fn at_ends(mut self) -> Self {
        self.only_ends = true;
        self
    }

    /// Whether the versions between the first and the last may be left out.
    pub(crate) fn only_ends(&self) -> bool {
        self.only_ends
    }

    /// It starts phases as root.
    pub(crate) fn by_root(mut self) -> Self {
        self.needs_root = true;
        self
    }

    /// `<modules>::<function>`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn stores(&self) -> Stores {
        self.stores
    }

    pub(crate) fn needs_root(&self) -> bool {
        self.needs_root
    }

    pub(crate) fn run(&self, scene: &Scene<'_>) -> Verdict {
        (self.run)(scene)
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Test")
            .field("name", &self.name)
            .field("stores", &self.stores)
            .finish_non_exhaustive()
    }
}
