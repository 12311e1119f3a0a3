//! Trying mutants: tier by tier, each must die for the reason that fits.

use super::fields::changes;
use super::files::{bytes_of_envelope, bytes_of_trace, fields_of_receipt};
use super::judge::{Found, audit, forge, replay};
use super::kind;
use super::mutate::{Change, Mutant, Mutants};
use super::oracle::{Expected, first_difference, is_endless, reread, unobserved};
use super::record::Recording;
use super::sections::{Sealed, seal, unsealed};
use super::tally::{Fate, Tier, Tried};
use provenact::outcome::Outcome;
use provenact::reason::Reason;
use rayon::prelude::*;
use serde_json::Value;

/// Every mutant of `of`; `other` is another run of the same skill.
pub fn all(of: &Recording, other: &Recording) -> Vec<Tried> {
    untouched(of);
    let mut mutants = Mutants::new(of);
    mutants.order();
    mutants.calls();
    mutants.answers();
    mutants.ends();
    mutants.splices(other);
    let header: Value = serde_json::from_slice(&of.sections[0].1).unwrap();
    for change in changes(&header) {
        let what = format!("{}: {}", change.at, change.what);
        mutants.push(&kind::HEADER, what, Change::Header(change.value));
    }
    let mut tried: Vec<Tried> =
        mutants.made.par_iter().flat_map_iter(|mutant| of_trace(of, mutant)).collect();
    tried.extend(bytes_of_trace(of));
    tried.extend(bytes_of_envelope(of));
    tried.extend(fields_of_receipt(of));
    tried
}

/// What was taken apart and put together again is the recording to the byte, and reproduces: so a
/// mutant dies of its change and of nothing else.
fn untouched(of: &Recording) {
    let same = Change::Events(of.events.clone());
    let same = Mutant { kind: &kind::DROP, what: String::new(), change: same };
    let sealed = seal(&same.sections(of));
    assert!(sealed.bytes == of.trace, "{}: not the same trace", of.name);
    let found = audit(of, &of.skill, &of.envelope, &sealed.bytes);
    assert!(matches!(found, Found::Reproduced(_)), "{}: {found:?}", of.name);
    let found = forge(of, &of.skill, &sealed, &|_| ());
    assert!(matches!(found, Found::Reproduced(_)), "{}: {found:?}", of.name);
}

/// One changed trace in every tier.
fn of_trace(of: &Recording, mutant: &Mutant) -> [Tried; 3] {
    let sections = mutant.sections(of);
    let what = |found: &dyn std::fmt::Debug| format!("{}, {}: {found:?}", of.name, mutant.what);
    let died = |found: Found, reasons: &[Reason]| match found {
        Found::Refused(refusal) if reasons.contains(&refusal.reason) => {
            Fate::Killed(refusal.reason)
        }
        other => Fate::Wrong(what(&other)),
    };
    let left = replay(&of.skill, &of.receipt, &unsealed(&sections, &of.hashes));
    let left = died(left, &[Reason::TraceCorrupt]);
    let trace = seal(&sections);
    let sealed = match replay(&of.skill, &of.receipt, &trace.bytes) {
        Found::Refused(found) if is_endless(of, &found, reread(&trace).as_deref()) => {
            Fate::Killed(found.reason)
        }
        found => died(found, mutant.kind.left),
    };
    let forged = forged(of, &trace, mutant);
    [
        (Tier::Left, mutant.kind, left),
        (Tier::Sealed, mutant.kind, sealed),
        (Tier::Forged, mutant.kind, forged),
    ]
}

/// Tier 2: the receipt is made for the changed trace, and signed.
fn forged(of: &Recording, trace: &Sealed, mutant: &Mutant) -> Fate {
    let outcome = match &mutant.change {
        Change::End(_, end) => end.outcome.clone(),
        _ => of.outcome.clone(),
    };
    let recorded = match &mutant.change {
        Change::Events(events) | Change::End(events, _) => Some(events.clone()),
        Change::Batch(_) | Change::Header(_) => reread(trace),
    };
    let found = forge(of, &of.skill, trace, &|receipt| {
        receipt.trace.events = match &mutant.change {
            Change::Events(events) => events.len() as u64,
            Change::End(_, end) => end.events,
            Change::Batch(_) | Change::Header(_) => receipt.trace.events,
        };
        if matches!(outcome, Outcome::Interrupted { .. }) {
            receipt.final_state = None;
        }
        receipt.outcome = outcome.clone();
    });
    let said = recorded.as_deref().filter(|_| !matches!(mutant.change, Change::Header(_)));
    let expected = match said {
        Some(said) if outcome == of.outcome => first_difference(&of.rows, &of.events, said),
        _ => Expected::Unknown,
    };
    let what = |why: &str| format!("{}, {}: {why}", of.name, mutant.what);
    match (found, recorded.as_deref()) {
        (Found::Refused(refusal), _) => {
            let at = refusal.at.as_ref().map(|at| at.0);
            let fits = match expected {
                // An answer that no event can hold is refused before there is an event.
                Expected::Call(Reason::AnswerImpossible, _)
                    if refusal.reason == Reason::TraceMalformed =>
                {
                    true
                }
                Expected::Call(reason, event) => refusal.reason == reason && at == Some(event),
                Expected::Answer(event) => at.is_none_or(|at| at >= event),
                Expected::Nothing | Expected::Unknown => true,
            };
            let listed = mutant.kind.forged.contains(&refusal.reason);
            if fits && (listed || is_endless(of, &refusal, said)) {
                Fate::Killed(refusal.reason)
            } else {
                Fate::Wrong(what(&format!("{refusal:?}")))
            }
        }
        (Found::Reproduced(receipt), Some(recorded)) if matches!(expected, Expected::Answer(_)) => {
            match unobserved(of, recorded, &receipt) {
                Ok(event) => Fate::Unobserved(of.name.clone(), event, of.event(event)),
                Err(why) => Fate::Wrong(what(&format!("reproduced: {why}"))),
            }
        }
        (Found::Reproduced(_), _) => {
            Fate::Wrong(what("reproduced, and no answer alone was changed"))
        }
    }
}
