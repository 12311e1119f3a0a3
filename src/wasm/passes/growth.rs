//! growth (spec/portable.md): where a memory or table of the module's own ends is said in the
//! module, not left to the host.

use super::super::Error;
use super::super::edit::{Edit, Splice};
use super::super::layout::Layout;
use crate::profile::{MEMORY_PAGES, TABLE_ELEMENTS};
use wasm_encoder::Encode;
use wasmparser::{BinaryReader, RefType};

/// In the byte before the limits: there is a maximum.
const HAS_MAXIMUM: u8 = 1;
/// Where a table's type would begin: an initial value follows the type.
const HAS_INITIAL_VALUE: u8 = 0x40;

/// What changes in the module.
pub(super) fn edit(layout: &Layout<'_>) -> Result<Edit, Error> {
    let mut splices = Vec::new();
    for (at, table) in &layout.tables {
        if table.ty.maximum.is_none() {
            let limits = table_limits(layout.bytes, *at);
            let limits = limits.map_err(|error| super::unreadable("growth", &error))?;
            bound(layout.bytes, limits, table.ty.initial.max(TABLE_ELEMENTS), &mut splices)?;
        }
    }
    for (at, memory) in &layout.memories {
        if memory.maximum.is_none() {
            bound(layout.bytes, *at, memory.initial.max(MEMORY_PAGES), &mut splices)?;
        }
    }
    Ok(Edit { splices, ..Edit::default() })
}

/// Where the limits of the table at `at` begin.
fn table_limits(bytes: &[u8], at: usize) -> wasmparser::Result<usize> {
    let mut reader = BinaryReader::new(bytes.get(at..).unwrap_or_default(), at);
    if bytes.get(at) == Some(&HAS_INITIAL_VALUE) {
        reader.read_bytes(2)?;
    }
    reader.read::<RefType>()?;
    Ok(reader.original_position())
}

/// Gives the limits at `at` a maximum.
fn bound(bytes: &[u8], at: usize, maximum: u64, splices: &mut Vec<Splice>) -> Result<(), Error> {
    let mut reader = BinaryReader::new(bytes.get(at..).unwrap_or_default(), at);
    let flags = reader.read_u8().map_err(|error| super::unreadable("growth", &error))?;
    reader.read_var_u64().map_err(|error| super::unreadable("growth", &error))?;
    splices.push(Splice { at, remove: 1, insert: vec![flags | HAS_MAXIMUM] });
    let mut insert = Vec::new();
    maximum.encode(&mut insert);
    splices.push(Splice::insert(reader.original_position(), insert));
    Ok(())
}
