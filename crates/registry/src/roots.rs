//! The certificates that connections are trusted by: those of the system and those that the environment adds.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use rustls_native_certs::load_certs_from_paths;

/// Files in which Linux distributions keep the certificates that they trust; the first that exists counts.
const FILES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Directories in which they keep them one by one; all count.
const DIRECTORIES: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// The trusted certificates, and what was wrong with the places that the environment names.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// DER, each once, in the order of their bytes.
    pub(crate) certificates: Vec<Vec<u8>>,
    /// Whole messages.
    pub(crate) warnings: Vec<String>,
}

/// Loads the system's certificates, those in the file `SSL_CERT_FILE`, and those in the directories
/// `SSL_CERT_DIR`, which a colon separates.
///
/// What the variables name comes on top of the system's: who adds the authority of one registry still wants
/// to reach the others.
pub(crate) fn load(environment: &[(OsString, OsString)]) -> Roots {
    load_with(environment, FILES.map(Path::new).as_slice(), DIRECTORIES.map(Path::new).as_slice())
}

fn load_with(environment: &[(OsString, OsString)], files: &[&Path], directories: &[&Path]) -> Roots {
    let mut loading = Loading::default();
    loading.system(files, directories);
    if let Some(file) = value(environment, "SSL_CERT_FILE") {
        loading.configured("SSL_CERT_FILE", Path::new(file), Kind::File);
    }
    if let Some(list) = value(environment, "SSL_CERT_DIR") {
        for directory in std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()) {
            loading.configured("SSL_CERT_DIR", &directory, Kind::Directory);
        }
    }
    loading.finish()
}

/// The variable's value; an empty one is as good as none.
fn value<'a>(environment: &'a [(OsString, OsString)], name: &str) -> Option<&'a OsStr> {
    let (_, value) = environment.iter().find(|(key, _)| key == name)?;
    Some(value.as_os_str()).filter(|value| !value.is_empty())
}

/// What a variable names.
#[derive(Clone, Copy)]
enum Kind {
    File,
    Directory,
}

#[derive(Default)]
struct Loading {
    certificates: BTreeSet<Vec<u8>>,
    warnings: Vec<String>,
}

impl Loading {
    /// Adds what the system has. What cannot be read there is not this build's business.
    fn system(&mut self, files: &[&Path], directories: &[&Path]) {
        let file = files.iter().find(|file| file.exists()).copied();
        let mut directories = directories.iter().copied();
        // Given both at once, the loader reads a file only once that is in the directory, too.
        let first = directories.next();
        self.add(load_certs_from_paths(file, first).certs);
        for directory in directories {
            self.add(load_certs_from_paths(None, Some(directory)).certs);
        }
    }

    /// Adds what a variable names, with a warning if that is not what it should be.
    fn configured(&mut self, variable: &str, path: &Path, kind: Kind) {
        let loaded = match kind {
            Kind::File => load_certs_from_paths(Some(path), None),
            Kind::Directory => load_certs_from_paths(None, Some(path)),
        };
        for error in &loaded.errors {
            self.warnings.push(format!("{variable}='{}': {error}; going on without it", path.display()));
        }
        if loaded.certs.is_empty() && loaded.errors.is_empty() {
            self.warnings.push(format!(
                "{variable}='{}': there is no certificate in it; certificates must be in PEM format",
                path.display()
            ));
        }
        self.add(loaded.certs);
    }

    fn add(&mut self, certificates: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        self.certificates.extend(certificates.into_iter().map(|certificate| certificate.as_ref().to_vec()));
    }

