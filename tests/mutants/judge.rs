//! The auditor, and the forger who learns from its refusals.

use super::record::{Recording, Skill};
use super::sections::Sealed;
use provenact::attest::receipt::Receipt;
use provenact::reason::Reason;
use provenact::trace::Reader;
use provenact::verify::{self, Claim, Replay, Verdict};
use serde_json::Value;
use std::io::Cursor;

/// What an auditor says.
#[derive(Debug)]
pub enum Found {
    Reproduced(Box<Receipt>),
    Refused(Refusal),
}

/// Why it is no, or could not be told.
#[derive(Debug)]
pub struct Refusal {
    pub reason: Reason,
    /// Of a divergence, and of a replay that was cut short: the event's number, the place, and what
    /// the replay did there.
    pub at: Option<(u64, String, String)>,
}

impl From<verify::Error> for Refusal {
    fn from(error: verify::Error) -> Self {
        Self { reason: error.reason(), at: None }
    }
}

/// Replays a receipt: the one place where this suite calls the verifier.
pub fn replay(skill: &Skill, receipt: &Receipt, trace: &[u8]) -> Found {
    let judged = || -> Result<Verdict, verify::Error> {
        let trace = Reader::open(Cursor::new(trace.to_vec()))?;
        let manifest = &skill.manifest;
        let input = Replay { receipt, manifest, trace, companion: None, keep: None };
        verify::replay(&skill.executable, input)
    };
    match judged() {
        Ok(Verdict::Reproduced(proof)) => Found::Reproduced(Box::new(proof.receipt().clone())),
        Ok(Verdict::Interrupted { here, cause, events }) => {
            let at = here.then(|| (events, "here".to_owned(), cause.to_string()));
            Found::Refused(Refusal { reason: Reason::Interrupted, at })
        }
        Ok(Verdict::Refuted(d)) => {
            Found::Refused(Refusal { reason: d.reason, at: Some((d.event, d.place, d.replayed)) })
        }
        Err(error) => Found::Refused(error.into()),
    }
}

/// Reads a receipt, with the operator's key trusted, and replays it.
pub fn audit(recording: &Recording, skill: &Skill, envelope: &[u8], trace: &[u8]) -> Found {
    match Claim::read(envelope, Some(&recording.policy)) {
        Ok(claim) => replay(skill, claim.receipt(), trace),
        Err(error) => Found::Refused(error.into()),
    }
}

/// Makes the receipt for a changed trace and signs it with the valid key. What the changed answers
/// brought into the guest is told anew, as often as the auditor finds it wrong; what came out of the
/// guest is what was claimed before, unless the receipt is one of an interruption, which claims no end.
pub fn forge(
    recording: &Recording,
    skill: &Skill,
    trace: &Sealed,
    change: &dyn Fn(&mut Receipt),
) -> Found {
    let mut receipt = recording.receipt.clone();
    receipt.trace.sha256 = trace.digest;
    change(&mut receipt);
    for _ in 0..32 {
        let found = match receipt.to_statement() {
            Ok(statement) => {
                let payload = statement.to_payload().unwrap();
                audit(recording, skill, &recording.sign(payload), &trace.bytes)
            }
            // Half-way from one list of files to another, which nobody can sign.
            Err(_) => replay(skill, &receipt, &trace.bytes),
        };
        let Some(better) = learned(&receipt, &found) else { return found };
        receipt = better;
    }
    panic!("{}: a forger who learns without end", recording.name)
}

/// The receipt with the field that was found wrong made anew, if it is about what came in.
fn learned(receipt: &Receipt, found: &Found) -> Option<Receipt> {
    let Found::Refused(Refusal { reason: Reason::ReceiptDiffers, at: Some((_, place, right)) }) =
        found
    else {
        return None;
    };
    let came_in = ["invocation.stdin", "invocation.input", "files.read"]
        .iter()
        .any(|field| place.starts_with(field));
    if !came_in && !receipt.outcome.is_interrupted() {
        return None;
    }
    let mut value = serde_json::to_value(receipt).unwrap();
    let pointer = format!("/{}", place.replace(['.', '['], "/").replace(']', ""));
    let (above, name) = pointer.rsplit_once('/').unwrap();
    let above = value.pointer_mut(above).unwrap();
    if right == "nothing" {
        match above {
            Value::Array(list) => drop(list.remove(name.parse::<usize>().unwrap())),
            above => drop(above.as_object_mut().unwrap().remove(name)),
        }
    } else {
        let right: Value = serde_json::from_str(right).unwrap();
        match above {
            Value::Array(list) => match list.get_mut(name.parse::<usize>().unwrap()) {
                Some(place) => *place = right,
                None => list.push(right),
            },
            above => drop(above.as_object_mut().unwrap().insert(name.to_owned(), right)),
        }
    }
    Some(serde_json::from_value(value).unwrap())
}
