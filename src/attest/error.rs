//! Everything that can be wrong with keys, envelopes, statements and trust.

use crate::digest::hex;
use crate::json::JsonError;
use crate::reason::Reason;

/// Why something was refused by this room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is not one PEM block of an Ed25519 key of the wanted kind.
    #[error("not {wanted}: {why}")]
    KeyMalformed {
        /// The kind of key that was wanted, with its encoding.
        wanted: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// An encrypted key asks for more to be decrypted than any honest one needs.
    #[error("{found} {what} would decrypt this key; the limit is {limit}")]
    KeyCostly {
        /// What it asks for.
        what: &'static str,
        /// How much.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A passphrase that cannot be one.
    #[error("unfit passphrase: {why}")]
    PassphraseUnfit {
        /// What is wrong.
        why: &'static str,
    },
    /// An encrypted key does not open.
    #[error("the passphrase is wrong, or the file is damaged")]
    PassphraseWrong,
    /// A file is not one Ed25519 signature.
    #[error("{found} bytes are neither a 64-byte Ed25519 signature nor its padded base64")]
    SignatureMalformed {
        /// Bytes of the file.
        found: usize,
    },
    /// A signature that was made elsewhere does not verify.
    #[error("the signature is not one of key {key} over the bytes that are to be signed here")]
    SignatureInvalid {
        /// The key that was to have signed.
        key: crate::digest::KeyId,
    },
    /// The operating system gave no random bytes.
    #[error("no randomness from the operating system: {0}")]
    Randomness(#[from] getrandom::Error),
    /// Input is larger than its limit.
    #[error("{what} of {found} bytes is larger than the limit of {limit}")]
    TooLarge {
        /// What was read.
        what: &'static str,
        /// Its bytes.
        found: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// An envelope is not JSON as we take it.
    #[error("envelope is {0}")]
    EnvelopeJson(#[source] JsonError),
    /// An envelope is JSON and not a DSSE envelope.
    #[error("envelope member {path}: {why}")]
    EnvelopeMalformed {
        /// Where, as in `signatures[3].sig`; `$` for the whole.
        path: String,
        /// What is wrong.
        why: &'static str,
    },
    /// One line of a file of envelopes was refused.
    #[error("line {line}: {source}")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// Why.
        source: Box<Error>,
    },
    /// The payload is of another type than an in-toto statement.
    #[error("payload type {found:?} is not {expected:?}", expected = super::PAYLOAD_TYPE)]
    PayloadType {
        /// The type found, cut to 200 characters.
        found: String,
    },
    /// There is no signature.
    #[error("the envelope has no signature")]
    Unsigned,
    /// No signature verifies under a trusted key.
    #[error("none of {signatures} signature(s) verifies under one of {keys} trusted key(s)")]
    SignatureUntrusted {
        /// How many signatures were tried.
        signatures: usize,
        /// How many trusted keys were tried.
        keys: usize,
    },
    /// A payload is not JSON as we take it.
    #[error("statement is {0}")]
    StatementJson(#[source] JsonError),
    /// A payload is JSON and not an in-toto Statement v1.
    #[error("statement member {path}: {why}")]
    StatementMalformed {
        /// Where, as in `subject[0].digest.sha256`.
        path: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The statement says another kind of thing than the one needed.
    #[error("{what} {found:?} is not {expected:?}")]
    PredicateMismatch {
        /// What was compared: the predicate type or the build type.
        what: &'static str,
        /// What the statement has, cut to 200 characters.
        found: String,
        /// What was needed.
        expected: &'static str,
    },
    /// No subject of the statement has the digest that was looked for.
    #[error("statement is not about {what} sha256:{}", hex(.expected))]
    SubjectMismatch {
        /// The thing looked for.
        what: &'static str,
        /// Its SHA-256.
        expected: [u8; 32],
    },
    /// A provenance predicate does not have the form of its type.
    #[error("provenance is {0}")]
    ProvenanceJson(#[source] JsonError),
    /// A type for another's predicate is no URI, or one of ours.
    #[error("predicate type {found:?} {why}")]
    PredicateType {
        /// The type, cut to 200 characters.
        found: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Another's predicate is not JSON as we take it.
    #[error("predicate is {0}")]
    PredicateJson(#[source] JsonError),
    /// Another's predicate is JSON and no object.
    #[error("predicate is not a JSON object")]
    PredicateNotObject,
    /// A receipt predicate does not have the form of its type.
    #[error("receipt is {0}")]
    ReceiptJson(#[source] JsonError),
    /// A receipt has the form of its type and breaks one of its rules.
    #[error("receipt member {path}: {why}")]
    ReceiptMalformed {
        /// Where, as in `files.read[2].path`; `$` for the whole.
        path: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A value of ours has no JSON form.
    #[error("cannot write {what}: {source}")]
    Unwritable {
        /// What was to be written.
        what: &'static str,
        /// Why not.
        source: JsonError,
    },
    /// A trust file is not TOML of the form wanted.
    #[error("trust file at byte {offset}: {message}")]
    TrustSyntax {
        /// Offset of the place.
        offset: usize,
        /// What the TOML reader says.
        message: String,
    },
    /// A trust file breaks a rule.
    #[error("trust file{}: {why}", key_named(name))]
    TrustMalformed {
        /// The name of the key in question; empty when it is about the whole file.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A member of a trust file has a value that it cannot have.
    #[error("trust file, {place}: expected {expected}, found {found:?}")]
    TrustMember {
        /// Where, as in `require[2].threshold`.
        place: String,
        /// What can stand there.
        expected: &'static str,
        /// What stands there, cut to 200 characters.
        found: String,
    },
    /// A key in a trust file was refused.
    #[error("trusted key {name:?}: {source}")]
    TrustKey {
        /// The name of the key.
        name: String,
        /// Why.
        source: Box<Error>,
    },
    /// There is no key to trust.
    #[error("no trusted key")]
    TrustEmpty,
}

/// `, key "NAME"`; nothing for the whole file.
fn key_named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(", key {name:?}") }
}

impl Error {
    /// The stable reason (`spec/reasons.md`).
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::KeyMalformed { .. } => Reason::KeyMalformed,
            Self::KeyCostly { .. } => Reason::KeyCostly,
            Self::PassphraseUnfit { .. } => Reason::PassphraseUnfit,
            Self::PassphraseWrong => Reason::PassphraseWrong,
            Self::SignatureMalformed { .. } => Reason::SignatureMalformed,
            Self::SignatureInvalid { .. } => Reason::SignatureInvalid,
            Self::Randomness(_) => Reason::RandomnessMissing,
            Self::TooLarge { .. } => Reason::FileTooLarge,
            Self::EnvelopeJson(_) | Self::EnvelopeMalformed { .. } => Reason::EnvelopeMalformed,
            Self::Line { source, .. } | Self::TrustKey { source, .. } => source.reason(),
            Self::PayloadType { .. } => Reason::PayloadType,
            Self::Unsigned => Reason::Unsigned,
            Self::SignatureUntrusted { .. } => Reason::SignatureUntrusted,
            Self::StatementJson(_)
            | Self::StatementMalformed { .. }
            | Self::ProvenanceJson(_)
            | Self::Unwritable { .. } => Reason::StatementMalformed,
            Self::PredicateType { .. } => Reason::PredicateType,
            Self::PredicateJson(_) | Self::PredicateNotObject => Reason::PredicateMalformed,
            Self::PredicateMismatch { .. } => Reason::PredicateMismatch,
            Self::SubjectMismatch { .. } => Reason::SubjectMismatch,
            Self::ReceiptJson(_) | Self::ReceiptMalformed { .. } => Reason::ReceiptMalformed,
            Self::TrustSyntax { .. } | Self::TrustMalformed { .. } | Self::TrustMember { .. } => {
                Reason::TrustMalformed
            }
            Self::TrustEmpty => Reason::TrustEmpty,
        }
    }
}

/// The first 200 characters of untrusted text, for a message.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}
