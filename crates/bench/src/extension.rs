//! A container of a run image that an image extension changes a little: its root file system, and what phases before
//! the extender leave.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use test_kit::ImageFixture;

use crate::generated;
use crate::workspace::{API, make_empty};

/// The mean size of a file in the root.
const MEAN: u64 = 40_000;

/// What is mounted where, and then run in the root: the container engine's part.
const CONTAINER: &str =
    "mount --rbind /proc \"$0/proc\" && mount --rbind /dev \"$0/dev\" && exec chroot \"$0\" \"$@\"";

/// The file that the extension changes.
const CHANGED: &str = "opt/changed";

/// The root file system of such a container.
#[derive(Debug)]
pub(crate) struct Root(PathBuf);

impl Root {
    /// Makes it in a directory, with about so many bytes in files, unless it is there.
    pub(crate) fn prepare(directory: &Path, bytes: u64) -> Result<Self> {
        let root = Self(directory.join("root"));
        let complete = directory.join(format!("root-of-{bytes}.complete"));
        if !complete.exists() {
            make_empty(directory)?;
            for name in
                ["cnb/lifecycle", "dev", "kaniko", "layers", "opt", "platform", "proc", "tmp", "workspace"]
            {
                fs_err::create_dir_all(root.path(name))?;
            }
            generated::write(&root.path("usr/lib"), bytes / MEAN, bytes)?;
            install_shell(&root)?;
            root.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n")?;
            root.write("etc/group", "root:x:0:\nuser:x:1000:\n")?;
            fs_err::write(complete, "")?;
        }
        Ok(root)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        Ok(fs_err::write(path, text)?)
    }

    /// Brings everything to where the extender starts, with an extender, and what it has cached if that is to stay.
    pub(crate) fn begin(&self, extender: &Path, keeps_cache: bool) -> Result<()> {
        let changed = self.path(CHANGED);
        if changed.exists() {
            fs_err::remove_file(changed)?;
        }
        for name in ["layers", "kaniko/cache/base"] {
            make_empty(&self.path(name))?;
        }
        if !keeps_cache {
            make_empty(&self.path("kaniko/cache/layers"))?;
        }
        fs_err::copy(extender, self.path("cnb/lifecycle/extender"))?;
        let digest = self.write_base()?;
        let extension = "id = \"bench/extension\"\nversion = \"1.0.0\"\napi = \"0.10\"\n";
        self.write("layers/group.toml", &format!("[[group-extensions]]\n{extension}"))?;
        self.write(
            "layers/analyzed.toml",
            &format!("[run-image]\nreference = \"registry.example/run@{digest}\"\nextend = true\n"),
        )?;
        let run = format!("RUN echo of the extension > /{CHANGED}");
        self.write(
            "layers/generated/bench_extension/run.Dockerfile",
            &format!("ARG base_image\nFROM ${{base_image}}\nUSER root\n{run}\nUSER 1000\n"),
        )
    }

    /// Writes manifest and config of the run image as the restorer does; its digest.
    fn write_base(&self) -> Result<String> {
        let mut image = ImageFixture { sparse: true, ..ImageFixture::default() }.layer(&[("of-base", "")]);
        if let Some(config) = image.config.get_mut("config").and_then(serde_json::Value::as_object_mut) {
            config.insert("User".to_owned(), "1000".into());
            config.insert("Env".to_owned(), serde_json::json!(["PATH=/bin"]));
        }
        let base = self.path("kaniko/cache/base");
        let staged = self.path("kaniko/staged");
        make_empty(&staged)?;
        let digest = image.write(&staged).digest;
        fs_err::rename(staged, base.join(&digest))?;
        Ok(digest)
    }

    /// The extender in its container.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", CONTAINER]).arg(&self.0);
        command.args(["/cnb/lifecycle/extender", "-kind", "run"]).env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("CNB_PLATFORM_API", API.as_str());
        command.env("CNB_EXPERIMENTAL_MODE", "silent");
        command.env("CNB_USER_ID", "1000").env("CNB_GROUP_ID", "1000");
        command
    }

    /// The extended run image has to be there.
    pub(crate) fn check(&self) -> Result<()> {
        let extended = self.path("layers/extended/run");
        let images = fs_err::read_dir(&extended).map(Iterator::count).unwrap_or_default();
        ensure!(images == 1, "the extender left {images} images in {}", extended.display());
        Ok(())
    }
}

/// Puts this machine's shell into the root, with the libraries that it needs.
fn install_shell(root: &Root) -> Result<()> {
    let shell = fs_err::canonicalize("/bin/sh")?;
    let libraries = test_kit::libraries(&shell).into_iter();
    // Absolute, they would leave the root.
    let copies = libraries.map(|library| {
        let below = root.0.join(library.strip_prefix("/").unwrap_or(&library));
        (library, below)
    });
    for (from, to) in copies.chain([(shell, root.path("bin/sh"))]) {
        fs_err::create_dir_all(to.parent().unwrap_or(Path::new("/")))?;
        fs_err::copy(from, &to)?;
        fs_err::set_permissions(&to, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
