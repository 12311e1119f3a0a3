//! Mutants of a trace: what the guest did.

use super::event::{Events, Handed, Owned, encode, is_narrow};
use super::kind::{self, Kind};
use super::record::Recording;
use super::sections::{BATCH, END, HEADER, Section};
use provenact::abi::Answer;
use provenact::json::to_jcs;
use provenact::outcome::Outcome;
use provenact::trace::End;
use std::sync::Arc;

/// One change to one trace.
pub struct Mutant {
    pub kind: &'static Kind,
    /// What was changed, for people.
    pub what: String,
    pub change: Change,
}

pub enum Change {
    Events(Events),
    /// Another end: events and how it is said to have ended.
    End(Events, End),
    /// Another payload of the batch.
    Batch(Vec<u8>),
    /// Another header, in JSON.
    Header(serde_json::Value),
}

impl Mutant {
    /// The sections of the changed trace.
    pub fn sections(&self, of: &Recording) -> Vec<Section> {
        let header = &of.sections[0].1;
        let end = |end: &End| to_jcs(end).unwrap();
        let sealed = |events: u64| End { events, outcome: of.outcome.clone() };
        let (header, batch, end) = match &self.change {
            Change::Events(events) => {
                let payload = encode(events, &of.rows);
                (header.clone(), payload, end(&sealed(events.len() as u64)))
            }
            Change::End(events, said) => (header.clone(), encode(events, &of.rows), end(said)),
            Change::Batch(payload) => {
                (header.clone(), payload.clone(), end(&sealed(of.events.len() as u64)))
            }
            Change::Header(json) => {
                let payload = encode(&of.events, &of.rows);
                (to_jcs(json).unwrap(), payload, end(&sealed(of.events.len() as u64)))
            }
        };
        let mut sections = vec![(HEADER, header)];
        if !batch.is_empty() {
            sections.push((BATCH, batch));
        }
        sections.push((END, end));
        sections
    }
}

/// Collects mutants, and leaves out what changes nothing.
pub struct Mutants<'a> {
    pub of: &'a Recording,
    pub made: Vec<Mutant>,
}

impl<'a> Mutants<'a> {
    pub fn new(of: &'a Recording) -> Self {
        Self { of, made: Vec::new() }
    }

    pub fn push(&mut self, kind: &'static Kind, what: String, change: Change) {
        let mutant = Mutant { kind, what, change };
        if mutant.sections(self.of) != self.of.sections {
            self.made.push(mutant);
        }
    }

    pub fn events(&mut self, kind: &'static Kind, what: String, events: Events) {
        self.push(kind, what, Change::Events(events));
    }

    /// The trace with event `at` changed.
    pub fn one(&mut self, kind: &'static Kind, at: usize, what: &str, event: Owned) {
        if !event.is_sayable(self.of.rows[event.function]) {
            return;
        }
        let mut events = self.of.events.clone();
        events[at] = Arc::new(event);
        self.events(kind, format!("{}: {what}", self.of.event(at)), events);
    }

    /// Events that went, came or moved.
    pub fn order(&mut self) {
        let of = self.of;
        for at in 0..of.events.len() {
            let name = of.event(at);
            let with = |change: &dyn Fn(&mut Events)| {
                let mut events = of.events.clone();
                change(&mut events);
                events
            };
            self.events(&kind::DROP, name.clone(), with(&|e| drop(e.remove(at))));
            let again = |e: &mut Events| e.insert(at, Arc::clone(&e[at]));
            self.events(&kind::DUPLICATE, name.clone(), with(&again));
            if at + 1 < of.events.len() {
                self.events(&kind::SWAP, name.clone(), with(&|e| e.swap(at, at + 1)));
            }
            self.events(&kind::TRUNCATE, name.clone(), with(&|e| e.truncate(at)));
        }
        for place in 0..=of.events.len() {
            for (from, event) in of.events.iter().enumerate() {
                // The neighbours are duplicates.
                if from == place || from + 1 == place {
                    continue;
                }
                let mut events = of.events.clone();
                events.insert(place, Arc::clone(event));
                let what = format!("event {from} before {}", of.event(place));
                self.events(&kind::INSERT, what, events);
            }
            for (function, row) in of.rows.iter().enumerate() {
                let nothing = Owned {
                    function,
                    args: Vec::new(),
                    answer: Answer::Value(0),
                    handed: Handed::default(),
                    written: Vec::new(),
                };
                let mut events = of.events.clone();
                events.insert(place, Arc::new(nothing.of_function(function, row)));
                let what = format!("{} before {}", row.name, of.event(place));
                self.events(&kind::INVENT, what, events);
            }
        }
    }

