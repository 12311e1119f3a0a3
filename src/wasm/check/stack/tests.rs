//! What the rules accept and refuse, as text.

use crate::profile::{Pass, Profile};
use crate::wasm::{Canonical, Error};

const STACK: Profile =
    Profile::PORTABLE.without(Pass::RelaxedSimd).without(Pass::Nan).without(Pass::Growth);

const PROLOGUE: &str = "global.get 0 local.tee 1 i32.const 99 i32.lt_u
    if i32.const 1 global.set 1 unreachable end
    local.get 1 i32.const 99 i32.sub global.set 0";
const RELEASE: &str = "local.get 1 global.set 0";
const TAKE: &str = "local.get 1 i32.const 99 i32.sub global.set 0";
const ENTRY: &str = "(func (param i32) (result i32) (local i32)
    global.get 0 local.set 1 i32.const 2097152 global.set 0 i32.const 0 global.set 1
    local.get 0 call 0 local.get 1 global.set 0)";
const GLOBALS: &str = r#"(global (mut i32) (i32.const 2097152)) (global (mut i32) (i32.const 0))
    (export "run" (func 1))
    (export "provenact:stack" (global 0)) (export "provenact:trap" (global 1))"#;

/// Function 0 counts, and function 1 is its entry. Functions of another type come after these.
fn module(code: &str) -> String {
    format!(
        "(module {GLOBALS} (func (param i32) (result i32) (local i32)
           {PROLOGUE} block (result i32) {code} end {RELEASE})
         {ENTRY})"
    )
}

fn recursive() -> String {
    module("local.get 0 i32.eqz if i32.const 7 br 1 end local.get 0 i32.const 1 i32.sub call 0")
}

fn check(text: &str) -> Result<(), Error> {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    Canonical::check(wasm, STACK).map(|_| ())
}

fn accepted(text: &str) {
    if let Err(error) = check(text) {
        panic!("{error}: {text}");
    }
}

fn refused(text: &str, says: &str) {
    match check(text) {
        Err(error @ Error::NotPortable { pass: Pass::Stack, .. }) => {
            assert!(error.to_string().contains(says), "{error}: {text}");
        }
        other => panic!("{other:?}: {text}"),
    }
}

/// Replaces one thing in `text`, which must be refused then.
fn changed(text: &str, from: &str, to: &str, says: &str) {
    let changed = text.replacen(from, to, 1);
    assert_ne!(changed, text, "{from}");
    refused(&changed, says);
}

/// Function 0 may be left before it counts.
fn guarded(guard: &str) -> String {
    recursive().replacen(
        "global.get 0 local.tee 1",
        &format!("{guard} global.get 0 local.tee 1"),
        1,
    )
}

/// covers: stack-2, stack-3
#[test]
fn a_function_may_be_left_before_it_counts() {
    const GUARD: &str = "local.get 0 i32.eqz if i32.const 7 return end";
    for guard in [
        GUARD,
        "local.get 0 i32.eqz if i32.const 7 br 1 end",
        "block local.get 0 br_if 0 i32.const 7 return end",
        "loop local.get 0 br_if 0 end",
        "try_table end",
        "local.get 0 i32.eqz if unreachable end",
    ] {
        accepted(&guarded(guard));
    }
    let text = guarded(GUARD);
    let begins = "does not begin as one that is counted";
    changed(&text, "i32.const 99 i32.lt_u", "i32.const 98 i32.lt_u", begins);
    changed(&text, "unreachable end", "end", begins);
    changed(&text, "i32.const 99 i32.sub", "i32.const 98 i32.sub", begins);
    changed(&text, "global.get 0 local.tee 1", "global.get 0 local.tee 0", "is a parameter");
    changed(&text, "global.set 0 block", "global.set 0 nop block", "not in a block of its results");
    let tail = "does not end with the counter as it was";
    changed(&text, "end local.get 1 global.set 0)", "end local.get 1 global.set 1)", tail);
    // What comes later is held to the form as ever.
    changed(
        &text,
        "block (result i32)",
        "block (result i32) i32.const 1 return",
        "is left without the counter as it was",
    );
    // What has a call, may catch, or uses the counter is no guard.
    let is_not = "a function that is not counted uses";
    for guard in [
        "local.get 0 if local.get 0 call 0 return end",
        "local.get 0 if local.get 0 return_call 0 end",
        "block try_table (catch_all 0) end end",
        "local.get 0 if i32.const 0 global.set 0 end",
        "local.get 0 if global.get 0 return end",
        "local.get 0 if i32.const 0 global.set 1 end",
        "i32.const 7 return block end",
        "block unreachable end unreachable block end",
        "local.get 0 drop",
    ] {
        refused(&guarded(guard), is_not);
    }
    // Nor is what stands inside of another block, so that one may get around it.
    let inside = text.replacen(GUARD, &format!("block {GUARD}"), 1);
    let inside = inside.replacen(
        "end local.get 1 global.set 0)",
        "end local.get 1 global.set 0 return end unreachable)",
        1,
    );
    refused(&inside, is_not);
    let inside = text.replacen(GUARD, "block block end", 1);
    let inside = inside.replacen(
        "end local.get 1 global.set 0)",
        "end local.get 1 global.set 0 return end unreachable)",
        1,
    );
    refused(&inside, is_not);
}

