//! Which of the run images that a platform offers is used, and which names of it an app image records.
//!
//! Spec: platform.md § Run Image Resolution.

use std::fmt;

use spec_model::run::{RunFile, RunImageChoice};

use crate::reference::{InvalidReference, Reference, name_without_digest};

/// The run image that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenRunImage {
    /// Its name, as written in `run.toml` or `stack.toml`.
    pub image: String,
    /// Why it was chosen.
    pub reason: Reason,
}

/// Why a run image was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is in the registry that the app image goes to.
    SameRegistry {
        /// That registry.
        registry: String,
    },
    /// None of the names in the app image's registry can be read; this is the first one that can.
    FirstReadable {
        /// The app image's registry.
        registry: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameRegistry { registry } => write!(out, "it is in the app image's registry '{registry}'"),
            Self::FirstReadable { registry } => write!(
                out,
                "it is the first that can be read, and none is in the app image's registry '{registry}'"
            ),
        }
    }
}

/// Why no run image could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum NoRunImage {
    /// The app image's name is no reference.
    #[error(transparent)]
    AppImage(#[from] InvalidReference),
    /// The platform names no run image.
    #[error(
        "no run image is named; pass -run-image or list one in run.toml (stack.toml before Platform API 0.12)"
    )]
    Missing,
    /// None of the names can be read.
    #[error("none of the run images can be read: {}", list(.0))]
    Unreadable(Vec<(String, String)>),
}

fn list(failures: &[(String, String)]) -> String {
    failures.iter().map(|(image, reason)| format!("'{image}' ({reason})")).collect::<Vec<_>>().join(", ")
}

/// Chooses the run image for an app image: the first name in the app image's registry that can be read,
/// else the first that can be read at all. `check_read` says why an image cannot be read.
///
/// # Errors
/// `app_image` is no reference, `choice` names no image, or none can be read.
pub fn choose(
    app_image: &str,
    choice: &RunImageChoice,
    check_read: &dyn Fn(&str) -> Result<(), String>,
) -> Result<ChosenRunImage, NoRunImage> {
    let registry = app_image.parse::<Reference>()?.registry().to_owned();
    if choice.image.is_empty() {
        return Err(NoRunImage::Missing);
    }
    let (near, far): (Vec<_>, Vec<_>) = choice
        .names()
        .partition(|name| name.parse::<Reference>().is_ok_and(|reference| reference.registry() == registry));
    let mut failures = Vec::new();
    let reasons = near.iter().map(|name| (name, true)).chain(far.iter().map(|name| (name, false)));
    for (name, is_near) in reasons {
        match check_read(name) {
            Ok(()) => {
                let reason = if is_near {
                    Reason::SameRegistry { registry }
                } else {
                    Reason::FirstReadable { registry }
                };
                return Ok(ChosenRunImage { image: (*name).to_owned(), reason });
            }
            Err(reason) => failures.push(((*name).to_owned(), reason)),
        }
    }
    Err(NoRunImage::Unreadable(failures))
}

/// The names of the run image that an app image records for later rebases, from Platform API 0.12 on:
/// those of the first entry in `run.toml` that has `run_image` among its names. Where none has it, an
/// extension may have switched the run image, then `run_image` alone is recorded; else the first entry.
#[must_use]
pub fn for_export(file: &RunFile, run_image: &str, has_extensions: bool) -> RunImageChoice {
    let Some(first) = file.images.first() else { return RunImageChoice::default() };
    match entry_of(file, run_image) {
        Some(entry) => entry.clone(),
        None if has_extensions => RunImageChoice { image: run_image.to_owned(), mirrors: Vec::new() },
        None => first.clone(),
    }
}

/// The first entry in `run.toml` that has `image` among its names; digests do not count.
#[must_use]
pub fn entry_of<'a>(file: &'a RunFile, image: &str) -> Option<&'a RunImageChoice> {
    let wanted = name_without_digest(image);
    file.images.iter().find(|entry| entry.names().any(|name| name_without_digest(name) == wanted))
}

#[cfg(test)]
mod tests {
    use spec_model::run::{RunFile, RunImageChoice};

    use super::{NoRunImage, Reason, choose, entry_of, for_export};

    fn entry(image: &str, mirrors: &[&str]) -> RunImageChoice {
        RunImageChoice { image: image.into(), mirrors: mirrors.iter().map(ToString::to_string).collect() }
    }

    fn all_but<'a>(dead: &'a [&'a str]) -> impl Fn(&str) -> Result<(), String> + 'a {
        move |image| if dead.contains(&image) { Err("no answer".to_owned()) } else { Ok(()) }
    }

    #[test]
    fn the_run_image_is_taken_from_the_app_images_registry() {
        let choice = entry("a.example/run", &["b.example/run", "c.example/one", "c.example/two"]);
        for (app, dead, image) in [
            ("a.example/app", vec![], "a.example/run"),
            ("c.example/app", vec![], "c.example/one"),
            ("c.example/app", vec!["c.example/one"], "c.example/two"),
            ("d.example/app", vec![], "a.example/run"),
            ("d.example/app", vec!["a.example/run"], "b.example/run"),
            ("c.example/app", vec!["c.example/one", "c.example/two"], "a.example/run"),
        ] {
            let chosen = choose(app, &choice, &all_but(&dead)).unwrap();
            assert_eq!(chosen.image, image, "{app} {dead:?}");
            let same_registry = matches!(chosen.reason, Reason::SameRegistry { .. });
            assert_eq!(same_registry, app.split('/').next() == image.split('/').next());
        }
    }

    #[test]
    fn names_that_cannot_be_read_are_all_told_with_the_reason() {
        let error = choose("a.example/app", &entry("x.example/run", &["y.example/run"]), &|image| {
            Err(format!("{image} is away"))
        })
        .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("x.example/run is away") && text.contains("y.example/run is away"), "{text}");
        let none = choose("a.example/app", &entry("", &["y.example/run"]), &all_but(&[]));
        assert!(matches!(none, Err(NoRunImage::Missing)));
        assert!(matches!(choose(":", &entry("ab", &[]), &all_but(&[])), Err(NoRunImage::AppImage(_))));
    }

    #[test]
    fn an_app_image_records_the_entry_of_its_run_image() {
        let (one, two) = (entry("a.example/one", &["b.example/one"]), entry("two", &["c.example/two:1"]));
        let file = RunFile { images: vec![one.clone(), two.clone()] };
        let digest = format!("c.example/two:1@sha256:{}", "0".repeat(64));
        assert_eq!(for_export(&file, &digest, false), two);
        assert_eq!(for_export(&file, "docker.io/library/two", true), two);
        assert_eq!(for_export(&file, "other", false), one);
        assert_eq!(for_export(&file, "other", true), entry("other", &[]));
        assert_eq!(for_export(&RunFile::default(), "other", true), RunImageChoice::default());
        assert_eq!(entry_of(&file, "b.example/one"), Some(&one));
        assert_eq!(entry_of(&file, "b.example/two"), None);
    }
}
