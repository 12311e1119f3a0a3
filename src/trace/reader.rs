//! Reading a trace, checked from its first byte to its last.

use super::error::Error;
use super::event::{Codec, Event};
use super::header::{End, Header, MaterialName, decode_material, decode_record};
use super::section::{Head, Kind, LARGE, Seal, Source};
use crate::allowance::Allowance;
use crate::wire;
use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// Batches that are read ahead, the one in use counted.
const AHEAD: usize = 4;

/// Reads a trace. Input, hash checks and decompression happen on a thread of its own, ahead of the
/// consumer, unless the trace is short; what is handed out was checked.
///
/// Only when [`Reader::next`] has said `None` is it known that the trace is whole: then there is a
/// [`Seal`].
#[derive(Debug)]
pub struct Reader {
    header: Header,
    materials: Vec<Stored>,
    codec: Codec,
    batch: Batch,
    at: usize,
    events: u64,
    state: State,
    from: From,
    allowance: Option<Allowance>,
}

/// A material's payload, and where its bytes begin.
#[derive(Debug)]
struct Stored {
    name: MaterialName,
    payload: Vec<u8>,
    start: usize,
}

/// A batch before compression, and the number of its section.
#[derive(Debug, Default)]
struct Batch {
    section: u64,
    payload: Vec<u8>,
}

#[derive(Debug)]
enum State {
    /// What the thread sent after the materials.
    Pending(Message),
    Reading,
    Sealed(Seal),
    Failed,
}

#[derive(Debug)]
enum Message {
    Header(Box<Header>),
    Material(Stored),
    Batch(Batch),
    Seal(Seal),
}

impl Reader {
    /// Reads and checks everything before the events.
    ///
    /// # Errors
    /// [`Error::NotATrace`], [`Error::Version`], [`Error::Truncated`], [`Error::Corrupt`],
    /// [`Error::Section`], [`Error::Import`], [`Error::TooLarge`], [`Error::Read`]; about the first
    /// batch too. What is wrong further on shows when it is reached.
    pub fn open(input: impl Read + Send + 'static) -> Result<Self, Error> {
        Self::open_within(input, None)
    }

    /// As [`Reader::open`], in the memory and time of `allowance`.
    ///
    /// # Errors
    /// As [`Reader::open`]; [`Error::NoMemory`], [`Error::Over`].
    pub fn open_within(
        input: impl Read + Send + 'static,
        allowance: Option<Allowance>,
    ) -> Result<Self, Error> {
        let (send, messages) = channel();
        let (give_back, returned) = channel();
        let account = allowance.clone();
        thread::Builder::new()
            .name("trace reader".to_owned())
            .spawn(move || match Sections::open(Box::new(input), account) {
                Ok(sections) => read_all(sections, &send, &returned),
                Err(error) => {
                    let _gone = send.send(Err(error));
                }
            })
            .map_err(Error::Read)?;
        Self::begin(From::Thread(messages, give_back), allowance)
    }

    /// As [`Reader::open_within`], without a thread: for short traces, of which nothing is worth
    /// reading ahead.
    ///
    /// # Errors
    /// As [`Reader::open_within`].
    pub fn open_here(
        input: impl Read + Send + 'static,
        allowance: Option<Allowance>,
    ) -> Result<Self, Error> {
        let sections = Sections::open(Box::new(input), allowance.clone())?;
        Self::begin(From::Here(Box::new(sections)), allowance)
    }

    fn begin(mut from: From, allowance: Option<Allowance>) -> Result<Self, Error> {
        let Message::Header(header) = from.next(None)? else {
            return Err(Error::Stopped);
        };
        let codec = Codec::new(&header.functions()?);
        let mut materials = Vec::new();
        let state = loop {
            match from.next(None)? {
                Message::Material(material) => materials.push(material),
                other => break State::Pending(other),
            }
        };
        let (batch, at, events) = (Batch::default(), 0, 0);
        Ok(Self { header: *header, materials, codec, batch, at, events, state, from, allowance })
    }

    /// What it may take, and whatever executes on its behalf.
    #[must_use]
    pub fn allowance(&self) -> Option<&Allowance> {
        self.allowance.as_ref()
    }

    /// The first record.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The bytes of a material, if the trace carries it. Whether they are those that the header
    /// names is for the caller to check.
    #[must_use]
    pub fn material(&self, name: MaterialName) -> Option<&[u8]> {
        let stored = self.materials.iter().find(|stored| stored.name == name)?;
        stored.payload.get(stored.start..)
    }

