//! The first place where a replay differs from its recording.

use crate::abi::show::visible;
use crate::reason::Reason;
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
            Some(name) => write!(f, "{} (function {})", visible(name, false), self.function),
            None => write!(f, "function {}", self.function),
        }
    }
}
