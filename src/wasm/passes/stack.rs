//! stack (spec/portable.md): functions that can nest without end count the words that they take
//! from a limit, and trap when none are left.

mod graph;
mod instrument;
mod odds;
mod region;
mod stops;
mod walk;

use super::super::Error;
use super::super::edit::{Edit, Splice};
use super::super::layout::Layout;
use super::super::module::{Module, RESERVED};
use graph::Graph;
use instrument::{Blocks, Function, Globals, counted, counting_calls, entry};
use rayon::prelude::*;
use std::collections::BTreeSet;
pub use walk::FrameSize;
use walk::Walk;
use wasm_encoder::{Encode, InstructionSink, SectionId};
use wasmparser::{
    BinaryReader, ConstExpr, ElementItems, ElementSectionReader, ExternalKind, GlobalSectionReader,
    Operator, TableInit,
};

/// The export of the global that counts words.
const STACK: &str = "provenact:stack";
/// The export of the global that is 1 when words ran out.
pub const STACK_TRAP: &str = "provenact:trap";

/// What changes in the module, which gets a limit of `words`; nothing when no function has to be
/// counted.
pub(super) fn edit(layout: &Layout<'_>, words: u32) -> Result<Edit, Error> {
    if let Some((at, export)) = layout.exports.iter().find(|(_, e)| e.name.starts_with(RESERVED)) {
        return Err(Error::ReservedExport { name: export.name.to_owned(), offset: *at as u64 });
    }
    let walks = walks(layout)?;
    let declared = declared(layout).map_err(unreadable)?;
    let mut referenced = declared.clone();
    referenced.extend(walks.iter().flat_map(|walk| &walk.references));
    let verdicts = Graph::of(layout, &walks, &referenced).verdicts(&walks);
    if !verdicts.iter().any(|verdict| verdict.counted || !verdict.calls.is_empty()) {
        return Ok(Edit::default());
    }

    let mut edit = Edit::default();
    let (stack, trap) = (layout.globals, layout.globals.saturating_add(1));
    let globals = Globals { stack, trap, limit: words.cast_signed() };
    let blocks = Blocks::of(layout, &verdicts)?;
    edit.items.extend(blocks.new_types());
    edit.bodies = (walks.par_iter().zip(&verdicts).enumerate())
        .map(|(at, (walk, verdict))| {
            if !verdict.counted {
                return counting_calls(&verdict.calls, globals);
            }
            let function = Function { index: own(layout, at), walk };
            counted(layout, function, verdict.carried, &blocks, globals)
        })
        .collect();
    let hidden = enter(layout, &verdicts, globals, &mut edit)?;
    let lost: Vec<u32> = (walks.iter().flat_map(|walk| &walk.references).copied())
        .collect::<BTreeSet<u32>>()
        .into_iter()
        .filter(|function| hidden.contains(function) && !declared.contains(function))
        .collect();
    if !lost.is_empty() {
        edit.items.push((SectionId::Element, declaration(&lost)));
    }
    state(globals, &mut edit);
    Ok(edit)
}

/// The size of the frame of each of the module's own functions.
///
/// # Errors
/// None for a valid module, as far as is known.
pub fn frame_sizes(module: &Module) -> Result<Vec<FrameSize>, Error> {
    let layout = Layout::of(module.bytes()).map_err(unreadable)?;
    Ok(walks(&layout)?.into_iter().map(|walk| walk.size).collect())
}

fn walks(layout: &Layout<'_>) -> Result<Vec<Walk>, Error> {
    let bodies = layout.bodies.par_iter().enumerate();
    bodies.map(|(at, body)| Walk::of(layout, own(layout, at), body)).collect()
}

/// The index of the module's own function number `at`.
fn own(layout: &Layout<'_>, at: usize) -> u32 {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    layout.imported_functions.saturating_add(at)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: wasmparser::Error) -> Error {
    super::unreadable("stack", &error)
}

