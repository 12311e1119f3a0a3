//! Runs every `console` block of README.md and docs/: what the documents show is what happens.
//!
//! A line `$ command` is run by `sh -c` in a folder of the document's own, with the built `provenact`
//! on the PATH and the user's folders inside; the lines after it are its standard output and standard
//! error, in that order of streams. `? 1` right after the command is its exit status when that is not
//! 0. `[..]` stands for any text within a line, a line `...` for any lines. A backslash at the end of
//! a command continues it. The blocks of one document share the folder.
//!
//! A block that begins with `# needs: X` is left out, loudly, when X is not there: `programs` is the
//! cache that `tests/programs/fetch.py` fills, anything else a program on the PATH.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The document that must name the way to run the tests, and how it names it.
const TESTS: &str = "cargo test --release";

#[test]
fn what_the_documents_show_happens() {
    let mut wrong = Vec::new();
    let mut commands = 0;
    for document in documents() {
        let folder = tempfile::tempdir().unwrap();
        let name = document.strip_prefix(root()).unwrap().display().to_string();
        for block in blocks(&fs_err::read_to_string(&document).unwrap()) {
            if let Some(missing) = block.needs.iter().find(|need| !is_there(need)) {
                skipped(&format!(
                    "{name}:{}: {missing} is not there; this block was NOT run",
                    block.line
                ));
                continue;
            }
            for step in &block.steps {
                commands += 1;
                if let Some(fault) = run(step, folder.path()) {
                    wrong.push(format!("{name}:{}: $ {}\n{fault}", step.line, step.command));
                }
            }
        }
    }
    assert!(commands > 10, "only {commands} commands were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The commands by which README.md says to begin, and how the project tests itself, are the same.
#[test]
fn the_test_command_is_the_one_that_is_run_by_the_project() {
    let readme = fs_err::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(&format!("$ {TESTS}\n")), "README.md does not say {TESTS:?}");
    match fs_err::read_to_string(root().join(".ci/run")) {
        Ok(script) => {
            let said = script.lines().any(|line| line.split('#').next().unwrap().contains(TESTS));
            assert!(said, ".ci/run does not run {TESTS:?}");
        }
        Err(_) => skipped("there is no .ci/run to compare with"),
    }
}

/// Says what was left out, past the test runner, which keeps the output of tests that pass to itself.
fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}

/// One `console` block.
struct Block {
    line: usize,
    needs: Vec<String>,
    steps: Vec<Step>,
}

/// A command with what it must print.
struct Step {
    line: usize,
    command: String,
    status: i32,
    expected: Vec<String>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let mut documents: Vec<PathBuf> =
        ["README.md", "SECURITY.md", "CONTRIBUTING.md"].map(|name| root().join(name)).to_vec();
    for folder in ["docs", "spec"] {
        let entries = fs_err::read_dir(root().join(folder)).unwrap();
        documents.extend(entries.map(|entry| entry.unwrap().path()));
    }
    documents.retain(|path| path.extension().is_some_and(|end| end == "md"));
    documents.sort();
    documents
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().zip(1..);
    while let Some((line, at)) = lines.next() {
        if line == "```console" {
            let inside = lines.by_ref().take_while(|(line, _)| *line != "```");
            blocks.push(block(at, inside));
        }
    }
    blocks
}

fn block<'a>(line: usize, inside: impl Iterator<Item = (&'a str, usize)>) -> Block {
    let mut block = Block { line, needs: Vec::new(), steps: Vec::new() };
    let mut continued = false;
    for (text, line) in inside {
        match (text.strip_prefix("$ "), block.steps.last_mut()) {
            (_, Some(step)) if continued => {
                step.command.push('\n');
                step.command.push_str(text);
            }
            (Some(command), _) => block.steps.push(Step {
                line,
                command: command.to_owned(),
                status: 0,
                expected: Vec::new(),
            }),
            (None, Some(step)) => match text.strip_prefix("? ") {
                Some(status) if step.expected.is_empty() => step.status = status.parse().unwrap(),
                _ => step.expected.push(text.to_owned()),
            },
            (None, None) => {
                let needs = text.strip_prefix("# needs: ").unwrap_or_default();
                block.needs.extend(needs.split_whitespace().map(str::to_owned));
            }
        }
        let in_command = block.steps.last().is_some_and(|step| step.expected.is_empty());
        continued = in_command && text.ends_with('\\');
    }
    block
}

