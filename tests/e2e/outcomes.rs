//! Every way in which an execution ends: its exit status, what it says, and what its replay says.

use super::common::{Ended, PROVENACT, Place};
use provenact::outcome::Trap;
use serde_json::Value;
use std::process::{Child, Stdio};
use std::time::Duration;

const RUN: &str = "run --quiet --pub author.pub.pem --key operator.key.pem --force";

impl Place {
    /// Runs `NAME.skill` with `options`; `NAME.json` is its receipt.
    fn runs(&self, name: &str, options: &str) -> Ended {
        let line = format!("{RUN} --receipt {name}.json {options} {name}.skill");
        self.type_in(&line.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Demands that the replay of `NAME.json` from its two files alone reproduces it.
    #[track_caller]
    fn replays(&self, name: &str) -> Ended {
        let audit = Self::new();
        for end in ["json", "trace"] {
            audit.write(&format!("{name}.{end}"), self.read(&format!("{name}.{end}")));
        }
        let ended = audit.type_in(&format!("replay {name}.json --pub operator.pub.pem"));
        ended.status(0).says(": reproduced, ")
    }

    /// Demands that the replay of `NAME.json` reproduces it as far as it goes.
    #[track_caller]
    fn replays_in_part(&self, name: &str, cause: &str) {
        let line = format!("replay {name}.json --pub operator.pub.pem");
        let ended = self.type_in(&line).status(2);
        ended.says("reproduced up to event ").says(cause);
        let report = self.type_in(&format!("{line} --format json")).status(2);
        let report: Value = serde_json::from_slice(&report.stdout).unwrap();
        assert_eq!(
            (&report["verdict"], &report["reason"]),
            (&"interrupted".into(), &"interrupted".into())
        );
    }

    /// The outcome in `NAME.json`.
    fn outcome(&self, name: &str) -> Value {
        let inspected = self.type_in(&format!("inspect {name}.json --format json")).status(0);
        let report: Value = serde_json::from_slice(&inspected.stdout).unwrap();
        report["receipt"]["outcome"].clone()
    }
}

/// A module that imports `function` of WASI with `params` i32s (`I` for an i64), and does `body`.
fn calling(function: &str, params: &str, body: &str) -> String {
    let types: Vec<_> = params.chars().map(|c| if c == 'I' { "i64" } else { "i32" }).collect();
    let types = types.join(" ");
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "{function}" (func $call (param {types}) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "x.txt")
  (func (export "_start") {body}))"#
    )
}

/// As [`calling`]: calls with `arguments` and exits with the errno.
fn exits_with_errno_of(function: &str, params: &str, arguments: &str) -> String {
    let arguments: Vec<_> = arguments
        .split(' ')
        .zip(params.chars())
        .map(|(n, c)| format!("({}.const {n})", if c == 'I' { "i64" } else { "i32" }))
        .collect();
    calling(function, params, &format!("(call $exit (call $call {}))", arguments.join(" ")))
}

#[test]
fn what_was_not_granted_is_denied_and_the_flag_is_named() {
    let read = exits_with_errno_of("path_open", "iiiiiIIii", "3 0 100 5 0 2 0 0 0");
    let write = exits_with_errno_of("path_open", "iiiiiIIii", "3 0 100 5 1 64 0 0 0");
    let clock = exits_with_errno_of("clock_time_get", "iIi", "0 0 0");
    let random = exits_with_errno_of("random_get", "ii", "0 8");
    let sleep = exits_with_errno_of("poll_oneoff", "iiii", "0 200 1 300");
    let socket = exits_with_errno_of("sock_accept", "iii", "3 0 0");
    for (name, wat, caps, options, kind, flag) in [
        ("clock", &clock, "", "", "time", "--allow time"),
        ("random", &random, "", "", "random", "--allow random"),
        ("sleep", &sleep, "", "", "time", "--allow time"),
        ("read", &read, "", "", "fs.read", "--cap fs.read=/"),
        ("read2", &read, "--cap fs.read=/data", "", "fs.read", "--dir-ro"),
        ("write", &write, "--cap fs.read=/data", "--dir-ro d::/data", "fs.write", "--dir "),
        ("socket", &socket, "", "", "sock", "not supported"),
    ] {
        let place = Place::new();
        place.write("d/x.txt", "x");
        place.skill(name, wat, caps);
        let ended = place.runs(name, options).refused(126, "capability-denied");
        ended.says(kind).says(flag);
        assert_eq!(place.outcome(name)["kind"], "denied", "{name}");
        place.replays(name).says("denied: ");
    }
}

