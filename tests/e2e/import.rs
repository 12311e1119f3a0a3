//! `import`: a signed bundle of the format v0 becomes one of ours, verified, whole, and nothing more
//! than was signed. The vectors in `testvectors/v0` have every refusal; these are about the command.

use super::common::{Ended, PROVENACT, Place, names};
use provenact::attest::Envelope;
use provenact::json::{self, Value};
use std::path::Path;
use std::process::Command;

/// The files of a vector in `testvectors/v0/bundle`.
struct Parts(Vec<(String, Vec<u8>)>);

impl Parts {
    fn of(vector: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testvectors/v0/bundle");
        let file = fs_err::read(folder.join(vector)).unwrap();
        let end = file.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let head = str::from_utf8(&file[..end]).unwrap();
        let list = head.lines().find_map(|line| line.strip_prefix("parts: ")).unwrap();
        let mut rest = &file[end + 2..];
        let parts = list.split(' ').map(|part| {
            let (name, length) = part.split_once('=').unwrap();
            let (bytes, after) = rest.split_at(length.parse().unwrap());
            rest = after;
            (name.to_owned(), bytes.to_vec())
        });
        Self(parts.collect())
    }

    fn get(&self, name: &str) -> &[u8] {
        &self.0.iter().find(|(found, _)| found == name).unwrap().1
    }
}

impl Place {
    /// Unpacks a vector: the bundle as `old/`, the keys file beside it. Gives the words that import it.
    fn old(&self, vector: &str) -> String {
        let parts = Parts::of(vector);
        for (name, bytes) in &parts.0 {
            let path = if name == "keys" { "keys.json".to_owned() } else { format!("old/{name}") };
            self.write(&path, bytes);
        }
        let digest = provenact::digest::V0KeysDigest::of(parts.get("keys"));
        format!("import old --keys keys.json --keys-digest {digest}")
    }

    /// The payload of the last attestation of a bundle.
    fn attested(&self, bundle: &str) -> Value {
        let lines = self.read(&format!("{bundle}/attestations.intoto.jsonl"));
        let last = lines.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).unwrap();
        let envelope = Envelope::parse(last).unwrap();
        json::parse(envelope.payload_unverified().as_bytes()).unwrap()
    }
}

/// covers: v0-bundle-26, v0-bundle-27, buildtype-canonicalize-8, buildtype-canonicalize-9
#[test]
fn an_imported_skill_is_attested_verified_and_run() {
    let place = Place::new();
    let import = place.old("two");
    let said = place.type_in(&format!("{import} -o new.skill")).status(0);
    let said = said.says("signed by alice, bob").says("new.skill\nmodule   sha256:");
    assert!(!said.out().contains("not read"), "{}", said.out());
    place.type_in("attest new.skill --key author.key.pem").status(0);

    let statement = place.attested("new.skill");
    let definition = &statement["predicate"]["buildDefinition"];
    let dependencies = definition["resolvedDependencies"].as_array().unwrap();
    assert_eq!(dependencies.len(), 5);
    let old = json::parse(&place.read("old/manifest.json")).unwrap();
    for member in ["name", "version", "entrypoint"] {
        assert_eq!(definition["externalParameters"][member], old[member], "{member}");
    }
    let sha = |bytes: &[u8]| Value::from(provenact::digest::hex(&provenact::digest::sha256(bytes)));
    let wasm = place.read("old/skill.wasm");
    assert_eq!(dependencies[0]["name"], "skill.wasm");
    assert_eq!(dependencies[0]["digest"]["sha256"], sha(&wasm));
    assert_eq!(dependencies[3]["name"], "v0/manifest.json");
    assert_eq!(dependencies[3]["digest"]["sha256"], sha(&json::to_jcs(&old).unwrap()));
    assert_eq!(dependencies[3]["annotations"], json::json!({ "signers": ["alice", "bob"] }));
    assert_eq!(dependencies[4]["name"], "v0/keys");
    assert_eq!(dependencies[4]["digest"]["sha256"], sha(&place.read("keys.json")));

    let upheld = place.type_in("verify new.skill --pub author.pub.pem").status(0);
    upheld.says("imported from v0 manifest sha256:").says("signed by alice, bob");
    let json = place.type_in("verify --format json new.skill --pub author.pub.pem").status(0);
    let report = json::parse(&json.stdout).unwrap();
    assert_eq!(report["upheld"][0]["origin"]["signers"], json::json!(["alice", "bob"]));
    place.type_in("run -q --pub author.pub.pem --key operator.key.pem new.skill").status(0);
    place.type_in("replay receipt.json --pub operator.pub.pem").status(0);
}

