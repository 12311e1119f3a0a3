//! Base64 as DSSE has it: either alphabet of RFC 4648, padded, one spelling per value.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

/// Standard alphabet, padded.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Standard alphabet without padding, as OpenSSH prints hashes.
pub(super) fn encode_unpadded(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

/// The bytes that `text` stands for in one alphabet or the other.
///
/// `None` for missing padding, bits that are set and not used, white space, mixed alphabets.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: envelope-7, envelope-8
    #[test]
    fn each_value_has_one_spelling_per_alphabet() {
        assert_eq!(decode("+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(decode("-_8="), Some(vec![0xfb, 0xff]));
        assert_eq!(encode(&[0xfb, 0xff]), "+/8=");
        for bad in ["+/8", "+/9=", "+_8=", " +/8=", "+/8=\n", "+/8==", "=", "A", "+/8=+/8="] {
            assert_eq!(decode(bad), None, "{bad:?} was taken");
        }
    }
}
