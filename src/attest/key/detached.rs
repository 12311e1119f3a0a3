//! Signatures that were made elsewhere: by OpenSSL, a hardware module, another person.

use super::super::{Error, base64};

/// 64 bytes that claim to be an Ed25519 signature. Nothing is known about them until
/// [`Envelope::attach`](crate::attest::Envelope::attach) has verified them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetachedSignature([u8; 64]);

impl DetachedSignature {
    /// Reads a signature file: the 64 bytes, or their padded base64, white space aside.
    ///
    /// # Errors
    /// [`Error::SignatureMalformed`] for everything else.
    pub fn parse(file: &[u8]) -> Result<Self, Error> {
        if let Ok(raw) = file.try_into() {
            return Ok(Self(raw));
        }
        let malformed = Error::SignatureMalformed { found: file.len() };
        let Ok(text) = str::from_utf8(file) else { return Err(malformed) };
        let text: String = text.split_ascii_whitespace().collect();
        let raw = base64::decode(&text).and_then(|bytes| bytes.try_into().ok());
        raw.map(Self).ok_or(malformed)
    }

    pub(in super::super) fn bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    /// covers: envelope-42
    #[test]
    fn a_signature_file_is_64_bytes_or_their_base64() {
        let raw: [u8; 64] = std::array::from_fn(|i| 200 + (i % 56) as u8);
        let text = base64::encode(&raw);
        let wrapped = format!("{}\n{}\r\n", &text[..64], &text[64..]);
        for file in [&raw[..], text.as_bytes(), wrapped.as_bytes()] {
            assert_eq!(DetachedSignature::parse(file).unwrap().0, raw);
        }
        let short = base64::encode(&raw[1..]);
        let unpadded = text.trim_end_matches('=');
        for file in [&raw[1..], &[1; 65], b"", short.as_bytes(), unpadded.as_bytes()] {
            let error = DetachedSignature::parse(file).unwrap_err();
            assert_eq!(error.reason(), Reason::SignatureMalformed);
        }
    }
}