    /// The next event; `None` when the trace has ended as it should. After an error there is no
    /// other answer than [`Error::Stopped`].
    ///
    /// # Errors
    /// As [`Reader::open`], and [`Error::Event`], [`Error::Count`], [`Error::Trailing`].
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an event borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, Error> {
        if self.at >= self.batch.payload.len() && !self.advance()? {
            return Ok(None);
        }
        let index = self.events;
        let mut reader = wire::Reader::starting_at(&self.batch.payload, self.at);
        match self.codec.decode(&mut reader, index) {
            Ok(event) => {
                self.at = reader.offset();
                self.events += 1;
                Ok(Some(event))
            }
            Err(problem) => {
                self.state = State::Failed;
                self.at = usize::MAX;
                Err(Error::Event { event: index, section: self.batch.section, problem })
            }
        }
    }

    /// Whether no event is left. Looks ahead, if need be, to the next batch or the end.
    ///
    /// # Errors
    /// As [`Reader::next`].
    #[inline]
    pub fn is_at_end(&mut self) -> Result<bool, Error> {
        Ok(self.at >= self.batch.payload.len() && !self.advance()?)
    }

    /// What is known of the whole trace; `None` before [`Reader::next`] has said `None`.
    #[must_use]
    pub fn seal(&self) -> Option<&Seal> {
        match &self.state {
            State::Sealed(seal) => Some(seal),
            _ => None,
        }
    }

    /// Makes the next batch the current one; `false` at the end of the trace.
    #[cold]
    fn advance(&mut self) -> Result<bool, Error> {
        if self.allowance.as_ref().is_some_and(Allowance::is_over) {
            self.state = State::Failed;
            return Err(Error::Over);
        }
        let message = match std::mem::replace(&mut self.state, State::Failed) {
            State::Pending(message) => Ok(message),
            State::Reading => self.from.next(Some(std::mem::take(&mut self.batch.payload))),
            State::Sealed(seal) => {
                self.state = State::Sealed(seal);
                return Ok(false);
            }
            State::Failed => return Err(Error::Stopped),
        };
        match message {
            Ok(Message::Batch(batch)) => {
                self.batch = batch;
                self.at = 0;
                self.state = State::Reading;
                Ok(true)
            }
            Ok(Message::Seal(seal)) if seal.end.events == self.events => {
                self.state = State::Sealed(seal);
                Ok(false)
            }
            Ok(Message::Seal(seal)) => {
                Err(Error::Count { found: self.events, sealed: seal.end.events })
            }
            Ok(Message::Header(_) | Message::Material(_)) => Err(Error::Stopped),
            Err(Error::Truncated { sections, offset, .. }) => {
                Err(Error::Truncated { sections, events: self.events, offset })
            }
            Err(error) => Err(error),
        }
    }
}

/// What the reader holds, counted before it is there.
struct Account {
    allowance: Option<Allowance>,
    /// Header and materials, which stay.
    stays: u64,
    /// The most that the batches held at once.
    batches: u64,
    taken: u64,
}

impl Account {
    /// Enters the section that `head` stands before.
    fn enter(&mut self, head: &Head) -> Result<(), Error> {
        let Some(allowance) = &self.allowance else { return Ok(()) };
        if allowance.is_over() {
            return Err(Error::Over);
        }
        let raw = head.raw as u64;
        if head.is_batch() {
            let ahead = if head.raw > LARGE { 1 } else { AHEAD as u64 };
            self.batches = self.batches.max(raw.saturating_mul(ahead).saturating_add(head.stored));
        } else {
            // Records are read into objects, which limits::TRACE_HELD counts eight times.
            let times = if self.stays == 0 { 8 } else { 1 };
            self.stays = self.stays.saturating_add(raw.saturating_mul(times));
            self.batches = self.batches.max(head.stored);
        }
        let held = self.stays.saturating_add(self.batches);
        let more = held.saturating_sub(self.taken);
        self.taken = held.max(self.taken);
        if allowance.take(more) { Ok(()) } else { Err(Error::NoMemory) }
    }
}

/// The reader's thread. It ends with the trace, at the first error, or when the reader is dropped.
fn read_all(
    mut sections: Sections,
    send: &Sender<Result<Message, Error>>,
    returned: &Receiver<Vec<u8>>,
) {
    let mut spare = vec![Vec::new(); AHEAD];
    loop {
        let message = sections.next(|large| {
            // A large payload waits until it is the only one.
            let wanted = if large { AHEAD } else { 1 };
            while spare.len() < wanted {
                spare.push(returned.recv().ok()?);
            }
            spare.pop()
        });
        let Some(message) = message else { return };
        if matches!(message, Ok(Message::Header(_) | Message::Material(_))) {
            spare.push(Vec::new());
        }
        let last = matches!(message, Err(_) | Ok(Message::Seal(_)));
        if send.send(message).is_err() || last {
            return;
        }
    }
}

