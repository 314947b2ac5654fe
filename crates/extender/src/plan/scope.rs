//! The variables of a Dockerfile: those of the image, and build arguments as far as they are declared.

use std::collections::BTreeMap;

use dockerfile::{ArgDeclaration, ExpansionError, Quotes, expand};
use image::ContainerConfig;

use super::Execution;

pub(super) const BUILD_ID: &str = "build_id";

/// Build arguments that need not be declared, as with other builders.
const PREDEFINED: [&str; 10] = [
    "ALL_PROXY",
    "FTP_PROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "all_proxy",
    "ftp_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The search path of images that set none, as container engines have it.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The build arguments of one Dockerfile.
#[derive(Debug)]
pub(super) struct Scope {
    /// What the build is given.
    given: BTreeMap<String, String>,
    /// What was declared before `FROM`; it counts where it is declared again.
    preamble: BTreeMap<String, String>,
    /// What is declared by now and has a value.
    args: BTreeMap<String, String>,
    escape: char,
}

impl Scope {
    /// Of those given twice, the last counts.
    pub(super) fn new(
        given: Vec<(String, String)>,
        preamble: &[ArgDeclaration],
        escape: char,
    ) -> Result<Self, ExpansionError> {
        let given: BTreeMap<_, _> = given.into_iter().collect();
        let args = PREDEFINED.iter().filter_map(|name| given.get_key_value(*name));
        let args = args.map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut scope = Self { given, preamble: BTreeMap::new(), args, escape };
        for declaration in preamble {
            let default = declaration.default.as_ref();
            let early = |name: &str| scope.preamble.get(name).cloned();
            let default =
                default.map(|default| expand(default, escape, Quotes::Removed, &early)).transpose()?;
            if let Some(value) = scope.given.get(&declaration.name).cloned().or(default) {
                scope.preamble.insert(declaration.name.clone(), value);
            }
        }
        Ok(scope)
    }

    /// Declares an argument.
    pub(super) fn declare(
        &mut self,
        declaration: &ArgDeclaration,
        config: &ContainerConfig,
    ) -> Result<(), ExpansionError> {
        let default = declaration.default.as_ref();
        let default = default.map(|default| self.expand(default, config)).transpose()?;
        let name = &declaration.name;
        let inherited = || self.preamble.get(name).cloned().filter(|_| declaration.default.is_none());
        let value = self.given.get(name).cloned().or(default).or_else(inherited);
        if let Some(value) = value {
            self.args.insert(name.clone(), value);
        }
        Ok(())
    }

    /// Expands a word. The image's variables hide arguments of the same name.
    pub(super) fn expand(&self, word: &str, config: &ContainerConfig) -> Result<String, ExpansionError> {
        self.expand_with(word, config, Quotes::Removed)
    }

    pub(super) fn expand_with(
        &self,
        word: &str,
        config: &ContainerConfig,
        quotes: Quotes,
    ) -> Result<String, ExpansionError> {
        let value = |name: &str| config.env(name).map(str::to_owned).or_else(|| self.args.get(name).cloned());
        expand(word, self.escape, quotes, &value)
    }

    /// The variables of a command: those of the image, and arguments that they do not hide.
    pub(super) fn environment(&self, config: &ContainerConfig) -> Vec<(String, String)> {
        let of_image = config.env.iter().filter_map(|variable| variable.split_once('='));
        let mut environment: BTreeMap<&str, &str> = BTreeMap::from([("PATH", DEFAULT_PATH)]);
        environment.extend(self.args.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        environment.extend(of_image);
        environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Whether a command makes use of the id of the build, as far as its text tells.
    pub(super) fn refers_to_build_id(&self, text: &str, execution: &Execution) -> bool {
        let whole = execution.arguments.iter().map(String::as_str).chain([text]);
        let mut whole = whole.chain(execution.script.as_deref());
        self.args.contains_key(BUILD_ID) && whole.any(|text| text.contains(BUILD_ID))
    }
}

/// A new id of a build: a UUID of random numbers. Spec: `image_extension.md` § Phase: Extension.
pub(super) fn build_id() -> String {
    let mut bytes = [0_u8; 16];
    // If the system has no random numbers, the id is the same for each build, and nothing is cached wrongly
    // but what asks for it.
    let _ = rustix::rand::getrandom(bytes.as_mut_slice(), rustix::rand::GetRandomFlags::empty());
    let number = u128::from_be_bytes(bytes);
    let number = (number & !(0xf << 76) & !(0b11 << 62)) | (4 << 76) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::build_id;

    #[test]
    fn ids_of_builds_are_random_uuids() {
        let id = build_id();
        let lengths: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert!(id[14..].starts_with('4') && "89ab".contains(&id[19..20]), "{id}");
        assert_ne!(id, build_id());
    }
}