/// The functions that stand in element segments and initial values.
fn declared(layout: &Layout<'_>) -> wasmparser::Result<BTreeSet<u32>> {
    let mut found = BTreeSet::new();
    for (_, table) in &layout.tables {
        if let TableInit::Expr(value) = &table.init {
            references(value, &mut found)?;
        }
    }
    for (id, range) in &layout.sections {
        let contents = layout.bytes.get(range.clone()).unwrap_or_default();
        let reader = BinaryReader::new(contents, range.start);
        if *id == SectionId::Global as u8 {
            for global in GlobalSectionReader::new(reader)? {
                references(&global?.init_expr, &mut found)?;
            }
        } else if *id == SectionId::Element as u8 {
            for element in ElementSectionReader::new(reader)? {
                match element?.items {
                    ElementItems::Functions(functions) => {
                        for function in functions {
                            found.insert(function?);
                        }
                    }
                    ElementItems::Expressions(_, values) => {
                        for value in values {
                            references(&value?, &mut found)?;
                        }
                    }
                }
            }
        }
    }
    Ok(found)
}

fn references(value: &ConstExpr<'_>, found: &mut BTreeSet<u32>) -> wasmparser::Result<()> {
    for operator in value.get_operators_reader() {
        if let Operator::RefFunc { function_index } = operator? {
            found.insert(function_index);
        }
    }
    Ok(())
}

/// Gives an entry to each function that is exported and has to do with counting, and exports that
/// instead. Returns the functions that are no longer exported.
fn enter(
    layout: &Layout<'_>,
    verdicts: &[graph::Verdict],
    globals: Globals,
    edit: &mut Edit,
) -> Result<BTreeSet<u32>, Error> {
    let mut entries: Vec<(u32, u32)> = Vec::new();
    let mut hidden = BTreeSet::new();
    let next = layout.functions.len();
    let needs_one = |function: u32| {
        let at = function.checked_sub(layout.imported_functions);
        let verdict = at.and_then(|at| verdicts.get(at as usize));
        verdict.is_some_and(|verdict| verdict.counted || verdict.reaches)
    };
    for (_, export) in &layout.exports {
        if is_function(export.kind) && needs_one(export.index) && hidden.insert(export.index) {
            let index = u32::try_from(next.saturating_add(entries.len())).unwrap_or(u32::MAX);
            entries.push((export.index, index));
        }
    }
    for (function, _) in &entries {
        let ty = layout.functions.get(*function as usize).copied().unwrap_or_default();
        let params = layout.func_type(ty).map_or(0, |ty| ty.params().len());
        let mut declaration = Vec::new();
        ty.encode(&mut declaration);
        edit.items.push((SectionId::Function, declaration));
        edit.items.push((SectionId::Code, entry(*function, params, globals)));
    }
    entries.sort_unstable();
    for (at, export) in &layout.exports {
        let found = entries.binary_search_by_key(&export.index, |(function, _)| *function);
        let Some((_, entry)) = found.ok().and_then(|found| entries.get(found)) else { continue };
        if is_function(export.kind) {
            edit.splices.push(redirect(layout.bytes, *at, *entry).map_err(unreadable)?);
        }
    }
    Ok(hidden)
}

const fn is_function(kind: ExternalKind) -> bool {
    matches!(kind, ExternalKind::Func | ExternalKind::FuncExact)
}

/// Makes the export at `at` one of `entry`.
fn redirect(bytes: &[u8], at: usize, entry: u32) -> wasmparser::Result<Splice> {
    let mut reader = BinaryReader::new(bytes.get(at..).unwrap_or_default(), at);
    reader.read_string()?;
    reader.read_u8()?;
    let at = reader.original_position();
    reader.read_var_u32()?;
    let mut insert = Vec::new();
    entry.encode(&mut insert);
    Ok(Splice { at, remove: reader.original_position() - at, insert })
}

/// A declarative element segment: functions that `ref.func` may name although nothing else does.
fn declaration(functions: &[u32]) -> Vec<u8> {
    let mut segment = vec![0x03, 0x00];
    functions.encode(&mut segment);
    segment
}

/// The two globals and their exports.
fn state(globals: Globals, edit: &mut Edit) {
    for (index, name, initial) in
        [(globals.stack, STACK, globals.limit), (globals.trap, STACK_TRAP, 0)]
    {
        let mut global = vec![0x7f, 0x01];
        InstructionSink::new(&mut global).i32_const(initial).end();
        edit.items.push((SectionId::Global, global));
        let mut export = Vec::new();
        name.encode(&mut export);
        export.push(0x03);
        index.encode(&mut export);
        edit.items.push((SectionId::Export, export));
    }
}
