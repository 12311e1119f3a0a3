//! A place with a granted directory, a neighbour that may only be written, and a canary outside.

use super::common::{Ended, PROVENACT, Place, tree, without};
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// What the canary holds: wherever it shows, something was read that must not be.
pub const SECRET: &str = "the canary sings";
/// What the file holds that the guest may read.
pub const OPEN: &str = "anybody may read this";

/// A granted directory `d`, a directory `w`, and beside them what nobody granted.
pub struct Prison {
    place: Place,
    outside: BTreeMap<String, Option<Vec<u8>>>,
}

impl Prison {
    pub fn new() -> Self {
        let place = Place::new();
        place.write("canary/secret", SECRET);
        place.write("canary/inner/secret", SECRET);
        let mut prison = Self { place, outside: BTreeMap::new() };
        prison.reset();
        prison.outside = prison.outside();
        prison
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path(name)
    }

    /// Makes the granted directories as they were at first: files, a directory, and links that lead
    /// out in every way.
    pub fn reset(&self) {
        for name in ["d", "w"] {
            if self.place.exists(name) {
                fs_err::remove_dir_all(self.path(name)).unwrap();
            }
        }
        self.place.write("d/file", OPEN);
        self.place.write("d/dir/inner", OPEN);
        self.place.write("w/secret", SECRET);
        let canary = self.path("canary");
        let outside = canary.display();
        for (name, to) in [
            ("out", "../canary/secret".to_owned()),
            ("outdir", "../canary".to_owned()),
            ("dir/up", "../../canary".to_owned()),
            ("abs", format!("{outside}/secret")),
            ("absdir", outside.to_string()),
            ("proc", "/proc/self".to_owned()),
            ("root", "/".to_owned()),
            ("loop", "loop".to_owned()),
            ("hop", "outdir/secret".to_owned()),
        ] {
            symlink(to, self.path("d").join(name)).unwrap();
        }
    }

    /// Builds `NAME.skill`.
    pub fn build(&self, name: &str, wasm: &[u8], caps: &str) -> Ended {
        self.place.write(&format!("{name}.wasm"), wasm);
        let without = without(caps);
        let stores = "--deny kv.read,kv.write,queue.publish,queue.consume";
        let line = format!("build {name}.wasm --name {name} {caps} {without} {stores}");
        self.place.type_in(&line.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Runs `NAME.skill` with `options` and `input` on standard input.
    pub fn run(&self, name: &str, options: &str, input: &[u8]) -> Ended {
        self.run_with(name, &format!("--no-receipt {options}"), input)
    }

    /// As [`Prison::run`]. It is recorded, and the replay reproduces it.
    #[track_caller]
    pub fn run_and_replay(&self, name: &str, options: &str, input: &[u8]) -> Ended {
        let evidence = self.path("evidence");
        fs_err::create_dir(&evidence).unwrap();
        let ended = self.run_with(name, &format!("--receipt evidence/r.json {options}"), input);
        let replayed = self.place.type_in("replay evidence/r.json");
        fs_err::remove_dir_all(&evidence).unwrap();
        assert_eq!(replayed.status, 0, "{}: {}{}", outcome(&ended), replayed.out(), replayed.err());
        ended
    }

    fn run_with(&self, name: &str, options: &str, input: &[u8]) -> Ended {
        let line = format!("run --quiet --allow-unsigned {options} {name}.skill");
        let words: Vec<&str> = line.split_whitespace().collect();
        self.place.write("input", input);
        let stdin = fs_err::File::open(self.path("input")).unwrap().into_parts().0;
        fs_err::remove_file(self.path("input")).unwrap();
        let mut command = self.place.command(PROVENACT);
        Ended::of(command.args(words).stdin(stdin).output().unwrap())
    }

    /// Demands that nothing outside was read, changed, made or removed, that `ended` is no panic and no
    /// signal, and that nothing of ours was left about.
    #[track_caller]
    pub fn check(&self, case: &str, ended: &Ended) {
        let (out, err) = (ended.out(), ended.err());
        assert!(
            !out.contains(SECRET) && !err.contains(SECRET),
            "{case}: the canary was read: {out}"
        );
        assert!(ended.status != 101 && !err.contains("panicked"), "{case}: a panic: {err}");
        assert!(ended.status < 1000, "{case}: signal {}: {err}", ended.status - 1000);
        let now = self.outside();
        let changed: Vec<&String> =
            (now.iter().filter(|(name, is)| self.outside.get(*name) != Some(is)))
                .chain(self.outside.iter().filter(|(name, _)| !now.contains_key(*name)))
                .map(|(name, _)| name)
                .collect();
        assert!(
            changed.is_empty(),
            "{case}: outside of the granted directory changed: {changed:?}"
        );
    }

    /// Everything beside the granted directories, in which somebody may be at work, and what the test
    /// itself makes.
    fn outside(&self) -> BTreeMap<String, Option<Vec<u8>>> {
        let mut all = BTreeMap::new();
        for entry in fs_err::read_dir(self.place.root()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if ["d", "w"].contains(&name.as_str())
                || name.ends_with(".skill")
                || name.ends_with(".wasm")
            {
                continue;
            }
            if path.is_dir() {
                let below = tree(&path).into_iter();
                all.extend(below.map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
                all.insert(name, None);
            } else {
                all.insert(name, fs_err::read(&path).ok());
            }
        }
        all
    }
}

/// What a command came to, in words: `exit 8`, `refused 126 capability-denied`.
pub fn outcome(ended: &Ended) -> String {
    let err = ended.err();
    match err.lines().find(|line| line.starts_with("error: ")) {
        Some(line) => {
            let reason = line.rsplit_once('[').and_then(|(_, end)| end.split_once(']'));
            format!("refused {} {}", ended.status, reason.map_or("?", |(reason, _)| reason))
        }
        None => format!("exit {}", ended.status),
    }
}