/// covers: stack-10
#[test]
fn what_may_be_left_before_it_counts_is_small() {
    let text = guarded("local.get 0 i32.eqz if i32.const 7 return end")
        .replace("i32.const 99", "i32.const 9999");
    let words = |locals: usize| {
        text.replacen("(local i32)", &format!("(local i32 {})", "i64 ".repeat(locals)), 1)
    };
    accepted(&words(900));
    refused(&words(1024), "can be left before it counts its");
}

/// covers: stack-2, stack-3
#[test]
fn each_deviation_from_a_counted_function_is_refused() {
    let text = recursive();
    accepted(&text);
    let begins = "does not begin as one that is counted";
    for (from, to) in [
        ("i32.lt_u", "i32.lt_s"),
        ("i32.const 99 i32.lt_u", "i32.const 98 i32.lt_u"),
        ("i32.const 99 i32.sub", "i32.const 98 i32.sub"),
        ("i32.const 99 i32.sub", "i32.const 99 i32.add"),
        ("i32.const 1 global.set 1 unreachable", "i32.const 2 global.set 1 unreachable"),
        ("i32.const 1 global.set 1 unreachable", "i32.const 1 global.set 0 unreachable"),
        ("i32.const 1 global.set 1 unreachable", "unreachable"),
        ("unreachable end", "end"),
        ("i32.sub global.set 0", "i32.sub global.set 1"),
        ("global.get 0 local.tee 1", "global.get 0 local.tee 0"),
    ] {
        let says =
            if to.ends_with("tee 0") { "kept in a local that is a parameter" } else { begins };
        changed(&text, from, to, says);
    }
    changed(&text, "global.get 0 local.tee 1", "nop global.get 0 local.tee 1", "is not counted");
    changed(&text, "global.set 0 block", "global.set 0 nop block", "not in a block of its results");
    for from in ["i32.const 99 i32.lt_u", "i32.const 99 i32.sub"] {
        assert!(text.contains(from));
    }
    refused(
        &text.replace("i32.const 99", "i32.const 9"),
        "counts 9 words and has, with what it carries, 14",
    );
    let tail = "does not end with the counter as it was";
    changed(&text, "end local.get 1 global.set 0)", "end)", tail);
    changed(&text, "end local.get 1 global.set 0)", "end local.get 1 global.set 1)", tail);
    changed(&text, "end local.get 1 global.set 0)", "end local.get 0 global.set 0)", tail);
    changed(&text, "end local.get 1 global.set 0)", "end local.get 1 global.set 0 nop)", tail);
    changed(&text, "block (result i32)", "nop block (result i32)", "not in a block of its results");
    changed(&text, "block (result i32)", "loop (result i32)", "not in a block of its results");
    changed(&text, "br 1 end", "br 2 end", "a branch leaves a counted function");
    changed(
        &text,
        "local.get 0 i32.eqz if",
        "i32.const 7 i32.const 0 br_if 1 drop local.get 0 i32.eqz if",
        "a branch leaves",
    );
    // What is left early puts the counter back.
    accepted(&text.replace("i32.const 7 br 1", "i32.const 7 local.get 1 global.set 0 return"));
    let left = "is left without the counter as it was";
    changed(&text, "i32.const 7 br 1", "i32.const 7 return", left);
    changed(&text, "i32.sub call 0 end", "i32.sub return_call 0 end", left);
    accepted(&text.replace(
        "i32.sub call 0 end",
        "i32.sub call 0 local.get 0 local.get 1 global.set 0 return_call 0 end",
    ));
    let stray = "is used where that is not prescribed";
    changed(&text, "i32.const 7 br 1", "i32.const 7 local.get 1 global.set 0 nop return", stray);
    changed(&text, "i32.const 7 br 1", "local.get 1 br 1", stray);
    changed(&text, "i32.const 7 br 1", "i32.const 7 local.tee 1 br 1", stray);
    changed(&text, "i32.const 7 br 1", "i32.const 7 local.set 1 i32.const 7 br 1", stray);
    changed(&text, "i32.const 7 br 1", "global.get 0 br 1", stray);
    changed(&text, "i32.const 7 br 1", "i32.const 7 global.set 1 i32.const 7 br 1", stray);
}

