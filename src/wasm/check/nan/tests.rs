//! What the rules accept and refuse, as text.

use crate::profile::{Pass, Profile};
use crate::wasm::{Canonical, Error};

const NAN: Profile =
    Profile::PORTABLE.without(Pass::RelaxedSimd).without(Pass::Stack).without(Pass::Growth);

/// A canonicalization of the f64 on top, with local `t`.
fn canon(t: u32) -> String {
    format!("local.tee {t} local.get {t} f64.ne if f64.const nan local.set {t} end local.get {t}")
}

/// The same of a vector of two lanes.
fn canon_vector(t: u32) -> String {
    format!(
        "local.tee {t} v128.const f64x2 nan nan local.get {t} local.get {t} f64x2.eq v128.bitselect"
    )
}

/// A store of the f64 on top, with locals `x` and `a`, that is mended.
fn mended(x: u32, a: u32) -> String {
    format!(
        "local.set {x} local.tee {a} local.get {x} f64.store offset=16 align=2 \
         local.get {a} i32.load offset=20 align=2 i32.const 1 i32.shl i32.const 0xffdfffff i32.gt_u \
         if local.get {a} local.get {x} f64.const nan local.get {x} local.get {x} f64.eq select \
         f64.store offset=16 align=2 end"
    )
}

/// The same of an f32.
fn mended_single(x: u32, a: u32) -> String {
    let double = mended(x, a).replace("f64", "f32").replace("offset=20", "offset=16");
    double.replace("0xffdfffff", "0xfeffffff")
}

fn check(text: &str) -> Result<(), Error> {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    Canonical::check(wasm, NAN).map(|_| ())
}

/// A function of one f64 parameter and two f64 locals that gives an f64.
fn function(code: &str) -> String {
    format!("(module (func (param f64) (result f64) (local f64 f64) {code}))")
}

fn accepted(text: &str) {
    if let Err(error) = check(text) {
        panic!("{error}: {text}");
    }
}

fn refused(text: &str, says: &str) {
    match check(text) {
        Err(error @ Error::NotPortable { pass: Pass::Nan, .. }) => {
            assert!(error.to_string().contains(says), "{error}: {text}");
        }
        other => panic!("{other:?}: {text}"),
    }
}

#[test]
fn a_fresh_nan_does_not_leave_a_function() {
    let root = "local.get 0 f64.sqrt";
    refused(&function(root), "the end of the function sees a NaN that f64.sqrt at byte 0x");
    refused(&function(&format!("{root} return")), "return sees");
    refused(&function(&format!("{root} br 0")), "br sees");
    refused(&function(&format!("{root} i32.const 1 br_if 0 drop f64.const 1")), "br_if sees");
    refused(
        &function(&format!(
            "block (result f64) {root} i32.const 0 br_table 0 1 end drop f64.const 1"
        )),
        "br_table sees",
    );
    accepted(&function(&format!("{root} {}", canon(1))));
    accepted(&function(&format!("{root} drop f64.const 1")));
    accepted(&function(&format!("{root} {} return", canon(2))));
    accepted(&function("local.get 0"));
}

