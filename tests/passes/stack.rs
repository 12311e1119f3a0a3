//! Recursion without end stops at the same call on every engine, and the counter is right after
//! whatever happened in between.

use crate::common::{rewrite, through};
use provenact::limits::{GUEST_STACK_BYTES, THREAD_STACK_BYTES};
use provenact::profile::{Pass, Profile, STACK_WORDS};
use wasmtime::{Config, Engine, Instance, Module, OptLevel, Store, Trap};

/// What came of calling the export `run`, and what the globals are then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    end: End,
    /// The export `depth`: how many calls there were.
    depth: i32,
    left: i32,
    trapped: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Returned(i32),
    /// `unreachable`.
    Stopped,
    /// The engine's own stack, or anything else that no module should see.
    Other,
}

/// A name for messages, and how the engine is set up.
fn engines() -> Vec<(&'static str, Engine)> {
    let cranelift = |level, nan| {
        let mut config = base();
        config.cranelift_opt_level(level).cranelift_nan_canonicalization(nan);
        Engine::new(&config).unwrap()
    };
    let mut pulley = base();
    pulley.target("pulley64").unwrap();
    vec![
        ("none", cranelift(OptLevel::None, false)),
        ("speed", cranelift(OptLevel::Speed, false)),
        ("size, nan", cranelift(OptLevel::SpeedAndSize, true)),
        ("pulley", Engine::new(&pulley).unwrap()),
    ]
}

fn base() -> Config {
    let mut config = Config::new();
    config.wasm_gc(true).wasm_function_references(true).wasm_exceptions(true).wasm_tail_call(true);
    config.max_wasm_stack(GUEST_STACK_BYTES).async_stack_size(GUEST_STACK_BYTES * 2);
    config
}

/// On a thread that has the stack which the runtime gives to guests.
fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
        thread.spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

/// Calls `run` as often as `arguments` says, in one instance.
fn on_wasmtime(engine: &Engine, wasm: &[u8], arguments: &[i32]) -> Vec<Seen> {
    let module = Module::new(engine, wasm).unwrap();
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    let mut seen = Vec::new();
    for argument in arguments {
        let end = match run.call(&mut store, *argument) {
            Ok(value) => End::Returned(value),
            Err(error) => match error.downcast_ref() {
                Some(Trap::UnreachableCodeReached) => End::Stopped,
                _ => End::Other,
            },
        };
        let mut global = |name: &str| {
            let global = instance.get_global(&mut store, name).unwrap();
            global.get(&mut store).i32().unwrap()
        };
        let (depth, left) = (global("depth"), global("provenact:stack"));
        seen.push(Seen { end, depth, left, trapped: global("provenact:trap") });
    }
    seen
}

