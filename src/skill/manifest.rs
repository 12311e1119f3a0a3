//! `manifest.json` (spec/manifest.md).

use super::Error;
use crate::abi::Capability;
use crate::digest::{ManifestDigest, ModuleDigest};
use crate::profile::{self, Profile};
use crate::{json, limits};
use serde::{Deserialize, Serialize};

const SCHEMA: &str = "https://opertus.systems/provenact/manifest/v1";
/// Greatest length of a name, a version, and an entrypoint, in bytes.
const NAME: usize = 64;
const VERSION: usize = 64;
const ENTRYPOINT: usize = 1024;

/// A valid manifest: who the skill is, where it begins, what it may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    name: String,
    version: String,
    entrypoint: String,
    artifact: ModuleDigest,
    capabilities: Vec<Capability>,
    profile: Profile,
    bytes: Vec<u8>,
}

impl Manifest {
    /// A manifest; capabilities are sorted, and repeated ones merged.
    ///
    /// # Errors
    /// A name, version or entrypoint outside its form; too many capabilities.
    pub fn new(
        name: &str,
        version: &str,
        entrypoint: &str,
        artifact: ModuleDigest,
        mut capabilities: Vec<Capability>,
        profile: Profile,
    ) -> Result<Self, Error> {
        capabilities.sort();
        capabilities.dedup();
        check_texts(name, version, entrypoint)?;
        if capabilities.len() > limits::CAPABILITIES {
            let what = format!("more than {} capabilities", limits::CAPABILITIES);
            return Err(Error::Manifest { what });
        }
        let raw = Raw {
            schema: SCHEMA.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            entrypoint: entrypoint.to_owned(),
            artifact,
            capabilities: capabilities.iter().map(RawCapability::of).collect(),
            profile: profile.note(),
        };
        let bytes = json::to_jcs(&raw).map_err(malformed)?;
        let Raw { name, version, entrypoint, .. } = raw;
        Ok(Self { name, version, entrypoint, artifact, capabilities, profile, bytes })
    }

    /// Reads a manifest. Only the bytes that [`Manifest::new`] would write are taken.
    ///
    /// # Errors
    /// Any other form, unknown or duplicate members, an unknown capability or profile.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() as u64 > limits::MANIFEST_BYTES {
            let what = format!("longer than {} bytes", limits::MANIFEST_BYTES);
            return Err(Error::Manifest { what });
        }
        let raw: Raw = json::from_slice(bytes).map_err(malformed)?;
        if raw.schema != SCHEMA {
            let found: String = raw.schema.chars().take(80).collect();
            return Err(Error::Manifest { what: format!("unknown schema {found:?}") });
        }
        let profile = Profile::from_note(&raw.profile)?;
        let capabilities: Result<Vec<_>, _> =
            raw.capabilities.iter().map(RawCapability::parse).collect();
        let manifest = Self::new(
            &raw.name,
            &raw.version,
            &raw.entrypoint,
            raw.artifact,
            capabilities?,
            profile,
        )?;
        if manifest.bytes != bytes {
            let same = manifest.bytes.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            let what = format!(
                "not in its canonical form from byte {same}: JCS, capabilities sorted and distinct"
            );
            return Err(Error::Manifest { what });
        }
        Ok(manifest)
    }

    /// The skill's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The skill's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The exported function where execution begins.
    #[must_use]
    pub fn entrypoint(&self) -> &str {
        &self.entrypoint
    }

    /// The digest of `skill.wasm`.
    #[must_use]
    pub fn artifact(&self) -> ModuleDigest {
        self.artifact
    }

    /// What the skill may ask for, sorted and distinct.
    #[must_use]
    pub fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    /// The passes that the module went through.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The bytes of `manifest.json`.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of these bytes.
    #[must_use]
    pub fn digest(&self) -> ManifestDigest {
        ManifestDigest::of(&self.bytes)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: String,
    name: String,
    version: String,
    entrypoint: String,
    artifact: ModuleDigest,
    capabilities: Vec<RawCapability>,
    profile: profile::Note,
}

/// Read as text first, so that an unknown kind has a reason of its own.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCapability {
    kind: String,
    value: String,
}

impl RawCapability {
    fn of(capability: &Capability) -> Self {
        Self { kind: capability.kind().name().to_owned(), value: capability.value().to_owned() }
    }

    fn parse(&self) -> Result<Capability, Error> {
        Ok(Capability::new(self.kind.parse()?, &self.value)?)
    }
}

fn malformed(error: json::JsonError) -> Error {
    Error::Manifest { what: error.to_string() }
}

fn check_texts(name: &str, version: &str, entrypoint: &str) -> Result<(), Error> {
    match misfit_of_texts(name, version, entrypoint) {
        None => Ok(()),
        Some((_, _, why)) => Err(Error::Manifest { what: why.to_owned() }),
    }
}

/// The first of the three that does not fit: its member, its value, and what would fit.
#[must_use]
pub fn misfit_of_texts<'t>(
    name: &'t str,
    version: &'t str,
    entrypoint: &'t str,
) -> Option<(&'static str, &'t str, &'static str)> {
    let starts = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.len() > NAME || !is_word(name, starts, |c| starts(c) || b"._-".contains(&c)) {
        return Some((
            "name",
            name,
            "a name is 1 to 64 lowercase letters, digits, '.', '_' and '-', and begins with a letter or digit",
        ));
    }
    let starts = |c: u8| c.is_ascii_alphanumeric();
    if version.len() > VERSION || !is_word(version, starts, |c| starts(c) || b".+-".contains(&c)) {
        return Some((
            "version",
            version,
            "a version is 1 to 64 letters, digits, '.', '+' and '-', and begins with a letter or digit",
        ));
    }
    if entrypoint.is_empty() || entrypoint.len() > ENTRYPOINT {
        return Some(("entrypoint", entrypoint, "an entrypoint is 1 to 1024 bytes long"));
    }
    None
}

fn is_word(text: &str, starts: impl Fn(u8) -> bool, goes_on: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(starts) && text.bytes().all(goes_on)
}
