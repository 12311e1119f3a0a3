//! Which bytes of two rows differ.

use std::ops::Range;

/// Bytes of a block by which equal parts are found again.
const BLOCK: usize = 16;
/// Bytes that must be equal for two parts to belong together.
const LEAST: usize = 24;
/// Equal bytes that end a part that differs.
const QUIET: usize = 8;
/// Parts that are kept.
const PARTS: usize = 1 << 16;

/// A part of one row, and what stands for it in the other; one of them may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) a: Range<usize>,
    pub(super) b: Range<usize>,
}

/// What differs between two rows of bytes.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// In order, the first [`PARTS`] of them.
    pub(super) parts: Vec<Part>,
    /// How many more there are.
    pub(super) more: usize,
    /// How many words differ as `word` says they may.
    pub(super) words: usize,
}

/// Two rows of bytes that are compared, with a judge for words that differ: at a place of A and one of
/// B, the bytes to pass when they are one word that means the same.
pub(super) struct Rows<'r, F> {
    pub(super) a: &'r [u8],
    pub(super) b: &'r [u8],
    pub(super) word: F,
}

impl<F: FnMut(usize, usize) -> Option<usize>> Rows<'_, F> {
    /// Compares between the places that belong together, and at both ends. Time is linear.
    pub(super) fn compare(&mut self, anchors: &[(usize, usize)]) -> Parts {
        let mut found = Parts::default();
        let (mut from_a, mut from_b) = (0, 0);
        let end = (self.a.len(), self.b.len());
        for (to_a, to_b) in anchors.iter().copied().chain([end]) {
            self.between(from_a..to_a, from_b..to_b, &mut found);
            (from_a, from_b) = (to_a, to_b);
        }
        found
    }

    fn between(&mut self, a: Range<usize>, b: Range<usize>, found: &mut Parts) {
        let (one, other) = (part(self.a, &a), part(self.b, &b));
        if one == other {
            return;
        }
        let differing = one.iter().zip(other).filter(|(a, b)| a != b).count();
        if one.len() == other.len() && (one.len() < 64 || differing <= one.len() / 4) {
            self.side_by_side(a, b, found);
        } else {
            self.apart(a, b, found);
        }
    }

    /// Rows of which something was taken out or put in: finds again what is equal.
    fn apart(&mut self, a: Range<usize>, b: Range<usize>, found: &mut Parts) {
        let start = equal_ahead(part(self.a, &a), part(self.b, &b));
        let (a, b) = (a.start + start..a.end, b.start + start..b.end);
        let end = equal_behind(part(self.a, &a), part(self.b, &b));
        let (a, b) = (a.start..a.end - end, b.start..b.end - end);
        let blocks = Blocks::of(self.a, &a);
        let (mut at_a, mut at_b, mut look) = (a.start, b.start, b.start);
        while look + BLOCK <= b.end {
            let place = blocks.find(self.b, look).filter(|place| *place >= at_a);
            let Some(place) = place else {
                look += 1;
                continue;
            };
            let back = equal_behind(part(self.a, &(at_a..place)), part(self.b, &(at_b..look)));
            let ahead = equal_ahead(part(self.a, &(place..a.end)), part(self.b, &(look..b.end)));
            if back + ahead < LEAST {
                look += 1;
                continue;
            }
            self.gap(at_a..place - back, at_b..look - back, found);
            (at_a, at_b, look) = (place + ahead, look + ahead, look + ahead);
        }
        self.gap(at_a..a.end, at_b..b.end, found);
    }

    /// Rows that have nothing long in common. Of different lengths, words at their beginning are passed.
    fn gap(&mut self, mut a: Range<usize>, mut b: Range<usize>, found: &mut Parts) {
        if a.len() == b.len() {
            return self.side_by_side(a, b, found);
        }
        while !a.is_empty() && !b.is_empty() {
            let end = (self.word)(a.start, b.start);
            let length = end.map_or(0, |end| end.saturating_sub(a.start));
            if length == 0 || length > a.len().min(b.len()) {
                break;
            }
            (a.start, b.start) = (a.start + length, b.start + length);
            found.words += 1;
            let same = equal_ahead(part(self.a, &a), part(self.b, &b));
            (a.start, b.start) = (a.start + same, b.start + same);
        }
        found.push(Part { a, b });
    }

    /// Rows of one length, byte by byte.
    fn side_by_side(&mut self, a: Range<usize>, b: Range<usize>, found: &mut Parts) {
        let (one, other) = (part(self.a, &a), part(self.b, &b));
        let mut at = 0;
        while at < one.len() {
            let rest = (one.get(at..).unwrap_or_default(), other.get(at..).unwrap_or_default());
            at += equal_ahead(rest.0, rest.1);
            if at >= one.len() {
                break;
            }
            if let Some(end) = (self.word)(a.start + at, b.start + at) {
                found.words += 1;
                at = (end - a.start).max(at + 1);
                continue;
            }
            let (start, mut last) = (at, at);
            while at < one.len() && at - last <= QUIET {
                if one.get(at) != other.get(at) {
                    last = at;
                }
                at += 1;
            }
            at = last + 1;
            found.push(Part { a: a.start + start..a.start + at, b: b.start + start..b.start + at });
        }
    }
}

