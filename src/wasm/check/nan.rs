//! nan (spec/portable.md): no NaN that arithmetic made reaches anything that sees bits.
//!
//! A function without arithmetic on floats is accepted as it is. In another, [`Assignments`] has
//! where locals are assigned, [`Flow`] follows the values from operator to operator, and
//! [`knowledge`] settles what is only known when the whole function has been read.

mod assignments;
mod flow;
mod knowledge;
mod mended;
mod numbers;
mod pattern;
mod role;
mod value;

#[cfg(test)]
mod tests;

use super::super::Error;
use super::code::Code;
use super::context::Context;
use super::cursor::{Cursor, Fault};
use super::naming::name_at;
use super::operator::Operator;
use crate::profile::Pass;
use assignments::Assignments;
use flow::Flow;
pub(super) use knowledge::Seen;
use wasmparser::ValType;

/// Holds what was seen in the functions of a canonical module to the rules.
///
/// # Errors
/// [`Error::NotPortable`] with the first operator in the file that sees a fresh NaN.
pub(super) fn check(context: &Context<'_>, code: &Code) -> Result<(), Error> {
    match code.functions.iter().find_map(|function| function.seen) {
        None => Ok(()),
        Some(seen) => Err(explain(context.module, seen)),
    }
}

/// Follows NaNs through functions, one after another and each by itself.
pub(super) struct Follower<'c, 'a> {
    context: &'c Context<'a>,
    assignments: Assignments,
    flow: Flow<'c, 'a>,
}

impl<'c, 'a> Follower<'c, 'a> {
    pub(super) fn new(context: &'c Context<'a>) -> Self {
        Self { context, assignments: Assignments::default(), flow: Flow::new(context) }
    }

    /// At the beginning of a function of type `ty`.
    pub(super) fn begin(&mut self, ty: u32) {
        self.assignments.clear();
        let ty = self.context.function_type(ty);
        for param in ty.map(wasmparser::FuncType::params).unwrap_or_default() {
            let is_float = matches!(param, ValType::F32 | ValType::F64 | ValType::V128);
            self.assignments.locals(1, is_float);
        }
    }

    /// Its next `count` locals, whose type has those bytes.
    pub(super) fn locals(&mut self, count: u32, ty: &[u8]) {
        /// `v128`, `f64` and `f32`.
        const FLOATS: std::ops::RangeInclusive<u8> = 0x7b..=0x7d;
        self.assignments.locals(count, matches!(ty, [byte] if FLOATS.contains(byte)));
    }

    /// Its next operator that assigns or begins or ends a block, when its code is read for the first
    /// time, and whether that can be reached.
    #[inline]
    pub(super) fn operator(&mut self, found: &Operator, is_reached: bool) {
        self.assignments.operator(found, is_reached);
    }

    /// Reads its code, which stands at the cursor, once more: where does it see a fresh NaN first?
    pub(super) fn follow(
        &mut self,
        ty: u32,
        mut cursor: Cursor<'_>,
    ) -> Result<Option<Seen>, Fault> {
        self.flow.run(ty, &self.assignments, &mut cursor)
    }
}

fn explain(module: &[u8], seen: Seen) -> Error {
    let name = name_at(module, seen.at);
    let observer = match name.as_str() {
        "loop" => "the entry into a loop",
        "end" => "the end of the function",
        name => name,
    };
    let producer = name_at(module, seen.origin as usize);
    Error::NotPortable {
        offset: seen.at as u64,
        pass: Pass::Nan,
        what: format!("{observer} sees a NaN that {producer} at byte {:#x} made", seen.origin),
    }
}

impl From<wasmparser::Error> for Error {
    fn from(error: wasmparser::Error) -> Self {
        Self::Malformed { offset: error.offset() as u64, what: error.message().to_owned() }
    }
}
