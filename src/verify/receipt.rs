//! Receipts: what they claim, and who signed it.

use super::Error;
use crate::attest::receipt::{Attestation, Receipt};
use crate::attest::{self, Envelope, Statement, Trust, TrustedKey, Verified};
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
    /// Reads a receipt. With `trust`, a signature by one of its keys is required.
    ///
    /// # Errors
    /// A malformed envelope, statement or receipt; with `trust`, a missing or untrusted signature.
    pub fn read(envelope: &[u8], trust: Option<&Trust>) -> Result<Self, Error> {
        let envelope = Envelope::parse(envelope)?;
        if let Some(trust) = trust {
            let verified: Verified<Receipt> = envelope.verify(trust)?.statement()?.receipt()?;
            let authenticity = Authenticity::Verified(verified.by().to_vec());
            return Ok(Self { receipt: (*verified).clone(), authenticity });
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
    trust: Option<&Trust>,
) -> String {
    let check = |bytes: &[u8], trust: &Trust| -> Result<String, attest::Error> {
        let statement = Envelope::parse(bytes)?.verify(trust)?.statement()?;
        statement.require_subject("the module", receipt.module.sha256.as_bytes())?;
        statement.require_subject("the manifest", receipt.manifest.sha256.as_bytes())?;
        let provenance = statement.provenance()?;
        let names =
            provenance.by().iter().map(|key| format!("{} ({})", key.name(), key.id().hex()));
        Ok(names.collect::<Vec<_>>().join(", "))
    };
    let same = envelope.filter(|bytes| EnvelopeDigest::of(bytes) == claimed.sha256);
    match (same, trust) {
        (Some(bytes), Some(trust)) => match check(bytes, trust) {
            Ok(names) => format!("verified by {names}"),
            Err(attest::Error::SignatureUntrusted { .. }) => {
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
                    write!(f, "{comma}{} ({})", key.name(), key.id().hex())?;
                }
                Ok(())
            }
            Self::NotChecked => f.write_str("not checked: no trusted key"),
            Self::Unsigned => f.write_str("unsigned"),
        }
    }
}
