//! Where in a function locals are assigned, and where its loops end.

use super::super::operator::{Operator, code};

/// Operators are named by their offset in the module; 0 is the beginning of the function.
pub(super) type Place = u32;

/// The place of an operator. A module is much smaller than what it can name.
pub(super) fn place(found: &Operator) -> Place {
    u32::try_from(found.at).unwrap_or(NEVER)
}

/// No place.
pub(super) const NEVER: Place = Place::MAX;

/// The assignments to float and vector locals that can be reached. It is taken down while the code
/// is read for the canonical form, and used again for the next function.
#[derive(Debug, Default)]
pub(super) struct Assignments {
    /// Local and place, in the order of the text.
    pub(super) places: Vec<(u32, Place)>,
    /// Where each loop ends, in the order of their beginnings.
    pub(super) loop_ends: Vec<Place>,
    /// Which locals may hold floats: groups of locals by where each ends.
    kinds: Vec<(u64, bool)>,
    /// The same of the first locals, by bit: most functions have no more.
    first: u64,
    /// Whether any may.
    has_floats: bool,
    /// Of each open block that is a loop, its number.
    open: Vec<Option<usize>>,
}

impl Assignments {
    /// At the beginning of another function.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.loop_ends.clear();
        self.kinds.clear();
        self.open.clear();
        (self.first, self.has_floats) = (0, false);
    }

    /// The next `count` locals of the function.
    pub(super) fn locals(&mut self, count: u32, are_floats: bool) {
        self.has_floats |= are_floats;
        let start = self.kinds.last().map_or(0, |(end, _)| *end);
        let end = start.saturating_add(count.into());
        if are_floats {
            let below = |at| 1_u64.checked_shl(u32::try_from(at).unwrap_or(u32::MAX));
            let below = |at| below(at).map_or(u64::MAX, |bit| bit - 1);
            self.first |= below(end) & !below(start);
        }
        match self.kinds.last_mut() {
            Some(last) if last.1 == are_floats => last.0 = end,
            _ => self.kinds.push((end, are_floats)),
        }
    }

    /// The next operator that assigns or begins or ends a block, and whether it can be reached.
    #[inline]
    pub(super) fn operator(&mut self, found: &Operator, is_reached: bool) {
        if !self.has_floats {
            return;
        }
        match found.code {
            code::LOCAL_SET | code::LOCAL_TEE if is_reached && self.is_float(found.first) => {
                self.places.push((found.first, place(found)));
            }
            code::LOOP => {
                self.open.push(Some(self.loop_ends.len()));
                self.loop_ends.push(NEVER);
            }
            code::BLOCK | code::IF | code::TRY_TABLE => self.open.push(None),
            code::END => {
                let ended = self.open.pop().flatten();
                if let Some(end) = ended.and_then(|at| self.loop_ends.get_mut(at)) {
                    *end = place(found);
                }
            }
            _ => {}
        }
    }

    #[inline]
    fn is_float(&self, local: u32) -> bool {
        if local < u64::BITS {
            return self.first >> local & 1 != 0;
        }
        let at = self.kinds.partition_point(|(end, _)| *end <= u64::from(local));
        self.kinds.get(at).is_some_and(|(_, is_float)| *is_float)
    }
}
