//! What must hold for any bytes: parsers return, and what they take survives being written again;
//! random guests behave as their rewriting, and their recordings replay.
//!
//! One function a target, which says whether it took the bytes. The fuzz targets call them with the
//! fuzzer's bytes; `tests/properties.rs` calls them with mutated seeds, so that they run without a
//! fuzzer too.

mod behaviour;
mod replayed;

pub use behaviour::behaviour;
use provenact::abi::{Capability, Kind, Url};
use provenact::attest::finding::{Finding, passing};
use provenact::attest::provenance::Provenance;
use provenact::attest::receipt::Receipt;
use provenact::attest::v0::{Keys, Signatures};
use provenact::attest::{
    DetachedSignature, Envelope, PrivateKeyFile, PublicKey, Statement, Trust, parse_lines,
};
use provenact::build::Recipe;
use provenact::digest::{V0KeysDigest, V0ManifestDigest};
use provenact::json;
use provenact::profile::Profile;
use provenact::skill::{Grant, Manifest, Policy, declares, effective, v0};
use provenact::trace::Reader;
use provenact::wasm::{
    Canonical, Companion, Interface, Module, Sameness, SourceNote, code_start, diff, find_leaks,
};
pub use replayed::replayed;
use std::borrow::Cow;
use wasm_encoder::{
    CodeSection, CustomSection, Function, FunctionSection, Instruction, TypeSection,
};

/// A module that is taken has one canonical form, which is its own canonical form.
pub fn module(bytes: &[u8]) -> bool {
    let Ok(module) = Module::parse(bytes.to_vec()) else { return false };
    let _ = Interface::of(&module, None);
    let _ = find_leaks(&module);
    let same = diff((&module, None), (&module, None)).expect("what is valid is compared");
    assert_eq!(same.what, Sameness::Same);
    let note = SourceNote::of("m.wasm");
    let mut taken = false;
    for profile in [Profile::CANONICAL, Profile::PORTABLE] {
        let Ok(built) = Canonical::build(&module, profile, &note) else { continue };
        taken = true;
        let bytes = built.canonical.bytes().to_vec();
        let rewritten = Module::parse(bytes.clone()).expect("what was built is a module");
        diff((&module, None), (&rewritten, Some(&built.companion))).expect("and is compared");
        let again = Canonical::check(bytes, profile).expect("what was built is canonical");
        assert_eq!(again.digest(), built.canonical.digest());
        let read = Companion::parse(built.companion.bytes().to_vec()).expect("ours is read");
        assert_eq!(read.source(), built.companion.source());
    }
    taken
}

/// A companion that is taken gives names and lines without panicking.
pub fn companion(bytes: &[u8]) -> bool {
    let Ok(companion) = Companion::parse(bytes.to_vec()) else { return false };
    let _ = companion.names();
    let _ = companion.lines(8, &OFFSETS);
    true
}

/// Offsets that lines are asked for.
const OFFSETS: [u64; 8] = [8, 9, 20, 40, 41, 64, 100, 1 << 40];

/// Line programs give lines or none: whatever they say, there is one line at most for each offset.
pub fn lines(bytes: &[u8]) -> bool {
    let mut module = wasm_encoder::Module::new();
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    types.ty().function([], []);
    functions.function(0);
    let mut body = Function::new([]);
    (0..128).for_each(|_| {
        body.instruction(&Instruction::Nop);
    });
    body.instruction(&Instruction::End);
    let mut code = CodeSection::new();
    code.function(&body);
    module.section(&types).section(&functions).section(&code);
    // Strings are wherever the program says that they are.
    for name in [".debug_line", ".debug_str", ".debug_line_str"] {
        module.section(&CustomSection { name: name.into(), data: Cow::Borrowed(bytes) });
    }
    let module = Module::parse(module.finish()).expect("a module");
    let note = SourceNote::of("m.wasm");
    let built = Canonical::build(&module, Profile::CANONICAL, &note).expect("it is canonical");
    let code = code_start(built.canonical.bytes()).expect("it has code");
    let offsets: Vec<u64> = (code..code + 128).collect();
    let lines = built.companion.lines(code, &offsets);
    assert!(lines.keys().all(|offset| offsets.contains(offset)));
    assert!(lines.values().all(|line| line.file.chars().count() <= 121));
    !lines.is_empty()
}

/// A manifest that is taken is exactly its own bytes.
pub fn manifest(bytes: &[u8]) -> bool {
    let Ok(manifest) = Manifest::parse(bytes) else { return false };
    assert_eq!(manifest.bytes(), bytes);
    true
}

