//! Each lowered operator computes what the deterministic profile of the specification says, byte
//! for byte, as written down here a second time, lane by lane.

use crate::common::rewrite;
use provenact::profile::Pass;
use wasmtime::{Config, Engine, Instance, Module, Store, V128};

type Three = fn([u128; 3]) -> u128;

/// Name, number of operands, meaning.
const OPERATORS: &[(&str, usize, Three)] = &[
    ("i8x16.relaxed_swizzle", 2, |[a, b, _]| {
        let a = a.to_le_bytes();
        bytes(b, |index| a.get(usize::from(index)).copied().unwrap_or(0))
    }),
    ("i32x4.relaxed_trunc_f32x4_s", 1, |[a, ..]| {
        words([a; 3], |[a, ..]| f32::from_bits(a) as i32 as u32)
    }),
    ("i32x4.relaxed_trunc_f32x4_u", 1, |[a, ..]| words([a; 3], |[a, ..]| f32::from_bits(a) as u32)),
    ("i32x4.relaxed_trunc_f64x2_s_zero", 1, |[a, ..]| {
        halves([a; 3], |[a, ..]| u64::from(f64::from_bits(a) as i32 as u32)).pack()
    }),
    ("i32x4.relaxed_trunc_f64x2_u_zero", 1, |[a, ..]| {
        halves([a; 3], |[a, ..]| u64::from(f64::from_bits(a) as u32)).pack()
    }),
    ("f32x4.relaxed_madd", 3, |v| words(v, |v| float32(v, |[a, b, c]| a * b + c))),
    ("f32x4.relaxed_nmadd", 3, |v| words(v, |v| float32(v, |[a, b, c]| (-a) * b + c))),
    ("f64x2.relaxed_madd", 3, |v| halves(v, |v| float64(v, |[a, b, c]| a * b + c))),
    ("f64x2.relaxed_nmadd", 3, |v| halves(v, |v| float64(v, |[a, b, c]| (-a) * b + c))),
    ("i8x16.relaxed_laneselect", 3, |[a, b, mask]| a & mask | b & !mask),
    ("i16x8.relaxed_laneselect", 3, |[a, b, mask]| a & mask | b & !mask),
    ("i32x4.relaxed_laneselect", 3, |[a, b, mask]| a & mask | b & !mask),
    ("i64x2.relaxed_laneselect", 3, |[a, b, mask]| a & mask | b & !mask),
    ("f32x4.relaxed_min", 2, |v| words(v, |v| float32(v, |[a, b, _]| min32(a, b)))),
    ("f32x4.relaxed_max", 2, |v| words(v, |v| float32(v, |[a, b, _]| max32(a, b)))),
    ("f64x2.relaxed_min", 2, |v| halves(v, |v| float64(v, |[a, b, _]| min64(a, b)))),
    ("f64x2.relaxed_max", 2, |v| halves(v, |v| float64(v, |[a, b, _]| max64(a, b)))),
    ("i16x8.relaxed_q15mulr_s", 2, |v| {
        shorts(v, |[a, b, _]| saturate((i32::from(a) * i32::from(b) + 0x4000) >> 15))
    }),
    ("i16x8.relaxed_dot_i8x16_i7x16_s", 2, |v| shorts(v, |[a, b, _]| dot(a, b))),
    ("i32x4.relaxed_dot_i8x16_i7x16_add_s", 3, |v| {
        words(v, |[a, b, c]| {
            let [low, high] = [0, 16].map(|by| dot((a >> by) as i16, (b >> by) as i16));
            c.wrapping_add_signed(i32::from(low) + i32::from(high))
        })
    }),
];

/// covers: relaxed-1, relaxed-2
#[test]
fn each_operator_computes_the_deterministic_choice() {
    let inputs = inputs();
    for (name, operands, meaning) in OPERATORS {
        let source = format!(
            "(module (func (export \"f\") (param v128 v128 v128) (result v128) {} {name}))",
            ["(local.get 0)", "(local.get 1)", "(local.get 2)"][..*operands].join(" ")
        );
        let wasm = rewrite(&source, Pass::RelaxedSimd);
        for level in [wasmtime::OptLevel::None, wasmtime::OptLevel::Speed] {
            // NaN bits are made positive and canonical by the engine here, by the pass `nan`
            // elsewhere.
            let mut config = Config::new();
            config.cranelift_nan_canonicalization(true).wasm_relaxed_simd(false);
            config.cranelift_opt_level(level);
            let engine = Engine::new(&config).unwrap();
            let module = Module::new(&engine, &wasm).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let f = instance.get_typed_func::<(V128, V128, V128), V128>(&mut store, "f").unwrap();
            for input in &inputs {
                let [a, b, c] = input.map(V128::from);
                let found = f.call(&mut store, (a, b, c)).unwrap().as_u128();
                let expected = meaning(*input);
                assert_eq!(found, expected, "{name} {input:x?}: {found:x} for {expected:x}");
            }
        }
    }
}

