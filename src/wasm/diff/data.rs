//! Where the data of two modules differs.

use super::super::leaks;
use super::align::{Part, Parts, Rows};
use super::finding::{Bytes, DataDiff, Look, RangeDiff};
use super::image::Image;
use super::looks;
use super::pairs::Maps;
use super::shifts::Shifts;
use std::collections::BTreeMap;
use std::ops::Range;

/// Places that are reported.
const SHOWN: usize = 256;
/// Texts of different growth beyond which no number is taken for the length of one.
const TEXTS: usize = 32;
/// Bytes of a place that are shown.
const BYTES: usize = 64;

/// What was found in the data of two modules.
pub(super) struct Found {
    pub(super) report: DataDiff,
    pub(super) lengths: Lengths,
    /// The first path in A that differs.
    pub(super) path: Option<String>,
}

/// By how many bytes texts became longer, with the least and the greatest length that such a text may
/// have in A.
#[derive(Default)]
pub(super) struct Lengths(BTreeMap<i64, (i64, i64)>);

/// Compares the data, where addresses moved by `shifts`.
pub(super) fn compare(maps: &Maps<'_, '_>, shifts: &Shifts) -> Found {
    let (a, b) = (&maps.a.image, &maps.b.image);
    let word = |at_a: usize, at_b: usize| pointer(maps, shifts, at_a, at_b);
    let anchors = shifts.anchors_in(maps.a, maps.b);
    let parts = Rows { a: &a.bytes, b: &b.bytes, word }.compare(&anchors);
    let lengths = Lengths::of(a, b, &parts);
    // Neither a length that follows from a text is a difference of its own, nor padding.
    let has_moved = !shifts.distances().is_empty();
    let (followers, own): (Vec<Part>, Vec<Part>) = parts
        .parts
        .into_iter()
        .partition(|part| is_length(a, b, part, &lengths) || (has_moved && is_padding(a, b, part)));
    let (mut ranges, mut path) = (Vec::new(), None);
    for part in own.iter().take(SHOWN) {
        let looks = looks::look((&a.bytes, &part.a), (&b.bytes, &part.b));
        if looks == Look::Path && path.is_none() {
            let leak = leaks::around(&a.bytes, &part.a).map(|(_, text)| text);
            path = Some(leak.unwrap_or(looks::text_around(&a.bytes, &part.a).0).to_owned());
        }
        let bytes = |image: &Image<'_>, range| shown(image, range, looks.is_text());
        ranges.push(RangeDiff { a: bytes(a, &part.a), b: bytes(b, &part.b), looks });
    }
    let report = DataDiff {
        a: a.bytes.len(),
        b: b.bytes.len(),
        more: own.len() - ranges.len() + parts.more,
        ranges,
        pointers: parts.words + followers.len(),
        moved: shifts.distances(),
    };
    Found { report, lengths, path }
}

/// The end of a word that differs as what it points to does: an address, or the number of a function.
fn pointer(maps: &Maps<'_, '_>, shifts: &Shifts, at_a: usize, at_b: usize) -> Option<usize> {
    let start_a = word_start(&maps.a.image, at_a);
    let start_b = at_b.checked_sub(at_a - start_a)?;
    let word = |image: &Image<'_>, at: usize| {
        let bytes = image.bytes.get(at..)?.first_chunk()?;
        Some(u64::from(u32::from_le_bytes(*bytes)))
    };
    let (one, other) = (word(&maps.a.image, start_a)?, word(&maps.b.image, start_b)?);
    let is_address = maps.a.addresses.contains(&one) && maps.b.addresses.contains(&other);
    let same =
        (is_address && one != other && shifts.moves(one, other)) || maps.same_number(one, other);
    (same && start_a + 4 > at_a).then_some(start_a + 4)
}

impl Lengths {
    /// Of the texts among `parts`. None, where so many differ that any number would do.
    fn of(a: &Image<'_>, b: &Image<'_>, parts: &Parts) -> Self {
        let mut lengths = Self::default();
        for part in &parts.parts {
            let text = |image: &Image<'_>, range| looks::text_around(&image.bytes, range).0.len();
            let (one, other) = (text(a, &part.a), text(b, &part.b));
            if one.max(other) < 4 {
                continue;
            }
            let [one, other, least] = [one, other, part.a.len()].map(|length| length as i64);
            // Of a longer text the ends are not looked for, and C counts a byte more.
            let most = if one > looks::REACH as i64 { super::LENGTH } else { one + 1 };
            for grew in [part.b.len() as i64 - least, other - one] {
                let (low, high) = lengths.0.entry(grew).or_insert((least, most));
                (*low, *high) = (least.min(*low), most.max(*high));
            }
            if lengths.0.len() > TEXTS {
                return Self::default();
            }
        }
        lengths
    }

    /// Whether a number may be the length of a text that became longer or shorter.
    pub(super) fn fit(&self, a: u64, b: u64) -> bool {
        let (a, b) = (a.cast_signed(), b.cast_signed());
        let in_range = |number: i64| (0..=super::LENGTH).contains(&number);
        in_range(a)
            && in_range(b)
            && a != b
            && self.0.get(&(b - a)).is_some_and(|(least, most)| (least..=most).contains(&&a))
    }
}

/// Where the aligned word begins that a byte belongs to.
fn word_start(image: &Image<'_>, at: usize) -> usize {
    let inside = image.place(at).address.map_or(at & 3, |address| (address & 3) as usize);
    at.saturating_sub(inside)
}

/// Whether a part is one number that grew as a text did.
fn is_length(a: &Image<'_>, b: &Image<'_>, part: &Part, lengths: &Lengths) -> bool {
    let start = word_start(a, part.a.start);
    let number = |image: &Image<'_>, at: usize| {
        let bytes = image.bytes.get(at..)?.first_chunk()?;
        Some(u64::from(u32::from_le_bytes(*bytes)))
    };
    let Some(start_b) = part.b.start.checked_sub(part.a.start - start) else { return false };
    let is_one = part.a.len() == part.b.len() && part.a.end <= start + 4;
    let numbers = number(a, start).zip(number(b, start_b));
    is_one && numbers.is_some_and(|(one, other)| lengths.fit(one, other))
}

/// Whether a part is nothing but zeros, more or fewer of them.
fn is_padding(a: &Image<'_>, b: &Image<'_>, part: &Part) -> bool {
    let zeros = |image: &Image<'_>, range| image.part(range).iter().all(|byte| *byte == 0);
    part.a.len() != part.b.len() && zeros(a, &part.a) && zeros(b, &part.b)
}

fn shown(image: &Image<'_>, range: &Range<usize>, is_text: bool) -> Bytes {
    let place = image.place(range.start);
    let cut = |range: Range<usize>, most: usize| {
        range.start..range.end.min(range.start.saturating_add(most))
    };
    let text = if is_text {
        let (text, _) = looks::text_around(&image.bytes, &cut(range.clone(), BYTES));
        text.as_bytes().escape_ascii().to_string()
    } else {
        image.part(&cut(range.clone(), BYTES)).escape_ascii().to_string()
    };
    Bytes {
        segment: place.segment,
        address: place.address,
        offset: place.file,
        bytes: range.len(),
        text,
    }
}
