//! A place to work in, with keys; the program, started as from a shell; skills from WAT.

use provenact::attest::PrivateKey;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The program under test.
pub const PROVENACT: &str = env!("CARGO_BIN_EXE_provenact");

/// The home folder of all tests: compiled code is cached in it from one test to the next.
pub fn home() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("home");
    fs_err::create_dir_all(&home).unwrap();
    home
}

/// Says on the real standard error, which the test runner does not capture, what was not tested.
pub fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}

/// A variable of the environment that the tests were started in.
#[expect(clippy::disallowed_methods, reason = "tests are configured by the environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The cache of programs, filled; `None` after saying that it could not be.
pub fn programs() -> Option<PathBuf> {
    static CACHE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let fill = || {
        let given = variable("PROVENACT_TEST_CACHE").map(PathBuf::from);
        let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("programs");
        let cache = given.unwrap_or(beside);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/fetch.py");
        let Ok(output) = Command::new("python3").arg(script).arg(&cache).output() else {
            skipped("no python3 to fetch the public programs with");
            return None;
        };
        let ended = Ended::of(output);
        if ended.status == 3 {
            skipped(&format!("public programs cannot be fetched: {}", ended.out().trim_end()));
            return None;
        }
        ended.status(0);
        Some(cache)
    };
    CACHE.get_or_init(fill).clone()
}

/// The flag that denies what `caps`, words for `build`, do not declare.
pub fn without(caps: &str) -> String {
    let is_left = |kind: &&str| !caps.contains(&format!("{kind}=")) && !caps.contains("--deny");
    let left: Vec<&str> = ["fs.read", "fs.write", "net.http"].into_iter().filter(is_left).collect();
    if left.is_empty() { String::new() } else { format!("--deny {}", left.join(",")) }
}

/// How a program ended and what it said.
#[derive(Debug)]
pub struct Ended {
    /// Exit status; above 1000, the signal that ended it.
    pub status: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Ended {
    pub fn of(output: Output) -> Self {
        let signal = || 1000 + output.status.signal().unwrap_or_default();
        Self {
            status: output.status.code().unwrap_or_else(signal),
            stdout: output.stdout,
            stderr: output.stderr,
        }
    }

    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Demands an exit status.
    #[track_caller]
    pub fn status(self, expected: i32) -> Self {
        let (found, err, out) = (self.status, self.err(), self.out());
        assert_eq!(found, expected, "stdout: {out}\nstderr: {err}");
        self
    }

    /// Demands an exit status and a reason in brackets on standard error, and no panic of ours.
    #[track_caller]
    pub fn refused(self, status: i32, reason: &str) -> Self {
        let ended = self.status(status);
        let err = ended.err();
        assert!(err.contains(&format!("[{reason}]")), "no [{reason}] in: {err}");
        assert!(err.contains("\nhint: "), "no hint in: {err}");
        assert!(!err.contains("panicked at"), "{err}");
        ended
    }

    /// Demands text on standard output or standard error.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let both = self.out() + &self.err();
        assert!(both.contains(text), "{text:?} is not in: {both}");
        self
    }
}

/// A fresh directory with the author's and the operator's keys in it.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        static KEYS: OnceLock<[PrivateKey; 3]> = OnceLock::new();
        let keys = KEYS.get_or_init(|| [(); 3].map(|()| PrivateKey::generate().unwrap()));
        let place = Self(tempfile::tempdir().unwrap());
        for (name, key) in ["author", "operator", "stranger"].iter().zip(keys) {
            place.write(&format!("{name}.key.pem"), key.to_pem().unwrap().as_bytes());
            place.mode(&format!("{name}.key.pem"), 0o600);
            place.write(&format!("{name}.pub.pem"), key.public().to_pem().as_bytes());
        }
        place
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs_err::read(self.path(name)).unwrap()
    }

    /// Writes a file, and the folders it lies in.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    }

    pub fn mode(&self, name: &str, mode: u32) {
        let mode = std::fs::Permissions::from_mode(mode);
        fs_err::set_permissions(self.path(name), mode).unwrap();
    }

    /// `program` in this place, with nothing of our environment but the path.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root()).env_clear().env("HOME", home()).stdin(Stdio::null());
        command.env("PATH", variable("PATH").unwrap_or_default());
        command
    }

    /// Runs the program to its end.
    pub fn provenact(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(PROVENACT).args(args).output().unwrap())
    }

    /// As [`Place::provenact`], the command line as one would type it.
    pub fn type_in(&self, line: &str) -> Ended {
        self.provenact(&line.split(' ').collect::<Vec<_>>())
    }

    /// As [`Place::type_in`], with the folder `tools` first on the PATH.
    pub fn type_in_with(&self, tools: &str, line: &str) -> Ended {
        let mut command = self.command(PROVENACT);
        command.env("PATH", format!("{tools}:{}", variable("PATH").unwrap_or_default()));
        Ended::of(command.args(line.split(' ')).output().unwrap())
    }

    /// Runs the program to its end with `input` on standard input.
    pub fn fed(&self, line: &str, input: &[u8]) -> Ended {
        self.write(".input", input);
        let file = fs_err::File::open(self.path(".input")).unwrap().into_parts().0;
        fs_err::remove_file(self.path(".input")).unwrap();
        let mut command = self.command(PROVENACT);
        Ended::of(command.args(line.split(' ')).stdin(file).output().unwrap())
    }

    /// Builds `NAME.skill` from WAT and attests it; `caps` are more words for `build`, and what of
    /// files and URLs is not in them is denied.
    pub fn skill(&self, name: &str, wat: &str, caps: &str) {
        self.write(&format!("{name}.wasm"), wat::parse_str(wat).unwrap());
        let build = format!("build {name}.wasm --name {name} {caps} {}", without(caps));
        self.type_in(&build.split_whitespace().collect::<Vec<_>>().join(" ")).status(0);
        self.type_in(&format!("attest {name}.skill --key author.key.pem")).status(0);
    }

    /// As [`Place::skill`], from `wat/NAME.wat`.
    pub fn skill_of_file(&self, name: &str, caps: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/wat");
        let wat = fs_err::read_to_string(folder.join(format!("{name}.wat"))).unwrap();
        self.skill(name, &wat, caps);
    }

    /// Every file below this place with its bytes, and every directory.
    pub fn tree(&self) -> BTreeMap<String, Option<Vec<u8>>> {
        tree(self.root())
    }
}

/// Every file below `root` with its bytes, every directory and everything else without.
pub fn tree(root: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs_err::symlink_metadata(&path).unwrap().file_type();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            found.insert(name, kind.is_file().then(|| fs_err::read(&path).unwrap()));
            if kind.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

/// The names in a tree, for messages.
pub fn names(tree: &BTreeMap<String, Option<Vec<u8>>>) -> String {
    let mut text = String::new();
    for (name, bytes) in tree {
        let _ = write!(text, "{name} ({:?}) ", bytes.as_ref().map(Vec::len));
    }
    text
}
