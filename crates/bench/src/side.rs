//! A lifecycle that is measured: its executables and what they have written so far.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use platform_api::{Input, Invocation, Phase};

use crate::cases::{Previous, Work};
use crate::measure::{self, Usage};
use crate::tree::Tree;
use crate::workspace::{API, Workspace, give_away, make_empty};

const IMAGE: &str = "localhost/bench:latest";
/// The phases whose start is measured.
const STARTED: [Phase; 6] =
    [Phase::Analyzer, Phase::Detector, Phase::Restorer, Phase::Builder, Phase::Exporter, Phase::Creator];

/// A lifecycle with directories of its own for image layouts, caches and state files.
#[derive(Debug)]
pub(crate) struct Side<'a> {
    /// What the table calls it.
    pub(crate) label: &'static str,
    /// The directory of its executables.
    pub(crate) executables: PathBuf,
    workspace: &'a Workspace,
    directory: PathBuf,
    /// Whether layout and cache hold the export of the unchanged layers.
    exported: bool,
}

impl<'a> Side<'a> {
    pub(crate) fn new(label: &'static str, executables: &Path, workspace: &'a Workspace) -> Result<Self> {
        let directory = workspace.path("sides").join(label);
        make_empty(&directory)?;
        measure::check_entrance(&directory)?;
        for name in ["home", "state"] {
            make_empty(&directory.join(name))?;
        }
        let executables = fs_err::canonicalize(executables)?;
        measure::check_entrance(&executables)?;
        Ok(Self { label, executables, workspace, directory, exported: false })
    }

