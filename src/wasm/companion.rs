//! The debug companion: what a module carries besides its meaning (spec/canonical.md).

use super::Error;
use super::encode::are_kept;
use super::module::Module;
use super::offsets::Offsets;
use crate::digest::{CompanionDigest, SourceDigest};
use crate::materials::FromSource;
use crate::origin::Origin;
use crate::{json, limits};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use wasmparser::{KnownCustom, Name, Parser, Payload};

const SCHEMA: &str = "https://opertus.systems/provenact/companion/v1";
/// Name of the custom section that says which module the others come from.
const SOURCE: &str = "provenact:source";
/// Name of the custom section that says where each byte of the canonical module comes from.
const OFFSETS: &str = "provenact:offsets";

/// A module file with custom sections only: those that the canonical form leaves out, after one
/// that names the module they were taken from and one that maps offsets to that module.
#[derive(Debug, Clone)]
pub struct Companion {
    bytes: Vec<u8>,
    source: SourceDigest,
    source_bytes: u64,
    source_name: String,
    command: Vec<String>,
    origin: Option<Origin>,
    from_source: Option<FromSource>,
    offsets: Offsets,
}

/// What is known about a source module besides its bytes.
#[derive(Debug, Clone, Copy)]
pub struct SourceNote<'a> {
    /// Its file name, without a directory.
    pub name: &'a str,
    /// Program and arguments that made it, when provenact ran them; otherwise empty.
    pub command: &'a [String],
    /// The signed bundle that it was imported from, if it was.
    pub origin: Option<&'a Origin>,
    /// What the command was asked for and given, when provenact ran it.
    pub from_source: Option<&'a FromSource>,
}

impl<'a> SourceNote<'a> {
    /// Of a module of which nothing is known but its file name.
    #[must_use]
    pub const fn of(name: &'a str) -> Self {
        Self { name, command: &[], origin: None, from_source: None }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: Cow<'static, str>,
    source: Source,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    bytes: u64,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    command: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    made: Option<FromSource>,
    name: String,
    sha256: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    v0: Option<Origin>,
}

impl Companion {
    /// The companion of `module`, which is the module as its author's compiler wrote it.
    ///
    /// `offsets` lead from the canonical module to that one.
    pub(super) fn of(
        module: &Module,
        note: &SourceNote<'_>,
        offsets: Offsets,
    ) -> Result<Self, Error> {
        let source = SourceDigest::of(module.bytes());
        let source_bytes = module.bytes().len() as u64;
        let header = Header {
            schema: SCHEMA.into(),
            source: Source {
                bytes: source_bytes,
                command: note.command.to_vec(),
                made: note.from_source.cloned(),
                name: note.name.to_owned(),
                sha256: source.hex(),
                v0: note.origin.cloned(),
            },
        };
        let header =
            json::to_jcs(&header).map_err(|error| Error::Reencode { what: error.to_string() })?;
        if header.len() as u64 > limits::SOURCE_NOTE_BYTES {
            let (found, limit) = (header.len() as u64, limits::SOURCE_NOTE_BYTES);
            return Err(Error::TooLarge { found, limit });
        }

        let mut out = wasm_encoder::Module::new();
        out.section(&section(SOURCE, &header));
        out.section(&section(OFFSETS, &offsets.to_bytes()));
        let customs = &module.facts.customs;
        let kept = are_kept(customs.iter().map(|custom| custom.name.as_str()));
        for (custom, _) in customs.iter().zip(kept).filter(|(_, kept)| !kept) {
            let data = module.bytes().get(custom.data.clone()).unwrap_or_default();
            out.section(&section(&custom.name, data));
        }
        Ok(Self {
            bytes: out.finish(),
            source,
            source_bytes,
            source_name: note.name.to_owned(),
            command: note.command.to_vec(),
            origin: note.origin.cloned(),
            from_source: note.from_source.cloned(),
            offsets,
        })
    }

    /// Reads a companion.
    ///
    /// # Errors
    /// Anything that is not a module of custom sections of which the first names the source and the
    /// second maps offsets.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Error> {
        let found = bytes.len() as u64;
        if found > limits::COMPANION_BYTES {
            return Err(Error::TooLarge { found, limit: limits::COMPANION_BYTES });
        }
        let (mut header, mut offsets) = (None, None);
        for payload in Parser::new(0).parse_all(&bytes) {
            let payload =
                payload.map_err(|error| malformed(error.offset() as u64, error.message()))?;
            match payload {
                Payload::Version { encoding: wasmparser::Encoding::Module, num: 1, .. }
                | Payload::End(_) => {}
                Payload::CustomSection(section) if header.is_none() => {
                    header = Some(parse_header(&section)?);
                }
                Payload::CustomSection(section) if offsets.is_none() => {
                    offsets = Some(parse_offsets(&section)?);
                }
                Payload::CustomSection(_) => {}
                other => {
                    let at = other.as_section().map_or(0, |(_, range)| range.start as u64);
                    return Err(malformed(at, "only custom sections belong here"));
                }
            }
        }
        let (source, note) =
            header.ok_or_else(|| malformed(found, "the source section is missing"))?;
        let offsets =
            offsets.ok_or_else(|| malformed(found, "the section with offsets is missing"))?;
        let Source { bytes: source_bytes, command, name: source_name, .. } = note;
        let (origin, from_source) = (note.v0, note.made);
        Ok(Self { bytes, source, source_bytes, source_name, command, origin, from_source, offsets })
    }

