//! `canon`, the profile of a bundle, and the original that a bundle may keep.

use super::common::{Ended, Place};
use serde_json::Value;

/// Two functions with over-long integers, and a name section.
const LOOSE: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x84\0\x01\x60\0\0\
    \x03\x02\x01\0\
    \x07\x0a\x01\x06_start\0\0\
    \x0a\x04\x01\x02\0\x0b\
    \0\x05\x04name";

/// What is left of it.
const TIGHT: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x04\x01\x60\0\0\
    \x03\x02\x01\0\
    \x07\x0a\x01\x06_start\0\0\
    \x0a\x04\x01\x02\0\x0b";

fn json(ended: &Ended) -> Value {
    serde_json::from_slice(&ended.stdout).unwrap()
}

#[test]
fn a_module_is_written_in_its_canonical_form_and_checked() {
    let place = Place::new();
    place.write("a.wasm", LOOSE);
    place.type_in("canon a.wasm -o b.wasm").status(0).says("(36 bytes, from 44)");
    assert_eq!(place.read("b.wasm"), TIGHT);
    place.type_in("canon --check b.wasm").status(0).says("b.wasm: canonical");
    let refused = place.type_in("canon --check a.wasm").refused(1, "module-not-canonical");
    refused.says("a.wasm: ").says("at byte 9");
    let report = json(&place.type_in("canon --check a.wasm --format json").status(1));
    assert_eq!((&report["offset"], &report["rule"]), (&9.into(), &"leb128".into()), "{report}");
    assert_eq!(report["upheld"], false);
    let report = json(&place.type_in("canon --check b.wasm --format json").status(0));
    assert_eq!(report["upheld"], true);
    // What can be read from standard input and written to standard output is.
    assert_eq!(place.fed("canon - -o -", LOOSE).status(0).stdout, TIGHT);
    place.fed("canon - --check", TIGHT).status(0);
    assert_eq!(place.fed("canon - --profile portable -o -", LOOSE).status(0).stdout, TIGHT);
    place.write("text.wasm", "hello");
    place.type_in("canon --check text.wasm").refused(2, "module-malformed");
}

#[test]
fn a_companion_is_written_beside_it() {
    let place = Place::new();
    place.write("a.wasm", LOOSE);
    place.type_in("canon a.wasm -o b.wasm --companion b.debug.wasm").status(0);
    let bytes = place.read("b.debug.wasm");
    let companion = provenact::wasm::Companion::parse(bytes).unwrap();
    assert_eq!(companion.source(), provenact::digest::SourceDigest::of(LOOSE));
    assert_eq!(companion.source_name(), "a.wasm");
}

#[test]
fn what_each_freedom_and_pass_changed_is_explained() {
    let place = Place::new();
    place.write("a.wasm", LOOSE);
    let before = place.tree();
    let report = json(&place.type_in("canon a.wasm --explain --profile portable --format json"));
    assert_eq!((&report["source_bytes"], &report["module_bytes"]), (&44.into(), &36.into()));
    assert_eq!(report["freedoms"].as_array().unwrap().len(), 16);
    let passes: Vec<_> = report["passes"].as_array().unwrap().iter().collect();
    let names: Vec<_> = passes.iter().map(|pass| pass["pass"].as_str().unwrap()).collect();
    assert_eq!(names, ["relaxed-simd", "nan", "stack", "growth"]);
    assert!(passes.iter().all(|pass| pass["places"] == 0), "{report}");
    let text = place.type_in("canon a.wasm --explain --profile portable --without stack");
    text.status(0).says("  nan              nothing to do").says("left out: stack");
    assert!(before == place.tree(), "explaining writes nothing");
}

