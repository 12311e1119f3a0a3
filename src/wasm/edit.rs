//! What a pass wants changed, and the one piece of code that changes it.
//!
//! Passes only say where bytes go and which items come at the end of a section; counts and sizes
//! are mended here. The result is valid when the pass was right; the canonical form comes later.

use super::Error;
use super::layout::Layout;
use super::numbers::unsigned_length;
use super::offsets::Offsets;
use rayon::prelude::*;
use wasm_encoder::{Encode, SectionId, ValType};

/// Bytes that are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    /// Offset in the module where it happens.
    pub(super) at: usize,
    /// How many bytes are left out there.
    pub(super) remove: usize,
    /// What comes instead.
    pub(super) insert: Vec<u8>,
}

impl Splice {
    /// Puts `bytes` before the byte at `at`.
    pub(super) fn insert(at: usize, bytes: impl Into<Vec<u8>>) -> Self {
        Self { at, remove: 0, insert: bytes.into() }
    }
}

/// Changes to one function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BodyEdit {
    /// Locals that come after those that it has, in groups of one type.
    pub(super) locals: Vec<(u32, ValType)>,
    /// Changes to its code, sorted by place; of several insertions at one place, the earlier in
    /// the list comes first.
    pub(super) splices: Vec<Splice>,
}

impl BodyEdit {
    pub(super) fn is_empty(&self) -> bool {
        self.locals.is_empty() && self.splices.is_empty()
    }
}

/// Changes to a module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Edit {
    /// For each of the module's own functions, in order; functions beyond the list stay.
    pub(super) bodies: Vec<BodyEdit>,
    /// Changes elsewhere than in code, sorted by place.
    pub(super) splices: Vec<Splice>,
    /// Encoded items that come at the end of a section which is a list (a function body with its
    /// size), in order for each section.
    pub(super) items: Vec<(SectionId, Vec<u8>)>,
}

impl Edit {
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
            && self.splices.is_empty()
            && self.bodies.iter().all(BodyEdit::is_empty)
    }

    /// Makes this and `other`, which changes other places, one.
    ///
    /// # Errors
    /// [`Error::Reencode`] when both change code, where places move.
    pub(super) fn join(&mut self, other: Self) -> Result<(), Error> {
        self.splices.extend(other.splices);
        self.splices.sort_by_key(|splice| splice.at);
        self.items.extend(other.items);
        match (self.bodies.is_empty(), other.bodies.is_empty()) {
            (_, true) => Ok(()),
            (true, false) => {
                self.bodies = other.bodies;
                Ok(())
            }
            (false, false) => Err(defect("two edits of code at once")),
        }
    }

    /// How many bytes more there are afterwards, but for counts and sizes.
    pub(super) fn added(&self) -> i64 {
        let inside = self.bodies.iter().flat_map(|body| &body.splices);
        let splices = self.splices.iter().chain(inside);
        let locals = self.bodies.iter().flat_map(|body| &body.locals);
        let new = (splices.clone().map(|splice| splice.insert.len()))
            .chain(self.items.iter().map(|(_, item)| item.len()))
            .chain(locals.map(|(count, _)| unsigned_length((*count).into()) + 1));
        let old = splices.map(|splice| splice.remove);
        signed(new.sum()) - signed(old.sum())
    }
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// A module after an edit.
pub(super) struct Edited {
    pub(super) bytes: Vec<u8>,
    /// Where the bytes come from.
    pub(super) offsets: Offsets,
}

/// The order of sections in a module (Wasm specification, §5.5.2); custom sections stand anywhere.
pub(super) const ORDER: [SectionId; 13] = [
    SectionId::Type,
    SectionId::Import,
    SectionId::Function,
    SectionId::Table,
    SectionId::Memory,
    SectionId::Tag,
    SectionId::Global,
    SectionId::Export,
    SectionId::Start,
    SectionId::Element,
    SectionId::DataCount,
    SectionId::Code,
    SectionId::Data,
];

/// `layout`'s module with `edit` carried out, without custom sections, and where its bytes come
/// from.
///
/// # Errors
/// [`Error::Reencode`] when a place lies outside of what it should: a defect of a pass.
pub(super) fn apply(layout: &Layout<'_>, edit: &Edit) -> Result<Edited, Error> {
    let mut out = b"\0asm\x01\0\0\0".to_vec();
    out.reserve(layout.bytes.len());
    let mut offsets = Offsets::default();
    offsets.copied(0, 0);
    for id in ORDER {
        let range = layout.sections.iter().find(|(found, _)| *found == id as u8);
        let items: Vec<&[u8]> = (edit.items.iter())
            .filter(|(section, _)| *section == id)
            .map(|(_, item)| item.as_slice())
            .collect();
        let Some((_, range)) = range else {
            if !items.is_empty() {
                let mut contents = Vec::new();
                items.len().encode(&mut contents);
                contents.extend(items.concat());
                write_section(&mut out, &mut offsets, id, &contents, &Offsets::default());
            }
            continue;
        };
        if id == SectionId::Code {
            code(layout, edit, range.start, &items, &mut out, &mut offsets)?;
        } else {
            let (contents, map) = section(layout.bytes, edit, range.clone(), &items)?;
            write_section(&mut out, &mut offsets, id, &contents, &map);
        }
    }
    Ok(Edited { bytes: out, offsets })
}

