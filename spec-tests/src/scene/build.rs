//! What a build left for the exporter, and its export.

use std::fmt::Write as _;

use crate::scene::{Image, Put, Run, Scene};
use crate::verdict::Verdict;

/// The buildpack of builds that are exported.
pub(crate) const BUILDPACK: &str = "of/tests";

impl Scene<'_> {
    /// Writes all that the exporter reads, as the phases before it do: a group of one buildpack, the analyzed file,
    /// metadata with a process `web`, an app with a file, and the run image. Tests overwrite what they are about.
    pub(crate) fn built(&self) -> Put {
        let run_image = self.put("run", &self.run_image());
        self.write(
            "/layers/group.toml",
            format!("[[group]]\nid = '{BUILDPACK}'\nversion = '1.0.0'\napi = '{}'\n", self.buildpack),
        );
        self.analyzed(&run_image);
        self.metadata(&self.process("web", &["/bin/true"]));
        self.write("/workspace/page", "of the app");
        self.write("/layers/of_tests/layer.toml", "");
        self.remove("/layers/of_tests/layer.toml");
        run_image
    }

    /// Writes the analyzed file for a run image, and what names that image to the exporter.
    pub(crate) fn analyzed(&self, run_image: &Put) {
        let Put { name, reference, .. } = run_image;
        let mut analyzed = format!("[run-image]\nreference = '{reference}'\n");
        if self.holds("platform.analyzed-toml.run-image.image") {
            let _ = write!(
                analyzed,
                "image = '{name}'\n[run-image.target]\nos = 'linux'\narch = '{}'\n",
                architecture()
            );
            self.write("/cnb/run.toml", format!("[[images]]\nimage = '{name}'\n"));
        } else {
            self.write("/cnb/stack.toml", format!("[run-image]\nimage = '{name}'\n"));
        }
        self.write("/layers/analyzed.toml", analyzed);
    }

    /// A process of `metadata.toml`, in the form of this scene's Platform API.
    pub(crate) fn process(&self, process_type: &str, command: &[&str]) -> String {
        let command = match command {
            [command] if !self.holds("platform.build-files.metadata.command") => format!("'{command}'"),
            _ => format!("{command:?}"),
        };
        format!(
            "[[processes]]\ntype = '{process_type}'\ncommand = {command}\ndirect = true\nbuildpack-id = '{BUILDPACK}'\n"
        )
    }

    /// Writes `metadata.toml` with processes and whatever else.
    pub(crate) fn metadata(&self, rest: &str) {
        let buildpack =
            format!("[[buildpacks]]\nid = '{BUILDPACK}'\nversion = '1.0.0'\napi = '{}'\n", self.buildpack);
        self.write("/layers/config/metadata.toml", format!("{buildpack}{rest}"));
    }

    /// Exports what is in the layers directory as image `app`, which has to succeed.
    pub(crate) fn export(&self) -> Verdict<Image> {
        self.run_exporter()?.succeeds()?;
        self.image("app")
    }

    /// Runs the exporter for image `app`.
    pub(crate) fn run_exporter(&self) -> Verdict<Run> {
        self.phase("exporter").arg(self.reference("app")).run()
    }
}

/// The architecture of this machine, as images name it.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
