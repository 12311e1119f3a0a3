//! Why a manifest of the format v0 was refused.

use crate::abi::CapabilityError;
use crate::json::JsonError;
use crate::reason::Reason;

/// Why a manifest of the format v0 was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not JSON as we take it.
    #[error("manifest.json is {0}")]
    Json(#[source] JsonError),
    /// It is of a draft that came after v0.
    #[error("manifest.json is of the draft version 1 (schema_version {found}), not of v0")]
    Draft {
        /// The version that it names, as JSON, cut to 80 characters.
        found: String,
    },
    /// It is JSON and not of the form that spec/v0-bundle.md gives.
    #[error("{place} {why}")]
    Malformed {
        /// Where, as in `manifest.json: signers[1]`.
        place: String,
        /// What is wrong there.
        why: String,
    },
    /// It has a name, version or entrypoint that no manifest of ours has.
    #[error("manifest.json: {member} {found:?} cannot be that of a bundle: {why}")]
    Unfit {
        /// The member.
        member: &'static str,
        /// Its value, cut to 200 characters.
        found: String,
        /// What ours would be.
        why: &'static str,
    },
    /// It names a capability that is not imported.
    #[error("manifest.json: capabilities[{index}]: {source}")]
    Capability {
        /// Where it stands, from 0.
        index: usize,
        /// Why.
        source: CapabilityError,
    },
}

impl Error {
    /// The reason under which the refusal is reported.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Json(_) | Self::Malformed { .. } => Reason::V0Malformed,
            Self::Draft { .. } => Reason::V0Draft,
            Self::Unfit { .. } => Reason::V0Unfit,
            Self::Capability { source, .. } => source.reason(),
        }
    }
}
