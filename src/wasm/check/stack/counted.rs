//! A counted function, held to its exact form.

use super::super::super::module::FEATURES;
use super::super::context::Context;
use super::notes::Globals;
use super::sequence::Sequence;
use super::{Broken, broken};
use std::ops::Range;
use wasmparser::{
    BinaryReader, BlockType, Catch, CompositeInnerType, FunctionBody, Operator, ValType,
};

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

/// Holds the function of type `ty` in `range` to stack-1 to stack-4. It has that many words.
pub(super) fn check(
    context: &Context<'_>,
    ty: u32,
    range: &Range<usize>,
    words: u64,
    globals: Globals,
) -> Result<(), Broken> {
    let bytes = context.module.get(range.clone()).unwrap_or_default();
    let reader = BinaryReader::new_features(bytes, range.start, FEATURES);
    let body = FunctionBody::new(reader);
    let start = body.get_operators_reader()?.original_position();
    let counter = Counter::of(context, ty, &body, globals)?;
    if u64::from(counter.words) < words {
        let what = format!("a function of {words} words that counts {}", counter.words);
        return Err(broken(start, what));
    }
    Walk { context, counter, labels: Vec::new(), released: None }.run(ty, &body)
}

impl Counter {
    /// Reads `s` and `c` off the beginning of a function.
    fn of(
        context: &Context<'_>,
        ty: u32,
        body: &FunctionBody<'_>,
        globals: Globals,
    ) -> Result<Self, Broken> {
        let mut operators = body.get_operators_reader()?;
        let start = operators.original_position();
        let odd = || {
            broken(
                start,
                "the function reads the counter, and does not begin as one that is counted",
            )
        };
        let first = [operators.read()?, operators.read()?, operators.read()?];
        let [
            Operator::GlobalGet { .. },
            Operator::LocalTee { local_index },
            Operator::I32Const { value },
        ] = first
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
        const LT_U: [u8; 1] = [0x49];
        const IF: [u8; 2] = [0x04, 0x40];
        const UNREACHABLE_END: [u8; 2] = [0x00, 0x0b];
        Sequence::default()
            .global_get(self.globals.stack)
            .local_tee(self.local)
            .constant(self.words)
            .plain(&LT_U)
            .plain(&IF)
            .constant(1)
            .global_set(self.globals.trap)
            .plain(&UNREACHABLE_END)
            .plain(self.take.bytes())
    }
}

/// A walk over a counted function.
struct Walk<'w, 'a> {
    context: &'w Context<'a>,
    counter: Counter,
    /// What is open, the function itself first.
    labels: Vec<Label>,
    /// Where the last release of the counter ended.
    released: Option<usize>,
}

impl Walk<'_, '_> {
    fn run(mut self, ty: u32, body: &FunctionBody<'_>) -> Result<(), Broken> {
        const END: u8 = 0x0b;
        let mut operators = body.get_operators_reader()?;
        let start = operators.original_position();
        let end = body.range().end;
        let prologue = self.counter.prologue();
        if !self.has(start, &prologue) {
            let what = "the function does not begin as one that is counted";
            return Err(broken(start, what));
        }
        let inner = start.saturating_add(prologue.bytes().len());
        while operators.original_position() < inner {
            operators.read()?;
        }
        self.outermost(ty, &operators.read()?, inner)?;
        self.labels.extend([Label::default(), Label::default()]);
        while self.labels.len() > 1 {
            let at = operators.original_position();
            let operator = operators.read()?;
            let passed = self.operator(&operator, at, operators.original_position())?;
            while operators.original_position() < passed {
                operators.read()?;
            }
        }
        let last = operators.original_position();
        let rest = self.context.module.get(last..end).unwrap_or_default();
        match rest.strip_prefix(self.counter.release.bytes()) {
            Some([END]) => Ok(()),
            _ => Err(broken(last, "a counted function does not end with the counter as it was")),
        }
    }

    /// The block around the code has no parameters and the function's results.
    fn outermost(&self, ty: u32, operator: &Operator<'_>, at: usize) -> Result<(), Broken> {
        let results = self.context.function_type(ty).map(wasmparser::FuncType::results);
        let results = results.unwrap_or_default();
        let fits = match operator {
            Operator::Block { blockty: BlockType::Empty } => results.is_empty(),
            Operator::Block { blockty: BlockType::Type(one) } => results == [*one],
            Operator::Block { blockty: BlockType::FuncType(block) } => {
                let block = self.context.types.get(*block as usize);
                matches!(block.map(|block| &block.composite_type.inner),
                    Some(CompositeInnerType::Func(block)) if block.params().is_empty() && block.results() == results)
            }
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(broken(at, "a counted function whose code is not in a block of its results"))
        }
    }

