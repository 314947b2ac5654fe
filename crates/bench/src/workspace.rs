//! What all cases work on: an application, the layers that buildpacks left, a run image. Made anew at each start but for
//! the large layer, and only read by the executables that are measured.

use std::fmt::Write;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use spec_model::PlatformApi;

use crate::arguments::Sizes;
use crate::extension::Root;
use crate::generated;
use crate::measure;
use crate::tree::{Source, Tree};

/// The newest Platform API that both sides speak.
pub(crate) const API: PlatformApi = PlatformApi::V0_15;
const BUILDPACK_API: &str = "0.12";
const SMALL_LAYERS: u32 = 8;
const BUILDPACKS: u32 = 20;
const LAUNCH_LAYERS: u32 = 10;
const ASIDE: &str = "layers-aside";
const GIANT_LAYER: &str = "layers/bench_small/giant";

/// The directories of the inputs.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    /// Held as long as this program works here.
    _lock: File,
    /// The large layer's content.
    pub(crate) tree: Tree,
    pub(crate) source: Source,
    sizes: Sizes,
}

impl Workspace {
    /// Makes the inputs below `root`, but for those of a few cases alone, which are made once they are wanted.
    pub(crate) fn prepare(
        root: &Path,
        source: Source,
        sizes: Sizes,
        say: &mut dyn FnMut(&str),
    ) -> Result<Self> {
        fs_err::create_dir_all(root)?;
        let root = std::path::absolute(root)?;
        let lock = lock(&root)?;
        bring_back(&root)?;
        let (tree, source) =
            Tree::prepare(&root.join("layers/bench_npm/modules"), &root.join("tree.complete"), source, say)?;
        let workspace = Self { root, _lock: lock, tree, source, sizes };
        workspace.remove_giant()?;
        workspace.write_layers()?;
        workspace.write_buildpacks()?;
        workspace.write_launch_layers()?;
        fs_err::create_dir_all(workspace.path("empty"))?;
        // Registries keep their storage there: on the disk meant for all this, and gone after it.
        let temporary = workspace.path("tmp");
        fs_err::create_dir_all(&temporary)?;
        tempfile::env::override_temp_dir(&temporary)
            .map_err(|other| anyhow!("temporary files already go to {}", other.display()))?;
        fs_err::create_dir_all(workspace.path("platform/env"))?;
        for file in 0..50 {
            workspace.write(
                &format!("app/src/route-{file}.js"),
                &"module.exports = request => request;\n".repeat(50),
            )?;
        }
        // Phases see to it that the layers belong to their user.
        give_away(&workspace.path("layers"))?;
        Ok(workspace)
    }

    /// A path below the root.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes one small file of a small layer, or of the large one, say this number.
    pub(crate) fn change(&self, layer: &str, number: usize) -> Result<()> {
        self.write(&format!("layers/{layer}/changed.txt"), &format!("change {number}\n"))
    }

    /// Adds the giant layer, one file that can't be compressed, if it isn't there.
    pub(crate) fn write_giant(&self) -> Result<()> {
        let layer = self.path(GIANT_LAYER);
        if layer.exists() {
            return Ok(());
        }
        fs_err::create_dir_all(&layer)?;
        generated::write_noise(&layer.join("noise"), self.sizes.giant)?;
        fs_err::write(layer.with_extension("toml"), "[types]\nlaunch = true\n")?;
        give_away(&self.path("layers"))
    }

    /// The container that is extended, made if it isn't there.
    pub(crate) fn container(&self) -> Result<Root> {
        Root::prepare(&self.path("extension"), self.sizes.root)
    }

    /// Removes the giant layer, if it is there.
    pub(crate) fn remove_giant(&self) -> Result<()> {
        let layer = self.path(GIANT_LAYER);
        if layer.exists() {
            fs_err::remove_dir_all(&layer)?;
            fs_err::remove_file(layer.with_extension("toml"))?;
        }
        Ok(())
    }

    /// Puts an empty layers directory in the place of the full one. Layers are archived and restored with absolute
    /// names: what is exported from a directory can't be restored to another one.
    pub(crate) fn set_layers_aside(&self) -> Result<()> {
        let (layers, aside) = (self.path("layers"), self.path(ASIDE));
        if !aside.exists() {
            fs_err::rename(&layers, aside)?;
        }
        make_empty(&layers)
    }

    /// Takes that back.
    pub(crate) fn bring_layers_back(&self) -> Result<()> {
        bring_back(&self.root)
    }

