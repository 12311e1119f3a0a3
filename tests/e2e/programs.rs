//! Real programs of real toolchains: what they do under `run` is what they do under plain wasmtime,
//! and a replay from the two files alone does it again.
//!
//! `tests/programs/fetch.py` fetches them, `peer.py` runs the original module with the wasmtime
//! Python package. Without network and cache the tests say that they were skipped.

use super::common::{
    Ended, PROVENACT, Place, home, names, programs, skipped, tree, variable, without,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

macro_rules! programs {
    ($($test:ident = $wasm:literal;)*) => {
        const MODULES: &[&str] = &[$($wasm),*];
        $(
            #[test]
            fn $test() {
                every_entry_of($wasm);
            }
        )*
    };
}
programs! {
    envvar = "envvar.wasm";
    esbuild = "esbuild.wasm";
    icepack = "icepack.wasm";
    icepll = "icepll.wasm";
    mapdir = "mapdir.wasm";
    pandoc = "pandoc.wasm";
    pdfcpu = "pdfcpu.wasm";
    php = "php.wasm";
    pipe_reverse = "pipe_reverse.wasm";
    probe = "probe.wasm";
    python = "python.wasm";
    resinator = "resinator.wasm";
    ruby = "ruby.wasm";
    wc = "wc.wasm";
    yosys55 = "yosys55.wasm";
    yosys70 = "yosys70.wasm";
}

#[test]
fn the_list_shows_what_it_must() {
    let entries = entries();
    let texts = |field: &str| entries.iter().map(|e| e.text(field)).collect::<BTreeSet<_>>();
    assert_eq!(texts("wasm"), MODULES.iter().map(|m| (*m).to_owned()).collect());
    let public: BTreeSet<_> = entries
        .iter()
        .filter(|e| e.text("package") != "own source")
        .map(|e| e.text("wasm"))
        .collect();
    assert!(public.len() >= 8, "{public:?}");
    assert!(texts("toolchain").len() >= 5);
    for wanted in
        ["over-20MB", "reads-files", "writes-files", "clock", "random", "nonzero-exit", "traps"]
    {
        let mut shown =
            entries.iter().filter(|e| !e.flag("slow") && e.list("traits").contains(&wanted));
        assert!(shown.next().is_some(), "no program that is always run shows {wanted}");
    }
}

/// Guest path of a directory, whether it can be written, and the files in it.
type Directory<'a> = (&'a str, bool, BTreeMap<String, Vec<u8>>);

/// One entry of programs.json.
struct Entry(Value);

impl Entry {
    fn text(&self, field: &str) -> String {
        self.0[field].as_str().unwrap().to_owned()
    }

    fn flag(&self, field: &str) -> bool {
        self.0[field].as_bool().unwrap()
    }

    fn list(&self, field: &str) -> Vec<&str> {
        self.0[field].as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
    }

    fn environment(&self) -> Vec<String> {
        let pairs = self.0["env"].as_object().unwrap().iter();
        pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect()
    }

    fn dirs(&self) -> Vec<Directory<'_>> {
        let mut dirs = Vec::new();
        for dir in self.0["dirs"].as_array().unwrap() {
            let files = dir["files"].as_object().unwrap().iter();
            let files = files.map(|(name, text)| (name.clone(), text.as_str().unwrap().into()));
            dirs.push((dir["guest"].as_str().unwrap(), dir["mode"] == "rw", files.collect()));
        }
        dirs
    }
}

fn entries() -> Vec<Entry> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/programs.json");
    let list: Vec<Value> = serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap();
    list.into_iter().map(Entry).collect()
}

fn every_entry_of(wasm: &str) {
    let Some(cache) = programs() else {
        return skipped(&format!("{wasm} was not run"));
    };
    for entry in entries().iter().filter(|entry| entry.text("wasm") == wasm) {
        if entry.flag("slow") && variable("PROVENACT_SLOW").is_none() {
            skipped(&format!("{}: slow; PROVENACT_SLOW=1 runs it", entry.text("name")));
            continue;
        }
        Trial::of(entry, &cache).carry_out();
    }
}

/// What can be seen of one execution from outside.
struct Seen {
    status: i32,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Every file below the directories that could be written.
    files: BTreeMap<String, Option<Vec<u8>>>,
}

struct Trial<'a> {
    entry: &'a Entry,
    cache: &'a Path,
    place: Place,
    name: String,
}

