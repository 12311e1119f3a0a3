//! Custom sections that the canonical form keeps, and where.

use super::frame::Section;
use crate::wasm::numbers::read_unsigned;

/// Loaders of dynamic libraries look for it in the first place.
const FIRST: &[u8] = b"dylink.0";
/// The interface of a program that is to become a component.
const INTERFACE: &[u8] = b"component-type:";
/// What the author declares about a program, however and wherever it is built.
const DECLARED: [&[u8]; 4] = [b"authors", b"description", b"homepage", b"licenses"];

/// The custom sections of a module that are kept.
#[derive(Default)]
pub(super) struct Kept<'a> {
    /// Before all other sections.
    pub(super) first: Option<&'a Section>,
    /// After all other sections, sorted.
    pub(super) last: Vec<&'a Section>,
    /// How many custom sections are not kept, or stand elsewhere than they will.
    pub(super) disturbed: u64,
}

impl<'a> Kept<'a> {
    /// The custom sections of `bytes`, which has `sections`.
    pub(super) fn of(bytes: &[u8], sections: &'a [Section]) -> Self {
        let mut kept = Self::default();
        let mut named: Vec<(&[u8], &[u8], &Section)> = Vec::new();
        let mut customs = 0;
        for section in sections.iter().filter(|section| section.id == 0) {
            customs += 1;
            let Some((name, data)) = split(bytes, section) else { continue };
            if name == FIRST {
                kept.first = kept.first.or(Some(section));
            } else if is_listed(name) {
                named.push((name, data, section));
            }
        }
        named.sort_by_key(|(name, data, _)| (*name, *data));
        named.dedup_by_key(|(name, data, _)| (*name, *data));
        kept.last = named.into_iter().map(|(_, _, section)| section).collect();
        kept.disturbed = customs - kept.in_place(sections);
        kept
    }

    /// How many of the sections that are kept stand where they belong.
    fn in_place(&self, sections: &[Section]) -> u64 {
        let first = self.first.is_some_and(|first| sections.first().is_some_and(|s| s == first));
        let last = sections.iter().rev().zip(self.last.iter().rev());
        u64::from(first) + last.take_while(|(section, kept)| section == *kept).count() as u64
    }
}

/// For each custom section, by name and in their order, whether the canonical form keeps it. Of
/// several that are equal one is kept, and none is a loss.
pub(in crate::wasm) fn are_kept<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<bool> {
    let mut has_first = false;
    let is_kept = |name: &[u8]| match name {
        FIRST => !std::mem::replace(&mut has_first, true),
        _ => is_listed(name),
    };
    names.into_iter().map(str::as_bytes).map(is_kept).collect()
}

fn is_listed(name: &[u8]) -> bool {
    name.starts_with(INTERFACE) || DECLARED.contains(&name)
}

/// Name and contents of a custom section.
fn split<'b>(bytes: &'b [u8], section: &Section) -> Option<(&'b [u8], &'b [u8])> {
    let contents = bytes.get(section.range.clone())?;
    let (length, at) = read_unsigned(contents)?;
    contents.get(at..)?.split_at_checked(usize::try_from(length).ok()?)
}