#[test]
fn every_observer_is_one() {
    let with = |code: &str| {
        format!(
            "(module (func (param f64 f32 v128) {code})
             (func (param f64)) (memory 1) (global (mut f64) (f64.const 0)))"
        )
    };
    let double = "local.get 0 local.get 0 f64.mul";
    let single = "local.get 1 local.get 1 f32.div";
    let pair = "local.get 2 local.get 2 f64x2.add";
    let quad = "local.get 2 f32x4.sqrt";
    for (code, says) in [
        (format!("i32.const 0 {double} f64.store"), "f64.store sees a NaN that f64.mul"),
        (format!("i32.const 0 {single} f32.store"), "f32.store"),
        (format!("{double} i64.reinterpret_f64 drop"), "i64.reinterpret_f64"),
        (format!("{single} i32.reinterpret_f32 drop"), "i32.reinterpret_f32"),
        (format!("{double} f64.neg drop"), "f64.neg"),
        (format!("{double} f64.abs drop"), "f64.abs"),
        (format!("f64.const 1 {double} f64.copysign drop"), "f64.copysign"),
        (format!("{double} local.get 0 f64.copysign drop"), "f64.copysign"),
        (format!("{double} call 1"), "call"),
        (format!("{double} return_call 1"), "return_call"),
        (format!("{double} global.set 0"), "global.set"),
        (format!("i32.const 0 {pair} v128.store"), "v128.store sees a NaN that f64x2.add"),
        (format!("i32.const 0 {pair} v128.store64_lane 0"), "v128.store64_lane"),
        (format!("{pair} v128.not drop"), "v128.not"),
        (format!("{pair} i64x2.extract_lane 0 drop"), "i64x2.extract_lane"),
        (format!("{pair} f32x4.extract_lane 0 drop"), "f32x4.extract_lane"),
        (format!("{quad} f64x2.extract_lane 0 drop"), "f64x2.extract_lane"),
        (format!("{quad} f64x2.sqrt drop"), "f64x2.sqrt sees a NaN that f32x4.sqrt"),
        (format!("{pair} f32x4.abs drop"), "f32x4.abs"),
        (format!("{pair} f64x2.neg drop"), "f64x2.neg"),
        (format!("{pair} local.get 2 f32x4.pmin drop"), "f32x4.pmin"),
        (format!("{pair} local.get 2 f32x4.eq drop"), "f32x4.eq"),
        (format!("{pair} i32x4.trunc_sat_f32x4_s drop"), "i32x4.trunc_sat_f32x4_s"),
        (format!("{quad} f64x2.convert_low_i32x4_s drop"), "f64x2.convert_low_i32x4_s"),
        (format!("{quad} v128.any_true drop"), "v128.any_true"),
        (format!("{quad} local.get 2 i8x16.swizzle drop"), "i8x16.swizzle"),
        (format!("i32.const 0 {quad} v128.load32_lane 0 drop"), "v128.load32_lane"),
        (
            format!("{quad} local.get 2 i8x16.shuffle 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 drop"),
            "i8x16.shuffle",
        ),
        (
            format!("{pair} local.get 2 i8x16.shuffle 4 5 6 7 0 1 2 3 8 9 10 11 12 13 14 15 drop"),
            "i8x16.shuffle",
        ),
        (format!("{pair} local.get 2 local.get 2 v128.bitselect drop"), "v128.bitselect"),
        (
            format!("{pair} local.get 2 local.get 2 local.get 2 f32x4.lt v128.bitselect drop"),
            "v128.bitselect",
        ),
    ] {
        refused(&with(&code), says);
    }
    for code in [
        format!("{double} local.get 0 f64.lt drop"),
        format!("{double} i64.trunc_f64_s drop"),
        format!("{single} i32.trunc_sat_f32_u drop"),
        format!("{double} f32.demote_f64 f64.promote_f32 f64.floor drop"),
        format!("{quad} f64x2.promote_low_f32x4 f64x2.sqrt drop"),
        format!("{pair} f32x4.demote_f64x2_zero f32x4.sqrt drop"),
        format!("{pair} f64x2.extract_lane 0 f64.sqrt drop"),
        format!("{double} f64x2.splat f64x2.ceil drop"),
        format!("{pair} {double} f64x2.replace_lane 1 f64x2.ceil drop"),
        format!("{pair} local.get 2 f64x2.pmax drop"),
        format!("{pair} local.get 2 i32.const 1 select f64x2.ceil drop"),
        format!(
            "{pair} local.get 2 local.get 2 local.get 2 f64x2.lt v128.bitselect f64x2.abs drop"
        )
        .replace("f64x2.abs", "f64x2.floor"),
        format!("{pair} local.get 2 local.get 2 local.get 2 i64x2.eq v128.bitselect drop"),
        format!("{quad} local.get 2 i8x16.shuffle 4 5 6 7 0 1 2 3 8 9 10 11 12 13 14 15 drop"),
        format!("{pair} i32x4.trunc_sat_f64x2_s_zero drop"),
        "local.get 0 f64.neg drop local.get 0 f64.sqrt drop".to_owned(),
    ] {
        accepted(&with(&code));
    }
}

