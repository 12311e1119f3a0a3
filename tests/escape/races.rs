//! A neighbour that swaps a directory and a link which leads out, while the guest works below that name.

use super::place::{OPEN, Prison, SECRET, outcome};
use provenact::abi::FUNCTIONS;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Calls of each guest.
const ROUNDS: u32 = 4000;

/// Ends the thread that swaps, also when a test fails meanwhile.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does `work` while another thread swaps the two paths, as often as it can.
pub fn swapping<T>(one: &Path, other: &Path, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE);
            }
        });
        let _done = Done(&done);
        work()
    })
}

/// Paths of the guest, with the address and length that a call takes: `swap` is the name that is swapped.
const OLD: &str = "(i32.const 100) (i32.const 11)";
const NEW: &str = "(i32.const 120) (i32.const 8)";
const BESIDE: &str = "(i32.const 140) (i32.const 3)";
const FILE: &str = "(i32.const 160) (i32.const 4)";
const DATA: &str = r#"(data (i32.const 100) "swap/secret") (data (i32.const 120) "swap/new")
  (data (i32.const 140) "new") (data (i32.const 160) "file")
  (data (i32.const 0) "\00\04\00\00\40\00\00\00")"#;

/// What is tried below `swap`: the row, and what its guest does in each round.
fn tries() -> Vec<(&'static str, String)> {
    const DIR: &str = "(i32.const 3)";
    const FOLLOW: &str = "(i32.const 3) (i32.const 1)";
    let open = |path: &str, flags: u32, rights: u32| {
        format!("(call $open {path} (i32.const {flags}) (i64.const {rights}))")
    };
    let stat = "(i32.const 512)";
    let times = "(i64.const 0) (i64.const 0) (i32.const 10)";
    let buffer = "(i32.const 512) (i32.const 64) (i32.const 200)";
    let call = |name: &'static str, args: &[&str]| {
        (name, format!("(drop (call ${name} {}))", args.join(" ")))
    };
    vec![
        ("path_open", open(OLD, 0, 2)),
        ("path_open", open(NEW, 1, 64)),
        ("path_open", open(OLD, 8, 66)),
        call("path_create_directory", &[DIR, NEW]),
        call("path_remove_directory", &[DIR, NEW]),
        call("path_unlink_file", &[DIR, OLD]),
        call("path_filestat_get", &[FOLLOW, OLD, stat]),
        call("path_filestat_set_times", &[FOLLOW, OLD, times]),
        call("path_link", &[DIR, "(i32.const 0)", OLD, DIR, BESIDE]),
        call("path_link", &[DIR, "(i32.const 0)", FILE, DIR, NEW]),
        call("path_rename", &[DIR, OLD, DIR, BESIDE]),
        call("path_rename", &[DIR, FILE, DIR, NEW]),
        call("path_symlink", &[FILE, DIR, NEW]),
        call("path_readlink", &[DIR, OLD, buffer]),
    ]
}

/// Does `body` many times, and puts back what it may have removed. Exits with 99 when it has read what it
/// must not.
fn guest(body: &str) -> String {
    let mut imports = String::new();
    for row in FUNCTIONS.iter().filter(|row| row.module == "wasi_snapshot_preview1") {
        let params: Vec<_> =
            row.params.iter().map(|p| format!("{:?}", p.ty).to_lowercase()).collect();
        let result = if row.result().is_some() { "(result i32)" } else { "" };
        let name = row.name;
        let params = params.join(" ");
        let _ = write!(
            imports,
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param {params}) {result}))"
        );
    }
    format!(
        r#"(module {imports} (memory (export "memory") 1) {DATA}
  (func $open (param $path i32) (param $len i32) (param $flags i32) (param $rights i64)
    (if (i32.eqz (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len)
          (local.get $flags) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 200)))
      (then
        (drop (call $fd_read (i32.load (i32.const 200)) (i32.const 0) (i32.const 1) (i32.const 8)))
        (if (i32.eq (i32.load8_u (i32.const 1024)) (i32.const {secret}))
          (then (call $proc_exit (i32.const 99))))
        (drop (call $fd_close (i32.load (i32.const 200)))))))
  (func (export "_start") (local $round i32)
    (loop $next
      {body}
      (call $open {FILE} (i32.const 1) (i64.const 66))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $round) (i32.const {ROUNDS})))))
)"#,
        secret = SECRET.as_bytes()[0],
    )
}

