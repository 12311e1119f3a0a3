//! What one who has a bundle says about it. It is what they sign, and what the statements of others are
//! held to before they sign those too.

use super::Error;
use crate::attest::Statement;
use crate::attest::provenance::Provenance;
use crate::digest::StatementDigest;

/// What is to be said about a bundle.
#[derive(Debug, Clone)]
pub enum Testimony {
    /// How it came to be.
    Provenance(Box<Provenance>),
    /// What another tool found.
    Foreign(Box<Statement>),
}

impl Testimony {
    /// The statement that says it.
    ///
    /// # Errors
    /// As [`Provenance::to_statement`].
    pub fn statement(&self) -> Result<Statement, Error> {
        match self {
            Self::Provenance(provenance) => Ok(provenance.to_statement()?),
            Self::Foreign(statement) => Ok((**statement).clone()),
        }
    }

    /// Whether `payload`, which others signed, is a statement of the same predicate type; and then it
    /// is the same statement, to the byte. Only the tool and the time in provenance are theirs to tell.
    ///
    /// # Errors
    /// A payload that is no statement, or none about this bundle; [`Error::Testimony`] when it says
    /// something else about it.
    pub fn is_given_in(&self, payload: &[u8]) -> Result<bool, Error> {
        let theirs = Statement::parse(payload)?;
        let mut own = self.statement()?;
        if theirs.predicate_type() != own.predicate_type() {
            return Ok(false);
        }
        for (what, subject) in ["skill.wasm", "manifest.json"].into_iter().zip(own.subjects()) {
            theirs.require_subject(what, &subject.sha256)?;
        }
        if let Self::Provenance(provenance) = self {
            let Provenance { tool, finished, .. } = Provenance::from_statement(&theirs)?;
            own = Provenance { tool, finished, ..(**provenance).clone() }.to_statement()?;
        }
        let own = own.to_payload()?;
        if own != payload {
            let (found, expected) = (StatementDigest::of(payload), StatementDigest::of(&own));
            return Err(Error::Testimony { found, expected });
        }
        Ok(true)
    }
}