impl Parts {
    fn push(&mut self, part: Part) {
        if part.a.is_empty() && part.b.is_empty() {
            return;
        }
        if self.parts.len() < PARTS { self.parts.push(part) } else { self.more += 1 }
    }
}

/// The blocks of a row by their bytes: one place for each hash, so that looking one up takes one step.
struct Blocks<'r> {
    bytes: &'r [u8],
    places: Vec<u32>,
    shift: u32,
}

impl<'r> Blocks<'r> {
    fn of(bytes: &'r [u8], range: &Range<usize>) -> Self {
        let blocks = range.len() / BLOCK;
        let bits = (blocks.max(1).ilog2() + 2).min(26);
        let mut own = Self { bytes, places: vec![u32::MAX; 1 << bits], shift: 64 - bits };
        for at in range.clone().step_by(BLOCK).take(blocks) {
            let Some(block) = block(bytes, at) else { break };
            // What consists of one byte is found anywhere.
            if block.iter().all(|byte| *byte == block[0]) {
                continue;
            }
            let slot = own.slot(block);
            if let Some(place) = own.places.get_mut(slot)
                && *place == u32::MAX
            {
                *place = u32::try_from(at).unwrap_or(u32::MAX);
            }
        }
        own
    }

    fn find(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let wanted = block(bytes, at)?;
        let place = *self.places.get(self.slot(wanted))?;
        let place = usize::try_from(place).ok()?;
        (block(self.bytes, place)? == wanted).then_some(place)
    }

    fn slot(&self, block: &[u8; BLOCK]) -> usize {
        let halves = block.as_chunks::<8>().0.iter();
        let hash = halves.fold(0_u64, |hash, half| {
            (hash.rotate_left(29) ^ u64::from_le_bytes(*half)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        usize::try_from(hash >> self.shift).unwrap_or_default()
    }
}

fn block(bytes: &[u8], at: usize) -> Option<&[u8; BLOCK]> {
    bytes.get(at..)?.first_chunk()
}

fn part<'r>(bytes: &'r [u8], range: &Range<usize>) -> &'r [u8] {
    bytes.get(range.clone()).unwrap_or_default()
}

fn equal_ahead(a: &[u8], b: &[u8]) -> usize {
    let (chunks_a, chunks_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let whole = chunks_a.iter().zip(chunks_b).take_while(|(a, b)| a == b).count() * 8;
    let rest = (a.get(whole..).unwrap_or_default(), b.get(whole..).unwrap_or_default());
    whole + rest.0.iter().zip(rest.1).take_while(|(a, b)| a == b).count()
}

fn equal_behind(a: &[u8], b: &[u8]) -> usize {
    a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(a: &[u8], b: &[u8], anchors: &[(usize, usize)]) -> Vec<(String, String)> {
        let found = Rows { a, b, word: |_, _| None }.compare(anchors);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let parts = found.parts.iter();
        parts.map(|part| (text(&a[part.a.clone()]), text(&b[part.b.clone()]))).collect()
    }

    fn pair(a: &str, b: &str) -> (String, String) {
        (a.to_owned(), b.to_owned())
    }

    #[test]
    fn rows_of_one_length_differ_where_they_differ() {
        let found = compare(b"one two three four", b"one TWO three fouR", &[]);
        assert_eq!(found, [pair("two", "TWO"), pair("r", "R")]);
        assert_eq!(compare(b"same", b"same", &[]), []);
        assert_eq!(compare(b"", b"new", &[]), [pair("", "new")]);
    }

    #[test]
    fn what_follows_an_insertion_is_found_again() {
        let text: String = (0..400).map(|n| format!("{n} and ")).collect();
        let longer = text.replace("77 and", "seventy-seven and").replace("333 and", "three and");
        let found = compare(text.as_bytes(), longer.as_bytes(), &[]);
        let grown = pair("77", "seventy-seven");
        let three = pair("333", "three");
        assert_eq!(found, [grown.clone(), grown.clone(), grown.clone(), three, grown]);
    }

    #[test]
    fn anchors_hold() {
        let found = compare(b"aaaaXbbbb", b"aaaaYYbbbb", &[(5, 6)]);
        assert_eq!(found, [pair("X", "YY")]);
    }

    #[test]
    fn words_that_mean_the_same_are_counted() {
        let (a, b) = ([0_u8, 1, 0, 0, 9, 9], [0_u8, 2, 0, 0, 9, 8]);
        let word = |at: usize, _: usize| (at < 4).then_some(4);
        let found = Rows { a: &a, b: &b, word }.compare(&[]);
        assert_eq!(found.words, 1);
        assert_eq!(found.parts, [Part { a: 5..6, b: 5..6 }]);
    }
}
