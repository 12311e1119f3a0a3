//! The operators that the programs are made of, by the type of their result.

use super::super::seen::Type::{self, F32, F64, I32, I64, V128};

/// What an operator takes.
pub enum Operand {
    Of(Type),
    /// A vector that selects bits.
    Mask,
}

/// What stands in an operator.
#[derive(Clone, Copy)]
pub enum Immediate {
    None,
    /// A lane below this.
    Lane(usize),
    /// The lanes of a shuffle.
    Shuffle,
}

/// An operator.
pub struct Row {
    pub name: &'static str,
    pub immediate: Immediate,
    pub operands: &'static [Operand],
}

macro_rules! rows {
    ($($names:literal $immediate:expr, [$($operand:expr),*];)*) => {
        &[$(($names, $immediate, &[$($operand),*])),*]
    };
}

/// Names, immediate and operands of operators that differ in nothing else.
type Group = (&'static str, Immediate, &'static [Operand]);

use Immediate::{Lane, Shuffle};
use Operand::{Mask, Of};
const NONE: Immediate = Immediate::None;

const OF_F64: &[Group] = rows![
    "f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign f64.copysign" NONE, [Of(F64), Of(F64)];
    "f64.sqrt f64.ceil f64.floor f64.trunc f64.nearest f64.neg f64.abs" NONE, [Of(F64)];
    "f64.promote_f32" NONE, [Of(F32)];
    "f64.reinterpret_i64 f64.convert_i64_s f64.convert_i64_u" NONE, [Of(I64)];
    "f64.convert_i32_s f64.convert_i32_u" NONE, [Of(I32)];
    "f64x2.extract_lane f64x2.extract_lane" Lane(2), [Of(V128)];
];
const OF_F32: &[Group] = rows![
    "f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign f32.copysign" NONE, [Of(F32), Of(F32)];
    "f32.sqrt f32.ceil f32.floor f32.trunc f32.nearest f32.neg f32.abs" NONE, [Of(F32)];
    "f32.demote_f64" NONE, [Of(F64)];
    "f32.reinterpret_i32 f32.convert_i32_s f32.convert_i32_u" NONE, [Of(I32)];
    "f32.convert_i64_s f32.convert_i64_u" NONE, [Of(I64)];
    "f32x4.extract_lane f32x4.extract_lane" Lane(4), [Of(V128)];
];
const OF_I32: &[Group] = rows![
    "i32.reinterpret_f32 i32.reinterpret_f32 i32.trunc_sat_f32_s i32.trunc_sat_f32_u" NONE, [Of(F32)];
    "i32.trunc_sat_f64_s i32.trunc_sat_f64_u" NONE, [Of(F64)];
    "f32.eq f32.ne f32.lt f32.ge" NONE, [Of(F32), Of(F32)];
    "f64.eq f64.ne f64.gt f64.le" NONE, [Of(F64), Of(F64)];
    "i32.add i32.and i32.xor i32.shr_u i32.lt_s" NONE, [Of(I32), Of(I32)];
    "i32.eqz i32.clz i32.popcnt" NONE, [Of(I32)];
    "i32.wrap_i64 i64.eqz" NONE, [Of(I64)];
    "v128.any_true i32x4.all_true i8x16.bitmask i32x4.bitmask i64x2.bitmask" NONE, [Of(V128)];
    "i32x4.extract_lane" Lane(4), [Of(V128)];
    "i8x16.extract_lane_u" Lane(16), [Of(V128)];
];
const OF_I64: &[Group] = rows![
    "i64.reinterpret_f64 i64.reinterpret_f64 i64.trunc_sat_f64_s i64.trunc_sat_f64_u" NONE, [Of(F64)];
    "i64.trunc_sat_f32_s" NONE, [Of(F32)];
    "i64.add i64.xor i64.or i64.shl" NONE, [Of(I64), Of(I64)];
    "i64.extend_i32_s i64.extend_i32_u" NONE, [Of(I32)];
    "i64x2.extract_lane i64x2.extract_lane" Lane(2), [Of(V128)];
];
const OF_V128: &[Group] = rows![
    "f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax" NONE, [Of(V128), Of(V128)];
    "f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max f64x2.pmin f64x2.pmax" NONE, [Of(V128), Of(V128)];
    "f32x4.sqrt f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest f32x4.neg f32x4.abs" NONE, [Of(V128)];
    "f64x2.sqrt f64x2.ceil f64x2.floor f64x2.trunc f64x2.nearest f64x2.neg f64x2.abs" NONE, [Of(V128)];
    "f64x2.promote_low_f32x4 f32x4.demote_f64x2_zero" NONE, [Of(V128)];
    "f32x4.convert_i32x4_s f64x2.convert_low_i32x4_u" NONE, [Of(V128)];
    "i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f64x2_u_zero v128.not i64x2.neg i8x16.popcnt" NONE, [Of(V128)];
    "f32x4.splat" NONE, [Of(F32)];
    "f64x2.splat" NONE, [Of(F64)];
    "i32x4.splat" NONE, [Of(I32)];
    "i64x2.splat" NONE, [Of(I64)];
    "f32x4.replace_lane f32x4.replace_lane" Lane(4), [Of(V128), Of(F32)];
    "f64x2.replace_lane f64x2.replace_lane" Lane(2), [Of(V128), Of(F64)];
    "i32x4.replace_lane" Lane(4), [Of(V128), Of(I32)];
    "i64x2.replace_lane" Lane(2), [Of(V128), Of(I64)];
    "v128.and v128.or v128.xor v128.andnot i32x4.add i16x8.min_u i8x16.swizzle i8x16.narrow_i16x8_s" NONE, [Of(V128), Of(V128)];
    "f32x4.eq f32x4.lt f64x2.ne f64x2.ge i32x4.gt_s i64x2.eq" NONE, [Of(V128), Of(V128)];
    "i32x4.shl i64x2.shr_u" NONE, [Of(V128), Of(I32)];
    "i8x16.shuffle i8x16.shuffle i8x16.shuffle i8x16.shuffle" Shuffle, [Of(V128), Of(V128)];
    "v128.bitselect v128.bitselect v128.bitselect v128.bitselect" NONE, [Of(V128), Of(V128), Mask];
];

