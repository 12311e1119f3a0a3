//! The engine, the same for every side: Wasmtime as it comes, with Cranelift.

use super::{Result, STACK};
use crate::guests::Work;
use std::path::Path;
use wasmtime::{Cache, CacheConfig, Config, Engine, Linker, Module, Store};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtxBuilder};

/// A compiled module.
pub struct Compiled {
    module: Module,
}

impl Compiled {
    /// Compiles `module`, or takes it from the cache of an earlier run.
    pub fn new(module: &[u8], nan_flag: bool) -> Result<Self> {
        let mut settings = CacheConfig::new();
        settings.with_directory(Path::new(env!("CARGO_TARGET_TMPDIR")).join("price-cache"));
        let mut config = Config::new();
        config.cache(Some(Cache::new(settings)?));
        config.cranelift_nan_canonicalization(nan_flag);
        config.max_wasm_stack(STACK / 2);
        config.async_stack_size(STACK);
        let engine = Engine::new(&config)?;
        Ok(Self { module: Module::new(&engine, module)? })
    }

    /// What the work came to, and the processor's time for it in milliseconds.
    pub fn run(&self, work: &Work) -> Result<(Vec<u8>, f64)> {
        match work {
            Work::Call(argument) => self.call(*argument),
            Work::Program { args, stdin, folder } => self.program(args, stdin, folder.as_deref()),
        }
    }

    fn call(&self, argument: i32) -> Result<(Vec<u8>, f64)> {
        let engine = self.module.engine();
        let mut store = Store::new(engine, ());
        let instance = Linker::new(engine).instantiate(&mut store, &self.module)?;
        let run = instance.get_typed_func::<i32, f64>(&mut store, "run")?;
        let start = processor_time()?;
        let result = run.call(&mut store, argument)?;
        Ok((result.to_bits().to_le_bytes().into(), processor_time()? - start))
    }

    fn program(
        &self,
        args: &[&str],
        stdin: &[u8],
        folder: Option<&Path>,
    ) -> Result<(Vec<u8>, f64)> {
        let stdout = MemoryOutputPipe::new(64 << 20);
        let mut builder = WasiCtxBuilder::new();
        builder.args(args).env("PYTHONHASHSEED", "0").allow_blocking_current_thread(true);
        builder.stdin(MemoryInputPipe::new(stdin.to_vec())).stdout(stdout.clone());
        builder.inherit_stderr();
        if let Some(folder) = folder {
            builder.preopened_dir(folder, "/job", FsPerms::ReadWrite)?;
        }
        let engine = self.module.engine();
        let mut linker: Linker<WasiP1Ctx> = Linker::new(engine);
        p1::add_to_linker_sync(&mut linker, |context| context)?;
        let mut store = Store::new(engine, builder.build_p1());
        let instance = linker.instantiate(&mut store, &self.module)?;
        let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;

        let before = processor_time()?;
        let ended = start.call(&mut store, ());
        let took = processor_time()? - before;
        let mut seen = stdout.contents().to_vec();
        if let Err(error) = ended {
            let status = error.downcast_ref::<I32Exit>().map(|exit| exit.0);
            seen.extend(status.ok_or(error)?.to_le_bytes());
        }
        Ok((seen, took))
    }
}

/// Milliseconds for which this thread has had a processor. While a thread runs the kernel brings
/// that number up to date at its ticks only, some milliseconds apart; a thread that sleeps has been
/// accounted for.
fn processor_time() -> Result<f64> {
    std::thread::sleep(std::time::Duration::from_micros(50));
    let text = fs_err::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: u64 = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds as f64 / 1e6)
}
