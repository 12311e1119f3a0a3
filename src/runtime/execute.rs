//! One execution of a guest: the same code for run and replay, and for every engine.

use super::divergence::Frame;
use super::engine::{Compiled, Engine, Kind, Program};
use super::seam::{Seam, Stop};
use super::{Error, on_wasmi, on_wasmtime};
use crate::attest::receipt::FinalState;
use crate::limits;
use crate::outcome::{Interruption, Outcome, Trap};
use crate::wasm::Interface;
use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Scope, ScopedJoinHandle};

/// How an execution ended.
#[derive(Debug)]
pub struct Execution {
    /// The outcome; what a replay compares.
    pub outcome: Outcome,
    /// Exported memories and globals at the end; `None` when it was interrupted.
    pub state: Option<FinalState>,
    /// The guest's call stack where it stopped, innermost first; empty when it returned, and on
    /// engines that do not tell.
    pub stack: Vec<Frame>,
    /// What `env.abort` said.
    pub message: Option<String>,
}

impl Execution {
    fn ended(outcome: Outcome) -> Self {
        Self { outcome, state: None, stack: Vec::new(), message: None }
    }

    /// An execution that was cut short before the guest did anything.
    #[must_use]
    pub fn interrupted(cause: Interruption) -> Self {
        Self::ended(Outcome::Interrupted { cause })
    }
}

/// A guest on one engine, from before its instantiation to after its end.
pub(super) trait Guest {
    /// Instantiates the module, then calls `_initialize` of a reactor and the entrypoint; gives what
    /// the entrypoint returns.
    fn enter(&mut self, interface: &Interface) -> Result<Option<i32>, Halt>;

    /// Exported memories and globals; `None` when nothing was instantiated.
    fn final_state(&mut self) -> Option<FinalState>;

    /// Its boundary.
    fn seam(&mut self) -> &mut Seam;
}

/// What ended a guest that did not return, and where.
pub(super) struct Halt {
    pub(super) cause: Cause,
    pub(super) stack: Vec<Frame>,
}

/// What ends a guest, in the terms of every engine.
pub(super) enum Cause {
    /// At a host call.
    Stop(Stop),
    /// A trap of the language, or of a pass.
    Trap(Trap),
    /// Not of the module's making.
    Interruption(Interruption),
    /// The engine cannot go on.
    Engine(Error),
}

impl From<Cause> for Halt {
    fn from(cause: Cause) -> Self {
        Self { cause, stack: Vec::new() }
    }
}

/// Executes `program` from instantiation to its end, on a thread with the stack that guests need.
///
/// # Errors
/// When the engine cannot instantiate it, when the trace cannot be read or written, and when a
/// replay diverges.
pub fn execute(
    engine: &Engine,
    program: &Program,
    interface: &Interface,
    seam: Seam,
) -> Result<Execution, Error> {
    let on_this_thread = || match (&engine.kind, &program.compiled) {
        (Kind::Wasmtime { .. }, Compiled::Wasmtime(linked)) => {
            let patience = engine.patience.as_ref();
            conclude(on_wasmtime::Machine::new(linked, &program.stops, patience, seam), interface)
        }
        (Kind::Wasmi(wasmi), Compiled::Wasmi(module)) => {
            let patience = engine.patience.clone();
            let Program { stops, rows, .. } = program;
            conclude(on_wasmi::Machine::new(wasmi, module, stops, rows, patience, seam)?, interface)
        }
        _ => Err(Error::Engine { cause: "the module was compiled by another engine".to_owned() }),
    };
    let panicked = || Err(Error::Engine { cause: "the thread of the guest panicked".to_owned() });
    if IS_GUESTS.get() {
        return catch_unwind(AssertUnwindSafe(on_this_thread)).unwrap_or_else(|_| panicked());
    }
    std::thread::scope(|scope| {
        thread_for_guests(scope, on_this_thread)
            .map_err(|error| Error::Engine { cause: format!("no thread for the guest: {error}") })?
            .join()
            .unwrap_or_else(|_| panicked())
    })
}

thread_local! {
    /// Whether this thread has the stack that guests need.
    static IS_GUESTS: Cell<bool> = const { Cell::new(false) };
}

/// Starts a thread on which guests are executed: [`execute`] starts none of its own when it is called
/// there.
///
/// # Errors
/// When the system gives no thread.
pub fn thread_for_guests<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    let builder = std::thread::Builder::new().name("guest".to_owned());
    builder.stack_size(limits::THREAD_STACK_BYTES).spawn_scoped(scope, || {
        IS_GUESTS.set(true);
        work()
    })
}

/// Executes a guest, and asks its host and its state when it has ended by itself.
fn conclude(mut guest: impl Guest, interface: &Interface) -> Result<Execution, Error> {
    let mut execution = match guest.enter(interface) {
        Ok(value) => Execution::ended(Outcome::Returned { value }),
        Err(halt) => ended_by(halt)?,
    };
    if !execution.outcome.is_interrupted() {
        guest.seam().ended().or_else(|stop| match stop {
            Stop::Interrupted(_) => Ok(()),
            other => Err(Error::stop(other, Vec::new())),
        })?;
        execution.state = guest.final_state();
    }
    Ok(execution)
}

/// Maps what ended the guest to an outcome.
fn ended_by(Halt { cause, stack }: Halt) -> Result<Execution, Error> {
    let mut message = None;
    let outcome = match cause {
        Cause::Trap(trap) => Outcome::Trapped { trap },
        Cause::Interruption(cause) => Outcome::Interrupted { cause },
        Cause::Engine(error) => return Err(error),
        Cause::Stop(stop) => match stop {
            Stop::Exit(status) => Outcome::exit(status),
            Stop::Abort(text) => {
                message = Some(text);
                Outcome::Trapped { trap: Trap::Abort }
            }
            Stop::Fault(function) => Outcome::HostFault { function },
            Stop::Denied(denial) => Outcome::Denied { denial: *denial },
            Stop::Interrupted(cause) => Outcome::Interrupted { cause },
            other => return Err(Error::stop(other, stack)),
        },
    };
    Ok(Execution { outcome, state: None, stack, message })
}
