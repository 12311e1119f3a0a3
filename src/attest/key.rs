//! Ed25519 keys (RFC 8032) and their files: PKCS#8 and SPKI in PEM (RFC 5958, RFC 8410, RFC 7468).

mod detached;
mod locked;
mod names;
mod passphrase;

pub use detached::DetachedSignature;
pub use locked::{LockedKey, PrivateKeyFile};
pub use passphrase::Passphrase;

use super::Error;
use crate::digest::KeyId;
use ed25519::pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, KeypairBytes,
    PublicKeyBytes, spki::der::pem::LineEnding,
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::fmt;
use zeroize::Zeroizing;

const PRIVATE: &str = "an Ed25519 private key (PKCS#8 PEM)";
const PUBLIC: &str = "an Ed25519 public key (SPKI PEM)";

/// A key that signs. Its bytes are wiped when it is dropped, and printing shows none of them.
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// [`Error::Randomness`] when there is none.
    #[expect(clippy::disallowed_methods, reason = "key generation is a named door of randomness")]
    pub fn generate() -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut())?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads one PEM block `PRIVATE KEY`: PKCS#8 version 1, or 2 if its public key fits
    /// (`spec/trust.md`, "Key files").
    ///
    /// # Errors
    /// [`Error::KeyMalformed`] for everything else.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let text = one_block(text, PRIVATE, "-----BEGIN PRIVATE KEY-----")?;
        let malformed = |why| Error::KeyMalformed { wanted: PRIVATE, why };
        let pair = KeypairBytes::from_pkcs8_pem(text)
            .map_err(|_| malformed("the PEM block does not hold one"))?;
        Self::of_pair(&pair)
    }

    fn of_pair(pair: &KeypairBytes) -> Result<Self, Error> {
        let why = "its public half does not belong to its private half";
        let key = SigningKey::try_from(pair);
        key.map(Self).map_err(|_| Error::KeyMalformed { wanted: PRIVATE, why })
    }

    /// PKCS#8 version 1 in PEM: the private key alone, a form that every tool reads.
    ///
    /// # Errors
    /// [`Error::KeyMalformed`], which does not happen for keys that exist.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, Error> {
        let pem = self.pair().to_pkcs8_pem(LineEnding::LF);
        pem.map_err(|_| Error::KeyMalformed { wanted: PRIVATE, why: "it cannot be encoded" })
    }

    /// The key for the library's encoder, which would add the public key and make it version 2.
    fn pair(&self) -> KeypairBytes {
        KeypairBytes { secret_key: self.0.to_bytes(), public_key: None }
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The 64 bytes of the Ed25519 signature over `message`; the same each time (RFC 8032, §5.1.6).
    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// A key that verifies: never of small order, never in a second encoding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads one PEM block `PUBLIC KEY` (`spec/trust.md`, "Key files").
    ///
    /// # Errors
    /// [`Error::KeyMalformed`] for everything else, and for keys under which signatures mean
    /// nothing.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let text = one_block(text, PUBLIC, "-----BEGIN PUBLIC KEY-----")?;
        let bytes = PublicKeyBytes::from_public_key_pem(text).map_err(|_| Error::KeyMalformed {
            wanted: PUBLIC,
            why: "the PEM block does not hold one",
        })?;
        Self::from_bytes(&bytes.to_bytes())
    }

    /// SubjectPublicKeyInfo in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let text = super::base64::encode(&self.spki());
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }

    /// SHA-256 of the SubjectPublicKeyInfo DER.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.spki())
    }

    /// The key of 32 bytes (RFC 8032, §5.1.2).
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Error> {
        let malformed = |why| Error::KeyMalformed { wanted: PUBLIC, why };
        if !is_reduced(bytes) {
            return Err(malformed("its point is not in canonical encoding"));
        }
        let key = VerifyingKey::from_bytes(bytes)
            .map_err(|_| malformed("its bytes are no point of the curve"))?;
        if key.is_weak() {
            return Err(malformed("its point is of small order: anyone can sign for it"));
        }
        Ok(Self(key))
    }

    /// Whether `signature` is this key's over `message`, by the strict rules: no small-order
    /// points, canonical encodings, the equation without cofactor.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        self.0.verify_strict(message, &signature).is_ok()
    }

    /// SubjectPublicKeyInfo DER: a fixed head and the 32 bytes (RFC 8410, §4).
    fn spki(&self) -> Vec<u8> {
        const HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 3, 0x21, 0];
        [&HEAD[..], self.0.as_bytes()].concat()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

/// `text` without white space around it, if it is one PEM block that begins with `begin`.
///
/// Two keys in a file, or text before the key, would leave open which key is meant.
fn one_block<'t>(text: &'t str, wanted: &'static str, begin: &str) -> Result<&'t str, Error> {
    let text = text.trim_ascii();
    let malformed = |why| Err(Error::KeyMalformed { wanted, why });
    let is_private = ["-----BEGIN PRIVATE KEY-----", "-----BEGIN ENCRYPTED PRIVATE KEY-----"]
        .iter()
        .any(|begin| text.starts_with(begin));
    if begin.contains("PUBLIC") && is_private {
        return malformed("it is a private key");
    }
    if !text.starts_with(begin) && is_private {
        return malformed("it is encrypted");
    }
    if begin.contains("PRIVATE") && text.starts_with("-----BEGIN PUBLIC KEY-----") {
        return malformed("it is a public key");
    }
    if !text.starts_with(begin) {
        return malformed("it does not begin with the PEM header for one");
    }
    if text.matches("-----BEGIN").count() != 1 {
        return malformed("it holds more than one PEM block");
    }
    Ok(text)
}

