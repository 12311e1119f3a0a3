//! What `attest` signs: provenance from which the build is done again, predicates of others, and
//! not a byte that could be changed.

use super::common::{Ended, PROVENACT, Place, skipped};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use provenact::attest::{Envelope, PrivateKey, PublicKey, Statement, Trust};
use provenact::json::{self, Value};
use provenact::reason::Reason;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

const WAT: &str = r#"(module
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "go") (drop (call $random (i32.const 0) (i32.const 8))))
    (func (export "scale") (param f32) (result f32) (f32.mul (local.get 0) (f32.const 3))))"#;
const BUILD: &str =
    "--name odd.name --skill-version 1.2.3-x --entrypoint go --cap env=HOME --cap fs.read=/data";
const REVIEW: &str = "https://example.com/review/v1";

pub fn line(place: &Place, bundle: &str, nth: usize) -> Vec<u8> {
    let lines = place.read(&format!("{bundle}/attestations.intoto.jsonl"));
    lines.split(|byte| *byte == b'\n').nth(nth).unwrap().to_vec()
}

pub fn payload(line: &[u8]) -> Vec<u8> {
    Envelope::parse(line).unwrap().payload_unverified().as_bytes().to_vec()
}

fn key(place: &Place, name: &str) -> PublicKey {
    let pem = String::from_utf8(place.read(&format!("{name}.pub.pem"))).unwrap();
    PublicKey::from_pem(&pem).unwrap()
}

fn trust(place: &Place, name: &str) -> Trust {
    Trust::from_keys([(name.to_owned(), key(place, name))]).unwrap()
}

/// The same bundle in another folder, of another user, elsewhere on earth, with another clock.
///
/// covers: provenance-8
#[test]
fn the_payload_is_the_same_on_every_machine() {
    let mut payloads = Vec::new();
    let machines = [("a", "UTC", "C", "0"), ("b/c d", "Asia/Tokyo", "de_DE.UTF-8", "1700000000")];
    for (folder, zone, language, epoch) in machines {
        let place = Place::new();
        place.write(&format!("{folder}/in.wasm"), wat::parse_str(WAT).unwrap());
        place.write("home/x", "");
        for words in
            [format!("build in.wasm {BUILD} -o out.skill"), "attest out.skill --key KEY".to_owned()]
        {
            let key = place.path("author.key.pem");
            let words = words
                .split(' ')
                .map(|word| if word == "KEY" { key.to_str().unwrap() } else { word });
            let mut command = place.command(PROVENACT);
            command.current_dir(place.path(folder)).env("HOME", place.path("home"));
            command.env("TZ", zone).env("LC_ALL", language).env("SOURCE_DATE_EPOCH", epoch);
            command.env("USER", folder).env("HOSTNAME", folder);
            Ended::of(command.args(words).output().unwrap()).status(0);
        }
        payloads.push(line(&place, &format!("{folder}/out.skill"), 0));
    }
    // The same key signs the same bytes the same, so that even the envelopes are one.
    assert_eq!(payloads[0], payloads[1]);
    let text = String::from_utf8(payload(&payloads[0])).unwrap();
    assert!(!text.contains("metadata") && !text.contains("finishedOn"), "{text}");
}

/// covers: provenance-10, provenance-11
#[test]
fn a_time_is_told_on_request_and_by_the_epoch() {
    let place = Place::new();
    place.write("in.wasm", wat::parse_str(WAT).unwrap());
    place.type_in(&format!("build in.wasm {BUILD} -o a.skill")).status(0);
    let attest = |epoch: Option<&str>| {
        let mut command = place.command(PROVENACT);
        command.args(["attest", "a.skill", "--key", "author.key.pem", "--timestamps"]);
        if let Some(epoch) = epoch {
            command.env("SOURCE_DATE_EPOCH", epoch);
        }
        Ended::of(command.output().unwrap())
    };
    let told = |nth| {
        let value = json::parse(&payload(&line(&place, "a.skill", nth))).unwrap();
        let time = value.pointer("/predicate/runDetails/metadata/finishedOn").unwrap();
        time.as_str().unwrap().to_owned()
    };
    attest(Some("1700000000")).status(0);
    assert_eq!(told(0), "2023-11-14T22:13:20Z");
    attest(None).status(0);
    let now = told(1);
    assert!(now.as_str() > "2026-01-01T00:00:00Z" && now.ends_with('Z'), "{now}");
    for bad in ["x", "-1", "+1", " 1", "1.5", "253402300800", "99999999999999999999999"] {
        attest(Some(bad)).refused(2, "usage").says("SOURCE_DATE_EPOCH");
    }
    let verify = |place: &Place| place.type_in("verify a.skill --pub author.pub.pem");
    verify(&place).status(0);
    place
        .type_in("attest a.skill --key author.key.pem --timestamps --predicate x --type y:z")
        .refused(2, "usage");
}

