//! `--all`: many receipts, bundles and envelopes in one command.

use super::common::{Ended, PROVENACT, Place};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

/// A guest that asks for random bytes, grows by `pages` and then counts to `count`.
fn guest(pages: u32, count: u64) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $n i64)
    (drop (call $random (i32.const 64) (i32.const 8)))
    (if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable))
    (loop
      (local.set $n (i64.add (local.get $n) (i64.const 1)))
      (br_if 0 (i64.lt_u (local.get $n) (i64.const {count}))))))"#
    )
}

/// 64 KiB pages in 100 MiB.
const HUNDRED_MIB: u32 = 1600;

impl Place {
    /// Runs a guest once for each name, into `NAME.json` and `NAME.trace`.
    fn recorded_as(&self, skill: &str, wat: &str, names: &[&str]) {
        self.skill(skill, wat, "");
        for name in names {
            fs_err::create_dir_all(self.path(name).parent().unwrap()).unwrap();
            let run = "run --quiet --pub author.pub.pem --key operator.key.pem --allow random";
            self.type_in(&format!("{run} --receipt {name}.json {skill}.skill")).status(0);
        }
    }

    /// Replays below `many` with more options, and gives the lines.
    #[track_caller]
    fn replay_all(&self, options: &str, status: i32) -> Vec<serde_json::Value> {
        let line = format!("replay --all many --format json {options}");
        lines(&self.type_in(line.trim_end()).status(status))
    }
}

fn lines(ended: &Ended) -> Vec<serde_json::Value> {
    ended.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Path and verdict of each line but the last.
fn verdicts(lines: &[serde_json::Value]) -> Vec<(&str, &str)> {
    let text = |value: &'static str| move |line| text(line, value);
    let (_, each) = lines.split_last().unwrap();
    each.iter().map(|line| (text("path")(line), text("verdict")(line))).collect()
}

fn text<'v>(line: &'v serde_json::Value, name: &str) -> &'v str {
    line[name].as_str().unwrap()
}

#[test]
fn each_is_told_in_order_and_one_that_fails_stops_nobody() {
    let place = Place::new();
    let names = ["many/a", "many/b", "many/c/1", "many/c/2", "many/d", "many/e"];
    place.recorded_as("small", &guest(1, 3), &names);
    let lines = place.replay_all("--pub operator.pub.pem --jobs 3", 0);
    let all = names.map(|name| (format!("{name}.json"), "reproduced"));
    assert_eq!(verdicts(&lines), all.each_ref().map(|(path, verdict)| (path.as_str(), *verdict)));
    assert!(text(&lines[0], "authenticity").starts_with("verified by operator"));
    let summary = &lines.last().unwrap()["summary"];
    assert_eq!(summary["verdicts"]["reproduced"], 6);
    assert_eq!(summary["complete"], true);

    // What is no envelope at all is skipped, what might have been a receipt is not.
    place.write("many/notes.json", "{\"a\": [1]}");
    place.write("many/torn.json", &place.read("many/a.json")[..100]);
    fs_err::remove_file(place.path("many/b.trace")).unwrap();
    place.type_in("replay --all many").status(2).says("7 judged").says("1 other files skipped");
    // A trace that was changed is a no, whatever else could not be told.
    let mut trace = place.read("many/d.trace");
    let middle = trace.len() / 2;
    trace[middle] ^= 1;
    place.write("many/d.trace", trace);
    let lines = place.replay_all("--jobs 2", 1);
    assert_eq!(
        verdicts(&lines),
        [
            ("many/a.json", "reproduced"),
            ("many/b.json", "could not tell"),
            ("many/c/1.json", "reproduced"),
            ("many/c/2.json", "reproduced"),
            ("many/d.json", "refused"),
            ("many/e.json", "reproduced"),
            ("many/notes.json", "skipped"),
            ("many/torn.json", "could not tell"),
        ]
    );
    let summary = &lines.last().unwrap()["summary"];
    let reasons = &summary["reasons"];
    for reason in ["trace-corrupt", "material-missing", "envelope-malformed"] {
        assert_eq!(reasons[reason], 1, "{reasons}");
    }
    assert_eq!((&summary["total"], &summary["skipped"]), (&7.into(), &1.into()));

    // A list says what is meant: nothing in it is skipped, and it is told in its order.
    let list = b"many/e.json\nmany/missing.json\n\nmany/notes.json\nmany/a.json";
    let ended = place.fed("replay --all - --format json --jobs 2", list).status(2);
    assert_eq!(
        verdicts(&self::lines(&ended)),
        [
            ("many/e.json", "reproduced"),
            ("many/missing.json", "could not tell"),
            ("many/notes.json", "could not tell"),
            ("many/a.json", "reproduced"),
        ]
    );
}

