//! Sections: the framing, compression and hashing of a trace (`spec/trace.md`, "Sections").

use super::error::{Error, Problem};
use super::header::End;
use crate::digest::{Sha256, TraceDigest};
use crate::{limits, wire};
use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufReader, Read, Write};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe;

const MAGIC: [u8; 8] = *b"\0pvtrace";
const HASH: usize = 32;
/// A constant, so that a recording costs the same everywhere. Level 1 takes up to twice the time,
/// which is what a run waits for; it gains nothing on events and a quarter on plain text.
const LEVEL: i32 = -1;
/// A material's name and its length before the bytes.
const NAME_ROOM: u64 = 16;

thread_local! {
    /// Making one takes as long as a small trace: it is kept. Each frame starts it anew.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Decompresses one frame into the capacity of `payload`; gives its length.
fn inflated(frame: &[u8], payload: &mut Vec<u8>) -> io::Result<usize> {
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let own = match kept {
            Some(own) => own,
            none => none.insert(Decompressor::new()?),
        };
        own.decompress_to_buffer(frame, payload)
    })
}

/// A version of the trace format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Changes when older readers would misread.
    pub major: u8,
    /// Changes when something is added that older readers do not know.
    pub minor: u8,
}

impl Version {
    /// What is written and read here.
    pub const CURRENT: Self = Self { major: 1, minor: 0 };
}

/// `2`, or `1.3` when there is a minor version.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            0 => write!(f, "{}", self.major),
            minor => write!(f, "{}.{minor}", self.major),
        }
    }
}

/// What is known of a trace that was written, or read and checked, to its end. Only [`Writer`] and
/// [`Reader`] make one.
///
/// [`Writer`]: super::Writer
/// [`Reader`]: super::Reader
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seal {
    /// SHA-256 of the whole file.
    pub digest: TraceDigest,
    /// Length of the file.
    pub bytes: u64,
    /// The last record.
    pub end: End,
}

/// Kinds of sections, in the order in which they stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Header = 1,
    Material = 2,
    Batch = 3,
    End = 4,
}

impl Kind {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Header),
            2 => Some(Self::Material),
            3 => Some(Self::Batch),
            4 => Some(Self::End),
            _ => None,
        }
    }

    /// Most bytes of a payload before compression.
    const fn limit(self) -> u64 {
        match self {
            Self::Header | Self::End => limits::TRACE_RECORD_BYTES,
            Self::Material => limits::MODULE_BYTES + NAME_ROOM,
            Self::Batch => limits::BATCH_BYTES,
        }
    }
}

/// A section's payload as it is stored.
pub(super) struct Packed {
    kind: Kind,
    /// Bytes of the payload before compression.
    raw: u64,
    stored: Vec<u8>,
}

impl Packed {
    /// How much shorter the section is than [`longest`] says.
    pub(super) fn saved(&self) -> u64 {
        self.raw - self.stored.len() as u64
    }
}

/// Most bytes that a section with a payload of `raw` bytes takes: kind, two lengths, payload, hash.
pub(super) const fn longest(raw: u64) -> u64 {
    1 + 10 + 10 + raw + HASH as u64
}

/// Bytes before the first section.
pub(super) const START: u64 = MAGIC.len() as u64 + 2;

/// Compresses payloads, apart from [`Sink`] so that both can work at the same time.
pub(super) struct Packer(Compressor<'static>);

impl Packer {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self(Compressor::new(LEVEL).map_err(Error::Write)?))
    }

    /// Packs a payload; gives an empty buffer back for the next one.
    pub(super) fn pack(&mut self, kind: Kind, raw: Vec<u8>) -> Result<(Packed, Vec<u8>), Error> {
        let mut packed = Vec::new();
        packed
            .try_reserve_exact(zstd_safe::compress_bound(raw.len()))
            .map_err(|_| Error::Write(io::ErrorKind::OutOfMemory.into()))?;
        self.0.compress_to_buffer(&raw[..], &mut packed).map_err(Error::Write)?;
        let length = raw.len() as u64;
        let (stored, mut spare) =
            if packed.len() < raw.len() { (packed, raw) } else { (raw, packed) };
        spare.clear();
        spare.shrink_to(LARGE);
        Ok((Packed { kind, raw: length, stored }, spare))
    }
}

