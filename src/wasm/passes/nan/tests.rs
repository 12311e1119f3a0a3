//! After which operators canonicalizations go.

use super::super::super::layout::Layout;
use super::plan::plan;
use super::steps::Steps;
use super::value::Shape;

/// The operators, by their text without arguments, after which the last function of the module
/// gets a canonicalization.
fn after(function: &str) -> Vec<String> {
    let wat = format!(
        "(module (memory 1) (global $g (mut f64) (f64.const 0)) (func $f64 (param f64)) (func $f32 (result f32) f32.const 0)
        {function})"
    );
    let wasm = wat::parse_str(&wat).unwrap_or_else(|error| panic!("{wat}: {error}"));
    wasmparser::validate(&wasm).unwrap();
    let layout = Layout::of(&wasm).unwrap();
    let (body, ty) = (layout.bodies.last().unwrap(), *layout.functions.last().unwrap());
    let steps = Steps::of(&layout, body, ty).unwrap();
    let planned = plan(&steps);
    let mut reader = body.get_operators_reader().unwrap();
    let mut found = Vec::new();
    while !reader.eof() {
        let operator = format!("{:?}", reader.read().unwrap());
        let at = reader.original_position();
        let name = operator.split([' ', '{']).next().unwrap_or_default().to_owned();
        found.extend(planned.iter().filter(|c| c.at == at).map(|_| name.clone()));
    }
    assert_eq!(found.len(), planned.len());
    found
}

#[test]
fn arithmetic_alone_costs_nothing() {
    assert!(after("(func (param f64) (drop (f64.add (local.get 0) (f64.const 1))))").is_empty());
    // mandelbrot-like: floats circle through locals, only comparisons see them
    assert_eq!(
        after(
            "(func (param f64) (result i32) (local f64 f64 i32)
              (loop $l (local.set 1 (f64.add (f64.mul (local.get 1) (local.get 2)) (local.get 0)))
                (local.set 2 (f64.sub (local.get 2) (local.get 1)))
                (br_if $l (f64.lt (local.get 2) (f64.const 4))))
              (i32.trunc_sat_f64_s (local.get 1)))"
        ),
        [""; 0]
    );
}

#[test]
fn what_sees_bits_gets_a_clean_value() {
    let sqrt = "(f64.sqrt (local.get 0))";
    for (function, expected) in [
        (format!("(func (param f64) (result f64) {sqrt})"), "F64Sqrt"),
        (format!("(func (param f64) (f64.store (i32.const 0) {sqrt}))"), "F64Sqrt"),
        (format!("(func (param f64) (call $f64 {sqrt}))"), "F64Sqrt"),
        (format!("(func (param f64) (global.set $g {sqrt}))"), "F64Sqrt"),
        (format!("(func (param f64) (drop (f64.neg {sqrt})))"), "F64Sqrt"),
        (format!("(func (param f64) (drop (i64.reinterpret_f64 {sqrt})))"), "F64Sqrt"),
        (format!("(func (param f64) (result f64) (return {sqrt}))"), "F64Sqrt"),
        (format!("(func (param f64) (result f64) (br 0 {sqrt}))"), "F64Sqrt"),
        (
            "(func (param f64) (result f32) (f32.demote_f64 (f64.promote_f32 (call $f32))))".into(),
            "F32DemoteF64",
        ),
        (format!("(func (param f64) (result f64) (block (result f64) {sqrt}))"), "End"),
        (
            format!(
                "(func (param f64) (result f64) (local f64) (local.set 1 {sqrt}) (local.get 1))"
            ),
            "LocalGet",
        ),
        (format!("(func (param f64) (result f64) (select {sqrt} {sqrt} (i32.const 1)))"), "Select"),
    ] {
        assert_eq!(after(&function), [expected], "{function}");
    }
}

