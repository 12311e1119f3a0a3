//! Where a run's evidence goes: two files, both whole or neither there.

use super::error::CommandError;
use crate::attest::receipt::FinalState;
use crate::attest::{Envelope, PrivateKey};
use crate::files;
use crate::limits;
use crate::outcome::Outcome;
use crate::reason::Reason;
use crate::runtime::{self, Shared, Writer};
use crate::trace::{self, Header, Material, MaterialName};
use crate::verify::{Attested, CheckedBundle};
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Two files that will be written: the trace while the guest runs, the receipt at the end.
pub struct Destination {
    receipt: PathBuf,
    trace: PathBuf,
    trace_file: files::Pending,
    receipt_file: files::Pending,
    force: bool,
}

/// Room that the receipt has from the start. A longer one, of an execution with thousands of files, needs
/// its own at the end.
const RECEIPT_ROOM: u64 = 1 << 20;

impl Destination {
    /// Makes sure that both files can be written before anything runs, and takes room for the receipt.
    pub fn prepare(receipt: &Path, force: bool) -> Result<Self, CommandError> {
        let trace = receipt.with_extension("trace");
        if trace == receipt {
            let message =
                format!("{}: the receipt's name must not end in .trace", receipt.display());
            return Err(CommandError::new(Reason::Usage, message));
        }
        if !force {
            files::must_not_exist(receipt)?;
            files::must_not_exist(&trace)?;
        }
        let trace_file = files::Pending::create(&trace, files::MODE_SECRET)?;
        let receipt_file = files::Pending::create(receipt, files::MODE_FILE)?;
        receipt_file.hold(RECEIPT_ROOM)?;
        Ok(Self { receipt: receipt.to_path_buf(), trace, trace_file, receipt_file, force })
    }

    /// Starts the trace, of at most `most` bytes.
    pub fn start(
        &self,
        header: &Header,
        materials: Vec<Material>,
        most: u64,
    ) -> Result<Writer, CommandError> {
        let out: Box<dyn Write + Send> = Box::new(self.trace_file.handle()?);
        let mut room = self.trace_file.room()?;
        let writer = trace::Writer::start(out, header, materials)?;
        let too_short = |error: &io::Error| error.kind() == io::ErrorKind::FileTooLarge;
        match writer.holding(move |end| room.hold(end), most) {
            Err(trace::Error::NoRoom(error)) if too_short(&error) && most < limits::TRACE_BYTES => {
                let message = format!(
                    "trace-bytes = {most} has no room for what an auditor needs of this skill and a first event"
                );
                let hint = "raise trace-bytes in the policy file, under [limits], or run it with --detached";
                Err(CommandError::new(Reason::LimitExceeded, message).hint(hint))
            }
            held => Ok(held?),
        }
    }
}

/// What goes into the trace so that an auditor needs nothing else.
pub fn materials(
    bundle: &CheckedBundle,
    companion: Option<Vec<u8>>,
    attested: Option<&Attested>,
) -> Vec<Material> {
    let mut materials = vec![
        Material::new(MaterialName::Module, bundle.module().bytes().to_vec()),
        Material::new(MaterialName::Manifest, bundle.manifest_bytes().to_vec()),
    ];
    if let Some(attested) = attested {
        materials.push(Material::new(MaterialName::Attestation, attested.envelope().to_vec()));
    }
    if let Some(companion) = companion.filter(|bytes| bytes.len() <= limits::COMPANION_IN_TRACE) {
        materials.push(Material::new(MaterialName::Companion, companion));
    }
    materials
}

/// A run's evidence until its end; shared with the watchdog, and concluded once.
#[derive(Clone)]
pub struct Recording(Arc<Mutex<Option<Open>>>);

struct Open {
    evidence: Shared,
    destination: Option<Destination>,
    key: Option<Arc<PrivateKey>>,
}

/// What was written.
pub struct Concluded {
    /// The receipt.
    pub receipt: PathBuf,
    /// The trace.
    pub trace: PathBuf,
    /// Events in it.
    pub events: u64,
    signed: bool,
    in_clear: String,
    bytes: u64,
}

impl Recording {
    /// The recording of the execution behind `evidence`.
    pub fn new(
        evidence: Shared,
        destination: Option<Destination>,
        key: Option<Arc<PrivateKey>>,
    ) -> Self {
        Self(Arc::new(Mutex::new(Some(Open { evidence, destination, key }))))
    }

    /// Seals the trace, makes the receipt, writes both. Whoever comes second waits for ever: the
    /// first one ends the process.
    pub fn conclude(
        &self,
        outcome: &Outcome,
        state: Option<&FinalState>,
    ) -> Result<Option<Concluded>, CommandError> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match slot.take() {
            Some(open) => open.conclude(outcome, state),
            None => loop {
                std::thread::park();
            },
        }
    }
}

impl Open {
    fn conclude(
        self,
        outcome: &Outcome,
        state: Option<&FinalState>,
    ) -> Result<Option<Concluded>, CommandError> {
        let Some(destination) = self.destination else { return Ok(None) };
        let mut evidence = self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seal) = evidence.seal(outcome)? else { return Ok(None) };
        let receipt = runtime::receipt(&evidence, outcome, state, &seal);
        let payload = receipt.to_statement()?.to_payload()?;
        let envelope = match &self.key {
            Some(key) => Envelope::sign(payload, &[key]),
            None => Envelope::unsigned(payload),
        };
        let mut bytes = envelope.to_bytes()?;
        bytes.push(b'\n');
        if bytes.len() as u64 > limits::ENVELOPE_BYTES {
            let message = format!(
                "the receipt would be {} bytes long, and no reader takes more than {}",
                bytes.len(),
                limits::ENVELOPE_BYTES
            );
            return Err(CommandError::new(Reason::FileTooLarge, message));
        }
        let Destination { receipt: to, trace, trace_file, mut receipt_file, force } = destination;
        trace_file.cut(seal.bytes)?;
        receipt_file.fill(&bytes)?;
        trace_file.commit(force)?;
        if let Err(error) = receipt_file.commit(force) {
            // The receipt's error is the one to tell.
            let _ = files::remove(&trace);
            return Err(error.into());
        }
        Ok(Some(Concluded {
            receipt: to,
            trace,
            events: receipt.trace.events,
            signed: self.key.is_some(),
            in_clear: in_clear(evidence.header(), &receipt),
            bytes: seal.bytes,
        }))
    }
}

/// What the trace holds in clear: `2 files, 1 variable, stdin 4096 bytes`.
fn in_clear(header: &Header, receipt: &crate::attest::receipt::Receipt) -> String {
    let mut parts = Vec::new();
    let mut count = |n: usize, what: &str| {
        if n > 0 {
            parts.push(format!("{n} {what}{}", if n == 1 { "" } else { "s" }));
        }
    };
    count(header.arguments.len(), "argument");
    count(header.environment.len(), "variable");
    count(receipt.files.read.len(), "file");
    if receipt.invocation.stdin.bytes > 0 {
        parts.push(format!("stdin {} bytes", receipt.invocation.stdin.bytes));
    }
    parts.join(", ")
}

impl fmt::Display for Concluded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed = if self.signed { "signed" } else { "unsigned" };
        write!(
            f,
            "provenact: {} ({signed}) and {} ({} events, {} bytes; in clear: {})",
            self.receipt.display(),
            self.trace.display(),
            self.events,
            self.bytes,
            self.in_clear
        )
    }
}