    /// An operator between `at` and `next`. Where the walk goes on: what is prescribed is passed.
    fn operator(
        &mut self,
        operator: &Operator<'_>,
        at: usize,
        next: usize,
    ) -> Result<usize, Broken> {
        match operator {
            Operator::Block { .. } | Operator::If { .. } => self.labels.push(Label::default()),
            Operator::TryTable { try_table } => {
                for catch in &try_table.catches {
                    self.catch(catch, at)?;
                }
                self.labels.push(Label::default());
            }
            Operator::Loop { .. } => {
                let takes = self.has(next, &self.counter.take);
                self.labels.push(Label { is_loop: true, takes, is_landing: false });
                if takes {
                    return Ok(next.saturating_add(self.counter.take.bytes().len()));
                }
            }
            Operator::End => return self.end(at, next),
            Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => {
                if self.released != Some(at) {
                    return Err(broken(
                        at,
                        "a counted function is left without the counter as it was",
                    ));
                }
                self.released = None;
            }
            Operator::LocalGet { local_index } if *local_index == self.counter.local => {
                if !self.has(at, &self.counter.release) {
                    return Err(self.stray(at));
                }
                let end = at.saturating_add(self.counter.release.bytes().len());
                self.released = Some(end);
                self.must_leave(end)?;
                return Ok(end);
            }
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index }
                if *local_index == self.counter.local =>
            {
                return Err(self.stray(at));
            }
            Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } => {
                let Globals { stack, trap } = self.counter.globals;
                if [stack, trap].contains(global_index) {
                    return Err(self.stray(at));
                }
            }
            operator => self.branches(operator, at)?,
        }
        Ok(next)
    }

    fn end(&mut self, at: usize, next: usize) -> Result<usize, Broken> {
        let label = self.labels.pop().unwrap_or_default();
        if label.is_loop && label.takes != label.is_landing {
            let what = "a loop takes the counter at its beginning, and no catch clause leads there";
            return Err(broken(at, what));
        }
        if label.is_loop || !label.is_landing || self.labels.len() == 1 {
            return Ok(next);
        }
        if !self.has(next, &self.counter.take) {
            return Err(broken(next, "a catch clause leads where the counter is not taken"));
        }
        Ok(next.saturating_add(self.counter.take.bytes().len()))
    }

    fn catch(&mut self, catch: &Catch, at: usize) -> Result<(), Broken> {
        let (Catch::One { label, .. }
        | Catch::OneRef { label, .. }
        | Catch::All { label }
        | Catch::AllRef { label }) = catch;
        self.inside(*label, at)?;
        let label =
            self.labels.len().checked_sub(1).and_then(|last| last.checked_sub(*label as usize));
        if let Some(label) = label.and_then(|label| self.labels.get_mut(label)) {
            if label.is_loop && !label.takes {
                return Err(broken(
                    at,
                    "a catch clause leads to a loop where the counter is not taken",
                ));
            }
            label.is_landing = true;
        }
        Ok(())
    }

    /// Refuses branches that leave the function past its end.
    fn branches(&self, operator: &Operator<'_>, at: usize) -> Result<(), Broken> {
        match operator {
            Operator::Br { relative_depth }
            | Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => self.inside(*relative_depth, at),
            Operator::BrTable { targets } => {
                self.inside(targets.default(), at)?;
                targets.targets().try_for_each(|target| self.inside(target?, at))
            }
            _ => Ok(()),
        }
    }

    /// A label of the function itself is none of those that may be named.
    fn inside(&self, label: u32, at: usize) -> Result<(), Broken> {
        if (label as usize).saturating_add(1) < self.labels.len() {
            return Ok(());
        }
        Err(broken(at, "a branch leaves a counted function without the counter as it was"))
    }

    /// What follows a release of the counter leaves the function.
    fn must_leave(&self, at: usize) -> Result<(), Broken> {
        const LEAVES: [u8; 4] = [0x0f, 0x12, 0x13, 0x15];
        match self.context.module.get(at) {
            Some(byte) if LEAVES.contains(byte) => Ok(()),
            _ => Err(self.stray(at)),
        }
    }

    fn stray(&self, at: usize) -> Broken {
        broken(at, "the counter, or the local that keeps it, is used where that is not prescribed")
    }

    fn has(&self, at: usize, sequence: &Sequence) -> bool {
        self.context.module.get(at..).is_some_and(|rest| rest.starts_with(sequence.bytes()))
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
