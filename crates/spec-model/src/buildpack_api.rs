//! The Buildpack API versions and what sets each apart; see [`crate::PlatformApi`] for how to use it.

use crate::UnusableApiVersion;
use crate::api_version::{ApiVersion, api_versions};

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
    /// The supported version nearest to the one written, which need not be supported itself.
    ///
    /// # Errors
    /// The text is not of the form `<major>.<minor>`.
    pub fn nearest(text: &str) -> Result<Self, UnusableApiVersion> {
        match (text.parse(), ApiVersion::parse(text)) {
            (Err(UnusableApiVersion::Unsupported { .. }), Some(ApiVersion { major: 0, minor: ..7 })) => {
                Ok(Self::V0_7)
            }
            (Err(UnusableApiVersion::Unsupported { .. }), _) => Ok(Self::V0_12),
            (version, _) => version,
        }
    }

    /// Paths are passed as `CNB_…` variables too. Spec: buildpack.md 0.8 § Buildpack Interface.
    #[must_use]
    pub fn has_path_variables(self) -> bool {
        self >= Self::V0_8
    }

    /// A requirement's version beside its metadata counts as one in it. Spec: buildpack.md 0.10 § Deprecations.
    #[must_use]
    pub fn has_version_beside_metadata(self) -> bool {
        self <= Self::V0_10
    }

    /// Processes may have a working directory. Spec: buildpack.md 0.8 § launch.toml.
    #[must_use]
    pub fn has_process_working_dir(self) -> bool {
        self >= Self::V0_8
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

    #[test]
    fn an_unsupported_version_has_a_supported_neighbour() {
        for (text, nearest) in [
            ("0.2", BuildpackApi::V0_7),
            ("0.9", BuildpackApi::V0_9),
            ("0.13", BuildpackApi::V0_12),
            ("1.0", BuildpackApi::V0_12),
        ] {
            assert_eq!(BuildpackApi::nearest(text), Ok(nearest), "{text}");
        }
        assert!(BuildpackApi::nearest("zero").is_err());
    }
}
