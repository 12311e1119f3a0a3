//! Runs the vectors of `spec/{envelope,receipt,provenance,trust,v0-bundle}.md`: each file's outcome is the
//! one that its header expects. `testvectors/README.md` has the form of the files.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use provenact::attest::time::Timestamp;
use provenact::attest::v0::{Keys, Signatures};
use provenact::attest::{
    Envelope, Error, Passphrase, PrivateKeyFile, PublicKey, Statement, Trust,
    provenance::Provenance, receipt::Receipt,
};
use provenact::digest::{V0KeysDigest, unhex32};
use provenact::json;
use provenact::profile::Profile;
use provenact::reason::Reason;
use provenact::skill::v0::{Folder, Manifest};
use provenact::verify::{Imported, Policy, consume, consume_line};
use provenact::wasm::{Canonical, Interface, Module, SourceNote};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// A vector: header lines, an empty line, the bytes under test.
struct Vector {
    name: String,
    head: Vec<(String, String)>,
    bytes: Vec<u8>,
}

impl Vector {
    fn read(path: &Path) -> Self {
        let name = path.display().to_string();
        let file = fs_err::read(path).unwrap();
        let end = file.windows(2).position(|pair| pair == b"\n\n").expect("a header");
        let head = str::from_utf8(&file[..end]).unwrap().lines();
        let head = head.map(|line| line.split_once(": ").expect("name: value"));
        let head = head.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { name, head, bytes: file[end + 2..].to_vec() }
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// What differs from what the header expects.
    fn judge<T>(&self, found: &Result<T, Error>) -> Option<String> {
        self.compare(found.as_ref().err().map(|error| (error.reason(), error.to_string())))
    }

    /// As [`Vector::judge`], of a reason and a message.
    fn compare(&self, refused: Option<(Reason, String)>) -> Option<String> {
        let (reason, message) =
            refused.map_or(("accept", String::new()), |(reason, message)| (reason.name(), message));
        assert!(self.field("covers").is_some(), "{} covers nothing", self.name);
        let expected = self.field("expect").expect("expect");
        (reason != expected)
            .then(|| format!("{}: expected {expected}, found {reason} {message}", self.name))
    }
}

fn files(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testvectors").join(directory);
    let mut paths: Vec<_> =
        fs_err::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no vectors");
    paths
}

/// Runs `check` over a directory; it says what is wrong with a vector.
fn run(directory: &str, check: impl Fn(&Vector) -> Option<String>) {
    let wrong: Vec<_> =
        files(directory).iter().filter_map(|path| check(&Vector::read(path))).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn public_key(name: &str) -> PublicKey {
    let path = format!("{}/testvectors/keys/{name}.pub.pem", env!("CARGO_MANIFEST_DIR"));
    PublicKey::from_pem(&fs_err::read_to_string(path).unwrap()).unwrap()
}

fn trust() -> Trust {
    Trust::from_keys(["alice", "bob"].map(|name| (name.to_owned(), public_key(name)))).unwrap()
}

#[test]
fn envelopes() {
    let trust = trust();
    run("envelope", |vector| {
        let verified = Envelope::parse(&vector.bytes).and_then(|e| e.verify(&trust)?.statement());
        let by = verified.as_ref().map(|v| v.by().iter().map(|k| k.name()).collect::<Vec<_>>());
        let by = by.unwrap_or_default().join(", ");
        vector.judge(&verified).or_else(|| {
            let expected = vector.field("verified-by")?;
            (by != expected).then(|| format!("{}: verified by {by}", vector.name))
        })
    });
}

#[test]
fn receipts() {
    run("receipt", |vector| {
        let read = Statement::parse(&vector.bytes).and_then(|s| Receipt::from_statement(&s));
        if let Ok(receipt) = &read {
            let again = receipt.to_statement().and_then(|s| s.to_payload()).unwrap();
            assert!(again == vector.bytes, "{}", vector.name);
        }
        vector.judge(&read)
    });
}

#[test]
fn provenance() {
    run("provenance", |vector| {
        let read = Statement::parse(&vector.bytes).and_then(|s| Provenance::from_statement(&s));
        if let Ok(provenance) = &read {
            let again = provenance.to_statement().and_then(|s| s.to_payload()).unwrap();
            let same = again == vector.bytes;
            assert_eq!(same, vector.field("rewrite") == Some("yes"), "{}", vector.name);
        }
        vector.judge(&read)
    });
}

#[test]
fn trust_files() {
    run("trust", |vector| vector.judge(&Trust::parse_toml(str::from_utf8(&vector.bytes).unwrap())));
}

/// The first line is an envelope, the rest a trust file; `now`, `threshold`, `subject`, `type` and `named`
/// are what the command line would hand in.
#[test]
fn policies() {
    run("policy", |vector| {
        let end = vector.bytes.iter().position(|byte| *byte == b'\n').expect("a line");
        let (line, trust) = vector.bytes.split_at(end);
        let trust = Trust::parse_toml(str::from_utf8(trust).unwrap()).unwrap();
        let named = vector.field("named").map(|name| (name.to_owned(), public_key(name)));
        let trust = trust.and_keys(named).unwrap();
        let number = |name| vector.field(name).map(|value| value.parse::<usize>().unwrap());
        let now = Timestamp::from_unix(number("now").unwrap() as u64).unwrap();
        let threshold = NonZeroUsize::new(number("threshold").unwrap_or(1)).unwrap();
        let policy = Policy::new(trust, now, threshold);
        let subjects = vector.field("subject").unwrap_or_default().split_whitespace();
        let subjects: Vec<_> =
            subjects.map(|hex| (hex.to_owned(), unhex32(hex).unwrap())).collect();
        let envelope = Envelope::parse(line).unwrap();
        let found = consume(&policy, &envelope, &subjects, vector.field("type"), &[]);
        let (reason, message) = match &found {
            Ok(consumed) => {
                assert!(!consumed.by.is_empty() && !consumed.upheld.rules().is_empty());
                ("accept", String::new())
            }
            Err(error) => (error.reason().name(), error.to_string()),
        };
        // Whether the rules are written down changes neither the answer nor why it is no.
        let again = consume_line(&policy, line, &subjects, vector.field("type"));
        match (&found, &again) {
            (Ok(consumed), Ok(upheld)) => {
                assert_eq!(consumed.upheld.looked_at(), upheld.looked_at(), "{}", vector.name);
                assert_eq!(consumed.upheld.rules().len(), upheld.looked_at().get());
                assert!(upheld.rules().is_empty());
            }
            (Err(one), Err(other)) => {
                assert_eq!(one.reason(), other.reason(), "{}", vector.name);
                assert_eq!(one.to_string(), other.to_string(), "{}", vector.name);
            }
            _ => panic!("{}: {found:?}, {again:?}", vector.name),
        }
        let expected = vector.field("expect").expect("expect");
        (reason != expected)
            .then(|| format!("{}: expected {expected}, found {reason} {message}", vector.name))
    });
}

#[test]
fn private_keys() {
    let alice = public_key("alice");
    run("key", |vector| {
        let passphrase = vector.field("passphrase").unwrap_or("none");
        let passphrase = Passphrase::new(passphrase.as_bytes()).unwrap();
        let opened = PrivateKeyFile::parse(str::from_utf8(&vector.bytes).unwrap());
        let opened = opened.and_then(|file| match file {
            PrivateKeyFile::Open(key) => Ok(key),
            PrivateKeyFile::Locked(locked) => locked.unlock(&passphrase),
        });
        if let Ok(key) = &opened {
            assert_eq!(key.public(), alice, "{}", vector.name);
        }
        vector.judge(&opened)
    });
}

#[test]
fn jcs() {
    for input in files("jcs/input") {
        let output = input.parent().unwrap().with_file_name("output");
        let output = output.join(input.file_name().unwrap());
        let value = json::parse(&fs_err::read(&input).unwrap()).unwrap();
        let written = json::to_jcs(&value).unwrap();
        assert_eq!(written, fs_err::read(output).unwrap(), "{}", input.display());
    }
}

#[test]
fn v0_manifests() {
    run("v0/manifest", |vector| {
        let read = Manifest::parse(&vector.bytes);
        if let Ok(manifest) = &read {
            assert_eq!(Some(manifest.digest().to_string().as_str()), vector.field("digest"));
        }
        vector.compare(read.err().map(|error| (error.reason(), error.to_string())))
    });
}

#[test]
fn v0_signatures() {
    run("v0/signatures", |vector| {
        let read = Signatures::parse(&vector.bytes);
        vector.compare(read.err().map(|error| (error.reason(), error.to_string())))
    });
}

#[test]
fn v0_keys() {
    run("v0/keys", |vector| {
        let own = V0KeysDigest::of(&vector.bytes);
        let pinned = vector.field("pinned").map_or(own, |text| text.parse().unwrap());
        let read = Keys::parse(&vector.bytes, pinned);
        vector.compare(read.err().map(|error| (error.reason(), error.to_string())))
    });
}

/// Whole bundles, unpacked: verified, and their module built.
#[test]
fn v0_bundles() {
    run("v0/bundle", |vector| {
        let folder = tempfile::tempdir().unwrap();
        let mut rest = &vector.bytes[..];
        for part in vector.field("parts").unwrap().split(' ') {
            let (name, length) = part.split_once('=').unwrap();
            let (bytes, after) = rest.split_at(length.parse().unwrap());
            fs_err::write(folder.path().join(name), bytes).unwrap();
            rest = after;
        }
        assert!(rest.is_empty(), "{}", vector.name);
        let keys = fs_err::read(folder.path().join("keys")).unwrap();
        let keys = Keys::parse(&keys, V0KeysDigest::of(&keys)).unwrap();
        vector.compare(imported(vector, folder.path(), &keys).err())
    });
}

/// Imports the bundle in `folder`, and compares what was verified with the vector's header.
fn imported(vector: &Vector, folder: &Path, keys: &Keys) -> Result<(), (Reason, String)> {
    let files = Folder::read(folder).map_err(|error| (error.reason(), error.to_string()))?;
    assert_eq!(files.not_read, ["keys"], "{}", vector.name);
    let imported =
        Imported::check(files, keys).map_err(|error| (error.reason(), error.to_string()))?;
    let (origin, entrypoint) = (imported.origin().clone(), imported.manifest().entrypoint());
    let entrypoint = entrypoint.to_owned();
    let mut capabilities = imported.capabilities();
    capabilities.sort();
    capabilities.dedup();
    let capabilities: Vec<_> = capabilities.iter().map(ToString::to_string).collect();
    let refused = |error: provenact::wasm::Error| (error.reason(), error.to_string());
    let module = Module::parse(imported.into_module()).map_err(refused)?;
    Interface::of(&module, Some(&entrypoint)).map_err(refused)?;
    let note =
        SourceNote { name: "skill.wasm", command: &[], origin: Some(&origin), from_source: None };
    let built = Canonical::build(&module, Profile::PORTABLE, &note).map_err(refused)?;
    assert_eq!(built.companion.imported_from(), Some(&origin));
    assert_eq!(vector.field("signed"), Some(origin.signed_by().as_str()), "{}", vector.name);
    let expected = vector.field("capabilities").unwrap();
    let none = || "none".to_owned();
    let found = Some(capabilities.join(", ")).filter(|list| !list.is_empty()).unwrap_or_else(none);
    assert_eq!(found, expected, "{}", vector.name);
    Ok(())
}