/// covers: nan-3
#[test]
fn values_that_may_matter_are_not_touched() {
    // A loaded value and a fresh one meet: the fresh one is canonicalized before.
    for meeting in [
        "(select (f64.load (i32.const 0)) (f64.sqrt (local.get 0)) (i32.const 1))",
        "(if (result f64) (i32.const 1) (then (f64.load (i32.const 0))) (else (f64.sqrt (local.get 0))))",
        "(block (result f64) (drop (br_if 0 (f64.load (i32.const 0)) (i32.const 1))) (f64.sqrt (local.get 0)))",
    ] {
        let function = format!("(func (param f64) (f64.store (i32.const 8) {meeting}))");
        assert_eq!(after(&function), ["F64Sqrt"], "{function}");
    }
    let local = "(func (param f64) (local f64)
        (if (i32.const 1) (then (local.set 1 (f64.load (i32.const 0))))
                          (else (local.set 1 (f64.sqrt (local.get 0)))))
        (f64.store (i32.const 8) (local.get 1)))";
    assert_eq!(after(local), ["F64Sqrt"]);
    // A loop's parameter is fresh on the way in, and a payload comes the other way round.
    let parameter = "(func (param f64) (result f64) (local i32) (f64.sqrt (local.get 0))
        (loop (param f64) (result f64) (local.set 0) (f64.load (i32.const 0))
          (br_if 0 (local.get 1)) (drop) (local.get 0)))";
    assert_eq!(after(parameter), ["F64Sqrt"]);
    // The parameter's own bits go out in the first round, fresh ones in the second.
    let carried = "(func (param f64)
        (loop $l (f64.store (i32.const 0) (local.get 0))
          (local.set 0 (f64.sqrt (local.get 0))) (br $l)))";
    assert_eq!(after(carried), ["F64Sqrt"]);
    // A NaN constant with a payload is raw, the canonical one and numbers are not.
    let constant = |value| {
        format!(
            "(func (param f64) (f64.store (i32.const 8) (select (f64.const {value}) (f64.sqrt (local.get 0)) (i32.const 1))))"
        )
    };
    assert_eq!(after(&constant("nan:0x4")), ["F64Sqrt"]);
    assert_eq!(after(&constant("-nan")), ["F64Sqrt"]);
    assert_eq!(after(&constant("nan")), ["Select"]);
    assert_eq!(after(&constant("1")), ["Select"]);
}

#[test]
fn a_straight_assignment_is_what_a_local_holds() {
    // Local 1 is fresh somewhere, but not where it is stored.
    let reused = "(func (param f64) (local f64)
        (local.set 1 (f64.load (i32.const 0)))
        (f64.store (i32.const 8) (local.get 1))
        (local.set 1 (f64.sqrt (local.get 0)))
        (drop (f64.lt (local.get 1) (f64.const 0))))";
    assert!(after(reused).is_empty());
    // In a loop that assigns it later, it may come from there.
    let looped = "(func (param f64) (local f64)
        (local.set 1 (f64.load (i32.const 0)))
        (loop $l
          (f64.store (i32.const 8) (local.get 1))
          (local.set 1 (f64.sqrt (local.get 0)))
          (br_if $l (i32.const 1))))";
    assert_eq!(after(looped), ["F64Sqrt"]);
}

#[test]
fn seldom_written_locals_are_kept_clean() {
    let hot = "(func (param f64) (local f64)
        (local.set 1 (f64.sqrt (local.get 0)))
        (loop $l (f64.store (i32.const 8) (local.get 1)) (br_if $l (i32.const 1))))";
    assert_eq!(after(hot), ["F64Sqrt"]);
}

#[test]
fn lanes_are_moves_and_their_bytes_are_not() {
    let add = "(f32x4.add (local.get 0) (local.get 0))";
    let store = |value: &str| format!("(func (param v128) (v128.store (i32.const 0) {value}))");
    for (value, expected) in [
        (add.to_owned(), vec!["F32x4Add"]),
        (
            format!("(i8x16.shuffle 4 5 6 7 0 1 2 3 16 17 18 19 28 29 30 31 {add} {add})"),
            vec!["I8x16Shuffle"],
        ),
        (
            format!("(i8x16.shuffle 1 5 6 7 0 1 2 3 16 17 18 19 28 29 30 31 {add} {add})"),
            vec!["F32x4Add"; 2],
        ),
        (format!("(v128.bitselect {add} {add} (f32x4.lt {add} {add}))"), vec!["V128Bitselect"]),
        (
            format!("(v128.bitselect {add} {add} (f64x2.lt (local.get 0) (local.get 0)))"),
            vec!["F32x4Add"; 2],
        ),
        (format!("(v128.and {add} (local.get 0))"), vec!["F32x4Add"]),
        (format!("(f64x2.add {add} (local.get 0))"), vec!["F32x4Add", "F64x2Add"]),
        (format!("(f32x4.pmin {add} (local.get 0))"), vec!["F32x4Add"]),
        (
            format!("(f32x4.replace_lane 1 (local.get 0) (f32x4.extract_lane 2 {add}))"),
            vec!["F32x4ExtractLane"],
        ),
        (format!("(f32x4.splat (f32x4.extract_lane 2 {add}))"), vec!["F32x4Splat"]),
    ] {
        assert_eq!(after(&store(&value)), expected, "{value}");
    }
}

