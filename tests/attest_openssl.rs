//! OpenSSL reads our key files and verifies our signatures, and we read its keys and take its
//! signatures. Without `openssl` on the PATH the tests say that they were skipped.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use provenact::attest::{Envelope, PAYLOAD_TYPE, PrivateKey, PublicKey, Trust, pae};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

fn openssl(directory: &Path, arguments: &[&str]) -> Output {
    Command::new("openssl").current_dir(directory).args(arguments).output().unwrap()
}

/// Whether there is an OpenSSL that knows Ed25519; says so loudly when not.
fn is_missing() -> bool {
    let help = Command::new("openssl").args(["genpkey", "-algorithm", "ed25519"]).output();
    let missing = !help.is_ok_and(|output| output.status.success());
    if missing {
        // Past the test runner, which keeps the output of tests that pass to itself.
        let text = "SKIPPED: no openssl with Ed25519 on the PATH, so nothing was compared with it";
        let _ = writeln!(std::io::stderr(), "{text}");
    }
    missing
}

fn succeeds(output: &Output) -> String {
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{talk}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The bytes of the only signature in an envelope's JSON form.
fn signature(envelope: &Envelope, directory: &Path) {
    let value = provenact::json::parse(&envelope.to_bytes().unwrap()).unwrap();
    let text = value["signatures"][0]["sig"].as_str().unwrap();
    fs_err::write(directory.join("sig.b64"), format!("{text}\n")).unwrap();
    succeeds(&openssl(directory, &["base64", "-d", "-A", "-in", "sig.b64", "-out", "sig"]));
}

#[test]
fn openssl_reads_our_keys_and_verifies_our_signature() {
    if is_missing() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let key = PrivateKey::generate().unwrap();
    fs_err::write(at.join("key.pem"), key.to_pem().unwrap()).unwrap();
    fs_err::write(at.join("pub.pem"), key.public().to_pem()).unwrap();
    let printed = succeeds(&openssl(at, &["pkey", "-in", "key.pem"]));
    assert_eq!(printed, *key.to_pem().unwrap());
    let printed = succeeds(&openssl(at, &["pkey", "-in", "key.pem", "-pubout"]));
    assert_eq!(printed, key.public().to_pem());
    succeeds(&openssl(at, &["pkey", "-pubin", "-in", "pub.pem", "-outform", "DER", "-out", "der"]));
    let der = fs_err::read(at.join("der")).unwrap();
    assert_eq!(provenact::digest::KeyId::of(&der), key.public().id());

    signature(&Envelope::sign(b"{}".to_vec(), &[&key]), at);
    let verify =
        ["pkeyutl", "-verify", "-pubin", "-inkey", "pub.pem", "-rawin", "-sigfile", "sig", "-in"];
    fs_err::write(at.join("message"), pae(PAYLOAD_TYPE, b"{}")).unwrap();
    succeeds(&openssl(at, &[&verify[..], &["message"]].concat()));
    fs_err::write(at.join("message"), pae(PAYLOAD_TYPE, b"[]")).unwrap();
    assert!(!openssl(at, &[&verify[..], &["message"]].concat()).status.success());
}

#[test]
fn we_read_the_keys_of_openssl() {
    if is_missing() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    succeeds(&openssl(at, &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]));
    succeeds(&openssl(at, &["pkey", "-in", "key.pem", "-pubout", "-out", "pub.pem"]));
    let text = |name: &str| fs_err::read_to_string(at.join(name)).unwrap();
    let key = PrivateKey::from_pem(&text("key.pem")).unwrap();
    let public = PublicKey::from_pem(&text("pub.pem")).unwrap();
    assert_eq!(key.public(), public);
    let trust = Trust::from_keys([("openssl".to_owned(), public)]).unwrap();
    assert!(Envelope::sign(b"{}".to_vec(), &[&key]).verify(&trust).is_ok());

    succeeds(&openssl(at, &["genpkey", "-algorithm", "x25519", "-out", "x.pem"]));
    assert!(PrivateKey::from_pem(&text("x.pem")).is_err());
}
