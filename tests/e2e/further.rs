//! A second signature on what an author has said: one envelope, one payload, two keys.

use super::common::{Ended, Place, skipped};
use provenact::attest::{Envelope, PrivateKey};
use provenact::json::{self, Value};

/// The name of the function is not in the canonical form: source and module differ.
const NOTHING: &str = r#"(module (func $nothing (export "_start")))"#;
const LIST: &str = "a.skill/attestations.intoto.jsonl";
const TWO: &str = "\n[[require]]\npredicate-type = \"https://slsa.dev/provenance/v1\"\n\
    subject = \"bundle\"\nthreshold = 2\n";

/// A bundle that the author attested; two authors are demanded, the author and the operator.
fn place() -> Place {
    let place = Place::new();
    place.skill("a", NOTHING, "");
    for name in ["author", "operator"] {
        place.type_in(&format!("trust add {name}.pub.pem --name {name} --role author")).status(0);
    }
    let trust = String::from_utf8(place.read("trust.toml")).unwrap();
    place.write("trust.toml", trust + TWO);
    place
}

fn envelope(place: &Place) -> Envelope {
    let list = place.read(LIST);
    Envelope::parse(list.strip_suffix(b"\n").unwrap()).unwrap()
}

fn key(place: &Place, name: &str) -> PrivateKey {
    let pem = String::from_utf8(place.read(&format!("{name}.key.pem"))).unwrap();
    PrivateKey::from_pem(&pem).unwrap()
}

/// Another payload in place of the one that the author signed, signed by the author as well.
fn instead(place: &Place, from: &str, to: &str) {
    let payload = envelope(place).payload_unverified().as_bytes().to_vec();
    let changed = String::from_utf8(payload).unwrap().replacen(from, to, 1);
    let signed = Envelope::sign(changed.into_bytes(), &[&key(place, "author")]);
    place.write(LIST, [signed.to_bytes().unwrap(), b"\n".to_vec()].concat());
}

#[test]
fn a_second_signature_meets_a_threshold_of_two_and_changes_nothing_else() {
    let place = place();
    let before = envelope(&place);
    place.mode(LIST, 0o640);
    place.type_in("verify a.skill").refused(1, "threshold-unmet").says("found 1: author");
    let more = "attest a.skill --add-signature --key";
    let signed = place.type_in(&format!("{more} operator.key.pem --format json")).status(0);
    let report: Value = json::parse(&signed.stdout).unwrap();
    assert_eq!((&report["signatures"], &report["file"]), (&2.into(), &LIST.into()));
    place.type_in("verify a.skill").status(0).says("author (").says("operator (");
    place.type_in("run --no-receipt a.skill").status(0);
    let after = envelope(&place);
    assert_eq!(after.payload_unverified().as_bytes(), before.payload_unverified().as_bytes());
    assert!(after.signature_bytes().next() == before.signature_bytes().next());
    assert_eq!(after.signature_count(), 2);
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs_err::metadata(place.path(LIST)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o640);
    // A key signs once.
    let all = place.tree();
    for name in ["author", "operator"] {
        place.type_in(&format!("{more} {name}.key.pem")).refused(2, "signed-already").says(LIST);
    }
    assert_eq!(place.tree(), all);
}

