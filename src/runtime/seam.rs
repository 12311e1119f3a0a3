//! The one seam between guest and world.
//!
//! Every host call of a guest comes through [`Seam::call`], in run and in replay: it is resolved,
//! judged, answered by a [`Host`], and entered in the evidence. Only the host differs.

use super::act::Act;
use super::authority::{Authority, OPEN_CREATE};
use super::call::{Call, InvocationSizes, Span};
use super::divergence::Divergence;
use super::effects::Effect;
use super::evidence::{Evidence, Shared, wait_if};
use super::known::Known;
use super::possible::Rule;
use crate::abi::{Answer, Function, Gives, Need, Role, Used, show};
use crate::allowance::Allowance;
use crate::bounds::{Bounds, NAME_BYTES};
use crate::outcome::{Denial, Interruption};
use crate::trace::{self, EventRef};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError};

/// Who answers host calls: the world, or a trace.
pub trait Host: Send {
    /// Answers `call`; what the host has to say is in `memory` afterwards.
    ///
    /// # Errors
    /// A [`Stop`] ends the execution at this call.
    fn answer(&mut self, call: &Call, memory: &mut [u8]) -> Result<Answer, Stop>;

    /// Says what is wrong with an answer that no host can give.
    fn impossible(&mut self, call: &Call, answer: Answer) -> Stop {
        Stop::Impossible(format!(
            "{} was answered {}",
            full_name(call.row),
            show::answer(call.row, answer)
        ))
    }

    /// Called when the answer has been entered in the evidence.
    ///
    /// # Errors
    /// A [`Stop`] ends the execution after this call.
    fn answered(&mut self) -> Result<(), Stop> {
        Ok(())
    }

    /// Called once when the guest has ended, for what only then is known.
    ///
    /// # Errors
    /// As [`Host::answer`].
    fn ended(&mut self) -> Result<(), Stop> {
        Ok(())
    }
}

/// Why the execution ended at a host call.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// `proc_exit` with any status.
    #[error("the guest exited with status {0}")]
    Exit(u32),
    /// AssemblyScript's `env.abort`, with its message.
    #[error("the guest aborted: {0}")]
    Abort(String),
    /// A pointer outside the guest's memory, or a request that the host refuses as a whole.
    #[error("the guest gave {0} an argument that the host cannot use")]
    Fault(String),
    /// Authority was missing.
    #[error("{0}")]
    Denied(Box<Denial>),
    /// Cut short from outside.
    #[error("interrupted: {0}")]
    Interrupted(Interruption),
    /// The replayed execution differs from the recorded one.
    #[error("{0}")]
    Diverged(Box<Divergence>),
    /// The host gave an answer that contradicts what is known.
    #[error("an impossible answer: {0}")]
    Impossible(String),
    /// The recording could not be written or read.
    #[error(transparent)]
    Trace(#[from] trace::Error),
}

/// A host function of the module, with what is known of it before any call.
#[derive(Clone, Copy)]
struct Row {
    row: &'static Function,
    act: Act,
    /// Nothing is followed and nothing is counted: every answer is possible that the call allows.
    plain: bool,
    rule: Rule,
}

impl Row {
    fn of(row: &'static Function) -> Self {
        let act = Act::of(row);
        let counts = row.params.iter().any(|p| match p.role {
            Role::Writes(_, used, _) => used != Used::All,
            role => matches!(role, Role::WritesVec(..) | Role::Fd),
        });
        let ours = matches!(row.gives, Gives::Count | Gives::Seconds);
        let plain = act == Act::Other && !counts && !ours;
        Self { row, act, plain, rule: Rule::of(row) }
    }
}

/// The state of one execution's boundary.
pub struct Seam {
    host: Box<dyn Host>,
    rows: Vec<Row>,
    sizes: InvocationSizes,
    authority: Authority,
    known: Known,
    evidence: Shared,
    /// The evidence itself, when nobody else looks at it before the guest has ended.
    own: Option<Evidence>,
    /// Whether whoever looks at the evidence has sealed it.
    sealed: Arc<AtomicBool>,
    /// Why no further call can be recorded, if none can.
    full: Option<Interruption>,
    allowance: Option<Allowance>,
    bounds: Option<Bounds>,
    /// Bytes that left the guest.
    bytes_out: u64,
}

