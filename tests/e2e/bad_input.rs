//! Bad input: a clear refusal with its reason and exit status, no panic, nothing half-written.

use super::common::{Ended, PROVENACT, Place, names, skipped};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

/// A skill that returns at once.
const NOTHING: &str = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;

/// A skill whose trace is long, whatever compresses it: 256 KiB of random bytes.
const LONG_TRACE: &str = r#"(module
  (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
  (memory (export "memory") 4)
  (func (export "_start") (drop (call 0 (i32.const 0) (i32.const 262144)))))"#;

/// A skill that writes until it cannot, and exits with the errno.
const WRITES_ALWAYS: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\00\40\00\00")
  (func (export "_start") (local $errno i32)
    (loop $again
      (local.set $errno (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 60000)))
      (br_if $again (i32.eqz (local.get $errno))))
    (call $exit (local.get $errno))))"#;

impl Place {
    /// Demands that a command line is refused, for people and for programs, and leaves no trace.
    #[track_caller]
    fn refuses(&self, line: &str, status: i32, reason: &str) -> Ended {
        let before = self.tree();
        let ended = self.type_in(line).refused(status, reason);
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest: Vec<_> = rest.split(' ').filter(|word| !word.is_empty()).collect();
        let json = self.provenact(&[&[command, "--format", "json"], &rest[..]].concat());
        let json = json.status(status);
        // Of a run, standard output is the skill's.
        let said = if command == "run" { json.err() } else { json.out() };
        let said = said.lines().rfind(|line| line.starts_with('{')).unwrap_or(&said);
        let report: Value = serde_json::from_str(said).unwrap();
        assert_eq!(report["reason"], reason, "{report}");
        assert!(said.trim_start_matches(['{', '\n', ' ']).starts_with("\"schema\""));
        let after = self.tree();
        assert!(before == after, "{line}\n{}\n{}", names(&before), names(&after));
        ended
    }

    fn link(&self, name: &str, to: &str) {
        std::os::unix::fs::symlink(to, self.path(name)).unwrap();
    }

    fn fifo(&self, name: &str) {
        assert!(Command::new("mkfifo").arg(self.path(name)).status().unwrap().success());
    }

    /// A skill with a signed receipt.
    fn with_receipt() -> Self {
        let place = Self::new();
        place.skill("a", NOTHING, "");
        place.type_in("run -q --pub author.pub.pem --key operator.key.pem a.skill").status(0);
        place
    }
}

#[test]
fn what_is_no_module_is_not_built() {
    let place = Place::new();
    place.write("text.wasm", "hello");
    place.write("empty.wasm", "");
    place.write("component.wasm", wat::parse_str("(component)").unwrap());
    fs_err::create_dir(place.path("folder.wasm")).unwrap();
    place.link("loop.wasm", "loop.wasm");
    place.link("nowhere.wasm", "no-such-file");
    place.fifo("pipe.wasm");
    place.refuses("build text.wasm", 2, "module-malformed");
    place.refuses("build empty.wasm", 2, "module-malformed");
    place
        .refuses("build component.wasm", 2, "component-unsupported")
        .says("components are not supported yet");
    place.refuses("build folder.wasm", 2, "file-missing").says("folder.wasm/provenact.toml");
    place.refuses("build loop.wasm", 2, "file-unreadable").says("loop.wasm");
    place.refuses("build pipe.wasm", 2, "file-unreadable").says("pipe.wasm");
    place.refuses("build nowhere.wasm", 2, "file-missing").says("nowhere.wasm");
    place.refuses("build missing.wasm", 2, "file-missing").says("missing.wasm");
    place.refuses("build", 2, "file-missing").says("provenact.toml");
}

