//! Replaying a receipt on one engine: re-execution with nothing but the trace, and the verdict.

use super::Error;
use crate::abi::{self, Capability, Function, Kind};
use crate::attest::receipt::Receipt;
use crate::digest::{EnvelopeDigest, ManifestDigest, ModuleDigest};
use crate::engines::EngineName;
use crate::json;
use crate::outcome::{Interruption, Outcome};
use crate::profile::Pass;
use crate::reason::Reason;
use crate::runtime::{
    self, Cause, Divergence, Engine, Evidence, Execution, Keep, Replayer, Seam, Shared, execute,
};
use crate::skill::{Manifest, declares};
use crate::trace::{Header, MaterialName, Reader, Seal};
use crate::wasm::{Canonical, Companion, Interface};
use std::sync::{PoisonError, mpsc};

/// A module that is ready to be replayed on one engine, as often as one likes.
pub struct Executable {
    engine: Engine,
    program: runtime::Program,
    interface: Interface,
    module: ModuleDigest,
}

impl Executable {
    /// Compiles `module`, to be entered at `entrypoint`.
    ///
    /// # Errors
    /// When the module asks for what no host has, and when the engine cannot run it.
    pub fn prepare(engine: &Engine, module: &Canonical, entrypoint: &str) -> Result<Self, Error> {
        let interface = Interface::of(module.module(), Some(entrypoint))?;
        let program = engine.compile(module, &interface.host_functions())?;
        Ok(Self { engine: engine.clone(), program, interface, module: module.digest() })
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> EngineName {
        self.engine.name()
    }

    /// Bytes of memory that it takes, about.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.program.bytes()
    }
}

/// What a replay needs besides the module.
pub struct Replay<'a> {
    /// What is to be reproduced.
    pub receipt: &'a Receipt,
    /// The manifest, found by its digest.
    pub manifest: &'a Manifest,
    /// The trace.
    pub trace: Reader,
    /// The debug companion: it is read when a call stack is to be explained, and not before.
    pub companion: Option<&'a [u8]>,
    /// Where the reproduced output goes, if somebody wants it.
    pub keep: Option<Box<dyn Keep>>,
}

/// What an auditor found.
#[derive(Debug)]
pub enum Verdict {
    /// The execution was reproduced to the last byte.
    Reproduced(Reproduced),
    /// All events were reproduced until something cut it short: inconclusive.
    Interrupted {
        /// Events that were reproduced.
        events: u64,
        /// What cut it short.
        cause: Interruption,
        /// Whether it was this replay that was cut short, and not the recording.
        here: bool,
    },
    /// It differs; this is the first place.
    Refuted(Box<Divergence>),
}

/// Proof that an execution was reproduced: only [`replay`] makes one.
#[derive(Debug)]
pub struct Reproduced {
    events: u64,
    receipt: Box<Receipt>,
}

impl Reproduced {
    /// Events that were compared.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How the execution ended, both times.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.receipt.outcome
    }

    /// The receipt as this replay computed it, which is what was claimed.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}

/// Executes the module again, with the trace for a world.
///
/// # Errors
/// When no verdict is possible: materials that do not belong together, a trace that is truncated
/// or was changed after it was written, an engine that cannot run the module.
pub fn replay(executable: &Executable, input: Replay<'_>) -> Result<Verdict, Error> {
    let header = input.trace.header().clone();
    belong_together(executable.module, input.manifest.digest(), input.receipt, &input.trace)?;
    manifest_allows(input.manifest, &header)?;
    if header.entrypoint != executable.interface.entrypoint
        || !same_imports(executable.program.rows(), &header)
    {
        return Err(Error::Imports);
    }
    let one_class = executable.interface.one_class_feature.is_some();
    let evidence = Evidence::new(header, None, input.keep);
    let shared = evidence.on_one_engine_class(one_class).shared();
    let (tell, told) = mpsc::sync_channel(1);
    let free_nans = !input.manifest.profile().has(Pass::Nan);
    let rows = executable.program.rows().to_vec();
    let replayer = Replayer::new(input.trace, rows, tell).with_free_nans(free_nans);
    let execution = run(executable, replayer, &shared);
    // What is wrong with the trace as a whole comes before what is wrong at one place of it.
    let Ok(seal) = told.try_recv() else {
        let cause = match execution?.outcome {
            Outcome::Interrupted { cause } => cause,
            _ => Interruption::HostMemory,
        };
        let events = shared.lock().unwrap_or_else(PoisonError::into_inner).events();
        return Ok(Verdict::Interrupted { events, cause, here: true });
    };
    let seal = seal?;
    if seal.digest != input.receipt.trace.sha256 {
        return Ok(refuted(Divergence {
            reason: Reason::TraceMismatch,
            event: seal.end.events,
            place: "trace.sha256".to_owned(),
            recorded: input.receipt.trace.sha256.to_string(),
            replayed: seal.digest.to_string(),
            likely_cause: Cause::AnotherTrace,
            before: Vec::new(),
            after: Vec::new(),
            stack: Vec::new(),
        }));
    }
    let known = input.companion.map(|companion| (companion, executable.program.code_start()));
    let execution = match execution {
        Ok(execution) => execution,
        Err(runtime::Error::Diverged(mut divergence)) => {
            explained(&mut divergence.stack, known);
            return Ok(Verdict::Refuted(divergence));
        }
        Err(other) => return Err(other.into()),
    };
    judge(input.receipt, known, &shared, execution, &seal)
}

