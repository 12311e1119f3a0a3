//! Random modules of wasm-smith: everything the language has, without sense.

use super::engines::{Engines, Outcome, Tally, build, each, parallel, scaled, try_one};
use super::rng::Rng;
use super::seen::{Call, Value};
use arbitrary::Unstructured;
use provenact::profile::Profile;
use wasm_smith::{Config, MemoryOffsetChoices, Module};

/// Programs that do not end within this are compared up to there.
const FUEL: u64 = 3_000_000;

fn config(rng: &mut Rng, rich: bool) -> Config {
    Config {
        exceptions_enabled: rich,
        gc_enabled: rich,
        memory64_enabled: rng.chance(1, 4),
        threads_enabled: false,
        canonicalize_nans: false,
        disallow_traps: rng.chance(2, 3),
        export_everything: rng.chance(3, 4),
        generate_custom_sections: rng.chance(1, 4),
        max_memories: 3,
        max_tables: 3,
        max_funcs: 12,
        min_funcs: 2,
        min_exports: 3,
        max_imports: if rng.chance(1, 2) { 6 } else { 0 },
        max_instructions: 40 + rng.below(200),
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        max_table_elements: 1000,
        max_type_size: 100,
        memory_offset_choices: MemoryOffsetChoices(200, 10, 1),
        limit_arrays_in_const_exprs: true,
        ..Config::default()
    }
}

/// The module of `seed`. Some choices of bytes make none: then others are taken.
fn module(seed: u64, rich: bool) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    loop {
        let config = config(&mut rng, rich);
        let length = 1000 + rng.below(6000);
        let bytes = rng.bytes(length);
        if let Ok(module) = Module::new(config, &mut Unstructured::new(&bytes)) {
            return module.to_bytes();
        }
    }
}

/// Calls of each exported function, some twice, with values that show something.
fn script(engines: &Engines, wasm: &[u8], rng: &mut Rng) -> Vec<Call> {
    let mut calls = Vec::new();
    for (export, params) in engines.reference.functions(wasm).unwrap() {
        for _ in 0..1 + rng.below(3) {
            let args = params.iter().map(|ty| Value::special(*ty, rng)).collect();
            calls.push(Call { export: export.clone(), args });
        }
    }
    calls.truncate(24);
    calls
}

fn campaign(count: usize, rich: bool) -> Tally {
    let engines = Engines::new(Some(FUEL), !rich);
    each(count, |number| {
        let seed = number as u64 + if rich { 1 << 40 } else { 0 };
        let wasm = module(seed, rich);
        let mut rng = Rng::new(!seed);
        if rich && engines.reference.functions(&wasm).is_err() {
            let left_out = vec!["wasmtime does not take the original".to_owned()];
            return Outcome { left_out, ..Outcome::default() };
        }
        let calls = script(&engines, &wasm, &mut rng);
        try_one(&engines, &format!("smith-{seed}"), &wasm, &calls)
    })
}

#[test]
fn random_modules_behave_the_same_everywhere() {
    let count = scaled(2000, 20_000);
    campaign(count, false).report("wasm-smith, five engines");
}

/// Wasmi has neither garbage collection nor exceptions.
#[test]
fn random_modules_with_gc_and_exceptions_behave_the_same_on_wasmtime() {
    let count = scaled(500, 5000);
    campaign(count, true).report("wasm-smith with gc and exceptions, four engines");
}

/// Without the passes the same modules tell the engines apart, here and there.
#[test]
fn without_the_passes_random_modules_differ() {
    let engines = Engines::new(Some(FUEL), true);
    let count = 600;
    let differ: usize = parallel(count, |number| {
        let wasm = module(number as u64, false);
        let calls = script(&engines, &wasm, &mut Rng::new(!(number as u64)));
        let wasm = build(&wasm, Profile::CANONICAL).unwrap();
        usize::from(engines.run(&wasm, &calls).differ())
    })
    .into_iter()
    .sum();
    println!("wasm-smith without the passes: engines differ on {differ} of {count}");
    assert!(differ > 0, "the modules of this test show nothing");
}
