//! What bytes that differ look like.

use super::super::leaks::{self, LeakKind};
use super::finding::Look;
use std::ops::Range;

/// Characters before and behind a place that are taken for the same text.
pub(super) const REACH: usize = 80;
/// Seconds since 1970 that a build may note: 2015 to 2099.
const SECONDS: Range<u64> = 1_420_070_400..4_102_444_800;

/// A part of some bytes.
type Part<'a> = (&'a [u8], &'a Range<usize>);

/// What a part of some bytes looks like beside a part of others. Looks at the parts and no further than
/// [`REACH`] around them.
pub(super) fn look(a: Part<'_>, b: Part<'_>) -> Look {
    let sides = [a, b];
    let leak = |wanted: fn(LeakKind) -> bool| {
        let mut leaks = sides.iter().filter_map(|(bytes, range)| leaks::around(bytes, range));
        leaks.any(|(kind, _)| wanted(kind))
    };
    if leak(|kind| kind == LeakKind::Time) {
        return Look::Time;
    }
    if leak(|kind| kind != LeakKind::Time) {
        return Look::Path;
    }
    let texts = sides.map(|(bytes, range)| text_around(bytes, range).0);
    let parts = sides.map(|(bytes, range)| bytes.get(range.clone()).unwrap_or_default());
    let is_text = parts.iter().zip(&texts).all(|(part, text)| {
        let part = trimmed(part);
        part.is_ascii()
            && part.iter().all(|byte| is_printable(*byte) || byte.is_ascii_whitespace())
            && (text.len() >= 4 || part.is_empty())
    });
    if is_text && texts.iter().any(|text| text.len() >= 4) {
        return by_text(&texts);
    }
    numbers(sides.map(|(bytes, range)| around_word(bytes, range)), parts)
}

/// What two constants look like.
pub(super) fn constants(a: u64, b: u64) -> Look {
    let text = |value: u64| {
        let bytes = value.to_le_bytes();
        let text = trimmed(&bytes);
        text.len() >= 4 && text.iter().all(|byte| is_printable(*byte))
    };
    match [a, b] {
        both if both.iter().all(|value| SECONDS.contains(value)) => Look::Seconds,
        both if both.iter().all(|value| text(*value)) => Look::Text,
        both if both.iter().all(|value| is_random(*value)) => Look::Random,
        _ => Look::Number,
    }
}

/// Whether a number of either sign is great and has no order in its bits. Floating-point numbers that
/// somebody wrote end with zeros.
const fn is_random(value: u64) -> bool {
    let size = value.cast_signed().unsigned_abs();
    size >= 1 << 24 && size.count_ones() > 8 && size.trailing_zeros() < 16
}

/// The text that a part belongs to, and where it begins.
pub(super) fn text_around<'a>(bytes: &'a [u8], range: &Range<usize>) -> (&'a str, usize) {
    let before = bytes.get(..range.start).unwrap_or_default();
    let behind = bytes.get(range.end..).unwrap_or_default();
    let back = before.iter().rev().take(REACH).take_while(|byte| is_printable(**byte)).count();
    let ahead = behind.iter().take(REACH).take_while(|byte| is_printable(**byte)).count();
    let start = range.start.saturating_sub(back);
    let part = bytes.get(start..range.end + ahead).unwrap_or_default();
    // A part that ends with zeros, or goes over into other bytes, is text up to there.
    let length =
        part.iter().take(2 * REACH + range.len()).take_while(|b| is_printable(**b)).count();
    (std::str::from_utf8(part.get(..length).unwrap_or_default()).unwrap_or_default(), start)
}

fn by_text(texts: &[&str; 2]) -> Look {
    let any = |test: &dyn Fn(&str) -> bool| texts.iter().any(|text| test(text));
    if any(&|text| text.contains('/') && leaks::names_source(text)) {
        return Look::Path;
    }
    if texts.iter().all(|text| has_version(text)) {
        return Look::Version;
    }
    if texts.iter().all(|text| has_hash(text)) {
        return Look::Hash;
    }
    Look::Text
}

