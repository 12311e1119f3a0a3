//! Relaxed SIMD: each operator on vectors that show which choice was taken.

use super::engines::{Engines, build, each, keep, parallel, scaled, try_one};
use super::rng::Rng;
use super::seen::{Call, Ending, Value, special_vector};
use provenact::profile::{Pass, Profile};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All operators of the proposal, with their number of operands.
const OPERATORS: &[(&str, usize)] = &[
    ("i8x16.relaxed_swizzle", 2),
    ("i32x4.relaxed_trunc_f32x4_s", 1),
    ("i32x4.relaxed_trunc_f32x4_u", 1),
    ("i32x4.relaxed_trunc_f64x2_s_zero", 1),
    ("i32x4.relaxed_trunc_f64x2_u_zero", 1),
    ("f32x4.relaxed_madd", 3),
    ("f32x4.relaxed_nmadd", 3),
    ("f64x2.relaxed_madd", 3),
    ("f64x2.relaxed_nmadd", 3),
    ("i8x16.relaxed_laneselect", 3),
    ("i16x8.relaxed_laneselect", 3),
    ("i32x4.relaxed_laneselect", 3),
    ("i64x2.relaxed_laneselect", 3),
    ("f32x4.relaxed_min", 2),
    ("f32x4.relaxed_max", 2),
    ("f64x2.relaxed_min", 2),
    ("f64x2.relaxed_max", 2),
    ("i16x8.relaxed_q15mulr_s", 2),
    ("i16x8.relaxed_dot_i8x16_i7x16_s", 2),
    ("i32x4.relaxed_dot_i8x16_i7x16_add_s", 3),
];

/// A vector that shows something to one of them: special floats, ordinary ones whose products must
/// be rounded, any bytes, the greatest negative number in each lane.
fn vector(rng: &mut Rng) -> u128 {
    match rng.below(4) {
        0 => special_vector(rng),
        1 => {
            let float = |rng: &mut Rng| 1.0 + rng.below(1 << 20) as f64 / f64::from(1 << 20);
            if rng.chance(1, 2) {
                (0..4).fold(0, |bits, _| bits << 32 | u128::from((float(rng) as f32).to_bits()))
            } else {
                let odd = |rng: &mut Rng| float(rng) + float(rng) * 1e-9;
                (0..2).fold(0, |bits, _| bits << 64 | u128::from(odd(rng).to_bits()))
            }
        }
        2 => u128::from(rng.next()) << 64 | u128::from(rng.next()),
        _ => (0..8).fold(0, |bits, _| {
            bits << 16 | u128::from(rng.pick(&[0x8000_u16, 0x7fff, 0x80ff, 0x0180]))
        }),
    }
}

/// A program that applies operators to operators and stores what comes of them.
///
/// Every second one does not multiply and add, so that it can be held to the original.
pub fn program(seed: u64) -> String {
    let mut rng = Rng::new(seed);
    let operators: Vec<_> = OPERATORS
        .iter()
        .filter(|(name, _)| seed.is_multiple_of(2) || !name.ends_with("madd"))
        .copied()
        .collect();
    let mut text = String::from("(module (memory (export \"memory\") 1)\n(data (i32.const 0) \"");
    for _ in 0..64 {
        for byte in vector(&mut rng).to_le_bytes() {
            write!(text, "\\{byte:02x}").unwrap();
        }
    }
    text += "\")\n(func (export \"drive\") (local v128 v128)\n";
    for at in 0..40 {
        let value = value(&mut rng, &operators, 3);
        if rng.chance(1, 4) {
            writeln!(text, "(local.set {} {value})", rng.below(2)).unwrap();
        } else {
            writeln!(text, "(v128.store (i32.const {}) {value})", 2048 + at * 16).unwrap();
        }
    }
    text + "))"
}

fn value(rng: &mut Rng, operators: &[(&str, usize)], depth: usize) -> String {
    match rng.below(if depth == 0 { 3 } else { 8 }) {
        0 => format!("(local.get {})", rng.below(2)),
        1 | 2 => format!("(v128.load (i32.const {}))", rng.below(64) * 16),
        _ => {
            let (name, operands) = rng.pick(operators);
            let operands: Vec<_> =
                (0..operands).map(|_| value(rng, operators, depth - 1)).collect();
            format!("({name} {})", operands.join(" "))
        }
    }
}

