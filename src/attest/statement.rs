//! in-toto Statement v1 (`spec/envelope.md`, "Statement").

use super::error::cut;
use super::{Error, Gist, Payload};
use crate::digest::{hex, unhex32};
use crate::json::{self, JsonError, Lenient, Take, Value, members};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess};
use std::borrow::Cow;

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
    gist: Gist,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    /// The predicate of a statement of ours.
    Ours(Value),
    /// The payload that was read.
    Read(Payload),
}

/// Two statements that say the same, however they are written.
impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.subjects == other.subjects
            && self.predicate_type == other.predicate_type
            && matches!((self.predicate(), other.predicate()), (Ok(own), Ok(its)) if own == its)
    }
}

impl Statement {
    /// A statement of ours.
    pub(super) fn new(subjects: Vec<Subject>, predicate_type: &str, predicate: Value) -> Self {
        // A gist takes any value, so this reads one.
        let gist = json::from_ref::<Lenient<Gist>>(&predicate).ok().and_then(|gist| gist.0);
        Self {
            subjects,
            predicate_type: predicate_type.to_owned(),
            gist: gist.unwrap_or_default(),
            content: Content::Ours(predicate),
        }
    }

    /// Reads a payload. Members that the in-toto specification does not have are left out.
    ///
    /// # Errors
    /// [`Error::StatementJson`], [`Error::StatementMalformed`].
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        Self::read(&Payload::new(payload))
    }

    /// As [`Statement::parse`]: in one pass, in which every member at every depth is looked at, and
    /// which keeps of the predicate what a policy asks for.
    pub(super) fn read(payload: &Payload) -> Result<Self, Error> {
        let Lenient(parts) = json::from_slice(payload.as_bytes()).map_err(Error::StatementJson)?;
        let Parts { ty, subjects, predicate_type, predicate } =
            parts.ok_or_else(|| malformed("$", "is not an object"))?;
        if ty.as_deref() != Some(STATEMENT_TYPE) {
            return Err(malformed("_type", "is not https://in-toto.io/Statement/v1"));
        }
        let Subjects(subjects) = subjects.ok_or_else(|| malformed("subject", "is not an array"))?;
        let subjects = subjects.map_err(|(index, SubjectFault(name, why))| {
            malformed(&format!("subject[{index}]{name}"), why)
        })?;
        if subjects.is_empty() {
            return Err(malformed("subject", "is empty"));
        }
        let predicate_type = predicate_type.filter(|name| !name.is_empty());
        Ok(Self {
            subjects,
            predicate_type: predicate_type
                .ok_or_else(|| malformed("predicateType", "is not a name"))?,
            gist: predicate.ok_or_else(|| malformed("predicate", "is not an object"))?,
            content: Content::Read(payload.clone()),
        })
    }

    /// The canonical bytes (RFC 8785), which are what is signed.
    ///
    /// # Errors
    /// [`Error::Unwritable`] for a number that is not finite.
    pub fn to_payload(&self) -> Result<Vec<u8>, Error> {
        let value = json::json!({
            "_type": STATEMENT_TYPE,
            "predicate": self.predicate()?,
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

    /// What is said, as a tree.
    ///
    /// # Errors
    /// [`Error::StatementJson`], which does not happen: it was read before.
    pub fn predicate(&self) -> Result<Cow<'_, Value>, Error> {
        match &self.content {
            Content::Ours(predicate) => Ok(Cow::Borrowed(predicate)),
            Content::Read(_) => self.predicate_as().map(Cow::Owned).map_err(Error::StatementJson),
        }
    }

    /// What is said, as a `T`.
    pub(super) fn predicate_as<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        #[derive(Deserialize)]
        struct Whole<T> {
            predicate: T,
        }
        match &self.content {
            Content::Ours(predicate) => json::from_ref(predicate),
            Content::Read(payload) => {
                json::from_slice::<Whole<T>>(payload.as_bytes()).map(|whole| whole.predicate)
            }
        }
    }

    /// Of what is said, that which a policy asks for.
    #[must_use]
    pub fn gist(&self) -> &Gist {
        &self.gist
    }

    /// Whether the payload that was read is byte for byte what [`Statement::to_payload`] gives.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.is_written_as(self)
    }

    /// Whether `other`, written, is the payload that was read; of a statement of ours, whether both
    /// say the same.
    pub(super) fn is_written_as(&self, other: &Self) -> bool {
        match &self.content {
            Content::Ours(_) => other == self,
            Content::Read(payload) => {
                other.to_payload().is_ok_and(|bytes| bytes == payload.as_bytes())
            }
        }
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

    fn read(parts: Option<SubjectParts<'_>>) -> Result<Self, SubjectFault> {
        let SubjectParts { name, digest } = parts.ok_or(SubjectFault("", "is not an object"))?;
        let name = match name {
            None => String::new(),
            Some(Lenient(Some(name))) => name,
            Some(Lenient(None)) => return Err(SubjectFault(".name", "is not text")),
        };
        let sha256 = digest.and_then(|Digests(sha256)| unhex32(&sha256?));
        let why = "is not 64 lowercase hexadecimal digits";
        Ok(Self { name, sha256: sha256.ok_or(SubjectFault(".digest.sha256", why))? })
    }

    fn to_value(&self) -> Value {
        json::json!({ "digest": { "sha256": hex(&self.sha256) }, "name": self.name })
    }
}

