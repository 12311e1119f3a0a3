//! Vectors of `testvectors/wasm`, and properties that hold for any input.

use super::{
    Built, Canonical, Companion, Error, Freedom, Interface, Module, SourceNote, check, find_leaks,
};
use crate::abi::Kind;
use crate::limits;
use crate::profile::{Pass, Profile};
use std::collections::BTreeMap;

const NOTE: SourceNote<'static> = SourceNote::of("m.wasm");

fn build(module: &Module) -> Built {
    Canonical::build(module, Profile::CANONICAL, &NOTE).unwrap()
}

/// A vector: header fields by name, and the module it assembles to.
struct Vector {
    path: String,
    header: BTreeMap<String, String>,
    wasm: Vec<u8>,
}

fn vectors() -> Vec<Vector> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/testvectors/wasm");
    let mut vectors: Vec<_> = fs_err::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = fs_err::read_to_string(&path).unwrap();
            let header = text
                .lines()
                .map_while(|line| line.strip_prefix(";; "))
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let wasm = wat::parse_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            Vector { path: path.display().to_string(), header, wasm }
        })
        .collect();
    vectors.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!vectors.is_empty());
    vectors
}

fn read(vector: &Vector) -> Result<(), Error> {
    let bytes = vector.wasm.clone();
    match vector.header.get("read").map(String::as_str) {
        None => {
            let entrypoint = vector.header.get("entrypoint").map(String::as_str);
            let module = Module::parse(bytes)?;
            Interface::of(&module, entrypoint)?;
            Canonical::build(&module, Profile::CANONICAL, &NOTE).map(|_| ())
        }
        Some("canonical") => Canonical::check(bytes, profile(vector)).map(|_| ()),
        Some("companion") => Companion::parse(bytes).map(|_| ()),
        Some(other) => panic!("{}: cannot read as {other}", vector.path),
    }
}

/// What a vector shows is the freedom that the writer takes away, and what the writer makes is
/// canonical.
#[test]
fn freedoms_of_vectors_are_taken_away() {
    let mut seen = std::collections::BTreeSet::new();
    for vector in vectors() {
        let Some(name) = vector.header.get("freedom") else { continue };
        let built = build(&Module::parse(vector.wasm).unwrap());
        let taken = |freedom: &Freedom| built.changes.of(*freedom).times > 0;
        let taken: Vec<_> = Freedom::ALL.into_iter().filter(taken).map(Freedom::name).collect();
        // Where a type is named otherwise, another may lose its only use.
        let taken: Vec<_> =
            taken.into_iter().filter(|taken| name == "types" || *taken != "types").collect();
        assert_eq!(taken, [name.as_str()], "{}", vector.path);
        seen.insert(name.clone());
    }
    assert_eq!(seen.len(), Freedom::ALL.len());
}

/// The profile of the passes that the header names.
fn profile(vector: &Vector) -> Profile {
    let passes = vector.header.get("passes").map(String::as_str).unwrap_or_default();
    let passes: Vec<_> = passes.split(", ").filter(|name| !name.is_empty()).collect();
    assert!(passes.iter().all(|name| Pass::from_name(name).is_some()), "{}", vector.path);
    let others = Pass::ALL.into_iter().filter(|pass| !passes.contains(&pass.name()));
    others.fold(Profile::PORTABLE, Profile::without)
}

#[test]
fn vectors_give_what_they_expect() {
    for vector in vectors() {
        let outcome = read(&vector);
        let found = outcome.as_ref().map_or_else(|error| error.reason().name(), |()| "accept");
        assert_eq!(found, vector.header["expect"], "{}: {outcome:?}", vector.path);
        assert!(vector.header.contains_key("covers"), "{}", vector.path);
        assert!(vector.header.contains_key("comment"), "{}", vector.path);
    }
}

/// Every truncation and thousands of random changes: an answer each time, never a panic.
#[test]
fn damaged_modules_never_panic() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as usize
    };
    for vector in vectors().into_iter().filter(|v| v.header["expect"] == "accept") {
        for end in 0..vector.wasm.len() {
            try_all(vector.wasm[..end].to_vec());
        }
        for _ in 0..2_000 {
            let mut bytes = vector.wasm.clone();
            for _ in 0..=next() % 3 {
                let at = next() % bytes.len();
                bytes[at] ^= 1 << (next() % 8);
            }
            try_all(bytes);
        }
    }
}

fn try_all(bytes: Vec<u8>) {
    if let Ok(module) = Module::parse(bytes.clone()) {
        let _ = Interface::of(&module, None);
        let _ = find_leaks(&module);
        let _ = check(&module, Profile::PORTABLE);
        let built = Canonical::build(&module, Profile::CANONICAL, &NOTE);
        // Parts of later proposals that the validator lets pass are refused here.
        let Built { canonical, companion, .. } = match built {
            Err(Error::Malformed { .. } | Error::ReservedExport { .. }) => return,
            built => built.unwrap(),
        };
        let _ = companion.names();
        assert_eq!(
            Companion::parse(companion.bytes().to_vec()).unwrap().source(),
            companion.source()
        );
        Canonical::check(canonical.into_bytes(), Profile::CANONICAL).unwrap();
    }
    if let Ok(companion) = Companion::parse(bytes) {
        let _ = companion.names();
    }
}

