//! A counted call, held to its exact form.

use super::super::context::Context;
use super::notes::Globals;
use super::sequence::Sequence;
use wasmparser::BinaryReader;

/// What stands before a counted call.
#[derive(Debug)]
pub(super) struct Site {
    /// Where it begins.
    pub(super) at: usize,
    /// Where the call has to stand.
    pub(super) call: usize,
    /// The words that are counted.
    pub(super) words: u32,
    globals: Globals,
}

impl Site {
    /// What stands at `at`, if it is what comes before a counted call.
    pub(super) fn begin(context: &Context<'_>, at: usize, globals: Globals) -> Option<Self> {
        const CONST: [u8; 1] = [0x41];
        const SUB: [u8; 1] = [0x6b];
        let reads = Sequence::default().global_get(globals.stack);
        let first = reads.clone().plain(&CONST);
        if !first.stands_in(context.module, at) {
            return None;
        }
        let constant = at.saturating_add(first.bytes().len());
        let rest = context.module.get(constant..).unwrap_or_default();
        let words = BinaryReader::new(rest, constant).read_var_i32().ok()?.cast_unsigned();
        let before = (reads.stop_below(words, globals.trap).global_get(globals.stack))
            .constant(words)
            .plain(&SUB)
            .global_set(globals.stack);
        let call = at.saturating_add(before.bytes().len());
        before.stands_in(context.module, at).then_some(Self { at, call, words, globals })
    }

    /// Where ends what has to stand behind the call, if it stands at `at`.
    pub(super) fn end(&self, context: &Context<'_>, at: usize) -> Option<usize> {
        const ADD: [u8; 1] = [0x6a];
        let after = Sequence::default()
            .global_get(self.globals.stack)
            .constant(self.words)
            .plain(&ADD)
            .global_set(self.globals.stack);
        after.stands_in(context.module, at).then(|| at.saturating_add(after.bytes().len()))
    }
}
