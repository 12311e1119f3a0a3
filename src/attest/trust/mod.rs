//! Which keys are trusted, for what, and what must be said before something is believed
//! (`spec/trust.md`). This room reads and writes the file; `verify/policy` judges by it.

mod edit;
mod file;
mod key;
mod requirement;
mod rung;

pub use edit::add_key;
pub use key::{Role, Roles, TrustedKey};
pub use requirement::{About, Allowed, ImportPattern, Requirement};
pub use rung::Rung;

use super::{Error, PublicKey};
use crate::digest::TrustDigest;
use crate::limits;
use std::collections::BTreeSet;

/// At least one trusted key, no key and no name twice; and what is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    keys: Vec<TrustedKey>,
    requirements: Vec<Requirement>,
    rungs: BTreeSet<Rung>,
    file: Option<TrustDigest>,
}

impl Trust {
    /// Trust in keys with their names, for instance from `--pub`: in every role, without bounds. A
    /// key that comes again is left out, so that lists can be joined.
    ///
    /// # Errors
    /// [`Error::TrustEmpty`] without keys; [`Error::TrustMalformed`] for an unfit name, a name for
    /// two keys, or too many keys.
    pub fn from_keys(keys: impl IntoIterator<Item = (String, PublicKey)>) -> Result<Self, Error> {
        let (requirements, rungs) = (Vec::new(), BTreeSet::new());
        let mut trust = Self { keys: Vec::new(), requirements, rungs, file: None };
        for (name, key) in keys {
            if !trust.keys.iter().any(|trusted| trusted.key == key) {
                trust.add(TrustedKey::named(name, key))?;
            }
        }
        if trust.keys.is_empty() { Err(Error::TrustEmpty) } else { Ok(trust) }
    }

    /// Reads a trust file.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::TrustSyntax`], [`Error::TrustMalformed`],
    /// [`Error::TrustMember`], [`Error::TrustKey`], and [`Error::TrustEmpty`] when it lists no key.
    pub fn parse_toml(text: &str) -> Result<Self, Error> {
        let trust = file::parse(text)?;
        if trust.keys.is_empty() { Err(Error::TrustEmpty) } else { Ok(trust) }
    }

    /// This file's trust, and trust in `keys` that were named beside it: in every role, unless the
    /// file lists the key. Then only its name is another: what the file says of it stands.
    ///
    /// # Errors
    /// As [`Trust::from_keys`].
    pub fn and_keys(
        self,
        keys: impl IntoIterator<Item = (String, PublicKey)>,
    ) -> Result<Self, Error> {
        let mut trust = Self { keys: Vec::new(), ..self };
        let mut listed = self.keys;
        for (name, key) in keys {
            if trust.keys.iter().any(|trusted| trusted.key == key) {
                continue;
            }
            match listed.iter().position(|trusted| trusted.key == key) {
                None => trust.add(TrustedKey::named(name, key))?,
                Some(at) => {
                    trust.add(TrustedKey { name, ..listed.remove(at) })?;
                }
            }
        }
        for key in listed {
            trust.add(key)?;
        }
        if trust.keys.is_empty() { Err(Error::TrustEmpty) } else { Ok(trust) }
    }

    /// The keys, in the order in which they were listed.
    #[must_use]
    pub fn keys(&self) -> &[TrustedKey] {
        &self.keys
    }

    /// What the file requires, in its order.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The rungs that the file demands of the chain behind each receipt, in the order of the walk.
    #[must_use]
    pub fn rungs(&self) -> &BTreeSet<Rung> {
        &self.rungs
    }

    /// The same without what is required of statements of this type.
    #[must_use]
    pub fn requiring_nothing_of(mut self, predicate_type: &str) -> Self {
        self.requirements.retain(|requirement| requirement.predicate_type != predicate_type);
        self
    }

    /// Whether the file pairs any key with builders, or for verdicts with verifiers.
    #[must_use]
    pub fn has_pairs(&self, predicate_type: &str) -> bool {
        self.keys.iter().any(|key| !key.paired(predicate_type).is_empty())
    }

    /// Digest of the file; `None` when there was none.
    #[must_use]
    pub fn file(&self) -> Option<TrustDigest> {
        self.file
    }

    fn add(&mut self, key: TrustedKey) -> Result<(), Error> {
        if !is_label(&key.name) {
            let why = "a name is 1 to 256 characters, none of them control";
            return Err(malformed(&key.name, why));
        }
        if self.keys.iter().any(|trusted| trusted.name == key.name) {
            return Err(malformed(&key.name, "two keys have this name"));
        }
        if self.keys.len() >= limits::TRUSTED_KEYS {
            return Err(malformed(&key.name, "more than 256 keys are listed"));
        }
        self.keys.push(key);
        Ok(())
    }
}

/// What a key or its owner can be called.
fn is_label(text: &str) -> bool {
    let length = text.chars().count();
    (1..=limits::KEY_NAME_CHARS).contains(&length) && !text.contains(char::is_control)
}

fn malformed(name: &str, why: &'static str) -> Error {
    Error::TrustMalformed { name: super::error::cut(name), why }
}

#[cfg(test)]
mod tests {
    use super::super::PrivateKey;
    use super::*;
    use crate::reason::Reason;

    #[test]
    fn lists_are_joined_by_key() {
        let (a, b) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
        let list = [("a", &a), ("b", &b), ("again", &a)];
        let trust = Trust::from_keys(list.map(|(n, k)| (n.to_owned(), k.public()))).unwrap();
        assert_eq!(trust.keys().iter().map(TrustedKey::name).collect::<Vec<_>>(), ["a", "b"]);
        let clash = [("a", &a), ("a", &b)].map(|(n, k)| (n.to_owned(), k.public()));
        assert_eq!(Trust::from_keys(clash).unwrap_err().reason(), Reason::TrustMalformed);
        assert_eq!(Trust::from_keys([]).unwrap_err().reason(), Reason::TrustEmpty);
    }

    /// covers: trust-10
    #[test]
    fn sizes_are_limited() {
        let error = Trust::parse_toml(&" ".repeat(limits::TRUST_BYTES as usize + 1)).unwrap_err();
        assert_eq!(error.reason(), Reason::FileTooLarge);
        let key = |i: u64| {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&i.to_le_bytes());
            (format!("key {i}"), ed25519_key(seed))
        };
        let limit = limits::TRUSTED_KEYS as u64;
        assert!(Trust::from_keys((0..limit).map(key)).is_ok());
        let error = Trust::from_keys((0..=limit).map(key)).unwrap_err();
        assert_eq!(error.reason(), Reason::TrustMalformed);
    }

    fn ed25519_key(seed: [u8; 32]) -> PublicKey {
        let key = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
        PublicKey::from_bytes(key.as_bytes()).unwrap()
    }
}
