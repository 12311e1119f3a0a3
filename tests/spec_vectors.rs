//! Holds specs, vectors and tests together: each sentence of `spec/*.md` with MUST has an id, each
//! id is covered by a vector or by a test that names it, and nothing covers an id that is not there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Documents that hold no requirements of their own: tables that are made from code, and the threat model,
/// which `tests/threat_model.rs` reads.
const TABLES: [&str; 4] = ["host-functions", "limits", "reasons", "threat-model"];

#[test]
fn each_requirement_has_an_id_and_is_covered() {
    let mut wrong = Vec::new();
    let required = requirements(&mut wrong);
    let covered = coverings(&mut wrong);
    for (id, place) in &required {
        if !covered.contains_key(id) {
            wrong.push(format!("{place}: nothing covers [{id}]"));
        }
    }
    for (id, places) in covered.iter().filter(|(id, _)| !required.contains_key(*id)) {
        wrong.push(format!("{places:?} covers {id}, which no spec has"));
    }
    assert!(required.len() > 100, "only {} requirements were found", required.len());
    assert!(
        wrong.is_empty(),
        "\n{}\n\nA vector covers a requirement by a header line `covers: NAME-n` under testvectors/, a test by a \
         doc comment `/// covers: NAME-n` right above #[test].",
        wrong.join("\n")
    );
}

/// The ids of all requirements, with the document where they stand.
fn requirements(wrong: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut required = BTreeMap::new();
    for path in files("spec").into_iter().filter(|path| path.extension().is_some_and(|e| e == "md"))
    {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if TABLES.contains(&stem.as_str()) {
            continue;
        }
        let place = format!("spec/{stem}.md");
        let text = fs_err::read_to_string(&path).unwrap();
        for section in ["## Conventions", "## Format", "## Limits", "## Security considerations"] {
            if !text.lines().any(|line| line == section) {
                wrong.push(format!("{place}: has no section {section:?}"));
            }
        }
        for sentence in sentences(&text).iter().filter(|sentence| demands(sentence)) {
            let ids = ids(sentence, &stem);
            if ids.is_empty() {
                wrong.push(format!("{place}: a requirement without an id: {sentence}"));
            }
            for id in ids {
                if required.insert(id.clone(), place.clone()).is_some() {
                    wrong.push(format!("{place}: [{id}] stands twice"));
                }
            }
        }
    }
    required
}

fn demands(sentence: &str) -> bool {
    let word = sentence.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word == "MUST");
    word && !sentence.contains("MUST has the meaning")
}

/// The sentences of a document: code blocks, code spans and table frames are left out.
fn sentences(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    let mut in_code = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        let starts = line.starts_with(['-', '#', '|']) || line.trim().is_empty() || fence;
        if starts {
            blocks.push(String::new());
        }
        if !in_code && !fence {
            let block = blocks.last_mut().unwrap();
            block.push_str(line.trim());
            block.push(' ');
        }
    }
    let plain = |block: &String| block.split('`').step_by(2).collect::<Vec<_>>().join("…");
    blocks
        .iter()
        .flat_map(|block| plain(block).split_inclusive(". ").map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// `NAME-n` of each `[NAME-n]`, where a document about passes has ids of each of them.
fn ids(sentence: &str, name: &str) -> Vec<String> {
    const PASSES: [&str; 4] = ["relaxed", "nan", "stack", "growth"];
    let inside = sentence.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
    let id = |text: &str| {
        let (document, number) = text.rsplit_once('-')?;
        let known = document == name || (name == "portable" && PASSES.contains(&document));
        (known && number.parse::<u32>().is_ok()).then(|| text.to_owned())
    };
    inside.filter_map(|(text, _)| id(text)).collect()
}

/// The ids that vectors and tests cover, with where they do.
fn coverings(wrong: &mut Vec<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut covered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |list: &str, path: &Path| {
        let place = path.strip_prefix(root()).unwrap().display().to_string();
        for id in list.split(',').map(|id| id.trim().to_owned()) {
            covered.entry(id).or_default().insert(place.clone());
        }
    };
    for path in files("testvectors") {
        header(&path, |list| add(list, &path));
    }
    for path in files("src").into_iter().chain(files("tests")) {
        if path.extension().is_none_or(|end| end != "rs") || path.ends_with("spec_vectors.rs") {
            continue;
        }
        let text = fs_err::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(list) = line.strip_prefix("/// covers: ") else { continue };
            add(list, &path);
            let is_attribute = |line: &&&str| line.starts_with("///") || line.starts_with("#[");
            if !lines[at..].iter().take_while(is_attribute).any(|line| *line == "#[test]") {
                wrong.push(format!("{}:{}: covers without #[test]", path.display(), at + 1));
            }
        }
    }
    covered
}

/// Gives the `covers` lines of a vector's header to `found`.
fn header(path: &Path, mut found: impl FnMut(&str)) {
    let bytes = fs_err::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let bare =
        |line: &'static str| move |text: &str| text.trim_start_matches(";; ").starts_with(line);
    if !text.lines().next().is_some_and(bare("expect: ")) {
        return;
    }
    for line in text.lines().take_while(|line| !line.is_empty()) {
        if let Some(list) = line.trim_start_matches(";; ").strip_prefix("covers: ") {
            found(list);
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the repository.
fn files(folder: &str) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

#[test]
fn the_reader_of_specs_reads() {
    let text = "- A MUST b `x. y` c; d [t-1]. e MUST f.\n  [t-2]\n\n```\nMUST\n```\n| a | MUST [t-3] |\n`MUST`.\n";
    let found: Vec<_> = sentences(text).into_iter().filter(|s| demands(s)).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(ids(&found[0], "t"), ["t-1"]);
    assert!(ids(&found[1], "t").is_empty(), "{found:?}");
    assert_eq!(ids(&found[2], "t"), ["t-3"]);
}
