//! What the pass wants to know of a function: whom it calls, and how many words it takes.

use super::super::super::Error;
use super::super::super::layout::Layout;
use super::unreadable;
use wasmparser::{BlockType, FrameKind, FunctionBody, ModuleArity, Operator, ValType};

/// One function, read once.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Nodes of the graph that it calls, each once, in order. The flag: by tail calls only.
    pub(super) calls: Vec<(u32, bool)>,
    /// Functions that it names in `ref.func`.
    pub(super) references: Vec<u32>,
    /// Whether it catches exceptions.
    pub(super) catches: bool,
    /// How many parameters and locals there are.
    pub(super) locals: u32,
    pub(super) size: FrameSize,
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
}

impl Walk {
    /// Reads function `index`.
    pub(super) fn of(
        layout: &Layout<'_>,
        index: u32,
        body: &FunctionBody<'_>,
    ) -> Result<Self, Error> {
        let mut walk = Self::default();
        let ty = layout.functions.get(index as usize).copied().unwrap_or_default();
        walk.size_locals(layout, ty, body)?;
        let mut frames = layout.frames(ty);
        let mut levels = vec![Level { base: 0, live: true }];
        let (mut height, mut live) = (0_u64, true);
        let mut operators = body.get_operators_reader().map_err(unreadable)?;
        while !operators.eof() {
            let at = operators.original_position();
            let operator = operators.read().map_err(unreadable)?;
            let end = operators.original_position();
            walk.size.instructions += 1;
            walk.size.has_vectors |= layout.bytes.get(at) == Some(&0xFD);
            walk.note(layout, &operator);
            match block(&operator) {
                Change::Opens(ty, kind) => {
                    let (params, _) = arity(frames.block_type_arity(ty), end)?;
                    let condition = u64::from(kind == FrameKind::If);
                    height = height.saturating_sub(condition);
                    levels.push(Level { base: height.saturating_sub(params.into()), live });
                    frames.push(ty, kind);
                }
                Change::Turns => {
                    if let (Some((ty, _)), Some(level)) = (frames.pop(), levels.last()) {
                        let (params, _) = arity(frames.block_type_arity(ty), end)?;
                        (height, live) = (level.base + u64::from(params), level.live);
                        frames.push(ty, FrameKind::Else);
                    }
                }
                Change::Closes => {
                    if let (Some((ty, _)), Some(level)) = (frames.pop(), levels.pop()) {
                        let (_, results) = arity(frames.block_type_arity(ty), end)?;
                        (height, live) = (level.base + u64::from(results), level.live);
                    }
                }
                Change::None if live => {
                    let (pops, pushes) = arity(operator.operator_arity(&frames), end)?;
                    height = height.saturating_sub(pops.into()) + u64::from(pushes);
                }
                Change::None => {}
            }
            if live {
                walk.size.height = walk.size.height.max(height);
                live = !leaves(&operator);
            }
        }
        walk.calls.sort_unstable();
        walk.calls.dedup_by_key(|(node, _)| *node);
        walk.references.sort_unstable();
        walk.references.dedup();
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

    /// Notes whom `operator` calls and what it refers to, and counts what it gives.
    fn note(&mut self, layout: &Layout<'_>, operator: &Operator<'_>) {
        let hub = |ty: u32| hub(layout, ty);
        match operator {
            Operator::Call { function_index } => self.calls.push((*function_index, false)),
            Operator::ReturnCall { function_index } => self.calls.push((*function_index, true)),
            Operator::CallIndirect { type_index, .. } | Operator::CallRef { type_index } => {
                self.calls.push((hub(*type_index), false));
            }
            Operator::ReturnCallIndirect { type_index, .. }
            | Operator::ReturnCallRef { type_index } => {
                self.calls.push((hub(*type_index), true));
            }
            Operator::GlobalGet { .. } | Operator::V128Const { .. } => self.size.givens += 1,
            Operator::RefFunc { function_index } => self.references.push(*function_index),
            Operator::TryTable { try_table } => self.catches |= !try_table.catches.is_empty(),
            _ => {}
        }
    }
}

/// The node of the graph that stands for every function that can be called by type `ty`.
pub(super) fn hub(layout: &Layout<'_>, ty: u32) -> u32 {
    u32::try_from(layout.functions.len()).unwrap_or(u32::MAX).saturating_add(ty)
}

/// What an operator does to the blocks that are open.
pub(super) enum Change {
    Opens(BlockType, FrameKind),
    Turns,
    Closes,
    None,
}

/// What `operator` does to the blocks that are open.
pub(super) fn block(operator: &Operator<'_>) -> Change {
    match operator {
        Operator::Block { blockty } => Change::Opens(*blockty, FrameKind::Block),
        Operator::Loop { blockty } => Change::Opens(*blockty, FrameKind::Loop),
        Operator::If { blockty } => Change::Opens(*blockty, FrameKind::If),
        Operator::TryTable { try_table } => Change::Opens(try_table.ty, FrameKind::TryTable),
        Operator::Else => Change::Turns,
        Operator::End => Change::Closes,
        _ => Change::None,
    }
}

/// Whether what follows in the block cannot be reached.
fn leaves(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Unreachable
            | Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
    )
}

/// Only a module that is not valid lacks an arity.
fn arity(found: Option<(u32, u32)>, at: usize) -> Result<(u32, u32), Error> {
    let what = || format!("stack: an instruction before byte {at} has no arity");
    found.ok_or_else(|| Error::Reencode { what: what() })
}
