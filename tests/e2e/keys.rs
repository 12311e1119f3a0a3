//! Keys and passphrases from every place, the names of keys, and signers that are not us.

use super::common::{Ended, PROVENACT, Place, skipped};
use serde_json::Value;
use std::process::Command;

/// A skill that returns at once.
const NOTHING: &str = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;

/// A skill that hands on what it reads first.
const CAT: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\20\00\00\00\00\10\00\00")
  (func (export "_start")
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;

const WORD: &str = "correct horse";

/// A place with an encrypted key pair `locked` and its passphrase in `word`.
fn place() -> Place {
    let place = Place::new();
    place.write("word", format!("{WORD}\nsecond line\n"));
    place.mode("word", 0o600);
    place.type_in("keygen -o locked --encrypt --passphrase-file word").status(0);
    place
}

/// `PROVENACT` with variables of its own.
fn with(place: &Place, variables: &[(&str, &str)], line: &str) -> Ended {
    let mut command = place.command(PROVENACT);
    command.envs(variables.iter().copied()).args(line.split(' '));
    Ended::of(command.output().unwrap())
}

fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("--help").output().is_ok();
    if !there {
        skipped(&format!("no {program} on the PATH, so nothing was compared with it"));
    }
    there
}

fn output(place: &Place, program: &str, args: &[&str]) -> Vec<u8> {
    Ended::of(place.command(program).args(args).output().unwrap()).status(0).stdout
}

#[test]
fn a_key_and_its_passphrase_come_from_every_place() {
    let place = place();
    place.write("a.wasm", wat::parse_str(NOTHING).unwrap());
    place.type_in("build a.wasm").status(0);
    let pem = String::from_utf8(place.read("locked.key.pem")).unwrap();
    let variables = [("KEY", pem.as_str()), ("WORD", WORD)];
    let attest = "attest a.skill --key";
    let first = place.type_in(&format!("{attest} locked.key.pem --passphrase-file word"));
    first.status(0);
    let line = place.read("a.skill/attestations.intoto.jsonl");
    // The same key over the same payload is the same line, and it is there already.
    place.fed(&format!("{attest} - --passphrase-file word"), pem.as_bytes()).status(0);
    with(&place, &variables, &format!("{attest} env:KEY --passphrase-env WORD")).status(0);
    assert_eq!(place.read("a.skill/attestations.intoto.jsonl"), line);
    place.type_in("verify a.skill --pub locked.pub.pem").status(0);
    let author = place.read("author.key.pem");
    place.fed(&format!("{attest} -"), &author).status(0);
    place.type_in("verify a.skill --pub author.pub.pem").status(0);

    let run = "run -q --pub locked.pub.pem --force --key";
    let from_env = format!("{run} env:KEY --passphrase-env WORD a.skill");
    with(&place, &variables, &from_env).status(0);
    place.type_in("verify receipt.json --pub locked.pub.pem").status(0);
    place.fed(&format!("{run} - a.skill"), &author).status(0);
    place.type_in("verify receipt.json --pub author.pub.pem").status(0);
}

/// A key on standard input is ours alone: the skill finds nothing there.
#[test]
fn a_skill_does_not_read_the_key_that_came_on_standard_input() {
    let place = Place::new();
    place.skill("cat", CAT, "");
    let key = place.read("operator.key.pem");
    let run = "run -q --pub author.pub.pem --key - cat.skill";
    let ended = place.fed(run, &key).status(0);
    assert_eq!(ended.out(), "");
    let receipt: Value = serde_json::from_slice(&place.read("receipt.json")).unwrap();
    assert!(receipt["signatures"][0]["sig"].is_string());
    assert_eq!(place.fed("run -q --pub author.pub.pem --no-receipt cat.skill", b"x").out(), "x");
}

