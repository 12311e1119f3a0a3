//! Rewritten programs from which a canonicalization was taken out again: the checker refuses them,
//! unless nothing shows.

use super::super::engines::{Engines, build, keep, parallel, scaled};
use super::super::rng::Rng;
use provenact::profile::{Pass, Profile};
use provenact::wasm::Canonical;
use std::ops::Range;
use wasmparser::{Operator, Parser, Payload};

/// Where the canonicalizations stand, by the shapes of spec/portable.md.
fn canonicalizations(wasm: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CodeSectionEntry(body) = payload.unwrap() else { continue };
        let operators = body.get_operators_reader().unwrap().into_iter_with_offsets();
        let operators: Vec<_> = operators.map(|operator| operator.unwrap()).collect();
        for at in 0..operators.len() {
            let after = |count: usize| operators.get(at + count);
            // A mended store loses what follows the first store.
            if let [
                (Operator::LocalTee { .. }, _),
                (Operator::LocalGet { .. }, _),
                (Operator::F32Store { .. } | Operator::F64Store { .. }, _),
                (Operator::LocalGet { .. }, from),
                (Operator::I32Load { .. }, _),
                ..,
            ] = &operators[at..]
                && let Some((_, to)) = after(19)
            {
                found.push(*from..*to);
            }
            let rest: Vec<_> =
                operators[at..].iter().take(8).map(|(operator, _)| operator).collect();
            let length = match rest.as_slice() {
                [
                    Operator::LocalTee { .. },
                    Operator::LocalGet { .. },
                    Operator::F32Ne | Operator::F64Ne,
                    Operator::If { .. },
                    Operator::F32Const { .. } | Operator::F64Const { .. },
                    Operator::LocalSet { .. },
                    Operator::End,
                    Operator::LocalGet { .. },
                ] => 8,
                [
                    Operator::LocalTee { .. },
                    Operator::V128Const { .. },
                    Operator::LocalGet { .. },
                    Operator::LocalGet { .. },
                    Operator::F32x4Eq | Operator::F64x2Eq,
                    Operator::V128Bitselect,
                    ..,
                ] => 6,
                _ => continue,
            };
            if let (Some((_, from)), Some((_, to))) = (after(0), after(length)) {
                found.push(*from..*to);
            }
        }
    }
    found
}

/// How many mutants were refused, and how many taken; and what is wrong with those.
fn mutants(engines: &Engines, seed: u64) -> (usize, usize, Vec<String>) {
    let (_, original, calls) = super::program(seed, false);
    let portable = build(&original, Profile::PORTABLE).unwrap();
    let mut rng = Rng::new(seed ^ 0xabcd);
    let mut places = canonicalizations(&portable);
    let (mut refused, mut taken, mut failures) = (0, 0, Vec::new());
    let mut judge = |mutant: Vec<u8>, what: String| {
        if Canonical::check(mutant.clone(), Profile::PORTABLE).is_err() {
            refused += 1;
            return;
        }
        taken += 1;
        if engines.run(&mutant, &calls).differ() {
            let path = keep(&format!("mutant-{seed}.wasm"), &mutant);
            failures.push(format!("{}: {what}: taken, and engines differ", path.display()));
        }
    };
    while places.len() > 4 {
        let at = rng.below(places.len());
        places.swap_remove(at);
    }
    for place in places {
        let mut mutant = portable.clone();
        // What is taken out leaves the stack as it was.
        mutant[place.clone()].fill(NOP);
        judge(mutant, format!("without the canonicalization at {}", place.start));
    }
    let without = build(&original, Profile::PORTABLE.without(Pass::Nan)).unwrap();
    judge(without, "without the pass".to_owned());
    (refused, taken, failures)
}

const NOP: u8 = 0x01;

#[test]
fn the_checker_refuses_programs_whose_nans_show() {
    let engines = Engines::new(None, true);
    let results = parallel(scaled(300, 3000), |seed| mutants(&engines, seed as u64));
    let refused: usize = results.iter().map(|(refused, _, _)| refused).sum();
    let taken: usize = results.iter().map(|(_, taken, _)| taken).sum();
    let failures: Vec<_> = results.into_iter().flat_map(|(_, _, failures)| failures).collect();
    println!(
        "programs with a canonicalization taken out: {refused} refused, {taken} taken of which \
         {} differ between engines",
        failures.len()
    );
    assert!(refused > 100, "the mutants of this test show too little");
    assert!(failures.is_empty(), "{failures:#?}");
}
