//! Public programs of real toolchains under WASI, on wasmtime's compilers and Pulley. Wasmi has no
//! WASI here and is left out.
//!
//! `tests/programs/fetch.py` fetches them; without them the test says that it was skipped. Larger
//! ones run with `PROVENACT_SLOW=1`.

use super::engines::{build, parallel, slow};
use super::on_wasmtime::{Kind, NATIVE_STACK, engine};
use super::seen::{TRAP, digest};
use provenact::profile::Profile;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wasmtime::{Extern, Linker, Module, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{
    Deterministic, FsPerms, HostMonotonicClock, HostWallClock, I32Exit, WasiCtxBuilder,
};

/// Programs up to this size always run.
const SMALL: u64 = 2 << 20;
const OUTPUT: usize = 16 << 20;

/// A time that stands still.
struct Still;

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(1_700_000_000)
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        1_000_000
    }
}

/// What a run shows.
#[derive(Debug, PartialEq, Eq, Clone)]
struct Shown {
    ending: String,
    stdout: String,
    stderr: String,
    files: BTreeMap<PathBuf, Vec<u8>>,
    memory: [u8; 32],
}

fn entries() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/programs.json");
    serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap()
}

/// Where the programs lie.
#[expect(clippy::disallowed_methods, reason = "as for the end-to-end tests")]
fn cache() -> PathBuf {
    let given = std::env::var_os("PROVENACT_TEST_CACHE").map(PathBuf::from);
    given.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("programs"))
}

/// Files of a directory, without those below it.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs_err::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files
        .map(|path| (path.strip_prefix(root).unwrap().to_owned(), fs_err::read(&path).unwrap()))
        .collect()
}

/// Runs `module` as `entry` says, with time and randomness that are the same each time.
fn run(engine: &wasmtime::Engine, module: &Module, entry: &Value) -> Shown {
    let place = tempfile::tempdir().unwrap();
    let (stdout, stderr) = (MemoryOutputPipe::new(OUTPUT), MemoryOutputPipe::new(OUTPUT));
    let mut context = WasiCtxBuilder::new();
    let input = entry["stdin"].as_str().unwrap_or_default().to_owned();
    context.stdin(MemoryInputPipe::new(input)).stdout(stdout.clone()).stderr(stderr.clone());
    context.secure_random(Deterministic::new(vec![3, 1, 4, 1, 5, 9, 2, 6]));
    context.wall_clock(Still).monotonic_clock(Still).allow_blocking_current_thread(true);
    for arg in entry["args"].as_array().unwrap() {
        context.arg(arg.as_str().unwrap());
    }
    for (name, value) in entry["env"].as_object().unwrap() {
        context.env(name, value.as_str().unwrap());
    }
    for (at, dir) in entry["dirs"].as_array().unwrap().iter().enumerate() {
        let path = place.path().join(at.to_string());
        fs_err::create_dir_all(&path).unwrap();
        for (name, text) in dir["files"].as_object().unwrap() {
            fs_err::write(path.join(name), text.as_str().unwrap()).unwrap();
        }
        let perms = if dir["mode"] == "rw" { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
        context.preopened_dir(&path, dir["guest"].as_str().unwrap(), perms).unwrap();
    }
    let mut linker = Linker::<WasiP1Ctx>::new(engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |context| context).unwrap();
    let mut store = Store::new(engine, context.build_p1());
    let instance = linker.instantiate(&mut store, module).unwrap();
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap();
    let ending = match start.call(&mut store, ()) {
        Ok(()) => "returned".to_owned(),
        Err(error) => match (error.downcast_ref::<I32Exit>(), error.downcast_ref()) {
            (Some(I32Exit(status)), _) => format!("status {status}"),
            (None, Some(trap @ wasmtime::Trap::StackOverflow)) => panic!("native: {trap}"),
            (None, Some(trap)) => format!("{trap}"),
            (None, None) => format!("{error}"),
        },
    };
    let overflow = instance.get_global(&mut store, TRAP).map(|global| global.get(&mut store).i32());
    assert!(!matches!(overflow, Some(Some(1))), "a real program overflows its logical stack");
    let memory = match instance.get_export(&mut store, "memory") {
        Some(Extern::Memory(memory)) => digest(memory.data(&store)),
        _ => [0; 32],
    };
    let text = |pipe: MemoryOutputPipe| String::from_utf8_lossy(&pipe.contents()).into_owned();
    let dirs = fs_err::read_dir(place.path()).unwrap().map(|dir| dir.unwrap().path());
    let written = dirs.flat_map(|dir| files(&dir)).collect();
    Shown { ending, stdout: text(stdout), stderr: text(stderr), files: written, memory }
}

/// One module, all entries, all engines; how many entries there were.
fn one(path: &Path, entries: &[&Value]) -> usize {
    let original = fs_err::read(path).unwrap();
    let canonical = build(&original, Profile::CANONICAL).unwrap();
    let portable = build(&original, Profile::PORTABLE).unwrap();
    let on = |kind, wasm: &[u8]| {
        let engine = engine(kind, None, NATIVE_STACK);
        let module = Module::new(&engine, wasm).unwrap();
        entries.iter().map(|entry| run(&engine, &module, entry)).collect::<Vec<_>>()
    };
    let before = on(Kind::Speed, &canonical);
    let first = on(Kind::Speed, &portable);
    for (entry, (before, after)) in entries.iter().zip(before.iter().zip(&first)) {
        let name = &entry["name"];
        assert_eq!(before.ending, after.ending, "{name}: {}", after.stderr);
        assert_eq!(before.stdout, after.stdout, "{name}");
        assert!(before.files == after.files, "{name}: files");
    }
    // Pulley is slow: it gets the small ones.
    let mut kinds = vec![Kind::Fast, Kind::Deterministic];
    if original.len() as u64 <= SMALL {
        kinds.push(Kind::Pulley);
    }
    for kind in kinds {
        for ((entry, expected), shown) in entries.iter().zip(&first).zip(on(kind, &portable)) {
            let name = &entry["name"];
            assert_eq!(expected.ending, shown.ending, "{name} on {kind:?}");
            assert_eq!(expected.stdout, shown.stdout, "{name} on {kind:?}");
            assert!(expected.files == shown.files, "{name} on {kind:?}: files");
            // File numbers and times of the host find their way into memory with directories.
            if entry["dirs"].as_array().unwrap().is_empty() {
                assert_eq!(expected, &shown, "{name} on {kind:?}");
            }
        }
    }
    entries.len()
}

#[test]
fn public_programs_do_the_same_on_wasmtimes_compilers_and_pulley() {
    let (cache, entries) = (cache(), entries());
    let mut modules: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry["deterministic"] == true) {
        if slow() || entry["slow"] == false {
            modules.entry(entry["wasm"].as_str().unwrap().to_owned()).or_default().push(entry);
        }
    }
    let modules: Vec<_> = modules
        .into_iter()
        .map(|(wasm, entries)| (cache.join(wasm), entries))
        .filter(|(path, _)| {
            fs_err::metadata(path).is_ok_and(|about| slow() || about.len() <= SMALL)
        })
        .collect();
    if modules.is_empty() {
        println!(
            "SKIPPED: no public programs in {}; tests/programs/fetch.py gets them",
            cache.display()
        );
        return;
    }
    let runs: usize =
        parallel(modules.len(), |at| one(&modules[at].0, &modules[at].1)).into_iter().sum();
    println!(
        "public programs: {} modules, {runs} runs are the same on Cranelift and Pulley",
        modules.len()
    );
}