/// Executes the guest, unless the recording was cut short before its first event.
fn run(
    executable: &Executable,
    mut replayer: Replayer,
    shared: &Shared,
) -> Result<Execution, runtime::Error> {
    if let Some(cut_short) = replayer.cut_short_at_once()? {
        return Ok(cut_short);
    }
    let Executable { engine, program, interface, .. } = executable;
    let header = shared.lock().unwrap_or_else(PoisonError::into_inner).header().clone();
    let allowance = replayer.allowance().cloned();
    let seam = Seam::new(Box::new(replayer), program.rows().to_vec(), &header, shared.clone());
    let seam = seam.unwatched().within(allowance);
    execute(engine, program, interface, seam)
}

/// Compares how it ended, then the receipt as a whole.
fn judge(
    claimed: &Receipt,
    known: Option<(&[u8], Option<u64>)>,
    shared: &Shared,
    execution: Execution,
    seal: &Seal,
) -> Result<Verdict, Error> {
    let evidence = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let differs = |reason, likely_cause, place: String, recorded, replayed| {
        let mut stack = execution.stack.clone();
        explained(&mut stack, known);
        let (event, before, after) = (evidence.events(), Vec::new(), Vec::new());
        refuted(Divergence {
            reason,
            event,
            place,
            recorded,
            replayed,
            likely_cause,
            before,
            after,
            stack,
        })
    };
    if execution.outcome != seal.end.outcome {
        return Ok(differs(
            Reason::OutcomeDiffers,
            Cause::of_outcomes(&seal.end.outcome, &execution.outcome),
            "outcome".to_owned(),
            seal.end.outcome.to_string(),
            execution.outcome.to_string(),
        ));
    }
    let computed = runtime::receipt(&evidence, &execution.outcome, execution.state.as_ref(), seal);
    if let Some(field) = claimed.first_difference(&computed)? {
        let text =
            |value: Option<json::Value>| value.map_or("nothing".to_owned(), |v| v.to_string());
        let (recorded, replayed) = (text(field.found), text(field.expected));
        let (reason, cause) = (Reason::ReceiptDiffers, Cause::ChangedReceipt);
        return Ok(differs(reason, cause, field.path, recorded, replayed));
    }
    Ok(match execution.outcome {
        Outcome::Interrupted { cause } => {
            Verdict::Interrupted { events: evidence.events(), cause, here: false }
        }
        _ => Verdict::Reproduced(Reproduced {
            events: evidence.events(),
            receipt: Box::new(computed),
        }),
    })
}

/// Names are hints for people, and read only for a difference: a companion that cannot be read
/// gives none.
fn explained(stack: &mut [runtime::Frame], known: Option<(&[u8], Option<u64>)>) {
    if stack.is_empty() {
        return;
    }
    let Some((bytes, code)) = known else { return };
    if let Ok(companion) = Companion::parse(bytes.to_vec()) {
        runtime::explain(stack, &companion, code);
    }
}

fn refuted(divergence: Divergence) -> Verdict {
    Verdict::Refuted(Box::new(divergence))
}

/// Receipt, trace, module, manifest and attestation must name one another.
pub(super) fn belong_together(
    module: ModuleDigest,
    manifest: ManifestDigest,
    receipt: &Receipt,
    trace: &Reader,
) -> Result<(), Error> {
    let header = trace.header();
    if let Some(bytes) = trace.material(MaterialName::Attestation) {
        let found = EnvelopeDigest::of(bytes);
        let expected = header.attestation.as_ref().map(|attested| attested.envelope);
        if expected != Some(found) {
            return Err(Error::Attestation { found, expected });
        }
    }
    for (what, expected) in [("the receipt", receipt.module.sha256), ("the trace", header.module)] {
        if expected != module {
            return Err(Error::Module { what, found: module, expected });
        }
    }
    for (what, expected) in
        [("the receipt", receipt.manifest.sha256), ("the trace", header.manifest)]
    {
        if expected != manifest {
            return Err(Error::Manifest { what, found: manifest, expected });
        }
    }
    Ok(())
}

/// The header is what `run` can have made of this manifest: nothing in it is an operator's answer.
pub(super) fn manifest_allows(manifest: &Manifest, header: &Header) -> Result<(), Error> {
    let differs = |what, found: &str, expected: &str| {
        let (found, expected) = (found.to_owned(), expected.to_owned());
        Err(Error::Header { what, found, expected })
    };
    if header.entrypoint != manifest.entrypoint() {
        return differs("entrypoint", &header.entrypoint, manifest.entrypoint());
    }
    let program = header.arguments.first().map_or("", String::as_str);
    if program != manifest.name() {
        return differs("first argument", program, manifest.name());
    }
    if let Some(grant) = header.grants.iter().find(|g| !declares(manifest.capabilities(), g)) {
        return differs("grant", &grant.to_string(), "one that the manifest declares");
    }
    let granted = header.grants.iter().filter(|g| g.kind() == Kind::Env).map(Capability::value);
    let given = header.environment.iter().map(|[name, _]| name.as_str());
    if !given.clone().eq(granted) {
        let names: Vec<_> = given.collect();
        return differs("environment", &names.join(","), "the variables that were granted");
    }
    let speaks = header.imports.iter().any(|[module, _]| module == abi::OWN_NAME);
    if header.input.is_some() && !speaks {
        return differs("input", "an input", "none: the module imports nothing that reads it");
    }
    Ok(())
}

fn same_imports(rows: &[&'static Function], header: &Header) -> bool {
    rows.len() == header.imports.len()
        && rows
            .iter()
            .zip(&header.imports)
            .all(|(row, [module, name])| row.module == module && row.name == name)
}
