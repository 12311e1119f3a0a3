//! DSSE v1 envelopes (`spec/envelope.md`).

mod cosigned;

use super::error::cut;
use super::{
    DetachedSignature, Error, PAYLOAD_TYPE, Payload, PrivateKey, PublicKey, Trust, Verified, base64,
};
use crate::digest::KeyId;
use crate::json::{self, Lenient, Map, Take, Value, each, members};
use crate::limits;
use serde::de::{MapAccess, SeqAccess};
use std::borrow::Cow;

/// A payload and signatures over it, none of which has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload: Payload,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    /// An unauthenticated hint.
    keyid: Option<String>,
    sig: Vec<u8>,
}

impl Envelope {
    /// An envelope without signatures.
    #[must_use]
    pub fn unsigned(payload: Vec<u8>) -> Self {
        Self { payload: Payload::new(&payload), signatures: Vec::new() }
    }

    /// An envelope signed by each of `keys`, in their order.
    #[must_use]
    pub fn sign(payload: Vec<u8>, keys: &[&PrivateKey]) -> Self {
        let mut envelope = Self::unsigned(payload);
        for key in keys {
            envelope.add_signature(key);
        }
        envelope
    }

    /// Adds the signature of `key`; nothing changes when it is there already.
    pub fn add_signature(&mut self, key: &PrivateKey) {
        let signature = Signature {
            keyid: Some(key.public().id().hex()),
            sig: key.sign(self.payload.message()).to_vec(),
        };
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }

    /// Adds a signature that was made elsewhere, if it is that of `key` over this payload; nothing
    /// changes when it is there already.
    ///
    /// # Errors
    /// [`Error::SignatureInvalid`] when it does not verify by the strict rules.
    pub fn attach(&mut self, key: &PublicKey, signature: &DetachedSignature) -> Result<(), Error> {
        let sig = signature.bytes();
        if !key.verifies(self.payload.message(), sig) {
            return Err(Error::SignatureInvalid { key: key.id() });
        }
        let signature = Signature { keyid: Some(key.id().hex()), sig: sig.to_vec() };
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
        Ok(())
    }

