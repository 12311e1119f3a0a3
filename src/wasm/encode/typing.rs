//! Which types are the same, which are used, and which number each gets.
//!
//! Two recursion groups are the same when they have the same key: the bytes of the group in its
//! shortest form, in which a type of the group itself is named by its place there, and a type of an
//! earlier group by the class of that group. Groups with the same key are one *class*.

use super::grammar::Shape;
use super::scribe::Scribe;
use crate::wasm::Error;
use std::collections::BTreeMap;
use std::ops::Range;

/// No class, no number.
const NONE: u32 = u32::MAX;

/// How a [`Scribe`] writes type indices.
pub(super) enum Naming<'m> {
    /// For keys.
    Keys(Keys),
    /// By the numbers that types have in the canonical module.
    Numbers(&'m Numbering),
}

impl Naming<'_> {
    /// The same for a scribe that looks ahead; keys are not made that way.
    pub(super) fn fork(&self) -> Self {
        match self {
            Self::Keys(_) => Self::Keys(Keys::default()),
            Self::Numbers(numbers) => Self::Numbers(numbers),
        }
    }
}

/// What is known of types while keys are made.
#[derive(Default)]
pub(super) struct Keys {
    /// Of the types of the groups so far.
    pub(super) places: Vec<Place>,
    /// How many types the group that is read has; they come after `places`.
    pub(super) length: u32,
    /// Whether the group names a type of its own.
    pub(super) is_recursive: bool,
}

/// Where a type stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) class: u32,
    /// In the group.
    pub(super) at: u32,
}

/// Recursion groups that are the same.
struct Class {
    /// Where the first of them stands in the module.
    range: Range<usize>,
    /// Whether it is not one of the module's groups, but a function type out of one.
    is_block: bool,
    /// Number of types.
    length: u32,
    /// The classes it refers to, in order of references.
    refers: Vec<u32>,
}

/// How a block type that names a type is written.
#[derive(Debug, Clone)]
pub(super) enum BlockForm {
    /// No parameters, no results.
    Empty,
    /// One result, whose type stands there in the module.
    Value(Range<usize>),
    /// By the number of the class of that function type alone.
    Class(u32),
    /// Not a function type.
    Invalid,
}

/// A recursion group as it stands in the module.
struct Group {
    range: Range<usize>,
    /// [`NONE`] when it has no types.
    class: u32,
}

/// The types of a module, before they have numbers.
#[derive(Default)]
pub(super) struct Types {
    places: Vec<Place>,
    classes: Vec<Class>,
    blocks: Vec<BlockForm>,
    groups: Vec<Group>,
}

impl Types {
    /// Reads the type section whose contents stand at `section`.
    pub(super) fn read(bytes: &[u8], section: Range<usize>) -> Result<Self, Error> {
        let mut types = Self::default();
        let mut known = BTreeMap::new();
        let mut scribe = Scribe::new(bytes, section, Naming::Keys(Keys::default()));
        for _ in 0..scribe.unsigned()? {
            types.group(&mut scribe, &mut known)?;
        }
        if let Naming::Keys(keys) = scribe.naming {
            types.places = keys.places;
        }
        Ok(types)
    }

    fn group(
        &mut self,
        scribe: &mut Scribe<'_>,
        known: &mut BTreeMap<Vec<u8>, u32>,
    ) -> Result<(), Error> {
        let start = scribe.at;
        let mut shapes = Vec::new();
        if let Naming::Keys(keys) = &mut scribe.naming {
            keys.is_recursive = false;
        }
        scribe.out.clear();
        scribe.met.clear();
        scribe.group(&mut shapes)?;
        let range = start..scribe.at;
        let length = u32::try_from(shapes.len()).map_err(|_| scribe.fault("too many types"))?;
        if length == 0 {
            self.groups.push(Group { range, class: NONE });
            return Ok(());
        }
        let class = self.class(scribe, known, range.clone(), length, false)?;
        self.groups.push(Group { range, class });
        let mut is_alone = length == 1;
        if let Naming::Keys(keys) = &mut scribe.naming {
            keys.places.extend((0..length).map(|at| Place { class, at }));
            keys.length = 0;
            is_alone &= !keys.is_recursive;
        }
        for shape in shapes {
            let alone = (is_alone && shape.is_plain).then_some(class);
            let form = self.block(scribe, known, &shape, alone)?;
            self.blocks.push(form);
        }
        Ok(())
    }

    /// The class of the group whose key the scribe has written.
    fn class(
        &mut self,
        scribe: &mut Scribe<'_>,
        known: &mut BTreeMap<Vec<u8>, u32>,
        range: Range<usize>,
        length: u32,
        is_block: bool,
    ) -> Result<u32, Error> {
        let key = std::mem::take(&mut scribe.out);
        if let Some(&at) = known.get(&key) {
            if let Some(class) =
                self.classes.get_mut(at as usize).filter(|c| c.is_block && !is_block)
            {
                (class.range, class.is_block) = (range, false);
            }
            return Ok(at);
        }
        let class =
            u32::try_from(self.classes.len()).map_err(|_| scribe.fault("too many types"))?;
        known.insert(key, class);
        let refers = std::mem::take(&mut scribe.met);
        self.classes.push(Class { range, is_block, length, refers });
        Ok(class)
    }