    /// The names of the executables that a case needs and that are not there.
    pub(crate) fn missing(&self, work: Work) -> Vec<&'static str> {
        let mut needed = match work {
            Work::Export { .. } => vec!["analyzer", "exporter", "launcher"],
            Work::Restore => vec!["analyzer", "exporter", "launcher", "restorer"],
            Work::Detect => vec!["detector"],
            Work::PhaseStart => STARTED.map(Phase::name).to_vec(),
            Work::LauncherStart => vec!["launcher"],
            Work::ProcessStart => vec![],
        };
        needed.retain(|name| !self.executables.join(name).is_file());
        needed
    }

    /// Brings this side to where the first run of a case starts.
    pub(crate) fn begin(&mut self, work: Work) -> Result<()> {
        let needs_export = matches!(
            work,
            Work::Restore | Work::Export { previous: Previous::Same | Previous::AllBut(_), .. }
        );
        if let Work::Export { previous: Previous::AllBut(layer), .. } = work {
            self.workspace.change(layer, 0)?;
        }
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
        // What was written so far is not to be written back on the measured run's time.
        nix::unistd::sync();
        let mut runs = Vec::with_capacity(starts);
        for start in 0..starts {
            let mut command = self.command(work, start)?;
            runs.push(measure::run(&mut command, &self.log())?);
        }
        match work {
            Work::Export { previous: Previous::Nothing, cache } => self.exported = cache,
            Work::Restore => self.check_restored()?,
            _ => {}
        }
        Ok(Usage::mean(&runs))
    }

    /// Ends a case: its changes to the layers are taken back.
    pub(crate) fn end(&mut self, work: Work) -> Result<()> {
        if let Work::Export { previous: Previous::AllBut(layer), .. } = work {
            self.workspace.change(layer, 0)?;
            self.exported = false;
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
            Work::Restore => {
                self.workspace.set_layers_aside()?;
                self.analyze()
            }
            Work::Detect => make_empty(&self.path("detected")),
            Work::PhaseStart | Work::LauncherStart | Work::ProcessStart => Ok(()),
        }
    }

    fn command(&self, work: Work, start: usize) -> Result<Command> {
        let mut command = match work {
            Work::Export { cache, .. } => self.phase(&self.exporter(cache)?),
            Work::Restore => self.phase(&self.restorer()?),
            Work::Detect => self.phase(&self.detector()?),
            Work::PhaseStart => {
                let phase = STARTED.get(start % STARTED.len()).copied().unwrap_or(Phase::Analyzer);
                self.phase(&Invocation::new(phase, API).argument("-version"))
            }
            Work::LauncherStart => {
                let mut command = self.bare(&self.executables.join("launcher"));
                // The launcher starts the process that its own name says.
                command.arg0("/cnb/process/web").env("CNB_PLATFORM_API", API.as_str());
                command.env("CNB_LAYERS_DIR", self.workspace.path("launch-layers"));
                command.env("CNB_APP_DIR", self.workspace.path("app"));
                command
            }
            Work::ProcessStart => self.bare(Path::new("/bin/true")),
        };
        command.current_dir(self.workspace.path("app"));
        Ok(command)
    }

    /// Removes images and caches, but for the run image.
    fn forget(&mut self) -> Result<()> {
        self.exported = false;
        make_empty(&self.path("layout"))?;
        make_empty(&self.path("cache"))?;
        Workspace::write_run_image(&self.path("layout"))?;
        give_away(&self.path("layout"))
    }

    fn export(&self, cache: bool) -> Result<()> {
        self.analyze()?;
        self.run(&self.exporter(cache)?).map(drop)
    }

    fn analyze(&self) -> Result<()> {
        let invocation = self
            .on_layout(Phase::Analyzer)?
            .with(Input::Layers, self.workspace.path("layers"))?
            .with(Input::Analyzed, self.path("state/analyzed.toml"))?
            .with(Input::Run, self.workspace.path("run.toml"))?;
        self.run(&invocation.argument(IMAGE)).map(drop)
    }

    fn exporter(&self, cache: bool) -> Result<Invocation> {
        let mut invocation = self
            .on_layout(Phase::Exporter)?
            .with(Input::Analyzed, self.path("state/analyzed.toml"))?
            .with(Input::App, self.workspace.path("app"))?
            .with(Input::Group, self.workspace.path("group.toml"))?
            .with(Input::Launcher, self.executables.join("launcher"))?
            .with(Input::LauncherSbom, self.workspace.path("empty"))?
            .with(Input::Layers, self.workspace.path("layers"))?
            .with(Input::Report, self.path("state/report.toml"))?
            .with(Input::Run, self.workspace.path("run.toml"))?;
        if cache {
            invocation = invocation.with(Input::CacheDir, self.path("cache"))?;
        }
        Ok(invocation.argument(IMAGE))
    }

    fn restorer(&self) -> Result<Invocation> {
        Ok(self
            .on_layout(Phase::Restorer)?
            .with(Input::Analyzed, self.path("state/analyzed.toml"))?
            .with(Input::CacheDir, self.path("cache"))?
            .with(Input::Group, self.workspace.path("group.toml"))?
            .with(Input::Layers, self.workspace.path("layers"))?
            .with(Input::Run, self.workspace.path("run.toml"))?)
    }

    fn detector(&self) -> Result<Invocation> {
        Ok(Invocation::new(Phase::Detector, API)
            .with(Input::App, self.workspace.path("app"))?
            .with(Input::Buildpacks, self.workspace.path("buildpacks"))?
            .with(Input::Layers, self.path("detected"))?
            .with(Input::Order, self.workspace.path("order.toml"))?
            .with(Input::Platform, self.workspace.path("platform"))?)
    }

    /// A phase that finds its images in this side's layout directory.
    fn on_layout(&self, phase: Phase) -> Result<Invocation> {
        let (uid, gid) = measure::user();
        Ok(Invocation::new(phase, API)
            .with(Input::Layout, "true")?
            .with(Input::LayoutDir, self.path("layout"))?
            .with(Input::Uid, uid.to_string())?
            .with(Input::Gid, gid.to_string())?)
    }

    /// Runs a phase whose preparation is done.
    fn run(&self, invocation: &Invocation) -> Result<Usage> {
        measure::run(&mut self.phase(invocation), &self.log())
    }

    fn phase(&self, invocation: &Invocation) -> Command {
        let command = invocation.command(&self.executables);
        let mut clean = self.bare(Path::new(command.get_program()));
        clean.args(command.get_args()).envs(invocation.variables()).env("CNB_EXPERIMENTAL_MODE", "silent");
        clean
    }

    /// A command in an environment that is the same for all sides and machines.
    fn bare(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("HOME", self.path("home")).env("TMPDIR", self.path("home"));
        command
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

    fn log(&self) -> PathBuf {
        self.path("output.log")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}