#[test]
fn flags_that_make_no_sense_together_are_refused() {
    let place = Place::new();
    place.write("a.wasm", LOOSE);
    place.write("b.wasm", TIGHT);
    place.write("text", "hello");
    place.write(
        "provenact.toml",
        "[skill]\nname = 'x'\n[build]\noutput = 'a.wasm'\nprofile = 'canonical'\n",
    );
    let before = place.tree();
    for line in [
        "canon a.wasm",
        "canon -o c.wasm",
        "canon a.wasm --profile portable",
        "canon a.wasm --companion c.debug.wasm",
        "canon a.wasm --explain --companion c.debug.wasm",
        "canon a.wasm --explain --force",
        "canon a.wasm -o c.wasm --companion c.wasm",
        "canon a.wasm -o c.wasm --companion ./c.wasm",
        "canon a.wasm -o c.wasm --companion -",
        "canon a.wasm -o c.wasm --profile strict",
        "canon a.wasm -o c.wasm --without nan",
        "canon a.wasm -o c.wasm --profile canonical --without nan",
        "canon a.wasm -o c.wasm --profile portable --without NaN",
        "canon a.wasm -o c.wasm --profile portable --without nan --without stack --without growth --without relaxed-simd",
        "canon a.wasm -o - --explain",
        "canon a.wasm -o - --force",
        "canon a.wasm -o - --companion c.debug.wasm",
        "canon a.wasm -o - --format json",
        "canon a.wasm -o text --force",
        "canon a.wasm -o c.wasm --companion text --force",
        "canon a.wasm --check -o c.wasm",
        "canon a.wasm --check --explain",
        "canon a.wasm --check --companion c.debug.wasm",
        "canon a.wasm --check --force",
        "canon a.wasm --check --without nan",
        "build a.wasm --profile strict",
        "build a.wasm --profile canonical --without nan",
        "build a.wasm --without NaN",
        "build --without nan",
    ] {
        let ended = place.type_in(line).status(2);
        let said = ended.err() + &ended.out();
        assert!(said.contains("usage"), "{line}: {said}");
        assert!(said.contains("hint"), "{line}: {said}");
        assert!(before == place.tree(), "{line} left something behind");
    }
    place.type_in("canon a.wasm -o b.wasm").refused(2, "output-exists");
    place.type_in("canon a.wasm -o b.wasm --companion a.wasm").refused(2, "output-exists");
    place.type_in("canon a.wasm -o no/such/b.wasm").refused(2, "output-failed");
    place.type_in("canon a.wasm -o a.wasm --force").status(0);
    assert_eq!(place.read("a.wasm"), TIGHT);
}