/// The members of a statement, each if it is of its kind.
struct Parts<'de> {
    ty: Option<Cow<'de, str>>,
    subjects: Option<Subjects>,
    predicate_type: Option<String>,
    predicate: Option<Gist>,
}

impl<'de> Take<'de> for Parts<'de> {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        let mut parts = Self { ty: None, subjects: None, predicate_type: None, predicate: None };
        members(object, |name, object| {
            match name {
                "_type" => parts.ty = object.next_value::<Lenient<_>>()?.0,
                "subject" => parts.subjects = object.next_value::<Lenient<_>>()?.0,
                "predicateType" => parts.predicate_type = object.next_value::<Lenient<_>>()?.0,
                "predicate" => parts.predicate = object.next_value::<Lenient<_>>()?.0,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Some(parts))
    }
}

/// The subjects, or the place of the first that is none, and what is wrong there.
struct Subjects(Result<Vec<Subject>, (usize, SubjectFault)>);

/// The path of a member of a subject, and what is wrong with it.
struct SubjectFault(&'static str, &'static str);

impl<'de> Take<'de> for Subjects {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut all = Vec::new();
        while let Some(Lenient(parts)) = list.next_element::<Lenient<SubjectParts<'de>>>()? {
            match Subject::read(parts) {
                Ok(subject) => all.push(subject),
                Err(fault) => {
                    while list.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(Some(Self(Err((all.len(), fault)))));
                }
            }
        }
        Ok(Some(Self(Ok(all))))
    }
}

struct SubjectParts<'de> {
    name: Option<Lenient<String>>,
    digest: Option<Digests<'de>>,
}

impl<'de> Take<'de> for SubjectParts<'de> {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        let mut parts = Self { name: None, digest: None };
        members(object, |name, object| {
            match name {
                "name" => parts.name = Some(object.next_value()?),
                "digest" => parts.digest = object.next_value::<Lenient<_>>()?.0,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Some(parts))
    }
}

struct Digests<'de>(Option<Cow<'de, str>>);

impl<'de> Take<'de> for Digests<'de> {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        let mut sha256 = None;
        members(object, |name, object| {
            let is_it = name == "sha256";
            if is_it {
                sha256 = object.next_value::<Lenient<_>>()?.0;
            }
            Ok(is_it)
        })?;
        Ok(Some(Self(sha256)))
    }
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
        let statement = Statement::new(vec![Subject::new("x", &[1; 32])], "t", json::json!({}));
        assert!(statement.require_subject("skill.wasm", &[1; 32]).is_ok());
        let error = statement.require_subject("x", &[2; 32]).unwrap_err();
        assert_eq!(error.reason(), crate::reason::Reason::SubjectMismatch);
        assert!(error.to_string().starts_with("statement is not about x sha256:0202"), "{error}");
    }
}