/// covers: envelope-47
#[test]
fn what_the_bundle_does_not_give_is_not_signed() {
    let place = place();
    let good = place.read(LIST);
    let more = "attest a.skill --add-signature --key operator.key.pem";
    let hex = |name: &str| provenact::digest::hex(&provenact::digest::sha256(&place.read(name)));
    let other = "0".repeat(64);
    for (from, reason) in [
        (hex("a.skill/skill.wasm"), "subject-mismatch"),
        (hex("a.skill/manifest.json"), "subject-mismatch"),
        (hex("a.wasm"), "material-mismatch"),
        (hex("a.skill/skill.debug.wasm"), "material-mismatch"),
    ] {
        place.write(LIST, &good);
        instead(&place, &from, &other);
        let list = place.read(LIST);
        place.type_in(more).refused(1, reason).says(LIST);
        assert_eq!(place.read(LIST), list);
    }
    // A member that a reader ignores would be signed without a look at it.
    for (from, to) in [("\"subject\":", " \"subject\":"), ("{\"_type\"", "{\"X\":1,\"_type\"")] {
        place.write(LIST, &good);
        instead(&place, from, to);
        place.type_in(more).refused(1, "material-mismatch");
    }
    place.write(LIST, good.strip_suffix(b"\n").unwrap());
    place.type_in(more).refused(2, "envelope-malformed");
    fs_err::remove_file(place.path(LIST)).unwrap();
    place.type_in(more).refused(1, "attestation-missing");
    for (line, status, reason) in [
        ("attest a.skill --key operator.key.pem --envelope e.json", 2, "usage"),
        ("attest a.skill --add-signature", 2, "usage"),
        ("attest a.skill --add-signature --timestamps --key operator.key.pem", 2, "usage"),
        (&format!("{more} --envelope none.json"), 2, "file-missing"),
    ] {
        place.type_in(line).refused(status, reason);
    }
    place.write(LIST, &good);
    let payload = envelope(&place).payload_unverified().as_bytes().to_vec();
    let unsigned = Envelope::unsigned(payload.clone()).to_bytes().unwrap();
    place.write("e.json", unsigned);
    place.type_in(&format!("{more} --envelope e.json")).refused(1, "unsigned").says("e.json");
    // Which provenact built is the first signer's word.
    let said: Value = json::parse(&payload).unwrap();
    let tool = &said["predicate"]["buildDefinition"]["resolvedDependencies"][1]["digest"]["sha256"];
    instead(&place, tool.as_str().unwrap(), &other);
    place.type_in(more).status(0);
}

#[test]
fn an_envelope_in_a_file_of_its_own_and_a_predicate_of_another_get_one_too() {
    let place = place();
    let line = place.read(LIST);
    place.write("e.json", &line);
    std::os::unix::fs::symlink("e.json", place.path("link.json")).unwrap();
    let more = "attest a.skill --add-signature --envelope link.json --key operator.key.pem";
    place.type_in(more).status(0).says("2 signatures");
    place.type_in(more).refused(2, "signed-already");
    assert_eq!(place.read(LIST), line, "the bundle stays as it is");
    assert!(fs_err::symlink_metadata(place.path("link.json")).unwrap().is_symlink());
    let signed = place.read("e.json");
    assert!(signed.ends_with(b"\n"));
    place.write(LIST, signed);
    place.type_in("verify a.skill").status(0);

    place.write("review.json", "{\"good\":true}");
    place.write("other.json", "{\"good\":false}");
    let say = "--type https://example.com/review/v1 --predicate";
    let further = format!("attest a.skill --add-signature --key operator.key.pem {say}");
    place.type_in(&format!("{further} review.json")).refused(1, "attestation-missing");
    place.type_in(&format!("attest a.skill --key author.key.pem {say} review.json")).status(0);
    place.type_in(&format!("{further} other.json")).refused(1, "material-mismatch");
    place.type_in(&format!("{further} review.json")).status(0);
    let list = place.read(LIST);
    let second = list.split(|byte| *byte == b'\n').nth(1).unwrap();
    assert_eq!(Envelope::parse(second).unwrap().signature_count(), 2);
}

#[test]
fn a_signer_elsewhere_signs_what_is_there() {
    let place = place();
    let openssl = |args: &[&str]| place.command("openssl").args(args).output();
    if openssl(&["version"]).is_err() {
        skipped("no openssl on the PATH, so nothing was signed by it");
        return;
    }
    // When is the first signer's word.
    fs_err::remove_file(place.path(LIST)).unwrap();
    place.type_in("attest a.skill --timestamps --key author.key.pem").status(0);
    let payload = envelope(&place).payload_unverified().as_bytes().to_vec();
    let more = "attest a.skill --add-signature";
    let out = place.type_in(&format!("{more} --pae-out pae")).status(0);
    out.says("--add-signature --attach-signature FILE");
    assert!(place.read("pae").ends_with(&payload));
    let sign = ["pkeyutl", "-sign", "-inkey", "operator.key.pem", "-rawin", "-in", "pae"];
    Ended::of(openssl(&[&sign[..], &["-out", "sig"]].concat()).unwrap()).status(0);
    let attach = |name: &str| place.type_in(&format!("{more} --attach-signature sig --pub {name}"));
    let list = place.read(LIST);
    attach("stranger.pub.pem").refused(1, "signature-invalid");
    assert_eq!(place.read(LIST), list);
    attach("operator.pub.pem").status(0);
    attach("operator.pub.pem").refused(2, "signed-already");
    place.type_in("verify a.skill").status(0);
    assert_eq!(envelope(&place).payload_unverified().as_bytes(), payload);
}
