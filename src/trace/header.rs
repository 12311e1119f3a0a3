//! The records at both ends of a trace, and the materials it carries.

use super::error::{Error, Problem};
use crate::abi::{self, Capability, Function};
use crate::digest::{self, EnvelopeDigest, KeyId, ManifestDigest, ModuleDigest, PolicyDigest};
use crate::outcome::Outcome;
use crate::{json, limits, wire};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Everything that went into an execution besides the answers of the host (`spec/trace.md`,
/// "Header").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The canonical module.
    pub module: ModuleDigest,
    /// Its manifest.
    pub manifest: ManifestDigest,
    /// The author's attestation; `None` when the operator did without one (`--allow-unsigned`).
    pub attestation: Option<Attested>,
    /// The exported function that was called.
    pub entrypoint: String,
    /// Arguments, the program's name first.
    pub arguments: Vec<String>,
    /// The input of the `provenact` interface, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputBytes>,
    /// Environment variables, name and value, in the order in which the guest sees them.
    pub environment: Vec<[String; 2]>,
    /// Effective capabilities: strictly ascending.
    pub grants: Vec<Capability>,
    /// The operator's policy file, if there was one.
    pub policy: Option<PolicyDigest>,
    /// What the invocation's inputs are hashed with in the receipt.
    pub salt: Salt,
    /// Module and name of every imported function, in import order. Events count from here.
    pub imports: Vec<[String; 2]>,
}

impl Header {
    /// The row of the host function table for each import.
    ///
    /// # Errors
    /// [`Error::Import`] for one that has no row.
    pub fn functions(&self) -> Result<Vec<&'static Function>, Error> {
        let row = |[module, name]: &[String; 2]| {
            abi::lookup(module, name)
                .ok_or_else(|| Error::Import { module: module.clone(), name: name.clone() })
        };
        self.imports.iter().map(row).collect()
    }

    /// Holds the header to the limits and rules of the spec, those about imports apart.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let strings = || self.arguments.iter().chain(self.environment.iter().flatten());
        let count = self.arguments.len().saturating_add(self.environment.len());
        if count > limits::INVOCATION_STRINGS {
            return Err("more arguments and environment variables than the limit".into());
        }
        if strings().map(String::len).fold(0, usize::saturating_add) > limits::INVOCATION_BYTES {
            return Err("arguments and environment variables longer than the limit".into());
        }
        if strings().any(|text| text.contains('\0')) {
            return Err("an argument or environment variable holds a zero byte".into());
        }
        if self.environment.iter().any(|[name, _]| name.is_empty() || name.contains('=')) {
            return Err("an environment variable's name is empty or holds \"=\"".into());
        }
        if self.input.as_ref().is_some_and(|input| input.0.len() > limits::INPUT_BYTES) {
            return Err("an input longer than the limit".into());
        }
        if self.grants.len() > limits::CAPABILITIES {
            return Err("more grants than the limit".into());
        }
        if !self.grants.is_sorted_by(|a, b| a < b) {
            return Err("the grants are not in ascending order, each once".into());
        }
        if self.imports.len() > limits::HOST_IMPORTS {
            return Err("more imports than the limit".into());
        }
        Ok(())
    }
}

/// The attestation that was verified before the run, and the key that verified it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attested {
    /// The envelope.
    pub envelope: EnvelopeDigest,
    /// The key.
    pub key: KeyId,
}

/// The input of an execution: lowercase hexadecimal digits, two a byte.
#[derive(Clone, PartialEq, Eq)]
pub struct InputBytes(Vec<u8>);

impl InputBytes {
    /// These bytes, at most [`limits::INPUT_BYTES`] for a header to be taken.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Does not show the bytes.
impl fmt::Debug for InputBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InputBytes({} bytes)", self.0.len())
    }
}

impl Serialize for InputBytes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&digest::hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for InputBytes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        digest::unhex(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom("an input is lowercase hexadecimal digits, two a byte"))
    }
}

