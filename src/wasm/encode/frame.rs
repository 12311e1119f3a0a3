//! Where the sections of a module stand.

use super::scribe::Scribe;
use super::typing::{Naming, Numbering};
use crate::wasm::Error;
use std::ops::Range;

/// Magic and version.
pub(super) const HEADER: &[u8; 8] = b"\0asm\x01\0\0\0";

/// A section.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) id: u8,
    /// Where it begins.
    pub(super) at: usize,
    /// Where its contents stand.
    pub(super) range: Range<usize>,
}

impl Section {
    /// Its length as a whole.
    pub(super) fn length(&self) -> usize {
        self.range.end - self.at
    }
}

/// The sections of a module, in their order.
pub(super) fn sections(bytes: &[u8]) -> Result<Vec<Section>, Error> {
    let numbers = Numbering::default();
    let mut scribe = Scribe::new(bytes, HEADER.len()..bytes.len(), Naming::Numbers(&numbers));
    if !bytes.starts_with(HEADER) {
        return Err(scribe.fault("not a module"));
    }
    let mut sections = Vec::new();
    while !scribe.is_done() {
        let at = scribe.at;
        let id = scribe.skip()?;
        let size = scribe.read_index()? as usize;
        let start = scribe.at;
        scribe.at = start.saturating_add(size);
        if scribe.at > scribe.end {
            return Err(scribe.fault("a section ends too late"));
        }
        sections.push(Section { id, at, range: start..scribe.at });
    }
    Ok(sections)
}