    /// Another call in the place of each.
    pub fn calls(&mut self) {
        let of = self.of;
        for (at, event) in of.events.iter().enumerate() {
            for (function, row) in of.rows.iter().enumerate() {
                if function != event.function {
                    let other = event.of_function(function, row);
                    self.one(&kind::FUNCTION, at, row.name, other);
                }
            }
            for (number, arg) in event.args.iter().enumerate() {
                let narrow = is_narrow(of.rows[event.function], number);
                let top = if narrow { 1 << 31 } else { 1 << 63 };
                let most = if narrow { u64::from(u32::MAX) } else { u64::MAX };
                for value in [arg ^ 1, arg ^ top, 0, most] {
                    let mut other = (**event).clone();
                    other.args[number] = value;
                    self.one(&kind::ARGUMENT, at, &format!("argument {number} is {value}"), other);
                }
            }
            self.handed(at, event);
        }
    }

    fn handed(&mut self, at: usize, event: &Arc<Owned>) {
        let kept = event.handed.bytes.len();
        for (byte, bit) in ends(kept) {
            let mut other = (**event).clone();
            other.handed.bytes[byte] ^= bit;
            self.one(&kind::HANDED, at, &format!("byte {byte}"), other);
        }
        if let Some(digest) = event.handed.digest {
            for (byte, bit) in ends(digest.len()) {
                let mut other = (**event).clone();
                let mut digest = digest;
                digest[byte] ^= bit;
                other.handed.digest = Some(digest);
                self.one(&kind::HANDED, at, &format!("byte {byte} of the digest"), other);
            }
            for len in [event.handed.len + 1, event.handed.len * 2] {
                let mut other = (**event).clone();
                other.handed.len = len;
                self.one(&kind::HANDED_LENGTH, at, &format!("{len} bytes"), other);
            }
        }
        if !self.of.rows[event.function].reads_memory() || event.handed.digest.is_some() {
            return;
        }
        for len in [0, kept.saturating_sub(1), kept + 1] {
            let mut other = (**event).clone();
            other.handed.bytes.resize(len, 0);
            other.handed.len = len as u64;
            if len <= 256 {
                self.one(&kind::HANDED_LENGTH, at, &format!("{len} bytes"), other);
            }
        }
    }

    /// Another end.
    pub fn ends(&mut self) {
        let of = self.of;
        let count = of.events.len() as u64;
        for outcome in outcomes() {
            if outcome != of.outcome {
                let what = outcome.to_string();
                let end = End { events: count, outcome };
                self.push(&kind::OUTCOME, what, Change::End(of.events.clone(), end));
            }
        }
        for events in [count + 1, count.saturating_sub(1), 0, 1 << 53] {
            let end = End { events, outcome: of.outcome.clone() };
            self.push(&kind::COUNT, format!("{events}"), Change::End(of.events.clone(), end));
        }
        for at in 0..=of.events.len() {
            let mut events = of.events.clone();
            events.truncate(at);
            let outcome = Outcome::Interrupted { cause: provenact::outcome::Interruption::Signal };
            let end = End { events: at as u64, outcome };
            self.push(&kind::CUT, of.event(at), Change::End(events, end));
        }
        if let Some((_, payload)) = of.sections.iter().find(|(kind, _)| *kind == BATCH) {
            for at in 0..payload.len() {
                let mut payload = payload.clone();
                payload[at] ^= 1 << (at % 8);
                self.push(&kind::EVENT_BYTE, format!("byte {at}"), Change::Batch(payload));
            }
        }
    }

    /// The beginning of this run with the end of another, cut at the same place and one beside it.
    pub fn splices(&mut self, other: &Recording) {
        let of = self.of;
        assert_eq!(of.header.imports, other.header.imports);
        for at in 0..=of.events.len() {
            for from in at.saturating_sub(1)..=at + 1 {
                let Some(tail) = other.events.get(from..) else { continue };
                let mut events = of.events[..at].to_vec();
                events.extend(tail.iter().cloned());
                let what = format!("{}: events of the other run from {from}", of.event(at));
                self.events(&kind::SPLICE, what, events);
            }
        }
    }
}

/// A bit of the first byte, of one in the middle, and of the last.
pub fn ends(len: usize) -> Vec<(usize, u8)> {
    let mut ends = vec![(0, 1), (len / 2, 0x10), (len.saturating_sub(1), 0x80)];
    ends.retain(|(at, _)| *at < len);
    ends
}

/// One outcome of every kind, and two of some.
fn outcomes() -> Vec<Outcome> {
    use provenact::outcome::{Denial, Trap};
    let denial = Denial {
        function: "wasi_snapshot_preview1.path_open".to_owned(),
        kind: "fs.write".to_owned(),
        value: "/x".to_owned(),
        rule: "not-granted".to_owned(),
    };
    vec![
        Outcome::Returned { value: None },
        Outcome::Returned { value: Some(0) },
        Outcome::exit(0),
        Outcome::exit(1),
        Outcome::exit(77),
        Outcome::exit(200),
        Outcome::Trapped { trap: Trap::Unreachable },
        Outcome::Trapped { trap: Trap::StackLimit },
        Outcome::HostFault { function: "wasi_snapshot_preview1.fd_read".to_owned() },
        Outcome::Denied { denial },
    ]
}
