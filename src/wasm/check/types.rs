//! The type section: each type once, in the order in which the rest of the module first uses it.

use super::super::freedom::Freedom;
use super::cursor::{Cursor, Fault};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many parameters and results a block or function has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) params: u32,
    pub(super) results: u32,
}

impl Form {
    pub(super) const EMPTY: Self = Self { params: 0, results: 0 };
}

/// What the checker knows of one type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Of a function type: parameters and results; of a struct: its fields as parameters.
    pub(super) form: Form,
    /// Parameters that are vectors.
    pub(super) vectors: u32,
    /// Whether a parameter or result is a vector.
    pub(super) has_vectors: bool,
    /// Whether it is a group by itself, without subtyping and without reference to itself.
    is_alone: bool,
}

/// A recursion group, which most often is one type.
#[derive(Debug)]
struct Group {
    at: usize,
    /// The groups that it refers to, in order, as a range of `Types::references`.
    references: Range<usize>,
}

/// The types of a module, and where each is used first.
#[derive(Debug, Default)]
pub(super) struct Types {
    entries: Vec<Entry>,
    groups: Vec<Group>,
    references: Vec<usize>,
    /// The group of each type.
    group_of: Vec<usize>,
    /// Offset of the first use of each type outside of the type section; functions are read side by
    /// side, and the least offset does not depend on who comes first.
    uses: Vec<AtomicUsize>,
}

/// A type index in the type section, and where it stands.
type Reference = (Range<usize>, u32);

