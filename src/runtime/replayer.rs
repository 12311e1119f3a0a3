//! The host of a replay: it has a trace and nothing else.

use super::call::Call;
use super::divergence::Divergence;
use super::execute::Execution;
use super::seam::{Host, Stop, full_name};
use crate::abi::{Answer, Function, Gives, show};
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
}

impl Replayer {
    /// A replayer of the events of `reader`. What the trace as a whole turned out to be goes to
    /// `tell`, also when the replay diverges before its end.
    #[must_use]
    pub fn new(reader: Reader, rows: Vec<&'static Function>, tell: SyncSender<Told>) -> Self {
        Self { reader, rows, served: 0, tell }
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
    fn diverged(
        &mut self,
        reason: Reason,
        place: String,
        recorded: String,
        replayed: String,
    ) -> Stop {
        let told = loop {
            match self.reader.next() {
                Ok(Some(_)) => {}
                Ok(None) => break self.reader.seal().cloned().map(Ok),
                Err(error) => break Some(Err(error)),
            }
        };
        if let Some(told) = told {
            // Nobody listens only when nobody wants to know.
            let _ = self.tell.send(told);
        }
        let (event, stack) = (self.served, Vec::new());
        Stop::Diverged(Box::new(Divergence { reason, event, place, recorded, replayed, stack }))
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
            return Err(self.diverged(Reason::CallExtra, full_name(call.row), recorded, made));
        };
        if let Some((reason, recorded, replayed)) = difference(&event, call, ranges, &self.rows) {
            return Err(self.diverged(reason, full_name(call.row), recorded, replayed));
        }
        let answer = event.answer;
        let fits = match (call.row.gives, answer) {
            (_, Answer::Fault) => call.row.gives != Gives::Never,
            (Gives::Never, Answer::Never) => true,
            (Gives::Errno, Answer::Value(errno)) => u32::try_from(errno).is_ok(),
            (Gives::Bits64, Answer::Value(_)) => true,
            (Gives::Nothing, Answer::Value(bits)) => bits == 0,
            _ => false,
        };
        // What was written must be what such a call can write, where it can write.
        let mut whole = fits;
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
            let success = answer == Answer::Value(0);
            let (written, count) = call.written(success, memory);
            let lengths = event.written().iter().map(|bytes| bytes.len());
            whole = lengths.eq(written[..count].iter().map(|span| span.len));
        }
        if !whole {
            let recorded = show::answer(call.row, answer);
            let possible = "an answer that this call can have".to_owned();
            let place = full_name(call.row);
            return Err(self.diverged(Reason::AnswerImpossible, place, recorded, possible));
        }
        Ok(answer)
    }

    fn impossible(&mut self, call: &Call, answer: Answer) -> Stop {
        let recorded = show::answer(call.row, answer);
        let possible =
            "an answer that fits the invocation, the grants and the calls before".to_owned();
        self.diverged(Reason::AnswerImpossible, full_name(call.row), recorded, possible)
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
            return Err(self.diverged(Reason::CallMissing, full_name(row), recorded, replayed));
        }
        self.tell_seal();
        Ok(())
    }
}

/// How `event` differs from the call that the guest makes now: reason, recorded, replayed.
fn difference(
    event: &Event<'_>,
    call: &Call,
    ranges: &[&[u8]],
    rows: &[&'static Function],
) -> Option<(Reason, String, String)> {
    let reason = if event.function != call.function {
        Reason::CallDiffers
    } else if event.args != call.args() {
        Reason::ArgumentDiffers
    } else if !event.handed.matches(ranges) {
        Reason::HandedDiffers
    } else {
        return None;
    };
    let row = rows[event.function];
    let recorded = show::call(row, event.args, event.handed.bytes);
    let replayed = show::call(call.row, call.args(), &ranges.concat());
    Some((reason, recorded, replayed))
}
