//! The Dockerfiles of image extensions, checked for what the specification lets them do.
//!
//! What enters is `run.Dockerfile` or `build.Dockerfile`, what leaves is which base image it starts from
//! and whether it changes that. Spec: `image_extension.md` § Dockerfile Requirements.

use std::fmt;
use std::path::{Path, PathBuf};

use dockerfile::{ArgDeclaration, Instruction, ParseError, Problem as SyntaxProblem, Step};

/// Which of the two images a Dockerfile is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DockerfileKind {
    /// The run image, by `run.Dockerfile`.
    Run,
    /// The build image, by `build.Dockerfile`.
    Build,
}

impl DockerfileKind {
    /// The name of the file that an extension writes.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Run => "run.Dockerfile",
            Self::Build => "build.Dockerfile",
        }
    }

    /// The name of the image.
    #[must_use]
    pub fn image(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Build => "build",
        }
    }
}

/// A Dockerfile that meets the requirements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// The image it is for.
    pub kind: DockerfileKind,
    /// The file.
    pub path: PathBuf,
    /// The image it switches to; none if it starts from the image that the build would use anyway.
    pub new_base: Option<String>,
    /// Whether it changes the image it starts from.
    pub extends: bool,
    /// Instructions that an extension should not use: line and name.
    pub discouraged: Vec<(usize, String)>,
    /// The character that takes the meaning of the one behind it.
    pub escape: char,
    /// The build arguments declared in front of `FROM`.
    pub preamble: Vec<ArgDeclaration>,
    /// The instructions behind `FROM`.
    pub steps: Vec<Step>,
}

/// A Dockerfile that does not meet the requirements.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}{problem}", path.display(), line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct DockerfileError {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1, where there is one to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: DockerfileProblem,
}

/// What is wrong with a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DockerfileProblem {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// An instruction cannot be understood.
    #[error("{0}")]
    Syntax(#[from] SyntaxProblem),
    /// There is no `FROM`.
    #[error("it has no FROM instruction; one is required")]
    NoFrom,
    /// There is more than one `FROM`.
    #[error("a second FROM is not allowed; the Dockerfile of an extension has one stage")]
    SecondFrom,
    /// An instruction other than `ARG` stands before `FROM`.
    #[error("{0} must stand behind FROM")]
    BeforeFrom(String),
    /// `build.Dockerfile` does not begin as it must.
    #[error("it must begin with 'ARG base_image' and 'FROM ${{base_image}}', nothing between them")]
    WrongPreamble,
    /// The base image is named by variables, which nobody expands before the build.
    #[error("the image '{0}' cannot be told; write its full name, or ${{base_image}} for the current one")]
    VariableBase(String),
}

/// What stands for the current image.
const BASE_IMAGE: &str = "${base_image}";

/// What an extension may use without further thought.
const RECOMMENDED: &[&str] = &["ADD", "ARG", "COPY", "ENV", "LABEL", "RUN", "SHELL", "USER", "WORKDIR"];

impl Dockerfile {
    /// Reads and checks a Dockerfile; none if there is no such file.
    ///
    /// # Errors
    /// The file cannot be read or does not meet the requirements for its kind.
    pub fn read(kind: DockerfileKind, path: &Path) -> Result<Option<Self>, DockerfileError> {
        let error = |line, problem| DockerfileError { path: path.to_owned(), line, problem };
        if !path.exists() {
            return Ok(None);
        }
        // A fifo would keep us waiting forever.
        if !path.is_file() {
            return Err(error(None, DockerfileProblem::Unreadable("it is not a regular file".to_owned())));
        }
        let text = fs_err::read_to_string(path)
            .map_err(|cause| error(None, DockerfileProblem::Unreadable(cause.to_string())))?;
        let checked = check(kind, &text).map_err(|(line, problem)| error(line, problem))?;
        Ok(Some(Self { path: path.to_owned(), ..checked }))
    }
}

impl fmt::Display for DockerfileKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.file_name())
    }
}

type Problem = (Option<usize>, DockerfileProblem);

fn check(kind: DockerfileKind, text: &str) -> Result<Dockerfile, Problem> {
    let parsed = dockerfile::parse(text)
        .map_err(|ParseError { line, problem }| (Some(line), DockerfileProblem::Syntax(problem)))?;
    let images: Vec<_> = parsed.steps.iter().enumerate().filter_map(base_image).collect();
    let (place, from, base) = match images.as_slice() {
        [] => return Err((None, DockerfileProblem::NoFrom)),
        [only] => *only,
        [_, (_, second, _), ..] => return Err((Some(second.line), DockerfileProblem::SecondFrom)),
    };
    let (preamble, body) = parsed.steps.split_at(place);
    let body = body.get(1..).unwrap_or_default();
    let mut declared = Vec::new();
    for early in preamble {
        match &early.instruction {
            Instruction::Arg(declarations) => declared.extend(declarations.iter().cloned()),
            _ => return Err((Some(early.line), DockerfileProblem::BeforeFrom(keyword(early).to_owned()))),
        }
    }
    if kind == DockerfileKind::Build {
        check_preamble(preamble, from, base)?;
    } else if base.contains('$') && base != BASE_IMAGE {
        return Err((Some(from.line), DockerfileProblem::VariableBase(base.to_owned())));
    }
    let is_discouraged = |step: &&Step| !RECOMMENDED.contains(&keyword(step));
    Ok(Dockerfile {
        kind,
        path: PathBuf::new(),
        new_base: (base != BASE_IMAGE).then(|| base.to_owned()),
        extends: !body.is_empty(),
        discouraged: body
            .iter()
            .filter(is_discouraged)
            .map(|step| (step.line, keyword(step).to_owned()))
            .collect(),
        escape: parsed.escape,
        preamble: declared,
        steps: body.to_vec(),
    })
}

fn keyword(step: &Step) -> &str {
    step.text.split_whitespace().next().unwrap_or_default()
}

fn base_image((place, step): (usize, &Step)) -> Option<(usize, &Step, &str)> {
    match &step.instruction {
        Instruction::From { image, .. } => Some((place, step, image)),
        _ => None,
    }
}

fn check_preamble(preamble: &[Step], from: &Step, base: &str) -> Result<(), Problem> {
    let declares_base = |step: &Step| match &step.instruction {
        Instruction::Arg(declarations) => {
            declarations.first().is_some_and(|declaration| declaration.name == "base_image")
        }
        _ => false,
    };
    match preamble {
        [argument] if declares_base(argument) && base == BASE_IMAGE => Ok(()),
        [argument] if declares_base(argument) => Err((Some(from.line), DockerfileProblem::WrongPreamble)),
        [first, ..] if !declares_base(first) => Err((Some(first.line), DockerfileProblem::WrongPreamble)),
        [_, second, ..] => Err((Some(second.line), DockerfileProblem::WrongPreamble)),
        _ => Err((Some(from.line), DockerfileProblem::WrongPreamble)),
    }
}

#[cfg(test)]
mod tests;