fn on_wasmi(wasm: &[u8], arguments: &[i32]) -> Vec<Seen> {
    let mut config = wasmi::Config::default();
    config.set_max_recursion_depth(1 << 20).set_max_stack_height(1 << 30);
    let engine = wasmi::Engine::new(&config);
    let module = wasmi::Module::new(&engine, wasm).unwrap();
    let mut store = wasmi::Store::new(&engine, ());
    let instance = wasmi::Linker::new(&engine).instantiate_and_start(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    let mut seen = Vec::new();
    for argument in arguments {
        let end = match run.call(&mut store, *argument) {
            Ok(value) => End::Returned(value),
            Err(error) => match error.as_trap_code() {
                Some(wasmi::TrapCode::UnreachableCodeReached) => End::Stopped,
                _ => End::Other,
            },
        };
        let global = |name: &str| match instance.get_global(&store, name).unwrap().get(&store) {
            wasmi::Val::I32(value) => value,
            other => unreachable!("{name} is {other:?}"),
        };
        let (depth, left) = (global("depth"), global("provenact:stack"));
        seen.push(Seen { end, depth, left, trapped: global("provenact:trap") });
    }
    seen
}

/// What every engine sees of `source`, which is the same.
fn everywhere(source: &str, arguments: &[i32], with_wasmi: bool) -> Vec<Seen> {
    let wasm = rewrite(source, Pass::Stack);
    let mut all = Vec::new();
    for (name, engine) in engines() {
        all.push((name, deep(|| on_wasmtime(&engine, &wasm, arguments))));
    }
    if with_wasmi {
        all.push(("wasmi", deep(|| on_wasmi(&wasm, arguments))));
    }
    let first = all[0].1.clone();
    for (name, seen) in &all {
        assert_eq!(*seen, first, "{name} of {all:?}");
    }
    first
}

/// The depth at which `source` runs out of words, twice in a row in one instance: the entry starts
/// anew after a trap.
fn limit(source: &str, with_wasmi: bool) -> i32 {
    let seen = everywhere(source, &[0, 0], with_wasmi);
    for seen in &seen {
        assert_eq!((seen.end, seen.trapped), (End::Stopped, 1), "{seen:?}");
        assert!((0..200_000).contains(&seen.left), "{seen:?}");
    }
    assert_eq!(seen[1].depth, 2 * seen[0].depth);
    assert_eq!(seen[1].left, seen[0].left);
    seen[0].depth
}

const COUNT: &str = "(global.set $depth (i32.add (global.get $depth) (i32.const 1)))";

fn module(functions: &str) -> String {
    let functions = functions.replace("COUNT", COUNT);
    format!("(module (global $depth (export \"depth\") (mut i32) (i32.const 0)) {functions})")
}

/// covers: stack-2, stack-3
#[test]
fn plain_recursion_stops_at_the_same_call() {
    let depth = limit(
        &module(
            r#"(func $f (export "run") (param i32) (result i32) COUNT (call $f (local.get 0)))"#,
        ),
        true,
    );
    assert!((40_000..200_000).contains(&depth), "{depth}");
}

#[test]
fn frames_with_many_locals_take_more_words() {
    let locals = 60;
    let mut body = String::from("COUNT");
    for at in 0..locals {
        body += &format!(
            "(local.set {} (i64.mul (i64.extend_i32_u (local.get 0)) (i64.const {at})))",
            at + 1
        );
    }
    body += "(drop (call $f (i32.add (local.get 0) (i32.const 1))))";
    for at in 0..locals {
        body += &format!("(i32.wrap_i64 (local.get {}))", at + 1);
    }
    body += &"i32.add ".repeat(locals - 1);
    let source = format!(
        r#"(func $f (export "run") (param i32) (result i32) (local {}) {body})"#,
        "i64 ".repeat(locals)
    );
    let depth = limit(&module(&source), true);
    assert!((8_000..16_000).contains(&depth), "{depth}");
}

#[test]
fn vectors_take_two_words() {
    let source = r#"
        (func $f (export "run") (param i32) (result i32) (local v128 v128 v128 v128)
          COUNT
          (local.set 1 (i32x4.splat (local.get 0)))
          (local.set 2 (i32x4.add (local.get 1) (local.get 1)))
          (local.set 3 (i32x4.add (local.get 1) (local.get 2)))
          (local.set 4 (i32x4.mul (local.get 3) (local.get 2)))
          (drop (call $f (i32.add (local.get 0) (i32.const 1))))
          (i32x4.extract_lane 0 (i32x4.add (i32x4.add (local.get 1) (local.get 2))
            (i32x4.add (local.get 3) (local.get 4)))))"#;
    limit(&module(source), true);
}

/// covers: stack-6
#[test]
fn circles_through_other_functions_and_tables_stop() {
    let mutual = r#"
        (func $a (export "run") (param i32) (result i32) COUNT (i32.add (call $b (local.get 0)) (i32.const 1)))
        (func $b (param i32) (result i32) (i32.mul (call $a (local.get 0)) (i32.const 3)))"#;
    limit(&module(mutual), true);
    let table = r#"
        (type $t (func (param i32) (result i32)))
        (table 1 1 funcref) (elem (i32.const 0) func $a)
        (func $a (type $t) COUNT
          (i32.add (call_indirect (type $t) (local.get 0) (i32.const 0)) (i32.const 1)))
        (func (export "run") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0)))"#;
    limit(&module(table), true);
    let reference = r#"
        (type $t (func (param i32) (result i32)))
        (global $r (mut (ref null $t)) (ref.func $a))
        (func $a (type $t) COUNT (i32.add (call_ref $t (local.get 0) (global.get $r)) (i32.const 1)))
        (func (export "run") (type $t) (call $a (local.get 0)))"#;
    limit(&module(reference), false);
}

