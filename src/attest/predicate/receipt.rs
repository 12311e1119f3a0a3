//! What happened in one execution (`spec/receipt.md`).
//!
//! Every field is a pure function of module, manifest and trace: run and replay compute it with
//! the same code, so whoever reproduces an execution can sign the same bytes.

mod difference;
mod hashing;
mod state;

pub use difference::FieldDifference;
pub use hashing::{SaltedBytes, Transfers};
pub use state::{FinalState, GlobalBits, GlobalState, MemoryState};

use super::super::statement::Subject;
use super::super::{Error, Statement};
use super::sha256;
use crate::abi::Capability;
use crate::digest::{
    DataDigest, EnvelopeDigest, KeyId, ManifestDigest, ModuleDigest, PolicyDigest, TraceDigest,
};
use crate::json::{self, Value};
use crate::outcome::Outcome;
use serde::{Deserialize, Serialize};

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://opertus.systems/provenact/execution-receipt/v1";

/// Whether `predicate_type` is that of a receipt, in whatever version.
#[must_use]
pub fn is_of_any_version(predicate_type: &str) -> bool {
    let name = |ty: &str| ty.rsplit_once("/v").map(|(name, _)| name.to_owned());
    name(predicate_type).is_some() && name(predicate_type) == name(PREDICATE_TYPE)
}

const MODULE: &str = "skill.wasm";
const TRACE: &str = "receipt.trace";

/// Greatest count: above it JSON numbers are not exact (RFC 8785, §3.2.2.3).
const GREATEST_COUNT: u64 = 1 << 53;

/// What happened in one execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// The canonical module that was executed.
    pub module: Sha256Of<ModuleDigest>,
    /// Its manifest.
    pub manifest: Sha256Of<ManifestDigest>,
    /// What vouched for the module when it was run; `None` when the operator allowed a module
    /// without an attestation, which every reader of a receipt says.
    #[serde(deserialize_with = "present")]
    pub attestation: Option<Attestation>,
    /// Present when the module uses features that only one class of engines has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engines: Option<Engines>,
    /// What was asked of the module.
    pub invocation: Invocation,
    /// What the module was allowed.
    pub grants: Grants,
    /// What it used of that, sorted by kind and value.
    pub used: Vec<Use>,
    /// What it read and wrote.
    pub files: Files,
    /// The recording.
    pub trace: TraceSummary,
    /// How it ended.
    pub outcome: Outcome,
    /// What it wrote to its standard streams.
    pub outputs: Outputs,
    /// Memories and globals that it exports, at the end; `None` when there was no end that they
    /// could be read at: always for an interruption.
    #[serde(deserialize_with = "present")]
    pub final_state: Option<FinalState>,
}

/// Which engines can execute the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engines {
    /// Only those of one class: the module uses garbage collection, typed references or
    /// exceptions.
    OneClass,
}

/// A thing named by its digest alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Sha256Of<D: std::fmt::Display + std::str::FromStr<Err: std::fmt::Display>> {
    /// The digest.
    #[serde(with = "sha256")]
    pub sha256: D,
}

/// The author's attestation as the operator found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Of the envelope's bytes: one line of `attestations.intoto.jsonl`, without its line end.
    #[serde(with = "sha256")]
    pub sha256: EnvelopeDigest,
    /// The key that verified it.
    #[serde(with = "sha256")]
    pub keyid: KeyId,
}

/// What was asked of the module. Digests are salted (see [`SaltedBytes`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invocation {
    /// The exported function that was called.
    pub entrypoint: String,
    /// The arguments, the program's name included.
    pub arguments: Strings,
    /// The environment variables that the guest could see, each as `NAME=VALUE`.
    pub environment: Strings,
    /// The bytes of standard input that were delivered.
    pub stdin: Bytes,
    /// The input of the `provenact` interface; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Bytes>,
}

/// How many strings, and their digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strings {
    /// How many.
    pub count: u64,
    /// Of the salt, then of each string its length in bytes as 8 bytes little-endian and its
    /// UTF-8 bytes.
    #[serde(with = "sha256")]
    pub sha256: DataDigest,
}

/// How many bytes, and their digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bytes {
    /// How many.
    pub bytes: u64,
    /// Of the bytes; for standard input and the input, of the salt and then the bytes.
    #[serde(with = "sha256")]
    pub sha256: DataDigest,
}

/// What the module was allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    /// The effective capabilities: declared and granted. Sorted by kind and value, none twice.
    pub capabilities: Vec<Capability>,
    /// The operator's policy file, when there was one.
    #[serde(deserialize_with = "present")]
    pub policy: Option<Sha256Of<PolicyDigest>>,
}

/// One capability that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// Name of the capability's kind.
    pub kind: String,
    /// The capability's value: that of the grant which allowed the calls.
    pub value: String,
    /// How many host calls it allowed.
    pub calls: u64,
}

/// Files that were read and written, each list sorted by path, no path twice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Files from which bytes were delivered.
    pub read: Vec<FileUse>,
    /// Files for which bytes were accepted, or that were created or resized.
    pub written: Vec<FileUse>,
}

