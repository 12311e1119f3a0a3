//! What somebody tried, or could: each attack and what becomes of it.

use super::common::Place;
use provenact::abi::Answer;
use provenact::attest::receipt::Strings;
use provenact::outcome::Outcome;
use provenact::trace::Reader;

const RUN: &str = "run -q --pub author.pub.pem --key operator.key.pem";

/// A module that opens `name` below descriptor `fd` for writing, and exits with the errno.
fn writes(fd: u32, name: &str) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "{name}")
  (func (export "_start") (call $exit (call $open
    (i32.const {fd}) (i32.const 0) (i32.const 100) (i32.const {len}) (i32.const 9)
    (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0)))))"#,
        len = name.len()
    )
}

/// A module that renames `secret` below one descriptor to below another, and exits with the errno.
fn moves(from: u32, to: u32) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "path_rename"
    (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "secret")
  (func (export "_start") (call $exit (call $rename (i32.const {from}) (i32.const 100) (i32.const 6)
    (i32.const {to}) (i32.const 100) (i32.const 6)))))"#
    )
}

/// covers: manifest-12
#[test]
fn a_directory_granted_for_reading_stays_so_below_a_writable_one() {
    let place = Place::new();
    place.write("d/ro/x", "keep");
    place.skill("w", &writes(3, "ro/x"), "--cap fs.read=/data --cap fs.write=/data");
    let line = format!("{RUN} --dir d::/data --dir-ro d/ro::/data/ro w.skill");
    place.type_in(&line).refused(127, "grant-conflict").says("lies inside /data");
    // A link to it is the same directory.
    std::os::unix::fs::symlink("d/ro", place.path("link")).unwrap();
    let line = format!("{RUN} --dir d::/data --dir-ro link::/data/ro w.skill");
    place.type_in(&line).refused(127, "grant-conflict");
    assert_eq!(place.read("d/ro/x"), b"keep");
    // Apart on disk, each keeps its own rights: the second descriptor is /data/ro.
    place.write("e/x", "keep");
    place.skill("r", &writes(4, "x"), "--cap fs.read=/data --cap fs.write=/data");
    let line = format!("{RUN} --dir d::/data --dir-ro e::/data/ro r.skill");
    place.type_in(&line).refused(126, "capability-denied").says("granted-for-reading-only");
    assert_eq!(place.read("e/x"), b"keep");
}

#[test]
fn what_may_only_be_written_cannot_be_renamed_to_where_it_can_be_read() {
    let place = Place::new();
    place.write("d/secret", "top");
    // Apart on disk: the second descriptor can be read.
    place.write("in/x", "");
    place.skill("m", &moves(3, 4), "--cap fs.write=/data --cap fs.read=/in --cap fs.write=/in");
    let ended = place.type_in(&format!("{RUN} --dir d::/data --dir in::/in m.skill"));
    ended.refused(126, "capability-denied").says("granted-for-writing-only");
    assert!(place.exists("d/secret"));
}

/// Two directories that may only be written, the second of which lies on disk where the skill may read:
/// under another guest path, and under one that says so.
#[test]
fn what_may_only_be_written_cannot_be_moved_to_where_a_directory_around_it_is_read() {
    let place = Place::new();
    place.write("k/secret", "top");
    place.write("h/sub/x", "");
    let caps = "--cap fs.read=/r --cap fs.write=/w2 --cap";
    // /r, /w, /w2
    place.skill("apart", &moves(5, 4), &format!("{caps} fs.write=/w"));
    let ended =
        place.type_in(&format!("{RUN} --dir-ro h::/r --dir h/sub::/w --dir k::/w2 apart.skill"));
    ended.refused(127, "grant-conflict").says("/w2, which may not be read, could be moved there");
    // /r, /r/sub, /w2
    place.skill("below", &moves(5, 4), &format!("{caps} fs.write=/r/sub"));
    let ended = place
        .type_in(&format!("{RUN} --dir-ro h::/r --dir h/sub::/r/sub --dir k::/w2 below.skill"));
    ended.refused(126, "capability-denied").says("granted-for-writing-only");
    assert!(place.exists("k/secret"));
    // What may be read anyway is hidden from nobody.
    place.skill("other", &moves(4, 4), "--cap fs.read=/r --cap fs.write=/w");
    place
        .type_in(&format!("{RUN} --receipt other.json --dir-ro h::/r --dir h/sub::/w other.skill"))
        .status(44);
}

