//! Events that can be changed, and their encoding as `spec/trace.md` has it. An encoder of our own,
//! since the program's writes no event that cannot be one.

use provenact::abi::{Answer, Function, Gives, Length, Role, Used, ValType};
use provenact::trace::{Event, Reader};
use provenact::wire::{put_bytes, put_delta, put_u64};
use std::sync::Arc;

/// Number of handed bytes above which only a digest and the first of them are kept.
const KEPT: u64 = 256;

/// A host call and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    pub function: usize,
    pub args: Vec<u64>,
    pub answer: Answer,
    pub handed: Handed,
    pub written: Vec<Vec<u8>>,
}

/// What a trace keeps of the bytes that were handed to the host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handed {
    pub len: u64,
    pub bytes: Vec<u8>,
    pub digest: Option<[u8; 32]>,
}

/// The events of a trace; unchanged ones are shared between mutants.
pub type Events = Vec<Arc<Owned>>;

impl Owned {
    fn of(event: &Event<'_>) -> Self {
        Self {
            function: event.function,
            args: event.args.to_vec(),
            answer: event.answer,
            handed: Handed {
                len: event.handed.len,
                bytes: event.handed.bytes.to_vec(),
                digest: event.handed.digest.copied(),
            },
            written: event.written().iter().map(|range| range.to_vec()).collect(),
        }
    }

    /// Whether the guest did the same, whatever the host said to it.
    pub fn same_call(&self, other: &Self) -> bool {
        self.function == other.function && self.args == other.args && self.handed == other.handed
    }

    /// Whether the host said the same.
    pub fn same_answer(&self, other: &Self) -> bool {
        self.answer == other.answer && self.written == other.written
    }

    /// This event as one of another function, as near as that one's row allows.
    pub fn of_function(&self, function: usize, row: &Function) -> Self {
        let mut event = self.clone();
        event.function = function;
        event.args.resize(row.arg_count(), 0);
        for (at, arg) in event.args.iter_mut().enumerate() {
            if is_narrow(row, at) {
                *arg &= u64::from(u32::MAX);
            }
        }
        if !row.reads_memory() {
            event.handed = Handed::default();
        }
        event.answer = match (row.gives, event.answer) {
            (Gives::Never, _) => Answer::Never,
            (_, Answer::Never) | (Gives::Nothing, _) => Answer::Value(0),
            (Gives::Errno, Answer::Value(value)) => Answer::Value(value & u64::from(u32::MAX)),
            (_, answer) => answer,
        };
        let fixed = fixed(row);
        event.written.resize(fixed.len(), Vec::new());
        for (range, fixed) in event.written.iter_mut().zip(fixed) {
            if let (Answer::Value(0), Some(len)) = (event.answer, fixed) {
                range.resize(len, 0);
            }
        }
        event
    }

    /// Whether the format can say it: a successful answer leaves fixed lengths out.
    pub fn is_sayable(&self, row: &Function) -> bool {
        let fits =
            |(range, fixed): (&Vec<u8>, Option<usize>)| fixed.is_none_or(|n| range.len() == n);
        self.answer != Answer::Value(0) || self.written.iter().zip(fixed(row)).all(fits)
    }
}

/// Whether argument `at` of a row has 32 bits.
pub fn is_narrow(row: &Function, at: usize) -> bool {
    row.params.get(at).is_none_or(|param| param.ty == ValType::I32)
}

/// The length of each range that the host writes, where the row fixes it.
fn fixed(row: &Function) -> Vec<Option<usize>> {
    let ranges = row.params.iter().filter_map(|param| match param.role {
        Role::Writes(Length::Fixed(len), Used::All, _) => Some(Some(len as usize)),
        Role::Writes(..) | Role::WritesVec(..) => Some(None),
        _ => None,
    });
    ranges.collect()
}

/// All events of a trace.
pub fn decode(reader: &mut Reader) -> Result<Events, provenact::trace::Error> {
    let mut events = Vec::new();
    while let Some(event) = reader.next()? {
        events.push(Arc::new(Owned::of(&event)));
    }
    Ok(events)
}

/// The payload of one batch.
pub fn encode(events: &[Arc<Owned>], rows: &[&'static Function]) -> Vec<u8> {
    let mut last: Vec<Vec<u64>> = rows.iter().map(|row| vec![0; row.arg_count()]).collect();
    let mut out = Vec::new();
    for event in events {
        encode_one(event, rows[event.function], &mut last[event.function], &mut out);
    }
    out
}

fn encode_one(event: &Owned, row: &Function, last: &mut [u64], out: &mut Vec<u8>) {
    let changed: Vec<usize> = (0..last.len()).filter(|at| last[*at] != event.args[*at]).collect();
    let (kind, value) = match event.answer {
        Answer::Value(0) => (0, 0),
        Answer::Value(value) => (1, value),
        Answer::Fault => (2, 0),
        Answer::Never => (3, 0),
    };
    put_u64(out, (event.function as u64) << 3 | kind << 1 | u64::from(!changed.is_empty()));
    if !changed.is_empty() {
        put_u64(out, changed.iter().map(|at| 1 << at).sum());
    }
    for at in changed {
        put_delta(out, event.args[at].wrapping_sub(last[at]) as i64);
        last[at] = event.args[at];
    }
    if kind == 1 {
        put_u64(out, value);
    }
    if row.reads_memory() {
        put_u64(out, event.handed.len);
        if event.handed.len > KEPT {
            out.extend_from_slice(&event.handed.digest.unwrap_or_default());
        }
        out.extend_from_slice(&event.handed.bytes);
    }
    for (range, fixed) in event.written.iter().zip(fixed(row)) {
        match fixed {
            Some(_) if kind == 0 => out.extend_from_slice(range),
            _ => put_bytes(out, range),
        }
    }
}