/// covers: stack-4
#[test]
fn the_counter_is_taken_where_an_exception_lands() {
    let catching = |block: &str, after: &str| {
        module(&format!(
            "{block} try_table (catch_all 0) local.get 0 call 0 drop end end {after} i32.const 1"
        ))
    };
    accepted(&catching("block", TAKE));
    let lands = "a catch clause leads where the counter is not taken";
    refused(&catching("block", ""), lands);
    refused(&catching("block", &format!("nop {TAKE}")), lands);
    refused(&catching("block", &TAKE.replace("99", "98")), lands);
    // A loop takes it at its beginning.
    accepted(&catching(&format!("loop {TAKE}"), ""));
    refused(&catching("loop", ""), "leads to a loop where the counter is not taken");
    refused(&catching(&format!("block loop {TAKE} end"), TAKE), "no catch clause leads there");
    // Nothing lands there.
    refused(&catching(&format!("block end {TAKE} block"), TAKE), "not prescribed");
    // The block around the code puts the counter back itself.
    let tagged = |label: u32| {
        module(&format!("try_table (result i32) (catch 0 {label}) local.get 0 call 0 end")).replace(
            "(module ",
            "(module (type (func (param i32) (result i32))) (type (func (param i32))) (tag (type 1)) ",
        )
    };
    accepted(&tagged(0));
    refused(&tagged(1), "a branch leaves");
}

/// covers: stack-1
#[test]
fn the_globals_are_used_by_nothing_else() {
    let text = recursive();
    let form = "no mutable i32 that is";
    changed(&text, "(i32.const 2097152)", "(i32.const 2097151)", form);
    changed(&text, "(mut i32) (i32.const 0)", "(mut i32) (i32.const 1)", form);
    // Each limit belongs to the profile that says it.
    let earlier = text.replace("2097152", "1048576");
    refused(&earlier, form);
    let mut note = STACK.note();
    note.passes[0].words = Some(1 << 20);
    let profile = Profile::from_note(&note).unwrap();
    let check = |text: &str| Canonical::check(wat::parse_str(text).unwrap(), profile);
    assert!(check(&earlier).is_ok());
    assert!(check(&text).unwrap_err().to_string().contains(form));
    let entry =
        earlier.replacen("i32.const 1048576 global.set 0", "i32.const 2097152 global.set 0", 1);
    assert!(check(&entry).is_err(), "an entry with the other limit");
    let also =
        |field: &str| text.replacen("(export \"run\"", &format!("{field} (export \"run\""), 1);
    refused(&also("(export \"x\" (global 0))"), "exported under another name");
    refused(&also("(export \"provenact:other\" (global 0))"), "a reserved name");
    refused(&also("(export \"provenact:\" (func 1))"), "a reserved name");
    let last = format!("{ENTRY})");
    let with = |function: &str| text.replace(&last, &format!("{ENTRY} {function})"));
    accepted(&with("(func (result i32) i32.const 1)"));
    let uses = "a function that is not counted uses";
    refused(&with("(func (result i32) i32.const 1 drop global.get 0)"), uses);
    refused(&with("(func i32.const 1 global.set 1)"), uses);
    refused(&with("(func (result i32) global.get 0)"), "does not begin as one that is counted");
}

