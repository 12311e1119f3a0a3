//! What must hold for any bytes: parsers return, and what they take survives being written again.
//!
//! One function a parser. The fuzz targets call them with the fuzzer's bytes; `tests/properties.rs`
//! calls them with mutated vectors, so that they run without a nightly toolchain too.

use provenact::attest::receipt::Receipt;
use provenact::attest::v0::{Keys, Signatures};
use provenact::attest::{
    DetachedSignature, Envelope, PrivateKeyFile, PublicKey, Statement, Trust, parse_lines,
};
use provenact::build::Recipe;
use provenact::digest::{V0KeysDigest, V0ManifestDigest};
use provenact::json;
use provenact::profile::Profile;
use provenact::skill::Manifest;
use provenact::skill::v0;
use provenact::trace::Reader;
use provenact::wasm::{Canonical, Companion, Interface, Module, SourceNote, find_leaks};

/// A module that is taken has one canonical form, which is its own canonical form.
pub fn module(bytes: &[u8]) {
    let Ok(module) = Module::parse(bytes.to_vec()) else { return };
    let _ = Interface::of(&module, None);
    let _ = find_leaks(&module);
    let note = SourceNote::of("m.wasm");
    for profile in [Profile::CANONICAL, Profile::PORTABLE] {
        let Ok(built) = Canonical::build(&module, profile, &note) else { continue };
        let bytes = built.canonical.bytes().to_vec();
        let again = Canonical::check(bytes, profile).expect("what was built is canonical");
        assert_eq!(again.digest(), built.canonical.digest());
        let read = Companion::parse(built.companion.bytes().to_vec()).expect("ours is read");
        assert_eq!(read.source(), built.companion.source());
    }
}

/// A companion that is taken gives names without panicking.
pub fn companion(bytes: &[u8]) {
    if let Ok(companion) = Companion::parse(bytes.to_vec()) {
        let _ = companion.names();
    }
}

/// A manifest that is taken is exactly its own bytes.
pub fn manifest(bytes: &[u8]) {
    if let Ok(manifest) = Manifest::parse(bytes) {
        assert_eq!(manifest.bytes(), bytes);
    }
}

/// A manifest of v0 that is taken is an object of six members, whose digest is that of its canonical
/// form; what it becomes is a manifest of ours.
pub fn v0_manifest(bytes: &[u8]) {
    let Ok(manifest) = v0::Manifest::parse(bytes) else { return };
    let value = json::parse(bytes).expect("what is taken is JSON");
    assert_eq!(value.as_object().expect("an object").len(), 6);
    let canonical = json::to_jcs(&value).expect("and has a canonical form");
    assert_eq!(manifest.digest(), V0ManifestDigest::of(&canonical));
    assert_eq!(v0::Manifest::parse(&canonical).expect("which is taken"), manifest);
    let Ok(mapped) = manifest.mapped() else { return };
    let capabilities = mapped.into_iter().map(|mapped| mapped.to).collect();
    let artifact = provenact::digest::ModuleDigest::of(bytes);
    let (name, version, entry) = (manifest.name(), manifest.version(), manifest.entrypoint());
    Manifest::new(name, version, entry, artifact, capabilities, Profile::PORTABLE)
        .expect("what fits a manifest of v0 here fits one of ours");
}

/// Signatures of v0 that are taken verify nothing without keys.
pub fn v0_signatures(bytes: &[u8]) {
    let Ok(signatures) = Signatures::parse(bytes) else { return };
    let none = Keys::parse(b"{}", V0KeysDigest::of(b"{}")).expect("no key is a list of keys");
    let value = json::parse(bytes).expect("what is taken is JSON");
    let text = |name: &str| value[name].as_str().expect("a digest").to_owned();
    let artifact = text("artifact").parse().expect("in its form");
    let manifest = text("manifest_hash").parse().expect("in its form");
    let signers = value["signatures"].as_array().expect("a list").iter().map(|signature| {
        let id = signature["signer"].as_str().expect("an id").to_owned();
        provenact::origin::SignerId::try_from(id).expect("in its form")
    });
    let signers: Vec<_> = signers.collect();
    assert!(signatures.verify(artifact, manifest, &signers, &none).is_err());
}

/// A keys file of v0 that is taken has a key for each of its members.
pub fn v0_keys(bytes: &[u8]) {
    let digest = V0KeysDigest::of(bytes);
    assert!(Keys::parse(bytes, V0KeysDigest::of(digest.as_bytes())).is_err());
    let Ok(keys) = Keys::parse(bytes, digest) else { return };
    assert_eq!(keys.digest(), digest);
    let value = json::parse(bytes).expect("what is taken is JSON");
    assert_eq!(value.as_object().expect("an object").len(), keys.len());
}

/// JSON that is taken has a canonical form that reads as the same value.
pub fn json_value(bytes: &[u8]) {
    let Ok(value) = json::parse(bytes) else { return };
    let Ok(canonical) = json::to_jcs(&value) else { return };
    let again = json::parse(&canonical).expect("canonical JSON is JSON");
    assert_eq!(json::to_jcs(&again).expect("and has a canonical form"), canonical);
}