/// The command that the table of `spec/buildtype-canonicalize.md` makes of external parameters.
fn again(parameters: &Value, source: &str) -> String {
    let text = |name: &str| parameters[name].as_str().unwrap();
    let mut line = format!(
        "build {source} --name {} --skill-version {} --entrypoint {} --profile {}",
        text("name"),
        text("version"),
        text("entrypoint"),
        parameters["profile"]["name"].as_str().unwrap()
    );
    if parameters["profile"]["name"] == "portable" {
        let passes = parameters["profile"]["passes"].as_array().unwrap();
        for pass in ["relaxed-simd", "nan", "stack", "growth"] {
            if !passes.iter().any(|found| found["name"] == pass) {
                line += &format!(" --without {pass}");
            }
        }
    }
    for capability in parameters["capabilities"].as_array().unwrap() {
        let text = |name: &str| capability[name].as_str().unwrap();
        line += &format!(" --cap {}={}", text("kind"), text("value"));
    }
    line + " -o again.skill"
}

/// covers: buildtype-canonicalize-1
#[test]
fn the_build_is_done_again_from_the_statement() {
    for more in ["", " --without nan --without growth", " --profile canonical"] {
        let place = Place::new();
        place.write("in.wasm", wat::parse_str(WAT).unwrap());
        place.type_in(&format!("build in.wasm {BUILD}{more} --keep-original -o a.skill")).status(0);
        place.type_in("attest a.skill --key author.key.pem").status(0);
        let statement = json::parse(&payload(&line(&place, "a.skill", 0))).unwrap();
        let definition = &statement["predicate"]["buildDefinition"];
        let source = definition["resolvedDependencies"][0]["name"].as_str().unwrap();

        let other = Place::new();
        other.write(source, place.read("a.skill/skill.orig.wasm"));
        other.type_in(&again(&definition["externalParameters"], source)).status(0);
        for part in ["skill.wasm", "manifest.json", "skill.debug.wasm"] {
            let same = other.read(&format!("again.skill/{part}"))
                == place.read(&format!("a.skill/{part}"));
            assert!(same, "{more}: {part}");
        }
    }
}

#[test]
fn a_build_by_recipe_is_done_again_without_its_command() {
    let place = Place::new();
    place.write("in.bin", wat::parse_str(WAT).unwrap());
    place.write(
        "provenact.toml",
        "[skill]\nname = 'r'\nversion = '2.0.0'\nentrypoint = 'go'\n[build]\ncommand = ['cp', 'in.bin', 'in.wasm']\noutput = 'in.wasm'\n",
    );
    place.type_in("build --keep-original").status(0);
    place.type_in("attest r.skill --key author.key.pem").status(0);
    let statement = json::parse(&payload(&line(&place, "r.skill", 0))).unwrap();
    let definition = &statement["predicate"]["buildDefinition"];
    assert_eq!(definition["externalParameters"]["recipe"]["command"][0], "cp");
    let other = Place::new();
    other.write("in.wasm", place.read("r.skill/skill.orig.wasm"));
    other.type_in(&again(&definition["externalParameters"], "in.wasm")).status(0);
    for part in ["skill.wasm", "manifest.json"] {
        assert!(
            other.read(&format!("again.skill/{part}")) == place.read(&format!("r.skill/{part}"))
        );
    }
}

/// covers: buildtype-canonicalize-4, buildtype-canonicalize-7
#[test]
fn the_digest_of_the_tool_is_that_of_its_source() {
    let place = Place::new();
    let version = place.type_in("--version").status(0).out();
    let digest = version.trim_end().rsplit("\nsource sha256:").next().unwrap().to_owned();
    assert!(version.starts_with("provenact ") && digest.len() == 64, "{version}");
    let list = "{ ls Cargo.lock Cargo.toml build.rs; find src -type f ! -name '.*'; } \
        | LC_ALL=C sort | xargs sha256sum | sha256sum";
    for document in ["spec/buildtype-canonicalize.md", "build.rs"] {
        let text = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document));
        assert!(text.unwrap().contains(list), "{document} has another command");
    }
    place.write("in.wasm", wat::parse_str(WAT).unwrap());
    place.type_in(&format!("build in.wasm {BUILD} -o a.skill")).status(0);
    place.type_in("attest a.skill --key author.key.pem").status(0);
    let statement = json::parse(&payload(&line(&place, "a.skill", 0))).unwrap();
    let tool = &statement["predicate"]["buildDefinition"]["resolvedDependencies"][1];
    assert_eq!(tool["digest"]["sha256"], digest.as_str());

    if Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml.orig").exists() {
        return skipped("this is a packaged crate, whose Cargo.toml is not the one of the list");
    }
    let mut shell = Command::new("sh");
    let output = shell.current_dir(env!("CARGO_MANIFEST_DIR")).args(["-c", list]).output().unwrap();
    if !output.status.success() || output.stdout.is_empty() {
        return skipped("no sha256sum to compute the digest of the source with");
    }
    assert_eq!(String::from_utf8_lossy(&output.stdout).split(' ').next(), Some(digest.as_str()));
}

