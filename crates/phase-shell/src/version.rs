//! The lifecycle's own version, as `-version` prints it and the build label tells it.

/// The git repository of the source, without scheme; empty where the build did not tell.
#[must_use]
pub fn repository() -> &'static str {
    option_env!("LIFECYCLE_REPOSITORY").unwrap_or_default()
}

/// The version. Platforms compare it to decide which features to use, so it counts on from the reference
/// lifecycle's versions whose features it has.
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The commit it was built from; empty where the build did not tell.
#[must_use]
pub fn commit() -> &'static str {
    option_env!("LIFECYCLE_COMMIT").unwrap_or_default()
}

/// `<version>+<commit>`.
pub(crate) fn full() -> String {
    match commit() {
        "" => version().to_owned(),
        commit => format!("{}+{commit}", version()),
    }
}