#[test]
fn an_empty_set_is_refused() {
    let place = Place::new();
    place.write("empty/notes.json", "[]");
    for command in ["replay", "verify --pub operator.pub.pem"] {
        let line = format!("{command} --all empty");
        place.type_in(&line).refused(2, "nothing-to-verify").says("all 1 files are something else");
        place.fed(&format!("{command} --all -"), b"\n").refused(2, "nothing-to-verify");
        place.type_in(&format!("{command} --all gone")).refused(2, "file-missing");
        place.type_in(&format!("{command} --all - --all empty")).refused(2, "usage");
        let small = format!("{command} --all empty --memory 319");
        place.type_in(&small).refused(2, "usage").says("a single job needs 320 MiB");
        place.type_in(&format!("{command} --all empty --jobs 2000")).refused(2, "usage");
        place.type_in(&format!("{command} x --jobs 2")).refused(2, "usage");
        place.type_in(&format!("{command} x --all empty")).refused(2, "usage");
    }
    place.type_in("replay --all empty --out o").refused(2, "usage");
}

/// Endless or merely long, on each kind of engine: the time is over, and others go on.
#[test]
fn one_that_takes_too_long_is_interrupted_and_the_others_go_on() {
    let place = Place::new();
    place.recorded_as("small", &guest(1, 3), &["many/a", "many/c"]);
    place.recorded_as("long", &guest(1, 6_000_000_000), &["many/b"]);
    for engine in ["cranelift", "wasmi"] {
        let lines = place.replay_all(&format!("--timeout 0.3 --engine {engine}"), 2);
        let expected = [
            ("many/a.json", "reproduced"),
            ("many/b.json", "interrupted"),
            ("many/c.json", "reproduced"),
        ];
        assert_eq!(verdicts(&lines), expected, "{engine}");
        assert!(text(&lines[1], "message").contains("interrupted here"), "{}", lines[1]);
    }
}

#[test]
fn who_needs_the_memory_of_others_has_it_alone_or_is_told_of_the_flag() {
    let place = Place::new();
    let names = ["many/a", "many/b", "many/c", "many/d"];
    place.recorded_as("large", &guest(HUNDRED_MIB * 2, 100_000_000), &names);
    // 640 MiB less two stacks is room for one of them and not for two.
    let lines = place.replay_all("--jobs 2 --memory 640", 0);
    assert_eq!(lines.last().unwrap()["summary"]["verdicts"]["reproduced"], 4);
    // 320 MiB less a stack is room for none.
    for engine in ["cranelift", "wasmi"] {
        let lines = place.replay_all(&format!("--memory 320 --engine {engine}"), 2);
        assert_eq!(lines.last().unwrap()["summary"]["reasons"]["interrupted"], 4);
        assert!(text(&lines[3], "message").contains("needs more memory than"), "{}", lines[3]);
    }
    place.recorded_as("medium", &guest(HUNDRED_MIB / 2, 3), &["few/a", "few/b", "few/c"]);
    place.type_in("replay --all few --jobs 8 --memory 320").status(0).says("3 reproduced");
}

