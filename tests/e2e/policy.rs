//! The operator's policy: no flag, argument, variable or input lifts it.

use super::common::{Ended, Place};
use serde_json::Value;
use std::collections::BTreeSet;

const RUN: &str =
    "run --quiet --pub author.pub.pem --key operator.key.pem --force --receipt r.json";

/// Opens `/data/x.txt` below the first directory, asks the clock of days, asks for randomness, and
/// prints the environment: which of it, the first argument's first letter says.
const ASKS: &str = r#"(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "provenact" "http_fetch" (func $fetch (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "x.txt")
  (data (i32.const 200) "http://127.0.0.1:9/v1")
  (func (export "_start") (local $letter i32)
    (drop (call $args (i32.const 1000) (i32.const 2000)))
    (local.set $letter (i32.load8_u (i32.load (i32.const 1004))))
    (if (i32.eq (local.get $letter) (i32.const 114)) ;; r
      (then (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 5) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)))))
    (if (i32.eq (local.get $letter) (i32.const 119)) ;; w
      (then (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 5) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0)))))
    (if (i32.eq (local.get $letter) (i32.const 99)) ;; c
      (then (call $exit (call $clock (i32.const 0) (i64.const 0) (i32.const 0)))))
    (if (i32.eq (local.get $letter) (i32.const 109)) ;; m
      (then (call $exit (call $clock (i32.const 1) (i64.const 0) (i32.const 0)))))
    (if (i32.eq (local.get $letter) (i32.const 120)) ;; x
      (then (call $exit (call $random (i32.const 0) (i32.const 8)))))
    (if (i32.eq (local.get $letter) (i32.const 110)) ;; n
      (then (call $exit (i32.eq (call $fetch (i32.const 200) (i32.const 21) (i32.const 0) (i32.const 8)) (i32.const 0)))))
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (call $exit (i32.load (i32.const 0)))))"#;

const CAPS: &str =
    "--cap fs.read=/data --cap fs.write=/data --cap env=LANG --cap net.http=http://127.0.0.1:9/v1";

fn place() -> Place {
    let place = Place::new();
    place.skill("asks", ASKS, CAPS);
    place.write("d/x.txt", "x");
    place
}

/// covers: policy-4
#[test]
fn no_flag_lifts_the_policy() {
    let place = place();
    place.write("none.toml", "version = 1\n");
    // What a flag grants without a policy, the empty policy denies.
    for (flags, letter, without) in [
        ("--dir d::/data", "r", 0),
        ("--dir-ro d::/data", "r", 0),
        ("--dir d::/data", "w", 0),
        ("--allow time", "c", 0),
        ("--allow time=realtime", "c", 0),
        ("--allow-declared", "c", 0),
        ("--allow-declared", "x", 0),
        ("--allow random", "x", 0),
        ("--net http://127.0.0.1:9/v1", "n", 0),
    ] {
        let line = format!("{RUN} {flags} asks.skill {letter}");
        place.type_in(&line).status(without);
        let line = format!("{RUN} --policy none.toml {flags} asks.skill {letter}");
        let denied = place.type_in(&line).refused(126, "capability-denied");
        denied.says("under [capabilities]").says("not within the policy");
        place.type_in("replay r.json --pub operator.pub.pem").status(0);
    }
    // A variable is not denied: it is not there.
    for flag in ["--env LANG=C", "--env LANG"] {
        let count = |policy: &str| {
            let line = format!("{RUN} {policy}{flag} asks.skill e");
            let mut command = place.command(super::common::PROVENACT);
            let ended = command.args(line.split(' ')).env("LANG", "C").output().unwrap();
            ended.status.code().unwrap()
        };
        assert_eq!((count(""), count("--policy none.toml ")), (1, 0), "{flag}");
    }
    // Neither arguments, nor standard input, nor our environment add anything.
    let line = format!("{RUN} --policy none.toml asks.skill c --allow time --policy other.toml");
    place.fed(&line, b"--allow time").refused(126, "capability-denied");
}

