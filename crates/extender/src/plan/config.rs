//! Instructions that change the config alone.

use dockerfile::{Command, Instruction};
use serde_json::Map;

use super::{Planner, REBASABLE};
use crate::error::Refusal;

impl Planner<'_> {
    pub(super) fn configure(&mut self, instruction: &Instruction) -> Result<(), Refusal> {
        match instruction {
            Instruction::Arg(declarations) => {
                for declaration in declarations {
                    self.scope.declare(declaration, &self.plan.config)?;
                }
            }
            Instruction::Env(variables) => {
                // All see what was set before the instruction.
                let before = self.plan.config.clone();
                for (name, value) in variables {
                    let name = self.scope.expand(name, &before)?;
                    self.plan.config.set_env(&name, &self.scope.expand(value, &before)?);
                }
            }
            Instruction::Label(labels) => {
                for (name, value) in labels {
                    let name = self.expand(name)?;
                    let value = self.expand(value)?;
                    if name == REBASABLE {
                        self.rebasable = is_true(&value);
                    }
                    self.plan.config.labels.insert(name, value);
                }
            }
            Instruction::User(user) => {
                let user = self.expand(user)?;
                if user.is_empty() {
                    return Err(Refusal::EmptyUser);
                }
                self.plan.config.user = user;
            }
            Instruction::Expose(ports) => self.expose(ports)?,
            Instruction::Volume(volumes) => {
                for volume in volumes {
                    let volume = self.expand(volume)?;
                    self.plan.config.volumes.insert(volume, Map::new());
                }
            }
            Instruction::StopSignal(signal) => self.plan.config.stop_signal = self.expand(signal)?,
            Instruction::Shell(shell) => self.plan.config.shell.clone_from(shell),
            Instruction::Cmd(command) => {
                self.plan.config.cmd = self.words(command);
                self.sets_cmd = true;
            }
            Instruction::Entrypoint(command) => {
                self.plan.config.entrypoint = self.words(command);
                if !self.sets_cmd {
                    self.plan.config.cmd.clear();
                }
            }
            Instruction::Maintainer(author) => self.plan.author = Some(author.clone()),
            Instruction::Healthcheck(_) => return Err(Refusal::Instruction("HEALTHCHECK")),
            Instruction::OnBuild(_) => return Err(Refusal::Instruction("ONBUILD")),
            Instruction::From { .. } => return Err(Refusal::Instruction("FROM")),
            Instruction::Add(_) | Instruction::Copy(_) | Instruction::Run(_) | Instruction::Workdir(_) => {}
        }
        Ok(())
    }

    fn expand(&self, word: &str) -> Result<String, Refusal> {
        Ok(self.scope.expand(word, &self.plan.config)?)
    }

    fn words(&self, command: &Command) -> Vec<String> {
        match command {
            Command::Exec(words) => words.clone(),
            Command::Shell(text) if text.is_empty() => Vec::new(),
            Command::Shell(text) => self.shell(text),
        }
    }

    fn expose(&mut self, ports: &[String]) -> Result<(), Refusal> {
        for port in ports {
            let port = self.expand(port)?;
            let (numbers, protocol) = port.split_once('/').unwrap_or((&port, "tcp"));
            let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
            let range = (|| Some(first.parse::<u16>().ok()?..=last.parse().ok()?))();
            let range = range.filter(|range| !range.is_empty() && !protocol.is_empty());
            let range = range.ok_or_else(|| Refusal::Port(port.clone()))?;
            let protocol = protocol.to_lowercase();
            self.plan
                .config
                .exposed_ports
                .extend(range.map(|port| (format!("{port}/{protocol}"), Map::new())));
        }
        Ok(())
    }
}

/// Whether a label says yes, as Go programs read it.
fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}