impl<'a> Trial<'a> {
    fn of(entry: &'a Entry, cache: &'a Path) -> Self {
        Self { entry, cache, place: Place::new(), name: entry.text("name") }
    }

    fn carry_out(&self) {
        self.build();
        let ours = self.run("one");
        let peers = self.peer();
        self.same(&ours, &peers);
        self.replay("one", &ours);
        if !self.entry.flag("deterministic") {
            let again = self.run("two");
            let differ = ours.stdout != again.stdout || ours.files != again.files;
            assert!(differ, "{}: two runs that nothing tells apart", self.name);
            let trace = |name: &str| self.place.read(&format!("{name}.trace"));
            assert_ne!(trace("one"), trace("two"), "{}", self.name);
            self.replay("two", &again);
        }
    }

    fn build(&self) {
        let module = self.cache.join(self.entry.text("wasm"));
        let name = self.entry.list("args")[0];
        let mut words = vec!["build", module.to_str().unwrap(), "--name", name, "-o", "a.skill"];
        for capability in self.entry.list("caps") {
            words.extend(["--cap", capability]);
        }
        let denied = without(&words.join(" "));
        words.extend(denied.split_whitespace());
        self.place.provenact(&words).status(0);
        self.place.type_in("attest a.skill --key author.key.pem").status(0);
        self.place.type_in("verify a.skill --pub author.pub.pem").status(0).says("upheld");
    }

    /// Fresh copies of the directories; the words that grant them, and the writable ones.
    fn dirs(&self, label: &str, flags: [&str; 2]) -> (Vec<String>, PathBuf) {
        let writable = format!("{label}-rw");
        fs_err::create_dir_all(self.place.path(&writable)).unwrap();
        let mut words = Vec::new();
        for (at, (guest, writes, files)) in self.entry.dirs().into_iter().enumerate() {
            let host = if writes { format!("{writable}/{at}") } else { format!("{label}-ro/{at}") };
            fs_err::create_dir_all(self.place.path(&host)).unwrap();
            for (name, bytes) in files {
                self.place.write(&format!("{host}/{name}"), bytes);
            }
            words.push(flags[usize::from(!writes)].to_owned());
            words.push(format!("{host}::{guest}"));
        }
        (words, self.place.path(&writable))
    }

    /// Runs the skill, recording `LABEL.json` and `LABEL.trace`.
    fn run(&self, label: &str) -> Seen {
        let (dirs, writable) = self.dirs(label, ["--dir", "--dir-ro"]);
        let mut words: Vec<String> =
            "run --quiet --pub author.pub.pem --key operator.key.pem --receipt"
                .split(' ')
                .map(str::to_owned)
                .collect();
        words.push(format!("{label}.json"));
        words.extend(dirs);
        for variable in self.entry.environment() {
            words.extend(["--env".to_owned(), variable]);
        }
        let allow = self.entry.list("allow");
        if !allow.is_empty() {
            words.extend(["--allow".to_owned(), allow.join(",")]);
        }
        words.push("a.skill".to_owned());
        words.extend(self.entry.list("args").iter().skip(1).map(|word| (*word).to_owned()));
        let mut command = self.place.command(PROVENACT);
        command.args(&words);
        if let Some(text) = self.entry.0["stdin"].as_str() {
            self.place.write("stdin", text);
            command.stdin(fs_err::File::open(self.place.path("stdin")).unwrap().into_parts().0);
        }
        let ended = Ended::of(command.output().unwrap());
        self.seen(ended.status, ended.stdout, ended.stderr, &writable)
    }

