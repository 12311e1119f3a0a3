//! Reads a module's bytes and writes them anew, one number or byte at a time.

use super::typing::Naming;
use crate::wasm::Error;
use crate::wasm::freedom::{Changes, Freedom};
use crate::wasm::numbers::{read_signed, read_unsigned, signed_length, unsigned_length};
use crate::wasm::numbers::{write_signed, write_unsigned};
use crate::wasm::offsets::Offsets;

/// A reader of old bytes and writer of new ones, which keeps account of what that saves and where
/// each byte comes from.
///
/// The bytes are expected to be valid; where they are not, an error says so, or the result is not
/// valid either.
pub(super) struct Scribe<'m> {
    /// The whole module.
    pub(super) bytes: &'m [u8],
    /// The next byte to read.
    pub(super) at: usize,
    /// Where reading ends.
    pub(super) end: usize,
    /// What was written.
    pub(super) out: Vec<u8>,
    /// From offsets in `out` to offsets in the module.
    pub(super) offsets: Offsets,
    pub(super) changes: Changes,
    /// How type indices are written.
    pub(super) naming: Naming<'m>,
    /// Classes of types that were met: all of them in keys, otherwise those without a number.
    pub(super) met: Vec<u32>,
    /// Whether something was read that needs a data count.
    pub(super) needs_data_count: bool,
    /// Sum of all that was saved.
    saved: i64,
}

/// The state of the books at the beginning of a construct.
pub(super) struct Opened {
    at: usize,
    written: usize,
    saved: i64,
}

impl<'m> Scribe<'m> {
    pub(super) fn new(bytes: &'m [u8], range: std::ops::Range<usize>, naming: Naming<'m>) -> Self {
        Self {
            bytes,
            at: range.start,
            end: range.end.min(bytes.len()),
            out: Vec::new(),
            offsets: Offsets::default(),
            changes: Changes::default(),
            naming,
            met: Vec::new(),
            needs_data_count: false,
            saved: 0,
        }
    }

    /// Another one at the same place, to look ahead with.
    pub(super) fn fork(&self) -> Self {
        Self::new(self.bytes, self.at..self.end, self.naming.fork())
    }

    /// Says that what is written next comes from what is read next.
    #[inline]
    pub(super) fn mark(&mut self) {
        self.offsets.copied(self.out.len() as u64, self.at as u64);
    }

    /// Notes that `times` places saved `saved` bytes together.
    pub(super) fn note(&mut self, freedom: Freedom, times: u64, saved: i64) {
        if times == 0 && saved == 0 {
            return;
        }
        self.changes.add(freedom, times, saved);
        self.saved = self.saved.saturating_add(saved);
    }

    /// Opens an account for [`Scribe::settle`].
    pub(super) fn open(&self) -> Opened {
        Opened { at: self.at, written: self.out.len(), saved: self.saved }
    }

    /// Puts down to `freedom` what was saved since `opened` and not noted otherwise, at `times`
    /// places.
    pub(super) fn settle(&mut self, opened: &Opened, freedom: Freedom, times: u64) {
        let read = difference(self.at, opened.at);
        let written = difference(self.out.len(), opened.written);
        let rest = read - written - (self.saved - opened.saved);
        self.note(freedom, times, rest);
    }

    /// What was saved so far, for [`Scribe::restore`].
    pub(super) fn books(&self) -> (Changes, i64) {
        (self.changes, self.saved)
    }

    /// Forgets what was saved since.
    pub(super) fn restore(&mut self, books: (Changes, i64)) {
        (self.changes, self.saved) = books;
    }

    /// Sum of what was saved so far.
    pub(super) fn saved(&self) -> i64 {
        self.saved
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.end
    }

    /// The validator knows more than the language that is accepted, and lets some of it pass.
    pub(super) fn fault(&self, what: &str) -> Error {
        Error::Malformed { offset: self.at as u64, what: what.to_owned() }
    }

    /// What is left to read.
    #[inline]
    pub(super) fn rest(&self) -> &'m [u8] {
        self.bytes.get(self.at..self.end).unwrap_or_default()
    }

    /// The next byte, which stays to be read.
    #[inline]
    pub(super) fn peek(&self) -> Result<u8, Error> {
        self.rest().first().copied().ok_or_else(|| self.fault("unexpected end"))
    }

    /// Reads a byte.
    #[inline]
    pub(super) fn skip(&mut self) -> Result<u8, Error> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// Writes a byte.
    #[inline]
    pub(super) fn put(&mut self, byte: u8) {
        self.out.push(byte);
    }

    /// Copies a byte.
    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, Error> {
        let byte = self.skip()?;
        self.put(byte);
        Ok(byte)
    }

    /// Copies `length` bytes.
    pub(super) fn copy(&mut self, length: u64) -> Result<(), Error> {
        let length = usize::try_from(length).map_err(|_| self.fault("unexpected end"))?;
        let rest = self.rest().get(..length);
        let rest = rest.ok_or_else(|| self.fault("unexpected end"))?;
        self.out.extend_from_slice(rest);
        self.at += length;
        Ok(())
    }

    /// Reads an unsigned integer.
    #[inline]
    pub(super) fn read_unsigned(&mut self) -> Result<u64, Error> {
        let read = read_unsigned(self.rest());
        let (value, length) = read.ok_or_else(|| self.fault("malformed integer"))?;
        self.at += length;
        Ok(value)
    }

    /// Reads an index or count.
    pub(super) fn read_index(&mut self) -> Result<u32, Error> {
        let value = self.read_unsigned()?;
        u32::try_from(value).map_err(|_| self.fault("an integer is too large"))
    }

    /// Reads the type index of a heap type or block type.
    pub(super) fn read_type(&mut self) -> Result<u32, Error> {
        let read = read_signed(self.rest());
        let (value, length) = read.ok_or_else(|| self.fault("malformed integer"))?;
        let value = u32::try_from(value).map_err(|_| self.fault("malformed type index"))?;
        self.at += length;
        Ok(value)
    }

    /// Writes an unsigned integer.
    #[inline]
    pub(super) fn put_unsigned(&mut self, value: u64) {
        write_unsigned(&mut self.out, value);
    }

    /// Copies an unsigned integer.
    #[inline]
    pub(super) fn unsigned(&mut self) -> Result<u64, Error> {
        let start = self.at;
        let value = self.read_unsigned()?;
        self.put_unsigned(value);
        self.shortened(start, unsigned_length(value));
        Ok(value)
    }

    /// Copies a signed integer.
    pub(super) fn signed(&mut self) -> Result<i64, Error> {
        let start = self.at;
        let read = read_signed(self.rest());
        let (value, length) = read.ok_or_else(|| self.fault("malformed integer"))?;
        self.at += length;
        write_signed(&mut self.out, value);
        self.shortened(start, signed_length(value));
        Ok(value)
    }

    /// Copies a vector: its count, then each item by `item`.
    pub(super) fn items(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for _ in 0..self.unsigned()? {
            self.mark();
            item(self)?;
        }
        Ok(())
    }

    /// Notes that the integer read from `start` on needed `length` bytes.
    #[inline]
    pub(super) fn shortened(&mut self, start: usize, length: usize) {
        let saved = difference(self.at - start, length);
        if saved != 0 {
            self.note(Freedom::Leb128, 1, saved);
        }
    }
}

/// `a - b`; both are lengths within one module.
pub(super) fn difference(a: usize, b: usize) -> i64 {
    i64::try_from(a).unwrap_or(i64::MAX) - i64::try_from(b).unwrap_or(i64::MAX)
}
