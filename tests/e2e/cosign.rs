//! Auditors sign: the receipt that they reproduced, and a verdict in every case.

use crate::common::{Ended, PROVENACT, Place};
use provenact::attest::receipt::Receipt;
use provenact::attest::{Envelope, PrivateKey, Statement, parse_lines};
use provenact::digest::{hex, sha256};
use provenact::json::{self, Value, json};
use std::os::unix::fs::PermissionsExt as _;

const NOTHING: &str = r#"(module (func (export "_start")))"#;
const SPINS: &str = r#"(module (func (export "_start") (loop (br 0))))"#;
pub const RECEIPT: &str = "https://opertus.systems/provenact/execution-receipt/v1";
pub const REPLAY: &str = "https://opertus.systems/provenact/replay-verdict/v1";
/// Asks the clock, and writes the answer.
pub const CLOCK: &str = r#"(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $now (i32.const 0) (i64.const 1) (i32.const 64)))
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 8))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#;

/// A receipt of an operator, and the trace.
fn recorded(wat: &str, more: &str) -> Place {
    let place = Place::new();
    place.skill("a", wat, "");
    let run = "run -q --pub author.pub.pem --key operator.key.pem";
    place.type_in(format!("{run} {more}").trim_end()).status(0);
    place
}

fn clock() -> Place {
    recorded(CLOCK, "--allow time a.skill")
}

impl Place {
    /// A new key pair `NAME.key.pem` and `NAME.pub.pem`.
    pub fn pair(&self, name: &str) {
        let key = PrivateKey::generate().unwrap();
        self.write(&format!("{name}.key.pem"), key.to_pem().unwrap().as_bytes());
        self.mode(&format!("{name}.key.pem"), 0o600);
        self.write(&format!("{name}.pub.pem"), key.public().to_pem().as_bytes());
    }

    /// The statements beside a receipt.
    fn beside(&self, name: &str) -> Vec<Value> {
        let lines = self.read(&format!("{name}.intoto.jsonl"));
        let lines = parse_lines(&lines).unwrap();
        lines.iter().map(|(_, e)| json::parse(e.payload_unverified().as_bytes()).unwrap()).collect()
    }

    /// The predicate of the only verdict beside a receipt.
    fn verdict(&self, name: &str) -> Value {
        let beside = self.beside(name);
        assert_eq!(beside.len(), 1, "{beside:?}");
        let receipt = Envelope::parse(&self.read(&format!("{name}.json"))).unwrap();
        let digest = hex(&sha256(receipt.payload_unverified().as_bytes()));
        assert_eq!(
            beside[0]["subject"],
            json!([{ "name": "receipt", "digest": { "sha256": digest } }])
        );
        assert_eq!(beside[0]["predicateType"], REPLAY);
        beside[0]["predicate"].clone()
    }

    pub fn payload(&self, name: &str) -> Vec<u8> {
        Envelope::parse(&self.read(name)).unwrap().payload_unverified().as_bytes().to_vec()
    }

    fn signatures(&self, name: &str) -> usize {
        Envelope::parse(&self.read(name)).unwrap().signature_count()
    }

    /// A trust file with the author, the operator, these auditors and owners, and what is required.
    pub fn policy(&self, auditors: &[(&str, &str)], required: &str) {
        let _ = fs_err::remove_file(self.path("trust.toml"));
        self.type_in("trust add author.pub.pem --name ann --role author").status(0);
        self.type_in("trust add operator.pub.pem --name ops --role operator --owner Ops").status(0);
        for (name, owner) in auditors {
            let add = format!("trust add {name}.pub.pem --name {name} --role auditor");
            let owned = format!("{add} --owner {owner}");
            self.type_in(if owner.is_empty() { &add } else { &owned }).status(0);
        }
        let old = String::from_utf8(self.read("trust.toml")).unwrap();
        self.write("trust.toml", format!("{old}\n{required}\n"));
    }

    /// Signs a receipt that was changed, with the operator's own key: a lie.
    pub fn lies(&self, change: impl FnOnce(&mut Receipt)) {
        let statement = Statement::parse(&self.payload("receipt.json")).unwrap();
        let mut receipt = Receipt::from_statement(&statement).unwrap();
        change(&mut receipt);
        let pem = String::from_utf8(self.read("operator.key.pem")).unwrap();
        let key = PrivateKey::from_pem(&pem).unwrap();
        let payload = receipt.to_statement().unwrap().to_payload().unwrap();
        self.write("receipt.json", Envelope::sign(payload, &[&key]).to_bytes().unwrap());
    }
}