/// covers: stack-6, stack-11
#[test]
fn calls_that_are_counted_stop_at_the_same_call() {
    // Each is called with 0. That they may as well return makes their calls likely enough to be
    // fewer than they are.
    let direct = r#"(func $f (export "run") (param i32) (result i32) COUNT
        (if (result i32) (local.get 0)
          (then (i32.const 5))
          (else (i32.add (call $f (local.get 0)) (i32.const 1)))))"#;
    let table = r#"(type $t (func (param i32) (result i32)))
        (table 2 2 funcref) (elem (i32.const 0) func $a $b)
        (func $a (type $t) COUNT
          (if (result i32) (local.get 0)
            (then (i32.const 5))
            (else (i32.add (call_indirect (type $t) (local.get 0) (i32.const 1)) (i32.const 1)))))
        (func $b (type $t) (local i64 i64) (call $a (local.get 0)))
        (func (export "run") (type $t) (call $b (local.get 0)))"#;
    for source in [direct, table] {
        let source = module(source);
        let depth = limit(&source, true);
        assert!((40_000..120_000).contains(&depth), "{depth}");
        let text = wasmprinter::print_bytes(rewrite(&source, Pass::Stack)).unwrap();
        assert!(!text.contains("local.tee"), "no function counts itself: {text}");
    }
    let reference = r#"(type $t (func (param i32) (result i32)))
        (global $r (mut (ref null $t)) (ref.func $a))
        (func $a (type $t) COUNT
          (if (result i32) (local.get 0)
            (then (i32.const 5))
            (else (i32.add (call_ref $t (local.get 0) (global.get $r)) (i32.const 1)))))
        (func (export "run") (type $t) (call $a (local.get 0)))"#;
    limit(&module(reference), false);
    // What came back has given back what it took.
    let returns = r#"(func $f (export "run") (param i32) (result i32) COUNT
        (if (result i32) (i32.eqz (local.get 0))
          (then (i32.const 5))
          (else (call $f (i32.sub (local.get 0) (i32.const 1))))))"#;
    let seen = everywhere(&module(returns), &[10_000, 10_000], true);
    assert!(seen.iter().all(|seen| seen.end == End::Returned(5)), "{seen:?}");
    assert!(seen.iter().all(|seen| seen.left == STACK_WORDS.cast_signed()), "{seen:?}");
}

/// covers: stack-4, stack-8
#[test]
fn the_counter_is_right_after_a_caught_exception() {
    // Each level throws from a hundred calls below and catches that, then goes on: if words were
    // lost with the frames that were thrown away, the depth would be a hundredth.
    let body = |block: &str, throw: &str| {
        format!(
            r#"(tag $t)
            (func $thrower (param i32)
              ({block}
                (if (local.get 0) (then (call $thrower (i32.sub (local.get 0) (i32.const 1))))))
              {throw})
            (func $f (export "run") (param i32) (result i32) COUNT
              (block $h (try_table (catch $t $h) (call $thrower (i32.const 100))))
              (i32.add (call $f (local.get 0)) (i32.const 1)))"#
        )
    };
    // What calls in a loop counts itself, and otherwise its call is counted.
    for block in ["loop", "block"] {
        let with = limit(&module(&body(block, "(throw $t)")), false);
        let without = limit(&module(&body(block, "")), false);
        assert!((with - without).abs() < 200, "{with} {without}");
    }
    let again = r#"
        (tag $t)
        (func $f (export "run") (param i32) (result i32) COUNT
          (loop $again
            (try_table (catch_all $again)
              (if (i32.lt_u (global.get $depth) (i32.const 1000000))
                (then COUNT (call $throw (i32.const 10)))))
            (return (local.get 0)))
          (unreachable))
        (func $throw (param i32)
          (if (local.get 0) (then (call $throw (i32.sub (local.get 0) (i32.const 1)))))
          (throw $t))"#;
    let seen = everywhere(&module(again), &[7], false);
    let words = STACK_WORDS.cast_signed();
    assert_eq!(seen[0], Seen { end: End::Returned(7), depth: 1_000_000, left: words, trapped: 0 });
}

