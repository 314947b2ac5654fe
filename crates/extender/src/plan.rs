//! What is to be done to the base image: all Dockerfiles, with every variable expanded, before anything runs.
//!
//! Instructions that change the config alone take effect here; those that change files become steps. What is
//! not supported, or cannot work, is refused here, with file and line.
//! Spec: `image_extension.md` § Dockerfile Requirements, § Phase: Extension.

mod config;
mod scope;
mod transfer;

use std::path::{Path, PathBuf};

use dockerfile::{Command, Flag, Instruction, Run, Step};
use image::ContainerConfig;

use crate::context::Context;
use crate::error::{ExtendError, Refusal};
use crate::fingerprint::Fingerprint;
use crate::generated::Application;
use crate::rooted::clean;
use crate::users::is_root;
use scope::Scope;
pub(crate) use transfer::{Copy, Item};

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What changes files, in order.
    pub(crate) steps: Vec<PlannedStep>,
    /// The config of the extended image.
    pub(crate) config: ContainerConfig,
    /// Who made the image, if a Dockerfile says so.
    pub(crate) author: Option<String>,
}

/// An instruction that changes files.
#[derive(Debug)]
pub(crate) struct PlannedStep {
    /// The Dockerfile.
    pub(crate) path: PathBuf,
    /// Its line, counted from 1.
    pub(crate) line: usize,
    /// Its text.
    pub(crate) text: String,
    /// The id of the extension.
    pub(crate) extension: String,
    pub(crate) action: Action,
    /// All that its result depends on, besides the steps in front of it.
    pub(crate) fingerprint: String,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Action {
    Run(Execution),
    Copy(Copy),
    /// Makes a directory for whom `USER` names, if it is not there.
    MakeDirectory {
        path: PathBuf,
        user: String,
    },
}

/// A command to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Execution {
    /// The program and its arguments.
    pub(crate) arguments: Vec<String>,
    /// A program that the Dockerfile itself holds, to be run instead.
    pub(crate) script: Option<String>,
    pub(crate) env: Vec<(String, String)>,
    /// As `USER` has it.
    pub(crate) user: String,
    pub(crate) working_dir: PathBuf,
}

/// Whether containers of this config run as root, as far as the text tells. Spec: platform.md § extender.
pub(crate) fn runs_as_root(config: &ContainerConfig) -> bool {
    is_root(&config.user)
}

const REBASABLE: &str = "io.buildpacks.rebasable";

/// Plans the application of all Dockerfiles to an image with this config.
pub(crate) fn make(
    base: &ContainerConfig,
    reference: &str,
    applications: &[Application],
) -> Result<Plan, ExtendError> {
    let mut plan = Plan { steps: Vec::new(), config: base.clone(), author: None };
    let mut rebasable = true;
    for application in applications {
        rebasable &= Planner::new(application, reference, &mut plan)?.apply()?;
        plan.config.labels.insert(REBASABLE.to_owned(), rebasable.to_string());
    }
    Ok(plan)
}

/// One Dockerfile at work.
struct Planner<'a> {
    application: &'a Application,
    plan: &'a mut Plan,
    scope: Scope,
    context: Context,
    /// Whether this Dockerfile has set a command; an entry point of its own drops an inherited one.
    sets_cmd: bool,
    /// Whether it says itself that the image can be rebased.
    rebasable: bool,
}

impl<'a> Planner<'a> {
    fn new(application: &'a Application, reference: &str, plan: &'a mut Plan) -> Result<Self, ExtendError> {
        let (user, group) = plan.config.user.split_once(':').unwrap_or((&plan.config.user, ""));
        let mut given = vec![
            ("base_image".to_owned(), reference.to_owned()),
            ("build_id".to_owned(), scope::build_id()),
            ("user_id".to_owned(), user.to_owned()),
            ("group_id".to_owned(), group.to_owned()),
        ];
        given.extend(application.args.iter().cloned());
        let dockerfile = &application.dockerfile;
        let context = Context::open(&application.context).map_err(|source| ExtendError::Context {
            path: dockerfile.path.clone(),
            line: None,
            source,
        })?;
        let scope = Scope::new(given, &dockerfile.preamble, dockerfile.escape).map_err(|reason| {
            ExtendError::Refused { path: dockerfile.path.clone(), line: 1, reason: reason.into() }
        })?;
        Ok(Self { application, plan, scope, context, sets_cmd: false, rebasable: false })
    }

    /// Applies the instructions; whether the Dockerfile leaves the image rebasable.
    fn apply(mut self) -> Result<bool, ExtendError> {
        for step in &self.application.dockerfile.steps {
            self.step(step)?;
        }
        Ok(self.rebasable)
    }

