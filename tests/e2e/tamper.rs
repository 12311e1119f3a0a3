//! Whatever is changed in what an auditor is sent, verify or replay says no, and why.
//!
//! Someone without a key can change bytes; someone with the valid key can seal and sign again.

use super::common::{Ended, Place};
use provenact::abi::Answer;
use provenact::attest::receipt::{Bytes, Receipt};
use provenact::attest::{Envelope, PrivateKey, Statement};
use provenact::outcome::Outcome;
use provenact::trace::{EventRef, Header, Material, MaterialName, Reader, Writer};
use provenact::verify::DOES_NOT_PROVE;
use std::io::Cursor;

/// Most positions that are tried in one file.
const SAMPLE: usize = 250;

impl Place {
    /// A small recorded run of the demo's skill.
    pub fn recorded() -> Self {
        let place = Self::new();
        place.write("data/request.txt", "420\n");
        let wat = include_str!("../../src/cli/demo/decide.wat");
        place.skill("decide", wat, "--cap fs.read=/data");
        let run = "run -q --pub author.pub.pem --key operator.key.pem --allow time,random";
        place.type_in(&format!("{run} --dir-ro data::/data decide.skill")).status(0);
        place
    }

    pub fn replay(&self, name: &str) -> Ended {
        self.type_in(&format!("replay {name}.json --pub operator.pub.pem"))
    }

    fn verify(&self, name: &str) -> Ended {
        self.type_in(&format!("verify {name}.json --pub operator.pub.pem"))
    }

    fn envelope(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(&format!("{name}.json"))).unwrap()
    }

    fn receipt(&self) -> Receipt {
        let envelope = Envelope::parse(&self.read("receipt.json")).unwrap();
        let statement = Statement::parse(envelope.payload_unverified().as_bytes()).unwrap();
        Receipt::from_statement(&statement).unwrap()
    }

    /// Signs `receipt` with the valid key and writes it as `forged.json`.
    fn sign(&self, receipt: &Receipt) {
        let pem = String::from_utf8(self.read("operator.key.pem")).unwrap();
        let key = PrivateKey::from_pem(&pem).unwrap();
        let payload = receipt.to_statement().unwrap().to_payload().unwrap();
        self.write("forged.json", Envelope::sign(payload, &[&key]).to_bytes().unwrap());
    }

    /// Seals a trace of `events` anew, signs its receipt with the valid key, and demands that the
    /// signature is upheld; gives the replay.
    pub fn forge(&self, events: &[Owned], change: impl FnOnce(&mut Receipt)) -> Ended {
        self.forge_all(events, |_| (), change)
    }

    /// As [`Place::forge`], with another header of the trace.
    pub fn forge_all(
        &self,
        events: &[Owned],
        header_change: impl FnOnce(&mut Header),
        change: impl FnOnce(&mut Receipt),
    ) -> Ended {
        let mut reader = Reader::open(Cursor::new(self.read("receipt.trace"))).unwrap();
        let material = |name| Some(Material::new(name, reader.material(name)?.to_vec()));
        let materials = MaterialName::ALL.into_iter().filter_map(material).collect();
        let mut header = reader.header().clone();
        header_change(&mut header);
        while reader.next().unwrap().is_some() {}
        let outcome = reader.seal().unwrap().end.outcome.clone();
        let mut writer = Writer::start(Cursor::new(Vec::new()), &header, materials).unwrap();
        for event in events {
            event.append(&mut writer);
        }
        let (trace, seal) = writer.finish(&outcome).unwrap();
        self.write("forged.trace", trace.into_inner());
        let mut receipt = self.receipt();
        receipt.trace.sha256 = seal.digest;
        receipt.trace.events = events.len() as u64;
        change(&mut receipt);
        self.sign(&receipt);
        self.verify("forged").status(0).says("upheld").says("not replayed");
        self.replay("forged")
    }

    /// Writes `trace` and a receipt for it, changed and signed with the valid key.
    pub fn seal(&self, name: &str, trace: Vec<u8>, change: impl FnOnce(&mut Receipt)) {
        self.write(&format!("{name}.trace"), trace);
        let mut receipt = self.receipt();
        change(&mut receipt);
        self.sign(&receipt);
    }

    pub fn events(&self) -> Vec<Owned> {
        let mut reader = Reader::open(Cursor::new(self.read("receipt.trace"))).unwrap();
        let imports = reader.header().imports.clone();
        let mut events = Vec::new();
        while let Some(event) = reader.next().unwrap() {
            assert!(event.handed.digest.is_none());
            let reads = imports[event.function][1] == "fd_write" || event.handed.len > 0;
            events.push(Owned {
                name: imports[event.function][1].clone(),
                function: event.function,
                args: event.args.to_vec(),
                answer: event.answer,
                handed: reads.then(|| event.handed.bytes.to_vec()),
                written: event.written().iter().map(|bytes| bytes.to_vec()).collect(),
            });
        }
        events
    }
}

