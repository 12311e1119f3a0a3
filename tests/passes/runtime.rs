//! What the runtime makes of a module that counts its words: outcome and final state.

use crate::common::{only, through};
use provenact::digest::ManifestDigest;
use provenact::limits;
use provenact::outcome::{Interruption, Outcome, Trap};
use provenact::profile::{Pass, Profile};
use provenact::runtime::{Engine, Evidence, Execution, Replayer, Seam, execute, receipt};
use provenact::trace::{Header, Reader, Salt, Writer};
use provenact::wasm::{Interface, Module};

/// How `source`, through `profile`, ends when it is executed; and its receipt.
fn run(source: &str, profile: Profile) -> (Execution, provenact::attest::receipt::Receipt) {
    let wasm = wat::parse_str(source).unwrap();
    let module = through(&wasm, profile).unwrap().canonical;
    let interface = Interface::of(module.module(), None).unwrap();
    let header = Header {
        module: module.digest(),
        manifest: ManifestDigest::of(b""),
        attestation: None,
        entrypoint: interface.entrypoint.clone(),
        arguments: Vec::new(),
        environment: Vec::new(),
        grants: Vec::new(),
        input: None,
        policy: None,
        salt: Salt::from_bytes([0; 32]),
        imports: Vec::new(),
    };
    let engine = Engine::cranelift(None).unwrap();
    let program = engine.compile(&module, &[]).unwrap();
    let evidence = Evidence::new(header.clone(), None, None);
    let shared = evidence.on_one_engine_class(interface.one_class_feature.is_some()).shared();
    // An empty trace is a world without host functions; what it says of the end nobody asks here.
    let writer = Writer::start(Vec::new(), &header, Vec::new()).unwrap();
    let (trace, seal) = writer.finish(&Outcome::Returned { value: None }).unwrap();
    let trace = Reader::open(std::io::Cursor::new(trace)).unwrap();
    let replayer = Replayer::new(trace, Vec::new(), std::sync::mpsc::sync_channel(1).0);
    let seam = Seam::new(Box::new(replayer), Vec::new(), &header, shared.clone());
    let execution = execute(&engine, &program, &interface, seam).unwrap();
    let evidence = shared.lock().unwrap();
    let receipt = receipt(&evidence, &execution.outcome, execution.state.as_ref(), &seal);
    receipt.to_statement().unwrap();
    (execution, receipt)
}

const ENDLESS: &str = r#"
    (func $f (param i32) (result i32)
      (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))"#;

fn stack() -> Profile {
    only(Pass::Stack)
}

