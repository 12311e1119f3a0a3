//! A module that parsed and validated.

use super::Error;
use crate::limits;
use rayon::prelude::*;
use std::ops::Range;
use wasmparser::types::Types;
use wasmparser::{
    CompositeInnerType, ExternalKind, FuncToValidate, FuncType, FuncValidatorAllocations,
    FunctionBody, Parser, Payload, SubType, TypeRef, TypeSectionReader, ValidPayload, Validator,
    ValidatorResources, WasmFeatures,
};

/// The language that is accepted: WebAssembly 3.0 without threads, which is what the engine takes
/// in the configuration of `runtime/`. Relaxed SIMD is part of it: a pass lowers it.
pub(super) const FEATURES: WasmFeatures = WasmFeatures::WASM3.difference(WasmFeatures::THREADS);

/// What only one class of engines has, and Wasmi has not, with the names of the proposals.
const ONE_CLASS: [(WasmFeatures, &str); 3] = [
    (WasmFeatures::GC, "garbage collection"),
    (WasmFeatures::FUNCTION_REFERENCES, "typed function references"),
    (WasmFeatures::EXCEPTIONS, "exceptions"),
];
/// What every class has.
const COMMON: WasmFeatures =
    FEATURES.difference(ONE_CLASS[0].0).difference(ONE_CLASS[1].0).difference(ONE_CLASS[2].0);
/// Exported names under this prefix are kept for instrumentation.
pub(super) const RESERVED: &str = "provenact:";

/// A core module: bytes that parsed and validated.
pub struct Module {
    bytes: Vec<u8>,
    types: Types,
    one_class_feature: Option<&'static str>,
    pub(super) facts: Facts,
}

/// What one walk over the sections notes down.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) imports: Vec<Import>,
    pub(super) exports: Vec<Export>,
    /// Function index and offset of the start section.
    pub(super) start: Option<(u32, u64)>,
    /// Every custom section, in order.
    pub(super) customs: Vec<Custom>,
    /// Where the contents of the data section stand.
    pub(super) data: Option<Range<usize>>,
    /// Functions below this index are imports.
    pub(super) imported_functions: u32,
}

#[derive(Debug)]
pub(super) struct Import {
    pub(super) module: String,
    pub(super) name: String,
    pub(super) ty: TypeRef,
    pub(super) offset: u64,
}

#[derive(Debug)]
pub(super) struct Export {
    pub(super) name: String,
    pub(super) kind: ExternalKind,
    pub(super) index: u32,
    pub(super) offset: u64,
}

#[derive(Debug)]
pub(super) struct Custom {
    pub(super) name: String,
    /// Its contents, after the name.
    pub(super) data: Range<usize>,
}

/// How a memory or table begins and how far it may grow, in pages of 64 KiB or in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// At the beginning.
    pub initial: u64,
    /// At most, if the module says so.
    pub maximum: Option<u64>,
    /// Whether it has 64-bit addresses.
    pub is_wide: bool,
}

impl Extent {
    const fn new(initial: u64, maximum: Option<u64>, is_wide: bool) -> Self {
        Self { initial, maximum, is_wide }
    }
}

impl Module {
    /// Parses and validates a core module in the binary format (Wasm specification, chapter 5).
    ///
    /// # Errors
    /// Anything that is not a module, a truncated one, a component, one that does not validate or
    /// uses threads, one above [`limits::MODULE_BYTES`].
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Error> {
        let found = bytes.len() as u64;
        if found > limits::MODULE_BYTES {
            return Err(Error::TooLarge { found, limit: limits::MODULE_BYTES });
        }
        check_header(&bytes)?;
        let common = validate(&bytes, COMMON);
        let one_class_feature = common.as_ref().err().and_then(Fault::lacking);
        let valid = if one_class_feature.is_some() { validate(&bytes, FEATURES) } else { common };
        let (facts, types) = valid.map_err(|fault| fault.explain(&bytes))?;
        Ok(Self { bytes, types, one_class_feature, facts })
    }

    /// The bytes, as they were given.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// How many functions the module defines, and how many memories and tables it has, imported ones
    /// included.
    #[must_use]
    pub fn counts(&self) -> [u64; 2] {
        let types = self.types.as_ref();
        let defined = types.function_count().saturating_sub(self.facts.imported_functions);
        [u64::from(defined), u64::from(types.memory_count()) + u64::from(types.table_count())]
    }

    /// Its memories, imported ones first.
    #[must_use]
    pub fn memories(&self) -> Vec<Extent> {
        let types = self.types.as_ref();
        let memories = (0..types.memory_count()).map(|index| types.memory_at(index));
        memories.map(|ty| Extent::new(ty.initial, ty.maximum, ty.memory64)).collect()
    }

    /// Its tables, imported ones first.
    #[must_use]
    pub fn tables(&self) -> Vec<Extent> {
        let types = self.types.as_ref();
        let tables = (0..types.table_count()).map(|index| types.table_at(index));
        tables.map(|ty| Extent::new(ty.initial, ty.maximum, ty.table64)).collect()
    }

