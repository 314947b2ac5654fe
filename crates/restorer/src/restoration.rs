//! What is restored of a layer, as a pure function of what the previous image and the cache know of it.
//!
//! | `build` | `cache` | `launch` | metadata and SBOM files | contents |
//! |---|---|---|---|---|
//! | any | yes | any | together with the contents | from the cache |
//! | no | no | yes | from the previous image | never |
//! | yes | no | any | never | never |
//! | no | no | no | never | never |
//!
//! Metadata and contents of a cached layer are restored together or not at all; only where the cache turns
//! out to be damaged does the metadata stay alone, as buildpacks have always found it. Spec: buildpack.md § Layer Types.

use spec_model::PlatformApi;
use spec_model::lifecycle_metadata::BuildpackLayer;

/// What is to be done about a layer before the build.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Restoration<'a> {
    /// Nothing, for the reason given; what lies there stays.
    Nothing(&'static str),
    /// What lies there is removed, for the reason given.
    Removal(&'static str),
    /// Its metadata is restored.
    Metadata(&'a BuildpackLayer, Origin),
    /// Its metadata is restored together with its contents from the cache.
    Whole(&'a BuildpackLayer, Origin),
}

/// Where a layer's metadata comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The previous image.
    PreviousImage,
    /// The cache.
    Cache,
}

impl Origin {
    /// For messages; clients of the lifecycle know these words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::PreviousImage => "app image",
            Self::Cache => "cache",
        }
    }
}

impl<'a> Restoration<'a> {
    /// Decides about a layer that the previous image, the cache or both know.
    pub(crate) fn of(
        api: PlatformApi,
        previous: Option<&'a BuildpackLayer>,
        cached: Option<&'a BuildpackLayer>,
    ) -> Self {
        let cached = cached.filter(|layer| layer.cache);
        // Of a layer that both know as part of the app, the previous image's metadata counts.
        let from_cache = cached
            .filter(|layer| !layer.launch || (previous.is_none() && api.restores_cache_only_launch_layers()));
        let from_image = previous.filter(|layer| {
            let with_contents = layer.cache && cached.is_some();
            let without_contents = !layer.cache && !layer.build;
            layer.launch && (with_contents || without_contents)
        });
        let metadata = from_cache
            .map(|layer| (layer, Origin::Cache))
            .or(from_image.map(|layer| (layer, Origin::PreviousImage)));
        match (metadata, cached) {
            (Some((layer, origin)), Some(cached)) if layer.sha == cached.sha => Self::Whole(layer, origin),
            (Some(_), Some(_)) => Self::Removal("previous image and cache have different contents of it"),
            (None, Some(_)) => {
                Self::Removal("the cache has it as part of an app image, the previous image has it not")
            }
            (Some((layer, origin)), None) => Self::Metadata(layer, origin),
            (None, None) => Self::Nothing(match previous {
                Some(layer) if layer.cache => "it is a cached layer that the cache does not have",
                Some(layer) if layer.build => "it is a build layer that is not cached",
                _ => "it is neither cached nor part of the app image",
            }),
        }
    }

    /// Decides about a layer when the platform wants no layers restored.
    pub(crate) fn skipped(cached: Option<&BuildpackLayer>) -> Self {
        match cached {
            Some(layer) if layer.cache => Self::Removal("layers are not restored"),
            Some(_) | None => Self::Nothing("layers are not restored"),
        }
    }
}

#[cfg(test)]
mod tests {
    use spec_model::PlatformApi;
    use spec_model::lifecycle_metadata::BuildpackLayer;

    use super::Restoration;

    /// A layer of the types named by the letters in `types`, with `sha` as its diffID.
    fn layer(types: &str, sha: &str) -> BuildpackLayer {
        let has = |letter| types.contains(letter);
        let (build, cache, launch) = (has('b'), has('c'), has('l'));
        BuildpackLayer { sha: sha.into(), data: None, build, launch, cache }
    }