/// covers: nan-1
#[test]
fn each_deviation_from_a_canonicalization_is_refused() {
    let root = "local.get 0 f64.sqrt";
    accepted(&function(&format!("{root} {}", canon(1))));
    for (from, to) in [
        ("local.get 1 f64.ne", "local.get 2 f64.ne"),
        ("f64.ne", "f64.eq"),
        ("f64.const nan", "f64.const -nan"),
        ("f64.const nan", "f64.const nan:0xc000000000000"),
        ("f64.const nan", "f64.const nan:0x4000000000000"),
        ("f64.const nan", "f64.const 0"),
        ("local.set 1", "local.set 2"),
        ("f64.const nan local.set 1", "nop"),
        ("local.set 1", "drop"),
        ("if", "nop if"),
        ("end local.get 1", "end nop local.get 1"),
        ("end local.get 1", "end local.get 2 f64.sqrt"),
        ("f64.ne if", "f64.ne i32.eqz if"),
    ] {
        let changed = canon(1).replacen(from, to, 1);
        assert_ne!(changed, canon(1));
        refused(&function(&format!("{root} {changed}")), "the end of the function sees");
    }
    let vector = |code: &str| {
        format!(
            "(module (func (param v128) (result v128) (local v128 v128) local.get 0 f64x2.sqrt {code}))"
        )
    };
    accepted(&vector(&canon_vector(1)));
    for (from, to) in [
        ("f64x2.eq", "f64x2.ne"),
        ("f64x2.eq", "f32x4.eq"),
        ("f64x2 nan nan", "f64x2 nan -nan"),
        ("f64x2 nan nan", "f64x2 nan 0"),
        ("f64x2 nan nan", "f32x4 nan nan nan nan"),
        ("f64x2 nan nan", "f64x2 nan nan:0x4000000000000"),
        ("local.get 1 local.get 1", "local.get 1 local.get 2"),
        ("local.get 1 local.get 1", "local.get 2 local.get 1"),
        ("v128.bitselect", "drop drop"),
    ] {
        let changed = canon_vector(1).replacen(from, to, 1);
        assert_ne!(changed, canon_vector(1));
        refused(&vector(&changed), "sees a NaN that f64x2.sqrt");
    }
    // One shape is taken away, the other stays.
    let both = "local.get 0 f32x4.sqrt i32.const 1 select";
    let both = format!("{both} {}", canon_vector(1));
    refused(&vector(&both), "f32x4.sqrt");
}

