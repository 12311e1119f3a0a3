//! How a receipt's digests of inputs and file transfers are made (`spec/receipt.md`, "Digests").

use super::{Bytes, FileUse, Strings};
use crate::digest::{DataDigest, Sha256};

/// A running digest of bytes behind a salt.
///
/// The salt lies in the trace, so that whoever has the receipt alone cannot try out what short
/// inputs were.
#[derive(Debug, Clone)]
pub struct SaltedBytes {
    hash: Sha256,
    bytes: u64,
}

impl SaltedBytes {
    /// No bytes yet, behind `salt`.
    #[must_use]
    pub fn new(salt: &[u8; 32]) -> Self {
        let mut hash = Sha256::new();
        hash.update(salt);
        Self { hash, bytes: 0 }
    }

    /// Appends bytes that were delivered.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
    }

    /// The count and digest of all bytes.
    #[must_use]
    pub fn finish(self) -> Bytes {
        Bytes { bytes: self.bytes, sha256: DataDigest::from_bytes(self.hash.finish()) }
    }
}

impl Strings {
    /// The count and digest of `strings` behind `salt`. Each string goes in as its length in bytes
    /// (8 bytes, little-endian) and its UTF-8 bytes, so that no two lists hash alike.
    #[must_use]
    pub fn of<S: AsRef<str>>(salt: &[u8; 32], strings: impl IntoIterator<Item = S>) -> Self {
        let mut hash = SaltedBytes::new(salt);
        let mut count = 0_u64;
        for string in strings {
            let bytes = string.as_ref().as_bytes();
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
            count = count.saturating_add(1);
        }
        Self { count, sha256: hash.finish().sha256 }
    }
}

/// A running digest of the transfers from or to one file, in the order of their calls.
#[derive(Debug, Clone, Default)]
pub struct Transfers {
    hash: Sha256,
    bytes: u64,
}

impl Transfers {
    /// What stands for an offset that is not known: the write was appended.
    pub const APPENDED: u64 = u64::MAX;

    /// No transfers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one transfer: the offset in the file and the length, each as 8 bytes little-endian,
    /// and the bytes that were delivered or accepted. A transfer of no bytes counts too.
    pub fn update(&mut self, offset: u64, bytes: &[u8]) {
        let length = bytes.len() as u64;
        self.hash.update(&offset.to_le_bytes());
        self.hash.update(&length.to_le_bytes());
        self.hash.update(bytes);
        self.bytes = self.bytes.saturating_add(length);
    }

    /// What the receipt says of the file at `path`.
    #[must_use]
    pub fn finish(self, path: &str) -> FileUse {
        FileUse {
            path: path.to_owned(),
            bytes: self.bytes,
            sha256: DataDigest::from_bytes(self.hash.finish()),
        }
    }
}

impl Bytes {
    /// The count and digest of `bytes`, without a salt.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, sha256: DataDigest::of(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: receipt-9, receipt-10, receipt-11
    #[test]
    fn digests_are_of_the_bytes_that_the_spec_names() {
        let salt = [7; 32];
        let strings = Strings::of(&salt, ["a", "bc"]);
        let spelled =
            [&salt[..], &[1, 0, 0, 0, 0, 0, 0, 0, b'a'], &[2, 0, 0, 0, 0, 0, 0, 0], b"bc"];
        assert_eq!(strings.sha256, DataDigest::of(&spelled.concat()));
        assert_eq!(strings.count, 2);
        assert_ne!(Strings::of(&salt, ["ab", "c"]).sha256, strings.sha256);

        let mut stdin = SaltedBytes::new(&salt);
        stdin.update(b"x");
        stdin.update(b"y");
        let expected = Bytes { bytes: 2, sha256: DataDigest::of(&[&salt[..], b"xy"].concat()) };
        assert_eq!(stdin.finish(), expected);

        let mut transfers = Transfers::new();
        transfers.update(3, b"x");
        transfers.update(Transfers::APPENDED, b"");
        let spelled =
            [&[3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, b'x'][..], &[0xff; 8], &[0; 8]];
        let file = transfers.finish("/f");
        assert_eq!((file.bytes, file.sha256), (1, DataDigest::of(&spelled.concat())));
    }
}
