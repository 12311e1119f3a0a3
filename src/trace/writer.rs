//! Writing a trace while the guest runs.

use super::error::Error;
use super::event::{Codec, EventRef};
use super::header::{End, Header, Material, encode_record};
use super::section::{Kind, LARGE, Packed, Packer, START, Seal, Sink, longest};
use crate::limits;
use crate::outcome::Outcome;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// Batches that may wait for the packer's thread before the guest has to.
const IN_FLIGHT: usize = 8;

/// Packed batches that may wait to be written before the packer's thread has to.
const PACKED: usize = 2;

/// The batch that is open can become so much longer than [`limits::BATCH_TARGET`] by its last event
/// and has room. Only an event in which the host wrote more than that into the guest is longer.
const LAST_EVENT: usize = 64 << 10;

/// Shortest batch that a trace begins with.
const LEAST_BATCH: usize = 4 << 10;

/// Most bytes of an end record that has room from the start; one that says which path was denied can
/// be longer.
const END_RECORD: usize = 64 << 10;

/// Takes room up to an offset of the file.
type Hold = Box<dyn FnMut(u64) -> io::Result<()> + Send>;

/// How writing ended: `None` when the writer was dropped before the end.
type Finished<W> = Result<Option<(W, Seal)>, Error>;

/// Writes a trace. Compression happens on a thread of its own, hashing and output on another; an
/// error there shows when a later batch is closed, at [`Writer::flush`] or at [`Writer::finish`].
///
/// With [`Writer::holding`] each event has room in the file before the guest goes on, so that a full
/// disk costs no event that was appended.
///
/// A writer that is dropped leaves a trace without an end, which every reader calls truncated.
#[derive(Debug)]
pub struct Writer<W> {
    codec: Codec,
    batch: Vec<u8>,
    events: u64,
    buffers: usize,
    returned: Receiver<Vec<u8>>,
    to_thread: Sender<Message>,
    thread: Option<JoinHandle<Finished<W>>>,
    room: Room,
}

/// What is known of the room in the file.
struct Room {
    hold: Option<Hold>,
    /// Most bytes that everything takes that was handed to the thread, packed as badly as can be.
    handed_over: u64,
    /// How much less what was written took.
    saved: Arc<AtomicU64>,
    /// Bytes for which the open batch has room.
    batch: usize,
    full: bool,
    /// Most bytes of the trace.
    most: u64,
    /// It is full because of them.
    too_long: bool,
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").field("batch", &self.batch).field("full", &self.full).finish()
    }
}

impl Room {
    /// Takes room for a batch of so many bytes, and for an end record after it.
    #[cold]
    fn hold(&mut self, batch: usize, end: usize) -> Result<(), Error> {
        self.batch = usize::MAX;
        let Some(hold) = &mut self.hold else { return Ok(()) };
        self.batch = batch;
        let before = self.handed_over.saturating_sub(self.saved.load(Ordering::Acquire));
        let found =
            before.saturating_add(longest(batch as u64)).saturating_add(longest(end as u64));
        self.too_long = found > self.most;
        let held = match self.too_long {
            true => Err(io::Error::from(io::ErrorKind::FileTooLarge)),
            false => hold(found),
        };
        held.map_err(|error| {
            self.full = true;
            Error::NoRoom(error)
        })
    }
}

enum Message {
    Batch(Vec<u8>),
    Flush(SyncSender<()>),
    End(End, Vec<u8>),
}

