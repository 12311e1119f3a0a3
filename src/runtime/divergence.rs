//! The first place where a replay differs from its recording.

use crate::abi::show::visible;
use crate::reason::Reason;
use crate::wasm::Companion;
use std::fmt;

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
    /// The guest's call stack, innermost first.
    pub stack: Vec<Frame>,
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
}

/// Gives frames what the debug companion knows of them. It is a hint: nothing is decided by it.
pub fn explain(stack: &mut [Frame], companion: &Companion) {
    if stack.is_empty() {
        return;
    }
    let names = companion.names();
    for frame in stack {
        frame.name = names.get(frame.function).map(str::to_owned);
        frame.source_offset = frame.offset.map(|offset| companion.origin(offset));
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
            Some(name) => write!(f, "{} (function {})", visible(name, false), self.function)?,
            None => write!(f, "function {}", self.function)?,
        }
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        match self.source_offset {
            Some(offset) => write!(f, " (byte {offset} of the source)"),
            None => Ok(()),
        }
    }
}
