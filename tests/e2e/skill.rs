//! The `provenact` interface: input and output, files, fetching, and what is denied.

use super::common::{Ended, PROVENACT, Place};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::sync::{Arc, Mutex};

const RUN: &str = "run --quiet --pub author.pub.pem --key operator.key.pem --force";

/// Echoes its input, then 8 random bytes, the seconds and the input's digest.
const ECHO: &str = r#"(module
  (import "provenact" "input_len" (func $len (result i32)))
  (import "provenact" "input_read" (func $read (param i32 i32 i32) (result i32)))
  (import "provenact" "output_write" (func $write (param i32 i32) (result i32)))
  (import "provenact" "random_fill" (func $random (param i32 i32) (result i32)))
  (import "provenact" "time_now_unix" (func $now (result i64)))
  (import "provenact" "sha256_input_hex" (func $hex (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "run") (result i32) (local $n i32)
    (local.set $n (call $len))
    (drop (call $write (i32.const 0) (i32.const 5)))
    (if (i32.ne (call $read (i32.const 0) (i32.const 0) (local.get $n)) (local.get $n)) (then (unreachable)))
    (if (i32.ne (call $read (i32.const 0) (i32.const 1) (local.get $n)) (i32.const -1)) (then (unreachable)))
    (if (i32.ne (call $read (i32.const 131071) (i32.const 0) (i32.const 2)) (i32.const -1)) (then (unreachable)))
    (if (i32.ne (call $random (local.get $n) (i32.const 8)) (i32.const 8)) (then (unreachable)))
    (if (i32.ne (call $random (i32.const 131071) (i32.const 8)) (i32.const -1)) (then (unreachable)))
    (i64.store (i32.add (local.get $n) (i32.const 8)) (call $now))
    (if (i32.ne (call $hex (i32.const 0) (i32.const 63)) (i32.const -1)) (then (unreachable)))
    (if (i32.ne (call $hex (i32.add (local.get $n) (i32.const 16)) (i32.const 64)) (i32.const 64)) (then (unreachable)))
    (if (i32.ne (call $write (i32.const 131071) (i32.const 2)) (i32.const -1)) (then (unreachable)))
    (call $write (i32.const 0) (i32.add (local.get $n) (i32.const 80)))))"#;

