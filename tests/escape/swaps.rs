//! Files that become others between check and use: bundles, trust, evidence, outputs.

use super::common::{Ended, Place};
use super::place::{Prison, SECRET, outcome};
use super::races::swapping;
use provenact::skill::Bundle;
use provenact::verify::CheckedBundle;
use std::os::unix::fs::symlink;
use std::process::Command;

/// A module that prints one word.
fn says(word: &str) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\{:02x}\00\00\00{word}")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))))"#,
        word.len()
    )
}

const RUN: &str = "run -q --no-receipt --pub author.pub.pem";

/// `good.skill` by the author, `evil.skill` of the same name by a stranger.
fn two_bundles() -> Place {
    let place = Place::new();
    place.skill("skill", &says("good"), "");
    fs_err::rename(place.path("skill.skill"), place.path("good.skill")).unwrap();
    place.write("skill.wasm", wat::parse_str(says("evil")).unwrap());
    place.type_in("build skill.wasm --name skill").status(0);
    place.type_in("attest skill.skill --key stranger.key.pem").status(0);
    fs_err::rename(place.path("skill.skill"), place.path("evil.skill")).unwrap();
    place
}

#[test]
fn what_was_read_is_what_is_checked_and_run() {
    let place = two_bundles();
    let bundle = Bundle::read(&place.path("good.skill")).unwrap();
    let read = bundle.wasm.clone();
    for part in ["skill.wasm", "manifest.json", "attestations.intoto.jsonl"] {
        place.write(&format!("good.skill/{part}"), place.read(&format!("evil.skill/{part}")));
    }
    let checked = CheckedBundle::check(bundle).unwrap();
    assert_eq!(checked.module().bytes(), read);
    assert_ne!(read, place.read("good.skill/skill.wasm"));
}

/// Each part by itself, and the whole directory, again and again.
#[test]
fn a_swapped_bundle_is_the_good_one_or_none() {
    let place = two_bundles();
    place.type_in(&format!("{RUN} evil.skill")).refused(126, "signature-untrusted");
    let swaps = ["", "/skill.wasm", "/manifest.json", "/attestations.intoto.jsonl"];
    let (mut ran, mut refused) = (0, 0);
    for part in swaps {
        let (good, evil) = (format!("good.skill{part}"), format!("evil.skill{part}"));
        // Whatever the last swap was, the pair that is run begins as the good one.
        let line = format!("{RUN} good.skill");
        swapping(&place.path(&good), &place.path(&evil), || {
            for _ in 0..15 {
                let ended = place.type_in(&line);
                assert_no_panic(&ended);
                match outcome(&ended).as_str() {
                    "exit 0" => {
                        assert_eq!(ended.out(), "good");
                        ran += 1;
                    }
                    "refused 126 signature-untrusted"
                    | "refused 126 artifact-mismatch"
                    | "refused 126 attestation-missing"
                    | "refused 126 subject-mismatch" => refused += 1,
                    other => panic!("{other}: {}", ended.err()),
                }
            }
        });
    }
    println!("the good one ran {ran} times, {refused} refused");
}

fn assert_no_panic(ended: &Ended) {
    assert!(ended.status != 101 && !ended.err().contains("panicked"), "{}", ended.err());
}

/// A pipe would let its writer choose what each reader gets, and make one wait for ever.
#[test]
fn pipes_are_no_parts_of_a_bundle_and_no_evidence() {
    let place = two_bundles();
    place.type_in("run -q --pub author.pub.pem --key operator.key.pem good.skill").status(0);
    let replay = "replay receipt.json --pub operator.pub.pem";
    place.type_in(replay).status(0);
    let run = format!("{RUN} good.skill");
    for (name, line, status) in [
        ("good.skill/skill.wasm", run.as_str(), 127),
        ("good.skill/manifest.json", &run, 127),
        ("good.skill/attestations.intoto.jsonl", &run, 127),
        ("author.pub.pem", &run, 127),
        ("receipt.trace", replay, 2),
        ("receipt.json", replay, 2),
        ("operator.pub.pem", replay, 2),
    ] {
        let kept = place.path("kept");
        fs_err::rename(place.path(name), &kept).unwrap();
        assert!(Command::new("mkfifo").arg(place.path(name)).status().unwrap().success());
        place.type_in(line).refused(status, "file-unreadable").says("not a regular file");
        fs_err::remove_file(place.path(name)).unwrap();
        fs_err::rename(&kept, place.path(name)).unwrap();
    }
}

