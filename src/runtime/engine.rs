//! Engines, configured in one place.

use super::on_wasmtime::Linked;
use super::{Error, pool};
use crate::abi::Function;
use crate::engines::EngineName;
use crate::limits;
use crate::wasm::{Canonical, code_start};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::{Cache, CacheConfig, Config};

/// Bytes that Wasmi's code takes for each byte of a module, at most about.
const LAZY: u64 = 16;

/// An engine that compiles and runs modules.
#[derive(Clone)]
pub struct Engine {
    name: EngineName,
    pub(super) kind: Kind,
    /// How long an execution may last, if that is bounded.
    pub(super) patience: Option<Patience>,
}

#[derive(Clone)]
pub(super) enum Kind {
    Wasmtime {
        engine: wasmtime::Engine,
        /// The same engine with places for small guests, where many are executed.
        pooled: Option<wasmtime::Engine>,
    },
    Wasmi(wasmi::Engine),
}

/// A bound on the length of executions, in ticks that somebody else gives.
#[derive(Clone)]
pub(super) struct Patience {
    /// Ticks that one execution may last.
    pub(super) limit: u64,
    ticks: Arc<AtomicU64>,
}

impl Patience {
    /// Ticks so far.
    pub(super) fn now(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }
}

/// A canonical module with its host functions, ready to be executed by one engine.
#[derive(Clone)]
pub struct Program {
    pub(super) compiled: Compiled,
    pub(super) rows: Arc<[&'static Function]>,
    /// Where a start function can run out of words, sorted.
    pub(super) stops: Arc<[usize]>,
    bytes: u64,
    /// Where the contents of the module's code section begin.
    code: Option<u64>,
}

impl Program {
    /// Bytes of memory that it takes, about: the code that was made, and what is known of it; where
    /// an engine makes code as it goes, what all of it can come to.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The host functions that it imports, as the evidence counts them.
    #[must_use]
    pub fn rows(&self) -> &[&'static Function] {
        &self.rows
    }

    /// Where the contents of the module's code section begin, if it has one.
    #[must_use]
    pub fn code_start(&self) -> Option<u64> {
        self.code
    }
}

#[derive(Clone)]
pub(super) enum Compiled {
    Wasmtime(Linked),
    Wasmi(wasmi::Module),
}

impl Engine {
    /// The engine of that name. Compiled code is kept in `cache` if given (a directory of ours, mode
    /// 0700) by the engines that compile to files. With `limit`, every execution is cut short when
    /// [`Engine::tick`] was called so often since it began.
    ///
    /// Nothing is configured that changes what a program computes, but for what the name says and
    /// for relaxed SIMD in modules that kept it: Wasmtime's deterministic mode is one behaviour on
    /// every processor. It is not in all the choice of the Wasm 3.0 specification (`relaxed_madd`
    /// is fused); the pass `relaxed-simd` is.
    ///
    /// # Errors
    /// When the engine refuses the configuration or the cache directory.
    pub fn new(name: EngineName, cache: Option<&Path>, limit: Option<u64>) -> Result<Self, Error> {
        let kind = match name {
            EngineName::Wasmi => Kind::Wasmi(wasmi(limit.is_some())),
            name => {
                let engine = wasmtime(name, cache, limit.is_some(), None)?;
                Kind::Wasmtime { engine, pooled: None }
            }
        };
        let patience = limit.map(|limit| Patience { limit, ticks: Arc::default() });
        Ok(Self { name, kind, patience })
    }

    /// The engine for executions of which there are many, `at_once` of them side by side at most.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn for_many(
        name: EngineName,
        cache: Option<&Path>,
        limit: u64,
        at_once: NonZeroUsize,
    ) -> Result<Self, Error> {
        let mut engine = Self::new(name, cache, Some(limit))?;
        if let Kind::Wasmtime { pooled, .. } = &mut engine.kind {
            // A system that has no room for it makes many executions slower, and no others.
            *pooled = wasmtime(name, cache, true, Some(at_once)).ok();
        }
        Ok(engine)
    }

    /// What `run` records with.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn cranelift(cache: Option<&Path>) -> Result<Self, Error> {
        Self::new(EngineName::Cranelift, cache, None)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> EngineName {
        self.name
    }