/// Calls `name` with `text`, a range of `room` bytes to answer into, and makes the answer its output;
/// a call that failed is its result.
fn asks(name: &str, text: &str, room: u32) -> String {
    let len = text.len();
    let text = text.bytes().fold(String::new(), |all, byte| all + &format!("\\{byte:02x}"));
    format!(
        r#"(module
  (import "provenact" "{name}" (func $call (param i32 i32 i32 i32) (result i32)))
  (import "provenact" "output_write" (func $write (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "{text}")
  (data (i32.const 65536) "data to write")
  (func (export "run") (result i32) (local $n i32)
    (local.set $n (call $call (i32.const 0) (i32.const {len}) (i32.const 65536) (i32.const {room})))
    (if (i32.lt_s (local.get $n) (i32.const 0)) (then (return (local.get $n))))
    (call $write (i32.const 65536) (local.get $n))))"#
    )
}

impl Place {
    fn skill_runs(&self, name: &str, options: &str) -> Ended {
        let line = format!("{RUN} --receipt {name}.json {options} {name}.skill");
        self.type_in(&line.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn skill_replays(&self, name: &str) {
        let line = format!("replay {name}.json --pub operator.pub.pem --engine all");
        self.type_in(&line).status(0).says(": reproduced, ");
    }

    fn receipt_of(&self, name: &str) -> Value {
        let shown = self.type_in(&format!("inspect {name}.json --format json")).status(0);
        serde_json::from_slice::<Value>(&shown.stdout).unwrap()["receipt"].clone()
    }
}

/// covers: interface-1, interface-2, interface-4, receipt-18
#[test]
fn input_goes_in_and_output_comes_out() {
    let place = Place::new();
    for (name, module) in [("new", "provenact"), ("former", "inactu")] {
        place.skill(name, &ECHO.replace("provenact", module), "--entrypoint run");
        place.write("in.bin", b"hello");
        let ended = place.skill_runs(name, "--allow time,random --input in.bin").status(0);
        assert_eq!(ended.stdout.len(), 5 + 8 + 8 + 64);
        assert!(ended.stdout.starts_with(b"hello"));
        let digest = b"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert!(ended.stdout.ends_with(digest));
        place.skill_replays(name);
        let receipt = place.receipt_of(name);
        assert_eq!(receipt["invocation"]["input"]["bytes"], 5);
        assert_eq!(receipt["outputs"]["output"]["bytes"], 85);
        assert_eq!(receipt["used"].as_array().unwrap().len(), 2);
        let again = place.type_in(&format!("inspect {name}.json --extract output")).status(0);
        assert_eq!(again.stdout, ended.stdout);
        let input = place.type_in(&format!("inspect {name}.json --extract input")).status(0);
        assert_eq!(input.stdout, b"hello");
    }
    // Without an input it is empty; from standard input; into a file.
    let ended = place.skill_runs("new", "--allow time,random").status(0);
    assert!(
        ended.stdout.len() == 80 && place.receipt_of("new")["invocation"].get("input").is_none()
    );
    let line = format!("{RUN} --allow time,random --input - --output out.bin new.skill");
    assert!(place.fed(&line, b"fed").status(0).stdout.is_empty());
    assert!(place.read("out.bin").starts_with(b"fed") && place.read("out.bin").len() == 83);
    // Denied: nothing comes out.
    let denied =
        place.skill_runs("new", "--allow random --input in.bin").refused(126, "capability-denied");
    assert!(denied.says("time").stdout.is_empty());
    place.skill_replays("new");
}

#[test]
fn a_number_is_the_output_when_none_was_written() {
    let place = Place::new();
    let wat = r#"(module (import "provenact" "input_len" (func (result i32)))
        (func (export "run") (result i32) (i32.sub (call 0) (i32.const 50))))"#;
    place.skill("n", wat, "--entrypoint run");
    let ended = place.skill_runs("n", "").status(0);
    assert_eq!(ended.out(), "-50");
    place.skill(
        "w",
        r#"(module (func (export "run") (result i32) (i32.const 7)))"#,
        "--entrypoint run",
    );
    place.skill_runs("w", "--input author.pub.pem").refused(127, "usage").says("--input");
}

/// covers: interface-5, interface-6
#[test]
fn files_are_read_below_what_was_granted() {
    let place = Place::new();
    place.write("d/a.txt", "alpha");
    place.write("d/sub/b.txt", "beta");
    place.write("secret.txt", "secret");
    symlink(place.path("secret.txt"), place.path("d/link")).unwrap();
    symlink("..", place.path("d/up")).unwrap();
    symlink("a.txt", place.path("d/inside")).unwrap();
    let cases = [
        ("/data/a.txt", 64, "alpha"),
        ("/data//sub/./b.txt", 64, "beta"),
        ("/data/inside", 5, "alpha"),
        ("/data/a.txt", 4, "-1"),
        ("/data/none", 64, "-1"),
        ("/data/sub", 64, "-1"),
        ("/data", 64, "-1"),
        ("/data/link", 64, "-1"),
        ("/data/up/secret.txt", 64, "-1"),
        ("data/a.txt", 64, "-1"),
        ("/data/a.txt\0", 64, "-1"),
        ("", 64, "-1"),
        ("/data/a.txt", 70_000, "-1"),
    ];
    for (path, room, expected) in cases {
        place.skill(
            "f",
            &asks("fs_read_file", path, room),
            "--entrypoint run --cap fs.read=/data --force",
        );
        let ended = place.skill_runs("f", "--dir-ro d::/data").status(0);
        assert_eq!(ended.out(), expected, "{path:?}");
        place.skill_replays("f");
    }
    for path in ["/data2/a.txt", "/etc/passwd", "/data/../secret.txt", "/"] {
        place.skill(
            "f",
            &asks("fs_read_file", path, 64),
            "--entrypoint run --cap fs.read=/data --force",
        );
        let ended = place.skill_runs("f", "--dir-ro d::/data").refused(126, "capability-denied");
        assert!(ended.says("fs.read").stdout.is_empty());
        place.skill_replays("f");
    }
    place.skill("t", &asks("fs_read_tree", "/data", 4096), "--entrypoint run --cap fs.read=/data");
    let ended = place.skill_runs("t", "--dir-ro d::/data").status(0);
    let tree = r#"{"entries":[{"bytes":5,"kind":"file","path":"a.txt"},{"kind":"dir","path":"sub"},{"bytes":4,"kind":"file","path":"sub/b.txt"}],"root":"/data","truncated":false}"#;
    assert_eq!(ended.out(), tree);
    place.skill_replays("t");
}

/// covers: interface-7
#[test]
fn files_are_written_below_what_was_granted() {
    let place = Place::new();
    place.write("d/keep", "x");
    symlink(place.path("keep-out"), place.path("d/link")).unwrap();
    let caps = "--entrypoint run --cap fs.write=/out --force";
    place.skill("w", &asks("fs_write_file", "/out/new/deep/x.txt", 13), caps);
    // 0 is done, and so an output of no bytes.
    assert_eq!(place.skill_runs("w", "--dir d::/out").status(0).out(), "");
    assert_eq!(place.read("d/new/deep/x.txt"), b"data to write");
    assert_eq!(fs_err::read_dir(place.path("d/new/deep")).unwrap().count(), 1);
    let receipt = place.receipt_of("w");
    assert_eq!(receipt["files"]["written"][0]["path"], "/out/new/deep/x.txt");
    place.skill_replays("w");
    // A link is replaced, not followed; a directory is not.
    place.skill("w", &asks("fs_write_file", "/out/link", 13), caps);
    place.skill_runs("w", "--dir d::/out").status(0);
    assert!(!place.exists("keep-out") && place.read("d/link") == b"data to write");
    place.skill("w", &asks("fs_write_file", "/out/new", 13), caps);
    assert_eq!(place.skill_runs("w", "--dir d::/out").status(0).out(), "-1");
    // Declared and granted for reading only.
    place.skill(
        "w",
        &asks("fs_write_file", "/out/y", 13),
        "--entrypoint run --cap fs.read=/out --deny fs.write --force",
    );
    place.skill_runs("w", "--dir d::/out").refused(126, "capability-denied").says("fs.write");
    assert!(!place.exists("d/y"));
}

/// The answer may lie over the question: it is judged by what was asked.
#[test]
fn an_answer_over_its_question_is_recorded() {
    let place = Place::new();
    place.write("d/a.txt", "alpha");
    let wat = asks("fs_read_file", "/data/a.txt", 64)
        .replace("(i32.const 65536) (i32.const 64)", "(i32.const 0) (i32.const 64)")
        .replace("(call $write (i32.const 65536)", "(call $write (i32.const 0)");
    place.skill("f", &wat, "--entrypoint run --cap fs.read=/data");
    assert_eq!(place.skill_runs("f", "--dir-ro d::/data").status(0).out(), "alpha");
    place.skill_replays("f");
}

/// More than one call delivers is a failure, and none that was delivered looks like one.
#[test]
fn a_file_that_is_too_long_is_not_delivered() {
    let place = Place::new();
    let long = (128 << 20) + 1;
    fs_err::create_dir(place.path("d")).unwrap();
    fs_err::File::create(place.path("d/a.txt")).unwrap().set_len(long).unwrap();
    let room = 130 << 20;
    let wat =
        asks("fs_read_file", "/data/a.txt", room).replace("\"memory\") 2)", "\"memory\") 2100)");
    place.skill("f", &wat, "--entrypoint run --cap fs.read=/data");
    assert_eq!(place.skill_runs("f", "--dir-ro d::/data").status(0).out(), "-1");
    place.skill_replays("f");
}

#[test]
fn a_file_that_is_replaced_keeps_its_mode_and_its_neighbours() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.write("d/x", "old");
    place.mode("d/x", 0o600);
    place.write("d/.x.provenact.tmp", "somebody's");
    place.skill("w", &asks("fs_write_file", "/out/x", 13), "--entrypoint run --cap fs.write=/out");
    place.skill_runs("w", "--dir d::/out").status(0);
    assert_eq!(place.read("d/x"), b"data to write");
    let mode = fs_err::metadata(place.path("d/x")).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, place.read("d/.x.provenact.tmp")), (0o600, b"somebody's".to_vec()));
    assert_eq!(fs_err::read_dir(place.path("d")).unwrap().count(), 2);
}