/// A pinned trust file is the one that was pinned, or refused, whatever it becomes meanwhile.
#[test]
fn a_swapped_trust_file_trusts_nobody_new() {
    let place = two_bundles();
    for (file, key) in [("trust.toml", "author"), ("other.toml", "stranger")] {
        let public = String::from_utf8(place.read(&format!("{key}.pub.pem"))).unwrap();
        let text = format!(
            "version = 1\n[[key]]\nname = \"{key}\"\nroles = [\"author\"]\npublic = \"\"\"{public}\"\"\"\n"
        );
        place.write(file, text);
    }
    let digest = |file: &str| {
        let shown = place.type_in(&format!("trust show --trust {file}")).status(0).out();
        let at = shown.find("sha256:").unwrap();
        shown[at..at + 71].to_owned()
    };
    let pin = digest("trust.toml");
    assert_ne!(pin, digest("other.toml"));
    let line = format!("run -q --no-receipt --trust trust.toml --trust-digest {pin} evil.skill");
    let (trust, other) = (place.path("trust.toml"), place.path("other.toml"));
    swapping(&trust, &other, || {
        for _ in 0..40 {
            let ended = place.type_in(&line);
            assert_no_panic(&ended);
            let found = outcome(&ended);
            assert!(
                ["refused 126 signature-untrusted", "refused 126 trust-mismatch"]
                    .contains(&found.as_str()),
                "{found}: {}",
                ended.err()
            );
        }
    });
}

/// Two runs whose traces are swapped while one is replayed: it is reproduced from its own trace, or
/// the other one is told apart.
#[test]
fn swapped_evidence_reproduces_only_what_it_is_of() {
    let place = two_bundles();
    for name in ["one", "two"] {
        let line = format!(
            "run -q --pub author.pub.pem --key operator.key.pem --receipt {name}.json good.skill {name}"
        );
        place.type_in(&line).status(0);
    }
    let replays = |receipt: &str, files: [&str; 2]| {
        swapping(&place.path(files[0]), &place.path(files[1]), || {
            for _ in 0..20 {
                let line = format!("replay {receipt} --pub operator.pub.pem");
                let ended = place.type_in(&line);
                assert_no_panic(&ended);
                let is_another = ended.status == 1 && ended.out().contains("[trace-mismatch]");
                assert!(ended.status == 0 || is_another, "{} {}", ended.out(), ended.err());
            }
        });
    };
    replays("one.json", ["one.trace", "two.trace"]);
    replays("one.json", ["one.json", "two.json"]);
}

/// Links where outputs go: what they lead to stays as it is, with and without `--force`.
#[test]
fn outputs_do_not_go_through_links() {
    let prison = Prison::new();
    prison.build("skill", &wat::parse_str(says("good")).unwrap(), "").status(0);
    fs_err::create_dir(prison.path("d/outputs")).unwrap();
    // One that looks like an output of ours, which --force may replace.
    let ours = prison.path("d/ours.json");
    fs_err::write(&ours, "{\"payload\":\"\"}").unwrap();
    let run = "run -q --allow-unsigned";
    for (name, to, force, expected) in [
        ("to-canary", "../../canary/secret", "", "refused 127 output-exists"),
        ("to-canary", "../../canary/secret", "--force ", "refused 127 usage"),
        ("to-nothing", "../../canary/new", "", "refused 127 output-exists"),
        ("to-nothing", "../../canary/new", "--force ", "refused 127 file-missing"),
        ("to-ours", "../ours.json", "", "refused 127 output-exists"),
        ("to-ours", "../ours.json", "--force ", "exit 0"),
        ("to-folder", "../../canary", "--force ", "refused 127 file-unreadable"),
    ] {
        let link = format!("d/outputs/{name}.json");
        if fs_err::symlink_metadata(prison.path(&link)).is_ok() {
            fs_err::remove_file(prison.path(&link)).unwrap();
        }
        symlink(to, prison.path(&link)).unwrap();
        let ended = prison.place().type_in(&format!("{run} --receipt {link} {force}skill.skill"));
        prison.check(&format!("{name} {force}"), &ended);
        assert_eq!(outcome(&ended), expected, "{name} {force}: {}", ended.err());
    }
    assert_eq!(fs_err::read(&ours).unwrap(), b"{\"payload\":\"\"}", "the link was replaced");
    for (line, link, to, status) in [
        ("keygen d/outputs/key", "d/outputs/key.key.pem", "../../canary/secret", 2),
        ("keygen d/outputs/key2", "d/outputs/key2.pub.pem", "../../canary/new", 2),
    ] {
        symlink(to, prison.path(link)).unwrap();
        let ended = prison.place().type_in(line);
        prison.check(line, &ended);
        assert_eq!(ended.status, status, "{line}: {}", ended.err());
    }
    assert_eq!(prison.place().read("canary/secret"), SECRET.as_bytes());
}