/// A directory that may be read is opened through a link, and moved to where nothing may be read: its
/// descriptor would be a way to what is put into it there.
#[test]
fn a_directory_that_may_be_read_is_not_moved_to_where_nothing_may() {
    let place = Place::new();
    place.write("rw/x", "");
    place.write("wo/secret", "top");
    // /rw is 3, /wo is 4; 0 says how far it came.
    let wat = r#"(module
      (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_symlink" (func $link (param i32 i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_rename"
        (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 100) "real/secret")
      (data (i32.const 120) "link")
      (func $must (param i32 i32) (if (local.get 0) (then (call $exit (local.get 1)))))
      (func (export "_start")
        (call $must (call $make (i32.const 3) (i32.const 100) (i32.const 4)) (i32.const 1))
        (call $must (call $link (i32.const 100) (i32.const 4) (i32.const 3) (i32.const 120) (i32.const 4))
          (i32.const 2))
        (call $must (call $open (i32.const 3) (i32.const 1) (i32.const 120) (i32.const 4) (i32.const 2)
          (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)) (i32.const 3))
        (call $must (call $rename (i32.const 3) (i32.const 100) (i32.const 4) (i32.const TO) (i32.const 100)
          (i32.const 4)) (i32.const 4))
        (call $must (call $rename (i32.const 4) (i32.const 105) (i32.const 6) (i32.const 4) (i32.const 100)
          (i32.const 11)) (i32.const 5))
        (call $must (call $open (i32.load (i32.const 16)) (i32.const 0) (i32.const 105) (i32.const 6)
          (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 20)) (i32.const 6))))"#;
    let caps = "--cap fs.read=/rw --cap fs.write=/rw --cap fs.write=/wo";
    place.skill("alias", &wat.replace("TO", "4"), caps);
    let ended = place.type_in(&format!("{RUN} --dir rw::/rw --dir wo::/wo alias.skill"));
    ended
        .refused(126, "capability-denied")
        .says("fs.read=/wo/real")
        .says("granted-for-writing-only");
    assert!(place.exists("wo/secret"));
    place.type_in("replay receipt.json --pub operator.pub.pem").status(0);
    // Below one directory, and between two of the same rights, it moves as it likes.
    place.skill(
        "within",
        &moves(3, 4),
        "--cap fs.read=/a --cap fs.write=/a --cap fs.read=/b --cap fs.write=/b",
    );
    let line = format!("{RUN} --receipt b.json --dir wo::/a --dir rw::/b within.skill");
    place.type_in(&line).status(0);
}

/// What lies where a skill may write is opened by others later on: by the next run, too.
#[test]
fn a_link_leads_no_way_up() {
    let place = Place::new();
    place.write("d/x", "");
    let links = |to: &str| {
        format!(
            r#"(module
      (import "wasi_snapshot_preview1" "path_symlink" (func $link (param i32 i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 100) "{to}")
      (data (i32.const 200) "link")
      (func (export "_start") (call $exit (call $link (i32.const 100) (i32.const {len}) (i32.const 3)
        (i32.const 200) (i32.const 4)))))"#,
            len = to.len()
        )
    };
    for (at, to) in ["..", "../..", "a/../../b", "a/.."].into_iter().enumerate() {
        place.skill("up", &links(to), "--cap fs.write=/d --force");
        let ended = place.type_in(&format!("{RUN} --receipt {at}.json --dir d::/d up.skill"));
        let ended = ended.refused(126, "capability-denied").says("link-leads-up");
        ended.says("no grant allows");
        place.type_in(&format!("replay {at}.json --pub operator.pub.pem")).status(0);
        assert!(!place.exists("d/link"), "{to}");
    }
    place.skill("down", &links("a/..b"), "--cap fs.write=/d");
    place.type_in(&format!("{RUN} --dir d::/d down.skill")).status(0);
    assert!(place.path("d/link").is_symlink());
}