    /// How a block of that type is written. `alone` is the class of the type when it is a function
    /// type and nothing more.
    fn block(
        &mut self,
        scribe: &mut Scribe<'_>,
        known: &mut BTreeMap<Vec<u8>, u32>,
        shape: &Shape,
        alone: Option<u32>,
    ) -> Result<BlockForm, Error> {
        Ok(match (shape.function, alone) {
            (None, _) => BlockForm::Invalid,
            (Some((0, 0, _)), _) => BlockForm::Empty,
            (Some((0, 1, at)), _) => BlockForm::Value(at..shape.range.end),
            (Some(_), Some(class)) => BlockForm::Class(class),
            (Some(_), None) => {
                let next = std::mem::replace(&mut scribe.at, shape.range.start);
                scribe.out.clear();
                scribe.met.clear();
                scribe.group(&mut Vec::new())?;
                scribe.at = next;
                BlockForm::Class(self.class(scribe, known, shape.range.clone(), 1, true)?)
            }
        })
    }
}

/// The numbers of types in the canonical module.
#[derive(Default)]
pub(super) struct Numbering {
    types: Types,
    /// The number of the first type of each class.
    first: Vec<u32>,
    /// The classes that have numbers, in their order.
    order: Vec<u32>,
    /// How many numbers there are.
    count: u32,
    /// The number of each type of the module.
    numbers: Vec<u32>,
    /// Whether every type keeps its number.
    pub(super) is_identity: bool,
}

impl Numbering {
    pub(super) fn new(types: Types) -> Self {
        let (first, numbers) = (vec![NONE; types.classes.len()], vec![NONE; types.places.len()]);
        Self { types, first, numbers, ..Self::default() }
    }

    /// Gives numbers to `classes` and what they refer to, where they have none: what a class refers
    /// to comes before it, in order of references.
    pub(super) fn extend(&mut self, classes: impl IntoIterator<Item = u32>) {
        // A class and how many of its references were followed; numbered when all were.
        let mut path: Vec<(u32, usize)> = Vec::new();
        for class in classes {
            path.push((class, 0));
            while let Some((class, followed)) = path.last_mut() {
                let Some(known) = self.types.classes.get(*class as usize) else {
                    path.pop();
                    continue;
                };
                let is_numbered = self.first.get(*class as usize).is_none_or(|n| *n != NONE);
                match known.refers.get(*followed) {
                    _ if is_numbered => {}
                    Some(next) => {
                        *followed += 1;
                        if self.first.get(*next as usize) == Some(&NONE) {
                            path.push((*next, 0));
                        }
                        continue;
                    }
                    None => {
                        if let Some(first) = self.first.get_mut(*class as usize) {
                            *first = self.count;
                        }
                        self.order.push(*class);
                        self.count = self.count.saturating_add(known.length);
                    }
                }
                path.pop();
            }
        }
        self.refresh();
    }

    fn refresh(&mut self) {
        self.is_identity = true;
        for ((old, number), place) in (0_u32..).zip(&mut self.numbers).zip(&self.types.places) {
            let first = self.first.get(place.class as usize).copied().unwrap_or(NONE);
            *number = if first == NONE { NONE } else { first.saturating_add(place.at) };
            self.is_identity &= *number == old;
        }
    }

    /// The number of type `old`, or else its class.
    #[inline]
    pub(super) fn number(&self, old: u32) -> Option<Result<u32, u32>> {
        match self.numbers.get(old as usize) {
            Some(&NONE) => Some(Err(self.types.places.get(old as usize)?.class)),
            Some(number) => Some(Ok(*number)),
            None => None,
        }
    }

    /// The class of type `old`.
    pub(super) fn class(&self, old: u32) -> Option<u32> {
        self.types.places.get(old as usize).map(|place| place.class)
    }

    /// The number of the first type of a class.
    pub(super) fn first(&self, class: u32) -> Option<u32> {
        self.first.get(class as usize).copied().filter(|number| *number != NONE)
    }

    /// How a block of type `old` is written.
    pub(super) fn block(&self, old: u32) -> Option<&BlockForm> {
        self.types.blocks.get(old as usize)
    }

    /// Where the groups to write stand in the module, in their order.
    pub(super) fn groups(&self) -> impl Iterator<Item = Range<usize>> {
        let class = |class: &u32| self.types.classes.get(*class as usize);
        self.order.iter().filter_map(class).map(|class| class.range.clone())
    }

    /// How many groups of the module are not written, or at another place than before.
    pub(super) fn disturbed(&self) -> u64 {
        let (mut disturbed, mut kept) = (0, 0_usize);
        for group in &self.types.groups {
            let class = self.types.classes.get(group.class as usize);
            let is_written = class.is_some_and(|class| class.range == group.range)
                && self.first(group.class).is_some();
            disturbed += u64::from(!is_written || self.order.get(kept) != Some(&group.class));
            kept += usize::from(is_written);
        }
        disturbed
    }
}
