//! Runs the vectors of `spec/{envelope,receipt,provenance,trust}.md`: each file's outcome is the
//! one that its header expects. `testvectors/README.md` has the form of the files.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use provenact::attest::time::Timestamp;
use provenact::attest::{
    Envelope, Error, Passphrase, PrivateKeyFile, PublicKey, Statement, Trust,
    provenance::Provenance, receipt::Receipt,
};
use provenact::digest::unhex32;
use provenact::json;
use provenact::verify::{Policy, consume, consume_line};
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
        let (reason, message) = match found {
            Ok(_) => ("accept", String::new()),
            Err(error) => (error.reason().name(), error.to_string()),
        };
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
