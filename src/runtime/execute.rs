//! One execution of a guest: the same code for run and replay.

use super::Error;
use super::bind;
use super::divergence::Frame;
use super::engine::{Engine, Program};
use super::seam::{Seam, Stop};
use super::state::final_state;
use crate::abi::Function;
use crate::attest::receipt::FinalState;
use crate::limits;
use crate::outcome::{Interruption, Outcome, Trap};
use crate::wasm::{Interface, STACK_TRAP};
use wasmtime::{
    Extern, ExternType, Instance, Linker, Memory, ResourceLimiter, Store, Table, ThrownException,
    Val, WasmBacktrace,
};

/// What a guest's store holds.
pub(super) struct State {
    pub(super) seam: Seam,
    /// The exported memory, once it was looked up.
    pub(super) memory: Option<Option<Memory>>,
    growth: Growth,
}

/// How an execution ended.
#[derive(Debug)]
pub struct Execution {
    /// The outcome; what a replay compares.
    pub outcome: Outcome,
    /// Exported memories and globals at the end; `None` when it was interrupted.
    pub state: Option<FinalState>,
    /// The guest's call stack where it stopped, innermost first; empty when it returned.
    pub stack: Vec<Frame>,
    /// What `env.abort` said.
    pub message: Option<String>,
}

impl Execution {
    /// An execution that was cut short before the guest did anything.
    #[must_use]
    pub fn interrupted(cause: Interruption) -> Self {
        Self {
            outcome: Outcome::Interrupted { cause },
            state: None,
            stack: Vec::new(),
            message: None,
        }
    }
}

/// Executes `program` from instantiation to its end, on a thread with a stack of its own.
///
/// # Errors
/// When the engine cannot instantiate it, when the trace cannot be read or written, and when a
/// replay diverges.
pub fn execute(
    engine: &Engine,
    program: &Program,
    interface: &Interface,
    rows: &[&'static Function],
    seam: Seam,
) -> Result<Execution, Error> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("guest".to_owned())
            .stack_size(limits::THREAD_STACK_BYTES)
            .spawn_scoped(scope, || on_this_thread(engine, program, interface, rows, seam))
            .map_err(|error| Error::Engine { cause: format!("no thread for the guest: {error}") })?
            .join()
            .unwrap_or_else(|_| {
                Err(Error::Engine { cause: "the thread of the guest panicked".to_owned() })
            })
    })
}

fn on_this_thread(
    engine: &Engine,
    program: &Program,
    interface: &Interface,
    rows: &[&'static Function],
    seam: Seam,
) -> Result<Execution, Error> {
    let mut store = Store::new(&engine.0, State { seam, memory: None, growth: Growth::default() });
    store.limiter(|state| &mut state.growth);
    let mut linker = Linker::new(&engine.0);
    for (function, row) in rows.iter().enumerate() {
        bind::define(&mut linker, function, row).map_err(Error::engine)?;
    }
    define_fresh(&mut store, &mut linker, program)?;

    let mut instance = None;
    let result = enter(&mut store, &linker, program, interface, &mut instance);
    let mut execution = match result {
        Ok(value) => Execution {
            outcome: Outcome::Returned { value },
            state: None,
            stack: Vec::new(),
            message: None,
        },
        Err(error) => {
            let out_of_words = is_out_of_words(&mut store, program, instance.as_ref(), &error);
            let mut execution = ended_by(error)?;
            if execution.outcome == (Outcome::Trapped { trap: Trap::Unreachable }) && out_of_words {
                execution.outcome = Outcome::Trapped { trap: Trap::StackLimit };
            }
            execution
        }
    };
    if !execution.outcome.is_interrupted() {
        store.data_mut().seam.ended().or_else(|stop| match stop {
            Stop::Interrupted(_) => Ok(()),
            other => Err(Error::stop(other, Vec::new())),
        })?;
        if let Some(instance) = instance {
            execution.state = Some(final_state(&mut store, &instance));
        }
    }
    Ok(execution)
}

/// Instantiates, then calls `_initialize` of a reactor and the entrypoint.
fn enter(
    store: &mut Store<State>,
    linker: &Linker<State>,
    program: &Program,
    interface: &Interface,
    made: &mut Option<Instance>,
) -> wasmtime::Result<Option<i32>> {
    let instance = linker.instantiate(&mut *store, &program.compiled)?;
    *made = Some(instance);
    if interface.initialize {
        instance.get_typed_func::<(), ()>(&mut *store, "_initialize")?.call(&mut *store, ())?;
    }
    let name = &interface.entrypoint;
    if interface.returns_i32 {
        let entry = instance.get_typed_func::<(), i32>(&mut *store, name)?;
        Ok(Some(entry.call(&mut *store, ())?))
    } else {
        instance.get_typed_func::<(), ()>(&mut *store, name)?.call(&mut *store, ())?;
        Ok(None)
    }
}

/// Memories and tables that the module imports are made fresh: zeroed, of the declared type.
fn define_fresh(
    store: &mut Store<State>,
    linker: &mut Linker<State>,
    program: &Program,
) -> Result<(), Error> {
    for import in program.compiled.imports() {
        let item: Extern = match import.ty() {
            ExternType::Memory(ty) => Memory::new(&mut *store, ty).map_err(Error::engine)?.into(),
            ExternType::Table(ty) => {
                let null = Val::null_ref(ty.element().heap_type());
                let null = null.ref_().ok_or_else(|| Error::Engine {
                    cause: format!("table {} holds no references", import.name()),
                })?;
                Table::new(&mut *store, ty, null).map_err(Error::engine)?.into()
            }
            _ => continue,
        };
        linker.define(&mut *store, import.module(), import.name(), item).map_err(Error::engine)?;
    }
    Ok(())
}

/// Maps what ended the guest to an outcome.
fn ended_by(error: wasmtime::Error) -> Result<Execution, Error> {
    let stack = stack_of(&error);
    let mut message = None;
    let outcome = if error.is::<Stop>() {
        match error.downcast::<Stop>().map_err(Error::engine)? {
            Stop::Exit(status @ 0..=125) => Outcome::Exited { status },
            Stop::Exit(status) => Outcome::ExitOutOfRange { status },
            Stop::Abort(text) => {
                message = Some(text);
                Outcome::Trapped { trap: Trap::Abort }
            }
            Stop::Fault(function) => Outcome::HostFault { function },
            Stop::Denied(denial) => Outcome::Denied { denial: *denial },
            Stop::Interrupted(cause) => Outcome::Interrupted { cause },
            other => return Err(Error::stop(other, stack)),
        }
    } else if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
        trap_outcome(*trap, &error)?
    } else if error.is::<ThrownException>() {
        Outcome::Trapped { trap: Trap::UnhandledException }
    } else if error.is::<HostMemory>()
        || error.is::<wasmtime::OutOfMemory>()
        || error.is::<wasmtime::GcHeapOutOfMemory<()>>()
    {
        Outcome::Interrupted { cause: Interruption::HostMemory }
    } else {
        return Err(Error::engine(error));
    };
    Ok(Execution { outcome, state: None, stack, message })
}

