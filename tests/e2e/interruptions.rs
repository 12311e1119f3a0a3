//! What cuts a run or a replay short: signals, full disks, a host without memory, time.

use super::common::{Ended, PROVENACT, Place, skipped};
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const RUN: &str = "run --pub author.pub.pem --key operator.key.pem --receipt r.json";

/// A guest that says "x" twice on standard output and then does `body`; `$read`, `$random` and `$write`
/// are functions of WASI.
fn says_x_then(body: &str) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 0) "\08\00\00\00\01\00\00\00x")
  (func $one (param $to i32)
    (drop (call $write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 16))))
  (func (export "_start") (call $one (i32.const 1)) (call $one (i32.const 1)) {body}))"#
    )
}

const SPINS: &str = "(loop (br 0))";
const CALLS: &str = "(loop (drop (call $random (i32.const 64) (i32.const 8))) (br 0))";
const WAITS: &str = "(drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))";

/// A run that has said "x" twice, so that the first time is in the trace, with standard input that never says anything.
struct Running {
    child: Child,
    _input: std::io::PipeWriter,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let (reader, input) = std::io::pipe().unwrap();
        command.stdin(reader).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = [0; 2];
        child.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
        assert_eq!(&said, b"xx");
        Self { child, _input: input }
    }

    fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    fn ended(self) -> Ended {
        Ended::of(self.child.wait_with_output().unwrap())
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Whether the tests were started so that SIGHUP does nothing, as nohup does: what they start
/// inherits that.
fn is_hangup_ignored() -> bool {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let ignored = ignored.is_some_and(|mask| mask & 1 == 1);
    if ignored {
        skipped("SIGHUP is ignored here (nohup)");
    }
    ignored
}

impl Place {
    fn run_of(&self, name: &str, options: &str) -> Command {
        let line = format!("{RUN} {options} {name}.skill");
        let mut command = self.command(PROVENACT);
        command.args(line.split_whitespace()).stderr(Stdio::piped());
        command
    }

    /// Demands that the receipt says what cut the run short, and replays up to there.
    #[track_caller]
    fn was_cut_short(&self, cause: &str, says: &str) -> u64 {
        let inspected = self.type_in("inspect r.json --format json").status(0);
        let report: serde_json::Value = serde_json::from_slice(&inspected.stdout).unwrap();
        let receipt = &report["receipt"];
        assert_eq!(receipt["outcome"]["cause"], cause);
        assert!(receipt["finalState"].is_null());
        let events = receipt["trace"]["events"].as_u64().unwrap();
        let replayed = self.type_in("replay r.json --pub operator.pub.pem").status(2);
        replayed.says(&format!("reproduced up to event {events}, then interrupted: {says}"));
        self.has_no_leftovers();
        events
    }

    #[track_caller]
    fn has_no_leftovers(&self) {
        let left: Vec<_> = self.tree().into_keys().filter(|n| n.contains(".provenact-")).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// Runs a line of shell before the program, in its process.
    fn run_after(&self, shell: &str, options: &str, name: &str) -> Command {
        let line = format!("{shell}; exec \"$0\" {RUN} {options} {name}.skill");
        let mut command = self.command("bash");
        command.args(["-c", &line, PROVENACT]).stderr(Stdio::piped());
        command
    }
}

/// covers: receipt-15
#[test]
fn a_signal_leaves_the_evidence_of_what_was_before_it() {
    for (body, name, status) in [
        (SPINS, "INT", 130),
        (CALLS, "TERM", 143),
        (WAITS, "HUP", 129),
        (SPINS, "TERM", 143),
        (WAITS, "INT", 130),
    ] {
        if name == "HUP" && is_hangup_ignored() {
            continue;
        }
        let place = Place::new();
        place.skill("guest", &says_x_then(body), "");
        let options = "--allow random --report report.json";
        let running = Running::start(&mut place.run_of("guest", options));
        running.signal(name);
        running.ended().refused(status, "interrupted").says("a signal ended it").says("r.json");
        let events = place.was_cut_short("signal", "a signal ended it");
        // The second may have been in flight.
        assert!(events >= 1, "the one before the signal is not there");
        let report: serde_json::Value = serde_json::from_slice(&place.read("report.json")).unwrap();
        assert_eq!((&report["exit"], &report["events"]), (&status.into(), &events.into()));
    }
}

#[test]
fn a_run_without_a_receipt_ends_by_a_signal_too() {
    let place = Place::new();
    place.skill("guest", &says_x_then(SPINS), "");
    let mut command = place.command(PROVENACT);
    command.args(["run", "--pub", "author.pub.pem", "--no-receipt", "guest.skill"]);
    let running = Running::start(command.stderr(Stdio::piped()));
    running.signal("INT");
    running.ended().refused(130, "interrupted");
    assert!(!place.exists("receipt.json"));
    place.has_no_leftovers();
}

#[test]
fn a_second_signal_ends_a_run_at_once() {
    let place = Place::new();
    place.skill("guest", &says_x_then(SPINS), "");
    // Nobody reads what it would say about the first one, so it waits there for ever.
    let (_reader, mut full) = std::io::pipe().unwrap();
    full.write_all(&[b'.'; 1 << 16]).unwrap();
    let mut running = Running::start(place.run_of("guest", "").stderr(full));
    running.signal("INT");
    wait_until(|| place.exists("r.json"));
    std::thread::sleep(Duration::from_millis(100));
    assert!(running.child.try_wait().unwrap().is_none(), "it did not wait");
    running.signal("TERM");
    running.ended().status(143);
    place.was_cut_short("signal", "a signal ended it");
}

/// Waits for something that happens soon.
#[track_caller]
fn wait_until(mut happened: impl FnMut() -> bool) {
    for _ in 0..600 {
        if happened() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it did not happen");
}

#[test]
fn a_signal_that_is_to_be_ignored_is_ignored() {
    let place = Place::new();
    place.skill("guest", &says_x_then(SPINS), "");
    let mut running = Running::start(&mut place.run_after("trap '' HUP", "", "guest"));
    running.signal("HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert!(running.child.try_wait().unwrap().is_none(), "the signal ended it");
    running.signal("TERM");
    running.ended().refused(143, "interrupted");
}

/// Fills the trace with bytes that nothing compresses, and counts in a file what was done.
fn fills(bytes: u32) -> String {
    says_x_then(&format!(
        "(loop (drop (call $random (i32.const 64) (i32.const {bytes}))) (call $one (i32.const 3)) (br 0))"
    ))
    .replace("(import \"wasi_snapshot_preview1\" \"fd_read\"", OPEN_AND_READ)
    .replacen("(call $one (i32.const 1))", "(call $one (i32.const 1)) (call $open)", 1)
    .replace("(func $one", "(data (i32.const 32) \"log\") (func $open (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 3) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 40)))) (func $one")
    .replace("(call $one (i32.const 3))", "(call $one (i32.load (i32.const 40)))")
}

const OPEN_AND_READ: &str = r#"(import "wasi_snapshot_preview1" "path_open" (func $path_open
    (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read""#;

/// Demands that the receipt counts what is in the guest's file, byte by byte.
#[track_caller]
fn nothing_was_done_that_is_not_in_the_trace(place: &Place) {
    let inspected = place.type_in("inspect r.json --format json").status(0);
    let report: serde_json::Value = serde_json::from_slice(&inspected.stdout).unwrap();
    let written = &report["receipt"]["files"]["written"][0];
    assert_eq!(written["path"], "/d/log");
    assert_eq!(written["bytes"], place.read("d/log").len(), "{written}");
}

/// covers: trace-26, receipt-15
#[test]
fn a_full_disk_ends_the_recording_where_the_room_ends() {
    // Small events end between two batches; large ones need room of their own.
    for (bytes, kib) in [(100, 3000), (3000, 5000), (200_000, 3000), (200_000, 2500)] {
        let place = Place::new();
        place.write("d/sub", "");
        place.skill("fills", &fills(bytes), "--cap fs.write=/d --cap fs.read=/d");
        let limit = format!("ulimit -f {kib}");
        let mut command = place.run_after(&limit, "--allow random --dir d::/d", "fills");
        let ended = Ended::of(command.output().unwrap());
        ended.refused(137, "interrupted").says("the recording could not be written");
        let cause = "the recording could not be written";
        assert!(place.was_cut_short("output-failed", cause) > 10);
        assert!(place.read("r.trace").len() <= kib * 1024);
        nothing_was_done_that_is_not_in_the_trace(&place);
    }
}

#[test]
fn a_full_disk_ends_the_recording_on_a_file_system_too() {
    let place = Place::new();
    place.write("d/sub", "");
    place.write("small/sub", "");
    place.skill("fills", &fills(5000), "--cap fs.write=/d --cap fs.read=/d");
    // The small file system is there for this process alone; what it wrote is copied out.
    let line = format!(
        "mount -t tmpfs -o size=7m none small || exit 99; \
         \"$0\" {} --allow random --dir d::/d fills.skill; status=$?; ls -a small; \
         cp small/r.json small/r.trace . || exit 98; exit $status",
        RUN.replace("r.json", "small/r.json"),
    );
    let mut command = place.command("unshare");
    command.args(["--mount", "--map-root-user", "bash", "-c", &line, PROVENACT]);
    let ended = command.output().map(Ended::of);
    match ended {
        Ok(ended) if ended.out().contains("r.trace") => {
            assert!(!ended.out().contains(".provenact-"), "{}", ended.out());
            ended.refused(137, "interrupted").says("the recording could not be written");
            place.was_cut_short("output-failed", "the recording could not be written");
            nothing_was_done_that_is_not_in_the_trace(&place);
        }
        other => skipped(&format!("a small file system cannot be mounted: {other:?}")),
    }
}

#[test]
fn without_room_for_evidence_nothing_runs() {
    let place = Place::new();
    place.write("d/sub", "");
    place.skill("fills", &fills(100), "--cap fs.write=/d --cap fs.read=/d");
    for kib in [0, 100, 1050] {
        let limit = format!("ulimit -f {kib}");
        let before = place.tree();
        let mut command = place.run_after(&limit, "--no-cache --allow random --dir d::/d", "fills");
        let ended = Ended::of(command.output().unwrap()).refused(127, "output-failed");
        assert_eq!(ended.out(), "", "the guest ran");
        assert_eq!(place.tree(), before);
    }
}

#[test]
fn a_host_without_memory_interrupts_and_never_answers_minus_one() {
    let grows = |what: &str| {
        format!(
            r#"(module (memory (export "memory") 1 65000) (table $t 1 900000000 funcref)
            (func (export "_start") (loop (if (i32.eq {what} (i32.const -1)) (then unreachable))
              (br_if 0 (i32.and (i32.lt_u (memory.size) (i32.const 60000))
                (i32.lt_u (table.size $t) (i32.const 800000000)))))))"#
        )
    };
    for (name, what) in [
        ("memory", "(memory.grow (i32.const 500))"),
        ("table", "(table.grow $t (ref.null func) (i32.const 4000000))"),
    ] {
        let place = Place::new();
        place.skill(name, &grows(what), "");
        place.write("large.toml", "version = 1\n[limits]\ntable-elements = 900000000\n");
        let mut command = place.run_after("ulimit -d 1500000", "--policy large.toml", name);
        let ended = Ended::of(command.output().unwrap());
        ended.refused(137, "interrupted").says("the host had no more memory");
        place.was_cut_short("host-memory", "the host had no more memory");
    }
}

/// A guest that computes for a while, makes no call meanwhile, and exits.
fn takes_a_while() -> String {
    says_x_then(
        "(loop (local.set $i (i64.add (local.get $i) (i64.const 1)))
          (i64.store (i32.const 64) (local.get $i))
          (br_if 0 (i64.lt_u (local.get $i) (i64.const 3000000000))))",
    )
    .replace("(func (export \"_start\")", "(func (export \"_start\") (local $i i64)")
}

#[test]
fn a_replay_that_is_cut_short_leaves_nothing() {
    let place = Place::new();
    place.skill("while", &takes_a_while(), "");
    place.type_in(&format!("{RUN} while.skill")).status(0);
    let before = place.tree();
    let timed = place.type_in("replay r.json --timeout 0.2 --out out");
    timed.refused(2, "interrupted").says("longer than --timeout allows");
    assert_eq!(place.tree(), before);
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        if name == "HUP" && is_hangup_ignored() {
            continue;
        }
        let mut command = place.command(PROVENACT);
        command.args(["replay", "r.json", "--out", "out"]).stdout(Stdio::piped());
        let replay = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        signal(&replay, name);
        let ended = Ended::of(replay.wait_with_output().unwrap()).status(1000 + number);
        assert_eq!(ended.out(), "");
        assert_eq!(place.tree(), before, "{name}");
    }
    place.type_in("replay r.json --timeout 60 --out out").status(0).says(": reproduced, ");
}

#[test]
fn evidence_that_cannot_be_written_leaves_nothing_half_written() {
    let place = Place::new();
    place.skill("guest", &says_x_then(SPINS), "");
    for (to, end) in [("sub/r.json", "sub"), ("r.json", "r.json"), ("r.json", "r.trace")] {
        place.write("sub/x", "");
        let mut command = place.command(PROVENACT);
        command.args(RUN.replace("r.json", to).split(' ')).arg("guest.skill");
        let running = Running::start(command.stderr(Stdio::piped()));
        // Somebody takes the folder away, or the name of one of the two files.
        let path = place.path(end);
        if end == "sub" {
            fs_err::remove_dir_all(&path).unwrap();
        } else {
            fs_err::write(&path, "somebody else's").unwrap();
        }
        running.signal("INT");
        let reason = if end == "sub" { "output-failed" } else { "output-exists" };
        running.ended().refused(127, reason);
        place.has_no_leftovers();
        let names: Vec<_> = place.tree().into_keys().filter(|name| name.contains("r.")).collect();
        let other = names.iter().filter(|name| !name.ends_with(".pem")).collect::<Vec<_>>();
        if end == "sub" {
            assert!(other.is_empty(), "{other:?}");
        } else {
            assert_eq!(other, [end]);
            assert_eq!(place.read(end), b"somebody else's");
            fs_err::remove_file(&path).unwrap();
        }
    }
}
