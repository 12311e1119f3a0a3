//! What a skill was before it was imported, as data: the companion notes it, provenance says it.

use crate::digest::{V0KeysDigest, V0ManifestDigest};
use crate::limits;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// How a bundle of the format v0 calls one of its signers (spec/v0-bundle.md): at least one and at most
/// [`limits::KEY_NAME_CHARS`] characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SignerId(String);

/// A text that is no signer's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a signer's id: 1 to {} characters without control characters",
    limits::KEY_NAME_CHARS
)]
pub struct SignerIdError;

impl SignerId {
    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SignerId {
    type Error = SignerIdError;

    fn try_from(text: String) -> Result<Self, SignerIdError> {
        let fits = !text.is_empty()
            && text.chars().count() <= limits::KEY_NAME_CHARS
            && !text.chars().any(char::is_control);
        if fits { Ok(Self(text)) } else { Err(SignerIdError) }
    }
}

impl fmt::Display for SignerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The signed bundle of the format v0 that a skill was imported from. Its module is the source of the
/// build, and noted as such.
///
/// It says what was verified when the skill was imported, and proves nothing by itself: whoever signs
/// the provenance vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Origin {
    keys: V0KeysDigest,
    manifest: V0ManifestDigest,
    signers: Vec<SignerId>,
}

/// A list of signers that is empty, not sorted, or has one twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signers of a bundle that was imported are at least one, sorted and distinct")]
pub struct OriginError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    keys: V0KeysDigest,
    manifest: V0ManifestDigest,
    signers: Vec<SignerId>,
}

impl Origin {
    /// The origin of these digests and signers; `None` without a signer.
    #[must_use]
    pub fn new(
        manifest: V0ManifestDigest,
        keys: V0KeysDigest,
        signers: BTreeSet<SignerId>,
    ) -> Option<Self> {
        let signers: Vec<SignerId> = signers.into_iter().collect();
        (!signers.is_empty()).then_some(Self { keys, manifest, signers })
    }

    /// As [`Origin::new`], of signers that must be sorted and distinct already.
    ///
    /// # Errors
    /// When they are not, or there is none.
    pub fn of_sorted(
        manifest: V0ManifestDigest,
        keys: V0KeysDigest,
        signers: Vec<SignerId>,
    ) -> Result<Self, OriginError> {
        let ascends = signers.windows(2).all(|pair| pair[0] < pair[1]);
        if signers.is_empty() || !ascends {
            return Err(OriginError);
        }
        Ok(Self { keys, manifest, signers })
    }

    /// Digest of the manifest's canonical JSON: what was signed.
    #[must_use]
    pub fn manifest(&self) -> V0ManifestDigest {
        self.manifest
    }

    /// Digest of the keys file that the signatures were verified with.
    #[must_use]
    pub fn keys(&self) -> V0KeysDigest {
        self.keys
    }

    /// Whose signatures verified: sorted, distinct, at least one.
    #[must_use]
    pub fn signers(&self) -> &[SignerId] {
        &self.signers
    }

    /// The signers' ids in one line.
    #[must_use]
    pub fn signed_by(&self) -> String {
        self.signers.iter().map(SignerId::as_str).collect::<Vec<_>>().join(", ")
    }
}

impl TryFrom<Raw> for Origin {
    type Error = OriginError;

    fn try_from(raw: Raw) -> Result<Self, OriginError> {
        Self::of_sorted(raw.manifest, raw.keys, raw.signers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn ids(names: &[&str]) -> Vec<SignerId> {
        names.iter().map(|name| SignerId::try_from((*name).to_owned()).unwrap()).collect()
    }

    #[test]
    fn an_id_is_short_and_can_be_printed() {
        let most = "é".repeat(limits::KEY_NAME_CHARS);
        for good in ["a", "alice.dev", &most] {
            assert!(SignerId::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "a\nb", "\u{1b}[2J", &format!("{most}a")] {
            assert!(SignerId::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_has_one_form() {
        let (manifest, keys) = (V0ManifestDigest::of(b"m"), V0KeysDigest::of(b"k"));
        let origin = Origin::new(manifest, keys, ids(&["b", "a"]).into_iter().collect()).unwrap();
        assert_eq!(origin.signed_by(), "a, b");
        let text = json::to_jcs(&origin).unwrap();
        assert_eq!(json::from_slice::<Origin>(&text).unwrap(), origin);
        assert_eq!(Origin::new(manifest, keys, BTreeSet::new()), None);
        for bad in [&[][..], &["b", "a"], &["a", "a"]] {
            assert_eq!(Origin::of_sorted(manifest, keys, ids(bad)), Err(OriginError));
            let value = json::json!({ "keys": keys, "manifest": manifest, "signers": bad });
            assert!(json::from_value::<Origin>(value).is_err(), "{bad:?}");
        }
    }
}
