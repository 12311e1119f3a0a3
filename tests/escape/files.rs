//! Hostile modules, one a file in `wat/`. Its header says what is built and run and what comes of it:
//!
//! ```text
//! ;; What it tries.
//! ;; build: --cap fs.read=/d
//! ;; run: --dir-ro d::/d
//! ;; expect: exit 44
//! ```
//!
//! A file that begins with `(prelude)` after its header gets every WASI function by its name, and a
//! memory of one page. What can be run is recorded and replayed too: hostile or not, it is reproduced.

use super::common::{Ended, PROVENACT};
use super::place::{Prison, outcome};
use provenact::abi::{FUNCTIONS, ValType};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

struct File {
    name: String,
    text: String,
    build: String,
    run: String,
    expect: String,
}

impl File {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs_err::read_to_string(path).unwrap();
        let field = |key: &str| {
            let start = format!(";; {key}: ");
            let line = text.lines().find_map(|line| line.strip_prefix(start.as_str()));
            line.unwrap_or_default().to_owned()
        };
        let (build, run, expect) = (field("build"), field("run"), field("expect"));
        assert!(!expect.is_empty(), "{name} expects nothing");
        assert!(text.starts_with(";; ") && !text.starts_with(";; build"), "{name} says nothing");
        Self { name, build, run, expect, text: text.replace("(prelude)", &prelude()) }
    }
}

/// Every function of WASI preview 1, named as it is, and a memory.
fn prelude() -> String {
    let mut text = String::new();
    for row in FUNCTIONS.iter().filter(|row| row.module == "wasi_snapshot_preview1") {
        let params = row.params.iter().map(|param| match param.ty {
            ValType::I32 => "i32",
            ValType::I64 => "i64",
            ValType::F64 => "f64",
        });
        let params: Vec<_> = params.collect();
        let result = if row.result().is_some() { "(result i32)" } else { "" };
        let name = row.name;
        let _ = write!(
            text,
            "(import \"{}\" \"{name}\" (func ${name} (param {}) {result}))",
            row.module,
            params.join(" ")
        );
    }
    text + "(memory (export \"memory\") 1)"
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/escape/wat");
    let mut paths: Vec<_> =
        fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

impl Prison {
    /// Runs `NAME.skill` and keeps its evidence.
    fn record(&self, file: &File) -> Ended {
        let line = format!(
            "run --quiet --allow-unsigned --force --key operator.key.pem --receipt evidence/r.json {} {}.skill",
            file.run, file.name
        );
        let words: Vec<&str> = line.split_whitespace().collect();
        Ended::of(self.place().command(PROVENACT).args(words).output().unwrap())
    }
}

#[test]
fn hostile_modules_come_to_what_their_headers_say() {
    let files = files();
    assert!(files.len() >= 40, "{}", files.len());
    let mut wrong = String::new();
    for path in &files {
        let file = File::read(path);
        let prison = Prison::new();
        fs_err::create_dir(prison.path("evidence")).unwrap();
        let wasm = wat::parse_str(&file.text).unwrap_or_else(|e| panic!("{}: {e}", file.name));
        let built = prison.build(&file.name, &wasm, &file.build);
        let found = if built.status == 0 {
            let ended = prison.record(&file);
            let found = outcome(&ended);
            let has_evidence = prison.place().exists("evidence/r.json");
            let replayed = has_evidence
                .then(|| prison.place().type_in("replay evidence/r.json --pub operator.pub.pem"));
            fs_err::remove_dir_all(prison.path("evidence")).unwrap();
            prison.check(&file.name, &ended);
            if let Some(replayed) = replayed {
                prison.check(&file.name, &replayed);
                // What was cut short is reproduced as far as it went.
                let expected = if found.ends_with("interrupted") { 2 } else { 0 };
                if replayed.status != expected {
                    let _ = writeln!(
                        wrong,
                        "{}: replay: {}",
                        file.name,
                        replayed.out() + &replayed.err()
                    );
                }
            }
            found
        } else {
            fs_err::remove_dir_all(prison.path("evidence")).unwrap();
            prison.check(&file.name, &built);
            format!("build {}", outcome(&built))
        };
        if found != file.expect {
            let _ = writeln!(wrong, "{}: expected {}, found {found}", file.name, file.expect);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
