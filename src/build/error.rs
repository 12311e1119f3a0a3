//! Why a recipe was refused, or its command failed.

use crate::abi::{Capability, CapabilityError};
use crate::files::FileError;
use crate::materials::MaterialsError;
use crate::reason::Reason;
use std::path::PathBuf;

/// Why a recipe was refused, or its command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The recipe is not of the form that docs/recipe.md gives.
    #[error("line {line}: {what}")]
    Recipe {
        /// Line of the recipe, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A capability of the recipe is not known.
    #[error("line {line}: {source}")]
    Capability {
        /// Line of the recipe, from 1.
        line: usize,
        /// What is wrong.
        source: CapabilityError,
    },
    /// The imports can ask for kinds that are neither declared nor denied.
    #[error("the imports can ask for {}, of which nothing is declared: declare what the skill may have (--cap {}=VALUE), and say what it does without (--deny {})", kinds.join(" and "), kinds.first().map_or("KIND", String::as_str), kinds.join(","))]
    Undeclared {
        /// The kinds, sorted.
        kinds: Vec<String>,
    },
    /// A capability is declared, and its kind denied.
    #[error("{capability} is declared, and {} denied", capability.kind())]
    DeclaredAndDenied {
        /// The capability.
        capability: Capability,
    },
    /// The command could not be started.
    #[error("cannot start {program:?}: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The command ended without success.
    #[error("{program:?} failed: {status}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The last lines that it printed.
        last: Vec<String>,
    },
    /// The command succeeded and its output is not there.
    #[error("{program:?} succeeded and did not write {}", output.display())]
    NoOutput {
        /// The program.
        program: String,
        /// The file that the recipe names.
        output: PathBuf,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A directory cannot be searched for inputs.
    #[error("inputs: {0}")]
    Search(String),
    /// A file cannot be an input.
    #[error("input {path:?} {why}")]
    Input {
        /// Its path relative to the recipe.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A pattern of inputs fits no file.
    #[error("inputs: {pattern:?} fits no file that .gitignore leaves")]
    Pattern {
        /// The pattern.
        pattern: String,
    },
    /// There are more inputs than the limit.
    #[error("inputs: there are more than {limit} {what}; name fewer in provenact.toml")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A program is nowhere on the PATH.
    #[error("{program:?} is nowhere on the PATH")]
    ToolMissing {
        /// The program.
        program: String,
    },
    /// A probe failed, or names another version.
    #[error("{tool}: {command:?} should name version {expected:?}, and says {found:?}")]
    ToolVersion {
        /// What the recipe calls the tool.
        tool: String,
        /// The question.
        command: String,
        /// What the recipe expects.
        expected: String,
        /// The first line of the answer.
        found: String,
    },
    /// A value of the environment cannot be recorded.
    #[error("the variable {name} {why}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file of the source is not the one that the provenance names.
    #[error("{path:?} {why}")]
    Source {
        /// Its path relative to the recipe.
        path: String,
        /// How it differs.
        why: &'static str,
    },
    /// A source cannot be fetched.
    #[error("cannot fetch {url}: {what}")]
    Fetch {
        /// From where.
        url: String,
        /// What git says.
        what: String,
    },
    /// Builds differ.
    #[error(
        "build {nth} gave another module than build 1: {found}, not {expected}; what differed around it: {varied}"
    )]
    Unreproducible {
        /// Which build, from 1.
        nth: u64,
        /// Its canonical module.
        found: crate::digest::ModuleDigest,
        /// That of the first build.
        expected: crate::digest::ModuleDigest,
        /// In what the surroundings differed.
        varied: String,
        /// What executes otherwise, A the first build's.
        difference: Box<crate::wasm::Difference>,
    },
    /// What a build wrote is no module.
    #[error(transparent)]
    Module(#[from] crate::wasm::Error),
    /// What was found cannot be recorded.
    #[error("cannot record the build: {0}")]
    Record(#[from] MaterialsError),
}

impl Error {
    /// The reason under which the refusal is reported.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Recipe { .. } => Reason::RecipeMalformed,
            Self::Capability { source, .. } => source.reason(),
            Self::Undeclared { .. } => Reason::CapabilityUndeclared,
            Self::DeclaredAndDenied { .. } => Reason::Usage,
            Self::Start { .. } | Self::Failed { .. } | Self::NoOutput { .. } => Reason::BuildFailed,
            Self::File(error) => error.reason(),
            Self::Search(_)
            | Self::Input { .. }
            | Self::Pattern { .. }
            | Self::TooMany { .. }
            | Self::Variable { .. }
            | Self::Record(_) => Reason::InputsUnfit,
            Self::Source { .. } => Reason::SourceMismatch,
            Self::Fetch { .. } => Reason::SourceMissing,
            Self::ToolMissing { .. } | Self::ToolVersion { .. } => Reason::ToolchainMismatch,
            Self::Unreproducible { .. } => Reason::BuildUnreproducible,
            Self::Module(error) => error.reason(),
        }
    }
}