/// There, what we were started with could be read, and our memory, and that could be written.
#[test]
fn the_system_s_view_of_processes_is_granted_to_nobody() {
    let place = Place::new();
    place.skill("w", &writes(3, "x"), "--cap fs.read=/d --cap fs.write=/d");
    std::os::unix::fs::symlink("/proc/self", place.path("link")).unwrap();
    for host in ["/", "/proc", "/proc/self", "/proc/self/fd", "/proc/1", "link", "//proc/../proc/."]
    {
        for flag in ["--dir", "--dir-ro"] {
            let ended = place.type_in(&format!("{RUN} {flag} {host}::/d w.skill"));
            ended.refused(127, "grant-conflict").says("processes and their memory").says("/proc");
        }
    }
    assert!(!place.exists("receipt.json"));
}

/// The skill chooses the output's bytes.
#[test]
fn the_output_replaces_nothing_that_is_believed() {
    let place = Place::new();
    let wat = r#"(module
      (import "provenact" "output_write" (func $write (param i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 0) "mine")
      (func (export "_start") (drop (call $write (i32.const 0) (i32.const 4)))))"#;
    place.skill("s", wat, "");
    place.write("p.toml", "version = 1\n");
    place.write("in.json", "{}");
    let line = format!("{RUN} --policy p.toml --input in.json --force --output");
    std::os::unix::fs::symlink("author.pub.pem", place.path("link")).unwrap();
    for to in [
        "author.pub.pem",
        "operator.key.pem",
        "p.toml",
        "in.json",
        "s.skill/manifest.json",
        "s.skill/new",
        "trust.toml",
        "./p.toml",
    ] {
        let before = place.exists(to).then(|| place.read(to));
        place.type_in(&format!("{line} {to} s.skill")).refused(127, "usage").says("would replace");
        assert_eq!(place.exists(to).then(|| place.read(to)), before, "{to}");
    }
    // A link that is replaced is a link no more; the key is what it was.
    place.type_in(&format!("{line} link s.skill")).status(0);
    assert_eq!(place.read("link"), b"mine");
    // Nor is a secret the input.
    let line = format!("{RUN} --receipt no.json --input operator.key.pem s.skill");
    place.type_in(&line).refused(127, "grant-conflict").says("is a secret");
}

/// What a link would lead to once it is there, and what a link to a key leads through.
#[test]
fn links_of_ours_do_not_lead_through_where_the_skill_may_write() {
    let place = Place::new();
    place.skill("w", &writes(3, "x"), "--cap fs.read=/d --cap fs.write=/d");
    place.write("d/x", "");
    place.write("safe/o.key.pem", place.read("operator.key.pem"));
    place.mode("safe/o.key.pem", 0o600);
    let link = |to: &str, from: &str| std::os::unix::fs::symlink(to, place.path(from)).unwrap();
    let run = "run -q --pub author.pub.pem";
    link("d/trust.toml", "trust.toml");
    let line = format!("{run} --no-receipt --dir d::/d w.skill");
    place.type_in(&line).refused(127, "grant-conflict").says("trust.toml").says("another folder");
    fs_err::remove_file(place.path("trust.toml")).unwrap();
    link("../safe/o.key.pem", "d/o.key.pem");
    let line = format!("{run} --key d/o.key.pem --dir d::/d w.skill");
    place.type_in(&line).refused(127, "grant-conflict").says("keep keys");
    place.type_in(&line.replace("d/o.key.pem", "safe/o.key.pem")).status(0);
}

/// A file that can be read gets no name where nothing may be read: what others append there would be
/// read under its first one.
#[test]
fn a_file_that_may_be_read_gets_no_name_where_nothing_may() {
    let place = Place::new();
    place.write("rw/secret", "");
    place.write("wo/x", "");
    let wat = moves(3, 4)
        .replace("path_rename", "path_link")
        .replace("(param i32 i32 i32 i32 i32 i32)", "(param i32 i32 i32 i32 i32 i32 i32)");
    let wat =
        wat.replace("(i32.const 3) (i32.const 100)", "(i32.const 3) (i32.const 0) (i32.const 100)");
    place.skill("l", &wat, "--cap fs.read=/rw --cap fs.write=/rw --cap fs.write=/wo");
    let ended = place.type_in(&format!("{RUN} --dir rw::/rw --dir wo::/wo l.skill"));
    ended.refused(126, "capability-denied").says("fs.read=/wo/secret");
    place.type_in("replay receipt.json --pub operator.pub.pem").status(0);
    assert!(!place.exists("wo/secret"));
}

