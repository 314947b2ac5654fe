//! What a Dockerfile tells to do.

/// An instruction and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line it starts in, counted from 1.
    pub line: usize,
    /// Its text, continued lines joined, without here-documents: `RUN make install`.
    pub text: String,
    /// What it tells to do.
    pub instruction: Instruction,
}

/// What one instruction tells to do. Texts still have their quotes and variables; see [`crate::expand`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// `ADD`: as `Copy`, and archives are unpacked.
    Add(Transfer),
    /// `ARG`: variables of the build.
    Arg(Vec<ArgDeclaration>),
    /// `CMD`: the default arguments of containers.
    Cmd(Command),
    /// `COPY`: files from the build context.
    Copy(Transfer),
    /// `ENTRYPOINT`: what containers run.
    Entrypoint(Command),
    /// `ENV`: variables of builds and containers, names with values.
    Env(Vec<(String, String)>),
    /// `EXPOSE`: ports, each with a protocol perhaps.
    Expose(Vec<String>),
    /// `FROM`: the base image.
    From {
        /// The image.
        image: String,
        /// The name given to the stage.
        name: Option<String>,
    },
    /// `HEALTHCHECK`, as it stands.
    Healthcheck(String),
    /// `LABEL`: names with values.
    Label(Vec<(String, String)>),
    /// `MAINTAINER`: the author.
    Maintainer(String),
    /// `ONBUILD`: the instruction behind it, as it stands.
    OnBuild(String),
    /// `RUN`: a command.
    Run(Run),
    /// `SHELL`: the shell of commands in shell form, with its arguments.
    Shell(Vec<String>),
    /// `STOPSIGNAL`: the signal that ends containers.
    StopSignal(String),
    /// `USER`: whom commands and containers run as.
    User(String),
    /// `VOLUME`: directories that containers keep elsewhere.
    Volume(Vec<String>),
    /// `WORKDIR`: where commands and containers run.
    Workdir(String),
}

/// A variable that `ARG` declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgDeclaration {
    /// Its name.
    pub name: String,
    /// Its value where the build is given none.
    pub default: Option<String>,
}

/// A command in one of its two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A text for the shell.
    Shell(String),
    /// A program with its arguments, run without a shell.
    Exec(Vec<String>),
}

/// What `RUN` runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Options in front of the command.
    pub flags: Vec<Flag>,
    /// The command.
    pub command: Command,
    /// The here-documents that it announces, in order.
    pub heredocs: Vec<Heredoc>,
}

/// What `COPY` and `ADD` bring where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Options in front of the paths.
    pub flags: Vec<Flag>,
    /// Paths or patterns below the build context; for `ADD` also other places.
    pub sources: Vec<String>,
    /// Files that the Dockerfile itself holds.
    pub heredocs: Vec<Heredoc>,
    /// Where to.
    pub destination: String,
}

/// An option: `--name` or `--name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The name without dashes.
    pub name: String,
    /// The value.
    pub value: Option<String>,
}

/// A here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it.
    pub name: String,
    /// The lines in it, each with its end; without leading tabs if announced by `<<-`.
    pub content: String,
    /// Whether variables in it are expanded: not if its name was quoted.
    pub expands: bool,
}