#[test]
fn no_race_leads_out() {
    assert_ne!(SECRET.as_bytes()[0], OPEN.as_bytes()[0]);
    let tries = tries();
    let tried: BTreeSet<&str> = tries.iter().map(|(name, _)| *name).collect();
    let paths = FUNCTIONS.iter().map(|row| row.name).filter(|name| name.starts_with("path_"));
    assert_eq!(tried, paths.collect(), "a row that takes a path was not raced");
    let prison = Prison::new();
    for (at, (name, body)) in tries.iter().enumerate() {
        prison.reset();
        let (swap, other) = (prison.path("d/swap"), prison.path("d/other"));
        prison.place().write("d/swap/secret", OPEN);
        symlink("../canary", &other).unwrap();
        let skill = format!("race-{at}");
        let wasm = wat::parse_str(guest(body)).unwrap();
        prison.build(&skill, &wasm, "--cap fs.read=/d --cap fs.write=/d").status(0);
        let ended = swapping(&swap, &other, || prison.run(&skill, "--dir d::/d", b""));
        prison.check(&format!("{name}: {body}"), &ended);
        assert_eq!(outcome(&ended), "exit 0", "{name}: {}", ended.err());
    }
}

/// The same for calls by absolute paths.
#[test]
fn no_race_of_a_whole_file_leads_out() {
    let call = |name: &str, answer: &str| {
        let (path, len) = if name.ends_with("tree") { (240, 7) } else { (220, 14) };
        format!("(call ${name} (i32.const {path}) (i32.const {len}) {answer})")
    };
    let answer = "(i32.const 1024) (i32.const 4096)";
    let tries = ["fs_read_file", "fs_read_tree", "fs_write_file"];
    let rows = FUNCTIONS.iter().map(|row| row.name).filter(|name| name.starts_with("fs_"));
    assert_eq!(tries.to_vec(), rows.collect::<Vec<_>>(), "a row that takes a path was not raced");
    for name in tries {
        let prison = Prison::new();
        let (swap, other) = (prison.path("d/swap"), prison.path("d/other"));
        prison.place().write("d/swap/secret", OPEN);
        symlink("../canary", &other).unwrap();
        let text = format!(
            r#"(module
      (import "provenact" "{name}" (func ${name} (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 220) "/d/swap/secret") (data (i32.const 240) "/d/swap")
      (func (export "_start") (local $round i32) (local $n i32)
        (loop $next
          (local.set $n {call})
          (if (i32.and (i32.gt_s (local.get $n) (i32.const 0))
                (i32.eq (i32.load8_u (i32.const 1024)) (i32.const {secret})))
            (then (call $proc_exit (i32.const 99))))
          (local.set $round (i32.add (local.get $round) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $round) (i32.const {ROUNDS}))))))"#,
            call = call(name, answer),
            secret = SECRET.as_bytes()[0],
        );
        let wasm = wat::parse_str(text).unwrap();
        prison.build("race", &wasm, "--cap fs.read=/d --cap fs.write=/d").status(0);
        let ended = swapping(&swap, &other, || prison.run("race", "--dir d::/d", b""));
        prison.check(name, &ended);
        assert_eq!(outcome(&ended), "exit 0", "{name}: {}", ended.err());
    }
}

/// The declared directory below the granted one is swapped while `run` opens it for the guest.
#[test]
fn no_race_moves_the_directory_that_is_opened_for_the_guest() {
    let prison = Prison::new();
    let (swap, other) = (prison.path("d/swap"), prison.path("d/other"));
    prison.place().write("d/swap/secret", OPEN);
    symlink("../canary", &other).unwrap();
    let cat = r#"(module
      (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\00\04\00\00\40\00\00\00")
      (data (i32.const 100) "secret")
      (func (export "_start")
        (drop (call $open (i32.const 3) (i32.const 1) (i32.const 100) (i32.const 6) (i32.const 0)
          (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 200)))
        (drop (call $read (i32.load (i32.const 200)) (i32.const 0) (i32.const 1) (i32.const 8)))
        (i32.store (i32.const 4) (i32.load (i32.const 8)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
    let wasm = wat::parse_str(cat).unwrap();
    prison.build("cat", &wasm, "--cap fs.read=/d/swap").status(0);
    let (mut inside, mut refused) = (0, 0);
    swapping(&swap, &other, || {
        for _ in 0..60 {
            let ended = prison.run("cat", "--dir-ro d::/d", b"");
            prison.check("preopen", &ended);
            match outcome(&ended).as_str() {
                "exit 0" if ended.out() == OPEN => inside += 1,
                "refused 127 file-unreadable" => refused += 1,
                other => panic!("{other}: {} {}", ended.out(), ended.err()),
            }
        }
    });
    println!("opened {inside} times, refused {refused} times");
}
