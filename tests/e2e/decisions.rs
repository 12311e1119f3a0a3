//! `inspect --decisions`: what was asked, granted, used and denied, by which rule of which file.

use super::common::Place;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

const RUN: &str =
    "run --quiet --pub author.pub.pem --key operator.key.pem --force --receipt r.json";

/// Asks the clock of days twice, and for a file when it is given an argument.
const ASKS: &str = r#"(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "x.txt")
  (func (export "_start")
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 0)))
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 0)))
    (drop (call $args (i32.const 0) (i32.const 4)))
    (if (i32.gt_u (i32.load (i32.const 0)) (i32.const 1))
      (then (drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 5) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0)))))
    (drop (f64.add (f64.const 1) (f64.const 2)))))"#;

#[test]
fn decisions_are_said_in_sentences() {
    let place = Place::new();
    place.skill(
        "asks",
        ASKS,
        "--cap fs.read=/data --cap fs.write=/data/out --cap time=realtime --cap time=monotonic",
    );
    place.write("d/out/x", "");
    let policy =
        "version = 1\n[capabilities]\n\"fs.read\" = [\"/data\"]\ntime = true\nrandom = true\n";
    place.write("p.toml", policy);
    let digest = provenact::digest::PolicyDigest::of(policy.as_bytes());
    let run = format!("{RUN} --policy p.toml --dir d::/data --allow time=realtime asks.skill");
    place.type_in(&run).status(0);

    let told = place.type_in("inspect r.json --decisions --policy p.toml").status(0);
    let text = told.out();
    for line in [
        &format!("The operator's policy {digest} was above the command line."),
        "- fs.read=/data was granted as it was declared.",
        "- fs.write=/data/out was not granted: the policy does not allow it.",
        "- time=realtime was granted as it was declared.",
        "- time=monotonic was not granted: the command line did not grant it.",
        "- random was not granted: the command line did not grant it.",
        "- fs.read=/data was not used.",
        "- time=realtime was used by 2 calls.",
        "No call was denied.",
        "  clocks          recorded    clock_time_get",
        "  randomness      denied      without random: random_get",
        "  arguments       recorded    args_sizes_get",
        "  network         absent      no import leads to it",
        "  nan-bits        normalized  pass nan: what sees bits sees one NaN",
        "  stack-depth     absent      no function can call itself",
    ] {
        assert!(text.contains(line), "{line:?} is not in: {text}");
    }
    // Without the policy's text nobody says which of the two it was.
    let told = place.type_in("inspect r.json --decisions").status(0);
    told.says(
        "fs.write=/data/out was not granted: the policy or the command line allowed no more.",
    );
    place.write("other.toml", "version = 1\n");
    place.type_in("inspect r.json --decisions --policy other.toml").refused(1, "policy-mismatch");

    place.type_in(&format!("{run} write")).refused(126, "capability-denied");
    let told = place.type_in("inspect r.json --decisions --format json").status(0);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let denied = &told["decisions"]["denied"];
    assert_eq!(
        (&denied["kind"], &denied["rule"]),
        (&"fs.write".into(), &"granted-for-reading-only".into())
    );
    let entropy = told["decisions"]["entropy"].as_array().unwrap();
    assert_eq!(entropy.len(), 15);
    assert_eq!(entropy[6]["source"], "files");
    assert_eq!(entropy[6]["status"], "recorded");
}

/// The provenance has the ledger of what the manifest declares.
#[test]
fn provenance_says_what_becomes_of_entropy() {
    let place = Place::new();
    place.skill("asks", ASKS, "--deny fs.read,fs.write --cap time=realtime --without nan");
    let envelope: Value =
        serde_json::from_slice(place.read("asks.skill/attestations.intoto.jsonl").trim_ascii())
            .unwrap();
    let payload = STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    let lines = statement["predicate"]["buildDefinition"]["internalParameters"]["entropy"]
        .as_array()
        .unwrap();
    let status = |source: &str| {
        lines.iter().find(|line| line["source"] == source).unwrap()["status"].clone()
    };
    assert_eq!(status("files"), "denied");
    assert_eq!(status("clocks"), "recorded");
    assert_eq!(status("nan-bits"), "open");
    assert_eq!(status("stores"), "absent");
    place.type_in("verify asks.skill --pub author.pub.pem").status(0);
}
