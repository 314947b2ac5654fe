//! A client of container engines: the Docker Engine API over a socket, TCP or TLS.
//!
//! [`Engine::connect`] finds the engine by the variables that Docker's own client reads and agrees on a
//! version of the API. Images are described, brought ([`Engine::load`]), fetched ([`Engine::save`]) and
//! tagged; their contents are streams, never in memory. Podman's compatible socket is an engine as well.

mod answer;
mod client;
mod endpoint;
mod error;
mod images;
mod load;
mod socket;
mod version;

pub use client::Engine;
pub use error::EngineError;
pub use images::{HistoryItem, ImageInspect, RootFs};
pub use load::LoadError;
