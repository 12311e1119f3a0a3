//! Ways in which a value goes on without being looked at.

use super::super::super::super::seen::Type;
use super::super::name;
use super::{FLOATS, Function, count_down};

impl Function<'_> {
    /// Ways in which a value goes on without being looked at.
    pub(super) fn moved(&mut self, ty: Type, depth: usize) -> String {
        let name = name(ty);
        match self.rng.below(8) {
            0 => match self.local(ty) {
                Some(local) => format!("(local.tee {local} {})", self.value(ty, depth)),
                None => self.leaf(ty),
            },
            1 => {
                let typed =
                    if self.rng.chance(1, 3) { format!("(result {name}) ") } else { String::new() };
                let (a, b) = (self.value(ty, depth), self.value(ty, depth));
                format!("(select {typed}{a} {b} {})", self.value(Type::I32, depth))
            }
            2 => {
                self.open(vec![ty], false);
                let mut body = self.statements(depth);
                if self.rng.chance(1, 2) {
                    let value = self.value(ty, depth);
                    body += &format!("(drop (br_if 0 {value} {}))", self.value(Type::I32, depth));
                }
                body += &self.value(ty, depth);
                self.close();
                format!("(block (result {name}) {body})")
            }
            3 => {
                let condition = self.value(Type::I32, depth);
                self.open(vec![ty], false);
                let then = self.statements(depth) + &self.value(ty, depth);
                let other = self.statements(depth) + &self.leaving(ty, depth);
                self.close();
                format!("(if (result {name}) {condition} (then {then}) (else {other}))")
            }
            4 => self.switch(ty, depth),
            5 => self.carried(ty, depth),
            6 => self.through(ty, depth),
            _ => {
                self.open(vec![ty], false);
                // A loop that is never taken again; its result is a value like another.
                self.open(Vec::new(), true);
                let body = self.statements(depth) + &self.value(ty, depth);
                self.close();
                self.close();
                format!("(block (result {name}) (loop (result {name}) {body}))")
            }
        }
    }

    /// A value, or a branch that carries it out of here; code that cannot be reached follows.
    pub(super) fn leaving(&mut self, ty: Type, depth: usize) -> String {
        if self.rng.chance(2, 3) {
            return self.value(ty, depth);
        }
        let label = self.free_label();
        let types = self.labels[self.labels.len() - 1 - label].clone();
        let values = self.values(&types, depth);
        let dead = if self.rng.chance(1, 3) { self.value(ty, depth) } else { String::new() };
        match self.rng.below(2) {
            0 if label + 1 == self.labels.len() => format!("(return {values}) {dead}"),
            _ => format!("(br {label} {values}) {dead}"),
        }
    }

    /// A label that is no loop, by its distance.
    pub(super) fn free_label(&mut self) -> usize {
        let free: Vec<_> = (0..self.labels.len()).filter(|at| !self.loops[*at]).collect();
        self.labels.len() - 1 - self.rng.pick(&free)
    }

    pub(super) fn switch(&mut self, ty: Type, depth: usize) -> String {
        let name = name(ty);
        self.open(vec![ty], false);
        self.open(vec![ty], false);
        let value = self.value(ty, depth);
        let index = self.value(Type::I32, depth);
        let statements = self.statements(depth);
        self.close();
        let after = match (ty, self.rng.below(2)) {
            (Type::F32 | Type::F64, 0) => format!("({name}.sqrt)"),
            (Type::F32 | Type::F64, _) => format!("({name}.neg)"),
            _ => String::new(),
        };
        self.close();
        format!(
            "(block (result {name}) (block (result {name}) {statements} \
             (br_table 0 1 0 1 {value} {index})) {after})"
        )
    }

    /// A loop whose parameters are carried from one round to the next.
    pub(super) fn carried(&mut self, ty: Type, depth: usize) -> String {
        let other = self.rng.pick(FLOATS);
        let (Some(first), Some(second)) = (self.local(ty), self.local(other)) else {
            return self.leaf(ty);
        };
        let types = [ty, other];
        self.open(vec![ty], false);
        let start = self.values(&types, depth);
        let counter = self.counter();
        self.open(types.to_vec(), true);
        self.counted.insert(self.labels.len() - 1, counter.clone());
        let body = self.statements(depth) + &self.values(&types, depth);
        self.close();
        self.close();
        let (a, b) = (name(ty), name(other));
        let rounds = 1 + self.rng.below(4);
        // The block keeps clear of a defect of wasmi (`defects_of_wasmi`).
        format!(
            "(block (result {a}) (local.set {counter} (i32.const {rounds})) {start} \
             (loop (param {a} {b}) (result {a} {b}) (local.set {second}) (local.set {first}) {body} \
             (br_if 0 {})) (local.set {second}))",
            count_down(&counter)
        )
    }

    /// A value that enters a block, or an arm, as its parameter.
    pub(super) fn through(&mut self, ty: Type, depth: usize) -> String {
        let (name, value) = (name(ty), self.value(ty, depth));
        let Some(local) = self.local(ty) else { return value };
        let condition = self.value(Type::I32, depth);
        self.open(vec![ty], false);
        let body = self.statements(depth);
        let last = self.leaving(ty, depth);
        let other = self.statements(depth);
        self.close();
        // Wasmi 2.0.0 stops at an assertion of its own where an arm has a parameter.
        if !self.rich || self.rng.chance(1, 2) {
            return format!(
                "{value} (block (param {name}) (result {name}) (local.set {local}) {body} {last})"
            );
        }
        // The condition stands above the value that enters.
        format!(
            "{value} (if (param {name}) (result {name}) {condition} \
             (then (local.set {local}) {body} {last}) (else {other}))"
        )
    }
}
