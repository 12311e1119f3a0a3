//! Where a module can run out of words, for a host that has no instance to ask.

use super::super::super::module::{Module, parser};
use super::STACK_TRAP;
use wasmparser::{ExternalKind, FunctionBody, Operator, Payload};

impl Module {
    /// The offsets of the instructions that stop the start function, or what it calls, when words
    /// run out, in ascending order. None without a start function or a counter.
    pub(crate) fn stops_of_start(&self) -> Vec<usize> {
        let exports = &self.facts.exports;
        let trap = exports.iter().find(|e| e.name == STACK_TRAP && e.kind == ExternalKind::Global);
        let Some(trap) = trap.filter(|_| self.facts.start.is_some()) else { return Vec::new() };
        let mut found = Vec::new();
        for payload in parser().parse_all(self.bytes()) {
            if let Ok(Payload::CodeSectionEntry(body)) = payload {
                found.extend(stops(&body, trap.index));
            }
        }
        found
    }
}

/// Where `body` stops: where it counts its words, or around each call that is counted.
fn stops(body: &FunctionBody<'_>, trap: u32) -> Vec<usize> {
    let mut stops = Vec::new();
    let mut sets = false;
    let operators = body.get_operators_reader().into_iter();
    let operators = operators.flat_map(|operators| operators.into_iter_with_offsets());
    for (operator, at) in operators.map_while(Result::ok) {
        if sets && matches!(operator, Operator::Unreachable) {
            stops.push(at);
        }
        sets = matches!(operator, Operator::GlobalSet { global_index } if global_index == trap);
    }
    stops
}