#[test]
fn neither_keys_nor_trust_lie_where_the_skill_may_reach_them() {
    let place = Place::new();
    place.skill("w", &writes(3, "x"), "--cap fs.read=/d --cap fs.write=/d");
    let ended = place.type_in(&format!("{RUN} --dir-ro .::/d w.skill"));
    ended.refused(127, "grant-conflict").says("operator.key.pem is a secret").says("/d");
    assert!(!place.exists("receipt.json"));
    // Who can write there chooses whom the next run believes.
    place.write("e/author.pub.pem", place.read("author.pub.pem"));
    let line = "run -q --no-receipt --pub e/author.pub.pem --dir e::/d w.skill";
    place.type_in(line).refused(127, "grant-conflict").says("where the skill may write");
    place.type_in(&line.replace("--dir e", "--dir-ro e")).refused(126, "capability-denied");
}

/// covers: receipt-21
#[test]
fn success_on_what_is_not_open_is_impossible() {
    let place = Place::new();
    let wat = r#"(module
      (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 100) "\e8\03\00\00\0b\00\00\00")
      (func (export "_start")
        (drop (call $read (i32.const 1) (i32.const 100) (i32.const 1) (i32.const 200)))
        (drop (call $close (i32.const 0)))
        (drop (call $read (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 2000))))"#;
    place.skill("closed", wat, "");
    place.type_in(&format!("{RUN} closed.skill")).status(0);
    let events = place.events();
    place.forge(&events, |_| ()).status(0);
    for at in [0, 2] {
        let mut forged = events.clone();
        assert_eq!((forged[at].name.as_str(), forged[at].answer), ("fd_read", Answer::Value(8)));
        forged[at].answer = Answer::Value(0);
        forged[at].written = vec![b"FAKE STDOUT".to_vec(), 11u32.to_le_bytes().to_vec()];
        place.forge(&forged, |_| ()).status(1).says("answer-impossible").says("fd_read");
    }
    let mut forged = events;
    forged[1].answer = Answer::Value(8);
    place.forge(&forged, |_| ()).status(1).says("answer-impossible").says("fd_close");
}

#[test]
fn evidence_does_not_lie_where_the_skill_may_write() {
    let place = Place::new();
    place.skill("w", &writes(3, "x"), "--cap fs.read=/ --cap fs.write=/");
    let ended = place.type_in(&format!("{RUN} --dir .::/ w.skill"));
    ended.refused(127, "grant-conflict").says("--receipt");
    place.write("d/x", "");
    place.type_in(&format!("{RUN} --dir d::/ --receipt d/r.json w.skill")).status(127);
    place.type_in(&format!("{RUN} --dir d::/ w.skill")).status(0);
    place.type_in(&format!("{RUN} --force --dir d::/ --report receipt.json w.skill")).status(127);
}

#[test]
fn a_header_that_the_manifest_does_not_allow_is_refuted() {
    let place = Place::recorded();
    let events = place.events();
    let trace = place.read("receipt.trace");
    let reader = Reader::open(std::io::Cursor::new(trace)).unwrap();
    let salt = *reader.header().salt.as_bytes();
    let entry = place.forge_all(
        &events,
        |header| header.entrypoint = "other".to_owned(),
        |receipt| receipt.invocation.entrypoint = "other".to_owned(),
    );
    entry.status(1).says("header-differs");
    let granted = "fs.write=/".parse::<provenact::abi::Capability>().unwrap();
    let grants = place.forge_all(
        &events,
        |header| {
            header.grants.push(granted.clone());
            header.grants.sort();
        },
        |receipt| {
            receipt.grants.capabilities.push(granted.clone());
            receipt.grants.capabilities.sort();
        },
    );
    grants.status(1).says("header-differs").says("fs.write=/");
    let environment = place.forge_all(
        &events,
        |header| header.environment.push(["SECRET".to_owned(), "x".to_owned()]),
        |receipt| receipt.invocation.environment = Strings::of(&salt, ["SECRET=x"]),
    );
    environment.status(1).says("header-differs").says("SECRET");
}