    /// The bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the file.
    #[must_use]
    pub fn digest(&self) -> CompanionDigest {
        CompanionDigest::of(&self.bytes)
    }

    /// The digest of the module as its author's compiler wrote it.
    #[must_use]
    pub fn source(&self) -> SourceDigest {
        self.source
    }

    /// File name of the source module, without a directory.
    #[must_use]
    pub fn source_name(&self) -> &str {
        &self.source_name
    }

    /// Program and arguments that made the source module; empty when provenact did not run them.
    #[must_use]
    pub fn command(&self) -> &[String] {
        &self.command
    }

    /// The signed bundle that the source module was imported from, if it was.
    #[must_use]
    pub fn imported_from(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// What that command was asked for and given.
    #[must_use]
    pub fn from_source(&self) -> Option<&FromSource> {
        self.from_source.as_ref()
    }

    /// Length of that module in bytes.
    #[must_use]
    pub fn source_bytes(&self) -> u64 {
        self.source_bytes
    }

    /// The offset in the source module that the byte at `offset` of the canonical module comes from.
    #[must_use]
    pub fn origin(&self, offset: u64) -> u64 {
        self.offsets.origin(offset)
    }

    /// The names of functions, as far as the name section can be read (Wasm specification,
    /// appendix "Custom Sections"): what is malformed gives no names, never an error.
    #[must_use]
    pub fn names(&self) -> FunctionNames {
        let sections = Parser::new(0).parse_all(&self.bytes).map_while(Result::ok);
        let mut names = Vec::new();
        for payload in sections {
            let Payload::CustomSection(section) = payload else { continue };
            if let KnownCustom::Name(subsections) = section.as_known() {
                for subsection in subsections.into_iter().map_while(Result::ok) {
                    let Name::Function(map) = subsection else { continue };
                    names.extend(
                        map.into_iter()
                            .map_while(Result::ok)
                            .take(limits::FUNCTION_NAMES)
                            .map(|n| (n.index, n.name.to_owned())),
                    );
                }
                break;
            }
        }
        names.truncate(limits::FUNCTION_NAMES);
        FunctionNames::new(names)
    }
}

/// Names of a module's functions by index; canonicalization keeps the indices.
#[derive(Debug, Clone, Default)]
pub struct FunctionNames {
    /// Sorted by index, one name for each.
    names: Vec<(u32, String)>,
}

impl FunctionNames {
    /// The name of function `index`.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<&str> {
        let at = self.names.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        self.names.get(at).map(|(_, name)| name.as_str())
    }

    /// How many functions have a name.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether no function has a name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn new(mut names: Vec<(u32, String)>) -> Self {
        names.sort_by_key(|(index, _)| *index);
        names.dedup_by_key(|(index, _)| *index);
        Self { names }
    }
}

fn section<'a>(name: &'a str, data: &'a [u8]) -> wasm_encoder::CustomSection<'a> {
    wasm_encoder::CustomSection { name: name.into(), data: data.into() }
}

fn malformed(offset: u64, what: &str) -> Error {
    Error::Companion { offset, what: what.to_owned() }
}

fn parse_offsets(section: &wasmparser::CustomSectionReader<'_>) -> Result<Offsets, Error> {
    let start = section.data_offset() as u64;
    if section.name() != OFFSETS {
        return Err(malformed(start, "the second section is not the one with offsets"));
    }
    Offsets::from_bytes(section.data())
        .map_err(|(at, what)| malformed(start.saturating_add(at as u64), what))
}

fn parse_header(
    section: &wasmparser::CustomSectionReader<'_>,
) -> Result<(SourceDigest, Source), Error> {
    let at = section.data_offset() as u64;
    if section.name() != SOURCE {
        return Err(malformed(at, "the first section is not the source section"));
    }
    if section.data().len() as u64 > limits::SOURCE_NOTE_BYTES {
        return Err(malformed(at, "the source section is too large"));
    }
    let fault = |error: json::JsonError| malformed(at, &error.to_string());
    let header: Header = json::from_slice(section.data()).map_err(fault)?;
    if header.schema != SCHEMA {
        return Err(malformed(at, "the source section has an unknown schema"));
    }
    if json::to_jcs(&header).map_err(fault)? != section.data() {
        return Err(malformed(at, "the source section is not canonical JSON"));
    }
    let source = SourceDigest::from_hex(&header.source.sha256)
        .map_err(|error| malformed(at, &error.to_string()))?;
    Ok((source, header.source))
}
