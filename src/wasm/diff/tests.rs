//! Pairs of modules that differ in one way.

use super::*;

fn compare(a: &str, b: &str) -> Difference {
    let module = |text: &str| Module::parse(wat::parse_str(text).unwrap()).unwrap();
    let (a, b) = (module(a), module(b));
    let back = diff((&b, None), (&a, None)).unwrap();
    let there = diff((&a, None), (&b, None)).unwrap();
    assert_eq!(there.what, back.what, "both ways");
    assert_eq!(there.functions.differ, back.functions.differ, "both ways");
    there
}

/// A module of three functions that call one another, with texts.
const BASE: &str = r#"(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "log" (func $log (param i32 i32)))
  (memory (export "memory") 2)
  (global $sp (mut i32) (i32.const 66560))
  (func $one (export "one") (param i32) (result i32)
    local.get 0 i32.const 7 i32.mul i32.const 1 i32.add)
  (func $two (param i32) local.get 0 call $one call $exit)
  (func $three (export "_start")
    i32.const 1024 i32.const 12 call $log
    i32.const 1040 i32.const 8 call $log
    i32.const 4 i32.load offset=1048 call $two
    i32.const 1060 i32.const 5 call $log)
  (data (i32.const 1024) "first text:\00....second..\00\00\00\00\01\02\03\04tail text.......end of the data, really"))"#;

#[test]
fn the_same_is_the_same() {
    let found = compare(BASE, BASE);
    assert_eq!(found.what, Sameness::Same);
    assert!(found.causes.is_empty() && found.items.is_empty() && found.customs.is_empty());
    assert_eq!((found.functions.a, found.functions.differ, found.functions.moved), (3, 0, 0));
}

/// Found by the fuzzer: of two imports with one name, the last was taken for both.
#[test]
fn imports_of_one_name_are_told_apart_by_their_order() {
    let text = |first: &str, second: &str| {
        format!(
            r#"(module (import "" "" (global $a {first})) (import "" "" (global $b {second}))
                 (import "" "" (func $f (param {first}))) (import "" "" (func $g (param {second})))
                 (func (export "run") global.get $a call $f global.get $b call $g))"#
        )
    };
    let found = compare(&text("i64", "i32"), &text("i64", "i32"));
    assert_eq!(found.what, Sameness::Same);
    assert!(found.items.is_empty());
    // Which of two is used makes a difference, and so does where a name ends.
    for [a, b] in [["", ""], ["a b", "c"]].map(|[module, name]| {
        let text = |first: &str, second: &str| {
            format!(
                r#"(module (import "{module}" "{name}" (global $a i32)) (import "a" "b c" (global $b i32))
                     (import "{module}" "{name}" (global $c i32))
                     (func (export "run") (result i32 i32) global.get ${first} global.get ${second}))"#
            )
        };
        [text("a", "c"), text("c", "a")]
    }) {
        assert_eq!(compare(&a, &a).what, Sameness::Same);
        assert_eq!(compare(&a, &b).what, Sameness::Code);
    }
}

#[test]
fn one_function_that_differs_is_shown() {
    let found = compare(BASE, &BASE.replace("i32.const 7 i32.mul", "i32.const 9 i32.mul"));
    assert_eq!(found.what, Sameness::Code);
    assert_eq!((found.functions.differ, found.functions.moved), (1, 0));
    let function = &found.functions.shown[0];
    assert_eq!(function.name, "one");
    let hunk: Vec<&str> = function.hunk.iter().map(String::as_str).collect();
    assert_eq!(
        hunk,
        [
            "  (func (param i32) (result i32))",
            "  local.get 0",
            "- i32.const 7",
            "+ i32.const 9",
            "  i32.mul",
            "  i32.const 1",
            "  i32.add"
        ]
    );
    assert_eq!(function.looks, Some(Look::Number));
    assert!(function.offset_a > 0 && found.data.ranges.is_empty());
}

#[test]
fn what_was_put_in_is_shown_alone() {
    let found = compare(BASE, &BASE.replace("i32.mul", "i32.mul i32.const 3 i32.xor"));
    let hunk = &found.functions.shown[0].hunk;
    let changed: Vec<_> = hunk.iter().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(changed, ["+ i32.const 3", "+ i32.xor"], "{hunk:?}");
}

#[test]
fn functions_in_another_order_are_the_same_code() {
    let two = "(func $two (param i32) local.get 0 call $one call $exit)";
    let moved = BASE.replace(two, "").replace("(data", &format!("{two} (data"));
    let found = compare(BASE, &moved);
    assert_eq!(found.what, Sameness::Order, "{found:?}");
    assert!(found.functions.reordered);
    assert_eq!(found.causes[0].cause, CauseKind::Order);
    assert_eq!(found.functions.differ + found.functions.only_a + found.functions.only_b, 0);
}

