//! Where in a function locals are assigned, and where its loops end.

use super::super::context::Context;
use super::super::cursor::{Cursor, Fault};
use super::super::operator::{code, operator};
use super::super::reach::Reach;
use wasmparser::ValType;

/// Operators are named by their place in the text, counted from 1; 0 is the beginning.
pub(super) type Place = u32;

/// The assignments to float and vector locals that can be reached.
#[derive(Debug, Default)]
pub(super) struct Assignments {
    /// Local and place, sorted.
    places: Vec<(u32, Place)>,
    /// The locals that are assigned, in order, and where their places begin.
    locals: Vec<(u32, usize)>,
    /// Where each loop ends, in the order of their beginnings.
    pub(super) loop_ends: Vec<Place>,
    /// Where the code begins: an offset in the module.
    pub(super) code: usize,
}

impl Assignments {
    /// Reads the function of type `ty` whose locals and code stand at the cursor.
    pub(super) fn of(
        context: &Context<'_>,
        ty: u32,
        cursor: &mut Cursor<'_>,
    ) -> Result<Self, Fault> {
        let types = &context.sections.types;
        let kinds = Kinds::of(context, ty, cursor)?;
        let mut found = Self { code: cursor.at(), ..Self::default() };
        let mut reach = Reach::default();
        let mut open: Vec<Option<usize>> = Vec::new();
        let mut place: Place = 0;
        while !cursor.is_done() {
            let operator = operator(cursor, types)?;
            place = place.saturating_add(1);
            match operator.code {
                code::LOCAL_SET | code::LOCAL_TEE => {
                    if reach.is_reached() && kinds.is_float(operator.first) {
                        found.places.push((operator.first, place));
                    }
                    continue;
                }
                code::LOOP => {
                    open.push(Some(found.loop_ends.len()));
                    found.loop_ends.push(Place::MAX);
                }
                code::BLOCK | code::IF | code::TRY_TABLE => open.push(None),
                code::END => {
                    let ended = open.pop().flatten();
                    if let Some(end) = ended.and_then(|at| found.loop_ends.get_mut(at)) {
                        *end = place;
                    }
                }
                _ => {}
            }
            reach.pass(&operator);
        }
        found.places.sort_unstable();
        for (at, (local, _)) in found.places.iter().enumerate() {
            if found.locals.last().is_none_or(|(last, _)| last != local) {
                found.locals.push((*local, at));
            }
        }
        Ok(found)
    }

    /// How many locals are assigned.
    pub(super) fn count(&self) -> usize {
        self.locals.len()
    }

    /// The number of a local among those that are assigned.
    pub(super) fn number(&self, local: u32) -> Option<usize> {
        self.locals.binary_search_by_key(&local, |(local, _)| *local).ok()
    }

    /// The place of assignment `nth` of a local, by its number.
    pub(super) fn place(&self, number: usize, nth: usize) -> Option<Place> {
        let (local, start) = self.locals.get(number)?;
        let (of, place) = self.places.get(start.checked_add(nth)?)?;
        (of == local).then_some(*place)
    }
}

/// `v128`, `f64` and `f32`.
const FLOATS: std::ops::RangeInclusive<u8> = 0x7b..=0x7d;

/// Which locals may hold floats: groups of locals by where each ends.
struct Kinds {
    groups: Vec<(u64, bool)>,
}

impl Kinds {
    /// Passes the locals at the cursor.
    fn of(context: &Context<'_>, ty: u32, cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        let mut groups: Vec<(u64, bool)> = Vec::new();
        let mut add = |count: u32, is_float: bool| {
            let start = groups.last().map_or(0, |(end, _)| *end);
            groups.push((start.saturating_add(count.into()), is_float));
        };
        let ty = context.function_type(ty);
        for param in ty.map(wasmparser::FuncType::params).unwrap_or_default() {
            add(1, matches!(param, ValType::F32 | ValType::F64 | ValType::V128));
        }
        for _ in 0..cursor.index()? {
            let count = cursor.index()?;
            let is_float = cursor.peek().is_some_and(|byte| FLOATS.contains(&byte));
            context.sections.types.value_type(cursor)?;
            add(count, is_float);
        }
        Ok(Self { groups })
    }

    fn is_float(&self, local: u32) -> bool {
        let at = self.groups.partition_point(|(end, _)| *end <= u64::from(local));
        self.groups.get(at).is_some_and(|(_, is_float)| *is_float)
    }
}
