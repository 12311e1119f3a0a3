//! What the pass wants to know of a function: whom it calls, and how many words it takes.

use super::super::super::Error;
use super::super::super::encode::quick::canonical_length;
use super::super::super::layout::{Frames, Layout};
use super::super::super::module::FEATURES;
use super::super::super::numbers::read_unsigned;
use super::odds::Odds;
use super::unreadable;
use std::ops::Range;
use wasmparser::{
    BinaryReader, BlockType, Catch, FrameKind, FuncType, FunctionBody, ModuleArity, Operator,
    OperatorsReader, ValType,
};

/// One function, read once.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Nodes of the graph that it calls, each once, in order. The flag: by tail calls only.
    pub(super) calls: Vec<(u32, bool)>,
    /// The same calls one by one, without tail calls, in the order of the text.
    pub(super) sites: Vec<Site>,
    /// Whether it has tail calls.
    pub(super) tails: bool,
    /// Functions that it names in `ref.func`.
    pub(super) references: Vec<u32>,
    /// Whether it catches exceptions.
    pub(super) catches: bool,
    /// How many parameters and locals there are.
    pub(super) locals: u32,
    /// Where its code stands, the `end` included.
    pub(super) code: Range<usize>,
    /// Where control leaves it before the end, ascending.
    pub(super) releases: Vec<usize>,
    /// Where the part ends in which it may be left before it has called anything.
    pub(super) guard: Option<Guard>,
    /// Where control comes back from a catch clause, ascending.
    pub(super) landings: Vec<usize>,
    pub(super) size: FrameSize,
}

/// The end of a guard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard {
    pub(super) at: usize,
    /// How likely a call of the function gets there, in parts of [`super::odds::SURE`].
    pub(super) odds: u32,
}

/// A call that comes back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    /// The node of the graph that is called.
    pub(super) node: u32,
    /// How many bytes the instruction has.
    pub(super) length: u8,
    /// Where it stands.
    pub(super) at: usize,
    /// How often a call of the function comes by, likely, in parts of [`super::odds::SURE`].
    pub(super) odds: u32,
}

/// What the words of a function's frame are counted from (spec/portable.md, "stack").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameSize {
    /// Words of parameters and locals.
    pub locals: u64,
    /// The greatest height of the operand stack.
    pub height: u64,
    /// Whether vectors occur.
    pub has_vectors: bool,
    /// How many instructions there are.
    pub instructions: u64,
    /// How many of them are `global.get` or `v128.const`.
    pub givens: u64,
}

impl FrameSize {
    /// Cost model 1: an optimiser keeps more alive than locals and operands, above all what it moves
    /// out of loops. The length of the code says how much that can be, where it takes several
    /// instructions to make a value; a given takes one (`benches/frames` has the measurements).
    #[must_use]
    pub const fn words(self) -> u64 {
        let height = if self.has_vectors { self.height * 2 } else { self.height };
        self.locals + height + self.givens + self.instructions / 16 + 8
    }
}

/// A block that is open.
struct Level {
    /// The height of the stack below its parameters.
    base: u64,
    /// Whether it could be entered.
    live: bool,
    /// Where its contents begin.
    start: usize,
    /// Whether a catch clause names it.
    catches: bool,
}

/// What an operator does to operands and blocks.
enum Effect {
    /// How many operands it takes, and how many it gives.
    Plain(u32, u32),
    Opens(BlockType, FrameKind),
    Turns,
    Closes,
    /// What follows in the block cannot be reached.
    Leaves,
}

/// Where a function is read.
struct Reading<'l, 'a> {
    layout: &'l Layout<'a>,
    walk: Walk,
    frames: Frames<'l, 'a>,
    levels: Vec<Level>,
    height: u64,
    live: bool,
    /// The operator that is being read.
    at: usize,
    odds: Odds,
    /// Whether anything before it is a call or can catch what one throws.
    calls: bool,
    /// Whether the outermost block that is open, or was last, may leave the function.
    leaves: bool,
}