#[test]
fn what_was_granted_is_done() {
    let read = exits_with_errno_of("path_open", "iiiiiIIii", "3 0 100 5 0 2 0 0 0");
    let write = exits_with_errno_of("path_open", "iiiiiIIii", "3 0 100 5 1 64 0 0 0");
    let clock = exits_with_errno_of("clock_time_get", "iIi", "0 0 0");
    let place = Place::new();
    place.write("d/x.txt", "x");
    place.skill("clock", &clock, "");
    place.runs("clock", "--allow-declared").status(0);
    place.replays("clock");
    place.skill("read", &read, "--cap fs.read=/data");
    place.runs("read", "--dir-ro d::/data").status(0);
    place.runs("read", "--dir d::/data").status(0);
    place.replays("read");
    place.skill("write", &write, "--cap fs.read=/data --cap fs.write=/data");
    place.runs("write", "--dir d::/data").status(0);
    place.replays("write");
    place.runs("write", "--dir-ro d::/data").refused(126, "capability-denied").says("--dir HOST");
}

#[test]
fn a_path_that_leaves_its_directory_is_an_errno() {
    let out = exits_with_errno_of("path_open", "iiiiiIIii", "3 0 100 9 0 2 0 0 0")
        .replace("x.txt", "../secret");
    let place = Place::new();
    place.write("secret", "no");
    place.write("d/x.txt", "x");
    place.skill("out", &out, "--cap fs.read=/data");
    // 76 is `notcapable`, 63 `perm`.
    let ended = place.runs("out", "--dir-ro d::/data");
    assert!([76, 63].contains(&ended.status), "{ended:?}");
    place.replays("out").says(&format!("exited with status {}", ended.status));

    std::os::unix::fs::symlink("../secret", place.path("d/x.txt2")).unwrap();
    let link = out.replace("../secret", "./x.txt2");
    place.skill("link", &link.replace("3 0 100 9", "3 1 100 9"), "--cap fs.read=/data");
    let ended = place.runs("link", "--dir-ro d::/data");
    assert!(ended.status != 0 && ended.status < 126, "{ended:?}");
    place.replays("link");
}

#[test]
fn statuses_are_the_guests_own_up_to_125() {
    let place = Place::new();
    let exits = |status: u32| {
        format!(
            r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "_start") (call $exit (i32.const {status}))))"#
        )
    };
    for status in [0, 1, 2, 42, 125] {
        place.skill("e", &exits(status), "");
        place.runs("e", "").status(i32::try_from(status).unwrap());
        place.replays("e").says(&format!("exited with status {status}"));
        place.type_in("build e.wasm --force -o e.skill");
        fs_err::remove_dir_all(place.path("e.skill")).unwrap();
    }
    for status in [126, 127, 134, 137, 255, 256, u32::MAX] {
        place.skill("e", &exits(status), "");
        place.runs("e", "").refused(134, "exit-out-of-range").says(&status.to_string());
        place.replays("e").says(&format!("exited with status {status}, above 125"));
        fs_err::remove_dir_all(place.path("e.skill")).unwrap();
    }
}

#[test]
fn traps_and_host_faults_are_134_and_replay() {
    let fault = exits_with_errno_of("random_get", "ii", "65530 100");
    let trap = |body: &str| format!("(module (memory (export \"memory\") 1) {body})");
    let start = |body: &str| trap(&format!("(func (export \"_start\") {body})"));
    for (name, wat, reason, says) in [
        ("fault", fault, "host-fault", "random_get"),
        ("unreachable", start("unreachable"), "guest-trapped", "unreachable"),
        (
            "divide",
            start("(drop (i32.div_u (i32.const 1) (i32.const 0)))"),
            "guest-trapped",
            "zero",
        ),
        ("bounds", start("(drop (i32.load (i32.const 65536)))"), "guest-trapped", "out of bounds"),
        (
            "inner",
            trap("(func $deep unreachable) (func (export \"_start\") (call $deep))"),
            "guest-trapped",
            "function 0",
        ),
        ("abort", abort(), "guest-trapped", "oh no in a.ts:7:9"),
    ] {
        let place = Place::new();
        place.skill(name, &wat, "");
        place.runs(name, "--allow-declared").refused(134, reason).says(says);
        place.replays(name);
    }
}

