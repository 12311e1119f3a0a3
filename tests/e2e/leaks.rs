//! What the machine that built a module left in it: said, and refused with --deny-leaks.

use super::common::Place;
use serde_json::Value;

const LEAKY: &str = r#"(module (memory 1) (func (export "_start"))
  (data (i32.const 0) "/home/alice/src/main.rs\00/workspace/a/b.c\00Nov 25 2026\00"))"#;

#[test]
fn leaks_are_said_with_offset_and_cure_and_refused_on_demand() {
    let place = Place::new();
    let wasm = wat::parse_str(LEAKY).unwrap();
    place.write("a.wasm", &wasm);
    let at = wasm.windows(6).position(|bytes| bytes == b"/home/").unwrap();
    let built = place.type_in("build a.wasm").status(0);
    built
        .says(&format!(
            "warning: home directory in the data at byte {at}: \"/home/alice/src/main.rs\""
        ))
        .says(&format!("warning: user name in the data at byte {}: \"alice\"", at + 6))
        .says("build directory in the data at byte ")
        .says("time in the data at byte ")
        .says("hint: rustc: --remap-path-prefix")
        .says("hint: clang: -ffile-prefix-map")
        .says("SOURCE_DATE_EPOCH");

    let report = place.type_in("build a.wasm --format json").status(0);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    let kinds = |list: &Value| {
        let list = list.as_array().unwrap().iter();
        list.map(|leak| leak["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&report["leaks"]), ["home", "user", "build", "time"]);
    assert_eq!(report["leaks"][0]["offset"], at);
    assert!(report["leaks"][0]["cure"].as_str().unwrap().starts_with("rustc: "));

    let denied = place.type_in("build a.wasm --deny-leaks -o b.skill").refused(2, "leaks-found");
    denied.says("a.wasm: 4 leaks in the data").says("\"/workspace/a/b.c\"").says("hint: clang: ");
    let denied = place.type_in("build a.wasm --deny-leaks -o b.skill --format json").status(2);
    assert!(denied.err().is_empty(), "{}", denied.err());
    let report: Value = serde_json::from_slice(&denied.stdout).unwrap();
    assert_eq!(report["reason"], "leaks-found");
    assert_eq!(kinds(&report["details"]), ["home", "user", "build", "time"]);
    assert!(!place.exists("b.skill"));

    let clean =
        LEAKY.replace("/home/alice/src", "src").replace("/workspace/", "").replace("Nov", "");
    place.write("a.wasm", wat::parse_str(clean).unwrap());
    place.type_in("build a.wasm --deny-leaks -o b.skill").status(0);
}

#[test]
fn many_leaks_are_counted() {
    let place = Place::new();
    let paths: String = (0..9).map(|at| format!("/home/runner/{at}.c\\00")).collect();
    let wat =
        format!(r#"(module (memory 1) (func (export "_start")) (data (i32.const 0) "{paths}"))"#);
    place.write("a.wasm", wat::parse_str(wat).unwrap());
    let built = place.type_in("build a.wasm").status(0).says("4 leaks more in the data");
    assert_eq!(built.err().matches("home directory in the data").count(), 5);
    let denied = place.type_in("build a.wasm --deny-leaks -o b.skill").refused(2, "leaks-found");
    assert_eq!(denied.err().matches("home directory in the data").count(), 9, "all are listed");
}
