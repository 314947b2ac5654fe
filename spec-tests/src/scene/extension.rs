//! The image extensions of a scene, and what they leave behind.

use std::fmt::Write as _;

use serde_json::Value;

use crate::scene::{Scene, at};
use crate::verdict::Verdict;

/// What a Dockerfile begins with that extends its image.
pub(crate) const EXTENDS: &str = "ARG base_image\nFROM ${base_image}\n";

/// An image extension to be installed. It has no `bin/detect` and generates nothing unless told otherwise.
#[derive(Debug, Clone)]
pub(crate) struct ScriptedExtension {
    id: String,
    descriptor: String,
    detect: Option<String>,
    generate: Option<String>,
    files: Vec<(String, String)>,
}

impl ScriptedExtension {
    /// With another `extension.toml`.
    pub(crate) fn descriptor(mut self, toml: &str) -> Self {
        toml.clone_into(&mut self.descriptor);
        self
    }

    /// With a line behind `extension.toml`.
    pub(crate) fn tables(mut self, toml: &str) -> Self {
        self.descriptor.push_str(toml);
        self.descriptor.push('\n');
        self
    }

    /// With these lines of shell as `bin/detect`.
    pub(crate) fn detect(mut self, script: &str) -> Self {
        self.detect = Some(script.to_owned());
        self
    }

    /// With these further lines of shell in `bin/generate`.
    pub(crate) fn generate(mut self, script: &str) -> Self {
        let generate = self.generate.get_or_insert_default();
        generate.push_str(script);
        generate.push('\n');
        self
    }

    /// Without `bin/generate`.
    pub(crate) fn without_generate(mut self) -> Self {
        self.generate = None;
        self
    }

    /// Generates a file, such as `run.Dockerfile`.
    pub(crate) fn generates(self, name: &str, contents: &str) -> Self {
        let path = format!("$CNB_OUTPUT_DIR/{name}");
        self.generate(&format!(
            "mkdir -p \"$(dirname \"{path}\")\"\ncat > \"{path}\" <<'END'\n{contents}\nEND"
        ))
    }

    /// Has a file below its root.
    pub(crate) fn file(mut self, path: &str, contents: &str) -> Self {
        self.files.push((path.to_owned(), contents.to_owned()));
        self
    }
}

impl Scene<'_> {
    /// An image extension of this scene's Buildpack API, version `1.0.0`, to be scripted further.
    pub(crate) fn new_extension(&self, id: &str) -> ScriptedExtension {
        let descriptor = format!("api = '{}'\n[extension]\nid = '{id}'\nversion = '1.0.0'\n", self.buildpack);
        let generate = Some(String::new());
        ScriptedExtension { id: id.to_owned(), descriptor, detect: None, generate, files: Vec::new() }
    }

    /// Installs an extension, in place of one of the same id.
    pub(crate) fn install_extension(&self, extension: &ScriptedExtension) {
        let root = extension_root(&extension.id);
        if self.exists(&root) {
            self.remove(&root);
        }
        self.write(&format!("{root}/extension.toml"), &extension.descriptor);
        for (name, script) in [("detect", &extension.detect), ("generate", &extension.generate)] {
            if let Some(script) = script {
                self.write_executable(&format!("{root}/bin/{name}"), script);
            }
        }
        for (path, contents) in &extension.files {
            self.write(&format!("{root}/{path}"), contents);
        }
    }

    /// Writes an order of one group of extensions and groups of buildpacks; see [`Scene::order`].
    pub(crate) fn order_with_extensions(&self, extensions: &[&str], groups: &[&[&str]]) {
        self.order(groups);
        let mut order = self.read("/cnb/order.toml").unwrap_or_default();
        order.push_str("[[order-extensions]]\n");
        for id in extensions {
            let _ = writeln!(order, "[[order-extensions.group]]\nid = '{id}'\nversion = '1.0.0'");
        }
        self.write("/cnb/order.toml", order);
    }

    /// Installs extensions, and a buildpack `buildpack` that passes, as the order.
    pub(crate) fn extensions(&self, extensions: &[ScriptedExtension]) {
        self.install(&self.new_buildpack("buildpack"));
        for extension in extensions {
            self.install_extension(extension);
        }
        let ids: Vec<_> = extensions.iter().map(|extension| extension.id.as_str()).collect();
        self.order_with_extensions(&ids, &[&["buildpack"]]);
    }

    /// Where a Dockerfile of an extension is filed for a kind of image, `build` or `run`.
    pub(crate) fn dockerfile(&self, id: &str, kind: &str) -> String {
        let id = id.replace('/', "_");
        if self.holds("platform.detector.extensions.run-dockerfile") {
            format!("/layers/generated/{kind}/{id}/Dockerfile")
        } else {
            format!("/layers/generated/{id}/{kind}.Dockerfile")
        }
    }

    /// The run image that the analyzed file has; null if none.
    pub(crate) fn analyzed_run_image(&self) -> Verdict<Value> {
        Ok(at(&self.read_toml("/layers/analyzed.toml")?, "/run-image").clone())
    }
}

/// Where an extension is installed.
pub(crate) fn extension_root(id: &str) -> String {
    format!("/cnb/extensions/{}/1.0.0", id.replace('/', "_"))
}
