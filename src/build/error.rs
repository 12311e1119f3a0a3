//! Why a recipe was refused, or its command failed.

use crate::abi::CapabilityError;
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
            Self::Start { .. } | Self::Failed { .. } | Self::NoOutput { .. } => Reason::BuildFailed,
        }
    }
}
