//! Holds `spec/threat-model.md` and `SECURITY.md` to the code: each threat has a control, each control has
//! code and a test or vector, and what the two say of dependencies and of bundles is so.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use provenact::profile::Profile;
use provenact::skill::{Bundle, Manifest, NewBundle};
use provenact::verify::CheckedBundle;
use provenact::wasm::{Canonical, Module, SourceNote};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const DOCUMENT: &str = "spec/threat-model.md";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs_err::read_to_string(root().join(name)).unwrap()
}

#[test]
fn every_threat_leads_to_a_control_and_every_control_to_a_test() {
    let text = read(DOCUMENT);
    let wrong = wrong(&text);
    assert!(wrong.is_empty(), "\n{DOCUMENT}:\n{}", wrong.join("\n"));
    let model = Model::of(&text);
    let sizes = (model.threats.len(), model.controls.len(), model.risks.len());
    assert!(sizes.0 > 40 && sizes.1 > 50 && sizes.2 > 20, "{sizes:?}");
}

/// What the tables of a threat model say.
#[derive(Default)]
struct Model {
    attackers: BTreeSet<String>,
    threats: Vec<Vec<String>>,
    controls: Vec<Vec<String>>,
    risks: Vec<Vec<String>>,
}

impl Model {
    /// The rows of the tables, by the form of their first cell.
    fn of(text: &str) -> Self {
        let mut model = Self::default();
        let mut section = "";
        for line in text.lines() {
            section = line.strip_prefix("## ").unwrap_or(section);
            let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix('|')) else {
                continue;
            };
            let cells: Vec<String> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
            match cells[0].split_once('-').map_or("", |(kind, _)| kind) {
                "threat" => model.threats.push(cells),
                "control" => model.controls.push(cells),
                "residual" => model.risks.push(cells),
                _ if section == "Attackers" && cells[0] != "attacker" => {
                    model.attackers.insert(cells[0].clone());
                }
                _ => {}
            }
        }
        model
    }

    fn ids(&self) -> impl Iterator<Item = &String> {
        [&self.threats, &self.controls, &self.risks].into_iter().flatten().map(|row| &row[0])
    }
}

/// The names in a cell, with commas between them and without the marks of code.
fn listed(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(',').map(|name| name.trim().trim_matches('`')).filter(|name| !name.is_empty())
}

/// Everything that is wrong with a threat model.
fn wrong(text: &str) -> Vec<String> {
    let model = Model::of(text);
    let mut wrong = Vec::new();
    let mut known = BTreeMap::new();
    for id in model.ids() {
        *known.entry(id.as_str()).or_insert(0) += 1;
    }
    wrong.extend(known.iter().filter(|(_, n)| **n > 1).map(|(id, _)| format!("{id} stands twice")));
    if model.threats.is_empty() {
        wrong.push("there are no threats".to_owned());
    }
    let mentioned: BTreeSet<&str> = words(text).filter(|word| is_id(word)).collect();
    let dangling = mentioned.iter().filter(|id| !known.contains_key(*id));
    wrong.extend(dangling.map(|id| format!("{id} is named and does not stand in a table")));

    let mut used = BTreeSet::new();
    for row in &model.threats {
        let [id, attacker, _, controls, left] = row.as_slice() else {
            wrong.push(format!("{}: a threat has five cells", row[0]));
            continue;
        };
        if !model.attackers.contains(attacker) {
            wrong.push(format!("{id}: {attacker:?} is none of the attackers"));
        }
        if !listed(controls).any(|name| name.starts_with("control-")) {
            wrong.push(format!("{id}: no control"));
        }
        for (cell, kind) in [(controls, "control-"), (left, "residual-")] {
            let stray = listed(cell).filter(|name| !name.starts_with(kind));
            wrong.extend(stray.map(|name| format!("{id}: {name:?} is no {kind}…")));
            used.extend(listed(cell));
        }
    }
    let idle = [&model.controls, &model.risks].into_iter().flatten();
    let idle = idle.map(|row| row[0].as_str()).filter(|id| !used.contains(id));
    wrong.extend(idle.map(|id| format!("{id}: no threat names it")));
    for row in &model.controls {
        let [id, _, code, tests] = row.as_slice() else {
            wrong.push(format!("{}: a control has four cells", row[0]));
            continue;
        };
        wrong.extend(broken_links(code, tests).into_iter().map(|what| format!("{id}: {what}")));
    }
    wrong
}

