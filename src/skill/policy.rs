//! The operator's policy file: the ceiling over every skill that is run (spec/policy.md).

use super::Error;
use super::table::{CapabilityTable, RawTable, TableError, line};
use crate::abi::Capability;
use crate::bounds::Bounds;
use crate::digest::PolicyDigest;
use crate::limits;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// An operator's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    digest: PolicyDigest,
    ceiling: Vec<Capability>,
    bounds: Bounds,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: Spanned<u64>,
    #[serde(default)]
    capabilities: RawTable,
    #[serde(default)]
    limits: BTreeMap<String, Spanned<u64>>,
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
        let mut bounds = Bounds::default();
        for (name, value) in &raw.limits {
            let at = value.span().start;
            if *value.get_ref() == 0 {
                return Err(malformed(at, &format!("{name}: a limit is at least 1")));
            }
            let set = bounds.set(name, *value.get_ref());
            set.map_err(|unset| malformed(at, &format!("{name}: {unset}")))?;
        }
        let digest = PolicyDigest::of(text.as_bytes());
        Ok(Self { digest, ceiling: table.capabilities, bounds })
    }

    /// Of the file's bytes.
    #[must_use]
    pub const fn digest(&self) -> PolicyDigest {
        self.digest
    }

    /// What a run may take: the defaults, and what the policy says instead.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// What skills may have at most, sorted and distinct; everything else is denied.
    #[must_use]
    pub fn ceiling(&self) -> &[Capability] {
        &self.ceiling
    }
}
