//! The Platform API versions and what sets each apart.
//!
//! Every difference between versions that a phase has to know is a named predicate here, with the
//! section of the specification (or, where that is silent, the behaviour platforms rely on) behind it.
//! No other code compares versions. Which *inputs* a version has is data in the `platform-api` crate.

use crate::UnusableApiVersion;
use crate::api_version::{ApiVersion, api_versions};

api_versions! {
    /// A supported Platform API version. Spec: platform.md § Platform API Version.
    PlatformApi {
        V0_7 = 7 as "0.7",
        V0_8 = 8 as "0.8",
        V0_9 = 9 as "0.9",
        V0_10 = 10 as "0.10",
        V0_11 = 11 as "0.11",
        V0_12 = 12 as "0.12",
        V0_13 = 13 as "0.13",
        V0_14 = 14 as "0.14",
        V0_15 = 15 as "0.15",
    }
}

impl PlatformApi {
    /// SBOM files are gathered in `<layers>/sbom`, exported as a layer, cached and restored.
    /// Spec: platform.md 0.8 § exporter, § restorer.
    #[must_use]
    pub fn has_sbom_files(self) -> bool {
        self >= Self::V0_8
    }

    /// The unstructured bill of materials is part of metadata.toml, report.toml and the build label.
    /// Later versions keep it only as `sbom.legacy.json`. Spec: platform.md 0.9 § metadata.toml.
    #[must_use]
    pub fn has_legacy_bom(self) -> bool {
        self < Self::V0_9
    }

    /// The unstructured bill of materials goes to `<layers>/sbom/{build,launch}/sbom.legacy.json` rather
    /// than into metadata.toml. Spec: platform.md 0.9 § exporter.
    #[must_use]
    pub fn writes_legacy_bom_files(self) -> bool {
        self >= Self::V0_9
    }

    /// `SOURCE_DATE_EPOCH` sets the image's creation time. Spec: platform.md 0.9 § exporter.
    #[must_use]
    pub fn honours_source_date_epoch(self) -> bool {
        self >= Self::V0_9
    }

    /// A process's command is a list, the tail of which is always passed; user-provided arguments
    /// replace the default ones. Spec: platform.md 0.10 § metadata.toml, § launcher.
    #[must_use]
    pub fn command_is_list(self) -> bool {
        self >= Self::V0_10
    }

    /// Image extensions may take part in detection. Spec: platform.md 0.10 § detector.
    #[must_use]
    pub fn has_image_extensions(self) -> bool {
        self >= Self::V0_10
    }

    /// Image extensions are no longer experimental. Spec: platform.md 0.13 § Experimental Features.
    #[must_use]
    pub fn extensions_are_stable(self) -> bool {
        self >= Self::V0_13
    }

    /// With `-skip-restore`, `creator` still restores `store.toml` and layer metadata rules apply.
    /// Spec: platform.md 0.10 § creator.
    #[must_use]
    pub fn restores_store_when_skipping(self) -> bool {
        self >= Self::V0_10
    }

    /// Operator-defined variables come from `<build-config>/env`. Spec: platform.md 0.11 § builder.
    #[must_use]
    pub fn has_build_config(self) -> bool {
        self >= Self::V0_11
    }

    /// SBOMs of the lifecycle and the launcher are part of the result. Spec: platform.md 0.11 § exporter.
    #[must_use]
    pub fn has_lifecycle_sboms(self) -> bool {
        self >= Self::V0_11
    }

    /// The run image comes from `run.toml`; older versions read `stack.toml`.
    /// Spec: platform.md 0.12 § Run Image Resolution.
    #[must_use]
    pub fn has_run_toml(self) -> bool {
        self >= Self::V0_12
    }

    /// Target data is read from the run image, recorded and given to buildpacks; stacks and mixins
    /// no longer count. Spec: platform.md 0.12 § Target Data.
    #[must_use]
    pub fn has_targets(self) -> bool {
        self >= Self::V0_12
    }

    /// Whether an image has target data that was built with the Platform API `version`, which may be one
    /// that is not supported here. Spec: platform.md 0.12 § Target Data.
    ///
    /// # Errors
    /// The text is no version.
    pub fn image_has_targets(version: &str) -> Result<bool, UnusableApiVersion> {
        let Some(ApiVersion { major, minor }) = ApiVersion::parse(version) else {
            let example = Self::V0_15.as_str();
            return Err(UnusableApiVersion::Malformed { text: version.to_owned(), example });
        };
        Ok((major, minor) >= (0, 12))
    }

