//! Recognises instructions that are canonical as they stand.
//!
//! Decoding every instruction into a value and encoding it again costs most of the time of a
//! check, and nearly always gives the same bytes. This looks at the frequent instructions only and
//! says how long they are when their encoding is the shortest; for everything else it says nothing,
//! and the caller takes the long way. The bytes are known to be valid (Wasm specification, §5.4).

/// Length in bytes of the instruction at the start of `code`, when it is a frequent one and its
/// integers are in their shortest form; `None` otherwise.
#[inline]
pub(super) fn canonical_length(code: &[u8]) -> Option<usize> {
    let (&opcode, rest) = code.split_first()?;
    let immediates = match opcode {
        // unreachable, nop, else, end, return, drop, select; everything from i32.eqz to
        // i64.extend32_s.
        0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 => 0,
        // block, loop, if: without a type (0x40), or with one of the number types.
        0x02..=0x04 => match rest.first()? {
            0x40 | 0x7b..=0x7f => 1,
            _ => return None,
        },
        // br, br_if, call, local.*, global.*: an index.
        0x0c | 0x0d | 0x10 | 0x20..=0x24 => unsigned(rest)?,
        // Loads and stores: alignment and offset. Bit 6 of the alignment announces a memory index.
        0x28..=0x3e => match rest.split_first()? {
            (0..0x40, offset) => unsigned(offset)?.checked_add(1)?,
            _ => return None,
        },
        // i32.const, i64.const.
        0x41 | 0x42 => signed(rest)?,
        // f32.const, f64.const.
        0x43 => 4,
        0x44 => 8,
        _ => return None,
    };
    let length = immediates.checked_add(1)?;
    (length <= code.len()).then_some(length)
}

/// Length of an unsigned LEB128 integer in shortest form.
#[inline]
fn unsigned(bytes: &[u8]) -> Option<usize> {
    let more = bytes.iter().take_while(|byte| **byte >= 0x80).count();
    let last = *bytes.get(more)?;
    (more == 0 || last != 0).then_some(more.checked_add(1)?)
}

/// Length of a signed LEB128 integer in shortest form: the last byte is not a mere repetition of
/// the sign before it.
#[inline]
fn signed(bytes: &[u8]) -> Option<usize> {
    let more = bytes.iter().take_while(|byte| **byte >= 0x80).count();
    let last = *bytes.get(more)?;
    if let Some(before) = more.checked_sub(1).and_then(|at| bytes.get(at)) {
        let is_negative = before & 0x40 != 0;
        if last == if is_negative { 0x7f } else { 0x00 } {
            return None;
        }
    }
    more.checked_add(1)
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
        ] {
            assert_eq!(canonical_length(code), Some(length), "{code:x?}");
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
            &[0xfc, 0x00],
            &[0xd0, 0x70],
        ] {
            assert_eq!(canonical_length(code), None, "{code:x?}");
        }
    }
}
