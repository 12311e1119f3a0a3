//! What each operator does with floats: one table. What is not in it sees bits.

use super::value::{Facts, Shape};
use wasmparser::Operator;

/// What an operator does with its operands; all of one operator are treated alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Arithmetic on `operands` values of shape `takes`, with a result of shape `gives` whose NaNs
    /// have any bits.
    Produce {
        operands: u8,
        takes: Shape,
        gives: Shape,
    },
    /// Arithmetic on `operands` values of shape `takes`; the result is no NaN.
    Compute {
        operands: u8,
        takes: Shape,
        gives: Facts,
    },
    /// One operand or the other, lane by lane of the shape.
    Choose(Shape),
    /// The operand in every lane, one lane of the operand, or the first with one lane replaced
    /// by the second.
    Splat(Shape),
    Extract(Shape),
    Replace(Shape),
    /// Bytes of two vectors; whether only whole lanes of 32 and of 64 bits move.
    Shuffle {
        whole32: bool,
        whole64: bool,
    },
    /// The first where the third has ones, otherwise the second.
    Bitselect,
    /// `select`: the third operand is a number.
    Select,
    /// Nothing.
    Drop,
    /// A result without NaN or with such as canonicalization leaves alone, of no float operand.
    Plain {
        operands: u8,
        gives: Facts,
    },
}

/// Whether the opcode of one byte is a producer.
pub(super) const fn is_producer(opcode: u8) -> bool {
    matches!(opcode, 0x8d..=0x97 | 0x9b..=0xa5 | 0xb6 | 0xbb)
}

/// What `operator` does with floats; `None` when it sees the bits of all of its operands and
/// nothing is known of its results.
pub(super) fn role(operator: &Operator<'_>) -> Option<Role> {
    use Operator as O;
    use Shape::{F32, F32x4, F64, F64x2};
    let produce = |operands, shape| Role::Produce { operands, takes: shape, gives: shape };
    let convert = |takes, gives| Role::Produce { operands: 1, takes, gives };
    let compute = |operands, takes, gives| Role::Compute { operands, takes, gives };
    let plain = |operands| Role::Plain { operands, gives: Facts::NONE };
    Some(match operator {
        O::F32Ceil | O::F32Floor | O::F32Trunc | O::F32Nearest | O::F32Sqrt => produce(1, F32),
        O::F32Add | O::F32Sub | O::F32Mul | O::F32Div | O::F32Min | O::F32Max => produce(2, F32),
        O::F64Ceil | O::F64Floor | O::F64Trunc | O::F64Nearest | O::F64Sqrt => produce(1, F64),
        O::F64Add | O::F64Sub | O::F64Mul | O::F64Div | O::F64Min | O::F64Max => produce(2, F64),
        O::F32DemoteF64 => convert(F64, F32),
        O::F64PromoteF32 => convert(F32, F64),

        O::F32x4Ceil | O::F32x4Floor | O::F32x4Trunc | O::F32x4Nearest | O::F32x4Sqrt => {
            produce(1, F32x4)
        }
        O::F32x4Add | O::F32x4Sub | O::F32x4Mul | O::F32x4Div | O::F32x4Min | O::F32x4Max => {
            produce(2, F32x4)
        }
        O::F64x2Ceil | O::F64x2Floor | O::F64x2Trunc | O::F64x2Nearest | O::F64x2Sqrt => {
            produce(1, F64x2)
        }
        O::F64x2Add | O::F64x2Sub | O::F64x2Mul | O::F64x2Div | O::F64x2Min | O::F64x2Max => {
            produce(2, F64x2)
        }
        O::F32x4DemoteF64x2Zero => convert(F64x2, F32x4),
        O::F64x2PromoteLowF32x4 => convert(F32x4, F64x2),

        O::F32Eq | O::F32Ne | O::F32Lt | O::F32Gt | O::F32Le | O::F32Ge => {
            compute(2, F32, Facts::NONE)
        }
        O::F64Eq | O::F64Ne | O::F64Lt | O::F64Gt | O::F64Le | O::F64Ge => {
            compute(2, F64, Facts::NONE)
        }
        O::I32TruncF32S
        | O::I32TruncF32U
        | O::I64TruncF32S
        | O::I64TruncF32U
        | O::I32TruncSatF32S
        | O::I32TruncSatF32U
        | O::I64TruncSatF32S
        | O::I64TruncSatF32U => compute(1, F32, Facts::NONE),
        O::I32TruncF64S
        | O::I32TruncF64U
        | O::I64TruncF64S
        | O::I64TruncF64U
        | O::I32TruncSatF64S
        | O::I32TruncSatF64U
        | O::I64TruncSatF64S
        | O::I64TruncSatF64U => compute(1, F64, Facts::NONE),
        O::F32x4Eq | O::F32x4Ne | O::F32x4Lt | O::F32x4Gt | O::F32x4Le | O::F32x4Ge => {
            compute(2, F32x4, Facts::COMPARED32)
        }
        O::F64x2Eq | O::F64x2Ne | O::F64x2Lt | O::F64x2Gt | O::F64x2Le | O::F64x2Ge => {
            compute(2, F64x2, Facts::COMPARED64)
        }
        O::I32x4TruncSatF32x4S | O::I32x4TruncSatF32x4U => compute(1, F32x4, Facts::RAW),
        O::I32x4TruncSatF64x2SZero | O::I32x4TruncSatF64x2UZero => compute(1, F64x2, Facts::RAW),

        O::F32x4PMin | O::F32x4PMax => Role::Choose(F32x4),
        O::F64x2PMin | O::F64x2PMax => Role::Choose(F64x2),
        O::F32x4Splat => Role::Splat(F32x4),
        O::F64x2Splat => Role::Splat(F64x2),
        O::F32x4ExtractLane { .. } => Role::Extract(F32x4),
        O::F64x2ExtractLane { .. } => Role::Extract(F64x2),
        O::F32x4ReplaceLane { .. } => Role::Replace(F32x4),
        O::F64x2ReplaceLane { .. } => Role::Replace(F64x2),
        O::I8x16Shuffle { lanes } => {
            Role::Shuffle { whole32: whole(lanes, 4), whole64: whole(lanes, 8) }
        }
        O::V128Bitselect => Role::Bitselect,
        O::Select | O::TypedSelect { .. } => Role::Select,
        O::Drop => Role::Drop,

        O::F32Const { value } => Role::Plain { operands: 0, gives: bits32(value.bits()) },
        O::F64Const { value } => Role::Plain { operands: 0, gives: bits64(value.bits()) },
        O::I32Const { .. } | O::I64Const { .. } => plain(0),
        O::F32ConvertI32S
        | O::F32ConvertI32U
        | O::F32ConvertI64S
        | O::F32ConvertI64U
        | O::F64ConvertI32S
        | O::F64ConvertI32U
        | O::F64ConvertI64S
        | O::F64ConvertI64U => plain(1),
        _ => return None,
    })
}