    /// Runs the original module with plain wasmtime.
    fn peer(&self) -> Seen {
        let (dirs, writable) = self.dirs("peer", ["--dir", "--ro-dir"]);
        let python = self.cache.join("venv/bin/python");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/peer.py");
        let mut command = self.place.command(python.to_str().unwrap());
        command.arg(script).args(["--cache", "--stdout", "peer.out", "--stderr", "peer.err"]);
        command.arg("--wasm").arg(self.cache.join(self.entry.text("wasm"))).args(dirs);
        for variable in self.entry.environment() {
            command.args(["--env", &variable]);
        }
        if self.entry.0["stdin"].is_string() {
            command.args(["--stdin", "stdin"]);
        }
        command.arg("--").args(self.entry.list("args"));
        let ended = Ended::of(command.output().unwrap()).status(0);
        let verdict: Value = serde_json::from_slice(&ended.stdout).unwrap();
        let status = verdict["exit"].as_i64();
        assert_eq!(status, self.entry.0["expect_exit"].as_i64(), "{}: {verdict}", self.name);
        let trap = verdict["trap"].as_str();
        match self.entry.0["expect_trap"].as_str() {
            None => assert_eq!(trap, None, "{}", self.name),
            Some(text) => assert!(trap.is_some_and(|trap| trap.contains(text)), "{trap:?}"),
        }
        // What ends by a trap or a refused status has no status of its own: ours is 134.
        let status = status.map_or(134, |status| i32::try_from(status).unwrap());
        let (out, err) = (self.place.read("peer.out"), self.place.read("peer.err"));
        self.seen(status, out, err, &writable)
    }

    fn seen(&self, status: i32, stdout: Vec<u8>, stderr: Vec<u8>, writable: &Path) -> Seen {
        Seen { status, stdout, stderr, files: tree(writable) }
    }

    fn same(&self, ours: &Seen, peers: &Seen) {
        let name = &self.name;
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Some(denied) = self.entry.0["denied"].as_str() {
            // Plain wasmtime answers with an errno what we refuse to do at all.
            assert_eq!(ours.status, 126, "{name}");
            assert!(lossy(&ours.stderr).contains(denied), "{name}: {}", lossy(&ours.stderr));
            return;
        }
        assert_eq!(ours.status, peers.status, "{name}: {}", lossy(&ours.stderr));
        assert_eq!(names_of(ours), names_of(peers), "{name}: names of files");
        if !self.entry.flag("deterministic") {
            return;
        }
        assert_eq!(lossy(&ours.stdout), lossy(&peers.stdout), "{name}: standard output");
        assert!(
            ours.files == peers.files,
            "{name}: {}\n{}",
            names(&ours.files),
            names(&peers.files)
        );
        // After a trap our own error line follows what the guest said.
        let said = lossy(&ours.stderr);
        let guests = if ours.status == 134 { said.rfind("error: ") } else { None };
        assert_eq!(&said[..guests.unwrap_or(said.len())], lossy(&peers.stderr), "{name}: stderr");
    }

    /// Replays from the two files alone, in an empty directory, with another environment.
    fn replay(&self, label: &str, ours: &Seen) {
        let audit = Place::new();
        for end in ["json", "trace"] {
            let file = format!("{label}.{end}");
            fs_err::copy(self.place.path(&file), audit.path(&file)).unwrap();
        }
        for end in ["rw", "ro"] {
            // The inputs are gone.
            let _ = fs_err::remove_dir_all(self.place.path(&format!("{label}-{end}")));
        }
        let mut command = Command::new(PROVENACT);
        command.current_dir(audit.root()).env_clear().env("XDG_CACHE_HOME", home().join(".cache"));
        command.env("TZ", "Pacific/Kiritimati").env("LANG", "tr_TR.UTF-8").env("GREETING", "no");
        command.args(["replay", &format!("{label}.json"), "--pub", "operator.pub.pem"]);
        command.args(["--out", "out"]);
        let ended = Ended::of(command.output().unwrap()).status(0).says(": reproduced, ");
        ended.says("authenticity: verified by operator");
        assert!(audit.read("out/stdout") == ours.stdout, "{}: replayed output", self.name);
        let said = audit.read("out/stderr");
        assert!(ours.stderr.starts_with(&said), "{}: replayed standard error", self.name);
        self.reproduced_files(&audit, ours);
    }

    /// Files that were not there before the run come out of the replay whole.
    fn reproduced_files(&self, audit: &Place, ours: &Seen) {
        let writable = self.entry.dirs();
        for (path, bytes) in &ours.files {
            let Some(bytes) = bytes else { continue };
            let (at, inside) = path.split_once('/').unwrap();
            let (guest, _, inputs) = &writable[at.parse::<usize>().unwrap()];
            if inputs.contains_key(inside) {
                continue;
            }
            let file = format!("out/files{}/{inside}", guest.trim_end_matches('/'));
            assert!(audit.read(&file) == *bytes, "{}: {file}", self.name);
        }
    }
}

fn names_of(seen: &Seen) -> Vec<&String> {
    seen.files.keys().collect()
}
