//! What each operator does to freshness. An operator that is not listed sees bits, and what it
//! gives is clean.

use super::super::super::module::FEATURES;
use super::value::{CLEAN, FRESH32, FRESH64};
use std::sync::LazyLock;
use wasmparser::{BinaryReader, Operator, OperatorsReader};

/// Operators that are not listed have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Takes `operands` that may be fresh in the shapes `allowed`.
    Computes { operands: u8, allowed: u8, gives: Gives },
    /// Gives its operands, or lanes of them. They may be fresh in the shapes `allowed`.
    Moves { operands: u8, allowed: u8 },
    /// Gives lanes of two operands, as a third says.
    Bitselect,
}

/// What a computation gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// A NaN perhaps, in that shape.
    Fresh(u8),
    /// Lanes of that width, of ones or zeros.
    Mask(u8),
    Clean,
}

/// The role of every operator, by its code in the checker's own decoder. It is made from the names
/// that the parser has, which are what one can read.
static ROLES: LazyLock<Roles> = LazyLock::new(Roles::new);

/// See [`ROLES`].
pub(super) struct Roles {
    plain: [Option<Role>; 256],
    /// Of SIMD, by the number after the prefix.
    vector: [Option<Role>; 256],
}

/// The role of a shuffle that begins at `at`.
pub(super) fn shuffle(module: &[u8], at: usize) -> Option<Role> {
    const LANES: usize = 2;
    let lanes = module.get(at.checked_add(LANES)?..)?.first_chunk()?;
    moves(2, whole_lanes(lanes))
}

const VECTOR: u8 = 0xfd;

impl Roles {
    pub(super) fn get() -> &'static Self {
        &ROLES
    }

    /// The role of the operator of that code. Shuffles have one by [`shuffle`].
    #[inline]
    pub(super) fn of(&self, code: u16) -> Option<Role> {
        match code.to_be_bytes() {
            [0, byte] => self.plain[byte as usize],
            [VECTOR, number] => self.vector[number as usize],
            // Conversions that saturate.
            [0xfc, 0 | 1 | 4 | 5] => computes(1, FRESH32, Gives::Clean),
            [0xfc, 2 | 3 | 6 | 7] => computes(1, FRESH64, Gives::Clean),
            _ => None,
        }
    }

    fn new() -> Self {
        let role = |bytes: &[u8]| {
            let code = [bytes, &[0; 20]].concat();
            let reader = BinaryReader::new_features(&code, 0, FEATURES);
            by_name(&OperatorsReader::new(reader).read().ok()?)
        };
        let mut roles = Self { plain: [None; 256], vector: [None; 256] };
        for (byte, slot) in (0..=u8::MAX).zip(&mut roles.plain) {
            *slot = if byte < 0xfb { role(&[byte]) } else { None };
        }
        for (number, slot) in (0..=u8::MAX).zip(&mut roles.vector) {
            *slot = role(&[VECTOR, number | 0x80, number >> 7]);
        }
        roles
    }
}

fn by_name(operator: &Operator<'_>) -> Option<Role> {
    scalar32(operator)
        .or_else(|| scalar64(operator))
        .or_else(|| vector32(operator))
        .or_else(|| vector64(operator))
        .or_else(|| matches!(operator, Operator::V128Bitselect).then_some(Role::Bitselect))
}

const fn computes(operands: u8, allowed: u8, gives: Gives) -> Option<Role> {
    Some(Role::Computes { operands, allowed, gives })
}

const fn moves(operands: u8, allowed: u8) -> Option<Role> {
    Some(Role::Moves { operands, allowed })
}

fn scalar32(operator: &Operator<'_>) -> Option<Role> {
    use Operator as O;
    match operator {
        O::F32Ceil | O::F32Floor | O::F32Trunc | O::F32Nearest | O::F32Sqrt => {
            computes(1, FRESH32, Gives::Fresh(FRESH32))
        }
        O::F32Add | O::F32Sub | O::F32Mul | O::F32Div | O::F32Min | O::F32Max => {
            computes(2, FRESH32, Gives::Fresh(FRESH32))
        }
        O::F64PromoteF32 => computes(1, FRESH32, Gives::Fresh(FRESH64)),
        O::F32Eq | O::F32Ne | O::F32Lt | O::F32Gt | O::F32Le | O::F32Ge => {
            computes(2, FRESH32, Gives::Clean)
        }
        O::I32TruncF32S | O::I32TruncF32U | O::I64TruncF32S | O::I64TruncF32U => {
            computes(1, FRESH32, Gives::Clean)
        }
        _ => None,
    }
}

