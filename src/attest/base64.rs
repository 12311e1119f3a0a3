//! Base64 as DSSE has it: either alphabet of RFC 4648, padded, one spelling per value.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use std::sync::LazyLock;

/// What reads the standard alphabet and the URL-safe one, with the same answers as the scalar engines.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static READERS: LazyLock<[::base64::engine::Simd; 2]> = LazyLock::new(|| {
    use ::base64::engine::{Simd, general_purpose::PAD};
    [Simd::standard(PAD), Simd::url_safe(PAD)]
});
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static READERS: LazyLock<[::base64::engine::GeneralPurpose; 2]> =
    LazyLock::new(|| [STANDARD, ::base64::engine::general_purpose::URL_SAFE]);

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
    let mut bytes = Vec::new();
    decode_onto(text, &mut bytes)?;
    Some(bytes)
}

/// As [`decode`], in the standard alphabet alone.
pub(super) fn decode_standard(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// As [`decode`], appended to `out`; after `None`, anything may stand there.
pub(super) fn decode_onto(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let before = out.len();
    let [standard, url_safe] = &*READERS;
    standard
        .decode_vec(text, out)
        .or_else(|_| {
            out.truncate(before);
            url_safe.decode_vec(text, out)
        })
        .ok()
}

/// How many bytes `text` stands for, if it stands for any.
pub(super) fn decoded_length(text: &str) -> Option<usize> {
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    let groups = text.len().is_multiple_of(4).then_some(text.len() / 4)?;
    (groups * 3).checked_sub(padding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::engine::general_purpose::URL_SAFE;

    /// covers: envelope-7, envelope-8
    #[test]
    fn each_value_has_one_spelling_per_alphabet() {
        assert_eq!(decode("+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(decode("-_8="), Some(vec![0xfb, 0xff]));
        assert_eq!(decode_standard("+/8="), decode("+/8="));
        assert_eq!(decode_standard("-_8="), None);
        assert_eq!(encode(&[0xfb, 0xff]), "+/8=");
        for bad in ["+/8", "+/9=", "+_8=", " +/8=", "+/8=\n", "+/8==", "=", "A", "+/8=+/8="] {
            assert_eq!(decode(bad), None, "{bad:?} was taken");
            assert_eq!(decode_standard(bad), None, "{bad:?} was taken");
        }
    }

    /// Every byte in every place, so that no block of bytes is looked at less strictly than another.
    #[test]
    fn each_engine_takes_the_same() {
        for length in [3, 47, 48, 49, 95, 96, 143, 190] {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 89 + length) as u8).collect();
            for text in [STANDARD.encode(&bytes), URL_SAFE.encode(&bytes)] {
                for (at, byte) in (0..text.len()).flat_map(|at| (0..128).map(move |b| (at, b))) {
                    let mut text = text.clone().into_bytes();
                    text[at] = byte;
                    let text = String::from_utf8(text).unwrap();
                    let scalar = STANDARD.decode(&text).or_else(|_| URL_SAFE.decode(&text));
                    assert_eq!(decode(&text), scalar.ok(), "{text:?}");
                }
            }
        }
    }
}