fn drive() -> Vec<Call> {
    vec![Call { export: "drive".to_owned(), args: Vec::new() }]
}

/// Multiply and add as the deterministic profile has it: rounded twice. Cranelift's setting of that
/// name rounds once, so that the yardstick here is the arithmetic of this machine.
#[test]
fn multiply_and_add_is_not_fused() {
    let engines = Engines::new(None, true);
    let tally = parallel(40, |number| {
        let mut rng = Rng::new(number as u64);
        let operands: Vec<_> = (0..3).map(|_| vector(&mut rng)).collect();
        let mut failures = Vec::new();
        for (at, name) in [
            "f32x4.relaxed_madd",
            "f32x4.relaxed_nmadd",
            "f64x2.relaxed_madd",
            "f64x2.relaxed_nmadd",
        ]
        .iter()
        .enumerate()
        {
            let text = format!(
                "(module (func (export \"f\") (param v128 v128 v128) (result v128) \
                 ({name} (local.get 0) (local.get 1) (local.get 2))))"
            );
            let wasm = build(&wat::parse_str(text).unwrap(), Profile::PORTABLE).unwrap();
            let args = operands.iter().map(|bits| Value::V128(*bits)).collect();
            let expected = Ending::Returned(vec![Value::V128(multiply_add(&operands, at))]);
            for (engine, seen) in engines.run(&wasm, &[Call { export: "f".to_owned(), args }]).all {
                if seen.steps[1].ending != expected {
                    failures.push(format!(
                        "{engine}: {name} of {operands:x?}: {:?} and not {expected:?}",
                        seen.steps[1].ending
                    ));
                }
            }
        }
        failures
    });
    let failures = tally.concat();
    println!("multiply and add: 160 cases on five engines, {} failures", failures.len());
    assert!(failures.is_empty(), "{failures:#?}");
}

/// What operator number `at` of that test gives.
fn multiply_add(operands: &[u128], at: usize) -> u128 {
    let sign = if at.is_multiple_of(2) { 1.0 } else { -1.0 };
    if at < 2 {
        (0..4).fold(0, |bits, lane| {
            let of = |bits: u128| f32::from_bits((bits >> (lane * 32)) as u32);
            let product = of(operands[0]) * of(operands[1]) * sign as f32;
            let sum = product + of(operands[2]);
            let lane_bits = if sum.is_nan() { 0x7fc0_0000 } else { sum.to_bits() };
            bits | u128::from(lane_bits) << (lane * 32)
        })
    } else {
        (0..2).fold(0, |bits, lane| {
            let of = |bits: u128| f64::from_bits((bits >> (lane * 64)) as u64);
            let product = of(operands[0]) * of(operands[1]) * sign;
            let sum = product + of(operands[2]);
            let lane_bits = if sum.is_nan() { 0x7ff8_0000_0000_0000 } else { sum.to_bits() };
            bits | u128::from(lane_bits) << (lane * 64)
        })
    }
}

#[test]
fn relaxed_operators_take_the_same_choice_everywhere() {
    let engines = Engines::new(None, true);
    let tally = each(scaled(300, 3000), |number| {
        let seed = number as u64;
        let (name, text) = (format!("relaxed-{seed}"), program(seed));
        let outcome = try_one(&engines, &name, &wat::parse_str(&text).unwrap(), &drive());
        if !outcome.failures.is_empty() {
            keep(&format!("{name}.wat"), text.as_bytes());
        }
        outcome
    });
    tally.report("relaxed SIMD, five engines");
}

/// Without the pass the same programs tell the engines apart.
#[test]
fn without_the_pass_relaxed_operators_differ() {
    let engines = Engines::new(None, true);
    let count = 60;
    // nan takes no module with relaxed operators.
    let without = Profile::PORTABLE.without(Pass::RelaxedSimd).without(Pass::Nan);
    for profile in [Profile::CANONICAL, without] {
        let differ = AtomicUsize::new(0);
        each(count, |number| {
            let wasm = wat::parse_str(program(number as u64)).unwrap();
            let wasm = build(&wasm, profile).unwrap();
            differ.fetch_add(engines.run(&wasm, &drive()).differ().into(), Ordering::Relaxed);
            super::engines::Outcome::default()
        });
        let found = differ.into_inner();
        println!(
            "relaxed SIMD without its pass ({}): engines differ on {found} of {count}",
            profile.name()
        );
        assert!(found * 2 > count, "the programs of this test show too little");
    }
}