fn scalar64(operator: &Operator<'_>) -> Option<Role> {
    use Operator as O;
    match operator {
        O::F64Ceil | O::F64Floor | O::F64Trunc | O::F64Nearest | O::F64Sqrt => {
            computes(1, FRESH64, Gives::Fresh(FRESH64))
        }
        O::F64Add | O::F64Sub | O::F64Mul | O::F64Div | O::F64Min | O::F64Max => {
            computes(2, FRESH64, Gives::Fresh(FRESH64))
        }
        O::F32DemoteF64 => computes(1, FRESH64, Gives::Fresh(FRESH32)),
        O::F64Eq | O::F64Ne | O::F64Lt | O::F64Gt | O::F64Le | O::F64Ge => {
            computes(2, FRESH64, Gives::Clean)
        }
        O::I32TruncF64S | O::I32TruncF64U | O::I64TruncF64S | O::I64TruncF64U => {
            computes(1, FRESH64, Gives::Clean)
        }
        _ => None,
    }
}

fn vector32(operator: &Operator<'_>) -> Option<Role> {
    use Operator as O;
    match operator {
        O::F32x4Ceil | O::F32x4Floor | O::F32x4Trunc | O::F32x4Nearest | O::F32x4Sqrt => {
            computes(1, FRESH32, Gives::Fresh(FRESH32))
        }
        O::F32x4Add | O::F32x4Sub | O::F32x4Mul | O::F32x4Div | O::F32x4Min | O::F32x4Max => {
            computes(2, FRESH32, Gives::Fresh(FRESH32))
        }
        O::F64x2PromoteLowF32x4 => computes(1, FRESH32, Gives::Fresh(FRESH64)),
        O::F32x4Eq | O::F32x4Ne | O::F32x4Lt | O::F32x4Gt | O::F32x4Le | O::F32x4Ge => {
            computes(2, FRESH32, Gives::Mask(FRESH32))
        }
        O::I32x4TruncSatF32x4S | O::I32x4TruncSatF32x4U => computes(1, FRESH32, Gives::Clean),
        O::I32x4Eq
        | O::I32x4Ne
        | O::I32x4LtS
        | O::I32x4LtU
        | O::I32x4GtS
        | O::I32x4GtU
        | O::I32x4LeS
        | O::I32x4LeU
        | O::I32x4GeS
        | O::I32x4GeU => computes(2, CLEAN, Gives::Mask(FRESH32)),
        O::F32x4Splat | O::F32x4ExtractLane { .. } => moves(1, FRESH32),
        O::F32x4ReplaceLane { .. } | O::F32x4PMin | O::F32x4PMax => moves(2, FRESH32),
        _ => None,
    }
}

fn vector64(operator: &Operator<'_>) -> Option<Role> {
    use Operator as O;
    match operator {
        O::F64x2Ceil | O::F64x2Floor | O::F64x2Trunc | O::F64x2Nearest | O::F64x2Sqrt => {
            computes(1, FRESH64, Gives::Fresh(FRESH64))
        }
        O::F64x2Add | O::F64x2Sub | O::F64x2Mul | O::F64x2Div | O::F64x2Min | O::F64x2Max => {
            computes(2, FRESH64, Gives::Fresh(FRESH64))
        }
        O::F32x4DemoteF64x2Zero => computes(1, FRESH64, Gives::Fresh(FRESH32)),
        O::F64x2Eq | O::F64x2Ne | O::F64x2Lt | O::F64x2Gt | O::F64x2Le | O::F64x2Ge => {
            computes(2, FRESH64, Gives::Mask(FRESH64))
        }
        O::I32x4TruncSatF64x2SZero | O::I32x4TruncSatF64x2UZero => {
            computes(1, FRESH64, Gives::Clean)
        }
        O::I64x2Eq | O::I64x2Ne | O::I64x2LtS | O::I64x2GtS | O::I64x2LeS | O::I64x2GeS => {
            computes(2, CLEAN, Gives::Mask(FRESH64))
        }
        O::F64x2Splat | O::F64x2ExtractLane { .. } => moves(1, FRESH64),
        O::F64x2ReplaceLane { .. } | O::F64x2PMin | O::F64x2PMax => moves(2, FRESH64),
        _ => None,
    }
}

/// The shapes whose lanes a shuffle moves whole.
fn whole_lanes(bytes: &[u8; 16]) -> u8 {
    let are_whole = |width: u8| {
        bytes.chunks(width.into()).all(|lane| {
            let starts = lane.first().is_some_and(|first| first % width == 0);
            starts && lane.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1))
        })
    };
    let wide = if are_whole(8) { FRESH64 } else { CLEAN };
    if are_whole(4) { wide | FRESH32 } else { wide }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_whole_when_their_bytes_stay_together() {
        let narrow = [4, 5, 6, 7, 0, 1, 2, 3, 28, 29, 30, 31, 0, 1, 2, 3];
        assert_eq!(whole_lanes(&narrow), FRESH32);
        let wide = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23];
        assert_eq!(whole_lanes(&wide), FRESH32 | FRESH64);
        let mut torn = wide;
        torn[3] = 12;
        assert_eq!(whole_lanes(&torn), CLEAN);
        let shifted = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
        assert_eq!(whole_lanes(&shifted), CLEAN);
    }
}
