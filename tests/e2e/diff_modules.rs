//! `diff` of modules and bundles: what differs, what most likely made it, and in how much time.

use super::common::{Place, programs};
use serde_json::Value;

/// A program that prints two texts; `path` stands before the second, and the code counts its bytes.
fn program(path: &str, factor: u32) -> Vec<u8> {
    let (length, behind) = (path.len(), 1024 + path.len());
    let wat = format!(
        r#"(module
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func $print (param i32 i32)
            i32.const 8 local.get 0 i32.store
            i32.const 12 local.get 1 i32.store
            i32.const 1 i32.const 8 i32.const 1 i32.const 16 call $write drop)
          (func $area (export "area") (param i32) (result i32)
            local.get 0 local.get 0 i32.mul i32.const {factor} i32.mul)
          (func (export "_start")
            i32.const 1024 i32.const {length} call $print
            i32.const {behind} i32.const 5 call $print)
          (data (i32.const 1024) "{path}done\n"))"#
    );
    wat::parse_str(wat).unwrap()
}

fn report(place: &Place, line: &str, status: i32) -> Value {
    let ended = place.type_in(&format!("--format json diff {line}")).status(status);
    serde_json::from_slice(&ended.stdout).unwrap()
}

#[test]
fn a_path_and_the_addresses_that_it_moved() {
    let place = Place::new();
    place.write("a.wasm", program("/home/alice/app/main.rs", 3));
    place.write("b.wasm", program("/home/bob/app/main.rs", 3));
    place.type_in("diff a.wasm a.wasm").status(0).says("same: the same bytes");
    let at = program("/home/alice/app/main.rs", 3);
    let at = at.windows(6).position(|bytes| bytes == b"/home/").unwrap() + 6;
    place
        .type_in("diff a.wasm b.wasm")
        .status(1)
        .says("functions    1 differ in addresses that moved and lengths of texts alone\n")
        .says("addresses moved by -2")
        .says(&format!("0x406, byte {at}, "))
        .says("looks like a path")
        .says("A \"/home/alice/app/main.rsdone\"")
        .says("likely cause built in different folders\n")
        .says("avoid it: rustc: --remap-path-prefix=")
        .says("\ndifferent: only texts, and the addresses that they moved\n");
    let report = report(&place, "a.wasm b.wasm", 1);
    assert_eq!(report["schema"], "https://opertus.systems/provenact/module-diff/v1");
    assert_eq!(report["verdict"], "different");
    let found = &report["difference"];
    assert_eq!(found["what"], "data");
    assert_eq!(found["functions"]["moved"], 1);
    assert_eq!(found["data"]["ranges"][0]["looks"], "path");
    assert_eq!(found["data"]["moved"], serde_json::json!([-2]));
    assert_eq!(found["causes"][0]["cause"], "paths");
}

#[test]
fn a_function_that_differs_is_shown_with_a_hunk() {
    let place = Place::new();
    place.write("a.wasm", program("same", 3));
    place.write("b.wasm", program("same", 4));
    place
        .type_in("diff a.wasm b.wasm")
        .status(1)
        .says("functions    1 of 3 differ\n  area at byte ")
        .says("    - i32.const 3\n    + i32.const 4\n      i32.mul\n")
        .says("data         the same")
        .says("\ndifferent: 1 of 3 functions differ\n");
}