/// The sections of a trace, one after the other.
struct Sections {
    /// Nothing once it was read to its end, or an error came.
    source: Option<Source<Box<dyn Read + Send>>>,
    account: Account,
    before: Option<Kind>,
    material: Option<MaterialName>,
}

impl Sections {
    fn open(input: Box<dyn Read + Send>, allowance: Option<Allowance>) -> Result<Self, Error> {
        let account = Account { allowance, stays: 0, batches: 0, taken: 0 };
        Ok(Self { source: Some(Source::open(input)?), account, before: None, material: None })
    }

    /// The next section, read into a buffer that `buffer` gives; it is told whether the payload is
    /// large. Nothing when there is no buffer, or no section after the last.
    fn next(
        &mut self,
        buffer: impl FnOnce(bool) -> Option<Vec<u8>>,
    ) -> Option<Result<Message, Error>> {
        let source = self.source.take()?;
        self.read(source, buffer).transpose()
    }

    fn read(
        &mut self,
        mut source: Source<Box<dyn Read + Send>>,
        buffer: impl FnOnce(bool) -> Option<Vec<u8>>,
    ) -> Result<Option<Message>, Error> {
        let section = source.sections();
        let head = source.head()?;
        self.account.enter(&head)?;
        let Some(mut payload) = buffer(head.raw > LARGE) else { return Ok(None) };
        payload.clear();
        payload.shrink_to(LARGE);
        let kind = source.payload(head, &mut payload)?;
        let broken = |problem| head.broken(section, problem);
        follows(self.before, kind).map_err(|rule| broken(rule.into()))?;
        self.before = Some(kind);
        let message = match kind {
            Kind::Header => {
                let header: Header = decode_record(&payload).map_err(broken)?;
                header.check().map_err(broken)?;
                Message::Header(Box::new(header))
            }
            Kind::Material => {
                let (name, start) = decode_material(&payload).map_err(broken)?;
                if self.material.is_some_and(|before| before >= name) {
                    return Err(broken("materials out of order, or one of them twice".into()));
                }
                self.material = Some(name);
                Message::Material(Stored { name, payload, start })
            }
            Kind::Batch if payload.is_empty() => {
                return Err(broken("a batch without events".into()));
            }
            Kind::Batch => Message::Batch(Batch { section, payload }),
            Kind::End => {
                let end: End = decode_record(&payload).map_err(broken)?;
                end.check().map_err(broken)?;
                return Ok(Some(Message::Seal(source.finish(end)?)));
            }
        };
        self.source = Some(source);
        Ok(Some(message))
    }
}

/// Where a reader has its sections from.
enum From {
    /// A thread that reads ahead, and takes buffers back.
    Thread(Receiver<Result<Message, Error>>, Sender<Vec<u8>>),
    /// Read when they are needed.
    Here(Box<Sections>),
}

impl From {
    /// The next section; `used` is a buffer that is free again.
    fn next(&mut self, used: Option<Vec<u8>>) -> Result<Message, Error> {
        let message = match self {
            Self::Thread(messages, give_back) => {
                if let Some(used) = used {
                    // The thread may have ended already, and needs no buffer then.
                    let _gone = give_back.send(used);
                }
                messages.recv().ok()
            }
            Self::Here(sections) => sections.next(|_| Some(used.unwrap_or_default())),
        };
        message.unwrap_or(Err(Error::Stopped))
    }
}

impl std::fmt::Debug for From {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Here(_)) { "Here" } else { "Thread" })
    }
}

/// The order of sections: one header, materials, batches, one end.
fn follows(before: Option<Kind>, kind: Kind) -> Result<(), &'static str> {
    match (before, kind) {
        (None, Kind::Header) => Ok(()),
        (None, _) => Err("the first section is not the header"),
        (Some(_), Kind::Header) => Err("a second header"),
        (Some(before), kind) if before > kind => Err("a material after the events"),
        (Some(_), _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    #[test]
    fn what_a_reader_holds_is_within_its_limit() {
        let materials = MaterialName::ALL.map(MaterialName::limit).iter().sum::<u64>();
        // As it is and as it is stored; only one at a time is larger than LARGE.
        let batches = (AHEAD * LARGE) as u64 + 2 * limits::BATCH_BYTES;
        let sum = 8 * limits::TRACE_RECORD_BYTES + materials + batches;
        assert!(sum <= limits::TRACE_HELD, "{sum}");
        assert_eq!((AHEAD, LARGE), (4, 16 << 20), "src/limits.rs says these");
    }
}