    fn step(&mut self, step: &Step) -> Result<(), ExtendError> {
        let path = || self.application.dockerfile.path.clone();
        let refused = |reason: Refusal, path: PathBuf| ExtendError::Refused { path, line: step.line, reason };
        let action = match &step.instruction {
            Instruction::Run(run) => self.run(run).map(Some),
            Instruction::Copy(transfer) => {
                return self.transfer(step, transfer, false);
            }
            Instruction::Add(transfer) => {
                return self.transfer(step, transfer, true);
            }
            Instruction::Workdir(directory) => self.working_dir(directory).map(Some),
            other => self.configure(other).map(|()| None),
        };
        if let Some(action) = action.map_err(|reason| refused(reason, path()))? {
            let fingerprint = self.fingerprint(step, &action);
            self.push(step, action, fingerprint);
        }
        Ok(())
    }

    fn transfer(
        &mut self,
        step: &Step,
        transfer: &dockerfile::Transfer,
        adds: bool,
    ) -> Result<(), ExtendError> {
        let path = self.application.dockerfile.path.clone();
        let request =
            transfer::Request { scope: &self.scope, config: &self.plan.config, context: &self.context, adds };
        let (copy, fingerprint) = request.plan(transfer).map_err(|fault| match fault {
            transfer::Fault::Refused(reason) => {
                ExtendError::Refused { path: path.clone(), line: step.line, reason }
            }
            transfer::Fault::Context(source) => {
                ExtendError::Context { path: path.clone(), line: Some(step.line), source }
            }
        })?;
        self.push(step, Action::Copy(copy), fingerprint);
        Ok(())
    }

    fn push(&mut self, step: &Step, action: Action, fingerprint: String) {
        self.plan.steps.push(PlannedStep {
            path: self.application.dockerfile.path.clone(),
            line: step.line,
            text: step.text.clone(),
            extension: self.application.extension.clone(),
            action,
            fingerprint,
        });
    }

    fn run(&mut self, run: &Run) -> Result<Action, Refusal> {
        if let Some(flag) = run.flags.first() {
            return Err(unsupported("RUN", flag));
        }
        let mut script = None;
        let arguments = match (&run.command, run.heredocs.as_slice()) {
            (Command::Exec(arguments), _) if arguments.is_empty() => {
                return Err(Refusal::NoCommand);
            }
            (Command::Exec(arguments), _) => arguments.clone(),
            // Nothing but a here-document: it is the script itself.
            (Command::Shell(text), [only]) if text.split_whitespace().count() == 1 => {
                if only.content.starts_with("#!") {
                    script = Some(only.content.clone());
                }
                self.shell(&only.content)
            }
            (Command::Shell(text), heredocs) => {
                let ends = heredocs.iter().map(|heredoc| format!("\n{}{}", heredoc.content, heredoc.name));
                self.shell(&format!("{text}{}", ends.collect::<String>()))
            }
        };
        let config = &self.plan.config;
        Ok(Action::Run(Execution {
            arguments,
            script,
            env: self.scope.environment(config),
            user: config.user.clone(),
            working_dir: working_dir(config),
        }))
    }

    fn shell(&self, text: &str) -> Vec<String> {
        let shell = &self.plan.config.shell;
        let default = || ["/bin/sh", "-c"].map(str::to_owned).to_vec();
        let mut arguments = if shell.is_empty() { default() } else { shell.clone() };
        arguments.push(text.to_owned());
        arguments
    }

    fn working_dir(&mut self, directory: &str) -> Result<Action, Refusal> {
        let directory = self.scope.expand(directory, &self.plan.config)?;
        if directory.is_empty() {
            return Err(Refusal::EmptyPath);
        }
        let path = clean(&working_dir(&self.plan.config).join(directory));
        self.plan.config.working_dir = path.display().to_string();
        Ok(Action::MakeDirectory { path, user: self.plan.config.user.clone() })
    }

    fn fingerprint(&self, step: &Step, action: &Action) -> String {
        match action {
            Action::Run(execution) => {
                let mut fingerprint = Fingerprint::of("RUN");
                fingerprint.add_all(&execution.arguments);
                fingerprint.add(execution.script.as_deref().unwrap_or_default());
                // A new id for each build invalidates only the steps that make use of it.
                let ignores_build_id = !self.scope.refers_to_build_id(&step.text, execution);
                fingerprint.add_all(
                    execution
                        .env
                        .iter()
                        .filter(|(name, _)| !(ignores_build_id && name == scope::BUILD_ID))
                        .map(|(name, value)| format!("{name}={value}")),
                );
                fingerprint.add(&execution.user);
                fingerprint.add(execution.working_dir.display().to_string());
                fingerprint.finish()
            }
            Action::MakeDirectory { path, user } => {
                Fingerprint::of("WORKDIR").with(path.display().to_string()).with(user).finish()
            }
            Action::Copy(_) => String::new(),
        }
    }
}

fn working_dir(config: &ContainerConfig) -> PathBuf {
    clean(&Path::new("/").join(&config.working_dir))
}

fn unsupported(instruction: &'static str, flag: &Flag) -> Refusal {
    Refusal::Flag { instruction, flag: flag.name.clone() }
}

#[cfg(test)]
mod tests;
