//! Recognises operators that are canonical as they stand.
//!
//! Writing every operator anew costs most of the time, and nearly always gives the same bytes. This
//! looks at the frequent operators only and says how long they are when they are canonical; for
//! everything else it says nothing, and the caller takes the long way. The bytes are known to be
//! valid (Wasm specification, §5.4).

/// Length in bytes of the operator at the start of `code`, when it is a frequent one and its
/// encoding the canonical one; `None` otherwise. `keeps_types` says that type indices stay.
#[inline]
pub(in crate::wasm) fn canonical_length(code: &[u8], keeps_types: bool) -> Option<usize> {
    if let Some([opcode, immediates @ ..]) = code.first_chunk::<3>() {
        let Short { length, clear } = SHORT[usize::from(*opcode)];
        let set = (immediates[0] & clear[0]) | (immediates[1] & clear[1]);
        if length > 0 && set == 0 {
            return Some(usize::from(length));
        }
    }
    any_length(code, keeps_types)
}

/// An operator whose immediates have one byte each, which nearly all have: no branch tells them
/// apart.
#[derive(Clone, Copy)]
struct Short {
    /// 0 for operators that need a closer look.
    length: u8,
    /// Bits that are clear in immediates of one byte.
    clear: [u8; 2],
}

const SHORT: [Short; 256] = {
    let mut table = [Short { length: 0, clear: [0, 0] }; 256];
    let mut opcode = 0;
    while opcode < table.len() {
        let (length, clear) = match opcode {
            0x00 | 0x01 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 => (1, [0, 0]),
            0x0c | 0x0d | 0x10 | 0x20..=0x24 | 0x41 | 0x42 => (2, [0x80, 0]),
            // Bit 6 of the alignment announces a memory index.
            0x28..=0x3e => (3, [0xc0, 0x80]),
            _ => (0, [0, 0]),
        };
        table[opcode] = Short { length, clear };
        opcode += 1;
    }
    table
};

fn any_length(code: &[u8], keeps_types: bool) -> Option<usize> {
    let (&opcode, rest) = code.split_first()?;
    let immediates = match opcode {
        // unreachable, nop, throw_ref, end, return, drop, select; everything from i32.eqz to
        // i64.extend32_s; ref.is_null, ref.eq, ref.as_non_null.
        0x00 | 0x01 | 0x0a | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 | 0xd3 | 0xd4 => 0,
        // else, with something in it.
        0x05 if rest.first() != Some(&0x0b) => 0,
        // block, loop, if: without a type (0x40), or with one of the number types.
        0x02..=0x04 => match rest.first()? {
            0x40 | 0x7b..=0x7f => 1,
            _ => return None,
        },
        // throw, br, br_if, call, return_call, local.*, global.*, table.get, table.set,
        // memory.size, memory.grow, ref.func, br_on_null, br_on_non_null: an index.
        0x08 | 0x0c | 0x0d | 0x10 | 0x12 | 0x20..=0x26 | 0x3f | 0x40 | 0xd2 | 0xd5 | 0xd6 => {
            unsigned(rest)?
        }
        0x0e => labels(rest)?,
        // call_indirect, return_call_indirect.
        0x11 | 0x13 if keeps_types => pair(rest)?,
        // Loads and stores.
        0x28..=0x3e => memory_argument(rest)?,
        // i32.const, i64.const.
        0x41 | 0x42 => signed(rest)?,
        // f32.const, f64.const.
        0x43 => 4,
        0x44 => 8,
        0xfc => bulk(rest)?,
        0xfd => vector(rest)?,
        _ => return None,
    };
    let length = immediates.checked_add(1)?;
    (length <= code.len()).then_some(length)
}

/// Alignment and offset. Bit 6 of the alignment announces a memory index, which is rare.
#[inline]
fn memory_argument(bytes: &[u8]) -> Option<usize> {
    match bytes.split_first()? {
        (0..0x40, offset) => unsigned(offset)?.checked_add(1),
        _ => None,
    }
}

/// Two indices.
#[inline]
fn pair(bytes: &[u8]) -> Option<usize> {
    let first = unsigned(bytes)?;
    first.checked_add(unsigned(bytes.get(first..)?)?)
}

/// The labels of `br_table`.
fn labels(bytes: &[u8]) -> Option<usize> {
    let (count, mut length) = crate::wasm::numbers::read_unsigned(bytes)?;
    if length != unsigned(bytes)? {
        return None;
    }
    for _ in 0..=count {
        length = length.checked_add(unsigned(bytes.get(length..)?)?)?;
    }
    Some(length)
}