    /// Reads the JSON form. Nothing of the payload is looked at, and nothing is verified.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::EnvelopeJson`], [`Error::EnvelopeMalformed`], and
    /// [`Error::PayloadType`] before anything is decoded.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        within_limit(bytes)?;
        let Lenient(parts) = json::from_slice(bytes).map_err(Error::EnvelopeJson)?;
        let Parts { payload_type, payload, signatures } =
            parts.ok_or_else(|| malformed("$", "is not an object"))?;
        let not_text = |path| malformed(path, "is not text");
        let payload_type = payload_type.ok_or_else(|| not_text("payloadType"))?;
        if payload_type != PAYLOAD_TYPE {
            return Err(Error::PayloadType { found: cut(&payload_type) });
        }
        let Some(Signatures(signatures)) = signatures else {
            return Err(malformed("signatures", "is not an array"));
        };
        if signatures.len() > limits::SIGNATURES {
            return Err(malformed("signatures", "has more than 1024 elements"));
        }
        let payload = payload.ok_or_else(|| not_text("payload"))?;
        let payload =
            Payload::from_base64(&payload).ok_or_else(|| malformed("payload", NOT_BASE64))?;
        let signatures =
            signatures.into_iter().enumerate().map(Signature::read).collect::<Result<_, _>>()?;
        Ok(Self { payload, signatures })
    }

    /// The JSON form: canonical (RFC 8785), one line, without a line end.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for one that no reader would take; [`Error::Unwritable`], which does not
    /// happen for text and bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let signatures: Vec<Value> = self.signatures.iter().map(Signature::to_value).collect();
        let value = json::json!({
            "payload": base64::encode(self.payload.as_bytes()),
            "payloadType": PAYLOAD_TYPE,
            "signatures": signatures,
        });
        let bytes = json::to_jcs(&value)
            .map_err(|source| Error::Unwritable { what: "envelope", source })?;
        within_limit(&bytes)?;
        Ok(bytes)
    }

    /// The payload, if at least one signature over it verifies under a key in `trust`.
    ///
    /// Each trusted key counts once, however many signatures it made. Key ids decide which
    /// signature a key tries first, and nothing else.
    ///
    /// # Errors
    /// [`Error::Unsigned`] without signatures; [`Error::TooLarge`] when trying would take too long;
    /// [`Error::SignatureUntrusted`] when none verifies.
    pub fn verify(&self, trust: &Trust) -> Result<Verified<Payload>, Error> {
        if self.signatures.is_empty() {
            return Err(Error::Unsigned);
        }
        let message = self.payload.message();
        self.bound_work(trust)?;
        let signed = |key: &PublicKey| {
            if let [only] = self.signatures.as_slice() {
                return key.verifies(message, &only.sig);
            }
            let id = key.id().hex();
            let named = |s: &&Signature| s.keyid.as_deref() == Some(id.as_str());
            let (first, then) = (
                self.signatures.iter().filter(named),
                self.signatures.iter().filter(|s| !named(s)),
            );
            first.chain(then).any(|signature| key.verifies(message, &signature.sig))
        };
        let by: Vec<_> = trust.keys().iter().filter(|k| signed(k.key())).cloned().collect();
        if by.is_empty() {
            return Err(Error::SignatureUntrusted {
                signatures: self.signatures.len(),
                keys: trust.keys().len(),
            });
        }
        Ok(Verified::new(self.payload.clone(), by))
    }

    /// Each key may have to try each signature, and each try goes over the whole message: whoever
    /// wrote the envelope chose how many and how long.
    fn bound_work(&self, trust: &Trust) -> Result<(), Error> {
        // One key and one signature are never too much: the size of an envelope is bounded.
        match self.tries(trust) {
            0 | 1 => Ok(()),
            _ => within_work(self.work(trust)),
        }
    }

    fn tries(&self, trust: &Trust) -> u64 {
        (self.signatures.len() as u64).saturating_mul(trust.keys().len() as u64)
    }

    /// Bytes that all tries go over, or would in the time that they take.
    fn work(&self, trust: &Trust) -> u64 {
        // The curve's part of one verification takes as long as hashing so many bytes.
        const CURVE: u64 = 16 << 10;
        let each = CURVE.saturating_add(self.payload.message().len() as u64);
        self.tries(trust).saturating_mul(each)
    }

    /// The payload that nobody vouches for.
    ///
    /// This is not evidence: anyone can have written it. It serves to show an envelope to a person
    /// (`inspect`) and to replay a receipt whose authenticity is reported as unknown.
    #[must_use]
    pub fn payload_unverified(&self) -> &Payload {
        &self.payload
    }

    /// How many signatures there are, checked or not.
    #[must_use]
    pub fn signature_count(&self) -> usize {
        self.signatures.len()
    }

    /// The signatures' bytes, unchecked, for other tools to check.
    pub fn signature_bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.signatures.iter().map(|signature| signature.sig.as_slice())
    }

    /// The key ids that the signatures claim, for a person to read: hints, not evidence. Only those
    /// that have the form of a key id.
    #[must_use]
    pub fn claimed_key_ids(&self) -> Vec<KeyId> {
        let ids = self.signatures.iter().filter_map(|signature| signature.keyid.as_deref());
        ids.filter_map(|id| KeyId::from_hex(id).ok()).collect()
    }
}

/// Refuses envelopes that lie in one file when trying all their signatures would take too long: whoever
/// hands the file over chose how many there are.
///
/// # Errors
/// [`Error::TooLarge`].
pub fn bound_work<'e>(
    envelopes: impl IntoIterator<Item = &'e Envelope>,
    trust: &Trust,
) -> Result<(), Error> {
    let all = envelopes.into_iter().map(|envelope| envelope.work(trust));
    within_work(all.fold(0, u64::saturating_add))
}

fn within_work(found: u64) -> Result<(), Error> {
    let limit = limits::VERIFY_BYTES;
    if found > limit {
        return Err(Error::TooLarge {
            what: "verification (signatures × keys × bytes)",
            found,
            limit,
        });
    }
    Ok(())
}