/// Whether the y coordinate in `bytes` is below the field's prime 2^255 − 19 (RFC 8032, §5.1.3).
///
/// The other redundant encoding, x = 0 with its sign bit set, belongs to small-order points.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    !(*low >= 0xed && middle.iter().all(|byte| *byte == 0xff) && high & 0x7f == 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{hex, sha256};
    use ed25519_dalek::pkcs8::EncodePublicKey as _;

    /// covers: trust-12, trust-13
    #[test]
    fn private_keys_are_written_as_version_1_and_read_as_1_and_2() {
        let key = PrivateKey::generate().unwrap();
        let pem = key.to_pem().unwrap();
        // 48 bytes of DER: no room for a public key.
        assert_eq!(pem.lines().nth(1).unwrap().len(), 64);
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI"));
        assert_eq!(PrivateKey::from_pem(&pem).unwrap().public(), key.public());
        let version_2 = key.0.to_pkcs8_pem(LineEnding::LF).unwrap();
        assert_eq!(PrivateKey::from_pem(&version_2).unwrap().public(), key.public());
        let other = PrivateKey::generate().unwrap();
        let forged = KeypairBytes {
            secret_key: key.0.to_bytes(),
            public_key: Some(PublicKeyBytes(other.0.verifying_key().to_bytes())),
        };
        let forged = forged.to_pkcs8_pem(LineEnding::LF).unwrap();
        let said = PrivateKey::from_pem(&forged).unwrap_err().to_string();
        assert!(said.contains("does not belong"), "{said}");
    }

    /// covers: trust-11
    #[test]
    fn a_key_id_is_the_hash_of_the_spki() {
        let key = PrivateKey::generate().unwrap().public();
        let der = key.0.to_public_key_der().unwrap();
        assert_eq!(key.spki(), der.as_bytes());
        assert_eq!(key.id().hex(), hex(&sha256(der.as_bytes())));
        assert_eq!(PublicKey::from_pem(&key.to_pem()).unwrap(), key);
        assert_eq!(key.to_pem(), PublicKeyBytes(key.0.to_bytes()).to_string());
    }

    /// Fails to compile when the libraries stop wiping.
    #[test]
    fn what_holds_a_private_key_is_wiped() {
        fn wiped<T: zeroize::ZeroizeOnDrop>() {}
        wiped::<SigningKey>();
        wiped::<pkcs8::der::SecretDocument>();
        wiped::<Zeroizing<Vec<u8>>>();
        assert!(std::mem::needs_drop::<KeypairBytes>());
    }

    #[test]
    fn nothing_of_a_private_key_is_printed() {
        let key = PrivateKey(SigningKey::from_bytes(&[7; 32]));
        assert_eq!(format!("{key:?}"), "PrivateKey(..)");
    }

    #[test]
    fn the_wrong_kind_of_file_is_named() {
        let key = PrivateKey::generate().unwrap();
        let private = key.to_pem().unwrap();
        let public = key.public().to_pem();
        let locked = private.replace("PRIVATE", "ENCRYPTED PRIVATE");
        for (said, wanted) in [
            (PublicKey::from_pem(&private).unwrap_err().to_string(), "it is a private key"),
            (PrivateKey::from_pem(&public).unwrap_err().to_string(), "it is a public key"),
            (PublicKey::from_pem(&locked).unwrap_err().to_string(), "it is a private key"),
            (PublicKey::from_pem("").unwrap_err().to_string(), "PEM header"),
            (PublicKey::from_pem(&public.repeat(2)).unwrap_err().to_string(), "more than one"),
        ] {
            assert!(said.contains(wanted), "{said}");
        }
    }

    /// covers: envelope-12
    #[test]
    fn of_the_disputed_signatures_only_the_undisputed_one_is_taken() {
        let file = include_bytes!("../../testvectors/ed25519-speccheck.json");
        let cases = crate::json::parse(file).unwrap();
        let bytes = |case: &crate::json::Value, name: &str| -> Vec<u8> {
            let text = case[name].as_str().unwrap();
            (0..text.len())
                .step_by(2)
                .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
                .collect()
        };
        let taken: Vec<usize> = (cases.as_array().unwrap().iter().enumerate())
            .filter(|(_, case)| {
                let key = PublicKey::from_bytes(&bytes(case, "pub_key").try_into().unwrap());
                key.is_ok_and(|key| {
                    key.verifies(&bytes(case, "message"), &bytes(case, "signature"))
                })
            })
            .map(|(number, _)| number)
            .collect();
        assert_eq!(taken, [3]);
    }
}