    /// What the module uses that only one class of engines has, so that nobody can replay it on an
    /// engine of another: the first such feature, by its proposal's name.
    #[must_use]
    pub fn one_class_feature(&self) -> Option<&'static str> {
        self.one_class_feature
    }

    /// Refuses exports that look like instrumentation of ours.
    pub(super) fn exports_nothing_reserved(&self) -> Result<(), Error> {
        match self.facts.exports.iter().find(|export| export.name.starts_with(RESERVED)) {
            Some(export) => {
                Err(Error::ReservedExport { name: export.name.clone(), offset: export.offset })
            }
            None => Ok(()),
        }
    }

    /// The type of function `index`; `None` when there is no such function.
    pub(super) fn function_type(&self, index: u32) -> Option<&FuncType> {
        let types = self.types.as_ref();
        if index >= types.function_count() {
            return None;
        }
        match &self.types[types.core_function_at(index)].composite_type.inner {
            wasmparser::CompositeInnerType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// Whether memory `index` has 64-bit addresses.
    pub(super) fn is_memory64(&self, index: u32) -> bool {
        let types = self.types.as_ref();
        index < types.memory_count() && types.memory_at(index).memory64
    }

    /// The exported function of that name.
    pub(super) fn exported_function(&self, name: &str) -> Option<u32> {
        let export = self.facts.exports.iter().find(|e| e.name == name)?;
        (export.kind == ExternalKind::Func).then_some(export.index)
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Module({} bytes)", self.bytes.len())
    }
}

/// A parser that accepts [`FEATURES`].
pub(super) fn parser() -> Parser {
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    parser
}

/// Refuses what is not a module by its first eight bytes: magic, version and layer.
fn check_header(bytes: &[u8]) -> Result<(), Error> {
    const MAGIC: &[u8] = b"\0asm";
    const MODULE: &[u8] = b"\0asm\x01\0\0\0";
    if bytes.starts_with(MODULE) {
        return Ok(());
    }
    if !bytes.is_empty() && MODULE.starts_with(bytes) {
        return Err(Error::Truncated { offset: bytes.len() as u64 });
    }
    if bytes.starts_with(MAGIC) {
        let is_component = bytes.get(6..8).is_some_and(|layer| layer == [1, 0]);
        return Err(if is_component {
            Error::Component
        } else {
            Error::NotWasm { found: "the binary format has an unknown version" }
        });
    }
    let text = bytes.trim_ascii_start();
    Err(Error::NotWasm {
        found: match bytes {
            [] => "the file is empty",
            _ if text.starts_with(b"(") || text.starts_with(b";;") => {
                "this looks like the text format; assemble it first"
            }
            _ => "the magic bytes \\0asm are missing",
        },
    })
}

/// A parser's or validator's complaint, before it is given a name of ours.
enum Fault {
    /// The sections cannot be told apart or read.
    Framing(wasmparser::Error),
    /// They can, and what they say is not valid.
    Invalid(wasmparser::Error),
    /// The parser stopped without having seen the end.
    NoEnd,
    /// Not a fault of the bytes.
    Refused(Error),
}

impl Fault {
    /// The feature that is missing, if it is one that is accepted.
    fn lacking(&self) -> Option<&'static str> {
        let (Self::Framing(error) | Self::Invalid(error)) = self else { return None };
        let lacking = error.missing_wasm_feature()?;
        let (_, name) = ONE_CLASS.iter().find(|(feature, _)| lacking.intersects(*feature))?;
        Some(name)
    }

    fn explain(self, bytes: &[u8]) -> Error {
        const SHARED: WasmFeatures =
            WasmFeatures::THREADS.union(WasmFeatures::SHARED_EVERYTHING_THREADS);
        let (error, is_framing) = match self {
            Self::Framing(error) => (error, true),
            Self::Invalid(error) => (error, false),
            Self::Refused(error) => return error,
            Self::NoEnd => return Error::Truncated { offset: bytes.len() as u64 },
        };
        let offset = error.offset() as u64;
        let what = error.message().to_owned();
        if error.missing_wasm_feature().is_some_and(|f| f.intersects(SHARED)) {
            Error::Threads { offset, what }
        } else if error.missing_wasm_feature() == Some(WasmFeatures::LEGACY_EXCEPTIONS) {
            Error::LegacyExceptions { offset, what }
        } else if is_cut_off(bytes) {
            Error::Truncated { offset: bytes.len() as u64 }
        } else if is_framing {
            Error::Malformed { offset, what }
        } else {
            Error::Invalid { offset, what }
        }
    }
}

/// Whether the file ends inside a section, or before the code of functions it declares.
///
/// Asked only about files that are refused anyway: it turns the complaint of a decoder that ran
/// out of bytes into the likelier story.
fn is_cut_off(bytes: &[u8]) -> bool {
    const FUNCTION: u8 = 3;
    const CODE: u8 = 10;
    let mut reader = wasmparser::BinaryReader::new(bytes, 0);
    if reader.read_bytes(8).is_err() {
        return true;
    }
    let (mut declares, mut defines) = (false, false);
    while !reader.eof() {
        let Ok(id) = reader.read_u8() else { return true };
        let size = match reader.read_var_u32() {
            Ok(size) => size,
            Err(_) => return reader.eof(),
        };
        let Ok(contents) = reader.read_bytes(size as usize) else { return true };
        declares |= id == FUNCTION && contents != [0];
        defines |= id == CODE;
    }
    declares && !defines
}

