//! A guest on Wasmtime.

use super::Error;
use super::bind;
use super::divergence::Frame;
use super::engine::Patience;
use super::execute::{Cause, Guest, Halt};
use super::seam::{Seam, Stop};
use super::state;
use crate::abi::Function;
use crate::allowance::Allowance;
use crate::attest::receipt::{FinalState, GlobalBits};
use crate::outcome::{Interruption, Trap};
use crate::wasm::{Interface, STACK_TRAP};
use wasmtime::{
    Extern, ExternType, Instance, InstancePre, Linker, Memory, Module, ResourceLimiter, Store,
    Table, ThrownException, Val, WasmBacktrace,
};

/// What a guest's store holds.
pub(super) struct State {
    pub(super) seam: Seam,
    /// The exported memory, once it was looked up.
    pub(super) memory: Option<Option<Memory>>,
    growth: Growth,
}

/// A module with its host functions, for any number of guests.
#[derive(Clone)]
pub(super) struct Linked {
    module: Module,
    imports: Imports,
}

#[derive(Clone)]
enum Imports {
    /// All of them are host functions.
    Known(InstancePre<State>),
    /// Memories or tables are among them, which each guest gets of its own.
    Fresh(Linker<State>),
}

impl Linked {
    /// `module`, whose host functions are `rows`.
    ///
    /// # Errors
    /// When it imports something else.
    pub(super) fn new(module: Module, rows: &[&'static Function]) -> Result<Self, Error> {
        let mut linker = Linker::new(module.engine());
        for (function, row) in rows.iter().enumerate() {
            bind::define(&mut linker, function, row).map_err(Error::engine)?;
        }
        let is_function = |ty| matches!(ty, ExternType::Func(_));
        let imports = if module.imports().all(|import| is_function(import.ty())) {
            Imports::Known(linker.instantiate_pre(&module).map_err(Error::engine)?)
        } else {
            Imports::Fresh(linker)
        };
        Ok(Self { module, imports })
    }

    pub(super) fn module(&self) -> &Module {
        &self.module
    }
}

/// A guest and its store.
pub(super) struct Machine<'a> {
    store: Store<State>,
    linked: &'a Linked,
    /// Where a start function can run out of words, sorted.
    stops: &'a [usize],
    instance: Option<Instance>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(
        linked: &'a Linked,
        stops: &'a [usize],
        patience: Option<&Patience>,
        seam: Seam,
    ) -> Self {
        let bounds = seam.bounds();
        let growth = Growth {
            within_limits: false,
            allowance: seam.allowance().cloned(),
            memory_left: bounds.map_or(u64::MAX, |bounds| bounds.memory_bytes),
            elements_left: bounds.map_or(u64::MAX, |bounds| bounds.table_elements),
        };
        let state = State { seam, memory: None, growth };
        let mut store = Store::new(linked.module.engine(), state);
        store.limiter(|state| &mut state.growth);
        if let Some(patience) = patience {
            store.set_epoch_deadline(patience.limit);
        }
        Self { store, linked, stops, instance: None }
    }

    fn call(&mut self, interface: &Interface) -> wasmtime::Result<Option<i32>> {
        let instance = self.instantiate()?;
        self.instance = Some(instance);
        let store = &mut self.store;
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

    fn instantiate(&mut self) -> wasmtime::Result<Instance> {
        let Linked { module, imports } = self.linked;
        match imports {
            Imports::Known(known) => known.instantiate(&mut self.store),
            Imports::Fresh(linker) => {
                let mut linker = linker.clone();
                define_fresh(&mut self.store, &mut linker, module)?;
                linker.instantiate(&mut self.store, module)
            }
        }
    }

    /// Whether a module that counts its words (spec/portable.md, "stack") had none left, if what
    /// ended it is an `unreachable`. While the start function runs nobody holds the instance and
    /// its globals; where the trap stands says the same.
    fn is_out_of_words(&mut self, error: &wasmtime::Error) -> bool {
        match self.instance {
            Some(instance) => {
                let trap = instance.get_global(&mut self.store, STACK_TRAP);
                matches!(trap.map(|global| global.get(&mut self.store)), Some(Val::I32(1)))
            }
            None => {
                let frames = error.downcast_ref::<WasmBacktrace>().map_or(&[][..], |b| b.frames());
                let offset = frames.first().and_then(wasmtime::FrameInfo::module_offset);
                offset.is_some_and(|offset| self.stops.binary_search(&offset).is_ok())
            }
        }
    }

    fn cause(&mut self, error: wasmtime::Error) -> Cause {
        if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
            return match cause_of(*trap, &error) {
                Cause::Trap(Trap::Unreachable) if self.is_out_of_words(&error) => {
                    Cause::Trap(Trap::StackLimit)
                }
                cause => cause,
            };
        }
        if error.is::<Stop>() {
            return match error.downcast::<Stop>() {
                Ok(stop) => Cause::Stop(stop),
                Err(error) => Cause::Engine(Error::engine(error)),
            };
        }
        if let Some(Beyond(cause)) = error.downcast_ref::<Beyond>() {
            return Cause::Interruption(*cause);
        }
        if error.is::<ThrownException>() {
            Cause::Trap(Trap::UnhandledException)
        } else if error.is::<HostMemory>()
            || error.is::<wasmtime::OutOfMemory>()
            || error.is::<wasmtime::GcHeapOutOfMemory<()>>()
        {
            Cause::Interruption(Interruption::HostMemory)
        } else {
            Cause::Engine(Error::engine(error))
        }
    }
}

