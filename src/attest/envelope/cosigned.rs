//! One more signature in an envelope that others wrote.

use super::{Envelope, Signature, malformed, within_limit};
use crate::attest::{DetachedSignature, Error, PrivateKey, PublicKey, Trust};
use crate::json::{self, Value};
use crate::limits;

impl Envelope {
    /// The envelope in `bytes` with one more signature, by `key`. The payload's spelling, the other
    /// signatures and members that we do not know stay; white space does not, but for a line end.
    /// `None` when this key has signed already.
    ///
    /// # Errors
    /// As [`Envelope::parse`] and [`Envelope::verify`]; [`Error::Unsigned`] when nobody has signed;
    /// [`Error::EnvelopeMalformed`] and [`Error::TooLarge`] when there is no room.
    pub fn cosigned(bytes: &[u8], key: &PrivateKey) -> Result<Option<Vec<u8>>, Error> {
        Self::extended(bytes, &key.public(), |message| Ok(key.sign(message)))
    }

    /// As [`Envelope::cosigned`], with a signature of `key` that was made elsewhere.
    ///
    /// # Errors
    /// As there, and [`Error::SignatureInvalid`] when it does not verify by the strict rules.
    pub fn cosigned_elsewhere(
        bytes: &[u8],
        key: &PublicKey,
        signature: &DetachedSignature,
    ) -> Result<Option<Vec<u8>>, Error> {
        Self::extended(bytes, key, |message| match signature.bytes() {
            sig if key.verifies(message, sig) => Ok(*sig),
            _ => Err(Error::SignatureInvalid { key: key.id() }),
        })
    }

    fn extended(
        bytes: &[u8],
        key: &PublicKey,
        sign: impl FnOnce(&[u8]) -> Result<[u8; 64], Error>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let envelope = Self::parse(bytes)?;
        let trust = Trust::from_keys([("the key".to_owned(), *key)])?;
        match envelope.verify(&trust) {
            Ok(_) => return Ok(None),
            Err(Error::SignatureUntrusted { .. }) => {}
            Err(other) => return Err(other),
        }
        if envelope.signatures.len() >= limits::SIGNATURES {
            return Err(malformed("signatures", "has no room for another: 1024 is the limit"));
        }
        let signature = Signature {
            keyid: Some(key.id().hex()),
            sig: sign(envelope.payload.message())?.to_vec(),
        };
        let mut value = json::parse(bytes).map_err(Error::EnvelopeJson)?;
        let Some(Value::Array(signatures)) = value.get_mut("signatures") else {
            return Err(malformed("signatures", "is not an array"));
        };
        signatures.push(signature.to_value());
        let mut signed = json::to_jcs(&value)
            .map_err(|source| Error::Unwritable { what: "envelope", source })?;
        if bytes.ends_with(b"\n") {
            signed.push(b'\n');
        }
        within_limit(&signed)?;
        Ok(Some(signed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::{PAYLOAD_TYPE, pae};

    /// covers: envelope-45
    #[test]
    fn everything_else_stays_and_a_key_signs_once() {
        let [a, b] = [(); 2].map(|()| PrivateKey::generate().unwrap());
        let first = Envelope::sign(b"{\"a\":1}".to_vec(), &[&a]).to_bytes().unwrap();
        let text = String::from_utf8(first.clone()).unwrap();
        let odd = text.replace("{\"keyid\"", "{ \"cert\": [1], \"keyid\"");
        let odd = odd.replacen('{', "{\"extra\":{\"x\":\"y\"},", 1) + "\n";
        let signed = Envelope::cosigned(odd.as_bytes(), &b).unwrap().unwrap();
        let both = String::from_utf8(signed.clone()).unwrap();
        for part in ["\"extra\":{\"x\":\"y\"}", "\"cert\":[1]", "\n"] {
            assert!(both.contains(part), "{part} is gone: {both}");
        }
        let named = [("a", &a), ("b", &b)].map(|(name, key)| (name.to_owned(), key.public()));
        let trust = Trust::from_keys(named).unwrap();
        let verified = Envelope::parse(&signed).unwrap().verify(&trust).unwrap();
        assert_eq!(verified.by().len(), 2);
        assert_eq!(verified.as_bytes(), b"{\"a\":1}");
        for key in [&a, &b] {
            assert!(Envelope::cosigned(&signed, key).unwrap().is_none());
        }
        let mut expected = Envelope::parse(&first).unwrap();
        expected.add_signature(&b);
        let plain = Envelope::cosigned(&first, &b).unwrap().unwrap();
        assert_eq!(plain, expected.to_bytes().unwrap());
        let elsewhere = |payload: &[u8]| {
            let sig = DetachedSignature::parse(&b.sign(&pae(PAYLOAD_TYPE, payload))).unwrap();
            Envelope::cosigned_elsewhere(&first, &b.public(), &sig)
        };
        assert_eq!(elsewhere(b"{\"a\":1}").unwrap().unwrap(), plain);
        assert!(matches!(elsewhere(b"{\"a\":2}"), Err(Error::SignatureInvalid { .. })));
        let unsigned = Envelope::unsigned(b"x".to_vec()).to_bytes().unwrap();
        assert!(matches!(Envelope::cosigned(&unsigned, &a), Err(Error::Unsigned)));
        let key = PrivateKey::generate().unwrap();
        let mut full = Envelope::unsigned(b"x".to_vec());
        let forged = |n: u16| Signature { keyid: None, sig: [n.to_le_bytes(); 32].concat() };
        full.signatures.extend((0..1024).map(forged));
        let error = Envelope::cosigned(&full.to_bytes().unwrap(), &key).unwrap_err();
        assert!(error.to_string().contains("no room"), "{error}");
    }
}