impl<W: Write + Send + 'static> Writer<W> {
    /// Begins a trace. `materials` are written on the writer's thread, so that the guest can start
    /// at once; they come in the order of their names, each at most once.
    ///
    /// # Errors
    /// [`Error::Import`], [`Error::TooLarge`] and [`Error::Unfit`] for what no trace can hold;
    /// [`Error::Write`] when there can be no thread.
    pub fn start(out: W, header: &Header, materials: Vec<Material>) -> Result<Self, Error> {
        header.check().map_err(Error::Unfit)?;
        let codec = Codec::new(&header.functions()?);
        let header = encode_record(header).map_err(Error::Unfit)?;
        if !materials.is_sorted_by(|a, b| a.name < b.name) {
            return Err(Error::Unfit("materials out of order, or one of them twice".into()));
        }
        materials.iter().try_for_each(Material::check)?;
        let payloads = materials.iter().map(Material::payload_len);
        let payloads = std::iter::once(header.len() as u64).chain(payloads);
        let handed_over = payloads.map(longest).fold(START, u64::saturating_add);
        let saved = Arc::new(AtomicU64::new(0));

        let (to_thread, messages) = channel();
        let (give_back, returned) = channel();
        let (to_writer, parcels) = sync_channel(PACKED);
        thread::Builder::new()
            .name("trace packer".to_owned())
            .spawn(move || pack_all(header, materials, &messages, &give_back, &to_writer))
            .map_err(Error::Write)?;
        let thread = thread::Builder::new()
            .name("trace writer".to_owned())
            .spawn({
                let saved = saved.clone();
                move || write_all(out, &parcels, &saved)
            })
            .map_err(Error::Write)?;
        let room = Room {
            hold: None,
            handed_over,
            saved,
            batch: usize::MAX,
            full: false,
            most: limits::TRACE_BYTES,
            too_long: false,
        };
        Ok(Self {
            codec,
            batch: Vec::new(),
            events: 0,
            buffers: 1,
            returned,
            to_thread,
            thread: Some(thread),
            room,
        })
    }

    /// From now on every event has room before it is appended: `hold` takes room up to an offset of
    /// the file, which begins where the trace does, up to `most` bytes of it.
    ///
    /// # Errors
    /// [`Error::NoRoom`] when there is none for a first batch.
    pub fn holding(
        mut self,
        hold: impl FnMut(u64) -> io::Result<()> + Send + 'static,
        most: u64,
    ) -> Result<Self, Error> {
        self.room.most = most.min(limits::TRACE_BYTES);
        self.room.hold = Some(Box::new(hold));
        let mut first = limits::BATCH_TARGET + LAST_EVENT;
        while let Err(error) = self.room.hold(first, END_RECORD) {
            // A trace that may only be short has a first batch that is.
            first /= 2;
            if !self.room.too_long || first < LEAST_BATCH {
                return Err(error);
            }
            self.room.full = false;
        }
        Ok(self)
    }

    /// Whether there is no room for a further event. The end has room still.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.room.full
    }

    /// Whether that is so because of the most bytes that the trace may have.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.room.too_long
    }

    /// Events so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Records a call.
    ///
    /// # Errors
    /// [`Error::Unfit`] and [`Error::TooLarge`] for a call that does not fit its function,
    /// [`Error::NoRoom`] when there is no room for it, and what went wrong on the writer's thread. The
    /// event is not in the trace then, and none comes after it.
    #[inline]
    pub fn append(&mut self, event: &EventRef<'_>) -> Result<(), Error> {
        if self.room.full {
            return Err(Error::NoRoom(io::ErrorKind::StorageFull.into()));
        }
        let before = self.batch.len();
        if let Err(problem) = self.codec.encode(event, &mut self.batch) {
            return Err(Error::Unfit(problem));
        }
        if self.batch.len() > self.room.batch {
            self.hold_large(before)?;
        }
        self.events += 1;
        if self.batch.len() >= limits::BATCH_TARGET {
            self.close_batch()?;
            // The event has its place: that there is no room for another shows at the next.
            match self.room.hold(limits::BATCH_TARGET + LAST_EVENT, END_RECORD) {
                Ok(()) | Err(Error::NoRoom(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes room for the event that made the batch so long, or takes the event back.
    #[cold]
    fn hold_large(&mut self, before: usize) -> Result<(), Error> {
        let held = self.room.hold(self.batch.len(), END_RECORD);
        if held.is_err() {
            self.batch.truncate(before);
        }
        held
    }

    /// Closes the batch and waits until it is written.
    ///
    /// # Errors
    /// What went wrong on the writer's thread.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.close_batch()?;
        self.wait()
    }

    /// Closes the trace.
    ///
    /// # Errors
    /// What went wrong on the writer's thread.
    pub fn finish(mut self, outcome: &Outcome) -> Result<(W, Seal), Error> {
        self.close_batch()?;
        let end = End { events: self.events, outcome: outcome.clone() };
        end.check().map_err(Error::Unfit)?;
        let record = encode_record(&end).map_err(Error::Unfit)?;
        if record.len() > END_RECORD {
            self.room.hold(0, record.len())?;
        }
        if self.to_thread.send(Message::End(end, record)).is_err() {
            return Err(self.fault());
        }
        self.join()?.ok_or(Error::Stopped)
    }

    #[cold]
    fn close_batch(&mut self) -> Result<(), Error> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let found = self.batch.len() as u64;
        if found > limits::BATCH_BYTES {
            let limit = limits::BATCH_BYTES;
            return Err(Error::TooLarge { what: "a batch of events", found, limit });
        }
        let next = self.spare_buffer()?;
        let batch = std::mem::replace(&mut self.batch, next);
        let large = batch.len() > LARGE;
        self.room.handed_over = self.room.handed_over.saturating_add(longest(found));
        if self.to_thread.send(Message::Batch(batch)).is_err() {
            return Err(self.fault());
        }
        // Few large batches fit into memory: the guest waits for each of them.
        if large { self.wait() } else { Ok(()) }
    }

    /// A buffer that the thread is done with, or a new one while few are in flight.
    fn spare_buffer(&mut self) -> Result<Vec<u8>, Error> {
        if let Ok(buffer) = self.returned.try_recv() {
            return Ok(buffer);
        }
        if self.buffers <= IN_FLIGHT {
            self.buffers += 1;
            return Ok(Vec::with_capacity(limits::BATCH_TARGET + (64 << 10)));
        }
        self.returned.recv().map_err(|_| self.fault())
    }

    fn wait(&mut self) -> Result<(), Error> {
        let (done, wait) = sync_channel(1);
        let sent = self.to_thread.send(Message::Flush(done));
        if sent.is_err() || wait.recv().is_err() {
            return Err(self.fault());
        }
        Ok(())
    }

    /// Why the thread does not listen any more.
    fn fault(&mut self) -> Error {
        self.join().err().unwrap_or(Error::Stopped)
    }

    fn join(&mut self) -> Finished<W> {
        let thread = self.thread.take().ok_or(Error::Stopped)?;
        thread.join().unwrap_or(Err(Error::Stopped))
    }
}

/// What is on its way from one thread to the other.
enum Parcel {
    Section(Packed),
    Flush(SyncSender<()>),
    End(End, Packed),
}

/// The packer's thread: compresses what the guest's thread sends. Each batch gives one buffer
/// back, so that the guest never waits for one that is lost. What goes wrong is told to the writer's
/// thread, which ends with it.
fn pack_all(
    header: Vec<u8>,
    materials: Vec<Material>,
    messages: &Receiver<Message>,
    give_back: &Sender<Vec<u8>>,
    to_writer: &SyncSender<Result<Parcel, Error>>,
) {
    if let Err(error) = pack_each(header, materials, messages, give_back, to_writer) {
        let _gone = to_writer.send(Err(error));
    }
}

fn pack_each(
    header: Vec<u8>,
    materials: Vec<Material>,
    messages: &Receiver<Message>,
    give_back: &Sender<Vec<u8>>,
    to_writer: &SyncSender<Result<Parcel, Error>>,
) -> Result<(), Error> {
    // When the writer's thread has ended, it has told why.
    let send = |parcel| to_writer.send(Ok(parcel)).map_err(|_| Error::Stopped);
    let mut packer = Packer::new()?;
    send(Parcel::Section(packer.pack(Kind::Header, header)?.0))?;
    for material in materials {
        send(Parcel::Section(packer.pack(Kind::Material, material.encode())?.0))?;
    }
    for message in messages {
        send(match message {
            Message::Batch(batch) => {
                let (section, buffer) = packer.pack(Kind::Batch, batch)?;
                // Nobody takes buffers back once the guest has ended.
                let _gone = give_back.send(buffer);
                Parcel::Section(section)
            }
            Message::Flush(done) => Parcel::Flush(done),
            Message::End(end, record) => Parcel::End(end, packer.pack(Kind::End, record)?.0),
        })?;
    }
    Ok(())
}

/// The writer's thread, which hashes and writes: `None` when the writer was dropped before the end.
fn write_all<W: Write>(
    out: W,
    parcels: &Receiver<Result<Parcel, Error>>,
    saved: &AtomicU64,
) -> Finished<W> {
    let mut sink = Sink::start(out)?;
    for parcel in parcels {
        match parcel? {
            Parcel::Section(section) => {
                sink.section(&section)?;
                saved.fetch_add(section.saved(), Ordering::Release);
            }
            Parcel::Flush(done) => {
                sink.flush()?;
                let _gone = done.send(());
            }
            Parcel::End(end, section) => {
                sink.section(&section)?;
                return sink.finish(end).map(Some);
            }
        }
    }
    Ok(None)
}