impl Guest for Machine<'_> {
    fn enter(&mut self, interface: &Interface) -> Result<Option<i32>, Halt> {
        self.call(interface).map_err(|error| {
            let stack = stack_of(&error);
            Halt { cause: self.cause(error), stack }
        })
    }

    fn final_state(&mut self) -> Option<FinalState> {
        let instance = self.instance?;
        let exports: Vec<(String, Extern)> = instance
            .exports(&mut self.store)
            .map(|export| (export.name().to_owned(), export.into_extern()))
            .collect();
        let mut state = state::Gathered::default();
        for (name, item) in exports {
            match item {
                Extern::Memory(memory) => state.memory(name, memory.data(&self.store)),
                Extern::Global(global) => state.global(name, bits(&global.get(&mut self.store))),
                _ => {}
            }
        }
        Some(state.finish())
    }

    fn seam(&mut self) -> &mut Seam {
        &mut self.store.data_mut().seam
    }
}

/// Memories and tables that the module imports are made fresh: zeroed, of the declared type.
fn define_fresh(
    store: &mut Store<State>,
    linker: &mut Linker<State>,
    module: &Module,
) -> wasmtime::Result<()> {
    for import in module.imports() {
        let item: Extern = match import.ty() {
            ExternType::Memory(ty) => Memory::new(&mut *store, ty)?.into(),
            ExternType::Table(ty) => {
                let null = Val::null_ref(ty.element().heap_type());
                let null = null.ref_().ok_or_else(|| {
                    wasmtime::format_err!("table {} holds no references", import.name())
                })?;
                Table::new(&mut *store, ty, null)?.into()
            }
            _ => continue,
        };
        linker.define(&mut *store, import.module(), import.name(), item)?;
    }
    Ok(())
}

fn cause_of(trap: wasmtime::Trap, error: &wasmtime::Error) -> Cause {
    use wasmtime::Trap as T;
    Cause::Trap(match trap {
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
        T::AllocationTooLarge => return Cause::Interruption(Interruption::HostMemory),
        // No cost model bounds an engine's frames: where its stack ends says nothing of the module.
        T::StackOverflow => return Cause::Interruption(Interruption::NativeStack),
        // An engine with patience lost it.
        T::Interrupt => return Cause::Interruption(Interruption::WallClock),
        other => {
            let cause = format!("unexpected trap {other:?}: {error:#}");
            return Cause::Engine(Error::Engine { cause });
        }
    })
}

fn stack_of(error: &wasmtime::Error) -> Vec<Frame> {
    error.downcast_ref::<WasmBacktrace>().map_or_else(Vec::new, |backtrace| {
        let frame = |f: &wasmtime::FrameInfo| Frame {
            function: f.func_index(),
            name: None,
            offset: f.module_offset().map(|offset| offset as u64),
            source_offset: None,
            line: None,
        };
        backtrace.frames().iter().map(frame).collect()
    })
}

/// Raw bits of a global's value; of a reference, its family and whether it is null.
fn bits(value: &Val) -> GlobalBits {
    let (of, null) = match value {
        Val::I32(bits) => return GlobalBits::I32(bits.cast_unsigned()),
        Val::I64(bits) => return GlobalBits::I64(bits.cast_unsigned()),
        Val::F32(bits) => return GlobalBits::F32(*bits),
        Val::F64(bits) => return GlobalBits::F64(*bits),
        Val::V128(bits) => return GlobalBits::V128(bits.as_u128()),
        Val::FuncRef(reference) => ("funcref", reference.is_none()),
        Val::ExternRef(reference) => ("externref", reference.is_none()),
        Val::AnyRef(reference) => ("anyref", reference.is_none()),
        Val::ExnRef(reference) => ("exnref", reference.is_none()),
        Val::ContRef(reference) => ("contref", reference.is_none()),
    };
    GlobalBits::Reference { of: of.to_owned(), null }
}

/// Host memory ran out within the module's own limits: never a −1 that the guest could see.
#[derive(Debug, thiserror::Error)]
#[error("the host has no memory left for the guest")]
struct HostMemory;

/// Growth within the module's own limits and beyond what the run may take.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Beyond(Interruption);

/// Tells growth beyond the module's limits (−1 on every engine) from growth that the host refuses.
struct Growth {
    within_limits: bool,
    allowance: Option<Allowance>,
    memory_left: u64,
    elements_left: u64,
}

impl Growth {
    fn growing(
        &mut self,
        more: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.within_limits = maximum.is_none_or(|maximum| desired <= maximum);
        let denied = |allowance: &Allowance| !allowance.take(more as u64);
        if self.within_limits && self.allowance.as_ref().is_some_and(denied) {
            return Err(HostMemory.into());
        }
        Ok(true)
    }

    fn failed(&mut self) -> wasmtime::Result<()> {
        if std::mem::take(&mut self.within_limits) { Err(HostMemory.into()) } else { Ok(()) }
    }
}

impl ResourceLimiter for Growth {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        if maximum.is_none_or(|maximum| desired <= maximum) {
            let left = self.memory_left.checked_sub(more as u64);
            self.memory_left = left.ok_or(Beyond(Interruption::MemoryLimit))?;
        }
        self.growing(more, desired, maximum)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed()
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        if maximum.is_none_or(|maximum| desired <= maximum) {
            let left = self.elements_left.checked_sub(more as u64);
            self.elements_left = left.ok_or(Beyond(Interruption::TableLimit))?;
        }
        self.growing(more.saturating_mul(state::ELEMENT), desired, maximum)
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed()
    }
}