#[test]
fn no_beginning_of_a_module_is_a_module() {
    let place = Place::new();
    // It has no section of names: without that it would be a module still.
    let whole = wat::parse_str(LONG_TRACE).unwrap();
    for length in 1..whole.len() {
        place.write("cut.wasm", &whole[..length]);
        let ended = place.type_in("build cut.wasm").status(2);
        let said = ended.err();
        let reasons = [
            "[module-truncated]",
            "[module-malformed]",
            "[entrypoint-missing]",
            "[module-invalid]",
        ];
        assert!(reasons.iter().any(|reason| said.contains(reason)), "{length}: {said}");
        assert!(!said.contains("panicked"), "{length}: {said}");
        assert!(!place.exists("cut.skill"), "{length}");
    }
    place.write("cut.wasm", &whole[..whole.len() - 1]);
    place.refuses("build cut.wasm", 2, "module-truncated");
}

#[test]
fn unknown_imports_are_named_with_the_flag_that_avoids_them() {
    let place = Place::new();
    for (module, name, flag) in [
        ("wbg", "__wbg_log_1d3ae0273d8f4f8a", "--target wasm32-wasip1"),
        ("env", "emscripten_resize_heap", "-sSTANDALONE_WASM"),
        ("gojs", "runtime.wasmExit", "GOOS=wasip1"),
        ("wasi", "thread-spawn", "wasm32-wasip1"),
        ("wasi_unstable", "fd_write", "wasi-sdk"),
    ] {
        let wat =
            format!(r#"(module (import "{module}" "{name}" (func)) (func (export "_start")))"#);
        place.write("a.wasm", wat::parse_str(wat).unwrap());
        let ended = place.refuses("build a.wasm", 2, "import-unknown");
        ended.says(module).says(name).says(flag).says("at byte ");
    }
}

#[test]
fn outputs_that_cannot_be_are_refused_before_anything_is_done() {
    let place = Place::with_receipt();
    place.write("file", "");
    place.refuses("build a.wasm -o no/such/folder/a.skill", 2, "output-failed");
    place.refuses("build a.wasm -o file", 2, "output-exists");
    place.refuses("build a.wasm -o file/a.skill", 2, "output-failed");
    place.refuses("build a.wasm --name b -o a.skill", 2, "output-exists").says("--force");
    place.refuses("keygen -o author", 2, "output-exists").says("--force");
    place.refuses("keygen -o no/such/folder/key", 2, "output-failed");
    let run = "run --pub author.pub.pem";
    place.refuses(&format!("{run} a.skill"), 127, "output-exists").says("--force");
    place.refuses(&format!("{run} --receipt no/folder/r.json a.skill"), 127, "output-failed");
    place.refuses(&format!("{run} --receipt a.trace a.skill"), 127, "usage");
    place.refuses("replay receipt.json --out a.skill", 2, "output-exists");
    place.refuses("replay receipt.json --out no/folder/out", 2, "output-failed");
    place.type_in(&format!("{run} --quiet --force a.skill")).status(0);
}

#[test]
fn bundles_that_are_none_are_refused() {
    let place = Place::with_receipt();
    place.write("file", "");
    place.write("empty/x", "");
    let run = "run --receipt r.json --pub author.pub.pem";
    for (name, reason) in
        [("missing", "file-missing"), ("file", "bundle-malformed"), ("empty", "bundle-malformed")]
    {
        place.refuses(&format!("attest {name} --key author.key.pem"), 2, reason).says(name);
        place.refuses(&format!("{run} {name}"), 127, reason).says(name);
    }
    place.refuses("verify empty --pub author.pub.pem", 2, "bundle-malformed");
    let manifest = place.read("a.skill/manifest.json");
    let deep = b"[".repeat(1 << 16);
    for bytes in [&b""[..], b"{}", b"\xff\xfe", &deep, &[&manifest[..], b"\n"].concat()] {
        place.write("a.skill/manifest.json", bytes);
        place.refuses(&format!("{run} a.skill"), 127, "manifest-malformed");
        place.refuses("verify a.skill --pub author.pub.pem", 2, "manifest-malformed");
    }
}

#[test]
fn envelopes_and_traces_that_are_none_are_refused() {
    let place = Place::with_receipt();
    let deep = b"[".repeat(1 << 20);
    for bytes in [&b""[..], b"{}", b"null", b"\xff\xfe", &deep, b"{\"payload\":"] {
        place.write("bad.json", bytes);
        place.refuses("verify bad.json --pub operator.pub.pem", 2, "envelope-malformed");
        place.refuses("inspect bad.json", 2, "envelope-malformed").says("bad.json");
        place.refuses("replay bad.json", 2, "envelope-malformed").says("bad.json");
    }
    for command in ["verify", "inspect", "replay"] {
        let line = |name: &str| format!("{command} {name} --pub operator.pub.pem");
        place.refuses(&line("missing.json"), 2, "file-missing");
    }
    place.fifo("pipe.json");
    place.refuses("replay pipe.json", 2, "file-unreadable");
    place.refuses("inspect author.pub.pem", 2, "envelope-malformed");

    let trace = place.read("receipt.trace");
    for (bytes, reason) in [(&b""[..], "trace-truncated"), (b"hello, trace", "trace-malformed")] {
        place.write("receipt.trace", bytes);
        place.refuses("replay receipt.json", 2, reason).says("receipt.trace");
    }
    fs_err::remove_file(place.path("receipt.trace")).unwrap();
    place.refuses("replay receipt.json", 2, "material-missing");
    fs_err::create_dir(place.path("receipt.trace")).unwrap();
    place.refuses("replay receipt.json", 2, "file-unreadable");
    fs_err::remove_dir(place.path("receipt.trace")).unwrap();
    place.write("elsewhere/x.trace", trace);
    place.type_in("replay receipt.json --from elsewhere").status(0);
}

#[test]
fn nothing_to_verify_is_not_upheld() {
    let place = Place::with_receipt();
    place.refuses("verify", 2, "nothing-to-verify");
    place.refuses("verify --pub author.pub.pem", 2, "nothing-to-verify");
    place.refuses("verify receipt.json", 2, "trust-empty");
    place.refuses("verify a.skill", 2, "trust-empty");
}

#[test]
fn keys_and_trust_files_that_are_none_are_refused() {
    let place = Place::with_receipt();
    place.write("text.pem", "hello");
    place.mode("text.pem", 0o600);
    place.refuses("attest a.skill --key text.pem", 2, "key-malformed").says("text.pem");
    place.refuses("attest a.skill --key missing.pem", 2, "file-missing");
    place.refuses("attest a.skill --key a.skill", 2, "file-unreadable");
    place.refuses("verify a.skill --pub author.key.pem", 2, "key-malformed");
    place.refuses("attest a.skill --key author.pub.pem", 2, "key-malformed");
    place.mode("operator.key.pem", 0o640);
    let run = "run --pub author.pub.pem --receipt r.json --key operator.key.pem a.skill";
    place.refuses(run, 127, "key-exposed").says("chmod 600 operator.key.pem");
    for text in ["version = ", "version = 2", "[[key]]", "\u{0}"] {
        place.write("trust.toml", text);
        place.refuses("verify a.skill", 2, "trust-malformed").says("trust.toml");
        place.refuses("replay receipt.json", 2, "trust-malformed");
        place.refuses("run --receipt r.json a.skill", 127, "trust-malformed");
    }
}

#[test]
fn grants_that_make_no_sense_are_refused_before_the_skill_runs() {
    let place = Place::new();
    place.skill("a", NOTHING, "--cap fs.read=/data --cap env=NAME");
    place.write("file", "");
    place.write("one/x", "");
    place.write("two/x", "");
    let refuses = |options: &str, reason: &str| {
        place.refuses(&format!("run --pub author.pub.pem {options} a.skill"), 127, reason)
    };
    refuses("--dir missing::/data", "file-missing").says("missing");
    refuses("--dir file::/data", "file-unreadable").says("file");
    refuses("--dir-ro one::/data --dir-ro two::/data", "grant-conflict");
    refuses("--dir one::/a/../b", "capability-unknown");
    refuses("--allow network", "capability-unknown");
    refuses("--allow exec", "capability-unsupported");
    refuses("--allow fs.read", "usage").says("--dir");
    refuses("--env NAME", "usage").says("--env NAME=VALUE");
    refuses("--timeout -1", "usage");
    refuses("--timeout nan", "usage");
}

#[test]
fn words_that_are_not_text_are_refused() {
    let place = Place::new();
    place.skill("a", NOTHING, "");
    let before = place.tree();
    let mut command = place.command(PROVENACT);
    command.args(["run", "--pub", "author.pub.pem", "a.skill"]).arg(OsStr::from_bytes(b"\xff\xfe"));
    Ended::of(command.output().unwrap()).refused(127, "usage").says("invalid UTF-8");
    let mut command = place.command(PROVENACT);
    command.args(["verify", "--pub", "author.pub.pem"]).arg(OsStr::from_bytes(b"\xff\xfe"));
    Ended::of(command.output().unwrap()).refused(2, "file-missing");
    assert!(before == place.tree());
}

#[test]
fn command_lines_of_another_form_have_the_status_of_their_command() {
    let place = Place::new();
    for (line, status) in [
        ("", 2),
        ("no-such-command", 2),
        ("verify --no-such-flag", 2),
        ("run", 127),
        ("run --no-such-flag x", 127),
        ("--format json run", 127),
        ("--format=json run", 127),
        ("--format human verify --no-such-flag", 2),
        ("run --help", 0),
        ("--version", 0),
    ] {
        let words: Vec<_> = line.split(' ').filter(|word| !word.is_empty()).collect();
        place.provenact(&words).status(status);
    }
}

#[test]
fn a_reader_that_goes_away_is_an_error_or_the_guests_affair() {
    let place = Place::with_receipt();
    place.skill("writes", WRITES_ALWAYS, "");
    let closed = |line: &str| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = place.command(PROVENACT);
        Ended::of(command.args(line.split(' ')).stdout(writer).output().unwrap())
    };
    closed("explain").refused(2, "output-closed");
    closed("inspect receipt.json").refused(2, "output-closed");
    closed("verify a.skill --pub author.pub.pem").refused(2, "output-closed");
    closed("inspect receipt.json --format json").status(2);
    // The guest sees an errno (64 is `pipe`, 29 is `io`), which is recorded like any answer.
    let ended = closed("run -q --pub author.pub.pem --receipt w.json writes.skill");
    assert!([29, 64].contains(&ended.status), "{ended:?}");
    place.type_in("replay w.json").status(0).says(&format!("exited with status {}", ended.status));
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    let place = Place::new();
    place.skill("a", LONG_TRACE, "");
    place.write("small.wasm", wat::parse_str(NOTHING).unwrap());
    fs_err::create_dir(place.path("disk")).unwrap();
    let Some(_disk) = Disk::mount(&place) else {
        return skipped("no small tmpfs can be mounted here, so no disk was full");
    };
    let run = "run --pub author.pub.pem --allow random";
    let disk = || place.tree().into_iter().filter(|(name, _)| name.starts_with("disk/")).count();
    // After the guest ran: the trace does not fit.
    place.refuses(&format!("{run} --receipt disk/r.json a.skill"), 127, "output-failed");
    // Before it ran: no room at all.
    let full = fs_err::OpenOptions::new().create(true).append(true).open(place.path("disk/full"));
    let mut full = full.unwrap();
    while full.write_all(&[7; 512]).is_ok() {}
    drop(full);
    assert_eq!(disk(), 1);
    place.refuses(&format!("{run} --receipt disk/r.json a.skill"), 127, "output-failed");
    place.refuses("build small.wasm -o disk/small.skill", 2, "output-failed");
    place.refuses("keygen -o disk/key", 2, "output-failed");
    assert_eq!(disk(), 1);
    // Room for the trace's directory entry is not the question: only bytes are missing.
    place.type_in(&format!("{run} --no-receipt a.skill")).status(0);
}

/// A tmpfs of 64 KiB at `disk`, unmounted when it goes out of scope.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(place: &Place) -> Option<Self> {
        let at = place.path("disk");
        let words = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"];
        let mounted = Command::new("mount").args(words).arg(&at).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
