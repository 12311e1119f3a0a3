//! What other people's CI and ours do: the steps of action.yml as GitHub would run them, the comparison of two programs, and
//! the files of a release.

use super::common::{Ended, PROVENACT, Place, programs, skipped, variable};
use provenact::digest::{hex, sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A module of 36 bytes, for `printf`.
const START: &str = r"\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\7\12\1\6_start\0\0\12\4\1\2\0\13";
/// The same with an instruction that does nothing.
const NOTHING: &str = r"\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\7\12\1\6_start\0\0\12\5\1\3\0\1\13";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The processor that the tests run on, as the names of released programs have it.
const PROCESSOR: &str = std::env::consts::ARCH;

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    fs_err::read_to_string(source(name)).unwrap()
}

/// An input of action.yml, or a step: what its lines say.
#[derive(Default)]
struct Step {
    name: String,
    condition: Option<String>,
    environment: Vec<(String, String)>,
    run: Option<String>,
}

/// action.yml, of which every line has one of the forms that are known here.
struct Action {
    inputs: Vec<(String, String)>,
    steps: Vec<Step>,
}

impl Action {
    fn read() -> Self {
        let file = text("action.yml");
        let (head, steps) = file.split_once("runs:\n  using: composite\n  steps:\n").unwrap();
        let mut inputs: Vec<(String, String)> = Vec::new();
        for line in head.split_once("inputs:\n").unwrap().1.lines() {
            if let Some(default) = line.strip_prefix("    default: ") {
                inputs.last_mut().unwrap().1 = default.trim_matches('"').to_owned();
            } else if !line.starts_with("    description: ") {
                let name = line.strip_prefix("  ").and_then(|name| name.strip_suffix(':'));
                inputs.push((name.unwrap().to_owned(), String::new()));
            }
        }
        Self { inputs, steps: Self::steps(steps) }
    }

    fn steps(lines: &str) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let mut group = "";
        for line in lines.lines() {
            let inner = line.strip_prefix("        ").map(|line| line.split_once(": ").unwrap());
            let member = line.strip_prefix("      ").unwrap_or(line);
            if let Some(name) = line.strip_prefix("    - name: ") {
                steps.push(Step { name: name.to_owned(), ..Step::default() });
                continue;
            }
            let step = steps.last_mut().unwrap();
            match (inner, member.split_once(':').unwrap()) {
                (Some((name, value)), _) if group == "env" => {
                    step.environment.push((name.to_owned(), value.to_owned()));
                }
                (Some(_), _) => assert_eq!(group, "with", "{line}"),
                (None, ("if", condition)) => step.condition = Some(condition.trim().to_owned()),
                (None, ("run", command)) => {
                    step.run = Some(command.trim().trim_matches('\'').to_owned());
                }
                (None, (name @ ("env" | "with"), "")) => group = name,
                (None, ("shell", " bash") | ("id", " source") | ("uses", " actions/cache@v4")) => {}
                (None, _) => panic!("a line of no known form: {line}"),
            }
        }
        steps
    }

    /// Does the steps, one after the other until one fails, as GitHub does with the inputs `with`.
    fn act(&self, place: &Place, with: &[(&str, &str)]) -> Vec<(String, Ended)> {
        let input = |name: &str| {
            let given = with.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
            let default = self.inputs.iter().find(|(input, _)| input == name);
            given.unwrap_or_else(|| &default.unwrap().1).to_owned()
        };
        let temporary = place.path("temporary").display().to_string();
        let value = |expression: &str| match expression.strip_prefix("${{ inputs.") {
            Some(name) => input(name.strip_suffix(" }}").unwrap()),
            None => {
                let rest = expression.strip_prefix("${{ runner.temp }}");
                temporary.clone() + rest.unwrap()
            }
        };
        let mut done: Vec<(String, Ended)> = Vec::new();
        for step in &self.steps {
            let is_due = step.condition.as_deref().is_none_or(|condition| {
                if condition == "inputs.build-from-source == 'true'" {
                    return input("build-from-source") == "true";
                }
                let asked = condition.strip_prefix("contains(format(' {0} ', inputs.steps), ' ");
                let word = asked.and_then(|word| word.strip_suffix(" ')")).unwrap();
                format!(" {} ", input("steps")).contains(&format!(" {word} "))
            });
            let Some(run) = step.run.as_ref().filter(|_| is_due) else { continue };
            let mut command = place.command("bash");
            command.args(["-e", "-o", "pipefail", "-c", run]);
            let path = format!("{}:{}", place.path("tools").display(), path());
            command.env("GITHUB_ACTION_PATH", place.path("action")).env("PATH", path);
            command.envs(step.environment.iter().map(|(name, of)| (name, value(of))));
            done.push((step.name.clone(), Ended::of(command.output().unwrap())));
            if done.last().unwrap().1.status != 0 {
                break;
            }
        }
        done
    }

    /// The last step that was done, which has this name.
    #[track_caller]
    fn until(&self, place: &Place, last: &str, with: &[(&str, &str)]) -> Ended {
        let (name, ended) = self.act(place, with).pop().unwrap();
        assert_eq!(name, last, "stdout: {}\nstderr: {}", ended.out(), ended.err());
        ended
    }
}

