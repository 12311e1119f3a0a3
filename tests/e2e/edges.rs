//! Edges of `spec/threat-model.md` that no other test is about.

use super::common::{Ended, PROVENACT, Place};
use provenact::attest::Envelope;
use provenact::digest::hex;
use provenact::trace::Reader;
use serde_json::Value;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt as _;

const RUN: &str = "run -q --pub author.pub.pem --key operator.key.pem";
const NOTHING: &str = r#"(module (func (export "_start")))"#;
/// Asks the clock, and exits with the errno.
const CLOCK: &str = r#"(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (call $now (i32.const 0) (i64.const 1) (i32.const 8)))))"#;
/// Creates the file `new` in the first directory, and exits with the errno.
const CREATES: &str = r#"(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "new")
  (func (export "_start") (call $exit (call $open
    (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 3) (i32.const 1)
    (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0)))))"#;

#[test]
fn a_declared_path_does_not_lead_out_of_the_granted_one_by_a_link() {
    let place = Place::new();
    place.write("secret/x", "no");
    place.write("d/y", "");
    std::os::unix::fs::symlink("../secret", place.path("d/in")).unwrap();
    place.skill("a", NOTHING, "--cap fs.read=/data/in");
    let line = format!("{RUN} --dir-ro d::/data a.skill");
    place.type_in(&line).status(127).says("a link leads out of the granted directory");
    assert!(!place.exists("receipt.json"));
    // A directory of that name is another matter.
    fs_err::remove_file(place.path("d/in")).unwrap();
    place.write("d/in/x", "yes");
    place.type_in(&line).status(0);
}

#[test]
fn a_replay_touches_nothing_that_the_run_touched() {
    let place = Place::new();
    place.write("d/old", "");
    place.skill("creates", CREATES, "--cap fs.read=/d --cap fs.write=/d");
    place.type_in(&format!("{RUN} --dir d::/d creates.skill")).status(0);
    assert!(place.exists("d/new"));
    fs_err::remove_dir_all(place.path("d")).unwrap();
    let before = place.tree();
    place.type_in("replay receipt.json --pub operator.pub.pem").status(0).says(": reproduced, ");
    assert_eq!(place.tree(), before);
}

#[test]
fn words_after_the_skill_are_its_own() {
    let place = Place::new();
    place.skill("clock", CLOCK, "");
    let after = format!("{RUN} clock.skill --allow time");
    place.type_in(&after).refused(126, "capability-denied");
    place.type_in(&format!("{RUN} --force clock.skill --allow=time --help")).status(126);
    place.type_in(&format!("{RUN} --force -- clock.skill --allow time")).status(126);
    place.type_in(&format!("{RUN} --force --allow time clock.skill --no-such-flag")).status(0);
}

#[test]
fn what_was_given_in_is_hashed_behind_a_salt_of_its_run() {
    let place = Place::new();
    place.skill("a", NOTHING, "");
    let mut digests = Vec::new();
    for name in ["one", "two"] {
        let line = format!("{RUN} --receipt {name}.json a.skill secret");
        place.type_in(&line).status(0);
        let envelope = Envelope::parse(place.read(&format!("{name}.json")).trim_ascii_end());
        let payload = envelope.unwrap().payload_unverified().as_bytes().to_vec();
        let reader = Reader::open(Cursor::new(place.read(&format!("{name}.trace")))).unwrap();
        let salt = hex(reader.header().salt.as_bytes());
        assert!(!String::from_utf8_lossy(&payload).contains(&salt), "the receipt has the salt");
        let statement: Value = serde_json::from_slice(&payload).unwrap();
        let invocation = &statement["predicate"]["invocation"];
        for what in ["arguments", "environment", "stdin"] {
            let digest = invocation[what]["sha256"].as_str().unwrap();
            digests.push(digest.to_owned());
        }
    }
    let count = digests.len();
    digests.sort();
    digests.dedup();
    // The same input twice, and what is empty as well.
    assert_eq!((count, digests.len()), (6, 4), "{digests:?}");
}

#[test]
fn a_trace_is_for_its_owner_alone() {
    let place = Place::new();
    place.skill("a", NOTHING, "");
    let line = format!("umask 000; exec \"$0\" {RUN} a.skill");
    Ended::of(place.command("sh").args(["-c", &line, PROVENACT]).output().unwrap()).status(0);
    let mode = |name| fs_err::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("receipt.trace"), mode("receipt.json")), (0o600, 0o644));
}
