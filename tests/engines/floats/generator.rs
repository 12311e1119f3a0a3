//! Writes programs as text: expressions and statements by type, at random but always valid and
//! always ending.

use super::super::rng::Rng;
use super::super::seen::{F32S, F64S, I32S, I64S, Type, special_vector};
use super::tables;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A program, and the parameters of the functions `f0`, `f1`, … that it exports beside `drive`,
/// which takes and returns nothing.
pub struct Program {
    pub text: String,
    pub signatures: Vec<Vec<Type>>,
}

const TYPES: &[Type] = &[Type::I32, Type::I64, Type::F32, Type::F64, Type::V128];
/// What is most of the values.
const FLOATS: &[Type] = &[Type::F64, Type::F32, Type::V128, Type::F64, Type::F32];

/// Width of a lane in bits, and how many there are.
const LANES: &[(usize, usize)] = &[(8, 16), (16, 8), (32, 4), (64, 2)];

#[derive(Clone)]
struct Signature {
    params: Vec<Type>,
    results: Vec<Type>,
}

/// The program of `seed`; a `rich` one uses exceptions and objects too.
pub fn program(seed: u64, rich: bool) -> Program {
    let mut rng = Rng::new(seed);
    let small = rng.chance(1, 2);
    let count = if small { 1 + rng.below(2) } else { 2 + rng.below(5) };
    let mut signatures = Vec::new();
    for _ in 0..count {
        signatures.push(signature(&mut rng, &signatures));
    }
    let mut text = String::from("(module\n");
    head(&mut text, &mut rng, &signatures, rich);
    for at in 0..count {
        text += &Function::new(&mut rng, &signatures, at, rich, small).write();
        wrapper(&mut text, at, &signatures[at]);
    }
    driver(&mut text, &mut rng, &signatures);
    text.push_str(")\n");
    Program { text, signatures: signatures.into_iter().map(|s| s.params).collect() }
}

fn signature(rng: &mut Rng, before: &[Signature]) -> Signature {
    let mut types = |least: usize, most: usize| {
        let count = least + rng.below(most - least + 1);
        (0..count)
            .map(|_| if rng.chance(3, 4) { rng.pick(FLOATS) } else { rng.pick(TYPES) })
            .collect::<Vec<_>>()
    };
    let (params, results) = (types(0, 4), types(1, 3));
    // Some share their results, so that one can tail-call the other.
    match before.last() {
        Some(last) if rng.chance(1, 3) => Signature { params, results: last.results.clone() },
        _ => Signature { params, results },
    }
}

fn head(text: &mut String, rng: &mut Rng, signatures: &[Signature], rich: bool) {
    if rich {
        *text += "(type $s (struct (field (mut f64)) (field (mut f32)) (field (mut v128))))\n\
                  (type $a (array (mut f64)))\n(type $b (array (mut f32)))\n\
                  (tag $e (param f64 f32))\n(tag $v (param v128))\n";
    }
    for (at, signature) in signatures.iter().enumerate() {
        writeln!(text, "(type $t{at} (func {}))", heading(signature)).unwrap();
    }
    *text += "(memory (export \"memory\") 1)\n(data (i32.const 0) \"";
    for _ in 0..128 {
        if rng.chance(1, 2) {
            escape(text, &rng.pick(F64S).to_le_bytes());
        } else {
            escape(text, &rng.pick(F32S).to_le_bytes());
            escape(text, &rng.pick(F32S).to_le_bytes());
        }
    }
    *text += "\")\n(global $budget (mut i32) (i32.const 0))\n";
    for (name, ty) in [("f32", Type::F32), ("f64", Type::F64), ("v128", Type::V128)] {
        let value = constant(rng, ty);
        writeln!(text, "(global ${name} (export \"{name}\") (mut {name}) {value})").unwrap();
    }
    let functions = (0..signatures.len()).map(|at| format!(" $f{at}")).collect::<String>();
    writeln!(text, "(table {} funcref)\n(elem (i32.const 0) func{functions})", signatures.len())
        .unwrap();
}

