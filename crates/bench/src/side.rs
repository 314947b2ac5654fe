//! A lifecycle that is measured on one kind of store, and what it has written so far.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use platform_api::Phase;

use crate::cases::{Case, Previous, Store, Work};
use crate::images::Images;
use crate::measure::{self, Usage};
use crate::phases::STARTED;
use crate::traffic::Traffic;
use crate::tree::Tree;
use crate::workspace::{Workspace, make_empty};

/// The executables of a lifecycle.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle {
    /// What the table calls it.
    pub(crate) label: &'static str,
    /// The directory of its executables.
    pub(crate) executables: PathBuf,
}

/// A lifecycle with images, caches and state files of its own.
#[derive(Debug)]
pub(crate) struct Side<'a> {
    pub(crate) lifecycle: Lifecycle,
    pub(crate) workspace: &'a Workspace,
    pub(crate) images: Images,
    directory: PathBuf,
    /// Whether image and cache are those of the unchanged layers.
    exported: bool,
}

impl Lifecycle {
    pub(crate) fn new(label: &'static str, executables: &Path) -> Result<Self> {
        let executables = fs_err::canonicalize(executables)?;
        measure::check_entrance(&executables)?;
        Ok(Self { label, executables })
    }
}

impl<'a> Side<'a> {
    pub(crate) fn new(lifecycle: &Lifecycle, store: Store, workspace: &'a Workspace) -> Result<Self> {
        let kind = match store {
            Store::Layout => "layout",
            Store::Registry => "registry",
            Store::Engine => "engine",
        };
        let directory = workspace.path("sides").join(lifecycle.label).join(kind);
        make_empty(&directory)?;
        measure::check_entrance(&directory)?;
        for name in ["home", "state"] {
            make_empty(&directory.join(name))?;
        }
        let images = Images::new(store, &directory)?;
        let side = Self { lifecycle: lifecycle.clone(), workspace, images, directory, exported: false };
        side.name_run_image()?;
        Ok(side)
    }

