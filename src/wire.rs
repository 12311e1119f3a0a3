//! Binary reader and writer: LEB128 integers (Wasm specification, §5.2.2) and byte strings.
//!
//! The reader accepts only the shortest encoding of an integer, so that a value has one form.

/// Why bytes could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The input ended inside a value.
    #[error("the input ends at byte {offset}, inside {what}")]
    End {
        /// Offset of the end.
        offset: usize,
        /// What was being read.
        what: &'static str,
    },
    /// An integer is longer than it need be, or does not fit.
    #[error("{what} at byte {offset} is not a shortest-form integer in range")]
    Integer {
        /// Offset of the integer.
        offset: usize,
        /// What was being read.
        what: &'static str,
    },
    /// A length is above its limit.
    #[error("{what} at byte {offset} is {found} bytes long, the limit is {limit}")]
    TooLong {
        /// Offset of the length.
        offset: usize,
        /// What was being read.
        what: &'static str,
        /// The length found.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// Text that is not UTF-8.
    #[error("{what} at byte {offset} is not UTF-8")]
    Utf8 {
        /// Offset of the text.
        offset: usize,
        /// What was being read.
        what: &'static str,
    },
}

/// Appends `value` as unsigned LEB128, shortest form.
pub fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends `value` as zigzag LEB128: small magnitudes of either sign are short.
pub fn put_delta(out: &mut Vec<u8>, value: i64) {
    put_u64(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Appends a length and the bytes.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A cursor over bytes that knows its offset.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their start.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Reads `bytes` from `offset` on; offsets count from the start of `bytes`.
    #[must_use]
    pub fn starting_at(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, at: offset.min(bytes.len()) }
    }

    /// Offset of the next byte.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Whether everything was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Bytes that are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The next byte.
    ///
    /// # Errors
    /// At the end of the input.
    #[inline]
    pub fn u8(&mut self, what: &'static str) -> Result<u8, WireError> {
        let byte = *self.bytes.get(self.at).ok_or(WireError::End { offset: self.at, what })?;
        self.at += 1;
        Ok(byte)
    }

    /// An unsigned LEB128 integer in shortest form.
    ///
    /// # Errors
    /// At the end of the input, for an over-long form, or above 64 bits.
    #[inline]
    pub fn u64(&mut self, what: &'static str) -> Result<u64, WireError> {
        let start = self.at;
        // Most integers are one byte long.
        if let Some(&byte) = self.bytes.get(start)
            && byte < 0x80
        {
            self.at = start + 1;
            return Ok(u64::from(byte));
        }
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.u8(what)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                if byte == 0 && shift > 0 {
                    break;
                }
                return Ok(value);
            }
        }
        Err(WireError::Integer { offset: start, what })
    }

    /// A zigzag LEB128 integer, the inverse of [`put_delta`].
    ///
    /// # Errors
    /// As [`Reader::u64`].
    #[inline]
    pub fn delta(&mut self, what: &'static str) -> Result<i64, WireError> {
        let raw = self.u64(what)?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// When fewer are left.
    #[inline]
    pub fn take(&mut self, len: usize, what: &'static str) -> Result<&'a [u8], WireError> {
        let bytes = self
            .at
            .checked_add(len)
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or(WireError::End { offset: self.bytes.len(), what })?;
        self.at += len;
        Ok(bytes)
    }

    /// Exactly `N` bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], WireError> {
        let bytes = self.take(N, what)?;
        bytes.try_into().map_err(|_| WireError::End { offset: self.at, what })
    }

    /// A length of at most `limit` and that many bytes.
    ///
    /// # Errors
    /// As [`Reader::u64`], above the limit, or when fewer bytes are left.
    pub fn bytes(&mut self, limit: u64, what: &'static str) -> Result<&'a [u8], WireError> {
        let offset = self.at;
        let found = self.u64(what)?;
        if found > limit {
            return Err(WireError::TooLong { offset, what, found, limit });
        }
        let len = usize::try_from(found).map_err(|_| WireError::Integer { offset, what })?;
        self.take(len, what)
    }

    /// As [`Reader::bytes`], and UTF-8.
    ///
    /// # Errors
    /// As [`Reader::bytes`], or when the bytes are not UTF-8.
    pub fn text(&mut self, limit: u64, what: &'static str) -> Result<&'a str, WireError> {
        let offset = self.at;
        std::str::from_utf8(self.bytes(limit, what)?).map_err(|_| WireError::Utf8 { offset, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_one_form() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_u64(&mut out, value);
            let mut reader = Reader::new(&out);
            assert_eq!(reader.u64("value"), Ok(value));
            assert!(reader.is_empty());
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            put_delta(&mut out, value);
            assert_eq!(Reader::new(&out).delta("value"), Ok(value));
        }
        for bad in [&[0x80, 0][..], &[0xff; 10], &[0x80; 11], &[0x80], &[]] {
            assert!(Reader::new(bad).u64("value").is_err(), "{bad:?} was taken");
        }
    }
}
