//! `[capabilities]` as recipes and policies write it: one line a kind.

use crate::abi::{Capability, CapabilityError, Kind, WHOLE};
use crate::limits;
use std::collections::{BTreeMap, BTreeSet};
use toml::{Spanned, Value};

/// The lines of a `[capabilities]` table, by kind.
///
/// ```toml
/// [capabilities]
/// "fs.read" = ["/data"]
/// "net.http" = ["https://example.com/v1"]
/// env = ["HOME"]
/// time = true               # or the clocks: ["realtime", "monotonic", "cputime"]
/// random = false            # said to be without
/// ```
pub type RawTable = BTreeMap<String, Spanned<Value>>;

/// What a `[capabilities]` table says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CapabilityTable {
    /// What is listed, sorted and distinct.
    pub capabilities: Vec<Capability>,
    /// Names of kinds that are said to be `false`; also of kinds that this version does not have.
    pub denied: BTreeSet<String>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Its value does not have the form that its kind needs.
    #[error("line {line}: {what}")]
    Form {
        /// Line of the file, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A kind or value that is not known.
    #[error("line {line}: {source}")]
    Capability {
        /// Line of the file, from 1.
        line: usize,
        /// What is wrong.
        source: CapabilityError,
    },
}

impl CapabilityTable {
    /// Reads the table of the file `text`.
    ///
    /// # Errors
    /// With the line: an unknown kind or value, a value of another form, more than the limit.
    pub fn read(text: &str, table: &RawTable) -> Result<Self, TableError> {
        let mut all = Self::default();
        for (kind, value) in table {
            let line = line(text, value.span().start);
            let form = |what: &str| TableError::Form { line, what: format!("{kind}: {what}") };
            if *value.get_ref() == Value::Boolean(false) {
                if !Kind::is_known(kind) {
                    let source = CapabilityError::UnknownKind(kind.clone());
                    return Err(TableError::Capability { line, source });
                }
                all.denied.insert(kind.clone());
                continue;
            }
            let known: Kind =
                kind.parse().map_err(|source| TableError::Capability { line, source })?;
            for value in values(known, value.get_ref()).map_err(form)? {
                let capability = Capability::new(known, value)
                    .map_err(|source| TableError::Capability { line, source })?;
                all.capabilities.push(capability);
            }
            if all.capabilities.len() > limits::CAPABILITIES {
                return Err(form("more capabilities than the limit"));
            }
        }
        all.capabilities.sort();
        all.capabilities.dedup();
        Ok(all)
    }
}

fn values(kind: Kind, value: &Value) -> Result<Vec<&str>, &'static str> {
    let needed = if kind.is_whole() {
        "true, false or a list of texts is needed"
    } else {
        "a list of texts, or false, is needed"
    };
    match value {
        Value::Boolean(true) if kind.is_whole() => Ok(vec![WHOLE]),
        Value::Array(list) => list.iter().map(|value| value.as_str().ok_or(needed)).collect(),
        _ => Err(needed),
    }
}

/// The line, from 1, of the byte at `offset`.
#[must_use]
pub fn line(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count().saturating_add(1)
}
