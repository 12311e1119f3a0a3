//! Follows the values of a function from operator to operator.

use super::super::context::Context;
use super::super::cursor::{Cursor, Fault};
use super::super::effect::effect;
use super::super::operator::{BRANCHES, LEAVES, NOTED, Operator, code, operator, targets};
use super::super::reach::Reach;
use super::super::types::Form;
use super::assignments::{Assignments, NEVER, Place, place};
use super::knowledge::{Knowledge, Seen};
use super::mended::Mended;
use super::numbers::Numbers;
use super::pattern::Pattern;
use super::role::{Gives, Role, Roles, shuffle};
use super::value::{ANY, CLEAN, Value};
use crate::limits;

/// The state between two operators. Its lists are used again for the next function.
pub(super) struct Flow<'c, 'a> {
    context: &'c Context<'a>,
    roles: &'static Roles,
    knowledge: Knowledge,
    stack: Vec<Value>,
    frames: Vec<Frame>,
    /// Loops that are open: where each begins and ends.
    loops: Vec<(Place, Place)>,
    /// Where loops end that have not begun, the next one last.
    loop_ends: Vec<Place>,
    /// Frames that have begun, arms counted by themselves.
    serial: u32,
    /// What is known of each local that is assigned anywhere, by number.
    locals: Vec<Local>,
    numbers: Numbers,
    /// Assignments that are to come, the next one last.
    upcoming: Vec<Assignment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Also the other arm of an `if`, a `try_table`, and the function.
    Block,
    Loop,
    If,
}

/// A block that is open.
struct Frame {
    kind: Kind,
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
    /// Where the next one stands.
    next: Place,
}

impl Local {
    const UNTOUCHED: Self =
        Self { value: Value::CLEAN, place: 0, depth: 0, serial: 0, next: NEVER };
}

/// An assignment to a local.
#[derive(Clone, Copy)]
struct Assignment {
    number: usize,
    place: Place,
    /// Where the next one to the same local stands.
    next: Place,
}

impl<'c, 'a> Flow<'c, 'a> {
    pub(super) fn new(context: &'c Context<'a>) -> Self {
        Self {
            context,
            roles: Roles::get(),
            knowledge: Knowledge::default(),
            stack: Vec::new(),
            frames: Vec::new(),
            loops: Vec::new(),
            loop_ends: Vec::new(),
            serial: 0,
            locals: Vec::new(),
            numbers: Numbers::default(),
            upcoming: Vec::new(),
        }
    }

    /// At the beginning of a function of type `ty`.
    fn begin_function(&mut self, ty: u32, assignments: &Assignments) {
        self.stack.clear();
        self.frames.clear();
        self.loops.clear();
        self.locals.clear();
        self.numbers.clear();
        self.upcoming.clear();
        self.serial = 0;
        self.loop_ends.clear();
        self.loop_ends.extend(assignments.loop_ends.iter().rev());
        for (local, place) in assignments.places.iter().rev() {
            let number = self.numbers.give(*local);
            if number == self.locals.len() {
                self.locals.push(Local::UNTOUCHED);
            }
            if let Some(first) = self.locals.get_mut(number) {
                let next = std::mem::replace(&mut first.next, *place);
                self.upcoming.push(Assignment { number, place: *place, next });
            }
        }
        self.knowledge.begin(self.locals.len());
        self.frames.push(Frame {
            kind: Kind::Block,
            serial: 0,
            height: 0,
            params: 0,
            results: self.context.sections.types.form(ty).results as usize,
            entered: Vec::new(),
            label: Vec::new(),
        });
    }

    /// Where a function of type `ty` sees a fresh NaN first. Its code stands at the cursor.
    pub(super) fn run(
        &mut self,
        ty: u32,
        assignments: &Assignments,
        cursor: &mut Cursor<'_>,
    ) -> Result<Option<Seen>, Fault> {
        self.begin_function(ty, assignments);
        let types = &self.context.sections.types;
        let mut reach = Reach::default();
        while !cursor.is_done() {
            let found = operator(cursor, types)?;
            if found.shape.sets & (NOTED | LEAVES | BRANCHES) != 0 {
                let was_reached = reach.is_reached();
                reach.pass(&found);
                self.control(found, was_reached, reach.is_reached())?;
            } else if reach.is_reached() {
                self.operator(&found, cursor)?;
            }
        }
        Ok(self.knowledge.settle())
    }