/// Where sections go.
pub(super) struct Sink<W> {
    out: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Sink<W> {
    /// Writes magic and version.
    pub(super) fn start(out: W) -> Result<Self, Error> {
        let mut sink = Self { out, hash: Sha256::new(), bytes: 0 };
        let Version { major, minor } = Version::CURRENT;
        put(&mut sink.out, &mut sink.hash, &mut sink.bytes, &MAGIC)?;
        put(&mut sink.out, &mut sink.hash, &mut sink.bytes, &[major, minor])?;
        Ok(sink)
    }

    /// Writes one section.
    pub(super) fn section(&mut self, section: &Packed) -> Result<(), Error> {
        let Self { out, hash, bytes } = self;
        let mut head = vec![section.kind as u8];
        wire::put_u64(&mut head, section.raw);
        wire::put_u64(&mut head, section.stored.len() as u64);
        put(out, hash, bytes, &head)?;
        put(out, hash, bytes, &section.stored)?;
        let sum = hash.so_far();
        put(out, hash, bytes, &sum)
    }

    /// Hands everything to the operating system.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.out.flush().map_err(Error::Write)
    }

    /// The stream, and what was written to it; `end` is the last record.
    pub(super) fn finish(mut self, end: End) -> Result<(W, Seal), Error> {
        self.flush()?;
        let digest = TraceDigest::from_bytes(self.hash.finish());
        Ok((self.out, Seal { digest, bytes: self.bytes, end }))
    }
}

/// Payloads above this many bytes are handled one at a time, and their buffers are given back.
pub(super) const LARGE: usize = 16 << 20;

fn put(
    out: &mut impl Write,
    hash: &mut Sha256,
    written: &mut u64,
    bytes: &[u8],
) -> Result<(), Error> {
    let found = written.saturating_add(bytes.len() as u64);
    let limit = limits::TRACE_BYTES;
    if found > limit {
        return Err(Error::TooLarge { what: "the trace", found, limit });
    }
    out.write_all(bytes).map_err(Error::Write)?;
    hash.update(bytes);
    *written = found;
    Ok(())
}

/// What stands before a section's payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    kind: u8,
    /// Bytes of the payload before compression.
    pub(super) raw: usize,
    pub(super) stored: u64,
    offset: u64,
}

impl Head {
    /// Whether it stands before events.
    pub(super) fn is_batch(&self) -> bool {
        Kind::of(self.kind) == Some(Kind::Batch)
    }

    /// An error about this section, which has the number `section`.
    pub(super) fn broken(&self, section: u64, problem: Problem) -> Error {
        Error::Section { section, offset: self.offset, problem }
    }
}

/// Where sections come from.
pub(super) struct Source<R> {
    input: BufReader<R>,
    hash: Sha256,
    offset: u64,
    sections: u64,
    stored: Vec<u8>,
}

impl<R: Read> Source<R> {
    /// Checks magic and version.
    pub(super) fn open(input: R) -> Result<Self, Error> {
        let mut source = Self {
            input: BufReader::with_capacity(64 << 10, input),
            hash: Sha256::new(),
            offset: 0,
            sections: 0,
            stored: Vec::new(),
        };
        source.fetch(MAGIC.len() as u64)?;
        if !MAGIC.starts_with(&source.stored) {
            return Err(Error::NotATrace);
        }
        source.exactly(MAGIC.len() as u64)?;
        let found = Version { major: source.byte()?, minor: source.byte()? };
        if found != Version::CURRENT {
            return Err(Error::Version { found });
        }
        Ok(source)
    }

    /// Number of the section that is read next.
    pub(super) fn sections(&self) -> u64 {
        self.sections
    }

    /// Reads what stands before the next payload.
    pub(super) fn head(&mut self) -> Result<Head, Error> {
        let offset = self.offset;
        let kind = self.byte()?;
        let raw = self.length(offset)?;
        let stored = self.length(offset)?;
        // An unknown kind is refused once the hash says that it was written so.
        let limit = Kind::of(kind).unwrap_or(Kind::Batch).limit();
        if raw > limit {
            return Err(self.broken(offset, "a payload longer than the limit of its kind"));
        }
        if stored > raw {
            return Err(self.broken(offset, "a payload stored in more bytes than it has"));
        }
        let (found, limit) = (self.offset.saturating_add(stored), limits::TRACE_BYTES);
        if found > limit {
            return Err(Error::TooLarge { what: "the trace", found, limit });
        }
        let raw = usize::try_from(raw)
            .map_err(|_| self.broken(offset, "a payload longer than this machine's memory"))?;
        Ok(Head { kind, raw, stored, offset })
    }

