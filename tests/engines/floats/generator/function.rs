//! One function being written: what it is made of, and the values that come of operators.

mod control;
mod objects;
mod statements;

use super::super::super::rng::Rng;
use super::super::super::seen::Type;
use super::super::tables;
use super::{Signature, constant, name, names};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What is most of the values.
pub(super) const FLOATS: &[Type] = &[Type::F64, Type::F32, Type::V128, Type::F64, Type::F32];
/// Width of a lane in bits, and how many there are.
const LANES: &[(usize, usize)] = &[(8, 16), (16, 8), (32, 4), (64, 2)];

/// One function being written.
pub(super) struct Function<'a> {
    rng: &'a mut Rng,
    signatures: &'a [Signature],
    at: usize,
    rich: bool,
    /// Types of parameters and of locals that may be assigned.
    locals: Vec<Type>,
    /// Counters of loops, declared after them.
    counters: usize,
    /// What a branch to each open label carries, innermost last.
    labels: Vec<Vec<Type>>,
    /// Which of them are loops; a branch to one may not be taken freely.
    loops: Vec<bool>,
    /// The counters of those that may be taken again, by the index of the label.
    counted: BTreeMap<usize, String>,
    /// Nodes that may still be written.
    left: usize,
}

impl<'a> Function<'a> {
    pub(super) fn new(
        rng: &'a mut Rng,
        signatures: &'a [Signature],
        at: usize,
        rich: bool,
        small: bool,
    ) -> Self {
        let mut locals = signatures[at].params.clone();
        locals.extend([Type::F32, Type::F64, Type::V128, Type::I32]);
        for _ in 0..rng.below(5) {
            locals.push(rng.pick(FLOATS));
        }
        if rng.chance(1, 10) {
            // So many that indices need a second byte.
            locals.extend([Type::I32; 120]);
        }
        let left = if small { 5 + rng.below(30) } else { 30 + rng.below(220) };
        let labels = vec![signatures[at].results.clone()];
        let loops = vec![false];
        let counted = BTreeMap::new();
        Self { rng, signatures, at, rich, locals, counters: 0, labels, loops, counted, left }
    }

    pub(super) fn write(mut self) -> String {
        let results = self.signatures[self.at].results.clone();
        let mut body = String::new();
        for _ in 0..2 + self.rng.below(7) {
            body += &self.statement(4);
        }
        body += &self.values(&results, 4);
        let defaults: String = results.iter().map(|ty| constant(self.rng, *ty)).collect();
        let params = self.signatures[self.at].params.len();
        let mut text =
            format!("(func $f{0} (type $t{0}) (local {1})", self.at, names(&self.locals[params..]));
        if self.rich {
            text += " (local $o (ref null $s)) (local $x (ref null $a)) (local $y (ref null $b))";
        }
        for counter in 0..self.counters {
            write!(text, " (local $c{counter} i32)").unwrap();
        }
        write!(
            text,
            "\n(global.set $budget (i32.sub (global.get $budget) (i32.const 1)))\n\
             (if (i32.lt_s (global.get $budget) (i32.const 0)) (then (return {defaults})))\n{body})\n"
        )
        .unwrap();
        text
    }

    /// Text that leaves one value of each type.
    fn values(&mut self, types: &[Type], depth: usize) -> String {
        types.iter().map(|ty| self.value(*ty, depth)).collect()
    }

    /// An expression of type `ty`.
    fn value(&mut self, ty: Type, depth: usize) -> String {
        if depth == 0 || self.left == 0 {
            return self.leaf(ty);
        }
        self.left -= 1;
        match self.rng.below(20) {
            0..3 => self.leaf(ty),
            3..6 => self.moved(ty, depth - 1),
            6 => self.called(ty, depth - 1),
            7 if self.rich => self.taken(ty, depth - 1),
            _ => self.computed(ty, depth - 1),
        }
    }

    fn leaf(&mut self, ty: Type) -> String {
        let local = self.local(ty);
        match (self.rng.below(5), local) {
            (0..3, Some(local)) => format!("(local.get {local})"),
            (3, _) => self.load(ty),
            (4, _) if !matches!(ty, Type::I32 | Type::I64) && self.rng.chance(1, 2) => {
                format!("(global.get ${})", name(ty))
            }
            _ => constant(self.rng, ty),
        }
    }

    fn local(&mut self, ty: Type) -> Option<usize> {
        let fitting: Vec<_> = (0..self.locals.len()).filter(|at| self.locals[*at] == ty).collect();
        (!fitting.is_empty()).then(|| self.rng.pick(&fitting))
    }

