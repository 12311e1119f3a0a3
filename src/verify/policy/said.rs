//! What an envelope says, and whether that was verified: for people, on success and failure alike.

use crate::attest::{Envelope, Gist, Statement, TrustedKey, Verified, cut};
use crate::digest::{StatementDigest, hex};
use serde::Serialize;

/// Subjects and other texts that are shown of one statement.
const SHOWN: usize = 16;

/// Who signed and what it claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Whether a trusted key signed it. If not, everything here is a claim of nobody known.
    pub verified: bool,
    /// The trusted keys that signed it, as `NAME (ID)`.
    pub by: Vec<String>,
    /// Key ids that the signatures claim: hints.
    pub claimed_key_ids: Vec<String>,
    /// Digest of the signed bytes.
    pub statement: String,
    /// In which words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate_type: Option<String>,
    /// About what, as `NAME sha256:…`.
    pub subjects: Vec<String>,
    /// The builder, of provenance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builder: Option<String>,
    /// The build type, of provenance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_type: Option<String>,
    /// The verifier, of verdicts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifier: Option<String>,
    /// The verdict, of verdicts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
}

impl Said {
    /// What a verified statement says.
    #[must_use]
    pub fn verified(envelope: &Envelope, statement: &Verified<Statement>) -> Self {
        Self::new(envelope, Some(statement), statement.by(), statement.statement_digest())
    }

    /// What an envelope claims that nobody trusted signed, or whose statement could not be read.
    #[must_use]
    pub fn claimed(envelope: &Envelope) -> Self {
        let payload = envelope.payload_unverified();
        let statement = Statement::parse(payload.as_bytes());
        Self::new(envelope, statement.as_ref().ok(), &[], payload.digest())
    }

    fn new(
        envelope: &Envelope,
        statement: Option<&Statement>,
        by: &[TrustedKey],
        digest: StatementDigest,
    ) -> Self {
        let text = |member: fn(&Gist) -> &Option<String>| {
            statement.and_then(|statement| member(statement.gist()).as_deref()).map(cut)
        };
        let subjects = statement.map_or(&[][..], Statement::subjects).iter().take(SHOWN);
        let ids = envelope.claimed_key_ids();
        Self {
            verified: !by.is_empty(),
            by: by.iter().map(ToString::to_string).collect(),
            claimed_key_ids: ids.iter().take(SHOWN).map(crate::digest::KeyId::hex).collect(),
            statement: digest.to_string(),
            predicate_type: statement.map(|statement| cut(statement.predicate_type())),
            subjects: subjects
                .map(|s| format!("{} sha256:{}", cut(&s.name), hex(&s.sha256)).trim().to_owned())
                .collect(),
            builder: text(|gist| &gist.builder),
            build_type: text(|gist| &gist.build_type),
            verifier: text(|gist| &gist.verifier),
            verdict: text(|gist| &gist.verification_result).or_else(|| text(|gist| &gist.verdict)),
        }
    }
}
