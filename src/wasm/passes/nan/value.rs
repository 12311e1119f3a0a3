//! What is known of a value: whether its NaN bits may be an engine's choice, and whether they
//! may matter.

use wasm_encoder::ValType;

/// How a float or vector is read: its type, and for vectors the lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    F32,
    F64,
    F32x4,
    F64x2,
}

impl Shape {
    /// What a producer of this shape makes.
    pub(super) const fn fresh(self) -> Facts {
        match self {
            Self::F32 | Self::F32x4 => Facts::FRESH32,
            Self::F64 | Self::F64x2 => Facts::FRESH64,
        }
    }

    /// The facts of what a producer of this shape makes. Parts of a float of 64 bits are any bits
    /// to an operator on lanes of 32; floats of 32 bits without NaNs never make one of 64.
    pub(super) const fn made(self) -> Facts {
        self.fresh().join(self.laid())
    }

    /// The facts of what is put into a vector in this shape, but for those of the float itself.
    pub(super) const fn laid(self) -> Facts {
        match self {
            Self::F64x2 => Facts::WIDE,
            Self::F32 | Self::F64 | Self::F32x4 => Facts::NONE,
        }
    }

    pub(super) const fn val_type(self) -> ValType {
        match self {
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::F32x4 | Self::F64x2 => ValType::V128,
        }
    }
}

/// A set of facts that may hold for a value. Nothing of it: the value has no NaN, or only such as
/// canonicalization leaves as they are, or it is no float at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Facts(u8);

impl Facts {
    pub(super) const NONE: Self = Self(0);
    /// Floats of 32 bits in it may be NaNs of any bits.
    pub(super) const FRESH32: Self = Self(1);
    /// Floats of 64 bits in it may be NaNs of any bits.
    pub(super) const FRESH64: Self = Self(2);
    /// Its bits may matter: it must not be canonicalized.
    pub(super) const RAW: Self = Self(4);
    /// Each of its lanes of 32 bits is all ones or all zeros. Never joined.
    pub(super) const MASK32: Self = Self(8);
    /// Each of its lanes of 64 bits is all ones or all zeros. Never joined.
    pub(super) const MASK64: Self = Self(16);
    /// It may hold floats of 64 bits: it must not be canonicalized in lanes of 32.
    pub(super) const WIDE: Self = Self(32);
    /// What comparisons of 32 and of 64 bits make: a mask, and all ones is a NaN.
    pub(super) const COMPARED32: Self = Self(Self::RAW.0 | Self::MASK32.0);
    pub(super) const COMPARED64: Self = Self(Self::RAW.0 | Self::MASK64.0);

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What may hold where either value may be.
    pub(super) const fn join(self, other: Self) -> Self {
        Self((self.0 | other.0) & !(Self::MASK32.0 | Self::MASK64.0))
    }

    /// Freshness alone.
    pub(super) const fn fresh(self) -> Self {
        Self(self.0 & (Self::FRESH32.0 | Self::FRESH64.0))
    }

    /// What is left of it when the value was canonicalized in `shape`.
    pub(super) const fn canonicalized(self, shape: Shape) -> Self {
        match shape {
            // No NaN but the canonical one is left.
            Shape::F32 | Shape::F64 => Self::NONE,
            Shape::F32x4 | Shape::F64x2 => Self(self.0 & !shape.fresh().0),
        }
    }

    pub(super) const fn is_fresh(self) -> bool {
        self.fresh().0 != 0
    }

    /// The shape in which a value of type `ty` can be canonicalized, if it can.
    pub(super) fn canonicalizable(self, ty: ValType) -> Option<Shape> {
        if self.has(Self::RAW) {
            return None;
        }
        let is_wide = self.has(Self::WIDE);
        match (ty, self.fresh()) {
            (ValType::F32, Self::FRESH32) if !is_wide => Some(Shape::F32),
            (ValType::F64, Self::FRESH64) => Some(Shape::F64),
            (ValType::V128, Self::FRESH32) if !is_wide => Some(Shape::F32x4),
            (ValType::V128, Self::FRESH64) => Some(Shape::F64x2),
            _ => None,
        }
    }
}