/// `map` is relative to `contents`, its older side absolute.
fn write_section(
    out: &mut Vec<u8>,
    offsets: &mut Offsets,
    id: SectionId,
    contents: &[u8],
    map: &Offsets,
) {
    out.push(id as u8);
    contents.len().encode(out);
    offsets.append(map, out.len() as u64, 0);
    out.extend_from_slice(contents);
}

fn section(
    bytes: &[u8],
    edit: &Edit,
    range: std::ops::Range<usize>,
    items: &[&[u8]],
) -> Result<(Vec<u8>, Offsets), Error> {
    let (mut contents, mut map) = (Vec::with_capacity(range.len()), Offsets::default());
    let mut start = range.start;
    if !items.is_empty() {
        let mut reader = wasmparser::BinaryReader::new(get(bytes, range.clone())?, range.start);
        let count = reader.read_var_u32().map_err(|error| defect(&error.to_string()))?;
        (count as usize).saturating_add(items.len()).encode(&mut contents);
        start = reader.original_position();
    }
    let inside = |splice: &&Splice| range.contains(&splice.at) || splice.at == range.end;
    let splices = edit.splices.iter().filter(inside);
    splice(bytes, start..range.end, splices, &mut contents, &mut map)?;
    contents.extend(items.concat());
    Ok((contents, map))
}

/// Writes the code section: functions that change are made first, so that its size is known.
fn code(
    layout: &Layout<'_>,
    edit: &Edit,
    start: usize,
    items: &[&[u8]],
    out: &mut Vec<u8>,
    offsets: &mut Offsets,
) -> Result<(), Error> {
    let changed = (edit.bodies.par_iter().zip(&layout.bodies))
        .map(|(edit, function)| match edit.is_empty() {
            true => Ok(None),
            false => rewrite(layout.bytes, &function.range(), edit).map(Some),
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let changed = |at: usize| changed.get(at).and_then(Option::as_ref);
    let sized = |size: usize| unsigned_length(size as u64).saturating_add(size);

    let count = layout.bodies.len().saturating_add(items.len());
    let sizes = layout.bodies.iter().enumerate().map(|(at, function)| {
        sized(changed(at).map_or(function.range().len(), |(body, _)| body.len()))
    });
    let size = unsigned_length(count as u64)
        .saturating_add(sizes.sum())
        .saturating_add(items.iter().map(|item| item.len()).sum());
    out.push(SectionId::Code as u8);
    size.encode(out);
    offsets.inserted(out.len() as u64, start as u64);
    count.encode(out);
    for (at, function) in layout.bodies.iter().enumerate() {
        let range = function.range();
        let copied = || get(layout.bytes, range.clone());
        let body = changed(at).map_or_else(copied, |(body, _)| Ok(body))?;
        body.len().encode(out);
        match changed(at) {
            Some((_, inner)) => offsets.append(inner, out.len() as u64, 0),
            None => offsets.copied(out.len() as u64, range.start as u64),
        }
        out.extend_from_slice(body);
    }
    items.iter().for_each(|item| out.extend_from_slice(item));
    Ok(())
}

/// One function's locals and code.
fn rewrite(
    bytes: &[u8],
    range: &std::ops::Range<usize>,
    edit: &BodyEdit,
) -> Result<(Vec<u8>, Offsets), Error> {
    let (mut body, mut map) = (Vec::new(), Offsets::default());
    let inserted = edit.splices.iter().map(|splice| splice.insert.len());
    body.reserve(inserted.fold(range.len(), usize::saturating_add));
    let mut start = range.start;
    if !edit.locals.is_empty() {
        let reader = wasmparser::BinaryReader::new(get(bytes, range.clone())?, range.start);
        let function = wasmparser::FunctionBody::new(reader.clone());
        let mut head = reader;
        let fault = |error: wasmparser::Error| defect(&error.to_string());
        let groups = head.read_var_u32().map_err(fault)?;
        (groups as usize).saturating_add(edit.locals.len()).encode(&mut body);
        map.inserted(0, start as u64);
        let code = function.get_operators_reader().map_err(fault)?.original_position();
        start = head.original_position();
        splice(bytes, start..code, std::iter::empty(), &mut body, &mut map)?;
        for (count, ty) in &edit.locals {
            count.encode(&mut body);
            ty.encode(&mut body);
        }
        start = code;
    }
    splice(bytes, start..range.end, edit.splices.iter(), &mut body, &mut map)?;
    Ok((body, map))
}

/// Copies `range` with the splices in it carried out. `map`'s newer side is relative to `out`.
fn splice<'s>(
    bytes: &[u8],
    range: std::ops::Range<usize>,
    splices: impl Iterator<Item = &'s Splice>,
    out: &mut Vec<u8>,
    map: &mut Offsets,
) -> Result<(), Error> {
    let mut copied = range.start;
    for splice in splices {
        if splice.at < copied {
            return Err(defect("splices overlap or are not sorted"));
        }
        map.copied(out.len() as u64, copied as u64);
        out.extend_from_slice(get(bytes, copied..splice.at)?);
        map.inserted(out.len() as u64, splice.at as u64);
        out.extend_from_slice(&splice.insert);
        copied = splice.at.saturating_add(splice.remove);
    }
    map.copied(out.len() as u64, copied as u64);
    out.extend_from_slice(get(bytes, copied..range.end)?);
    Ok(())
}

fn get(bytes: &[u8], range: std::ops::Range<usize>) -> Result<&[u8], Error> {
    bytes.get(range).ok_or_else(|| defect("a splice lies outside of its section"))
}

fn defect(what: &str) -> Error {
    Error::Reencode { what: what.to_owned() }
}
