//! One pass over the bytes of every function: the freedoms of code, which operators there are, and
//! what the passes' rules need. NaNs are followed while the bytes of the function are at hand.

use super::super::freedom::Freedom;
use super::context::Context;
use super::cursor::{Cursor, Fault};
use super::nan::{Follower, Seen};
use super::operator::{ASSIGNS, DATA, LEAVES, NOTED, Operator, PRODUCER, RELAXED, operator};
use super::reach::Reach;
use super::stack::{Globals, Height, INSTRUCTIONS, Lists, Notes};
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
    /// Where it sees a fresh NaN first, if asked for.
    pub(super) seen: Option<Seen>,
    /// What the rules about the stack need, if asked for.
    pub(super) notes: Option<Box<Notes>>,
}

/// What notes are taken about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Notes for the rules about the stack, whose globals are these if there are any.
    pub(super) stack: Option<Option<Globals>>,
    /// Whether NaNs are followed.
    pub(super) nan: bool,
}

impl Code {
    /// Reads the functions of `module` side by side, and hands back the first fault with what was
    /// found in those before.
    pub(super) fn read(context: &Context<'_>, asked: Asked) -> (Self, Option<Fault>) {
        let sections = context.sections;
        let bodies = sections.bodies.par_iter().with_min_len(AT_ONCE);
        let types = sections.functions.par_iter().skip(sections.imported_functions);
        let functions = bodies.zip(types);
        let tools = || (asked.nan.then(|| Follower::new(context)), Lists::default());
        let functions = functions.map_init(tools, |(follower, lists), (body, ty)| {
            Function::read(context, body, *ty, asked, follower.as_mut(), lists)
        });
        let functions: Vec<_> = functions.collect();
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
        mut follower: Option<&mut Follower<'_, '_>>,
        lists: &mut Lists,
    ) -> Result<Self, Fault> {
        let types = &context.sections.types;
        let mut cursor = Cursor::new(context.module, body.start, body.end);
        if let Some(follower) = &mut follower {
            follower.begin(ty);
        }
        let locals = locals(&mut cursor, types, follower.as_deref_mut())?;
        let code = cursor.clone();
        let mut notes = asked.stack.map(|globals| {
            let notes = Notes::new(lists, context, ty, body.clone(), cursor.at(), globals);
            (globals, Box::new(notes))
        });
        if follower.is_none() && notes.is_none() {
            return Self::walk(&mut cursor, types, |_, _| {});
        }
        // What every operator changes is kept here, in registers.
        let (mut reach, mut height, mut instructions) = (Reach::default(), Height::default(), 0);
        let mut function = Self::walk(&mut cursor, types, |operator, next| {
            instructions += 1;
            let before = reach.is_reached();
            reach.pass(&operator);
            if let Some(follower) = &mut follower
                && operator.shape.sets & (ASSIGNS | NOTED | LEAVES) != 0
            {
                follower.operator(&operator, before);
            }
            if let Some((globals, notes)) = &mut notes {
                let reached = [before, reach.is_reached()];
                height = notes.operator(context, &operator, next, *globals, reached, height);
            }
        })?;
        if let Some(follower) = follower
            && function.sets & PRODUCER != 0
        {
            function.seen = follower.follow(ty, code)?;
        }
        if let Some((_, mut notes)) = notes {
            let ty = types.get(ty).ok_or(Fault::unread(body.start))?;
            let params = u64::from(ty.form.params).saturating_add(ty.vectors.into());
            let words = params.saturating_add(locals.words);
            let words = words.saturating_add(instructions / INSTRUCTIONS);
            notes.finish(lists, ty, words, locals.has_vectors, function.sets, height);
            function.notes = Some(notes);
        }
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
fn locals(
    cursor: &mut Cursor<'_>,
    types: &Types,
    mut follower: Option<&mut Follower<'_, '_>>,
) -> Result<Locals, Fault> {
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
        if let Some(follower) = &mut follower {
            follower.locals(count, ty);
        }
        let is_vector = ty == [VECTOR_TYPE];
        found.has_vectors |= is_vector;
        found.words = found.words.saturating_add(u64::from(count) << u32::from(is_vector));
        before = ty;
    }
    Ok(found)
}
