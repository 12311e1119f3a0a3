//! Each limit of a run, hit: its own outcome, the flag of a policy that moves it, and a replay that goes
//! as far as the trace does.

use super::common::{Ended, Place};
use provenact::bounds::Bounds;
use serde_json::Value;
use std::collections::BTreeSet;

const RUN: &str =
    "run --quiet --pub author.pub.pem --key operator.key.pem --force --receipt r.json";

/// Imports what the cases need; `body` is the entrypoint.
fn module(body: &str) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1 1000)
  (table $t 1 1000 funcref)
  (data (i32.const 0) "\10\00\00\00\20\00\00\00")
  (data (i32.const 100) "x.txt")
  (func $never)
  (func (export "_start") (local $n i32)
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    {body}))"#
    )
}

const FOREVER: &str = "(loop $again (br $again))";
/// 65,536 random bytes over and over: they do not compress.
const RECORDS: &str =
    "(loop $again (drop (call $random (i32.const 0) (i32.const 65536))) (br $again))";
const WRITES: &str = "(i32.store (i32.const 4) (i32.const 1000)) (loop $again (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br $again))";
const OPENS: &str = "(loop $again (drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 5) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8))) (br $again))";

impl Place {
    fn limited(&self, body: &str, limit: &str, flags: &str) -> Ended {
        self.skill("l", &module(body), "--cap fs.read=/d --force");
        self.write("p.toml", format!("version = 1\n[capabilities]\n\"fs.read\" = [\"/d\"]\nrandom = true\n[limits]\n{limit}\n"));
        let line = format!("{RUN} --policy p.toml {flags} --allow random --dir-ro d::/d l.skill");
        self.type_in(&line.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

#[test]
fn every_limit_is_hit() {
    let place = Place::new();
    place.write("d/x.txt", "x");
    let interrupts = [
        (
            "memory-bytes",
            131_072,
            "(drop (memory.grow (i32.const 1))) (drop (memory.grow (i32.const 1)))",
            "memory-limit",
        ),
        (
            "table-elements",
            5,
            "(drop (table.grow $t (ref.null func) (i32.const 4))) (drop (table.grow $t (ref.null func) (i32.const 1)))",
            "table-limit",
        ),
        ("open-files", 10, OPENS, "file-limit"),
        ("output-bytes", 5000, WRITES, "output-limit"),
        ("trace-bytes", 30_000_000, RECORDS, "trace-limit"),
        ("wall-clock-seconds", 1, FOREVER, "wall-clock"),
    ];
    let mut hit = BTreeSet::new();
    for (name, value, body, cause) in interrupts {
        let ended = place.limited(body, &format!("{name} = {value}"), "");
        let ended = ended.refused(137, "interrupted");
        assert!(ended.stdout.len() >= 32, "{name}: what came before is there");
        let shown = place.type_in("inspect r.json --format json").status(0);
        let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
        assert_eq!(shown["receipt"]["outcome"]["cause"], cause, "{name}");
        let replay = place.type_in("replay r.json --pub operator.pub.pem").status(2);
        replay.says("reproduced up to event");
        hit.insert(name);
    }
    assert!(place.read("r.trace").len() < 30_000_000);
    let body = "(nop)";
    for (name, value) in [("module-bytes", 200), ("functions", 1), ("instances", 1)] {
        let ended =
            place.limited(body, &format!("{name} = {value}"), "").refused(126, "limit-exceeded");
        ended.says(&format!("{name}: "));
        place.limited(body, &format!("{name} = 100000"), "").status(0);
        hit.insert(name);
    }
    // Streams are open before the guest opens anything.
    place.limited(body, "open-files = 2", "").refused(126, "limit-exceeded").says("open-files: ");
    // A module that takes more than a second to compile, and little to check.
    let functions = "(func (param i64) (result i64) (local.get 0)".to_owned()
        + &"(i64.const 3)(i64.mul)(local.get 0)(i64.xor)(local.get 0)(i64.add)(local.tee 0)"
            .repeat(300_000)
        + ")";
    let wat = module(body).replacen("(func $never)", &functions, 1);
    place.skill("l", &wat, "--cap fs.read=/d --force");
    place.write("p.toml", "version = 1\n[limits]\ncompile-seconds = 1\n");
    let ended = place.type_in(&format!("{RUN} --policy p.toml --no-cache l.skill"));
    ended.refused(126, "limit-exceeded").says("compile-seconds");
    hit.insert("compile-seconds");
    place.write("p.toml", "version = 1\n[limits]\ncompile-bytes = 1048576\n");
    let ended = place.type_in(&format!("{RUN} --policy p.toml --no-cache l.skill"));
    ended.refused(126, "limit-exceeded").says("compile-bytes");
    hit.insert("compile-bytes");
    assert_eq!(hit, Bounds::TABLE.iter().map(|(name, ..)| *name).collect());
}

/// A call that makes folders counts for each, and is not made when they are too many.
#[test]
fn folders_of_a_whole_file_count_as_output() {
    let place = Place::new();
    let wat = |path: &str| {
        format!(
            r#"(module
      (import "provenact" "fs_write_file" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "{path}")
      (func (export "_start")
        (drop (call $write (i32.const 0) (i32.const {len}) (i32.const 0) (i32.const 1)))))"#,
            len = path.len()
        )
    };
    place.write("d/keep", "");
    place.write(
        "p.toml",
        "version = 1\n[capabilities]\n\"fs.write\" = [\"/d\"]\n[limits]\noutput-bytes = 20481\n",
    );
    // Five names and a byte; then one more, and a last name that no file system takes.
    let long = format!("/d/b/{}", "n".repeat(300));
    for (path, made) in [("/d/a/a/a", true), ("/d/a/a/a/a", false), (&long, true)] {
        place.skill("l", &wat(path), "--cap fs.write=/d --deny fs.read --force");
        let ended = place.type_in(&format!("{RUN} --policy p.toml --dir d::/d l.skill"));
        if made {
            ended.status(0)
        } else {
            ended.refused(137, "interrupted").says("output-bytes")
        };
    }
    assert!(place.exists("d/a/a/a") && !place.path("d/a/a/a").is_dir());
}

/// Names and links take room of a disk without a byte that is written.
#[test]
fn names_and_links_count_as_output() {
    let place = Place::new();
    let makes = |call: &str| {
        format!(
            r#"(module
      (import "wasi_snapshot_preview1" "path_symlink" (func $link (param i32 i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "a")
      (func (export "_start")
        (loop $again
          (drop {call})
          (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
          (br_if $again (i32.ne (i32.load8_u (i32.const 0)) (i32.const 107))))))"#
        )
    };
    place.write(
        "p.toml",
        "version = 1\n[capabilities]\n\"fs.write\" = [\"/d\"]\n[limits]\noutput-bytes = 20000\n",
    );
    // Four times 4096 bytes, or three times with 4000 more, are within it.
    for (name, call, made) in [
        (
            "link",
            "(call $link (i32.const 0) (i32.const 4000) (i32.const 3) (i32.const 0) (i32.const 1))",
            2,
        ),
        ("make", "(call $make (i32.const 3) (i32.const 0) (i32.const 1))", 4),
        (
            "open",
            "(call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1) (i64.const 64) \
             (i64.const 0) (i32.const 0) (i32.const 16))",
            4,
        ),
    ] {
        fs_err::create_dir(place.path("d")).unwrap();
        // The link's text must be one: no zeros.
        let wat = makes(call).replace("\"a\"", &format!("{:?}", "a".repeat(4000)));
        place.skill("l", &wat, "--cap fs.write=/d --deny fs.read --force");
        let ended = place.type_in(&format!("{RUN} --policy p.toml --dir d::/d l.skill"));
        ended.refused(137, "interrupted").says("output-bytes");
        assert_eq!(fs_err::read_dir(place.path("d")).unwrap().count(), made, "{name}");
        fs_err::remove_dir_all(place.path("d")).unwrap();
    }
}

#[test]
fn a_limit_is_not_lifted_from_the_command_line() {
    let place = Place::new();
    place.write("d/x.txt", "x");
    let ended = place.limited(FOREVER, "wall-clock-seconds = 1", "--timeout 60");
    ended.refused(137, "interrupted");
    let ended = place.limited(FOREVER, "wall-clock-seconds = 60", "--timeout 0.2");
    ended.refused(137, "interrupted");
    // An imported memory counts as a memory of its own does.
    let imported = "(module (import \"env\" \"memory\" (memory 10 10)) (func (export \"_start\")))";
    place.skill("i", imported, "");
    place.write("p.toml", "version = 1\n[limits]\nmemory-bytes = 65536\n");
    let ended = place.type_in(&format!("{RUN} --policy p.toml i.skill"));
    ended.refused(137, "interrupted").says("memories");
    // Within its own maximum a module gets no -1 from a limit, and beyond it gets it as ever.
    let grows = "(if (i32.ne (memory.grow (i32.const 1000)) (i32.const -1)) (then (unreachable)))";
    place.limited(grows, "memory-bytes = 65536", "").status(0);
}