/// covers: stack-5
#[test]
fn what_can_reach_a_counted_function_is_exported_through_an_entry() {
    let text = recursive();
    let no_entry = "an exported function can reach a counted one";
    changed(
        &text,
        "(export \"run\" (func 1))",
        "(export \"run\" (func 1)) (export \"x\" (func 0))",
        no_entry,
    );
    for (from, to) in [
        (
            "i32.const 2097152 global.set 0 i32.const 0",
            "i32.const 2097151 global.set 0 i32.const 0",
        ),
        ("local.set 1 i32.const 2097152", "local.set 0 i32.const 2097152"),
        ("i32.const 0 global.set 1", "i32.const 1 global.set 1"),
        ("local.get 0 call 0 local.get 1", "i32.const 0 call 0 local.get 1"),
        ("call 0 local.get 1 global.set 0)", "call 0)"),
    ] {
        changed(&text, from, to, "is counted");
    }
    let last = format!("{ENTRY})");
    let with = |function: &str| text.replace(&last, &format!("{ENTRY} {function})"));
    refused(
        &with("(func (export \"x\") i32.const 1 call 0 drop)"),
        "an exported function can reach",
    );
    accepted(&with("(func (result i32) i32.const 1 call 0)"));
    // An entry that is called, referenced or not exported is none.
    refused(
        &with("(func (result i32) i32.const 1 call 1)"),
        "does not begin as one that is counted",
    );
    refused(&with("(elem declare func 1)"), "does not begin as one that is counted");
    changed(&text, "(export \"run\" (func 1))", "", "does not begin as one that is counted");
}

/// covers: stack-6, stack-8
#[test]
fn recursion_is_found_however_it_goes() {
    refused(
        "(module (func call 0))",
        "function 0 can call itself, and nothing on the way is counted",
    );
    accepted("(module (func return_call 0))");
    refused(
        "(module (func call 1) (func call 2) (func return_call 0))",
        "function 0 can call itself",
    );
    accepted("(module (func call 1) (func return_call 1))");
    refused(
        "(module (table 1 1 funcref) (elem (i32.const 0) func 0) (func i32.const 0 call_indirect))",
        "can call itself",
    );
    accepted(
        "(module (table 1 1 funcref) (elem (i32.const 0) func 1) (func i32.const 0 call_indirect) (func (param i32)))",
    );
    refused("(module (elem declare func 0) (func ref.func 0 call_ref 0))", "can call itself");
    refused(
        "(module (type (sub (func))) (type (sub 0 (func))) (elem declare func 0) (func (type 1) ref.func 0 call_ref 0))",
        "can call itself",
    );
    let text = recursive().replace(
        &format!("{ENTRY})"),
        &format!("{ENTRY} (func try_table (catch_all 0) i32.const 1 call 0 drop end))"),
    );
    refused(&text, "can catch what a counted function throws");
}

/// One function on a circle counts for the others.
///
/// covers: stack-2, stack-6
#[test]
fn a_counted_function_carries_those_between_it_and_itself() {
    let calls_back = "(func (param i32) (result i32) (local i64 i32) local.get 0 call 0)";
    let circle = recursive()
        .replace("i32.sub call 0 end", "i32.sub call 2 end")
        .replace(&format!("{ENTRY})"), &format!("{ENTRY} {calls_back})"));
    accepted(&circle);
    // 14 words of its own, and 12 of function 2.
    accepted(&circle.replace("i32.const 99", "i32.const 26"));
    refused(
        &circle.replace("i32.const 99", "i32.const 25"),
        "function 0 counts 25 words and has, with what it carries, 26",
    );
    let itself = calls_back.replace("call 0", "call 2");
    let inner = circle.replace(calls_back, &itself);
    refused(&inner, "function 2 can call itself, and nothing on the way is counted");
}

