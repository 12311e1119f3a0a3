//! What we sign is verified by programs that nobody here wrote: securesystemslib, in-toto's own
//! reader of statements, and OpenSSL. Without them the tests say that they were skipped.

use super::common::{Ended, Place, skipped};
use super::programs::cache;
use provenact::attest::{Envelope, PAYLOAD_TYPE, pae};
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

path, pem, stranger, predicate = sys.argv[1:]
def key(path):
    public = serialization.load_pem_public_key(open(path, "rb").read())
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    der = public.public_bytes(serialization.Encoding.DER, spki)
    return SSlibKey.from_crypto(public, keyid=hashlib.sha256(der).hexdigest())
envelope = Envelope.from_dict(json.loads(open(path).read()))
envelope.verify([key(pem)], 1)
try:
    envelope.verify([key(stranger)], 1)
except VerificationError:
    pass
else:
    sys.exit("a stranger's key verified it")
statement = Statement.copy_from_pb(Parse(envelope.payload, statement_pb2.Statement()))
statement.validate()
assert statement.pb.predicate_type == predicate, statement.pb.predicate_type
print(len(statement.pb.subject), statement.pb.subject[0].digest["sha256"])
"#;

/// What `attest` and `run` signed: file, signer, predicate type.
const SIGNED: [(&str, &str, &str); 2] = [
    ("attestation.json", "author", "https://slsa.dev/provenance/v1"),
    ("receipt.json", "operator", "https://opertus.systems/provenact/execution-receipt/v1"),
];

fn signed() -> Place {
    let place = Place::new();
    place.skill("a", "(module (memory (export \"memory\") 1) (func (export \"_start\")))", "");
    place.type_in("run -q --pub author.pub.pem --key operator.key.pem a.skill").status(0);
    place.write("attestation.json", place.read("a.skill/attestations.intoto.jsonl"));
    place
}

#[test]
fn securesystemslib_verifies_and_in_toto_parses_what_we_signed() {
    let Some(cache) = cache() else {
        return skipped("securesystemslib and in-toto-attestation are not there");
    };
    let place = signed();
    place.write("reader.py", READER);
    let module = provenact::digest::ModuleDigest::of(&place.read("a.skill/skill.wasm"));
    for (file, signer, predicate) in SIGNED {
        let mut command = place.command(cache.join("venv/bin/python").to_str().unwrap());
        command.args(["reader.py", file, &format!("{signer}.pub.pem"), "stranger.pub.pem"]);
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
    for (file, signer, _) in SIGNED {
        let envelope = place.read(file);
        let line = envelope.split(|byte| *byte == b'\n').next().unwrap();
        let envelope = Envelope::parse(line).unwrap();
        place.write("pae", pae(PAYLOAD_TYPE, envelope.payload_unverified().as_bytes()));
        place.write("sig", envelope.signature_bytes().next().unwrap());
        let verify = |name: &str| {
            let public = format!("{name}.pub.pem");
            let mut command = place.command("openssl");
            command.args(["pkeyutl", "-verify", "-pubin", "-inkey", &public, "-rawin"]);
            Ended::of(command.args(["-in", "pae", "-sigfile", "sig"]).output().unwrap())
        };
        verify(signer).status(0).says("Verified");
        assert_ne!(verify("stranger").status, 0);
    }
}
