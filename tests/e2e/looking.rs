//! Looking at executions without running them: `inspect --events`.

use super::common::{Ended, PROVENACT, Place};
use super::tamper::Owned;
use provenact::trace::{EventRef, Reader, Writer};
use serde_json::Value;
use std::io::Cursor;

#[test]
fn events_are_told_one_a_line() {
    let place = Place::recorded();
    let all = place.type_in("inspect receipt.json --events").status(0).out();
    let lines: Vec<&str> = all.lines().collect();
    let (end, events) = lines.split_last().unwrap();
    assert_eq!(*end, format!("+++ returned ({0} of {0} events) +++", events.len()));
    for (at, line) in events.iter().enumerate() {
        assert!(line.starts_with(&format!("{at:>6}  ")), "{line}");
        assert!(line.contains(") = "), "{line}");
    }
    assert!(all.contains(r#"fd_read(fd=4, [32 bytes]) = "420\n""#), "{all}");
    assert!(all.contains(r#"path_open(fd=3, "#), "{all}");

    let clock = place.type_in("inspect receipt.json --events --kind clock").status(0).out();
    assert!(clock.lines().count() >= 2, "{clock}");
    for line in clock.lines().take_while(|line| !line.starts_with("+++")) {
        let time = line.split_once("clock_time_get(realtime, precision=1ns) = 20");
        let time = time.unwrap_or_else(|| panic!("{line}")).1;
        assert!(time.ends_with('Z') && all.contains(line), "{line}");
    }
    let two = "inspect receipt.json --events --kind clock --kind random";
    assert!(place.type_in(two).status(0).out().lines().count() > clock.lines().count());

    let refused = place.type_in("inspect receipt.json --events --kind disk").refused(2, "usage");
    assert!(refused.err().contains("args, clock, env, exit, file"), "{}", refused.err());
    place.type_in("inspect receipt.json --kind clock").refused(2, "usage");
    place.type_in("inspect receipt.json --events --extract stdout").refused(2, "usage");
}

#[test]
fn events_are_json_lines() {
    let place = Place::recorded();
    let all = place.type_in("inspect receipt.json --events --format json").status(0).out();
    assert!(
        all.starts_with(r#"{"schema":"https://opertus.systems/provenact/events/v1","#),
        "{all}"
    );
    let lines: Vec<Value> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, rest) = lines.split_first().unwrap();
    let (end, events) = rest.split_last().unwrap();
    assert!(first["trace"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(end["events"], events.len());
    assert_eq!(end["outcome"]["kind"], "returned");
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["event"], at);
        let function = event["function"].as_str().unwrap();
        assert!(function.starts_with("wasi_snapshot_preview1."), "{event}");
    }
    let clock = events.iter().find(|event| event["kind"] == "clock").unwrap();
    assert_eq!(clock["arguments"][0]["value"], "realtime");
    assert_eq!(clock["result"], "0");
    assert_eq!(clock["written"][0], 8);
}

/// What is shown before the end of a torn trace is of whole sections, and no end is shown.
#[test]
fn a_trace_that_is_not_the_receipts_has_no_last_line() {
    let place = Place::recorded();
    let trace = place.read("receipt.trace");
    place.write("torn.json", place.read("receipt.json"));
    place.write("torn.trace", &trace[..trace.len() - 20]);
    let torn = place.type_in("inspect torn.json --events").refused(2, "trace-truncated");
    assert!(!torn.out().contains("+++"), "{}", torn.out());

    let mut events = place.events();
    let clock = events.iter().position(|event| event.name == "clock_time_get").unwrap();
    events[clock].written[0][0] ^= 1;
    let forged = place.forge(&events, |_| ());
    assert_eq!(forged.status, 1);
    place.write("other.json", place.read("receipt.json"));
    place.write("other.trace", place.read("forged.trace"));
    let other = place.type_in("inspect other.json --events").refused(1, "trace-mismatch");
    assert!(!other.out().contains("+++"), "{}", other.out());
    // Who signed it is said as without --events.
    let shown = "inspect forged.json --events --pub author.pub.pem";
    place.type_in(shown).status(1).says("[signature-untrusted]").says("+++");
}

/// What is changed in a trace, and what the replay holds for its likely cause.
#[test]
fn a_difference_is_explained() {
    let place = Place::recorded();
    let events = place.events();
    let changed = |change: &dyn Fn(&mut Vec<Owned>)| {
        let mut events = events.clone();
        change(&mut events);
        let out = place.forge(&events, |_| ()).status(1).out();
        let line = out.lines().find(|line| line.starts_with("  likely cause: ")).unwrap();
        let cause = line.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned();
        (out, cause)
    };
    let (out, cause) = changed(&|events| events[1].written[0] = b"900\n".to_vec());
    assert_eq!(cause, "host-argument", "{out}");
    for line in [
        "first difference at event 4, wasi_snapshot_preview1.fd_write\n            1 fd_read(",
        "\n            3 clock_time_get(realtime, precision=1ns) = 20",
        "Z\n  - recorded: fd_write(fd=1, \"decision: approve, ",
        "\n  + replayed: fd_write(fd=1, \"decision: review , ",
        "\n  guest call stack, innermost first:\n    ",
    ] {
        assert!(out.contains(line), "{line:?} is not in {out}");
    }
    let causes = [
        (changed(&|events| drop(events.pop())).1, "truncated-trace"),
        (changed(&|events| drop(events.remove(2))).1, "missing-event"),
        (changed(&|events| events.push(events[4].clone())).1, "added-event"),
        (changed(&|events| events.insert(2, events[3].clone())).1, "added-event"),
        (changed(&|events| drop(events.remove(0))).1, "another-module"),
    ];
    for (found, expected) in causes {
        assert_eq!(found, expected);
    }
    let forged = place.forge(&events, |receipt| receipt.outputs.stdout.bytes += 1).status(1);
    forged.says("likely cause: the receipt was changed");

    let json = "replay forged.json --format json";
    let report: Value = serde_json::from_slice(&place.type_in(json).status(1).stdout).unwrap();
    let divergence = &report["divergence"];
    assert_eq!(divergence["likely_cause"]["name"], "changed-receipt", "{report}");
    assert_eq!(divergence["before"].as_array().unwrap().len(), 3);
    assert_eq!(divergence["before"][2]["kind"], "stdio");
    assert_eq!(divergence["after"].as_array().unwrap().len(), 0);
}

/// Prints texts of 10,000 bytes with terminal escapes, forty calls deep.
const NASTY: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "\00\04\00\00\10\27\00\00")
  (data (i32.const 1024) "\1b[2J\1b]0;owned\07\0a\0d")
  (func $put (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))
  (func $down (param i32)
    (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))) (else (call $put)))
    (nop))
  (func (export "_start")
    (call $put) (call $put) (call $put)
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $down (i32.const 40))
    (call $put) (call $put) (call $put)))"#;