fn validate(bytes: &[u8], features: WasmFeatures) -> Result<(Facts, Types), Fault> {
    let mut validator = Validator::new_with_features(features);
    let mut facts = Facts::default();
    let mut bodies = Vec::new();
    let mut types = None;
    let mut parser = Parser::new(0);
    parser.set_features(features);
    for payload in parser.parse_all(bytes) {
        let payload = payload.map_err(Fault::Framing)?;
        match validator.payload(&payload).map_err(Fault::Invalid)? {
            ValidPayload::Func(function, body) => bodies.push((function, body)),
            ValidPayload::End(end) => types = Some(end),
            _ => {}
        }
        note(&mut facts, &payload).map_err(Fault::Framing)?;
        if let Payload::CustomSection(section) = &payload {
            refuse_object(section).map_err(Fault::Refused)?;
        }
        if let Payload::TypeSection(section) = &payload {
            refuse_wide(section).map_err(Fault::Refused)?;
        }
        // The validator lets these imports pass, whatever the features.
        let exact = facts.imports.iter().find(|i| matches!(i.ty, TypeRef::FuncExact(_)));
        if let (Payload::ImportSection(_), Some(import)) = (&payload, exact) {
            let what = "exact function types are not part of WebAssembly 3.0".to_owned();
            return Err(Fault::Refused(Error::Malformed { offset: import.offset, what }));
        }
    }
    validate_functions(bodies).map_err(Fault::Invalid)?;
    Ok((facts, types.ok_or(Fault::NoEnd)?))
}

type Body<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

/// Validates functions side by side. Of several that are not valid, the first is what is reported.
fn validate_functions(bodies: Vec<Body<'_>>) -> wasmparser::Result<()> {
    /// Bytes of code that are given to a thread at a time.
    const RUN: usize = 64 << 10;
    let (mut runs, mut run, mut bytes) = (Vec::new(), Vec::new(), 0);
    for (function, body) in bodies {
        bytes += body.range().len();
        run.push((function, body));
        if bytes >= RUN {
            runs.push(std::mem::take(&mut run));
            bytes = 0;
        }
    }
    runs.push(run);
    let faults = runs.into_par_iter().map_init(FuncValidatorAllocations::default, |spare, run| {
        for (function, body) in run {
            let mut function = function.into_validator(std::mem::take(spare));
            if let Err(error) = function.validate(&body) {
                return Some(error);
            }
            *spare = function.into_allocations();
        }
        None
    });
    faults.find_map_first(|fault| fault).map_or(Ok(()), Err)
}

/// Refuses function types whose results make labels too wide. The section is valid.
fn refuse_wide(section: &TypeSectionReader<'_>) -> Result<(), Error> {
    for group in section.clone().into_iter_with_offsets() {
        let Ok((offset, group)) = group else { return Ok(()) };
        let is_wide = |ty: &SubType| match &ty.composite_type.inner {
            CompositeInnerType::Func(ty) => ty.results().len() > limits::LABEL_VALUES,
            _ => false,
        };
        if group.types().any(is_wide) {
            let offset = offset as u64;
            return Err(Error::TooWide { what: "a function type", of: "results", offset });
        }
    }
    Ok(())
}

/// Refuses the sections that compilers leave to linkers (tool conventions, "Linking").
fn refuse_object(section: &wasmparser::CustomSectionReader<'_>) -> Result<(), Error> {
    let name = section.name();
    if name == "linking" || name.starts_with("reloc.") {
        let offset = section.data_offset() as u64;
        return Err(Error::ObjectFile { offset, section: name.to_owned() });
    }
    Ok(())
}

fn note(facts: &mut Facts, payload: &Payload<'_>) -> wasmparser::Result<()> {
    match payload {
        Payload::ImportSection(section) => {
            for group in section.clone() {
                for import in group? {
                    let (offset, import) = import?;
                    facts.imported_functions += u32::from(matches!(import.ty, TypeRef::Func(_)));
                    facts.imports.push(Import {
                        module: import.module.to_owned(),
                        name: import.name.to_owned(),
                        ty: import.ty,
                        offset: offset as u64,
                    });
                }
            }
        }
        Payload::ExportSection(section) => {
            for export in section.clone().into_iter_with_offsets() {
                let (offset, export) = export?;
                facts.exports.push(Export {
                    name: export.name.to_owned(),
                    kind: export.kind,
                    index: export.index,
                    offset: offset as u64,
                });
            }
        }
        Payload::StartSection { func, range } => facts.start = Some((*func, range.start as u64)),
        Payload::DataSection(section) => facts.data = Some(section.range()),
        Payload::CustomSection(section) => {
            let start = section.data_offset();
            facts.customs.push(Custom {
                name: section.name().to_owned(),
                data: start..start.saturating_add(section.data().len()),
            });
        }
        _ => {}
    }
    Ok(())
}