/// The path, with the assembler of `provenact new --lang wat` on it if that is there.
fn path() -> String {
    let path = variable("PATH").unwrap_or_default();
    match programs() {
        Some(cache) => format!("{}:{path}", cache.join("tools/npm/node_modules/.bin").display()),
        None => path,
    }
}

/// The action as it is checked out, a release that it can download, a skill in `s`, a trust file.
struct Shop {
    place: Place,
    trust: String,
    releases: String,
    sha256: String,
}

impl Shop {
    fn new() -> Self {
        let place = Place::new();
        for name in [".ci/action", ".ci/releases.txt", "Cargo.toml"] {
            place.write(&format!("action/{name}"), fs_err::read(source(name)).unwrap());
        }
        place.mode("action/.ci/action", 0o755);
        let program =
            format!("releases/v{VERSION}/provenact-{VERSION}-{PROCESSOR}-unknown-linux-musl");
        place.write(&program, fs_err::read(PROVENACT).unwrap());
        let sha256 = hex(&sha256(&place.read(&program)));
        let releases = format!("file://{}", place.path("releases").display());
        for role in ["author", "operator"] {
            place
                .type_in(&format!("trust add {role}.pub.pem --name {role} --role {role}"))
                .status(0);
        }
        let shown = place.type_in("trust show --format json").status(0);
        let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
        let trust = shown["digest"].as_str().unwrap().to_owned();
        Self { place, trust, releases, sha256 }
    }

    /// A skill that needs nothing but a shell.
    fn script(&self, script: &str) {
        let recipe =
            "[skill]\nname = 's'\n[build]\ncommand = ['sh', 'build.sh']\noutput = 's.wasm'\n";
        self.place.write("s/provenact.toml", recipe);
        self.place.write("s/build.sh", format!("{script}\n"));
    }

    /// The inputs of a workflow, with `more` instead of what is said here.
    fn with<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let usual = [
            ("skill", "s"),
            ("sha256", self.sha256.as_str()),
            ("releases", &self.releases),
            ("trust", "trust.toml"),
            ("trust-digest", &self.trust),
        ];
        more.iter().copied().chain(usual).collect()
    }

    fn key(&self) -> String {
        String::from_utf8(self.place.read("author.key.pem")).unwrap()
    }
}

/// What the action says of itself: every step is a word of the one script, and no input is in a command.
#[test]
fn no_step_of_the_action_has_an_input_in_its_command() {
    let action = Action::read();
    for step in &action.steps {
        let command = format!("\"$GITHUB_ACTION_PATH/.ci/action\" {}", step.name);
        assert!(step.run.as_ref().is_none_or(|run| *run == command), "{}", step.name);
    }
    let names: Vec<&str> = action.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        ["source", "cache", "obtain", "build", "check", "attest", "verify", "replay"]
    );
    // The key is where something is signed, and nowhere else.
    for step in &action.steps {
        let has_key = step.environment.iter().any(|(_, value)| value == "${{ inputs.key }}");
        assert_eq!(has_key, step.name == "attest", "{}", step.name);
    }
    // Each variable of the script is set by the step that reads it; no input is without use.
    let script = text(".ci/action");
    let set = action.steps.iter().flat_map(|step| &step.environment);
    for (name, _) in set.clone() {
        assert!(
            script.contains(&format!("${name}")) || script.contains(&format!("${{{name}")),
            "{name}"
        );
    }
    for (name, _) in &action.inputs {
        assert!(
            set.clone().any(|(_, value)| *value == format!("${{{{ inputs.{name} }}}}")),
            "{name}"
        );
    }
    for file in [".github/workflows/ci.yml", ".github/workflows/release.yml"] {
        let commands = text(file);
        let commands = commands.lines().filter(|line| line.contains("run: "));
        assert!(commands.clone().count() > 0 && commands.clone().all(|line| !line.contains("${{")));
    }
}