/// A manifest may declare any name of a variable, and `--allow-declared` grants what is declared.
#[test]
fn a_skill_does_not_get_the_variables_that_hold_secrets() {
    let place = place();
    place.skill("a", NOTHING, "--cap env=KEY --cap env=WORD");
    let pem = String::from_utf8(place.read("locked.key.pem")).unwrap();
    let variables = [("KEY", pem.as_str()), ("WORD", WORD)];
    let run = "run -q --pub author.pub.pem --key env:KEY --passphrase-env WORD";
    for more in ["--allow-declared", "--env KEY", "--env WORD"] {
        let ended = with(&place, &variables, &format!("{run} {more} a.skill"));
        ended.refused(127, "grant-conflict").says("holds the key or its passphrase");
        assert!(!place.exists("receipt.json") && !place.exists("receipt.trace"));
    }
    let own = "--allow-declared --env KEY=a --env WORD=b";
    with(&place, &variables, &format!("{run} {own} a.skill")).status(0);
}

/// covers: trust-75, trust-76
#[test]
fn secrets_that_cannot_be_used_are_refused_and_say_why() {
    let place = place();
    place.skill("a", NOTHING, "");
    place.write("empty", "\nx\n");
    place.write("crlf", format!("{WORD}\r\n"));
    place.write("wrong", "correct hors\n");
    place.write("long", [b'x'; (16 << 10) + 1]);
    for name in ["empty", "crlf", "wrong", "long"] {
        place.mode(name, 0o600);
    }
    let attest = "attest a.skill --key";
    let with_file =
        |name: &str| place.type_in(&format!("{attest} locked.key.pem --passphrase-file {name}"));
    let before = place.tree();
    with_file("empty").refused(2, "passphrase-unfit").says("it is empty");
    with_file("crlf").refused(2, "passphrase-unfit").says("CRLF");
    with_file("wrong")
        .refused(2, "passphrase-wrong")
        .says("locked.key.pem: the passphrase is wrong");
    with_file("long").refused(2, "file-too-large");
    with_file("none").refused(2, "file-missing");
    place.type_in(&format!("{attest} long")).refused(2, "file-too-large");
    place.type_in(&format!("{attest} a.pub.pem --pub long")).status(2);
    let passphrase = "--passphrase-file word";
    place
        .type_in(&format!("{attest} author.key.pem {passphrase}"))
        .refused(2, "usage")
        .says("the key is not encrypted");
    place.type_in("run --pub author.pub.pem --passphrase-env W a.skill").refused(127, "usage");
    for name in ["env:NONE", "env:", "env:A=B"] {
        place.type_in(&format!("{attest} {name}")).refused(2, "file-missing").says("--key");
    }
    for name in ["NONE", "", "A=B"] {
        let line = ["attest", "a.skill", "--key", "locked.key.pem", "--passphrase-env", name];
        place.provenact(&line).refused(2, "passphrase-missing");
    }
    place.fed(&format!("{attest} -"), b"").refused(2, "key-malformed");
    place.fed(&format!("{attest} -"), &[b' '; (16 << 10) + 1]).refused(2, "file-too-large");
    place.fed(&format!("{attest} -"), b"\xff").refused(2, "file-unreadable");
    place.type_in("keygen -o b --encrypt --passphrase-file empty").refused(2, "passphrase-unfit");
    place.type_in("keygen -o b --passphrase-file word").refused(2, "usage");
    place.type_in("attest a.skill").refused(2, "usage");
    place.type_in("attest a.skill --key author.key.pem --pae-out p").refused(2, "usage");
    assert_eq!(place.tree(), before);

    place.mode("word", 0o640);
    with_file("word").refused(2, "key-exposed").says("chmod 600 word");
    place.mode("word", 0o600);
    place.mode("locked.key.pem", 0o604);
    with_file("word").refused(2, "key-exposed").says("chmod 600 locked.key.pem");
}