fn escape(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(text, "\\{byte:02x}").unwrap();
    }
}

fn heading(signature: &Signature) -> String {
    format!("(param {}) (result {})", names(&signature.params), names(&signature.results))
}

fn names(types: &[Type]) -> String {
    types.iter().map(|ty| name(*ty)).collect::<Vec<_>>().join(" ")
}

fn name(ty: Type) -> &'static str {
    match ty {
        Type::I32 => "i32",
        Type::I64 => "i64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::V128 => "v128",
        Type::Reference => "funcref",
    }
}

/// A constant in text; floats by their bits, so that payloads come through.
fn constant(rng: &mut Rng, ty: Type) -> String {
    match ty {
        Type::I32 => format!("(i32.const {})", rng.pick(I32S)),
        Type::I64 => format!("(i64.const {})", rng.pick(I64S)),
        Type::F32 => format!("(f32.const {})", float32(rng.pick(F32S))),
        Type::F64 => format!("(f64.const {})", float64(rng.pick(F64S))),
        Type::V128 => {
            let bits = special_vector(rng);
            format!("(v128.const i64x2 {} {})", bits as u64, (bits >> 64) as u64)
        }
        Type::Reference => "(ref.null func)".to_owned(),
    }
}

fn float32(bits: u32) -> String {
    let value = f32::from_bits(bits);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    match value {
        _ if value.is_nan() => format!("{sign}nan:0x{:x}", bits & 0x007f_ffff),
        _ if value.is_infinite() => format!("{sign}inf"),
        _ => format!("{value:e}"),
    }
}

fn float64(bits: u64) -> String {
    let value = f64::from_bits(bits);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    match value {
        _ if value.is_nan() => format!("{sign}nan:0x{:x}", bits & 0x000f_ffff_ffff_ffff),
        _ if value.is_infinite() => format!("{sign}inf"),
        _ => format!("{value:e}"),
    }
}

/// The export `f{at}`: gives the function fresh time to run.
fn wrapper(text: &mut String, at: usize, signature: &Signature) {
    let args: String = (0..signature.params.len()).map(|n| format!(" (local.get {n})")).collect();
    let heading = heading(signature);
    writeln!(
        text,
        "(func (export \"f{at}\") {heading} (global.set $budget (i32.const 200)) (call $f{at}{args}))"
    )
    .unwrap();
}

/// The export `drive`: calls every function with constants and stores what comes back.
fn driver(text: &mut String, rng: &mut Rng, signatures: &[Signature]) {
    *text += "(func (export \"drive\")\n";
    for ty in TYPES {
        writeln!(text, "(local ${0} {0})", name(*ty)).unwrap();
    }
    let mut address = 4096;
    for (at, signature) in signatures.iter().enumerate() {
        for _ in 0..4 {
            let args: Vec<_> = signature.params.iter().map(|ty| constant(rng, *ty)).collect();
            *text += "(global.set $budget (i32.const 200))\n";
            writeln!(text, "(call $f{at} {})", args.join(" ")).unwrap();
            for ty in signature.results.iter().rev() {
                let name = name(*ty);
                writeln!(
                    text,
                    "(local.set ${name}) ({name}.store (i32.const {address}) (local.get ${name}))"
                )
                .unwrap();
                address += 16;
            }
        }
    }
    *text += ")\n";
}

