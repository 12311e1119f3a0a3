//! The host of a replay: it has a trace and nothing else.

use super::call::Call;
use super::cause::{Cause, Clues, only_nans_differ};
use super::divergence::Divergence;
use super::execute::Execution;
use super::seam::{Host, Stop, full_name};
use crate::abi::{Answer, Function, ValType, show};
use crate::allowance::Allowance;
use crate::outcome::{Interruption, Outcome};
use crate::reason::Reason;
use crate::trace::{self, Event, Reader, Seal};
use std::sync::mpsc::SyncSender;

/// What the whole trace turned out to be, once it was read to its end.
pub type Told = Result<Seal, trace::Error>;

/// Answers host calls from a trace, in its order, and compares everything the guest does.
pub struct Replayer {
    reader: Reader,
    rows: Vec<&'static Function>,
    served: u64,
    tell: SyncSender<Told>,
    /// Whether engines may choose the bits of NaNs that the module lets out.
    nans_are_free: bool,
}

impl Replayer {
    /// A replayer of the events of `reader`. What the trace as a whole turned out to be goes to
    /// `tell`, also when the replay diverges before its end.
    #[must_use]
    pub fn new(reader: Reader, rows: Vec<&'static Function>, tell: SyncSender<Told>) -> Self {
        Self { reader, rows, served: 0, tell, nans_are_free: false }
    }

    /// Says whether engines may choose the bits of NaNs that the module lets out: only for the
    /// likely cause of a difference.
    #[must_use]
    pub fn with_free_nans(mut self, free: bool) -> Self {
        self.nans_are_free = free;
        self
    }

    /// What the replay may take.
    #[must_use]
    pub fn allowance(&self) -> Option<&Allowance> {
        self.reader.allowance()
    }

    /// The execution that an interrupted recording without any event is: nothing to replay.
    ///
    /// # Errors
    /// As [`trace::Reader::next`].
    pub fn cut_short_at_once(&mut self) -> Result<Option<Execution>, trace::Error> {
        match self.cut_short_here()? {
            None => Ok(None),
            Some(cause) => {
                self.tell_seal();
                Ok(Some(Execution::interrupted(cause)))
            }
        }
    }

    /// Whether the recording was cut short after the event that was served last.
    fn cut_short_here(&mut self) -> Result<Option<Interruption>, trace::Error> {
        if !self.reader.is_at_end()? {
            return Ok(None);
        }
        Ok(match self.reader.seal().map(|seal| &seal.end.outcome) {
            Some(Outcome::Interrupted { cause }) => Some(*cause),
            _ => None,
        })
    }

    /// Reads the trace to its end, so that what is wrong with the whole of it is known, and stops.
    fn diverged(&mut self, difference: Difference, made: Option<(&Call, &[&[u8]])>) -> Stop {
        let Difference { reason, place, recorded, replayed, only_nans } = difference;
        let only_nans = only_nans && self.nans_are_free;
        let mut clues = Clues { agreed: self.served, next_fits: false, only_nans };
        let mut made = made;
        let told = loop {
            match self.reader.next() {
                Ok(Some(event)) => {
                    if let Some((call, ranges)) = made.take() {
                        clues.next_fits = reason_of(&event, call, ranges).is_none();
                    }
                }
                Ok(None) => break self.reader.seal().cloned().map(Ok),
                Err(error) => break Some(Err(error)),
            }
        };
        if let Some(told) = told {
            // Nobody listens only when nobody wants to know.
            let _ = self.tell.send(told);
        }
        Stop::Diverged(Box::new(Divergence {
            reason,
            event: self.served,
            place,
            recorded,
            replayed,
            likely_cause: Cause::of(reason, clues),
            before: Vec::new(),
            after: Vec::new(),
            stack: Vec::new(),
        }))
    }

    fn tell_seal(&mut self) {
        if let Some(seal) = self.reader.seal() {
            let _ = self.tell.send(Ok(seal.clone()));
        }
    }
}

impl Host for Replayer {
    fn answer(&mut self, call: &Call, memory: &mut [u8]) -> Result<Answer, Stop> {
        let handed = call.reads().iter().map(|span| span.of(memory));
        let mut ranges: [&[u8]; super::call::MAX_RANGES] = Default::default();
        for (slot, range) in ranges.iter_mut().zip(handed) {
            *slot = range;
        }
        let ranges = &ranges[..call.reads().len()];
        let Some(event) = self.reader.next()? else {
            let made = show::call(call.row, call.args(), &ranges.concat());
            let recorded = "no further call".to_owned();
            let place = full_name(call.row);
            return Err(
                self.diverged(Difference::new(Reason::CallExtra, place, recorded, made), None)
            );
        };
        if let Some(found) = difference(&event, call, ranges, &self.rows) {
            return Err(self.diverged(found, Some((call, ranges))));
        }
        let answer = event.answer;
        // What was written must be what such a call can write, where it can write.
        let mut whole = call.row.can_give(answer);
        let mut spans = call.writes();
        for bytes in event.written().iter().copied() {
            match spans.next() {
                Some(span) if bytes.len() <= span.len => {
                    super::call::Span { start: span.start, len: bytes.len() }
                        .of_mut(memory)
                        .copy_from_slice(bytes);
                }
                _ => whole = false,
            }
        }
        whole &= spans.next().is_none();
        if whole {
            // A count that the answer gives must be the number of bytes that came with it.
            let (written, count) = call.written(answer, memory);
            let lengths = event.written().iter().map(|bytes| bytes.len());
            whole = lengths.eq(written[..count].iter().map(|span| span.len));
        }
        if !whole {
            let recorded = show::answer(call.row, answer);
            let possible = "an answer that this call can have".to_owned();
            let place = full_name(call.row);
            let found = Difference::new(Reason::AnswerImpossible, place, recorded, possible);
            return Err(self.diverged(found, None));
        }
        Ok(answer)
    }

