//! A guest on Wasmi: the same seam, another compiler and executor.

use super::Error;
use super::engine::Patience;
use super::execute::{Cause, Guest, Halt};
use super::seam::{Seam, Stop};
use super::state;
use crate::abi::{self, Function, Gives, MAX_ARGS};
use crate::allowance::Allowance;
use crate::attest::receipt::{FinalState, GlobalBits};
use crate::outcome::{Interruption, Trap};
use crate::wasm::{Interface, STACK_TRAP};
use std::ptr;
use wasmi::errors::{ErrorKind, HostError, InstantiationError, MemoryError, TableError};
use wasmi::{
    Caller, Extern, ExternType, F64, Func, FuncType, Instance, Memory, Module, Nullable, Ref,
    ResourceLimiter, ResumableCall, Store, Table, TrapCode, Val,
};
use wasmi_core::LimiterError;

/// Fuel between two looks at the time: a few milliseconds.
const SLICE: u64 = 2_000_000;

impl HostError for Stop {}

/// What a guest's store holds.
struct State {
    seam: Seam,
    /// The exported memory, once it was looked up.
    memory: Option<Option<Memory>>,
    growth: Growth,
}

/// A guest, its store and its host functions.
pub(super) struct Machine<'a> {
    store: Store<State>,
    imports: Vec<Extern>,
    module: &'a Module,
    /// Whether the start function can run out of words.
    start_counts: bool,
    patience: Option<Patience>,
    instance: Option<Instance>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(
        engine: &wasmi::Engine,
        module: &'a Module,
        stops: &[usize],
        rows: &[&'static Function],
        patience: Option<Patience>,
        seam: Seam,
    ) -> Result<Self, Error> {
        let mut store = {
            let growth = Growth { allowance: seam.allowance().cloned() };
            Store::new(engine, State { seam, memory: None, growth })
        };
        store.limiter(|state| &mut state.growth);
        let imports = imports(&mut store, module, rows)?;
        let start_counts = !stops.is_empty();
        Ok(Self { store, imports, module, start_counts, patience, instance: None })
    }

    fn call(&mut self, interface: &Interface) -> Result<Option<i32>, Cause> {
        let deadline = self.patience.as_ref().map(|patience| patience.now() + patience.limit);
        // A start function cannot be halted and resumed: it has the fuel that there is.
        self.refuel(SLICE.saturating_mul(self.patience.as_ref().map_or(0, |p| p.limit)))?;
        let instance = Instance::new(&mut self.store, self.module, &self.imports);
        let instance = instance.map_err(|error| match self.cause(error) {
            Cause::Trap(Trap::Unreachable) if self.start_counts => Cause::Engine(Error::Engine {
                cause:
                    "the start function stopped at an unreachable, and wasmi does not say whether \
                        its stack was used up"
                        .to_owned(),
            }),
            cause => cause,
        })?;
        self.instance = Some(instance);
        if interface.initialize {
            self.call_export(instance, "_initialize", &mut [], deadline)?;
        }
        let mut result = [Val::I32(0)];
        let results = if interface.returns_i32 { &mut result[..] } else { &mut [] };
        self.call_export(instance, &interface.entrypoint, results, deadline)?;
        Ok(match (interface.returns_i32, &result[0]) {
            (true, Val::I32(value)) => Some(*value),
            _ => None,
        })
    }

    /// Calls an export, and looks at the time whenever a slice of fuel is used up.
    fn call_export(
        &mut self,
        instance: Instance,
        name: &str,
        results: &mut [Val],
        deadline: Option<u64>,
    ) -> Result<(), Cause> {
        let function = instance.get_func(&self.store, name).ok_or_else(|| {
            Cause::Engine(Error::Engine { cause: format!("no function is exported as {name}") })
        })?;
        let Some(deadline) = deadline else {
            return function.call(&mut self.store, &[], results).map_err(|e| self.cause(e));
        };
        self.refuel(SLICE)?;
        let mut state = function.call_resumable(&mut self.store, &[], results);
        loop {
            let call = match state.map_err(|error| self.cause(error))? {
                ResumableCall::Finished => return Ok(()),
                ResumableCall::HostTrap(trap) => return Err(self.cause(trap.into_host_error())),
                ResumableCall::OutOfFuel(call) => call,
            };
            if self.patience.as_ref().is_some_and(|patience| patience.now() >= deadline) {
                return Err(Cause::Interruption(Interruption::WallClock));
            }
            self.refuel(SLICE.max(call.required_fuel()))?;
            state = call.resume(&mut self.store, results);
        }
    }

    fn refuel(&mut self, fuel: u64) -> Result<(), Cause> {
        if self.patience.is_none() {
            return Ok(());
        }
        self.store.set_fuel(fuel).map_err(engine)
    }

    fn cause(&mut self, error: wasmi::Error) -> Cause {
        if error.downcast_ref::<Stop>().is_some() {
            return error.downcast::<Stop>().map_or_else(
                || Cause::Engine(Error::Engine { cause: "an error without a cause".to_owned() }),
                Cause::Stop,
            );
        }
        match cause_of(&error) {
            Some(Cause::Trap(Trap::Unreachable)) if self.is_out_of_words() => {
                Cause::Trap(Trap::StackLimit)
            }
            Some(cause) => cause,
            None => engine(error),
        }
    }

    /// Whether a module that counts its words (spec/portable.md, "stack") had none left.
    fn is_out_of_words(&self) -> bool {
        let trap = self.instance.and_then(|i| i.get_global(&self.store, STACK_TRAP));
        trap.is_some_and(|global| matches!(global.get(&self.store), Val::I32(1)))
    }
}