impl Seam {
    /// A seam for the host functions of the trace header in `evidence`, answered by `host`.
    #[must_use]
    pub fn new(
        host: Box<dyn Host>,
        rows: Vec<&'static Function>,
        header: &trace::Header,
        evidence: Shared,
    ) -> Self {
        let sealed = evidence.lock().unwrap_or_else(PoisonError::into_inner).is_sealed();
        Self {
            host,
            rows: rows.into_iter().map(Row::of).collect(),
            sizes: sizes(header),
            authority: Authority::new(&header.grants),
            known: Known::new(header),
            sealed,
            evidence,
            own: None,
            full: None,
            allowance: None,
            bounds: None,
            bytes_out: 0,
        }
    }

    /// Takes the evidence out of its lock until this seam is dropped: for executions that nobody
    /// interrupts in order to make a receipt. Others find no evidence behind the lock meanwhile.
    #[must_use]
    pub fn unwatched(mut self) -> Self {
        let mut shared = self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing = Evidence::new(shared.header().clone(), None, None);
        self.own = Some(std::mem::replace(&mut *shared, nothing));
        drop(shared);
        self
    }

    /// What the guest may take of memory, if that is bounded.
    #[must_use]
    pub fn within(mut self, allowance: Option<Allowance>) -> Self {
        self.allowance = allowance;
        self
    }

    /// What the run may take, if that is bounded: a replay is not, since the trace says where it ended.
    #[must_use]
    pub fn bounded(mut self, bounds: Bounds) -> Self {
        self.bounds = Some(bounds);
        self
    }

    /// What [`Seam::bounded`] was given.
    #[must_use]
    pub fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref()
    }

    /// What [`Seam::within`] was given.
    #[must_use]
    pub fn allowance(&self) -> Option<&Allowance> {
        self.allowance.as_ref()
    }

    /// Handles one host call; returns the raw bits of its result.
    ///
    /// # Errors
    /// A [`Stop`] when the execution ends here.
    pub fn call(
        &mut self,
        function: usize,
        params: &[u64],
        memory: &mut [u8],
    ) -> Result<u64, Stop> {
        let Row { row, act, plain, .. } = self.rows[function];
        let call = Call::resolve(function, (row, act), params, memory, &self.sizes);
        let used = self.authority.decide(&call, memory).map_err(Stop::Denied)?;
        // Nothing is done for a guest whose evidence is sealed already, or has no room for it.
        wait_if(&self.sealed);
        if let Some(cause) = self.full {
            return Err(Stop::Interrupted(cause));
        }
        if act != Act::Other {
            self.stay_within_bounds(&call, memory)?;
        }

        // What the host reads is kept apart when its own answer could overwrite it.
        let kept: Option<Vec<Vec<u8>>> = call
            .overlaps()
            .then(|| call.reads().iter().map(|span| span.of(memory).to_vec()).collect());
        if row.need == Need::Fetch {
            self.write_out()?;
        }
        let answer = self.host.answer(&call, memory)?;
        let memory = &*memory;
        let mut handed: [&[u8]; super::call::MAX_RANGES] = Default::default();
        for (at, slot) in handed.iter_mut().enumerate().take(call.reads().len()) {
            *slot = match &kept {
                Some(kept) => &kept[at],
                None => call.read_bytes(at, memory),
            };
        }
        let handed = &handed[..call.reads().len()];

        let allowed = self.rows[function].rule.allows(&call, answer, &self.sizes, memory);
        if !allowed || (!plain && !self.is_possible(&call, answer, handed, memory)) {
            return Err(self.host.impossible(&call, answer));
        }
        let (spans, count) = call.written(answer, memory);
        let written = spans.map(|span: Span| span.of(memory));
        let event =
            EventRef { function, args: call.args(), answer, handed, written: &written[..count] };
        {
            let mut lock;
            let evidence = match &mut self.own {
                Some(own) => own,
                None => {
                    lock = self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
                    &mut *lock
                }
            };
            match evidence.record(&event) {
                Ok(()) => {}
                Err(trace::Error::NoRoom(_)) => {
                    return Err(Stop::Interrupted(evidence.no_room()));
                }
                Err(other) => return Err(Stop::Trace(other)),
            }
            self.full = evidence.is_full().then(|| evidence.no_room());
            for grant in used.into_iter().flatten() {
                evidence.note_use(grant);
            }
            if act != Act::Other && row.succeeded(answer) {
                let bytes_out = &mut self.bytes_out;
                let note = &mut |effect: Effect<'_>| {
                    *bytes_out = bytes_out.saturating_add(effect.bytes_out());
                    evidence.note(&effect);
                };
                self.authority.effects((&call, answer), handed, memory, note);
            }
        }
        self.host.answered()?;
        match answer {
            Answer::Value(bits) => Ok(bits),
            Answer::Fault => Err(Stop::Fault(full_name(row))),
            Answer::Never => Err(ending(&call, handed)),
        }
    }

    /// Interrupts before a call that would take more than the run may, and counts its names: a call that
    /// fails can have made a part of them.
    #[inline]
    fn stay_within_bounds(&mut self, call: &Call, memory: &[u8]) -> Result<(), Stop> {
        let Some(bounds) = &self.bounds else { return Ok(()) };
        let going_out = match call.act {
            Act::Write | Act::WriteAt | Act::Output | Act::WriteFile | Act::Trace => {
                call.reads().last().map_or(0, |span| span.len as u64)
            }
            _ => 0,
        };
        let named = named(call, memory);
        let more = going_out.saturating_add(named);
        if more > 0 && self.bytes_out.saturating_add(more) > bounds.output_bytes {
            return Err(Stop::Interrupted(Interruption::OutputLimit));
        }
        if call.act == Act::Open && self.authority.open_files() >= bounds.open_files {
            return Err(Stop::Interrupted(Interruption::FileLimit));
        }
        self.bytes_out = self.bytes_out.saturating_add(named);
        Ok(())
    }

    /// Puts what is recorded so far on the disk: what comes next can be seen by others.
    #[cold]
    fn write_out(&mut self) -> Result<(), Stop> {
        let flushed = match &mut self.own {
            Some(own) => own.write_out(),
            None => self.evidence.lock().unwrap_or_else(PoisonError::into_inner).write_out(),
        };
        flushed.map_err(Stop::Trace)
    }

    /// Whether a host can have given this answer: it fits the invocation, the grants and the
    /// calls before.
    fn is_possible(&self, call: &Call, answer: Answer, handed: &[&[u8]], memory: &[u8]) -> bool {
        let read = handed.iter().map(|range| range.len()).sum();
        self.known.allows(call, answer, read, memory)
            && self.authority.allows(call, answer, handed, memory)
    }

    /// Tells the host that the guest has ended.
    ///
    /// # Errors
    /// As [`Host::ended`].
    pub fn ended(&mut self) -> Result<(), Stop> {
        self.host.ended()
    }
}

