//! Paths that try to lead out, in every call that takes a path: the calls are found in the host
//! function table, so that a new row has to be judged here before the test passes.

use super::caller::{DATA, Input, plain};
use super::place::{Prison, outcome};
use super::table::Table;
use provenact::abi::{FUNCTIONS, Function, Length, Role, Show, errno_name};

const CAPS: &str = "--cap fs.read=/d --cap fs.write=/d";
const GRANTS: &str = "--dir d::/d";
/// Rights and flags of `path_open`: `fd_read`, `fd_write`; `creat`, `directory`, `trunc`.
const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 6;
const CREATE: u64 = 1;
const DIRECTORY: u64 = 1 << 1;
const TRUNCATE: u64 = 1 << 3;
/// `lookupflags`: the last link is followed.
const FOLLOW: u64 = 1;

/// One way to hand over a path: a row, which of its parameters, and values of others.
struct Probe {
    name: String,
    row: &'static Function,
    at: usize,
    values: Vec<(usize, u64)>,
}

/// Whether parameter `at` of a row is a path: text, as long as another parameter says; of the `provenact`
/// interface, the first of calls about files.
fn is_path(row: &Function, at: usize) -> bool {
    let is_text = matches!(row.params[at].role, Role::Reads(Length::Param(_), Show::Bytes));
    is_text && (!is_absolute(row) || at == 0 && row.name.starts_with("fs_"))
}

/// Whether a row takes absolute guest paths.
fn is_absolute(row: &Function) -> bool {
    row.module == "provenact"
}

/// Every parameter of every row that is a path, with each set of flags that means something else.
fn probes() -> Vec<Probe> {
    let mut probes = Vec::new();
    for row in FUNCTIONS {
        for (at, param) in row.params.iter().enumerate().filter(|(at, _)| is_path(row, *at)) {
            let mut add = |what: &str, values: Vec<(usize, u64)>| {
                let name = format!("{} {}{what}", row.name, param.name);
                probes.push(Probe { name, row, at, values });
            };
            let flags = row.params.iter().position(|p| matches!(p.name, "flags" | "old_flags"));
            match (row.name, flags) {
                ("path_open", _) => {
                    add(" read", vec![(1, FOLLOW), (5, READ)]);
                    add(" read, no link", vec![(5, READ)]);
                    add(" create", vec![(1, FOLLOW), (4, CREATE), (5, WRITE)]);
                    add(" create, no rights", vec![(1, FOLLOW), (4, CREATE)]);
                    add(" truncate", vec![(1, FOLLOW), (4, TRUNCATE), (5, READ | WRITE)]);
                    add(" directory", vec![(1, FOLLOW), (4, DIRECTORY)]);
                }
                (_, Some(flags)) => {
                    add(" followed", vec![(flags, FOLLOW)]);
                    add("", Vec::new());
                }
                _ => add("", Vec::new()),
            }
        }
    }
    probes
}

/// The hostile paths: a name for the table and the bytes.
fn paths(prison: &Prison) -> Vec<(String, Vec<u8>)> {
    const SHORT: &[&str] = &[
        "",
        ".",
        "..",
        "../",
        "../.",
        "../canary/secret",
        "./../canary/secret",
        "dir/../../canary/secret",
        "dir/..//../canary/secret",
        "dir/./.././../canary/secret",
        "missing/../../canary/secret",
        "file/../../canary/secret",
        "file/",
        "file/.",
        "file/..",
        "dir/",
        "dir/../file",
        "/",
        "//",
        "/d/file",
        "/etc/passwd",
        "//etc/passwd",
        "..\\canary\\secret",
        "C:\\Windows",
        "\\\\?\\C:\\",
        "out",
        "out/",
        "hop",
        "outdir",
        "outdir/",
        "outdir/secret",
        "outdir/inner/../secret",
        "outdir/new",
        "dir/up/secret",
        "abs",
        "absdir/secret",
        "loop",
        "loop/..",
        "proc/cwd/canary/secret",
        "proc/root/etc/passwd",
        "proc/fd/0",
        "root/etc/passwd",
        "root/proc/self/environ",
        "%2e%2e/canary/secret",
        "\u{ff0e}\u{ff0e}/canary/secret",
    ];
    let named = |text: &&str| (format!("{text:?}"), text.as_bytes().to_vec());
    let mut all: Vec<_> = SHORT.iter().map(named).collect();
    let absolute = prison.path("canary/secret").display().to_string();
    let mut add = |name: &str, bytes: Vec<u8>| all.push((name.to_owned(), bytes));
    add("the absolute path of the canary", absolute.into_bytes());
    add("zero byte", b"\0".to_vec());
    add("zero byte after a name", b"file\0".to_vec());
    add("zero byte before a way out", b"file\0/../../canary/secret".to_vec());
    add("zero byte inside of a way out", b"..\0/canary/secret".to_vec());
    add("not UTF-8", b"\xff\xfe".to_vec());
    add("overlong dots", b"\xc0\xae\xc0\xae/canary/secret".to_vec());
    add("half a surrogate", b"\xed\xa0\x80".to_vec());
    add("256 letters", vec![b'a'; 256]);
    add("5000 letters", vec![b'a'; 5000]);
    add("2000 times up", [b"../".repeat(2000), b"canary/secret".to_vec()].concat());
    add("2000 times down and up", [b"dir/../".repeat(2000), b"../canary".to_vec()].concat());
    all
}

