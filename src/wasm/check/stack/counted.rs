//! A counted function, held to its exact form.

use super::super::super::module::FEATURES;
use super::super::context::Context;
use super::super::cursor::{Cursor, Fault};
use super::super::operator::{BRANCHES, Operator, catches, code};
use super::notes::Globals;
use super::sequence::Sequence;
use super::{Broken, broken};
use std::ops::Range;
use wasmparser::Operator as Parsed;
use wasmparser::{BinaryReader, BlockType, FunctionBody, OperatorsReader, ValType};

/// What the rules call `s` and `c`, and the bytes that use them.
struct Counter {
    local: u32,
    words: u32,
    globals: Globals,
    /// `local.get s`, `global.set stack`.
    release: Sequence,
    /// `local.get s`, `i32.const c`, `i32.sub`, `global.set stack`.
    take: Sequence,
}

/// A block that is open, the function itself included.
#[derive(Default)]
struct Label {
    is_loop: bool,
    /// A loop that takes the counter at its beginning.
    takes: bool,
    /// A catch clause names it.
    is_landing: bool,
}

impl Counter {
    /// Reads `s` and `c` off where a function begins to count.
    fn of(
        context: &Context<'_>,
        ty: u32,
        body: &FunctionBody<'_>,
        start: usize,
        globals: Globals,
    ) -> Result<Self, Broken> {
        let code = context.module.get(start..body.range().end).unwrap_or_default();
        let mut operators = OperatorsReader::new(BinaryReader::new_features(code, start, FEATURES));
        let odd = || {
            broken(
                start,
                "the function reads the counter, and does not begin as one that is counted",
            )
        };
        let first = [operators.read(), operators.read(), operators.read()];
        let [Ok(_), Ok(Parsed::LocalTee { local_index }), Ok(Parsed::I32Const { value })] = first
        else {
            return Err(odd());
        };
        if !is_own_i32(context, ty, body, local_index)? {
            return Err(broken(
                start,
                "the counter is kept in a local that is a parameter or no i32",
            ));
        }
        const SUB: [u8; 1] = [0x6b];
        let words = value.cast_unsigned();
        Ok(Self {
            local: local_index,
            words,
            globals,
            release: Sequence::default().local_get(local_index).global_set(globals.stack),
            take: Sequence::default()
                .local_get(local_index)
                .constant(words)
                .plain(&SUB)
                .global_set(globals.stack),
        })
    }

    /// What comes before the block.
    fn prologue(&self) -> Sequence {
        Sequence::default()
            .global_get(self.globals.stack)
            .local_tee(self.local)
            .stop_below(self.words, self.globals.trap)
            .plain(self.take.bytes())
    }
}

/// A walk over a counted function, as far as it is read.
pub(in super::super) struct Walk {
    counter: Counter,
    /// What is open, the function itself first.
    labels: Vec<Label>,
    /// Where the last release of the counter ended.
    released: Option<usize>,
    /// Operators before this offset were held to their form already.
    passed: usize,
    /// Where the code ends.
    end: usize,
}

impl Walk {
    /// At `start`, where a function of type `ty`, in the module's bytes from `range`, begins to count.
    pub(super) fn begin(
        context: &Context<'_>,
        ty: u32,
        range: Range<usize>,
        start: usize,
        globals: Globals,
    ) -> Result<Self, Broken> {
        let bytes = context.module.get(range.clone()).unwrap_or_default();
        let reader = BinaryReader::new_features(bytes, range.start, FEATURES);
        let body = FunctionBody::new(reader);
        let counter = Counter::of(context, ty, &body, start, globals)?;
        let prologue = counter.prologue();
        if !prologue.stands_in(context.module, start) {
            let what = "the function does not begin as one that is counted";
            return Err(broken(start, what));
        }
        let passed = start.saturating_add(prologue.bytes().len());
        outermost(context, ty, passed)?;
        let labels = vec![Label::default()];
        Ok(Self { counter, labels, released: None, passed, end: range.end })
    }

    /// The words that are counted.
    pub(super) fn words(&self) -> u32 {
        self.counter.words
    }

    /// The local that keeps the counter.
    pub(super) fn local(&self) -> u32 {
        self.counter.local
    }

    /// An operator that ends before `next`, and is one that is noted, leaves, branches, or names the
    /// local that keeps the counter.
    pub(super) fn operator(
        &mut self,
        context: &Context<'_>,
        found: &Operator,
        next: usize,
    ) -> Result<(), Broken> {
        if found.at >= self.passed {
            self.passed = self.pass(context, found, next)?;
        }
        Ok(())
    }

