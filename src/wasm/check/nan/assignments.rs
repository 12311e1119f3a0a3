//! Where in a function locals are assigned, and where its loops end.

use super::super::context::Context;
use super::super::reach::Reach;
use wasmparser::{FunctionBody, Operator, ValType};

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
}

impl Assignments {
    /// Reads the function `body` of type `ty`.
    pub(super) fn of(
        context: &Context<'_>,
        ty: u32,
        body: &FunctionBody<'_>,
    ) -> wasmparser::Result<Self> {
        let kinds = Kinds::of(context, ty, body)?;
        let mut found = Self::default();
        let mut reach = Reach::default();
        let mut open: Vec<Option<usize>> = Vec::new();
        let mut place: Place = 0;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let operator = operators.read()?;
            place = place.saturating_add(1);
            match operator {
                Operator::LocalSet { local_index } | Operator::LocalTee { local_index }
                    if reach.is_reached() && kinds.is_float(local_index) =>
                {
                    found.places.push((local_index, place));
                }
                Operator::Loop { .. } => {
                    open.push(Some(found.loop_ends.len()));
                    found.loop_ends.push(Place::MAX);
                }
                Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                    open.push(None);
                }
                Operator::End => {
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

/// Which locals may hold floats: groups of locals by where each ends.
struct Kinds {
    groups: Vec<(u64, bool)>,
}

impl Kinds {
    fn of(context: &Context<'_>, ty: u32, body: &FunctionBody<'_>) -> wasmparser::Result<Self> {
        let mut groups: Vec<(u64, bool)> = Vec::new();
        let mut add = |count: u32, ty: ValType| {
            let start = groups.last().map_or(0, |(end, _)| *end);
            let is_float = matches!(ty, ValType::F32 | ValType::F64 | ValType::V128);
            groups.push((start.saturating_add(count.into()), is_float));
        };
        for param in context.function_type(ty).map(wasmparser::FuncType::params).unwrap_or_default()
        {
            add(1, *param);
        }
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            add(count, ty);
        }
        Ok(Self { groups })
    }

    fn is_float(&self, local: u32) -> bool {
        let at = self.groups.partition_point(|(end, _)| *end <= u64::from(local));
        self.groups.get(at).is_some_and(|(_, is_float)| *is_float)
    }
}
