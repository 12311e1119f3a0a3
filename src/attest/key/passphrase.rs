//! What an encrypted private key is unlocked with.

use super::super::Error;
use crate::limits;
use std::fmt;
use zeroize::Zeroizing;

/// A passphrase: bytes that are wiped when it is dropped, of which printing shows none.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes a passphrase as it is. No other tool may read it differently, so one with control
    /// characters (a line end of another system, a NUL) is refused rather than trimmed.
    ///
    /// # Errors
    /// [`Error::PassphraseUnfit`] when it is empty, too long, or has control characters.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        let unfit = |why| Err(Error::PassphraseUnfit { why });
        if bytes.is_empty() {
            return unfit("it is empty");
        }
        if bytes.len() > limits::PASSPHRASE_BYTES {
            return unfit("it is longer than 1024 bytes");
        }
        if bytes.iter().any(u8::is_ascii_control) {
            return unfit("it has a control character, such as the CR of a CRLF line end");
        }
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }

    /// Whether both are the same; for a passphrase that is typed twice.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    /// covers: trust-73
    #[test]
    fn unfit_passphrases_are_refused() {
        let long = [b'x'; limits::PASSPHRASE_BYTES + 1];
        for bad in [&b""[..], b"a\r", b"a\0b", b"\x7f", &long] {
            assert_eq!(Passphrase::new(bad).unwrap_err().reason(), Reason::PassphraseUnfit);
        }
        for good in ["x", "two words", "grün", " "] {
            assert!(Passphrase::new(good.as_bytes()).is_ok(), "{good:?}");
        }
        assert!(Passphrase::new(&long[1..]).is_ok());
    }

    #[test]
    fn nothing_of_a_passphrase_is_printed() {
        let passphrase = Passphrase::new(b"hunter2").unwrap();
        assert_eq!(format!("{passphrase:?}"), "Passphrase(..)");
    }
}