/// What a guest leaves in a place that others are put in after it: all of its memory and table.
const FILLS: &str = r#"(module
  (memory (export "memory") 2 60)
  (table 4 100 funcref)
  (func $f)
  (elem declare func $f)
  (func (export "_start")
    (drop (memory.grow (i32.const 50)))
    (memory.fill (i32.const 0) (i32.const 0xff) (i32.shl (memory.size) (i32.const 16)))
    (drop (table.grow (ref.func $f) (i32.const 96)))
    (table.fill (i32.const 0) (ref.func $f) (i32.const 100))))"#;

/// Traps when anything is there before it: in memory, beyond its first end, or in the table.
const LOOKS: &str = r#"(module
  (memory (export "memory") 1 60)
  (table 4 100 funcref)
  (data (i32.const 8) "data")
  (func (export "_start") (local $at i32)
    (if (i32.ne (i32.load (i32.const 8)) (i32.const 0x61746164)) (then unreachable))
    (i64.store (i32.const 8) (i64.const 0))
    (if (i32.ne (memory.grow (i32.const 59)) (i32.const 1)) (then unreachable))
    (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
    (loop
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if 0 (i32.lt_u (local.get $at) (i32.const 3932160))))
    (if (i32.ne (table.grow (ref.null func) (i32.const 96)) (i32.const 4)) (then unreachable))
    (local.set $at (i32.const 0))
    (loop
      (if (i32.eqz (ref.is_null (table.get (local.get $at)))) (then unreachable))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if 0 (i32.lt_u (local.get $at) (i32.const 100))))))"#;

/// Grows to the very ends of a place, one step further, and looks past the end. Memory that nobody sees
/// from outside is not in the final state, and most of it is never touched.
const ENDS: &str = r#"(module (memory 1) (table 1 20000 funcref)
  (func (export "_start")
    (if (i32.ne (memory.grow (i32.const 0x10000)) (i32.const -1)) (then unreachable))
    (if (i32.ne (table.grow (ref.null func) (i32.const 20000)) (i32.const -1)) (then unreachable))
    (if (i32.ne (table.grow (ref.null func) (i32.const 19999)) (i32.const 1)) (then unreachable))
    (if (i32.ne (table.grow (ref.null func) (i32.const 1)) (i32.const -1)) (then unreachable))
    (if (i32.ne (memory.grow (i32.const 0xffff)) (i32.const 1)) (then unreachable))
    (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
    (i32.store (i32.const -4) (i32.const 7))
    (if (i32.ne (i32.load (i32.const -4)) (i32.const 7)) (then unreachable))
    (drop (i32.load offset=1 (i32.const -4)))))"#;

/// Grows further than a place for small guests would let its table grow.
const GROWS: &str = r#"(module
  (memory (export "memory") i64 1)
  (memory 1)
  (table 1 60000 funcref)
  (func (export "_start")
    (if (i64.ne (memory.grow (i64.const 20)) (i64.const 1)) (then unreachable))
    (if (i32.ne (table.grow (ref.null func) (i32.const 50000)) (i32.const 1))
      (then unreachable))))"#;

/// Has a memory that is made for it, and leaves something in it.
const IMPORTS: &str = r#"(module
  (import "env" "memory" (memory 1 60))
  (func (export "_start")
    (if (i64.ne (i64.load (i32.const 8)) (i64.const 0)) (then unreachable))
    (i64.store (i32.const 8) (i64.const -1))
    (if (i32.ne (memory.grow (i32.const 59)) (i32.const 1)) (then unreachable))))"#;

#[test]
fn a_guest_finds_nothing_of_those_before_it_and_grows_as_far_as_alone() {
    let place = Place::new();
    place.recorded_as("fills", FILLS, &["many/a", "many/c"]);
    place.recorded_as("looks", LOOKS, &["many/b", "many/d"]);
    place.recorded_as("imports", IMPORTS, &["many/e", "many/f"]);
    for engine in ["cranelift", "cranelift-nan", "pulley"] {
        let lines = place.replay_all(&format!("--jobs 1 --engine {engine}"), 0);
        assert_eq!(lines.last().unwrap()["summary"]["verdicts"]["reproduced"], 6, "{engine}");
        let outcomes: Vec<_> = lines[..6].iter().map(|line| text(line, "outcome")).collect();
        assert_eq!(outcomes, ["returned"; 6]);
    }
}

