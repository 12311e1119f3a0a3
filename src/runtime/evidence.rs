//! What an execution leaves behind: the trace, and what the receipt says of it.
//!
//! One lock holds both, so that the watchdog of a run that takes too long can seal the trace and
//! make a receipt that agrees with it to the last event.

use super::effects::Effect;
use crate::abi::{Capability, Kind};
use crate::attest::receipt::{Bytes, SaltedBytes, Transfers};
use crate::digest::{DataDigest, Sha256};
use crate::outcome::{Interruption, Outcome};
use crate::trace::{self, EventRef, Header, Seal};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The evidence, shared between the execution and the watchdog.
pub type Shared = Arc<Mutex<Evidence>>;

/// A trace being written.
pub type Writer = trace::Writer<Box<dyn Write + Send>>;

/// Somewhere that what left the guest is kept in full, besides its digest.
pub trait Keep: Send {
    /// Takes one effect.
    fn keep(&mut self, effect: &Effect<'_>);
}

/// Bytes of one standard stream, and the hash of them.
#[derive(Debug, Default)]
pub(super) struct Output {
    hash: Sha256,
    bytes: u64,
}

impl Output {
    fn put(&mut self, data: &[u8]) {
        self.hash.update(data);
        self.bytes += data.len() as u64;
    }

    /// Count and digest so far.
    pub(super) fn so_far(&self) -> Bytes {
        Bytes { bytes: self.bytes, sha256: DataDigest::from_bytes(self.hash.so_far()) }
    }
}

/// What one execution did, as far as it has come.
pub struct Evidence {
    header: Header,
    /// Whether only one class of engines can execute the module.
    pub(super) one_engine_class: bool,
    writer: Option<Writer>,
    keep: Option<Box<dyn Keep>>,
    events: u64,
    /// Standard input, hashed with the salt before it.
    pub(super) stdin: SaltedBytes,
    /// Standard output.
    pub(super) stdout: Output,
    /// Standard error.
    pub(super) stderr: Output,
    /// What the `provenact` interface was given as the output, the last time.
    pub(super) output: Option<Output>,
    /// Files by guest path: bytes delivered.
    pub(super) read: BTreeMap<Arc<str>, Transfers>,
    /// Files by guest path: bytes accepted.
    pub(super) written: BTreeMap<Arc<str>, Transfers>,
    /// How many calls each grant allowed.
    uses: Vec<u64>,
    environment_uses: u64,
    sealed: Arc<AtomicBool>,
}

impl Evidence {
    /// No evidence yet of an execution with `header`; `writer` takes its events.
    #[must_use]
    pub fn new(header: Header, writer: Option<Writer>, keep: Option<Box<dyn Keep>>) -> Self {
        Self {
            stdin: SaltedBytes::new(header.salt.as_bytes()),
            uses: vec![0; header.grants.len()],
            header,
            one_engine_class: false,
            writer,
            keep,
            events: 0,
            stdout: Output::default(),
            stderr: Output::default(),
            output: None,
            read: BTreeMap::new(),
            written: BTreeMap::new(),
            environment_uses: 0,
            sealed: Arc::default(),
        }
    }

    /// Says whether only one class of engines can execute the module.
    #[must_use]
    pub fn on_one_engine_class(mut self, one: bool) -> Self {
        self.one_engine_class = one;
        self
    }

    /// The evidence, to be shared.
    #[must_use]
    pub fn shared(self) -> Shared {
        Arc::new(Mutex::new(self))
    }

    /// The trace header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Events so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Whether the trace is sealed: to be looked at without the lock.
    pub(super) fn is_sealed(&self) -> Arc<AtomicBool> {
        self.sealed.clone()
    }

    /// Whether there is no room for a further event.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.writer.as_ref().is_some_and(trace::Writer::is_full)
    }

    /// Why there is no room for a further event.
    #[cold]
    pub(super) fn no_room(&self) -> Interruption {
        match &self.writer {
            Some(writer) if writer.is_too_long() => Interruption::TraceLimit,
            _ => Interruption::OutputFailed,
        }
    }

    /// Enters one event.
    #[inline]
    pub(super) fn record(&mut self, event: &EventRef<'_>) -> Result<(), trace::Error> {
        wait_if(&self.sealed);
        if let Some(writer) = &mut self.writer {
            writer.append(event)?;
        }
        self.events += 1;
        Ok(())
    }

    /// Writes out what is recorded so far, if a trace is written.
    pub(super) fn write_out(&mut self) -> Result<(), trace::Error> {
        self.writer.as_mut().map_or(Ok(()), trace::Writer::flush)
    }

    /// Seals the trace, if one is written; `None` if not, or if it was sealed before.
    ///
    /// # Errors
    /// When the trace cannot be written to its end.
    pub fn seal(&mut self, outcome: &Outcome) -> Result<Option<Seal>, trace::Error> {
        self.sealed.store(true, Ordering::Release);
        self.writer.take().map(|writer| Ok(writer.finish(outcome)?.1)).transpose()
    }

    /// Counts authority that was used.
    #[inline]
    pub(super) fn note_use(&mut self, grant: usize) {
        if let Some(uses) = self.uses.get_mut(grant) {
            *uses += 1;
        }
    }

    /// Takes in what a successful call did.
    pub(super) fn note(&mut self, effect: &Effect<'_>) {
        match effect {
            Effect::Stdin(data) => self.stdin.update(data),
            Effect::Stdout(data) => self.stdout.put(data),
            Effect::Stderr(data) => self.stderr.put(data),
            Effect::Read(path, at, data) => transfers(&mut self.read, path, *at, data),
            Effect::Written(path, at, data) => transfers(&mut self.written, path, *at, data),
            Effect::Created(path, _) | Effect::Resized(path, _) => {
                self.written.entry(Arc::clone(path)).or_default();
            }
            Effect::Environment => self.environment_uses += 1,
            Effect::Output(data) => {
                let mut output = Output::default();
                output.put(data);
                self.output = Some(output);
            }
            Effect::Renamed(..) | Effect::Removed(_) => {}
        }
        if let Some(keep) = &mut self.keep {
            keep.keep(effect);
        }
    }

    /// Capabilities that were used and how many calls used each, sorted.
    #[must_use]
    pub fn uses(&self) -> Vec<(Capability, u64)> {
        let grants = self.header.grants.iter().zip(&self.uses);
        let uses = grants.map(|(grant, calls)| match grant.kind() {
            Kind::Env => (grant.clone(), self.environment_uses),
            _ => (grant.clone(), *calls),
        });
        uses.filter(|(_, calls)| *calls > 0).collect()
    }
}

/// Waits for the end when the watchdog has sealed the trace and is about to end the process: the
/// guest goes no further than the evidence does.
#[inline]
pub(super) fn wait_if(sealed: &AtomicBool) {
    while sealed.load(Ordering::Acquire) {
        std::thread::park();
    }
}

fn transfers(
    files: &mut BTreeMap<Arc<str>, Transfers>,
    path: &Arc<str>,
    offset: Option<u64>,
    data: &[u8],
) {
    let file = files.entry(path.clone()).or_default();
    file.update(offset.unwrap_or(Transfers::APPENDED), data);
}
