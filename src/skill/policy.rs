//! The operator's policy file: the ceiling over every skill that is run (spec/policy.md).

use super::Error;
use super::table::{CapabilityTable, RawTable, TableError, line};
use crate::abi::Capability;
use crate::digest::PolicyDigest;
use crate::limits;
use serde::Deserialize;

/// An operator's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    digest: PolicyDigest,
    ceiling: Vec<Capability>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: toml::Spanned<u64>,
    #[serde(default)]
    capabilities: RawTable,
}

impl Policy {
    /// Reads the text of a policy (TOML 1.0).
    ///
    /// # Errors
    /// [`Error::Policy`] with the line: text that is not TOML, unknown or missing fields, another
    /// version, a text above [`limits::POLICY_BYTES`]; [`Error::PolicyCapability`] for a kind or value that is
    /// not known or not supported.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let malformed =
            |at: usize, what: &str| Error::Policy { line: line(text, at), what: what.to_owned() };
        if text.len() as u64 > limits::POLICY_BYTES {
            return Err(malformed(0, "larger than the limit"));
        }
        let raw: Raw = toml::from_str(text).map_err(|error| {
            malformed(error.span().map_or(0, |span| span.start), error.message())
        })?;
        if *raw.version.get_ref() != 1 {
            return Err(malformed(raw.version.span().start, "the version is not 1"));
        }
        let table =
            CapabilityTable::read(text, &raw.capabilities).map_err(|error| match error {
                TableError::Form { line, what } => Error::Policy { line, what },
                TableError::Capability { line, source } => Error::PolicyCapability { line, source },
            })?;
        Ok(Self { digest: PolicyDigest::of(text.as_bytes()), ceiling: table.capabilities })
    }

    /// Of the file's bytes.
    #[must_use]
    pub const fn digest(&self) -> PolicyDigest {
        self.digest
    }

    /// What skills may have at most, sorted and distinct; everything else is denied.
    #[must_use]
    pub fn ceiling(&self) -> &[Capability] {
        &self.ceiling
    }
}