fn require(ty: &str, more: &str) -> String {
    format!(
        "[[require]]\npredicate-type = \"{ty}\"\nsubject = \"receipt\"\nrole = \"auditor\"\n{more}"
    )
}

/// covers: replay-verdict-1, replay-verdict-3, replay-verdict-7
#[test]
fn two_auditors_on_two_installations_sign_the_same_bytes_and_a_policy_can_demand_both() {
    let operator = clock();
    let receipt = operator.read("receipt.json");
    let trace = operator.read("receipt.trace");
    let mut envelopes = Vec::new();
    let mut verdicts = Vec::new();
    let mut public = Vec::new();
    for (name, folder, file) in [("dan", "in", "receipt"), ("eve", "some/where/else", "job-17")] {
        let place = Place::new();
        place.pair(name);
        place.write(&format!("{folder}/{file}.json"), &receipt);
        place.write(&format!("{folder}/{file}.trace"), &trace);
        place.write("home/x", "");
        let mut command = place.command(PROVENACT);
        command.current_dir(place.path(folder)).env("HOME", place.path("home"));
        command
            .env("XDG_CACHE_HOME", place.path("cache"))
            .env("LANG", name)
            .env("TZ", "Asia/Tokyo");
        command.args([
            "replay",
            &format!("{file}.json"),
            "--engine",
            "wasmi",
            "--engine",
            "cranelift",
        ]);
        command.arg("--sign").arg(place.path(&format!("{name}.key.pem")));
        Ended::of(command.output().unwrap()).status(0).says("signed by it too");
        assert_eq!(
            place.payload(&format!("{folder}/{file}.json")),
            operator.payload("receipt.json")
        );
        envelopes.push(json::parse(&place.read(&format!("{folder}/{file}.json"))).unwrap());
        verdicts.push(place.read(&format!("{folder}/{file}.intoto.jsonl")));
        public.push(place.read(&format!("{name}.pub.pem")));
        let said = &place.beside(&format!("{folder}/{file}"))[0];
        assert_eq!(said["predicate"]["verdict"], "reproduced");
        assert_eq!(said["predicate"]["depth"], 2);
    }
    let payload = |lines: &[u8]| {
        let all = parse_lines(lines).unwrap();
        assert_eq!(all.len(), 1);
        all[0].1.payload_unverified().as_bytes().to_vec()
    };
    assert_eq!(payload(&verdicts[0]), payload(&verdicts[1]));
    assert_eq!(envelopes[0]["payload"], envelopes[1]["payload"]);

    operator.write("dan.pub.pem", &public[0]);
    operator.write("eve.pub.pem", &public[1]);
    let two = require(RECEIPT, "threshold = 2\n")
        + &require(REPLAY, "threshold = 2\nminimum-depth = 2\nminimum-engines = 2\n");
    let one = json::to_jcs(&envelopes[0]).unwrap();
    let mut merged = envelopes[0].clone();
    merged["signatures"].as_array_mut().unwrap().push(envelopes[1]["signatures"][1].clone());
    let merged = json::to_jcs(&merged).unwrap();
    let verify = "verify receipt.json --trust trust.toml";
    operator.policy(&[("dan", "Lab"), ("eve", "Eve")], &two);
    operator.write("receipt.json", &merged);
    operator.write("receipt.intoto.jsonl", verdicts.concat());
    operator.type_in(verify).status(0).says("dan").says("eve").says("ops");
    operator.write("receipt.json", &one);
    operator
        .type_in(verify)
        .refused(1, "threshold-unmet")
        .says("of different owners, found 1: dan");
    operator.write("receipt.json", &merged);
    operator.write("receipt.intoto.jsonl", &verdicts[1]);
    operator.type_in(verify).refused(1, "threshold-unmet").says("found 1: eve");
    operator.write("receipt.intoto.jsonl", verdicts.concat());
    // Two keys of one owner, or of nobody known, are not two.
    operator.policy(&[("dan", "Lab"), ("eve", "Lab")], &two);
    operator.type_in(verify).refused(1, "threshold-unmet").says("counts already");
    operator.policy(&[("dan", "Lab"), ("eve", "")], &two);
    operator.type_in(verify).refused(1, "threshold-unmet").says("gives it no owner");
    // A key speaks for the verifiers that the file pairs it with.
    let pair =
        require(REPLAY, "verifiers = [\"https://opertus.systems/provenact/verifier/replay/v1\"]\n");
    operator.policy(&[("dan", "Lab"), ("eve", "Eve")], &pair);
    operator.type_in(verify).refused(1, "builder-untrusted");
    let text = String::from_utf8(operator.read("trust.toml")).unwrap();
    let verifiers = "verifiers = [\"https://opertus.systems/provenact/verifier/replay/v1\"]\nowner";
    operator.write("trust.toml", text.replace("owner", verifiers));
    operator.type_in(verify).status(0);
    let three = require(REPLAY, "minimum-engines = 3\n");
    operator.policy(&[("dan", "Lab"), ("eve", "Eve")], &three);
    let ended = operator.type_in(verify).refused(1, "policy-unmet");
    ended.says("3 independent classes of engines, found 2: wasmtime (cranelift), wasmi (wasmi)");
}

