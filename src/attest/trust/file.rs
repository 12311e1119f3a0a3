//! Reading a trust file.

use super::requirement::usual_role;
use super::{
    About, Error, PublicKey, Requirement, Role, Roles, Rung, Trust, TrustDigest, TrustedKey,
    malformed,
};
use crate::attest::error::cut;
use crate::attest::{finding, provenance, receipt, time::Timestamp};
use crate::digest::unhex32;
use crate::limits;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::str::FromStr;
use toml::value::Datetime;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustFile {
    version: u64,
    #[serde(default)]
    key: Vec<KeyEntry>,
    #[serde(default)]
    require: Vec<RequireEntry>,
    chain: Option<ChainEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainEntry {
    rungs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct KeyEntry {
    name: String,
    public: String,
    owner: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    not_before: Option<Datetime>,
    not_after: Option<Datetime>,
    #[serde(default)]
    revoked: bool,
    keep: Option<Vec<String>>,
    #[serde(default)]
    builders: Vec<String>,
    #[serde(default)]
    verifiers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RequireEntry {
    predicate_type: String,
    subject: String,
    role: Option<String>,
    threshold: Option<i64>,
    builders: Option<Vec<String>>,
    build_types: Option<Vec<String>>,
    verifiers: Option<Vec<String>>,
    verdict: Option<String>,
    minimum_depth: Option<i64>,
    minimum_engines: Option<i64>,
    capabilities: Option<Vec<String>>,
    forbidden_imports: Option<Vec<String>>,
}

/// Reads a trust file; it may be without keys.
pub(super) fn parse(text: &str) -> Result<Trust, Error> {
    let (found, limit) = (text.len() as u64, limits::TRUST_BYTES);
    if found > limit {
        return Err(Error::TooLarge { what: "trust file", found, limit });
    }
    let file: TrustFile = toml::from_str(text).map_err(|error| Error::TrustSyntax {
        offset: error.span().map_or(0, |span| span.start),
        message: error.message().to_owned(),
    })?;
    if file.version != 1 {
        return Err(malformed("", "the file's version is not 1"));
    }
    let digest = TrustDigest::of(text.as_bytes());
    let rungs = file.chain.map(rungs).transpose()?.unwrap_or_default();
    let (keys, requirements) = (Vec::new(), Vec::new());
    let mut trust = Trust { keys, requirements, rungs, file: Some(digest) };
    for entry in file.key {
        let key = trusted(entry)?;
        if let Some(same) = trust.keys.iter().find(|trusted| trusted.key == key.key) {
            let why = "is listed already under another name";
            return Err(malformed(&format!("{} = {}", key.name, same.name), why));
        }
        trust.add(key)?;
    }
    if file.require.len() > limits::REQUIREMENTS {
        return Err(malformed("", "more than 256 requirements are listed"));
    }
    let requirements = file.require.into_iter().enumerate();
    trust.requirements =
        requirements.map(|(at, entry)| requirement(at + 1, entry)).collect::<Result<_, _>>()?;
    Ok(trust)
}

/// The rungs that are demanded; a table that demands none would look as if it did.
fn rungs(entry: ChainEntry) -> Result<BTreeSet<Rung>, Error> {
    const EXPECTED: &str = "source, rebuilt, canonical, capabilities, consistent, replayed, \
         cross-engine, authentic or co-signed";
    if entry.rungs.is_empty() {
        return Err(member("chain, rungs", "at least one", "none"));
    }
    Ok(each("chain, rungs", EXPECTED, &entry.rungs, Rung::from_str)?.into_iter().collect())
}

fn trusted(entry: KeyEntry) -> Result<TrustedKey, Error> {
    let key = PublicKey::from_pem(&entry.public)
        .map_err(|source| Error::TrustKey { name: cut(&entry.name), source: Box::new(source) })?;
    let place = |member: &str| format!("key {:?}, {member}", cut(&entry.name));
    let roles: BTreeSet<Role> =
        each(&place("roles"), "author, operator or auditor", &entry.roles, Role::from_str)?
            .into_iter()
            .collect();
    if roles.contains(&Role::Auditor) && roles.len() > 1 {
        let expected = "auditor alone: nobody audits what they signed themselves";
        return Err(member(&place("roles"), expected, &entry.roles.join(", ")));
    }
    let moment = |name: &str, at: Option<Datetime>| {
        let expected =
            "a date-time with an offset, of the years 1970 to 9999, as in 2026-01-31T12:00:00Z";
        at.map(|at| {
            Timestamp::from_rfc3339(&at.to_string())
                .ok_or_else(|| member(&place(name), expected, &at.to_string()))
        })
        .transpose()
    };
    let not_before = moment("not-before", entry.not_before)?;
    let not_after = moment("not-after", entry.not_after)?;
    if let (Some(from), Some(to)) = (not_before, not_after)
        && from > to
    {
        let expected = "a moment that is not before not-before";
        return Err(member(&place("not-after"), expected, &to.to_string()));
    }
    if entry.keep.is_some() && !entry.revoked {
        let expected = "revoked = true beside it: of other keys everything is kept";
        return Err(member(&place("keep"), expected, "revoked = false"));
    }
    let digest = |text: &str| text.strip_prefix("sha256:").and_then(unhex32).ok_or(());
    let expected = "sha256: and 64 lowercase hexadecimal digits";
    let keep = each(&place("keep"), expected, &entry.keep.unwrap_or_default(), digest)?;
    if let Some(owner) = entry.owner.as_deref().filter(|owner| !super::is_label(owner)) {
        let expected = "1 to 256 characters, none of them control";
        return Err(member(&place("owner"), expected, owner));
    }
    Ok(TrustedKey {
        key,
        owner: entry.owner,
        roles: Roles::Only(roles),
        not_before,
        not_after,
        revoked: entry.revoked.then(|| keep.into_iter().collect()),
        builders: names(&place("builders"), entry.builders)?,
        verifiers: names(&place("verifiers"), entry.verifiers)?,
        name: entry.name,
    })
}

fn requirement(number: usize, entry: RequireEntry) -> Result<Requirement, Error> {
    let place = |member: &str| format!("require[{number}], {member}");
    let ty = entry.predicate_type.as_str();
    if ty.is_empty() {
        return Err(member(&place("predicate-type"), "a type URI", ""));
    }
    let about: About = entry
        .subject
        .parse()
        .map_err(|()| member(&place("subject"), "bundle, receipt or file", &entry.subject))?;
    if ty == receipt::PREDICATE_TYPE && about != About::Receipt {
        return Err(member(&place("subject"), "receipt, for this predicate type", about.name()));
    }
    let role = match &entry.role {
        Some(role) => {
            let read = role.parse();
            Some(read.map_err(|_| member(&place("role"), "author, operator or auditor", role))?)
        }
        None => usual_role(ty),
    };
    let role = role.ok_or_else(|| {
        member(&place("role"), "a role: this predicate type has no usual one", "nothing")
    })?;
    // A member that would not be looked at is refused: its author believes that it protects.
    let only = |name: &str, given: bool, fits: bool, expected: &'static str| {
        if given && !fits { Err(member(&place(name), expected, ty)) } else { Ok(()) }
    };
    let is_provenance = ty == provenance::PREDICATE_TYPE;
    let passing = finding::passing(ty);
    let (of_provenance, of_verdict) = ("it at SLSA provenance only", "it at verdicts only");
    only("builders", entry.builders.is_some(), is_provenance, of_provenance)?;
    only("build-types", entry.build_types.is_some(), is_provenance, of_provenance)?;
    only("verifiers", entry.verifiers.is_some(), passing.is_some(), of_verdict)?;
    only("verdict", entry.verdict.is_some(), passing.is_some(), of_verdict)?;
    only("minimum-depth", entry.minimum_depth.is_some(), passing.is_some(), of_verdict)?;
    let is_replay = ty == finding::REPLAY_TYPE;
    only(
        "minimum-engines",
        entry.minimum_engines.is_some(),
        is_replay,
        "it at replay verdicts only",
    )?;
    let has_capabilities = about != About::File;
    only(
        "capabilities",
        entry.capabilities.is_some(),
        has_capabilities,
        "it at bundles and receipts only",
    )?;
    let is_bundle = about == About::Bundle;
    only("forbidden-imports", entry.forbidden_imports.is_some(), is_bundle, "it at bundles only")?;
    if let (Some(verdict), Some(passing)) = (&entry.verdict, passing)
        && verdict != passing
    {
        return Err(member(&place("verdict"), passing, verdict));
    }
    let number = |name: &str, value: Option<i64>| {
        let read = value.map(|value| u64::try_from(value).ok().filter(|value| *value >= 1));
        match read {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(value)),
            Some(None) => {
                let found = value.unwrap_or_default().to_string();
                Err(member(&place(name), "a whole number of at least 1", &found))
            }
        }
    };
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let capabilities = entry.capabilities.map(|list| {
        let expected = "a kind, or KIND=VALUE, as in fs.read=/data";
        each(&place("capabilities"), expected, &list, str::parse)
    });
    let imports = entry.forbidden_imports.unwrap_or_default();
    let expected = "MODULE.NAME, with * at most at its end";
    let built_in = Requirement::built_in(ty, about).map(|r| r.build_types).unwrap_or_default();
    Ok(Requirement {
        about,
        role: Some(role),
        threshold: number("threshold", entry.threshold)?.map_or(1, size),
        builders: names(&place("builders"), entry.builders.unwrap_or_default())?,
        build_types: match entry.build_types {
            Some(list) => listed(&place("build-types"), list)?,
            None => built_in,
        },
        verifiers: names(&place("verifiers"), entry.verifiers.unwrap_or_default())?,
        minimum_depth: number("minimum-depth", entry.minimum_depth)?,
        minimum_engines: number("minimum-engines", entry.minimum_engines)?.map(size),
        capabilities: capabilities.transpose()?,
        forbidden_imports: each(&place("forbidden-imports"), expected, &imports, str::parse)?,
        predicate_type: entry.predicate_type,
    })
}

/// Every element of a list, read.
fn each<T, E>(
    place: &str,
    expected: &'static str,
    list: &[String],
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Error> {
    if list.len() > limits::TRUST_LIST {
        return Err(member(place, "at most 4,096 elements", &list.len().to_string()));
    }
    list.iter().map(|text| read(text).map_err(|_| member(place, expected, text))).collect()
}

/// Identifiers, compared to the byte.
fn names(place: &str, list: Vec<String>) -> Result<Vec<String>, Error> {
    let whole = |text: &str| if text.is_empty() { Err(()) } else { Ok(text.to_owned()) };
    each(place, "an identifier", &list, whole)
}

/// As [`names`]; an empty list would take nothing, or, misread, everything.
fn listed(place: &str, list: Vec<String>) -> Result<Vec<String>, Error> {
    if list.is_empty() { Err(member(place, "at least one", "none")) } else { names(place, list) }
}

fn member(place: &str, expected: &'static str, found: &str) -> Error {
    Error::TrustMember { place: place.to_owned(), expected, found: cut(found) }
}
