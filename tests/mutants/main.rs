//! Mutants of traces and receipts: nothing slips through a replay.
//!
//! Real programs and small guests are recorded by the program itself; then every call, argument,
//! answer, byte range, length, count, digest and field of what was recorded is changed, one at a
//! time. Tier 1 leaves the receipt as it was. Tier 2 makes everything anew that a forger with the
//! valid key can make. Each mutant must be refused, for the reason that fits; a changed answer may
//! instead be proved unobserved, and is counted apart.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the end-to-end tests")]
#[path = "../e2e/common.rs"]
mod common;

mod answers;
mod event;
mod fields;
mod files;
mod guests;
mod judge;
mod kind;
mod modules;
mod mutate;
mod oracle;
mod programs;
mod record;
mod sections;
mod tally;
mod trial;

use std::fmt::Write as _;
use std::io::Write as _;
use tally::{Tally, Tier};

/// covers: trace-4, trace-9, trace-10, trace-22, receipt-2, receipt-3
#[test]
fn nothing_slips_through() {
    let mut tally = Tally::default();
    let (modules, tried) = modules::all();
    tally.extend(tried);
    // So many mutants there are at least of each tier.
    let mut least = 5_000;
    let mut recordings = vec![modules];
    recordings.extend(guests::recordings());
    match common::programs() {
        Some(cache) => {
            least = 30_000;
            recordings.extend(programs::recordings(&cache));
        }
        None => common::skipped("mutants of real programs; those of guests are tried"),
    }
    let mut text = "\nMutants of traces and receipts\n".to_owned();
    for [recording, other] in &recordings {
        let tried = trial::all(recording, other);
        let (events, mutants) = (recording.events.len(), tried.len());
        let _ = writeln!(text, "  {}: {events} events, {mutants} mutants", recording.name);
        tally.extend(tried);
    }
    let _ = write!(text, "{}{}", tally.table(), tally.list());
    // On the real standard error, which the test runner does not capture.
    let _ = write!(std::io::stderr(), "{text}");

    let some: Vec<&str> = tally.wrong.iter().take(40).map(String::as_str).collect();
    assert!(some.is_empty(), "{} slipped through:\n{}", tally.wrong.len(), some.join("\n"));
    for tier in [Tier::Left, Tier::Sealed, Tier::Forged] {
        let (killed, total, apart) = tally.of(tier);
        assert!(killed == total && killed > least, "{tier:?}: {killed} of {total}");
        assert!(tier == Tier::Forged || apart == 0, "{tier:?}: {apart} unobserved");
    }
    assert_eq!(tally.missing(), [""; 0]);
}

#[test]
fn six_programs_are_among_them() {
    assert!(programs::modules().len() >= 6, "{:?}", programs::modules());
}