/// A bundle that is a link to another: --force moves the link aside, and what it leads to stays.
#[test]
fn a_bundle_that_is_a_link_is_replaced_as_a_link() {
    let place = two_bundles();
    let before = super::common::tree(&place.path("good.skill"));
    symlink("good.skill", place.path("skill.skill")).unwrap();
    place.type_in("build skill.wasm --name skill").refused(2, "output-exists");
    place.type_in("build skill.wasm --name skill --force").status(0);
    assert!(!fs_err::symlink_metadata(place.path("skill.skill")).unwrap().is_symlink());
    assert_eq!(super::common::tree(&place.path("good.skill")), before);
}

/// The place of the receipt becomes a link while the guest runs: with --force the link is replaced,
/// without it is refused; nothing is written where it leads.
#[test]
fn outputs_that_become_links_meanwhile_are_not_followed() {
    let sleeps = r#"(module
      (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (i64.store (i32.const 24) (i64.const 1500000000))
        (drop (call $poll (i32.const 0) (i32.const 104) (i32.const 1) (i32.const 200)))))"#;
    for (force, expected) in [("", "refused 127 output-exists"), ("--force", "exit 0")] {
        let prison = Prison::new();
        prison.build("sleeps", &wat::parse_str(sleeps).unwrap(), "").status(0);
        fs_err::create_dir(prison.path("d/outputs")).unwrap();
        let line = format!(
            "run -q --allow-unsigned --allow time --receipt d/outputs/r.json {force} sleeps.skill"
        );
        let words = line.split_whitespace();
        let running = prison
            .place()
            .command(super::common::PROVENACT)
            .args(words)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(700));
        symlink("../../canary/secret", prison.path("d/outputs/r.json")).unwrap();
        symlink("../../canary/new", prison.path("d/outputs/r.trace")).unwrap();
        let ended = Ended::of(running.wait_with_output().unwrap());
        prison.check(force, &ended);
        assert_eq!(outcome(&ended), expected, "{}", ended.err());
        if force == "--force" {
            let receipt = fs_err::symlink_metadata(prison.path("d/outputs/r.json")).unwrap();
            assert!(receipt.is_file());
        }
    }
}

/// A link on the way to the receipt lies where the guest can write: it could lead the evidence elsewhere.
#[test]
fn evidence_does_not_go_through_where_the_skill_may_write() {
    let prison = Prison::new();
    let wasm = wat::parse_str(says("good")).unwrap();
    prison.build("skill", &wasm, "--cap fs.read=/d --cap fs.write=/d").status(0);
    fs_err::create_dir(prison.path("w/evidence")).unwrap();
    symlink("../w/evidence", prison.path("d/way")).unwrap();
    let line = "run -q --allow-unsigned --dir d::/d --receipt d/way/r.json skill.skill";
    let ended = prison.place().type_in(line);
    prison.check("way", &ended);
    assert_eq!(outcome(&ended), "refused 127 grant-conflict", "{}", ended.err());
}