/// What is at the edge of what a host can use, and beyond it: none of it is our own failure, and all of it
/// is reproduced.
#[test]
fn odd_arguments_are_answered_and_replayed() {
    const FAULT: i32 = 134;
    const ANY: i32 = -1;
    let open = "path_open iiiiiIIii";
    let calls = [
        ("clock_time_get iIi", "7 0 8", FAULT),
        ("clock_res_get ii", "9 8", FAULT),
        ("clock_time_get iIi", "0 0 12", FAULT),
        ("clock_time_get iIi", "2 0 8", 8),
        ("args_sizes_get ii", "9 16", FAULT),
        ("args_get ii", "65532 60000", 0),
        ("environ_get ii", "65536 65536", 0),
        ("fd_seek iIii", "1 0 7 8", FAULT),
        ("fd_seek iIii", "1 0 0 8", ANY),
        ("fd_tell ii", "3 8", ANY),
        ("fd_advise iIIi", "1 0 0 7", FAULT),
        ("fd_allocate iII", "1 0 9", ANY),
        ("fd_fdstat_set_flags ii", "1 64", FAULT),
        ("fd_fdstat_set_flags ii", "1 1", 8),
        ("fd_fdstat_set_rights iII", "1 -1 0", FAULT),
        ("fd_fdstat_set_rights iII", "1 0 0", ANY),
        ("fd_fdstat_get ii", "1 8", 0),
        ("fd_fdstat_get ii", "3 8", 0),
        ("fd_fdstat_get ii", "1 12", FAULT),
        ("fd_filestat_get ii", "0 8", 0),
        ("fd_filestat_get ii", "9 65500", 8),
        ("fd_prestat_get ii", "3 12", 0),
        ("fd_prestat_get ii", "3 14", FAULT),
        ("fd_prestat_get ii", "4 65530", 8),
        ("fd_prestat_dir_name iii", "3 65531 5", 0),
        ("fd_prestat_dir_name iii", "3 65531 60000", 0),
        ("fd_prestat_dir_name iii", "3 0 2", 37),
        ("fd_renumber ii", "1 1", 0),
        ("fd_renumber ii", "1 2", 0),
        ("fd_renumber ii", "1 9", 8),
        ("fd_close i", "3", 0),
        ("fd_close i", "0", 0),
        ("fd_close i", "7", 8),
        ("fd_read iiii", "0 200 0 8", ANY),
        ("fd_read iiii", "0 65536 0 8", ANY),
        ("fd_read iiii", "3 200 1 8", 8),
        ("fd_write iiii", "1 200 0 8", 0),
        ("fd_write iiii", "1 200 1 8", 0),
        ("fd_write iiii", "1 202 1 8", FAULT),
        ("fd_write iiii", "1 65532 1 8", FAULT),
        ("fd_write iiii", "1 100 1 8", FAULT),
        ("fd_write iiii", "1 200 -1 8", ANY),
        ("fd_readdir iiiIi", "3 0 65536 0 8", ANY),
        ("fd_readdir iiiIi", "3 65530 100 0 8", ANY),
        (open, "3 0 100 5 0 2 0 0 8", 0),
        (open, "3 0 100 5 16 2 0 0 8", FAULT),
        (open, "3 0 100 5 0 2147483650 0 0 8", FAULT),
        (open, "3 0 100 5 0 2 0 32 8", FAULT),
        (open, "3 3 100 5 0 2 0 0 8", FAULT),
        (open, "3 0 65534 5 0 2 0 0 8", FAULT),
        (open, "1 0 100 5 0 2 0 0 8", 8),
        ("path_filestat_get iiiii", "3 0 100 5 8", 0),
        ("path_readlink iiiiii", "3 100 5 65530 100 8", ANY),
        ("poll_oneoff iiii", "0 0 0 8", 28),
        ("poll_oneoff iiii", "65530 0 1 8", FAULT),
        ("proc_raise i", "77", FAULT),
        ("proc_raise i", "9", 58),
        ("random_get ii", "0 65536", 0),
        ("random_get ii", "65536 0", ANY),
        ("random_get ii", "0 -1", FAULT),
        ("sched_yield ", "", 0),
    ];
    let place = Place::new();
    place.write("d/x.txt", "x");
    let _socket = std::os::unix::net::UnixListener::bind(place.path("d/socket")).unwrap();
    for (at, (call, arguments, expected)) in calls.into_iter().enumerate() {
        let (function, params) = call.split_once(' ').unwrap();
        let name = format!("s{at}");
        let wat = exits_with_errno_of(function, params, arguments);
        place.skill(&name, &wat, "--cap fs.read=/data --deny fs.write");
        let ended = place.runs(&name, "--allow-declared --dir-ro d::/data");
        let status = ended.status;
        assert!(
            status == expected || (expected == ANY && status != 127),
            "{call} {arguments}: {status}\n{}",
            ended.err()
        );
        place.replays(&name);
    }
}