/// An event that can be changed.
#[derive(Clone)]
pub struct Owned {
    pub name: String,
    function: usize,
    args: Vec<u64>,
    pub answer: Answer,
    handed: Option<Vec<u8>>,
    pub written: Vec<Vec<u8>>,
}

impl Owned {
    pub fn append(&self, writer: &mut Writer<Cursor<Vec<u8>>>) {
        let handed: Vec<&[u8]> = self.handed.iter().map(Vec::as_slice).collect();
        let written: Vec<&[u8]> = self.written.iter().map(Vec::as_slice).collect();
        let (args, answer) = (&self.args, self.answer);
        let event =
            EventRef { function: self.function, args, answer, handed: &handed, written: &written };
        writer.append(&event).unwrap();
    }
}

/// Every position, or as many as [`SAMPLE`] evenly spread with the first and last 32.
fn positions(len: usize) -> Vec<usize> {
    let step = (len / SAMPLE).max(1);
    let ends = (0..32.min(len)).chain(len.saturating_sub(32)..len);
    let mut all: Vec<_> = (0..len).step_by(step).chain(ends).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn reason_in(ended: &Ended) -> String {
    let text = ended.err() + &ended.out();
    assert!(!text.contains("panicked"), "{text}");
    // The reason ends its line; names in brackets may come before it.
    let end = text.find("]\n").unwrap_or_else(|| panic!("no reason in {text}"));
    let start = text[..end].rfind('[').unwrap();
    text[start + 1..end].to_owned()
}

/// Changes one byte of `file` after the other; each time `check` must refuse for one of `reasons`.
fn every_byte(place: &Place, file: &str, reasons: &[&str], check: impl Fn() -> Ended) {
    let whole = place.read(file);
    for at in positions(whole.len()) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        place.write(file, &bytes);
        let ended = check();
        assert!([1, 2].contains(&ended.status), "{file} byte {at}: {ended:?}");
        let reason = reason_in(&ended);
        assert!(reasons.contains(&&*reason), "{file} byte {at}: {reason}");
    }
    place.write(file, whole);
    check().status(0);
}

#[test]
fn no_decoded_byte_of_a_receipt_can_be_changed() {
    let place = Place::recorded();
    let whole = place.envelope("receipt");
    for pointer in ["/payload", "/signatures/0/sig"] {
        let text = whole.pointer(pointer).unwrap().as_str().unwrap();
        let decoded = base64_decode(text);
        for at in positions(decoded.len()) {
            let mut bytes = decoded.clone();
            bytes[at] ^= 1 << (at % 8);
            let mut changed = whole.clone();
            *changed.pointer_mut(pointer).unwrap() = base64_encode(&bytes).into();
            place.write("forged.json", serde_json::to_vec(&changed).unwrap());
            place.write("forged.trace", "");
            place.verify("forged").refused(1, "signature-untrusted");
            place.replay("forged").refused(1, "signature-untrusted");
        }
    }
}

