//! One receipt on several engines: a module whose behaviour an engine chooses is caught by
//! disagreement, and is not when `build` has rewritten it.

use super::common::{Ended, Place};
use serde_json::Value;

const RUN: &str = "run --quiet --pub author.pub.pem --key operator.key.pem";

/// Zero by zero, out of reach of constant folding; the bits of the result are written.
const NAN: &str =
    "(f64.store (i32.const 64) (f64.div (f64.load (i32.const 32)) (f64.load (i32.const 32))))";

/// −128 by −128, two of which are added and do not fit: relaxed SIMD leaves open what comes of it.
const RELAXED: &str = "(v128.store (i32.const 64)
  (i32x4.relaxed_dot_i8x16_i7x16_add_s
    (v128.load (i32.const 80)) (v128.load (i32.const 80)) (v128.load (i32.const 96))))";

/// A command that does `body` and writes the 16 bytes at 64 to standard output.
fn writes(data: &str, functions: &str, body: &str) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00\10\00\00\00")
  {data}
  {functions}
  (func (export "_start")
    {body}
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#
    )
}

impl Place {
    /// Builds, runs, and replays on `engines`.
    fn on(&self, name: &str, wat: &str, build: &str, engines: &str) -> (Ended, Value) {
        self.skill(name, wat, build);
        self.type_in(&format!("{RUN} --receipt {name}.json {name}.skill"));
        let line = format!("replay {name}.json --pub operator.pub.pem {engines}");
        let ended = self.type_in(&line);
        let json = self.type_in(&format!("{line} --format json"));
        (ended, serde_json::from_slice(&json.stdout).unwrap())
    }

    /// Demands that all engines agree about the module as it is built by default.
    #[track_caller]
    fn all_agree(&self, name: &str, wat: &str) {
        let (ended, report) = self.on(name, wat, "", "--engine all");
        ended.status(0).says("independent engine classes that agree: 2 (wasmtime, wasmi)");
        let engines = report["engines"].as_array().unwrap();
        let names: Vec<_> = engines.iter().map(|e| e["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["cranelift", "cranelift-nan", "pulley", "wasmi"]);
        assert!(engines.iter().all(|e| e["verdict"] == "reproduced"), "{report}");
    }
}

#[test]
fn nan_bits_that_leak_are_seen_by_disagreement() {
    let place = Place::new();
    let wat = writes("", "", NAN);
    let engines = "--engine cranelift --engine cranelift-nan";
    let (ended, report) = place.on("leaks", &wat, "--without nan", engines);
    ended
        .status(1)
        .says("refuted on cranelift-nan [handed-bytes-differ]")
        .says("cranelift reproduced");
    assert_eq!(report["verdict"], "refuted");
    assert_eq!(report["engines"][1]["reason"], "handed-bytes-differ");
    place.all_agree("sound", &wat);
}

#[test]
fn what_relaxed_simd_leaves_open_is_seen_by_disagreement() {
    let place = Place::new();
    let data = format!(r#"(data (i32.const 80) "{}")"#, r"\80".repeat(16));
    let wat = writes(&data, "", RELAXED);
    let engines = "--engine cranelift --engine wasmi";
    let (ended, report) = place.on("leaks", &wat, "--without relaxed-simd --without nan", engines);
    ended.status(1).says("refuted on wasmi [handed-bytes-differ]");
    assert_eq!(report["verdict"], "refuted");
    place.all_agree("sound", &wat);
}

/// Sixty locals that an optimizer does away with and an interpreter keeps: frames of another size.
#[test]
fn stack_depth_that_the_module_does_not_bound_is_seen_by_disagreement() {
    let place = Place::new();
    let locals = "i64 ".repeat(200);
    let dead: String =
        (1..=200).map(|l| format!("(local.set {l} (i64.extend_i32_u (local.get 0)))")).collect();
    let functions = format!(
        "(func $deep (param i32) (result i32) (local {locals})
           {dead}
           (if (result i32) (local.get 0)
             (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
             (else (i32.const 0))))"
    );
    let body = "(i32.store (i32.const 64) (call $deep (i32.const 200000)))";
    let wat = writes("", &functions, body);
    let engines = "--engine cranelift --engine wasmi";
    let (ended, report) = place.on("leaks", &wat, "--without stack", engines);
    ended.status(2).says("reproduced on wasmi up to event 0, this replay was interrupted here");
    assert_eq!(report["engines"][0]["verdict"], "reproduced");
    assert_eq!(report["engines"][1]["verdict"], "interrupted");
    // With the pass it is a trap of the module's own, at the same call on every engine.
    place.all_agree("sound", &wat);
}

#[test]
fn a_feature_that_an_engine_lacks_is_named_and_never_skipped() {
    let place = Place::new();
    let functions = "(type $s (struct (field i32)))";
    let body = "(i32.store (i32.const 64) (struct.get $s 0 (struct.new $s (i32.const 5))))";
    let wat = writes("", functions, body);
    let (ended, report) = place.on("gc", &wat, "", "--engine all");
    ended
        .status(2)
        .says("could not tell on wasmi [engine-lacks-feature]")
        .says("wasmi does not have a feature that the module uses: garbage collection")
        .says("independent engine classes that agree: 1 (wasmtime)");
    assert_eq!(report["verdict"], "could not tell");
    assert_eq!(report["reason"], "engine-lacks-feature");
    place
        .type_in("replay gc.json --engine wasmi")
        .refused(2, "engine-lacks-feature")
        .says("garbage collection");
    place.type_in("replay gc.json --engine pulley").status(0);
}

#[test]
fn engines_that_do_not_exist_are_refused() {
    let place = Place::new();
    place
        .type_in("replay x.json --engine v8")
        .refused(2, "usage")
        .says("the engines are cranelift, cranelift-nan, pulley and wasmi");
}
