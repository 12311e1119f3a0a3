//! Reads the raw bytes of a valid module, and notes where an integer is longer than it need be.

use super::super::Error;
use super::super::freedom::Freedom;

/// The first freedom that was taken wrongly, or a place where a valid module cannot be read.
///
/// Small, because it travels through the loop over all operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// Byte offset in the module.
    pub(super) at: usize,
    kind: Kind,
    what: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Freedom(Freedom),
    /// The checker could not read on, which a module that validated does not cause.
    Unread,
    /// Too many parameters.
    Wide,
}

impl Fault {
    /// `freedom` was taken in the wrong way at `at`.
    pub(super) const fn freedom(at: usize, freedom: Freedom, what: &'static str) -> Self {
        Self { at, kind: Kind::Freedom(freedom), what }
    }

    /// The checker does not know what stands at `at`.
    pub(super) const fn unread(at: usize) -> Self {
        Self { at, kind: Kind::Unread, what: "the checker cannot read what stands here" }
    }

    /// A block with more parameters than NaNs are followed through.
    pub(super) const fn wide(at: usize) -> Self {
        Self { at, kind: Kind::Wide, what: "the block" }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let offset = fault.at as u64;
        match fault.kind {
            Kind::Freedom(freedom) => Self::NotCanonical { offset, freedom, what: fault.what },
            Kind::Unread => Self::Malformed { offset, what: fault.what.to_owned() },
            Kind::Wide => Self::TooWide { what: fault.what, of: "parameters", offset },
        }
    }
}

