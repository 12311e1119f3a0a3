//! Why the signatures of a bundle of the format v0 were refused.

use crate::digest::{KeyId, SourceDigest, V0KeysDigest, V0ManifestDigest};
use crate::json::JsonError;
use crate::origin::SignerId;
use crate::reason::Reason;

/// Why keys or signatures of a bundle of the format v0 were refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The keys file is not the one that was pinned. Nothing of it was looked at.
    #[error("the keys file has digest {found}, the one that was pinned has {pinned}")]
    Pin {
        /// Digest of the file.
        found: V0KeysDigest,
        /// Digest that it was to have.
        pinned: V0KeysDigest,
    },
    /// A file is not JSON as we take it.
    #[error("{file} is {source}")]
    Json {
        /// The file.
        file: &'static str,
        /// Why not.
        source: JsonError,
    },
    /// A file is JSON and not of the form that spec/v0-bundle.md gives.
    #[error("{place} {why}")]
    Malformed {
        /// Where, as in `signatures.json: signatures[1].signature`.
        place: String,
        /// What is wrong there.
        why: String,
    },
    /// Signatures under a key would mean nothing.
    #[error("the keys file: the key of {signer} cannot be used: {why}")]
    Key {
        /// Whose key it is said to be.
        signer: SignerId,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The signatures are about another module than the manifest.
    #[error(
        "signatures.json is about skill.wasm with digest {found}, manifest.json names {expected}"
    )]
    Artifact {
        /// What the signatures name.
        found: SourceDigest,
        /// What the manifest names.
        expected: SourceDigest,
    },
    /// The signatures are about another manifest.
    #[error(
        "signatures.json is about a manifest with digest {found}, manifest.json has {expected}"
    )]
    Manifest {
        /// What the signatures name.
        found: V0ManifestDigest,
        /// Digest of the manifest at hand.
        expected: V0ManifestDigest,
    },
    /// There is no signature.
    #[error("signatures.json has no signature")]
    Unsigned,
    /// Somebody signed who is not listed.
    #[error("signatures.json: {signer} signed and {why}")]
    Signer {
        /// Who.
        signer: SignerId,
        /// Where they are not listed.
        why: &'static str,
    },
    /// A signature does not verify.
    #[error("signatures.json: the signature of {signer} is not one of key {key} over {manifest}")]
    Signature {
        /// Whose it is said to be.
        signer: SignerId,
        /// The key that the keys file has for them.
        key: KeyId,
        /// What was to be signed.
        manifest: V0ManifestDigest,
    },
}

impl Error {
    /// The reason under which the refusal is reported.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Pin { .. } => Reason::KeysMismatch,
            Self::Json { .. } | Self::Malformed { .. } => Reason::V0Malformed,
            Self::Key { .. } => Reason::KeyMalformed,
            Self::Artifact { .. } => Reason::ArtifactMismatch,
            Self::Manifest { .. } => Reason::ManifestMismatch,
            Self::Unsigned => Reason::Unsigned,
            Self::Signer { .. } => Reason::SignerUnknown,
            Self::Signature { .. } => Reason::SignatureInvalid,
        }
    }
}