#[test]
fn without_a_terminal_nothing_is_asked_and_with_one_nothing_is_shown() {
    let place = place();
    if is_there("setsid") {
        let line = ["-w", PROVENACT, "keygen", "-o", "b", "--encrypt"];
        let ended = Ended::of(place.command("setsid").args(line).output().unwrap());
        ended.refused(2, "passphrase-missing").says("--passphrase-file");
        let line = ["-w", PROVENACT, "key", "show", "locked.key.pem"];
        let ended = Ended::of(place.command("setsid").args(line).output().unwrap());
        ended.refused(2, "passphrase-missing");
        assert!(!place.exists("b.key.pem") && !place.exists("b.pub.pem"));
    }
    if !is_there("python3") {
        return;
    }
    let typed = |lines: &[&str], command: &str| {
        let args = [&["-c", TYPIST, PROVENACT, command], lines].concat();
        Ended::of(place.command("python3").args(args).output().unwrap())
    };
    typed(&["one two", "one two"], "keygen -o b --encrypt").status(0).says("b.key.pem");
    let shown = typed(&["one two"], "key show b.key.pem").status(0).says("key id");
    assert!(!shown.out().contains("one two"), "{}", shown.out());
    typed(&["one"], "key show b.key.pem").status(2).says("[passphrase-wrong]");
    typed(&["one", "two"], "keygen -o c --encrypt").status(2).says("[passphrase-unfit]");
    typed(&[""], "keygen -o c --encrypt").status(2).says("[passphrase-unfit]");
    assert!(!place.exists("c.key.pem") && !place.exists("c.pub.pem"));
}

/// Runs a command at a terminal of its own, and types a line at each prompt, once the terminal has
/// stopped to show what is typed.
const TYPIST: &str = r#"
import os, pty, sys, termios, time
program, command, *lines = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    os.execv(program, [program, *command.split(" ")])
seen, asked = b"", 0
while True:
    try:
        some = os.read(terminal, 4096)
    except OSError:
        some = b""
    if not some:
        break
    seen += some
    while seen.count(b": ") > asked and seen.endswith(b": ") and lines:
        asked = seen.count(b": ")
        while termios.tcgetattr(terminal)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(terminal, lines.pop(0).encode() + b"\n")
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

#[test]
fn a_key_has_the_names_that_openssl_and_openssh_give_it() {
    let place = place();
    let shown = |line: &str| -> Value {
        serde_json::from_slice(&place.type_in(line).status(0).stdout).unwrap()
    };
    let public = shown("key show locked.pub.pem --format json");
    let private = shown("key show locked.key.pem --passphrase-file word --format json");
    for name in ["keyid", "pin", "openssh"] {
        assert_eq!(public[name], private[name]);
        place.type_in("key show locked.pub.pem").says(public[name].as_str().unwrap());
    }
    let of = |report: &Value| (report["kind"].clone(), report["encrypted"].clone());
    assert_eq!(of(&public), ("public".into(), false.into()));
    assert_eq!(of(&private), ("private".into(), true.into()));
    let private = shown("key show author.key.pem --format json");
    assert_eq!(of(&private), ("private".into(), false.into()));
    place.type_in("key show word").refused(2, "key-malformed");
    place.type_in("key show locked.pub.pem --passphrase-file word").refused(2, "key-malformed");

    if !is_there("openssl") {
        return;
    }
    let passin = ["pkey", "-in", "locked.key.pem", "-passin", "file:word", "-pubout"];
    let der = output(&place, "openssl", &[&passin[..], &["-outform", "DER"]].concat());
    place.write("der", &der);
    let hash = ["dgst", "-sha256", "-r", "der"];
    let hex = String::from_utf8(output(&place, "openssl", &hash)).unwrap();
    assert_eq!(hex.split(' ').next(), public["keyid"].as_str());
    place.write("raw", output(&place, "openssl", &["dgst", "-sha256", "-binary", "der"]));
    let pin = String::from_utf8(output(&place, "openssl", &["base64", "-in", "raw"])).unwrap();
    assert_eq!(format!("sha256/{}", pin.trim()), public["pin"].as_str().unwrap());

    if !is_there("ssh-keygen") {
        return;
    }
    // RFC 8709, section 4, around the last 32 bytes of the DER.
    let blob = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20", &der[der.len() - 32..]].concat();
    place.write("blob", blob);
    let text = output(&place, "openssl", &["base64", "-A", "-in", "blob"]);
    let line = format!("ssh-ed25519 {} us\n", String::from_utf8(text).unwrap().trim());
    place.write("ssh.pub", line);
    let said = String::from_utf8(output(&place, "ssh-keygen", &["-l", "-f", "ssh.pub"])).unwrap();
    assert_eq!(said.split(' ').nth(1), public["openssh"].as_str());
}