/// covers: trust-61
#[test]
fn the_operators_key_never_counts_as_an_auditors() {
    let place = clock();
    place.pair("dan");
    place.type_in("replay receipt.json --sign operator.key.pem").status(0).says("already");
    assert_eq!(place.signatures("receipt.json"), 1);
    for ty in [RECEIPT, REPLAY] {
        place.policy(&[("dan", "Dan")], &require(ty, ""));
        place.type_in("verify receipt.json").refused(1, "threshold-unmet").says("as its operator");
        // A key that is named by hand has every role, that of the operator too.
        let listed = String::from_utf8(place.read("trust.toml")).unwrap();
        let ops = listed.find("[[key]]\nname = \"ops\"").unwrap();
        let dan = listed.find("[[key]]\nname = \"dan\"").unwrap();
        place.write("trust.toml", listed[..ops].to_owned() + &listed[dan..]);
        let named = "verify receipt.json --trust trust.toml --pub operator.pub.pem";
        place.type_in(named).refused(1, "threshold-unmet").says("named with every role");
    }
    // Nor does another key of the operator's owner.
    fs_err::remove_file(place.path("trust.toml")).unwrap();
    place.type_in("replay receipt.json --sign dan.key.pem").status(0);
    for ty in [RECEIPT, REPLAY] {
        place.policy(&[("dan", "Ops")], &require(ty, ""));
        place.type_in("verify receipt.json").refused(1, "threshold-unmet").says("its owner");
        place.policy(&[("dan", "Dan")], &require(ty, ""));
        place.type_in("verify receipt.json").status(0);
    }
    // The auditor's key is not the operator's either.
    let listed = String::from_utf8(place.read("trust.toml")).unwrap();
    place.write("trust.toml", listed.replace("\"operator\"", "\"author\""));
    place.type_in("verify receipt.json").refused(1, "key-role");
}

/// covers: replay-verdict-8
#[test]
fn an_interruption_is_never_cosigned() {
    let place = Place::new();
    place.pair("dan");
    place.skill("a", SPINS, "");
    let run = "run -q --pub author.pub.pem --key operator.key.pem --timeout 0.3 a.skill";
    place.type_in(run).refused(137, "interrupted");
    let before = place.read("receipt.json");
    place.type_in("replay receipt.json --sign dan.key.pem").status(2).says("verdict interrupted");
    assert_eq!(place.read("receipt.json"), before);
    let verdict = place.verdict("receipt");
    assert_eq!(verdict["verdict"], "interrupted");
    assert_eq!(verdict["engines"], json!([]));
    assert_eq!(verdict["asked"][0]["reason"], "interrupted");
    place.policy(&[("dan", "Dan")], &require(REPLAY, ""));
    place.type_in("verify receipt.json").refused(1, "verdict-failed");
    place.policy(&[("dan", "Dan")], &require(RECEIPT, ""));
    place.type_in("verify receipt.json").refused(1, "threshold-unmet").says("found 0");
}