    fn load(&mut self, ty: Type) -> String {
        let address = self.address();
        if ty == Type::V128
            && let (true, Some(local)) = (self.rng.chance(1, 6), self.local(ty))
        {
            let (bits, lanes) = self.rng.pick(LANES);
            let lane = self.rng.below(lanes);
            return format!("(v128.load{bits}_lane {lane} {address} (local.get {local}))");
        }
        let operator = match ty {
            Type::V128 => self.rng.pick(tables::VECTOR_LOADS),
            other => return format!("({}.load {address})", name(other)),
        };
        format!("({operator} {address})")
    }

    fn address(&mut self) -> String {
        if self.rng.chance(1, 3)
            && let Some(local) = self.local(Type::I32)
        {
            return format!("(i32.and (local.get {local}) (i32.const 0x3f8))");
        }
        format!("(i32.const {})", self.rng.below(128) * 8)
    }

    fn counter(&mut self) -> String {
        self.counters += 1;
        format!("$c{}", self.counters - 1)
    }

    fn open(&mut self, types: Vec<Type>, is_loop: bool) {
        self.labels.push(types);
        self.loops.push(is_loop);
    }

    fn close(&mut self) {
        self.labels.pop();
        self.loops.pop();
        self.counted.remove(&self.labels.len());
    }

    /// The result of a call, directly, by table or by reference.
    fn called(&mut self, ty: Type, depth: usize) -> String {
        let fitting: Vec<_> =
            (0..self.at).filter(|at| self.signatures[*at].results.contains(&ty)).collect();
        if fitting.is_empty() {
            return self.computed(ty, depth);
        }
        let callee = self.rng.pick(&fitting);
        let Signature { params, results } = self.signatures[callee].clone();
        let args = self.values(&params, depth.min(2));
        let mut text = match self.rng.below(3) {
            0 => format!("(call_indirect (type $t{callee}) {args} (i32.const {callee}))"),
            1 if self.rich => format!("(call_ref $t{callee} {args} (ref.func $f{callee}))"),
            _ => format!("(call $f{callee} {args})"),
        };
        // The wanted value is kept in a local while the rest is dropped.
        let wanted = results.iter().position(|result| *result == ty).unwrap();
        for at in (0..results.len()).rev() {
            if at != wanted {
                text += " (drop)";
            } else if wanted > 0 {
                let local = self.local(ty).unwrap_or(0);
                if self.locals.get(local) != Some(&ty) {
                    return format!(
                        "{text}{} {}",
                        " (drop)".repeat(at + 1),
                        constant(self.rng, ty)
                    );
                }
                text +=
                    &format!(" (local.set {local}){} (local.get {local})", " (drop)".repeat(at));
                return text;
            }
        }
        text
    }

    /// The result of an operator.
    fn computed(&mut self, ty: Type, depth: usize) -> String {
        let row = tables::operator(ty, |count| self.rng.below(count));
        let mut text = format!("({}", row.name);
        match row.immediate {
            tables::Immediate::None => {}
            tables::Immediate::Lane(lanes) => write!(text, " {}", self.rng.below(lanes)).unwrap(),
            tables::Immediate::Shuffle => text += &self.shuffle(),
        }
        for operand in row.operands {
            let value = match operand {
                tables::Operand::Of(ty) => self.value(*ty, depth),
                tables::Operand::Mask => self.mask(depth),
            };
            text.push(' ');
            text += &value;
        }
        text.push(')');
        text
    }

    /// Bits that select: the result of a comparison, or any.
    fn mask(&mut self, depth: usize) -> String {
        if self.rng.chance(1, 4) {
            return self.value(Type::V128, depth);
        }
        let operator = self.rng.pick(tables::COMPARISONS);
        let (a, b) = (self.value(Type::V128, depth), self.value(Type::V128, depth));
        format!("({operator} {a} {b})")
    }

    fn shuffle(&mut self) -> String {
        let width = self.rng.pick(&[1, 4, 8, 4, 8]);
        let mut lanes = String::new();
        for _ in 0..16 / width {
            let first = self.rng.below(32 / width) * width;
            for lane in first..first + width {
                write!(lanes, " {lane}").unwrap();
            }
        }
        lanes
    }
}

fn count_down(counter: &str) -> String {
    format!(
        "(i32.gt_s (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1))) (i32.const 0))"
    )
}
