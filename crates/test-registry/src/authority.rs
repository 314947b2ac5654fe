//! A certificate authority that nobody but a test knows.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

/// A certificate authority; its files are gone when it is dropped.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: TempDir,
}

/// A certificate with its key.
pub(crate) struct Certified {
    /// The certificate in PEM form.
    pub(crate) pem: String,
    /// The certificate in DER form.
    pub(crate) der: Vec<u8>,
    /// The key: ECDSA on P-256.
    pub(crate) key: KeyPair,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// Makes a new authority.
    #[must_use]
    pub fn new() -> Self {
        let mut params = params("an authority of tests", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let directory = tempfile::tempdir().unwrap();
        // Phases run by another user read it too.
        fs_err::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
        fs_err::write(directory.path().join("ca.crt"), certificate.pem()).unwrap();
        Self { issuer: Issuer::new(params, key), directory }
    }

    /// The authority's certificate as a PEM file.
    #[must_use]
    pub fn pem_file(&self) -> PathBuf {
        self.directory().join("ca.crt")
    }

    /// A directory with the authority's certificate in it, and nothing else.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a certificate for names of a server, or for a client, and its key: `cert.pem` and `key.pem`, beside
    /// the authority's own `ca.pem`.
    pub fn write_certificate(&self, directory: &Path, names: &[&str]) {
        let Certified { pem, key, .. } = self.certify(names);
        for (name, text) in [("ca.pem", self.pem()), ("cert.pem", pem), ("key.pem", key.serialize_pem())] {
            fs_err::write(directory.join(name), text).unwrap();
        }
    }

    /// The authority's certificate in PEM form.
    pub(crate) fn pem(&self) -> String {
        fs_err::read_to_string(self.pem_file()).unwrap()
    }

    /// A certificate for names of servers, host names or addresses.
    pub(crate) fn certify(&self, names: &[&str]) -> Certified {
        let key = KeyPair::generate().unwrap();
        let mut params = params("a server of tests", names);
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Certified { pem: certificate.pem(), der: certificate.der().to_vec(), key }
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").field("directory", &self.directory).finish_non_exhaustive()
    }
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}
