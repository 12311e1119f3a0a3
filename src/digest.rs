//! SHA-256 digests, one newtype per thing that is digested (FIPS 180-4).
//!
//! A [`ModuleDigest`] cannot be passed where a [`TraceDigest`] is meant. Text form is
//! `sha256:` and 64 lowercase hexadecimal digits; every other spelling is refused.

use sha2::Digest as _;
use std::fmt;
use std::str::FromStr;

/// A text that is not `sha256:` followed by 64 lowercase hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a digest of the form sha256:<64 lowercase hex digits>: {found:?}")]
pub struct ParseDigestError {
    /// What stood there instead, cut to 80 characters.
    pub found: String,
}

/// A running SHA-256, the only place where the hash function is called.
#[derive(Clone, Default)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    /// A hash of no bytes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `bytes` to what is hashed.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything appended so far; the running hash goes on.
    #[must_use]
    pub fn so_far(&self) -> [u8; 32] {
        self.0.clone().finalize().into()
    }

    /// The hash of everything appended.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256(..)")
    }
}

/// SHA-256 of `bytes` in one go.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(bytes).into()
}

/// Lowercase hexadecimal text of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The bytes that *lowercase* hexadecimal digits stand for, two a byte; `None` for anything else.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?));
    if rest.is_empty() { bytes.collect() } else { None }
}

/// The 32 bytes that 64 *lowercase* hexadecimal digits stand for; `None` for anything else.
#[must_use]
pub fn unhex32(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(out)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

macro_rules! digests {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The digest of `bytes`.
            #[must_use]
            pub fn of(bytes: &[u8]) -> Self {
                Self(sha256(bytes))
            }

            /// Takes 32 bytes that already are such a digest.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// 64 lowercase hexadecimal digits, without a prefix.
            #[must_use]
            pub fn hex(&self) -> String {
                hex(&self.0)
            }

            /// The digest that 64 lowercase hexadecimal digits name.
            ///
            /// # Errors
            /// Anything else, uppercase digits included.
            pub fn from_hex(text: &str) -> Result<Self, ParseDigestError> {
                unhex32(text).map(Self).ok_or_else(|| ParseDigestError {
                    found: text.chars().take(80).collect(),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "sha256:{}", self.hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.hex())
            }
        }

        impl FromStr for $name {
            type Err = ParseDigestError;

            fn from_str(text: &str) -> Result<Self, ParseDigestError> {
                Self::from_hex(text.strip_prefix("sha256:").unwrap_or_default()).map_err(|_| {
                    ParseDigestError { found: text.chars().take(80).collect() }
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

digests! {
    /// Of the bytes of a canonical module (`skill.wasm`).
    ModuleDigest
    /// Of the bytes of a module as its author's compiler wrote it.
    SourceDigest
    /// Of the bytes of a debug companion (`skill.debug.wasm`).
    CompanionDigest
    /// Of the bytes of `manifest.json`.
    ManifestDigest
    /// Of one DSSE envelope's bytes (a line of `attestations.intoto.jsonl`, without its line end).
    EnvelopeDigest
    /// Of all bytes of a trace file.
    TraceDigest
    /// Of a statement: the payload of an envelope, the bytes that are signed.
    StatementDigest
    /// Of the bytes of a trust file (`trust.toml`).
    TrustDigest
    /// Of an operator's policy file.
    PolicyDigest
    /// Of bytes that left or entered the guest: output, input, a file, a memory.
    DataDigest
    /// Of the source that a `provenact` was built from (`build.rs`).
    ToolDigest
    /// Of a profile's note in canonical JSON.
    ProfileDigest
    /// Of the bytes of one file that a recipe's command was given.
    InputDigest
    /// Of the sorted list of all such files, as `sha256sum` prints it.
    TreeDigest
    /// Of the executable of a tool that built.
    ExecutableDigest
    /// Of the canonical JSON (RFC 8785) of a manifest in the format v0 (spec/v0-bundle.md).
    V0ManifestDigest
    /// Of the bytes of a keys file in the format v0.
    V0KeysDigest
    /// Of a public key's SubjectPublicKeyInfo DER (RFC 8410): its key id.
    KeyId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_nothing_else_is_taken() {
        let digest = ModuleDigest::of(b"abc");
        let text = digest.to_string();
        assert_eq!(text, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(text.parse::<ModuleDigest>(), Ok(digest));
        for bad in [
            "",
            "sha256:",
            &text[7..],
            &text.to_uppercase(),
            &text[..70],
            &format!("{text}0"),
            &format!("sha1:{}", &text[7..]),
        ] {
            assert!(bad.parse::<ModuleDigest>().is_err(), "{bad} was taken");
        }
    }
}