    fn write(&self, name: &str, content: &str) -> Result<()> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs_err::create_dir_all(parent)?;
        }
        Ok(fs_err::write(path, content)?)
    }

    fn write_layers(&self) -> Result<()> {
        let types = "[types]\nlaunch = true\ncache = true\n[metadata]\nversion = \"1\"\n";
        self.write("layers/bench_npm/modules.toml", types)?;
        self.change("bench_npm/modules", 0)?;
        for layer in 0..SMALL_LAYERS {
            self.write(&format!("layers/bench_small/layer-{layer}.toml"), types)?;
            self.change(&format!("bench_small/layer-{layer}"), 0)?;
            for file in 0..20 {
                let content = format!("line of file {file} in layer {layer}\n").repeat(250);
                self.write(&format!("layers/bench_small/layer-{layer}/lib/file-{file}"), &content)?;
            }
        }
        let mut group = String::new();
        let mut metadata =
            "[[processes]]\ntype = \"web\"\ncommand = [\"node\"]\nargs = [\"server.js\"]\ndirect = true\n\
            default = true\nbuildpack-id = \"bench/npm\"\n"
                .to_owned();
        for id in ["bench/npm", "bench/small"] {
            let buildpack = format!("id = \"{id}\"\nversion = \"1.0.0\"\napi = \"{BUILDPACK_API}\"\n");
            write!(group, "[[group]]\n{buildpack}")?;
            write!(metadata, "[[buildpacks]]\n{buildpack}")?;
        }
        self.write("group.toml", &group)?;
        self.write("layers/config/metadata.toml", &metadata)
    }

    /// Buildpacks that each provide and require something, one behind the other in one group.
    fn write_buildpacks(&self) -> Result<()> {
        let mut order = "[[order]]\n".to_owned();
        for number in 0..BUILDPACKS {
            let directory = format!("buildpacks/bench_detect-{number}/1.0.0");
            let identity = format!("id = \"bench/detect-{number}\"\nversion = \"1.0.0\"\n");
            writeln!(order, "[[order.group]]\n{identity}")?;
            self.write(
                &format!("{directory}/buildpack.toml"),
                &format!("api = \"{BUILDPACK_API}\"\n[buildpack]\n{identity}"),
            )?;
            let detect = format!(
                "#!/bin/bash\nset -eu\nsources=(src/*.js)\n[[ ${{#sources[@]}} -gt 3 ]]\n\
                 printf '[[provides]]\\nname = \"part-{number}\"\\n[[requires]]\\nname = \"part-{number}\"\\n' \
                 > \"$CNB_BUILD_PLAN_PATH\"\necho \"part {number} of an application with ${{#sources[@]}} sources\"\n"
            );
            for (name, content) in [("detect", detect.as_str()), ("build", "#!/bin/bash\n")] {
                let name = format!("{directory}/bin/{name}");
                self.write(&name, content)?;
                fs_err::set_permissions(self.path(&name), std::fs::Permissions::from_mode(0o755))?;
            }
        }
        self.write("order.toml", &order)
    }

    /// Layers as they are in an app image; every second one has variables.
    fn write_launch_layers(&self) -> Result<()> {
        for layer in 0..LAUNCH_LAYERS {
            let layer_path = format!("launch-layers/bench_launch/layer-{layer}");
            self.write(&format!("{layer_path}/bin/tool-{layer}"), "")?;
            if layer % 2 == 0 {
                self.write(&format!("{layer_path}/env.launch/BENCH_LIST.append"), &format!("/part-{layer}"))?;
                self.write(&format!("{layer_path}/env.launch/BENCH_LIST.delim"), ":")?;
                self.write(&format!("{layer_path}/env/BENCH_{layer}.default"), "value")?;
            }
        }
        let metadata = format!(
            "[[processes]]\ntype = \"web\"\ncommand = [\"/bin/true\"]\ndirect = true\nbuildpack-id = \"bench/launch\"\n\
             [[buildpacks]]\nid = \"bench/launch\"\nversion = \"1.0.0\"\napi = \"{BUILDPACK_API}\"\n"
        );
        self.write("launch-layers/config/metadata.toml", &metadata)
    }
}

/// Two programs that work in one directory would take each other's files away.
fn lock(root: &Path) -> Result<File> {
    let lock = fs_err::File::create(root.join("lock"))?.into_parts().0;
    lock.try_lock().with_context(|| {
        format!("another bench works in {}; wait for it, or name another directory", root.display())
    })?;
    Ok(lock)
}

/// Also finds layers that an earlier run was killed without bringing back.
fn bring_back(root: &Path) -> Result<()> {
    let (layers, aside) = (root.join("layers"), root.join(ASIDE));
    if aside.exists() {
        if layers.exists() {
            fs_err::remove_dir_all(&layers)?;
        }
        fs_err::rename(aside, layers)?;
    }
    Ok(())
}

/// Removes a directory, if it is there, and makes it anew for the user that phases run as.
pub(crate) fn make_empty(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs_err::remove_dir_all(directory)?;
    }
    fs_err::create_dir_all(directory)?;
    give_away(directory)
}

/// Gives a directory and all in it to the user that phases run as.
pub(crate) fn give_away(directory: &Path) -> Result<()> {
    if nix::unistd::geteuid().is_root() {
        let (uid, gid) = measure::user();
        for entry in walkdir::WalkDir::new(directory) {
            nix::unistd::chown(entry?.path(), Some(uid), Some(gid))?;
        }
    }
    Ok(())
}
