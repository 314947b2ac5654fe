//! The command lines of the phases, the same for all sides.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use platform_api::{Input, Invocation, Phase};

use crate::cases::Work;
use crate::measure;
use crate::side::Side;
use crate::workspace::API;

/// The phases whose start is measured.
pub(crate) const STARTED: [Phase; 6] =
    [Phase::Analyzer, Phase::Detector, Phase::Restorer, Phase::Builder, Phase::Exporter, Phase::Creator];

impl Side<'_> {
    /// The command that is measured. `start` counts the starts of one run.
    pub(crate) fn command(&self, work: Work, start: usize) -> Result<Command> {
        let mut command = match work {
            Work::Export { cache, .. } => self.phase(&self.exporter(cache)?),
            Work::ExportGiant => self.phase(&self.exporter(false)?),
            Work::Restore => self.phase(&self.restorer()?),
            Work::Rebase => self.phase(&self.rebaser()?),
            Work::Detect => self.phase(&self.detector()?),
            Work::Extend { .. } => return Ok(self.workspace.container()?.command()),
            Work::PhaseStart => {
                let phase = STARTED.get(start % STARTED.len()).copied().unwrap_or(Phase::Analyzer);
                self.phase(&Invocation::new(phase, API).argument("-version"))
            }
            Work::LauncherStart => {
                let mut command = self.bare(&self.lifecycle.executables.join("launcher"));
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

    /// Exports what is in the layers directory.
    pub(crate) fn export(&self, cache: bool) -> Result<()> {
        self.analyze()?;
        self.run(&self.exporter(cache)?)
    }

    /// Runs the analyzer, on whose findings exporter and restorer build.
    pub(crate) fn analyze(&self) -> Result<()> {
        let invocation = self
            .images
            .invocation(Phase::Analyzer)?
            .with(Input::Layers, self.workspace.path("layers"))?
            .with(Input::Analyzed, self.path("state/analyzed.toml"))?
            .with(Input::Run, self.path("state/run.toml"))?;
        self.run(&invocation.argument(self.images.image()))
    }

    fn exporter(&self, cache: bool) -> Result<Invocation> {
        let mut invocation = self
            .images
            .invocation(Phase::Exporter)?
            .with(Input::Analyzed, self.path("state/analyzed.toml"))?
            .with(Input::App, self.workspace.path("app"))?
            .with(Input::Group, self.workspace.path("group.toml"))?
            .with(Input::Launcher, self.lifecycle.executables.join("launcher"))?
            .with(Input::LauncherSbom, self.workspace.path("empty"))?
            .with(Input::Layers, self.workspace.path("layers"))?
            .with(Input::Report, self.path("state/report.toml"))?
            .with(Input::Run, self.path("state/run.toml"))?;
        if cache {
            let (input, value) = self.images.cache();
            invocation = invocation.with(input, value)?;
        }
        Ok(invocation.argument(self.images.image()))
    }

    fn restorer(&self) -> Result<Invocation> {
        let (input, cache) = self.images.cache();
        Ok(self
            .images
            .invocation(Phase::Restorer)?
            .with(Input::Analyzed, self.path("state/analyzed.toml"))?
            .with(input, cache)?
            .with(Input::Group, self.workspace.path("group.toml"))?
            .with(Input::Layers, self.workspace.path("layers"))?
            .with(Input::Run, self.path("state/run.toml"))?)
    }

    fn rebaser(&self) -> Result<Invocation> {
        let invocation =
            self.images.invocation(Phase::Rebaser)?.with(Input::Report, self.path("state/report.toml"))?;
        Ok(invocation.argument(self.images.image()))
    }

    fn detector(&self) -> Result<Invocation> {
        Ok(Invocation::new(Phase::Detector, API)
            .with(Input::App, self.workspace.path("app"))?
            .with(Input::Buildpacks, self.workspace.path("buildpacks"))?
            .with(Input::Layers, self.path("detected"))?
            .with(Input::Order, self.workspace.path("order.toml"))?
            .with(Input::Platform, self.workspace.path("platform"))?)
    }

    /// Runs a phase whose preparation is done.
    fn run(&self, invocation: &Invocation) -> Result<()> {
        measure::run(&mut self.phase(invocation), &self.log()).map(drop)
    }

    fn phase(&self, invocation: &Invocation) -> Command {
        let command = invocation.command(&self.lifecycle.executables);
        let mut clean = self.bare(Path::new(command.get_program()));
        clean.envs(self.images.variables());
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
}
