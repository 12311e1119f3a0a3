//! in-toto Statement v1 (`spec/envelope.md`, "Statement").

use super::Error;
use super::error::cut;
use crate::digest::{hex, unhex32};
use crate::json::{self, Map, Value};

/// The only statement type that is written and taken.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// A thing that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// A label; it identifies nothing.
    pub name: String,
    /// SHA-256 of the thing's bytes.
    pub sha256: [u8; 32],
}

/// Something said, in the words of a predicate type, about at least one subject.
#[derive(Debug, Clone)]
pub struct Statement {
    subjects: Vec<Subject>,
    predicate_type: String,
    predicate: Value,
    /// The payload that was read; none of a statement of ours.
    read: Option<Vec<u8>>,
}

/// Two statements that say the same, however they are written.
impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.subjects == other.subjects
            && self.predicate_type == other.predicate_type
            && self.predicate == other.predicate
    }
}

impl Statement {
    /// A statement of ours.
    pub(super) fn new(subjects: Vec<Subject>, predicate_type: &str, predicate: Value) -> Self {
        Self { subjects, predicate_type: predicate_type.to_owned(), predicate, read: None }
    }

    /// Reads a payload. Members that the in-toto specification does not have are left out.
    ///
    /// # Errors
    /// [`Error::StatementJson`], [`Error::StatementMalformed`].
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let Value::Object(mut members) = json::parse(payload).map_err(Error::StatementJson)? else {
            return Err(malformed("$", "is not an object"));
        };
        if members.get("_type").and_then(Value::as_str) != Some(STATEMENT_TYPE) {
            return Err(malformed("_type", "is not https://in-toto.io/Statement/v1"));
        }
        let Some(Value::Array(subjects)) = members.get("subject") else {
            return Err(malformed("subject", "is not an array"));
        };
        if subjects.is_empty() {
            return Err(malformed("subject", "is empty"));
        }
        let subjects = subjects.iter().enumerate().map(Subject::read).collect::<Result<_, _>>()?;
        let predicate_type = match members.get("predicateType") {
            Some(Value::String(name)) if !name.is_empty() => name.clone(),
            _ => return Err(malformed("predicateType", "is not a name")),
        };
        let predicate = match members.remove("predicate") {
            Some(predicate @ Value::Object(_)) => predicate,
            _ => return Err(malformed("predicate", "is not an object")),
        };
        Ok(Self { subjects, predicate_type, predicate, read: Some(payload.to_vec()) })
    }

    /// The canonical bytes (RFC 8785), which are what is signed.
    ///
    /// # Errors
    /// [`Error::Unwritable`] for a number that is not finite.
    pub fn to_payload(&self) -> Result<Vec<u8>, Error> {
        let value = json::json!({
            "_type": STATEMENT_TYPE,
            "predicate": self.predicate,
            "predicateType": self.predicate_type,
            "subject": self.subjects.iter().map(Subject::to_value).collect::<Vec<_>>(),
        });
        json::to_jcs(&value).map_err(|source| Error::Unwritable { what: "statement", source })
    }

    /// What the statement is about; at least one.
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// In which words something is said.
    #[must_use]
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// What is said.
    #[must_use]
    pub fn predicate(&self) -> &Value {
        &self.predicate
    }

    /// Whether the payload that was read is byte for byte what [`Statement::to_payload`] gives.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        let is_same = |read: &Vec<u8>| self.to_payload().is_ok_and(|bytes| bytes == *read);
        self.read.as_ref().is_none_or(is_same)
    }

    /// Whether a subject has the SHA-256 `digest`; names play no part.
    #[must_use]
    pub fn subject_matches(&self, digest: &[u8; 32]) -> bool {
        self.subjects.iter().any(|subject| subject.sha256 == *digest)
    }

    /// Demands that a subject has the SHA-256 `digest`; `what` names the thing in the message.
    ///
    /// # Errors
    /// [`Error::SubjectMismatch`] otherwise.
    pub fn require_subject(&self, what: &'static str, digest: &[u8; 32]) -> Result<(), Error> {
        if self.subject_matches(digest) {
            return Ok(());
        }
        Err(Error::SubjectMismatch { what, expected: *digest })
    }

    /// Demands the predicate type `expected`.
    pub(super) fn require_predicate(&self, expected: &'static str) -> Result<(), Error> {
        if self.predicate_type == expected {
            return Ok(());
        }
        let found = cut(&self.predicate_type);
        Err(Error::PredicateMismatch { what: "predicate type", found, expected })
    }
}

impl Subject {
    /// A subject with this label and SHA-256.
    pub(super) fn new(name: &str, sha256: &[u8; 32]) -> Self {
        Self { name: name.to_owned(), sha256: *sha256 }
    }

    fn read((index, value): (usize, &Value)) -> Result<Self, Error> {
        let refuse = |name: &str, why| malformed(&format!("subject[{index}]{name}"), why);
        let Value::Object(members) = value else { return Err(refuse("", "is not an object")) };
        let name = match members.get("name") {
            None => String::new(),
            Some(Value::String(name)) => name.clone(),
            Some(_) => return Err(refuse(".name", "is not text")),
        };
        let sha256 = members.get("digest").and_then(Value::as_object).and_then(sha256_of);
        let why = "is not 64 lowercase hexadecimal digits";
        Ok(Self { name, sha256: sha256.ok_or_else(|| refuse(".digest.sha256", why))? })
    }

    fn to_value(&self) -> Value {
        json::json!({ "digest": { "sha256": hex(&self.sha256) }, "name": self.name })
    }
}

fn sha256_of(digests: &Map<String, Value>) -> Option<[u8; 32]> {
    digests.get("sha256").and_then(Value::as_str).and_then(unhex32)
}

fn malformed(path: &str, why: &'static str) -> Error {
    Error::StatementMalformed { path: path.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: envelope-26
    #[test]
    fn what_is_written_is_canonical_and_read_back() {
        let predicate = json::json!({ "b": [1, "é"], "a": null });
        let statement = Statement::new(vec![Subject::new("x", &[1; 32])], "t", predicate);
        let payload = statement.to_payload().unwrap();
        let read = Statement::parse(&payload).unwrap();
        assert_eq!(read, statement);
        assert!(read.is_canonical());
        let spaced = [b" ", &payload[..]].concat();
        assert!(!Statement::parse(&spaced).unwrap().is_canonical());
        assert_eq!(payload, json::to_jcs(&json::parse(&payload).unwrap()).unwrap());
    }

    /// covers: envelope-23
    #[test]
    fn subjects_match_by_digest_alone() {
        let statement =
            Statement::new(vec![Subject::new("x", &[1; 32])], "t", Value::Object(Map::new()));
        assert!(statement.require_subject("skill.wasm", &[1; 32]).is_ok());
        let error = statement.require_subject("x", &[2; 32]).unwrap_err();
        assert_eq!(error.reason(), crate::reason::Reason::SubjectMismatch);
        assert!(error.to_string().starts_with("statement is not about x sha256:0202"), "{error}");
    }
}