/// What of a control's code and tests is not there.
fn broken_links(code: &str, tests: &str) -> Vec<String> {
    let is_there = |path: &str| !path.is_empty() && root().join(path).is_file();
    let mut broken = Vec::new();
    let files: Vec<&str> = listed(code).collect();
    if files.is_empty() {
        broken.push("no code".to_owned());
    }
    broken.extend(files.iter().filter(|f| !is_there(f)).map(|f| format!("no file {f}")));
    if listed(tests).next().is_none() {
        broken.push("no test".to_owned());
    }
    for link in listed(tests) {
        match link.split_once("::") {
            None if link.starts_with("testvectors/") && is_there(link) => {}
            None => broken.push(format!("no vector {link}")),
            Some((file, _)) if !is_there(file) => broken.push(format!("no file {file}")),
            Some((file, name)) => broken.extend(not_a_test(&read(file), name, link)),
        }
    }
    broken
}

/// Why `name` is no test in a file that is run; nothing if it is one.
fn not_a_test(text: &str, name: &str, link: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let head = format!("fn {name}(");
    let Some(at) = lines.iter().position(|line| line.starts_with(&head)) else {
        return Some(format!("no function {link}"));
    };
    let above = lines[..at].iter().rev();
    let attributes: Vec<&&str> =
        above.take_while(|line| line.starts_with("#[") || line.starts_with("///")).collect();
    if !attributes.iter().any(|line| **line == "#[test]") {
        return Some(format!("{link} is no test"));
    }
    let is_ignored = attributes.iter().any(|line| line.starts_with("#[ignore"));
    is_ignored.then(|| format!("{link} is ignored"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '-')
}

fn is_id(word: &str) -> bool {
    let kind = word.split_once('-').filter(|(_, name)| !name.is_empty());
    // `threat-model` is the name of the document.
    kind.is_some_and(|(kind, _)| ["threat", "control", "residual"].contains(&kind))
        && word != "threat-model"
}

/// A threat model that is in order, and ways to break it: each is found.
#[test]
fn a_broken_model_is_found_out() {
    const GOOD: &str = "\
## Attackers

| attacker | who |
|---|---|
| sender | sends |

## Tables

| threat-1 | sender | lies | control-a | residual-b |
| threat-2 | sender | steals | control-a, control-c | |
| control-a | looks | `src/lib.rs` | `tests/threat_model.rs::a_broken_model_is_found_out` |
| control-c | counts | `src/lib.rs` | `testvectors/envelope/unsigned` |
| residual-b | the rest |
";
    assert_eq!(wrong(GOOD), [""; 0]);
    for (from, to, expected) in [
        ("| lies | control-a |", "| lies | |", "threat-1: no control"),
        ("| lies | control-a |", "| lies | nothing |", "threat-1: no control"),
        ("| lies | control-a |", "| lies | control-z |", "control-z is named and does not stand"),
        ("control-a, control-c |", "control-a |", "control-c: no threat names it"),
        ("| residual-b |\n", "| |\n", "residual-b: no threat names it"),
        ("| residual-b |\n", "| control-c |\n", "\"control-c\" is no residual-"),
        ("| residual-b |\n", "|\n", "threat-1: a threat has five cells"),
        ("| looks |", "|", "control-a: a control has four cells"),
        ("threat-2 | sender", "threat-2 | father", "\"father\" is none of the attackers"),
        ("threat-2 |", "threat-1 |", "threat-1 stands twice"),
        ("the rest", "the rest of threat-3", "threat-3 is named and does not stand"),
        ("| looks | `src/lib.rs`", "| looks | `src/none.rs`", "control-a: no file src/none.rs"),
        ("| looks | `src/lib.rs`", "| looks | ", "control-a: no code"),
        ("`testvectors/envelope/unsigned`", "", "control-c: no test"),
        ("envelope/unsigned", "envelope/none", "no vector testvectors/envelope/none"),
        ("testvectors/envelope/unsigned", "README.md", "no vector README.md"),
        ("`tests/threat_model.rs::", "`tests/none.rs::", "no file tests/none.rs"),
        ("a_broken_model_is_found_out", "no_such_test", "no function tests/threat_model.rs::no"),
        ("a_broken_model_is_found_out", "broken_links", "broken_links is no test"),
        (
            "tests/threat_model.rs::a_broken_model_is_found_out",
            "tests/golden_receipts.rs::make_the_receipts_that_are_missing",
            "make_the_receipts_that_are_missing is ignored",
        ),
    ] {
        let broken = GOOD.replacen(from, to, 1);
        assert_ne!(broken, GOOD, "{from}");
        let found = wrong(&broken);
        assert!(found.iter().any(|line| line.contains(expected)), "{expected:?}: {found:?}");
    }
    assert_eq!(wrong(""), ["there are no threats"]);
}

/// The sections of a document by their headings, each as one line.
fn sections(text: &str) -> BTreeMap<String, String> {
    let mut sections: BTreeMap<String, String> = BTreeMap::new();
    let mut heading = String::new();
    for line in text.lines() {
        match line.strip_prefix("## ") {
            Some(next) => heading = next.to_owned(),
            None => {
                let section = sections.entry(heading.clone()).or_default();
                line.split_whitespace().for_each(|word| {
                    section.push_str(word);
                    section.push(' ');
                });
            }
        }
    }
    sections
}

/// What of a security policy is missing: each heading with the facts that must stand under it.
fn missing(text: &str) -> Vec<String> {
    let sections = sections(text);
    let mut missing = Vec::new();
    for (heading, facts) in POLICY {
        match sections.get(*heading) {
            None => missing.push(format!("no section {heading:?}")),
            Some(section) => missing.extend(
                facts
                    .iter()
                    .filter(|fact| !section.contains(*fact))
                    .map(|fact| format!("{heading}: nothing about {fact:?}")),
            ),
        }
    }
    missing
}

const POLICY: &[(&str, &[&str])] = &[
    (
        "Reporting",
        &[
            "security@opertus.systems",
            "which we prefer",
            "private advisory of this repository",
            "do not open a public issue",
            "the version",
            "operating system and processor",
            "files and commands that show it",
            "what happened, and what should have happened",
        ],
    ),
    ("Disclosure", &["1. ", "2. ", "3. ", "4. ", "5. ", "together", "credit"]),
    ("Supported versions", &["no release yet", "main branch"]),
    (
        "Scope",
        &[
            "Packaging",
            "hashing",
            "signing",
            "verification",
            "Capabilities",
            "sandbox",
            "runtime",
            "recording",
            "replay",
            "`spec/`",
        ],
    ),
    (
        "What this does not apply to",
        &["Agent frameworks", "orchestration", "user interfaces", "Skills of third parties"],
    ),
    ("Assumptions", &["operating system", "hardware", "public keys", "`spec/threat-model.md`"]),
    (
        "Goals",
        &[
            "**Integrity**",
            "**Capability safety**",
            "**Provenance**",
            "**Determinism**",
            "**Auditability**",
        ],
    ),
    (
        "Not goals",
        &[
            "kernel or hypervisor",
            "side channels",
            "Anonymity or deniability",
            "Secrets that live long inside skills",
            "container runtime",
        ],
    ),
    (
        "Cryptography",
        &[
            "well-established",
            "widely reviewed",
            "conservative",
            "Nothing is home-made",
            "not a priority of version 0",
            "Ed25519",
            "SHA-256",
            "`ed25519-dalek`",
            "`sha2`",
            "`pkcs8`",
            "`getrandom`",
            "strict",
        ],
    ),
    (
        "Capability model",
        &[
            "denied",
            "declares",
            "policy file",
            "grants",
            "before it is made",
            "stops",
            "`docs/capabilities.md`",
        ],
    ),
    (
        "Development practices",
        &[
            "`unsafe_code = \"forbid\"`",
            "`tests/threat_model.rs`",
            "fails without it",
            "Spec and code are changed together",
            "No boundary of trust is widened without a review",
            "`CODEOWNERS`",
        ],
    ),
    (
        "Automated tools",
        &[
            "`.ci/run`",
            "`cargo deny`",
            "`deny.toml`",
            "`cargo audit`",
            "`.cargo/audit.toml`",
            "each week",
            "SKIPPED",
            "`.ci/dependencies`",
            "clippy",
            "`fuzz/`",
        ],
    ),
];

#[test]
fn the_security_policy_is_complete() {
    let text = read("SECURITY.md");
    let gaps = missing(&text);
    assert!(gaps.is_empty(), "\nSECURITY.md:\n{}", gaps.join("\n"));
    let sections = sections(&text);
    let bold = |heading: &str| sections[heading].matches("- **").count();
    assert_eq!(bold("Goals"), 5);
    assert!(!sections["Disclosure"].contains("6. "), "five steps");
    // What it names is there, and what it says of releases is so.
    for path in text.split('`').skip(1).step_by(2).filter(|code| code.contains(['/', '.'])) {
        let is_path = !path.contains([' ', '=']) && !path.starts_with("provenact");
        assert!(!is_path || root().join(path).exists(), "SECURITY.md names {path}");
    }
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    assert!(manifest["package"]["version"].as_str().unwrap().starts_with("0."));
    let dependencies = manifest["dependencies"].as_table().unwrap();
    for name in ["ed25519-dalek", "sha2", "pkcs8", "getrandom"] {
        assert!(dependencies.contains_key(name), "{name}");
    }
}

#[test]
fn a_gap_in_the_security_policy_is_found() {
    let text = read("SECURITY.md");
    let gaps = missing(&text.replace("## Disclosure", "## Else"));
    assert_eq!(gaps, ["no section \"Disclosure\""]);
    let gaps = missing(&text.replace("**Auditability**", "Auditability"));
    assert_eq!(gaps, ["Goals: nothing about \"**Auditability**\""]);
    assert!(missing("").len() == POLICY.len());
}

#[test]
fn nothing_of_ours_is_unsafe() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    assert_eq!(manifest["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
}

/// The packages in Cargo.lock.
fn locked() -> Vec<toml::Table> {
    let lock: toml::Table = read("Cargo.lock").parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    packages.iter().map(|package| package.as_table().unwrap().clone()).collect()
}

fn text<'t>(table: &'t toml::Table, name: &str) -> Option<&'t str> {
    table.get(name)?.as_str()
}