/// covers: v0-bundle-25, v0-bundle-26
#[test]
fn the_module_is_the_one_that_build_makes() {
    for more in ["", " --profile canonical", " --without nan --keep-original"] {
        let place = Place::new();
        let import = place.old("capabilities");
        place.type_in(&format!("{import}{more} -o new.skill")).status(0);
        let manifest = json::parse(&place.read("new.skill/manifest.json")).unwrap();
        let capabilities = manifest["capabilities"].as_array().unwrap().iter();
        let caps: String = capabilities.map(cap).collect();
        let name = "--name greet --skill-version 1.0.0 --entrypoint run";
        place.type_in(&format!("build old/skill.wasm {name}{caps}{more} -o own.skill")).status(0);
        for part in ["skill.wasm", "manifest.json"] {
            let (new, own) = (format!("new.skill/{part}"), format!("own.skill/{part}"));
            assert!(place.read(&new) == place.read(&own), "{more}: {part}");
        }
        // The companion says where it comes from; apart from that it is the same.
        assert!(
            place.read("new.skill/skill.debug.wasm") != place.read("own.skill/skill.debug.wasm")
        );
        assert_eq!(place.exists("new.skill/skill.orig.wasm"), more.contains("keep-original"));
    }
}

/// The words that declare a capability of a manifest.
fn cap(capability: &Value) -> String {
    let text = |name: &str| capability[name].as_str().unwrap();
    format!(" --cap {}={}", text("kind"), text("value"))
}

#[test]
fn what_is_there_already_is_kept_as_build_keeps_it() {
    let place = Place::new();
    let import = place.old("one");
    place.type_in(&import).status(0).says("greet.skill\n");
    place.type_in("attest greet.skill --key author.key.pem").status(0);
    let before = place.tree();
    place.type_in(&import).status(0).says("greet.skill (unchanged)");
    assert!(place.tree() == before);
    // The same module and manifest from another signer is another bundle, and so is a built one.
    let name = "--name greet --skill-version 1.0.0 --entrypoint run";
    place.type_in(&format!("build old/skill.wasm {name}")).refused(2, "output-exists");
    assert!(place.tree() == before);
    place.type_in(&format!("build old/skill.wasm {name} --force")).status(0);
    place.type_in(&import).refused(2, "output-exists");
    place.type_in(&format!("{import} --force")).status(0);
    assert!(!place.exists("greet.skill/attestations.intoto.jsonl"));
    place.write("other/diary.txt", "mine");
    place.type_in(&format!("{import} --force -o other")).refused(2, "output-exists");
    assert_eq!(place.read("other/diary.txt"), b"mine");
}

/// What lies beside the three files is named, and could be anything: a pipe would be waited for.
///
/// covers: v0-bundle-2
#[test]
fn other_files_are_named_and_not_read() {
    let place = Place::new();
    let import = place.old("one");
    place.write("old/public-keys.json", place.read("keys.json"));
    let pipe = place.path("old/provenance.json");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    place.write("old/bundle-meta.json", "{\"not\": \"json\"");
    place.write("old/deep/file", "x");
    let said = place.type_in(&format!("{import} -o a.skill")).status(0);
    said.says("not read: bundle-meta.json, deep, provenance.json, public-keys.json\n");
    // The keys file is the one that was given, wherever it lies.
    let inside = import.replace("--keys keys.json", "--keys ./old/../old/public-keys.json");
    let said = place.type_in(&format!("{inside} -o b.skill")).status(0);
    said.says("not read: bundle-meta.json, deep, provenance.json\n");
    let json = place.type_in(&format!("{import} -o c.skill --format json")).status(0);
    let report = json::parse(&json.stdout).unwrap();
    assert_eq!(report["schema"], "https://opertus.systems/provenact/import/v1");
    assert_eq!(report["v0"]["not_read"].as_array().unwrap().len(), 4);
    assert_eq!(report["v0"]["origin"]["signers"], json::json!(["alice"]));
    assert_eq!(report["build"]["bundle"], "c.skill");
    for part in ["skill.wasm", "manifest.json", "skill.debug.wasm"] {
        assert!(place.read(&format!("a.skill/{part}")) == place.read(&format!("b.skill/{part}")));
    }
}