#[test]
fn openssl_and_we_read_each_others_encrypted_keys() {
    let place = place();
    if !is_there("openssl") {
        return;
    }
    let public = output(
        &place,
        "openssl",
        &["pkey", "-in", "locked.key.pem", "-passin", "file:word", "-pubout"],
    );
    assert_eq!(public, place.read("locked.pub.pem"));
    let topk8 = ["pkcs8", "-topk8", "-in", "author.key.pem", "-passout", "file:word", "-out", "o"];
    for more in [
        &["-v2", "aes-256-cbc"][..],
        &["-v2", "aes-128-cbc", "-iter", "600000", "-v2prf", "hmacWithSHA512"],
        &["-v2", "aes-256-cbc", "-scrypt"],
    ] {
        output(&place, "openssl", &[&topk8[..], more].concat());
        place.mode("o", 0o600);
        let shown = place.type_in("key show o --passphrase-file word").status(0);
        let id = place.type_in("key show author.pub.pem").out();
        assert_eq!(shown.out().lines().nth(1), id.lines().nth(1));
    }
    output(&place, "openssl", &[&topk8[..], &["-v2", "des3"]].concat());
    place.mode("o", 0o600);
    place.type_in("key show o --passphrase-file word").refused(2, "key-malformed");
}

/// covers: envelope-41
#[test]
fn a_signature_from_elsewhere_is_attached_when_it_verifies() {
    let place = Place::new();
    place.skill("a", NOTHING, "");
    let ours = place.read("a.skill/attestations.intoto.jsonl");
    let list = "a.skill/attestations.intoto.jsonl";
    place.type_in("attest a.skill --pae-out a.pae").status(0);
    assert_eq!(place.read(list), ours, "nothing changes");
    assert!(place.read("a.pae").starts_with(b"DSSEv1 28 application/vnd.in-toto+json "));
    place.type_in("attest a.skill --pae-out a.pae").refused(2, "output-exists");
    let attach = "attest a.skill --attach-signature sig --pub";
    place.write("sig", [7; 64]);
    place.type_in(&format!("{attach} author.pub.pem")).refused(1, "signature-invalid");
    place.write("sig", [7; 63]);
    place.type_in(&format!("{attach} author.pub.pem")).refused(2, "signature-malformed");
    place.type_in("attest a.skill --attach-signature sig").refused(2, "usage");
    place.type_in("attest a.skill --pub author.pub.pem").refused(2, "usage");
    place.type_in("attest a.skill --key author.key.pem --pub author.pub.pem").refused(2, "usage");
    assert_eq!(place.read(list), ours);

    if !is_there("openssl") {
        return;
    }
    let sign = ["pkeyutl", "-sign", "-inkey", "author.key.pem", "-rawin", "-in", "a.pae"];
    output(&place, "openssl", &[&sign[..], &["-out", "sig"]].concat());
    place.type_in(&format!("{attach} stranger.pub.pem")).refused(1, "signature-invalid");
    fs_err::remove_file(place.path(list)).unwrap();
    place.type_in(&format!("{attach} author.pub.pem")).status(0).says("attested a.skill");
    assert_eq!(place.read(list), ours, "as if we had signed");
    let text = output(&place, "openssl", &["base64", "-in", "sig"]);
    place.write("sig", text);
    place.type_in(&format!("{attach} author.pub.pem")).status(0);
    assert_eq!(place.read(list), ours, "the same line again");
    place.type_in("verify a.skill --pub author.pub.pem").status(0);

    // Another bundle gives another payload.
    place.write("b.wasm", wat::parse_str(NOTHING).unwrap());
    place.type_in("build b.wasm --name b").status(0);
    place
        .type_in("attest b.skill --attach-signature sig --pub author.pub.pem")
        .refused(1, "signature-invalid");
    assert!(!place.exists("b.skill/attestations.intoto.jsonl"));
}