/// Operators after 0xfc that do not need a data count.
#[inline]
fn bulk(bytes: &[u8]) -> Option<usize> {
    let (&operator, rest) = bytes.split_first()?;
    let immediates = match operator {
        0..=7 => 0,
        10 | 12 | 14 => pair(rest)?,
        11 | 13 | 15..=17 => unsigned(rest)?,
        _ => return None,
    };
    immediates.checked_add(1)
}

/// Operators after 0xfd.
#[inline]
fn vector(bytes: &[u8]) -> Option<usize> {
    let (&operator, rest) = bytes.split_first()?;
    let immediates = match operator {
        0..=11 | 92 | 93 => memory_argument(rest)?,
        12 | 13 => 16,
        21..=34 => 1,
        84..=91 => memory_argument(rest)?.checked_add(1)?,
        14..0x80 => 0,
        // Numbers from 128 on have two bytes.
        0x80.. => match rest.first()? {
            1 | 2 => 1,
            _ => return None,
        },
    };
    immediates.checked_add(1)
}

/// Length of an unsigned LEB128 integer in shortest form.
#[inline]
fn unsigned(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [..0x80, ..] => Some(1),
        [_, 0x01..0x80, ..] => Some(2),
        _ => long_unsigned(bytes),
    }
}

fn long_unsigned(bytes: &[u8]) -> Option<usize> {
    let more = more(bytes);
    (*bytes.get(more)? != 0).then_some(more.checked_add(1)?)
}

/// Length of a signed LEB128 integer in shortest form: the last byte is not a mere repetition of
/// the sign before it.
#[inline]
fn signed(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [..0x80, ..] => Some(1),
        _ => long_signed(bytes),
    }
}

fn long_signed(bytes: &[u8]) -> Option<usize> {
    let more = more(bytes);
    let last = *bytes.get(more)?;
    let is_negative = bytes.get(more.checked_sub(1)?)? & 0x40 != 0;
    (last != if is_negative { 0x7f } else { 0x00 }).then_some(more.checked_add(1)?)
}

/// How many bytes say that another one follows.
fn more(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte >= 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::canonical_length;

    #[test]
    fn only_shortest_forms_are_recognised() {
        for (code, length) in [
            (&[0x0b][..], 1),
            (&[0x20, 0x00, 0xff], 2),
            (&[0x20, 0x80, 0x01], 3),
            (&[0x41, 0x7f], 2),
            (&[0x41, 0xff, 0x00], 3),
            (&[0x41, 0x80, 0x80, 0x80, 0x80, 0x78], 6),
            (&[0x42, 0x80, 0x7f], 3),
            (&[0x28, 0x02, 0x10], 3),
            (&[0x44, 0, 0, 0, 0, 0, 0, 0, 0], 9),
            (&[0x02, 0x40], 2),
            (&[0x05, 0x01], 1),
            (&[0x0e, 0x01, 0x00, 0x80, 0x01, 0x0b], 5),
            (&[0x11, 0x03, 0x00], 3),
            (&[0xfc, 0x0a, 0x00, 0x01], 4),
            (&[0xfd, 0x0f], 2),
            (&[0xfd, 0x8c, 0x01], 3),
            (&[0xfd, 0x00, 0x04, 0x80, 0x01], 5),
        ] {
            assert_eq!(canonical_length(code, true), Some(length), "{code:x?}");
        }
        for code in [
            &[][..],
            &[0x20],
            &[0x20, 0x80, 0x00],
            &[0x41, 0x80, 0x00],
            &[0x41, 0xff, 0x7f],
            &[0x28, 0x42, 0x00, 0x10],
            &[0x28, 0x82, 0x00, 0x10],
            &[0x28, 0x02, 0x90, 0x00],
            &[0x43, 0, 0, 0],
            &[0x02, 0x00],
            &[0x05, 0x0b],
            &[0x0e, 0x81, 0x00, 0x00, 0x00],
            &[0x0e, 0x01, 0x80, 0x00, 0x00],
            &[0x11, 0x83, 0x00, 0x00],
            &[0xfc, 0x80, 0x00],
            &[0xfc, 0x09, 0x00],
            &[0xfd, 0x8f, 0x00],
            &[0xfd, 0x0c, 0x00],
            &[0xd0, 0x70],
        ] {
            assert_eq!(canonical_length(code, true), None, "{code:x?}");
        }
        assert_eq!(canonical_length(&[0x11, 0x03, 0x00], false), None);
    }
}