#[test]
fn each_trap_that_a_module_can_reach_has_its_name() {
    // `heap-misaligned` needs an atomic access, and threads are refused.
    let body = |name: &str| match name {
        "unreachable" => "unreachable",
        "memory-out-of-bounds" => "(drop (i64.load (i32.const 65530)))",
        "table-out-of-bounds" => "(drop (table.get $t (i32.const 9)))",
        "indirect-call-to-null" => "(call_indirect $t (type $f) (i32.const 0))",
        "bad-signature" => "(drop (call_indirect $t (result i32) (i32.const 1)))",
        "integer-overflow" => "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
        "integer-division-by-zero" => "(drop (i64.rem_u (i64.const 1) (i64.const 0)))",
        "bad-conversion-to-integer" => "(drop (i32.trunc_f64_s (f64.const nan)))",
        "null-reference" => "(call_ref $f (ref.null $f))",
        "array-out-of-bounds" => {
            "(drop (array.get $a (array.new_default $a (i32.const 2)) (i32.const 2)))"
        }
        "cast-failure" => "(drop (ref.cast (ref $a) (struct.new $s)))",
        "unhandled-exception" => "(throw $e)",
        "stack-limit" => "(call $deep)",
        other => panic!("{other}"),
    };
    for trap in Trap::ALL.iter().map(|trap| trap.name()) {
        if ["heap-misaligned", "abort"].contains(&trap) {
            continue;
        }
        let wat = |start: &str| {
            format!(
                r#"(module (type $f (func)) (type $a (array (mut i32))) (type $s (struct))
                (tag $e) (memory (export "memory") 1) (table $t 2 2 funcref)
                (elem (table $t) (i32.const 1) func $deep)
                (func $deep (call $deep) (call $deep)) {start})"#
            )
        };
        let as_body = format!("(func (export \"_start\") {})", body(trap));
        let at_start = format!("(func $s {}) (start $s) (func (export \"_start\"))", body(trap));
        for (name, start) in [("body", as_body), ("start", at_start)] {
            let place = Place::new();
            place.skill(name, &wat(&start), "");
            place.runs(name, "").refused(134, "guest-trapped");
            assert_eq!(place.outcome(name), serde_json::json!({"kind": "trapped", "trap": trap}));
            place.replays(name).says("trapped: ");
        }
    }
}

#[test]
fn growth_beyond_the_maximum_is_minus_one() {
    let place = Place::new();
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1 3) (table $t 1 4 funcref)
        (func (export "_start")
          (if (i32.ne (memory.grow (i32.const 3)) (i32.const -1)) (then (call $exit (i32.const 1))))
          (if (i32.ne (memory.grow (i32.const 2)) (i32.const 1)) (then (call $exit (i32.const 2))))
          (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then (call $exit (i32.const 3))))
          (if (i32.ne (table.grow $t (ref.null func) (i32.const 4)) (i32.const -1)) (then (call $exit (i32.const 4))))
          (if (i32.ne (table.grow $t (ref.null func) (i32.const 3)) (i32.const 1)) (then (call $exit (i32.const 5))))
          (if (i32.ne (table.grow $t (ref.null func) (i32.const -1)) (i32.const -1)) (then (call $exit (i32.const 6))))
          (call $exit (i32.const 42))))"#;
    place.skill("grows", wat, "");
    place.runs("grows", "").status(42);
    place.replays("grows");
    // Without a maximum of its own, the module got one when it was built.
    let unbounded = wat.replace(" 1 3)", " 1)").replace("1 4 funcref", "1 funcref").replace(
        "(memory.grow (i32.const 3)) (i32.const -1)",
        "(memory.grow (i32.const 65536)) (i32.const -1)",
    );
    let unbounded = unbounded.split("(if (i32.ne (memory.grow (i32.const 2))").next().unwrap();
    place.skill("unbounded", &format!("{unbounded} (call $exit (i32.const 42))))"), "");
    place.runs("unbounded", "").status(42);
    place.replays("unbounded");
}

