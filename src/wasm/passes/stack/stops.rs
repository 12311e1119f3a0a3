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

/// Where `body` stops, if it begins as a function that counts its words does.
fn stop(body: &FunctionBody<'_>, trap: u32) -> Option<usize> {
    let mut operators = body.get_operators_reader().ok()?;
    let mut next = || {
        let at = operators.original_position();
        Some((at, operators.read().ok()?))
    };
    matches!(next()?.1, Operator::GlobalGet { .. }).then_some(())?;
    matches!(next()?.1, Operator::LocalTee { .. }).then_some(())?;
    matches!(next()?.1, Operator::I32Const { .. }).then_some(())?;
    matches!(next()?.1, Operator::I32LtU).then_some(())?;
    matches!(next()?.1, Operator::If { .. }).then_some(())?;
    matches!(next()?.1, Operator::I32Const { value: 1 }).then_some(())?;
    matches!(next()?.1, Operator::GlobalSet { global_index } if global_index == trap)
        .then_some(())?;
    let (at, last) = next()?;
    matches!(last, Operator::Unreachable).then_some(at)
}