/// covers: replay-verdict-8, replay-verdict-10
#[test]
fn a_replay_that_is_given_up_says_so_and_a_later_one_takes_its_place() {
    let wat = r#"(module (memory (export "memory") 1) (func (export "_start") (local $i i64)
      (loop (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (i64.store (i32.const 64) (local.get $i))
        (br_if 0 (i64.lt_u (local.get $i) (i64.const 3000000000))))))"#;
    let place = recorded(wat, "a.skill");
    place.pair("dan");
    let before = place.read("receipt.json");
    let late = "replay receipt.json --sign dan.key.pem --timeout 0.2";
    for _ in 0..2 {
        place.type_in(late).refused(2, "interrupted").says("verdict interrupted");
        assert_eq!(place.read("receipt.json"), before);
        let verdict = place.verdict("receipt");
        assert_eq!((&verdict["verdict"], &verdict["depth"]), (&json!("interrupted"), &json!(0)));
    }
    place.type_in("replay receipt.json --sign dan.key.pem --timeout 60").status(0);
    assert_eq!(place.verdict("receipt")["verdict"], "reproduced");
    assert_eq!(place.signatures("receipt.json"), 2);
    place.type_in(late).refused(2, "interrupted");
    let values: Vec<_> = place.beside("receipt");
    assert_eq!(values.len(), 2, "a yes stays");
    assert_eq!(place.signatures("receipt.json"), 2);
}

/// covers: replay-verdict-4
#[test]
fn a_lie_of_the_operator_is_refuted_and_the_verdict_stops_who_believes_it() {
    let place = clock();
    place.pair("dan");
    place.pair("eve");
    place.lies(|receipt| receipt.outputs.stdout.bytes += 1);
    let before = place.read("receipt.json");
    place.policy(&[("dan", "Dan")], "");
    place.type_in("verify receipt.json").status(0);
    let ended = place.type_in("replay receipt.json --sign dan.key.pem --engine all").status(1);
    ended.says("refuted").says("the receipt is not: it was not reproduced");
    assert_eq!(place.read("receipt.json"), before);
    let verdict = place.verdict("receipt");
    assert_eq!(verdict["verdict"], "refuted");
    let first = json!({ "reason": "receipt-differs", "event": 2, "place": "outputs.stdout.bytes" });
    assert_eq!(verdict["divergence"], first);
    assert_eq!(verdict["asked"].as_array().unwrap().len(), 4);
    let refused = place.type_in("verify receipt.json").refused(1, "verdict-failed");
    refused.says("no trusted key that says no").says("found dan");
    // Whom nobody trusts takes nothing away.
    place.policy(&[("eve", "Eve")], "");
    place.type_in("verify receipt.json").status(0);
}

/// covers: replay-verdict-5, replay-verdict-6
#[test]
fn another_trace_says_nothing_about_the_receipt() {
    let place = clock();
    place.pair("dan");
    let before = place.read("receipt.json");
    let trace = place.read("receipt.trace");
    place
        .type_in("run -q --pub author.pub.pem --allow time --receipt other.json a.skill")
        .status(0);
    place.write("receipt.trace", place.read("other.trace"));
    let sign = "replay receipt.json --sign dan.key.pem";
    place.type_in(sign).status(1).says("verdict inconclusive");
    assert_eq!(place.verdict("receipt")["asked"][0]["reason"], "trace-mismatch");
    assert_eq!(place.verdict("receipt")["divergence"], Value::Null);
    let mut torn = trace.clone();
    let last = torn.len() - 40;
    torn[last] ^= 1;
    place.write("receipt.trace", &torn);
    let ended = place.type_in(sign);
    assert!(ended.status == 1 || ended.status == 2, "{ended:?}");
    ended.says("verdict inconclusive");
    assert_eq!(place.verdict("receipt")["verdict"], "inconclusive");
    place.policy(&[("dan", "Dan")], "");
    place.type_in("verify receipt.json --subject a.wasm").refused(1, "subject-mismatch");
    // Without a trace nothing is replayed, and nothing is signed.
    fs_err::remove_file(place.path("receipt.intoto.jsonl")).unwrap();
    fs_err::remove_file(place.path("receipt.trace")).unwrap();
    fs_err::remove_file(place.path("other.trace")).unwrap();
    place.type_in(sign).refused(2, "material-missing");
    assert!(!place.exists("receipt.intoto.jsonl"));
    assert_eq!(place.read("receipt.json"), before);
    place.write("receipt.trace", trace);
    place.type_in(sign).status(0);
    assert_eq!(place.verdict("receipt")["verdict"], "reproduced");
}

