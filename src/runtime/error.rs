//! What can go wrong in an execution besides the guest's own affairs.

use super::divergence::{Divergence, Frame};
use super::live::PreopenError;
use super::seam::Stop;
use crate::engines::EngineName;
use crate::reason::Reason;
use crate::trace;

/// Why there is no [`Execution`](super::Execution).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine refused the module, or ran out of something.
    #[error("the engine cannot run the module: {cause}")]
    Engine {
        /// What it says.
        cause: String,
    },
    /// The engine has not got a feature that the module uses.
    #[error("{engine} does not have a feature that the module uses: {feature}")]
    Lacks {
        /// Which engine.
        engine: EngineName,
        /// The proposal's name.
        feature: &'static str,
    },
    /// A granted directory cannot be opened.
    #[error(transparent)]
    Preopen(#[from] PreopenError),
    /// The replay differs from its recording.
    #[error("{0}")]
    Diverged(Box<Divergence>),
    /// The trace cannot be written or read.
    #[error(transparent)]
    Trace(#[from] trace::Error),
}

impl Error {
    /// The stable reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Engine { .. } => Reason::EngineRefused,
            Self::Lacks { .. } => Reason::EngineLacks,
            Self::Preopen(error) if error.missing => Reason::FileMissing,
            Self::Preopen(_) => Reason::FileUnreadable,
            Self::Diverged(divergence) => divergence.reason,
            Self::Trace(error) => error.reason(),
        }
    }

    pub(super) fn engine(error: wasmtime::Error) -> Self {
        Self::Engine { cause: format!("{error:#}") }
    }

    /// A stop that is not an outcome.
    pub(super) fn stop(stop: Stop, stack: Vec<Frame>) -> Self {
        match stop {
            Stop::Diverged(mut divergence) => {
                divergence.stack = stack;
                Self::Diverged(divergence)
            }
            Stop::Trace(error) => Self::Trace(error),
            other => Self::Engine { cause: other.to_string() },
        }
    }
}
