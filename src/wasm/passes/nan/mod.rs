//! `nan`: no NaN whose bits an engine may choose reaches anything that sees bits (spec/portable.md).
//!
//! A function is decoded once into [`steps`], of which [`flow`] makes an abstract execution as
//! often as needed: it says which values may be fresh where bits are seen. [`plan`] decides after
//! which operators a canonicalization goes; here it is written.

mod flow;
mod mended;
mod operators;
mod plan;
mod sequence;
mod steps;
mod value;

use super::super::Error;
use super::super::edit::{BodyEdit, Edit, Splice};
use super::super::encode::quick::canonical_length;
use super::super::layout::Layout;
use super::super::module::FEATURES;
use mended::Store;
use operators::is_producer;
use plan::{Canonicalization, plan};
use rayon::prelude::*;
use sequence::sequence;
use steps::Steps;
use wasm_encoder::ValType;
use wasmparser::{BinaryReader, FunctionBody, Operator, OperatorsReader};

#[cfg(test)]
mod tests;

/// What changes in the module.
///
/// # Errors
/// [`Error::Reencode`] for code that is not valid.
pub(super) fn edit(layout: &Layout<'_>) -> Result<Edit, Error> {
    let own = (layout.functions).get(layout.imported_functions as usize..).unwrap_or_default();
    let bodies = (layout.bodies.par_iter().zip(own))
        .map(|(body, ty)| function(layout, body, *ty))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Edit { bodies, ..Edit::default() })
}

/// What changes in one function of type index `ty`.
fn function(layout: &Layout<'_>, body: &FunctionBody<'_>, ty: u32) -> Result<BodyEdit, Error> {
    let fault = |error: wasmparser::Error| Error::Reencode { what: format!("nan: {error}") };
    if !may_produce(body).map_err(fault)? {
        return Ok(BodyEdit::default());
    }
    let steps = Steps::of(layout, body, ty)?;
    if !steps.has_producers {
        return Ok(BodyEdit::default());
    }
    Ok(write(layout, &steps, &plan(&steps)))
}

/// Whether `operator` can have a NaN as its result whose bits an engine may choose.
pub(in super::super) fn makes_nans(operator: &Operator<'_>) -> bool {
    matches!(operators::role(operator), Some(operators::Role::Produce { .. }))
}

/// Whether the code has an operator that makes NaNs. Vector operators count as such here; a look
/// at the bytes is enough for most functions.
fn may_produce(body: &FunctionBody<'_>) -> wasmparser::Result<bool> {
    const VECTOR: u8 = 0xfd;
    let reader = body.get_operators_reader()?.get_binary_reader();
    let start = reader.original_position();
    let code = reader.clone().read_bytes(reader.bytes_remaining())?;
    let mut at = 0;
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.first().is_some_and(|byte| *byte == VECTOR || is_producer(*byte)) {
            return Ok(true);
        }
        at += match canonical_length(rest, true) {
            Some(length) => length,
            None => {
                let offset = start.saturating_add(at);
                let reader = BinaryReader::new_features(rest, offset, FEATURES);
                let mut one = OperatorsReader::new(reader);
                one.read()?;
                one.original_position().saturating_sub(offset)
            }
        };
    }
    Ok(false)
}

/// Writes the canonicalizations, with locals that serve nothing else. In a loop a store is mended
/// instead: it is faster and longer.
fn write(layout: &Layout<'_>, steps: &Steps, canonicalizations: &[Canonicalization]) -> BodyEdit {
    let mut edit = BodyEdit::default();
    let mut scratch = Scratch { first: steps.locals, types: Vec::new() };
    for Canonicalization { at, shape, in_loop } in canonicalizations {
        let code = layout.bytes.get(*at..).filter(|_| *in_loop).unwrap_or_default();
        let value = scratch.local(shape.val_type());
        let store = Store::of(code, *shape);
        let store = store.and_then(|store| Some((store, store.address(layout)?)));
        if let Some((store, address)) = store {
            let address = scratch.local(address);
            edit.splices.push(Splice::insert(*at, Store::before(value, address)));
            let end = at.saturating_add(store.length);
            edit.splices.push(Splice::insert(end, store.after(value, address)));
        } else {
            edit.splices.push(Splice::insert(*at, sequence(*shape, value)));
        }
    }
    edit.locals = scratch.types.into_iter().map(|ty| (1, ty)).collect();
    edit
}

/// One local of each type, as they are asked for.
struct Scratch {
    first: u32,
    types: Vec<ValType>,
}

impl Scratch {
    fn local(&mut self, ty: ValType) -> u32 {
        let known = self.types.iter().position(|known| *known == ty);
        let at = known.unwrap_or_else(|| {
            self.types.push(ty);
            self.types.len() - 1
        });
        self.first + at as u32
    }
}