/// A place in the bytes of a module, and an end that it does not pass.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At `from`, before `to`, in the bytes of the whole module.
    pub(super) fn new(module: &'a [u8], from: usize, to: usize) -> Self {
        Self { bytes: module.get(..to).unwrap_or(module), at: from }
    }

    /// Offset in the module.
    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether the end is reached.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The next four bytes, without a step: one load.
    #[inline(always)]
    pub(super) fn next_four(&self) -> Option<u32> {
        self.bytes.get(self.at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// Passes `length` bytes, if there are so many.
    #[inline(always)]
    pub(super) fn pass(&mut self, length: u8) -> bool {
        let end = self.at + usize::from(length);
        let is_there = end <= self.bytes.len();
        if is_there {
            self.at = end;
        }
        is_there
    }

    /// The next byte, without a step.
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline(always)]
    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        match self.bytes.get(self.at) {
            Some(byte) => {
                self.at += 1;
                Ok(*byte)
            }
            None => Err(Fault::unread(self.at)),
        }
    }

    /// The next `length` bytes.
    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let end = self.at.checked_add(length).ok_or(Fault::unread(self.at))?;
        let taken = self.bytes.get(self.at..end).ok_or(Fault::unread(self.at))?;
        self.at = end;
        Ok(taken)
    }

    /// A cursor over the next `length` bytes, which this one passes.
    pub(super) fn part(&mut self, length: usize) -> Result<Self, Fault> {
        let from = self.at;
        self.take(length)?;
        Ok(Self { bytes: self.bytes.get(..self.at).unwrap_or(self.bytes), at: from })
    }

    /// All bytes until the end.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// A length and that many bytes: a name, or the contents of a data segment.
    pub(super) fn sized(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.index()?;
        self.take(length as usize)
    }

    /// An unsigned integer of 32 bits.
    #[inline(always)]
    pub(super) fn index(&mut self) -> Result<u32, Fault> {
        let at = self.at;
        let value = self.unsigned()?;
        u32::try_from(value).map_err(|_| Fault::unread(at))
    }

    /// An unsigned integer.
    #[inline(always)]
    pub(super) fn unsigned(&mut self) -> Result<u64, Fault> {
        let byte = self.byte()?;
        if byte < 0x80 {
            return Ok(u64::from(byte));
        }
        // Two bytes are frequent: numbers of functions, offsets.
        match self.bytes.get(self.at) {
            Some(second @ 1..0x80) => {
                self.at += 1;
                Ok(u64::from(byte & 0x7f) | u64::from(*second) << 7)
            }
            _ => self.long(byte),
        }
    }

    /// Passes a signed integer of any width.
    #[inline(always)]
    pub(super) fn signed(&mut self) -> Result<(), Fault> {
        match self.bytes.get(self.at) {
            Some(byte) if *byte < 0x80 => {
                self.at += 1;
                Ok(())
            }
            _ => self.long_signed(),
        }
    }

    /// Passes a byte and the signed integer of two to seven bytes that follows it, if that is one in
    /// its shortest form and not at the very end.
    #[inline(always)]
    pub(super) fn pass_with_signed(&mut self) -> bool {
        /// The highest bits of seven bytes.
        const GOES_ON: u64 = 0x0080_8080_8080_8080;
        let Some(bytes) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) else {
            return false;
        };
        let word = u64::from_le_bytes(*bytes) >> 8;
        let before = (!word & GOES_ON).trailing_zeros() & !7;
        if !(8..56).contains(&before) {
            return false;
        }
        let last = word >> before & 0x7f;
        let sign = word >> (before - 2) & 1;
        let is_short = last != sign * 0x7f;
        if is_short {
            self.at += 2 + before as usize / 8;
        }
        is_short
    }

    #[inline(never)]
    fn long_signed(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let mut before = 0;
        loop {
            let byte = self.byte()?;
            if byte < 0x80 {
                let repeats_sign =
                    (byte == 0 && before & 0x40 == 0) || (byte == 0x7f && before & 0x40 != 0);
                if self.at - start > 1 && repeats_sign {
                    return Err(Fault::freedom(start, Freedom::Leb128, LONG));
                }
                return Ok(());
            }
            before = byte;
        }
    }

    /// A type index where a heap type or block type may stand: a signed integer of 33 bits.
    pub(super) fn signed_index(&mut self) -> Result<u32, Fault> {
        let start = self.at;
        self.signed()?;
        let bytes = self.bytes.get(start..self.at).unwrap_or_default();
        let value =
            bytes.iter().rev().fold(0_u64, |value, byte| (value << 7) | u64::from(byte & 0x7f));
        u32::try_from(value).map_err(|_| Fault::unread(start))
    }

    /// The bytes between two offsets.
    pub(super) fn between(&self, from: usize, to: usize) -> &'a [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    #[inline(never)]
    fn long(&mut self, first: u8) -> Result<u64, Fault> {
        let start = self.at.saturating_sub(1);
        let mut value = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                if byte == 0 {
                    return Err(Fault::freedom(start, Freedom::Leb128, LONG));
                }
                return Ok(value);
            }
        }
        Err(Fault::unread(start))
    }
}

const LONG: &str = "an integer in more bytes than it needs";

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: canonical-1
    #[test]
    fn longer_integers_than_needed_are_found() {
        let unsigned: [(&[u8], bool); 7] = [
            (b"\0", true),
            (b"\x7f", true),
            (b"\x80\x01", true),
            (b"\xff\xff\xff\xff\x0f", true),
            (b"\x80\0", false),
            (b"\xff\0", false),
            (b"\x80\x81\0", false),
        ];
        for (bytes, short) in unsigned {
            assert_eq!(Cursor::new(bytes, 0, bytes.len()).unsigned().is_ok(), short, "{bytes:x?}");
        }
        let signed: [(&[u8], bool); 9] = [
            (b"\x7f", true),
            (b"\xc0\0", true),
            (b"\xbf\x7f", true),
            (b"\x80\x80\x80\x80\x78", true),
            (b"\xff\xff\xff\xff\x07", true),
            (b"\xff\x7f", false),
            (b"\xbf\0", false),
            (b"\xff\xff\xff\xff\x7f", false),
            (b"\x80\0", false),
        ];
        for (bytes, short) in signed {
            assert_eq!(Cursor::new(bytes, 0, bytes.len()).signed().is_ok(), short, "{bytes:x?}");
        }
    }
}