#[test]
fn the_engine_is_one_release_with_long_support() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let parts = ["wasmtime", "wasmtime-wasi", "wiggle"];
    let wanted = parts.map(|name| manifest["dependencies"][name]["version"].as_str().unwrap());
    assert!(wanted.iter().all(|version| *version == wanted[0]), "{wanted:?}");
    // Every twelfth major release of Wasmtime is supported for two years.
    let major: u32 = wanted[0].split('.').next().unwrap().parse().unwrap();
    assert!(major.is_multiple_of(12), "wasmtime {major} has no long support");
    let packages = locked();
    let of_engine = packages.iter().filter(|package| {
        text(package, "name")
            .is_some_and(|name| parts.contains(&name) || name.starts_with("wasmtime-internal-"))
    });
    let versions: BTreeSet<_> = of_engine.map(|package| text(package, "version")).collect();
    assert_eq!(versions.len(), 1, "{versions:?}");
}

#[test]
fn every_dependency_is_locked_by_digest() {
    let packages = locked();
    assert!(packages.len() > 100);
    let sources: BTreeSet<_> = packages.iter().filter_map(|p| text(p, "source")).collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    for package in packages.iter().filter(|p| text(p, "name") != Some("provenact")) {
        let digest = text(package, "checksum").unwrap_or_default();
        assert!(digest.len() == 64, "{package} is not locked");
    }
}