    /// The run image's name (`image`) is recorded beside its reference.
    /// Spec: platform.md 0.12 § analyzed.toml.
    #[must_use]
    pub fn records_run_image_name(self) -> bool {
        self >= Self::V0_12
    }

    /// Images may be read from and written to an OCI layout on disk.
    /// Spec: platform.md 0.12 § Map an image reference to a path in the layout directory.
    #[must_use]
    pub fn has_layout(self) -> bool {
        self >= Self::V0_12
    }

    /// The run image may be extended by Dockerfiles. Spec: platform.md 0.12 § extender.
    #[must_use]
    pub fn extends_run_image(self) -> bool {
        self >= Self::V0_12
    }

    /// Each layer's origin is told in the image's history. De facto since 0.12.
    #[must_use]
    pub fn writes_history(self) -> bool {
        self >= Self::V0_12
    }

    /// Extensions generate one directory per extension, with a build context beside each Dockerfile.
    /// Spec: `image_extension.md` § Phase: Generate, platform.md 0.13 § detector.
    #[must_use]
    pub fn has_extension_contexts(self) -> bool {
        self >= Self::V0_13
    }

    /// The previous cache image is left in place after a new one was written; older versions delete it.
    /// De facto since 0.13.
    #[must_use]
    pub fn keeps_old_cache_image(self) -> bool {
        self >= Self::V0_13
    }

    /// The restorer checks that the run image, chosen among its mirrors by the analyzer, can still be read.
    /// Spec: platform.md 0.14 § restorer.
    #[must_use]
    pub fn restorer_resolves_mirrors(self) -> bool {
        self >= Self::V0_14
    }

    /// A layer that is launch and cache is restored although only the cache knows it. De facto since 0.14.
    #[must_use]
    pub fn restores_cache_only_launch_layers(self) -> bool {
        self >= Self::V0_14
    }

    /// `CNB_EXEC_ENV` selects buildpacks and processes. Spec: platform.md 0.15 § detector, § launcher.
    #[must_use]
    pub fn has_exec_env(self) -> bool {
        self >= Self::V0_15
    }

    /// `system.toml` puts buildpacks before and behind each group. Spec: platform.md 0.15 § detector.
    #[must_use]
    pub fn has_system_buildpacks(self) -> bool {
        self >= Self::V0_15
    }
}

#[cfg(test)]
mod tests {
    use super::PlatformApi;
    use crate::UnusableApiVersion;

    #[test]
    fn versions_are_read_as_platforms_write_them() {
        for (text, version) in
            [("0.7", PlatformApi::V0_7), ("v0.12", PlatformApi::V0_12), ("0.15", PlatformApi::V0_15)]
        {
            assert_eq!(text.parse(), Ok(version));
        }
    }

    #[test]
    fn other_versions_are_refused_with_the_range() {
        for text in ["0.6", "0.16", "1.0", "1", "7.0"] {
            let error = text.parse::<PlatformApi>().expect_err(text);
            assert!(matches!(error, UnusableApiVersion::Unsupported { .. }), "{error}");
            assert!(error.to_string().contains("0.7 to 0.15"), "{error}");
        }
        for text in ["", "0.x", "x", "-1", "0.12.1", " 0.12", "0.+12", "18446744073709551616.0"] {
            let error = text.parse::<PlatformApi>().expect_err(text);
            assert!(matches!(error, UnusableApiVersion::Malformed { .. }), "{text}: {error}");
        }
    }

    #[test]
    fn images_of_any_version_have_target_data_or_not() {
        for (text, expected) in
            [("0.3", false), ("0.11", false), ("0.12", true), ("0.16", true), ("1.0", true)]
        {
            assert_eq!(PlatformApi::image_has_targets(text), Ok(expected), "{text}");
        }
        assert!(PlatformApi::image_has_targets("0.x").is_err());
    }

    #[test]
    fn versions_are_ordered_and_print_as_read() {
        assert!(PlatformApi::ALL.is_sorted());
        for version in PlatformApi::ALL {
            assert_eq!(version.to_string().parse(), Ok(*version));
        }
    }
}