    fn finish(mut self) -> Roots {
        if self.certificates.is_empty() {
            self.warnings.push(
                "no trusted certificates were found, so that no registry can be reached by TLS; \
                 install the system's (package ca-certificates) or name a file of them in SSL_CERT_FILE"
                    .to_owned(),
            );
        }
        Roots { certificates: self.certificates.into_iter().collect(), warnings: self.warnings }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// Certificates are not looked into here: base64 is all it takes. `AQ==` is the byte 1.
    fn pem(contents: &[&str]) -> String {
        let block = |text: &&str| format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        contents.iter().map(block).collect()
    }

    struct Scratch(tempfile::TempDir);

    impl Scratch {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn file(self, name: &str, contents: &str) -> Self {
            let path = self.path(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, contents).unwrap();
            self
        }

        /// Loads with a system that has `system.pem`, `other.pem` and `system/`; `%` is the scratch directory.
        fn load(&self, variables: &[(&str, &str)]) -> Roots {
            let root = self.0.path().display().to_string();
            let environment: Vec<(OsString, OsString)> = variables
                .iter()
                .map(|(name, value)| ((*name).into(), value.replace('%', &root).into()))
                .collect();
            let files = [self.path("absent.pem"), self.path("system.pem"), self.path("other.pem")];
            let directories = [self.path("absent"), self.path("system")];
            load_with(
                &environment,
                &files.each_ref().map(PathBuf::as_path),
                &directories.each_ref().map(PathBuf::as_path),
            )
        }
    }

    fn system() -> Scratch {
        Scratch::new()
            .file("system.pem", &pem(&["AQ==", "Ag=="]))
            .file("other.pem", &pem(&["CQ=="]))
            .file("system/3.pem", &pem(&["Aw==", "AQ=="]))
            .file("system/README", "not a certificate")
            .file("system/malformed.pem", &pem(&["!"]))
    }

    #[test]
    fn the_first_file_and_all_directories_are_the_systems() {
        let roots = system().load(&[]);
        assert_eq!(roots.certificates, [[1], [2], [3]]);
        assert_eq!(roots.warnings, <[&str; 0]>::default());
    }

    #[test]
    fn configured_places_come_on_top_of_the_systems() {
        let scratch = system()
            .file("own.pem", &pem(&["BA==", "AQ=="]))
            .file("a/5.pem", &pem(&["BQ=="]))
            .file("b/6.crt", &pem(&["Bg=="]))
            .file("b/notes.txt", "not a certificate");
        let roots = scratch.load(&[("SSL_CERT_FILE", "%/own.pem"), ("SSL_CERT_DIR", "%/a::%/b:")]);
        assert_eq!(roots.certificates, [[1], [2], [3], [4], [5], [6]]);
        assert_eq!(roots.warnings, <[&str; 0]>::default());
        assert_eq!(
            scratch.load(&[("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", "")]).certificates,
            [[1], [2], [3]]
        );
    }

    #[test]
    fn what_is_wrong_with_a_configured_place_is_a_warning() {
        let scratch = system()
            .file("empty.pem", "")
            .file("text.pem", "not a certificate")
            .file("malformed.pem", &pem(&["BA==", "!", "BQ=="]))
            .file("empty/README", "");
        let root = scratch.0.path().display().to_string();
        let missing = "No such file or directory (os error 2)";
        let none = "there is no certificate in it; certificates must be in PEM format";
        let table: [(_, _, String, &[[u8; 1]]); 6] = [
            (
                "SSL_CERT_FILE",
                "absent.pem",
                format!("failed to read PEM from file: {missing} at '{root}/absent.pem'"),
                &[],
            ),
            ("SSL_CERT_FILE", "empty.pem", none.to_owned(), &[]),
            ("SSL_CERT_FILE", "text.pem", none.to_owned(), &[]),
            ("SSL_CERT_FILE", "malformed.pem", "failed to read PEM from file: ".to_owned(), &[[4], [5]]),
            ("SSL_CERT_DIR", "absent", format!("opening directory: {missing} at '{root}/absent'"), &[]),
            ("SSL_CERT_DIR", "empty", none.to_owned(), &[]),
        ];
        for (variable, name, expected, more) in table {
            let roots = scratch.load(&[(variable, &format!("%/{name}"))]);
            let [warning] = roots.warnings.as_slice() else { panic!("{name}: {:?}", roots.warnings) };
            assert!(warning.starts_with(&format!("{variable}='{root}/{name}': {expected}")), "{warning}");
            assert_eq!(roots.certificates, [&[[1], [2], [3]], more].concat(), "{name}");
        }
    }

    #[test]
    fn a_system_without_certificates_is_a_warning() {
        let roots = Scratch::new().load(&[]);
        assert!(roots.certificates.is_empty());
        assert!(matches!(roots.warnings.as_slice(), [warning] if warning.contains("SSL_CERT_FILE")));
        let scratch = Scratch::new().file("own.pem", &pem(&["BA=="]));
        assert_eq!(scratch.load(&[("SSL_CERT_FILE", "%/own.pem")]).warnings, <[&str; 0]>::default());
    }
}
