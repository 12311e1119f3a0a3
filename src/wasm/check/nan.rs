//! nan (spec/portable.md): no NaN that arithmetic made reaches anything that sees bits.
//!
//! A function without arithmetic on floats is accepted as it is. In another, [`Assignments`] finds
//! where locals are assigned, [`Flow`] follows the values from operator to operator, and
//! [`Knowledge`] settles what is only known when the whole function has been read.

mod assignments;
mod flow;
mod knowledge;
mod mended;
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
use super::operator::PRODUCER;
use crate::profile::Pass;
use assignments::Assignments;
use flow::Flow;
use knowledge::Seen;
use rayon::prelude::*;

/// Functions that are given to a thread at a time, at least.
const AT_ONCE: usize = 4;

/// Holds the functions of a canonical module to the rules, each by itself.
///
/// # Errors
/// [`Error::NotPortable`] with the first operator in the file that sees a fresh NaN.
pub(super) fn check(context: &Context<'_>, code: &Code) -> Result<(), Error> {
    let producing: Vec<usize> = (0..code.functions.len())
        .filter(|at| code.functions.get(*at).is_some_and(|found| found.sets & PRODUCER != 0))
        .collect();
    let seen = producing.par_iter().with_min_len(AT_ONCE).map(|at| function(context, *at));
    // Every function is looked at: which one is first must not depend on threads.
    let seen: Vec<_> = seen.filter_map(Result::transpose).collect();
    match seen.into_iter().next() {
        None => Ok(()),
        Some(seen) => Err(explain(context.module, seen?)),
    }
}

/// The first place in the function of that number that sees a fresh NaN.
fn function(context: &Context<'_>, at: usize) -> Result<Option<Seen>, Fault> {
    let Some((ty, range)) = context.body(at) else { return Ok(None) };
    let mut cursor = Cursor::new(context.module, range.start, range.end);
    let assignments = Assignments::of(context, ty, &mut cursor)?;
    let mut cursor = Cursor::new(context.module, assignments.code, range.end);
    Flow::new(context, ty, &assignments).run(&mut cursor)
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
