//! Call stacks: where the guest was, in the module that ran and in the one that its author has.

use super::common::Place;
use serde_json::Value;

const TRAPS: &str = r#"(module (memory (export "memory") 1)
  (func $fail (drop (i32.const 305419896)) unreachable)
  (func (export "_start") (call $fail)))"#;

/// The constant of [`TRAPS`] and `drop`; `unreachable` follows.
const BEFORE: &[u8] = b"\x41\xf8\xac\xd1\x91\x01\x1a";

fn unreachable_in(wasm: &[u8]) -> usize {
    wasm.windows(BEFORE.len()).position(|bytes| bytes == BEFORE).unwrap() + BEFORE.len()
}

#[test]
fn a_trap_is_shown_with_its_place_in_both_modules() {
    let place = Place::new();
    // A long way of saying one: the source's offsets differ from those of the canonical form.
    let wasm = wat::parse_str(TRAPS).unwrap();
    let long = [&wasm[..9], &[wasm[9] | 0x80, 0], &wasm[10..]].concat();
    place.write("traps.wasm", &long);
    place.type_in("build traps.wasm").status(0);
    let run = "run -q --allow-unsigned --no-receipt --report r.json --force traps.skill";
    let source = unreachable_in(&long);
    for profile in ["canonical", "portable"] {
        place.type_in(&format!("build traps.wasm --force --profile {profile}")).status(0);
        let here = unreachable_in(&place.read("traps.skill/skill.wasm"));
        assert_ne!(here, source);
        let ended = place.type_in(run).refused(134, "guest-trapped");
        ended.says(&format!(
            "the guest was in fail (function 0) at byte {here} (byte {source} of the source), called by function 1 at byte "
        ));
        let report: Value = serde_json::from_slice(&place.read("r.json")).unwrap();
        let frame = &report["stack"][0];
        assert_eq!((&frame["function"], &frame["name"]), (&0.into(), &"fail".into()), "{report}");
        let offsets = (&frame["offset"], &frame["source_offset"]);
        assert_eq!(offsets, (&here.into(), &source.into()), "{report}");
    }
    // Without a companion, what the engine knows is shown.
    let here = unreachable_in(&place.read("traps.skill/skill.wasm"));
    fs_err::remove_file(place.path("traps.skill/skill.debug.wasm")).unwrap();
    let ended = place.type_in(run).refused(134, "guest-trapped");
    ended.says(&format!("the guest was in function 0 at byte {here}, called by function 1"));
    place.write("traps.skill/skill.debug.wasm", "not a companion");
    place.type_in(run).refused(134, "guest-trapped").says("the guest was in function 0 at byte ");
}

#[test]
fn a_difference_is_shown_with_its_place_in_both_modules() {
    let place = Place::recorded();
    let mut events = place.events();
    events[1].written[0] = b"900\n".to_vec();
    let ended = place.forge(&events, |_| ()).status(1).says("handed-bytes-differ");
    let out = ended.out();
    let (_, stack) = out.split_once("guest call stack, innermost first:\n").unwrap();
    let frame = stack.lines().next().unwrap();
    assert!(frame.contains(" at byte ") && frame.ends_with(" of the source)"), "{frame}");
    let line = "replay forged.json --pub operator.pub.pem --format json";
    let report: Value = serde_json::from_slice(&place.type_in(line).status(1).stdout).unwrap();
    let frame = &report["divergence"]["stack"][0];
    let (offset, source) = (frame["offset"].as_u64(), frame["source_offset"].as_u64());
    // Both are calls of a host function: `call` with its index.
    let at = |bytes: Vec<u8>, at: Option<u64>| bytes[usize::try_from(at.unwrap()).unwrap()];
    assert_eq!(at(place.read("decide.skill/skill.wasm"), offset), 0x10, "{report}");
    assert_eq!(at(place.read("decide.wasm"), source), 0x10, "{report}");
}

/// Lines of the text that a module was assembled from, through a companion with DWARF.
#[test]
fn a_call_stack_has_the_lines_of_the_source() {
    let wat = "(module\n  (func $deep\n    nop\n    unreachable)\n  (func (export \"_start\")\n    nop\n    call $deep\n    nop))";
    let place = Place::new();
    let mut assembler = wat::Parser::new();
    assembler.generate_dwarf(wat::GenerateDwarf::Full);
    let path = std::path::Path::new("source/lines.wat");
    place.write("lines.wasm", assembler.parse_str(Some(path), wat).unwrap());
    for profile in ["canonical", "portable"] {
        place.type_in(&format!("build lines.wasm --force --profile {profile}")).status(0);
        let run = "run -q --allow-unsigned --force --report r.json lines.skill";
        let ended = place.type_in(run).refused(134, "guest-trapped");
        let report: Value = serde_json::from_slice(&place.read("r.json")).unwrap();
        for (at, line) in [(0, 4), (1, 7)] {
            let found = &report["stack"][at]["line"];
            assert_eq!(found["line"], line, "{profile}: {report}");
            assert!(found["file"].as_str().unwrap().ends_with("lines.wat"), "{report}");
        }
        ended.says("lines.wat:4:");
    }
}
