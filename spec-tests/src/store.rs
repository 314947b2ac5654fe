//! Where images are, and how the suite puts them there and looks at them by other means than the lifecycle's.

pub(crate) mod daemon;
pub(crate) mod layout;
mod registry;

use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

use test_engine::TestEngine;
use test_registry::TestRegistry;

pub(crate) use registry::RegistryAt;

/// Where images are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Store {
    /// A directory in OCI layout form. Platform API 0.12 and later.
    Layout,
    /// A registry.
    Registry,
    /// A container engine.
    Daemon,
}

impl Store {
    pub(crate) const ALL: [Self; 3] = [Self::Layout, Self::Registry, Self::Daemon];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Layout => "layout",
            Self::Registry => "registry",
            Self::Daemon => "daemon",
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The registry and the engine of a run; each is started when the first test wants it.
#[derive(Debug, Default)]
pub(crate) struct Services {
    /// The address of a registry that is there already.
    given_registry: Option<String>,
    registry: OnceLock<Result<(RegistryAt, Option<TestRegistry>), String>>,
    engine: OnceLock<Result<TestEngine, String>>,
}

impl Services {
    /// Nothing is started yet.
    pub(crate) fn new(given_registry: Option<String>) -> Self {
        Self { given_registry, ..Self::default() }
    }

    /// A registry over HTTP that lets everybody do everything, or why there is none.
    pub(crate) fn registry(&self) -> Result<&RegistryAt, &str> {
        let started = self.registry.get_or_init(|| {
            if let Some(address) = &self.given_registry {
                return Ok((RegistryAt::new(address.clone()), None));
            }
            needs_program("docker-registry")?;
            let registry = TestRegistry::plain().ok_or("docker-registry does not start")?;
            Ok((RegistryAt::new(registry.address()), Some(registry)))
        });
        started.as_ref().map(|(registry, _)| registry).map_err(String::as_str)
    }

    /// A container engine, or why there is none.
    pub(crate) fn engine(&self) -> Result<&TestEngine, &str> {
        let started = self.engine.get_or_init(|| {
            for program in ["dockerd", "docker"] {
                needs_program(program)?;
            }
            if !is_root() {
                return Err("dockerd is started by root only".to_owned());
            }
            let engine = TestEngine::start().ok_or("dockerd does not start here")?;
            // Phases give up root, and the socket is opened before that or not at all.
            engine.give_socket(crate::scene::USER, crate::scene::USER);
            Ok(engine)
        });
        started.as_ref().map_err(String::as_str)
    }
}

/// Whether this process may do what root may.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn needs_program(name: &str) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|directory| Path::new(&directory).join(name).is_file()) {
        return Ok(());
    }
    Err(format!("{name} is not installed"))
}
