//! What is recorded: invocations of `tests/programs/programs.json`, each twice, the second time with
//! other answers.

use super::common::{Ended, PROVENACT, Place, without};
use super::record::{Recording, Skill};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// What is other the second time.
enum Again {
    /// Nothing of ours: the clock and random bytes are.
    World,
    Stdin(&'static str),
    /// The contents of a file.
    File(&'static str, &'static str),
    Argument(usize, &'static str),
    /// The value of the first environment variable.
    Variable(&'static str),
}

/// Entries of the list, small enough that every mutant can be replayed.
const CHOSEN: [(&str, Again); 12] = [
    ("wc", Again::Stdin("one\ntwo three\n\n")),
    ("wc-empty", Again::Stdin(" \n")),
    ("pipe-reverse", Again::Stdin("olleh\n")),
    ("envvar", Again::Variable("2")),
    ("icepll", Again::Argument(4, "72")),
    ("icepll-range", Again::Argument(4, "8888")),
    ("icepack-bad", Again::File("a.asc", ".who\n")),
    ("resinator-bad", Again::File("bad.rc", "1 RCDATA { \"hallo\n")),
    ("probe-clock-random", Again::World),
    ("probe-files", Again::World),
    ("mapdir-list", Again::World),
    ("php-exit", Again::File("main.php", "<?php echo \"ten\\n\"; exit(10);\n")),
];

/// Every chosen program, recorded twice.
pub fn recordings(cache: &Path) -> Vec<[Recording; 2]> {
    let entries = CHOSEN.iter().zip(entries());
    entries.map(|((_, again), entry)| record(&entry, again, cache)).collect()
}

/// The public modules among them.
pub fn modules() -> BTreeSet<String> {
    let public = entries().into_iter().filter(|entry| entry["package"] != "own source");
    public.map(|entry| entry["wasm"].as_str().unwrap().to_owned()).collect()
}

/// The entries that are chosen.
fn entries() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/programs.json");
    let list: Vec<Value> = serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap();
    let named = |name: &str| list.iter().find(|entry| entry["name"] == name).unwrap().clone();
    CHOSEN.iter().map(|(name, _)| named(name)).collect()
}

fn record(entry: &Value, again: &Again, cache: &Path) -> [Recording; 2] {
    let place = Place::new();
    let name = entry["name"].as_str().unwrap();
    let module = cache.join(entry["wasm"].as_str().unwrap());
    let mut words = vec!["build", module.to_str().unwrap(), "-o", "a.skill"];
    words.extend(["--name", entry["args"][0].as_str().unwrap()]);
    for capability in entry["caps"].as_array().unwrap() {
        words.extend(["--cap", capability.as_str().unwrap()]);
    }
    let denied = without(&words.join(" "));
    words.extend(denied.split_whitespace());
    place.provenact(&words).status(0);
    place.type_in("attest a.skill --key author.key.pem").status(0);
    let skill = Skill::read(&place, "a");

    let mut second = entry.clone();
    match again {
        Again::World => {}
        Again::Stdin(text) => second["stdin"] = (*text).into(),
        Again::File(name, text) => second["dirs"][0]["files"][*name] = (*text).into(),
        Again::Argument(at, text) => second["args"][*at] = (*text).into(),
        Again::Variable(value) => {
            let variables = second["env"].as_object_mut().unwrap();
            *variables.values_mut().next().unwrap() = (*value).into();
        }
    }
    [("one", entry), ("two", &second)].map(|(label, entry)| {
        run(&place, label, entry);
        Recording::read(&place, label, name, &skill)
    })
}

/// Runs the skill, recording `LABEL.json` and `LABEL.trace`.
fn run(place: &Place, label: &str, entry: &Value) {
    let words = "run --quiet --detached --pub author.pub.pem --key operator.key.pem --receipt";
    let mut words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    words.push(format!("{label}.json"));
    for (at, dir) in entry["dirs"].as_array().unwrap().iter().enumerate() {
        let host = format!("{label}-{at}");
        fs_err::create_dir_all(place.path(&host)).unwrap();
        for (name, text) in dir["files"].as_object().unwrap() {
            place.write(&format!("{host}/{name}"), text.as_str().unwrap());
        }
        let flag = if dir["mode"] == "rw" { "--dir" } else { "--dir-ro" };
        words.extend([flag.to_owned(), format!("{host}::{}", dir["guest"].as_str().unwrap())]);
    }
    for (name, value) in entry["env"].as_object().unwrap() {
        words.extend(["--env".to_owned(), format!("{name}={}", value.as_str().unwrap())]);
    }
    for kind in entry["allow"].as_array().unwrap() {
        words.extend(["--allow".to_owned(), kind.as_str().unwrap().to_owned()]);
    }
    words.push("a.skill".to_owned());
    let args = entry["args"].as_array().unwrap();
    words.extend(args.iter().skip(1).map(|word| word.as_str().unwrap().to_owned()));
    let mut command = place.command(PROVENACT);
    command.args(&words);
    if let Some(text) = entry["stdin"].as_str() {
        place.write("stdin", text);
        command.stdin(fs_err::File::open(place.path("stdin")).unwrap().into_parts().0);
    }
    let ended = Ended::of(command.output().unwrap());
    let recorded = place.exists(&format!("{label}.trace"));
    assert!(recorded, "{}: {}", entry["name"], ended.err());
}