    /// An operator that has to do with blocks, labels or types, and whether what comes before and
    /// after it can be reached.
    #[inline(never)]
    fn control(
        &mut self,
        found: Operator,
        was_reached: bool,
        is_reached: bool,
    ) -> Result<(), Fault> {
        match found.code {
            code::END | code::ELSE if !is_reached => {}
            code::END => self.end(found.at, was_reached),
            code::ELSE => self.other_arm(found.at, was_reached),
            code::LOOP if !was_reached => {
                self.loop_ends.pop();
            }
            _ if !was_reached => {}
            code::BLOCK | code::TRY_TABLE | code::IF | code::LOOP
                if found.form.params as usize > limits::LABEL_VALUES =>
            {
                return Err(Fault::wide(found.at));
            }
            code::BLOCK | code::TRY_TABLE => self.begin(found.form, Kind::Block),
            code::IF => {
                self.pop();
                self.begin(found.form, Kind::If);
            }
            code::LOOP => self.enter_loop(&found),
            _ if found.shape.sets & BRANCHES != 0 => self.branches(&found)?,
            code::RETURN => {
                let results = self.frames.first().map_or(0, |frame| frame.results);
                self.take(results, CLEAN, found.at);
            }
            _ => {
                let effect = effect(&found, self.context.sections);
                self.observe(effect, found.at);
            }
        }
        Ok(())
    }

    /// Another operator that can be reached.
    #[inline]
    fn operator(&mut self, found: &Operator, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let at = found.at;
        match found.code {
            code::LOCAL_GET => {
                let value = self.local(found.first);
                self.stack.push(value);
            }
            code::LOCAL_SET => {
                let mended = Mended::of(cursor, found.first);
                self.set(mended, found);
                if let Some(Mended { length, .. }) = mended {
                    cursor.take(length)?;
                }
            }
            code::LOCAL_TEE => {
                let pattern = Pattern::of(cursor.rest(), found.first);
                self.tee(pattern, found);
                if let Some(Pattern { length, .. }) = pattern {
                    cursor.take(length)?;
                }
            }
            code::DROP => {
                self.pop();
            }
            code::SELECT | code::SELECT_TYPED => {
                self.pop();
                self.moves(2, ANY, at);
            }
            code::SHUFFLE => self.act(shuffle(self.context.module, at), found),
            // Most operators see bits.
            code => match self.roles.of(code) {
                None => self.observe(found.shape.form(), at),
                role => self.act(role, found),
            },
        }
        Ok(())
    }

    fn enter_loop(&mut self, found: &Operator) {
        let params = found.form.params as usize;
        self.take(params, CLEAN, found.at);
        self.give(params);
        self.begin(found.form, Kind::Loop);
        let end = self.loop_ends.pop().unwrap_or(NEVER);
        self.loops.push((place(found), end));
    }

    /// An operator that names labels.
    fn branches(&mut self, found: &Operator) -> Result<(), Fault> {
        let (at, label) = (found.at, found.first);
        match found.code {
            code::BR => self.branch(label, at),
            code::BR_IF => {
                self.pop();
                self.branch(label, at);
            }
            code::BR_TABLE => {
                self.pop();
                let module = self.context.module;
                let labels = targets(&mut Cursor::new(module, at, module.len()))?;
                labels.into_iter().for_each(|label| self.branch(label, at));
            }
            // A reference decides. It goes along, but for one that is null.
            code::BR_ON_NULL => {
                let reference = self.pop();
                self.demand_label(label, 0, at);
                self.stack.push(reference);
            }
            code::BR_ON_NON_NULL => {
                self.pop();
                self.demand_label(label, 1, at);
            }
            _ => self.demand_label(label, 0, at),
        }
        Ok(())
    }

    /// Demands that what a label takes is clean, but for its last values.
    fn demand_label(&mut self, label: u32, last: usize, at: usize) {
        let depth = self.frames.len().checked_sub(1);
        let depth = depth.and_then(|depth| depth.checked_sub(label as usize));
        let Some(frame) = depth.and_then(|depth| self.frames.get(depth)) else { return };
        let count = if frame.kind == Kind::Loop { frame.params } else { frame.results };
        let from = self.stack.len().saturating_sub(count.saturating_sub(last));
        for value in self.stack.get(from..).unwrap_or_default() {
            self.knowledge.demand(value, CLEAN, at);
        }
    }

    fn act(&mut self, role: Option<Role>, found: &Operator) {
        let at = found.at;
        match role {
            Some(Role::Computes { operands, allowed, gives }) => {
                self.take(operands.into(), allowed, at);
                self.stack.push(match gives {
                    Gives::Fresh(shape) => {
                        Value::fresh(shape, u32::try_from(at).unwrap_or(u32::MAX))
                    }
                    Gives::Mask(width) => Value::mask(width),
                    Gives::Clean => Value::CLEAN,
                });
            }
            Some(Role::Moves { operands, allowed }) => self.moves(operands.into(), allowed, at),
            Some(Role::Bitselect) => {
                let mask = self.pop();
                self.knowledge.demand(&mask, CLEAN, at);
                self.moves(2, mask.mask, at);
            }
            None => self.observe(found.shape.form(), at),
        }
    }

    /// What sees bits.
    #[inline]
    fn observe(&mut self, effect: Form, at: usize) {
        self.take(effect.params as usize, CLEAN, at);
        self.give(effect.results as usize);
    }

