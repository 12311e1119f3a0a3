//! Why a manifest, a bundle or a set of grants was refused.

use crate::abi::CapabilityError;
use crate::files::FileError;
use crate::profile::ProfileError;
use crate::reason::Reason;
use std::path::PathBuf;

/// Why a manifest, a bundle or a set of grants was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The manifest is not of the form that spec/manifest.md gives.
    #[error("malformed manifest: {what}")]
    Manifest {
        /// What is wrong.
        what: String,
    },
    /// A profile that this version does not have.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A capability that this version does not know.
    #[error(transparent)]
    Capability(#[from] CapabilityError),
    /// The policy is not of the form that spec/policy.md gives.
    #[error("line {line}: {what}")]
    Policy {
        /// Line of the file, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A capability of the policy is not known.
    #[error("line {line}: {source}")]
    PolicyCapability {
        /// Line of the file, from 1.
        line: usize,
        /// What is wrong.
        source: CapabilityError,
    },
    /// The directory is not a bundle.
    #[error("{}: {what}", path.display())]
    Bundle {
        /// The directory.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Something else than a bundle stands where one is to be written.
    #[error("{}: exists already and is not a bundle; it is not replaced", path.display())]
    NotReplaced {
        /// The path.
        path: PathBuf,
    },
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Two grants say different things about the same guest path or variable.
    #[error("two grants for {what} differ: {first} and {second}")]
    GrantConflict {
        /// The guest path, or the variable's name.
        what: String,
        /// What one grant says.
        first: String,
        /// What the other says.
        second: String,
    },
}

impl Error {
    /// The reason under which the refusal is reported.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Manifest { .. } => Reason::ManifestMalformed,
            Self::Profile(_) => Reason::ProfileUnsupported,
            Self::Capability(error) => error.reason(),
            Self::Policy { .. } => Reason::PolicyMalformed,
            Self::PolicyCapability { source, .. } => source.reason(),
            Self::Bundle { .. } => Reason::BundleMalformed,
            Self::NotReplaced { .. } => Reason::OutputExists,
            Self::File(error) => error.reason(),
            Self::GrantConflict { .. } => Reason::GrantConflict,
        }
    }
}
