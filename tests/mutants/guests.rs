//! Small guests, for what the chosen programs do not do: denials, faults, statuses above 125, seeds,
//! listings, answers over one another, start functions, reactors.

use super::common::Place;
use super::record::{Recording, Skill};
use std::path::Path;

/// Name, folder of its text, words for `build`, words for `run`, and two inputs.
type Guest = (&'static str, &'static str, &'static str, &'static str, [&'static str; 2]);

const FILES: &str = "--cap fs.read=/d --cap fs.write=/d";
const INTERFACE: &str = "--entrypoint run --cap fs.read=/d --cap fs.write=/d";
const GUESTS: [Guest; 13] = [
    ("denied", "mutants", "--cap fs.read=/d", "--dir-ro d::/d", [""; 2]),
    ("trapped", "mutants", "", "", ["80", "90"]),
    ("fault", "mutants", "", "--allow time,random", [""; 2]),
    ("status", "mutants", "", "", [""; 2]),
    ("abort", "mutants", "", "--allow random", [""; 2]),
    ("overlap", "e2e", "", "--allow random", ["some input", "more of it"]),
    ("memories", "e2e", "", "", [""; 2]),
    ("start", "e2e", "", "--allow time", [""; 2]),
    ("reactor", "e2e", "--entrypoint go", "--allow random", [""; 2]),
    ("assemblyscript", "e2e", "", "--allow random", [""; 2]),
    ("listing", "e2e", FILES, "--dir d::/d", [""; 2]),
    ("append", "e2e", FILES, "--dir d::/d", [""; 2]),
    (
        "interface",
        "mutants",
        INTERFACE,
        "--input - --dir d::/d --allow time,random",
        ["in", "other"],
    ),
];

/// Every guest, recorded twice.
pub fn recordings() -> Vec<[Recording; 2]> {
    GUESTS.iter().map(record).collect()
}

/// The text of a guest.
pub fn text(folder: &str, name: &str) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    fs_err::read_to_string(tests.join(folder).join(format!("wat/{name}.wat"))).unwrap()
}

fn record((name, folder, build, run, inputs): &Guest) -> [Recording; 2] {
    let place = Place::new();
    place.skill(name, &text(folder, name), build);
    let skill = Skill::read(&place, name);
    let label = [(0, "one"), (1, "two")];
    label.map(|(at, label)| {
        place.write("d/one.txt", format!("{at}\n"));
        place.write("d/sub/two.txt", "22\n");
        one_run(&place, label, run, name, inputs[at]);
        Recording::read(&place, label, name, &skill)
    })
}

/// Runs `NAME.skill`, recording `LABEL.json` and `LABEL.trace`.
pub fn one_run(place: &Place, label: &str, options: &str, name: &str, input: &str) {
    let run = "run --quiet --detached --pub author.pub.pem --key operator.key.pem --receipt";
    let line = format!("{run} {label}.json {options} {name}.skill");
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let ended = place.fed(&line, input.as_bytes());
    assert!(place.exists(&format!("{label}.trace")), "{name}: {}", ended.err());
}
