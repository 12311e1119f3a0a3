//! The abstract execution of a function: which values may be fresh, and where that is seen.
//!
//! One walk over the steps, forwards. What a local holds is what the assignment before it put in,
//! if nothing else can have come between (spec/portable.md, `nan-2`), and otherwise anything that
//! any assignment of it puts in anywhere.

use super::operators::Role;
use super::steps::{Site, Steps, What};
use super::value::{Facts, Shape};
use wasm_encoder::ValType;

/// Decisions so far, which the walk takes as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decisions {
    /// By site: the value is canonicalized there.
    pub(super) clean: Vec<Option<Shape>>,
    /// By local: nothing fresh is ever put into it.
    pub(super) strict: Vec<bool>,
    /// By local: what any assignment puts in, as far as is known.
    pub(super) classes: Vec<Facts>,
}

/// Where the value of a site comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The operator itself.
    Own,
    Local(u32),
    /// One or all of these.
    Merge([Site; 3]),
    /// The results of a block: see [`Walk::incoming`].
    Label,
}

/// What a walk saw.
pub(super) struct Walk {
    /// By site.
    pub(super) facts: Vec<Facts>,
    pub(super) causes: Vec<Cause>,
    pub(super) types: Vec<Option<ValType>>,
    /// Sites whose values must be clean, with the walk's decisions not all of them are.
    pub(super) demands: Vec<Site>,
    /// Fresh values that reach the result of a block: (that result, value). Sorted.
    pub(super) incoming: Vec<(Site, Site)>,
    /// Fresh values that are assigned to locals: (local, value). Sorted.
    pub(super) assigned: Vec<(u32, Site)>,
    /// By local: what the assignments of this walk put in.
    pub(super) classes: Vec<Facts>,
}

#[derive(Debug, Clone, Copy)]
struct Value {
    facts: Facts,
    site: Site,
    ty: Option<ValType>,
}

/// A value of which nothing needs to be known.
const PLAIN: Value = Value { facts: Facts::NONE, site: Site::MAX, ty: None };

struct Frame {
    /// Changes with each arm, so that an assignment knows whether its own is still open.
    id: u32,
    is_loop: bool,
    is_if: bool,
    /// Height of the stack below the parameters.
    height: usize,
    params: u32,
    results: u32,
    end: Site,
    /// What may reach the label, for each of its results.
    joined: Vec<Facts>,
    /// An `if` begins both arms with these.
    entry: Vec<Value>,
}

/// The last assignment of a local.
#[derive(Clone, Copy)]
struct Assigned {
    frame: u32,
    depth: usize,
    step: u32,
    facts: Facts,
}

struct Walker<'s> {
    steps: &'s Steps,
    decisions: &'s Decisions,
    walk: Walk,
    stack: Vec<Value>,
    frames: Vec<Frame>,
    /// Steps of the loops that are open.
    loops: Vec<u32>,
    last: Vec<Assigned>,
    ids: u32,
    dead: bool,
}

/// Walks over `steps` once.
pub(super) fn walk(steps: &Steps, decisions: &Decisions) -> Walk {
    let sites = steps.places.len();
    let initial: Vec<Facts> = steps.initial.iter().map(|f| f.unwrap_or_default()).collect();
    let function = Frame {
        id: 0,
        is_loop: false,
        is_if: false,
        height: 0,
        params: 0,
        results: steps.results,
        end: 0,
        joined: Vec::new(),
        entry: Vec::new(),
    };
    let beginning = |facts: &Facts| Assigned { frame: 0, depth: 0, step: 0, facts: *facts };
    let mut walker = Walker {
        steps,
        decisions,
        walk: Walk {
            facts: vec![Facts::NONE; sites],
            causes: vec![Cause::Own; sites],
            types: steps.places.iter().map(|place| place.ty).collect(),
            demands: Vec::new(),
            incoming: Vec::new(),
            assigned: Vec::new(),
            classes: initial.clone(),
        },
        stack: Vec::new(),
        frames: vec![function],
        loops: Vec::new(),
        last: initial.iter().map(beginning).collect(),
        ids: 0,
        dead: false,
    };
    for (number, step) in (0u32..).zip(&steps.steps) {
        walker.step(number, &step.what, step.site);
    }
    walker.walk.incoming.sort_unstable();
    walker.walk.assigned.sort_unstable();
    walker.walk
}

