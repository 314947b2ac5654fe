//! What the launcher reads of `metadata.toml`: it starts in every container and skips the rest.
//!
//! Spec: platform.md § metadata.toml, § launcher.

use serde::Deserialize;

use crate::BuildpackId;
use crate::build_metadata::Process;

/// The part of `<layers>/config/metadata.toml` that says what to launch and where its layers are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct LaunchMetadata {
    /// The buildpacks of the group, in the order of their execution.
    #[serde(default)]
    pub buildpacks: Vec<LaunchBuildpack>,
    /// The processes.
    #[serde(default)]
    pub processes: Vec<Process>,
}

/// A buildpack that contributed to the image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LaunchBuildpack {
    /// Its id.
    pub id: BuildpackId,
    /// The Buildpack API it implements, as written in its descriptor.
    #[serde(default)]
    pub api: String,
}

#[cfg(test)]
mod tests {
    use super::LaunchMetadata;
    use crate::text::parse;

    #[test]
    fn what_the_launcher_has_no_use_for_is_skipped() {
        let metadata: LaunchMetadata = parse(
            "slices = 1\n[[buildpacks]]\nid='a/b'\nversion='1'\napi='0.12'\n[[processes]]\ntype='web'\ncommand=['x']\n[[labels]]\nkey='k'",
        )
        .unwrap();
        assert_eq!(metadata.buildpacks[0].id.escaped(), "a_b");
        assert_eq!(metadata.processes[0].process_type, "web");
    }

    #[test]
    fn mistyped_values_are_named() {
        let error = parse::<LaunchMetadata>("[[processes]]\ntype = 'web'\ncommand = 1").unwrap_err();
        assert_eq!((error.line, error.key.as_deref()), (3, Some("processes[0].command")));
    }
}
