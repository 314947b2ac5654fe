//! From lines to instructions.

use crate::arguments::{command, flags, json, list, pairs};
use crate::instruction::{ArgDeclaration, Instruction, Run, Step, Transfer};
use crate::lines::{self, Line, is_heredoc};

/// The instructions of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// The character that takes the meaning of the one behind it.
    pub escape: char,
    /// The instructions, in order.
    pub steps: Vec<Step>,
}

/// A text that is no Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with an instruction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A here-document does not end.
    #[error("the here-document '{0}' has no end; put {0} alone on a line behind it")]
    OpenHeredoc(String),
    /// There is no such instruction.
    #[error("there is no instruction {0}")]
    UnknownInstruction(String),
    /// An instruction that needs arguments has none.
    #[error("the instruction lacks its arguments")]
    NoArguments,
    /// A name lacks its value.
    #[error("'{0}' has no value; write {0}=value")]
    NoValue(String),
    /// A value lacks its name.
    #[error("'{0}' has no name; write name=value")]
    NoName(String),
    /// `FROM` has other arguments than an image and perhaps a name for the stage.
    #[error("FROM takes one image, optionally followed by AS and a name")]
    MalformedFrom,
    /// `COPY` or `ADD` has no source or no destination.
    #[error("{0} takes one source at least, and a destination")]
    NoDestination(String),
    /// An instruction takes one argument only.
    #[error("{0} takes exactly one argument")]
    NotOne(String),
    /// `SHELL` without a JSON list.
    #[error(r#"SHELL takes a JSON list, such as ["/bin/bash", "-c"]"#)]
    MalformedShell,
}

/// Parses a Dockerfile.
///
/// # Errors
/// The first line that cannot be understood.
pub fn parse(text: &str) -> Result<Dockerfile, ParseError> {
    let escape = lines::escape_character(text);
    let lines = lines::split(text, escape)
        .map_err(|open| ParseError { line: open.line, problem: Problem::OpenHeredoc(open.terminator) })?;
    let step = |line: Line| {
        let (number, text) = (line.number, format!("{} {}", line.keyword, line.arguments));
        match instruction(line, escape) {
            Ok(instruction) => Ok(Step { line: number, text: text.trim().to_owned(), instruction }),
            Err(problem) => Err(ParseError { line: number, problem }),
        }
    };
    Ok(Dockerfile { escape, steps: lines.into_iter().map(step).collect::<Result<_, _>>()? })
}

fn instruction(line: Line, escape: char) -> Result<Instruction, Problem> {
    let Line { keyword, arguments, heredocs, .. } = line;
    let whole = || if arguments.is_empty() { Err(Problem::NoArguments) } else { Ok(arguments.clone()) };
    let one = || match lines::words(&arguments, escape).as_slice() {
        [_] => Ok(arguments.clone()),
        [] => Err(Problem::NoArguments),
        _ => Err(Problem::NotOne(keyword.clone())),
    };
    let several = || match list(&arguments, escape) {
        list if list.is_empty() => Err(Problem::NoArguments),
        list => Ok(list),
    };
    Ok(match keyword.as_str() {
        "ADD" => Instruction::Add(transfer(&keyword, &arguments, heredocs, escape)?),
        "ARG" => Instruction::Arg(declarations(&arguments, escape)?),
        "CMD" => Instruction::Cmd(command(&arguments)),
        "COPY" => Instruction::Copy(transfer(&keyword, &arguments, heredocs, escape)?),
        "ENTRYPOINT" => Instruction::Entrypoint(command(&arguments)),
        "ENV" => Instruction::Env(pairs(&arguments, escape)?),
        "EXPOSE" => Instruction::Expose(several()?),
        "FROM" => from(&arguments)?,
        "HEALTHCHECK" => Instruction::Healthcheck(whole()?),
        "LABEL" => Instruction::Label(pairs(&arguments, escape)?),
        "MAINTAINER" => Instruction::Maintainer(whole()?),
        "ONBUILD" => Instruction::OnBuild(whole()?),
        "RUN" => {
            let (flags, rest) = flags(&arguments);
            if rest.is_empty() {
                return Err(Problem::NoArguments);
            }
            Instruction::Run(Run { flags, command: command(rest), heredocs })
        }
        "SHELL" => {
            let shell = json(&arguments).filter(|shell| !shell.is_empty());
            Instruction::Shell(shell.ok_or(Problem::MalformedShell)?)
        }
        "STOPSIGNAL" => Instruction::StopSignal(one()?),
        "USER" => Instruction::User(one()?),
        "VOLUME" => Instruction::Volume(several()?),
        "WORKDIR" => Instruction::Workdir(whole()?),
        _ => return Err(Problem::UnknownInstruction(keyword)),
    })
}

fn from(arguments: &str) -> Result<Instruction, Problem> {
    let (_, rest) = flags(arguments);
    let (image, name) = match rest.split_whitespace().collect::<Vec<_>>()[..] {
        [image] => (image, None),
        [image, by, name] if by.eq_ignore_ascii_case("as") => (image, Some(name.to_owned())),
        _ => return Err(Problem::MalformedFrom),
    };
    Ok(Instruction::From { image: image.to_owned(), name })
}

fn declarations(arguments: &str, escape: char) -> Result<Vec<ArgDeclaration>, Problem> {
    let declaration = |word: String| {
        let (name, default) = match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word.clone(), None),
        };
        if name.is_empty() { Err(Problem::NoName(word)) } else { Ok(ArgDeclaration { name, default }) }
    };
    let declarations: Vec<_> =
        lines::words(arguments, escape).into_iter().map(declaration).collect::<Result<_, _>>()?;
    if declarations.is_empty() { Err(Problem::NoArguments) } else { Ok(declarations) }
}

fn transfer(
    keyword: &str,
    arguments: &str,
    heredocs: Vec<crate::Heredoc>,
    escape: char,
) -> Result<Transfer, Problem> {
    let (flags, rest) = flags(arguments);
    let mut paths = list(rest, escape);
    paths.retain(|word| !is_heredoc(word));
    let destination = paths.pop().filter(|_| !paths.is_empty() || !heredocs.is_empty());
    let destination = destination.ok_or_else(|| Problem::NoDestination(keyword.to_owned()))?;
    Ok(Transfer { flags, sources: paths, heredocs, destination })
}

#[cfg(test)]
mod tests;