/// An envelope that is taken survives being written; without trusted signatures it verifies nothing.
pub fn envelope(bytes: &[u8]) {
    let _ = parse_lines(bytes);
    let Ok(envelope) = Envelope::parse(bytes) else { return };
    json::parse(bytes).expect("what is read in passing is read as strictly as a tree");
    let written = envelope.to_bytes().expect("what was read can be written");
    let again = Envelope::parse(&written).expect("and read again");
    assert_eq!(again.payload_unverified().as_bytes(), envelope.payload_unverified().as_bytes());
    assert_eq!(again.signature_count(), envelope.signature_count());
}

/// Whether a tree is an in-toto statement, as `spec/envelope.md` has it.
fn is_statement(tree: &json::Value) -> bool {
    let is_hex = |text: &str| {
        text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_subject = |subject: &json::Value| {
        subject.is_object()
            && subject.get("name").is_none_or(json::Value::is_string)
            && subject["digest"]["sha256"].as_str().is_some_and(is_hex)
    };
    tree.is_object()
        && tree["_type"] == provenact::attest::STATEMENT_TYPE
        && tree["subject"].as_array().is_some_and(|s| !s.is_empty() && s.iter().all(is_subject))
        && tree["predicateType"].as_str().is_some_and(|name| !name.is_empty())
        && tree["predicate"].is_object()
}

/// A statement is taken when a look at its tree would take it; it is canonical or says that it is
/// not.
pub fn statement(bytes: &[u8]) {
    let read = Statement::parse(bytes);
    let tree = json::parse(bytes);
    assert_eq!(read.is_ok(), tree.as_ref().is_ok_and(is_statement));
    let (Ok(statement), Ok(tree)) = (read, tree) else { return };
    assert_eq!(*statement.predicate().expect("it was read"), tree["predicate"]);
    let gist = statement.gist();
    let text = |path| tree["predicate"].pointer(path).and_then(json::Value::as_str);
    assert_eq!(gist.build_type.as_deref(), text("/buildDefinition/buildType"));
    assert_eq!(gist.builder.as_deref(), text("/runDetails/builder/id"));
    assert_eq!(gist.verifier.as_deref(), text("/verifier/id"));
    assert_eq!(gist.verification_result.as_deref(), text("/verificationResult"));
    assert_eq!(gist.verdict.as_deref(), text("/verdict"));
    assert!(!statement.subjects().is_empty());
    if statement.is_canonical() {
        assert_eq!(statement.to_payload().expect("it was read from this"), bytes);
    }
    if let Ok(receipt) = Receipt::from_statement(&statement) {
        let again = receipt.to_statement().and_then(|s| s.to_payload()).expect("it was taken");
        assert_eq!(again, bytes);
    }
}

/// A trust file that is taken trusts somebody.
pub fn trust(bytes: &[u8]) {
    if let Ok(Ok(trust)) = std::str::from_utf8(bytes).map(Trust::parse_toml) {
        assert!(!trust.keys().is_empty());
    }
}

/// A key that is taken reads the same after being written. Encrypted ones are not opened here: within
/// the limits that takes seconds, and a unit test opens each damaged form of a cheap one.
pub fn key(bytes: &[u8]) {
    let _ = DetachedSignature::parse(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = PublicKey::from_pem(text) {
        assert_eq!(PublicKey::from_pem(&key.to_pem()).expect("ours").id(), key.id());
    }
    if let Ok(PrivateKeyFile::Open(key)) = PrivateKeyFile::parse(text) {
        let again = PrivateKeyFile::parse(&key.to_pem().expect("ours"));
        assert!(matches!(again, Ok(PrivateKeyFile::Open(again)) if again.public() == key.public()));
    }
}

/// A recipe never panics.
pub fn recipe(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Recipe::parse(text);
    }
}

/// A trace that is read to its end is sealed, and by as many events as were seen.
pub fn trace(bytes: &[u8]) {
    let Ok(mut reader) = Reader::open(std::io::Cursor::new(bytes.to_vec())) else { return };
    let mut events = 0;
    while let Ok(Some(event)) = reader.next() {
        assert_eq!(event.index, events);
        events += 1;
    }
    if let Some(seal) = reader.seal() {
        assert_eq!(seal.end.events, events);
        assert_eq!(seal.bytes, bytes.len() as u64);
    }
}

/// A parser by name, and the vectors that seed it.
pub type Property = (&'static str, fn(&[u8]), &'static [&'static str]);

/// Every parser of untrusted bytes.
pub const ALL: &[Property] = &[
    ("module", module, &["wasm"]),
    ("companion", companion, &["wasm"]),
    ("manifest", manifest, &["manifest"]),
    ("v0_manifest", v0_manifest, &["v0/manifest"]),
    ("v0_signatures", v0_signatures, &["v0/signatures"]),
    ("v0_keys", v0_keys, &["v0/keys"]),
    ("json_value", json_value, &["jcs/input", "manifest", "receipt"]),
    ("envelope", envelope, &["envelope"]),
    ("statement", statement, &["receipt", "provenance"]),
    ("trust", trust, &["trust"]),
    ("key", key, &["keys", "key"]),
    ("recipe", recipe, &["recipe", "trust"]),
    ("trace", trace, &["trace"]),
];