#[test]
fn the_action_goes_from_the_source_to_a_replay() {
    let shop = Shop::new();
    let place = &shop.place;
    let has_wat = programs().is_some();
    if has_wat {
        place.type_in("new --lang wat --name s s").status(0);
    } else {
        skipped("the action on a skill of `provenact new`; it was tried on one of a shell script");
        shop.script(&format!("printf '{START}' > s.wasm"));
    }
    // The operator's receipt, of an earlier day.
    let mut build = place.command(PROVENACT);
    let built = build.env("PATH", path()).args(["build", "s", "-o", "earlier.skill"]).output();
    Ended::of(built.unwrap()).status(0);
    place.type_in("attest earlier.skill --key author.key.pem").status(0);
    place.write("receipts/.keep", "");
    let run = "run --pub author.pub.pem --allow-declared --key operator.key.pem --receipt receipts/one.json earlier.skill";
    place.fed(run, b"one\ntwo\n").status(0);

    let action = Action::read();
    let key = shop.key();
    let with = shop.with(&[("key", &key), ("check", "3"), ("receipts", "receipts")]);
    let done = action.act(place, &with);
    let names: Vec<&str> = done.iter().map(|(name, _)| name.as_str()).collect();
    let said: Vec<String> = done.iter().map(|(_, ended)| ended.out() + &ended.err()).collect();
    assert_eq!(names, ["obtain", "build", "check", "attest", "verify", "replay"], "{said:#?}");
    assert!(done.iter().all(|(_, ended)| ended.status == 0), "{said:#?}");
    assert!(said[0].contains(&format!("provenact {VERSION}")), "{}", said[0]);
    assert!(said[2].contains("3 builds gave the same module"), "{}", said[2]);
    assert!(said[4].contains("built.skill: upheld, attested by author"), "{}", said[4]);
    assert!(said[4].contains("receipts/one.json: upheld, signed by operator"), "{}", said[4]);
    assert!(said[5].contains("receipts/one.json: reproduced"), "{}", said[5]);

    // The bundle is tampered with on its way to the next job: one bit of the module.
    let mut module = place.read("built.skill/skill.wasm");
    *module.last_mut().unwrap() ^= 1;
    place.write("built.skill/skill.wasm", module);
    let ended = action.until(place, "verify", &shop.with(&[("steps", "verify")]));
    assert_ne!(ended.status, 0, "{}", ended.out());
    let ended = action.until(place, "attest", &shop.with(&[("steps", "attest"), ("key", &key)]));
    assert_ne!(ended.status, 0, "{}", ended.out());
    // So is a receipt's trace.
    let mut trace = place.read("receipts/one.trace");
    let middle = trace.len() / 2;
    trace[middle] ^= 1;
    place.write("receipts/one.trace", trace);
    let with = shop.with(&[("steps", "replay"), ("receipts", "receipts")]);
    assert_ne!(action.until(place, "replay", &with).status, 0);
}

#[test]
fn the_action_takes_no_program_but_the_one_that_is_pinned() {
    let shop = Shop::new();
    let place = &shop.place;
    let action = Action::read();
    let other = "0".repeat(64);
    let refused = |more: &[(&str, &str)], why: &str| {
        let with = shop.with(more);
        let (name, ended) = action.act(place, &with).pop().unwrap();
        assert_eq!((name.as_str(), ended.status), ("obtain", 2), "{}", ended.err());
        assert!(ended.err().contains(why), "{why:?} is not in: {}", ended.err());
        assert!(!place.exists("temporary/provenact/provenact"));
        assert!(!place.exists("temporary/provenact/download"));
    };
    refused(&[("sha256", "")], "no SHA-256 of it is known here");
    refused(&[("sha256", "latest")], "no SHA-256 of it is known here");
    refused(&[("sha256", &other)], "was expected");
    refused(&[("version", "0.0.0")], "cannot be downloaded");
    refused(&[("version", "../x")], "is not a version");
    refused(&[("releases", "http://localhost")], "cannot be downloaded");
    refused(&[("build-from-source", "yes")], "neither true nor false");
    // The list counts without an input, and is not overruled by one.
    let name = format!("provenact-{VERSION}-{PROCESSOR}-unknown-linux-musl");
    place.write("action/.ci/releases.txt", format!("{other}  {name}\n"));
    refused(&[("sha256", "")], "was expected");
    refused(&[], "releases.txt");
    place.write("action/.ci/releases.txt", format!("{}  {name}\n", shop.sha256));
    let with = shop.with(&[("sha256", ""), ("steps", "")]);
    action.until(place, "obtain", &with).status(0).says(VERSION);
}

