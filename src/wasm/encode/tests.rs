//! Properties of the writer, on random modules.

use super::{Encoded, encode};
use crate::profile::Profile;
use crate::wasm::freedom::Freedom;
use crate::wasm::{Canonical, Module};
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
        let checked = Canonical::check(bytes.clone(), Profile::CANONICAL);
        checked.unwrap_or_else(|error| panic!("{seed}: {error}"));
        let as_it_was = Canonical::check(module.clone(), Profile::CANONICAL).is_ok();
        assert_eq!(as_it_was, module == bytes, "{seed}");
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
/// A module with many runs of functions, in which types are used first here and there, and integers
/// have five bytes.
fn large() -> Vec<u8> {
    let long = |out: &mut Vec<u8>, value: u32| {
        out.extend((0..4).map(|at| (value >> (7 * at)) as u8 & 0x7f | 0x80));
        out.push((value >> 28) as u8);
    };
    let (types, functions) = (200_u32, 4_000_u32);
    let section = |id: u8, contents: Vec<u8>| {
        let mut out = vec![id];
        long(&mut out, contents.len() as u32);
        [out, contents].concat()
    };
    let mut type_section = Vec::new();
    long(&mut type_section, types);
    for ty in 0..types {
        // Each is another one: so many parameters.
        type_section.push(0x60);
        long(&mut type_section, ty);
        type_section.extend(std::iter::repeat_n(0x7f, ty as usize));
        type_section.push(0);
    }
    let mut function_section = Vec::new();
    long(&mut function_section, functions);
    (0..functions).for_each(|_| long(&mut function_section, 0));
    let mut code = Vec::new();
    long(&mut code, functions);
    for function in 0..functions {
        let mut body = vec![0];
        for parameter in 0..function % types {
            body.push(0x41);
            long(&mut body, parameter);
        }
        body.push(0x41);
        long(&mut body, 0);
        body.push(0x11);
        long(&mut body, function % types);
        body.extend([0, 0x10]);
        long(&mut body, (function * 7) % functions);
        body.push(0x0b);
        long(&mut code, body.len() as u32);
        code.extend(body);
    }
    let table = section(4, vec![1, 0x70, 0, 1]);
    let sections =
        [section(1, type_section), section(3, function_section), table, section(10, code)];
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let module = large();
    Module::parse(module.clone()).unwrap();
    let encode_with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| encode(&module).unwrap())
    };
    let one = encode_with(1);
    Module::parse(one.bytes.clone()).unwrap();
    assert!(one.changes.of(Freedom::Leb128).times > 100_000);
    for threads in [2, 3, 8] {
        let other = encode_with(threads);
        assert!(other.bytes == one.bytes && other.offsets == one.offsets);
        assert_eq!(other.changes, one.changes);
    }
    assert!(encode(&one.bytes).unwrap().bytes == one.bytes);
}
