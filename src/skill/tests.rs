//! Vectors of `testvectors/manifest` and `testvectors/bundle`, and what takes more than one file.

use super::*;
use crate::abi::Capability;
use crate::digest::ModuleDigest;
use crate::profile::Profile;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The vectors of a directory: file name, header fields by name, body.
fn vectors(room: &str) -> Vec<(String, BTreeMap<String, String>, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testvectors").join(room);
    let names = crate::files::list(&directory).unwrap();
    assert!(!names.is_empty());
    let read = |name: std::ffi::OsString| {
        let bytes = fs_err::read(directory.join(&name)).unwrap();
        let at = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        let header = std::str::from_utf8(&bytes[..at]).unwrap();
        let header: BTreeMap<_, _> = header
            .lines()
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert!(header.contains_key("covers") && header.contains_key("comment"), "{name:?}");
        (name.to_string_lossy().into_owned(), header, bytes[at + 2..].to_vec())
    };
    names.into_iter().map(read).collect()
}

fn reason<T>(outcome: &Result<T, Error>) -> &'static str {
    outcome.as_ref().map_or_else(|error| error.reason().name(), |_| "accept")
}

#[test]
fn manifest_vectors() {
    for (name, header, body) in vectors("manifest") {
        let outcome = Manifest::parse(&body);
        assert_eq!(reason(&outcome), header["expect"], "{name}: {outcome:?}");
        if let Ok(manifest) = outcome {
            assert_eq!(manifest.bytes(), body, "{name}");
        }
    }
}

#[test]
fn policy_vectors() {
    for (name, header, body) in vectors("ceiling") {
        let outcome = Policy::parse(std::str::from_utf8(&body).unwrap());
        assert_eq!(reason(&outcome), header["expect"], "{name}: {outcome:?}");
    }
}

/// covers: policy-4
#[test]
fn manifest_policy_and_command_line_must_all_three_allow() {
    let of = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect::<Vec<Capability>>();
    let plain = |text: &str| Grant::Plain(text.parse().unwrap());
    let declared = of(&[
        "fs.read=/data",
        "fs.write=/data",
        "time",
        "random",
        "env=A",
        "env=B",
        "net.http=https://a.org/",
    ]);
    let policy = of(&[
        "fs.read=/data/in",
        "fs.read=/data/out",
        "fs.write=/",
        "time=monotonic",
        "env=A",
        "net.http=https://a.org/v1",
    ]);
    let env = |name: &str| Grant::Env { name: name.into(), value: "1".into() };
    let granted = [
        dir("d", "/data", true),
        plain("time"),
        plain("random"),
        env("A"),
        env("B"),
        env("C"),
        plain("net.http=https://a.org/"),
        plain("net.http=https://b.org/"),
    ];
    let found = effective(&declared, Some(&policy), &granted).unwrap();
    let (capabilities, preopens) = shown(&found);
    let expected = [
        "env=A",
        "fs.read=/data/in",
        "fs.read=/data/out",
        "fs.write=/data",
        "fs.write=/data/in",
        "fs.write=/data/out",
        "net.http=https://a.org/v1",
        "time=monotonic",
    ];
    assert_eq!(capabilities, expected);
    assert_eq!(preopens, ["/data=d:w", "/data/in=d/in:rw", "/data/out=d/out:rw"]);
    let unused: Vec<_> = found.unused.iter().map(|u| (u.grant.as_str(), u.is_declared)).collect();
    let expected = [
        ("random", true),
        ("variable B", true),
        ("variable C", false),
        ("net.http=https://b.org/", false),
    ];
    assert_eq!(unused, expected);
    assert_eq!(effective(&declared, Some(&[]), &granted).unwrap().capabilities, []);
}

/// The body of a bundle vector has a line `NAME TEXT` for each part; `.` alone means that a file
/// stands where the directory should.
#[test]
fn bundle_vectors() {
    for (name, header, body) in vectors("bundle") {
        let temporary = tempfile::tempdir().unwrap();
        let directory = temporary.path().join("x.skill");
        let body = String::from_utf8(body).unwrap();
        if body.trim() == "." {
            fs_err::write(&directory, "").unwrap();
        } else {
            fs_err::create_dir(&directory).unwrap();
            for (file, text) in body.lines().filter_map(|line| line.split_once(' ')) {
                fs_err::write(directory.join(file), text).unwrap();
            }
        }
        let outcome = Bundle::read(&directory);
        assert_eq!(reason(&outcome), header["expect"], "{name}: {outcome:?}");
        let appended = append_attestation(&directory, header["append"].as_bytes());
        assert_eq!(reason(&appended), header["appended"], "{name}: {appended:?}");
    }
}

