//! What real compilers leave in a module: left out where it executes nothing, caught where it does.

use super::common::{Ended, Place, programs};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

const HELLO: &str = r#"#include <stdio.h>
int main(void) { puts("hello"); return 0; }
"#;
const ASSERTS: &str = r#"#include <assert.h>
#include <stdio.h>
int main(int count, char **words) { assert(count < 9); puts(__FILE__); return words == 0; }
"#;
const NAMED: &str = "const char *volatile file = __FILE__;\nvoid _start(void) { file++; }\n";
const DATED: &str =
    "const char *volatile when = __DATE__ \" \" __TIME__;\nvoid _start(void) { when++; }\n";
const SEEDED: &str = "volatile unsigned long long seed;\nvoid _start(void) { seed = SEED; }\n";
/// A program without a library, which would be compiled first.
const BARE: &str =
    "-target wasm32-freestanding -nostdlib -Wl,--no-entry -Wl,--export=_start -Os -s";
/// zig makes an error of a date otherwise.
const DATES: &str = "-Wno-date-time";

fn zig() -> Option<PathBuf> {
    Some(programs()?.join("tools/zig/ziglang/zig"))
}

/// A user: a folder of the source, a home, a mask, and what is not random but could be.
struct User {
    source: &'static str,
    home: &'static str,
    umask: &'static str,
    epoch: &'static str,
    seed: &'static str,
}

const ALICE: User = User {
    source: "home/alice/clock",
    home: "home/alice",
    umask: "022",
    epoch: "1600000000",
    seed: "0x9e3779b97f4a7c15",
};
const BOB: User = User {
    source: "srv/builds/of/bob/clock-2",
    home: "home/bob",
    umask: "077",
    epoch: "1700000000",
    seed: "0x3c6ef372fe94f82b",
};

impl User {
    /// Compiles `text` as NAME.c with `zig cc`; a word `{dir}` is the folder of the source.
    fn compile(&self, place: &Place, name: &str, text: &str, flags: &str) -> PathBuf {
        let Self { source, home, umask, epoch, seed } = self;
        place.write(&format!("{source}/{name}.c"), text);
        fs_err::create_dir_all(place.path(home)).unwrap();
        let dir = place.path(source).display().to_string();
        let flags = flags.replace("{dir}", &dir);
        let line = format!("umask {umask} && exec \"$@\" -DSEED={seed}ULL {flags} -o {name}.wasm");
        let mut command = place.command("sh");
        command.args(["-c", &line, "sh", zig().unwrap().to_str().unwrap(), "cc"]);
        command.env("HOME", place.path(home)).env("SOURCE_DATE_EPOCH", epoch).current_dir(dir);
        Ended::of(command.output().unwrap()).status(0);
        place.path(&format!("{source}/{name}.wasm"))
    }
}

/// The module that both users compile of one program.
fn both(place: &Place, name: &str, text: &str, flags: &str) -> [String; 2] {
    [ALICE, BOB].map(|user| user.compile(place, name, text, flags).display().to_string())
}

/// The canonical digests of the bundles made of two modules.
fn digests(place: &Place, modules: &[String; 2]) -> [Value; 2] {
    ["a.skill", "b.skill"].map(|bundle| {
        let module = &modules[usize::from(bundle == "b.skill")];
        let line = format!("build {module} --name same -o {bundle} --force --format json");
        let report: Value = serde_json::from_slice(&place.type_in(&line).status(0).stdout).unwrap();
        report["module"].clone()
    })
}

#[test]
fn two_users_get_one_digest_of_one_c_program_and_diff_names_what_they_leak() {
    if zig().is_none() {
        return;
    }
    let place = Place::new();
    let modules = both(&place, "hello", HELLO, "-target wasm32-wasi -g hello.c");
    let [a, b] = modules.clone().map(|path| fs_err::read(path).unwrap());
    assert!(a != b, "the companion alone could tell the users apart, and does not");
    // Each has a home, and the compiler heeded the masks there.
    let caches = [ALICE, BOB].map(|user| place.path(user.home).join(".cache/zig"));
    let modes = caches.map(|path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777);
    assert_eq!(modes, [0o755, 0o700]);
    let [a, b] = digests(&place, &modules);
    assert_eq!(a, b);
    place.type_in(&format!("diff {}", modules.join(" "))).status(1).says("custom sections only");
    place.type_in("diff a.skill b.skill").status(1).says("manifests    the same");

    let diff = |name: &str, text: &str, flags: &str| {
        let modules = both(&place, name, text, flags);
        let [a, b] = digests(&place, &modules);
        assert_ne!(a, b, "{name}");
        place.type_in(&format!("diff {}", modules.join(" "))).status(1)
    };
    // With the flags of before, for which the library was compiled.
    diff("asserts", ASSERTS, "-target wasm32-wasi -g {dir}/asserts.c")
        .says("looks like a path")
        .says("alice/clock/asserts.c")
        .says("likely cause built in different folders\n")
        .says("avoid it: clang: -ffile-prefix-map=FOLDER=.");
    diff("dated", DATED, &format!("{BARE} {DATES} dated.c"))
        .says("looks like a date or time")
        .says("A \"Sep 13 2020 12:26:40\"")
        .says("B \"Nov 14 2023 22:13:20\"")
        .says("likely cause built at different times\n")
        .says("avoid it: set SOURCE_DATE_EPOCH");
    diff("seeded", SEEDED, &format!("{BARE} seeded.c"))
        .says("1 of 1 differ")
        .says(", looks like random bytes\n")
        .says("- i64.const ")
        .says("likely cause a random seed or an id of the build\n");
}

