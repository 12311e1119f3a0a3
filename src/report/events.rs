//! A trace as lines: for people as strace has them, for programs as JSON lines.

use crate::abi::{Answer, Function, show};
use crate::attest::receipt::Receipt;
use crate::digest;
use crate::outcome::Outcome;
use crate::trace::{Entry, Event};
use serde::Serialize;
use std::fmt;

/// The first JSON line.
#[derive(Serialize)]
pub struct Start<'a> {
    schema: &'static str,
    authenticity: &'a str,
    module: String,
    trace: String,
}

impl<'a> Start<'a> {
    /// Of the trace that `receipt` names.
    #[must_use]
    pub fn of(receipt: &Receipt, authenticity: &'a str) -> Self {
        Self {
            schema: "https://opertus.systems/provenact/events/v1",
            authenticity,
            module: receipt.module.sha256.to_string(),
            trace: receipt.trace.sha256.to_string(),
        }
    }
}

/// One event.
#[derive(Serialize)]
pub struct Line {
    /// What it says in words.
    #[serde(flatten)]
    pub entry: Entry,
    arguments: Vec<Argument>,
    /// Raw bits of every argument, as text: they may exceed 2^53.
    raw: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handed: Option<Handed>,
    /// Bytes of each range that the host wrote.
    written: Vec<usize>,
    /// Raw bits of the result; none when the call did not return one.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
}

#[derive(Serialize)]
struct Argument {
    name: &'static str,
    value: String,
}

/// Bytes that the host read.
#[derive(Serialize)]
struct Handed {
    bytes: u64,
    /// Of all of them, when they were too many to be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl Line {
    /// `event`, a call of `row`.
    #[must_use]
    pub fn of(event: &Event<'_>, row: &Function) -> Self {
        let shown = show::arguments(row, event.args, event.handed.bytes);
        let handed = row.reads_memory().then(|| Handed {
            bytes: event.handed.len,
            sha256: event.handed.digest.map(|bytes| digest::hex(bytes)),
        });
        Self {
            entry: Entry::of(event, row),
            arguments: shown
                .into_iter()
                .map(|shown| Argument { name: shown.name, value: shown.value })
                .collect(),
            raw: event.args.iter().map(u64::to_string).collect(),
            handed,
            written: event.written().iter().map(|range| range.len()).collect(),
            result: match event.answer {
                Answer::Value(bits) => Some(bits.to_string()),
                Answer::Fault | Answer::Never => None,
            },
        }
    }
}

/// `12  fd_write(fd=1, "hello\n") = success (0)`.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6}  {}", self.entry.event, self.entry)
    }
}

/// The last line: only a whole trace that is the receipt's has one.
#[derive(Serialize)]
pub struct End {
    /// Events in the trace.
    pub events: u64,
    /// Those that were shown.
    pub shown: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// As strace ends: `+++ exited with status 3 (2 of 35 events) +++`.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+++ {} ({} of {} events) +++", self.outcome, self.shown, self.events)
    }
}