#[test]
fn answers_that_contradict_header_or_calls_before_are_impossible() {
    let place = Place::new();
    let wat = r#"(module
      (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (drop (call $args (i32.const 16) (i32.const 64)))
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 256))))"#;
    place.skill("args", wat, "");
    place.type_in(&format!("{RUN} args.skill safe")).status(0);
    let events = place.events();
    place.forge(&events, |_| ()).status(0);
    let mut forged = events.clone();
    forged[1].written[1] = b"args\0evil\0".to_vec();
    place.forge(&forged, |_| ()).status(1).says("answer-impossible").says("args_get");
    let mut forged = events;
    forged[0].written[0] = 3u32.to_le_bytes().to_vec();
    place.forge(&forged, |_| ()).status(1).says("answer-impossible");

    // Reading them cannot fail either: a guest without arguments may do something else.
    let mut forged = place.events();
    forged[0].answer = Answer::Value(8);
    place.forge(&forged, |_| ()).status(1).says("answer-impossible").says("args_sizes_get");
    forged[0].answer = Answer::Fault;
    place.forge(&forged, |_| ()).status(1).says("answer-impossible");

    // A new descriptor with the number of an open one would move standard output elsewhere.
    let place = Place::recorded();
    let mut events = place.events();
    assert_eq!(events[0].name, "path_open");
    events[0].written[0] = 1u32.to_le_bytes().to_vec();
    place.forge(&events, |_| ()).status(1).says("answer-impossible").says("path_open");
}

/// Out of a directory that may only be written nothing gets to where it can be read, by whatever name.
#[test]
fn what_may_be_read_does_not_lie_in_what_may_only_be_written() {
    let place = Place::new();
    place.write("wo/secret", "secret");
    place.write("wo/sub/x", "x");
    place.write("ro/y", "y");
    let wat = r#"(module
      (import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (memory (export "memory") 1) (func (export "_start")))"#;
    place.skill(
        "s",
        wat,
        "--cap fs.write=/data --cap fs.read=/data/sub --cap fs.read=/ro --cap fs.read=/b",
    );
    let run = "run --quiet --pub author.pub.pem --no-receipt";
    for dirs in [
        "--dir wo::/data",
        "--dir wo::/data --dir-ro wo/sub::/b",
        "--dir wo::/data --dir-ro wo::/ro",
    ] {
        place
            .type_in(&format!("{run} {dirs} s.skill"))
            .refused(127, "grant-conflict")
            .says("inside");
    }
    place.type_in(&format!("{run} --dir-ro ro::/ro s.skill")).status(0);
    // The compiled code is ours, wherever it lies.
    place.skill("h", wat, "--cap fs.write=/h --cap fs.read=/h");
    let home = super::common::home();
    let line = format!("{run} --dir {}::/h h.skill", home.join(".cache").display());
    place.type_in(&line).refused(127, "grant-conflict").says("where the skill may write");
    // The next run may use what this one does without.
    let line = line.replace(" h.skill", " --no-cache h.skill");
    place.type_in(&line).refused(127, "grant-conflict").says("XDG_CACHE_HOME");
    // A trust file that could be made there would be believed by the next command.
    let line = format!("{run} --no-cache --dir {}::/h h.skill", home.display());
    place.type_in(&line).refused(127, "grant-conflict").says("trust.toml");
}

#[test]
fn a_trust_file_that_lies_about_adds_nothing_to_the_keys_that_were_named() {
    let place = Place::recorded();
    place.type_in("attest decide.skill --key stranger.key.pem").status(0);
    let public = String::from_utf8(place.read("stranger.pub.pem")).unwrap();
    let trust = format!(
        "version = 1\n[[key]]\nname = \"Alice\"\nroles = [\"author\"]\npublic = \"\"\"{public}\"\"\"\n"
    );
    place.type_in("build decide.wasm --name other --cap fs.read=/data --deny fs.write").status(0);
    place.type_in("attest other.skill --key stranger.key.pem").status(0);
    place.write("trust.toml", trust);
    place.type_in("verify other.skill").status(0).says("Alice");
    place.type_in("verify other.skill --pub author.pub.pem").refused(1, "signature-untrusted");
    place
        .type_in("run --no-receipt --pub author.pub.pem other.skill")
        .refused(126, "signature-untrusted");
}

