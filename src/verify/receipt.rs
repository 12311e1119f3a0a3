//! Receipts: what they claim, and who signed it.

use super::Error;
use crate::attest::receipt::Receipt;
use crate::attest::{Envelope, Statement, Trust, TrustedKey, Verified};

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
