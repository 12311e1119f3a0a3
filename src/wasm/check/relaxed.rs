//! relaxed-simd (spec/portable.md): no operator whose result is the engine's choice.

use super::super::Error;
use super::code::Code;
use super::context::Context;
use super::naming::name_at;
use crate::profile::Pass;

/// Holds the code of a canonical module to the rule, which is one of `pass`: of relaxed-simd, and
/// of nan, since the NaNs of such operators are the engine's choice too.
///
/// # Errors
/// [`Error::NotPortable`] with the first operator of relaxed SIMD.
pub(super) fn check(context: &Context<'_>, code: &Code, pass: Pass) -> Result<(), Error> {
    match code.functions.iter().find_map(|function| function.relaxed) {
        None => Ok(()),
        Some(at) => Err(Error::NotPortable {
            offset: at as u64,
            pass,
            what: format!("{} gives what the engine chooses", name_at(context.module, at)),
        }),
    }
}
