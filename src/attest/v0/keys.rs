//! The keys file of a bundle of the format v0.

use super::{Error, bytes, malformed, read, signer_id};
use crate::attest::PublicKey;
use crate::digest::V0KeysDigest;
use crate::json::Misfit;
use crate::limits;
use crate::origin::SignerId;
use std::collections::BTreeMap;

const FILE: &str = "the keys file";

/// Public keys by signer, of a file that the caller pinned by its digest.
#[derive(Debug, Clone)]
pub struct Keys {
    digest: V0KeysDigest,
    keys: BTreeMap<SignerId, PublicKey>,
}

impl Keys {
    /// Reads the file whose bytes have the digest `pinned`; of another one nothing is looked at.
    ///
    /// # Errors
    /// [`Error::Pin`] for another file. Anything but an object of ids and keys; a key under which
    /// signatures mean nothing, whether it is needed or not.
    pub fn parse(file: &[u8], pinned: V0KeysDigest) -> Result<Self, Error> {
        let digest = V0KeysDigest::of(file);
        if digest != pinned {
            return Err(Error::Pin { found: digest, pinned });
        }
        let value = read(FILE, file)?;
        let object = value.as_object();
        let object = object.ok_or_else(|| malformed(FILE, "", Misfit::NotObject.to_string()))?;
        if object.len() > limits::V0_SIGNERS {
            let why = format!("has more than {} keys", limits::V0_SIGNERS);
            return Err(malformed(FILE, "", why));
        }
        let mut keys = BTreeMap::new();
        for (id, value) in object {
            let place: String = format!("{id:?}").chars().take(80).collect();
            let signer = signer_id(FILE, &place, id)?;
            let key = PublicKey::from_bytes(&bytes(FILE, &place, value)?)
                .map_err(|error| unusable(signer.clone(), &error))?;
            keys.insert(signer, key);
        }
        Ok(Self { digest, keys })
    }

    /// The digest of the file.
    #[must_use]
    pub fn digest(&self) -> V0KeysDigest {
        self.digest
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn of(&self, signer: &SignerId) -> Option<&PublicKey> {
        self.keys.get(signer)
    }
}

fn unusable(signer: SignerId, error: &crate::attest::Error) -> Error {
    let why = match error {
        crate::attest::Error::KeyMalformed { why, .. } => *why,
        _ => "it is not an Ed25519 public key",
    };
    Error::Key { signer, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: v0-bundle-9
    #[test]
    fn another_file_than_the_pinned_one_is_not_looked_at() {
        let file = b"{}";
        assert!(Keys::parse(file, V0KeysDigest::of(file)).unwrap().is_empty());
        for other in [&b"{} "[..], b"not JSON", &[0xff]] {
            let error = Keys::parse(other, V0KeysDigest::of(file)).unwrap_err();
            assert!(matches!(error, Error::Pin { .. }), "{error}");
        }
    }

    /// covers: v0-bundle-28
    #[test]
    fn there_may_be_so_many_and_not_more() {
        let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let file = |count: usize| {
            let members: Vec<String> = (0..count).map(|n| format!("\"{n}\":\"{key}\"")).collect();
            format!("{{{}}}", members.join(",")).into_bytes()
        };
        let parse = |file: &[u8]| Keys::parse(file, V0KeysDigest::of(file));
        assert_eq!(parse(&file(limits::V0_SIGNERS)).unwrap().len(), limits::V0_SIGNERS);
        let error = parse(&file(limits::V0_SIGNERS + 1)).unwrap_err().to_string();
        assert_eq!(error, "the keys file has more than 1024 keys");
        let long = [b"{}".to_vec(), vec![b' '; limits::V0_BYTES as usize]].concat();
        let error = parse(&long).unwrap_err().to_string();
        assert_eq!(error, "the keys file is longer than 1048576 bytes");
    }
}