#[test]
fn nothing_else_of_an_envelope_can_be_changed_but_the_key_id() {
    let place = Place::recorded();
    let reasons = ["envelope-malformed", "signature-untrusted", "payload-type"];
    let whole = place.envelope("receipt");
    let try_with = |pointer: &str, value: serde_json::Value| {
        let mut changed = whole.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        place.write("forged.json", serde_json::to_vec(&changed).unwrap());
        place.write("forged.trace", place.read("receipt.trace"));
        place.replay("forged")
    };
    try_with("/payloadType", "application/json".into()).refused(1, "payload-type");
    try_with("/signatures", serde_json::json!([])).refused(1, "unsigned");
    let text = whole["payload"].as_str().unwrap();
    let spaced = format!("{}\n{}", &text[..8], &text[8..]);
    assert!(reasons.contains(&&*reason_in(&try_with("/payload", spaced.into()).status(2))));
    // A key id is a hint that nobody signed: a wrong one changes nothing.
    for id in ["", "0000", "stranger", &"f".repeat(64)] {
        try_with("/signatures/0/keyid", id.into()).status(0).says("verified by operator");
        place.verify("forged").status(0);
    }
    // Another key's valid signature is nobody's here.
    place.replay("receipt").status(0);
    place.type_in("replay receipt.json --pub stranger.pub.pem").refused(1, "signature-untrusted");
    place.type_in("verify receipt.json --pub stranger.pub.pem").refused(1, "signature-untrusted");
}

#[test]
fn no_byte_of_a_trace_can_be_changed() {
    let place = Place::recorded();
    let reasons = [
        "trace-corrupt",
        "trace-truncated",
        "trace-malformed",
        "trace-version",
        "trace-mismatch",
        "file-too-large",
    ];
    every_byte(&place, "receipt.trace", &reasons, || place.replay("receipt"));
    let whole = place.read("receipt.trace");
    for length in positions(whole.len()) {
        place.write("receipt.trace", &whole[..length]);
        place.replay("receipt").refused(2, "trace-truncated");
    }
    place.write("receipt.trace", [&whole[..], b"\0"].concat());
    let ended = place.replay("receipt");
    assert!(["trace-malformed", "trace-mismatch"].contains(&&*reason_in(&ended)), "{ended:?}");
    // A whole trace of another run is not this one's.
    place.write("receipt.trace", &whole);
    let run = "run -q --pub author.pub.pem --allow time,random --receipt other.json";
    place.type_in(&format!("{run} --dir-ro data::/data decide.skill")).status(0);
    place.write("receipt.trace", place.read("other.trace"));
    place.replay("receipt").status(1).says("trace-mismatch");
    place.verify("receipt").refused(1, "trace-mismatch");
}

#[test]
fn no_byte_of_a_trace_of_several_batches_can_be_changed() {
    let place = Place::new();
    let wat = r#"(module
      (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
      (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
      (memory (export "memory") 4)
      (func (export "_start") (local $left i32)
        (local.set $left (i32.const 100000))
        (loop $again
          (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 8)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $again (local.get $left)))
        (drop (call $random (i32.const 0) (i32.const 200000)))))"#;
    place.skill("asks", wat, "");
    let run = "run -q --pub author.pub.pem --key operator.key.pem --allow time,random asks.skill";
    place.type_in(run).status(0);
    let reasons = ["trace-corrupt", "trace-truncated", "trace-malformed", "trace-version"];
    every_byte(&place, "receipt.trace", &reasons, || place.replay("receipt"));
}

