//! wasm-mutate as the second adversary: it changes modules, mostly in other ways than by their
//! encoding, and sometimes what they do. What they do is found out by running them.

use crate::build;
use provenact::digest::ModuleDigest;
use provenact::wasm::Module;
use wasm_mutate::WasmMutate;
use wasmi::{Engine, Extern, Func, Linker, Store, Val};

/// Chains of mutations, and how many mutations each has.
const CHAINS: u64 = 250;
const STEPS: u64 = 4;
const FUEL: u64 = 2_000_000;

#[derive(Default, Debug)]
struct Tally {
    mutants: u64,
    collapsed: u64,
    /// Mutants that do something else than the program.
    changed: u64,
}

/// covers: canonical-4
#[test]
fn mutants_that_do_something_else_never_collapse() {
    let program = wat::parse_str(include_str!("program.wat")).unwrap();
    let (digest, does) = (build(&program).canonical.digest(), behaviour(&program).unwrap());
    for preserves in [true, false] {
        let mut tally = Tally::default();
        for seed in 0..CHAINS {
            let mut mutant = program.clone();
            for step in 0..STEPS {
                let Some(next) = mutate(&mutant, seed * STEPS + step, preserves) else { break };
                mutant = next;
                if Module::parse(mutant.clone()).is_ok() {
                    judge(&mutant, digest, &does, &mut tally);
                }
            }
        }
        let Tally { mutants, collapsed, changed } = tally;
        println!(
            "{mutants} mutants, meaning {}: {collapsed} collapse ({:.1} %), {changed} do something else",
            if preserves { "kept" } else { "free to change" },
            collapsed as f64 * 100.0 / mutants as f64
        );
        assert!(mutants > 300 && collapsed > 0);
        assert!(preserves || changed > 50, "{changed}");
    }
}

fn mutate(module: &[u8], seed: u64, preserves: bool) -> Option<Vec<u8>> {
    let mut mutate = WasmMutate::default();
    mutate.seed(seed).preserve_semantics(preserves).fuel(500);
    mutate.run(module).ok()?.next()?.ok()
}

fn judge(mutant: &[u8], digest: ModuleDigest, does: &[String], tally: &mut Tally) {
    let canonical = build(mutant).canonical;
    let behaviour = behaviour(mutant);
    // The canonical form does what the mutant does.
    assert_eq!(self::behaviour(canonical.bytes()), behaviour);
    let collapses = canonical.digest() == digest;
    let same = behaviour.as_deref() == Some(does);
    assert!(same || !collapses, "a mutant that does something else has the same digest");
    tally.mutants += 1;
    tally.collapsed += u64::from(collapses);
    tally.changed += u64::from(!same);
}

/// What each exported function returns for some arguments, one after another, and what is in
/// memory and globals after; `None` when there is nothing to run.
fn behaviour(module: &[u8]) -> Option<Vec<String>> {
    let mut config = wasmi::Config::default();
    config.consume_fuel(true);
    let engine = Engine::new(&config);
    let module = wasmi::Module::new(&engine, module).ok()?;
    let mut store = Store::new(&engine, Vec::new());
    store.set_fuel(FUEL).ok()?;
    let mut linker: Linker<Vec<i32>> = Linker::new(&engine);
    let note = Func::wrap(&mut store, |mut caller: wasmi::Caller<'_, Vec<i32>>, value: i32| {
        caller.data_mut().push(value);
    });
    linker.define("env", "note", note).ok()?;
    let instance = linker.instantiate_and_start(&mut store, &module).ok()?;
    let mut seen = Vec::new();
    let exports: Vec<(String, Extern)> = instance
        .exports(&store)
        .map(|export| (export.name().to_owned(), export.into_extern()))
        .collect();
    for (name, export) in &exports {
        if let Extern::Func(function) = export {
            call(&mut store, name, *function, &mut seen);
        }
    }
    finish(&store, exports, &mut seen);
    seen.push(format!("{:?}", store.data()));
    Some(seen)
}

fn call(store: &mut Store<Vec<i32>>, name: &str, function: Func, seen: &mut Vec<String>) {
    let ty = function.ty(&*store);
    for argument in [0, 1, 2, 3, 5, 6, 70, -9, i32::MIN] {
        let arguments: Vec<_> = ty.params().iter().map(|_| Val::I32(argument)).collect();
        let mut results: Vec<_> = ty.results().iter().map(|_| Val::I32(0)).collect();
        let outcome = function.call(&mut *store, &arguments, &mut results);
        let results: Vec<_> = results.iter().map(|value| format!("{value:?}")).collect();
        let outcome = outcome.map(|()| results).map_err(|error| error.as_trap_code());
        seen.push(format!("{name}({argument}): {outcome:?}"));
    }
}

fn finish(store: &Store<Vec<i32>>, exports: Vec<(String, Extern)>, seen: &mut Vec<String>) {
    for (name, export) in exports {
        match export {
            Extern::Memory(memory) => {
                seen.push(format!("{name}: {}", ModuleDigest::of(memory.data(store))));
            }
            Extern::Global(global) => seen.push(format!("{name}: {:?}", global.get(store))),
            _ => {}
        }
    }
}