    /// Where the operators end that were held to their form with `found`.
    fn pass(
        &mut self,
        context: &Context<'_>,
        found: &Operator,
        next: usize,
    ) -> Result<usize, Broken> {
        let (at, first) = (found.at, found.first);
        let Globals { stack, trap, .. } = self.counter.globals;
        match found.code {
            code::BLOCK | code::IF => self.labels.push(Label::default()),
            code::TRY_TABLE => {
                self.catches(context, at)?;
                self.labels.push(Label::default());
            }
            code::LOOP => {
                let takes = self.counter.take.stands_in(context.module, next);
                self.labels.push(Label { is_loop: true, takes, is_landing: false });
                if takes {
                    return Ok(next.saturating_add(self.counter.take.bytes().len()));
                }
            }
            code::END => return self.end(context, at, next),
            code::RETURN
            | code::RETURN_CALL
            | code::RETURN_CALL_INDIRECT
            | code::RETURN_CALL_REF
                if self.released != Some(at) =>
            {
                let what = "a counted function is left without the counter as it was";
                return Err(broken(at, what));
            }
            code::LOCAL_GET if first == self.counter.local => return self.release(context, at),
            code::LOCAL_SET | code::LOCAL_TEE if first == self.counter.local => {
                return Err(self.stray(at));
            }
            code::GLOBAL_GET | code::GLOBAL_SET if [stack, trap].contains(&first) => {
                return Err(self.stray(at));
            }
            _ if found.shape.sets & BRANCHES != 0 => self.inside(first, at)?,
            _ => {}
        }
        Ok(next)
    }

    /// The counter is put back, and the function left.
    fn release(&mut self, context: &Context<'_>, at: usize) -> Result<usize, Broken> {
        const LEAVES: [u8; 4] = [0x0f, 0x12, 0x13, 0x15];
        if !self.counter.release.stands_in(context.module, at) {
            return Err(self.stray(at));
        }
        let end = at.saturating_add(self.counter.release.bytes().len());
        match context.module.get(end) {
            Some(byte) if LEAVES.contains(byte) => {
                self.released = Some(end);
                Ok(end)
            }
            _ => Err(self.stray(at)),
        }
    }

    fn end(&mut self, context: &Context<'_>, at: usize, next: usize) -> Result<usize, Broken> {
        let label = self.labels.pop().unwrap_or_default();
        if label.is_loop && label.takes != label.is_landing {
            let what = "a loop takes the counter at its beginning, and no catch clause leads there";
            return Err(broken(at, what));
        }
        if self.labels.len() == 1 {
            return self.last(context, next);
        }
        if label.is_loop || !label.is_landing {
            return Ok(next);
        }
        if !self.counter.take.stands_in(context.module, next) {
            return Err(broken(next, "a catch clause leads where the counter is not taken"));
        }
        Ok(next.saturating_add(self.counter.take.bytes().len()))
    }

    /// What follows the block around the code puts the counter back, and ends the function.
    fn last(&self, context: &Context<'_>, at: usize) -> Result<usize, Broken> {
        const END: u8 = 0x0b;
        let rest = context.module.get(at..self.end).unwrap_or_default();
        match rest.strip_prefix(self.counter.release.bytes()) {
            Some([END]) => Ok(self.end),
            _ => Err(broken(at, "a counted function does not end with the counter as it was")),
        }
    }

    /// The catch clauses of a `try_table`. Their labels are counted from outside of it.
    fn catches(&mut self, context: &Context<'_>, at: usize) -> Result<(), Broken> {
        let mut cursor = Cursor::new(context.module, at, context.module.len());
        for label in catches(&mut cursor, &context.sections.types)? {
            self.inside(label, at)?;
            let last = self.labels.len().checked_sub(1);
            let place = last.and_then(|last| last.checked_sub(label as usize));
            let Some(label) = place.and_then(|place| self.labels.get_mut(place)) else { continue };
            if label.is_loop && !label.takes {
                let what = "a catch clause leads to a loop where the counter is not taken";
                return Err(broken(at, what));
            }
            label.is_landing = true;
        }
        Ok(())
    }

    /// The label of the function itself is none of those that may be named.
    fn inside(&self, label: u32, at: usize) -> Result<(), Broken> {
        if (label as usize).saturating_add(1) < self.labels.len() {
            return Ok(());
        }
        Err(broken(at, "a branch leaves a counted function without the counter as it was"))
    }

    fn stray(&self, at: usize) -> Broken {
        broken(at, "the counter, or the local that keeps it, is used where that is not prescribed")
    }
}

/// The block around the code has no parameters and the function's results.
fn outermost(context: &Context<'_>, ty: u32, at: usize) -> Result<(), Broken> {
    let rest = context.module.get(at..).unwrap_or_default();
    let mut operators = OperatorsReader::new(BinaryReader::new_features(rest, at, FEATURES));
    let results = context.function_type(ty).map(wasmparser::FuncType::results);
    let results = results.unwrap_or_default();
    let fits = match operators.read()? {
        Parsed::Block { blockty: BlockType::Empty } => results.is_empty(),
        Parsed::Block { blockty: BlockType::Type(one) } => results == [one],
        Parsed::Block { blockty: BlockType::FuncType(block) } => {
            let block = context.function_type(block);
            block.is_some_and(|block| block.params().is_empty() && block.results() == results)
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(broken(at, "a counted function whose code is not in a block of its results"))
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self::new(fault.into())
    }
}

/// Whether a local is an `i32`, and no parameter.
fn is_own_i32(
    context: &Context<'_>,
    ty: u32,
    body: &FunctionBody<'_>,
    local: u32,
) -> Result<bool, Broken> {
    let mut end = context.sections.types.form(ty).params;
    if local < end {
        return Ok(false);
    }
    for group in body.get_locals_reader()? {
        let (count, ty) = group?;
        end = end.saturating_add(count);
        if local < end {
            return Ok(ty == ValType::I32);
        }
    }
    Ok(false)
}
