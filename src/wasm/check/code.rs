//! One pass over the bytes of every function: the freedoms of code, and which operators there are.

use super::super::freedom::Freedom;
use super::context::Context;
use super::cursor::{Cursor, Fault};
use super::operator::{DATA, Operator, RELAXED, operator};
use super::stack::{Globals, Notes};
use super::types::{Types, VECTOR_TYPE};
use rayon::prelude::*;
use std::ops::Range;

/// Functions that are given to a thread at a time, at least.
const AT_ONCE: usize = 16;

/// What was found in the functions of a module.
#[derive(Default)]
pub(super) struct Code {
    pub(super) functions: Vec<Function>,
}

/// What was found in a function.
#[derive(Default)]
pub(super) struct Function {
    /// The sets of operators of which it has one.
    pub(super) sets: u8,
    /// Where its first operator of relaxed SIMD stands.
    pub(super) relaxed: Option<usize>,
    /// What the rules about the stack need, if asked for.
    pub(super) notes: Option<Box<Notes>>,
}

/// What notes are taken about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Notes for the rules about the stack, whose globals are these if there are any.
    pub(super) stack: Option<Option<Globals>>,
}

impl Code {
    /// Reads the functions of `module` side by side, and hands back the first fault with what was
    /// found in those before.
    pub(super) fn read(context: &Context<'_>, asked: Asked) -> (Self, Option<Fault>) {
        let sections = context.sections;
        let bodies = sections.bodies.par_iter().with_min_len(AT_ONCE);
        let types = sections.functions.par_iter().skip(sections.imported_functions);
        let functions = bodies.zip(types);
        let functions: Vec<_> =
            functions.map(|(body, ty)| Function::read(context, body, *ty, asked)).collect();
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
    fn read(
        context: &Context<'_>,
        body: &Range<usize>,
        ty: u32,
        asked: Asked,
    ) -> Result<Self, Fault> {
        let types = &context.sections.types;
        let mut cursor = Cursor::new(context.module, body.start, body.end);
        let locals = locals(&mut cursor, types)?;
        let Some(globals) = asked.stack else {
            return Self::walk(&mut cursor, types, |_, _| {});
        };
        let mut notes = Box::new(Notes::new(context, ty, body.clone(), cursor.at(), globals));
        let mut function = Self::walk(&mut cursor, types, |operator, next| {
            notes.operator(context, &operator, next, globals);
        })?;
        let ty = types.get(ty).ok_or(Fault::unread(body.start))?;
        let params = u64::from(ty.form.params).saturating_add(ty.vectors.into());
        notes.finish(ty, params.saturating_add(locals.words), locals.has_vectors, function.sets);
        function.notes = Some(notes);
        Ok(function)
    }

    /// Walks over the operators; each is handed to `each` with the offset where it ends.
    #[inline]
    fn walk(
        cursor: &mut Cursor<'_>,
        types: &Types,
        mut each: impl FnMut(Operator, usize),
    ) -> Result<Self, Fault> {
        let mut function = Self::default();
        while !cursor.is_done() {
            let operator = operator(cursor, types)?;
            function.sets |= operator.shape.sets;
            if operator.shape.sets & RELAXED != 0 {
                function.relaxed.get_or_insert(operator.at);
            }
            each(operator, cursor.at());
        }
        Ok(function)
    }
}

/// What the locals of a function, without parameters, take.
#[derive(Debug, Default)]
struct Locals {
    words: u64,
    has_vectors: bool,
}

/// Passes the locals of a function: neighbours of one type are one group, and none is empty.
fn locals(cursor: &mut Cursor<'_>, types: &Types) -> Result<Locals, Fault> {
    let mut found = Locals::default();
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
        let is_vector = ty == [VECTOR_TYPE];
        found.has_vectors |= is_vector;
        found.words = found.words.saturating_add(u64::from(count) << u32::from(is_vector));
        before = ty;
    }
    Ok(found)
}