#[test]
fn a_missing_part_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    fs_err::write(temporary.path().join("manifest.json"), "{}").unwrap();
    let error = Bundle::read(temporary.path()).unwrap_err().to_string();
    assert!(error.ends_with("not a bundle: skill.wasm is missing"), "{error}");
    let nowhere = Bundle::read(&temporary.path().join("no"));
    assert_eq!(reason(&nowhere), "file-missing");
}

/// covers: bundle-4, bundle-5, bundle-6
#[test]
fn a_bundle_is_written_as_a_whole_and_its_attestations_are_kept() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("x.skill");
    let one = NewBundle { manifest: b"m", wasm: b"w", companion: b"c", original: None };
    let two = NewBundle { manifest: b"m2", ..one };
    assert_eq!(one.write(&path, false).unwrap(), Written::New);
    assert!(append_attestation(&path, b"{1}").unwrap());
    assert!(append_attestation(&path, b"{2}").unwrap());
    assert!(!append_attestation(&path, b"{1}").unwrap(), "not twice");
    assert_eq!(Bundle::read(&path).unwrap().attestations.unwrap(), b"{1}\n{2}\n");
    assert_eq!(read_companion(&path).unwrap().unwrap(), b"c");

    assert_eq!(one.write(&path, false).unwrap(), Written::Unchanged);
    assert_eq!(reason(&two.write(&path, false)), "output-exists");
    assert!(Bundle::read(&path).unwrap().attestations.is_some());
    assert_eq!(two.write(&path, true).unwrap(), Written::Replaced);
    assert!(Bundle::read(&path).unwrap().attestations.is_none(), "they were about the old one");

    // An original is added to the same bundle, and its attestations are kept; another is not.
    assert!(append_attestation(&path, b"{3}").unwrap());
    let kept = NewBundle { original: Some(b"o"), ..two };
    assert_eq!(kept.write(&path, false).unwrap(), Written::Unchanged);
    assert_eq!(read_original(&path).unwrap().unwrap(), b"o");
    assert!(Bundle::read(&path).unwrap().attestations.is_some());
    assert_eq!(two.write(&path, false).unwrap(), Written::Unchanged);
    assert_eq!(read_original(&path).unwrap().unwrap(), b"o");
    let other = NewBundle { original: Some(b"p"), ..two };
    assert_eq!(reason(&other.write(&path, false)), "output-exists");
    assert_eq!(other.write(&path, true).unwrap(), Written::Replaced);
    assert_eq!(read_original(&path).unwrap().unwrap(), b"p");

    fs_err::write(path.join("diary.txt"), "mine").unwrap();
    let refused = one.write(&path, true).unwrap_err();
    assert!(matches!(refused, Error::NotReplaced { .. }), "{refused}");
    assert!(path.join("diary.txt").exists());
}

#[test]
fn capabilities_of_a_manifest_are_sorted_and_merged() {
    let make = |texts: &[&str]| {
        let capabilities = texts.iter().map(|text| text.parse().unwrap()).collect();
        let artifact = ModuleDigest::of(b"");
        Manifest::new("x", "1", "_start", artifact, capabilities, Profile::CANONICAL).unwrap()
    };
    let manifest = make(&["time", "fs.read=/b", "env=A", "fs.read=/a", "time"]);
    assert_eq!(manifest, make(&["env=A", "fs.read=/a", "fs.read=/b", "time"]));
    assert_eq!(Manifest::parse(manifest.bytes()).unwrap().digest(), manifest.digest());
}

fn dir(host: &str, guest: &str, write: bool) -> Grant {
    Grant::Dir { host: host.into(), guest: guest.into(), write }
}

fn ceiling(declared: &[&str], granted: &[Grant]) -> Result<Effective, Error> {
    let declared: Vec<Capability> = declared.iter().map(|text| text.parse().unwrap()).collect();
    effective(&declared, None, granted)
}

/// Capabilities, and preopens as `guest=host:rights`.
fn shown(effective: &Effective) -> (Vec<String>, Vec<String>) {
    let capabilities = effective.capabilities.iter().map(ToString::to_string).collect();
    let rights = |p: &Preopen| match (p.read, p.write) {
        (true, true) => "rw",
        (true, false) => "r",
        (false, true) => "w",
        (false, false) => "-",
    };
    let preopens = effective
        .preopens
        .iter()
        .map(|p| format!("{}={}:{}", p.guest, p.host.display(), rights(p)))
        .collect();
    (capabilities, preopens)
}