#[test]
fn no_byte_of_a_bundle_can_be_changed() {
    let place = Place::recorded();
    let verify = || place.type_in("verify decide.skill --pub author.pub.pem");
    every_byte(&place, "decide.skill/skill.wasm", &["artifact-mismatch"], verify);
    let reasons = [
        "manifest-malformed",
        "profile-unsupported",
        "capability-unknown",
        "artifact-mismatch",
        "entrypoint-missing",
        "subject-mismatch",
        "capability-unsupported",
    ];
    every_byte(&place, "decide.skill/manifest.json", &reasons, verify);
    let reasons = ["envelope-malformed", "signature-untrusted", "payload-type"];
    let attestation = place.read("decide.skill/attestations.intoto.jsonl");
    let mut refused = 0;
    for at in positions(attestation.len()) {
        let mut bytes = attestation.clone();
        bytes[at] ^= 1 << (at % 8);
        place.write("decide.skill/attestations.intoto.jsonl", &bytes);
        let ended = verify();
        // What only changes the key id, or the line end, changes nothing.
        if ended.status != 0 {
            refused += 1;
            assert!(reasons.contains(&&*reason_in(&ended)), "byte {at}: {ended:?}");
        }
    }
    assert!(refused * 10 > positions(attestation.len()).len() * 8, "{refused}");
}

#[test]
fn events_that_were_removed_added_or_swapped_are_named_as_that() {
    let place = Place::recorded();
    let events = place.events();
    let names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["path_open", "fd_read", "random_get", "clock_time_get", "fd_write"]);
    place.forge(&events, |_| ()).status(0);

    let without_last = &events[..events.len() - 1];
    place.forge(without_last, |_| ()).status(1).says("call-extra").says("fd_write");
    let mut one_more = events.clone();
    one_more.push(events[4].clone());
    place.forge(&one_more, |_| ()).status(1).says("call-missing").says("fd_write");
    let mut twice = events.clone();
    twice.insert(2, events[1].clone());
    place.forge(&twice, |_| ()).status(1).says("call-differs").says("random_get");
    let mut swapped = events.clone();
    swapped.swap(2, 3);
    place.forge(&swapped, |_| ()).status(1).says("call-differs").says("clock_time_get");
    let without_first = &events[1..];
    place.forge(without_first, |_| ()).status(1).says("call-differs").says("path_open");
    place.forge(&[], |_| ()).status(1).says("call-extra").says("path_open");
}

#[test]
fn changed_answers_and_arguments_are_found() {
    let place = Place::recorded();
    let events = place.events();
    let with = |at: usize, change: &dyn Fn(&mut Owned)| {
        let mut events = events.clone();
        change(&mut events[at]);
        place.forge(&events, |_| ())
    };
    // An answer that the output shows: the bytes that it writes are others.
    let clock = |event: &mut Owned| event.written[0] = 1_000_000_000u64.to_le_bytes().to_vec();
    with(3, &clock).status(1).says("argument-differs").says("fd_write");
    let ticket = |event: &mut Owned| event.written[0][0] ^= 1;
    with(2, &ticket).status(1).says("fd_write");
    let amount = |event: &mut Owned| event.written[0] = b"900\n".to_vec();
    with(1, &amount).status(1).says("handed-bytes-differ").says("review");
    let arguments = |event: &mut Owned| event.args[0] = 1;
    with(3, &arguments).status(1).says("argument-differs").says("clock_time_get");
    let errno = |event: &mut Owned| event.answer = Answer::Value(8);
    with(4, &errno).status(1);
    let impossible = |event: &mut Owned| event.written[0].push(0);
    with(2, &impossible).status(1).says("answer-impossible");
}

#[test]
fn a_trace_that_is_forged_without_contradiction_reproduces_with_that_sentence() {
    let place = Place::new();
    // What this skill does never shows what the clock said.
    let wat = r#"(module
      (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
      (memory 1)
      (memory (export "memory") 1)
      (func (export "_start")
        (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 8)))
        (i64.store 1 (i32.const 8) (i64.const 0))))"#;
    place.skill("still", wat, "");
    let run = "run -q --pub author.pub.pem --key operator.key.pem --allow time still.skill";
    place.type_in(run).status(0);
    let mut events = place.events();
    events[0].written[0] = 1u64.to_le_bytes().to_vec();
    let ended = place.forge(&events, |_| ()).status(0).says(": reproduced, 1 events");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&ended.out()).contains(&words(DOES_NOT_PROVE)), "{ended:?}");
}