#[test]
fn a_key_where_a_file_name_belongs_is_not_repeated() {
    let place = Place::new();
    let pem = String::from_utf8(place.read("author.key.pem")).unwrap();
    let secret = pem.lines().nth(1).unwrap();
    place.skill("a", NOTHING, "");
    for words in [
        vec!["attest", "a.skill", "--key", &pem],
        vec!["verify", "a.skill", &format!("--pub={pem}")],
        vec!["key", "show", "--", &pem],
    ] {
        let ended = place.provenact(&words);
        let ended = ended.refused(2, "usage");
        assert!(!ended.err().contains(secret) && !ended.out().contains(secret), "{ended:?}");
    }
}

#[test]
fn a_word_that_may_be_the_passphrase_is_not_said_again() {
    let place = place();
    place.skill("a", NOTHING, "");
    place.type_in("run --pub author.pub.pem --key operator.key.pem a.skill").status(0);
    // Too long for a name, and below something that is no directory.
    let long = "hunter2".repeat(99);
    for word in ["hunter2-secret", &long, "word/hunter2"] {
        for (line, flag) in [
            (format!("keygen -o b --encrypt --passphrase-env {word}"), "--passphrase-env"),
            (format!("keygen -o b --encrypt --passphrase-file {word}"), "--passphrase-file"),
            (format!("key show locked.key.pem --passphrase-file {word}"), "--passphrase-file"),
            (format!("attest a.skill --key env:{word}"), "--key"),
            (format!("key show env:{word}"), "FILE"),
            (format!("replay receipt.json --sign env:{word}"), "--sign"),
        ] {
            let ended = place.type_in(&line).status(2).says(flag);
            let json = place.type_in(&format!("{line} --format json")).status(2);
            let said = [ended.out(), ended.err(), json.out(), json.err()].concat();
            assert!(!said.contains("hunter2"), "{line}: {said}");
        }
    }
}

#[test]
fn of_a_pair_of_keys_both_are_replaced_or_neither() {
    let place = Place::new();
    let before = place.read("author.key.pem");
    fs_err::remove_file(place.path("author.pub.pem")).unwrap();
    fs_err::create_dir(place.path("author.pub.pem")).unwrap();
    place.type_in("keygen -o author --force").refused(2, "output-failed");
    assert_eq!(place.read("author.key.pem"), before);
}

#[test]
fn a_time_of_now_is_not_told_to_two_who_must_agree() {
    let place = Place::new();
    place.skill("clock", "(module (memory (export \"memory\") 1) (func (export \"_start\")))", "");
    place.write("sig", [7; 64]);
    let (out, attach) = ("--pae-out clock.pae", "--attach-signature sig --pub author.pub.pem");
    let before = place.tree();
    for how in [out, attach] {
        place
            .type_in(&format!("attest clock.skill --timestamps {how}"))
            .refused(2, "usage")
            .says("SOURCE_DATE_EPOCH");
    }
    assert_eq!(place.tree(), before);
    if !is_there("openssl") {
        return;
    }
    let fixed = [("SOURCE_DATE_EPOCH", "1700000000")];
    with(&place, &fixed, &format!("attest clock.skill --timestamps {out}")).status(0);
    let sign = ["pkeyutl", "-sign", "-inkey", "author.key.pem", "-rawin", "-in", "clock.pae"];
    output(&place, "openssl", &[&sign[..], &["-out", "sig"]].concat());
    with(&place, &fixed, &format!("attest clock.skill --timestamps {attach}")).status(0);
    let other = [("SOURCE_DATE_EPOCH", "1700000001")];
    with(&place, &other, &format!("attest clock.skill --timestamps {attach}"))
        .refused(1, "signature-invalid");
}