/// The module would never end if it was started, and no program can be found to be started.
///
/// covers: v0-bundle-4
#[test]
fn nothing_is_executed() {
    let place = Place::new();
    let wat = "(module (func $forever (loop (br 0))) (start $forever) (func (export \"run\")))";
    let import = sign(&place, wat, "[]");
    let mut command = place.command(PROVENACT);
    command.env("PATH", "").args(import.split(' ')).args(["-o", "new.skill"]);
    Ended::of(command.output().unwrap()).status(0);
    assert!(place.exists("new.skill/skill.wasm"));
}

/// covers: v0-bundle-24
#[test]
fn what_was_not_signed_is_not_declared() {
    let place = Place::new();
    let import = place.old("clock");
    let said = place.type_in(&format!("{import} -o new.skill")).status(0);
    said.says("capabilities: none").says("the imports can ask for time");
    let manifest = json::parse(&place.read("new.skill/manifest.json")).unwrap();
    assert_eq!(manifest["capabilities"], json::json!([]));
}

#[test]
fn what_became_of_each_capability_is_said() {
    let place = Place::new();
    let import = place.old("capabilities");
    let said = place.type_in(&format!("{import} -o new.skill")).status(0);
    for line in [
        "capabilities: env=HOME, fs.read=/data, fs.write=/data/out, net.http=https://example.com/v1, random, time=realtime",
        "\n  time.now=utc became time=realtime",
        "\n  fs.read=/data/ became fs.read=/data\n",
        "\n  fs.write=//data/./out became fs.write=/data/out\n",
    ] {
        assert!(said.out().contains(line), "{line:?} is not in: {}", said.out());
    }
}

