//! Holds a module to its canonical form (spec/canonical.md) and to what its profile promises
//! (spec/portable.md), in linear time.
//!
//! Nothing here is shared with the code that rewrites, but for the parser and plain data: nobody
//! has to trust it. The checker reads the raw bytes with a decoder of its own where the encoding
//! matters, and with the parser's where only the meaning does.

mod code;
mod context;
mod cursor;
mod customs;
mod effect;
mod growth;
mod naming;
mod nan;
mod operator;
mod reach;
mod relaxed;
mod sections;
mod segments;
mod stack;
mod types;

#[cfg(test)]
mod tests;

use super::Error;
use super::module::Module;
use crate::profile::{Pass, Profile};
use code::{Asked, Code};
use context::Context;
use cursor::Fault;
pub(super) use naming::name as operator_name;
use sections::Sections;

/// Checks a valid module.
///
/// # Errors
/// [`Error::NotCanonical`] with the first freedom in the file that was taken in another way than
/// the canonical form takes it; then [`Error::NotPortable`], by the passes of `profile` in their
/// order.
pub fn check(module: &Module, profile: Profile) -> Result<(), Error> {
    let stack = profile.has(Pass::Stack).then(|| stack::globals(module, profile.stack_words()));
    let (sections, outside) = Sections::read(module.bytes());
    let context = Context::new(module.bytes(), &sections)?;
    let code = canonical(&context, outside, Asked { stack, nan: profile.has(Pass::Nan) })?;
    profile.passes().try_for_each(|pass| match pass {
        Pass::RelaxedSimd => relaxed::check(&context, &code, pass),
        Pass::Nan => {
            relaxed::check(&context, &code, pass).and_then(|()| nan::check(&context, &code))
        }
        Pass::Stack => stack::check(module, &context, &code, stack.flatten()),
        Pass::Growth => growth::check(&sections),
    })
}

/// Holds the module to the canonical form, in which `outside` is what is wrong outside of code.
fn canonical(context: &Context<'_>, outside: Option<Fault>, asked: Asked) -> Result<Code, Fault> {
    let (code, inside) = Code::read(context, asked);
    let first = [outside, inside].into_iter().flatten().min_by_key(|fault| fault.at);
    context.sections.check_with(&code, first.map(|fault| fault.at))?;
    first.map_or(Ok(code), Err)
}
