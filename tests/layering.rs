//! Holds the code to the table of rooms in `docs/architecture.md`: a room imports only from rows
//! above it, and each foreign crate has its homes. Test code is free.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The rooms by row. `docs/architecture.md` shows the same table, and a test below compares.
const ROWS: [&[&str]; 5] = [
    &[
        "abi",
        "allowance",
        "bounds",
        "digest",
        "engines",
        "files",
        "json",
        "limits",
        "materials",
        "origin",
        "outcome",
        "profile",
        "reason",
        "wire",
    ],
    &["attest", "skill", "trace", "wasm"],
    &["build", "runtime"],
    &["verify"],
    &["report", "cli"],
];

/// The one import within a row, besides those within row 0.
const BESIDE: (&str, &str) = ("cli", "report");

/// Homes of foreign crates, and of the parts of `std` that touch the outside world.
const HOMES: &[(&str, &[&str])] = &[
    ("anstream", &["build"]),
    ("base64", &["attest"]),
    ("cap_std", &["runtime"]),
    ("clap", &["cli"]),
    ("ed25519", &["attest"]),
    ("ed25519_dalek", &["attest"]),
    ("fluent_uri", &["abi", "attest"]),
    ("fs_err", &["files"]),
    ("getrandom", &["attest", "cli", "runtime"]),
    ("gimli", &["wasm"]),
    ("globset", &["build"]),
    ("ignore", &["build"]),
    ("maud", &["report"]),
    ("indicatif", &["cli"]),
    ("pkcs8", &["attest"]),
    ("rayon", &["verify", "wasm"]),
    ("rpassword", &["cli"]),
    ("rustix", &["files"]),
    ("serde_json", &["json"]),
    ("serde_json_canonicalizer", &["json"]),
    ("sha2", &["digest"]),
    ("signal_hook", &["cli"]),
    ("tempfile", &["files"]),
    ("time", &["abi", "attest"]),
    ("toml", &["attest", "build", "skill"]),
    ("toml_edit", &["attest"]),
    ("ureq", &["runtime"]),
    ("wasm_encoder", &["wasm"]),
    ("wasmparser", &["wasm"]),
    ("wasmi", &["runtime"]),
    ("wasmi_core", &["runtime"]),
    ("wasmtime", &["runtime"]),
    ("wasmtime_wasi", &["runtime"]),
    ("wiggle", &["runtime"]),
    ("zeroize", &["attest", "cli", "files"]),
    ("zstd", &["trace"]),
    ("std::env", &["cli", "main"]),
    ("std::fs", &["files"]),
    ("std::net", &[]),
    ("std::process", &["build", "cli", "main"]),
];

/// Crates that are at home everywhere.
const EVERYWHERE: [&str; 2] = ["serde", "thiserror"];

const LESSON: &str = "\
The table of rooms stands in docs/architecture.md (\"Rooms\") and in tests/layering.rs. If a lower room
needs something from a higher one, move the thing down or hand it in as a value or a trait. Change the
table only when the architecture changes, and say why in docs/architecture.md.";

