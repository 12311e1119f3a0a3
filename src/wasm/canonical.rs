//! The canonical encoding of a module (spec/canonical.md).

use super::module::{FEATURES, Module, parser};
use super::shortest::canonical_length;
use super::{Companion, Error, SourceNote};
use crate::digest::ModuleDigest;
use crate::limits;
use std::convert::Infallible;
use wasm_encoder::CodeSection;
use wasm_encoder::reencode::{self, Reencode};
use wasmparser::{BinaryReader, FunctionBody, OperatorsReader, OperatorsReaderAllocations};

/// A module in canonical form: the only thing that is digested, bundled or executed.
///
/// Made by [`Canonical::from_module`], which writes the form, or [`Canonical::check`], which
/// accepts nothing else.
#[derive(Debug)]
pub struct Canonical {
    module: Module,
    digest: ModuleDigest,
}

impl Canonical {
    /// Encodes `module` canonically, and its custom sections into a debug companion.
    ///
    /// # Errors
    /// When the encoder's output is not a valid module or not a fixed point of encoding: that
    /// would be a defect, and nothing is signed that has it. When a limit is exceeded.
    pub fn from_module(module: &Module, note: &SourceNote<'_>) -> Result<(Self, Companion), Error> {
        let bytes = encode(module)?;
        let canonical = Module::parse(bytes).map_err(|error| Error::Reencode {
            what: format!("the result does not validate: {error}"),
        })?;
        if let Some(offset) = first_difference(&encode(&canonical)?, canonical.bytes()) {
            return Err(Error::Reencode {
                what: format!("encoding the result again changes byte {offset}"),
            });
        }
        Ok((Self::new(canonical), Companion::of(module, note)?))
    }

    /// Takes bytes that are in canonical form already.
    ///
    /// # Errors
    /// As [`Module::parse`]; [`Error::NotCanonical`] for a valid module in another form.
    pub fn check(bytes: Vec<u8>) -> Result<Self, Error> {
        let module = Module::parse(bytes)?;
        if let Some(offset) = first_difference(&encode(&module)?, module.bytes()) {
            let what = if module.facts.customs.is_empty() {
                "an encoding other than the canonical one"
            } else {
                "custom sections belong in the debug companion"
            };
            return Err(Error::NotCanonical { offset: offset as u64, what });
        }
        Ok(Self::new(module))
    }

    /// The digest of the bytes.
    #[must_use]
    pub fn digest(&self) -> ModuleDigest {
        self.digest
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.module.bytes()
    }

    /// The bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.module.into_bytes()
    }

    /// The module, for [`super::Interface::of`] and [`super::find_leaks`].
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.module
    }

    fn new(module: Module) -> Self {
        let digest = ModuleDigest::of(module.bytes());
        Self { module, digest }
    }
}

/// Where two byte strings differ first, be it in length.
fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    if a == b {
        return None;
    }
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    Some(same)
}

/// The canonical bytes of `module`.
fn encode(module: &Module) -> Result<Vec<u8>, Error> {
    let mut out = wasm_encoder::Module::new();
    Encoder
        .parse_core_module(&mut out, parser(), module.bytes())
        .map_err(|error| Error::Reencode { what: error.to_string() })?;
    let bytes = out.finish();
    let found = bytes.len() as u64;
    if found > limits::MODULE_BYTES {
        return Err(Error::TooLarge { found, limit: limits::MODULE_BYTES });
    }
    Ok(bytes)
}

/// wasm-encoder writes each integer in its shortest form and each construct in one way; what is
/// left to us is to leave the custom sections out, and to be quick about it.
struct Encoder;

impl Reencode for Encoder {
    type Error = Infallible;

    fn parse_custom_section(
        &mut self,
        _: &mut wasm_encoder::Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        section: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), reencode::Error> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let reader = body.get_operators_reader()?.get_binary_reader();
        let start = reader.original_position();
        let code = reader.clone().read_bytes(reader.bytes_remaining())?;
        let mut allocations = OperatorsReaderAllocations::default();
        let (mut at, mut copied) = (0, 0);
        while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(length) = canonical_length(rest) {
                at += length;
                continue;
            }
            function.raw(code.get(copied..at).unwrap_or_default().iter().copied());
            let reader = BinaryReader::new_features(rest, start.saturating_add(at), FEATURES);
            let mut one = OperatorsReader::new_with_allocs(reader, allocations);
            function.instruction(&self.parse_instruction(&mut one)?);
            at = one.original_position().saturating_sub(start);
            copied = at;
            allocations = one.into_allocations();
        }
        function.raw(code.get(copied..).unwrap_or_default().iter().copied());
        section.function(&function);
        Ok(())
    }
}