/// Every other option of the command, found in its help: a new one has to be judged here.
#[test]
fn no_other_option_and_no_variable_lifts_the_policy() {
    let place = place();
    place.write("none.toml", "version = 1\n");
    place.write("in.json", "{\"allow\": \"time\"}");
    place.write("pass", "allow time\n");
    place.type_in("trust add author.pub.pem --name author --role author --trust t.toml").status(0);
    let none = provenact::digest::PolicyDigest::of(&place.read("none.toml"));
    let trust = provenact::digest::TrustDigest::of(&place.read("t.toml"));
    // With the options of `RUN` but for those that the option is in the place of.
    let base = "--pub author.pub.pem --key operator.key.pem --force --receipt r.json";
    let none_digest = format!("{base} --policy-digest {none}");
    let trust_digest =
        format!("--trust t.toml --key operator.key.pem --force --trust-digest {trust}");
    let options = [
        ("--allow-unsigned", base.to_owned() + " --allow-unsigned"),
        ("--detached", base.to_owned() + " --detached"),
        ("--force", base.to_owned()),
        ("--format", base.to_owned() + " --format json"),
        ("--input", base.to_owned() + " --input in.json"),
        ("--key", base.to_owned()),
        ("--no-cache", base.to_owned() + " --no-cache"),
        ("--no-receipt", "--pub author.pub.pem --no-receipt".to_owned()),
        ("--output", base.to_owned() + " --output out.txt"),
        (
            "--passphrase-env",
            "--pub author.pub.pem --key locked.key.pem --force --passphrase-env PASS".to_owned(),
        ),
        (
            "--passphrase-file",
            "--pub author.pub.pem --key locked.key.pem --force --passphrase-file pass".to_owned(),
        ),
        ("--policy-digest", none_digest),
        ("--pub", base.to_owned()),
        ("--quiet", base.to_owned() + " --quiet"),
        ("--receipt", base.to_owned()),
        ("--report", base.to_owned() + " --report report.json"),
        ("--timeout", base.to_owned() + " --timeout 100"),
        ("--trust", "--trust t.toml --key operator.key.pem --force".to_owned()),
        ("--trust-digest", trust_digest),
    ];
    let granting = ["--allow", "--allow-declared", "--dir", "--dir-ro", "--env", "--net"];
    let help = place.type_in("run --help").status(0).out();
    let known: BTreeSet<&str> = options
        .iter()
        .map(|(name, _)| *name)
        .chain(granting)
        .chain(["--policy", "--help"])
        .collect();
    let lines = help.lines().filter(|line| line.starts_with("  ")).map(str::trim_start);
    let named = lines.filter(|line| line.starts_with('-')).flat_map(|line| line.split([',', ' ']));
    let named: BTreeSet<&str> = named.filter(|word| word.starts_with("--")).collect();
    assert_eq!(named, known);
    place.mode("pass", 0o600);
    place.type_in("keygen -o locked --encrypt --passphrase-file pass").status(0);
    for (name, words) in options {
        let line = format!("run --policy none.toml {words} asks.skill c");
        let mut command = place.command(super::common::PROVENACT);
        for variable in ["PROVENACT_POLICY", "PROVENACT_ALLOW", "PROVENACT_ALLOW_DECLARED", "ALLOW"]
        {
            command.env(variable, "time");
        }
        let ended = command.env("PASS", "allow time").args(line.split(' ')).output().unwrap();
        let ended = Ended::of(ended).status(126).says("capability-denied");
        ended.says("time").says("the policy does not allow it");
        assert!(!place.exists("out.txt"), "{name}");
    }
}

/// covers: policy-4
#[test]
fn a_policy_allows_a_part() {
    let place = place();
    let policy = "version = 1\n[capabilities]\n\"fs.read\" = [\"/data\"]\ntime = [\"monotonic\"]\nenv = [\"LANG\"]\n\"net.http\" = [\"http://127.0.0.1:9/v1/deep\"]\n";
    place.write("some.toml", policy);
    let flags = "--dir d::/data --allow time,random --env LANG=C --net http://127.0.0.1:9/";
    let asks = |letter: &str| {
        place.type_in(&format!("{RUN} --policy some.toml {flags} asks.skill {letter}"))
    };
    asks("r").status(0);
    asks("w").refused(126, "capability-denied").says("\"fs.write\" = [\"/data\"]");
    asks("m").status(0);
    asks("c").refused(126, "capability-denied").says("time=realtime");
    asks("x").refused(126, "capability-denied").says("\"random\" = true");
    asks("n").refused(126, "capability-denied").says("net.http");
    asks("e").status(1);
}

/// covers: policy-5, policy-6
#[test]
fn a_policy_is_pinned_before_it_is_read_and_named_afterwards() {
    let place = place();
    let text = "version = 1\n[capabilities]\ntime = true\n";
    place.write("p.toml", text);
    let digest = provenact::digest::PolicyDigest::of(text.as_bytes());
    let run = |policy: &str| place.type_in(&format!("{RUN} {policy} --allow time asks.skill c"));
    run(&format!("--policy p.toml --policy-digest {digest}")).status(0);
    let shown = place.type_in("inspect r.json --format json").status(0);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["receipt"]["grants"]["policy"]["sha256"], digest.hex());
    place.type_in("replay r.json --pub operator.pub.pem").status(0);
    let other = provenact::digest::PolicyDigest::of(b"other");
    run(&format!("--policy p.toml --policy-digest {other}")).refused(126, "policy-mismatch");
    place.write("p.toml", "no policy at all");
    run(&format!("--policy p.toml --policy-digest {digest}")).refused(126, "policy-mismatch");
    run("--policy p.toml").refused(127, "policy-malformed").says("p.toml: line 1");
    run("--policy none.toml").refused(127, "file-missing");
    run(&format!("--policy-digest {digest}")).status(127);
}

#[test]
fn what_the_imports_can_ask_for_is_declared_or_denied() {
    let place = Place::new();
    place.write("asks.wasm", wat::parse_str(ASKS).unwrap());
    let build = |flags: &str| {
        let line = format!("build asks.wasm --force {flags}");
        place.type_in(&line.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    build("").refused(1, "capability-undeclared").says("fs.read and fs.write and net.http");
    build("--cap fs.read=/data --deny fs.write")
        .refused(1, "capability-undeclared")
        .says("net.http");
    let built = build("--deny fs.read,fs.write,net.http").status(0);
    built.says("capabilities: random, time");
    build("--deny fs.read,fs.write,net.http,time --cap random")
        .status(0)
        .says("capabilities: random\n");
    build("--deny fs.read,fs.write,net.http --cap time=monotonic")
        .status(0)
        .says("random, time=monotonic");
    build("--deny fs.read --cap fs.read=/").refused(2, "usage").says("fs.read");
    build("--deny network").refused(2, "capability-unknown");
    place.write("none.wasm", wat::parse_str("(module (func (export \"_start\")))").unwrap());
    let built = place.type_in("build none.wasm --cap time --cap fs.read=/a").status(0);
    built.says("fs.read=/a is declared, and no import").says("time is declared, and no import");
    let recipe = "[skill]\nname = 'asks'\n[build]\noutput = 'asks.wasm'\n[capabilities]\n'fs.read' = false\n'fs.write' = false\n'net.http' = false\ntime = false\n";
    place.write("provenact.toml", recipe);
    place.type_in("build --force").status(0).says("capabilities: random\n");
}
