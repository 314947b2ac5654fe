//! Where the docker configuration file is.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::environment::Environment;

/// What makes a place count.
type Condition = fn(&Path) -> bool;

/// The first of the places that has a file.
///
/// Docker's own comes first: `DOCKER_CONFIG` names its directory, else it is `.docker` in the home directory.
/// Podman's follow, for those who never had docker.
pub(crate) fn find(environment: &Environment) -> Option<PathBuf> {
    let below = |variable: &str, path: &str| Some(environment.path(variable)?.join(path));
    let docker = below("DOCKER_CONFIG", "config.json");
    let home = if docker.is_none() { below("HOME", ".docker/config.json") } else { None };
    let podman = below("XDG_CONFIG_HOME", "containers/auth.json");
    let podman = podman.or_else(|| below("HOME", ".config/containers/auth.json"));
    let places: [(Option<PathBuf>, Condition); 5] = [
        (docker, is_file_or_hidden),
        (home, is_file),
        (environment.path("REGISTRY_AUTH_FILE"), is_file_or_hidden),
        (below("XDG_RUNTIME_DIR", "containers/auth.json"), is_file),
        (podman, is_file),
    ];
    places.into_iter().find_map(|(path, counts)| path.filter(|path| counts(path)))
}

fn is_file(path: &Path) -> bool {
    fs_err::metadata(path).is_ok_and(|metadata| !metadata.is_dir())
}

/// Whether there is a file, or may be one that this user must not see. Where somebody names it, the failure
/// to read it is worth a message; a home directory that is closed to a build's user is nothing unusual.
fn is_file_or_hidden(path: &Path) -> bool {
    match fs_err::metadata(path) {
        Ok(metadata) => !metadata.is_dir(),
        Err(error) => error.kind() == ErrorKind::PermissionDenied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_with_a_file_counts() {
        let root = tempfile::tempdir().unwrap();
        let docker = "docker/config.json";
        let home = "home/.docker/config.json";
        let (registry_auth, runtime) = ("auth.json", "run/containers/auth.json");
        let (config_home, dot_config) = ("xdg/containers/auth.json", "home/.config/containers/auth.json");
        let all = ["DOCKER_CONFIG", "HOME", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"];
        let table: [(&[&str], &[&str], Option<&str>); 9] = [
            (&all, &[docker, home, registry_auth, runtime, config_home, dot_config], Some(docker)),
            (&all[1..], &[docker, home, registry_auth, runtime, config_home, dot_config], Some(home)),
            (&all, &[home, registry_auth, runtime, config_home, dot_config], Some(registry_auth)),
            (&all, &[home, runtime, config_home, dot_config], Some(runtime)),
            (&all, &[home, config_home, dot_config], Some(config_home)),
            (&all, &[home, dot_config], None),
            (&["HOME"], &[registry_auth, runtime, config_home, dot_config], Some(dot_config)),
            (&["HOME"], &["home/.docker/config.json/directory", dot_config], Some(dot_config)),
            (&[], &[docker, home, registry_auth, runtime, config_home, dot_config], None),
        ];
        for (row, (variables, files, expected)) in table.iter().enumerate() {
            let root = root.path().join(row.to_string());
            for file in *files {
                let path = root.join(file);
                fs_err::create_dir_all(path.parent().unwrap()).unwrap();
                fs_err::write(path, "{}").unwrap();
            }
            let value = |variable: &str| match variable {
                "DOCKER_CONFIG" => "docker",
                "HOME" => "home",
                "REGISTRY_AUTH_FILE" => "auth.json",
                "XDG_RUNTIME_DIR" => "run",
                _ => "xdg",
            };
            let variables: Vec<_> =
                variables.iter().map(|name| ((*name).into(), root.join(value(name)).into())).collect();
            let found = find(&Environment::new(&variables));
            assert_eq!(found, expected.map(|file| root.join(file)), "row {row}");
        }
    }

    #[test]
    fn a_place_that_is_closed_to_the_user_counts_if_it_is_named() {
        // Root sees everything.
        if rustix::process::geteuid().is_root() {
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let closed = root.path().join("closed");
        fs_err::create_dir(&closed).unwrap();
        fs_err::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o0)).unwrap();
        let found = |name: &str| find(&Environment::new(&[(name.into(), closed.clone().into())]));
        assert_eq!(found("DOCKER_CONFIG"), Some(closed.join("config.json")));
        assert_eq!(found("HOME"), None);
        assert_eq!(found("XDG_RUNTIME_DIR"), None);
    }
}
