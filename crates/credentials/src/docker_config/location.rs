//! Where the docker configuration file is.

use std::path::PathBuf;

use crate::environment::Environment;

/// The first of the places that has a file.
///
/// Docker's own comes first: `DOCKER_CONFIG` names its directory, else it is `.docker` in the home directory.
/// Podman's follow, for those who never had docker.
pub(crate) fn find(environment: &Environment) -> Option<PathBuf> {
    let home = environment.path("HOME");
    let below_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let docker = environment.path("DOCKER_CONFIG").or_else(|| below_home(".docker"));
    let podman = environment.path("XDG_CONFIG_HOME").or_else(|| below_home(".config"));
    let candidates = [
        docker.map(|directory| directory.join("config.json")),
        environment.path("REGISTRY_AUTH_FILE"),
        environment.path("XDG_RUNTIME_DIR").map(|directory| directory.join("containers/auth.json")),
        podman.map(|directory| directory.join("containers/auth.json")),
    ];
    // What exists but may not be looked at is reported when it is read; a directory is no file.
    candidates.into_iter().flatten().find(|path| match fs_err::metadata(path) {
        Ok(metadata) => !metadata.is_dir(),
        Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
    })
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
}