/// A function of A has the constant that another one has in B: a guess that is wrong, and no order.
#[test]
fn constants_that_look_swapped_are_no_other_order() {
    let of = |one: u32, two: u32| {
        format!(
            "(module (func (export \"_start\") call 1 drop call 2 drop)
              (func (result i32) i32.const 7 i32.const {one} i32.mul)
              (func (result i32) i32.const 7 i32.const {two} i32.mul))"
        )
    };
    let found = compare(&of(11, 12), &of(12, 13));
    assert_eq!(found.what, Sameness::Code);
    assert!(!found.functions.reordered && found.causes.is_empty(), "{found:?}");
}

#[test]
fn functions_come_and_go() {
    let more = BASE.replace("(data", "(func $four (export \"four\") call $three) (data");
    let found = compare(BASE, &more);
    assert_eq!(found.what, Sameness::Code);
    assert_eq!((found.functions.only_a, found.functions.only_b, found.functions.differ), (0, 1, 0));
    assert_eq!(found.functions.shown_b, ["four"]);
    let export = &found.items.shown[0];
    assert_eq!((export.kind, &*export.name, &export.a), ("export", "four", &None));
}

#[test]
fn a_text_that_grows_moves_what_follows() {
    let grown = BASE
        .replace("second..", "the second text")
        .replace("i32.const 8 call", "i32.const 15 call")
        .replace("offset=1048", "offset=1055")
        .replace("i32.const 1060", "i32.const 1067");
    let found = compare(BASE, &grown);
    assert_eq!(found.what, Sameness::Data, "{found:#?}");
    assert_eq!((found.functions.differ, found.functions.moved), (0, 1));
    assert_eq!(found.data.moved, [7]);
    assert_eq!(found.data.ranges.len(), 1, "{:#?}", found.data);
    assert_eq!(found.data.ranges[0].looks, Look::Text);
    let wrong = grown.replace("i32.const 15 call", "i32.const 16 call");
    let found = compare(BASE, &wrong);
    assert_eq!((found.what, found.functions.differ), (Sameness::Code, 1));
}

#[test]
fn an_address_that_moves_alone_is_a_constant_that_changed() {
    let found = compare(BASE, &BASE.replace("i32.const 1060", "i32.const 1070"));
    assert_eq!((found.what, found.functions.differ), (Sameness::Code, 1));
}

#[test]
fn paths_times_and_versions_are_recognised_and_cured() {
    let with = |text: &str| BASE.replace("end of the data, really", text);
    for (a, b, look, cause, cure) in [
        (
            "/home/alice/x.rs\\00",
            "/home/bobby/x.rs\\00",
            Look::Path,
            CauseKind::Paths,
            "--remap-path-prefix",
        ),
        (
            "\\00Nov 25 2026\\00",
            "\\00Nov 26 2026\\00",
            Look::Time,
            CauseKind::Times,
            "SOURCE_DATE_EPOCH",
        ),
        ("v 17.0.1\\00", "v 18.1.2\\00", Look::Version, CauseKind::Compiler, "pin the toolchain"),
        (
            "\\00\\d1\\8f\\22\\9c\\01\\e7\\b0\\5a\\44\\93\\77\\08",
            "\\00\\2d\\f8\\12\\c9\\91\\7e\\0b\\a5\\45\\39\\70\\80",
            Look::Random,
            CauseKind::Seed,
            "-frandom-seed",
        ),
    ] {
        let found = compare(&with(a), &with(b));
        assert_eq!(found.what, Sameness::Data, "{a}");
        assert_eq!(found.data.ranges[0].looks, look, "{a} {:?}", found.data.ranges);
        assert_eq!(found.causes[0].cause, cause, "{a}");
        assert!(found.causes[0].cure.contains(cure), "{a}: {}", found.causes[0].cure);
        assert_eq!(found.functions.differ + found.functions.moved, 0);
    }
}

#[test]
fn pointers_in_data_move_with_what_they_point_to() {
    let module = |text: &str, pointer: &str, at: u32| {
        format!(
            r#"(module (memory 1) (func (export "f") (result i32) i32.const {at} i32.load)
              (data (i32.const 1024) "{pointer}{text}what it points to"))"#
        )
    };
    let a = module("text", "\\08\\04\\00\\00", 1032);
    let b = module("longtext", "\\0c\\04\\00\\00", 1036);
    let found = compare(&a, &b);
    assert_eq!(found.what, Sameness::Data);
    assert_eq!((found.functions.differ, found.functions.moved), (0, 1), "{found:#?}");
    assert_eq!(found.data.pointers, 1, "{:#?}", found.data);
    assert_eq!(found.data.ranges.len(), 1);
}

