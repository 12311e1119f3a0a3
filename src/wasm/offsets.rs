//! Which byte of the source an offset in a rewritten module comes from.

use super::numbers::{read_unsigned, write_unsigned};
use crate::limits;

/// A piecewise map from offsets in a new module to offsets in an older one.
///
/// Between two spans' beginnings, copied bytes advance in both; inserted bytes all come from the
/// place where they were inserted. A large module has a million spans: they are kept small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offsets {
    spans: Vec<Span>,
}

/// Offsets up to 2 GiB, which is far above the limit for modules; what is greater counts as that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    new: u32,
    /// The offset, and whether bytes were inserted there in the highest bit.
    old: u32,
}

const INSERTED: u32 = 1 << 31;
const GREATEST: u32 = INSERTED - 1;

impl Span {
    fn new(new: u64, old: u64, copied: bool) -> Self {
        let old = small(old) | if copied { 0 } else { INSERTED };
        Self { new: small(new), old }
    }

    fn start(self) -> u64 {
        self.new.into()
    }

    fn old(self) -> u64 {
        (self.old & GREATEST).into()
    }

    fn is_copied(self) -> bool {
        self.old & INSERTED == 0
    }
}

fn small(offset: u64) -> u32 {
    u32::try_from(offset).unwrap_or(GREATEST).min(GREATEST)
}

impl Offsets {
    /// From `new` on, bytes are those from `old` on. `new` never decreases from call to call.
    #[inline]
    pub(super) fn copied(&mut self, new: u64, old: u64) {
        self.push(Span::new(new, old, true));
    }

    /// From `new` on, bytes were inserted at `old`.
    pub(super) fn inserted(&mut self, new: u64, old: u64) {
        self.push(Span::new(new, old, false));
    }

    /// Appends what maps a later part of the same two files, moved by whole bytes.
    pub(super) fn append(&mut self, later: &Self, new: u64, old: u64) {
        self.spans.reserve(later.spans.len());
        for span in &later.spans {
            let (start, from) = (span.start().saturating_add(new), span.old().saturating_add(old));
            self.push(Span::new(start, from, span.is_copied()));
        }
    }

    /// Moves what begins at `new` and after it by `bytes`; what begins there is copied from `old`
    /// on.
    pub(super) fn shift(&mut self, new: u64, old: u64, bytes: i64) {
        if bytes == 0 {
            return;
        }
        let at = self.spans.partition_point(|span| span.start() < new);
        if self.spans.get(at).is_none_or(|span| span.start() != new) {
            self.spans.insert(at, Span::new(new, old, true));
        }
        for span in self.spans.iter_mut().skip(at) {
            span.new = small(span.start().saturating_add_signed(bytes));
        }
    }

    /// Where the byte at `new` comes from; offsets before the first span are their own origin.
    pub(super) fn origin(&self, new: u64) -> u64 {
        let after = self.spans.partition_point(|span| span.start() <= new);
        match after.checked_sub(1).and_then(|at| self.spans.get(at)) {
            None => new,
            Some(span) if span.is_copied() => span.old().saturating_add(new - span.start()),
            Some(span) => span.old(),
        }
    }

    /// This map, followed by one from its older module to a yet older one.
    ///
    /// Takes n log n steps: each span looks its beginning up, and then goes along the spans that
    /// begin within it, which are few when the spans of this map do not overlap in the older
    /// module.
    pub(super) fn then(&self, older: &Self) -> Self {
        let mut both = Self::default();
        both.spans.reserve(self.spans.len().saturating_add(older.spans.len()));
        for (at, span) in self.spans.iter().enumerate() {
            let (start, old) = (span.start(), span.old());
            if !span.is_copied() {
                both.inserted(start, older.origin(old));
                continue;
            }
            let next = self.spans.get(at + 1);
            let length = next.map_or(u64::MAX, |next| next.start().saturating_sub(start));
            let end = old.saturating_add(length);
            let first = older.spans.partition_point(|inner| inner.start() <= old);
            match first.checked_sub(1).and_then(|at| older.spans.get(at)) {
                Some(inner) if !inner.is_copied() => both.inserted(start, inner.old()),
                _ => both.copied(start, older.origin(old)),
            }
            for inner in older.spans.iter().skip(first).take_while(|inner| inner.start() < end) {
                let new = start + (inner.start() - old);
                both.push(Span::new(new, inner.old(), inner.is_copied()));
            }
        }
        both
    }

