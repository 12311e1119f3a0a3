//! Which operators can be reached, as validation sees it.

use super::operator::{LEAVES, NOTED, Operator, code};

/// Whether the next operator can be reached: not between one that leaves and the `else` or `end` of
/// the block in which that stands.
#[derive(Debug, Default)]
pub(super) struct Reach {
    is_left: bool,
    /// Blocks that began where nothing is reached.
    depth: u32,
}

impl Reach {
    /// Whether the next operator can be reached. After [`Reach::pass`] of an `else` or `end`, whether
    /// that belongs to a block that was reached.
    #[inline]
    pub(super) fn is_reached(&self) -> bool {
        !self.is_left
    }

    /// Passes an operator.
    #[inline]
    pub(super) fn pass(&mut self, found: &Operator) {
        if found.shape.sets & (NOTED | LEAVES) == 0 {
            return;
        }
        match found.code {
            code::BLOCK | code::LOOP | code::IF | code::TRY_TABLE => {
                self.depth += u32::from(self.is_left);
            }
            code::ELSE if self.depth == 0 => self.is_left = false,
            code::END => match self.depth.checked_sub(1) {
                Some(depth) => self.depth = depth,
                None => self.is_left = false,
            },
            _ => self.is_left |= found.shape.sets & LEAVES != 0,
        }
    }
}