impl Guest for Machine<'_> {
    fn enter(&mut self, interface: &Interface) -> Result<Option<i32>, Halt> {
        Ok(self.call(interface)?)
    }

    fn final_state(&mut self) -> Option<FinalState> {
        let mut state = state::Gathered::default();
        for export in self.instance?.exports(&self.store) {
            let name = export.name().to_owned();
            match export.into_extern() {
                Extern::Memory(memory) => state.memory(name, memory.data(&self.store)),
                Extern::Global(global) => state.global(name, bits(&global.get(&self.store))),
                _ => {}
            }
        }
        Some(state.finish())
    }

    fn seam(&mut self) -> &mut Seam {
        &mut self.store.data_mut().seam
    }
}

/// What the module imports, in the order in which Wasmi asks for it. Memories and tables are made
/// fresh: zeroed, of the declared type.
fn imports(
    store: &mut Store<State>,
    module: &Module,
    rows: &[&'static Function],
) -> Result<Vec<Extern>, Error> {
    let failed = |error: wasmi::Error| Error::Engine { cause: error.to_string() };
    let mut found = Vec::new();
    for import in module.imports() {
        found.push(match import.ty() {
            ExternType::Func(ty) => {
                let known = abi::lookup(import.module(), import.name());
                let row = known.and_then(|known| rows.iter().position(|row| ptr::eq(*row, known)));
                let row = row.ok_or_else(|| Error::Engine {
                    cause: format!("{}.{} has no binding", import.module(), import.name()),
                })?;
                bound(store, ty, row, rows[row]).into()
            }
            ExternType::Memory(ty) => Memory::new(&mut *store, *ty).map_err(failed)?.into(),
            ExternType::Table(ty) => {
                Table::new(&mut *store, *ty, Ref::null(ty.element())).map_err(failed)?.into()
            }
            ExternType::Global(_) => {
                let cause = format!("{} is a global", import.name());
                return Err(Error::Engine { cause });
            }
        });
    }
    Ok(found)
}

/// The module's host function number `function`, a call of which goes through the seam.
fn bound(store: &mut Store<State>, ty: &FuncType, function: usize, row: &'static Function) -> Func {
    Func::new(store, ty.clone(), move |mut caller: Caller<'_, State>, args, results| {
        let mut params = [0; MAX_ARGS];
        for (slot, arg) in params.iter_mut().zip(args) {
            *slot = match arg {
                Val::I32(value) => u64::from(value.cast_unsigned()),
                Val::I64(value) => value.cast_unsigned(),
                Val::F64(value) => value.to_bits(),
                _ => 0,
            };
        }
        let params = &params[..args.len()];
        let bits = match memory(&mut caller) {
            Some(memory) => {
                let (bytes, state) = memory.data_and_store_mut(&mut caller);
                state.seam.call(function, params, bytes)
            }
            None => caller.data_mut().seam.call(function, params, &mut []),
        };
        let bits = bits.map_err(wasmi::Error::host)?;
        if let Some(result) = results.first_mut() {
            *result = match row.gives {
                Gives::Bits64 => Val::F64(F64::from_bits(bits)),
                Gives::Seconds => Val::I64(bits.cast_signed()),
                _ => Val::I32((bits as u32).cast_signed()),
            };
        }
        Ok(())
    })
}

