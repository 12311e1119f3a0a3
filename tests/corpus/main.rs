//! Public modules of many toolchains: each has a canonical and a portable form, or is refused for
//! the reason that corpus.json gives.
//!
//! `fetch.py` fetches them; the programs of `tests/programs` take part as well. Without network and
//! cache the test says that it was skipped. Modules above a size are left out where the test is
//! built without optimisation, unless `PROVENACT_SLOW=1`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do, and clippy knows only the tests themselves"
)]

mod table;
mod trial;
mod untouched;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use table::{Row, Table};
use trial::Threads;

/// Modules that must be there at least, refused or not.
const MODULES: usize = 40;
/// Greatest module that is tried without optimisation.
const UNOPTIMISED: u64 = 3_000_000;
/// Public text promises no more growth of the module in the middle than this, in percent.
const GROWTH: f64 = 4.0;

#[test]
fn public_modules_have_one_form_or_are_refused_for_a_listed_reason() {
    let entries: Vec<_> = public_modules().into_iter().chain(programs()).collect();
    if entries.is_empty() {
        return skipped("no public modules: canonical and portable forms were not tried");
    }
    let (threads, mut table) = (Threads::new(), Table::default());
    let mut wrong = Vec::new();
    // Names, with commas between them: for whoever works on the corpus.
    let only = variable("PROVENACT_CORPUS_ONLY");
    let named = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|n| n == name));
    for entry in entries.iter().filter(|entry| named(&entry.name)) {
        let bytes = fs_err::read(&entry.path).unwrap();
        if let Some(why) = too_large(bytes.len() as u64) {
            skipped(&format!("{} has {} bytes: {why}", entry.name, bytes.len()));
            continue;
        }
        match trial::of(&bytes, &threads) {
            Err(what) => wrong.push(format!("{}: {what}", entry.name)),
            Ok(outcome) => {
                if outcome.refused() != entry.refused.as_deref() {
                    let (is, listed) = (outcome.refused(), &entry.refused);
                    wrong.push(format!("{}: refused {is:?}, listed {listed:?}", entry.name));
                }
                table.push(Row::new(entry, bytes.len(), outcome));
            }
        }
    }
    say(&table.to_string());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    if only.is_none() {
        assert!(table.len() >= MODULES || cfg!(debug_assertions), "{} modules", table.len());
        assert!(table.growth() <= GROWTH, "portable adds {:.2} %", table.growth());
    }
}

/// A module of the corpus.
struct Entry {
    name: String,
    /// Registry, package and version.
    package: String,
    toolchain: String,
    /// The reason for which it must be refused.
    refused: Option<String>,
    path: PathBuf,
}

/// The modules of corpus.json.
fn public_modules() -> Vec<Entry> {
    let Some(cache) = filled("corpus", "PROVENACT_CORPUS_CACHE") else { return Vec::new() };
    let entry = |value: &serde_json::Value| Entry {
        path: cache.join(format!("{}.wasm", text(value, "name"))),
        name: text(value, "name"),
        package: text(value, "package"),
        toolchain: text(value, "toolchain"),
        refused: value["refused"].as_str().map(str::to_owned),
    };
    listed("corpus/corpus.json").iter().map(entry).collect()
}

/// The modules behind programs.json.
fn programs() -> Vec<Entry> {
    let Some(cache) = filled("programs", "PROVENACT_TEST_CACHE") else { return Vec::new() };
    let mut entries: Vec<Entry> = Vec::new();
    for value in listed("programs/programs.json") {
        let path = cache.join(text(&value, "wasm"));
        if entries.iter().all(|entry| entry.path != path) {
            entries.push(Entry {
                path,
                name: text(&value, "wasm").trim_end_matches(".wasm").to_owned(),
                package: text(&value, "package"),
                toolchain: text(&value, "toolchain"),
                refused: None,
            });
        }
    }
    entries
}

fn listed(file: &str) -> Vec<serde_json::Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
    serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap()
}

fn text(value: &serde_json::Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}

/// The cache `name`, filled by the fetch script of that folder; `None` after saying that it could
/// not be.
fn filled(name: &str, place: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(name);
    let cache = variable(place).map_or(beside, PathBuf::from);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/{name}/fetch.py"));
    let Ok(output) = Command::new("python3").arg(script).arg(&cache).output() else {
        skipped(&format!("no python3 to fetch {name} with"));
        return None;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => Some(cache),
        Some(3) => {
            skipped(&format!("{name} cannot be fetched: {}", said.trim_end()));
            None
        }
        _ => panic!("{said}\n{}", String::from_utf8_lossy(&output.stderr)),
    }
}

fn too_large(bytes: u64) -> Option<&'static str> {
    let is_slow = cfg!(debug_assertions) && bytes > UNOPTIMISED;
    let is_left_out = is_slow && variable("PROVENACT_SLOW").is_none();
    is_left_out.then_some("left out of a test without optimisation; PROVENACT_SLOW=1 takes it")
}

fn skipped(what: &str) {
    say(&format!("SKIPPED: {what}"));
}

/// Past the test's capture: what was left out, and the table, are for whoever reads the log.
fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

#[expect(clippy::disallowed_methods, reason = "tests are configured by the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