#[test]
fn dependencies_are_looked_at_by_both_tools() {
    let steps = read(".ci/run");
    assert!(steps.lines().any(|line| line.starts_with(".ci/dependencies ")), "{steps}");
    let script = read(".ci/dependencies");
    for line in [
        "check cargo deny check licenses bans sources",
        "check cargo deny check advisories",
        "check cargo audit --no-fetch --db target/advisories/advisory-db-*",
        "check() { \"$@\" || status=1; }",
    ] {
        assert!(script.lines().any(|found| found.trim() == line), "no line {line:?}");
    }
    // What is fetched to look with is pinned, and flaws that become known later are looked for too.
    let tools = read(".ci/tools.txt");
    for line in tools.lines().filter(|line| !line.starts_with('#')) {
        let is_pinned = line.contains("==") || line.trim().starts_with("--hash=sha256:");
        assert!(is_pinned, "{line}");
    }
    assert!(read(".github/workflows/ci.yml").contains("schedule:\n    - cron: "));
    let policy: toml::Table = read("deny.toml").parse().unwrap();
    assert_eq!(policy["advisories"]["yanked"].as_str(), Some("deny"));
    assert_eq!(policy["bans"]["wildcards"].as_str(), Some("deny"));
    for what in ["unknown-registry", "unknown-git"] {
        assert_eq!(policy["sources"][what].as_str(), Some("deny"), "{what}");
    }
    assert!(!policy["licenses"]["allow"].as_array().unwrap().is_empty());
}