impl Types {
    /// Reads the contents of a type section.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        let mut types = Self::default();
        let mut known = BTreeSet::new();
        let mut references = Vec::new();
        for _ in 0..cursor.index()? {
            let at = cursor.at();
            references.clear();
            let first = types.entries.len();
            types.group(cursor, &mut references)?;
            if !known.insert(key(cursor, at, first, &references)) {
                return Err(Fault::freedom(at, Freedom::Types, "a type that stands here twice"));
            }
            types.close(at, first, &references);
        }
        types.uses.resize_with(types.entries.len(), || AtomicUsize::new(usize::MAX));
        Ok(types)
    }

    /// The type at `index`.
    pub(super) fn get(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize)
    }

    /// Parameters and results of the type at `index`.
    pub(super) fn form(&self, index: u32) -> Form {
        self.get(index).map_or(Form::EMPTY, |entry| entry.form)
    }

    /// Reads an index that uses a type.
    pub(super) fn used(&self, cursor: &mut Cursor<'_>) -> Result<u32, Fault> {
        let at = cursor.at();
        let index = cursor.index()?;
        self.note(at, index);
        Ok(index)
    }

    /// Passes a value type.
    pub(super) fn value_type(&self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        value_type(cursor, &mut |place: Range<usize>, index| self.note(place.start, index))
    }

    /// Passes a heap type.
    pub(super) fn heap(&self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        heap_type(cursor, &mut |place: Range<usize>, index| self.note(place.start, index))
    }

    /// Reads a block type.
    #[inline]
    pub(super) fn block(&self, cursor: &mut Cursor<'_>) -> Result<Form, Fault> {
        match cursor.peek() {
            Some(0x40) => cursor.byte().map(|_| Form::EMPTY),
            Some(byte) if byte & 0xc0 == 0x40 => {
                self.value_type(cursor)?;
                Ok(Form { params: 0, results: 1 })
            }
            _ => self.block_by_index(cursor),
        }
    }

    fn block_by_index(&self, cursor: &mut Cursor<'_>) -> Result<Form, Fault> {
        let at = cursor.at();
        let index = cursor.signed_index()?;
        let form = self.form(index);
        if form.params == 0 && form.results < 2 {
            let what = "a block type by index that has a short form";
            return Err(Fault::freedom(at, Freedom::BlockTypes, what));
        }
        if !self.get(index).is_some_and(|entry| entry.is_alone) {
            let what = "a block type that names a type which is more than parameters and results";
            return Err(Fault::freedom(at, Freedom::BlockTypes, what));
        }
        self.note(at, index);
        Ok(form)
    }

    #[inline]
    fn note(&self, at: usize, index: u32) {
        if let Some(first) = self.uses.get(index as usize)
            && at < first.load(Ordering::Relaxed)
        {
            first.fetch_min(at, Ordering::Relaxed);
        }
    }

    /// Holds the groups to the order of first use, as far as uses before `end` tell. When that is
    /// the end of the module, each must have been used.
    ///
    /// A use asks for the groups that its group refers to, in the order of its bytes, and then for
    /// the group itself.
    pub(super) fn check_order(&self, end: Option<usize>) -> Result<(), Fault> {
        let uses = self.uses.iter().map(|at| at.load(Ordering::Relaxed));
        let mut uses: Vec<_> = uses.zip(&self.group_of).collect();
        uses.retain(|(at, _)| *at < end.unwrap_or(usize::MAX));
        uses.sort_unstable();
        let (mut next, mut open) = (0, Vec::new());
        for (_, group) in uses {
            open.push((*group, 0));
            while let Some((group, seen)) = open.last_mut() {
                let references = self.groups.get(*group).map(|group| group.references.clone());
                let references = self.references.get(references.unwrap_or_default());
                if *group < next {
                    open.pop();
                } else if let Some(needed) = references.unwrap_or_default().get(*seen) {
                    *seen += 1;
                    let needed = *needed;
                    open.push((needed, 0));
                } else if *group == next {
                    next += 1;
                    open.pop();
                } else {
                    return Err(self.misplaced(next));
                }
            }
        }
        if end.is_none() && next < self.groups.len() { Err(self.misplaced(next)) } else { Ok(()) }
    }

    fn misplaced(&self, group: usize) -> Fault {
        let at = self.groups.get(group).map_or(0, |group| group.at);
        let what = "a type that is not used, or stands here before it is its turn by first use";
        Fault::freedom(at, Freedom::Types, what)
    }

    fn close(&mut self, at: usize, first: usize, references: &[Reference]) {
        let start = self.references.len();
        for (_, index) in references {
            if let Some(group) = self.group_of.get(*index as usize)
                && self.references.get(start..).and_then(<[_]>::last) != Some(group)
            {
                self.references.push(*group);
            }
        }
        let refers_to_itself = references.iter().any(|(_, index)| *index as usize >= first);
        if let Some([one]) = self.entries.get_mut(first..) {
            one.is_alone &= !refers_to_itself;
        } else if let Some(group) = self.entries.get_mut(first..) {
            group.iter_mut().for_each(|entry| entry.is_alone = false);
        }
        self.group_of.extend((first..self.entries.len()).map(|_| self.groups.len()));
        self.groups.push(Group { at, references: start..self.references.len() });
    }

    fn group(&mut self, cursor: &mut Cursor<'_>, found: &mut Vec<Reference>) -> Result<(), Fault> {
        const GROUP: u8 = 0x4e;
        if cursor.peek() != Some(GROUP) {
            return self.sub_type(cursor, found);
        }
        let at = cursor.at();
        cursor.byte()?;
        let count = cursor.index()?;
        if count < 2 {
            let what = "a recursion group around one type or none";
            return Err(Fault::freedom(at, Freedom::RecGroups, what));
        }
        (0..count).try_for_each(|_| self.sub_type(cursor, found))
    }

    fn sub_type(
        &mut self,
        cursor: &mut Cursor<'_>,
        found: &mut Vec<Reference>,
    ) -> Result<(), Fault> {
        const OPEN: u8 = 0x50;
        const FINAL: u8 = 0x4f;
        let mut reference = |place, index| found.push((place, index));
        let at = cursor.at();
        let mut is_alone = true;
        if let Some(head @ (OPEN | FINAL)) = cursor.peek() {
            is_alone = false;
            cursor.byte()?;
            let supertypes = cursor.index()?;
            if head == FINAL && supertypes == 0 {
                let what = "final and without supertypes, said at length";
                return Err(Fault::freedom(at, Freedom::FinalTypes, what));
            }
            for _ in 0..supertypes {
                let start = cursor.at();
                let index = cursor.index()?;
                reference(start..cursor.at(), index);
            }
        }
        let entry = composite(cursor, &mut reference)?;
        self.entries.push(Entry { is_alone, ..entry });
        Ok(())
    }
}

