//! One of two modules, with what a comparison needs at hand.

use super::super::layout::Layout;
use super::super::module::{Module, parser};
use super::image::Image;
use super::words::Words;
use crate::abi::show::cut;
use crate::digest::{hex, sha256};
use std::collections::BTreeMap;
use wasmparser::{
    CompositeInnerType, DataKind, Element, ElementItems, ElementKind, ExternalKind, GlobalType,
    KnownCustom, Name, Operator, Payload, SubType, TableType, TypeRef,
};

/// Characters of a name or type that are shown.
const SHOWN: usize = 100;
/// Bytes in a page of memory.
const PAGE: u64 = 64 << 10;

/// A module that was read.
pub(super) struct Side<'a> {
    pub(super) layout: Layout<'a>,
    types: Vec<String>,
    pub(super) imports: Vec<(&'a str, &'a str, TypeRef)>,
    /// The names of the imported functions, by index.
    pub(super) imported: Vec<(&'a str, &'a str)>,
    /// Every global, imported ones first, with the words of its initial value.
    pub(super) globals: Vec<(GlobalType, Option<Words>)>,
    /// Every table.
    pub(super) tables: Vec<TableType>,
    /// Every memory: 64-bit addresses, least and greatest number of pages.
    pub(super) memories: Vec<(bool, u64, Option<u64>)>,
    pub(super) elements: Vec<Segment<'a>>,
    /// The element segments of functions in the first table, by the number of their first.
    table: BTreeMap<u64, usize>,
    pub(super) image: Image<'a>,
    /// Where numbers may be addresses of data: from the first byte of data to the end of memory.
    pub(super) addresses: std::ops::Range<u64>,
    pub(super) customs: Vec<Custom<'a>>,
    /// Names of functions by index, from the name section.
    pub(super) names: BTreeMap<u32, &'a str>,
    /// The first exported name of each exported function.
    pub(super) exported: BTreeMap<u32, &'a str>,
}

/// An element segment.
pub(super) struct Segment<'a> {
    /// Passive, declared, or active with table and offset, in words.
    pub(super) mode: String,
    /// The functions in it.
    pub(super) functions: Vec<u32>,
    /// The expressions in it that are no function.
    pub(super) others: Vec<&'a [u8]>,
}

/// A custom section.
pub(super) struct Custom<'a> {
    pub(super) name: &'a str,
    pub(super) data: &'a [u8],
}

impl<'a> Side<'a> {
    /// Reads a module, with further custom sections that belong to it.
    ///
    /// # Errors
    /// What the parser says, which it has nothing to say of a valid module.
    pub(super) fn of(module: &'a Module, companion: Option<&'a [u8]>) -> wasmparser::Result<Self> {
        let layout = Layout::of(module.bytes())?;
        let mut exported = BTreeMap::new();
        for (_, export) in &layout.exports {
            if matches!(export.kind, ExternalKind::Func) {
                exported.entry(export.index).or_insert(export.name);
            }
        }
        let types = layout.types.iter().map(type_text).collect();
        let mut side = Self {
            layout,
            types,
            imports: Vec::new(),
            imported: Vec::new(),
            globals: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            elements: Vec::new(),
            table: BTreeMap::new(),
            image: Image::default(),
            addresses: 0..0,
            customs: Vec::new(),
            names: BTreeMap::new(),
            exported,
        };
        for payload in parser().parse_all(module.bytes()) {
            side.note(payload?)?;
        }
        for payload in parser().parse_all(companion.unwrap_or_default()).map_while(Result::ok) {
            if let Payload::CustomSection(section) = payload
                && !section.name().starts_with("provenact:")
            {
                side.custom(&section);
            }
        }
        side.image.finish();
        let pages = side.memories.first().map_or(0, |(_, least, _)| *least);
        let end = pages.saturating_mul(PAGE).max(side.image.end());
        side.addresses = side.image.start()..end.saturating_add(1);
        Ok(side)
    }

    /// What a function is called, for people: by name, by export, by import, by number.
    pub(super) fn called(&self, function: u32) -> String {
        if let Some(name) = self.names.get(&function).or_else(|| self.exported.get(&function)) {
            return cut(name, SHOWN);
        }
        match self.imported.get(function as usize) {
            Some((module, name)) => cut(&format!("{module}.{name}"), SHOWN),
            None => format!("function {function}"),
        }
    }

