//! Writes the canonical form of a module (spec/canonical.md).
//!
//! The sections are read once, number by number, and written as they are read ([`scribe::Scribe`]);
//! where the shortest writing is not what is there, the difference is put down to the freedom that
//! was taken. Types get their numbers as they are met, so sections before the code are gone through
//! once more, before anything is written; code is written in runs of functions, side by side, and
//! those runs that meet a type without a number are written again.

mod code;
mod customs;
mod frame;
mod functions;
mod grammar;
pub(super) mod quick;
mod scribe;
mod sections;
mod typing;

#[cfg(test)]
mod tests;

use super::Error;
use super::edit::ORDER;
use super::freedom::{Changes, Freedom};
use super::numbers;
use super::offsets::Offsets;
use crate::limits;
use customs::Kept;
use frame::{HEADER, Section};
use functions::Run;
use scribe::{Scribe, difference};
use typing::{Naming, Numbering, Types};
use wasm_encoder::SectionId;

pub(super) use customs::are_kept;

/// A module in canonical form, and what was done to it.
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    /// Where the bytes come from.
    pub(super) offsets: Offsets,
    pub(super) changes: Changes,
}

/// Sections before the code in which types are named, in their order.
const NAMING: [SectionId; 6] = [
    SectionId::Import,
    SectionId::Function,
    SectionId::Table,
    SectionId::Tag,
    SectionId::Global,
    SectionId::Element,
];

/// Encodes a valid module canonically.
///
/// # Errors
/// [`Error::Malformed`] for what WebAssembly 3.0 does not have, as far as validation let it pass, and
/// what is not valid; [`Error::TooLarge`] for a result above the limit.
pub(super) fn encode(module: &[u8]) -> Result<Encoded, Error> {
    let sections = frame::sections(module)?;
    let kept = Kept::of(module, &sections);
    Encoder::new(module, &sections)?.run(&kept, module)
}

/// Encodes a valid module canonically, with the custom sections that `other` has and keeps instead
/// of its own.
///
/// # Errors
/// As [`encode`].
pub(super) fn encode_with_customs(module: &[u8], other: &[u8]) -> Result<Encoded, Error> {
    let (sections, others) = (frame::sections(module)?, frame::sections(other)?);
    Encoder::new(module, &sections)?.run(&Kept::of(other, &others), other)
}

/// A module that is written.
struct Encoder<'m> {
    module: &'m [u8],
    sections: &'m [Section],
    out: Vec<u8>,
    offsets: Offsets,
    changes: Changes,
}

impl<'m> Encoder<'m> {
    fn new(module: &'m [u8], sections: &'m [Section]) -> Result<Self, Error> {
        let known = |section: &&Section| ORDER.iter().any(|id| *id as u8 == section.id);
        let mut ids: Vec<u8> = sections.iter().filter(known).map(|section| section.id).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        let customs = sections.iter().filter(|section| section.id == 0).count();
        if ids.len() != count || count + customs != sections.len() {
            let what = "unknown sections, or one twice".to_owned();
            return Err(Error::Malformed { offset: 0, what });
        }
        let mut offsets = Offsets::default();
        offsets.copied(0, 0);
        let (out, changes) = (HEADER.to_vec(), Changes::default());
        Ok(Self { module, sections, out, offsets, changes })
    }

    /// `others` has the custom sections that are `kept`.
    fn run(mut self, kept: &Kept<'_>, others: &[u8]) -> Result<Encoded, Error> {
        let mut numbers = Numbering::new(match self.section(SectionId::Type) {
            Some(section) => Types::read(self.module, section.range.clone())?,
            None => Types::default(),
        });
        let met = self.types_before_code(&numbers)?;
        numbers.extend(met);
        let code = match self.section(SectionId::Code).filter(|code| !self.is_empty(code)) {
            Some(code) => functions::write(self.module, code.range.clone(), &mut numbers)?,
            None => Vec::new(),
        };

        self.out.reserve(self.module.len());
        if let Some(section) = kept.first {
            self.custom(section, others)?;
        }
        let mut code = Some(code);
        for id in ORDER {
            let Some(section) = self.section(id) else { continue };
            if self.is_empty(section) {
                self.changes.add(Freedom::EmptySections, 1, difference(section.length(), 0));
                continue;
            }
            match id {
                SectionId::Type => self.types(section, &numbers)?,
                SectionId::Code => self.code(section, code.take().unwrap_or_default()),
                SectionId::DataCount if !needs_data_count(code.as_deref()) => {
                    self.changes.add(Freedom::DataCount, 1, difference(section.length(), 0));
                }
                _ => {
                    let mut scribe = self.scribe(section, &numbers);
                    scribe.out.reserve(section.range.len());
                    scribe.contents(id)?;
                    self.write(section, id, scribe)?;
                }
            }
        }
        for section in &kept.last {
            self.custom(section, others)?;
        }
        self.count_customs(kept, others);

        let found = self.out.len() as u64;
        if found > limits::MODULE_BYTES {
            return Err(Error::TooLarge { found, limit: limits::MODULE_BYTES });
        }
        Ok(Encoded { bytes: self.out, offsets: self.offsets, changes: self.changes })
    }