#[test]
fn every_field_of_a_receipt_that_was_changed_and_signed_again_is_named() {
    let place = Place::recorded();
    let events = place.events();
    let changed = |path: &str, change: &dyn Fn(&mut Receipt)| {
        place.forge(&events, change).status(1).says("receipt-differs").says(path);
    };
    changed("outputs.stdout", &|r| r.outputs.stdout = Bytes::of(b"decision: decline\n"));
    changed("outputs.stderr", &|r| r.outputs.stderr = Bytes::of(b"oh"));
    changed("invocation.stdin", &|r| r.invocation.stdin.bytes += 1);
    changed("invocation.entrypoint", &|r| r.invocation.entrypoint = "main".to_owned());
    changed("invocation.arguments", &|r| r.invocation.arguments.count += 1);
    changed("invocation.environment", &|r| {
        r.invocation.environment.sha256 = r.invocation.arguments.sha256;
    });
    changed("grants", &|r| drop(r.grants.capabilities.remove(0)));
    changed("used", &|r| r.used[0].calls += 1);
    changed("files.read", &|r| r.files.read[0].path = "/data/other.txt".to_owned());
    changed("files.read", &|r| r.files.read[0].bytes += 1);
    changed("trace.events", &|r| r.trace.events += 1);
    changed("trace.version", &|r| r.trace.version = "9".to_owned());
    changed("attestation", &|r| r.attestation = None);
    changed("finalState", &|r| r.final_state = None);
    changed("finalState", &|r| {
        r.final_state.as_mut().unwrap().memories[0].sha256 = r.outputs.stdout.sha256;
    });
    changed("outcome", &|r| r.outcome = Outcome::exit(3));
    let other = place.receipt().trace.sha256.to_string();
    place
        .forge(&events, |r| r.module.sha256 = other.parse().unwrap())
        .refused(1, "material-mismatch");
}

#[test]
fn an_outcome_that_the_sealed_trace_forges_is_named() {
    let place = Place::recorded();
    let events = place.events();
    let mut reader = Reader::open(Cursor::new(place.read("receipt.trace"))).unwrap();
    let material = |name| Some(Material::new(name, reader.material(name)?.to_vec()));
    let materials = MaterialName::ALL.into_iter().filter_map(material).collect();
    let header = reader.header().clone();
    while reader.next().unwrap().is_some() {}
    let mut writer = Writer::start(Cursor::new(Vec::new()), &header, materials).unwrap();
    events.iter().for_each(|event| event.append(&mut writer));
    let (trace, seal) = writer.finish(&Outcome::exit(0)).unwrap();
    place.write("forged.trace", trace.into_inner());
    let mut receipt = place.receipt();
    receipt.trace.sha256 = seal.digest;
    receipt.outcome = Outcome::exit(0);
    place.sign(&receipt);
    place.replay("forged").status(1).says("outcome-differs").says("exited with status 0");
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_decode(text: &str) -> Vec<u8> {
    let value = |c: u8| ALPHABET.iter().position(|a| *a == c).unwrap() as u32;
    let mut bytes = Vec::new();
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = group.iter().fold(0, |bits, c| bits << 6 | value(*c)) << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}

fn base64_encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut four = [0; 4];
        four[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(four);
        for at in 0..4 {
            let sextet = (bits >> (18 - 6 * at) & 63) as usize;
            text.push(if at > group.len() { '=' } else { char::from(ALPHABET[sextet]) });
        }
    }
    text
}