impl Walker<'_> {
    fn step(&mut self, number: u32, what: &What, site: Site) {
        match what {
            What::Role(role) => self.role(*role, site),
            What::Get(local) => self.get(*local, site),
            What::Set(local) => {
                let value = self.pop();
                self.assign(number, *local, value);
            }
            What::Tee(local) => {
                let value = self.pop();
                self.assign(number, *local, value);
                self.stack.push(Value { facts: value.facts.join(Facts::NONE), ..value });
            }
            What::Canonicalize(shape, local) => {
                let value = self.pop();
                self.assign(number, *local, value);
                self.stack.push(Value { facts: value.facts.canonicalized(*shape), ..PLAIN });
            }
            What::Mended(local) => {
                let value = self.pop();
                self.assign(number, *local, value);
                self.pop();
            }
            What::Observe { pops, pushes, gives } => {
                self.observe(*pops);
                for _ in 0..*pushes {
                    self.stack.push(Value { facts: *gives, ..PLAIN });
                }
            }
            What::Leave { pops } => {
                self.observe(*pops);
                self.dead = true;
            }
            What::Block { params, results, end, catches } => {
                for label in catches {
                    self.join_all(*label, Facts::RAW);
                }
                self.enter(Opened { params: *params, results: *results, end: *end }, false);
            }
            What::Loop { params, results, end } => {
                self.observe_top(*params);
                // What comes the other way round may be anything that is clean.
                let from = self.stack.len().saturating_sub(*params as usize);
                for value in self.stack.get_mut(from..).unwrap_or_default() {
                    value.facts = Facts::RAW;
                }
                self.loops.push(number);
                self.enter(Opened { params: *params, results: *results, end: *end }, false);
                if let Some(frame) = self.frames.last_mut() {
                    frame.is_loop = true;
                }
            }
            What::If { params, results, end } => {
                self.pop();
                self.enter(Opened { params: *params, results: *results, end: *end }, true);
            }
            What::Else => self.other_arm(),
            What::End => self.leave(),
            What::Branch { labels, pops_number, goes_on } => {
                if *pops_number {
                    self.pop();
                }
                for label in labels {
                    self.branch(*label);
                }
                self.dead = !goes_on;
            }
            What::BranchOther { label, pops, pushes } => {
                self.observe(*pops);
                self.join_all(*label, Facts::RAW);
                for _ in 0..*pushes {
                    self.stack.push(Value { facts: Facts::RAW, ..PLAIN });
                }
            }
        }
    }

    fn role(&mut self, role: Role, site: Site) {
        match role {
            Role::Produce { operands, takes, gives } => {
                self.arithmetic(operands, takes);
                self.result(site, gives.made(), Cause::Own, None);
            }
            Role::Compute { operands, takes, gives } => {
                self.arithmetic(operands, takes);
                self.stack.push(Value { facts: gives, ..PLAIN });
            }
            Role::Plain { operands, gives } => {
                for _ in 0..operands {
                    self.pop();
                }
                self.stack.push(Value { facts: gives, ..PLAIN });
            }
            Role::Choose(shape) => {
                let (b, a) = (self.pop_as(shape), self.pop_as(shape));
                self.merge(site, [a, b, PLAIN]);
            }
            Role::Replace(shape) => {
                let (b, a) = (self.pop_as(shape), self.pop_as(shape));
                self.merge(site, [a, b, Value { facts: shape.laid(), ..PLAIN }]);
            }
            Role::Splat(shape) => {
                let a = self.pop();
                self.merge(site, [a, Value { facts: shape.laid(), ..PLAIN }, PLAIN]);
            }
            Role::Extract(shape) => {
                let a = self.pop_as(shape);
                self.merge(site, [a, PLAIN, PLAIN]);
            }
            Role::Shuffle { whole32, whole64 } => {
                let (b, a) = (self.pop(), self.pop());
                let operands = [a, b, PLAIN].map(|value| self.moved(value, whole32, whole64));
                self.merge(site, operands);
            }
            Role::Bitselect => self.bitselect(site),
            Role::Drop => {
                self.pop();
            }
            Role::Select => {
                self.pop();
                let (b, a) = (self.pop(), self.pop());
                self.merge(site, [a, b, PLAIN]);
            }
        }
    }

    fn bitselect(&mut self, site: Site) {
        let (mask, b, a) = (self.pop(), self.pop(), self.pop());
        let (whole32, whole64) = (mask.facts.has(Facts::MASK32), mask.facts.has(Facts::MASK64));
        self.demand(mask);
        let mut operands = [a, b, PLAIN].map(|value| self.moved(value, whole32, whole64));
        if !whole32 && !whole64 {
            // Bits of two floats mixed are bits.
            operands[2] = Value { facts: Facts::RAW, ..PLAIN };
        }
        self.merge(site, operands);
    }

    /// An operand of which whole lanes of 32 and of 64 bits are moved, or else parts of them:
    /// these are seen.
    fn moved(&mut self, value: Value, whole32: bool, whole64: bool) -> Value {
        let is_whole = (whole32 || !value.facts.has(Facts::FRESH32))
            && (whole64 || !value.facts.has(Facts::FRESH64));
        // Parts of lanes, and halves of wide ones, are bits wherever they go.
        let is_torn = !whole64 && (!whole32 || value.facts.has(Facts::WIDE));
        if is_whole && !is_torn {
            return value;
        }
        self.demand(value);
        Value { facts: Facts::RAW, ..PLAIN }
    }

    /// A result that is one of the operands, or lanes of them.
    fn merge(&mut self, site: Site, operands: [Value; 3]) {
        let facts = operands.iter().fold(Facts::NONE, |facts, value| facts.join(value.facts));
        let ty = operands.iter().find_map(|value| value.ty);
        self.result(site, facts, Cause::Merge(operands.map(|value| value.site)), ty);
    }

    fn get(&mut self, local: u32, site: Site) {
        let facts = self.held(local);
        self.result(site, facts, Cause::Local(local), None);
    }

    /// What `local` holds here.
    fn held(&self, local: u32) -> Facts {
        let Some(last) = self.last.get(local as usize) else { return Facts::RAW };
        let class = self.decisions.classes.get(local as usize).copied().unwrap_or(Facts::RAW);
        let is_open = self.frames.get(last.depth).is_some_and(|frame| frame.id == last.frame);
        if !is_open {
            return class;
        }
        let since = self.loops.partition_point(|step| *step < last.step);
        let Some(outermost) = self.loops.get(since) else { return last.facts };
        let assignments = self.steps.assignments.get(local as usize);
        let end = self.steps.loop_ends.get(outermost).copied().unwrap_or(u32::MAX);
        let is_assigned = assignments.is_some_and(|steps| {
            let first = steps.partition_point(|step| step < outermost);
            steps.get(first).is_some_and(|step| *step < end)
        });
        if is_assigned { class } else { last.facts }
    }

    fn assign(&mut self, number: u32, local: u32, value: Value) {
        let at = local as usize;
        if value.facts.is_fresh() {
            self.walk.assigned.push((local, value.site));
        }
        if self.decisions.strict.get(at).copied().unwrap_or_default() {
            self.demand(value);
        }
        let facts = value.facts.join(Facts::NONE);
        if let Some(class) = self.walk.classes.get_mut(at) {
            *class = class.join(facts);
        }
        let depth = self.frames.len().saturating_sub(1);
        let frame = self.frames.last().map_or(0, |frame| frame.id);
        if let Some(last) = self.last.get_mut(at) {
            *last = Assigned { frame, depth, step: number, facts };
        }
    }

    /// Puts an operator's result on the stack, unless it is canonicalized there.
    fn result(&mut self, site: Site, facts: Facts, cause: Cause, ty: Option<ValType>) {
        let at = site as usize;
        let clean = self.decisions.clean.get(at).copied().flatten();
        // What the site itself says comes first: a lane that is extracted is no vector.
        let ty = self.walk.types.get(at).copied().flatten().or(ty);
        let seen = clean.map_or(facts, |shape| facts.canonicalized(shape));
        if let Some(slot) = self.walk.facts.get_mut(at) {
            *slot = seen;
        }
        if let Some(slot) = self.walk.causes.get_mut(at) {
            *slot = cause;
        }
        if let Some(slot) = self.walk.types.get_mut(at) {
            *slot = ty;
        }
        self.stack.push(Value { facts: seen, site, ty });
    }

    fn arithmetic(&mut self, operands: u8, shape: Shape) {
        for _ in 0..operands {
            self.pop_as(shape);
        }
    }

    /// Takes an operand that is read in lanes of `shape`: freshness of other lanes is seen.
    fn pop_as(&mut self, shape: Shape) -> Value {
        let value = self.pop();
        let other = match shape {
            Shape::F32 | Shape::F32x4 => Facts::FRESH64,
            Shape::F64 | Shape::F64x2 => Facts::FRESH32,
        };
        // The second operand of a lane replacement is a scalar, and of the shape by its type.
        if !value.facts.has(other) {
            return value;
        }
        self.demand(value);
        Value { facts: Facts::RAW, ..PLAIN }
    }

    fn observe(&mut self, count: u32) {
        for _ in 0..count {
            let value = self.pop();
            self.demand(value);
        }
    }

    /// As [`Self::observe`], and the values stay.
    fn observe_top(&mut self, count: u32) {
        let from = self.stack.len().saturating_sub(count as usize);
        for value in self.stack.get(from..).unwrap_or_default().to_vec() {
            self.demand(value);
        }
    }

    fn demand(&mut self, value: Value) {
        if value.facts.is_fresh() {
            self.walk.demands.push(value.site);
        }
    }

    fn pop(&mut self) -> Value {
        let floor = self.frames.last().map_or(0, |frame| frame.height);
        if self.stack.len() > floor { self.stack.pop().unwrap_or(PLAIN) } else { PLAIN }
    }

    fn enter(&mut self, opened: Opened, is_if: bool) {
        let height = self.stack.len().saturating_sub(opened.params as usize);
        let entry = match is_if {
            true => self.stack.get(height..).unwrap_or_default().to_vec(),
            false => Vec::new(),
        };
        self.ids += 1;
        self.frames.push(Frame {
            id: self.ids,
            is_loop: false,
            is_if,
            height,
            params: opened.params,
            results: opened.results,
            end: opened.end,
            joined: vec![Facts::NONE; opened.results as usize],
            entry,
        });
    }

    fn other_arm(&mut self) {
        self.fall_through();
        self.ids += 1;
        let id = self.ids;
        let Some(frame) = self.frames.last_mut() else { return };
        frame.id = id;
        frame.is_if = false;
        let entry = std::mem::take(&mut frame.entry);
        self.stack.truncate(frame.height);
        self.stack.extend(entry);
        self.dead = false;
    }

    fn leave(&mut self) {
        self.fall_through();
        self.dead = false;
        let at = self.frames.len().saturating_sub(1);
        // Without `else`, the parameters are the results of the arm that is not there.
        let absent = self.frames.last().filter(|frame| frame.is_if);
        if let Some((end, entry)) = absent.map(|frame| (frame.end, frame.entry.clone())) {
            self.join(at, end, &entry);
        }
        let Some(frame) = self.frames.pop() else { return };
        self.stack.truncate(frame.height);
        if frame.is_loop {
            self.loops.pop();
        }
        for (site, facts) in (frame.end..).zip(frame.joined) {
            self.result(site, facts, Cause::Label, None);
        }
    }

    /// The end of an arm, reached from above.
    fn fall_through(&mut self) {
        if self.dead {
            return;
        }
        let Some(frame) = self.frames.last() else { return };
        let from = self.stack.len().saturating_sub(frame.results as usize);
        let values = self.stack.get(from..).unwrap_or_default().to_vec();
        self.join(self.frames.len() - 1, frame.end, &values);
    }

    fn branch(&mut self, label: u32) {
        let Some(at) = self.frames.len().checked_sub(1 + label as usize) else { return };
        let Some(frame) = self.frames.get(at) else { return };
        if frame.is_loop {
            return self.observe_top(frame.params);
        }
        let from = self.stack.len().saturating_sub(frame.results as usize);
        let values = self.stack.get(from..).unwrap_or_default().to_vec();
        self.join(at, frame.end, &values);
    }

    /// `values` reach the label of frame `at`; what reaches the function's own is returned.
    fn join(&mut self, at: usize, end: Site, values: &[Value]) {
        if at == 0 {
            for value in values {
                self.demand(*value);
            }
            return;
        }
        let Some(frame) = self.frames.get_mut(at) else { return };
        for ((joined, value), site) in frame.joined.iter_mut().zip(values).zip(end..) {
            *joined = joined.join(value.facts);
            if value.facts.is_fresh() {
                self.walk.incoming.push((site, value.site));
            }
        }
    }

    /// `facts` reach every result of a label.
    fn join_all(&mut self, label: u32, facts: Facts) {
        let Some(at) = self.frames.len().checked_sub(1 + label as usize) else { return };
        if let Some(frame) = self.frames.get_mut(at).filter(|frame| !frame.is_loop) {
            for joined in &mut frame.joined {
                *joined = joined.join(facts);
            }
        }
    }
}

struct Opened {
    params: u32,
    results: u32,
    end: Site,
}