/// 32 random bytes that keep hashed inputs from being guessed: 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// A salt of these bytes, which the caller drew at random.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Does not show the bytes: who has them can guess what was hashed with them.
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&digest::hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        digest::unhex32(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom("a salt is 64 lowercase hexadecimal digits"))
    }
}

/// The last record: it closes the trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Events in the trace, at most 2^53.
    pub events: u64,
    /// How the execution ended.
    pub outcome: Outcome,
}

impl End {
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.events > 1 << 53 {
            return Err("more than 2^53 events".into());
        }
        Ok(())
    }
}

/// The canonical bytes of a record.
pub(super) fn encode_record(record: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let bytes = json::to_jcs(record)?;
    if bytes.len() as u64 > limits::TRACE_RECORD_BYTES {
        return Err("a record is longer than the limit".into());
    }
    Ok(bytes)
}

/// Reads a record and insists that it stands there in its canonical form, so that a trace has one.
pub(super) fn decode_record<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, Problem> {
    let record = json::from_slice(bytes)?;
    if json::to_jcs(&record)? != bytes {
        return Err("the record is not in canonical form (RFC 8785)".into());
    }
    Ok(record)
}

/// What a trace may carry besides events, in the order in which it carries them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MaterialName {
    /// The canonical module.
    Module,
    /// `manifest.json`.
    Manifest,
    /// The author's attestation: the bytes of one envelope.
    Attestation,
    /// The debug companion.
    Companion,
}

impl MaterialName {
    /// Every name, in order.
    pub const ALL: [Self; 4] = [Self::Module, Self::Manifest, Self::Attestation, Self::Companion];

    /// The name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Manifest => "manifest",
            Self::Attestation => "attestation",
            Self::Companion => "companion",
        }
    }

    /// Most bytes that such a material may have.
    #[must_use]
    pub const fn limit(self) -> u64 {
        match self {
            Self::Module => limits::MODULE_BYTES,
            Self::Manifest => limits::MANIFEST_BYTES,
            Self::Attestation => limits::ENVELOPE_BYTES,
            Self::Companion => limits::COMPANION_IN_TRACE as u64,
        }
    }
}

impl fmt::Display for MaterialName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A material to be written into a trace. The bytes are shared or owned, and compressed on the
/// writer's thread.
pub struct Material {
    /// What it is.
    pub name: MaterialName,
    pub(super) bytes: Box<dyn AsRef<[u8]> + Send>,
}

impl Material {
    /// Names `bytes`, for example a `Vec<u8>` or an `Arc<[u8]>`.
    pub fn new(name: MaterialName, bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self { name, bytes: Box::new(bytes) }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let found = (*self.bytes).as_ref().len() as u64;
        let limit = self.name.limit();
        if found > limit {
            return Err(Error::TooLarge { what: self.name.name(), found, limit });
        }
        Ok(())
    }

    /// Most bytes that [`Material::encode`] gives.
    pub(super) fn payload_len(&self) -> u64 {
        (*self.bytes).as_ref().len() as u64 + 16
    }

    /// The payload of its section.
    pub(super) fn encode(&self) -> Vec<u8> {
        let bytes = (*self.bytes).as_ref();
        let mut out = Vec::with_capacity(bytes.len().saturating_add(16));
        wire::put_bytes(&mut out, self.name.name().as_bytes());
        out.extend_from_slice(bytes);
        out
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Material({}, {} bytes)", self.name, (*self.bytes).as_ref().len())
    }
}

/// The name in a material's payload, and where its bytes begin.
pub(super) fn decode_material(payload: &[u8]) -> Result<(MaterialName, usize), Problem> {
    let mut reader = wire::Reader::new(payload);
    let found = reader.text(16, "the material's name")?;
    let name = MaterialName::ALL
        .into_iter()
        .find(|name| name.name() == found)
        .ok_or("the material's name is unknown")?;
    if reader.remaining() as u64 > name.limit() {
        return Err("the material is longer than its limit".into());
    }
    Ok((name, reader.offset()))
}