impl Walk {
    /// Reads function `index`.
    pub(super) fn of(
        layout: &Layout<'_>,
        index: u32,
        body: &FunctionBody<'_>,
    ) -> Result<Self, Error> {
        let ty = layout.functions.get(index as usize).copied().unwrap_or_default();
        let start = body.get_operators_reader().map_err(unreadable)?.original_position();
        let mut walk = Self { code: start..body.range().end, ..Self::default() };
        walk.size_locals(layout, ty, body)?;
        let mut reading = Reading {
            layout,
            walk,
            frames: layout.frames(ty),
            levels: vec![Level { base: 0, live: true, start, catches: false }],
            height: 0,
            live: true,
            at: start,
            odds: Odds::new(),
            calls: false,
            leaves: false,
        };
        while let Some(rest) = layout.bytes.get(reading.at..body.range().end)
            && !rest.is_empty()
        {
            let (effect, length) = match reading.frequent(rest) {
                Some(found) => found,
                None => reading.any(rest)?,
            };
            reading.measure(length);
            reading.at = reading.at.saturating_add(length);
            reading.carry_out(&effect)?;
        }
        let calls = reading.calls;
        let mut walk = reading.walk;
        walk.guard = walk.guard.filter(|_| calls);
        walk.calls.sort_unstable();
        walk.calls.dedup_by_key(|(node, _)| *node);
        walk.references.sort_unstable();
        walk.references.dedup();
        walk.landings.sort_unstable();
        Ok(walk)
    }

    fn size_locals(
        &mut self,
        layout: &Layout<'_>,
        ty: u32,
        body: &FunctionBody<'_>,
    ) -> Result<(), Error> {
        let mut local = |count: u32, ty: ValType| {
            let is_vector = ty == ValType::V128;
            self.size.has_vectors |= is_vector;
            self.locals = self.locals.saturating_add(count);
            self.size.locals += u64::from(count) * if is_vector { 2 } else { 1 };
        };
        if let Some(ty) = layout.func_type(ty) {
            ty.params().iter().for_each(|param| local(1, *param));
            ty.results().iter().for_each(|result| local(0, *result));
        }
        for group in body.get_locals_reader().map_err(unreadable)? {
            let (count, ty) = group.map_err(unreadable)?;
            local(count, ty);
        }
        Ok(())
    }
}

impl Reading<'_, '_> {
    /// Looks at the operators that nearly all code consists of, and says how long one is: decoding
    /// everything in full is most of what the pass costs. The module is in canonical form.
    fn frequent(&mut self, code: &[u8]) -> Option<(Effect, usize)> {
        let (&opcode, rest) = code.split_first()?;
        let effect = match opcode {
            0x02..=0x04 => {
                let ty = match rest.first()? {
                    0x40 => BlockType::Empty,
                    // Which number makes no difference.
                    0x7c..=0x7f => BlockType::Type(ValType::I32),
                    _ => return None,
                };
                let kinds = [FrameKind::Block, FrameKind::Loop, FrameKind::If];
                Effect::Opens(ty, kinds[usize::from(opcode - 0x02)])
            }
            0x05 => Effect::Turns,
            0x0b => Effect::Closes,
            0x00 => Effect::Leaves,
            0x0c | 0x0d => {
                let (label, _) = read_unsigned(rest)?;
                let label = u32::try_from(label).ok()?;
                self.leaves |= label as usize + 1 == self.levels.len();
                // br_if gives back what goes to the label.
                if opcode == 0x0c {
                    self.odds.branch(std::iter::once(label), 1);
                    Effect::Leaves
                } else {
                    self.odds.may_branch(label);
                    Effect::Plain(1, 0)
                }
            }
            0x0f => {
                self.leave();
                Effect::Leaves
            }
            0x10 => {
                let (function, _) = read_unsigned(rest)?;
                let function = u32::try_from(function).ok()?;
                let ty = self.layout.function_type(function)?;
                self.call(function, false);
                arity_of(ty, 0)
            }
            0x11 => {
                let (ty, _) = read_unsigned(rest)?;
                let ty = u32::try_from(ty).ok()?;
                let called = self.layout.func_type(ty)?;
                self.call(hub(self.layout, ty), false);
                arity_of(called, 1)
            }
            0x23 => {
                self.walk.size.givens += 1;
                Effect::Plain(0, 1)
            }
            _ => {
                let (pops, pushes) = plain(opcode)?;
                Effect::Plain(pops, pushes)
            }
        };
        Some((effect, canonical_length(code, true)?))
    }

