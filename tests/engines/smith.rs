//! Random modules of wasm-smith: everything the language has, without sense.

use super::engines::{Engines, Outcome, Tally, build, each, parallel, scaled, try_one};
use super::random::{FUEL, module, script};
use super::rng::Rng;
use provenact::profile::Profile;

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