/// covers: nan-1
#[test]
fn each_deviation_from_a_mended_store_is_refused() {
    let with = |memories: &str, code: &str| {
        format!(
            "(module {memories} (func (param f64 f32) (local f64 f64 f32 f32 i32 i32 i64) \
             {code}))"
        )
    };
    let memory = |code: &str| with("(memory 1)", code);
    let (double, single) = ("i32.const 8 local.get 0 f64.sqrt", "i32.const 8 local.get 1 f32.sqrt");
    accepted(&memory(&format!("{double} {}", mended(2, 6))));
    accepted(&memory(&format!("{single} {}", mended_single(4, 6))));
    // Alignments beyond four bytes end there, others are those of the store.
    for (store, load) in [(1, 1), (4, 4), (8, 4)] {
        let changed =
            mended(2, 6).replace("load offset=20 align=2", &format!("load offset=20 align={load}"));
        let changed = changed.replace("offset=16 align=2", &format!("offset=16 align={store}"));
        accepted(&memory(&format!("{double} {changed}")));
    }
    // The address is of the memory's type; memories have indices.
    let wide = double.replace("i32.const 8", "i64.const 8");
    accepted(&with("(memory i64 1)", &format!("{wide} {}", mended(2, 8))));
    let second = mended(2, 6).replace("offset", "1 offset");
    accepted(&with("(memory 1) (memory 1)", &format!("{double} {second}")));
    let third = second.replacen("store 1", "store 0", 1).replace("store 0 offset", "store offset");
    refused(&with("(memory 1) (memory 1)", &format!("{double} {third}")), "f64.store sees");
    let other = second.replace("load 1 offset", "load offset");
    refused(&with("(memory 1) (memory 1)", &format!("{double} {other}")), "f64.store sees");
    for (from, to) in [
        ("local.set 2 local.tee 6", "local.set 2 nop local.tee 6"),
        ("local.tee 6", "local.tee 7"),
        ("local.tee 6", "local.set 6 local.get 6"),
        ("local.get 2 f64.store", "local.get 2 nop f64.store"),
        ("local.get 6 i32.load", "local.get 7 i32.load"),
        ("i32.load offset=20", "i32.load offset=16"),
        ("i32.load offset=20", "i32.load offset=24"),
        ("i32.load offset=20 align=2", "i32.load offset=20 align=4"),
        ("i32.load offset=20 align=2", "i32.load16_u offset=20 align=2"),
        ("i32.const 1 i32.shl", "i32.const 2 i32.shl"),
        ("i32.const 1 i32.shl", "i32.const 1 i32.shr_u"),
        ("i32.const 1 i32.shl", "i32.const 0 i32.shl"),
        ("0xffdfffff", "0xffe00000"),
        ("0xffdfffff", "0xfeffffff"),
        ("i32.gt_u", "i32.gt_s"),
        ("i32.gt_u", "i32.lt_u"),
        ("if local.get 6", "if local.get 7"),
        ("local.get 2 f64.const nan", "local.get 3 f64.const nan"),
        ("f64.const nan", "f64.const -nan"),
        ("f64.const nan", "f64.const nan:0xc000000000000"),
        ("f64.const nan", "f64.const 0"),
        ("local.get 2 local.get 2 f64.eq", "local.get 3 local.get 2 f64.eq"),
        ("local.get 2 local.get 2 f64.eq", "local.get 2 local.get 3 f64.eq"),
        ("f64.eq", "f64.ne"),
        ("f64.eq", "f64.le"),
        ("select f64.store offset=16", "select f64.store offset=24"),
        ("select f64.store offset=16 align=2", "select f64.store offset=16 align=4"),
        ("select f64.store", "select nop f64.store"),
        ("end", "nop end"),
        ("end", "else nop end"),
    ] {
        let changed = mended(2, 6).replacen(from, to, 1);
        assert_ne!(changed, mended(2, 6), "{from}");
        refused(&memory(&format!("{double} {changed}")), "f64.store sees a NaN that f64.sqrt");
    }
    for (from, to) in [
        ("i32.load offset=16", "i32.load offset=20"),
        ("0xfeffffff", "0xff000000"),
        ("0xfeffffff", "0xffdfffff"),
        ("f32.const nan", "f32.const -nan"),
    ] {
        let changed = mended_single(4, 6).replacen(from, to, 1);
        assert_ne!(changed, mended_single(4, 6), "{from}");
        refused(&memory(&format!("{single} {changed}")), "f32.store sees a NaN that f32.sqrt");
    }
    // The store alone is clean: its local is as fresh as what it was given, and a branch to what
    // follows does not come by here.
    let bits = "i64.reinterpret_f64 drop";
    let after = format!("{double} {} local.get 2 {bits}", mended(2, 6));
    refused(&memory(&after), "i64.reinterpret_f64 sees a NaN that f64.sqrt");
    let ended = format!("block {double} {} end local.get 2 {bits}", mended(2, 6));
    refused(&memory(&ended), "i64.reinterpret_f64 sees a NaN that f64.sqrt");
    let again = format!("{double} {} f64.const 1 local.set 2 local.get 2 {bits}", mended(2, 6));
    accepted(&memory(&again));
    let clean = format!("i32.const 8 f64.const 1 {} local.get 0 f64.sqrt drop", mended(2, 6));
    accepted(&memory(&format!("{clean} local.get 2 {bits}")));
    accepted(&memory(&format!("loop {double} {} i32.const 1 br_if 0 end", mended(2, 6))));
}