/// Whether a module that counts its words (spec/portable.md, "stack") had none left, if what ended
/// it is an `unreachable`. While the start function runs nobody holds the instance and its
/// globals; where the trap stands says the same.
fn is_out_of_words(
    store: &mut Store<State>,
    program: &Program,
    instance: Option<&Instance>,
    error: &wasmtime::Error,
) -> bool {
    match instance {
        Some(instance) => {
            let trap = instance.get_global(&mut *store, STACK_TRAP).map(|global| global.get(store));
            matches!(trap, Some(Val::I32(1)))
        }
        None => {
            let frames = error.downcast_ref::<WasmBacktrace>().map_or(&[][..], |b| b.frames());
            let offset = frames.first().and_then(wasmtime::FrameInfo::module_offset);
            offset.is_some_and(|offset| program.stops.binary_search(&offset).is_ok())
        }
    }
}

fn trap_outcome(trap: wasmtime::Trap, error: &wasmtime::Error) -> Result<Outcome, Error> {
    use wasmtime::Trap as T;
    let trap = match trap {
        T::UnreachableCodeReached => Trap::Unreachable,
        T::MemoryOutOfBounds => Trap::MemoryOutOfBounds,
        T::TableOutOfBounds => Trap::TableOutOfBounds,
        T::IndirectCallToNull => Trap::IndirectCallToNull,
        T::BadSignature => Trap::BadSignature,
        T::IntegerOverflow => Trap::IntegerOverflow,
        T::IntegerDivisionByZero => Trap::IntegerDivisionByZero,
        T::BadConversionToInteger => Trap::BadConversionToInteger,
        T::HeapMisaligned => Trap::HeapMisaligned,
        T::NullReference => Trap::NullReference,
        T::ArrayOutOfBounds => Trap::ArrayOutOfBounds,
        T::CastFailure => Trap::CastFailure,
        // How large an object may be is the engine's choice, like how many there may be.
        T::AllocationTooLarge => {
            return Ok(Outcome::Interrupted { cause: Interruption::HostMemory });
        }
        // No cost model bounds an engine's frames: where its stack ends says nothing of the module.
        T::StackOverflow => {
            return Ok(Outcome::Interrupted { cause: Interruption::NativeStack });
        }
        other => {
            return Err(Error::Engine { cause: format!("unexpected trap {other:?}: {error:#}") });
        }
    };
    Ok(Outcome::Trapped { trap })
}

fn stack_of(error: &wasmtime::Error) -> Vec<Frame> {
    error.downcast_ref::<WasmBacktrace>().map_or_else(Vec::new, |backtrace| {
        let frame = |f: &wasmtime::FrameInfo| Frame {
            function: f.func_index(),
            name: None,
            offset: f.module_offset().map(|offset| offset as u64),
            source_offset: None,
        };
        backtrace.frames().iter().map(frame).collect()
    })
}

/// Host memory ran out within the module's own limits: never a −1 that the guest could see.
#[derive(Debug, thiserror::Error)]
#[error("the host has no memory left for the guest")]
struct HostMemory;

/// Tells growth beyond the module's limits (−1 on every engine) from growth that the host refuses.
#[derive(Default)]
struct Growth {
    within_limits: bool,
}

impl Growth {
    fn growing(&mut self, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.within_limits = maximum.is_none_or(|maximum| desired <= maximum);
        Ok(true)
    }

    fn failed(&mut self) -> wasmtime::Result<()> {
        if std::mem::take(&mut self.within_limits) { Err(HostMemory.into()) } else { Ok(()) }
    }
}

impl ResourceLimiter for Growth {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.growing(desired, maximum)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed()
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.growing(desired, maximum)
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed()
    }
}
