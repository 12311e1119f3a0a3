//! The one way in which a canonicalization is written (spec/portable.md).

use super::value::Shape;
use wasm_encoder::{Encode, Instruction};

/// The canonicalization of the value on top of the stack.
pub(super) fn sequence(shape: Shape, t: u32) -> Vec<u8> {
    const NAN32: u32 = 0x7fc0_0000;
    const NAN64: u64 = 0x7ff8_0000_0000_0000;
    const LANES32: u128 = (NAN32 as u128) * 0x0000_0001_0000_0001_0000_0001_0000_0001;
    const LANES64: u128 = (NAN64 as u128) * 0x0000_0000_0000_0001_0000_0000_0000_0001;
    use Instruction as I;
    let scalar = |differs, nan| {
        vec![
            I::LocalTee(t),
            I::LocalGet(t),
            differs,
            I::If(wasm_encoder::BlockType::Empty),
            nan,
            I::LocalSet(t),
            I::End,
            I::LocalGet(t),
        ]
    };
    let vector = |lanes: u128, equals| {
        let nan = I::V128Const(lanes.cast_signed());
        let (get, tee) = (I::LocalGet(t), I::LocalTee(t));
        vec![tee, nan, get.clone(), get, equals, I::V128Bitselect]
    };
    let instructions = match shape {
        Shape::F32 => scalar(I::F32Ne, I::F32Const(f32::from_bits(NAN32).into())),
        Shape::F64 => scalar(I::F64Ne, I::F64Const(f64::from_bits(NAN64).into())),
        Shape::F32x4 => vector(LANES32, I::F32x4Eq),
        Shape::F64x2 => vector(LANES64, I::F64x2Eq),
    };
    let mut bytes = Vec::with_capacity(24);
    for instruction in instructions {
        instruction.encode(&mut bytes);
    }
    bytes
}

/// The shape of the canonicalization with local `t` that `code` begins with.
pub(super) fn recognise(code: &[u8], t: u32, ty: wasm_encoder::ValType) -> Option<Shape> {
    let shapes = [Shape::F32, Shape::F64, Shape::F32x4, Shape::F64x2];
    let fitting = shapes.into_iter().filter(|shape| shape.val_type() == ty);
    fitting.into_iter().find(|shape| code.starts_with(&sequence(*shape, t)))
}

impl Shape {
    /// How many operators its canonicalization has.
    pub(super) const fn operators(self) -> usize {
        match self {
            Self::F32 | Self::F64 => 8,
            Self::F32x4 | Self::F64x2 => 6,
        }
    }
}
