//! Why a recipe was refused, or its command failed.

use crate::abi::{Capability, CapabilityError};
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
    },
    /// The command succeeded and its output is not there.
    #[error("{program:?} succeeded and did not write {}", output.display())]
    NoOutput {
        /// The program.
        program: String,
        /// The file that the recipe names.
        output: PathBuf,
    },
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
        }
    }
}
