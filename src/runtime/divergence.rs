//! The first place where a replay differs from its recording.

use super::cause::Cause;
use crate::abi::show::{cut, visible};
use crate::reason::Reason;
use crate::trace::{self, Entry, Reader};
use crate::wasm::{Companion, SourceLine};
use std::fmt;

/// Characters of a function's name that are shown.
const NAME: usize = 80;

/// The first difference: where, what was recorded, what the replay did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Divergence {
    /// Which kind of difference.
    #[serde(serialize_with = "reason_name")]
    pub reason: Reason,
    /// Number of the event, from 0; the number of events when it is about what came after them.
    pub event: u64,
    /// The host function that is concerned, as `module.name`, or the field of the receipt.
    pub place: String,
    /// What the trace or receipt says.
    pub recorded: String,
    /// What the replay did.
    pub replayed: String,
    /// What most likely made it differ.
    pub likely_cause: Cause,
    /// Up to [`AROUND`] recorded events before it.
    pub before: Vec<Entry>,
    /// Up to [`AROUND`] recorded events after it.
    pub after: Vec<Entry>,
    /// The guest's call stack, innermost first.
    pub stack: Vec<Frame>,
}

/// Events that are told before and after the first difference.
pub const AROUND: u64 = 3;

impl Divergence {
    /// Tells what is around it from `trace`, which stands at its beginning. These are for people:
    /// what cannot be read is not told.
    pub fn surround(&mut self, trace: Reader) {
        [self.before, self.after] = trace::around(trace, self.event, AROUND);
    }
}

/// One frame of the guest's call stack.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Frame {
    /// Function index in the module (Wasm specification, §2.5.1).
    pub function: u32,
    /// Its name, if the debug companion gives one. Names are not signed as part of the module.
    pub name: Option<String>,
    /// Where it was, as an offset in `skill.wasm`; in a caller, its call.
    pub offset: Option<u64>,
    /// Where that comes from, as an offset in the module that the author's compiler wrote, if there
    /// is a debug companion. DWARF and source maps speak of these.
    pub source_offset: Option<u64>,
    /// The line of the author's source, if the companion has DWARF that knows it.
    pub line: Option<SourceLine>,
}

/// Gives frames what the debug companion knows of them. It is a hint: nothing is decided by it.
/// `code` is where the contents of the module's code section begin.
pub fn explain(stack: &mut [Frame], companion: &Companion, code: Option<u64>) {
    if stack.is_empty() {
        return;
    }
    let names = companion.names();
    let offsets: Vec<u64> = stack.iter().filter_map(|frame| frame.offset).collect();
    let lines = code.map(|code| companion.lines(code, &offsets)).unwrap_or_default();
    for frame in stack {
        frame.name = names.get(frame.function).map(str::to_owned);
        frame.source_offset = frame.offset.map(|offset| companion.origin(offset));
        frame.line = frame.offset.and_then(|offset| lines.get(&offset).cloned());
    }
}

fn reason_name<S: serde::Serializer>(reason: &Reason, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(reason.name())
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at event {} ({}): recorded {}, replayed {}",
            self.reason, self.event, self.place, self.recorded, self.replayed
        )
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => {
                let name = cut(&visible(name, false), NAME);
                write!(f, "{name} (function {})", self.function)?;
            }
            None => write!(f, "function {}", self.function)?,
        }
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        if let Some(offset) = self.source_offset {
            write!(f, " (byte {offset} of the source)")?;
        }
        match &self.line {
            Some(line) => write!(f, ", {line}"),
            None => Ok(()),
        }
    }
}