/// The cache of public programs.
#[expect(clippy::disallowed_methods, reason = "the tests' own setting, as in fetch.py")]
fn programs() -> PathBuf {
    let own = std::env::var_os("PROVENACT_TEST_CACHE").filter(|value| !value.is_empty());
    own.map_or_else(|| root().join("target/programs"), PathBuf::from)
}

fn is_there(need: &str) -> bool {
    if need == "programs" {
        return programs().join("venv").is_dir() && programs().join("python.wasm").is_file();
    }
    let found = Command::new("sh").arg("-c").arg(format!("command -v {need}")).output();
    found.is_ok_and(|output| output.status.success())
}

/// Runs a command; what differs from the document, if anything does.
fn run(step: &Step, folder: &Path) -> Option<String> {
    let installed = step.command.replace("cargo run --release -- ", "provenact ");
    if installed.starts_with("cargo ") {
        // The tests do not start themselves; another test looks at this command.
        return (installed != TESTS).then(|| "is not a command that the tests know".to_owned());
    }
    let output = Command::new("sh")
        .args(["-c", &installed])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path())
        .env("HOME", folder)
        .env("PROGRAMS", programs())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let printed: Vec<&str> = out.lines().chain(err.lines()).map(str::trim_end).collect();
    let expected: Vec<&str> = step.expected.iter().map(|line| line.trim_end()).collect();
    if output.status.code() != Some(step.status) {
        return Some(format!("ended with {}:\n{out}{err}", output.status));
    }
    (!matches(&expected, &printed)).then(|| format!("printed:\n{out}{err}"))
}

/// The PATH with the folder of the built program first.
#[expect(clippy::disallowed_methods, reason = "the documents' commands are looked up as usual")]
fn path() -> std::ffi::OsString {
    let program = Path::new(env!("CARGO_BIN_EXE_provenact")).parent().unwrap().to_path_buf();
    let usual = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(program).chain(std::env::split_paths(&usual))).unwrap()
}

/// Whether printed lines are the expected ones; `...` stands for any lines. Blank lines at the end of
/// a block say nothing.
fn matches(expected: &[&str], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((&"...", rest)) => (0..=printed.len()).any(|at| matches(rest, &printed[at..])),
        Some((line, rest)) => match printed.split_first() {
            Some((found, others)) => fits(line, found) && matches(rest, others),
            None => line.is_empty() && matches(rest, printed),
        },
    }
}

/// Whether a line fits a pattern in which `[..]` stands for any text.
fn fits(pattern: &str, line: &str) -> bool {
    match pattern.split_once("[..]") {
        None => pattern == line,
        Some((start, rest)) => line.strip_prefix(start).is_some_and(|line| {
            line.char_indices().any(|(at, _)| fits(rest, &line[at..])) || fits(rest, "")
        }),
    }
}

#[test]
fn the_reader_of_documents_reads() {
    let text = "```console\n# needs: a b\n$ x \\\n  y\n? 3\nout\n...\n\n$ z\n```\n";
    let block = &blocks(text)[0];
    assert_eq!(block.needs, ["a", "b"]);
    let shown: Vec<_> =
        block.steps.iter().map(|s| (s.command.as_str(), s.status, s.line)).collect();
    assert_eq!(shown, [("x \\\n  y", 3, 3), ("z", 0, 9)]);
    assert!(
        matches(&["out", "...", ""], &["out"]) && matches(&["out", "...", ""], &["out", "b", "c"])
    );
    assert!(!matches(&["out"], &["out", "b"]) && !matches(&["out"], &[]));
    assert!(fits("a [..] c", "a b c") && fits("a[..]", "a") && !fits("a[..]c", "ab"));
}