    /// What the table calls it.
    pub(crate) fn label(&self) -> &'static str {
        self.lifecycle.label
    }

    /// Whether a case is one of this side's store.
    pub(crate) fn takes(&self, case: &Case) -> bool {
        self.images.store() == case.store
    }

    /// The names of the executables that a case needs and that are not there.
    pub(crate) fn missing(&self, work: Work) -> Vec<&'static str> {
        let mut needed = match work {
            Work::Export { .. } | Work::ExportGiant => vec!["analyzer", "exporter", "launcher"],
            Work::Restore => vec!["analyzer", "exporter", "launcher", "restorer"],
            Work::Rebase => vec!["analyzer", "exporter", "launcher", "rebaser"],
            Work::Detect => vec!["detector"],
            Work::Extend { .. } => vec!["extender"],
            Work::PhaseStart => STARTED.map(Phase::name).to_vec(),
            Work::LauncherStart => vec!["launcher"],
            Work::ProcessStart => vec![],
        };
        needed.retain(|name| !self.lifecycle.executables.join(name).is_file());
        needed
    }

    /// Brings this side to where the first run of a case starts.
    pub(crate) fn begin(&mut self, work: Work) -> Result<()> {
        match work {
            Work::Export { previous: Previous::AllBut(layer), .. } => self.workspace.change(layer, 0)?,
            Work::ExportGiant => self.workspace.write_giant()?,
            // What is to be found in the cache.
            Work::Extend { cached: true } => {
                self.measure(Work::Extend { cached: false }, 0, 1)?;
            }
            // The image is to name the run image as it is called now.
            Work::Rebase => self.exported = false,
            _ => {}
        }
        let needs_export = matches!(
            work,
            Work::Restore
                | Work::Rebase
                | Work::Export { previous: Previous::Same | Previous::AllBut(_), .. }
        );
        if needs_export && !self.exported {
            self.forget()?;
            self.export(true).context("failed to prepare the previous image")?;
            self.exported = true;
        }
        Ok(())
    }

    /// Measures a case once: in its `round`, counted from 1, with as many starts as are asked for.
    pub(crate) fn measure(&mut self, work: Work, round: usize, starts: usize) -> Result<Usage> {
        self.prepare(work, round)?;
        let before = self.images.digest();
        if let Some(registry) = self.images.registry() {
            registry.forget_traffic();
        }
        // What was written so far is not to be written back on the measured run's time.
        nix::unistd::sync();
        let mut runs = Vec::with_capacity(starts);
        for start in 0..starts {
            let mut command = self.command(work, start)?;
            let run = if let Work::Extend { .. } = work { measure::run_by_root } else { measure::run };
            runs.push(run(&mut command, &self.log())?);
        }
        match work {
            Work::Export { previous: Previous::Nothing, cache } => self.exported = cache,
            Work::Restore => self.check_restored()?,
            Work::Extend { .. } => self.workspace.container()?.check()?,
            Work::Rebase => {
                ensure!(self.images.digest() != before, "the rebaser left the app image as it was");
            }
            _ => {}
        }
        Ok(Usage::mean(&runs))
    }

    /// Runs a case once more to count its traffic, if there is a registry.
    pub(crate) fn count(&mut self, work: Work, round: usize) -> Result<Option<Traffic>> {
        let Some(registry) = self.images.registry() else { return Ok(None) };
        registry.set_counted(true);
        self.name_run_image()?;
        self.begin(work)?;
        self.measure(work, round, 1)?;
        let Some(registry) = self.images.registry() else { return Ok(None) };
        let traffic = registry.traffic();
        registry.set_counted(false);
        self.name_run_image()?;
        Ok(Some(traffic))
    }

    /// Ends a case: its changes to the layers are taken back.
    pub(crate) fn end(&mut self, work: Work) -> Result<()> {
        match work {
            Work::Export { previous: Previous::AllBut(layer), .. } => {
                self.workspace.change(layer, 0)?;
                self.exported = false;
            }
            Work::ExportGiant => {
                self.workspace.remove_giant()?;
                // It takes much room.
                self.forget()?;
            }
            Work::Rebase => self.exported = false,
            _ => {}
        }
        self.workspace.bring_layers_back()
    }

    fn prepare(&mut self, work: Work, round: usize) -> Result<()> {
        match work {
            Work::Export { previous, .. } => {
                match previous {
                    Previous::Nothing => self.forget()?,
                    Previous::Same => {}
                    // The image of the round before is the previous one.
                    Previous::AllBut(layer) => self.workspace.change(layer, round)?,
                }
                self.analyze()
            }
            Work::ExportGiant => {
                self.forget()?;
                self.analyze()
            }
            Work::Restore => {
                self.workspace.set_layers_aside()?;
                self.analyze()
            }
            // The run image of the round before is the one below the image.
            Work::Rebase => self.images.write_run_image(round),
            Work::Detect => make_empty(&self.path("detected")),
            Work::Extend { cached } => {
                let extender = self.lifecycle.executables.join("extender");
                self.workspace.container()?.begin(&extender, cached)
            }
            Work::PhaseStart | Work::LauncherStart | Work::ProcessStart => Ok(()),
        }
    }

    fn forget(&mut self) -> Result<()> {
        self.exported = false;
        self.images.forget()
    }

    /// Writes the file that tells phases the run image.
    fn name_run_image(&self) -> Result<()> {
        let text = format!("[[images]]\nimage = \"{}\"\n", self.images.run_image());
        Ok(fs_err::write(self.path("state/run.toml"), text)?)
    }

    fn check_restored(&self) -> Result<()> {
        let restored = self.workspace.path("layers/bench_npm/modules");
        let files = if restored.exists() { Tree::measure(&restored)?.files } else { 0 };
        let expected = self.workspace.tree.files;
        ensure!(
            files >= expected,
            "the restorer brought back {files} of {expected} files to {}",
            restored.display()
        );
        Ok(())
    }

    /// The file for the output of what runs.
    pub(crate) fn log(&self) -> PathBuf {
        self.path("output.log")
    }

    /// A path below this side's directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}
