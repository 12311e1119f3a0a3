//! One pass over the bytes of every function: the freedoms of code, and which operators there are.

use super::super::freedom::Freedom;
use super::cursor::{Cursor, Fault};
use super::operator::{DATA, RELAXED, operator};
use super::sections::Sections;
use super::types::Types;
use rayon::prelude::*;
use std::ops::Range;

/// Functions that are given to a thread at a time, at least.
const AT_ONCE: usize = 16;

/// What was found in the functions of a module.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub(super) functions: Vec<Function>,
}

/// What was found in a function.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Function {
    /// The sets of operators of which it has one.
    pub(super) sets: u8,
    /// Where its first operator of relaxed SIMD stands.
    pub(super) relaxed: Option<usize>,
}

impl Code {
    /// Reads the functions of `module` side by side, and hands back the first fault with what was
    /// found in those before.
    pub(super) fn read(module: &[u8], sections: &Sections) -> (Self, Option<Fault>) {
        let functions = sections.bodies.par_iter().with_min_len(AT_ONCE);
        let functions: Vec<_> =
            functions.map(|body| Function::read(module, body, &sections.types)).collect();
        let mut code = Self { functions: Vec::with_capacity(functions.len()) };
        for function in functions {
            match function {
                Ok(function) => code.functions.push(function),
                Err(fault) => return (code, Some(fault)),
            }
        }
        (code, None)
    }

    /// Whether an operator names a data segment.
    pub(super) fn needs_data_count(&self) -> bool {
        self.functions.iter().any(|function| function.sets & DATA != 0)
    }
}

impl Function {
    fn read(module: &[u8], body: &Range<usize>, types: &Types) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(module, body.start, body.end);
        locals(&mut cursor, types)?;
        let mut function = Self::default();
        while !cursor.is_done() {
            let operator = operator(&mut cursor, types)?;
            function.sets |= operator.shape.sets;
            if operator.shape.sets & RELAXED != 0 {
                function.relaxed.get_or_insert(operator.at);
            }
        }
        Ok(function)
    }
}

/// Passes the locals of a function: neighbours of one type are one group, and none is empty.
fn locals(cursor: &mut Cursor<'_>, types: &Types) -> Result<(), Fault> {
    let mut before: &[u8] = &[];
    for _ in 0..cursor.index()? {
        let at = cursor.at();
        let count = cursor.index()?;
        let start = cursor.at();
        types.value_type(cursor)?;
        let ty = cursor.between(start, cursor.at());
        if count == 0 {
            return Err(Fault::freedom(at, Freedom::Locals, "a group of no locals"));
        }
        if ty == before {
            let what = "a group of locals of the same type as the group before it";
            return Err(Fault::freedom(at, Freedom::Locals, what));
        }
        before = ty;
    }
    Ok(())
}