#[test]
fn the_manifest_says_which_passes_were_asked_for() {
    let place = Place::new();
    place.write("a.wasm", LOOSE);
    let passes = |line: &str| {
        let report = json(&place.type_in(&format!("{line} --format json --force")).status(0));
        let manifest: Value = serde_json::from_slice(&place.read("a.skill/manifest.json")).unwrap();
        assert_eq!(manifest["profile"], report["profile"]);
        let empty = Vec::new();
        let list = manifest["profile"]["passes"].as_array().unwrap_or(&empty);
        let names = list.iter().map(|pass| pass["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(passes("build a.wasm"), "relaxed-simd nan stack growth");
    assert_eq!(passes("build a.wasm --without nan"), "relaxed-simd stack growth");
    assert_eq!(passes("build a.wasm --profile canonical"), "");
    let recipe = |lines: &str| {
        let text = format!("[skill]\nname = 'a'\n[build]\noutput = 'a.wasm'\n{lines}\n");
        place.write("provenact.toml", text);
    };
    recipe("without = ['stack', 'nan']");
    assert_eq!(passes("build"), "relaxed-simd growth");
    assert_eq!(passes("build --without growth"), "relaxed-simd");
    assert_eq!(passes("build --profile portable"), "relaxed-simd nan stack growth");
    recipe("profile = 'canonical'");
    assert_eq!(passes("build"), "");
    assert_eq!(passes("build --profile portable --without nan"), "relaxed-simd stack growth");
    place.type_in("build a.wasm --force").status(0).says("profile  portable");
}

/// covers: bundle-7, bundle-8, bundle-9
#[test]
fn an_original_is_kept_compared_and_never_executed() {
    let place = Place::new();
    place.write("a.wasm", LOOSE);
    place.type_in("build a.wasm --keep-original").status(0);
    assert_eq!(place.read("a.skill/skill.orig.wasm"), LOOSE);
    let attest = "attest a.skill --key author.key.pem";
    let verify = "verify a.skill --pub author.pub.pem";
    let run = "run -q --no-receipt --pub author.pub.pem a.skill";

    place.write("a.skill/skill.orig.wasm", TIGHT);
    place.type_in(attest).refused(1, "material-mismatch").says("skill.orig.wasm");
    place.write("a.skill/skill.orig.wasm", LOOSE);
    place.type_in(attest).status(0);
    place.type_in(verify).status(0).says(", which is in the bundle");
    place.type_in("build a.wasm --keep-original").status(0).says("(unchanged)");
    place.type_in("build a.wasm").status(0).says("(unchanged)");
    place.type_in(verify).status(0);

    // One that would trap if it ran.
    let traps = wat::parse_str(r#"(module (func (export "_start") unreachable))"#).unwrap();
    place.write("a.skill/skill.orig.wasm", &traps);
    place.type_in(verify).refused(1, "material-mismatch").says("skill.orig.wasm");
    place.type_in(run).status(0);
    place.write("a.skill/skill.orig.wasm", LOOSE);
    let module = place.read("a.skill/skill.wasm");
    fs_err::remove_file(place.path("a.skill/skill.wasm")).unwrap();
    place.type_in(run).refused(126 + 1, "bundle-malformed");
    place.write("a.skill/skill.wasm", module);

    fs_err::remove_file(place.path("a.skill/skill.orig.wasm")).unwrap();
    let verified = place.type_in(verify).status(0);
    assert!(!verified.out().contains("in the bundle"));
    place.type_in("build a.wasm --keep-original").status(0).says("(unchanged)");
    assert_eq!(place.read("a.skill/skill.orig.wasm"), LOOSE);

    // The companion of another build.
    place.write("b.wasm", TIGHT);
    place.type_in("build b.wasm").status(0);
    place.write("a.skill/skill.debug.wasm", place.read("b.skill/skill.debug.wasm"));
    place.type_in(verify).refused(1, "material-mismatch").says("skill.debug.wasm");
}

/// For each pass a module that it would change, and what the checker says of it without.
const UNKEPT: [(&str, &str, &str); 4] = [
    (
        "relaxed-simd",
        r#"(drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0)))"#,
        "relaxed",
    ),
    (
        "nan",
        r#"(i32.store (i32.const 0) (i32.reinterpret_f32 (f32.sqrt (f32.load (i32.const 0)))))"#,
        "sees a NaN",
    ),
    ("stack", "(call $main)", "can call itself"),
    ("growth", "", "maximum"),
];

fn unkept(pass: &str, body: &str) -> Vec<u8> {
    let most = if pass == "growth" { "" } else { "1" };
    let wat = format!(
        r#"(module (memory (export "memory") 1 {most}) (func $main (export "_start") {body}))"#
    );
    wat::parse_str(wat).unwrap()
}

/// The manifest's list of passes proves nothing: whoever reads a bundle looks at the module.
///
/// covers: portable-2
#[test]
fn a_module_that_does_not_keep_what_its_manifest_lists_is_refused() {
    use provenact::profile::{Pass, Profile};
    use provenact::skill::Manifest;
    let place = Place::new();
    for (name, body, says) in UNKEPT {
        let pass = Pass::from_name(name).unwrap();
        place.write("a.wasm", unkept(name, body));
        place.type_in("canon a.wasm -o a.wasm --force").status(0);
        let check = "canon a.wasm --check --profile portable";
        let refused = place.type_in(check).refused(1, "module-not-portable");
        refused.says(says).says(&format!("({name})")).says("at byte ");
        let report = json(&place.type_in(&format!("{check} --format json")).status(1));
        assert_eq!(report["rule"], name, "{report}");
        assert!(report["offset"].is_u64(), "{report}");
        // Where operators are relaxed, so are the NaNs that they make.
        let (left_out, kept) = match pass {
            Pass::RelaxedSimd => (
                "--without relaxed-simd --without nan".to_owned(),
                Profile::PORTABLE.without(pass).without(Pass::Nan),
            ),
            _ => (format!("--without {name}"), Profile::PORTABLE.without(pass)),
        };
        place.type_in(&format!("{check} {left_out}")).status(0);

        // The author built it without the pass, and says otherwise.
        place.type_in(&format!("build a.wasm --force {left_out}")).status(0);
        let honest = Manifest::parse(&place.read("a.skill/manifest.json")).unwrap();
        assert_eq!(honest.profile(), kept);
        let lie = Manifest::new(
            honest.name(),
            honest.version(),
            honest.entrypoint(),
            honest.artifact(),
            honest.capabilities().to_vec(),
            Profile::PORTABLE,
        );
        place.type_in("attest a.skill --key author.key.pem").status(0);
        place.write("a.skill/manifest.json", lie.unwrap().bytes());
        let lines = ["attest a.skill --key author.key.pem", "verify a.skill --pub author.pub.pem"];
        for line in lines {
            place.type_in(line).refused(1, "module-not-portable").says(&format!("({name})"));
        }
        let run = "run --no-receipt --allow-unsigned a.skill";
        place.type_in(run).refused(126, "module-not-portable");
    }
}

/// covers: portable-1
#[test]
fn the_passes_run_in_their_order_and_what_they_make_is_canonical() {
    let place = Place::new();
    let body: String = UNKEPT.iter().map(|(_, body, _)| *body).collect();
    place.write("a.wasm", unkept("growth", &body));
    let explain = "canon a.wasm -o p.wasm --profile portable --explain --format json";
    let report = json(&place.type_in(explain).status(0));
    let passes = report["passes"].as_array().unwrap();
    let names: Vec<_> = passes.iter().map(|pass| pass["pass"].as_str().unwrap()).collect();
    assert_eq!(names, ["relaxed-simd", "nan", "stack", "growth"]);
    assert!(passes.iter().all(|pass| pass["places"] != 0), "{report}");
    // The checker holds it to both: the form, and what the passes promise.
    place.type_in("canon --check --profile portable p.wasm").status(0);
    // An over-long length in it is found as in any module.
    let made = place.read("p.wasm");
    let long = [&made[..9], &[made[9] | 0x80, 0], &made[10..]].concat();
    place.write("p.wasm", long);
    let refused = place.type_in("canon --check --profile portable p.wasm");
    refused.refused(1, "module-not-canonical").says("at byte 9").says("(leb128)");
    // What counts already is not counted again.
    place.write("p.wasm", made);
    let again = place.type_in("canon p.wasm -o q.wasm --profile portable");
    again.refused(2, "module-invalid").says("went through the pass stack already");
}
