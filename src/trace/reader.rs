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
/// consumer; what is handed out was checked.
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
    from_thread: Receiver<Result<Message, Error>>,
    give_back: Sender<Vec<u8>>,
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
        let mut account = Account::new(allowance.clone());
        let (send, from_thread) = channel();
        let (give_back, returned) = channel();
        thread::Builder::new()
            .name("trace reader".to_owned())
            .spawn(move || read_all(input, &mut account, &send, &returned))
            .map_err(Error::Read)?;
        let receive = || from_thread.recv().unwrap_or(Err(Error::Stopped));

        let Message::Header(header) = receive()? else {
            return Err(Error::Stopped);
        };
        let codec = Codec::new(&header.functions()?);
        let mut materials = Vec::new();
        let state = loop {
            match receive() {
                Ok(Message::Material(material)) => materials.push(material),
                Ok(other) => break State::Pending(other),
                Err(error) => return Err(error),
            }
        };
        Ok(Self {
            header: *header,
            materials,
            codec,
            batch: Batch::default(),
            at: 0,
            events: 0,
            state,
            from_thread,
            give_back,
            allowance,
        })
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
            State::Reading => {
                // The thread may have ended already, and needs no buffer then.
                let _gone = self.give_back.send(std::mem::take(&mut self.batch.payload));
                self.from_thread.recv().unwrap_or(Err(Error::Stopped))
            }
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
    fn new(allowance: Option<Allowance>) -> Self {
        Self { allowance, stays: 0, batches: 0, taken: 0 }
    }

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
fn read_all<R: Read>(
    input: R,
    account: &mut Account,
    send: &Sender<Result<Message, Error>>,
    returned: &Receiver<Vec<u8>>,
) {
    if let Err(error) = read_sections(input, account, send, returned) {
        let _gone = send.send(Err(error));
    }
}

fn read_sections<R: Read>(
    input: R,
    account: &mut Account,
    send: &Sender<Result<Message, Error>>,
    returned: &Receiver<Vec<u8>>,
) -> Result<(), Error> {
    let mut source = Source::open(input)?;
    let mut spare = vec![Vec::new(); AHEAD];
    let mut before: Option<Kind> = None;
    let mut material: Option<MaterialName> = None;
    loop {
        let section = source.sections();
        let head = source.head()?;
        account.enter(&head)?;
        // A large payload waits until it is the only one.
        let wanted = if head.raw > LARGE { AHEAD } else { 1 };
        while spare.len() < wanted {
            match returned.recv() {
                Ok(buffer) => spare.push(buffer),
                Err(_) => return Ok(()),
            }
        }
        let mut payload = spare.pop().unwrap_or_default();
        payload.clear();
        payload.shrink_to(LARGE);
        let kind = source.payload(head, &mut payload)?;
        let broken = |problem| head.broken(section, problem);
        follows(before, kind).map_err(|rule| broken(rule.into()))?;
        before = Some(kind);
        let message = match kind {
            Kind::Header => {
                let header: Header = decode_record(&payload).map_err(broken)?;
                header.check().map_err(broken)?;
                spare.push(Vec::new());
                Message::Header(Box::new(header))
            }
            Kind::Material => {
                let (name, start) = decode_material(&payload).map_err(broken)?;
                if material.is_some_and(|before| before >= name) {
                    return Err(broken("materials out of order, or one of them twice".into()));
                }
                material = Some(name);
                spare.push(Vec::new());
                Message::Material(Stored { name, payload, start })
            }
            Kind::Batch if payload.is_empty() => {
                return Err(broken("a batch without events".into()));
            }
            Kind::Batch => Message::Batch(Batch { section, payload }),
            Kind::End => {
                let end: End = decode_record(&payload).map_err(broken)?;
                end.check().map_err(broken)?;
                let _gone = send.send(Ok(Message::Seal(source.finish(end)?)));
                return Ok(());
            }
        };
        if send.send(Ok(message)).is_err() {
            return Ok(());
        }
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