/// A server that answers by path, and remembers what it was asked.
fn server(answers: impl Fn(&str) -> String + Send + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            serve(stream, &answers, &log);
        }
    });
    (address, asked)
}

fn serve(mut stream: TcpStream, answers: &impl Fn(&str) -> String, log: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    for line in lines {
        if line.unwrap().is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let answer = answers(&path);
    log.lock().unwrap().push(path);
    let _ = stream.write_all(answer.as_bytes());
}

fn page(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn moved(to: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

/// covers: interface-8, interface-9
#[test]
fn fetching_stays_within_the_grant() {
    let (elsewhere, never) = server(|_| page("elsewhere"));
    let outside = elsewhere.clone();
    let (host, asked) = server(move |path| match path {
        "/v1/hello?q=1" => page("hello"),
        "/v1/near" => moved("hello?q=1"),
        "/v1/far" => moved(&format!("{outside}/v1/hello")),
        "/v1/above" => moved("/v2/hello"),
        "/v1/round" => moved("/v1/round"),
        "/v1/broken" => {
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nshort".to_owned()
        }
        "/v1/teapot" => {
            "HTTP/1.1 418 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno".to_owned()
        }
        _ => page("unexpected"),
    });
    let place = Place::new();
    let cap = format!("--entrypoint run --cap net.http={host}/v1 --force");
    let net = format!("--net {host}/v1/");
    let fetch = |path: &str, room| {
        place.skill("h", &asks("http_fetch", path, room), &cap);
        place.skill_runs("h", &net)
    };
    for (path, room, expected) in [
        ("/v1/hello?q=1", 64, "hello"),
        ("/v1/../v1/./hello?q=1", 5, "hello"),
        ("/v1/near", 64, "hello"),
        ("/v1/hello?q=1", 4, "-1"),
        ("/v1/far", 64, "-1"),
        ("/v1/above", 64, "-1"),
        ("/v1/round", 64, "-1"),
        ("/v1/broken", 200, "-1"),
        ("/v1/teapot", 64, "-1"),
        ("/v1/x%2f..%2fy", 64, "-1"),
    ] {
        let ended = fetch(&format!("{host}{path}"), room).status(0);
        assert_eq!(ended.out(), expected, "{path}");
        place.skill_replays("h");
    }
    assert!(never.lock().unwrap().is_empty(), "a redirect led outside");
    assert_eq!(asked.lock().unwrap().iter().filter(|path| *path == "/v1/round").count(), 6);
    assert!(!asked.lock().unwrap().iter().any(|path| path.starts_with("/v2")));
    let before = asked.lock().unwrap().len();
    for url in [
        format!("{host}/v2/x"),
        format!("{host}/v1x"),
        format!("{elsewhere}/v1/hello"),
        "https://example.com/v1".to_owned(),
    ] {
        place.skill("h", &asks("http_fetch", &url, 64), &cap);
        place.skill_runs("h", &net).refused(126, "capability-denied").says("net.http");
        place.skill_replays("h");
    }
    assert_eq!(asked.lock().unwrap().len(), before);
    // Declared and not granted; granted and not declared.
    place.skill("h", &asks("http_fetch", &format!("{host}/v1/hello?q=1"), 64), &cap);
    place
        .skill_runs("h", "")
        .refused(126, "capability-denied")
        .says(&format!("--net {host}/v1/hello"));
    place.skill(
        "h",
        &asks("http_fetch", &format!("{host}/v1/hello?q=1"), 64),
        "--entrypoint run --deny net.http --force",
    );
    place.skill_runs("h", &net).refused(126, "capability-denied").says("--cap net.http=");
    place.skill_runs("h", &format!("--net {host}/v1?q")).refused(127, "usage");
}

/// Nothing but the time limits ends this request.
#[test]
fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let held = std::thread::spawn(move || listener.incoming().take(1).collect::<Vec<_>>());
    let place = Place::new();
    place.skill(
        "h",
        &asks("http_fetch", &format!("{host}/"), 64),
        &format!("--entrypoint run --cap net.http={host}/"),
    );
    assert_eq!(place.skill_runs("h", &format!("--net {host}")).status(0).out(), "-1");
    place.skill_replays("h");
    assert_eq!(held.join().unwrap().len(), 1);
}

/// A body and a header that do not end are read no further than there is room for; a proxy that our
/// environment names is not asked.
#[test]
fn an_endless_answer_is_cut_off_and_no_proxy_is_asked() {
    for start in [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: ",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let sending = std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let piece = match start.contains("100 Continue") {
                true => start.repeat(100),
                false => format!("400\r\n{}\r\n", "x".repeat(1024)),
            };
            let mut sent = 0;
            let _ = stream.write_all(start.as_bytes());
            while stream.write_all(piece.as_bytes()).is_ok() {
                sent += piece.len();
                assert!(sent < 1 << 30, "nobody stops reading");
            }
        });
        let (proxy, asked) = server(|_| page("by the proxy"));
        let place = Place::new();
        let cap = format!("--entrypoint run --cap net.http={host}/");
        place.skill("h", &asks("http_fetch", &format!("{host}/"), 64), &cap);
        let line = format!("{RUN} --receipt h.json --net {host} h.skill");
        let mut command = place.command(PROVENACT);
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"] {
            command.env(name, &proxy);
        }
        let ended = command.args(line.split_whitespace()).output().unwrap();
        assert_eq!(Ended::of(ended).status(0).out(), "-1", "{start:?}");
        place.skill_replays("h");
        sending.join().unwrap();
        assert!(asked.lock().unwrap().is_empty(), "the proxy was asked");
    }
}

