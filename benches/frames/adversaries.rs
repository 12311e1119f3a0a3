//! Modules made so that an optimiser keeps as much alive as it can, and random ones.

use arbitrary::Unstructured;
use std::error::Error;
use std::fmt::Write;

/// How many values each keeps alive.
const VALUES: usize = 400;
/// How many random modules there are.
const RANDOM: usize = 2_500;

/// A row of the table: its name, and the modules that it is about.
pub type Row = (String, Vec<Vec<u8>>);

/// All rows.
pub fn all() -> Result<Vec<Row>, Box<dyn Error>> {
    let made = [
        ("hoisted i64", hoisted("i64", "i64.mul", "i64.store")?),
        ("hoisted f64", hoisted("f64", "f64.mul", "f64.store")?),
        ("hoisted v128", vectors()?),
        ("globals f64", sums("f64", "f64.add", "", |at| format!("global.get {at}"))?),
        ("globals v128", sums("v128", "i64x2.add", "i64x2 0 ", |at| format!("global.get {at}"))?),
        ("constants f64", sums("f64", "f64.add", "", |at| format!("f64.const {at}7"))?),
        (
            "constants v128",
            sums("v128", "i64x2.add", "i64x2 0 ", |at| format!("v128.const i64x2 {at} 7"))?,
        ),
        ("roots", sums("f64", "f64.add", "", |_| "local.get $y f64.sqrt local.tee $y".to_owned())?),
        ("shared i32", shared()?),
        ("operands", operands()?),
        ("references", references()?),
        ("arguments", arguments()?),
    ];
    let mut all: Vec<_> =
        made.into_iter().map(|(name, module)| (name.to_owned(), vec![module])).collect();
    all.push(("random".to_owned(), random()?));
    Ok(all)
}

fn module(function: &str) -> Result<Vec<u8>, wat::Error> {
    wat::parse_str(format!("(module (memory 1) (func $h) {function})"))
}

/// Products that do not change in a loop, each of three instructions, all used in each round.
fn hoisted(ty: &str, mul: &str, store: &str) -> Result<Vec<u8>, wat::Error> {
    let mut body = String::new();
    for at in 1..=VALUES {
        let product = format!("({mul} (local.get $x) ({ty}.const {at}7))");
        let _ = write!(body, "({store} offset={} (i32.const 0) {product})", at * 8);
    }
    module(&format!(
        "(func (param $x {ty}) (param $n i32) (loop $l (call $h) {body}
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"
    ))
}

/// The same with vectors.
fn vectors() -> Result<Vec<u8>, wat::Error> {
    let mut body = String::new();
    for at in 1..=VALUES {
        let constant = format!("(v128.const i64x2 {at} {at}7)");
        let sum = format!("(i64x2.add (local.get $x) {constant})");
        let _ = write!(body, "(v128.store offset={} (i32.const 0) {sum})", at * 16);
    }
    module(&format!(
        "(func (param $x v128) (param $n i32) (loop $l (call $h) {body}
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"
    ))
}

/// Values that are the same in each round of a loop, summed up.
fn sums(
    ty: &str,
    add: &str,
    shape: &str,
    value: impl Fn(usize) -> String,
) -> Result<Vec<u8>, wat::Error> {
    let (mut globals, mut body) = (String::new(), String::new());
    for at in 0..VALUES {
        let _ = write!(globals, "(import \"m\" \"{at}\" (global {ty}))");
        let _ = write!(body, "{} {add} ", value(at));
    }
    let zero = format!("{ty}.const {shape}0");
    wat::parse_str(format!(
        "(module {globals} (func $h) (func (param $n i32) (param $x {ty}) (result {ty})
          (local $s {ty}) (local $y {ty})
          (local.set $s ({zero}))
          (loop $l (local.set $y (local.get $x)) (call $h) local.get $s {body} local.set $s
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          local.get $s))"
    ))
}

/// Subexpressions that occur on both sides of a call.
fn shared() -> Result<Vec<u8>, wat::Error> {
    let mut stores = String::new();
    for at in 1..=VALUES {
        let value = format!("(i32.rotl (local.get $x) (i32.add (local.get $y) (i32.const {at})))");
        let _ = write!(stores, "(i32.store offset={} (local.get $x) {value})", at * 4);
    }
    module(&format!("(func (param $x i32) (param $y i32) {stores} (call $h) {stores})"))
}

/// Loads that wait on the operand stack for the end of a call.
fn operands() -> Result<Vec<u8>, wat::Error> {
    let mut loads = String::new();
    for at in 0..VALUES {
        let _ = write!(loads, "(i64.load offset={} (local.get 0))", at * 8);
    }
    let sums = "i64.add ".repeat(VALUES - 1);
    module(&format!("(func (param i32) (result i64) {loads} (call $h) {sums})"))
}

/// References that wait for the end of a call, where the collector must find them.
fn references() -> Result<Vec<u8>, wat::Error> {
    let new = "(struct.new $s (local.get 0))".repeat(VALUES);
    let sums = "(struct.get $s 0) (local.get 0) i32.add (local.set 0)".repeat(VALUES);
    wat::parse_str(format!(
        "(module (type $s (struct (field i32))) (func $h)
          (func (param i32) (result i32) {new} (call $h) {sums} (local.get 0)))"
    ))
}

/// Calls with as many arguments and results as there may be.
fn arguments() -> Result<Vec<u8>, wat::Error> {
    let types = "i64 ".repeat(VALUES);
    let constants = "(i64.const 7)".repeat(VALUES);
    let drops = "drop ".repeat(VALUES);
    wat::parse_str(format!(
        "(module (func $g (param {types}) (result {types}) (unreachable))
          (func {constants} call $g {drops}))"
    ))
}

/// Modules of wasm-smith.
fn random() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut modules = Vec::new();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    while modules.len() < RANDOM {
        let mut bytes = vec![0; 8192];
        for chunk in bytes.chunks_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
        }
        let config = wasm_smith::Config {
            gc_enabled: true,
            threads_enabled: false,
            shared_everything_threads_enabled: false,
            reference_types_enabled: true,
            simd_enabled: true,
            tail_call_enabled: true,
            max_imports: 4,
            min_funcs: 8,
            max_instructions: 400,
            ..wasm_smith::Config::default()
        };
        let module = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes))?.to_bytes();
        modules.push(module);
    }
    Ok(modules)
}
