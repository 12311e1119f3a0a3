//! What is signed: the payload of an envelope, in DSSE's pre-authentication encoding.

use super::base64;
use crate::digest::StatementDigest;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The only payload type that is written and taken.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The bytes inside an envelope, as its signers signed them. Clones share them.
#[derive(Clone)]
pub struct Payload(Arc<Signed>);

struct Signed {
    /// The pre-authentication encoding, at whose end the payload stands.
    message: Vec<u8>,
    start: usize,
    digest: OnceLock<StatementDigest>,
}

impl Payload {
    pub(super) fn new(payload: &[u8]) -> Self {
        Self::of(pae(PAYLOAD_TYPE, payload), payload.len())
    }

    /// The payload that `text` is the base64 of; `None` as for [`base64::decode`].
    pub(super) fn from_base64(text: &str) -> Option<Self> {
        // Its length stands before it.
        let length = base64::decoded_length(text)?;
        let mut message = head(PAYLOAD_TYPE, length);
        let start = message.len();
        base64::decode_onto(text, &mut message)?;
        (message.len() - start == length).then(|| Self::of(message, length))
    }

    fn of(message: Vec<u8>, length: usize) -> Self {
        let start = message.len().saturating_sub(length);
        Self(Arc::new(Signed { message, start, digest: OnceLock::new() }))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.message.get(self.0.start..).unwrap_or_default()
    }

    /// The bytes over which signatures are made.
    pub(super) fn message(&self) -> &[u8] {
        &self.0.message
    }

    /// Digest of the bytes; made when it is first asked for.
    #[must_use]
    pub fn digest(&self) -> StatementDigest {
        *self.0.digest.get_or_init(|| StatementDigest::of(self.as_bytes()))
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({})", self.digest())
    }
}

/// The bytes that are signed for `payload`: DSSE v1, "Signature Definition", PAE.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = head(payload_type, payload.len());
    out.extend_from_slice(payload);
    out
}

/// What stands before a payload of `length` bytes; with room for it.
fn head(payload_type: &str, length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload_type.len() + length + 40);
    for part in ["DSSEv1 ", &payload_type.len().to_string(), " ", payload_type] {
        out.extend_from_slice(part.as_bytes());
    }
    out.extend_from_slice(format!(" {length} ").as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_base64_it_is_the_same() {
        for length in (0..70).chain([4095, 4096, 99_999, 100_000]) {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 7 + length) as u8).collect();
            let text = base64::encode(&bytes);
            for text in [text.replace('+', "-").replace('/', "_"), text] {
                let read = Payload::from_base64(&text).unwrap();
                assert_eq!(read.as_bytes(), bytes);
                assert_eq!(read.message(), pae(PAYLOAD_TYPE, &bytes));
                assert_eq!(read.digest(), StatementDigest::of(&bytes));
                assert_eq!(read, Payload::new(&bytes));
            }
        }
        for bad in ["A", "AA", "AA=", "A===", "====", "=", "AA==AA==", "AB==", "AAA=\n", "+_8="] {
            assert!(Payload::from_base64(bad).is_none(), "{bad:?} was taken");
        }
    }
}
