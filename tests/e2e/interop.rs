//! What we sign is verified by programs that nobody here wrote: securesystemslib, in-toto's own
//! reader of statements, and OpenSSL. Without them the tests say that they were skipped.

use super::common::{Ended, Place, programs, skipped};
use provenact::attest::{Envelope, PAYLOAD_TYPE, PrivateKey, pae};
use std::process::Command;

/// Verifies an envelope's signature with securesystemslib and parses its statement.
const READER: &str = r#"
import hashlib, json, sys
from cryptography.hazmat.primitives import serialization
from google.protobuf.json_format import Parse
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

path, pems, stranger, predicate = sys.argv[1:]
def key(path):
    public = serialization.load_pem_public_key(open(path, "rb").read())
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    der = public.public_bytes(serialization.Encoding.DER, spki)
    return SSlibKey.from_crypto(public, keyid=hashlib.sha256(der).hexdigest())
envelope = Envelope.from_dict(json.loads(open(path).read()))
keys = [key(pem) for pem in pems.split(",")]
assert len(envelope.signatures) == len(keys), len(envelope.signatures)
verified = envelope.verify(keys, len(keys))
assert set(verified) == {one.keyid for one in keys}, verified
for one in keys:
    envelope.verify([one], 1)
def refused(keys, threshold, why):
    try:
        envelope.verify(keys, threshold)
    except VerificationError:
        return
    sys.exit(why)
refused([key(stranger)], 1, "a stranger's key verified it")
refused(keys + [key(stranger)], len(keys) + 1, "a stranger's key was counted")
kept = envelope.payload
for at in range(len(kept)):
    envelope.payload = kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1:]
    refused(keys, 1, "byte %d of the payload does not count" % at)
envelope.payload = kept
statement = Statement.copy_from_pb(Parse(envelope.payload, statement_pb2.Statement()))
statement.validate()
assert statement.pb.predicate_type == predicate, statement.pb.predicate_type
print(len(statement.pb.subject), statement.pb.subject[0].digest["sha256"])
"#;

/// What `attest` and `run` signed: file, signers, predicate type.
const SIGNED: [(&str, &[&str], &str); 5] = [
    ("attestation.json", &["author"], "https://slsa.dev/provenance/v1"),
    ("timed.json", &["author"], "https://slsa.dev/provenance/v1"),
    ("review.json", &["author"], "https://example.com/review/v1"),
    ("receipt.json", &["operator"], "https://opertus.systems/provenact/execution-receipt/v1"),
    ("two.json", &["author", "operator"], "https://slsa.dev/provenance/v1"),
];

fn signed() -> Place {
    let place = Place::new();
    place.skill("a", "(module (memory (export \"memory\") 1) (func (export \"_start\")))", "");
    place.type_in("run -q --pub author.pub.pem --key operator.key.pem a.skill").status(0);
    place.write("said", "{\"verdict\": \"gut, schön\", \"score\": 4.5}");
    let attest = "attest a.skill --key author.key.pem";
    place
        .type_in(&format!("{attest} --predicate said --type https://example.com/review/v1"))
        .status(0);
    place.type_in(&format!("{attest} --timestamps")).status(0);
    let lines = place.read("a.skill/attestations.intoto.jsonl");
    let lines: Vec<_> = lines.split(|byte| *byte == b'\n').collect();
    for (name, line) in ["attestation.json", "review.json", "timed.json"].iter().zip(lines) {
        place.write(name, line);
    }
    let pem = String::from_utf8(place.read("operator.key.pem")).unwrap();
    let mut two = Envelope::parse(&place.read("attestation.json")).unwrap();
    two.add_signature(&PrivateKey::from_pem(&pem).unwrap());
    place.write("two.json", two.to_bytes().unwrap());
    place
}

#[test]
fn securesystemslib_verifies_and_in_toto_parses_what_we_signed() {
    let Some(cache) = programs() else {
        return skipped("securesystemslib and in-toto-attestation are not there");
    };
    let place = signed();
    place.write("reader.py", READER);
    let module = provenact::digest::ModuleDigest::of(&place.read("a.skill/skill.wasm"));
    for (file, signers, predicate) in SIGNED {
        let mut command = place.command(cache.join("venv/bin/python").to_str().unwrap());
        let keys: Vec<_> = signers.iter().map(|signer| format!("{signer}.pub.pem")).collect();
        command.args(["reader.py", file, &keys.join(","), "stranger.pub.pem"]);
        let ended = Ended::of(command.arg(predicate).output().unwrap()).status(0);
        ended.says(module.to_string().trim_start_matches("sha256:"));
    }
}

#[test]
fn openssl_verifies_what_we_signed() {
    let place = signed();
    if !Command::new("openssl").arg("version").output().is_ok_and(|o| o.status.success()) {
        return skipped("no openssl on the PATH, so nothing we signed was shown to it");
    }
    for (file, signers, _) in SIGNED {
        let envelope = place.read(file);
        let line = envelope.split(|byte| *byte == b'\n').next().unwrap();
        let envelope = Envelope::parse(line).unwrap();
        place.write("pae", pae(PAYLOAD_TYPE, envelope.payload_unverified().as_bytes()));
        let verify = |name: &str| {
            let public = format!("{name}.pub.pem");
            let mut command = place.command("openssl");
            command.args(["pkeyutl", "-verify", "-pubin", "-inkey", &public, "-rawin"]);
            Ended::of(command.args(["-in", "pae", "-sigfile", "sig"]).output().unwrap())
        };
        assert_eq!(envelope.signature_count(), signers.len());
        for (signer, signature) in signers.iter().zip(envelope.signature_bytes()) {
            place.write("sig", signature);
            verify(signer).status(0).says("Verified");
            assert_ne!(verify("stranger").status, 0);
        }
    }
}