/// covers: replay-verdict-9, replay-verdict-10
#[test]
fn files_stay_as_they_are_but_for_what_is_added() {
    let place = recorded(NOTHING, "a.skill");
    place.pair("dan");
    let text = String::from_utf8(place.read("receipt.json")).unwrap();
    place.write("receipt.json", text.replacen('{', "{\"note\":\"ours\",", 1));
    place.mode("receipt.json", 0o640);
    let other = Envelope::sign(b"{}".to_vec(), &[&PrivateKey::generate().unwrap()]);
    let other = [other.to_bytes().unwrap(), b"\n".to_vec()].concat();
    place.write("receipt.intoto.jsonl", &other);
    place.mode("receipt.intoto.jsonl", 0o664);
    let sign = "replay receipt.json --sign dan.key.pem --format json";
    let shown = json::parse(&place.type_in(sign).status(0).stdout).unwrap();
    assert_eq!(shown["signed"]["receipt"], "added");
    assert_eq!(shown["signed"]["verdict"], "reproduced");
    let tree = place.tree();
    let receipt = json::parse(&place.read("receipt.json")).unwrap();
    assert_eq!(receipt["note"], "ours");
    assert_eq!(receipt["signatures"].as_array().unwrap().len(), 2);
    assert!(place.read("receipt.intoto.jsonl").starts_with(&other));
    for (name, mode) in [("receipt.json", 0o640), ("receipt.intoto.jsonl", 0o664)] {
        let found = fs_err::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name}");
    }
    let shown = json::parse(&place.type_in(sign).status(0).stdout).unwrap();
    assert_eq!(shown["signed"]["receipt"], "present");
    assert_eq!(place.tree(), tree, "the same again adds nothing");

    // What lies beside is looked at before anything is replayed.
    place.write("receipt.intoto.jsonl", "not an envelope\n");
    let before = place.tree();
    place.type_in("replay receipt.json --sign dan.key.pem").refused(2, "envelope-malformed");
    assert_eq!(place.tree(), before);

    // A link that came with the receipt leads to nothing of ours.
    fs_err::remove_file(place.path("receipt.intoto.jsonl")).unwrap();
    place.write("ours", "");
    std::os::unix::fs::symlink("ours", place.path("receipt.intoto.jsonl")).unwrap();
    place.type_in("replay receipt.json --sign dan.key.pem").status(0);
    assert_eq!(place.read("ours"), b"");
    assert_eq!(place.verdict("receipt")["verdict"], "reproduced");

    place.type_in("run -q --pub author.pub.pem --receipt open.json a.skill").status(0);
    let before = place.read("open.json");
    let ended = place.type_in("replay open.json --sign dan.key.pem").status(0);
    ended.says("nobody signed it as its operator");
    assert_eq!(place.read("open.json"), before);
    assert_eq!(place.verdict("open")["verdict"], "reproduced");
}

#[test]
fn the_auditors_key_is_found_as_every_key_is() {
    let place = recorded(NOTHING, "a.skill");
    place.pair("dan");
    place.write("word", "a passphrase\n");
    place.mode("word", 0o600);
    let (before, replay) = (place.read("receipt.json"), "replay receipt.json");
    place.type_in(&format!("{replay} --passphrase-file word")).refused(2, "usage").says("--sign");
    place.type_in(&format!("{replay} --sign dan.pub.pem")).refused(2, "key-malformed");
    place.mode("dan.key.pem", 0o644);
    place.type_in(&format!("{replay} --sign dan.key.pem")).refused(2, "key-exposed");
    place.mode("dan.key.pem", 0o600);
    place.type_in(&format!("{replay} --sign env:NOT_THERE")).refused(2, "file-missing");
    assert_eq!(place.read("receipt.json"), before);
    assert!(!place.exists("receipt.intoto.jsonl"));
    place.type_in("keygen -o locked --encrypt --passphrase-file word").status(0);
    place.type_in(&format!("{replay} --sign locked.key.pem --passphrase-file word")).status(0);
    let mut command = place.command(PROVENACT);
    let pem = String::from_utf8(place.read("dan.key.pem")).unwrap();
    command.args(["replay", "receipt.json", "--sign", "env:AUDITOR"]).env("AUDITOR", &pem);
    Ended::of(command.output().unwrap()).status(0);
    let from_stdin = format!("{replay} --sign -");
    place.fed(&from_stdin, pem.as_bytes()).status(0).says("already");
}
