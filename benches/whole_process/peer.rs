//! The other side: plain Wasmtime, set up as `wasmtime run` sets it up for a program of WASI
//! preview 1. Same crates and versions as ours, nothing of ours in between, and a cache of compiled
//! code of its own. It is part of the benchmark and never shipped.

use super::Result;
use std::path::Path;
use wasmtime::{Cache, CacheConfig, Config, Engine, Linker, Module, Store};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

/// `peer CACHE MODULE [HOST::GUEST]`: runs the module's `_start`.
pub fn run(args: &[String]) -> Result<()> {
    let [cache, module, directories @ ..] = args else { return Err("CACHE MODULE".into()) };
    let mut settings = CacheConfig::new();
    settings.with_directory(std::path::absolute(Path::new(cache))?);
    let mut config = Config::new();
    config.cache(Some(Cache::new(settings)?));
    let engine = Engine::new(&config)?;
    let compiled = Module::from_file(&engine, module)?;

    let mut builder = WasiCtxBuilder::new();
    builder.inherit_stdio().arg(module).allow_blocking_current_thread(true);
    for directory in directories {
        let (host, guest) = directory.split_once("::").ok_or("HOST::GUEST")?;
        builder.preopened_dir(host, guest, FsPerms::ReadWrite)?;
    }
    let mut linker: Linker<WasiP1Ctx> = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |context| context)?;
    let mut store = Store::new(&engine, builder.build_p1());
    let instance = linker.instantiate(&mut store, &compiled)?;
    Ok(instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?)
}