#[test]
fn each_way_to_end_can_be_reached_before_the_entrypoint() {
    let at_start = |wat: String| {
        wat.replace("(func (export \"_start\")", "(start $s) (func (export \"_start\")) (func $s")
    };
    let exits = calling("proc_exit_", "i", "(call $exit (i32.const 7))")
        .lines()
        .filter(|line| !line.contains("proc_exit_"))
        .collect::<String>();
    let fault = exits_with_errno_of("random_get", "ii", "65530 100");
    let clock = exits_with_errno_of("clock_time_get", "iIi", "0 0 0");
    for (name, wat, options, status, says) in [
        ("exits", exits, "", 7, "exited with status 7"),
        ("fault", fault, "--allow random", 134, "host fault"),
        ("denied", clock, "", 126, "denied: "),
    ] {
        let place = Place::new();
        place.skill(name, &at_start(wat), "");
        place.runs(name, options).status(status);
        place.replays(name).says(says);
    }
}

/// AssemblyScript's abort with a message, in its string layout: byte length before UTF-16.
fn abort() -> String {
    r#"(module
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\0a\00\00\00o\00h\00 \00n\00o\00")
  (data (i32.const 64) "\08\00\00\00a\00.\00t\00s\00")
  (func (export "_start")
    (call $abort (i32.const 20) (i32.const 68) (i32.const 7) (i32.const 9)) unreachable))"#
        .to_owned()
}

#[test]
fn time_that_is_up_interrupts_a_loop() {
    let place = Place::new();
    let clock = calling(
        "clock_time_get",
        "iIi",
        "(loop (drop (call $call (i32.const 0) (i64.const 0) (i32.const 0))) (br 0))",
    );
    place.skill(
        "loops",
        "(module (memory (export \"memory\") 1) (func (export \"_start\") (loop (br 0))))",
        "",
    );
    place.skill("asks", &clock, "");
    for name in ["loops", "asks"] {
        place.runs(name, "--timeout 0.5 --allow-declared").refused(137, "interrupted");
        assert_eq!(place.outcome(name)["cause"], "wall-clock");
    }
    place.replays_in_part("asks", "the time was up");
    // Without any event there is nothing to reproduce.
    place.replays_in_part("loops", "the time was up");
}

/// Standard input that never says anything, for as long as it is kept.
fn silent() -> (Child, Stdio) {
    let mut cat = std::process::Command::new("sleep").arg("600").stdout(Stdio::piped()).spawn();
    let out = cat.as_mut().unwrap().stdout.take().unwrap();
    (cat.unwrap(), out.into())
}

#[test]
fn time_that_is_up_interrupts_who_waits() {
    let place = Place::new();
    let read = calling(
        "fd_read",
        "iiii",
        "(i32.store (i32.const 4) (i32.const 8)) (drop (call $call (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))",
    );
    place.skill("reads", &read, "");
    place.skill("sleeps", &sleeping(600), "");
    let (mut cat, input) = silent();
    let mut command = place.command(PROVENACT);
    let line = format!("{RUN} --receipt reads.json --timeout 0.5 reads.skill");
    command.args(line.split(' ')).stdin(input);
    Ended::of(command.output().unwrap()).refused(137, "interrupted");
    cat.kill().unwrap();
    cat.wait().unwrap();
    place.replays_in_part("reads", "the time was up");
    place.runs("sleeps", "--timeout 0.5 --allow time").refused(137, "interrupted");
    place.replays_in_part("sleeps", "the time was up");
}

/// Sleeps with `poll_oneoff` for so many seconds and exits with the number of events.
fn sleeping(seconds: u64) -> String {
    let nanos = seconds * 1_000_000_000;
    calling(
        "poll_oneoff",
        "iiii",
        &format!(
            "(i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const {nanos}))
            (drop (call $call (i32.const 0) (i32.const 200) (i32.const 1) (i32.const 300)))
            (call $exit (i32.load (i32.const 300)))"
        ),
    )
}