#[test]
fn rooms_import_only_from_rows_above_them() {
    let mut wrong = Vec::new();
    let mut floor: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources() {
        for (room, line) in file.imports("crate") {
            let Some(row) = row(&room) else {
                wrong.push(format!("{}:{line}: crate::{room} is no room", file.name));
                continue;
            };
            let own = file.row();
            let within = own == 0 && row == 0;
            if within && room != file.room {
                floor.entry(file.room.clone()).or_default().insert(room.clone());
            }
            let beside = (file.room.as_str(), room.as_str()) == BESIDE;
            if room != file.room && row >= own && !within && !beside {
                wrong.push(format!(
                    "{}:{line}: room {} (row {own}) imports {room} (row {row}); it may import {}",
                    file.name,
                    file.room,
                    above(&file.room, own).join(", ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n\n{LESSON}", wrong.join("\n"));
    let circle = floor.keys().find(|room| reaches(&floor, room, room, &mut BTreeSet::new()));
    assert!(circle.is_none(), "row 0 has a circle of imports through {circle:?}\n\n{LESSON}");
}

#[test]
fn foreign_crates_stay_at_home() {
    let mut wrong = Vec::new();
    for file in sources() {
        for (name, homes) in HOMES {
            let uses = match name.split_once("::") {
                Some((outer, inner)) => {
                    file.imports(outer).into_iter().filter(|(part, _)| part == inner).collect()
                }
                None => file.imports(name),
            };
            if !homes.contains(&file.room.as_str()) {
                wrong.extend(uses.iter().map(|(_, line)| {
                    let at = if homes.is_empty() { "nowhere".to_owned() } else { homes.join(", ") };
                    format!("{}:{line}: {name} is at home in: {at}", file.name)
                }));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n\n{LESSON}", wrong.join("\n"));
}

#[test]
fn every_room_and_every_dependency_is_in_the_table() {
    let lib = read("src/lib.rs");
    let modules = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let found: BTreeSet<&str> = modules.collect();
    let listed: BTreeSet<&str> = ROWS.iter().flat_map(|row| row.iter().copied()).collect();
    assert_eq!(found, listed, "src/lib.rs has other rooms than the table\n\n{LESSON}");

    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    for name in manifest["dependencies"].as_table().unwrap().keys() {
        let name = name.replace('-', "_");
        let known = HOMES.iter().any(|(home, _)| *home == name);
        assert!(
            known || EVERYWHERE.contains(&name.as_str()),
            "the dependency {name} has no home\n\n{LESSON}"
        );
    }
}

#[test]
fn the_document_shows_the_same_table() {
    let document = read("docs/architecture.md");
    for (at, rooms) in ROWS.iter().enumerate() {
        for room in *rooms {
            let line =
                document.lines().find(|line| line.starts_with(&format!("| {at} | `{room}`")));
            assert!(line.is_some(), "docs/architecture.md has no line \"| {at} | `{room}` …\"");
            for (name, _) in HOMES.iter().filter(|(_, homes)| homes.contains(room)) {
                assert!(
                    line.is_some_and(|line| line.contains(&format!("`{name}`"))),
                    "docs/architecture.md, room {room}: `{name}` is missing"
                );
            }
        }
    }
}

fn row(room: &str) -> Option<usize> {
    ROWS.iter().position(|rooms| rooms.contains(&room))
}

/// What a room may import.
fn above(room: &str, row: usize) -> Vec<&'static str> {
    let mut above: Vec<_> = ROWS[..row.max(1)].concat();
    if BESIDE.0 == room {
        above.push(BESIDE.1);
    }
    above
}

fn reaches(
    edges: &BTreeMap<String, BTreeSet<String>>,
    from: &str,
    to: &str,
    seen: &mut BTreeSet<String>,
) -> bool {
    edges
        .get(from)
        .into_iter()
        .flatten()
        .any(|next| next == to || (seen.insert(next.clone()) && reaches(edges, next, to, seen)))
}

/// A file of the library or program, without comments, texts and test code.
struct Source {
    name: String,
    room: String,
    code: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs_err::read_to_string(root().join(name)).unwrap()
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    assert!(files.len() > 50, "only {} files were found", files.len());
    let source = |path: &PathBuf| {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let room = name.trim_start_matches("src/").split(['/', '.']).next().unwrap().to_owned();
        Source { code: without_tests(&code_of(&read(&name))), name, room }
    };
    files.iter().map(source).filter(|source| source.room != "lib").collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in entries.collect::<BTreeSet<_>>() {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

impl Source {
    /// The program itself stands below all rooms.
    fn row(&self) -> usize {
        row(&self.room).unwrap_or(ROWS.len())
    }

    /// What is named after `root::`, with line numbers: `a` and `b` in `use root::{a::x, b};`. A bare
    /// `use root;` counts as itself.
    fn imports(&self, root: &str) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices(root) {
            let (before, after) = (&self.code[..at], &self.code[at + root.len()..]);
            if before.ends_with(|c: char| is_word(c) || c == ':' || c == '.') {
                continue;
            }
            let line = before.matches('\n').count() + 1;
            if let Some(path) = after.strip_prefix("::") {
                found.extend(heads(path).into_iter().map(|head| (head, line)));
            } else if before.ends_with("use ") && after.starts_with([';', ' ']) {
                found.push((root.to_owned(), line));
            }
        }
        found
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first name of a path, or of each path of a group.
fn heads(path: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| is_word(*c)).collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![word(path)] };
    let (mut heads, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                heads.push(word(group[start..at].trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

/// The text with comments and the insides of texts blanked, line by line as before.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_text(rest).filter(|_| !code.ends_with(is_word)) {
            length
        } else if c == '"' {
            quoted(rest, '"')
        } else if c == '\'' && (rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'')) {
            quoted(rest, '\'')
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        code.extend(rest[..skip].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[skip..];
    }
    code
}

/// Length of a raw text (`r"…"`, `r#"…"#`) at the start.
fn raw_text(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('r')?;
    let hashes = inner.len() - inner.trim_start_matches('#').len();
    inner[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = 1 + hashes + 1;
    Some(start + text[start..].find(&end)? + end.len())
}

/// Length of a quoted text at the start, quotes included.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The code without items under `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) =
        rest.find("#[cfg(test)]").into_iter().chain(rest.find("#[cfg(all(test")).min()
    {
        kept.push_str(&rest[..at]);
        let length = item(&rest[at..]);
        kept.extend(rest[at..at + length].chars().filter(|c| *c == '\n'));
        rest = &rest[at + length..];
    }
    kept + rest
}

/// Length of the item at the start: to its semicolon, or to the brace that closes its body.
fn item(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

#[test]
fn the_reader_of_sources_reads() {
    let text = "use crate::{a::x, b, c::{d, e}}; // crate::no\nlet s = \"crate::no\"; let c = '\"';\n\
        #[cfg(test)]\nmod tests { use crate::no; }\nfn f<'a>() { crate::f::g(r#\"crate::no\"#) }\n\
        use std::{fs, io::Read}; use toml; use xtoml::no; my::toml::no();";
    let code = without_tests(&code_of(text));
    let source = Source { name: String::new(), room: String::new(), code };
    let names = |root| source.imports(root).into_iter().map(|(n, _)| n).collect::<Vec<_>>();
    assert_eq!(names("crate"), ["a", "b", "c", "f"]);
    assert_eq!(names("std"), ["fs", "io"]);
    assert_eq!(names("toml"), ["toml"]);
    assert_eq!(source.imports("crate").last().unwrap().1, 5);
}
