//! Which keys are trusted (`spec/trust.md`).

use super::{Error, PublicKey};
use crate::digest::KeyId;
use crate::limits;
use serde::Deserialize;

/// A key that is trusted, and what it is called here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    name: String,
    key: PublicKey,
}

impl TrustedKey {
    /// What the key is called by the one who trusts it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.key.id()
    }
}

/// At least one trusted key; no key and no name twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    keys: Vec<TrustedKey>,
}

impl Trust {
    /// Trust in keys with their names, for instance from `--pub`. A key that comes again is left
    /// out, so that lists can be joined.
    ///
    /// # Errors
    /// [`Error::TrustEmpty`] without keys; [`Error::TrustMalformed`] for an unfit name, a name for
    /// two keys, or too many keys.
    pub fn from_keys(keys: impl IntoIterator<Item = (String, PublicKey)>) -> Result<Self, Error> {
        let mut trust = Self { keys: Vec::new() };
        for (name, key) in keys {
            if !trust.keys.iter().any(|trusted| trusted.key == key) {
                trust.add(name, key)?;
            }
        }
        if trust.keys.is_empty() { Err(Error::TrustEmpty) } else { Ok(trust) }
    }

    /// Reads a trust file.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::TrustSyntax`], [`Error::TrustMalformed`],
    /// [`Error::TrustKey`], and [`Error::TrustEmpty`] when it lists no key.
    pub fn parse_toml(text: &str) -> Result<Self, Error> {
        let (found, limit) = (text.len() as u64, limits::TRUST_BYTES);
        if found > limit {
            return Err(Error::TooLarge { what: "trust file", found, limit });
        }
        let file: TrustFile = toml::from_str(text).map_err(|error| Error::TrustSyntax {
            offset: error.span().map_or(0, |span| span.start),
            message: error.message().to_owned(),
        })?;
        if file.version != 1 {
            return Err(malformed("", "the file's version is not 1"));
        }
        let mut trust = Self { keys: Vec::new() };
        for KeyEntry { name, public } in file.key {
            let key = PublicKey::from_pem(&public).map_err(|source| Error::TrustKey {
                name: super::error::cut(&name),
                source: Box::new(source),
            })?;
            if trust.keys.iter().any(|trusted| trusted.key == key) {
                return Err(malformed(&name, "is listed already under another name"));
            }
            trust.add(name, key)?;
        }
        if trust.keys.is_empty() { Err(Error::TrustEmpty) } else { Ok(trust) }
    }

    /// The keys, in the order in which they were listed.
    #[must_use]
    pub fn keys(&self) -> &[TrustedKey] {
        &self.keys
    }

    fn add(&mut self, name: String, key: PublicKey) -> Result<(), Error> {
        let length = name.chars().count();
        if length == 0 || length > limits::KEY_NAME_CHARS || name.contains(char::is_control) {
            return Err(malformed(&name, "a name is 1 to 256 characters, none of them control"));
        }
        if self.keys.iter().any(|trusted| trusted.name == name) {
            return Err(malformed(&name, "two keys have this name"));
        }
        if self.keys.len() >= limits::TRUSTED_KEYS {
            return Err(malformed(&name, "more than 256 keys are listed"));
        }
        self.keys.push(TrustedKey { name, key });
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustFile {
    version: u64,
    #[serde(default)]
    key: Vec<KeyEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    name: String,
    public: String,
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