/// From source: built with the action's own Cargo.lock, and taken from the cache only when it is of this source.
#[test]
fn the_action_builds_from_its_own_source_and_believes_no_cache_of_another() {
    let shop = Shop::new();
    let place = &shop.place;
    let mut copy = place.command("cp");
    copy.arg("-r").args(["Cargo.lock", "build.rs", "src"].map(source)).arg("action");
    assert!(copy.status().unwrap().success());
    // A compiler that knows one program, and tells how it was called.
    let cargo = format!(
        "#!/bin/sh\necho built with $*\nfor out; do :; done\nmkdir -p $out/release && cp {PROVENACT} $out/release/\n"
    );
    place.write("tools/cargo", cargo);
    place.mode("tools/cargo", 0o755);
    let action = Action::read();
    let with = shop.with(&[("build-from-source", "true"), ("steps", ""), ("sha256", "")]);
    let ended = action.until(place, "obtain", &with).status(0);
    ended.says("built with build --release --locked --bin provenact --target-dir");
    let ended =
        action.until(place, "obtain", &with).status(0).says("the program is from the cache");
    assert!(!ended.out().contains("built with"), "{}", ended.out());
    place.write("action/src/more.rs", "");
    let ended = action.until(place, "obtain", &with).status(0).says("built with");
    assert!(!ended.out().contains("from the cache"), "{}", ended.out());
}

#[test]
fn the_action_refuses_what_it_was_not_told_or_what_differs() {
    let shop = Shop::new();
    let place = &shop.place;
    let action = Action::read();
    let refused = |last: &str, more: &[(&str, &str)], why: &str| {
        let ended = action.until(place, last, &shop.with(more));
        assert_ne!(ended.status, 0, "{more:?}: {}", ended.out());
        assert!((ended.out() + &ended.err()).contains(why), "{why:?} is not in: {}", ended.err());
    };
    refused("obtain", &[("steps", "build deploy")], "\"deploy\" is none of");
    refused("obtain", &[("steps", "build\nverify")], "blanks between them");
    shop.script(&format!("printf '{START}' > s.wasm"));
    refused("attest", &[("steps", "build attest verify")], "no key was given");
    refused("verify", &[("steps", "verify")], "[attestation-missing]");
    refused("verify", &[("steps", "verify"), ("trust", "")], "no trust file was given");
    refused("verify", &[("steps", "verify"), ("trust-digest", "")], "no trust-digest was given");
    let other = format!("sha256:{}", "0".repeat(64));
    refused("verify", &[("steps", "verify"), ("trust-digest", &other)], "[trust-mismatch]");
    refused("replay", &[("steps", "replay")], "no receipts were named");
    place.write("none/notes.txt", "no receipt");
    refused("replay", &[("steps", "replay"), ("receipts", "none")], "[nothing-to-verify]");
    // Builds that differ from one another, and builds that agree with one another and not with the bundle.
    let other =
        format!("case $TZ in UTC) printf '{START}';; *) printf '{NOTHING}';; esac > s.wasm");
    shop.script(&other);
    let zone = [("steps", "check"), ("bundle", "zone.skill")];
    refused("check", &zone, "[build-unreproducible]");
    shop.script(&format!("printf '{NOTHING}' > s.wasm"));
    refused("build", &[("steps", "build")], "[output-exists]");
    refused("check", &[("steps", "check")], "not with the first");
}