#[test]
fn lanes_of_64_bits_are_no_lanes_of_32() {
    let store = |value: &str| format!("(func (param v128) (v128.store (i32.const 0) {value}))");
    // Halves of floats of 64 bits can look like NaNs of 32 bits with payloads.
    for wide in [
        "(f64x2.convert_low_i32x4_u (local.get 0))",
        "(f64x2.splat (f64.const 1.1))",
        "(f64x2.replace_lane 0 (f32x4.splat (f32.const 0)) (f64.const 1.1))",
    ] {
        let meeting = format!("(select (f32x4.sqrt (local.get 0)) {wide} (i32.const 0))");
        assert_eq!(after(&store(&meeting)), ["F32x4Sqrt"], "{wide}");
        let lane = format!(
            "(f32.store (i32.const 0) (select (f32.sqrt (f32.const 2)) \
             (f32x4.extract_lane 0 {wide}) (i32.const 0)))"
        );
        assert_eq!(after(&format!("(func (param v128) {lane})")), ["F32Sqrt"], "{wide}");
    }
    // Bytes of clean lanes are any bits; whole lanes of 32 bits stay what they are.
    let shuffled = |lanes| {
        format!(
            "(select (f32x4.sqrt (local.get 0)) \
             (i8x16.shuffle {lanes} (f32x4.splat (f32.const 1)) (f32x4.splat (f32.const 2))) (i32.const 0))"
        )
    };
    let torn = shuffled("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16");
    assert_eq!(after(&store(&torn)), ["F32x4Sqrt"]);
    let whole = shuffled("4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19");
    assert_eq!(after(&store(&whole)), ["Select"]);
}

#[test]
fn code_that_cannot_be_reached_is_left_alone() {
    let found = after(
        "(func (param f64) (result f64)
          local.get 0 return
          f64.sqrt drop
          block (result f64) unreachable f64.add end f64.sqrt
          i32.const 0 if (result f64) f64.const 0 f64.sqrt else f64.const 0 f64.sqrt end
          f64.add)",
    );
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_is_canonicalized_already_is_left_alone() {
    for (ty, operator) in
        [("f32", "f32.sqrt"), ("f64", "f64.sqrt"), ("v128", "f32x4.sqrt"), ("v128", "f64x2.sqrt")]
    {
        let wat = format!(
            "(module (memory 1) (func (param {ty}) ({ty}.store (i32.const 0) ({operator} (local.get 0)))))"
        );
        let wasm = wat::parse_str(wat).unwrap();
        let layout = Layout::of(&wasm).unwrap();
        let edit = super::edit(&layout).unwrap();
        assert_eq!(edit.bodies[0].splices.len(), 1);
        let once = super::super::super::edit::apply(&layout, &edit).unwrap().bytes;
        wasmparser::validate(&once).unwrap();
        assert!(super::edit(&Layout::of(&once).unwrap()).unwrap().is_empty());
    }
}

/// The text of `fields`, a module's, after the pass.
fn rewritten(fields: &str) -> String {
    let wasm = wat::parse_str(format!("(module {fields})")).unwrap();
    let layout = Layout::of(&wasm).unwrap();
    let edit = super::edit(&layout).unwrap();
    let once = super::super::super::edit::apply(&layout, &edit).unwrap().bytes;
    wasmparser::validate(&once).unwrap();
    assert!(super::edit(&Layout::of(&once).unwrap()).unwrap().is_empty(), "{fields}");
    wasmprinter::print_bytes(&once).unwrap()
}

