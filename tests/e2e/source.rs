//! From source to skill: `new`, `build` of a recipe, `build --check`, and what is recorded of it.

use super::common::{Ended, PROVENACT, Place, home, programs, skipped};
use super::statements::{line, payload};
use serde_json::Value;
use std::os::unix::fs::symlink;
use std::process::Command;

/// A module of 36 bytes, for `printf`.
const START: &str = r"\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\7\12\1\6_start\0\0\12\4\1\2\0\13";
const RECIPE: &str =
    "[skill]\nname = 's'\n[build]\ncommand = ['sh', 'build.sh']\noutput = 'out/s.wasm'\n";

/// A folder `s` with a recipe, `more` lines in its table `[build]` or after it, and a script.
fn place(script: &str, more: &str) -> Place {
    let place = Place::new();
    place.write("s/provenact.toml", format!("{RECIPE}{more}"));
    place.write("s/build.sh", format!("set -e; mkdir out; {script}\n"));
    place
}

fn good() -> String {
    format!("printf '{START}' > out/s.wasm")
}

fn json(ended: &Ended) -> Value {
    serde_json::from_slice(&ended.stdout).unwrap()
}

/// What the first attestation of `s.skill` says of the build.
fn definition(place: &Place) -> Value {
    place.type_in("attest s.skill --key author.key.pem").status(0);
    place.type_in("verify s.skill --pub author.pub.pem").status(0).says("inputs   sha256:");
    let statement: Value = serde_json::from_slice(&payload(&line(place, "s.skill", 0))).unwrap();
    statement["predicate"]["buildDefinition"].clone()
}

/// covers: buildtype-canonicalize-17, buildtype-canonicalize-11, buildtype-canonicalize-13
/// covers: buildtype-canonicalize-14
#[test]
fn a_build_from_source_records_what_went_in() {
    let more = "env = ['LEVEL', 'UNSET']\nsource-date-epoch = 1700000000\n[toolchain]\n\
        shell = { command = ['sh', '-c', 'echo shell v2.1 of today'], version = '2.1' }\n";
    let place = place(&good(), more);
    place.write("s/.gitignore", "/secret\n");
    place.write("s/secret", "s");
    place.write("s/lib/Cargo.lock", "x\n");
    place.write("s/old.skill/skill.wasm", "x");
    let mut command = place.command(PROVENACT);
    command.env("LEVEL", "3").env("OTHER", "4").args(["build", "s", "--format", "json"]);
    let report = json(&Ended::of(command.output().unwrap()).status(0));
    let definition = definition(&place);
    let recipe = &definition["externalParameters"]["recipe"];
    assert_eq!(recipe["command"], serde_json::json!(["sh", "build.sh"]));
    let source = &recipe["source"];
    assert_eq!(source["environment"], serde_json::json!([{ "name": "LEVEL", "value": "3" }]));
    assert_eq!(
        (&source["epoch"], &source["output"]),
        (&1_700_000_000.into(), &"out/s.wasm".into())
    );
    let names: Vec<&str> = (definition["resolvedDependencies"].as_array().unwrap().iter())
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names[3..],
        [
            "inputs",
            "inputs/.gitignore",
            "inputs/build.sh",
            "inputs/lib/Cargo.lock",
            "inputs/provenact.toml",
            "tools/shell"
        ]
    );
    let dependencies = &definition["resolvedDependencies"];
    assert_eq!(dependencies[6]["annotations"]["lock"], true);
    assert_eq!(dependencies[8]["annotations"]["version"], "2.1");
    assert_eq!(definition["internalParameters"].get("check"), None);

    // The tree's digest is that of the list which sha256sum prints.
    let list = "LC_ALL=C sha256sum .gitignore build.sh lib/Cargo.lock provenact.toml | sha256sum";
    let sum = Command::new("sh").args(["-c", list]).current_dir(place.path("s")).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    assert_eq!(dependencies[3]["digest"]["sha256"], sum.split(' ').next().unwrap());
    assert_eq!(report["made_from"]["tree"], format!("sha256:{}", sum.split(' ').next().unwrap()));
}

