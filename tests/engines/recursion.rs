//! Recursion of every kind, counted by the program itself: how deep it came is what shows.

use super::engines::{Engines, Tally, build, each, keep, operators, parallel, scaled, try_one};
use super::rng::Rng;
use super::seen::{Call, Ending, GaveUp, Seen, Value};
use provenact::profile::{Pass, Profile};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use wasmparser::Operator;

/// More calls than the logical stack holds, and few enough for tail calls, which may go on.
const DEEP: u32 = 300_000;

/// How a function goes deeper.
#[derive(Clone, Copy)]
enum Way {
    Direct,
    Table,
    Tail,
    TailTable,
    Reference,
    TailReference,
    /// Out of a block that catches what is thrown at the bottom.
    Catching,
    /// The same, where the clause names a loop, the function itself, or takes all exceptions.
    CatchingLoop,
    CatchingFunction,
    CatchingAll,
    /// Catches it and throws it again.
    Throwing,
    /// By way of the host.
    Host,
}

fn ways(rich: bool) -> &'static [Way] {
    use Way::{
        Catching, CatchingAll, CatchingFunction, CatchingLoop, Direct, Host, Reference, Table,
        Tail, TailReference, TailTable, Throwing,
    };
    if rich {
        &[
            Direct,
            Table,
            Reference,
            TailReference,
            Tail,
            Host,
            Catching,
            CatchingLoop,
            CatchingFunction,
            CatchingAll,
            Throwing,
        ]
    } else {
        &[Direct, Direct, Table, Table, Tail, TailTable, Host]
    }
}

/// A program of functions that call each other; the exports take how deep to go.
pub fn program(seed: u64, rich: bool) -> String {
    let mut rng = Rng::new(seed);
    let count = 1 + rng.below(5);
    let mut text = String::from(
        "(module (import \"host\" \"reenter\" (func $reenter (param i32) (result i32)))\n\
         (type $t (func (param i32 i32) (result i32)))\n\
         (global $count (export \"count\") (mut i64) (i64.const 0))\n\
         (global $sum (export \"sum\") (mut i64) (i64.const 0))\n\
         (global $budget (mut i32) (i32.const 2000))\n(memory (export \"memory\") 1)\n",
    );
    if rich {
        text += "(tag $e (param i32))\n";
    }
    let all: String = (0..count).map(|at| format!(" $f{at}")).collect();
    let table = if rng.chance(1, 3) { "(export \"table\") " } else { "" };
    writeln!(text, "(table {table}{count} funcref) (elem (i32.const 0) func{all})").unwrap();
    for at in 0..count {
        text += &function(&mut rng, at, count, rich);
        // One of two is exported itself, the other by a function that is not recursive.
        if rng.chance(1, 2) {
            writeln!(text, "(export \"f{at}\" (func $f{at}))").unwrap();
        } else {
            writeln!(
                text,
                "(func (export \"f{at}\") (type $t) (call $f{at} (local.get 0) (local.get 1)))"
            )
            .unwrap();
        }
    }
    text += "(func (export \"reentry\") (param i32) (result i32) (call $f0 (local.get 0) (i32.const 1)))\n";
    if rng.chance(1, 4) {
        text += "(func $start (drop (call $f0 (i32.const 3) (i32.const 1)))) (start $start)\n";
    }
    text + ")"
}