/// Inputs are words and never code: not for the shell, and not options of the program.
#[test]
fn what_an_input_says_is_never_executed() {
    let shop = Shop::new();
    let place = &shop.place;
    let action = Action::read();
    shop.script(&format!("printf '{START}' > s.wasm"));
    let key = shop.key();
    let all = ("steps", "build check attest verify");
    for hostile in ["$(touch had)", "`touch had`", "\"; touch had; \"", "--help"] {
        for (input, step) in [
            ("steps", "obtain"),
            ("version", "obtain"),
            ("sha256", "obtain"),
            ("skill", "build"),
            ("check", "check"),
            ("key", "attest"),
            ("trust", "verify"),
            ("trust-digest", "verify"),
            ("receipts", "verify"),
        ] {
            let with = shop.with(&[(input, hostile), all, ("key", &key)]);
            assert_ne!(action.until(place, step, &with).status, 0, "{input}: {hostile}");
            let _ = fs_err::remove_dir_all(place.path("built.skill"));
        }
        // A bundle may be called anything.
        let with = shop.with(&[("bundle", hostile), all, ("key", &key)]);
        action.until(place, "verify", &with).status(0);
        assert!(place.exists(hostile) && !place.exists("had"));
    }
}

#[test]
fn the_example_workflow_uses_what_the_action_has() {
    let action = Action::read();
    let example = text("docs/ci/workflow.yml");
    let mut used = Vec::new();
    let mut lines = example.lines();
    while let Some(line) = lines.next() {
        if !line.contains("uses: opertus-systems/provenact@") {
            continue;
        }
        assert_eq!(lines.next(), Some("        with:"));
        let with = lines.clone().map_while(|line| line.strip_prefix("          "));
        used.extend(with.map(|line| line.split_once(": ").unwrap().0.to_owned()));
    }
    assert!(used.len() > 8, "{used:?}");
    for name in used {
        assert!(action.inputs.iter().any(|(input, _)| *input == name), "no input {name}");
    }
}

/// The platforms that are released are those that the action knows, and that the documents state.
#[test]
fn released_platforms_are_the_stated_ones() {
    let release = text(".github/workflows/release.yml");
    let targets = release.lines().filter_map(|line| line.trim().strip_prefix("target: "));
    let targets: Vec<&str> = targets.collect();
    assert_eq!(targets.len(), 2);
    let (action, page) = (text(".ci/action"), text("docs/platforms.md"));
    for target in &targets {
        let processor = target.strip_suffix("-unknown-linux-musl").unwrap();
        assert!(
            action.contains(&format!("\"Linux {processor}\") name=provenact-$version-{target} ;;"))
        );
        assert!(page.contains(&format!("| `{target}` |")), "{target}");
    }
    assert_eq!(action.matches("name=provenact-$version-").count(), targets.len());
    assert_eq!(page.matches("-linux-musl` |").count(), targets.len());
}

/// By the job of each change, and by the release of itself.
#[test]
fn each_change_and_each_release_is_built_twice() {
    let change = text(".github/workflows/ci.yml");
    assert!(change.contains("\n  pull_request:\n") && change.contains("- run: .ci/reproducible\n"));
    let release = text(".github/workflows/release.yml");
    assert!(release.contains("- run: .ci/release build \"$TARGET\" target/release-files\n"));
    assert!(text(".ci/release").contains("/.ci/reproducible\" \"$target\" \"$program\"\n"));
}

/// Builds twice with a compiler that writes `program` into what it makes, and `skill` into the skill that this makes then.
fn twice(program: &str, skill: &str) -> Ended {
    let place = Place::new();
    for name in [".ci/binary", ".ci/reproducible", "src/cli/demo/decide.wasm"] {
        place.write(&format!("ours/{name}"), fs_err::read(source(name)).unwrap());
    }
    let cargo = format!(
        "#!/bin/sh\n[ \"$1\" = build ] || exit 0\nout=$CARGO_TARGET_DIR/here/release\nmkdir -p \"$out\"\n\
         echo \"#!/bin/sh\n# {program}\nmkdir decide.skill; echo {skill} > decide.skill/skill.wasm\" > \"$out/provenact\"\n\
         chmod 755 \"$out/provenact\"\n"
    );
    place.write("tools/cargo", cargo);
    place.write("tools/rustc", "#!/bin/sh\necho host: here\n");
    for name in ["ours/.ci/binary", "ours/.ci/reproducible", "tools/cargo", "tools/rustc"] {
        place.mode(name, 0o755);
    }
    place.write("packages/registry/index/one", "");
    place.write("packages/registry/cache/one", "");
    let git = place.command("git").args(["init", "-q", "ours"]).output().unwrap();
    assert!(git.status.success());
    let mut command = place.command(".ci/reproducible");
    let path =
        format!("{}:{}", place.path("tools").display(), variable("PATH").unwrap_or_default());
    command
        .current_dir(place.path("ours"))
        .env("PATH", path)
        .env("CARGO_HOME", place.path("packages"));
    command.args(["here", "made"]);
    let ended = Ended::of(command.output().unwrap());
    // What is handed on is what was the same.
    assert_eq!(place.exists("ours/made"), ended.status == 0, "{}", ended.err());
    ended
}

