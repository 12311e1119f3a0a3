//! Statements: assignments, stores, loops, and ways to leave.

use super::super::super::super::seen::Type;
use super::super::{TYPES, name};
use super::{FLOATS, Function, LANES, count_down};

impl Function<'_> {
    pub(super) fn statements(&mut self, depth: usize) -> String {
        let count = if depth == 0 { 0 } else { self.rng.below(3) };
        (0..count).map(|_| self.statement(depth)).collect()
    }

    pub(super) fn statement(&mut self, depth: usize) -> String {
        if self.left == 0 || depth == 0 {
            return String::new();
        }
        self.left -= 1;
        let depth = depth - 1;
        let ty = if self.rng.chance(3, 4) { self.rng.pick(FLOATS) } else { self.rng.pick(TYPES) };
        match self.rng.below(16) {
            0..4 => match self.local(ty) {
                Some(local) => format!("(local.set {local} {})\n", self.value(ty, depth + 1)),
                None => String::new(),
            },
            4..7 => self.store(ty, depth),
            7 if !matches!(ty, Type::I32 | Type::I64) => {
                format!("(global.set ${} {})\n", name(ty), self.value(ty, depth))
            }
            8 | 9 => {
                let condition = self.value(Type::I32, depth);
                self.open(Vec::new(), false);
                let then = self.statements(depth) + &self.perhaps_leave(depth);
                let other = self.statements(depth);
                self.close();
                format!("(if {condition} (then {then}) (else {other}))\n")
            }
            10 | 11 => self.counted_loop(depth),
            12 => {
                self.open(Vec::new(), false);
                let condition = self.value(Type::I32, depth);
                let before = self.statements(depth);
                let after = self.statements(depth);
                self.close();
                format!("(block {before} (br_if 0 {condition}) {after})\n")
            }
            15 if !self.counted.is_empty() => self.again(depth),
            13 if self.rich => self.try_statement(depth),
            14 if self.rich => self.object_statement(depth),
            _ => format!("(drop {})\n", self.value(ty, depth)),
        }
    }

    pub(super) fn store(&mut self, ty: Type, depth: usize) -> String {
        let (address, value) = (self.address(), self.value(ty, depth));
        if ty == Type::V128 && self.rng.chance(1, 3) {
            let (bits, lanes) = self.rng.pick(LANES);
            let lane = self.rng.below(lanes);
            return format!("(v128.store{bits}_lane {lane} {address} {value})\n");
        }
        let offset = self.rng.pick(&[0, 0, 4, 16, 1 << 10]);
        format!("({}.store offset={offset} {address} {value})\n", name(ty))
    }

    /// Leaves the function from inside, or goes on elsewhere.
    pub(super) fn perhaps_leave(&mut self, depth: usize) -> String {
        let leave = self.leave(depth);
        if leave.is_empty() || !self.rng.chance(1, 3) {
            return leave;
        }
        leave + &self.dead() + &self.statements(depth.min(1))
    }

    pub(super) fn leave(&mut self, depth: usize) -> String {
        let results = self.signatures[self.at].results.clone();
        match self.rng.below(6) {
            0 => format!("(return {})", self.values(&results, depth)),
            1 => {
                let same = |at: &usize| self.signatures[*at].results == results;
                let fitting: Vec<_> = (0..self.at).filter(same).collect();
                if fitting.is_empty() {
                    return String::new();
                }
                let callee = self.rng.pick(&fitting);
                let params = self.signatures[callee].params.clone();
                let args = self.values(&params, depth);
                if self.rng.chance(1, 2) {
                    return format!("(return_call $f{callee} {args})");
                }
                format!("(return_call_indirect (type $t{callee}) {args} (i32.const {callee}))")
            }
            2 => {
                let label = self.free_label();
                let types = self.labels[self.labels.len() - 1 - label].clone();
                format!("(br {label} {})", self.values(&types, depth))
            }
            3 if self.rich => self.throw(depth),
            _ => String::new(),
        }
    }

    pub(super) fn counted_loop(&mut self, depth: usize) -> String {
        let counter = self.counter();
        self.open(Vec::new(), true);
        self.counted.insert(self.labels.len() - 1, counter.clone());
        let mut body = String::new();
        for _ in 0..1 + self.rng.below(3) {
            body += &self.statement(depth + 1);
        }
        self.close();
        let rounds = 1 + self.rng.below(5);
        format!(
            "(local.set {counter} (i32.const {rounds}))\n(loop {body} (br_if 0 {}))\n",
            count_down(&counter)
        )
    }

    /// Takes a loop around this place again, from wherever this is.
    pub(super) fn again(&mut self, depth: usize) -> String {
        let loops: Vec<_> = self.counted.clone().into_iter().collect();
        let (at, counter) = loops[self.rng.below(loops.len())].clone();
        let types = self.labels[at].clone();
        let values = self.values(&types, depth);
        let label = self.labels.len() - 1 - at;
        let drops = " (drop)".repeat(types.len());
        format!("{values} (br_if {label} {}){drops}\n", count_down(&counter))
    }

    /// Code that cannot be reached, on operands that nothing put there.
    pub(super) fn dead(&mut self) -> String {
        let Some(local) = self.local(Type::F64) else { return String::new() };
        match self.rng.below(5) {
            0 => format!("(local.set {local} (f64.add))"),
            1 => "(f64.store (f64.sqrt))".to_owned(),
            2 => "(drop (f64.copysign))".to_owned(),
            3 => "(global.set $v128 (f32x4.mul))".to_owned(),
            _ => format!("(local.set {local} (select)) (drop (f64x2.extract_lane 1))"),
        }
    }
}