/// What is known of the results of an operator that has no role.
pub(super) fn observed(operator: &Operator<'_>) -> Facts {
    use Operator as O;
    match operator {
        O::I32x4Eq
        | O::I32x4Ne
        | O::I32x4LtS
        | O::I32x4LtU
        | O::I32x4GtS
        | O::I32x4GtU
        | O::I32x4LeS
        | O::I32x4LeU
        | O::I32x4GeS
        | O::I32x4GeU => Facts::COMPARED32,
        O::I64x2Eq | O::I64x2Ne | O::I64x2LtS | O::I64x2GtS | O::I64x2LeS | O::I64x2GeS => {
            Facts::COMPARED64
        }
        O::F32x4ConvertI32x4S | O::F32x4ConvertI32x4U => Facts::NONE,
        O::F64x2ConvertLowI32x4S | O::F64x2ConvertLowI32x4U => Facts::WIDE,
        _ => Facts::RAW,
    }
}

/// Whether only whole lanes of `width` bytes move.
fn whole(lanes: &[u8; 16], width: u8) -> bool {
    lanes.chunks(usize::from(width)).all(|lane| {
        let first = lane.first().copied().unwrap_or_default();
        first % width == 0 && lane.iter().zip(first..).all(|(byte, expected)| *byte == expected)
    })
}

/// Of a constant: its bits matter when it is a NaN and not the positive canonical one.
const fn bits32(bits: u32) -> Facts {
    let is_nan = bits & 0x7fff_ffff > 0x7f80_0000;
    if is_nan && bits != 0x7fc0_0000 { Facts::RAW } else { Facts::NONE }
}

const fn bits64(bits: u64) -> Facts {
    let is_nan = bits & 0x7fff_ffff_ffff_ffff > 0x7ff0_0000_0000_0000;
    if is_nan && bits != 0x7ff8_0000_0000_0000 { Facts::RAW } else { Facts::NONE }
}
