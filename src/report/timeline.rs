//! How many events of each kind there were, and when.

use crate::abi::Topic;
use crate::trace::{self, Reader};
use std::collections::BTreeMap;

/// Parts into which the events are divided.
pub const PARTS: usize = 60;

/// The events of a trace by kind, in [`PARTS`] parts of equal length.
#[derive(Debug, Default)]
pub struct Timeline {
    rows: BTreeMap<Topic, Row>,
    /// Events in each part.
    per_part: u64,
    events: u64,
}

/// The events of one kind.
#[derive(Debug, Clone)]
pub struct Row {
    /// How many in each part.
    pub parts: [u64; PARTS],
    /// How many in all.
    pub events: u64,
    /// Bytes that the host wrote into the guest's memory.
    pub written: u64,
    /// Bytes that the host read from it.
    pub read: u64,
}

impl Timeline {
    /// Reads `trace` to its end; about so many `events` are expected.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn of(mut trace: Reader, events: u64) -> Result<Self, trace::Error> {
        let rows = trace.header().functions()?;
        let mut timeline =
            Self { per_part: events.div_ceil(PARTS as u64).max(1), ..Self::default() };
        while let Some(event) = trace.next()? {
            timeline.events = event.index.saturating_add(1);
            let Some(row) = rows.get(event.function) else { continue };
            let empty = || Row { parts: [0; PARTS], events: 0, written: 0, read: 0 };
            let kind = Topic::of(row, event.args);
            let part = timeline.part(event.index);
            let row = timeline.rows.entry(kind).or_insert_with(empty);
            if let Some(count) = row.parts.get_mut(part) {
                *count += 1;
            }
            row.events += 1;
            row.written += event.written().iter().map(|range| range.len() as u64).sum::<u64>();
            row.read = row.read.saturating_add(event.handed.len);
        }
        Ok(timeline)
    }

    /// The kinds that occur.
    pub fn rows(&self) -> impl Iterator<Item = (Topic, &Row)> {
        self.rows.iter().map(|(kind, row)| (*kind, row))
    }

    /// Events in all.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Parts that have events, from the first.
    #[must_use]
    pub fn parts(&self) -> usize {
        usize::try_from(self.events.div_ceil(self.per_part.max(1))).unwrap_or(PARTS).clamp(1, PARTS)
    }

    /// The part that event number `event` belongs to; those beyond the expected are in the last.
    #[must_use]
    pub fn part(&self, event: u64) -> usize {
        usize::try_from(event / self.per_part.max(1)).unwrap_or(PARTS).min(PARTS - 1)
    }
}