/// Whether a text has numbers with two points between them.
fn has_version(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit() && c != '.').any(|word| {
        let numbers: Vec<_> = word.trim_matches('.').split('.').collect();
        numbers.len() >= 3 && numbers.iter().all(|number| (1..5).contains(&number.len()))
    })
}

/// Whether a text has many hexadecimal digits in a row, letters and numbers among them.
fn has_hash(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_hexdigit()).any(|word| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        word.len() >= 12 && digits > 2 && digits + 2 < word.len()
    })
}

/// The four bytes, or the eight, at which a number stands that a part belongs to.
fn around_word<'a>(bytes: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    let start = range.start & !3;
    let end = range.end.next_multiple_of(4);
    bytes.get(start..end).unwrap_or_default()
}

fn numbers(words: [&[u8]; 2], parts: [&[u8]; 2]) -> Look {
    let number = |bytes: &[u8]| {
        (!bytes.is_empty() && bytes.len() <= 8)
            .then(|| bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)))
    };
    if let [Some(a), Some(b)] = words.map(number) {
        let look = constants(a, b);
        return if look == Look::Random { Look::Number } else { look };
    }
    let random = |bytes: &[u8]| {
        let mut seen = [false; 256];
        for byte in bytes {
            seen[usize::from(*byte)] = true;
        }
        let distinct = seen.iter().filter(|seen| **seen).count();
        (8..=256).contains(&bytes.len()) && distinct * 4 >= bytes.len().min(128) * 3
    };
    if parts.iter().all(|part| random(part)) { Look::Random } else { Look::Bytes }
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    bytes.get(..bytes.len() - zeros).unwrap_or_default()
}

fn is_printable(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_look_like_what_they_are() {
        let cases: [(&[u8], &[u8], Look); 10] = [
            (b"\0/home/alice/a.c\0", b"\0/home/bobby/a.c\0", Look::Path),
            (b"\0src/one/a.rs\0", b"\0src/two/a.rs\0", Look::Path),
            (b"\0Nov 25 2026\0", b"\0Nov 26 2026\0", Look::Time),
            (b"\x0012:30:59\0", b"\x0013:31:58\0", Look::Time),
            (b"clang version 17.0.1\0", b"clang version 18.1.2\0", Look::Version),
            (b"commit 0a1b2c3d4e5f6a7b\0", b"commit 9f8e7d6c5b4a3f2e\0", Look::Hash),
            (b"\x80\x91\x6a\x6d", b"\x80\x92\x6b\x6d", Look::Seconds),
            (b"good morning\0", b"good evening\0", Look::Text),
            (b"\x80\x91\x6a\x01", b"\x80\x92\x6b\x01", Look::Number),
            (
                &[0xd1, 0x8f, 0x22, 0x9c, 0x01, 0xe7, 0xb0, 0x5a, 0x44, 0x93],
                &[0x2d, 0xf8, 0x12, 0xc9, 0x91, 0x7e, 0x0b, 0xa5, 0x45, 0x39],
                Look::Random,
            ),
        ];
        for (a, b, expected) in cases {
            let first = a.iter().zip(b).position(|(a, b)| a != b).unwrap();
            let last = a.iter().zip(b).rposition(|(a, b)| a != b).unwrap() + 1;
            let found = look((a, &(first..last)), (b, &(first..last)));
            assert_eq!(found, expected, "{}", a.escape_ascii());
        }
        assert_eq!(constants(1_764_000_000, 1_764_100_000), Look::Seconds);
        assert_eq!(constants(0x6f_6c6c_6568, 0x65_7962_646f), Look::Text);
        assert_eq!(constants(0x1d3a_e027_3d8f_4f8a, 0x7123_99ab_44cd_1e55), Look::Random);
        assert_eq!(constants(0x9e37_79b9_7f4a_7c15, 0x3c6e_f372_fe94_f82b), Look::Random);
        assert_eq!(constants((-1_i64).cast_unsigned(), (-2_i64).cast_unsigned()), Look::Number);
        assert_eq!(constants(1.5_f64.to_bits(), 1.25_f64.to_bits()), Look::Number);
        assert_eq!(constants(3, 5), Look::Number);
    }
}