/// A manifest of v0 that is taken is an object of six members, whose digest is that of its canonical
/// form; what it becomes is a manifest of ours.
pub fn v0_manifest(bytes: &[u8]) -> bool {
    let Ok(manifest) = v0::Manifest::parse(bytes) else { return false };
    let value = json::parse(bytes).expect("what is taken is JSON");
    assert_eq!(value.as_object().expect("an object").len(), 6);
    let canonical = json::to_jcs(&value).expect("and has a canonical form");
    assert_eq!(manifest.digest(), V0ManifestDigest::of(&canonical));
    assert_eq!(v0::Manifest::parse(&canonical).expect("which is taken"), manifest);
    let Ok(mapped) = manifest.mapped() else { return true };
    let capabilities = mapped.into_iter().map(|mapped| mapped.to).collect();
    let artifact = provenact::digest::ModuleDigest::of(bytes);
    let (name, version, entry) = (manifest.name(), manifest.version(), manifest.entrypoint());
    Manifest::new(name, version, entry, artifact, capabilities, Profile::PORTABLE)
        .expect("what fits a manifest of v0 here fits one of ours");
    true
}

/// Signatures of v0 that are taken verify nothing without keys.
pub fn v0_signatures(bytes: &[u8]) -> bool {
    let Ok(signatures) = Signatures::parse(bytes) else { return false };
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
    true
}

/// A keys file of v0 that is taken has a key for each of its members.
pub fn v0_keys(bytes: &[u8]) -> bool {
    let digest = V0KeysDigest::of(bytes);
    assert!(Keys::parse(bytes, V0KeysDigest::of(digest.as_bytes())).is_err());
    let Ok(keys) = Keys::parse(bytes, digest) else { return false };
    assert_eq!(keys.digest(), digest);
    let value = json::parse(bytes).expect("what is taken is JSON");
    assert_eq!(value.as_object().expect("an object").len(), keys.len());
    true
}

/// What a policy allows at most, it allows to a skill that declares just that, and to none that declares
/// nothing.
pub fn policy(bytes: &[u8]) -> bool {
    let Ok(Ok(policy)) = std::str::from_utf8(bytes).map(Policy::parse) else { return false };
    let ceiling = policy.ceiling();
    for capability in ceiling {
        assert!(declares(ceiling, capability));
        assert_eq!(capability.to_string().parse().as_ref(), Ok(capability));
    }
    let plain =
        ceiling.iter().filter(|c| matches!(c.kind(), Kind::NetHttp | Kind::Random | Kind::Time));
    let granted: Vec<Grant> = plain.cloned().map(Grant::Plain).collect();
    let had = effective(ceiling, Some(ceiling), &granted).expect("grants that contradict nothing");
    assert_eq!(had.capabilities.is_empty(), granted.is_empty());
    let none = effective(&[], Some(ceiling), &granted).expect("grants that contradict nothing");
    assert!(none.capabilities.is_empty());
    true
}

/// A URL that is taken has one form, and lies below its own prefix and below no other host.
pub fn url(bytes: &[u8]) -> bool {
    let Ok(Ok(url)) = std::str::from_utf8(bytes).map(str::parse::<Url>) else { return false };
    let again: Url = url.to_string().parse().expect("its form is one");
    assert_eq!(again, url);
    assert!(url.is_below(&url.prefix()));
    assert!(Capability::new(Kind::NetHttp, &url.prefix()).is_ok());
    assert!(
        !url.is_below("https://provenact.invalid/")
            || url.to_string().contains("provenact.invalid")
    );
    true
}

/// JSON that is taken has a canonical form that reads as the same value.
pub fn json_value(bytes: &[u8]) -> bool {
    let Ok(value) = json::parse(bytes) else { return false };
    let Ok(canonical) = json::to_jcs(&value) else { return false };
    let again = json::parse(&canonical).expect("canonical JSON is JSON");
    assert_eq!(json::to_jcs(&again).expect("and has a canonical form"), canonical);
    true
}