    /// One more unit of time has passed.
    pub fn tick(&self) {
        if let Some(patience) = &self.patience {
            patience.ticks.fetch_add(1, Ordering::Relaxed);
        }
        if let Kind::Wasmtime { engine, pooled } = &self.kind {
            std::iter::once(engine).chain(pooled).for_each(wasmtime::Engine::increment_epoch);
        }
    }

    /// Compiles `module`, whose host functions are `rows`, or takes it from the cache.
    ///
    /// # Errors
    /// [`Error::Lacks`] when the engine has not got a feature; when it runs out of resources; when
    /// `rows` are not what the module imports.
    pub fn compile(
        &self,
        module: &Canonical,
        rows: &[&'static Function],
    ) -> Result<Program, Error> {
        let stops = module.module().stops_of_start().into();
        let compiled = match &self.kind {
            Kind::Wasmtime { engine, pooled } => {
                let pooled = pooled.as_ref().filter(|_| pool::has_room_for(module.module()));
                let compiled = |engine| wasmtime::Module::from_binary(engine, module.bytes());
                // What the pool has no room for after all, the engine without one may take.
                let made = pooled.and_then(|pooled| compiled(pooled).ok());
                let made = made.map_or_else(|| compiled(engine), Ok).map_err(Error::engine)?;
                Compiled::Wasmtime(Linked::new(made, rows)?)
            }
            Kind::Wasmi(engine) => {
                if let Some(feature) = module.module().one_class_feature() {
                    return Err(Error::Lacks { engine: self.name, feature });
                }
                let compiled = wasmi::Module::new(engine, module.bytes());
                Compiled::Wasmi(compiled.map_err(|e| Error::Engine { cause: e.to_string() })?)
            }
        };
        let bytes = match &compiled {
            Compiled::Wasmtime(made) => {
                let image = made.module().image_range();
                2 * (image.end as usize).saturating_sub(image.start as usize) as u64
            }
            Compiled::Wasmi(_) => LAZY * module.bytes().len() as u64,
        };
        let code = code_start(module.bytes());
        Ok(Program { compiled, rows: rows.into(), stops, bytes, code })
    }
}

fn wasmtime(
    name: EngineName,
    cache: Option<&Path>,
    interruptible: bool,
    at_once: Option<NonZeroUsize>,
) -> Result<wasmtime::Engine, Error> {
    let mut config = Config::new();
    if let Some(at_once) = at_once {
        config.allocation_strategy(pool::places(at_once));
    }
    config
        .wasm_gc(true)
        .wasm_function_references(true)
        .wasm_exceptions(true)
        .wasm_tail_call(true)
        .wasm_multi_memory(true)
        .wasm_memory64(true)
        .wasm_extended_const(true)
        .relaxed_simd_deterministic(true)
        .cranelift_nan_canonicalization(name == EngineName::CraneliftNan)
        .epoch_interruption(interruptible)
        .max_wasm_stack(limits::GUEST_STACK_BYTES)
        .async_stack_size(limits::GUEST_STACK_BYTES * 2);
    if name == EngineName::Pulley {
        config.target("pulley64").map_err(Error::engine)?;
    }
    if let Some(directory) = cache {
        let mut settings = CacheConfig::new();
        settings.with_directory(directory);
        config.cache(Some(Cache::new(settings).map_err(Error::engine)?));
    }
    wasmtime::Engine::new(&config).map_err(Error::engine)
}

/// Wasmi keeps the guest's frames on a stack of its own, as large as the other engines' is for the
/// same number of words. Fuel is only how an execution is looked at from time to time: it never
/// decides anything that a guest could see.
fn wasmi(interruptible: bool) -> wasmi::Engine {
    let mut config = wasmi::Config::default();
    config
        .consume_fuel(interruptible)
        .compilation_mode(wasmi::CompilationMode::LazyTranslation)
        .set_max_recursion_depth(limits::GUEST_LEVELS)
        .set_max_stack_height(limits::GUEST_STACK_BYTES)
        .set_max_cached_stacks(1);
    wasmi::Engine::new(&config)
}