/// Bundles are compared with their companions, and beside a file by what went into them.
#[test]
fn bundles_are_compared() {
    let place = Place::new();
    place.write("a.wasm", program("/src/main.rs", 3));
    let mut named = program("/src/main.rs", 3);
    named.extend(b"\0\x09\x04notehere");
    place.write("b.wasm", named);
    for name in ["a", "b"] {
        let build = format!("build {name}.wasm --name same --keep-original -o {name}.skill");
        place.type_in(&build).status(0);
    }
    place.type_in("diff a.skill a.skill").status(0).says("manifests    the same");
    place
        .type_in("diff a.skill b.skill")
        .status(1)
        .says("A a.skill: skill.wasm (")
        .says("custom       note: none → 4 bytes")
        .says("different: custom sections only")
        .says("provenact build does it for every module");
    place.type_in("diff a.skill a.wasm").status(0).says("A a.skill: skill.orig.wasm (");
    fs_err::remove_file(place.path("a.skill/skill.orig.wasm")).unwrap();
    place.type_in("diff a.skill a.wasm").status(1).says("A a.skill: skill.wasm (");
    place.type_in("build a.wasm --name other -o other.skill").status(0);
    place.type_in("diff other.skill a.skill").status(1).says("manifests    name other became same");
    place.type_in("build a.wasm --name same --cap time -o more.skill").status(0);
    place
        .type_in("diff more.skill a.skill")
        .status(1)
        .says("manifests    capability time in A alone")
        .says("different: the same bytes, the manifests are not");
}

#[test]
fn what_is_no_module_is_refused() {
    let place = Place::new();
    let wasm = program("same", 3);
    place.write("a.wasm", &wasm);
    place.write("cut.wasm", &wasm[..wasm.len() - 3]);
    place.write("bundle.skill/skill.wasm", &wasm);
    place.write("note.txt", "{}");
    place.type_in("diff a.wasm cut.wasm").refused(2, "module-truncated").says("cut.wasm");
    place.type_in("diff a.wasm none.wasm").refused(2, "file-missing");
    place.type_in("diff bundle.skill a.wasm").refused(2, "bundle-malformed").says("manifest.json");
    place.type_in("diff a.wasm note.txt").refused(2, "usage").says("note.txt is a receipt");
    place.type_in("diff a.wasm a.wasm --from .").refused(2, "usage").says("--from");
}

/// Text of an untrusted module neither moves the cursor nor makes the answer long.
#[test]
fn hostile_names_are_shown_harmlessly() {
    let place = Place::new();
    let module = |text: &str| {
        let functions: String = (0..2000)
            .map(|at| format!("(func (export \"{at}\\1b[2J\\n\") i32.const {at}{text} drop)"))
            .collect();
        wat::parse_str(format!("(module {functions})")).unwrap()
    };
    place.write("a.wasm", module("1"));
    place.write("b.wasm", module("2"));
    let out = place.type_in("diff a.wasm b.wasm").status(1).out();
    assert!(out.contains("2,000 of 2,000 differ"), "{out}");
    assert!(out.contains("… 1,992 more"), "{out}");
    assert!(out.lines().count() < 100, "{} lines", out.lines().count());
    assert!(!out.chars().any(|c| c.is_control() && c != '\n'), "{out:?}");
}

/// One program and its copy with another text in it, and one program in two encodings.
#[test]
fn programs_are_compared() {
    let Some(cache) = programs() else { return };
    let place = Place::new();
    let php = fs_err::read(cache.join("php.wasm")).unwrap();
    place.write("php.wasm", &php);
    let mut changed = php.clone();
    // A text of the program, and none of its code.
    let text = b"/usr/sbin/sendmail -t -i";
    let at = php.windows(text.len()).rposition(|bytes| bytes == text).unwrap();
    changed[at + 5..at + 9].copy_from_slice(b"home");
    place.write("changed.wasm", &changed);
    let report = report(&place, "php.wasm changed.wasm", 1);
    assert_eq!(report["difference"]["what"], "data");
    assert_eq!(report["difference"]["functions"]["differ"], 0);
    assert_eq!(report["difference"]["data"]["ranges"].as_array().unwrap().len(), 1);
    place.type_in("canon php.wasm -o canonical.wasm").status(0);
    let ended = place.type_in("diff php.wasm canonical.wasm").status(1);
    let said = ended.says("functions    all ").out();
    assert!(said.contains("another encoding"), "{said}");
}