    /// Reads any operator.
    fn any(&mut self, code: &[u8]) -> Result<(Effect, usize), Error> {
        let mut one = OperatorsReader::new(BinaryReader::new_features(code, self.at, FEATURES));
        let operator = one.read().map_err(unreadable)?;
        let end = one.original_position();
        self.walk.size.has_vectors |= code.first() == Some(&0xFD);
        let layout = self.layout;
        let hub = |ty: u32| hub(layout, ty);
        match &operator {
            Operator::Call { function_index } => self.call(*function_index, false),
            Operator::CallIndirect { type_index, .. } | Operator::CallRef { type_index } => {
                self.call(hub(*type_index), false);
            }
            Operator::Br { relative_depth } => {
                self.odds.branch(std::iter::once(*relative_depth), 1);
            }
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => {
                self.odds.may_branch(*relative_depth);
            }
            Operator::BrTable { targets } => {
                let labels = targets.targets().filter_map(Result::ok);
                let labels = labels.chain(std::iter::once(targets.default()));
                self.odds.branch(labels, targets.len().saturating_add(1));
            }
            Operator::Return => self.leave(),
            Operator::ReturnCall { function_index } => {
                self.call(*function_index, true);
                self.leave();
            }
            Operator::ReturnCallIndirect { type_index, .. }
            | Operator::ReturnCallRef { type_index } => {
                self.call(hub(*type_index), true);
                self.leave();
            }
            Operator::GlobalGet { .. } | Operator::V128Const { .. } => self.walk.size.givens += 1,
            Operator::RefFunc { function_index } => self.walk.references.push(*function_index),
            Operator::TryTable { try_table } => {
                self.walk.catches |= !try_table.catches.is_empty();
                self.calls |= self.walk.catches;
                try_table.catches.iter().for_each(|catch| self.catch(catch));
            }
            _ => {}
        }
        let effect = match &operator {
            Operator::Block { blockty } => Effect::Opens(*blockty, FrameKind::Block),
            Operator::Loop { blockty } => Effect::Opens(*blockty, FrameKind::Loop),
            Operator::If { blockty } => Effect::Opens(*blockty, FrameKind::If),
            Operator::TryTable { try_table } => Effect::Opens(try_table.ty, FrameKind::TryTable),
            Operator::Else => Effect::Turns,
            Operator::End => Effect::Closes,
            Operator::Unreachable
            | Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef => Effect::Leaves,
            _ if self.live => {
                let (pops, pushes) = arity(operator.operator_arity(&self.frames), end)?;
                Effect::Plain(pops, pushes)
            }
            _ => Effect::Plain(0, 0),
        };
        Ok((effect, end.saturating_sub(self.at)))
    }

    fn call(&mut self, node: u32, is_tail: bool) {
        self.walk.calls.push((node, is_tail));
        self.walk.tails |= is_tail;
        if !is_tail {
            let (at, odds) = (self.at, self.odds.here());
            self.walk.sites.push(Site { node, length: 0, at, odds });
        }
        self.calls = true;
    }

    /// Says how long the operator is, if it is a call that comes back.
    fn measure(&mut self, length: usize) {
        let last = self.walk.sites.last_mut().filter(|site| site.at == self.at);
        if let Some(site) = last {
            site.length = u8::try_from(length).unwrap_or(u8::MAX);
        }
    }

    /// Before an operator that leaves the function.
    fn leave(&mut self) {
        self.walk.releases.push(self.at);
        self.leaves = true;
    }

    /// Notes that `catch` may go on at one of the levels, with a counter that is wrong then.
    fn catch(&mut self, catch: &Catch) {
        let (Catch::One { label, .. }
        | Catch::OneRef { label, .. }
        | Catch::All { label }
        | Catch::AllRef { label }) = *catch;
        let kind = self.frames.label_block(label).map(|(_, kind)| kind);
        let at = self.levels.len().checked_sub(1).and_then(|last| last.checked_sub(label as usize));
        let Some(level) = at.and_then(|at| self.levels.get_mut(at)) else { return };
        if !level.catches && kind == Some(FrameKind::Loop) {
            self.walk.landings.push(level.start);
        }
        level.catches = true;
    }

