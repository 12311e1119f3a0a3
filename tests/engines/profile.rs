//! The yardstick itself: which bits Cranelift gives with its NaN flag, operator by operator, and
//! that it is what the deterministic profile of the specification says.

use super::on_wasmtime::{Kind, Machine, SMALL_STACK};
use super::seen::{Call, Ending, Value};
use std::fmt::Write as _;

const SIGNALLING_32: u32 = 0xffa0_0001;
const SIGNALLING_64: u64 = 0xfff4_0000_0000_0001;
const POSITIVE_32: u32 = 0x7fc0_0000;
const POSITIVE_64: u64 = 0x7ff8_0000_0000_0000;

/// Operators that make NaNs; `1` takes one operand, `2` two.
const SCALAR: &[(&str, usize)] = &[
    ("add", 2),
    ("sub", 2),
    ("mul", 2),
    ("div", 2),
    ("min", 2),
    ("max", 2),
    ("sqrt", 1),
    ("ceil", 1),
    ("floor", 1),
    ("trunc", 1),
    ("nearest", 1),
];

/// An operator applied to NaNs with payloads, and what must come of it.
struct Case {
    text: String,
    result: &'static str,
    expected: Value,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |result, text: String, expected| cases.push(Case { text, result, expected });
    let (n32, n64) = ("(local.get 0)", "(local.get 1)");
    let (v32, v64) = ("(f32x4.splat (local.get 0))", "(f64x2.splat (local.get 1))");
    let lanes32 = |bits: u32| Value::V128(u128::from(bits) * 0x1_0000_0001_0000_0001_0000_0001);
    let lanes64 = |bits: u64| Value::V128(u128::from(bits) << 64 | u128::from(bits));
    for (name, operands) in SCALAR {
        case("f32", format!("(f32.{name} {})", n32.repeat(*operands)), Value::F32(POSITIVE_32));
        case("f64", format!("(f64.{name} {})", n64.repeat(*operands)), Value::F64(POSITIVE_64));
        case("v128", format!("(f32x4.{name} {})", v32.repeat(*operands)), lanes32(POSITIVE_32));
        case("v128", format!("(f64x2.{name} {})", v64.repeat(*operands)), lanes64(POSITIVE_64));
    }
    case("f32", format!("(f32.demote_f64 {n64})"), Value::F32(POSITIVE_32));
    case("f64", format!("(f64.promote_f32 {n32})"), Value::F64(POSITIVE_64));
    case("v128", format!("(f64x2.promote_low_f32x4 {v32})"), lanes64(POSITIVE_64));
    let low = u128::from(POSITIVE_32);
    case("v128", format!("(f32x4.demote_f64x2_zero {v64})"), Value::V128(low << 32 | low));
    for shape in ["f32", "f64"] {
        let zero = format!("({shape}.const 0)");
        let infinity = format!("({shape}.const inf)");
        let minus = format!("({shape}.const -1)");
        let positive =
            if shape == "f32" { Value::F32(POSITIVE_32) } else { Value::F64(POSITIVE_64) };
        let made = [
            format!("({shape}.div {zero} {zero})"),
            format!("({shape}.sub {infinity} {infinity})"),
            format!("({shape}.mul {infinity} {zero})"),
            format!("({shape}.sqrt {minus})"),
        ];
        made.into_iter().for_each(|text| case(shape, text, positive));
    }
    // These make no NaN: what goes in comes out, but for the sign where it is asked for.
    case("f32", format!("(f32.neg {n32})"), Value::F32(SIGNALLING_32 ^ 1 << 31));
    case("f32", format!("(f32.abs {n32})"), Value::F32(SIGNALLING_32 & !(1 << 31)));
    case("f64", format!("(f64.neg {n64})"), Value::F64(SIGNALLING_64 ^ 1 << 63));
    case("f64", format!("(f64.abs {n64})"), Value::F64(SIGNALLING_64 & !(1 << 63)));
    case(
        "f32",
        format!("(f32.copysign {n32} (f32.const 1))"),
        Value::F32(SIGNALLING_32 & !(1 << 31)),
    );
    case(
        "f64",
        format!("(f64.copysign {n64} (f64.const 1))"),
        Value::F64(SIGNALLING_64 & !(1 << 63)),
    );
    case("v128", format!("(f32x4.neg {v32})"), lanes32(SIGNALLING_32 ^ 1 << 31));
    case("v128", format!("(f64x2.abs {v64})"), lanes64(SIGNALLING_64 & !(1 << 63)));
    for name in ["pmin", "pmax"] {
        case(
            "v128",
            format!("(f32x4.{name} {v32} (v128.const i64x2 0 0))"),
            lanes32(SIGNALLING_32),
        );
        case(
            "v128",
            format!("(f64x2.{name} {v64} (v128.const i64x2 0 0))"),
            lanes64(SIGNALLING_64),
        );
    }
    cases
}