#[test]
fn a_nasty_difference_fits_on_a_screen_and_moves_no_cursor() {
    let place = Place::new();
    place.skill("nasty", NASTY, "");
    let run = "run -q --pub author.pub.pem --key operator.key.pem nasty.skill";
    place.fed(run, &b"\x1b[31mevil\n".repeat(1200)).status(0);
    let mut reader = Reader::open(Cursor::new(place.read("receipt.trace"))).unwrap();
    let mut writer = Writer::start(Cursor::new(Vec::new()), reader.header(), Vec::new()).unwrap();
    while let Some(event) = reader.next().unwrap() {
        let mut written: Vec<Vec<u8>> = event.written().iter().map(|b| b.to_vec()).collect();
        if event.index == 3 {
            written[0][0] = b'X';
        }
        let written: Vec<&[u8]> = written.iter().map(Vec::as_slice).collect();
        // What was handed over, rebuilt: the text, or after the read what came in.
        let text = [&b"\x1b[2J\x1b]0;owned\x07\n\r"[..], &[0; 10_000]].concat();
        let came = b"\x1b[31mevil\n".repeat(1200);
        let handed: Vec<&[u8]> = match event.index {
            3 => Vec::new(),
            0..3 => vec![&text[..10_000]],
            _ => vec![&came[..10_000]],
        };
        let (function, args, answer) = (event.function, event.args, event.answer);
        let copy = EventRef { function, args, answer, handed: &handed, written: &written };
        writer.append(&copy).unwrap();
    }
    let outcome = reader.seal().unwrap().end.outcome.clone();
    let (trace, seal) = writer.finish(&outcome).unwrap();
    place.seal("forged", trace.into_inner(), |receipt| receipt.trace.sha256 = seal.digest);
    let line = "replay forged.json --pub operator.pub.pem --from nasty.skill --engine all";
    let ended = place.type_in(line).status(1);
    let out = ended.out();
    assert!(out.lines().count() <= 40, "{} lines: {out}", out.lines().count());
    assert!(out.lines().all(|line| line.chars().count() <= 400), "{out}");
    assert!(!out.chars().any(|c| c.is_control() && c != '\n'), "{out:?}");
    assert!(out.contains("… (+") && out.contains(" more\n"), "{out}");
    assert!(out.contains("handed-bytes-differ"), "{out}");
    let stream = "inspect forged.json --events";
    let shown = place.type_in(stream).status(0).out();
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
}

