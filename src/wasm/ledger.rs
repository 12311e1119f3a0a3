//! The entropy ledger of a module: for each source of nondeterminism what becomes of it, as far as
//! imports, opcodes and the profile tell.

use super::interface::Interface;
use super::module::Module;
use super::{Error, passes};
use crate::abi::Capability;
use crate::abi::entropy::{EntropyLine, Source, Status};
use crate::profile::{Pass, Profile};
use wasmparser::{Operator, Parser, Payload};

/// The ledger of `module`, which keeps what `profile` promises, when it has `allowed`: what its manifest
/// declares, or what one execution was granted. One line for each source, in the order of
/// [`Source::ALL`].
///
/// # Errors
/// When the code cannot be read, which does not happen for a module that was checked.
pub fn ledger(
    module: &Module,
    interface: &Interface,
    profile: Profile,
    allowed: &[Capability],
) -> Result<Vec<EntropyLine>, Error> {
    let code = Code::of(module).map_err(|fault| Error::Reencode { what: fault.to_string() })?;
    let rows = interface.host_functions();
    let line = |source| match code.line(source, profile) {
        Some((status, by)) => EntropyLine { source, status, by: by.to_owned() },
        None => EntropyLine::of_imports(source, &rows, allowed),
    };
    Ok(Source::ALL.into_iter().map(line).collect())
}

/// What the code of a module has.
#[derive(Debug, Default)]
struct Code {
    makes_nans: bool,
    relaxed: bool,
    grows: bool,
    /// A call by a reference, whose callee is not known.
    calls_references: bool,
    imported: u32,
    /// Direct calls among the functions that the module defines, as (caller, callee).
    calls: Vec<(u32, u32)>,
    defined: u32,
}

impl Code {
    fn of(module: &Module) -> wasmparser::Result<Self> {
        let mut code = Self { imported: module.facts.imported_functions, ..Self::default() };
        for payload in Parser::new(0).parse_all(module.bytes()) {
            if let Payload::CodeSectionEntry(body) = payload? {
                let mut operators = body.get_operators_reader()?;
                while !operators.eof() {
                    let operator = operators.read()?;
                    code.look(&operator);
                }
                code.defined += 1;
            }
        }
        Ok(code)
    }

    fn look(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::MemoryGrow { .. } | Operator::TableGrow { .. } => self.grows = true,
            Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCallRef { .. } => self.calls_references = true,
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                if let Some(callee) = function_index.checked_sub(self.imported) {
                    self.calls.push((self.defined, callee));
                }
            }
            operator => {
                let relaxed = passes::is_relaxed(operator);
                self.relaxed |= relaxed;
                self.makes_nans |= relaxed || passes::makes_nans(operator);
            }
        }
    }

    /// The line of a source that lies in the code; `None` for one that imports lead to.
    fn line(&self, source: Source, profile: Profile) -> Option<(Status, &'static str)> {
        const OPEN: (Status, &str) = (Status::Open, "left to the engine");
        let by =
            |pass: Pass, what| if profile.has(pass) { (Status::Normalized, what) } else { OPEN };
        Some(match source {
            Source::NanBits if !self.makes_nans => (Status::Absent, "no instruction makes a NaN"),
            Source::NanBits => by(Pass::Nan, "pass nan: what sees bits sees one NaN"),
            Source::RelaxedSimd if !self.relaxed => {
                (Status::Absent, "no instruction of relaxed SIMD")
            }
            Source::RelaxedSimd => OPEN,
            Source::Threads => (Status::Absent, "shared memories and atomics are refused"),
            Source::Growth if !self.grows => (Status::Absent, "nothing grows"),
            Source::Growth => by(Pass::Growth, "pass growth: each maximum is explicit"),
            Source::StackDepth if !self.calls_references && !self.recurses() => {
                (Status::Absent, "no function can call itself")
            }
            Source::StackDepth => by(Pass::Stack, "pass stack: the module counts its own depth"),
            _ => return None,
        })
    }

    /// Whether direct calls form a circle: functions without callers are taken away until none is left.
    fn recurses(&self) -> bool {
        let count = self.defined as usize;
        let mut callers = vec![0_u32; count];
        let mut edges = self.calls.clone();
        edges.sort_unstable();
        edges.dedup();
        for (_, callee) in &edges {
            if let Some(callers) = callers.get_mut(*callee as usize) {
                *callers += 1;
            }
        }
        let mut free: Vec<u32> =
            (0..self.defined).filter(|f| callers.get(*f as usize) == Some(&0)).collect();
        let mut taken = 0;
        while let Some(function) = free.pop() {
            taken += 1;
            let first = edges.partition_point(|(caller, _)| *caller < function);
            let own = edges.iter().skip(first).take_while(|(caller, _)| *caller == function);
            for (_, callee) in own {
                if let Some(callers) = callers.get_mut(*callee as usize) {
                    *callers -= 1;
                    if *callers == 0 {
                        free.push(*callee);
                    }
                }
            }
        }
        taken < count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(wat: &str, profile: Profile) -> Vec<(Source, Status)> {
        let module = Module::parse(wat::parse_str(wat).unwrap()).unwrap();
        let interface = Interface::of(&module, Some("f")).unwrap();
        let lines = ledger(&module, &interface, profile, &[]).unwrap();
        assert_eq!(lines.len(), Source::ALL.len());
        lines.into_iter().map(|line| (line.source, line.status)).collect()
    }

    #[test]
    fn opcodes_tell() {
        let of = |body: &str, source, profile| {
            let wat = format!(
                "(module (memory 1) (table 1 funcref) (type $t (func)) (func $leaf) {body})"
            );
            statuses(&wat, profile).into_iter().find(|(s, _)| *s == source).unwrap().1
        };
        let f = |body: &str| format!("(func $f (export \"f\") {body})");
        let (plain, portable) = (Profile::CANONICAL, Profile::PORTABLE);
        for (body, source, without, with) in [
            (f(""), Source::NanBits, Status::Absent, Status::Absent),
            (
                f("(drop (f64.add (f64.const 1) (f64.const 2)))"),
                Source::NanBits,
                Status::Open,
                Status::Normalized,
            ),
            (f("(drop (f32.neg (f32.const 1)))"), Source::NanBits, Status::Absent, Status::Absent),
            (
                f("(drop (f32x4.add (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0)))"),
                Source::NanBits,
                Status::Open,
                Status::Normalized,
            ),
            (f(""), Source::RelaxedSimd, Status::Absent, Status::Absent),
            (
                f(
                    "(drop (i8x16.relaxed_swizzle (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0)))",
                ),
                Source::RelaxedSimd,
                Status::Open,
                Status::Open,
            ),
            (
                f("(drop (memory.grow (i32.const 1)))"),
                Source::Growth,
                Status::Open,
                Status::Normalized,
            ),
            (f(""), Source::Growth, Status::Absent, Status::Absent),
            (f("(call $leaf)"), Source::StackDepth, Status::Absent, Status::Absent),
            (f("(call $f)"), Source::StackDepth, Status::Open, Status::Normalized),
            (
                f("(call_indirect (type $t) (i32.const 0))"),
                Source::StackDepth,
                Status::Open,
                Status::Normalized,
            ),
            (
                f("(call $g)") + "(func $g (call $h)) (func $h (call $g))",
                Source::StackDepth,
                Status::Open,
                Status::Normalized,
            ),
            (f(""), Source::Threads, Status::Absent, Status::Absent),
        ] {
            assert_eq!(of(&body, source, plain), without, "{body}");
            assert_eq!(of(&body, source, portable), with, "{body}");
        }
    }
}
