//! LEB128 integers (Wasm specification, §5.2.2).

/// An unsigned integer at the start of `bytes`, and its length.
#[inline]
pub(super) fn read_unsigned(bytes: &[u8]) -> Option<(u64, usize)> {
    let &first = bytes.first()?;
    if first < 0x80 {
        return Some((u64::from(first), 1));
    }
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Some((value, at + 1));
        }
    }
    None
}

/// A signed integer at the start of `bytes`, and its length.
#[inline]
pub(super) fn read_signed(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut value = 0_i64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= i64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            let unused = 64_u32.saturating_sub(7 * (u32::try_from(at).ok()? + 1));
            return Some(((value << unused) >> unused, at + 1));
        }
    }
    None
}

/// Writes `value` in the fewest bytes.
#[inline]
pub(super) fn write_unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Writes `value` in the fewest bytes.
#[inline]
pub(super) fn write_signed(out: &mut Vec<u8>, mut value: i64) {
    while !(-0x40..0x40).contains(&value) {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// The fewest bytes for `value`.
#[inline]
pub(super) fn unsigned_length(value: u64) -> usize {
    bytes(64 - (value | 1).leading_zeros())
}

/// The fewest bytes for `value`.
#[inline]
pub(super) fn signed_length(value: i64) -> usize {
    let magnitude = if value < 0 { !value } else { value };
    bytes(65 - magnitude.leading_zeros())
}

#[inline]
fn bytes(bits: u32) -> usize {
    bits.div_ceil(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_has_the_length_that_was_said() {
        let mut values = vec![0_u64, 1, u64::MAX];
        values.extend((0..64).flat_map(|bit| [1 << bit, (1_u64 << bit) - 1, !(1 << bit)]));
        for value in values {
            let mut out = Vec::new();
            write_unsigned(&mut out, value);
            assert_eq!(read_unsigned(&out), Some((value, unsigned_length(value))));
            let (mut out, value) = (Vec::new(), value.cast_signed());
            write_signed(&mut out, value);
            assert_eq!(read_signed(&out), Some((value, signed_length(value))), "{out:x?}");
        }
        assert_eq!(read_signed(&[0xff, 0xff, 0xff, 0xff, 0x7f]), Some((-1, 5)));
        assert_eq!(read_unsigned(&[0x80, 0x80, 0x00]), Some((0, 3)));
        assert_eq!(read_unsigned(&[0x80]), None);
        assert_eq!(read_signed(&[0x80; 11]), None);
    }
}
