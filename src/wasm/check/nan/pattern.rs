//! The canonicalizations, byte for byte as the canonical form has them.

use super::value::{FRESH32, FRESH64};

/// What follows `local.tee` in a canonicalization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The shapes of which it takes the freshness away.
    pub(super) shapes: u8,
    /// How many bytes it has after the `local.tee`.
    pub(super) length: usize,
    /// Whether one of its operators assigns the local.
    pub(super) assigns: bool,
}

const GET: u8 = 0x20;
const SET: u8 = 0x21;
const VECTOR: u8 = 0xfd;

impl Pattern {
    /// The canonicalization that `rest`, what follows a `local.tee` of `local`, begins with.
    pub(super) fn of(rest: &[u8], local: u32) -> Option<Self> {
        let first = *rest.first()?;
        if first != GET && first != VECTOR {
            return None;
        }
        let (local, length) = leb128(local);
        let local = local.get(..length)?;
        let found =
            if first == GET { Self::scalar(rest, local) } else { Self::vector(rest, local) };
        let (found, after) = found?;
        Some(Self { length: rest.len().saturating_sub(after.len()), ..found })
    }

    /// One without its length, and what follows it.
    fn scalar<'a>(rest: &'a [u8], local: &[u8]) -> Option<(Self, &'a [u8])> {
        const IF: [u8; 2] = [0x04, 0x40];
        const END: u8 = 0x0b;
        const F32_NE: u8 = 0x5c;
        const F64_NE: u8 = 0x62;
        const F32_NAN: [u8; 5] = [0x43, 0, 0, 0xc0, 0x7f];
        const F64_NAN: [u8; 9] = [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f];
        let rest = indexed(rest, GET, local)?;
        let (ne, rest) = rest.split_first()?;
        let (nan, shapes): (&[u8], u8) = match *ne {
            F32_NE => (&F32_NAN, FRESH32),
            F64_NE => (&F64_NAN, FRESH64),
            _ => return None,
        };
        let rest = rest.strip_prefix(&IF)?.strip_prefix(nan)?;
        let rest = indexed(rest, SET, local)?.strip_prefix(&[END])?;
        let rest = indexed(rest, GET, local)?;
        Some((Self { shapes, length: 0, assigns: true }, rest))
    }

    /// One without its length, and what follows it.
    fn vector<'a>(rest: &'a [u8], local: &[u8]) -> Option<(Self, &'a [u8])> {
        const CONST: [u8; 2] = [VECTOR, 0x0c];
        const F32X4_NAN: [u8; 4] = [0, 0, 0xc0, 0x7f];
        const F64X2_NAN: [u8; 8] = [0, 0, 0, 0, 0, 0, 0xf8, 0x7f];
        const F32X4_EQ: [u8; 2] = [VECTOR, 0x41];
        const F64X2_EQ: [u8; 2] = [VECTOR, 0x47];
        const BITSELECT: [u8; 2] = [VECTOR, 0x52];
        let (lanes, rest) = rest.strip_prefix(&CONST)?.split_at_checked(16)?;
        let (eq, shapes) = if lanes.chunks(4).all(|lane| lane == F32X4_NAN) {
            (F32X4_EQ, FRESH32)
        } else if lanes.chunks(8).all(|lane| lane == F64X2_NAN) {
            (F64X2_EQ, FRESH64)
        } else {
            return None;
        };
        let rest = indexed(indexed(rest, GET, local)?, GET, local)?;
        let rest = rest.strip_prefix(&eq)?.strip_prefix(&BITSELECT)?;
        Some((Self { shapes, length: 0, assigns: false }, rest))
    }
}

/// Passes an operator with the index of the local.
fn indexed<'a>(rest: &'a [u8], operator: u8, local: &[u8]) -> Option<&'a [u8]> {
    rest.strip_prefix(&[operator])?.strip_prefix(local)
}

/// An index in its shortest form, and its length.
fn leb128(mut index: u32) -> ([u8; 5], usize) {
    let (mut bytes, mut length) = ([0; 5], 0);
    for slot in &mut bytes {
        length += 1;
        *slot = (index & 0x7f) as u8;
        index >>= 7;
        if index == 0 {
            break;
        }
        *slot |= 0x80;
    }
    (bytes, length)
}