#[test]
fn exceptions_have_reasons_and_are_the_same_for_both_tools() {
    let deny: toml::Table = read("deny.toml").parse().unwrap();
    let audit: toml::Table = read(".cargo/audit.toml").parse().unwrap();
    let mut excepted = BTreeSet::new();
    for entry in deny["advisories"]["ignore"].as_array().unwrap() {
        let entry = entry.as_table().unwrap();
        assert!(text(entry, "reason").is_some_and(|reason| reason.len() > 20), "{entry}");
        excepted.insert(text(entry, "id").unwrap());
    }
    let audited = audit["advisories"]["ignore"].as_array().unwrap();
    assert_eq!(audited.iter().map(|id| id.as_str().unwrap()).collect::<BTreeSet<_>>(), excepted);
    let bans = deny["bans"]["deny"].as_array().unwrap();
    assert!(bans.iter().all(|ban| text(ban.as_table().unwrap(), "reason").is_some()));
}

/// Whoever can write to a bundle while it is checked gains nothing: its files are not read again.
#[test]
fn what_was_read_is_what_is_checked_and_used() {
    let module = Module::parse(wat::parse_str(r#"(module (func (export "_start")))"#).unwrap());
    let note = SourceNote::of("a.wasm");
    let built = Canonical::build(&module.unwrap(), Profile::PORTABLE, &note).unwrap();
    let (wasm, digest) = (built.canonical.bytes(), built.canonical.digest());
    let manifest =
        Manifest::new("a", "1.0.0", "_start", digest, Vec::new(), Profile::PORTABLE).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a.skill");
    let companion = built.companion.bytes();
    let new = NewBundle { manifest: manifest.bytes(), wasm, companion, original: None };
    new.write(&place, false).unwrap();

    let read = Bundle::read(&place).unwrap();
    for name in ["skill.wasm", "manifest.json"] {
        fs_err::write(place.join(name), "something else").unwrap();
    }
    let checked = CheckedBundle::check(read).unwrap();
    assert_eq!(checked.module().bytes(), wasm);
    assert_eq!(checked.manifest_bytes(), manifest.bytes());
    // Read again, it is refused.
    assert!(CheckedBundle::check(Bundle::read(&place).unwrap()).is_err());
}