    fn impossible(&mut self, call: &Call, answer: Answer) -> Stop {
        let recorded = show::answer(call.row, answer);
        let possible =
            "an answer that fits the invocation, the grants and the calls before".to_owned();
        let place = full_name(call.row);
        self.diverged(Difference::new(Reason::AnswerImpossible, place, recorded, possible), None)
    }

    fn answered(&mut self) -> Result<(), Stop> {
        self.served += 1;
        match self.cut_short_here()? {
            None => Ok(()),
            Some(cause) => {
                self.tell_seal();
                Err(Stop::Interrupted(cause))
            }
        }
    }

    fn ended(&mut self) -> Result<(), Stop> {
        if let Some(event) = self.reader.next()? {
            let row = self.rows[event.function];
            let recorded = show::call(row, event.args, event.handed.bytes);
            let replayed = "the end of the execution".to_owned();
            let place = full_name(row);
            let found = Difference::new(Reason::CallMissing, place, recorded, replayed);
            return Err(self.diverged(found, None));
        }
        self.tell_seal();
        Ok(())
    }
}

/// A difference, before anything is known of what is around it.
struct Difference {
    reason: Reason,
    place: String,
    recorded: String,
    replayed: String,
    /// Nothing but bits of NaNs differs.
    only_nans: bool,
}

impl Difference {
    fn new(reason: Reason, place: String, recorded: String, replayed: String) -> Self {
        Self { reason, place, recorded, replayed, only_nans: false }
    }
}

/// How `event` differs from the call that the guest makes now.
fn difference(
    event: &Event<'_>,
    call: &Call,
    ranges: &[&[u8]],
    rows: &[&'static Function],
) -> Option<Difference> {
    let reason = reason_of(event, call, ranges)?;
    let row = rows[event.function];
    let recorded = show::call(row, event.args, event.handed.bytes);
    let made = ranges.concat();
    let replayed = show::call(call.row, call.args(), &made);
    let mut found = Difference::new(reason, full_name(call.row), recorded, replayed);
    if found.recorded == found.replayed {
        (found.recorded, found.replayed) = in_full(event, call, &made);
    }
    found.only_nans = match reason {
        Reason::HandedDiffers => {
            event.handed.digest.is_none() && only_nans_differ(event.handed.bytes, &made)
        }
        Reason::ArgumentDiffers => {
            let floats = |(at, (one, other)): (usize, (&u64, &u64))| {
                one == other
                    || call.row.params.get(at).is_some_and(|p| p.ty == ValType::F64)
                        && f64::from_bits(*one).is_nan()
                        && f64::from_bits(*other).is_nan()
            };
            event.args.iter().zip(call.args()).enumerate().all(floats)
        }
        _ => false,
    };
    Some(found)
}

/// Two calls that read the same where addresses and long texts are left out, with what differs.
fn in_full(event: &Event<'_>, call: &Call, made: &[u8]) -> (String, String) {
    let row = call.row;
    let other = event.args.iter().zip(call.args()).position(|(one, other)| one != other);
    if let Some(at) = other {
        let name = row.param_of(at).map_or("argument", |param| param.name);
        let of = |args: &[u64]| {
            let value = args.get(at).copied().unwrap_or_default();
            format!("{} with {name}={}", row.name, show::argument(row, at, value))
        };
        return (of(event.args), of(call.args()));
    }
    let kept = event.handed.bytes;
    let at = kept.iter().zip(made).position(|(one, other)| one != other).unwrap_or(kept.len());
    let of = |bytes: &[u8], len: u64| {
        let from = show::quoted(bytes.get(at..).unwrap_or_default());
        let (name, from) =
            (row.name, if from == "\"\"" { "unkept bytes".to_owned() } else { from });
        format!("{name} of {len} bytes, from byte {at} on {from}")
    };
    (of(kept, event.handed.len), of(made, made.len() as u64))
}

/// The reason for which `event` is not the call that the guest makes now.
fn reason_of(event: &Event<'_>, call: &Call, ranges: &[&[u8]]) -> Option<Reason> {
    if event.function != call.function {
        Some(Reason::CallDiffers)
    } else if event.args != call.args() {
        Some(Reason::ArgumentDiffers)
    } else if !event.handed.matches(ranges) {
        Some(Reason::HandedDiffers)
    } else {
        None
    }
}
