//! One event in words, by the host function table.

use super::event::Event;
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

/// `call = answer`, as strace has it.
impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {}", self.call, self.answer)
    }
}

fn name<S: serde::Serializer>(kind: &Topic, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(kind.name())
}
