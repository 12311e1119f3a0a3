//! Custom sections: which may stand in a canonical module, and where.

use super::super::freedom::Freedom;
use super::cursor::{Cursor, Fault};

/// What was seen of the sections so far.
#[derive(Debug, Default)]
pub(super) struct Customs<'a> {
    /// Whether there was any section.
    any: bool,
    /// Where the first of those stands that come after all others.
    trailing: Option<usize>,
    /// Name and contents of the last of these.
    last: (&'a [u8], &'a [u8]),
}

/// For loaders of dynamic libraries: it comes first.
const DYLINK: &[u8] = b"dylink.0";
/// For linkers of components.
const COMPONENT_TYPE: &[u8] = b"component-type:";
/// What an author declares.
const DECLARED: [&[u8]; 4] = [b"authors", b"description", b"homepage", b"licenses"];

impl<'a> Customs<'a> {
    /// A section that is not a custom one begins.
    pub(super) fn pass(&mut self) -> Result<(), Fault> {
        self.any = true;
        let what = "a custom section before sections that are none";
        self.trailing.map_or(Ok(()), |at| Err(fault(at, what)))
    }

    /// Holds a custom section that begins at `at` to the rules.
    pub(super) fn section(&mut self, at: usize, contents: &mut Cursor<'a>) -> Result<(), Fault> {
        let is_first = !std::mem::replace(&mut self.any, true);
        let name = contents.sized()?;
        if name == DYLINK {
            let what = "dylink.0 is not the first section";
            return if is_first { Ok(()) } else { Err(fault(at, what)) };
        }
        if !name.starts_with(COMPONENT_TYPE) && !DECLARED.contains(&name) {
            return Err(fault(at, "a custom section that belongs in the debug companion"));
        }
        let section = (name, contents.rest());
        if self.trailing.is_some() && section <= self.last {
            return Err(fault(at, "custom sections that are not sorted, or are the same"));
        }
        self.trailing.get_or_insert(at);
        self.last = section;
        Ok(())
    }
}

const fn fault(at: usize, what: &'static str) -> Fault {
    Fault::freedom(at, Freedom::CustomSections, what)
}