impl Probe {
    fn input(&self, path: &[u8]) -> Input {
        let mut args = plain(self.row);
        let mut data = path.to_vec();
        if is_absolute(self.row) && !path.starts_with(b"/") {
            data.splice(0..0, *b"/d/");
        }
        let path = data.clone();
        // The other path, where there are two, is a new name in the granted directory.
        for (at, param) in self.row.params.iter().enumerate() {
            let Role::Reads(Length::Param(len), Show::Bytes) = param.role else { continue };
            if at == self.at {
                (args[at], args[len]) = (DATA.into(), path.len() as u64);
            } else {
                (args[at], args[len]) = (u64::from(DATA) + data.len() as u64, 3);
                data.extend(b"new");
            }
        }
        for (at, value) in &self.values {
            args[*at] = *value;
        }
        Input { args, data }
    }
}

/// Ways out of the granted directory never succeed. What is inside of it, or a new name, may.
fn may_succeed(name: &str) -> bool {
    let inside = [
        "\"\"",
        "\".\"",
        "file",
        "dir/\"",
        "dir/../file",
        "\"..\\\\",
        "C:",
        "\\\\\\\\?",
        "%2e",
        "loop\"",
    ];
    let is_inside = inside.iter().any(|part| name.contains(part)) && !name.contains("../canary");
    // By text this is the granted directory.
    is_inside || name == "\"loop/..\"" || name.contains('\u{ff0e}') || name == "256 letters"
}

/// Removing, renaming, linking or reading a link itself does not follow it; and a link's text is only text.
fn is_about_the_link(probe: &Probe, name: &str) -> bool {
    // A slash at the end is left out of absolute paths.
    let bare = name.replace("/\"", "\"");
    let name = if is_absolute(probe.row) { &bare } else { name };
    let last = ["out\"", "hop\"", "outdir\"", "abs\"", "loop\"", "proc\"", "root\""];
    let is_link = last.iter().any(|link| name.ends_with(link)) && !name.contains('/');
    let is_text = probe.row.name == "path_symlink" && probe.row.params[probe.at].name == "old_path";
    let replaces = !is_absolute(probe.row) || probe.row.name == "fs_write_file";
    (is_link && !probe.name.contains("followed") && probe.row.name != "path_open" && replaces)
        || is_text
}

#[test]
fn no_path_leads_out() {
    let probes = probes();
    assert!(probes.len() >= 15, "{}", probes.len());
    let mut table = Table::default();
    let (mut prison, mut row) = (Prison::new(), "");
    let mut skill = String::new();
    for probe in &probes {
        if row != probe.row.name {
            (prison, row) = (Prison::new(), probe.row.name);
            skill = prison.caller(probe.row, CAPS);
        }
        for (name, path) in paths(&prison) {
            prison.reset();
            let ended = prison.run(&skill, GRANTS, &probe.input(&path).bytes());
            let case = format!("{} {name}", probe.name);
            prison.check(&case, &ended);
            // 107 is what a link itself is: it lies in the granted directory.
            let succeeded = ended.status == 0 || (100..107).contains(&ended.status);
            assert!(
                !succeeded || may_succeed(&name) || is_about_the_link(probe, &name),
                "{case}: succeeded: {}",
                ended.out()
            );
            let errno = u32::try_from(ended.status).unwrap();
            let said = outcome(&ended);
            let said = if said.starts_with("exit ") && errno < 100 {
                format!("{said} {}", errno_name(errno.into()))
            } else {
                said
            };
            table.enter(&case, said);
        }
    }
    table.agrees("paths");
}
