//! `manifest.json` of the format v0.

use super::super::manifest::misfit_of_texts;
use super::capability::{Declared, Mapped};
use super::{Error, MANIFEST};
use crate::digest::{SourceDigest, V0ManifestDigest};
use crate::json::{self, Value};
use crate::limits;
use crate::origin::SignerId;

const MEMBERS: [&str; 6] = ["name", "version", "entrypoint", "artifact", "capabilities", "signers"];
/// A member that the draft version 1 has and v0 has not.
const DRAFT: &str = "schema_version";

/// A manifest of the format v0. Nobody vouches for it yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    name: String,
    version: String,
    entrypoint: String,
    artifact: SourceDigest,
    capabilities: Vec<Declared>,
    signers: Vec<SignerId>,
    digest: V0ManifestDigest,
}

impl Manifest {
    /// Reads a manifest, in any spelling of its JSON.
    ///
    /// # Errors
    /// A draft of version 1; a member too few or too many; a value of another form; a name, version or
    /// entrypoint that a bundle of ours cannot have.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() as u64 > limits::V0_BYTES {
            return Err(malformed("", format!("is longer than {} bytes", limits::V0_BYTES)));
        }
        let value = json::parse(bytes).map_err(Error::Json)?;
        if let Some(version) = value.get(DRAFT) {
            let found = json::to_line(version).unwrap_or_default().chars().take(80).collect();
            return Err(Error::Draft { found });
        }
        let [name, version, entrypoint, artifact, capabilities, signers] =
            json::exactly(&value, MEMBERS).map_err(at(""))?;
        let (name, version) = (text("name", name)?, text("version", version)?);
        let entrypoint = text("entrypoint", entrypoint)?;
        fits(&name, &version, &entrypoint)?;
        let artifact = text("artifact", artifact)?;
        let canonical = json::to_jcs(&value).map_err(Error::Json)?;
        Ok(Self {
            artifact: artifact
                .parse::<SourceDigest>()
                .map_err(|error| malformed("artifact", format!("is {error}")))?,
            capabilities: declared(capabilities)?,
            signers: signer_ids(signers)?,
            digest: V0ManifestDigest::of(&canonical),
            name,
            version,
            entrypoint,
        })
    }

    /// The skill's name, which fits a manifest of ours.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The skill's version, which fits a manifest of ours.
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
    pub fn artifact(&self) -> SourceDigest {
        self.artifact
    }

    /// Who may sign, distinct, in the order of the manifest.
    #[must_use]
    pub fn signers(&self) -> &[SignerId] {
        &self.signers
    }

    /// Digest of the canonical JSON (RFC 8785).
    #[must_use]
    pub fn digest(&self) -> V0ManifestDigest {
        self.digest
    }

    /// What becomes of each capability, in the order of the manifest.
    ///
    /// # Errors
    /// [`Error::Capability`] for a kind that there is not or that is not supported, and for a value
    /// that its kind does not have.
    pub fn mapped(&self) -> Result<Vec<Mapped>, Error> {
        let map = |(index, declared): (usize, &Declared)| {
            declared.mapped().map_err(|source| Error::Capability { index, source })
        };
        self.capabilities.iter().enumerate().map(map).collect()
    }
}

fn fits(name: &str, version: &str, entrypoint: &str) -> Result<(), Error> {
    match misfit_of_texts(name, version, entrypoint) {
        None => Ok(()),
        Some((member, found, why)) => {
            Err(Error::Unfit { member, found: found.chars().take(200).collect(), why })
        }
    }
}

fn declared(value: &Value) -> Result<Vec<Declared>, Error> {
    let list = list("capabilities", value, limits::CAPABILITIES)?;
    let one = |(index, value): (usize, &Value)| {
        let place = format!("capabilities[{index}]");
        let [kind, value] = json::exactly(value, ["kind", "value"]).map_err(at(&place))?;
        let text = |name: &str, value| text(&format!("{place}.{name}"), value);
        Ok(Declared { kind: text("kind", kind)?, value: text("value", value)? })
    };
    list.iter().enumerate().map(one).collect()
}

fn signer_ids(value: &Value) -> Result<Vec<SignerId>, Error> {
    let mut ids: Vec<SignerId> = Vec::new();
    for (index, value) in list("signers", value, limits::V0_SIGNERS)?.iter().enumerate() {
        let place = format!("signers[{index}]");
        let id = text(&place, value)?;
        let id = SignerId::try_from(id).map_err(|error| malformed(&place, error.to_string()))?;
        if ids.contains(&id) {
            return Err(malformed(&place, format!("{:?} stands there twice", id.as_str())));
        }
        ids.push(id);
    }
    Ok(ids)
}

fn list<'v>(place: &str, value: &'v Value, most: usize) -> Result<&'v [Value], Error> {
    let list = json::array(value).map_err(at(place))?;
    if list.len() > most {
        return Err(malformed(place, format!("has more than {most} elements")));
    }
    Ok(list)
}

fn text(place: &str, value: &Value) -> Result<String, Error> {
    json::text(value).map(str::to_owned).map_err(at(place))
}

fn at(place: &str) -> impl FnOnce(json::Misfit) -> Error {
    move |misfit| malformed(place, misfit.to_string())
}

/// What is wrong at a place of the manifest; `""` is the whole.
fn malformed(place: &str, why: String) -> Error {
    let place = if place.is_empty() { MANIFEST.to_owned() } else { format!("{MANIFEST}: {place}") };
    Error::Malformed { place, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    const GOOD: &str = r#"{"name":"greet","version":"1.0.0","entrypoint":"run","artifact":"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","capabilities":[{"kind":"time.now","value":"utc"}],"signers":["alice"]}"#;

    #[test]
    fn the_digest_is_of_the_canonical_json() {
        let manifest = Manifest::parse(GOOD.as_bytes()).unwrap();
        let spaced = GOOD.replace(',', " ,\n ").replace("greet", "gr\\u0065et");
        let again = Manifest::parse(spaced.as_bytes()).unwrap();
        assert_eq!(again, manifest);
        let canonical = json::to_jcs(&json::parse(GOOD.as_bytes()).unwrap()).unwrap();
        assert_eq!(manifest.digest(), V0ManifestDigest::of(&canonical));
        assert_ne!(canonical, GOOD.as_bytes());
    }

    /// covers: v0-bundle-28
    #[test]
    fn there_may_be_so_many_and_not_more() {
        let with = |signers: usize, capabilities: usize| {
            let signers: Vec<String> = (0..signers).map(|n| format!("\"s{n}\"")).collect();
            let capability = r#"{"kind":"time.now","value":"utc"}"#;
            let capabilities = vec![capability; capabilities].join(",");
            let text =
                GOOD.replace(r#""alice""#, &signers.join(",")).replace(capability, &capabilities);
            Manifest::parse(text.as_bytes()).map_err(|error| error.reason())
        };
        assert!(with(limits::V0_SIGNERS, limits::CAPABILITIES).is_ok());
        assert_eq!(with(limits::V0_SIGNERS + 1, 1), Err(Reason::V0Malformed));
        assert_eq!(with(1, limits::CAPABILITIES + 1), Err(Reason::V0Malformed));
        let long = format!("{GOOD}{}", " ".repeat(limits::V0_BYTES as usize));
        let error = Manifest::parse(long.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "manifest.json is longer than 1048576 bytes");
    }
}
