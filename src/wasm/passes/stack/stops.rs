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
        let mut stops = Vec::new();
        for payload in parser().parse_all(self.bytes()) {
            if let Ok(Payload::CodeSectionEntry(body)) = payload {
                stops.extend(stop(&body, trap.index));
            }
        }
        stops
    }
}

/// Where `body` stops, if it counts its words: that comes before it calls anything.
fn stop(body: &FunctionBody<'_>, trap: u32) -> Option<usize> {
    let mut operators = body.get_operators_reader().ok()?;
    let mut last = [None, None];
    loop {
        let at = operators.original_position();
        let operator = operators.read().ok()?;
        match &operator {
            Operator::Unreachable
                if matches!(last, [
                    Some(Operator::I32Const { value: 1 }),
                    Some(Operator::GlobalSet { global_index }),
                ] if global_index == trap) =>
            {
                return Some(at);
            }
            Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => return None,
            _ => last = [last[1].take(), Some(operator)],
        }
    }
}