/// A folder `s` in which `command` makes `s.wasm` of `s.c`.
fn place(text: &str, command: &str, more: &str) -> Place {
    let place = Place::new();
    place.write("s/s.c", text);
    let recipe = format!(
        "[skill]\nname = 's'\n[build]\ncommand = ['sh', '-c', '{command}']\noutput = 's.wasm'\n{more}"
    );
    place.write("s/provenact.toml", recipe);
    place
}

/// `build s` with the compiler on the PATH, and with `more` words.
fn build(place: &Place, more: &str) -> Ended {
    let folder = zig().unwrap().parent().unwrap().display().to_string();
    place.type_in_with(&folder, &format!("build s {more}"))
}

/// What a check says of builds that differ, and that there is no bundle.
fn caught(place: &Place) -> Ended {
    let ended = build(place, "--check").refused(1, "build-unreproducible");
    assert!(!place.exists("s.skill"));
    ended
}

#[test]
fn a_path_in_an_assertion_is_caught() {
    if zig().is_none() {
        return;
    }
    let command = "zig cc -target wasm32-wasi -Os -s -o s.wasm $PWD/s.c";
    caught(&place(ASSERTS, command, ""))
        .says("directory")
        .says("looks like a path")
        .says("/another-place/deeper/deeper/s.c")
        .says("likely cause built in different folders\n");
    let command = format!("zig cc {BARE} -o s.wasm $PWD/s.c");
    caught(&place(NAMED, &command, "")).says("/another-place/deeper/deeper/s.c");
    // The flag that is named avoids it.
    let command = command.replace("-Os", "-Os -ffile-prefix-map=$PWD=.");
    build(&place(NAMED, &command, ""), "--check").status(0).says("2 builds gave the same module");
}

/// zig is linked statically and asks the kernel for the time, which nothing here can vary; but as every
/// clang it takes `SOURCE_DATE_EPOCH` for it.
#[test]
fn a_date_is_caught_unless_the_recipe_says_the_time() {
    if zig().is_none() {
        return;
    }
    let command = format!("zig cc {BARE} {DATES} -o s.wasm s.c");
    caught(&place(DATED, &command, ""))
        .says("source-date-epoch")
        .says("looks like a date or time")
        .says("A \"Jan  1 1980 00:00:00\"")
        .says("likely cause built at different times\n");
    build(&place(DATED, &command, "source-date-epoch = 1700000000\n"), "--check")
        .status(0)
        .says("2 builds gave the same module")
        .says("warning: time in the data at byte ")
        .says("\"Nov 14 2023 22:13:20\"");
    // One that takes no date is told so by zig, as long as nobody switches that off.
    let command = command.replace(DATES, "");
    build(&place(DATED, &command, ""), "--force")
        .refused(2, "build-failed")
        .says("not reproducible");
}

#[test]
fn a_random_seed_is_caught_and_located() {
    if zig().is_none() {
        return;
    }
    let command = format!(
        "zig cc {BARE} -DSEED=0x$(od -An -N8 -tx8 /dev/urandom | tr -d \" \")ULL -o s.wasm s.c"
    );
    caught(&place(SEEDED, &command, ""))
        .says("\n  _start at byte ")
        .says("- i64.const ")
        .says("+ i64.const ");
}

/// The project of `provenact new`, rebuilt by somebody else in a folder that has nothing but the sources.
#[test]
fn an_assemblyscript_project_is_rebuilt_in_a_clean_folder_and_that_is_verified() {
    let Some(cache) = programs() else { return };
    let tools = cache.join("tools/npm/node_modules/.bin").display().to_string();
    let place = Place::new();
    let provenact = |line: &str| place.type_in_with(&tools, line);
    provenact("new --lang assemblyscript hello").status(0);
    provenact("build hello --check").status(0).says("2 builds gave the same module");
    provenact("attest hello.skill --key author.key.pem").status(0);

    for name in ["main.ts", "provenact.toml"] {
        place.write(&format!("clean/folder/{name}"), place.read(&format!("hello/{name}")));
    }
    fs_err::remove_dir_all(place.path("hello")).unwrap();
    let pem = |name: &str| String::from_utf8(place.read(&format!("{name}.pub.pem"))).unwrap();
    let key = |name: &str, role: &str| {
        let pem = pem(name);
        format!("[[key]]\nname = '{name}'\nroles = ['{role}']\npublic = '''\n{pem}'''\n")
    };
    let require = "[[require]]\npredicate-type = 'https://opertus.systems/provenact/rebuild/v1'\nsubject = 'bundle'\n";
    let trust = key("author", "author") + &key("operator", "auditor") + require;
    place.write("trust.toml", format!("version = 1\n{trust}"));
    let verify = "verify hello.skill --trust trust.toml";
    place.type_in(verify).refused(1, "predicate-mismatch");
    let rebuild =
        "rebuild hello.skill --source clean/folder --trust trust.toml --key operator.key.pem";
    provenact(rebuild).status(0).says("hello.skill: equal\n").says("signed with key ");
    place.type_in(verify).status(0).says("verdict: expected equal, found equal");
}