/// The memory that the interfaces speak of: the export named `memory`. It is looked up once.
fn memory(caller: &mut Caller<'_, State>) -> Option<Memory> {
    if let Some(found) = caller.data().memory {
        return found;
    }
    let found = match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Some(memory),
        _ => None,
    };
    caller.data_mut().memory = Some(found);
    found
}

/// What an error of Wasmi means; `None` when it is none of the guest's.
fn cause_of(error: &wasmi::Error) -> Option<Cause> {
    let host_memory = Cause::Interruption(Interruption::HostMemory);
    match error.kind() {
        ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. })
        | ErrorKind::Table(TableError::CopyOutOfBounds) => {
            return Some(Cause::Trap(Trap::TableOutOfBounds));
        }
        ErrorKind::Memory(
            MemoryError::ResourceLimiterDeniedAllocation | MemoryError::OutOfSystemMemory,
        )
        | ErrorKind::Table(
            TableError::ResourceLimiterDeniedAllocation | TableError::OutOfSystemMemory,
        )
        | ErrorKind::Instantiation(
            InstantiationError::FailedToInstantiateMemory(_)
            | InstantiationError::FailedToInstantiateTable(_),
        ) => return Some(host_memory),
        _ => {}
    }
    Some(Cause::Trap(match error.as_trap_code()? {
        TrapCode::UnreachableCodeReached => Trap::Unreachable,
        TrapCode::MemoryOutOfBounds => Trap::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => Trap::TableOutOfBounds,
        TrapCode::IndirectCallToNull => Trap::IndirectCallToNull,
        TrapCode::BadSignature => Trap::BadSignature,
        TrapCode::IntegerOverflow => Trap::IntegerOverflow,
        TrapCode::IntegerDivisionByZero => Trap::IntegerDivisionByZero,
        TrapCode::BadConversionToInteger => Trap::BadConversionToInteger,
        TrapCode::StackOverflow => return Some(Cause::Interruption(Interruption::NativeStack)),
        TrapCode::OutOfFuel => return Some(Cause::Interruption(Interruption::WallClock)),
        TrapCode::GrowthOperationLimited | TrapCode::OutOfSystemMemory => return Some(host_memory),
    }))
}

fn engine(error: wasmi::Error) -> Cause {
    Cause::Engine(Error::Engine { cause: error.to_string() })
}

/// Raw bits of a global's value; of a reference, its family and whether it is null.
fn bits(value: &Val) -> GlobalBits {
    let (of, null) = match value {
        Val::I32(bits) => return GlobalBits::I32(bits.cast_unsigned()),
        Val::I64(bits) => return GlobalBits::I64(bits.cast_unsigned()),
        Val::F32(bits) => return GlobalBits::F32(bits.to_bits()),
        Val::F64(bits) => return GlobalBits::F64(bits.to_bits()),
        Val::V128(bits) => return GlobalBits::V128(bits.as_u128()),
        Val::FuncRef(reference) => ("funcref", matches!(reference, Nullable::Null)),
        Val::ExternRef(reference) => ("externref", matches!(reference, Nullable::Null)),
    };
    GlobalBits::Reference { of: of.to_owned(), null }
}

/// Growth beyond the module's limits is −1 on every engine; growth that the host refuses ends the
/// execution.
struct Growth {
    allowance: Option<Allowance>,
}

impl Growth {
    /// Growth that would fail for the module's own limit takes nothing.
    fn growing(
        &self,
        more: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        let within_limits = maximum.is_none_or(|maximum| desired <= maximum);
        let denied = |allowance: &Allowance| !allowance.take(more as u64);
        if within_limits && self.allowance.as_ref().is_some_and(denied) {
            return Err(REFUSED);
        }
        Ok(true)
    }
}

const REFUSED: LimiterError = LimiterError::ResourceLimiterDeniedAllocation;

impl ResourceLimiter for Growth {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        // What grows is copied: for a moment it is there twice.
        let more = desired.saturating_sub(current).saturating_mul(2);
        self.growing(more, desired, maximum)
    }

    fn memory_grow_failed(&mut self, error: &MemoryError) -> Result<(), LimiterError> {
        if matches!(error, MemoryError::OutOfSystemMemory) { Err(REFUSED) } else { Ok(()) }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        let more = desired.saturating_sub(current).saturating_mul(2 * state::ELEMENT);
        self.growing(more, desired, maximum)
    }

    fn table_grow_failed(&mut self, error: &TableError) -> Result<(), LimiterError> {
        if matches!(error, TableError::OutOfSystemMemory) { Err(REFUSED) } else { Ok(()) }
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        usize::MAX
    }

    fn memories(&self) -> usize {
        usize::MAX
    }
}
