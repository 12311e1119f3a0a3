//! Follows the values of a function from operator to operator.

use super::super::context::Context;
use super::super::reach::Reach;
use super::assignments::{Assignments, Place};
use super::knowledge::{Knowledge, Seen};
use super::pattern::Pattern;
use super::role::{Gives, Role, role};
use super::value::{ANY, CLEAN, Value};
use wasmparser::{
    BlockType, ContType, FrameKind, FuncType, FunctionBody, ModuleArity, Operator, RefType, SubType,
};

/// The state between two operators.
pub(super) struct Flow<'f, 'a> {
    context: &'f Context<'a>,
    assignments: &'f Assignments,
    knowledge: Knowledge,
    stack: Vec<Value>,
    frames: Vec<Frame>,
    /// Loops that are open: where each begins and ends.
    loops: Vec<(Place, Place)>,
    /// Loops that have begun.
    begun: usize,
    /// Frames that have begun, arms counted by themselves.
    serial: u32,
    /// What is known of each local that is assigned anywhere.
    locals: Vec<Local>,
    place: Place,
}

/// A block that is open.
struct Frame {
    ty: BlockType,
    kind: FrameKind,
    serial: u32,
    /// Height of the stack below its parameters.
    height: usize,
    params: usize,
    results: usize,
    /// What enters an `if`, for its other arm.
    entered: Vec<Value>,
    /// What leaves by its end; none when all of it is clean so far.
    label: Vec<Value>,
}

/// The last assignment to a local.
#[derive(Clone, Copy)]
struct Local {
    value: Value,
    place: Place,
    /// The frame in which it stands, by depth and serial.
    depth: usize,
    serial: u32,
    /// How many assignments to it have gone by.
    passed: usize,
}

impl<'f, 'a> Flow<'f, 'a> {
    /// At the beginning of a function of type `ty`.
    pub(super) fn new(context: &'f Context<'a>, ty: u32, assignments: &'f Assignments) -> Self {
        let untouched = Local { value: Value::CLEAN, place: 0, depth: 0, serial: 0, passed: 0 };
        let results = context.sections.types.form(ty).results as usize;
        Self {
            context,
            assignments,
            knowledge: Knowledge::new(assignments.count()),
            stack: Vec::new(),
            frames: vec![Frame {
                ty: BlockType::FuncType(ty),
                kind: FrameKind::Block,
                serial: 0,
                height: 0,
                params: 0,
                results,
                entered: Vec::new(),
                label: Vec::new(),
            }],
            loops: Vec::new(),
            begun: 0,
            serial: 0,
            locals: vec![untouched; assignments.count()],
            place: 0,
        }
    }

    /// Where the function sees a fresh NaN first.
    pub(super) fn run(mut self, body: &FunctionBody<'_>) -> wasmparser::Result<Option<Seen>> {
        let mut operators = body.get_operators_reader()?;
        let mut reach = Reach::default();
        while !operators.eof() {
            let at = operators.original_position();
            let operator = operators.read()?;
            self.place = self.place.saturating_add(1);
            self.begun += usize::from(matches!(operator, Operator::Loop { .. }));
            let was_reached = reach.is_reached();
            reach.pass(&operator);
            match &operator {
                Operator::End | Operator::Else if !reach.is_reached() => {}
                Operator::End => self.end(at, was_reached),
                Operator::Else => self.other_arm(at, was_reached),
                _ if !was_reached => {}
                Operator::LocalTee { local_index } => {
                    let next = operators.original_position();
                    let rest = self.context.module.get(next..body.range().end).unwrap_or_default();
                    let pattern = Pattern::of(rest, *local_index);
                    self.tee(*local_index, pattern);
                    for _ in 0..pattern.map_or(0, |pattern| pattern.operators) {
                        operators.read()?;
                        self.place = self.place.saturating_add(1);
                    }
                }
                operator => self.operator(operator, at),
            }
        }
        Ok(self.knowledge.settle())
    }

