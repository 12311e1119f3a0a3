//! Exceptions, structures and arrays.

use super::super::super::super::seen::Type;
use super::super::name;
use super::Function;

impl Function<'_> {
    pub(super) fn throw(&mut self, depth: usize) -> String {
        if self.rng.chance(1, 2) {
            format!("(throw $e {})", self.values(&[Type::F64, Type::F32], depth))
        } else {
            format!("(throw $v {})", self.value(Type::V128, depth))
        }
    }

    /// Statements in which exceptions are caught, with what they carry.
    pub(super) fn try_statement(&mut self, depth: usize) -> String {
        let types = [Type::F64, Type::F32];
        let (Some(first), Some(second)) = (self.local(types[0]), self.local(types[1])) else {
            return String::new();
        };
        let again = self.rng.chance(1, 3);
        for _ in 0..if again { 3 } else { 2 } {
            self.open(types.to_vec(), false);
        }
        // The label of the block that gets the exception itself carries more than values.
        let hidden = self.labels.len() - 2;
        self.loops[hidden] = again;
        let condition = self.value(Type::I32, depth);
        self.open(Vec::new(), false);
        let throw = self.throw(depth);
        self.close();
        let (before, after) = (self.statements(depth), self.statements(depth));
        let values = self.values(&types, depth);
        let body = format!("{before} (if {condition} (then {throw})) {after} {values}");
        for _ in 0..if again { 3 } else { 2 } {
            self.close();
        }
        let set = format!("(local.set {second}) (local.set {first})\n");
        if again {
            return format!(
                "(block (result f64 f32) (block (result f64 f32 exnref) (try_table (result f64 f32) \
                 (catch_ref $e 0) {body}) (br 1)) (drop)) {set}"
            );
        }
        format!("(block (result f64 f32) (try_table (result f64 f32) (catch $e 0) {body})) {set}")
    }

    pub(super) fn object_statement(&mut self, depth: usize) -> String {
        self.open(Vec::new(), false);
        let text = self.object_inside(depth);
        self.close();
        // What needs no label of its own gets one.
        if text.starts_with("(if") { text } else { format!("(block {text})\n") }
    }

    pub(super) fn object_inside(&mut self, depth: usize) -> String {
        let (double, single) = (self.value(Type::F64, depth), self.value(Type::F32, depth));
        match self.rng.below(5) {
            0 => {
                let vector = self.value(Type::V128, depth);
                format!("(local.set $o (struct.new $s {double} {single} {vector}))\n")
            }
            1 => format!("(local.set $x (array.new $a {double} (i32.const 5)))\n"),
            2 => format!(
                "(local.set $y (array.new_fixed $b 2 {single} {}))\n",
                self.value(Type::F32, depth)
            ),
            3 => format!(
                "(if (ref.is_null (local.get $o)) (then) (else (struct.set $s 0 (local.get $o) {double})))\n"
            ),
            _ => format!(
                "(if (ref.is_null (local.get $x)) (then) (else (array.fill $a (local.get $x) (i32.const 1) {double} (i32.const 2))))\n"
            ),
        }
    }

    /// A value out of an object, or over a branch on a reference.
    pub(super) fn taken(&mut self, ty: Type, depth: usize) -> String {
        self.open(vec![ty], false);
        let (name, value) = (name(ty), self.value(ty, depth));
        self.close();
        let field = match ty {
            Type::F64 => "(struct.get $s 0)",
            Type::F32 => "(struct.get $s 1)",
            Type::V128 => "(struct.get $s 2)",
            _ => return format!("(block (result {name}) {value})"),
        };
        match self.rng.below(2) {
            0 => format!("(block (result {name}) (drop (br_on_null 0 {value} (local.get $o))))"),
            _ => format!(
                "(if (result {name}) (ref.is_null (local.get $o)) (then {value}) (else (local.get $o) {field}))"
            ),
        }
    }
}
