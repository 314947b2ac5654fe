//! The credential helpers of the clouds, asked without being configured where they are on `PATH`.

use crate::environment::Environment;

/// Keeps the helper of a cloud from being asked, if it is `true`; the cloud's name follows.
const SKIP: &str = "CNB_REGISTRY_AUTH_KEYCHAIN_SKIP_";

/// A cloud with registries of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cloud {
    Amazon,
    Azure,
    Google,
}

/// The names of the helpers for a registry, without the prefix of their file names; the first one that
/// there is counts.
pub(crate) fn helpers(registry: &str, environment: &Environment) -> &'static [&'static str] {
    let Some(cloud) = of(registry) else { return &[] };
    let (name, helpers): (_, &[_]) = match cloud {
        Cloud::Amazon => ("AMAZON", &["ecr-login"]),
        Cloud::Azure => ("AZURE", &["acr-env"]),
        Cloud::Google => ("GOOGLE", &["gcr", "gcloud"]),
    };
    let is_skipped = environment.get(&format!("{SKIP}{name}")).is_some_and(|value| value == "true");
    if is_skipped { &[] } else { helpers }
}

/// The cloud that a registry, given by its host, belongs to.
fn of(registry: &str) -> Option<Cloud> {
    let host = registry.split(':').next()?.to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    match labels.as_slice() {
        [_, "dkr", "ecr" | "ecr-fips", _, "amazonaws", "com"]
        | [_, "dkr", "ecr" | "ecr-fips", _, "amazonaws", "com", "cn"]
        | ["public", "ecr", "aws"] => Some(Cloud::Amazon),
        ["gcr", "io"] | [_, "gcr", "io"] | [.., _, "pkg", "dev"] => Some(Cloud::Google),
        [.., _, "azurecr", "io" | "cn" | "de" | "us"] => Some(Cloud::Azure),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_known_by_their_hosts() {
        let table = [
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", Some(Cloud::Amazon)),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", Some(Cloud::Amazon)),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", Some(Cloud::Amazon)),
            ("public.ecr.aws", Some(Cloud::Amazon)),
            ("dkr.ecr.eu-west-1.amazonaws.com", None),
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example", None),
            ("gcr.io", Some(Cloud::Google)),
            ("EU.gcr.io", Some(Cloud::Google)),
            ("gcr.io:443", Some(Cloud::Google)),
            ("europe-docker.pkg.dev", Some(Cloud::Google)),
            ("pkg.dev", None),
            ("notgcr.io", None),
            ("gcr.io.evil.example", None),
            ("team.azurecr.io", Some(Cloud::Azure)),
            ("team.westeurope.data.azurecr.cn", Some(Cloud::Azure)),
            ("team.azurecr.us", Some(Cloud::Azure)),
            ("azurecr.io", None),
            ("teamazurecr.io", None),
            ("index.docker.io", None),
            ("localhost:5000", None),
            ("", None),
        ];
        for (registry, expected) in table {
            assert_eq!(of(registry), expected, "{registry}");
        }
    }

    #[test]
    fn a_platform_can_do_without() {
        let helpers_with =
            |name: &str, value: &str| helpers("gcr.io", &Environment::new(&[(name.into(), value.into())]));
        assert_eq!(helpers_with("CNB_REGISTRY_AUTH_KEYCHAIN_SKIP_GOOGLE", "true"), <[&str; 0]>::default());
        assert_eq!(helpers_with("CNB_REGISTRY_AUTH_KEYCHAIN_SKIP_GOOGLE", "false"), ["gcr", "gcloud"]);
        assert_eq!(helpers_with("CNB_REGISTRY_AUTH_KEYCHAIN_SKIP_AMAZON", "true"), ["gcr", "gcloud"]);
    }
}