#[test]
fn a_program_that_depends_on_its_surroundings_is_not_the_same_twice() {
    twice("nothing", "module").status(0).says("the same twice: ").says("decide.skill/skill.wasm");
    let surroundings = [
        "PWD",
        "HOME",
        "CARGO_HOME",
        "CARGO_TARGET_DIR",
        "TZ",
        "LC_ALL",
        "USER",
        "CARGO_BUILD_JOBS",
    ];
    for variable in surroundings {
        twice(&format!("${variable}"), "module").status(1).says("bytes differ");
    }
    twice("$(umask)", "module").status(1).says("bytes differ");
    twice("$(stat -c %a src)", "module").status(1).says("bytes differ");
    // The same in both, and still of this machine.
    let place = "$(pwd | cut -d / -f 1-3)";
    twice(place, "module").status(1).says("names the place where it was built");
    twice("nothing", "\\$TZ").status(1).says("skill.wasm differ");
}

fn script(place: &Place, name: &str) -> Command {
    let mut command = place.command("bash");
    command.arg(source(name));
    command
}

#[test]
fn two_programs_that_differ_are_told_apart_and_where() {
    let place = Place::new();
    let compare = |one: &str, other: &str| {
        let mut command = script(&place, ".ci/reproducible");
        Ended::of(command.args(["--compare", one, other]).output().unwrap())
    };
    let program = fs_err::read("/bin/true").unwrap();
    place.write("one", &program);
    place.write("same", &program);
    compare("one", "same").status(0);
    let mut changed = program.clone();
    changed[0x40] ^= 1;
    place.write("changed", &changed);
    compare("one", "changed")
        .status(1)
        .says("1 bytes differ, the first at offset 0x40 of the file");
    changed.push(0);
    place.write("longer", &changed);
    compare("one", "longer").status(1).says(&format!("and {} bytes", changed.len()));
    compare("one", "missing").status(2);
}

/// A release's files, from sums to the verification by whoever downloads them.
#[test]
fn a_release_is_attested_and_anything_else_is_refused() {
    if !source(".git").exists() {
        skipped("the attestation of a release names a Git commit, and there is none");
        return;
    }
    let place = Place::new();
    let name = format!("provenact-{VERSION}-{PROCESSOR}-unknown-linux-musl");
    let program = format!("files/{name}");
    place.write(&program, fs_err::read(PROVENACT).unwrap());
    place.write(&format!("{program}.tools"), "rustc of this test\n");
    let release = |words: &str, key: Option<&str>| {
        let mut command = script(&place, ".ci/release");
        command.args(words.split(' ')).envs(key.map(|key| ("PROVENACT_RELEASE_KEY", key)));
        Ended::of(command.output().unwrap())
    };
    let key = String::from_utf8(place.read("author.key.pem")).unwrap();
    release("sums nothing-here", None).status(2);
    release("sums files", None).status(0).says(&name);
    release("attest files author.pub.pem", None).status(2).says("no key in");
    release("attest files missing.pem", Some(&key)).status(2).says("missing.pem is missing");
    release("attest files author.pub.pem", Some(&key)).status(0).says("upheld, signed by author");
    // What was signed is not what that public key belongs to.
    assert_ne!(release("attest files stranger.pub.pem", Some(&key)).status, 0);
    release("attest files author.pub.pem", Some(&key)).status(0);

    let envelope = format!("files/provenact-{VERSION}.intoto.json");
    let verify = |key: &str| {
        let line = format!(
            "verify {envelope} --type https://slsa.dev/provenance/v1 --pub {key} --subject {program}"
        );
        place.type_in(&line)
    };
    let told = verify("author.pub.pem").status(0);
    assert!(told.out().contains("buildtype/release/v1"), "{}", told.out());
    verify("stranger.pub.pem").refused(1, "signature-untrusted");
    place.write(&program, "another program");
    assert_eq!(verify("author.pub.pem").status, 1);
    release("attest files author.pub.pem", Some(&key)).status(2).says("SHA256SUMS does not fit");
}