/// covers: nan-2
#[test]
fn locals_hold_what_the_last_assignment_put_in() {
    let root = "local.get 0 f64.sqrt";
    let clean = format!("{root} {}", canon(2));
    // The assignment before, in a block that has not ended.
    accepted(&function(&format!("{clean} local.set 1 local.get 1")));
    accepted(&function(&format!("{root} local.set 1 {clean} local.set 1 local.get 1")));
    refused(&function(&format!("{root} local.set 1 local.get 1")), "sees");
    accepted(&function(&format!(
        "{root} local.set 1 f64.const 2 local.set 1 block local.get 1 br 1 end f64.const 0"
    )));
    // In a block that has ended: fresh if any assignment is.
    refused(
        &function(&format!("{root} local.set 1 block f64.const 1 local.set 1 end local.get 1")),
        "sees",
    );
    accepted(&function("block f64.const 1 local.set 1 end local.get 0 f64.sqrt drop local.get 1"));
    // In the other arm.
    let arms = format!("i32.const 1 if {root} local.set 1 else local.get 1 br 1 end f64.const 0");
    refused(&function(&arms), "br sees");
    let arms = format!(
        "i32.const 1 if f64.const 0 local.set 1 else local.get 1 br 1 end {root} drop f64.const 0"
    );
    accepted(&function(&arms));
    // At the beginning, and before any assignment in the text.
    accepted(&function(&format!("local.get 1 {root} local.set 1")));
    // What cannot be reached does not count.
    accepted(&function(&format!(
        "{root} drop loop (result f64) local.get 1 br 1 {root} local.set 1 end"
    )));
}

#[test]
fn loops_forget_what_they_assign() {
    let root = "local.get 0 f64.sqrt";
    let again = "i32.const 1 br_if 0";
    refused(
        &function(&format!(
            "loop i32.const 0 local.get 1 f64.store {root} local.set 1 {again} end f64.const 0"
        ))
        .replace("(module", "(module (memory 1)"),
        "f64.store sees",
    );
    // A loop that does not assign it forgets nothing.
    accepted(&function(&format!(
        "{root} {} local.set 1 loop local.get 1 br 1 end {root} local.set 2 f64.const 0",
        canon(2)
    )));
    // An inner loop that does, forgets; once it has ended, its assignments count by the class.
    let inner = format!(
        "f64.const 1 local.set 1 loop loop {root} local.set 1 {again} end local.get 1 br 1 end f64.const 0"
    );
    refused(&function(&inner), "br sees");
    // Assigned again after the loop began, before the use.
    accepted(&function(&format!(
        "loop f64.const 1 local.set 1 local.get 1 br 1 {again} end f64.const 0 {root} local.set 1"
    )));
}

#[test]
fn labels_join_what_reaches_them() {
    let root = "local.get 0 f64.sqrt";
    let ends = "the end of the function sees a NaN that f64.sqrt";
    let clean = format!("{root} {}", canon(2));
    let both = |one: &str, other: &str| {
        function(&format!("i32.const 0 if (result f64) {one} else {other} end"))
    };
    accepted(&both(&clean, "f64.const 1"));
    refused(&both(root, "f64.const 1"), ends);
    refused(&both("f64.const 1", root), ends);
    refused(&both("f64.const 1", &format!("{root} br 0")), ends);
    // An arm that does not end there does not count.
    accepted(&both("f64.const 1", &format!("{root} drop unreachable")));
    let block = |code: &str| function(&format!("block (result f64) {code} end"));
    refused(&block(&format!("{root} i32.const 0 br_if 0 drop f64.const 1")), ends);
    refused(&block(&format!("{root} i32.const 0 br_table 0 0")), ends);
    refused(&block(&format!("block (result f64) {root} br 1 end drop f64.const 1")), ends);
    accepted(&block(&format!("{root} drop f64.const 1 br 0 {root}")));
    // Parameters of an `if` without another arm leave as they entered.
    let through = "(type (func (param f64) (result f64)))";
    let module = |code: &str| format!("(module {through} (func (type 0) (local f64 f64) {code}))");
    refused(&module(&format!("{root} i32.const 0 if (type 0) drop f64.const 1 end")), ends);
    refused(&module(&format!("{root} block (type 0) end")), ends);
    let enters = "the entry into a loop sees a NaN that f64.sqrt";
    refused(&module(&format!("{root} loop (type 0) end")), enters);
    refused(&module("f64.const 1 loop (type 0) f64.sqrt br 0 end"), "br sees");
    accepted(&module(&format!("{clean} loop (type 0) end")));
}

