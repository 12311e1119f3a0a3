//! Which operators can be reached, as validation sees it.

use wasmparser::Operator;

/// Whether the next operator can be reached: not between one that leaves and the `else` or `end` of
/// the block in which that stands.
#[derive(Debug, Default)]
pub(super) struct Reach {
    is_left: bool,
    /// Blocks that began where nothing is reached.
    depth: u32,
}

impl Reach {
    /// Whether the next operator can be reached. An `else` or `end` that closes a block that was
    /// reached counts as reached too when this is asked after [`Reach::pass`].
    pub(super) fn is_reached(&self) -> bool {
        !self.is_left
    }

    /// Passes `operator`. Whether it closes, or goes on after, a block that was reached.
    pub(super) fn pass(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. } => self.depth += u32::from(self.is_left),
            Operator::Else if self.depth == 0 => self.is_left = false,
            Operator::End => match self.depth.checked_sub(1) {
                Some(depth) => self.depth = depth,
                None => self.is_left = false,
            },
            operator => self.is_left |= leaves(operator),
        }
    }
}

/// Whether what follows `operator` cannot be reached.
fn leaves(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::Unreachable
    )
}
