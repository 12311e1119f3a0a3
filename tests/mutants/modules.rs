//! Another module in the place of the one that was recorded.

use super::common::Place;
use super::event::Owned;
use super::guests::{one_run, text};
use super::judge::{Found, Refusal, forge, replay};
use super::kind;
use super::mutate::{Change, Mutant};
use super::oracle::{Expected, first_difference};
use super::record::{Recording, Skill};
use super::sections::seal;
use super::tally::{Fate, Tier, Tried};
use provenact::reason::Reason;
use std::sync::Arc;

const RECORDED: &str = "clock 0; clock 1; random; say 100 5; say 200 300; exit 3";

/// Modules that do something else, or the same and leave something else behind.
const OTHERS: [(&str, &str); 22] = [
    ("the first call fewer", "clock 1; random; say 100 5; say 200 300; exit 3"),
    ("a call in the middle fewer", "clock 0; clock 1; say 100 5; say 200 300; exit 3"),
    ("an output fewer", "clock 0; clock 1; random; say 200 300; exit 3"),
    ("the last output fewer", "clock 0; clock 1; random; say 100 5; exit 3"),
    ("no exit", "clock 0; clock 1; random; say 100 5; say 200 300"),
    ("no calls", ""),
    ("one more at the start", "clock 0; clock 0; clock 1; random; say 100 5; say 200 300; exit 3"),
    ("one more in the middle", "clock 0; clock 1; random; random; say 100 5; say 200 300; exit 3"),
    ("one more output", "clock 0; clock 1; random; say 100 5; say 200 300; say 100 1; exit 3"),
    ("an empty output more", "clock 0; clock 1; random; say 100 5; say 200 300; say 0 0; exit 3"),
    ("the same twice", "clock 0; clock 1; random; say 100 5; say 200 300; say 200 300; exit 3"),
    ("clocks in another order", "clock 1; clock 0; random; say 100 5; say 200 300; exit 3"),
    ("functions in another order", "clock 0; random; clock 1; say 100 5; say 200 300; exit 3"),
    ("outputs in another order", "clock 0; clock 1; random; say 200 300; say 100 5; exit 3"),
    ("exit first", "exit 3; clock 0; clock 1; random; say 100 5; say 200 300"),
    ("another clock", "clock 0; clock 0; random; say 100 5; say 200 300; exit 3"),
    ("another place of the output", "clock 0; clock 1; random; say 101 5; say 200 300; exit 3"),
    ("a shorter output", "clock 0; clock 1; random; say 100 4; say 200 300; exit 3"),
    ("other bytes", "clock 0; clock 1; random; put 104; say 100 5; say 200 300; exit 3"),
    (
        "another last byte of many",
        "clock 0; clock 1; random; say 100 5; put 499; say 200 300; exit 3",
    ),
    ("another status", "clock 0; clock 1; random; say 100 5; say 200 300; exit 4"),
    ("other bytes in memory", "clock 0; clock 1; random; say 100 5; say 200 300; put 900; exit 3"),
];

/// A module whose body makes these calls.
fn module(calls: &str) -> String {
    let call = |call: &str| {
        let words: Vec<&str> = call.split_whitespace().collect();
        let args: Vec<String> = words[1..].iter().map(|n| format!("(i32.const {n})")).collect();
        match words[0] {
            "put" => format!("(i32.store8 {} (i32.const 42))", args[0]),
            name => format!("(call ${name} {})", args.join(" ")),
        }
    };
    let calls = calls.split(';').filter(|text| !text.trim().is_empty());
    text("mutants", "other").replace("BODY", &calls.map(call).collect::<Vec<_>>().join("\n"))
}

fn record(calls: &str) -> Recording {
    let place = Place::new();
    // Several modules under one name: names are no digests.
    place.skill("skill", &module(calls), "");
    let skill = Skill::read(&place, "skill");
    one_run(&place, "one", "--allow time,random", "skill", "");
    Recording::read(&place, "one", "modules", &skill)
}

/// The recorded module, for the mutants of every kind, and each other module in its place.
pub fn all() -> ([Recording; 2], Vec<Tried>) {
    let recorded = record(RECORDED);
    let tried = OTHERS.iter().flat_map(|(what, calls)| in_its_place(&recorded, what, calls));
    let tried = tried.collect();
    ([recorded, record(RECORDED)], tried)
}

fn in_its_place(of: &Recording, what: &str, calls: &str) -> [Tried; 3] {
    let other = record(calls);
    assert_eq!(of.header.imports, other.header.imports, "{what}");
    let left = |skill: &Skill, trace: &[u8]| match replay(skill, &of.receipt, trace) {
        Found::Refused(found) if kind::MODULE.left.contains(&found.reason) => {
            Fate::Killed(found.reason)
        }
        found => Fate::Wrong(format!("{what}: {found:?}")),
    };
    let mut header = of.header.clone();
    header.module = other.header.module;
    header.manifest = other.header.manifest;
    header.attestation = other.header.attestation.clone();
    let change = Change::Header(serde_json::to_value(&header).unwrap());
    let mutant = Mutant { kind: &kind::MODULE, what: what.to_owned(), change };
    let sealed = seal(&mutant.sections(of));
    // The receipt names one module: neither another one fits it, nor a trace of another one.
    let module = left(&other.skill, &of.trace);
    let trace = left(&of.skill, &sealed.bytes);
    let found = forge(of, &other.skill, &sealed, &|receipt| {
        receipt.module = other.receipt.module;
        receipt.manifest = other.receipt.manifest;
        receipt.attestation = other.receipt.attestation;
    });
    // What the module does does not depend on its answers.
    let told = |(at, made): (usize, &Arc<Owned>)| {
        let said = of.events.get(at).filter(|said| said.same_call(made));
        said.unwrap_or(made).clone()
    };
    let guest: Vec<_> = other.events.iter().enumerate().map(told).collect();
    let fits = |found: &Refusal| match first_difference(&of.rows, &guest, &of.events) {
        Expected::Call(reason, at) => {
            found.reason == reason && found.at.as_ref().is_some_and(|found| found.0 == at)
        }
        _ => {
            let place = found.at.as_ref().map(|(_, place, _)| place.as_str());
            found.reason == Reason::ReceiptDiffers
                && place.is_some_and(|place| place.starts_with("finalState"))
        }
    };
    let forged = match found {
        Found::Refused(found) if fits(&found) => Fate::Killed(found.reason),
        found => Fate::Wrong(format!("{what}: {found:?}")),
    };
    [
        (Tier::Sealed, &kind::MODULE, module),
        (Tier::Sealed, &kind::MODULE, trace),
        (Tier::Forged, &kind::MODULE, forged),
    ]
}
