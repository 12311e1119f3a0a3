//! Properties of the writer, on random modules.

use super::{Encoded, encode};
use crate::wasm::Module;
use crate::wasm::freedom::Freedom;
use arbitrary::Unstructured;
use wasm_smith::Config;

/// Modules with all that the language has.
fn config(seed: u64) -> Config {
    Config {
        gc_enabled: !seed.is_multiple_of(3),
        reference_types_enabled: true,
        exceptions_enabled: true,
        tail_call_enabled: true,
        memory64_enabled: true,
        simd_enabled: true,
        relaxed_simd_enabled: true,
        bulk_memory_enabled: true,
        multi_value_enabled: true,
        extended_const_enabled: true,
        threads_enabled: false,
        max_memories: 3,
        max_tables: 4,
        max_types: 60,
        max_funcs: 40,
        min_funcs: 1,
        ..Config::default()
    }
}

fn random_bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// covers: canonical-5
#[test]
fn random_modules_stay_valid_and_canonical_modules_stay_as_they_are() {
    let mut seen = [0_u64; Freedom::ALL.len()];
    for seed in 0..600 {
        let bytes = random_bytes(seed, 4096);
        let mut input = Unstructured::new(&bytes);
        let Ok(module) = wasm_smith::Module::new(config(seed), &mut input) else { continue };
        let module = module.to_bytes();
        if Module::parse(module.clone()).is_err() {
            continue;
        }
        let Encoded { bytes, offsets, changes } = encode(&module).unwrap();
        Module::parse(bytes.clone()).unwrap_or_else(|error| panic!("{seed}: {error}"));
        let again = encode(&bytes).unwrap();
        assert!(again.bytes == bytes, "{seed}");
        let counts = Freedom::ALL.map(|freedom| changes.of(freedom));
        let saved: i64 = counts.iter().map(|count| count.saved).sum();
        assert_eq!(saved, module.len() as i64 - bytes.len() as i64, "{seed}: {counts:?}");
        for (seen, count) in seen.iter_mut().zip(counts) {
            *seen += count.times;
        }
        for (new, old, _) in offsets.spans() {
            assert!(new <= bytes.len() as u64 && old <= module.len() as u64);
        }
        let counts = Freedom::ALL.map(|freedom| again.changes.of(freedom));
        assert!(counts.iter().all(|count| count.saved == 0 && count.times == 0), "{counts:?}");
    }
    println!("{:?}", Freedom::ALL.map(Freedom::name).iter().zip(seen).collect::<Vec<_>>());
}