/// −128 four times each gives 65,534: neighbours are added with saturation, as in the SpecTec
/// source of the specification, and neither exactly nor wrapping around.
#[test]
fn the_corner_on_which_engines_disagree() {
    let all = u128::from_le_bytes([0x80; 16]);
    let dot16 = OPERATORS[18].2([all, all, 0]);
    assert_eq!(dot16, u128::from_le_bytes([0xff, 0x7f].repeat(8).try_into().unwrap()));
    let dot32 = OPERATORS[19].2([all, all, 0]);
    assert_eq!(dot32, u128::from_le_bytes([0xfe, 0xff, 0, 0].repeat(4).try_into().unwrap()));
}

/// Every edge of every lane width against every other, and random bits.
fn inputs() -> Vec<[u128; 3]> {
    let f32s =
        [0.0, -0.0, 1.5, -1.5, f32::MAX, f32::MIN_POSITIVE, f32::INFINITY, f32::NEG_INFINITY]
            .map(f32::to_bits);
    let nans32 = [0x7fc0_0000, 0xffc0_0000, 0x7fa0_0001, 0x4f00_0000, 0xcf00_0001, 0x4f80_0000];
    let f64s = [0.0, -0.0, 2_147_483_648.0, -2_147_483_649.0, 4_294_967_296.0, f64::MAX, -0.9]
        .map(f64::to_bits);
    let nans64 = [0x7ff8 << 48, 0xfff8 << 48, (0x7ff4 << 48) | 1, 0x7ff0 << 48, 0xfff0 << 48];
    let mut vectors: Vec<u128> = Vec::new();
    for lane in f32s.into_iter().chain(nans32) {
        vectors.push(u128::from(lane) * 0x1_0000_0001_0000_0001_0000_0001);
    }
    for lane in f64s.into_iter().chain(nans64) {
        vectors.push(u128::from(lane) * 0x1_0000_0000_0000_0001);
    }
    for byte in [0x80, 0x7f, 0xff, 0x01, 0x10, 0x0f, 0x81] {
        vectors.push(u128::from_le_bytes([byte; 16]));
    }
    vectors.push(u128::from_le_bytes([0x80, 0x7f].repeat(8).try_into().unwrap()));
    vectors.push(u128::from_le_bytes([0x00, 0x80].repeat(8).try_into().unwrap()));
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        u128::from(random)
    };
    for _ in 0..40 {
        vectors.push(next() << 64 | next());
    }
    let mut inputs = Vec::new();
    for (at, a) in vectors.iter().enumerate() {
        for (to, b) in vectors.iter().enumerate() {
            inputs.push([*a, *b, vectors[(at * 7 + to * 3) % vectors.len()]]);
        }
    }
    inputs
}

trait Pack {
    fn pack(self) -> u128;
}

impl Pack for u128 {
    /// The lower halves of two 64-bit lanes, side by side; zeros above.
    fn pack(self) -> u128 {
        self & 0xffff_ffff | self >> 32 & 0xffff_ffff_0000_0000
    }
}

fn bytes(a: u128, f: impl Fn(u8) -> u8) -> u128 {
    u128::from_le_bytes(a.to_le_bytes().map(f))
}

fn shorts(v: [u128; 3], f: impl Fn([i16; 3]) -> i16) -> u128 {
    (0..8).map(|at| u128::from(f(v.map(|v| (v >> (16 * at)) as i16)) as u16) << (16 * at)).sum()
}

fn words(v: [u128; 3], f: impl Fn([u32; 3]) -> u32) -> u128 {
    (0..4).map(|at| u128::from(f(v.map(|v| (v >> (32 * at)) as u32))) << (32 * at)).sum()
}

fn halves(v: [u128; 3], f: impl Fn([u64; 3]) -> u64) -> u128 {
    (0..2).map(|at| u128::from(f(v.map(|v| (v >> (64 * at)) as u64))) << (64 * at)).sum()
}

/// NaN is positive and canonical, whatever the operands.
fn float32(v: [u32; 3], f: impl Fn([f32; 3]) -> f32) -> u32 {
    let result = f(v.map(f32::from_bits));
    if result.is_nan() { 0x7fc0_0000 } else { result.to_bits() }
}

fn float64(v: [u64; 3], f: impl Fn([f64; 3]) -> f64) -> u64 {
    let result = f(v.map(f64::from_bits));
    if result.is_nan() { 0x7ff8 << 48 } else { result.to_bits() }
}

/// NaN wins; of two zeros the negative one is the lesser.
fn min32(a: f32, b: f32) -> f32 {
    let first = a.is_nan() || a < b || a == b && a.is_sign_negative();
    if first { a } else { b }
}

fn max32(a: f32, b: f32) -> f32 {
    -min32(-a, -b)
}

fn min64(a: f64, b: f64) -> f64 {
    let first = a.is_nan() || a < b || a == b && a.is_sign_negative();
    if first { a } else { b }
}

fn max64(a: f64, b: f64) -> f64 {
    -min64(-a, -b)
}

fn saturate(value: i32) -> i16 {
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

fn dot(a: i16, b: i16) -> i16 {
    let [a, b] = [a, b].map(|v| v.to_le_bytes().map(|byte| i32::from(byte as i8)));
    saturate(a[0] * b[0] + a[1] * b[1])
}
