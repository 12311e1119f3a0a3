//! Adversaries of the canonical form: variants that must become one module, and variants that must
//! not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "rates are what the tests are for")]

mod meaning;
mod mutants;
mod noise;
mod random;

use meaning::meaning;
use noise::{Variant, variant};
use provenact::digest::ModuleDigest;
use provenact::profile::Profile;
use provenact::wasm::{Built, Canonical, Companion, Freedom, Module, SourceNote};
use random::Random;
use std::collections::BTreeSet;

/// Variants of each module.
const VARIANTS: u64 = 200;

fn build(bytes: &[u8]) -> Built {
    let note = SourceNote::of("m.wasm");
    let module = Module::parse(bytes.to_vec()).unwrap_or_else(|error| panic!("{error}"));
    Canonical::build(&module, Profile::CANONICAL, &note).unwrap_or_else(|error| panic!("{error}"))
}

fn digest(bytes: &[u8]) -> ModuleDigest {
    build(bytes).canonical.digest()
}

const EVERY: &str = include_str!("every.wat");

fn assemble(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Checks [`VARIANTS`] of a module; gives how often each freedom was taken.
fn collapse(name: &str, module: &[u8]) -> [u64; Freedom::ALL.len()] {
    let first = build(module).canonical;
    let mut taken = [0; Freedom::ALL.len()];
    let (mut bytes, mut distinct) = (0, BTreeSet::new());
    for seed in 0..VARIANTS {
        let Variant { bytes: variant, taken: times } = variant(first.bytes(), seed);
        let built = build(&variant);
        if built.canonical.bytes() != first.bytes() {
            let pair = built.canonical.bytes().iter().zip(first.bytes());
            let at = pair.take_while(|(a, b)| a == b).count();
            panic!("{name}: variant {seed} differs at {at}");
        }
        accounts(&variant, &built);
        for (sum, times) in taken.iter_mut().zip(times) {
            *sum += times;
        }
        bytes += variant.len();
        distinct.insert(ModuleDigest::of(&variant));
    }
    println!(
        "{name}: {} distinct variants of {} bytes, {} bytes each on average, one digest",
        distinct.len(),
        first.bytes().len(),
        bytes as u64 / VARIANTS
    );
    taken
}

/// What was saved is what there is less, the meaning is the same, and each operator comes from where
/// it stood.
fn accounts(source: &[u8], built: &Built) {
    let canonical = built.canonical.bytes();
    let saved: i64 = Freedom::ALL.iter().map(|freedom| built.changes.of(*freedom).saved).sum();
    assert_eq!(saved, source.len() as i64 - canonical.len() as i64);
    let companion = Companion::parse(built.companion.bytes().to_vec()).unwrap();
    let (old, new) = (meaning(source), meaning(canonical));
    for (before, after) in old.lines.iter().zip(&new.lines) {
        assert_eq!(before, after);
    }
    assert_eq!(old.lines.len(), new.lines.len());
    assert_eq!(old.operators.len(), new.operators.len());
    for ((from, before), (at, after)) in old.operators.iter().zip(&new.operators) {
        assert_eq!(before, after, "at {at}");
        assert!(*at == 0 || companion.origin(*at) == *from, "{after} at {at}");
    }
}

/// covers: canonical-1, canonical-4, canonical-5, canonical-30
#[test]
fn variants_of_one_module_have_one_digest() {
    let mut sums = collapse("every construct", &assemble(EVERY));
    let few = assemble(r#"(module (func (export "_start") (param i32)))"#);
    let data = assemble(r#"(module (memory 1) (data (i32.const 0) "x") (data (i32.const 9) "y"))"#);
    for (name, module) in [("few sections", few), ("data", data)] {
        for (sum, times) in sums.iter_mut().zip(collapse(name, &module)) {
            *sum += times;
        }
    }
    for (freedom, times) in Freedom::ALL.iter().zip(sums) {
        println!("{}: taken {times} times", freedom.name());
        assert!(times >= 50, "{}", freedom.name());
    }
}

/// Through the passes as well: each operator of the source is where its offset says.
#[test]
fn rewritten_code_leads_back_to_its_source() {
    let canonical = build(&assemble(include_str!("program.wat"))).canonical;
    let source = variant(canonical.bytes(), 3).bytes;
    let module = Module::parse(source.clone()).unwrap();
    let note = SourceNote::of("m.wasm");
    let built = Canonical::build(&module, Profile::PORTABLE, &note).unwrap();
    let companion = Companion::parse(built.companion.bytes().to_vec()).unwrap();
    // Functions and globals that were added come after the others.
    let rewritten = meaning(built.canonical.bytes()).operators;
    let origins: BTreeSet<(u64, String)> =
        rewritten.into_iter().map(|(at, text)| (companion.origin(at), text)).collect();
    let old = meaning(&source).operators;
    assert!(old.len() >= 100 && origins.len() > old.len());
    for operator in old.into_iter().filter(|(at, _)| *at > 0) {
        assert!(origins.contains(&operator), "{operator:?}");
    }
}

/// Random modules, some variants of each.
#[test]
fn variants_of_random_modules_have_one_digest() {
    let (mut modules, mut variants) = (0, 0);
    for seed in 0..150 {
        let mut random = Random::new(seed);
        let bytes: Vec<u8> = (0..3000).map(|_| random.below(256) as u8).collect();
        let config = wasm_smith::Config {
            gc_enabled: true,
            exceptions_enabled: true,
            tail_call_enabled: true,
            memory64_enabled: true,
            relaxed_simd_enabled: true,
            max_memories: 2,
            max_tables: 3,
            ..wasm_smith::Config::default()
        };
        let input = &mut arbitrary::Unstructured::new(&bytes);
        let Ok(module) = wasm_smith::Module::new(config, input) else { continue };
        let module = module.to_bytes();
        if Module::parse(module.clone()).is_err() {
            continue;
        }
        let first = build(&module);
        accounts(&module, &first);
        modules += 1;
        for at in 0..4 {
            let variant = variant(first.canonical.bytes(), seed * 4 + at);
            let built = build(&variant.bytes);
            assert!(built.canonical.bytes() == first.canonical.bytes(), "{seed} {at}");
            accounts(&variant.bytes, &built);
            variants += 1;
        }
    }
    println!("{variants} variants of {modules} random modules");
    assert!(modules > 80);
}

/// The smallest of the public programs, where they were fetched (tests/programs/fetch.py).
#[test]
fn variants_of_a_public_program_have_one_digest() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target/programs");
    let entries = fs_err::read_dir(folder).into_iter().flatten();
    let programs = entries.map(|entry| entry.unwrap().path());
    let programs = programs.filter(|path| path.extension().is_some_and(|end| end == "wasm"));
    let sized = programs.map(|path| (fs_err::metadata(&path).unwrap().len(), path));
    let Some((_, path)) = sized.filter(|(size, _)| *size > 10_000).min() else {
        println!("skipped: no programs in target/programs");
        return;
    };
    collapse(&path.display().to_string(), &fs_err::read(&path).unwrap());
}

/// What is replaced in `every.wat`, each for itself: none of these is another encoding.
const CHANGES: &[(&str, &str)] = &[
    ("(i32.const -70)", "(i32.const -71)"),
    ("(i64.const 0x123456789abcdef)", "(i64.const 0x123456789abcdee)"),
    ("nan:0x212345", "nan:0x212346"),
    ("nan:0x8000000000001", "nan:0x8000000000002"),
    ("(v128.const i32x4 1 2 3 4)", "(v128.const i32x4 1 2 3 5)"),
    ("(i32.add (call $first", "(i32.sub (call $first"),
    ("(i32.xor)", "(i32.or)"),
    ("i32x4.relaxed_laneselect", "i16x8.relaxed_laneselect"),
    ("(i32.load16_s align=1", "(i32.load16_u align=1"),
    ("i32.load16_s align=1", "i32.load16_s align=2"),
    ("offset=5 align=1", "offset=6 align=1"),
    ("offset=0x100000000", "offset=0x100000001"),
    ("(export \"again\")", "(export \"encore\")"),
    ("(export \"run\" (func $run))", "(export \"run\" (func $start))"),
    (
        "(export \"run\" (func $run))\n  (export \"pairs\" (func $pairs))",
        "(export \"pairs\" (func $pairs))\n  (export \"run\" (func $run))",
    ),
    ("\"env\" \"first\"", "\"env\" \"furst\""),
    ("\"env\" \"first\"", "\"emv\" \"first\""),
    (
        "(import \"env\" \"memory\" (memory $far 1 2))\n  (import \"env\" \"global\" (global $imported (mut (ref null func))))",
        "(import \"env\" \"global\" (global $imported (mut (ref null func))))\n  (import \"env\" \"memory\" (memory $far 1 2))",
    ),
    ("(memory $far 1 2)", "(memory $far 1 3)"),
    ("(memory $near i64 1 4)", "(memory $near i64 1)"),
    ("(table $functions 4 8 funcref)", "(table $functions 5 8 funcref)"),
    (
        "(table $full 3 3 (ref func) (ref.func $start))",
        "(table $full 3 3 (ref func) (ref.func $run))",
    ),
    ("(start $start)", ""),
    ("func $run $start)", "func $start $run)"),
    ("(i32.const 0) func $run $start", "(i32.const 1) func $run $start"),
    ("(elem $passive func $pairs $first)", "(elem $passive func $pairs $run)"),
    ("(elem $empty externref)", ""),
    ("(elem declare func $second $even)", "(elem func $second $even)"),
    ("\"hello, \\80world\"", "\"hello, \\81world\""),
    ("(i32.const 16) \"hello", "(i32.const 17) \"hello"),
    (
        "(data $loose \"loose bytes\")",
        "(data $loose \"loose bytes\") (data (memory $near) (i64.const 0) \"\")",
    ),
    ("(local.set 0 (i32.const 128))", "(local.set 1 (i32.const 128))"),
    ("(else (local.set 0 (i32.const 128)))", "(else (nop))"),
    ("(if (global.get $counter) (then (nop)))", "(if (global.get $counter) (then))"),
    ("(block (block (loop (br 1))) (nop))", "(block (block (loop (br 1))))"),
    ("(block (block (loop (br 1))) (nop))", "(block (block (loop (br 0))) (nop))"),
    ("(local i32 i32 i64 (ref null $node)", "(local i32 i64 i32 (ref null $node)"),
    ("(local $i i32) (local $f f64) (local i32)", "(local $i i32) (local $f f64) (local i32 i32)"),
    (
        "(type $unused (struct (field v128)))",
        "(type $unused (struct (field v128))) (tag (type $unit))",
    ),
    ("(type $leaf (sub $node", "(type $leaf (sub final $node"),
    ("(field i8)", "(field i16)"),
    ("(type $cell (array (mut i32)))", "(type $cell (array i32))"),
    ("(param (ref null any) (ref eq))", "(param anyref (ref null eq))"),
    ("(ref.cast (ref null struct)", "(ref.cast (ref struct)"),
    ("(catch_ref $silent $null)", ""),
    ("(throw $failed (i32.const 3))", "(throw $failed (i32.const 4))"),
    ("(call_indirect $typed (type $unit)", "(call_indirect $functions (type $unit)"),
    ("br_table $a $b $c 0 1 2 $a", "br_table $a $b $c 0 1 1 $a"),
    ("i8x16.shuffle 0 1", "i8x16.shuffle 1 1"),
    ("v128.load8_lane 3", "v128.load8_lane 4"),
    ("(memory.fill $near (i64.const 0)", "(memory.fill $near (i64.const 1)"),
    ("(select (result funcref)", "(select (result (ref null func))"),
    ("\"Apache-2.0\"", "\"MIT\""),
    ("\"\\01\\04\\00\\00\\00\\00\"", "\"\\01\\04\\10\\00\\00\\00\""),
];

/// covers: canonical-4
#[test]
fn other_programs_have_other_digests() {
    let first = digest(&assemble(EVERY));
    let mut digests = BTreeSet::from([first]);
    let (mut same, mut invalid) = (Vec::new(), Vec::new());
    for (seed, (from, to)) in (0..).zip(CHANGES) {
        assert!(EVERY.contains(from), "{from}");
        let bytes = assemble(&EVERY.replacen(from, to, 1));
        if Module::parse(bytes.clone()).is_err() {
            invalid.push(*from);
            continue;
        }
        let canonical = build(&bytes).canonical;
        if !digests.insert(canonical.digest()) {
            same.push(*from);
        }
        // However it is written.
        let variant = variant(canonical.bytes(), seed);
        assert_eq!(digest(&variant.bytes), canonical.digest(), "{from}");
    }
    assert_eq!(invalid, [""; 0]);
    // The one that is only another spelling of the text format.
    assert_eq!(same, ["(select (result funcref)"]);
    println!("{} changed programs, {} digests", CHANGES.len() - same.len(), digests.len() - 1);
}
