//! Why something was not upheld.

use super::policy::{Said, Verdict};
use crate::digest::{EnvelopeDigest, ManifestDigest, ModuleDigest, SourceDigest, StatementDigest};
use crate::reason::Reason;
use crate::{attest, runtime, skill, trace, wasm};
use std::fmt;

/// Why a judgement could not be given, or is no.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// skill.wasm is not what the manifest names.
    #[error("skill.wasm has digest {found}, the manifest names {expected}")]
    Artifact {
        /// Digest of the file.
        found: ModuleDigest,
        /// Digest in the manifest.
        expected: ModuleDigest,
    },
    /// The module of a bundle of the format v0 is not what its manifest names.
    #[error("skill.wasm has digest {found}, manifest.json names {expected}")]
    V0Artifact {
        /// Digest of the file.
        found: SourceDigest,
        /// Digest in the manifest.
        expected: SourceDigest,
    },
    /// From the manifest of a bundle of the format v0.
    #[error(transparent)]
    V0Manifest(#[from] skill::v0::Error),
    /// From the signatures or keys of a bundle of the format v0.
    #[error(transparent)]
    V0Signed(#[from] attest::v0::Error),
    /// The manifest does not describe the module.
    #[error("the manifest does not fit the module: {0}")]
    Interface(#[source] wasm::Error),
    /// There is no attestation.
    #[error("the bundle has no attestation")]
    AttestationMissing,
    /// A policy's rule is not upheld.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// A trace or receipt names another manifest.
    #[error("{what} names manifest {expected}, this one has digest {found}")]
    Manifest {
        /// Which names it.
        what: &'static str,
        /// Digest of the manifest at hand.
        found: ManifestDigest,
        /// Digest named.
        expected: ManifestDigest,
    },
    /// A part that lies beside the module is not the one that was named.
    #[error("{part} has digest {found}, {by} names {expected}")]
    Beside {
        /// Its file name.
        part: &'static str,
        /// What names another.
        by: &'static str,
        /// Digest of the file.
        found: String,
        /// Digest named.
        expected: String,
    },
    /// A trace or receipt names another module.
    #[error("{what} names module {expected}, this one has digest {found}")]
    Module {
        /// Which names it.
        what: &'static str,
        /// Digest of the module at hand.
        found: ModuleDigest,
        /// Digest named.
        expected: ModuleDigest,
    },
    /// The attestation that the trace carries is not the one that its header names.
    #[error("the trace carries attestation {found}, its header names {}",
        expected.as_ref().map_or("none".to_owned(), ToString::to_string))]
    Attestation {
        /// Digest of the attestation at hand.
        found: EnvelopeDigest,
        /// Digest named.
        expected: Option<EnvelopeDigest>,
    },
    /// The trace's header does not come of the manifest.
    #[error("the trace's header has the {what} {found:?}, the manifest has {expected:?}")]
    Header {
        /// Which part.
        what: &'static str,
        /// What the header says.
        found: String,
        /// What fits the manifest.
        expected: String,
    },
    /// The receipt says something else than its trace, which decides it without an execution.
    #[error("the receipt has {found} at {path}, its trace gives {expected}")]
    Field {
        /// Which member of the receipt.
        path: String,
        /// What the receipt says.
        found: String,
        /// What follows from the trace.
        expected: String,
    },
    /// The trace's list of host functions is not the module's.
    #[error("the trace was recorded with other imports than the module has")]
    Imports,
    /// What is to be signed is not what was replayed.
    #[error("the payload is not the receipt that the replay computed: it was changed meanwhile")]
    Receipt,
    /// A statement of others that is to be signed is not what the bundle gives.
    #[error(
        "statement {found} is about this bundle and says something else of it than attest: {expected}"
    )]
    Testimony {
        /// Digest of theirs.
        found: StatementDigest,
        /// Digest of what the bundle gives.
        expected: StatementDigest,
    },
    /// From the module.
    #[error(transparent)]
    Wasm(#[from] wasm::Error),
    /// From the manifest.
    #[error(transparent)]
    Skill(#[from] skill::Error),
    /// From envelope, statement or trust.
    #[error(transparent)]
    Attest(#[from] attest::Error),
    /// From the trace.
    #[error(transparent)]
    Trace(#[from] trace::Error),
    /// From the execution.
    #[error(transparent)]
    Runtime(#[from] runtime::Error),
}

/// A policy said no: every rule that was looked at, and who signed and claims what.
#[derive(Debug)]
pub struct Refusal {
    verdict: Verdict,
    said: Vec<Said>,
    cause: Option<attest::Error>,
}

impl Refusal {
    /// A rule is broken.
    pub(super) fn new(verdict: Verdict, said: Vec<Said>) -> Self {
        Self { verdict, said, cause: None }
    }

    /// An envelope or what is in it is no evidence at all.
    pub(super) fn of(cause: attest::Error, said: Vec<Said>) -> Self {
        let (name, expected) = if matches!(
            cause,
            attest::Error::Unsigned | attest::Error::SignatureUntrusted { .. }
        ) {
            ("signature", "one that verifies under a trusted key")
        } else {
            ("statement", "one that can be read")
        };
        let mut verdict = Verdict::default();
        verdict.add(name, false, cause.reason(), || (expected.to_owned(), cause.to_string()));
        Self { verdict, said, cause: Some(cause) }
    }

    /// Every rule that was looked at.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Who signed and claims what.
    #[must_use]
    pub fn said(&self) -> &[Said] {
        &self.said
    }

    fn reason(&self) -> Reason {
        self.verdict.broken().map_or(Reason::PolicyUnmet, |rule| rule.reason)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.verdict.broken()) {
            (Some(cause), _) => cause.fmt(f),
            (None, Some(rule)) => rule.fmt(f),
            (None, None) => f.write_str("no rule was looked at"),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl Error {
    /// The stable reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Artifact { .. } | Self::V0Artifact { .. } => Reason::ArtifactMismatch,
            Self::V0Manifest(error) => error.reason(),
            Self::V0Signed(error) => error.reason(),
            Self::AttestationMissing => Reason::AttestationMissing,
            Self::Refused(refusal) => refusal.reason(),
            Self::Manifest { .. }
            | Self::Module { .. }
            | Self::Beside { .. }
            | Self::Attestation { .. }
            | Self::Testimony { .. } => Reason::MaterialMismatch,
            Self::Header { .. } => Reason::HeaderDiffers,
            Self::Imports => Reason::TraceMismatch,
            Self::Receipt | Self::Field { .. } => Reason::ReceiptDiffers,
            Self::Interface(error) | Self::Wasm(error) => error.reason(),
            Self::Skill(error) => error.reason(),
            Self::Attest(error) => error.reason(),
            Self::Trace(error) => error.reason(),
            Self::Runtime(error) => error.reason(),
        }
    }
}
