//! What is known of one value.

/// Nothing.
pub(super) const CLEAN: u8 = 0;
/// May be a NaN that arithmetic made, in lanes of 32 bits: as `f32`, or in the shape `f32x4`.
pub(super) const FRESH32: u8 = 1;
/// The same in lanes of 64 bits: as `f64`, or in the shape `f64x2`.
pub(super) const FRESH64: u8 = 2;
/// Fresh in whatever shape.
pub(super) const ANY: u8 = FRESH32 | FRESH64;

/// A node of [`super::Knowledge`], counted from 1.
pub(super) type Node = Option<std::num::NonZeroU32>;

/// A value on the operand stack or in a local.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    /// The shapes in which it is fresh for certain.
    pub(super) fresh: u8,
    /// Whether it is the result of a comparison of lanes of 32 or 64 bits, by the same bits.
    pub(super) mask: u8,
    /// Who made it fresh: an offset in the module.
    pub(super) origin: u32,
    /// Where more may turn out about it.
    pub(super) node: Node,
}

impl Value {
    /// Not fresh.
    pub(super) const CLEAN: Self = Self { fresh: CLEAN, mask: 0, origin: 0, node: None };

    /// What arithmetic at `origin` makes.
    pub(super) const fn fresh(shapes: u8, origin: u32) -> Self {
        Self { fresh: shapes, mask: 0, origin, node: None }
    }

    /// The result of a comparison of lanes of one width.
    pub(super) const fn mask(width: u8) -> Self {
        Self { mask: width, ..Self::CLEAN }
    }

    /// Whether it is clean whatever turns out.
    pub(super) fn is_clean(&self) -> bool {
        self.fresh == CLEAN && self.node.is_none()
    }
}