fn within_limit(bytes: &[u8]) -> Result<(), Error> {
    let (found, limit) = (bytes.len() as u64, limits::ENVELOPE_BYTES);
    if found > limit {
        return Err(Error::TooLarge { what: "envelope", found, limit });
    }
    Ok(())
}

/// Reads a file of envelopes, one a line (`attestations.intoto.jsonl`). With each comes its line
/// without the line end: the bytes that an [`EnvelopeDigest`](crate::digest::EnvelopeDigest) is of.
/// No bytes are no envelopes.
///
/// # Errors
/// [`Error::TooLarge`]; [`Error::Line`] for the first line that is not an envelope or has no line
/// end.
pub fn parse_lines(bytes: &[u8]) -> Result<Vec<(&[u8], Envelope)>, Error> {
    let (found, limit) = (bytes.len() as u64, limits::ATTESTATIONS_BYTES);
    if found > limit {
        return Err(Error::TooLarge { what: "file of envelopes", found, limit });
    }
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
    lines
        .map(|(index, line)| {
            let line = line.strip_suffix(b"\n");
            line.ok_or_else(|| malformed("$", "the line has no line end"))
                .and_then(|line| Ok((line, Envelope::parse(line)?)))
                .map_err(|source| Error::Line { line: index + 1, source: Box::new(source) })
        })
        .collect()
}

impl Signature {
    fn read((index, Lenient(parts)): (usize, Lenient<SignatureParts<'_>>)) -> Result<Self, Error> {
        let refuse = |name: &str, why| malformed(&format!("signatures[{index}]{name}"), why);
        let SignatureParts { keyid, sig } = parts.ok_or_else(|| refuse("", "is not an object"))?;
        let keyid = match keyid {
            None => None,
            Some(Lenient(Some(keyid))) => Some(keyid.into_owned()),
            Some(Lenient(None)) => return Err(refuse(".keyid", "is not text")),
        };
        let sig = sig.ok_or_else(|| refuse(".sig", "is not text"))?;
        let sig = base64::decode(&sig).ok_or_else(|| refuse(".sig", NOT_BASE64))?;
        Ok(Self { keyid, sig })
    }

    fn to_value(&self) -> Value {
        let mut members = Map::new();
        if let Some(keyid) = &self.keyid {
            members.insert("keyid".to_owned(), keyid.as_str().into());
        }
        members.insert("sig".to_owned(), base64::encode(&self.sig).into());
        Value::Object(members)
    }
}

const NOT_BASE64: &str = "is not canonical padded base64";

/// The members of an envelope, each if it is of its kind.
struct Parts<'de> {
    payload_type: Option<Cow<'de, str>>,
    payload: Option<Cow<'de, str>>,
    signatures: Option<Signatures<'de>>,
}

impl<'de> Take<'de> for Parts<'de> {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        let mut parts = Self { payload_type: None, payload: None, signatures: None };
        members(object, |name, object| {
            match name {
                "payloadType" => parts.payload_type = object.next_value::<Lenient<_>>()?.0,
                "payload" => parts.payload = object.next_value::<Lenient<_>>()?.0,
                "signatures" => parts.signatures = object.next_value::<Lenient<_>>()?.0,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Some(parts))
    }
}

/// As many as an envelope may have, and one more if there are more.
struct Signatures<'de>(Vec<Lenient<SignatureParts<'de>>>);

impl<'de> Take<'de> for Signatures<'de> {
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        let mut all = Vec::new();
        each(list, |one| {
            if all.len() <= limits::SIGNATURES {
                all.push(one);
            }
        })?;
        Ok(Some(Self(all)))
    }
}

struct SignatureParts<'de> {
    keyid: Option<Lenient<Cow<'de, str>>>,
    sig: Option<Cow<'de, str>>,
}

impl<'de> Take<'de> for SignatureParts<'de> {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        let mut parts = Self { keyid: None, sig: None };
        members(object, |name, object| {
            match name {
                "keyid" => parts.keyid = Some(object.next_value()?),
                "sig" => parts.sig = object.next_value::<Lenient<_>>()?.0,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Some(parts))
    }
}

fn malformed(path: &str, why: &'static str) -> Error {
    Error::EnvelopeMalformed { path: path.to_owned(), why }
}

#[cfg(test)]
mod tests;