    fn operator(&mut self, operator: &Operator<'_>, at: usize) {
        match operator {
            Operator::Block { blockty } => self.begin(*blockty, FrameKind::Block),
            Operator::TryTable { try_table } => self.begin(try_table.ty, FrameKind::TryTable),
            Operator::Loop { blockty } => {
                let (params, _) = self.arity(*blockty);
                self.take(params, CLEAN, at);
                self.give(params);
                self.begin(*blockty, FrameKind::Loop);
                let ends = &self.assignments.loop_ends;
                let end = self.begun.checked_sub(1).and_then(|at| ends.get(at)).copied();
                self.loops.push((self.place, end.unwrap_or(Place::MAX)));
            }
            Operator::If { blockty } => {
                self.pop();
                self.begin(*blockty, FrameKind::If);
            }
            Operator::Br { relative_depth } => self.branch(*relative_depth, at),
            Operator::BrIf { relative_depth } => {
                self.pop();
                self.branch(*relative_depth, at);
            }
            Operator::BrTable { targets } => {
                self.pop();
                let mut labels: Vec<u32> = targets.targets().filter_map(Result::ok).collect();
                labels.push(targets.default());
                labels.sort_unstable();
                labels.dedup();
                labels.into_iter().for_each(|label| self.branch(label, at));
            }
            Operator::Drop => {
                self.pop();
            }
            Operator::LocalGet { local_index } => {
                let value = self.local(*local_index);
                self.stack.push(value);
            }
            Operator::LocalSet { local_index } => {
                let value = self.pop();
                self.assign(*local_index, value);
            }
            Operator::Select | Operator::TypedSelect { .. } => {
                self.pop();
                self.moves(2, ANY, at);
            }
            operator => match role(operator) {
                Some(role) => self.act(role, at),
                None => self.observe(operator, at),
            },
        }
    }

    fn act(&mut self, role: Role, at: usize) {
        match role {
            Role::Computes { operands, allowed, gives } => {
                self.take(operands.into(), allowed, at);
                self.stack.push(match gives {
                    Gives::Fresh(shape) => {
                        Value::fresh(shape, u32::try_from(at).unwrap_or(u32::MAX))
                    }
                    Gives::Mask(width) => Value::mask(width),
                    Gives::Clean => Value::CLEAN,
                });
            }
            Role::Moves { operands, allowed } => self.moves(operands.into(), allowed, at),
            Role::Bitselect => {
                let mask = self.pop();
                self.knowledge.demand(mask, CLEAN, at);
                self.moves(2, mask.mask, at);
            }
        }
    }

    /// An operator that sees bits.
    fn observe(&mut self, operator: &Operator<'_>, at: usize) {
        // The arity of every operator of a valid module is known.
        let (pops, pushes) = operator.operator_arity(&*self).unwrap_or((0, 0));
        self.take(pops as usize, CLEAN, at);
        self.give(pushes as usize);
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or(Value::CLEAN)
    }

    /// Pops operands that may be fresh in the shapes `allowed`.
    fn take(&mut self, operands: usize, allowed: u8, at: usize) {
        let rest = self.stack.len().saturating_sub(operands);
        for value in self.stack.drain(rest..) {
            self.knowledge.demand(value, allowed, at);
        }
    }

    /// Pushes clean results.
    fn give(&mut self, results: usize) {
        self.stack.resize(self.stack.len().saturating_add(results), Value::CLEAN);
    }

    fn moves(&mut self, operands: usize, allowed: u8, at: usize) {
        let mut joined = Value::CLEAN;
        for _ in 0..operands {
            let value = self.pop();
            self.knowledge.demand(value, allowed, at);
            joined = self.knowledge.join(joined, value);
        }
        self.stack.push(joined);
    }

    /// What a local holds here.
    fn local(&self, local: u32) -> Value {
        let Some(number) = self.assignments.number(local) else { return Value::CLEAN };
        let Some(last) = self.locals.get(number) else { return Value::CLEAN };
        let stands = self.frames.get(last.depth).is_some_and(|frame| frame.serial == last.serial);
        // The outermost loop that began since then holds what the inner ones hold.
        let first = self.loops.partition_point(|(begin, _)| *begin < last.place);
        let next = self.assignments.place(number, last.passed);
        let again = match (self.loops.get(first), next) {
            (Some((_, end)), Some(next)) => next < *end,
            _ => false,
        };
        if stands && !again {
            last.value
        } else {
            Value { node: Knowledge::local(number), ..Value::CLEAN }
        }
    }

    fn assign(&mut self, local: u32, value: Value) {
        let Some(number) = self.assignments.number(local) else { return };
        self.knowledge.feed(value, Knowledge::local(number));
        let (depth, serial) = self.innermost();
        if let Some(last) = self.locals.get_mut(number) {
            let passed = last.passed + 1;
            *last = Local { value, place: self.place, depth, serial, passed };
        }
    }

    /// `local.tee`, and with a pattern all of a canonicalization.
    fn tee(&mut self, local: u32, pattern: Option<Pattern>) {
        let value = self.pop();
        self.assign(local, value);
        let Some(pattern) = pattern else {
            self.stack.push(value);
            return;
        };
        let clean = self.knowledge.without(value, pattern.shapes);
        self.stack.push(clean);
        if pattern.assigns > 0
            && let Some(number) = self.assignments.number(local)
            && let Some(last) = self.locals.get_mut(number)
        {
            // The last assignment stands in the arm of the `if`, which has ended.
            last.passed += pattern.assigns;
            last.depth = usize::MAX;
        }
    }