#[test]
fn two_executions_are_compared() {
    let place = Place::recorded();
    let run = "run -q --pub author.pub.pem --allow time,random --dir-ro data::/data --receipt";
    place.write("data/request.txt", "900\n");
    place.type_in(&format!("{run} other.json decide.skill")).status(0);
    place.type_in("diff receipt.json receipt.json").status(0).says("\nsame\n");

    let diff = place.type_in("diff receipt.json other.json").status(1).out();
    for said in [
        "A receipt.json\nB other.json\nmodule       same: sha256:",
        "\narguments    same: [\"decide\"] (compared in the headers of the traces)\n",
        "\nread /data/request.txt",
        "\nevents       different\n  A 5 events\n  B 5 events\n",
        "\noutcome      same: returned\n",
        "\nstdout       different\n  A 6",
        "\nfirst differing event: 1\n         0 path_open(fd=3, ",
        "\nA        1 fd_read(fd=4, [32 bytes]) = \"420\\n\"\nB        1 fd_read(fd=4, [32 bytes]) = \"900\\n\"\n",
        "\ndifferent\n",
    ] {
        assert!(diff.contains(said), "{said:?} is not in {diff}");
    }
    let json = place.type_in("diff receipt.json other.json --format json").status(1).out();
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["verdict"], "different");
    assert_eq!(report["first_event"]["b"]["answer"], "\"900\\n\"");
    assert_eq!(report["before"].as_array().unwrap().len(), 1);

    // Two runs of the same are the same, whatever their salts; without the traces nobody knows.
    place.skill("same", r#"(module (func (export "_start")))"#, "");
    for (name, words) in [("one", " x"), ("two", " x"), ("three", " y"), ("four", " x y")] {
        let run = "run -q --pub author.pub.pem --receipt";
        place.type_in(&format!("{run} {name}.json same.skill{words}")).status(0);
    }
    place.type_in("diff one.json two.json").status(0);
    let three = place.type_in("diff one.json three.json").status(1).out();
    assert!(three.contains("  A [\"same\", \"x\"]\n  B [\"same\", \"y\"]\n"), "{three}");
    assert_eq!(three.matches("different").count(), 2, "{three}");
    for name in ["one", "two", "four"] {
        fs_err::create_dir_all(place.path("alone")).unwrap();
        place.write(&format!("alone/{name}.json"), place.read(&format!("{name}.json")));
    }
    let blind = place.type_in("diff alone/one.json alone/two.json").status(2).out();
    assert!(
        blind.contains("arguments    not known (the receipts hash it with different salts"),
        "{blind}"
    );
    assert!(blind.contains("\ncould not tell\n"), "{blind}");
    place.type_in("diff alone/one.json alone/two.json --from .").status(0);
    place.type_in("diff alone/one.json alone/four.json").status(1);
}

