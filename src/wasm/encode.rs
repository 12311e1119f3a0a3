//! Writes the canonical form of a module (spec/canonical.md).

use super::Error;
use super::freedom::Changes;
use super::module::{FEATURES, parser};
use super::offsets::Offsets;
use super::shortest::canonical_length;
use crate::limits;
use std::convert::Infallible;
use wasm_encoder::CodeSection;
use wasm_encoder::reencode::{self, Reencode};
use wasmparser::{BinaryReader, FunctionBody, OperatorsReader, OperatorsReaderAllocations};

/// A module in canonical form, and what was done to it.
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    /// Where the bytes come from.
    pub(super) offsets: Offsets,
    pub(super) changes: Changes,
}

/// Encodes a valid module canonically.
///
/// # Errors
/// A module that is not valid, an object file, a result above the limit.
pub(super) fn encode(module: &[u8]) -> Result<Encoded, Error> {
    let mut out = wasm_encoder::Module::new();
    Encoder
        .parse_core_module(&mut out, parser(), module)
        .map_err(|error| Error::Reencode { what: error.to_string() })?;
    let bytes = out.finish();
    let found = bytes.len() as u64;
    if found > limits::MODULE_BYTES {
        return Err(Error::TooLarge { found, limit: limits::MODULE_BYTES });
    }
    Ok(Encoded { bytes, offsets: Offsets::default(), changes: Changes::default() })
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