#[test]
fn the_command_gets_nothing_of_ours_but_what_is_listed() {
    let script = format!(
        "test -z \"$OTHER\"; test \"$LEVEL\" = 3; test \"$TZ\" = UTC; test \"$LC_ALL\" = C; \
         test ! -e secret; test \"$HOME\" != {}; test -w \"$HOME\"; test -d \"$TMPDIR\"; \
         test \"$SOURCE_DATE_EPOCH\" = 315532800; case \"$CFLAGS\" in *-ffile-prefix-map=$PWD=.*) ;; *) exit 9;; esac; {}",
        home().display(),
        good()
    );
    let place = place(&script, "env = ['LEVEL']\ninputs = ['build.sh']\n");
    place.write("s/secret", "s");
    let before = super::common::tree(&place.path("s"));
    let mut command = place.command(PROVENACT);
    command.env("LEVEL", "3").env("OTHER", "4").args(["build", "s"]);
    Ended::of(command.output().unwrap()).status(0);
    assert!(before == super::common::tree(&place.path("s")), "the source stays as it is");
}

#[test]
fn a_failing_command_shows_its_last_lines() {
    let place = place("for n in 1 2 3; do echo line $n; done; echo at last >&2; exit 5", "");
    place
        .type_in("build s")
        .refused(2, "build-failed")
        .says("exit status: 5")
        .says("the last lines of the failed command:\n  ")
        .says("  line 3\n");
    let report = json(&place.type_in("build s --format json").status(2));
    let lines = report["details"]["last_lines"].as_array().unwrap();
    assert!(lines.len() == 4 && lines.contains(&"at last".into()), "{report}");
    assert!(!place.exists("s.skill"));
}

#[test]
fn inputs_that_cannot_be_recorded_are_refused() {
    let place = place(&good(), "");
    symlink("/etc", place.path("s/way")).unwrap();
    place.type_in("build s").refused(2, "inputs-unfit").says("\"way\" is a link");
    fs_err::remove_file(place.path("s/way")).unwrap();
    place.write("s/a\nb", "x");
    place.type_in("build s").refused(2, "inputs-unfit").says("cannot be recorded");
    fs_err::remove_file(place.path("s/a\nb")).unwrap();
    place.write("s/provenact.toml", format!("{RECIPE}inputs = ['build.sh', 'no/such/**']\n"));
    place.type_in("build s").refused(2, "inputs-unfit").says("no/such/**");
    place.write("s/provenact.toml", format!("{RECIPE}inputs = ['../*']\n"));
    place.type_in("build s").refused(2, "recipe-malformed").says("line 6");
    assert!(!place.exists("s.skill"));
}

#[test]
fn tools_that_are_missing_or_of_another_version_are_refused() {
    let probe = |probe: &str| place(&good(), &format!("[toolchain]\ncc = {probe}\n"));
    probe("{ command = ['no-such-tool'] }").type_in("build s").refused(2, "toolchain-mismatch");
    probe("{ command = ['sh', '-c', 'echo 1.2.3'], version = '1.2' }")
        .type_in("build s")
        .refused(2, "toolchain-mismatch")
        .says("1.2.3");
}

#[test]
fn paths_of_the_host_are_refused_unless_they_are_allowed() {
    let leaky = r"\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\5\3\1\0\1\7\12\1\6_start\0\0\12\4\1\2\0\13\13\36\1\0A\0\13\30/home/alice/src/main.rs\0";
    let script = format!("printf '{leaky}' > out/s.wasm");
    let place = place(&script, "");
    place.type_in("build s").refused(2, "leaks-found").says("--allow-leaks");
    assert!(!place.exists("s.skill"));
    place.type_in("build s --allow-leaks").status(0).says("warning: home directory");
    let definition = definition(&place);
    assert_eq!(definition["externalParameters"]["recipe"]["source"]["leaksAllowed"], true);
    let allowed = self::place(&script, "allow-leaks = true\n");
    allowed.type_in("build s").status(0);
    allowed.type_in("build s --deny-leaks --force").refused(2, "leaks-found");
}

