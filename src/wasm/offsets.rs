//! Which byte of the source an offset in a rewritten module comes from.

/// A piecewise map from offsets in a new module to offsets in an older one.
///
/// Between two spans' beginnings, copied bytes advance in both; inserted bytes all come from the
/// place where they were inserted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offsets {
    spans: Vec<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    new: u64,
    old: u64,
    copied: bool,
}

impl Offsets {
    /// From `new` on, bytes are those from `old` on. `new` never decreases from call to call.
    pub(super) fn copied(&mut self, new: u64, old: u64) {
        self.push(Span { new, old, copied: true });
    }

    /// From `new` on, bytes were inserted at `old`.
    pub(super) fn inserted(&mut self, new: u64, old: u64) {
        self.push(Span { new, old, copied: false });
    }

    /// Appends what maps a later part of the same two files, moved by whole bytes.
    pub(super) fn append(&mut self, later: &Self, new: u64, old: u64) {
        for span in &later.spans {
            self.push(Span {
                new: span.new.saturating_add(new),
                old: span.old.saturating_add(old),
                copied: span.copied,
            });
        }
    }

    /// Where the byte at `new` comes from; offsets before the first span are their own origin.
    pub(super) fn origin(&self, new: u64) -> u64 {
        let after = self.spans.partition_point(|span| span.new <= new);
        match after.checked_sub(1).and_then(|at| self.spans.get(at)) {
            None => new,
            Some(span) if span.copied => span.old.saturating_add(new - span.new),
            Some(span) => span.old,
        }
    }

    /// This map, followed by one from its older module to a yet older one.
    pub(super) fn then(&self, older: &Self) -> Self {
        let mut both = Self::default();
        for (at, span) in self.spans.iter().enumerate() {
            if !span.copied {
                both.inserted(span.new, older.origin(span.old));
                continue;
            }
            let length = self.spans.get(at + 1).map_or(u64::MAX, |next| next.new - span.new);
            let end = span.old.saturating_add(length);
            let first = older.spans.partition_point(|inner| inner.new <= span.old);
            match first.checked_sub(1).and_then(|at| older.spans.get(at)) {
                Some(inner) if !inner.copied => both.inserted(span.new, inner.old),
                _ => both.copied(span.new, older.origin(span.old)),
            }
            for inner in older.spans.iter().skip(first).take_while(|inner| inner.new < end) {
                let new = span.new + (inner.new - span.old);
                both.push(Span { new, ..*inner });
            }
        }
        both
    }

    /// The spans as (new, old, copied), in order.
    pub(super) fn spans(&self) -> impl Iterator<Item = (u64, u64, bool)> {
        self.spans.iter().map(|span| (span.new, span.old, span.copied))
    }

    fn push(&mut self, span: Span) {
        if let Some(last) = self.spans.last_mut() {
            if last.new == span.new {
                *last = span;
                return;
            }
            let continues = last.copied
                && span.copied
                && span.new.wrapping_sub(last.new) == span.old.wrapping_sub(last.old);
            if continues || (!last.copied && !span.copied && last.old == span.old) {
                return;
            }
        }
        self.spans.push(span);
    }
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
}