#[test]
fn stores_in_loops_are_mended() {
    let mended = |fields: &str| rewritten(fields).matches("i32.gt_u").count();
    let looped = |store: &str| {
        format!("(func (param i32 f32 f64 v128 i64) (loop $l {store} (br_if $l (local.get 0))))")
    };
    let own = |store: &str| format!("(memory 1) {}", looped(store));
    let double = "(f64.store offset=8 (local.get 0) (f64.sqrt (local.get 2)))";
    let single = "(f32.store (local.get 0) (f32.sqrt (local.get 1)))";
    assert_eq!(mended(&own(double)), 1);
    assert_eq!(mended(&own(single)), 1);
    assert_eq!(mended(&own(&format!("{double} {single} {double}"))), 3);
    // What the locals are for, they are for all of them: one for each type.
    let locals = rewritten(&own(&format!("{double} {single} {double} {single}")));
    assert!(locals.contains("(local f64 i32 f32)"), "{locals}");
    let wide = looped("(f64.store (local.get 4) (f64.sqrt (local.get 2)))");
    assert_eq!(mended(&format!("(memory i64 1) {wide}")), 1);
    let second = looped("(f64.store 1 (local.get 0) (f64.sqrt (local.get 2)))");
    assert_eq!(mended(&format!("(memory i64 1) (memory 1) {second}")), 1);
    // All else is canonicalized before.
    let once = "(memory 1) (func (param i32 f32 f64)";
    assert_eq!(mended(&format!("{once} {double})")), 0);
    let tee = "(f64.store (local.get 0) (local.tee 2 (f64.sqrt (local.get 2))))";
    assert_eq!(mended(&own(tee)), 0);
    let imported = "(import \"m\" \"m\" (memory 1))";
    assert_eq!(mended(&format!("{imported} {}", looped(double))), 0);
    assert_eq!(mended(&own("(v128.store (local.get 0) (f64x2.sqrt (local.get 3)))")), 0);
    let far = double.replace("offset=8", "offset=0xfffffffc");
    assert_eq!(mended(&own(&far)), 0);
    assert_eq!(mended(&own(&double.replace("offset=8", "offset=0xfffffffb"))), 1);
    let far = single.replace("f32.store", "f32.store offset=0xffffffff");
    assert_eq!(mended(&own(&far)), 1);
    // A payload that was loaded stays as it is.
    assert_eq!(
        mended(&own(
            "(f64.store (local.get 0) (select (f64.sqrt (local.get 2)) (f64.load (local.get 0)) (local.get 0)))"
        )),
        0
    );
}

#[test]
fn lanes_are_canonicalized_in_the_type_they_come_in() {
    let vector = "(f32x4.sqrt (local.get 0))";
    for (function, shape) in [
        (format!("(func (param v128) (result f32) (f32x4.extract_lane 0 {vector}))"), Shape::F32),
        (
            "(func (param f64) (result v128) (f64x2.splat (f64.sqrt (local.get 0))))".to_owned(),
            Shape::F64x2,
        ),
    ] {
        let wasm = wat::parse_str(format!("(module {function})")).unwrap();
        let layout = Layout::of(&wasm).unwrap();
        let steps = Steps::of(&layout, &layout.bodies[0], layout.functions[0]).unwrap();
        let shapes: Vec<_> = plan(&steps).iter().map(|c| c.shape).collect();
        assert_eq!(shapes, [shape], "{function}");
    }
}

/// covers: nan-4
#[test]
fn functions_without_producers_stay_as_they_are() {
    let wasm = wat::parse_str(
        "(module (memory 1)
          (func (param f64) (f64.store (i32.const 0) (f64.neg (local.get 0))))
          (func (param f64) (f64.store (i32.const 0) (f64.ceil (local.get 0))))
          (func (param v128) (v128.store (i32.const 0) (f32x4.abs (local.get 0)))))",
    );
    let wasm = wasm.unwrap();
    let edit = super::edit(&Layout::of(&wasm).unwrap()).unwrap();
    let changed: Vec<bool> = edit.bodies.iter().map(|body| !body.is_empty()).collect();
    assert_eq!(changed, [false, true, false]);
}

/// covers: nan-5
#[test]
fn relaxed_operators_are_refused_by_writer_and_checker() {
    use crate::profile::{Pass, Profile};
    use crate::wasm::{Canonical, Error, Module, SourceNote};
    let wasm = wat::parse_str(
        "(module (func (param v128) (drop
          (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0)))))",
    );
    let wasm = wasm.unwrap();
    let nan = Profile::PORTABLE.without(Pass::RelaxedSimd);
    let module = Module::parse(wasm.clone()).unwrap();
    let built = Canonical::build(&module, nan, &SourceNote::of("m"));
    let checked = Canonical::check(wasm, nan);
    for error in [built.unwrap_err(), checked.unwrap_err()] {
        assert!(matches!(error, Error::NotPortable { pass: Pass::Nan, .. }), "{error}");
    }
}