fn reviewed() -> Place {
    let place = Place::new();
    place.skill("a", "(module (memory (export \"memory\") 1) (func (export \"_start\")))", "");
    place.write(
        "review.json",
        "{ \"verdict\": \"good\", \"score\": 1.0, \"id\": \"9007199254740993\" }\n",
    );
    place
}

fn attach(place: &Place, file: &str, uri: &str) -> Ended {
    place.type_in(&format!("attest a.skill --key author.key.pem --predicate {file} --type {uri}"))
}

/// covers: predicate-5
#[test]
fn another_predicate_is_attached() {
    let place = reviewed();
    let ended = place.type_in(&format!(
        "--format json attest a.skill --key stranger.key.pem --predicate review.json --type {REVIEW}"
    ));
    let report = json::parse(ended.status(0).out().as_bytes()).unwrap();
    assert_eq!(report["predicate_type"], REVIEW);
    attach(&place, "review.json", REVIEW).status(0);
    attach(&place, "review.json", REVIEW).status(0);

    let lines = place.read("a.skill/attestations.intoto.jsonl");
    assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 3, "one line was said twice");
    let said = payload(&line(&place, "a.skill", 2));
    let predicate = r#"{"id":"9007199254740993","score":1,"verdict":"good"}"#;
    let text = String::from_utf8(said.clone()).unwrap();
    assert!(
        text.contains(&format!("\"predicate\":{predicate},\"predicateType\":\"{REVIEW}\"")),
        "{text}"
    );
    let statement = Statement::parse(&said).unwrap();
    let names: Vec<_> = statement.subjects().iter().map(|subject| subject.name.as_str()).collect();
    assert_eq!(names, ["skill.wasm", "manifest.json"]);
    place.type_in("verify a.skill --pub author.pub.pem").status(0);
}

/// covers: predicate-6
#[test]
fn another_predicate_is_no_provenance_and_no_receipt() {
    let place = reviewed();
    fs_err::remove_file(place.path("a.skill/attestations.intoto.jsonl")).unwrap();
    attach(&place, "review.json", REVIEW).status(0);
    let verify = place.type_in("verify a.skill --pub author.pub.pem");
    assert_eq!(verify.status, 1, "{}", verify.err());
    place.write("receipt.json", line(&place, "a.skill", 0));
    place.type_in("inspect receipt.json --pub author.pub.pem").refused(1, "predicate-mismatch");
}

/// covers: predicate-7
#[test]
fn what_cannot_be_attached_is_refused_and_nothing_is_written() {
    let place = reviewed();
    let before = place.read("a.skill/attestations.intoto.jsonl");
    place.write("twice.json", "{\"a\":1,\"a\":2}");
    place.write("list.json", "[]");
    place.write("large-number.json", "{\"a\":{\"b\":[9007199254740993]}}");
    place.write("large.json", format!("{{\"a\":\"{}\"}}", "x".repeat((8 << 20) - 8)));
    place.write("larger.json", format!("{{\"a\":\"{}\"}}", "x".repeat((8 << 20) - 7)));
    // Each number takes five times the room in JCS.
    place.write("grows.json", format!("{{\"a\":[0{}]}}", ",1e20".repeat(1_000_000)));
    attach(&place, "twice.json", REVIEW).refused(2, "predicate-malformed").says("twice.json");
    attach(&place, "list.json", REVIEW).refused(2, "predicate-malformed");
    attach(&place, "large-number.json", REVIEW).refused(2, "predicate-malformed").says("$.a.b[0]");
    attach(&place, "larger.json", REVIEW).refused(2, "file-too-large");
    attach(&place, "grows.json", REVIEW).refused(2, "file-too-large");
    attach(&place, "none.json", REVIEW).refused(2, "file-missing");
    for (uri, says) in [
        ("review", "absolute URI"),
        ("https://example.com/#x", "fragment"),
        ("https://slsa.dev/provenance/v1", "provenact attest"),
        ("https://opertus.systems/provenact/execution-receipt/v1", "provenact run"),
        ("https://opertus.systems/provenact/x/v1", "reserved"),
    ] {
        attach(&place, "review.json", uri).refused(2, "predicate-type").says(says);
    }
    let attest = "attest a.skill --key author.key.pem";
    place.type_in(&format!("{attest} --predicate review.json")).refused(2, "usage");
    place.type_in(&format!("{attest} --type {REVIEW}")).refused(2, "usage");
    assert_eq!(place.read("a.skill/attestations.intoto.jsonl"), before);
    attach(&place, "large.json", REVIEW).status(0);
    place.type_in("verify a.skill --pub author.pub.pem").status(0);
}

