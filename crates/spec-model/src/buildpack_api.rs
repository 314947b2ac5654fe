//! The Buildpack API versions and what sets each apart; see [`crate::PlatformApi`] for how to use it.

use crate::api_version::api_versions;

api_versions! {
    /// A supported Buildpack API version. Spec: buildpack.md § Buildpack API Version.
    BuildpackApi {
        V0_7 = 7 as "0.7",
        V0_8 = 8 as "0.8",
        V0_9 = 9 as "0.9",
        V0_10 = 10 as "0.10",
        V0_11 = 11 as "0.11",
        V0_12 = 12 as "0.12",
    }
}

impl BuildpackApi {
    /// Paths are passed as `CNB_…` variables too. Spec: buildpack.md 0.8 § Buildpack Interface.
    #[must_use]
    pub fn has_path_variables(self) -> bool {
        self >= Self::V0_8
    }

    /// A variable file without suffix means `override`; always so in the supported versions
    /// (`append`/`prepend` without delimiter ended with 0.4). Buildpacks of older versions declare
    /// their bill of materials as `[[bom]]`; from 0.7 SBOM files exist, the table is still read up to 0.8.
    /// Spec: buildpack.md 0.9 § launch.toml.
    #[must_use]
    pub fn has_legacy_bom(self) -> bool {
        self < Self::V0_9
    }

    /// `command` is a list and `direct` is not a key. Spec: buildpack.md 0.9 § launch.toml.
    #[must_use]
    pub fn command_is_list(self) -> bool {
        self >= Self::V0_9
    }

    /// Target data is given as `CNB_TARGET_…` variables; `[[stacks]]` is replaced by `[[targets]]`.
    /// Spec: buildpack.md 0.10 § Targets.
    #[must_use]
    pub fn has_targets(self) -> bool {
        self >= Self::V0_10
    }

    /// `exec-env` restricts buildpacks and processes; `CNB_EXEC_ENV` is given to them.
    /// Spec: buildpack.md 0.12 § Execution environments.
    #[must_use]
    pub fn has_exec_env(self) -> bool {
        self >= Self::V0_12
    }
}

#[cfg(test)]
mod tests {
    use super::BuildpackApi;

    #[test]
    fn only_supported_versions_are_read() {
        assert_eq!("0.10".parse(), Ok(BuildpackApi::V0_10));
        for text in ["0.6", "0.13", "1", "", "zero"] {
            assert!(text.parse::<BuildpackApi>().is_err(), "{text}");
        }
    }
}
