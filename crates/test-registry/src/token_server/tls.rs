//! The server's side of TLS.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::Authority;

/// Speaks TLS as `localhost` and `127.0.0.1`.
pub(super) struct Tls(Arc<ServerConfig>);

impl Tls {
    /// Certified by an authority.
    pub(super) fn new(authority: &Authority) -> Self {
        let certified = authority.certify(&["localhost", "127.0.0.1"]);
        let key = PrivateKeyDer::try_from(certified.key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certified.der)], key)
            .expect("a certificate for the key");
        Self(Arc::new(config))
    }

    /// A connection that shakes hands as soon as it is read from.
    pub(super) fn accept(&self, client: TcpStream) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
        let connection = ServerConnection::new(Arc::clone(&self.0)).map_err(io::Error::other)?;
        Ok(StreamOwned::new(connection, client))
    }
}