/// Each case as a function, with operands that the compiler knows and with ones that it does not.
fn module(cases: &[Case], known: bool) -> Vec<u8> {
    let mut text = String::from("(module\n");
    for (at, case) in cases.iter().enumerate() {
        let mut body = case.text.clone();
        if known {
            let (f32, f64) = ("(f32.reinterpret_i32 (i32.const", "(f64.reinterpret_i64 (i64.const");
            body = body.replace("(local.get 0)", &format!("{f32} {SIGNALLING_32}))"));
            body = body.replace("(local.get 1)", &format!("{f64} {SIGNALLING_64}))"));
        }
        let result = case.result;
        writeln!(text, "(func (export \"{at}\") (param f32 f64) (result {result}) {body})")
            .unwrap();
    }
    wat::parse_str(text + ")").unwrap()
}

#[test]
fn the_flag_of_cranelift_is_the_deterministic_profile() {
    let machine = Machine::new(Kind::Deterministic, None, SMALL_STACK);
    let cases = cases();
    for known in [false, true] {
        let args = vec![Value::F32(SIGNALLING_32), Value::F64(SIGNALLING_64)];
        let calls: Vec<_> = (0..cases.len())
            .map(|at| Call { export: at.to_string(), args: args.clone() })
            .collect();
        let seen = machine.run(&module(&cases, known), &calls);
        for (case, step) in cases.iter().zip(&seen.steps[1..]) {
            let expected = Ending::Returned(vec![case.expected]);
            assert_eq!(step.ending, expected, "{} known: {known}", case.text);
        }
    }
    println!(
        "the flag gives positive canonical NaNs, and moves bits, in {} cases",
        cases.len() * 2
    );
}

/// See [`super::engines::WASMI_DEFECT`].
#[test]
fn defects_of_wasmi() {
    let loops = "(module (func (export \"f\") (param i64) (result i64) (local i32) (local.get 0)
        (local.set 1 (i32.const 2)) (i64.const 7) (loop (param i64) (result i64) (local.set 0)
        (local.get 0) (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))) (drop)))";
    let select = "(module (func (export \"f\") (param i32 v128) (result v128)
        (select (v128.const i64x2 7 7) (local.get 1) (i32.eqz (local.get 0)))))";
    let (three, seven) = (Value::V128(3), Value::V128(7 << 64 | 7));
    shows(loops, vec![Value::I64(3)], Value::I64(3), Value::I64(7));
    shows(select, vec![Value::I32(1), three], three, seven);
}

/// That `f` of `args` is `right` on Cranelift, as it has to be, and `wrong` on wasmi.
fn shows(text: &str, args: Vec<Value>, right: Value, wrong: Value) {
    let wasm = wat::parse_str(text).unwrap();
    let calls = [Call { export: "f".to_owned(), args }];
    let cranelift = Machine::new(Kind::Speed, None, SMALL_STACK).run(&wasm, &calls);
    assert_eq!(cranelift.steps[1].ending, Ending::Returned(vec![right]));
    let wasmi = super::on_wasmi::Wasmi::new(None).run(&wasm, &calls);
    assert_eq!(wasmi.steps[1].ending, Ending::Returned(vec![wrong]), "is it cured?");
}
