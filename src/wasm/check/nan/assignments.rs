//! Where in a function locals are assigned, and where its loops end.

use super::super::operator::{ASSIGNS, LEAVES, NOTED, Operator, code};
use super::super::reach::Reach;

/// Operators are named by their place in the text, counted from 1; 0 is the beginning.
pub(super) type Place = u32;

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
    /// Whether any may.
    has_floats: bool,
    reach: Reach,
    /// Of each open block that is a loop, its number.
    open: Vec<Option<usize>>,
    place: Place,
}

impl Assignments {
    /// At the beginning of another function.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.loop_ends.clear();
        self.kinds.clear();
        self.open.clear();
        (self.has_floats, self.reach, self.place) = (false, Reach::default(), 0);
    }

    /// The next `count` locals of the function.
    pub(super) fn locals(&mut self, count: u32, are_floats: bool) {
        self.has_floats |= are_floats;
        let start = self.kinds.last().map_or(0, |(end, _)| *end);
        let end = start.saturating_add(count.into());
        match self.kinds.last_mut() {
            Some(last) if last.1 == are_floats => last.0 = end,
            _ => self.kinds.push((end, are_floats)),
        }
    }

    /// The next operator.
    #[inline]
    pub(super) fn operator(&mut self, found: &Operator) {
        self.place = self.place.saturating_add(1);
        if self.has_floats && found.shape.sets & (ASSIGNS | NOTED | LEAVES) != 0 {
            self.note(found);
        }
    }

    fn note(&mut self, found: &Operator) {
        match found.code {
            code::LOCAL_SET | code::LOCAL_TEE
                if self.reach.is_reached() && self.is_float(found.first) =>
            {
                self.places.push((found.first, self.place));
            }
            code::LOOP => {
                self.open.push(Some(self.loop_ends.len()));
                self.loop_ends.push(NEVER);
            }
            code::BLOCK | code::IF | code::TRY_TABLE => self.open.push(None),
            code::END => {
                let ended = self.open.pop().flatten();
                if let Some(end) = ended.and_then(|at| self.loop_ends.get_mut(at)) {
                    *end = self.place;
                }
            }
            _ => {}
        }
        self.reach.pass(found);
    }

    fn is_float(&self, local: u32) -> bool {
        let at = self.kinds.partition_point(|(end, _)| *end <= u64::from(local));
        self.kinds.get(at).is_some_and(|(_, is_float)| *is_float)
    }
}