/// covers: manifest-8, manifest-9
#[test]
fn paths_meet_in_the_deeper_one() {
    for (declared, granted, capabilities, preopens) in [
        (
            vec!["fs.read=/data"],
            vec![dir("d", "/data", true)],
            vec!["fs.read=/data"],
            vec!["/data=d:r"],
        ),
        (
            vec!["fs.read=/data/in"],
            vec![dir("d", "/data", false)],
            vec!["fs.read=/data/in"],
            vec!["/data/in=d/in:r"],
        ),
        (
            vec!["fs.read=/"],
            vec![dir("d", "/data", false)],
            vec!["fs.read=/data"],
            vec!["/data=d:r"],
        ),
        (
            vec!["fs.read=/a/b"],
            vec![dir("d", "/", false)],
            vec!["fs.read=/a/b"],
            vec!["/a/b=d/a/b:r"],
        ),
        (vec!["fs.read=/"], vec![dir("d", "/", false)], vec!["fs.read=/"], vec!["/=d:r"]),
        (vec!["fs.read=/data"], vec![dir("d", "/data2", false)], vec![], vec![]),
        (vec!["fs.read=/data2"], vec![dir("d", "/data", false)], vec![], vec![]),
        (vec!["fs.write=/data"], vec![dir("d", "/data", false)], vec![], vec![]),
        (
            vec!["fs.read=/data", "fs.write=/data/out"],
            vec![dir("d", "/data", true)],
            vec!["fs.read=/data", "fs.read=/data/out", "fs.write=/data/out"],
            vec!["/data=d:r", "/data/out=d/out:rw"],
        ),
        (
            vec!["fs.read=/data", "fs.read=/data/in"],
            vec![dir("d", "/data", false)],
            vec!["fs.read=/data"],
            vec!["/data=d:r"],
        ),
        (
            vec!["fs.read=/data", "fs.write=/data"],
            vec![dir("d", "/data", false), dir("d", "/data", true)],
            vec!["fs.read=/data", "fs.write=/data"],
            vec!["/data=d:rw"],
        ),
        (
            vec!["fs.read=/data"],
            vec![dir("d", "/data", false), dir("e", "/data/sub", false)],
            vec!["fs.read=/data", "fs.read=/data/sub"],
            vec!["/data=d:r", "/data/sub=e:r"],
        ),
    ] {
        let found = ceiling(&declared, &granted).unwrap();
        let expected: (Vec<String>, Vec<String>) = (
            capabilities.into_iter().map(str::to_owned).collect(),
            preopens.into_iter().map(str::to_owned).collect(),
        );
        assert_eq!(shown(&found), expected, "{declared:?} under {granted:?}");
        assert!(found.preopens.iter().all(|p| p.host.starts_with(&p.host_root)));
    }
}

/// covers: manifest-8
#[test]
fn nothing_is_had_that_was_not_declared_and_granted() {
    let grants = [
        Grant::Plain("time".parse().unwrap()),
        Grant::Plain("random".parse().unwrap()),
        Grant::Env { name: "HOME".into(), value: "/h".into() },
        Grant::Env { name: "PATH".into(), value: "/p".into() },
        dir("d", "/data", true),
    ];
    let found = ceiling(&["time", "env=HOME", "env=LANG"], &grants).unwrap();
    assert_eq!(shown(&found), (vec!["env=HOME".into(), "time".into()], vec![]));
    assert_eq!(found.env, [("HOME".to_owned(), "/h".to_owned())]);
    let unused: Vec<_> = found.unused.iter().map(|unused| unused.grant.as_str()).collect();
    assert_eq!(unused, ["random", "variable PATH", "directory d::/data"]);
    assert_eq!(ceiling(&["time", "fs.read=/", "env=A"], &[]).unwrap(), Effective::default());
}

/// covers: manifest-10
#[test]
fn grants_that_contradict_are_refused() {
    let env = |value: &str| Grant::Env { name: "A".into(), value: value.into() };
    let both = ceiling(&["fs.read=/data"], &[dir("d", "/data", false), dir("e", "/data", false)]);
    assert_eq!(reason(&both), "grant-conflict");
    assert_eq!(reason(&ceiling(&["env=A"], &[env("1"), env("2")])), "grant-conflict");
    assert_eq!(reason(&ceiling(&["env=A"], &[env("1"), env("1")])), "accept");
    let malformed = ceiling(&[], &[dir("d", "/data/../etc", false)]);
    assert_eq!(reason(&malformed), "capability-unknown");
    let host: PathBuf = "d".into();
    assert_eq!(ceiling(&["fs.read=/x"], &[dir("d", "/x", false)]).unwrap().preopens[0].host, host);
}