    /// Does what the operator before `at` does.
    fn carry_out(&mut self, effect: &Effect) -> Result<(), Error> {
        self.walk.size.instructions += 1;
        match *effect {
            Effect::Plain(pops, pushes) if self.live => {
                self.height = self.height.saturating_sub(pops.into()) + u64::from(pushes);
            }
            Effect::Plain(..) => {}
            Effect::Leaves => {
                self.live = false;
                self.odds.leave();
            }
            Effect::Opens(ty, kind) => {
                let (params, _) = arity(self.frames.block_type_arity(ty), self.at)?;
                let condition = u64::from(kind == FrameKind::If);
                self.odds.open(kind);
                self.height = self.height.saturating_sub(condition);
                // Only behind a block that leaves: any other may be in the middle of what the pass
                // nan wrote.
                self.leaves &= self.levels.len() > 1;
                self.levels.push(Level {
                    base: self.height.saturating_sub(params.into()),
                    live: self.live,
                    start: self.at,
                    catches: false,
                });
                self.frames.push(ty, kind);
            }
            Effect::Turns => {
                self.odds.turn();
                if let (Some((ty, _)), Some(level)) = (self.frames.pop(), self.levels.last()) {
                    let (params, _) = arity(self.frames.block_type_arity(ty), self.at)?;
                    (self.height, self.live) = (level.base + u64::from(params), level.live);
                    self.frames.push(ty, FrameKind::Else);
                }
            }
            Effect::Closes => {
                self.odds.close();
                if let (Some((ty, kind)), Some(level)) = (self.frames.pop(), self.levels.pop()) {
                    let (_, results) = arity(self.frames.block_type_arity(ty), self.at)?;
                    (self.height, self.live) = (level.base + u64::from(results), level.live);
                    if level.catches && kind != FrameKind::Loop && !self.levels.is_empty() {
                        self.walk.landings.push(self.at);
                    }
                }
                let is_outside = self.levels.len() == 1 && self.height == 0 && self.live;
                if is_outside && self.leaves && !self.calls {
                    self.walk.guard = Some(Guard { at: self.at, odds: self.odds.here() });
                }
            }
        }
        if self.live {
            self.walk.size.height = self.walk.size.height.max(self.height);
        }
        Ok(())
    }
}

/// How many operands a frequent operator takes, and how many it gives (Wasm specification, §3.4).
const fn plain(opcode: u8) -> Option<(u32, u32)> {
    Some(match opcode {
        // nop
        0x01 => (0, 0),
        // drop, local.set, global.set
        0x1a | 0x21 | 0x24 => (1, 0),
        // select
        0x1b => (3, 1),
        // local.get, memory.size, constants
        0x20 | 0x3f | 0x41..=0x44 => (0, 1),
        // local.tee, loads, memory.grow
        0x22 | 0x28..=0x35 | 0x40 => (1, 1),
        // stores
        0x36..=0x3e => (2, 0),
        // eqz; bits that are counted; float functions; conversions
        0x45 | 0x50 | 0x67..=0x69 | 0x79..=0x7b | 0x8b..=0x91 | 0x99..=0x9f | 0xa7..=0xc4 => (1, 1),
        // comparisons and arithmetic
        0x46..=0x4f | 0x51..=0x66 | 0x6a..=0x78 | 0x7c..=0x8a | 0x92..=0x98 | 0xa0..=0xa6 => (2, 1),
        _ => return None,
    })
}

/// A call of `ty`, with so many operands more.
fn arity_of(ty: &FuncType, more: u32) -> Effect {
    let count = |types: &[ValType]| u32::try_from(types.len()).unwrap_or(u32::MAX);
    Effect::Plain(count(ty.params()).saturating_add(more), count(ty.results()))
}

/// The node of the graph that stands for every function that can be called by type `ty`.
pub(super) fn hub(layout: &Layout<'_>, ty: u32) -> u32 {
    u32::try_from(layout.functions.len()).unwrap_or(u32::MAX).saturating_add(ty)
}

/// Only a module that is not valid lacks an arity.
fn arity(found: Option<(u32, u32)>, at: usize) -> Result<(u32, u32), Error> {
    let what = || format!("stack: an instruction before byte {at} has no arity");
    found.ok_or_else(|| Error::Reencode { what: what() })
}