/// One function: locals that live across the call, operands that wait for it.
fn function(rng: &mut Rng, at: usize, count: usize, rich: bool) -> String {
    let locals: Vec<_> =
        (0..rng.below(12)).map(|_| rng.pick(&["i32", "i64", "f32", "f64", "v128"])).collect();
    let way = rng.pick(ways(rich));
    let callee = rng.below(count);
    let waiting = if rng.chance(1, 2) { rng.below(20) } else { 0 };
    let mut text =
        format!("(func $f{at} (type $t) (local {}) (local $done i32)\n", locals.join(" "));
    text += "(global.set $count (i64.add (global.get $count) (i64.const 1)))\n";
    if rich {
        text += "(if (i32.eq (local.get 0) (i32.const 7)) (then (throw $e (local.get 1))))\n";
    }
    text += "(if (i32.eqz (local.get 0)) (then (return (local.get 1))))\n";
    // Of a function that is long, the calls are counted and not the function.
    if rng.chance(1, 3) {
        let step = "(global.set $sum (i64.xor (global.get $sum) (i64.const 77)))\n".repeat(60);
        writeln!(text, "(if (i32.eq (local.get 0) (i32.const 13)) (then {step}))").unwrap();
    }
    for (local, ty) in locals.iter().enumerate() {
        let address = rng.below(100) * 16;
        writeln!(text, "(local.set {} ({ty}.load (i32.const {address})))", local + 2).unwrap();
    }
    text += &"(i32.add (local.get 1) ".repeat(waiting);
    text += &deeper(way, callee);
    text += &")".repeat(waiting);
    text += "\n(local.set 1)\n";
    if rng.chance(1, 3) {
        // A second call, as often as there is time.
        let second = rng.below(count);
        writeln!(
            text,
            "(if (i32.gt_s (global.get $budget) (i32.const 0)) (then \
             (global.set $budget (i32.sub (global.get $budget) (i32.const 1))) \
             (local.set 1 (call $f{second} (i32.shr_u (local.get 0) (i32.const 1)) (local.get 1)))))"
        )
        .unwrap();
    }
    for (local, ty) in locals.iter().enumerate() {
        let address = 2048 + rng.below(100) * 16;
        writeln!(text, "({ty}.store (i32.const {address}) (local.get {}))", local + 2).unwrap();
    }
    text += "(global.set $sum (i64.add (global.get $sum) (i64.extend_i32_u (local.get 1))))\n";
    text + "(i32.xor (local.get 1) (i32.const 5)))\n"
}

fn deeper(way: Way, callee: usize) -> String {
    let args = "(i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (local.get 0))";
    match way {
        Way::Direct => format!("(call $f{callee} {args})"),
        Way::Table => format!("(call_indirect (type $t) {args} (i32.const {callee}))"),
        Way::Tail => format!("(return_call $f{callee} {args})"),
        Way::TailTable => format!("(return_call_indirect (type $t) {args} (i32.const {callee}))"),
        Way::Reference => format!("(call_ref $t {args} (ref.func $f{callee}))"),
        Way::TailReference => format!("(return_call_ref $t {args} (ref.func $f{callee}))"),
        Way::Catching => format!(
            "(block (result i32) (try_table (result i32) (catch $e 0) (call $f{callee} {args})))"
        ),
        Way::CatchingLoop => format!(
            "(local.get 1) (loop (param i32) (result i32) (local.set 1) (if (result i32) \
             (local.get $done) (then (local.get 1)) (else (local.set $done (i32.const 1)) \
             (try_table (result i32) (catch $e 1) (call $f{callee} {args})))))"
        ),
        Way::CatchingFunction => {
            format!("(try_table (result i32) (catch $e 0) (call $f{callee} {args}))")
        }
        Way::CatchingAll => format!(
            "(block (result i32) (block (try_table (result i32) (catch_all 0) \
             (call $f{callee} {args})) (br 1)) (local.get 1))"
        ),
        Way::Throwing => format!(
            "(block (result i32) (block (result i32 exnref) (try_table (result i32) \
             (catch_ref $e 0) (call $f{callee} {args})) (br 1)) (throw_ref))"
        ),
        Way::Host => format!(
            "(if (result i32) (i32.and (local.get 0) (i32.const 63)) (then (call $f{callee} {args})) \
             (else (call $reenter (i32.sub (local.get 0) (i32.const 1)))))"
        ),
    }
}

/// Shallow and deep calls of each export, those that may overflow last and twice.
fn script(engines: &Engines, wasm: &[u8]) -> Vec<Call> {
    let functions = engines.reference.functions(wasm).unwrap();
    let names: Vec<_> = functions
        .into_iter()
        .filter(|(_, params)| params.len() == 2)
        .map(|(name, _)| name)
        .collect();
    let mut calls = Vec::new();
    for depth in [3, 500, 20_000, DEEP, 5, DEEP] {
        for name in &names {
            let args = vec![Value::I32(depth), Value::I32(1)];
            calls.push(Call { export: name.clone(), args });
        }
    }
    calls
}

