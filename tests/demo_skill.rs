//! The demo's module is what its source says, and its skill comes out the same wherever it is built.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

#[test]
fn decide_wasm_is_decide_wat() {
    let folder = source("src/cli/demo");
    let built = wat::parse_file(folder.join("decide.wat")).unwrap();
    #[expect(clippy::disallowed_methods, reason = "tests are configured by the environment")]
    let bless = std::env::var_os("BLESS").is_some();
    if bless {
        fs_err::write(folder.join("decide.wasm"), &built).unwrap();
    }
    assert!(
        fs_err::read(folder.join("decide.wasm")).unwrap() == built,
        "decide.wasm is stale: BLESS=1 cargo test --release --test demo_skill"
    );
}

/// Builds and attests the demo's skill in `folder`, as `provenact demo` does, and gives every file of it.
fn build(
    folder: &Path,
    umask: &str,
    variables: &[(&str, &str)],
    key: &str,
) -> BTreeMap<String, Vec<u8>> {
    fs_err::create_dir_all(folder.join("home")).unwrap();
    fs_err::copy(source("src/cli/demo/decide.wasm"), folder.join("decide.wasm")).unwrap();
    let line = format!(
        "umask {umask} && $PROVENACT build decide.wasm --cap fs.read=/data --deny fs.write -o decide.skill && \
         $PROVENACT attest decide.skill --key env:KEY"
    );
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(folder).env_clear().envs(variables.iter().copied());
    command.env("HOME", folder.join("home")).env("KEY", key);
    command.env("PROVENACT", env!("CARGO_BIN_EXE_provenact"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let entries = fs_err::read_dir(folder.join("decide.skill")).unwrap().map(Result::unwrap);
    let file = |path: &Path| fs_err::read(path).unwrap();
    entries.map(|one| (one.file_name().into_string().unwrap(), file(&one.path()))).collect()
}

fn source(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Module, manifest, companion and what is signed: to the last byte, whatever folder, home, umask, time zone, locale and
/// user it is built with.
#[test]
fn the_demo_skill_is_the_same_in_two_directories() {
    let place = tempfile::tempdir().unwrap();
    let key = provenact::attest::PrivateKey::generate().unwrap().to_pem().unwrap();
    let ours = [("TZ", "UTC"), ("LC_ALL", "C"), ("USER", "one")];
    let theirs =
        [("TZ", "Asia/Kathmandu"), ("LC_ALL", "C.UTF-8"), ("USER", "another"), ("NO_COLOR", "1")];
    let one = build(&place.path().join("a"), "022", &ours, &key);
    let longer = place.path().join("in/another/place/whose/name/is/longer");
    let other = build(&longer, "077", &theirs, &key);
    let names: Vec<&String> = one.keys().collect();
    assert_eq!(
        names,
        ["attestations.intoto.jsonl", "manifest.json", "skill.debug.wasm", "skill.wasm"]
    );
    for (name, bytes) in &one {
        assert!(other.get(name) == Some(bytes), "{name} differs");
    }
    assert_eq!(one.len(), other.len());
}
