//! Programs in which NaNs travel: generated so that fresh ones and loaded ones, with payloads that
//! must survive, take every way that a value can take.

mod generator;
mod mutants;
mod tables;

use super::engines::{Engines, Outcome, Tally, build, each, keep, scaled, try_one};
use super::rng::Rng;
use super::seen::{Call, Type, Value};
use provenact::profile::{Pass, Profile};

/// The calls of one program: the driver, and each function with special arguments.
fn script(signatures: &[Vec<Type>], rng: &mut Rng) -> Vec<Call> {
    let mut calls = vec![Call { export: "drive".to_owned(), args: Vec::new() }];
    for (at, params) in signatures.iter().enumerate() {
        for _ in 0..3 {
            let args = params.iter().map(|ty| Value::special(*ty, rng)).collect();
            calls.push(Call { export: format!("f{at}"), args });
        }
    }
    calls
}

/// A program that needs neither exceptions nor objects.
pub fn text(seed: u64) -> String {
    generator::program(seed, false).text
}

fn program(seed: u64, rich: bool) -> (String, Vec<u8>, Vec<Call>) {
    let program = generator::program(seed, rich);
    let wasm = wat::parse_str(&program.text).unwrap_or_else(|error| {
        let path = keep(&format!("floats-{seed}.wat"), program.text.as_bytes());
        panic!("{}: {error}", path.display())
    });
    let calls = script(&program.signatures, &mut Rng::new(!seed));
    (program.text, wasm, calls)
}

fn campaign(count: usize, rich: bool) -> Tally {
    let engines = Engines::new(None, !rich);
    each(count, |number| {
        let seed = number as u64;
        let (text, wasm, calls) = program(seed, rich);
        let name = if rich { format!("rich-floats-{seed}") } else { format!("floats-{seed}") };
        let outcome = try_one(&engines, &name, &wasm, &calls);
        if !outcome.failures.is_empty() {
            keep(&format!("{name}.wat"), text.as_bytes());
        }
        outcome
    })
}

#[test]
fn nans_are_the_same_everywhere() {
    campaign(scaled(1000, 10_000), false).report("floats, five engines");
}

/// Exceptions that carry floats, structures and arrays that hold them, calls by reference.
#[test]
fn nans_in_exceptions_and_objects_are_the_same_on_wasmtime() {
    campaign(scaled(400, 4000), true).report("floats in exceptions and objects, four engines");
}

/// Without the pass the same programs tell the engines apart.
#[test]
fn without_the_pass_nans_differ() {
    let engines = Engines::new(None, true);
    let count = scaled(200, 200);
    let differ = std::sync::atomic::AtomicUsize::new(0);
    for profile in [Profile::CANONICAL, Profile::PORTABLE.without(Pass::Nan)] {
        each(count, |number| {
            let (_, wasm, calls) = program(number as u64, false);
            let wasm = build(&wasm, profile).unwrap();
            if engines.run(&wasm, &calls).differ() {
                differ.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
            Outcome::default()
        });
        let found = differ.swap(0, std::sync::atomic::Ordering::Relaxed);
        println!("floats without nan ({}): engines differ on {found} of {count}", profile.name());
        assert!(found * 2 > count, "the programs of this test show too little");
    }
}