/// The transfers from or to one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileUse {
    /// Guest path.
    pub path: String,
    /// Bytes of all transfers together.
    pub bytes: u64,
    /// Of the sequence of transfers (see [`Transfers`]).
    #[serde(with = "sha256")]
    pub sha256: DataDigest,
}

/// The recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceSummary {
    /// Of all bytes of the trace file.
    #[serde(with = "sha256")]
    pub sha256: TraceDigest,
    /// Version of the trace format.
    pub version: String,
    /// How many events it has.
    pub events: u64,
}

/// What was written to the standard streams, and given as output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outputs {
    /// Standard output.
    pub stdout: Bytes,
    /// Standard error.
    pub stderr: Bytes,
    /// What the `provenact` interface was given as the output, the last time; absent when it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Bytes>,
}

impl Receipt {
    /// The in-toto statement that says it, about module and trace.
    ///
    /// # Errors
    /// [`Error::ReceiptMalformed`] when a rule of the format is broken.
    pub fn to_statement(&self) -> Result<Statement, Error> {
        self.check()?;
        let predicate = self.to_value()?;
        exact_numbers(&predicate, "")?;
        let subjects = vec![
            Subject::new(MODULE, self.module.sha256.as_bytes()),
            Subject::new(TRACE, self.trace.sha256.as_bytes()),
        ];
        Ok(Statement::new(subjects, PREDICATE_TYPE, predicate))
    }

    /// Reads a receipt, in its only form: what [`Receipt::to_statement`] gives, to the byte.
    ///
    /// # Errors
    /// [`Error::PredicateMismatch`] for another predicate type; [`Error::ReceiptJson`] and
    /// [`Error::ReceiptMalformed`] for another form; [`Error::SubjectMismatch`] when the
    /// statement's subjects are not the module and the trace that the receipt names.
    pub fn from_statement(statement: &Statement) -> Result<Self, Error> {
        statement.require_predicate(PREDICATE_TYPE)?;
        let receipt: Self = statement.predicate_as().map_err(Error::ReceiptJson)?;
        let again = receipt.to_statement()?;
        statement.require_subject("the module", receipt.module.sha256.as_bytes())?;
        statement.require_subject("the trace", receipt.trace.sha256.as_bytes())?;
        if !statement.is_written_as(&again) {
            return Err(malformed("$", "is not in canonical form"));
        }
        Ok(receipt)
    }

    /// The first member, in the order of the canonical form, in which this receipt differs from
    /// the one that was `expected`.
    ///
    /// # Errors
    /// [`Error::Unwritable`], which does not happen for these types.
    pub fn first_difference(&self, expected: &Self) -> Result<Option<FieldDifference>, Error> {
        Ok(difference::first(&self.to_value()?, &expected.to_value()?))
    }

    fn to_value(&self) -> Result<Value, Error> {
        json::to_value(self).map_err(|source| Error::Unwritable { what: "receipt", source })
    }

    /// The rules that the types do not express.
    fn check(&self) -> Result<(), Error> {
        let used = |u: &Use| (u.kind.clone(), u.value.clone());
        let granted = |c: &Capability| (c.kind().name().to_owned(), c.value().to_owned());
        let path = |f: &FileUse| f.path.clone();
        sorted(&self.grants.capabilities, granted, "grants.capabilities")?;
        sorted(&self.used, used, "used")?;
        sorted(&self.files.read, path, "files.read")?;
        sorted(&self.files.written, path, "files.written")?;
        if let Some(state) = &self.final_state {
            sorted(&state.memories, |m| m.name.clone(), "finalState.memories")?;
            sorted(&state.globals, |g| g.name.clone(), "finalState.globals")?;
            if matches!(self.outcome, Outcome::Interrupted { .. }) {
                return Err(malformed("finalState", "is not null after an interruption"));
            }
        }
        Ok(())
    }
}

fn sorted<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K, path: &str) -> Result<(), Error> {
    let broken = items.iter().zip(items.iter().skip(1)).position(|(a, b)| key(a) >= key(b));
    match broken {
        None => Ok(()),
        Some(index) => {
            let path = format!("{path}[{}]", index + 1);
            Err(Error::ReceiptMalformed { path, why: "is out of order or comes twice" })
        }
    }
}

/// Demands that every number is one that JSON readers keep exact.
fn exact_numbers(value: &Value, path: &str) -> Result<(), Error> {
    match value {
        Value::Number(number) => {
            let exact = number.as_u64().is_some_and(|n| n <= GREATEST_COUNT)
                || number.as_i64().is_some_and(|n| n.unsigned_abs() <= GREATEST_COUNT);
            if exact { Ok(()) } else { Err(malformed(path, "is above 2^53")) }
        }
        Value::Array(items) => (items.iter().enumerate())
            .try_for_each(|(index, item)| exact_numbers(item, &format!("{path}[{index}]"))),
        Value::Object(members) => (members.iter())
            .try_for_each(|(name, item)| exact_numbers(item, &difference::join(path, name))),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

/// A member that may be null and may not be missing.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    d: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(d)
}

fn malformed(path: &str, why: &'static str) -> Error {
    Error::ReceiptMalformed { path: path.to_owned(), why }
}

#[cfg(test)]
mod tests;
