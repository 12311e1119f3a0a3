//! `signatures.json` of a bundle of the format v0.

use super::{Error, Keys, at, bytes, malformed, read, signer_id};
use crate::digest::{SourceDigest, V0ManifestDigest};
use crate::json::{self, Value};
use crate::limits;
use crate::origin::{Origin, SignerId};
use std::collections::BTreeSet;

const FILE: &str = "signatures.json";
const ALGORITHM: &str = "ed25519";

/// Signatures that nobody checked yet, each of another signer, and what they say they are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatures {
    artifact: SourceDigest,
    manifest: V0ManifestDigest,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    signer: SignerId,
    bytes: [u8; 64],
}

/// Proof that a manifest of the format v0 was signed, and by whom: only [`Signatures::verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed(Origin);

impl Signed {
    /// What was signed, by whom, and with which keys file that was verified.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0
    }
}

impl Signatures {
    /// Reads the file.
    ///
    /// # Errors
    /// A member too few or too many; a value of another form; an algorithm other than Ed25519; two
    /// signatures of one signer.
    pub fn parse(file: &[u8]) -> Result<Self, Error> {
        let value = read(FILE, file)?;
        let [artifact, manifest, list] =
            json::exactly(&value, ["artifact", "manifest_hash", "signatures"])
                .map_err(at(FILE, ""))?;
        let list = json::array(list).map_err(at(FILE, "signatures"))?;
        if list.len() > limits::V0_SIGNERS {
            let why = format!("has more than {} elements", limits::V0_SIGNERS);
            return Err(malformed(FILE, "signatures", why));
        }
        let mut signers = BTreeSet::new();
        let one = |(index, value): (usize, &Value)| {
            let place = format!("signatures[{index}]");
            let signature = Signature::read(&place, value)?;
            if signers.insert(signature.signer.clone()) {
                return Ok(signature);
            }
            let why = format!("is the second one of {}", signature.signer);
            Err(malformed(FILE, &place, why))
        };
        Ok(Self {
            artifact: digest("artifact", artifact)?,
            manifest: digest("manifest_hash", manifest)?,
            signatures: list.iter().enumerate().map(one).collect::<Result<_, _>>()?,
        })
    }

    /// Verifies that these are signatures over a manifest, each by one of `signers` with the key that
    /// `keys` has for them.
    ///
    /// What is signed is the text of the manifest's digest, `sha256:` and 64 digits, not its bytes.
    ///
    /// # Errors
    /// When they are about another module or manifest; when there is none; when one of them is of
    /// somebody who is not listed, or does not verify.
    pub fn verify(
        &self,
        artifact: SourceDigest,
        manifest: V0ManifestDigest,
        signers: &[SignerId],
        keys: &Keys,
    ) -> Result<Signed, Error> {
        if self.artifact != artifact {
            return Err(Error::Artifact { found: self.artifact, expected: artifact });
        }
        if self.manifest != manifest {
            return Err(Error::Manifest { found: self.manifest, expected: manifest });
        }
        for signature in &self.signatures {
            signature.verify(manifest, signers, keys)?;
        }
        let by = self.signatures.iter().map(|signature| signature.signer.clone()).collect();
        Origin::new(manifest, keys.digest(), by).map(Signed).ok_or(Error::Unsigned)
    }
}

impl Signature {
    fn read(place: &str, value: &Value) -> Result<Self, Error> {
        let [signer, algorithm, signature] =
            json::exactly(value, ["signer", "algorithm", "signature"]).map_err(at(FILE, place))?;
        let place = |name: &str| format!("{place}.{name}");
        let text = |name: &str, value| json::text(value).map_err(at(FILE, &place(name)));
        let found = text("algorithm", algorithm)?;
        if found != ALGORITHM {
            let why = format!("is {:?}, not {ALGORITHM:?}", crate::attest::cut(found));
            return Err(malformed(FILE, &place("algorithm"), why));
        }
        Ok(Self {
            signer: signer_id(FILE, &place("signer"), text("signer", signer)?)?,
            bytes: bytes(FILE, &place("signature"), signature)?,
        })
    }

    fn verify(
        &self,
        manifest: V0ManifestDigest,
        signers: &[SignerId],
        keys: &Keys,
    ) -> Result<(), Error> {
        let signer = self.signer.clone();
        if !signers.contains(&signer) {
            return Err(Error::Signer { signer, why: "is not among the signers of manifest.json" });
        }
        let Some(key) = keys.of(&signer) else {
            return Err(Error::Signer { signer, why: "has no key in the keys file" });
        };
        if key.verifies(manifest.to_string().as_bytes(), &self.bytes) {
            return Ok(());
        }
        Err(Error::Signature { signer, key: key.id(), manifest })
    }
}

fn digest<D>(place: &str, value: &Value) -> Result<D, Error>
where
    D: std::str::FromStr<Err = crate::digest::ParseDigestError>,
{
    let text = json::text(value).map_err(at(FILE, place))?;
    text.parse().map_err(|error: D::Err| malformed(FILE, place, format!("is {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: v0-bundle-28
    #[test]
    fn there_may_be_so_many_and_not_more() {
        let digest = SourceDigest::of(b"").to_string();
        let file = |count: usize| {
            let one = |n: usize| {
                let signature = crate::attest::base64::encode(&[0; 64]);
                json::json!({ "signer": n.to_string(), "algorithm": ALGORITHM, "signature": signature })
            };
            let signatures: Vec<Value> = (0..count).map(one).collect();
            let file = json::json!({ "artifact": digest, "manifest_hash": digest, "signatures": signatures });
            json::to_jcs(&file).unwrap()
        };
        assert!(Signatures::parse(&file(limits::V0_SIGNERS)).is_ok());
        let error = Signatures::parse(&file(limits::V0_SIGNERS + 1)).unwrap_err().to_string();
        assert_eq!(error, "signatures.json: signatures has more than 1024 elements");
    }
}