#[test]
fn recursion_without_end_reaches_the_stack_limit() {
    let entry = format!(
        "(module {ENDLESS} (global (export \"g\") i32 (i32.const 5))
          (func (export \"_start\") (drop (call $f (i32.const 0)))))"
    );
    let (execution, receipt) = run(&entry, stack());
    assert_eq!(execution.outcome, Outcome::Trapped { trap: Trap::StackLimit });
    assert_eq!(receipt.engines, None);
    let names: Vec<_> = execution.state.unwrap().globals.into_iter().map(|g| g.name).collect();
    assert_eq!(names, ["g"], "the counter is no state of the guest's");

    let (execution, _) = run(&entry, Profile::CANONICAL);
    assert_eq!(execution.outcome, Outcome::Interrupted { cause: Interruption::NativeStack });
}

#[test]
fn a_start_function_reaches_it_too_and_other_traps_keep_their_name() {
    // So long that its calls are counted, of which the first is not made.
    let by_calls = format!(
        "(func $f (param i32) (result i32) {}
          (if (i32.lt_s (local.get 0) (i32.const 0)) (then (drop (call $f (local.get 0)))))
          (i32.add (call $f (i32.const 1)) (i32.const 1)))",
        "nop ".repeat(200)
    );
    for endless in [ENDLESS, &by_calls] {
        let start = format!(
            "(module {endless} (func $s (drop (call $f (i32.const 0)))) (start $s)
              (func (export \"_start\")))"
        );
        let (execution, _) = run(&start, stack());
        assert_eq!(execution.outcome, Outcome::Trapped { trap: Trap::StackLimit });
        assert!(execution.state.is_none());
    }
    for place in ["(start $s) (func (export \"_start\"))", "(export \"_start\" (func $s))"] {
        let other = format!(
            "(module {ENDLESS} (func $s (if (i32.const 0) (then (drop (call $f (i32.const 0)))))
              (unreachable)) {place})"
        );
        let (execution, _) = run(&other, stack());
        assert_eq!(execution.outcome, Outcome::Trapped { trap: Trap::Unreachable }, "{place}");
    }
}

#[test]
fn a_native_overflow_stays_an_interruption() {
    // No recursion, so nothing is counted; nothing bounds what an import of the engine's own takes.
    // A module of the profile canonical shows the same with less effort.
    let (execution, _) = run(
        &format!("(module {ENDLESS} (func (export \"_start\") (drop (call $f (i32.const 0)))))"),
        Profile::CANONICAL,
    );
    assert!(execution.outcome.is_interrupted());
    assert!(execution.state.is_none());
}

/// covers: receipt-14
#[test]
fn receipts_say_when_one_engine_class_alone_can_replay() {
    let one = |source: &str| run(source, Profile::CANONICAL).1.engines.is_some();
    let start = r#"(func (export "_start"))"#;
    assert!(!one(&format!("(module {start})")));
    assert!(!one(&format!("(module (memory i64 1) (func (param v128)) {start})")));
    let object = "(module (type $s (struct)) (func (drop (struct.new $s))) (table 0 0 anyref)";
    assert!(one(&format!("{object} {start})")));
    assert!(!one(&format!("(module (type (struct (field i32))) {start})")), "nothing uses it");
    assert!(one(&format!("(module (tag) {start})")));
    assert!(one(r#"(module (func (export "_start") (try_table)))"#));
    assert!(one(r#"(module (func (export "_start") (drop (ref.i31 (i32.const 1)))))"#));
    let reference =
        r#"(module (type $t (func)) (func (export "_start") (call_ref $t (ref.null $t))))"#;
    assert!(
        Module::parse(wat::parse_str(reference).unwrap()).unwrap().one_class_feature().is_some()
    );
}

#[test]
fn an_object_that_no_engine_has_to_allow_is_an_interruption() {
    let (execution, _) = run(
        r#"(module (type $a (array (mut i64)))
          (func (export "_start") (drop (array.new_default $a (i32.const 0x7fffffff)))))"#,
        Profile::CANONICAL,
    );
    assert_eq!(execution.outcome, Outcome::Interrupted { cause: Interruption::HostMemory });
}

#[test]
fn the_stacks_fit_into_each_other() {
    use provenact::profile::{GUARDED_WORDS, STACK_WORDS, UNCOUNTED_WORDS};
    let words = u64::from(STACK_WORDS + UNCOUNTED_WORDS + GUARDED_WORDS);
    let stack = u64::try_from(limits::GUEST_STACK_BYTES).unwrap();
    assert!(words * 64 <= stack);
    let thread = u64::try_from(limits::THREAD_STACK_BYTES).unwrap();
    assert!(thread >= stack + (8 << 20));
}

#[test]
#[ignore = "takes four gigabytes"]
fn a_heap_of_objects_that_is_full_is_an_interruption() {
    let (execution, _) = run(
        r#"(module (type $a (array (mut i64))) (type $l (struct (field (ref $a)) (field (ref null $l))))
          (func (export "_start") (local $l (ref null $l))
            (loop $more
              (local.set $l (struct.new $l (array.new_default $a (i32.const 0x1000000)) (local.get $l)))
              (br $more))))"#,
        Profile::CANONICAL,
    );
    assert_eq!(execution.outcome, Outcome::Interrupted { cause: Interruption::HostMemory });
}
