//! What the random modules of wasm-smith look like, and what is called of them.

use super::engines::Engines;
use super::rng::Rng;
use super::seen::{Call, Value};
use arbitrary::Unstructured;
use wasm_smith::{Config, MemoryOffsetChoices, Module};

/// Programs that do not end within this are compared up to there.
pub const FUEL: u64 = 3_000_000;

pub fn config(rng: &mut Rng, rich: bool) -> Config {
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
pub fn module(seed: u64, rich: bool) -> Vec<u8> {
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
pub fn script(engines: &Engines, wasm: &[u8], rng: &mut Rng) -> Vec<Call> {
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