    /// Depth and serial of the innermost frame.
    fn innermost(&self) -> (usize, u32) {
        let depth = self.frames.len().saturating_sub(1);
        (depth, self.frames.last().map_or(0, |frame| frame.serial))
    }

    fn arity(&self, ty: BlockType) -> (usize, usize) {
        match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(ty) => {
                let form = self.context.sections.types.form(ty);
                (form.params as usize, form.results as usize)
            }
        }
    }

    fn begin(&mut self, ty: BlockType, kind: FrameKind) {
        let (params, results) = self.arity(ty);
        let height = self.stack.len().saturating_sub(params);
        let entered = match kind {
            FrameKind::If => self.stack.get(height..).unwrap_or_default().to_vec(),
            _ => Vec::new(),
        };
        self.serial = self.serial.saturating_add(1);
        let (serial, label) = (self.serial, Vec::new());
        self.frames.push(Frame { ty, kind, serial, height, params, results, entered, label });
    }

    /// Hands the topmost values to a label.
    fn branch(&mut self, label: u32, at: usize) {
        let depth = self.frames.len().checked_sub(1);
        let Some(depth) = depth.and_then(|depth| depth.checked_sub(label as usize)) else { return };
        let Some(frame) = self.frames.get_mut(depth) else { return };
        let is_loop = frame.kind == FrameKind::Loop;
        let count = if is_loop { frame.params } else { frame.results };
        let from = self.stack.len().saturating_sub(count);
        let values = self.stack.get(from..).unwrap_or_default();
        if is_loop || depth == 0 {
            values.iter().for_each(|value| self.knowledge.demand(*value, CLEAN, at));
        } else {
            join(&mut self.knowledge, &mut frame.label, values);
        }
    }

    fn end(&mut self, at: usize, falls_through: bool) {
        if falls_through {
            self.branch_to_end(at);
        }
        let Some(mut frame) = self.frames.pop() else { return };
        match frame.kind {
            FrameKind::Loop => {
                self.loops.pop();
            }
            // Without another arm, what enters leaves.
            FrameKind::If => join(&mut self.knowledge, &mut frame.label, &frame.entered),
            _ => {}
        }
        self.stack.truncate(frame.height);
        self.stack.extend(frame.label.iter().take(frame.results));
        self.stack.resize(frame.height.saturating_add(frame.results), Value::CLEAN);
    }

    fn other_arm(&mut self, at: usize, falls_through: bool) {
        if falls_through {
            self.branch_to_end(at);
        }
        self.serial = self.serial.saturating_add(1);
        if let Some(frame) = self.frames.last_mut() {
            frame.kind = FrameKind::Else;
            frame.serial = self.serial;
            self.stack.truncate(frame.height);
            self.stack.append(&mut frame.entered);
        }
    }

    /// The end of a block is reached with its results on top.
    fn branch_to_end(&mut self, at: usize) {
        let is_function = self.frames.len() == 1;
        let Some(frame) = self.frames.last_mut() else { return };
        let values = self.stack.get(frame.height..).unwrap_or_default();
        if is_function {
            values.iter().for_each(|value| self.knowledge.demand(*value, CLEAN, at));
        } else {
            join(&mut self.knowledge, &mut frame.label, values);
        }
    }
}

/// Joins values into those of a label.
fn join(knowledge: &mut Knowledge, label: &mut Vec<Value>, values: &[Value]) {
    if values.iter().all(Value::is_clean) {
        return;
    }
    label.resize(values.len(), Value::CLEAN);
    for (known, value) in label.iter_mut().zip(values) {
        *known = knowledge.join(*known, *value);
    }
}

impl ModuleArity for Flow<'_, '_> {
    fn sub_type_at(&self, index: u32) -> Option<&SubType> {
        self.context.types.get(index as usize)
    }

    fn tag_type_arity(&self, at: u32) -> Option<(u32, u32)> {
        let ty = *self.context.sections.tags.get(at as usize)?;
        self.sub_type_arity(self.sub_type_at(ty)?)
    }

    fn type_index_of_function(&self, index: u32) -> Option<u32> {
        self.context.sections.functions.get(index as usize).copied()
    }

    fn func_type_of_cont_type(&self, ty: &ContType) -> Option<&FuncType> {
        self.context.function_type(ty.0.as_module_index()?)
    }

    fn sub_type_of_ref_type(&self, ty: &RefType) -> Option<&SubType> {
        self.sub_type_at(ty.type_index()?.as_module_index()?)
    }

    fn control_stack_height(&self) -> u32 {
        u32::try_from(self.frames.len()).unwrap_or(u32::MAX)
    }

    fn label_block(&self, depth: u32) -> Option<(BlockType, FrameKind)> {
        let at = self.frames.len().checked_sub(1)?.checked_sub(depth as usize)?;
        self.frames.get(at).map(|frame| (frame.ty, frame.kind))
    }
}