#[test]
fn padding_that_follows_a_text_is_no_difference() {
    let module = |text: &str, padding: &str, at: u32| {
        format!(
            r#"(module (memory 1) (func (export "f") i32.const {at} i32.load drop i32.const 1064 i32.load drop)
              (data (i32.const 1024) "{text}\00behind it\00{padding}aligned to eight bytes"))"#
        )
    };
    let a = module("a text of 26 chars, ending", &"\\00".repeat(3), 1051);
    let b = module("a text of 28 characters, end", "\\00", 1053);
    let found = compare(&a, &b);
    assert_eq!(found.what, Sameness::Data, "{found:#?}");
    assert_eq!((found.functions.differ, found.functions.moved), (0, 1));
    assert_eq!(found.data.moved, [2]);
    assert!(found.data.ranges.iter().all(|range| range.looks == Look::Text), "{:#?}", found.data);
}

#[test]
fn how_locals_are_grouped_is_encoding() {
    let module = |groups: &[u8]| {
        let mut bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0".to_vec();
        let body = [groups, &[0x0b]].concat();
        let length = u8::try_from(body.len()).unwrap();
        bytes.extend([0x0a, length + 2, 1, length]);
        bytes.extend(body);
        Module::parse(bytes).unwrap()
    };
    let (a, b) = (module(&[1, 3, 0x7f]), module(&[3, 1, 0x7f, 0, 0x7e, 2, 0x7f]));
    assert_eq!(diff((&a, None), (&b, None)).unwrap().what, Sameness::Encoding);
}

#[test]
fn numbers_in_the_table_are_what_they_call() {
    let module = |first: &str, second: &str, one: u32| {
        format!(
            r#"(module (type $t (func)) (table 3 funcref) (elem (i32.const 1) func {first} {second})
              (func $a (export "a")) (func $b (export "b") nop)
              (func (export "f") i32.const {one} call_indirect (type $t)))"#
        )
    };
    let found = compare(&module("$a", "$b", 1), &module("$b", "$a", 2));
    assert_eq!(found.what, Sameness::Order, "{found:#?}");
    assert_eq!(found.functions.differ, 0);
    let found = compare(&module("$a", "$b", 1), &module("$b", "$a", 1));
    assert!(!found.items.is_empty());
}

#[test]
fn custom_sections_and_producers() {
    let with = |version: &str| {
        let text = format!("(@producers (processed-by \"rustc\" \"{version}\")) (data");
        BASE.replacen("(data", &text, 1)
    };
    let found = compare(&with("1.95.0"), &with("1.96.0"));
    assert_eq!(found.what, Sameness::CustomSections);
    let producer = &found.producers[0];
    assert_eq!((&*producer.name, producer.b.as_deref()), ("rustc", Some("1.96.0")));
    let causes: Vec<_> = found.causes.iter().map(|cause| cause.cause).collect();
    assert_eq!(causes, [CauseKind::Compiler, CauseKind::CustomSections]);
}

#[test]
fn items_are_compared_by_name() {
    let found = compare(
        BASE,
        &BASE.replace("\"env\" \"log\"", "\"env\" \"print\"").replace(") 2)", ") 3)"),
    );
    let items: Vec<_> = found.items.shown.iter().map(|item| (item.kind, &*item.name)).collect();
    assert_eq!(items, [("import", "env.log"), ("import", "env.print"), ("memory", "0")]);
    assert_eq!(found.what, Sameness::Code);
}

/// Long types and names do not make the answer long, and are told apart by their ends.
#[test]
fn long_types_are_cut_and_told_apart() {
    let module = |last: &str| {
        let params = "i64 ".repeat(200);
        let exports: String =
            (0..500).map(|at| format!("(export \"{at}{}\" (func 0))", "x".repeat(300))).collect();
        format!("(module (func (param {params} {last})) {exports})")
    };
    let found = compare(&module("i32"), &module("f32"));
    assert_eq!(found.what, Sameness::Code);
    assert_eq!((found.items.shown.len(), found.items.more), (256, 500 + 2 - 256));
    let longest = found.items.shown.iter().flat_map(|item| [&item.a, &item.b]).flatten();
    assert!(longest.map(String::len).max().unwrap() < 500);
}

#[test]
fn what_has_nothing_in_common_is_compared_too() {
    for other in ["(module)", "(module (memory 0) (data \"\"))", "(module (func) (func nop))"] {
        assert_ne!(compare(BASE, other).what, Sameness::Same);
    }
}
