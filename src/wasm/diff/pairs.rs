//! Compares two functions that are taken for the same.

use super::matching::Matching;
use super::side::Side;
use super::words::{Kind, Word, Words};

/// What the indices of one module are in the other.
pub(super) struct Maps<'s, 'a> {
    pub(super) a: &'s Side<'a>,
    pub(super) b: &'s Side<'a>,
    pub(super) functions: &'s Matching,
    pub(super) globals: Vec<Option<u32>>,
    /// The types of both sides, by a number that equal types share.
    pub(super) types: [Vec<usize>; 2],
}

impl Maps<'_, '_> {
    /// Whether two words mean the same. Of constants and offsets `number` decides, those that are equal
    /// included.
    fn same(&self, a: Word, b: Word, number: &mut impl FnMut(u64, u64) -> bool) -> bool {
        if a.kind != b.kind {
            return false;
        }
        let index = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        match a.kind {
            Kind::Function => self.functions.b_of(index(a.value)) == Some(index(b.value)),
            Kind::Global => {
                self.globals.get(index(a.value) as usize) == Some(&Some(index(b.value)))
            }
            Kind::Type => self.same_type(index(a.value), index(b.value)),
            Kind::Constant if a.value != b.value && self.same_number(a.value, b.value) => true,
            Kind::Constant | Kind::Offset => number(a.value, b.value),
            _ => a.value == b.value,
        }
    }

    /// Whether two types are the same.
    pub(super) fn same_type(&self, a: u32, b: u32) -> bool {
        let [types_a, types_b] = &self.types;
        types_a.get(a as usize).is_some_and(|ty| types_b.get(b as usize) == Some(ty))
    }

    /// Whether two numbers are those of the same function in the table.
    pub(super) fn same_number(&self, a: u64, b: u64) -> bool {
        match (self.a.numbered(a), self.b.numbered(b)) {
            (Some(a), Some(b)) => self.functions.b_of(a) == Some(b),
            _ => false,
        }
    }

    /// The first operator that differs, in both the same; `None` when all are the same.
    pub(super) fn first_difference(
        &self,
        a: &Words,
        b: &Words,
        mut number: impl FnMut(u64, u64) -> bool,
    ) -> Option<usize> {
        let count = a.operators.len().max(b.operators.len());
        (0..count).find(|at| !self.same_operator(a, *at, b, *at, &mut number))
    }

    /// Whether two operators are the same.
    pub(super) fn same_operator(
        &self,
        a: &Words,
        at_a: usize,
        b: &Words,
        at_b: usize,
        number: &mut impl FnMut(u64, u64) -> bool,
    ) -> bool {
        let (a, b) = (a.operator(at_a), b.operator(at_b));
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.same(*a, *b, number))
    }
}