const BEFORE: &str = "global.get 0 i32.const 99 i32.lt_u
    if i32.const 1 global.set 1 unreachable end global.get 0 i32.const 99 i32.sub global.set 0";
const AFTER: &str = "global.get 0 i32.const 99 i32.add global.set 0";

/// Function 0 counts no words, but its call of itself does; function 1 is its entry.
fn counted_call() -> String {
    format!(
        "(module {GLOBALS} (func (param i32) (result i32)
           local.get 0 i32.eqz if i32.const 7 return end
           local.get 0 i32.const 1 i32.sub {BEFORE} call 0 {AFTER})
         {ENTRY})"
    )
}

/// covers: stack-6, stack-11
#[test]
fn a_call_may_count_instead_of_its_function() {
    let text = counted_call();
    accepted(&text);
    // 1 parameter, 3 operands, 3 instructions that give, 27 in all, and 8.
    accepted(&text.replace("i32.const 99", "i32.const 16"));
    refused(
        &text.replace("i32.const 99", "i32.const 15"),
        "function 0 counts 15 words for a call that carries 16",
    );
    let last = format!("{ENTRY})");
    let with = |function: &str| text.replace(&last, &format!("{ENTRY} {function})"));
    let around = |call: &str| format!("{BEFORE} {call} {AFTER}");
    accepted(&with(&format!("(func {})", around("call 2"))));
    let table = "(table 1 1 funcref) (elem (i32.const 0) func 2)";
    let indirect = around("i32.const 0 call_indirect");
    refused(&with(&format!("{table} (func {indirect})")), "is not counted");
    let indirect = format!("i32.const 0 {}", around("call_indirect"));
    accepted(&with(&format!("{table} (func {indirect})")));
    let reference = format!("ref.func 2 {}", around("call_ref 1"));
    accepted(&with(&format!("{table} (func {reference})")).replacen(
        "(module ",
        "(module (type (func (param i32) (result i32))) (type (func)) ",
        1,
    ));
    // What lies between one counted call and the next is carried: 12 words of function 2.
    let circle = with("(func (param i32) (result i32) (local i64 i32) local.get 0 call 0)");
    let circle = circle.replacen("call 0", "call 2", 1);
    accepted(&circle.replace("i32.const 99", "i32.const 28"));
    refused(&circle.replace("i32.const 99", "i32.const 27"), "for a call that carries 28");
    // One call that is counted does not make another one so.
    changed(
        &text,
        "i32.const 7 return",
        "i32.const 7 call 0 return",
        "function 0 can call itself, and nothing on the way is counted",
    );
}

/// covers: stack-1, stack-11
#[test]
fn each_deviation_from_a_counted_call_is_refused() {
    let text = counted_call();
    let uses = "a function that is not counted uses";
    for (from, to) in [
        ("i32.const 99 i32.lt_u", "i32.const 98 i32.lt_u"),
        ("i32.const 99 i32.sub", "i32.const 98 i32.sub"),
        ("i32.const 99 i32.add", "i32.const 98 i32.add"),
        ("i32.lt_u", "i32.lt_s"),
        ("i32.const 99 i32.sub", "i32.const 99 i32.add"),
        ("i32.const 99 i32.add", "i32.const 99 i32.sub"),
        ("i32.const 1 global.set 1 unreachable", "i32.const 2 global.set 1 unreachable"),
        ("i32.const 1 global.set 1 unreachable", "i32.const 1 global.set 0 unreachable"),
        ("i32.const 1 global.set 1 unreachable", "unreachable"),
        ("unreachable end", "end"),
        ("end global.get 0 i32.const 99", "end global.get 1 i32.const 99"),
        ("i32.sub global.set 0", "i32.sub global.set 1"),
        ("i32.add global.set 0", "i32.add global.set 1"),
        ("call 0 global.get 0", "call 0 nop global.get 0"),
        ("global.set 0 call 0", "global.set 0 nop call 0"),
        (AFTER, ""),
        (BEFORE, ""),
    ] {
        changed(&text, from, to, uses);
    }
    let twice = format!("{BEFORE} {BEFORE} call 0 {AFTER} {AFTER}");
    let around = format!("{BEFORE} call 0 {AFTER}");
    changed(&text, &around, &twice, uses);
    changed(&text, &around, &format!("{around} {AFTER}"), uses);
    changed(&text, &around, &format!("{BEFORE} return_call 0"), uses);
    changed(&text, &around, &format!("{around} {BEFORE}"), uses);
    changed(&text, &around, &format!("{around} global.get 1 drop"), uses);
    // Where a function counts itself, or in front of that, no call does.
    let inside = module(&format!("local.get 0 {around}"));
    refused(&inside, "is used where that is not prescribed");
    let guard = format!("local.get 0 if local.get 0 {around} return end");
    refused(&guarded(&guard), uses);
    let guard = format!("block end local.get 0 {around} drop block end");
    refused(&guarded(&guard), uses);
}

