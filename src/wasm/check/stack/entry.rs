//! An entry: the way into counted functions from outside.

use super::super::context::Context;
use super::super::cursor::Cursor;
use super::notes::Globals;
use super::sequence::Sequence;

/// Whether own function `at` is an entry as far as its bytes tell: it saves the counter, sets it to
/// the limit, calls a function of its own type with its own arguments, and puts the counter back.
pub(super) fn is(context: &Context<'_>, at: usize, globals: Globals) -> bool {
    const ONE_I32: [u8; 3] = [1, 1, 0x7f];
    const CALL: u8 = 0x10;
    const END: u8 = 0x0b;
    let Some((ty, range)) = context.body(at) else { return false };
    let saved = context.sections.types.form(ty).params;
    if range.len() <= saved as usize {
        return false;
    }
    let before = Sequence::default()
        .plain(&ONE_I32)
        .global_get(globals.stack)
        .local_set(saved)
        .constant(globals.limit)
        .global_set(globals.stack)
        .constant(0)
        .global_set(globals.trap);
    let before = (0..saved).fold(before, Sequence::local_get).plain(&[CALL]);
    let bytes = context.module.get(range.clone()).unwrap_or_default();
    if !bytes.starts_with(before.bytes()) {
        return false;
    }
    let call = range.start.saturating_add(before.bytes().len());
    let mut cursor = Cursor::new(context.module, call, range.end);
    let Ok(callee) = cursor.index() else { return false };
    let after = Sequence::default().local_get(saved).global_set(globals.stack).plain(&[END]);
    let has_type = context.sections.functions.get(callee as usize) == Some(&ty);
    has_type && cursor.between(cursor.at(), range.end) == after.bytes()
}