/// A value of v0 may be any text: it must not look like a line of ours.
#[test]
fn what_was_signed_cannot_speak_for_the_program() {
    let place = Place::new();
    let remark = r#"[{"kind":"time.now","value":"utc\nsigned by everybody\u001b[2J"}]"#;
    let import = sign(&place, "(module (func (export \"run\")))", remark);
    let said = place.type_in(&format!("{import} -o new.skill")).status(0).out();
    assert!(!said.contains("\nsigned by everybody") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn a_refusal_says_what_and_leaves_nothing() {
    for (vector, status, reason, said) in [
        ("no-signatures", 2, "bundle-malformed", "old: not a bundle: signatures.json is missing"),
        ("module-changed", 1, "artifact-mismatch", "old: skill.wasm has digest sha256:"),
        ("signatures-artifact", 1, "artifact-mismatch", "old: signatures.json is about skill.wasm"),
        ("manifest-changed", 1, "manifest-mismatch", "old: signatures.json is about a manifest"),
        ("unsigned", 1, "unsigned", "old: signatures.json has no signature"),
        ("signer-not-in-manifest", 1, "signer-unknown", "bob signed and is not among the signers"),
        ("signer-without-key", 1, "signer-unknown", "alice signed and has no key"),
        ("other-key", 1, "signature-invalid", "the signature of alice is not one of key"),
        ("one-of-two-bad", 1, "signature-invalid", "the signature of bob is not one of key"),
        (
            "kind-kv.read",
            2,
            "capability-unsupported",
            "capabilities[0]: capability kind \"kv.read\"",
        ),
        (
            "path-dots",
            2,
            "capability-unknown",
            "capabilities[0]: capability fs.read=\"/data/../etc\"",
        ),
        ("import-unknown", 2, "import-unknown", "old/skill.wasm: "),
    ] {
        let place = Place::new();
        let import = place.old(vector);
        let before = place.tree();
        place.type_in(&format!("{import} -o new.skill")).refused(status, reason).says(said);
        let after = place.tree();
        assert!(before == after, "{vector}\n{}\n{}", names(&before), names(&after));
    }
}

#[test]
fn the_keys_file_is_pinned() {
    let place = Place::new();
    let import = place.old("one");
    place.write("keys.json", [&place.read("keys.json")[..], b" "].concat());
    place.type_in(&import).refused(1, "keys-mismatch").says("keys.json: the keys file has digest");
    place.type_in("import old --keys keys.json").refused(2, "usage").says("--keys-digest");
    place.type_in("import old --keys keys.json --keys-digest 7").refused(2, "usage");
    let other = import.replace("keys.json", "nothing.json");
    place.type_in(&other).refused(2, "file-missing").says("nothing.json");
    assert!(!place.exists("greet.skill"));
}

#[test]
fn what_is_no_bundle_is_refused() {
    let place = Place::new();
    let import = place.old("one");
    let of = |name: &str| import.replace("import old ", &format!("import {name} "));
    place.type_in(&of("nowhere")).refused(2, "file-missing").says("nowhere");
    place
        .type_in(&of("old/skill.wasm"))
        .refused(2, "bundle-malformed")
        .says("a bundle is a directory");
    place.type_in(&format!("{import} -o greet.skill")).status(0);
    // Ours is none of v0.
    let ours = place.type_in(&of("greet.skill")).refused(2, "bundle-malformed");
    ours.says("signatures.json is missing").says("skill.wasm, manifest.json and signatures.json");
    place.write("old/manifest.json", [&b" ".repeat(1 << 20)[..], b"{}"].concat());
    place.type_in(&import).refused(2, "file-too-large").says("old/manifest.json");
}

/// The draft that came after v0 is refused by name.
#[test]
fn a_draft_of_version_1_is_refused_by_name() {
    let place = Place::new();
    let import = place.old("one");
    let mut manifest = json::parse(&place.read("old/manifest.json")).unwrap();
    manifest["schema_version"] = "1.0.0-draft".into();
    place.write("old/manifest.json", json::to_jcs(&manifest).unwrap());
    place.type_in(&import).refused(2, "v0-draft").says("\"1.0.0-draft\"");
}

/// Modules of the format call functions of a module `provenact`, older ones of `inactu`.
#[test]
fn a_module_of_the_old_interface_is_imported() {
    for module in ["provenact", "inactu"] {
        let place = Place::new();
        let wat = format!(
            r#"(module (import "{module}" "input_len" (func $len (result i32)))
            (import "{module}" "time_now_unix" (func $now (result i64)))
            (memory (export "memory") 1)
            (func (export "run") (result i32) (drop (call $now)) (call $len)))"#
        );
        let import = sign(&place, &wat, r#"[{"kind":"time.now","value":"utc"}]"#);
        place.type_in(&format!("{import} -o new.skill")).status(0);
        place.type_in("attest new.skill --key author.key.pem").status(0);
        place.type_in("verify new.skill --pub author.pub.pem").status(0).says("signed by author");
        place.write("in.bin", "four");
        let run = "run --quiet --pub author.pub.pem --key operator.key.pem --force --input in.bin";
        let ran = place.type_in(&format!("{run} --allow time new.skill")).status(0);
        assert_eq!(ran.out(), "4");
        place.type_in("replay receipt.json --pub operator.pub.pem --engine all").status(0);
        place.type_in(&format!("{run} new.skill")).refused(126, "capability-denied");
    }
}

/// Signs a bundle `old/` with a test key; gives the words that import it.
fn sign(place: &Place, wat: &str, capabilities: &str) -> String {
    let wasm = wat::parse_str(wat).unwrap();
    let artifact = provenact::digest::SourceDigest::of(&wasm);
    let manifest = json::json!({
        "name": "greet", "version": "1.0.0", "entrypoint": "run", "artifact": artifact,
        "capabilities": json::parse(capabilities.as_bytes()).unwrap(), "signers": ["author"],
    });
    let manifest = json::to_jcs(&manifest).unwrap();
    let digest = provenact::digest::V0ManifestDigest::of(&manifest);
    let (signature, key) = signature(digest.to_string().as_bytes());
    let signatures = json::json!({
        "artifact": artifact, "manifest_hash": digest,
        "signatures": [{ "signer": "author", "algorithm": "ed25519", "signature": signature }],
    });
    place.write("old/skill.wasm", wasm);
    place.write("old/manifest.json", manifest);
    place.write("old/signatures.json", json::to_jcs(&signatures).unwrap());
    let keys = json::to_jcs(&json::json!({ "author": key })).unwrap();
    place.write("keys.json", &keys);
    let digest = provenact::digest::V0KeysDigest::of(&keys);
    format!("import old --keys keys.json --keys-digest {digest}")
}

/// A signature over `message` and the key it verifies under, both in base64.
fn signature(message: &[u8]) -> (String, String) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use ed25519_dalek::Signer as _;
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let signature = key.sign(message).to_bytes();
    (STANDARD.encode(signature), STANDARD.encode(key.verifying_key().as_bytes()))
}