/// covers: bundle-10
#[test]
fn programs_that_append_at_once_wait_for_each_other() {
    let place = reviewed();
    let start = |nth: usize| {
        let mut command = place.command(PROVENACT);
        command.args([
            "attest",
            "a.skill",
            "--key",
            "author.key.pem",
            "--predicate",
            "review.json",
        ]);
        command
            .args(["--type", &format!("https://example.com/{nth}")])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let started: Vec<_> = (0..16).map(start).collect();
    for mut child in started {
        assert!(child.wait().unwrap().success());
    }
    let lines = place.read("a.skill/attestations.intoto.jsonl");
    assert_eq!(provenact::attest::parse_lines(&lines).unwrap().len(), 17);
    let names: Vec<_> =
        place.tree().into_keys().filter(|name| name.starts_with("a.skill/")).collect();
    assert_eq!(names.len(), 4, "{names:?}");
}

/// Why an envelope was refused.
fn judged(bytes: &[u8], trust: &Trust) -> Option<Reason> {
    let verified = Envelope::parse(bytes).and_then(|envelope| envelope.verify(trust));
    verified.err().map(|error| error.reason())
}

/// Each byte of payload, payload type and the signature that counts, changed in four ways.
///
/// covers: envelope-11, envelope-15
#[test]
fn every_byte_that_is_signed_counts() {
    let place = reviewed();
    attach(&place, "review.json", REVIEW).status(0);
    place.type_in("run -q --pub author.pub.pem --key author.key.pem a.skill").status(0);
    let trust = trust(&place, "author");
    let pem = String::from_utf8(place.read("stranger.key.pem")).unwrap();
    let stranger = PrivateKey::from_pem(&pem).unwrap();
    let kinds = [
        ("provenance", line(&place, "a.skill", 0)),
        ("other predicate", line(&place, "a.skill", 1)),
        ("receipt", place.read("receipt.json")),
    ];
    for (kind, envelope) in kinds {
        let mut envelope = Envelope::parse(envelope.trim_ascii_end()).unwrap();
        envelope.add_signature(&stranger);
        let good = json::parse(&envelope.to_bytes().unwrap()).unwrap();
        let with = |path: &str, value: String| {
            let mut changed = good.clone();
            *changed.pointer_mut(path).unwrap() = value.into();
            json::to_jcs(&changed).unwrap()
        };
        assert_eq!(judged(&json::to_jcs(&good).unwrap(), &trust), None, "{kind}");
        let mut counts = Vec::new();
        for (path, expected) in [
            ("/payload", Some(Reason::SignatureUntrusted)),
            ("/signatures/0/sig", Some(Reason::SignatureUntrusted)),
            // Whose signature this is nobody asked.
            ("/signatures/1/sig", None),
        ] {
            let bytes = STANDARD.decode(good.pointer(path).unwrap().as_str().unwrap()).unwrap();
            for at in 0..bytes.len() {
                for mask in [0x01, 0x20, 0x80, 0xff] {
                    let mut bytes = bytes.clone();
                    bytes[at] ^= mask;
                    let found = judged(&with(path, STANDARD.encode(bytes)), &trust);
                    assert_eq!(found, expected, "{kind}: byte {at} of {path}");
                }
            }
            counts.push(bytes.len());
        }
        let name = good["payloadType"].as_str().unwrap().to_owned();
        let text = String::from_utf8(json::to_jcs(&good).unwrap()).unwrap();
        for at in 0..name.len() {
            for mask in [0x01, 0x20] {
                let mut bytes = name.clone().into_bytes();
                bytes[at] ^= mask;
                let found =
                    judged(&with("/payloadType", String::from_utf8(bytes).unwrap()), &trust);
                assert_eq!(found, Some(Reason::PayloadType), "{kind}: byte {at} of the type");
            }
            for mask in [0x80, 0xff] {
                let mut bytes = text.clone().into_bytes();
                bytes[text.find(&name).unwrap() + at] ^= mask;
                // No longer UTF-8, so that there is no type to compare.
                assert_eq!(
                    judged(&bytes, &trust),
                    Some(Reason::EnvelopeMalformed),
                    "{kind}: byte {at}"
                );
            }
        }
        let _ = writeln!(
            std::io::stderr(),
            "{kind}: each of {} payload, {} type and {} signature bytes changed in 4 ways: refused",
            counts[0],
            name.len(),
            counts[1],
        );
    }
}