/// Nothing that is wrong with what is compared is taken for a difference.
#[test]
fn what_cannot_be_compared_is_no_difference() {
    let place = Place::recorded();
    place.type_in("diff receipt.json decide.wasm").refused(2, "usage").says("WebAssembly module");
    place.type_in("diff decide.skill receipt.json").refused(2, "usage").says("is a bundle, and");
    place.type_in("diff receipt.trace receipt.json").refused(2, "usage").says("is a trace");
    place.type_in("diff receipt.json nothing.json").refused(2, "file-missing");
    place.type_in("diff receipt.json author.pub.pem").refused(2, "envelope-malformed");
    place.write("bent.json", place.read("receipt.json"));
    let mut trace = place.read("receipt.trace");
    let last = trace.len() - 1;
    trace[last] ^= 1;
    place.write("bent.trace", trace);
    place.type_in("diff receipt.json bent.json").refused(2, "trace-corrupt");
    let mut events = place.events();
    events[4].written[0] = vec![1, 0, 0, 0];
    place.forge(&events, |_| ()).status(1);
    place.write("bent.trace", place.read("forged.trace"));
    place.type_in("diff receipt.json bent.json").refused(2, "material-mismatch");
}

#[test]
fn a_bundle_is_looked_at_like_a_receipt() {
    let place = Place::new();
    let wat = r#"(module
      (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "_start") (drop (call $random (i32.const 0) (i32.const 8)))))"#;
    place.skill("r", wat, "");
    let shown = place.type_in("inspect r.skill").status(0).says("attestation not checked");
    for part in ["r 0.0.0", "capabilities random", "randomness      recorded    random_get"] {
        assert!(shown.out().contains(part), "{part}: {}", shown.out());
    }
    let shown = place.type_in("inspect r.skill --pub author.pub.pem --format json").status(0);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert!(shown["authenticity"].as_str().unwrap().starts_with("attested by author ("));
    let line = shown["entropy"].as_array().unwrap().iter().find(|l| l["source"] == "randomness");
    assert_eq!(line.unwrap()["status"], "recorded");
    // The provenance says the same.
    let envelope = place.read("r.skill/attestations.intoto.jsonl");
    let payload = provenact::attest::Envelope::parse(envelope.trim_ascii_end()).unwrap();
    let payload = payload.payload_unverified().clone();
    let signed: serde_json::Value = serde_json::from_slice(payload.as_bytes()).unwrap();
    let text = signed.to_string();
    for line in shown["entropy"].as_array().unwrap() {
        assert!(text.contains(&line.to_string()), "{line} is not in {text}");
    }
    // Nothing that the author chose makes a line of its own.
    let cap = "fs.write=/a\nattested by author";
    let built =
        place.command(PROVENACT).args(["build", "r.wasm", "--force", "--cap", cap]).output();
    Ended::of(built.unwrap()).status(0);
    let shown = place.type_in("inspect r.skill").status(0).out();
    assert!(!shown.lines().any(|line| line.starts_with("attested by")), "{shown}");
    place.type_in("attest r.skill --key author.key.pem").status(0);
    place.type_in("inspect r.skill --pub operator.pub.pem").status(1).says("NOT attested");
    for flag in ["--events", "--decisions", "--extract stdout"] {
        let ended = place.type_in(&format!("inspect r.skill {flag}"));
        ended.refused(2, "usage").says("is about receipts");
    }
    fs_err::write(place.path("r.skill/skill.wasm"), b"\0asm\x01\0\0\0").unwrap();
    place.type_in("inspect r.skill").status(1);
}