    fn section(&self, id: SectionId) -> Option<&'m Section> {
        self.sections.iter().find(|section| section.id == id as u8)
    }

    /// Whether a section is a list of nothing.
    fn is_empty(&self, section: &Section) -> bool {
        let is_list = ![SectionId::Start as u8, SectionId::DataCount as u8].contains(&section.id);
        let contents = self.module.get(section.range.clone()).unwrap_or_default();
        is_list && matches!(numbers::read_unsigned(contents), Some((0, _)))
    }

    fn scribe<'n>(&self, section: &Section, numbers: &'n Numbering) -> Scribe<'n>
    where
        'm: 'n,
    {
        Scribe::new(self.module, section.range.clone(), Naming::Numbers(numbers))
    }

    /// The classes of types that sections before the code name, in their order.
    fn types_before_code(&self, numbers: &Numbering) -> Result<Vec<u32>, Error> {
        let mut met = Vec::new();
        for id in NAMING {
            let Some(section) = self.section(id) else { continue };
            let mut scribe = self.scribe(section, numbers);
            scribe.contents(id)?;
            met.append(&mut scribe.met);
        }
        Ok(met)
    }

    fn types(&mut self, section: &Section, numbers: &Numbering) -> Result<(), Error> {
        let mut scribe = self.scribe(section, numbers);
        let count = numbers.groups().count();
        if count == 0 {
            self.changes.add(Freedom::Types, numbers.disturbed(), difference(section.length(), 0));
            return Ok(());
        }
        scribe.put_unsigned(count as u64);
        let mut shapes = Vec::new();
        for range in numbers.groups() {
            (scribe.at, scribe.end) = (range.start, range.end);
            scribe.mark();
            scribe.group(&mut shapes)?;
            shapes.clear();
        }
        let total = difference(section.range.len(), scribe.out.len());
        scribe.note(Freedom::Types, numbers.disturbed(), total - scribe.saved());
        self.write(section, SectionId::Type, scribe)
    }

    /// Writes the code section; each run is given up as soon as it is copied.
    fn code(&mut self, section: &Section, runs: Vec<Run>) {
        let contents = self.module.get(section.range.clone()).unwrap_or_default();
        let (count, length) = numbers::read_unsigned(contents).unwrap_or_default();
        let shortest = numbers::unsigned_length(count);
        let overlong = difference(length, shortest);
        self.changes.add(Freedom::Leb128, u64::from(overlong > 0), overlong);
        let size = shortest + runs.iter().map(|run| run.out.len()).sum::<usize>();
        self.header(section, SectionId::Code, size);
        numbers::write_unsigned(&mut self.out, count);
        for run in runs {
            self.offsets.append(&run.offsets, self.out.len() as u64, 0);
            self.changes.merge(&run.changes);
            self.out.extend_from_slice(&run.out);
        }
    }

    /// Writes a section whose contents `scribe` has.
    fn write(&mut self, section: &Section, id: SectionId, scribe: Scribe<'_>) -> Result<(), Error> {
        if !scribe.met.is_empty() {
            return Err(scribe.fault("a type that was not met before"));
        }
        self.header(section, id, scribe.out.len());
        self.offsets.append(&scribe.offsets, self.out.len() as u64, 0);
        self.changes.merge(&scribe.changes);
        self.out.extend_from_slice(&scribe.out);
        Ok(())
    }

    /// Writes id and size of a section.
    fn header(&mut self, section: &Section, id: SectionId, size: usize) {
        let old = section.range.start - section.at;
        let new = 1 + numbers::unsigned_length(size as u64);
        let needed = 1 + numbers::unsigned_length(section.range.len() as u64);
        self.changes.add(Freedom::Leb128, u64::from(old > needed), difference(old, new));
        self.offsets.copied(self.out.len() as u64, section.at as u64);
        self.out.push(id as u8);
        numbers::write_unsigned(&mut self.out, size as u64);
        self.offsets.copied(self.out.len() as u64, section.range.start as u64);
    }

    /// Writes a custom section of `others`.
    fn custom(&mut self, section: &Section, others: &[u8]) -> Result<(), Error> {
        let nothing = Numbering::default();
        let mut scribe = Scribe::new(others, section.range.clone(), Naming::Numbers(&nothing));
        scribe.string()?;
        scribe.copy(scribe.rest().len() as u64)?;
        if std::ptr::eq(others, self.module) {
            return self.write(section, SectionId::Custom, scribe);
        }
        let before = self.out.len();
        self.offsets.inserted(before as u64, self.module.len() as u64);
        self.out.push(SectionId::Custom as u8);
        numbers::write_unsigned(&mut self.out, scribe.out.len() as u64);
        self.out.extend_from_slice(&scribe.out);
        self.changes.add(Freedom::CustomSections, 1, difference(before, self.out.len()));
        Ok(())
    }

    /// Counts the custom sections that are not written.
    fn count_customs(&mut self, kept: &Kept<'_>, others: &[u8]) {
        let is_own = std::ptr::eq(others, self.module);
        let written: Vec<_> = kept.first.iter().chain(&kept.last).filter(|_| is_own).collect();
        let left: usize = (self.sections.iter())
            .filter(|section| section.id == SectionId::Custom as u8)
            .map(Section::length)
            .sum();
        let written: usize = written.iter().map(|section| section.length()).sum();
        let times = if is_own { kept.disturbed } else { 0 };
        self.changes.add(Freedom::CustomSections, times, difference(left, written));
    }
}

fn needs_data_count(code: Option<&[Run]>) -> bool {
    code.is_some_and(|runs| runs.iter().any(|run| run.needs_data_count))
}