/// One function being written.
struct Function<'a> {
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
    fn new(
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

    fn write(mut self) -> String {
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

    /// Ways in which a value goes on without being looked at.
    fn moved(&mut self, ty: Type, depth: usize) -> String {
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
    fn leaving(&mut self, ty: Type, depth: usize) -> String {
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
    fn free_label(&mut self) -> usize {
        let free: Vec<_> = (0..self.labels.len()).filter(|at| !self.loops[*at]).collect();
        self.labels.len() - 1 - self.rng.pick(&free)
    }

    fn switch(&mut self, ty: Type, depth: usize) -> String {
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
    fn carried(&mut self, ty: Type, depth: usize) -> String {
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
        // The block keeps clear of a defect of wasmi (`a_defect_of_wasmi`).
        format!(
            "(block (result {a}) (local.set {counter} (i32.const {rounds})) {start} \
             (loop (param {a} {b}) (result {a} {b}) (local.set {second}) (local.set {first}) {body} \
             (br_if 0 {})) (local.set {second}))",
            count_down(&counter)
        )
    }

    /// A value that enters a block, or an arm, as its parameter.
    fn through(&mut self, ty: Type, depth: usize) -> String {
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

    fn statements(&mut self, depth: usize) -> String {
        let count = if depth == 0 { 0 } else { self.rng.below(3) };
        (0..count).map(|_| self.statement(depth)).collect()
    }

    fn statement(&mut self, depth: usize) -> String {
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

    fn store(&mut self, ty: Type, depth: usize) -> String {
        let (address, value) = (self.address(), self.value(ty, depth));
        if ty == Type::V128 && self.rng.chance(1, 3) {
            let (bits, lanes) = self.rng.pick(LANES);
            let lane = self.rng.below(lanes);
            return format!("(v128.store{bits}_lane {lane} {address} {value})\n");
        }
        format!("({}.store {address} {value})\n", name(ty))
    }

    /// Leaves the function from inside, or goes on elsewhere.
    fn perhaps_leave(&mut self, depth: usize) -> String {
        let leave = self.leave(depth);
        if leave.is_empty() || !self.rng.chance(1, 3) {
            return leave;
        }
        leave + &self.dead() + &self.statements(depth.min(1))
    }

    fn leave(&mut self, depth: usize) -> String {
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

    fn counted_loop(&mut self, depth: usize) -> String {
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
    fn again(&mut self, depth: usize) -> String {
        let loops: Vec<_> = self.counted.clone().into_iter().collect();
        let (at, counter) = loops[self.rng.below(loops.len())].clone();
        let types = self.labels[at].clone();
        let values = self.values(&types, depth);
        let label = self.labels.len() - 1 - at;
        let drops = " (drop)".repeat(types.len());
        format!("{values} (br_if {label} {}){drops}\n", count_down(&counter))
    }

    /// Code that cannot be reached, on operands that nothing put there.
    fn dead(&mut self) -> String {
        let Some(local) = self.local(Type::F64) else { return String::new() };
        match self.rng.below(5) {
            0 => format!("(local.set {local} (f64.add))"),
            1 => "(f64.store (f64.sqrt))".to_owned(),
            2 => "(drop (f64.copysign))".to_owned(),
            3 => "(global.set $v128 (f32x4.mul))".to_owned(),
            _ => format!("(local.set {local} (select)) (drop (f64x2.extract_lane 1))"),
        }
    }

    fn throw(&mut self, depth: usize) -> String {
        if self.rng.chance(1, 2) {
            format!("(throw $e {})", self.values(&[Type::F64, Type::F32], depth))
        } else {
            format!("(throw $v {})", self.value(Type::V128, depth))
        }
    }

    /// Statements in which exceptions are caught, with what they carry.
    fn try_statement(&mut self, depth: usize) -> String {
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

    fn object_statement(&mut self, depth: usize) -> String {
        self.open(Vec::new(), false);
        let text = self.object_inside(depth);
        self.close();
        // What needs no label of its own gets one.
        if text.starts_with("(if") { text } else { format!("(block {text})\n") }
    }

    fn object_inside(&mut self, depth: usize) -> String {
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
    fn taken(&mut self, ty: Type, depth: usize) -> String {
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

fn count_down(counter: &str) -> String {
    format!(
        "(i32.gt_s (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1))) (i32.const 0))"
    )
}
