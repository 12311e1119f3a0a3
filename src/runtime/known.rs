//! Answers that follow from the trace's header and the calls before: an answer that contradicts
//! them is not one that a host gave. The same check stands in run and replay.

use super::act::Act;
use super::call::Call;
use crate::abi::{Answer, Gives};
use crate::trace::Header;

/// A list of strings as `args_get` and `environ_get` lay it out, each closed by a zero byte.
#[derive(Debug, Default)]
struct Laid {
    offsets: Vec<u32>,
    bytes: Vec<u8>,
}

impl Laid {
    fn out(strings: impl Iterator<Item = String>) -> Self {
        let mut laid = Self::default();
        for string in strings {
            laid.offsets.push(laid.bytes.len() as u32);
            laid.bytes.extend_from_slice(string.as_bytes());
            laid.bytes.push(0);
        }
        laid
    }

    /// Whether `sizes` (two u32) and what stands in memory are this list.
    fn is_counted(&self, call: &Call, memory: &[u8]) -> bool {
        let is_this = call.u32_at(0, memory) == self.offsets.len() as u64
            && call.u32_at(1, memory) == self.bytes.len() as u64;
        is_this || !apart(call)
    }

    fn is_delivered(&self, call: &Call, memory: &[u8]) -> bool {
        if !apart(call) {
            return true;
        }
        let mut ranges = call.writes();
        let pointers = ranges.next().unwrap_or_default().of(memory);
        let bytes = ranges.next().unwrap_or_default().of(memory);
        let start = call.arg(1) as u32;
        let expected = self.offsets.iter().map(|offset| start.wrapping_add(*offset).to_le_bytes());
        bytes == self.bytes && pointers.chunks_exact(4).eq(expected)
    }
}

/// Whether the ranges that the call writes lie apart: a guest that lets them overlap gets a mixture.
fn apart(call: &Call) -> bool {
    let ranges: Vec<_> = call.writes().collect();
    ranges.iter().enumerate().all(|(at, a)| ranges.iter().skip(at + 1).all(|b| !a.overlaps(*b)))
}

/// What is known before the guest starts.
#[derive(Debug)]
pub(super) struct Known {
    arguments: Laid,
    environment: Laid,
}

impl Known {
    /// What `header` says.
    pub(super) fn new(header: &Header) -> Self {
        let variable = |[name, value]: &[String; 2]| format!("{name}={value}");
        Self {
            arguments: Laid::out(header.arguments.iter().cloned()),
            environment: Laid::out(header.environment.iter().map(variable)),
        }
    }

    /// Whether a host can have given `answer` to `call`, with `memory` as the answer left it.
    ///
    /// `handed` is how many bytes the host could read.
    pub(super) fn allows(&self, call: &Call, answer: Answer, handed: usize, memory: &[u8]) -> bool {
        if call.row.gives != Gives::Errno || answer != Answer::Value(0) {
            return true;
        }
        match call.act {
            Act::CountArguments => self.arguments.is_counted(call, memory),
            Act::Arguments => self.arguments.is_delivered(call, memory),
            Act::CountEnvironment => self.environment.is_counted(call, memory),
            Act::Environment => self.environment.is_delivered(call, memory),
            Act::Write => call.u32_at(3, memory) <= handed as u64,
            Act::WriteAt => call.u32_at(4, memory) <= handed as u64,
            _ => call.counts_fit(memory),
        }
    }
}