impl Drop for Seam {
    fn drop(&mut self) {
        if let Some(own) = self.own.take() {
            *self.evidence.lock().unwrap_or_else(PoisonError::into_inner) = own;
        }
    }
}

/// Bytes for which a call counts that can make names in directories: what a file system takes for one, and
/// where a link leads.
#[inline]
fn named(call: &Call, memory: &[u8]) -> u64 {
    match call.act {
        Act::Name => NAME_BYTES,
        // The folders of its path are made too.
        Act::WriteFile => {
            let path = call.read_bytes(0, memory);
            NAME_BYTES * path.split(|byte| *byte == b'/').count() as u64
        }
        Act::Symlink => NAME_BYTES + call.reads().first().map_or(0, |span| span.len as u64),
        Act::Open if call.arg(4) & OPEN_CREATE != 0 => NAME_BYTES,
        _ => 0,
    }
}

/// `module.name` of a row.
#[must_use]
pub fn full_name(row: &Function) -> String {
    format!("{}.{}", row.module, row.name)
}

/// How a call that does not return ends the execution.
fn ending(call: &Call, handed: &[&[u8]]) -> Stop {
    if call.row.name == "proc_exit" {
        return Stop::Exit(call.arg(0) as u32);
    }
    let text = |at: usize| show::utf16(handed.get(at).copied().unwrap_or_default());
    Stop::Abort(format!("{} in {}:{}:{}", text(0), text(1), call.arg(2), call.arg(3)))
}

fn sizes(header: &trace::Header) -> InvocationSizes {
    let bytes = |strings: &mut dyn Iterator<Item = usize>| strings.map(|n| n as u64 + 1).sum();
    InvocationSizes {
        arg_count: header.arguments.len() as u64,
        arg_bytes: bytes(&mut header.arguments.iter().map(String::len)),
        env_count: header.environment.len() as u64,
        env_bytes: bytes(&mut header.environment.iter().map(|[k, v]| k.len() + v.len() + 1)),
    }
}