#[test]
fn tail_calls_never_run_out() {
    let pure = r#"
        (func $f (export "run") (param i32) (result i32)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 5))))
          COUNT
          (return_call $g (i32.sub (local.get 0) (i32.const 1))))
        (func $g (param i32) (result i32)
          (drop (call $once (i32.const 1)))
          (return_call $f (local.get 0)))
        (func $once (param i32) (result i32)
          (if (result i32) (local.get 0) (then (call $once (i32.const 0))) (else (i32.const 1))))"#;
    let mixed = r#"
        (type $t (func (param i32) (result i32)))
        (table 1 1 funcref) (elem (i32.const 0) func $f)
        (func $f (export "run") (type $t)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 5))))
          COUNT
          (drop (call $f (i32.const 0)))
          (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))"#;
    for source in [pure, mixed] {
        let seen = everywhere(&module(source), &[3_000_000], true);
        let words = STACK_WORDS.cast_signed();
        let depth = 3_000_000;
        assert_eq!(seen[0], Seen { end: End::Returned(5), depth, left: words, trapped: 0 });
    }
}

#[test]
fn returns_give_the_words_back() {
    let source = r#"
        (func $f (export "run") (param i32) (result i32) COUNT
          (block $out (result i32)
            (br_if 1 (i32.const 1) (i32.eqz (local.get 0)))
            (drop)
            (br_if $out (call $f (i32.sub (local.get 0) (i32.const 1))) (i32.and (local.get 0) (i32.const 1)))
            (return)))"#;
    let seen = everywhere(&module(source), &[1000, 1000, 0], true);
    assert!(seen.iter().all(|seen| seen.end == End::Returned(1)), "{seen:?}");
    assert!(seen.iter().all(|seen| seen.left == STACK_WORDS.cast_signed()), "{seen:?}");
}

/// covers: stack-7
#[test]
fn a_path_of_great_functions_is_counted_without_recursion() {
    // A hundred functions of 5,000 words each: half of the path has more than nobody needs count.
    let mut source = String::new();
    for at in 0..100 {
        source += &format!(
            "(func $f{at} {} (param i32) (result i32) (local {}) COUNT {})",
            if at == 0 { "(export \"run\")" } else { "" },
            "i64 ".repeat(5_000),
            if at == 99 {
                "i32.const 0".to_owned()
            } else {
                format!("(call $f{} (local.get 0))", at + 1)
            },
        );
    }
    let seen = everywhere(&module(&source), &[0], true);
    assert_eq!((seen[0].end, seen[0].depth), (End::Returned(0), 100));
    let wasm = rewrite(&module(&source), Pass::Stack);
    let text = wasmprinter::print_bytes(&wasm).unwrap();
    let counted = text.matches("i32.lt_u").count();
    assert!((40..60).contains(&counted), "{counted}");
}

#[test]
fn a_circle_through_all_functions_is_opened_every_few_words() {
    const FUNCTIONS: usize = 30_000;
    let mut source = String::from("(module ");
    for at in 0..FUNCTIONS {
        let next = (at + 1) % FUNCTIONS;
        source += &format!("(func $f{at} (param i32) (result i32) (call $f{next} (local.get 0)))");
    }
    source += "(export \"run\" (func $f0)))";
    let before = through(&wat::parse_str(&source).unwrap(), Profile::CANONICAL).unwrap();
    let after = rewrite(&source, Pass::Stack);
    // A counted function grows by some 35 bytes, and each such function has ten words: one in a
    // hundred and fifty counts, for fifteen hundred.
    let grown = after.len() - before.canonical.bytes().len();
    assert!((FUNCTIONS / 5..FUNCTIONS / 2).contains(&grown), "{grown}");
}

#[test]
fn what_leaves_early_does_not_tear_a_canonicalization() {
    for leaves in
        ["i32.const 7 local.get 0 i32.eqz br_if 0 drop", "local.get 0 if i32.const 7 return end"]
    {
        let source = format!(
            "(module (func $f (export \"f\") (param i32 f32) (result i32) {leaves}
               local.get 1 f32.ceil i32.reinterpret_f32 drop
               local.get 0 i32.const 1 i32.sub local.get 1 call $f))"
        );
        // The checker looks at what comes out.
        through(&wat::parse_str(source).unwrap(), Profile::PORTABLE).unwrap();
    }
}