/// covers: interface-10
#[test]
fn what_was_recorded_is_on_the_disk_before_a_request_is_sent() {
    let place = Place::new();
    let root = place.root().to_owned();
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let seen = sizes.clone();
    let (host, _) = server(move |_| {
        let entries = fs_err::read_dir(&root).unwrap().map(|entry| entry.unwrap());
        let trace = entries.filter(|e| e.file_name().to_string_lossy().starts_with(".provenact-"));
        let found: Vec<Vec<u8>> = trace.map(|e| fs_err::read(e.path()).unwrap()).collect();
        seen.lock()
            .unwrap()
            .push(found.iter().any(|bytes| bytes.starts_with(b"\0pvtrace") && bytes.len() > 900));
        page("x")
    });
    // The wat asks for the input's length first: one event before the request.
    let wat = asks("http_fetch", &format!("{host}/"), 9)
        .replace("(memory", "(import \"provenact\" \"input_len\" (func $len (result i32))) (memory")
        .replace("(local.set $n (call $call", "(drop (call $len)) (local.set $n (call $call");
    place.skill("h", &wat, &format!("--entrypoint run --cap net.http={host}/"));
    place.skill_runs("h", &format!("--detached --net {host}")).status(0);
    assert_eq!(*sizes.lock().unwrap(), [true]);
}

#[test]
fn stores_and_queues_are_refused_by_name() {
    let place = Place::new();
    for (name, kind) in [
        ("kv_put", "kv.write"),
        ("kv_get", "kv.read"),
        ("queue_publish", "queue.publish"),
        ("queue_consume", "queue.consume"),
    ] {
        place.write("k.wasm", wat::parse_str(asks(name, "key", 8)).unwrap());
        let refused = place.type_in("build k.wasm --entrypoint run --force");
        refused.refused(1, "capability-undeclared").says(kind);
        place
            .type_in(&format!("build k.wasm --entrypoint run --cap {kind}=x"))
            .refused(2, "capability-unsupported");
        place.type_in(&format!("build k.wasm --entrypoint run --force --deny {kind}")).status(0);
        place.type_in("attest k.skill --key author.key.pem").status(0);
        place.skill_runs("k", "").refused(126, "capability-denied").says(kind);
        place.skill_replays("k");
    }
}
