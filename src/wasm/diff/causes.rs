//! What most likely made a difference, and what avoids it.

use super::super::leaks::Toolchain;
use super::finding::{Cause, CauseKind, Difference, Look, ProducerDiff};
use std::collections::BTreeMap;

const SEED: &str = "clang, gcc: -frandom-seed=NAME; Rust: fix the seed of compile-time randomness (CONST_RANDOM_SEED); Go: -ldflags=-buildid= -buildvcs=false";
const COMPILER: &str = "pin the toolchain: rust-toolchain.toml, go.mod toolchain, a wasi-sdk or emsdk of one version, a container by digest";
const ORDER: &str = "give the linker its files in a sorted order; Rust: codegen-units = 1 and no incremental build; lld: --threads=1";
const CUSTOMS: &str = "leave them out: -Wl,--strip-all, strip = true in the Cargo profile, go build -ldflags=-s, or wasm-strip; provenact build does it for every module";

/// The causes that show, each once, with the cure that the first trace of it names.
pub(super) fn of(found: &Difference, path: Option<&str>, toolchain: Toolchain) -> Vec<Cause> {
    let mut causes: BTreeMap<CauseKind, String> = BTreeMap::new();
    let mut add = |cause, cure: &str| {
        causes.entry(cause).or_insert_with(|| cure.to_owned());
    };
    for range in &found.data.ranges {
        match range.looks {
            Look::Path => add(CauseKind::Paths, toolchain.for_path(path.unwrap_or_default())),
            Look::Time | Look::Seconds => add(CauseKind::Times, toolchain.for_time()),
            Look::Random | Look::Hash => add(CauseKind::Seed, SEED),
            Look::Version => add(CauseKind::Compiler, COMPILER),
            _ => {}
        }
    }
    for function in &found.functions.shown {
        match function.looks {
            Some(Look::Seconds) => add(CauseKind::Times, toolchain.for_time()),
            Some(Look::Random) => add(CauseKind::Seed, SEED),
            _ => {}
        }
    }
    for custom in &found.customs.shown {
        match custom.looks {
            Some(Look::Path) => add(CauseKind::Paths, toolchain.for_path("a.c")),
            Some(Look::Time | Look::Seconds) => add(CauseKind::Times, toolchain.for_time()),
            _ if matches!(&*custom.name, "go:buildid" | "go.buildid") => add(CauseKind::Seed, SEED),
            _ => {}
        }
    }
    // A section that only one has tells nothing about compilers.
    let has = |test: fn(&ProducerDiff) -> bool| found.producers.iter().any(test);
    if has(|producer| producer.a.is_some()) && has(|producer| producer.b.is_some()) {
        add(CauseKind::Compiler, COMPILER);
    }
    if found.functions.reordered {
        add(CauseKind::Order, ORDER);
    }
    if !found.customs.is_empty() {
        add(CauseKind::CustomSections, CUSTOMS);
    }
    causes.into_iter().map(|(cause, cure)| Cause { cause, cure }).collect()
}
