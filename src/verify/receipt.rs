//! Receipts: what they claim, and who signed it.

use super::envelope::{Read, requirements, verified};
use super::policy::{Context, Policy, Words};
use super::{Error, Refusal};
use crate::attest::receipt::{Attestation, PREDICATE_TYPE, Receipt};
use crate::attest::{self, About, Envelope, Requirement, Role, Statement, TrustedKey, provenance};
use crate::digest::EnvelopeDigest;

/// Who stands behind a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authenticity {
    /// Signed by these trusted keys.
    Verified(Vec<TrustedKey>),
    /// Signed by somebody; no trusted key was at hand to check with.
    NotChecked,
    /// Signed by nobody.
    Unsigned,
}

/// A receipt and who stands behind it. What it says is a claim until it is replayed.
#[derive(Debug)]
pub struct Claim {
    receipt: Receipt,
    authenticity: Authenticity,
}

impl Claim {
    /// Reads a receipt. With a policy, operators' signatures are required as it demands; what it
    /// demands of auditors is theirs to find out.
    ///
    /// # Errors
    /// A malformed envelope, statement or receipt; with a policy, what it refuses.
    pub fn read(envelope: &[u8], policy: Option<&Policy>) -> Result<Self, Error> {
        let envelope = Envelope::parse(envelope)?;
        if let Some(policy) = policy {
            let statement = verified(policy, &envelope)?;
            let receipt = statement.receipt().map_err(Error::Attest)?;
            let mut wanted = requirements(policy);
            wanted.retain(|r| r.predicate_type == PREDICATE_TYPE && r.role == Some(Role::Operator));
            let read = Read { envelope: &envelope, statement: &statement, receipt: &receipt };
            let signed = read.judged(policy, &wanted, &[], &[], Words::Every)?;
            let authenticity = Authenticity::Verified(signed.by);
            return Ok(Self { receipt: (*receipt).clone(), authenticity });
        }
        let statement = Statement::parse(envelope.payload_unverified().as_bytes())?;
        let authenticity = if envelope.signature_count() == 0 {
            Authenticity::Unsigned
        } else {
            Authenticity::NotChecked
        };
        Ok(Self { receipt: Receipt::from_statement(&statement)?, authenticity })
    }

    /// What the receipt says.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Who stands behind it.
    #[must_use]
    pub fn authenticity(&self) -> &Authenticity {
        &self.authenticity
    }
}

/// What is known of the author's attestation that a receipt claims: checked when its envelope is at
/// hand and a trusted key made it, otherwise a claim.
#[must_use]
pub fn attestation(
    claimed: &Attestation,
    envelope: Option<&[u8]>,
    receipt: &Receipt,
    policy: Option<&Policy>,
) -> String {
    let check = |bytes: &[u8], policy: &Policy| -> Result<String, Error> {
        let statement = Envelope::parse(bytes)?.verify(policy.trust())?.statement()?;
        let things = [
            ("the module".to_owned(), *receipt.module.sha256.as_bytes()),
            ("the manifest".to_owned(), *receipt.manifest.sha256.as_bytes()),
        ];
        statement.provenance()?;
        let author = Some(Role::Author);
        let requirement = Requirement::new(provenance::PREDICATE_TYPE, About::Bundle, author);
        let none = Context::default();
        let judged = policy.judge(&requirement, &[&statement], &things, &none, Words::Broken);
        let by: Vec<_> = judged.counted.iter().flat_map(|(_, keys)| keys.iter()).collect();
        if let Err(verdict) = judged.verdict.uphold() {
            return Err(Refusal::new(verdict, Vec::new()).into());
        }
        let names: Vec<String> = by.iter().map(ToString::to_string).collect();
        let named = by.iter().any(|key| key.id() == claimed.keyid);
        let names = names.join(", ");
        Ok(if named {
            format!("verified by {names}")
        } else {
            format!(
                "by {names}; the receipt names key {}, which is none of them",
                claimed.keyid.hex()
            )
        })
    };
    let same = envelope.filter(|bytes| EnvelopeDigest::of(bytes) == claimed.sha256);
    match (same, policy) {
        (Some(bytes), Some(policy)) => match check(bytes, policy) {
            Ok(said) => said,
            Err(Error::Attest(attest::Error::SignatureUntrusted { .. })) => {
                format!("by key {}, not checked: that key is not trusted here", claimed.keyid.hex())
            }
            Err(error) => format!("{}, not upheld here: {error}", claimed.sha256),
        },
        _ => format!("by key {}, not checked", claimed.keyid.hex()),
    }
}

/// `verified by NAME (fingerprint)` and the like: one line for people.
impl std::fmt::Display for Authenticity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Verified(keys) => {
                f.write_str("verified by ")?;
                for (at, key) in keys.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{key}")?;
                }
                Ok(())
            }
            Self::NotChecked => f.write_str("not checked: no trusted key"),
            Self::Unsigned => f.write_str("unsigned"),
        }
    }
}