    /// Reads, checks and decompresses the payload that `head` announced into `payload`.
    pub(super) fn payload(&mut self, head: Head, payload: &mut Vec<u8>) -> Result<Kind, Error> {
        self.fetch(head.stored)?;
        self.exactly(head.stored)?;
        let expected = self.hash.so_far();
        let mut found = [0; HASH];
        for byte in &mut found {
            *byte = self.byte()?;
        }
        if found != expected {
            return Err(Error::Corrupt { section: self.sections, offset: head.offset });
        }
        let Some(kind) = Kind::of(head.kind) else {
            return Err(self.broken(head.offset, "a kind of section that is unknown"));
        };
        if head.stored == head.raw as u64 {
            std::mem::swap(payload, &mut self.stored);
        } else if let Err(problem) = self.decompress(head.raw, payload) {
            return Err(self.broken(head.offset, problem));
        }
        if self.stored.capacity() > LARGE {
            self.stored = Vec::new();
        }
        self.sections += 1;
        Ok(kind)
    }

    /// Digest and length of the file, when nothing is left of it.
    pub(super) fn finish(mut self, end: End) -> Result<Seal, Error> {
        let bytes = self.offset;
        self.fetch(1)?;
        if !self.stored.is_empty() {
            return Err(Error::Trailing { offset: bytes });
        }
        Ok(Seal { digest: TraceDigest::from_bytes(self.hash.finish()), bytes, end })
    }

    /// An error about the section that begins at `offset`.
    fn broken(&self, offset: u64, problem: impl Into<Problem>) -> Error {
        Error::Section { section: self.sections, offset, problem: problem.into() }
    }

    fn decompress(&mut self, raw: usize, payload: &mut Vec<u8>) -> Result<(), &'static str> {
        // Both are checked before memory is set aside for what the frame promises.
        if zstd_safe::find_frame_compressed_size(&self.stored) != Ok(self.stored.len()) {
            return Err("a payload that is not exactly one Zstandard frame");
        }
        match zstd_safe::get_frame_content_size(&self.stored) {
            Ok(Some(size)) if size == raw as u64 => {}
            _ => return Err("a Zstandard frame that does not declare the payload's length"),
        }
        payload.clear();
        payload.try_reserve_exact(raw).map_err(|_| "a payload longer than the memory there is")?;
        match inflated(&self.stored, payload) {
            Ok(size) if size == raw => Ok(()),
            _ => Err("a Zstandard frame that does not decompress to the payload's length"),
        }
    }

    /// A length: an unsigned LEB128 integer.
    fn length(&mut self, section: u64) -> Result<u64, Error> {
        let mut bytes = Vec::with_capacity(10);
        loop {
            let byte = self.byte()?;
            bytes.push(byte);
            if byte < 0x80 || bytes.len() == 10 {
                break;
            }
        }
        wire::Reader::new(&bytes)
            .u64("a length")
            .map_err(|_| self.broken(section, "a length that is not a shortest-form integer"))
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let mut byte = [0];
        match self.input.read_exact(&mut byte) {
            Ok(()) => {
                self.hash.update(&byte);
                self.offset += 1;
                Ok(byte[0])
            }
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(self.torn()),
            Err(e) => Err(Error::Read(e)),
        }
    }

    /// Reads up to `len` bytes into `stored`. Memory grows with what is there, not with what is
    /// promised.
    fn fetch(&mut self, len: u64) -> Result<(), Error> {
        self.stored.clear();
        (&mut self.input).take(len).read_to_end(&mut self.stored).map_err(Error::Read)?;
        self.hash.update(&self.stored);
        self.offset = self.offset.saturating_add(self.stored.len() as u64);
        Ok(())
    }

    /// Refuses a file that ended before [`Source::fetch`] had all it was asked for.
    fn exactly(&self, len: u64) -> Result<(), Error> {
        if (self.stored.len() as u64) < len { Err(self.torn()) } else { Ok(()) }
    }

    /// The reader of the events knows how many there were, and says it.
    fn torn(&self) -> Error {
        Error::Truncated { sections: self.sections, events: 0, offset: self.offset }
    }
}