/// An envelope that is taken survives being written; without trusted signatures it verifies nothing.
pub fn envelope(bytes: &[u8]) -> bool {
    let _ = parse_lines(bytes);
    let Ok(envelope) = Envelope::parse(bytes) else { return false };
    json::parse(bytes).expect("what is read in passing is read as strictly as a tree");
    let written = envelope.to_bytes().expect("what was read can be written");
    let again = Envelope::parse(&written).expect("and read again");
    assert_eq!(again.payload_unverified().as_bytes(), envelope.payload_unverified().as_bytes());
    assert_eq!(again.signature_count(), envelope.signature_count());
    true
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
pub fn statement(bytes: &[u8]) -> bool {
    let read = Statement::parse(bytes);
    let tree = json::parse(bytes);
    assert_eq!(read.is_ok(), tree.as_ref().is_ok_and(is_statement));
    let (Ok(statement), Ok(tree)) = (read, tree) else { return false };
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
    true
}

/// A receipt that is taken is exactly its own bytes.
pub fn receipt(bytes: &[u8]) -> bool {
    let Ok(statement) = Statement::parse(bytes) else { return false };
    let Ok(receipt) = Receipt::from_statement(&statement) else { return false };
    let again = receipt.to_statement().and_then(|s| s.to_payload()).expect("it was taken");
    assert_eq!(again, bytes);
    true
}

/// Provenance that is taken says the same when it is written again.
pub fn provenance(bytes: &[u8]) -> bool {
    let Ok(statement) = Statement::parse(bytes) else { return false };
    let Ok(provenance) = Provenance::from_statement(&statement) else { return false };
    let again = provenance.to_statement().and_then(|s| s.to_payload()).expect("it was taken");
    let again = Statement::parse(&again).expect("ours is read");
    assert_eq!(Provenance::from_statement(&again).expect("and taken"), provenance);
    true
}

/// A statement is a verdict exactly when its type says so.
pub fn verdict(bytes: &[u8]) -> bool {
    let Ok(statement) = Statement::parse(bytes) else { return false };
    let finding = Finding::of(&statement);
    assert_eq!(finding.is_some(), passing(statement.predicate_type()).is_some());
    finding.is_some()
}

/// A trust file that is taken trusts somebody.
pub fn trust(bytes: &[u8]) -> bool {
    let Ok(Ok(trust)) = std::str::from_utf8(bytes).map(Trust::parse_toml) else { return false };
    assert!(!trust.keys().is_empty());
    true
}

/// A key that is taken reads the same after being written. Encrypted ones are not opened here: within
/// the limits that takes seconds, and a unit test opens each damaged form of a cheap one.
pub fn key(bytes: &[u8]) -> bool {
    let detached = DetachedSignature::parse(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return detached.is_ok() };
    let public = PublicKey::from_pem(text);
    if let Ok(key) = &public {
        assert_eq!(PublicKey::from_pem(&key.to_pem()).expect("ours").id(), key.id());
    }
    let private = PrivateKeyFile::parse(text);
    if let Ok(PrivateKeyFile::Open(key)) = &private {
        let again = PrivateKeyFile::parse(&key.to_pem().expect("ours"));
        assert!(matches!(again, Ok(PrivateKeyFile::Open(again)) if again.public() == key.public()));
    }
    detached.is_ok() || public.is_ok() || private.is_ok()
}

/// A recipe never panics.
pub fn recipe(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| Recipe::parse(text).is_ok())
}

/// A trace that is read to its end is sealed, and by as many events as were seen.
pub fn trace(bytes: &[u8]) -> bool {
    let Ok(mut reader) = Reader::open(std::io::Cursor::new(bytes.to_vec())) else { return false };
    let mut events = 0;
    while let Ok(Some(event)) = reader.next() {
        assert_eq!(event.index, events);
        events += 1;
    }
    let Some(seal) = reader.seal() else { return false };
    assert_eq!(seal.end.events, events);
    assert_eq!(seal.bytes, bytes.len() as u64);
    true
}

/// One target.
pub struct Property {
    /// Its name: of the target, and of the folder with its seeds in `fuzz/seeds`.
    pub name: &'static str,
    /// What must hold; whether the bytes were taken.
    pub holds: fn(&[u8]) -> bool,
    /// Folders of vectors that are seeds too.
    pub vectors: &'static [&'static str],
    /// Mutations of each seed that the tests try.
    pub rounds: u64,
}

impl Property {
    /// Whether it is about random guests, which take longer.
    pub fn is_of_guests(&self) -> bool {
        matches!(self.name, "behaviour" | "replayed")
    }
}

const fn parser(
    name: &'static str,
    holds: fn(&[u8]) -> bool,
    vectors: &'static [&'static str],
) -> Property {
    Property { name, holds, vectors, rounds: 40 }
}

/// Random guests: the seeds are bytes without a form.
const fn guests(name: &'static str, holds: fn(&[u8]) -> bool, rounds: u64) -> Property {
    Property { name, holds, vectors: &[], rounds }
}

/// Every target: each parser of untrusted bytes, and what holds of random guests.
pub const ALL: &[Property] = &[
    parser("module", module, &["wasm"]),
    parser("companion", companion, &["wasm"]),
    parser("lines", lines, &[]),
    parser("manifest", manifest, &["manifest"]),
    parser("policy", policy, &["ceiling"]),
    parser("url", url, &[]),
    parser("v0_manifest", v0_manifest, &["v0/manifest"]),
    parser("v0_signatures", v0_signatures, &["v0/signatures"]),
    parser("v0_keys", v0_keys, &["v0/keys"]),
    parser("json_value", json_value, &["jcs/input", "manifest", "receipt"]),
    parser("envelope", envelope, &["envelope"]),
    parser("statement", statement, &["receipt", "provenance"]),
    parser("receipt", receipt, &["receipt"]),
    parser("provenance", provenance, &["provenance"]),
    parser("verdict", verdict, &[]),
    parser("trust", trust, &["trust"]),
    parser("key", key, &["keys", "key"]),
    parser("recipe", recipe, &["trust"]),
    parser("trace", trace, &["trace"]),
    guests("behaviour", behaviour, 8),
    guests("replayed", replayed, 40),
];