    /// The words that a type is shown by; types of two modules are the same when these are.
    pub(super) fn type_text(&self, ty: u32) -> &str {
        self.types.get(ty as usize).map_or("?", String::as_str)
    }

    /// The function with a number in the first table.
    pub(super) fn numbered(&self, number: u64) -> Option<u32> {
        let (first, segment) = self.table.range(..=number).next_back()?;
        let at = usize::try_from(number.checked_sub(*first)?).ok()?;
        self.elements.get(*segment)?.functions.get(at).copied()
    }

    /// The index space of what is defined begins where that of imports ends.
    pub(super) fn first_defined(&self) -> u32 {
        self.layout.imported_functions
    }

    fn note(&mut self, payload: Payload<'a>) -> wasmparser::Result<()> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    self.imports.push((import.module, import.name, import.ty));
                    match import.ty {
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => {
                            self.imported.push((import.module, import.name));
                        }
                        TypeRef::Global(ty) => self.globals.push((ty, None)),
                        TypeRef::Table(ty) => self.tables.push(ty),
                        TypeRef::Memory(ty) => {
                            self.memories.push((ty.memory64, ty.initial, ty.maximum));
                        }
                        TypeRef::Tag(_) => {}
                    }
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    self.globals.push((global.ty, Some(Words::of_expression(&global.init_expr))));
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let ty = memory?;
                    self.memories.push((ty.memory64, ty.initial, ty.maximum));
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    self.element(element?)?;
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    let file = data.range.end.saturating_sub(data.data.len());
                    let address = match &data.kind {
                        DataKind::Active { memory_index: 0, offset_expr } => {
                            Words::of_expression(offset_expr).constant()
                        }
                        _ => None,
                    };
                    self.image.add(address, file, data.data);
                }
            }
            Payload::CustomSection(section) => self.custom(&section),
            _ => {}
        }
        Ok(())
    }

    fn element(&mut self, element: Element<'a>) -> wasmparser::Result<()> {
        let mut segment =
            Segment { mode: String::new(), functions: Vec::new(), others: Vec::new() };
        match element.items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    segment.functions.push(function?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    let expression = expression?;
                    match expression.get_operators_reader().read()? {
                        Operator::RefFunc { function_index } => {
                            segment.functions.push(function_index);
                        }
                        _ => {
                            let mut reader = expression.get_binary_reader();
                            segment.others.push(reader.read_bytes(reader.bytes_remaining())?);
                        }
                    }
                }
            }
        }
        segment.mode = match &element.kind {
            ElementKind::Passive => "passive".to_owned(),
            ElementKind::Declared => "declared".to_owned(),
            ElementKind::Active { table_index, offset_expr } => {
                let at = Words::of_expression(offset_expr).constant();
                let table = table_index.unwrap_or_default();
                if let (0, Some(at), true) = (table, at, segment.others.is_empty()) {
                    self.table.insert(at, self.elements.len());
                }
                let at = at.map_or("a global".to_owned(), |at| at.to_string());
                format!("table {table} from {at}")
            }
        };
        self.elements.push(segment);
        Ok(())
    }

    fn custom(&mut self, section: &wasmparser::CustomSectionReader<'a>) {
        self.customs.push(Custom { name: section.name(), data: section.data() });
        let KnownCustom::Name(subsections) = section.as_known() else { return };
        for subsection in subsections.into_iter().map_while(Result::ok) {
            if let Name::Function(map) = subsection {
                let named = map.into_iter().map_while(Result::ok);
                self.names.extend(named.map(|named| (named.index, named.name)));
            }
        }
    }
}

/// A type in words. A long one is cut, and told from others by its digest: a million functions may name
/// it.
fn type_text(ty: &SubType) -> String {
    let text = match &ty.composite_type.inner {
        CompositeInnerType::Func(plain) if ty.is_final && ty.supertype_idx.is_none() => {
            plain.to_string()
        }
        _ => ty.to_string(),
    };
    if text.len() <= SHOWN {
        return text;
    }
    format!("{} sha256:{}", cut(&text, SHOWN), hex(&sha256(text.as_bytes())))
}