#[test]
fn a_place_ends_where_memory_and_table_end() {
    let place = Place::new();
    place.skill("ends", ENDS, "");
    let run =
        "run --quiet --pub author.pub.pem --key operator.key.pem --receipt many/a.json ends.skill";
    fs_err::create_dir(place.path("many")).unwrap();
    place.type_in(run).refused(134, "guest-trapped");
    for engine in ["cranelift", "cranelift-nan", "pulley"] {
        let lines = place.replay_all(&format!("--memory 8192 --engine {engine}"), 0);
        assert_eq!(text(&lines[0], "outcome"), "trapped: a memory access was out of bounds");
    }
}

#[test]
fn a_guest_that_grows_beyond_every_place_is_reproduced() {
    let place = Place::new();
    place.recorded_as("grows", GROWS, &["many/a"]);
    let lines = place.replay_all("--jobs 1", 0);
    assert_eq!(text(&lines[0], "outcome"), "returned");
}

#[test]
fn several_engines_compare_each_receipt() {
    let place = Place::new();
    place.recorded_as("small", &guest(1, 3), &["many/a", "many/b"]);
    let lines = place.replay_all("--engine cranelift --engine wasmi", 0);
    let engines = lines[1]["engines"].as_array().unwrap();
    assert_eq!(engines.iter().map(|e| text(e, "name")).collect::<Vec<_>>(), ["cranelift", "wasmi"]);
}

#[test]
fn verify_takes_bundles_and_receipts_together() {
    let place = Place::new();
    place.recorded_as("small", &guest(1, 3), &["many/a", "many/b"]);
    fs_err::rename(place.path("small.skill"), place.path("many/small.skill")).unwrap();
    place.write("many/notes.json", "{}");
    let line = "verify --all many --pub author.pub.pem --pub operator.pub.pem --format json";
    let lines = lines(&place.type_in(line).status(0));
    let expected = [
        ("many/a.json", "upheld"),
        ("many/b.json", "upheld"),
        ("many/notes.json", "skipped"),
        ("many/small.skill", "upheld"),
    ];
    assert_eq!(verdicts(&lines), expected);
    assert_eq!((text(&lines[0], "kind"), text(&lines[3], "kind")), ("receipt", "bundle"));
    let stranger = "verify --all many --pub stranger.pub.pem";
    place.type_in(stranger).status(1).says("3 refused").says("3 signature-untrusted");
    let list = b"many/small.skill\nmany/b.json\n";
    let one = "verify --all - --pub operator.pub.pem";
    place.fed(one, list).status(1).says("many/small.skill: refused").says("many/b.json: upheld");
}

/// Results come while the list is still open, and a signal ends it with a summary of what there was.
#[test]
fn results_come_at_once_and_a_signal_leaves_a_summary() {
    let place = Place::new();
    place.recorded_as("small", &guest(1, 3), &["many/a", "many/b"]);
    let mut command = place.command(PROVENACT);
    command.args(["replay", "--all", "-", "--format", "json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    for path in ["many/b.json", "many/a.json"] {
        writeln!(input, "{path}").unwrap();
        let line: serde_json::Value =
            serde_json::from_str(&output.next().unwrap().unwrap()).unwrap();
        assert_eq!((text(&line, "path"), text(&line, "verdict")), (path, "reproduced"));
    }
    let sent = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    let last: serde_json::Value = serde_json::from_str(&output.next().unwrap().unwrap()).unwrap();
    assert_eq!(last["summary"]["complete"], false);
    assert_eq!(last["summary"]["total"], 2);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