    fn word(restoration: Restoration<'_>) -> String {
        match restoration {
            Restoration::Nothing(_) => "nothing".into(),
            Restoration::Removal(_) => "removed".into(),
            Restoration::Metadata(_, origin) => format!("metadata from {}", origin.words()),
            Restoration::Whole(_, origin) => format!("whole from {}", origin.words()),
        }
    }

    fn decide(api: PlatformApi, previous: Option<(&str, &str)>, cached: Option<(&str, &str)>) -> String {
        let layer = |(types, sha)| layer(types, sha);
        word(Restoration::of(api, previous.map(layer).as_ref(), cached.map(layer).as_ref()))
    }

    /// What an exporter leaves: launch layers are in the image, cached ones in the cache.
    #[test]
    fn the_table_of_layer_types() {
        for (types, expected) in [
            ("bcl", "whole from app image"),
            ("bc", "whole from cache"),
            ("bl", "nothing"),
            ("b", "nothing"),
            ("cl", "whole from app image"),
            ("c", "whole from cache"),
            ("l", "metadata from app image"),
            ("", "nothing"),
        ] {
            let previous = types.contains('l').then_some((types, "1"));
            let cached = types.contains('c').then_some((types, "1"));
            for api in PlatformApi::ALL {
                assert_eq!(decide(*api, previous, cached), expected, "{types}, Platform API {api}");
            }
        }
    }

    #[test]
    fn without_a_cache_only_plain_launch_layers_are_restored() {
        for (types, expected) in [
            ("bcl", "nothing"),
            ("bl", "nothing"),
            ("cl", "nothing"),
            ("l", "metadata from app image"),
            // No exporter writes these to an image.
            ("bc", "nothing"),
            ("b", "nothing"),
            ("c", "nothing"),
            ("", "nothing"),
        ] {
            assert_eq!(decide(PlatformApi::V0_15, Some((types, "1")), None), expected, "{types}");
        }
    }

    #[test]
    fn without_a_previous_image_launch_layers_are_restored_from_0_14_on() {
        for (types, before, from_0_14) in [
            ("bcl", "removed", "whole from cache"),
            ("cl", "removed", "whole from cache"),
            ("bc", "whole from cache", "whole from cache"),
            ("c", "whole from cache", "whole from cache"),
            ("bl", "nothing", "nothing"),
            ("b", "nothing", "nothing"),
            ("l", "nothing", "nothing"),
            ("", "nothing", "nothing"),
        ] {
            assert_eq!(decide(PlatformApi::V0_13, None, Some((types, "1"))), before, "{types}");
            assert_eq!(decide(PlatformApi::V0_14, None, Some((types, "1"))), from_0_14, "{types}");
        }
    }

    #[test]
    fn image_and_cache_that_disagree() {
        for (previous, cached, expected) in [
            // The contents differ.
            (("cl", "1"), ("cl", "2"), "removed"),
            (("bcl", "1"), ("bcl", "2"), "removed"),
            // The types differ: a build wrote the image, but not the cache.
            (("l", "1"), ("cl", "1"), "whole from app image"),
            (("l", "1"), ("cl", "2"), "removed"),
            (("bl", "1"), ("bcl", "1"), "removed"),
            (("cl", "1"), ("l", "1"), "nothing"),
            (("cl", "1"), ("c", "2"), "whole from cache"),
            (("l", "1"), ("c", "2"), "whole from cache"),
            (("l", "1"), ("b", "2"), "metadata from app image"),
            (("c", "1"), ("cl", "1"), "removed"),
            // Neither names any contents: that is found out when they are looked for.
            (("cl", ""), ("cl", ""), "whole from app image"),
        ] {
            assert_eq!(
                decide(PlatformApi::V0_15, Some(previous), Some(cached)),
                expected,
                "{previous:?} {cached:?}"
            );
        }
    }

    #[test]
    fn skipping_removes_what_the_cache_knows() {
        for (types, expected) in [("bcl", "removed"), ("c", "removed"), ("bl", "nothing"), ("", "nothing")] {
            assert_eq!(word(Restoration::skipped(Some(&layer(types, "1")))), expected, "{types}");
        }
        assert_eq!(word(Restoration::skipped(None)), "nothing");
    }
}