#[test]
fn the_commit_and_whether_it_is_dirty_are_recorded() {
    if Command::new("git").arg("--version").output().is_err() {
        return skipped("there is no git");
    }
    let place = place(&good(), "");
    let git = |line: &str| {
        let mut command = place.command("git");
        command.current_dir(place.path("s")).args(line.split(' '));
        command
            .env("GIT_AUTHOR_DATE", "1600000000 +0000")
            .env("GIT_COMMITTER_DATE", "1600000000 +0000");
        Ended::of(command.output().unwrap()).status(0).out().trim().to_owned()
    };
    git("init -q");
    git("add .");
    git("-c user.name=a -c user.email=a@b commit -q -m first");
    let commit = git("rev-parse HEAD");
    let built = |more: &str| {
        let report =
            json(&place.type_in(&format!("build s --force --format json{more}")).status(0));
        report["made_from"]["materials"]["git"].clone()
    };
    assert_eq!(built(""), serde_json::json!({ "commit": commit, "dirty": false, "folder": "" }));
    let parameters = &definition(&place)["externalParameters"];
    assert_eq!(parameters["recipe"]["source"]["epoch"], 1_600_000_000);
    place.write("s/more", "x");
    assert_eq!(built("")["dirty"], true, "an input that is not in the commit");
    fs_err::remove_file(place.path("s/more")).unwrap();
    place.write("s/build.sh", format!("set -e; mkdir out; {} \n", good()));
    assert_eq!(built("")["dirty"], true, "an input that was changed");
}

/// What a repository says of itself starts nothing: filters of its own, a program that checks signatures.
#[test]
fn the_settings_of_a_repository_start_no_program() {
    if Command::new("git").arg("--version").output().is_err() {
        return skipped("there is no git");
    }
    let place = place(&good(), "");
    let git = |words: &[&str]| {
        let mut command = place.command("git");
        command.current_dir(place.path("s")).args(words);
        Ended::of(command.output().unwrap()).status(0);
    };
    let ran = place.path("ran");
    let program = format!("touch {}; cat", ran.display());
    git(&["init", "-q"]);
    place.write("s/.gitattributes", "* filter=a=b\n");
    git(&["add", "."]);
    git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first"]);
    git(&["config", "filter.other.clean", &program]);
    git(&["config", "log.showSignature", "true"]);
    git(&["config", "gpg.program", &program]);
    // Hidden from whoever reads one file of settings by itself.
    git(&["config", "extensions.worktreeConfig", "true"]);
    git(&["config", "includeIf.hasconfig:remote.*.url:evil.path", "more"]);
    git(&["config", "--worktree", "remote.x.url", "evil"]);
    place.write("s/.git/more", format!("[filter \"a=b\"]\n\tclean = {program}\n"));
    place.write("s/.git/hooks/post-index-change", format!("#!/bin/sh\ntouch {}\n", ran.display()));
    let hook = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs_err::set_permissions(place.path("s/.git/hooks/post-index-change"), hook).unwrap();
    // What was touched since is read again by git, through its filters.
    place.write("s/build.sh", place.read("s/build.sh"));
    let report = json(&place.type_in("build s --format json").status(0));
    assert!(report["made_from"]["materials"]["git"]["commit"].is_string());
    assert!(!ran.exists());
    git(&["diff", "--name-only"]);
    assert!(ran.exists(), "the trap does not work: nothing was shown");
}

