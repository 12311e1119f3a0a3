//! Engines, configured in one place.

use super::Error;
use crate::engines::EngineName;
use crate::limits;
use crate::wasm::{Canonical, code_start};
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
    Wasmtime(wasmtime::Engine),
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

/// A canonical module, ready to be executed by one engine.
#[derive(Clone)]
pub struct Program {
    pub(super) compiled: Compiled,
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

    /// Where the contents of the module's code section begin, if it has one.
    #[must_use]
    pub fn code_start(&self) -> Option<u64> {
        self.code
    }
}

#[derive(Clone)]
pub(super) enum Compiled {
    Wasmtime(wasmtime::Module),
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
            name => Kind::Wasmtime(wasmtime(name, cache, limit.is_some())?),
        };
        let patience = limit.map(|limit| Patience { limit, ticks: Arc::default() });
        Ok(Self { name, kind, patience })
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
        if let Kind::Wasmtime(engine) = &self.kind {
            engine.increment_epoch();
        }
    }

    /// Compiles `module`, or takes it from the cache.
    ///
    /// # Errors
    /// [`Error::Lacks`] when the engine has not got a feature; when it runs out of resources.
    pub fn compile(&self, module: &Canonical) -> Result<Program, Error> {
        let stops = module.module().stops_of_start().into();
        let compiled = match &self.kind {
            Kind::Wasmtime(engine) => Compiled::Wasmtime(
                wasmtime::Module::from_binary(engine, module.bytes()).map_err(Error::engine)?,
            ),
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
                let image = made.image_range();
                2 * (image.end as usize).saturating_sub(image.start as usize) as u64
            }
            Compiled::Wasmi(_) => LAZY * module.bytes().len() as u64,
        };
        let code = code_start(module.bytes());
        Ok(Program { compiled, stops, bytes, code })
    }
}

fn wasmtime(
    name: EngineName,
    cache: Option<&Path>,
    interruptible: bool,
) -> Result<wasmtime::Engine, Error> {
    let mut config = Config::new();
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