    /// The bytes of the companion's section (spec/canonical.md, "Where bytes come from").
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.spans.len().saturating_mul(3));
        write_unsigned(&mut out, self.spans.len() as u64);
        let (mut start, mut follows) = (0, Follows::default());
        for span in &self.spans {
            write_unsigned(
                &mut out,
                span.start().saturating_sub(start) << 1 | u64::from(!span.is_copied()),
            );
            let jump = span.old().cast_signed() - follows.at(span.start()).cast_signed();
            write_unsigned(&mut out, ((jump << 1) ^ (jump >> 63)).cast_unsigned());
            start = span.start();
            follows = Follows { span: Some(*span) };
        }
        out
    }

    /// Reads what [`Offsets::to_bytes`] writes.
    ///
    /// # Errors
    /// What is wrong, and where in `bytes`.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, (usize, &'static str)> {
        let mut at = 0;
        let count = read(bytes, &mut at)?;
        // Each span has two bytes at least.
        if count > limits::OFFSET_SPANS || count > (bytes.len() as u64) / 2 {
            return Err((0, "more spans than there can be"));
        }
        let mut spans = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
        let (mut start, mut follows) = (0_u64, Follows::default());
        for _ in 0..count {
            let place = at;
            let (distance, jump) = (read(bytes, &mut at)?, read(bytes, &mut at)?);
            let new = start.saturating_add(distance >> 1);
            let jump = (jump >> 1).cast_signed() ^ -(jump & 1).cast_signed();
            let old = follows.at(new).checked_add_signed(jump);
            let is_small = |offset: &u64| *offset <= GREATEST.into();
            let (true, Some(old)) = (is_small(&new), old.filter(is_small)) else {
                return Err((place, "an offset is out of range"));
            };
            let span = Span::new(new, old, distance & 1 == 0);
            spans.push(span);
            start = new;
            follows = Follows { span: Some(span) };
        }
        if at == bytes.len() { Ok(Self { spans }) } else { Err((at, "it goes on after its end")) }
    }

    /// The spans as (new, old, copied), in order.
    #[cfg(test)]
    pub(super) fn spans(&self) -> impl Iterator<Item = (u64, u64, bool)> {
        self.spans.iter().map(|span| (span.start(), span.old(), span.is_copied()))
    }

    #[inline]
    fn push(&mut self, span: Span) {
        if let Some(last) = self.spans.last_mut() {
            if last.new == span.new {
                *last = span;
                return;
            }
            let copied = last.is_copied() && span.is_copied();
            let continues =
                copied && span.new.wrapping_sub(last.new) == span.old.wrapping_sub(last.old);
            if continues || (!span.is_copied() && last.old == span.old) {
                return;
            }
        }
        self.spans.push(span);
    }
}

/// Where bytes would come from if the span went on.
#[derive(Default)]
struct Follows {
    span: Option<Span>,
}

impl Follows {
    fn at(&self, new: u64) -> u64 {
        match self.span {
            None => new,
            Some(span) if span.is_copied() => span.old().saturating_add(new - span.start()),
            Some(span) => span.old(),
        }
    }
}

fn read(bytes: &[u8], at: &mut usize) -> Result<u64, (usize, &'static str)> {
    let rest = bytes.get(*at..).unwrap_or_default();
    let (value, length) = read_unsigned(rest).ok_or((*at, "an integer ends too late"))?;
    *at += length;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::Offsets;

    #[test]
    fn maps_compose() {
        // old:  0123456789       middle: 0123 xx 456789   new: 012 3xx yyy 456 (4..)
        let mut middle = Offsets::default();
        middle.copied(0, 0);
        middle.inserted(4, 4);
        middle.copied(6, 4);
        let mut new = Offsets::default();
        new.copied(0, 0);
        new.inserted(6, 6);
        new.copied(9, 6);
        let both = new.then(&middle);
        for at in 0..16 {
            assert_eq!(both.origin(at), middle.origin(new.origin(at)), "{at}");
        }
        assert_eq!(both.origin(9), 4);
        assert_eq!(both.origin(7), 4);
        assert_eq!(both.spans().count(), 3);
    }

    #[test]
    fn what_is_written_is_read() {
        let mut map = Offsets::default();
        for (new, old) in [(0, 0), (9, 8), (300, 70_000), (310, 5), (90_000, 1 << 30)] {
            map.copied(new, old);
            map.inserted(new + 4, old + 2);
        }
        let bytes = map.to_bytes();
        assert_eq!(Offsets::from_bytes(&bytes), Ok(map));
        for end in 0..bytes.len() {
            assert!(Offsets::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
        for wrong in [
            &[0x00, 0x00][..],
            &[0x01, 0x00, 0x01],
            &[0x01, 0xfe, 0xff, 0xff, 0xff, 0x1f, 0x00],
            &[0xff, 0xff, 0xff, 0x7f, 0x00],
        ] {
            assert!(Offsets::from_bytes(wrong).is_err(), "{wrong:x?}");
        }
        assert_eq!(Offsets::from_bytes(&[0]), Ok(Offsets::default()));
    }

    #[test]
    fn a_part_can_move() {
        let mut map = Offsets::default();
        map.copied(0, 10);
        map.copied(5, 20);
        map.shift(3, 13, -1);
        let origins: Vec<_> = (0..7).map(|at| map.origin(at)).collect();
        assert_eq!(origins, [10, 11, 13, 14, 20, 21, 22]);
    }
}