#[test]
fn a_replay_does_not_sleep() {
    let place = Place::new();
    place.skill("sleeps", &sleeping(20), "");
    place.runs("sleeps", "--allow time").status(1);
    let mut command = place.command(PROVENACT);
    let mut replay = command.args(["replay", "sleeps.json"]).stdout(Stdio::null()).spawn().unwrap();
    // Half of what was slept in the run is more than any machine needs for one event.
    let mut waited = Duration::ZERO;
    let status = loop {
        if let Some(status) = replay.try_wait().unwrap() {
            break status;
        }
        assert!(waited < Duration::from_secs(10), "the replay sleeps");
        std::thread::sleep(Duration::from_millis(50));
        waited += Duration::from_millis(50);
    };
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_stack_that_overflows_is_a_trap_where_it_is_counted_and_an_interruption_elsewhere() {
    let place = Place::new();
    let deep = r#"(module (memory (export "memory") 1)
        (func $f (param i32) (result i32)
          (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
        (func (export "_start") (drop (call $f (i32.const 0)))))"#;
    place.skill("counted", deep, "");
    place.runs("counted", "").refused(134, "guest-trapped").says("nested deeper");
    assert_eq!(place.outcome("counted")["trap"], "stack-limit");
    place.replays("counted");
    for (name, flags) in [("whole", "--profile canonical"), ("deep", "--without stack")] {
        place.skill(name, deep, flags);
        place.runs(name, "").refused(137, "interrupted");
        assert_eq!(place.outcome(name)["cause"], "native-stack");
        place.replays_in_part(name, "the native stack was used up");
    }
}

#[test]
fn a_bundle_without_attestation_runs_only_when_told_to() {
    let place = Place::new();
    place.skill("a", "(module (memory (export \"memory\") 1) (func (export \"_start\")))", "");
    fs_err::remove_file(place.path("a.skill/attestations.intoto.jsonl")).unwrap();
    place.type_in("run a.skill").refused(126, "signature-untrusted").says("--allow-unsigned");
    place.type_in("run --pub author.pub.pem a.skill").refused(126, "attestation-missing");
    assert!(!place.exists("receipt.json"));
    place.type_in("run --allow-unsigned a.skill").status(0);
    place.type_in("inspect receipt.json").status(0).says("--allow-unsigned").says("unsigned");
    place.type_in("replay receipt.json").status(0).says("--allow-unsigned");
    place.type_in("replay receipt.json --pub operator.pub.pem").refused(1, "unsigned");
    place.type_in("verify receipt.json --pub operator.pub.pem").refused(1, "unsigned");
    place.type_in("attest a.skill --key stranger.key.pem").status(0);
    place.type_in("run --force --pub author.pub.pem a.skill").refused(126, "signature-untrusted");
    place.type_in("run --force --pub stranger.pub.pem a.skill").status(0);
}

#[test]
fn odd_modules_run_and_replay() {
    for (name, caps, options, input, status) in [
        ("overlap", "", "--allow random", "some input", 0),
        ("memories", "", "", "", 0),
        ("start", "", "--allow time", "", 0),
        ("reactor", "--entrypoint go", "--allow random", "", 0),
        ("assemblyscript", "", "--allow random", "", 0),
        ("listing", "--cap fs.read=/d --cap fs.write=/d", "--dir d::/d", "", 0),
        ("append", "--cap fs.read=/d --cap fs.write=/d", "--dir d::/d", "", 0),
    ] {
        let place = Place::new();
        place.write("d/one.txt", "1\n");
        place.write("d/sub/two.txt", "22\n");
        place.skill_of_file(name, caps);
        let line = format!("{RUN} --receipt r.json {options} {name}.skill");
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let ended = place.fed(&line, input.as_bytes()).status(status);
        let replay = place.replays("r");
        if name == "append" {
            assert_eq!(place.read("d/log"), b"first second second ");
            place.type_in("replay r.json --out out").status(0);
            assert_eq!(place.read("out/files/d/log"), b"first second second ");
        }
        if name == "assemblyscript" {
            ended.says("trace: hi 1.5, 2");
        }
        replay.says("authenticity: verified by operator");
    }
}
