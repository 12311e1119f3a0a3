//! What many replays in one command gain over single ones, and what being interruptible costs.
//!
//! `cargo bench --bench bulk [-- ROUNDS]`. Prints receipts per second of `replay --all` with one job
//! and with one for each processor, of as many processes with one job each, which have nothing in
//! common but the machine, of a shell loop over single commands, and what a guest that only
//! computes takes with and without epochs. Ratios are of the best round of each side, taken in turn;
//! the targets are 0.8 × processors over one job, and 20 × the shell loop.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const PROVENACT: &str = env!("CARGO_BIN_EXE_provenact");
/// Receipts of the small skill.
const RECEIPTS: u32 = 1000;
/// Of them, those that the shell loop replays.
const SINGLE: u32 = 100;

/// A few host calls, as a small skill makes them.
const SMALL: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\n")
  (func (export "_start") (local $n i32)
    (loop
      (drop (call $random (i32.const 64) (i32.const 8)))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if 0 (i32.lt_u (local.get $n) (i32.const 4))))))"#;

/// A tight loop: nothing looks at the time more often.
const COMPUTES: &str = r#"(module (memory (export "memory") 1)
  (func (export "_start") (local $n i64) (local $x i64)
    (loop
      (local.set $x (i64.rotl (i64.xor (local.get $x) (local.get $n)) (i64.const 7)))
      (local.set $n (i64.add (local.get $n) (i64.const 1)))
      (br_if 0 (i64.lt_u (local.get $n) (i64.const 2000000000))))
    (i64.store (i32.const 0) (local.get $x))))"#;

fn main() -> Result<()> {
    // cargo bench passes --bench.
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(5);
    let desk = tempfile::tempdir()?;
    let folder = desk.path();
    must(folder, &["keygen", "-o", "author"])?;
    for (name, text) in [("small", SMALL), ("computes", COMPUTES)] {
        fs_err::write(folder.join(format!("{name}.wasm")), wat::parse_str(text)?)?;
        must(folder, &["build", &format!("{name}.wasm")])?;
        must(folder, &["attest", &format!("{name}.skill"), "--key", "author.key.pem"])?;
    }
    for many in ["many", "one"] {
        fs_err::create_dir(folder.join(many))?;
    }
    say(&format!("recording {RECEIPTS} receipts"));
    let run = ["run", "--quiet", "--pub", "author.pub.pem", "--key", "author.key.pem"];
    for n in 0..RECEIPTS {
        let receipt = format!("many/{n:04}.json");
        let more = ["--allow", "random", "--receipt", &receipt, "small.skill"];
        must(folder, &[&run[..], &more].concat())?;
    }
    must(folder, &[&run[..], &["--receipt", "one/one.json", "computes.skill"]].concat())?;

    let cores = std::thread::available_parallelism()?;
    let all = |jobs: usize| {
        let mut command = provenact(folder);
        command.args(["replay", "--all", "many", "--jobs", &jobs.to_string()]);
        command
    };
    let script =
        format!("for f in many/00[0-9][0-9].json; do '{PROVENACT}' replay $f || exit 1; done");
    let (mut one, mut every, mut shell) = (Duration::MAX, Duration::MAX, Duration::MAX);
    let mut apart = Duration::MAX;
    let (mut plain, mut epochs) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        one = one.min(time(&mut all(1))?);
        every = every.min(time(&mut all(cores.get()))?);
        apart = apart.min(time_side_by_side((0..cores.get()).map(|_| all(1)))?);
        shell = shell.min(time(at_home(Command::new("sh").args(["-c", &script]), folder))?);
        plain = plain.min(time(provenact(folder).args(["replay", "one/one.json"]))?);
        epochs = epochs.min(time(provenact(folder).args(["replay", "--all", "one"]))?);
    }
    let rate = |count: u32, time: Duration| f64::from(count) / time.as_secs_f64();
    let (one, every) = (rate(RECEIPTS, one), rate(RECEIPTS, every));
    let shell = rate(SINGLE, shell);
    let per_core = every / one / cores.get() as f64;
    let apart = rate(RECEIPTS, apart) / one;
    say(&format!("one job             {one:8.0} receipts/s"));
    say(&format!("{cores:>3} jobs            {every:8.0} receipts/s"));
    say(&format!("shell loop          {shell:8.0} receipts/s"));
    say(&format!("jobs over one job   {per_core:8.2} × processors (target 0.8)"));
    say(&format!("processes over one  {apart:8.2} × processors: what the machine gives"));
    say(&format!("jobs over the shell {:8.1} × (target 20)", every / shell));
    say(&format!(
        "epochs              {:8.3} × the time",
        epochs.as_secs_f64() / plain.as_secs_f64()
    ));
    Ok(())
}

fn say(line: &str) {
    // When nobody listens, there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn provenact(folder: &Path) -> Command {
    let mut command = Command::new(PROVENACT);
    at_home(&mut command, folder);
    command
}

fn at_home<'c>(command: &'c mut Command, folder: &Path) -> &'c mut Command {
    command.current_dir(folder).env("HOME", folder).stdout(Stdio::null()).stderr(Stdio::null())
}

fn time(command: &mut Command) -> Result<Duration> {
    let start = now();
    let status = command.status()?;
    let took = start.elapsed();
    if status.success() { Ok(took) } else { Err(format!("{command:?}: {status}").into()) }
}

/// From the beginning of the first to the end of the last.
fn time_side_by_side(commands: impl Iterator<Item = Command>) -> Result<Duration> {
    let start = now();
    let children: Vec<_> = commands.map(|mut command| command.spawn()).collect();
    let mut failed = None;
    for child in children {
        let status = child?.wait()?;
        failed = failed.or((!status.success()).then_some(status));
    }
    let took = start.elapsed();
    failed.map_or(Ok(took), |status| Err(format!("one of several: {status}").into()))
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}

fn must(folder: &Path, args: &[&str]) -> Result<()> {
    time(provenact(folder).args(args)).map(drop)
}
