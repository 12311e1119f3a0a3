//! DSSE v1 envelopes (`spec/envelope.md`).

use super::error::cut;
use super::{DetachedSignature, Error, PrivateKey, PublicKey, Trust, Verified, base64};
use crate::digest::KeyId;
use crate::json::{self, Map, Value};
use crate::limits;

/// The only payload type that is written and taken.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The bytes inside an envelope, as its signers signed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload(Vec<u8>);

impl Payload {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

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
        Self { payload: Payload(payload), signatures: Vec::new() }
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
            sig: key.sign(&pae(PAYLOAD_TYPE, &self.payload.0)).to_vec(),
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
        if !key.verifies(&pae(PAYLOAD_TYPE, &self.payload.0), sig) {
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
        let Value::Object(members) = json::parse(bytes).map_err(Error::EnvelopeJson)? else {
            return Err(malformed("$", "is not an object"));
        };
        let payload_type = text(&members, "payloadType", "payloadType")?;
        if payload_type != PAYLOAD_TYPE {
            return Err(Error::PayloadType { found: cut(payload_type) });
        }
        let Some(Value::Array(signatures)) = members.get("signatures") else {
            return Err(malformed("signatures", "is not an array"));
        };
        if signatures.len() > limits::SIGNATURES {
            return Err(malformed("signatures", "has more than 1024 elements"));
        }
        let payload = Payload(decoded(&members, "payload", "payload")?);
        let signatures =
            signatures.iter().enumerate().map(Signature::read).collect::<Result<_, _>>()?;
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
            "payload": base64::encode(&self.payload.0),
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
        let message = pae(PAYLOAD_TYPE, &self.payload.0);
        self.bound_work(&message, trust)?;
        let signed = |key: &PublicKey| {
            let id = key.id().hex();
            let named = |s: &&Signature| s.keyid.as_deref() == Some(id.as_str());
            let (first, then) = (
                self.signatures.iter().filter(named),
                self.signatures.iter().filter(|s| !named(s)),
            );
            first.chain(then).any(|signature| key.verifies(&message, &signature.sig))
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
    fn bound_work(&self, message: &[u8], trust: &Trust) -> Result<(), Error> {
        // The curve's part of one verification takes as long as hashing so many bytes.
        const CURVE: u64 = 16 << 10;
        let tries = (self.signatures.len() as u64).saturating_mul(trust.keys().len() as u64);
        let found = tries.saturating_mul(CURVE.saturating_add(message.len() as u64));
        let limit = limits::VERIFY_BYTES;
        // One key and one signature are never too much: the size of an envelope is bounded.
        if tries > 1 && found > limit {
            return Err(Error::TooLarge {
                what: "verification (signatures × keys × bytes)",
                found,
                limit,
            });
        }
        Ok(())
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

/// The bytes that are signed for `payload`: DSSE v1, "Signature Definition", PAE.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload_type.len() + payload.len() + 40);
    for part in ["DSSEv1 ", &payload_type.len().to_string(), " ", payload_type] {
        out.extend_from_slice(part.as_bytes());
    }
    out.extend_from_slice(format!(" {} ", payload.len()).as_bytes());
    out.extend_from_slice(payload);
    out
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
    fn read((index, value): (usize, &Value)) -> Result<Self, Error> {
        let path = |name: &str| format!("signatures[{index}]{name}");
        let Value::Object(members) = value else {
            return Err(malformed(&path(""), "is not an object"));
        };
        let keyid = match members.get("keyid") {
            None => None,
            Some(_) => Some(text(members, "keyid", &path(".keyid"))?.to_owned()),
        };
        Ok(Self { keyid, sig: decoded(members, "sig", &path(".sig"))? })
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

fn text<'v>(members: &'v Map<String, Value>, name: &str, path: &str) -> Result<&'v str, Error> {
    members.get(name).and_then(Value::as_str).ok_or_else(|| malformed(path, "is not text"))
}

fn decoded(members: &Map<String, Value>, name: &str, path: &str) -> Result<Vec<u8>, Error> {
    base64::decode(text(members, name, path)?)
        .ok_or_else(|| malformed(path, "is not canonical padded base64"))
}

fn malformed(path: &str, why: &'static str) -> Error {
    Error::EnvelopeMalformed { path: path.to_owned(), why }
}

#[cfg(test)]
mod tests;