/// What makes a group equal to another: its bytes, with references into itself counted from its
/// beginning. References to earlier groups compare by index, since those are distinct already.
fn key(cursor: &Cursor<'_>, at: usize, first: usize, references: &[Reference]) -> Vec<u8> {
    let (mut key, mut copied) = (Vec::new(), at);
    for (place, index) in references {
        key.extend(cursor.between(copied, place.start));
        let inner = (*index as usize).checked_sub(first);
        key.push(u8::from(inner.is_some()));
        key.extend(inner.unwrap_or(*index as usize).to_le_bytes());
        copied = place.end;
    }
    key.extend(cursor.between(copied, cursor.at()));
    key
}

fn composite(
    cursor: &mut Cursor<'_>,
    reference: &mut impl FnMut(Range<usize>, u32),
) -> Result<Entry, Fault> {
    let at = cursor.at();
    let mut entry = Entry { form: Form::EMPTY, vectors: 0, has_vectors: false, is_alone: true };
    match cursor.byte()? {
        0x60 => {
            entry.form.params = cursor.index()?;
            for _ in 0..entry.form.params {
                entry.vectors += u32::from(cursor.peek() == Some(VECTOR_TYPE));
                value_type(cursor, reference)?;
            }
            entry.form.results = cursor.index()?;
            entry.has_vectors = entry.vectors > 0;
            for _ in 0..entry.form.results {
                entry.has_vectors |= cursor.peek() == Some(VECTOR_TYPE);
                value_type(cursor, reference)?;
            }
        }
        0x5f => {
            entry.form.params = cursor.index()?;
            (0..entry.form.params).try_for_each(|_| field(cursor, reference))?;
        }
        0x5e => field(cursor, reference)?,
        _ => return Err(Fault::unread(at)),
    }
    Ok(entry)
}

fn field(
    cursor: &mut Cursor<'_>,
    reference: &mut impl FnMut(Range<usize>, u32),
) -> Result<(), Fault> {
    match cursor.peek() {
        Some(0x77 | 0x78) => {
            cursor.byte()?;
        }
        _ => value_type(cursor, reference)?,
    }
    cursor.byte()?;
    Ok(())
}

/// The type `v128`.
pub(super) const VECTOR_TYPE: u8 = 0x7b;

fn value_type(
    cursor: &mut Cursor<'_>,
    reference: &mut impl FnMut(Range<usize>, u32),
) -> Result<(), Fault> {
    const NULLABLE: u8 = 0x63;
    const NON_NULL: u8 = 0x64;
    let at = cursor.at();
    match cursor.byte()? {
        VECTOR_TYPE..=0x7f | 0x68..=0x75 => Ok(()),
        NULLABLE if cursor.peek().is_some_and(is_abstract) => {
            Err(Fault::freedom(at, Freedom::RefTypes, "a reference type that has a short form"))
        }
        NULLABLE | NON_NULL => heap_type(cursor, reference),
        _ => Err(Fault::unread(at)),
    }
}

fn heap_type(
    cursor: &mut Cursor<'_>,
    reference: &mut impl FnMut(Range<usize>, u32),
) -> Result<(), Fault> {
    if cursor.peek().is_some_and(is_abstract) {
        return cursor.byte().map(|_| ());
    }
    let at = cursor.at();
    let index = cursor.signed_index()?;
    reference(at..cursor.at(), index);
    Ok(())
}

/// Whether a heap type that begins so is an abstract one: a negative number in one byte.
fn is_abstract(byte: u8) -> bool {
    byte & 0xc0 == 0x40
}
