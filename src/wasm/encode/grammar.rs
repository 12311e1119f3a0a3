//! Types, as they stand in sections and in code (Wasm specification, §5.3).

use super::scribe::{Scribe, difference};
use super::typing::{BlockForm, Naming};
use crate::wasm::Error;
use crate::wasm::freedom::Freedom;
use crate::wasm::numbers::{read_unsigned, signed_length, unsigned_length, write_signed};
use std::ops::Range;

/// What blocks and keys need to know of a type of a group.
pub(super) struct Shape {
    /// Number of parameters and results, and where the results' types stand.
    pub(super) function: Option<(u64, u64, usize)>,
    /// Where the type stands, without what says that it is final and a subtype.
    pub(super) range: Range<usize>,
    /// Whether it is final and has no supertype.
    pub(super) is_plain: bool,
}

/// Whether `byte` is a heap type that is not an index.
pub(super) const fn is_abstract(byte: u8) -> bool {
    matches!(byte, 0x69..=0x74)
}

impl Scribe<'_> {
    /// A recursion group; what it consists of goes to `shapes`.
    pub(super) fn group(&mut self, shapes: &mut Vec<Shape>) -> Result<(), Error> {
        let opened = self.open();
        let mut length = 1;
        if self.peek()? == 0x4e {
            self.skip()?;
            let start = self.at;
            length = self.read_unsigned()?;
            self.shortened(start, unsigned_length(length));
            if length == 1 {
                self.settle(&opened, Freedom::RecGroups, 1);
            } else {
                self.put(0x4e);
                self.put_unsigned(length);
            }
        }
        if let Naming::Keys(keys) = &mut self.naming {
            keys.length = u32::try_from(length).unwrap_or(u32::MAX);
        }
        for _ in 0..length {
            let shape = self.sub_type()?;
            shapes.push(shape);
        }
        Ok(())
    }

    fn sub_type(&mut self) -> Result<Shape, Error> {
        let opened = self.open();
        let mut is_plain = true;
        let kind = self.peek()?;
        if matches!(kind, 0x4f | 0x50) {
            self.skip()?;
            let start = self.at;
            let supertypes = self.read_unsigned()?;
            self.shortened(start, unsigned_length(supertypes));
            is_plain = kind == 0x4f && supertypes == 0;
            if is_plain {
                self.settle(&opened, Freedom::FinalTypes, 1);
            } else {
                self.put(kind);
                self.put_unsigned(supertypes);
            }
            for _ in 0..supertypes {
                self.type_index()?;
            }
        }
        let start = self.at;
        let function = self.composite()?;
        Ok(Shape { function, range: start..self.at, is_plain })
    }

    fn composite(&mut self) -> Result<Option<(u64, u64, usize)>, Error> {
        match self.byte()? {
            0x5e => self.field()?,
            0x5f => {
                for _ in 0..self.unsigned()? {
                    self.field()?;
                }
            }
            0x60 => {
                let parameters = self.value_types()?;
                let count = read_unsigned(self.rest()).map_or(0, |(_, length)| length);
                let first = self.at.saturating_add(count);
                let results = self.value_types()?;
                return Ok(Some((parameters, results, first)));
            }
            _ => return Err(self.fault("unknown type")),
        }
        Ok(None)
    }

    fn value_types(&mut self) -> Result<u64, Error> {
        let count = self.unsigned()?;
        for _ in 0..count {
            self.value_type()?;
        }
        Ok(count)
    }

    fn field(&mut self) -> Result<(), Error> {
        self.value_type()?;
        self.byte().map(drop)
    }

    /// A value type, reference type, or packed type.
    pub(super) fn value_type(&mut self) -> Result<(), Error> {
        match self.peek()? {
            0x63 => {
                self.skip()?;
                if is_abstract(self.peek()?) {
                    self.note(Freedom::RefTypes, 1, 1);
                } else {
                    self.put(0x63);
                }
                self.heap_type()
            }
            0x64 => {
                self.byte()?;
                self.heap_type()
            }
            0x77 | 0x78 | 0x7b..=0x7f | 0x69..=0x74 => self.byte().map(drop),
            _ => Err(self.fault("unknown type")),
        }
    }

    pub(super) fn heap_type(&mut self) -> Result<(), Error> {
        let first = self.peek()?;
        if is_abstract(first) {
            return self.byte().map(drop);
        }
        if first & 0xc0 == 0x40 {
            return Err(self.fault("unknown heap type"));
        }
        let start = self.at;
        let old = self.read_type()?;
        self.named(start, old, signed_length(old.into()), true)
    }

    /// A type index.
    pub(super) fn type_index(&mut self) -> Result<(), Error> {
        let start = self.at;
        let old = self.read_index()?;
        self.named(start, old, unsigned_length(old.into()), false)
    }

    /// Writes type `old`, which was read from `start` on and needed `length` bytes.
    fn named(&mut self, start: usize, old: u32, length: usize, signed: bool) -> Result<(), Error> {
        self.shortened(start, length);
        let number = match &mut self.naming {
            Naming::Keys(keys) => match keys.places.get(old as usize) {
                Some(place) => {
                    let place = *place;
                    self.met.push(place.class);
                    self.put(1);
                    self.put_unsigned(place.class.into());
                    place.at
                }
                None => {
                    let at = u32::try_from(keys.places.len()).ok().and_then(|n| old.checked_sub(n));
                    let at = at.filter(|at| *at < keys.length);
                    keys.is_recursive = true;
                    self.put(0);
                    at.ok_or_else(|| self.fault("unknown type"))?
                }
            },
            Naming::Numbers(numbers) => match numbers.number(old) {
                Some(Ok(number)) => number,
                Some(Err(class)) => {
                    self.met.push(class);
                    old
                }
                None => return Err(self.fault("unknown type")),
            },
        };
        let before = self.out.len();
        if signed {
            write_signed(&mut self.out, number.into());
        } else {
            self.put_unsigned(number.into());
        }
        let saved = difference(length, self.out.len() - before);
        if saved != 0 {
            self.note(Freedom::Types, 0, saved);
        }
        Ok(())
    }

    pub(super) fn block_type(&mut self) -> Result<(), Error> {
        let first = self.peek()?;
        if first == 0x40 {
            return self.byte().map(drop);
        }
        if first & 0xc0 == 0x40 {
            return self.value_type();
        }
        let (opened, start) = (self.open(), self.at);
        let old = self.read_type()?;
        let Naming::Numbers(numbers) = self.naming else { return Err(self.fault("a block")) };
        match numbers.block(old) {
            Some(BlockForm::Empty) => self.put(0x40),
            Some(BlockForm::Value(range)) => {
                // What the type saves where it stands is counted there.
                let books = self.books();
                let next = (self.at, self.end);
                (self.at, self.end) = (range.start, range.end);
                let done = self.value_type();
                (self.at, self.end) = next;
                self.restore(books);
                done?;
            }
            Some(BlockForm::Class(class)) => {
                let length = signed_length(old.into());
                self.shortened(start, length);
                let number = numbers.first(*class).unwrap_or_else(|| {
                    self.met.push(*class);
                    old
                });
                write_signed(&mut self.out, number.into());
                let saved = difference(length, signed_length(number.into()));
                if numbers.class(old) == Some(*class) {
                    self.note(Freedom::Types, 0, saved);
                } else {
                    self.note(Freedom::BlockTypes, 1, saved);
                }
                return Ok(());
            }
            Some(BlockForm::Invalid) | None => return Err(self.fault("not a function type")),
        }
        self.settle(&opened, Freedom::BlockTypes, 1);
        Ok(())
    }

    /// Limits of a memory or table.
    pub(super) fn limits(&mut self) -> Result<(), Error> {
        let flags = self.byte()?;
        if flags & !0b101 != 0 {
            return Err(self.fault("unknown limits"));
        }
        self.unsigned()?;
        if flags & 1 != 0 {
            self.unsigned()?;
        }
        Ok(())
    }
}