/// covers: buildtype-canonicalize-15
#[test]
fn a_check_builds_in_other_surroundings_and_compares() {
    let place = place(&good(), "");
    place
        .type_in("build s --check=3")
        .status(0)
        .says("3 builds gave the same module")
        .says("umask");
    let check = definition(&place)["internalParameters"]["check"].clone();
    assert_eq!((&check["builds"], &check["reproducible"]), (&3.into(), &true.into()));
    let varied: Vec<&str> =
        check["varied"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    for name in
        ["directory", "home", "locale", "source-date-epoch", "time-zone", "umask", "user-name"]
    {
        assert!(varied.contains(&name), "{varied:?}");
    }
}

/// A script whose module has ten digits of data that `seen`, in a shell, decides.
fn telling(seen: &str) -> String {
    let head = START.replace(r"\7\12", r"\5\3\1\0\1\7\12") + r"\13\20\1\0A\0\13\12";
    format!(
        "digits=$(printf %s \"{seen}\" | cksum | cut -d' ' -f1); \
         {{ printf '{head}'; printf %010d \"$digits\"; }} > out/s.wasm"
    )
}

/// Each row is one thing that a build can see, and what its variation is called: a module that tells
/// nothing else is caught.
#[test]
fn each_variation_is_seen_by_the_command() {
    for (seen, name) in [
        ("${#PWD}", "directory"),
        ("${PWD##*/}", "directory"),
        ("${#HOME}", "home"),
        ("${#TMPDIR}", "home"),
        ("$LC_ALL", "locale"),
        (r"$(printf '\303\251' | wc -m)", "locale"),
        ("$TZ", "time-zone"),
        ("$(date -d @0 +%H)", "time-zone"),
        ("$(umask)", "umask"),
        ("$(stat -c %a out)", "umask"),
        ("$USER", "user-name"),
        ("$LOGNAME", "user-name"),
        ("$SOURCE_DATE_EPOCH", "source-date-epoch"),
        ("$(stat -c %Y build.sh)", "source-date-epoch"),
        ("$(ls -U)", "file-order"),
        ("$(date +%Y)", "time"),
        ("$(nproc)", "cpu-count"),
        ("$(uname -n)", "host-name"),
    ] {
        let place = place(&telling(seen), "");
        for name in ["a", "b", "c", "d", "e"] {
            place.write(&format!("s/{name}"), name);
        }
        let mut command = place.command(PROVENACT);
        // A file system in memory lists files by age, if there is one here.
        let in_memory = std::path::Path::new("/dev/shm");
        if in_memory.is_dir() {
            command.env("TMPDIR", in_memory);
        }
        let ended = Ended::of(command.args(["build", "s", "--check"]).output().unwrap());
        if ended.status == 0 {
            let can_be_missing = ["cpu-count", "file-order", "host-name", "time"].contains(&name);
            let out = ended.out();
            let is_varied = out.split([',', ' ', '\n']).any(|word| word == name);
            assert!(can_be_missing && !is_varied, "{seen}: {out}");
            skipped(&format!("{name} cannot be varied here"));
            continue;
        }
        let ended = ended.refused(1, "build-unreproducible").says(&format!(" {name}"));
        ended.says("A: what build 1 wrote, B: what build 2 wrote\n").says("differs at 1 place");
        assert!(!place.exists("s.skill"), "{seen}");
    }
}

/// What the recipe says of the time is a part of what is built, and stays.
#[test]
fn an_epoch_of_the_recipe_is_not_varied() {
    let place = place(&telling("$SOURCE_DATE_EPOCH"), "source-date-epoch = 1700000000\n");
    let out = place.type_in("build s --check").status(0).out();
    assert!(out.contains("2 builds gave the same module") && !out.contains("epoch"), "{out}");
}

#[test]
fn what_depends_on_its_surroundings_is_recorded_when_that_is_allowed() {
    let place = place(&telling("$TZ"), "");
    let report = json(&place.type_in("build s --check --format json").status(1));
    let range = &report["details"]["difference"]["data"]["ranges"][0];
    assert_eq!(range["a"]["segment"], 0, "{report}");
    place
        .type_in("build s --check=4 --allow-unreproducible")
        .status(0)
        .says("4 builds gave DIFFERENT modules");
    let check = definition(&place)["internalParameters"]["check"].clone();
    assert_eq!(check["reproducible"], false);
}

#[test]
fn flags_of_a_recipe_need_its_command() {
    let place = place(&good(), "");
    place.write("a.wasm", wat::parse_str("(module (func (export \"_start\")))").unwrap());
    place.write("here/provenact.toml", "[skill]\nname = 's'\n[build]\noutput = 'a.wasm'\n");
    for line in [
        "build a.wasm --check",
        "build a.wasm --allow-leaks",
        "build here --check",
        "build s --check=1",
        "build s --check=17",
        "build s --check 2",
        "build s --allow-unreproducible",
        "build s --allow-leaks --deny-leaks",
    ] {
        place.type_in(line).refused(2, "usage");
    }
    place.type_in("build nothing-here").refused(2, "file-missing");
    fs_err::create_dir(place.path("empty")).unwrap();
    place.type_in("build empty").refused(2, "file-missing").says("empty/provenact.toml");
}

/// Builds, runs and replays what `new` writes, with `tools` first on the PATH.
fn from_new_to_replay(lang: &str, tools: &str) {
    let place = Place::new();
    let provenact = |line: &str| place.type_in_with(tools, line);
    provenact(&format!("new --lang {lang} hello")).status(0).says("provenact.toml");
    provenact(&format!("new --lang {lang} hello")).refused(2, "output-exists");
    provenact("build hello --check --deny-leaks").status(0).says("2 builds gave the same module");
    place.type_in("attest hello.skill --key author.key.pem").status(0);
    place
        .fed("run --allow time --allow random --pub author.pub.pem hello.skill", b"one\ntwo\n")
        .status(0)
        .says("2 lines, 8 bytes, at ");
    place.type_in("replay receipt.json --engine all").status(0);
}

#[test]
fn a_new_skill_in_c_is_built_run_and_replayed() {
    let Some(cache) = programs() else { return };
    from_new_to_replay("c", &cache.join("tools/zig/ziglang").display().to_string());
}

#[test]
fn a_new_skill_in_assemblyscript_is_built_run_and_replayed() {
    let Some(cache) = programs() else { return };
    from_new_to_replay(
        "assemblyscript",
        &cache.join("tools/npm/node_modules/.bin").display().to_string(),
    );
}

#[test]
fn a_new_skill_in_wat_is_built_run_and_replayed() {
    let Some(cache) = programs() else { return };
    from_new_to_replay("wat", &cache.join("tools/npm/node_modules/.bin").display().to_string());
}

#[test]
fn a_new_skill_in_rust_is_built_run_and_replayed() {
    let installed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", "wasm32-wasip1"])
        .output();
    let folder = installed.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    if !folder.is_ok_and(|folder| !folder.is_empty() && std::path::Path::new(&folder).is_dir()) {
        return skipped(
            "rustc has no target wasm32-wasip1; the skill of `new --lang rust` was NOT built",
        );
    }
    from_new_to_replay("rust", "");
}

#[test]
fn a_new_skill_needs_a_name() {
    let place = Place::new();
    place.type_in("new --lang wat Hello").status(0);
    let recipe = String::from_utf8(place.read("Hello/provenact.toml")).unwrap();
    assert!(recipe.contains("name = \"hello\""), "{recipe}");
    for line in ["new --lang wat _x", "new --lang c a/..", "new --lang rust a.b", "new --lang go x"]
    {
        place.type_in(line).refused(2, "usage");
    }
    place.type_in("new --lang rust a.b --name ab").status(0);
    let report = json(&place.type_in("new --lang c b --format json").status(0));
    assert_eq!((&report["language"], &report["name"]), (&"c".into(), &"b".into()));
}

/// A skill of a folder `s` that is attested, and the folder.
fn attested(script: &str, more: &str) -> Place {
    let place = place(script, more);
    let mut command = place.command(PROVENACT);
    command.env("LEVEL", "3").args(["build", "s"]);
    Ended::of(command.output().unwrap()).status(0);
    place.type_in("attest s.skill --key author.key.pem").status(0);
    place
}

/// covers: rebuild-1, rebuild-2, rebuild-3
#[test]
fn a_build_is_done_again_from_its_provenance_and_signed() {
    let script = format!("test \"$LEVEL\" = 3; {}", good());
    let place = attested(&script, "env = ['LEVEL']\ninputs = ['build.sh']\n");
    // What the provenance does not name does not matter, and the recipe is not read.
    place.write("s/more", "x");
    let line = "rebuild s.skill --source s --pub author.pub.pem";
    place.type_in(line).status(0).says("s.skill: equal");
    let report =
        json(&place.type_in(&format!("{line} --key operator.key.pem --format json")).status(0));
    assert_eq!(report["verdict"], "equal");
    assert_eq!(report["normalisations"], serde_json::json!([]));
    let statement: Value =
        serde_json::from_slice(&payload(&super::statements::line(&place, "s.skill", 1))).unwrap();
    assert_eq!(statement["predicateType"], "https://opertus.systems/provenact/rebuild/v1");
    assert_eq!(statement["predicate"]["verdict"], "equal");
    let names: Vec<_> =
        statement["subject"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["skill.wasm", "manifest.json"]);
    place.type_in("verify s.skill --pub author.pub.pem").status(0);
    place
        .type_in("rebuild s.skill --source s --pub stranger.pub.pem")
        .refused(1, "signature-untrusted");
    place.type_in("rebuild s.skill --source s").refused(2, "trust-empty");
}

/// covers: rebuild-5
#[test]
fn another_source_is_not_built() {
    let place = attested(&good(), "");
    place.write("s/build.sh", format!("touch {}; {}", place.path("ran").display(), good()));
    let line = "rebuild s.skill --source s --pub author.pub.pem --key operator.key.pem";
    place.type_in(line).refused(1, "source-mismatch").says("build.sh");
    assert!(!place.exists("ran"));
    fs_err::remove_file(place.path("s/build.sh")).unwrap();
    place.type_in(line).refused(1, "source-mismatch").says("build.sh");
    symlink("provenact.toml", place.path("s/build.sh")).unwrap();
    place.type_in(line).refused(1, "source-mismatch");
    let bare = Place::new();
    bare.skill("a", "(module (func (export \"_start\")))", "");
    bare.type_in("rebuild a.skill --source . --pub author.pub.pem").refused(2, "material-missing");
}

/// Whoever builds again may have the source without the bits.
#[test]
fn what_may_be_executed_is_recorded_and_laid_out_so() {
    let place = Place::new();
    let recipe = RECIPE.replace("'sh', 'build.sh'", "'./build.sh'");
    place.write("s/provenact.toml", recipe);
    place.write(
        "s/build.sh",
        format!("#!/bin/sh\nset -e; test ! -x provenact.toml; mkdir out; {}\n", good()),
    );
    place.mode("s/build.sh", 0o755);
    place.type_in("build s").status(0);
    let dependencies = definition(&place)["resolvedDependencies"].clone();
    let annotations: Vec<_> =
        dependencies.as_array().unwrap()[4..].iter().map(|one| &one["annotations"]).collect();
    assert_eq!(annotations, [&serde_json::json!({ "executable": true }), &Value::Null]);
    place.mode("s/build.sh", 0o644);
    place.mode("s/provenact.toml", 0o755);
    place.type_in("rebuild s.skill --source s --pub author.pub.pem").status(0).says("equal");
}

#[test]
fn what_differs_is_signed_as_different_and_normalisations_are_named() {
    // Each build writes another custom section, and the second time another module.
    let place = attested(
        &format!(
            "{}; printf '\\0\\5\\1' >> out/s.wasm; printf %.4s \"$(cat /proc/sys/kernel/random/uuid)\" >> out/s.wasm",
            good()
        ),
        "inputs = ['build.sh']\n",
    );
    let line = "rebuild s.skill --source s --pub author.pub.pem --key operator.key.pem";
    place.type_in(line).status(0).says("\nequal after canonical-form\n");

    let custom =
        "printf '\\0\\5\\1' >> out/s.wasm; head -c 4 /proc/sys/kernel/random/uuid >> out/s.wasm";
    let place = attested(&format!("{}; {custom}", telling("same")), "inputs = ['build.sh']\n");
    place.type_in(line).status(0).says("\nequal after canonical-form, growth\n");

    // A file outside decides: nothing keeps a command from it, and no provenance names it.
    let outside = Place::new();
    let flag = outside.path("flag").display().to_string();
    let other = START.replace(r"\4\1\2\0\13", r"\5\1\3\0\1\13");
    let place = attested(
        &format!("if test -e {flag}; then printf '{other}' > out/s.wasm; else {}; fi", good()),
        "inputs = ['build.sh']\n",
    );
    place.type_in(line).status(0).says("s.skill: equal");
    place.type_in("verify s.skill --pub author.pub.pem --pub operator.pub.pem").status(0);
    outside.write("flag", "");
    let line = line.replace("operator", "stranger");
    place
        .type_in(&line)
        .status(1)
        .says("s.skill: different")
        .says("signed with key")
        .says("A: what was signed, B: what was built here\n")
        .says("sections     different: code (4 → 5 bytes)\n");
    place.type_in("verify s.skill --pub author.pub.pem").status(0);
    place
        .type_in("verify s.skill --pub author.pub.pem --pub stranger.pub.pem")
        .refused(1, "verdict-failed");
}

#[test]
fn a_source_is_fetched_by_its_commit() {
    if Command::new("git").arg("--version").output().is_err() {
        return skipped("there is no git");
    }
    let place = Place::new();
    place.write("repo/deep/s/provenact.toml", RECIPE);
    place.write("repo/deep/s/build.sh", format!("mkdir out; {}", good()));
    let git = |line: &str| {
        let mut command = place.command("git");
        command.current_dir(place.path("repo")).args(line.split(' '));
        Ended::of(command.output().unwrap()).status(0).out().trim().to_owned()
    };
    let commit = "-c user.name=a -c user.email=a@b commit -q -m";
    git("init -q");
    git("add .");
    git(&format!("{commit} first"));
    let first = git("rev-parse HEAD");
    place.type_in("build repo/deep/s").status(0);
    place.type_in("attest s.skill --key author.key.pem").status(0);
    place.write("repo/deep/s/build.sh", "exit 1");
    git(&format!("{commit} second -a"));
    let url = format!("file://{}", place.path("repo").display());
    let line =
        format!("rebuild s.skill --source {url} --pub author.pub.pem --key operator.key.pem");
    place.type_in(&line).status(0).says("s.skill: equal");
    let statement: Value =
        serde_json::from_slice(&payload(&super::statements::line(&place, "s.skill", 1))).unwrap();
    assert_eq!(statement["predicate"]["gitCommit"], first.as_str());
    for bad in ["ext::sh", "file:///no/such/repository", "--upload-pack=sh"] {
        let line = format!("rebuild s.skill --source={bad} --pub author.pub.pem");
        place.type_in(&line).refused(2, "source-missing");
    }
}

/// covers: rebuild-6
#[test]
fn a_policy_can_demand_rebuilders_by_distinct_keys() {
    let place = attested(&good(), "");
    let key = |name: &str, role: &str| {
        let pem = String::from_utf8(place.read(&format!("{name}.pub.pem"))).unwrap();
        format!(
            "[[key]]\nname = '{name}'\nowner = '{name}'\nroles = ['{role}']\npublic = '''\n{pem}'''\n"
        )
    };
    let keys = key("author", "author") + &key("operator", "auditor") + &key("stranger", "auditor");
    let require = "[[require]]\npredicate-type = 'https://opertus.systems/provenact/rebuild/v1'\nsubject = 'bundle'\nthreshold = 2\n";
    place.write("trust.toml", format!("version = 1\n{keys}{require}"));
    let rebuild = |name: &str| {
        place
            .type_in(&format!("rebuild s.skill --source s --trust trust.toml --key {name}.key.pem"))
    };
    let verify = || place.type_in("verify s.skill --trust trust.toml");
    verify().status(1);
    rebuild("operator").status(0);
    rebuild("operator").status(0);
    verify().refused(1, "threshold-unmet");
    rebuild("author").status(0);
    verify().refused(1, "key-role");
    rebuild("stranger").status(0);
    verify().status(0);
}