#[test]
fn names_and_custom_sections_move_to_the_companion() {
    let wasm = wat::parse_str(
        r#"(module (@custom "producers" "\00") (func $main (export "_start") (call $helper)) (func $helper))"#,
    )
    .unwrap();
    let module = Module::parse(wasm.clone()).unwrap();
    let Built { canonical, companion, .. } = build(&module);
    assert!(!canonical.bytes().windows(6).any(|w| w == b"helper"));
    assert_eq!(companion.source_bytes(), wasm.len() as u64);

    let read = Companion::parse(companion.bytes().to_vec()).unwrap();
    assert_eq!(read.digest(), companion.digest());
    let names = read.names();
    assert_eq!((names.get(0), names.get(1), names.get(2)), (Some("main"), Some("helper"), None));

    let error = Canonical::check(wasm, Profile::CANONICAL).unwrap_err();
    assert!(error.to_string().contains("companion"), "{error}");
}

/// Kept sections survive the passes, which leave custom sections out.
#[test]
fn kept_sections_stay_where_code_is_rewritten() {
    let wasm = wat::parse_str(
        r#"(module (@custom "licenses" "MIT") (@custom "dylink.0" (before first) "\01\00")
            (@custom "dylink.0" "\01\01") (@custom "x" "y")
            (memory 1) (func $f (export "f") (param f32) (result f32) (call $f (f32.sqrt (local.get 0)))))"#,
    )
    .unwrap();
    let module = Module::parse(wasm).unwrap();
    let built = Canonical::build(&module, Profile::PORTABLE, &NOTE).unwrap();
    assert!(built.passes.iter().any(|applied| applied.bytes > 0));
    let names = |module: &Module| -> Vec<String> {
        module.facts.customs.iter().map(|custom| custom.name.clone()).collect()
    };
    assert_eq!(names(built.canonical.module()), ["dylink.0", "licenses"]);
    let companion = Module::parse(built.companion.bytes().to_vec()).unwrap();
    assert_eq!(
        names(&companion),
        ["provenact:source", "provenact:offsets", "dylink.0", "x", "name"]
    );
}

#[test]
fn a_broken_name_section_gives_no_names() {
    let wasm = wat::parse_str(
        r#"(module (@custom "name" "\01\ff\ff\ff\ff\0f") (func (export "_start")))"#,
    )
    .unwrap();
    let companion = build(&Module::parse(wasm).unwrap()).companion;
    assert!(companion.names().is_empty());
}

#[test]
fn legacy_exceptions_are_named_with_the_flags_that_cure_them() {
    let vector = vectors().into_iter().find(|v| v.path.ends_with("legacy-exceptions.wat")).unwrap();
    let error = Module::parse(vector.wasm).unwrap_err();
    assert!(
        error.to_string().starts_with("legacy exceptions are not supported (byte 35: "),
        "{error}"
    );
    let hint = error.hint().unwrap();
    assert!(hint.contains("-wasm-use-legacy-eh=false") && hint.contains("--translate-to-exnref"));
}

#[test]
fn an_unknown_import_is_named_with_the_way_around_it() {
    let wasm = wat::parse_str(
        r#"(module (import "wbg" "__wbg_log" (func)) (import "host" "g" (global i32)) (func (export "_start")))"#,
    )
    .unwrap();
    let error = Interface::of(&Module::parse(wasm).unwrap(), None).unwrap_err();
    let text = error.to_string();
    assert_eq!(
        text,
        r#"unknown import "wbg" "__wbg_log" at byte 17: a function of no known interface (and 1 more)"#
    );
    assert!(error.hint().unwrap().contains("wasm32-wasip1"));
}

#[test]
fn interfaces_say_what_a_module_can_ask_for() {
    let wasm = wat::parse_str(
        r#"(module
            (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "_initialize")) (func (export "run") (result i32) i32.const 0))"#,
    )
    .unwrap();
    let module = Module::parse(wasm).unwrap();
    let interface = Interface::of(&module, Some("run")).unwrap();
    let names: Vec<_> = interface.functions.iter().map(|f| f.name).collect();
    assert_eq!(names, ["clock_time_get", "fd_write", "clock_time_get"]);
    assert_eq!(interface.kinds, [Kind::Time].into(), "writing to stdout needs no capability");
    assert!(interface.initialize && interface.returns_i32 && !interface.is_command);

    let error = Interface::of(&module, None).unwrap_err();
    assert!(error.to_string().ends_with(r#"it exports "_initialize", "run""#), "{error}");
}

/// covers: module-16
#[test]
fn a_module_above_the_limit_is_refused() {
    let bytes = vec![0; usize::try_from(limits::MODULE_BYTES).unwrap() + 1];
    assert!(matches!(Module::parse(bytes), Err(Error::TooLarge { .. })));
}
