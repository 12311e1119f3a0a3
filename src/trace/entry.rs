//! One event in words, by the host function table.

use super::event::Event;
use super::reader::Reader;
use crate::abi::{Function, Topic, show};
use serde::Serialize;

/// Characters of a call or of an answer that are shown: names and texts come from the guest.
const SHOWN: usize = 200;

/// An event for people: what was called, and what it came to. Long texts are cut, and say by how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number in the trace, from 0.
    pub event: u64,
    /// What it is about.
    #[serde(serialize_with = "name")]
    pub kind: Topic,
    /// The host function, as `module.name`.
    pub function: String,
    /// The call with its arguments.
    pub call: String,
    /// What it came to.
    pub answer: String,
}

impl Entry {
    /// `event`, a call of `row`, in words.
    #[must_use]
    pub fn of(event: &Event<'_>, row: &Function) -> Self {
        let visible = |text: String| show::cut(&show::visible(&text, false), SHOWN);
        Self {
            event: event.index,
            kind: Topic::of(row, event.args),
            function: format!("{}.{}", row.module, row.name),
            call: visible(show::call(row, event.args, event.handed.bytes)),
            answer: visible(show::answered(row, event.args, event.answer, event.written())),
        }
    }
}

/// Up to `count` events before number `event`, and up to so many after it, from a `trace` that stands
/// at its beginning. These are for people: what cannot be read is not told.
#[must_use]
pub fn around(mut trace: Reader, event: u64, count: u64) -> [Vec<Entry>; 2] {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let Ok(rows) = trace.header().functions() else { return [before, after] };
    let (first, last) = (event.saturating_sub(count), event.saturating_add(count));
    while let Ok(Some(found)) = trace.next() {
        if found.index > last {
            break;
        }
        let Some(row) = rows.get(found.function).filter(|_| found.index >= first) else {
            continue;
        };
        if found.index < event {
            before.push(Entry::of(&found, row));
        } else if found.index > event {
            after.push(Entry::of(&found, row));
        }
    }
    [before, after]
}

/// `call = answer`, as strace has it.
impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {}", self.call, self.answer)
    }
}

fn name<S: serde::Serializer>(kind: &Topic, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(kind.name())
}
