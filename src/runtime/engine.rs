//! Wasmtime, configured in one place.

use super::Error;
use crate::limits;
use crate::wasm::Canonical;
use std::path::Path;
use std::sync::Arc;
use wasmtime::{Cache, CacheConfig, Config};

/// An engine that compiles and runs modules.
#[derive(Clone)]
pub struct Engine(pub(super) wasmtime::Engine);

/// A canonical module, compiled.
#[derive(Clone)]
pub struct Program {
    pub(super) compiled: wasmtime::Module,
    /// Where a start function can run out of words, sorted.
    pub(super) stops: Arc<[usize]>,
}

impl Engine {
    /// Cranelift; compiled code is kept in `cache` if given (a directory of ours, mode 0700).
    ///
    /// Nothing is configured that changes what a program computes, but for relaxed SIMD in modules
    /// that kept it: the engine's deterministic mode is one behaviour on every processor. It is not
    /// in all the choice of the Wasm 3.0 specification (`relaxed_madd` is fused); the pass
    /// `relaxed-simd` is.
    ///
    /// # Errors
    /// When the engine refuses the configuration or the cache directory.
    pub fn cranelift(cache: Option<&Path>) -> Result<Self, Error> {
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
            .max_wasm_stack(limits::GUEST_STACK_BYTES)
            .async_stack_size(limits::GUEST_STACK_BYTES * 2);
        if let Some(directory) = cache {
            let mut settings = CacheConfig::new();
            settings.with_directory(directory);
            config.cache(Some(Cache::new(settings).map_err(Error::engine)?));
        }
        Ok(Self(wasmtime::Engine::new(&config).map_err(Error::engine)?))
    }

    /// Compiles `module`, or takes it from the cache.
    ///
    /// # Errors
    /// When the engine lacks a feature or runs out of resources.
    pub fn compile(&self, module: &Canonical) -> Result<Program, Error> {
        let compiled = wasmtime::Module::from_binary(&self.0, module.bytes());
        Ok(Program {
            compiled: compiled.map_err(Error::engine)?,
            stops: module.module().stops_of_start().into(),
        })
    }
}