/// Comparisons, whose results select whole lanes.
pub const COMPARISONS: &[&str] = &[
    "f32x4.eq",
    "f32x4.ne",
    "f32x4.lt",
    "f32x4.ge",
    "f64x2.eq",
    "f64x2.ne",
    "f64x2.gt",
    "f64x2.le",
    "i32x4.eq",
    "i32x4.lt_s",
    "i64x2.ne",
    "i64x2.lt_s",
    "i16x8.gt_u",
    "i8x16.eq",
];

/// Loads of vectors.
pub const VECTOR_LOADS: &[&str] = &[
    "v128.load",
    "v128.load",
    "v128.load",
    "v128.load32_splat",
    "v128.load64_splat",
    "v128.load32_zero",
    "v128.load64_zero",
    "v128.load32x2_s",
];

/// One of the operators with results of type `ty`.
pub fn operator(ty: Type, mut choose: impl FnMut(usize) -> usize) -> Row {
    let groups = match ty {
        F64 => OF_F64,
        F32 => OF_F32,
        I32 => OF_I32,
        I64 => OF_I64,
        V128 => OF_V128,
        Type::Reference => panic!("no operator makes a reference here"),
    };
    let all: Vec<_> = groups
        .iter()
        .flat_map(|(names, immediate, operands)| {
            names.split(' ').map(|name| Row { name, immediate: *immediate, operands })
        })
        .collect();
    let at = choose(all.len());
    all.into_iter().nth(at).unwrap()
}