    #[inline]
    fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or(Value::CLEAN)
    }

    /// Pops operands that may be fresh in the shapes `allowed`.
    #[inline]
    fn take(&mut self, operands: usize, allowed: u8, at: usize) {
        let rest = self.stack.len().saturating_sub(operands);
        for value in self.stack.get(rest..).unwrap_or_default() {
            self.knowledge.demand(value, allowed, at);
        }
        self.stack.truncate(rest);
    }

    /// Pushes clean results.
    #[inline]
    fn give(&mut self, results: usize) {
        for _ in 0..results {
            self.stack.push(Value::CLEAN);
        }
    }

    fn moves(&mut self, operands: usize, allowed: u8, at: usize) {
        let mut joined = Value::CLEAN;
        for _ in 0..operands {
            let value = self.pop();
            self.knowledge.demand(&value, allowed, at);
            joined = self.knowledge.join(joined, value);
        }
        self.stack.push(joined);
    }

    /// What a local holds here.
    #[inline]
    fn local(&self, local: u32) -> Value {
        let Some(number) = self.numbers.get(local) else { return Value::CLEAN };
        let Some(last) = self.locals.get(number) else { return Value::CLEAN };
        let stands = self.frames.get(last.depth).is_some_and(|frame| frame.serial == last.serial);
        if stands && !self.is_assigned_again(last) {
            last.value
        } else {
            Value { node: Knowledge::local(number), ..Value::CLEAN }
        }
    }

    /// Whether a loop that began since may come back to here with another value.
    #[inline]
    fn is_assigned_again(&self, last: &Local) -> bool {
        if self.loops.last().is_none_or(|(begin, _)| *begin < last.place) {
            return false;
        }
        // The outermost loop that began since then holds what the inner ones hold.
        let first = self.loops.partition_point(|(begin, _)| *begin < last.place);
        self.loops.get(first).is_some_and(|(_, end)| last.next < *end)
    }

    /// Assigns a local, and gives its number if it is one of floats.
    fn assign(&mut self, value: Value, found: &Operator) -> Option<usize> {
        let place = place(found);
        let Assignment { number, next, .. } = self.upcoming.pop_if(|next| next.place == place)?;
        self.knowledge.feed(value, Knowledge::local(number));
        let (depth, serial) = self.innermost();
        *self.locals.get_mut(number)? = Local { value, place, depth, serial, next };
        Some(number)
    }

    /// `local.set`, and all of a mended store. What that assigns besides is an address.
    fn set(&mut self, mended: Option<Mended>, found: &Operator) {
        let value = self.pop();
        self.assign(value, found);
        if let Some(mended) = mended {
            self.knowledge.demand(&value, mended.shape, found.at);
            // The address.
            self.pop();
        }
    }

    /// `local.tee`, and with a pattern all of a canonicalization.
    fn tee(&mut self, pattern: Option<Pattern>, found: &Operator) {
        let value = self.pop();
        let number = self.assign(value, found);
        let Some(pattern) = pattern else {
            self.stack.push(value);
            return;
        };
        let clean = self.knowledge.without(value, pattern.shapes);
        self.stack.push(clean);
        if pattern.assigns
            && let Some(last) = number.and_then(|number| self.locals.get_mut(number))
            && let Some(inner) = self.upcoming.pop()
        {
            // The last assignment stands in the arm of the `if`, which has ended.
            last.next = inner.next;
            last.depth = usize::MAX;
        }
    }

    /// Depth and serial of the innermost frame.
    fn innermost(&self) -> (usize, u32) {
        let depth = self.frames.len().saturating_sub(1);
        (depth, self.frames.last().map_or(0, |frame| frame.serial))
    }

    fn begin(&mut self, form: Form, kind: Kind) {
        let (params, results) = (form.params as usize, form.results as usize);
        let height = self.stack.len().saturating_sub(params);
        let entered = match kind {
            Kind::If => self.stack.get(height..).unwrap_or_default().to_vec(),
            _ => Vec::new(),
        };
        self.serial = self.serial.saturating_add(1);
        let (serial, label) = (self.serial, Vec::new());
        self.frames.push(Frame { kind, serial, height, params, results, entered, label });
    }

    /// Hands the topmost values to a label.
    fn branch(&mut self, label: u32, at: usize) {
        let depth = self.frames.len().checked_sub(1);
        let Some(depth) = depth.and_then(|depth| depth.checked_sub(label as usize)) else { return };
        let Some(frame) = self.frames.get_mut(depth) else { return };
        let is_loop = frame.kind == Kind::Loop;
        let count = if is_loop { frame.params } else { frame.results };
        let from = self.stack.len().saturating_sub(count);
        let values = self.stack.get(from..).unwrap_or_default();
        if is_loop || depth == 0 {
            values.iter().for_each(|value| self.knowledge.demand(value, CLEAN, at));
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
            Kind::Loop => {
                self.loops.pop();
            }
            // Without another arm, what enters leaves.
            Kind::If => join(&mut self.knowledge, &mut frame.label, &frame.entered),
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
            frame.kind = Kind::Block;
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
            values.iter().for_each(|value| self.knowledge.demand(value, CLEAN, at));
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
