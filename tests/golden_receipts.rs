//! The receipts of `testvectors/receipts/`, which every later version has to replay: what is expected of
//! each stands in its guest's header. `testvectors/README.md` says how one is made.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use provenact::attest::{Envelope, PrivateKey};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const PROVENACT: &str = env!("CARGO_BIN_EXE_provenact");

/// The secret key of RFC 8032, section 7.1, test 1: `keys/alice.pub.pem` belongs to it.
const ALICE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testvectors")
}

/// A guest and what its receipt has to say: header lines `;; name: value`, then the module.
struct Golden {
    name: String,
    wat: String,
}

impl Golden {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for entry in fs_err::read_dir(vectors().join("receipts")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "wat") {
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                all.push(Self { name, wat: fs_err::read_to_string(&path).unwrap() });
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        assert!(all.len() >= 14, "only {} golden receipts", all.len());
        all
    }

    fn field(&self, name: &str) -> Option<&str> {
        let head = self.wat.lines().take_while(|line| line.starts_with(";; "));
        let mut fields = head.filter_map(|line| line[3..].split_once(": "));
        fields.find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    fn words(&self, name: &str) -> Vec<&str> {
        self.field(name).map(|value| value.split(' ').collect()).unwrap_or_default()
    }

    fn file(&self, end: &str) -> PathBuf {
        vectors().join(format!("receipts/{}.{end}", self.name))
    }
}

fn provenact(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(PROVENACT);
    command.current_dir(home).env_clear().env("HOME", home).stdin(Stdio::null());
    command.args(args).output().unwrap()
}

fn both(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// covers: receipt-15, receipt-17
#[test]
fn each_golden_receipt_replays_to_the_verdict_in_its_header() {
    let home = tempfile::tempdir().unwrap();
    let key = vectors().join("keys/alice.pub.pem").display().to_string();
    let mut wrong = Vec::new();
    for golden in Golden::all() {
        let (verdict, outcome) =
            (golden.field("expect").unwrap(), golden.field("outcome").unwrap());
        let (status, says) = match verdict {
            "reproduced" => (0, format!(" events, {outcome}\n")),
            "interrupted" => (2, format!(", then {outcome}\n")),
            other => panic!("{}: verdict {other:?}", golden.name),
        };
        let receipt = golden.file("json").display().to_string();
        let replayed = provenact(home.path(), &["replay", &receipt, "--pub", &key]);
        let text = both(&replayed);
        let found = text.contains(&says)
            && text.contains("authenticity: verified by alice")
            && text.contains(&format!("{receipt}: reproduced"));
        if replayed.status.code() != Some(status) || !found {
            wrong.push(format!("{}: expected {status} and {says:?}: {text}", golden.name));
        }
        let size = ["json", "trace"].map(|end| fs_err::metadata(golden.file(end)).unwrap().len());
        assert!(size.iter().sum::<u64>() < 16 << 10, "{}: {size:?}", golden.name);
        assert!(golden.field("comment").is_some(), "{} says nothing", golden.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What each engine finds is what the header says, or that it cannot tell, where the header's `but`
/// says so: `;; but: ENGINE REASON`.
#[test]
fn each_golden_receipt_replays_alike_on_every_engine() {
    let home = tempfile::tempdir().unwrap();
    for golden in Golden::all() {
        let receipt = golden.file("json").display().to_string();
        let line = ["replay", &receipt, "--engine", "all", "--format", "json"];
        let replayed = provenact(home.path(), &line);
        let report: serde_json::Value = serde_json::from_slice(&replayed.stdout).unwrap();
        let but = golden.words("but");
        let engines = report["engines"].as_array().unwrap();
        assert_eq!(engines.len(), 4, "{report}");
        for engine in engines {
            let name = engine["name"].as_str().unwrap();
            if but.first() == Some(&name) {
                assert_eq!(engine["verdict"], "could not tell", "{}: {report}", golden.name);
                assert_eq!(engine["reason"].as_str(), but.get(1).copied(), "{}", golden.name);
            } else {
                let expected = golden.field("expect").unwrap();
                assert_eq!(engine["verdict"], expected, "{}: {report}", golden.name);
            }
        }
    }
}

/// covers: trace-2, receipt-16
#[test]
fn an_unknown_major_version_is_refused_and_both_are_named() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    let from = |end: &str| fs_err::read(vectors().join(format!("receipts/exited.{end}"))).unwrap();
    let says = |args: &[&str], texts: &[&str]| {
        let output = provenact(home.path(), args);
        let text = both(&output);
        for expected in texts {
            assert!(text.contains(expected), "{args:?}: no {expected:?} in {text}");
        }
        output.status.code()
    };

    let mut trace = from("trace");
    trace[8] = 2;
    fs_err::write(path("trace.json"), from("json")).unwrap();
    fs_err::write(path("trace.trace"), trace).unwrap();
    let texts = ["[trace-version]", "recorded with trace version 2, this provenact reads 1"];
    assert_eq!(says(&["replay", "trace.json"], &texts), Some(2));

    let envelope = Envelope::parse(&from("json")).unwrap();
    let statement = str::from_utf8(envelope.payload_unverified().as_bytes()).unwrap();
    let newer = statement.replacen("execution-receipt/v1", "execution-receipt/v2", 1);
    assert_ne!(newer, statement);
    let key = PrivateKey::from_pem(ALICE).unwrap();
    let signed = Envelope::sign(newer.into_bytes(), &[&key]).to_bytes().unwrap();
    fs_err::write(path("receipt.json"), signed).unwrap();
    fs_err::write(path("receipt.trace"), from("trace")).unwrap();
    let alice = vectors().join("keys/alice.pub.pem").display().to_string();
    let texts = ["[predicate-mismatch]", "execution-receipt/v2", "execution-receipt/v1"];
    let status = says(&["replay", "receipt.json", "--pub", &alice], &texts);
    assert_eq!(says(&["replay", "receipt.json"], &texts), status);
    assert_ne!(status, Some(0));
    assert_ne!(says(&["verify", "receipt.json", "--pub", &alice], &texts), Some(0));
}

/// Makes the receipts that are not there: `cargo test --test golden_receipts -- --ignored`. None is made
/// anew, since the old ones are what has to be replayed.
#[test]
#[ignore = "writes testvectors/receipts/"]
fn make_the_receipts_that_are_missing() {
    for golden in Golden::all() {
        if !golden.file("json").exists() {
            make(&golden);
        }
    }
}

fn make(golden: &Golden) {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    let done = |args: &[&str]| {
        let output = provenact(home.path(), args);
        assert!(output.status.success(), "{args:?}: {}", both(&output));
    };
    fs_err::write(path("key.pem"), ALICE).unwrap();
    fs_err::set_permissions(path("key.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
    fs_err::create_dir(path("d")).unwrap();
    fs_err::write(path("d/in.txt"), "what is in the file\n").unwrap();
    fs_err::write(path("m.wasm"), wat::parse_str(&golden.wat).unwrap()).unwrap();
    let skill = format!("{}.skill", golden.name);
    let mut build = vec!["build", "m.wasm", "--name", &golden.name];
    build.extend(golden.words("build"));
    // What the module could ask for and is not declared.
    let left = ["fs.read", "fs.write"].map(str::to_owned).into_iter().filter(|kind| {
        !golden.words("build").iter().any(|word| word.starts_with(&format!("{kind}=")))
    });
    let denied = left.collect::<Vec<_>>().join(",");
    build.extend(["--deny", &denied]);
    done(&build);
    done(&["attest", &skill, "--key", "key.pem"]);

    let key = vectors().join("keys/alice.pub.pem").display().to_string();
    let limit = golden.field("shell").unwrap_or("true");
    let line = format!("{limit}; exec \"$0\" \"$@\"");
    let mut command = Command::new("bash");
    command.current_dir(home.path()).env_clear().env("HOME", home.path());
    command.args(["-c", &line, PROVENACT, "run", "--pub", &key, "--key", "key.pem"]);
    command.args(["--receipt", "r.json"]).args(golden.words("run")).arg(&skill);
    command.args(golden.words("arguments"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(golden.field("stdin").unwrap_or_default().as_bytes()).unwrap();
    if let Some(signal) = golden.field("signal") {
        // The guest says one byte when it is ready.
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
    drop(input);
    child.wait_with_output().unwrap();
    fs_err::copy(path("r.trace"), golden.file("trace")).unwrap();
    let readable = std::fs::Permissions::from_mode(0o644);
    fs_err::set_permissions(golden.file("trace"), readable).unwrap();
    fs_err::copy(path("r.json"), golden.file("json")).unwrap();
}