/// covers: stack-5, stack-8, stack-11
#[test]
fn a_function_with_a_counted_call_is_reached_as_a_counted_one() {
    let text = counted_call();
    let exported = "(export \"run\" (func 1)) (export \"x\" (func 0))";
    let no_entry = "an exported function can reach a counted one";
    changed(&text, "(export \"run\" (func 1))", exported, no_entry);
    let last = format!("{ENTRY})");
    let with = |function: &str| text.replace(&last, &format!("{ENTRY} {function})"));
    refused(&with("(func (export \"x\") i32.const 1 call 0 drop)"), no_entry);
    let caught = "can catch what a counted function throws";
    refused(&with("(func try_table (catch_all 0) i32.const 1 call 0 drop end)"), caught);
    changed(
        &text,
        "local.get 0 i32.eqz",
        "block try_table (catch_all 0) end end local.get 0 i32.eqz",
        caught,
    );
    // A call that cannot come back to its function has nothing to count.
    let leaf = with("(func (param i32) (result i32) local.get 0)");
    let outside = format!("{BEFORE} call 2 {AFTER}");
    changed(
        &leaf,
        &format!("{BEFORE} call 0 {AFTER}"),
        &outside,
        "function 0 counts a call that cannot come back to it",
    );
    // A function that counts itself carries one whose calls count.
    let carries = recursive().replace("i32.sub call 0 end", "i32.sub call 2 end");
    let calls = format!("(func (param i32) (result i32) local.get 0 {BEFORE} call 2 {AFTER}");
    let carries = carries.replace(&last, &format!("{ENTRY} {calls} call 0))"));
    accepted(&carries);
    let few = |text: &str| text.replacen("local.get 1 i32.const 99", "local.get 1 i32.const 20", 1);
    let few = few(&carries).replacen("local.tee 1 i32.const 99", "local.tee 1 i32.const 20", 1);
    refused(&few, "counts 20 words and has, with what it carries,");
}

/// covers: stack-7
#[test]
fn paths_that_are_not_counted_are_limited() {
    let locals = |count: u32| format!("(local {})", "i32 ".repeat(count as usize));
    let chain = |length: u32| {
        let functions: String = (0..length)
            .map(|at| {
                format!(
                    "(func {} {})",
                    locals(9_000),
                    if at + 1 < length { format!("call {}", at + 1) } else { String::new() }
                )
            })
            .collect();
        format!("(module {functions})")
    };
    accepted(&chain(29));
    refused(&chain(30), "function 0 begins a path of calls whose functions have 270240 words");
    // A circle of tail calls has the words of its greatest function.
    let circle = format!(
        "(module (func {} return_call 1) (func {} return_call 0))",
        locals(49_000),
        locals(49_000)
    );
    accepted(&circle);
}

/// covers: stack-2, stack-6
#[test]
fn a_counted_function_carries_what_lies_between_it_and_the_next() {
    let circle = |words: u32| {
        module("local.get 0 call 1")
            .replace("i32.const 99", &format!("i32.const {words}"))
            .replacen("(func (param i32) (result i32) (local i32)\n    global.get 0 local.set", "(func (param i32) (result i32) local.get 0 call 0) (func (param i32) (result i32) (local i32)\n    global.get 0 local.set", 1)
            .replace("(export \"run\" (func 1))", "(export \"run\" (func 2))")
    };
    accepted(&circle(99));
    refused(&circle(20), "carries");
}