fn campaign(count: usize, rich: bool) -> Tally {
    let engines = Engines::new(None, !rich);
    each(count, |number| {
        let seed = number as u64;
        let text = program(seed, rich);
        let name =
            if rich { format!("rich-recursion-{seed}") } else { format!("recursion-{seed}") };
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| {
            let path = keep(&format!("{name}.wat"), text.as_bytes());
            panic!("{}: {error}", path.display())
        });
        let outcome = try_one(&engines, &name, &wasm, &script(&engines, &wasm));
        if !outcome.failures.is_empty() {
            keep(&format!("{name}.wat"), text.as_bytes());
        }
        outcome
    })
}

fn overflow_is_logical(tally: &Tally, what: &str) {
    tally.report(what);
    assert_eq!(tally.count(GaveUp::NativeStack), 0, "{what}: a native stack came first");
    assert!(tally.overflowed * 2 > tally.programs, "{what}: too few overflow");
}

#[test]
fn recursion_overflows_at_the_same_call_everywhere() {
    let tally = campaign(scaled(200, 2000), false);
    overflow_is_logical(&tally, "recursion, five engines");
}

/// Whether words are counted around a call: they are put back by an addition there, and nowhere else.
fn has_counted_call(wasm: &[u8]) -> bool {
    // How many instructions of the addition stand before this one, and to which global it is.
    let mut seen = (0, 0);
    operators(wasm, |operator| {
        seen = match (seen, operator) {
            (_, Operator::GlobalGet { global_index }) => (1, *global_index),
            ((1, global), Operator::I32Const { .. }) => (2, global),
            ((2, global), Operator::I32Add) => (3, global),
            ((3, global), Operator::GlobalSet { global_index }) => {
                return *global_index == global;
            }
            _ => (0, 0),
        };
        false
    })
}

#[test]
fn random_recursion_has_counted_calls() {
    for rich in [false, true] {
        let built = (0..40).map(|seed| {
            let wasm = wat::parse_str(program(seed, rich)).unwrap();
            build(&wasm, Profile::PORTABLE).unwrap()
        });
        let count = built.filter(|wasm| has_counted_call(wasm)).count();
        assert!(count >= 4, "{count} of 40 programs, rich: {rich}");
    }
}

#[test]
fn recursion_with_exceptions_and_references_overflows_at_the_same_call_on_wasmtime() {
    let tally = campaign(scaled(100, 1000), true);
    overflow_is_logical(&tally, "recursion with exceptions and references, four engines");
}

/// Calls that were made when `seen` ended.
fn depth(seen: &Seen) -> Value {
    let last = seen.steps.last().unwrap();
    last.globals.iter().find(|(name, _)| name == "count").unwrap().1
}

/// Without the pass each engine overflows somewhere else.
#[test]
fn without_the_pass_depths_differ() {
    parallel(1, |_| compare_depths());
}

fn compare_depths() {
    let engines = Engines::new(None, true);
    let text = "(module (global $count (export \"count\") (mut i64) (i64.const 0))\n\
        (func $f (export \"f\") (param i32) (result i32)\n\
        (global.set $count (i64.add (global.get $count) (i64.const 1)))\n\
        (i32.add (local.get 0) (call $f (i32.add (local.get 0) (i32.const 1))))))";
    let wasm = wat::parse_str(text).unwrap();
    let calls = [Call { export: "f".to_owned(), args: vec![Value::I32(1)] }];
    for profile in [Profile::CANONICAL, Profile::PORTABLE.without(Pass::Stack)] {
        let wasm = build(&wasm, profile).unwrap();
        let mut depths = BTreeMap::new();
        for (name, seen) in engines.run_unpruned(&wasm, &calls) {
            assert_eq!(seen.gave_up(), Some(GaveUp::NativeStack), "{name}");
            depths.insert(name, depth(&seen));
        }
        println!("depth of recursion without stack ({}): {depths:?}", profile.name());
        let first = depths.values().next().unwrap();
        assert!(depths.values().any(|depth| depth != first), "{depths:?}");
    }
    let wasm = build(&wasm, Profile::PORTABLE).unwrap();
    let all = engines.run_unpruned(&wasm, &calls);
    let last = all[0].1.steps.last().unwrap();
    assert!(last.overflowed && matches!(last.ending, Ending::Trapped(_)), "{last:?}");
    println!("depth of recursion with stack: {:?} on all", depth(&all[0].1));
    assert!(all.iter().all(|(_, seen)| depth(seen) == depth(&all[0].1)));
}