/// Least, not greatest: locals that are only given to each other are clean.
#[test]
fn locals_that_go_round_in_circles_are_settled() {
    let again = "i32.const 1 br_if 0";
    let swap = format!("loop local.get 1 local.get 2 local.set 1 local.set 2 {again} end");
    accepted(&function(&format!("local.get 0 f64.sqrt drop {swap} local.get 1")));
    let fed = format!("{swap} block local.get 0 f64.sqrt local.set 2 end local.get 1");
    refused(&function(&fed), "the end of the function sees a NaN that f64.sqrt at byte 0x");
    // A vector is fresh in one shape and not in the other.
    let vector = |code: &str| {
        format!(
            "(module (func (param v128) (local v128) block local.get 0 f64x2.sqrt local.set 1 end local.get 1 {code} drop))"
        )
    };
    accepted(&vector("f64x2.extract_lane 0"));
    refused(&vector("f32x4.extract_lane 0"), "f32x4.extract_lane sees a NaN that f64x2.sqrt");
}

/// The code of a function of one f64 parameter, from its locals on.
fn built(locals: u32, code: impl FnOnce(&mut wasm_encoder::InstructionSink<'_>)) -> Vec<u8> {
    use wasm_encoder::{CodeSection, Function, FunctionSection, Module, TypeSection, ValType};
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    types.ty().function([ValType::F64], []);
    functions.function(0);
    let mut function = Function::new([(locals, ValType::F64)]);
    code(&mut function.instructions());
    let mut bodies = CodeSection::new();
    bodies.function(&function);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&bodies);
    module.finish()
}

/// Quadratic time would take minutes here.
#[test]
fn depth_and_breadth_cost_linear_time() {
    use wasm_encoder::BlockType;
    const DEEP: u32 = 100_000;
    let nested = built(1, |code| {
        (0..DEEP).for_each(|_| {
            code.block(BlockType::Empty);
        });
        (0..DEEP).for_each(|depth| {
            code.local_get(0).f64_sqrt().local_tee(1).drop().local_get(1).drop();
            code.i32_const(1).br_if(depth % (DEEP - depth)).end();
        });
        code.end();
    });
    Canonical::check(nested, NAN).unwrap();
    let loops = built(49_000, |code| {
        (0..DEEP).for_each(|_| {
            code.loop_(BlockType::Empty);
        });
        (0..DEEP).for_each(|at| {
            let local = 1 + at % 49_000;
            code.local_get(local).f64_sqrt().local_set(1 + (at + 1) % 49_000).end();
        });
        code.end();
    });
    Canonical::check(loops, NAN).unwrap();
    // What the first local gets is known last.
    let chain = built(49_000, |code| {
        code.loop_(BlockType::Empty);
        (1..49_000).for_each(|local| {
            code.local_get(local + 1).local_set(local);
        });
        code.local_get(0).f64_sqrt().local_set(49_000).i32_const(1).br_if(0).end();
        code.local_get(1).i64_reinterpret_f64().drop().end();
    });
    let error = Canonical::check(chain, NAN).unwrap_err().to_string();
    assert!(error.contains("i64.reinterpret_f64 sees a NaN that f64.sqrt"), "{error}");
    let tables = built(1, |code| {
        (0..1_000).for_each(|_| {
            code.block(BlockType::Empty);
        });
        (0..1_000).for_each(|at| {
            let labels: Vec<u32> = (0..1_000 - at).collect();
            code.local_get(0).f64_sqrt().local_set(1).i32_const(0).br_table(labels, 0).end();
        });
        code.end();
    });
    Canonical::check(tables, NAN).unwrap();
}