#[test]
fn bytes_are_extracted_as_they_were_and_files_only_when_they_are_whole() {
    let place = Place::new();
    // Writes bytes 0..256 to standard output, then one byte into the middle of a file.
    let wat = r#"(module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_pwrite" (func $pwrite (param i32 i32 i32 i64 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "env" "trace" (func $trace (param i32 i32 f64 f64 f64 f64 f64)))
      (memory (export "memory") 1)
      (data (i32.const 100) "x")
      (data (i32.const 116) "\04\00\00\00h\00i\00")
      (func (export "_start") (local $i i32)
        (loop $next
          (i32.store8 (i32.add (i32.const 1024) (local.get $i)) (local.get $i))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $i) (i32.const 256))))
        (i64.store (i32.const 0) (i64.const 0x10000000400))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 0)
          (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 16)))
        (i64.store (i32.const 0) (i64.const 0x100000440))
        (drop (call $pwrite (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i64.const 2) (i32.const 8)))
        (call $trace (i32.const 120) (i32.const 0)
          (f64.const 0) (f64.const 0) (f64.const 0) (f64.const 0) (f64.const 0))))"#;
    place.write("d/x", "abcdef");
    place.skill("b", wat, "--cap fs.read=/d --cap fs.write=/d");
    place.type_in(&format!("{RUN} --dir d::/d b.skill")).status(0);
    assert_eq!(place.read("d/x"), b"ab@def");
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(place.type_in("inspect receipt.json --extract stdout").status(0).stdout, all);
    let ended = place.type_in("replay receipt.json --out out").status(0);
    assert!(ended.err().contains("/d/x is left out"), "{ended:?}");
    assert_eq!(place.read("out/stdout"), all);
    assert_eq!(place.read("out/stderr"), b"trace: hi\n");
    assert!(!place.exists("out/files/d/x"));
}

#[test]
fn names_in_a_receipt_cannot_forge_a_line() {
    let place = Place::recorded();
    let ended = place.forge(&place.events(), |receipt| {
        receipt.outcome =
            Outcome::HostFault { function: "x\nforged.json: reproduced\u{1b}[2K".to_owned() };
    });
    ended.status(1);
    for command in ["inspect forged.json", "verify forged.json --pub operator.pub.pem"] {
        let shown = place.type_in(command).status(0).out();
        assert!(!shown.contains('\u{1b}'), "{shown}");
        assert!(!shown.lines().any(|line| line.starts_with("forged.json: reproduced")), "{shown}");
    }
}

#[test]
fn an_attestation_that_nobody_can_check_is_called_a_claim() {
    let place = Place::recorded();
    let line = "replay receipt.json --pub operator.pub.pem --pub author.pub.pem";
    place.type_in(line).status(0).says("attestation: verified by author");
    place.replay("receipt").status(0).says("not checked: that key");
    place.type_in("inspect receipt.json").status(0).says("claimed: sha256:");
}

#[test]
fn force_replaces_nothing_that_is_no_file_of_ours() {
    let place = Place::recorded();
    let key = place.read("author.key.pem");
    let run = "run -q --force --pub author.pub.pem --allow time,random --dir-ro data::/data";
    for output in ["--report author.key.pem", "--receipt author.key.pem"] {
        place
            .type_in(&format!("{run} {output} decide.skill"))
            .refused(127, "usage")
            .says("author.key.pem is no such file of ours");
    }
    assert_eq!(place.read("author.key.pem"), key);
    place.type_in(&format!("{run} --report r.json decide.skill")).status(0);
    place.type_in(&format!("{run} --report r.json decide.skill")).status(0);
}

#[test]
fn every_path_has_its_verdict_and_an_untrusted_receipt_can_still_be_looked_at() {
    let place = Place::recorded();
    let line = "verify decide.skill receipt.json --pub author.pub.pem";
    let ended = place.type_in(line).status(1);
    let shown = ended.out();
    assert!(shown.contains("decide.skill: upheld"), "{shown}");
    assert!(shown.contains("receipt.json: refused") && shown.contains("[signature-untrusted]"));
    let shown = place.type_in("inspect receipt.json --pub author.pub.pem").status(1).out();
    assert!(shown.contains("NOT verified") && shown.contains("claims to be signed"), "{shown}");
}
