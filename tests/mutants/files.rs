//! Mutants of the two files as they are: each byte of the trace, and each byte and field of the
//! receipt.

use super::fields::changes;
use super::judge::{Found, Refusal, audit, replay};
use super::kind::{self, Kind};
use super::record::Recording;
use super::tally::{Fate, Tier, Tried};
use provenact::attest::Statement;
use provenact::attest::receipt::Receipt;
use provenact::json::to_jcs;
use provenact::reason::Reason;
use rayon::prelude::*;
use serde_json::Value;

/// Each byte of the trace's file changed, left out, and the file cut there; hashes are as they were.
pub fn bytes_of_trace(of: &Recording) -> Vec<Tried> {
    let mut made: Vec<(&'static Kind, String, Vec<u8>)> = Vec::new();
    for at in 0..of.trace.len() {
        let mut changed = of.trace.clone();
        changed[at] ^= 1 << (at % 8);
        made.push((&kind::FILE_BYTE, format!("byte {at}"), changed));
        made.push((&kind::FILE_LENGTH, format!("{at} bytes"), of.trace[..at].to_vec()));
        let mut fewer = of.trace.clone();
        fewer.remove(at);
        made.push((&kind::FILE_LENGTH, format!("without byte {at}"), fewer));
        let mut more = of.trace.clone();
        more.insert(at, of.trace[at] ^ 1);
        made.push((&kind::FILE_LENGTH, format!("one more before byte {at}"), more));
    }
    made.push((
        &kind::FILE_LENGTH,
        "one more at the end".to_owned(),
        [&of.trace[..], &[0]].concat(),
    ));
    let tried = |(kind, what, bytes): &(&'static Kind, String, Vec<u8>)| {
        let fate = match replay(&of.skill, &of.receipt, bytes) {
            Found::Refused(found) if kind.left.contains(&found.reason) => {
                Fate::Killed(found.reason)
            }
            other => Fate::Wrong(format!("{}, {what}: {other:?}", of.name)),
        };
        (Tier::Left, *kind, fate)
    };
    made.par_iter().map(tried).collect()
}

/// Each decoded byte of payload and signature changed.
pub fn bytes_of_envelope(of: &Recording) -> Vec<Tried> {
    let whole: Value = serde_json::from_slice(&of.envelope).unwrap();
    let mut made = Vec::new();
    for pointer in ["/payload", "/payloadType", "/signatures/0/sig"] {
        let text = whole.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let mut changed = whole.clone();
            *changed.pointer_mut(pointer).unwrap() = String::from_utf8(bytes).unwrap().into();
            made.push((format!("{pointer} {at}"), to_jcs(&changed).unwrap()));
        }
    }
    let tried = |(what, envelope): &(String, Vec<u8>)| {
        let fate = match audit(of, &of.skill, envelope, &of.trace) {
            Found::Refused(found) if kind::ENVELOPE_BYTE.left.contains(&found.reason) => {
                Fate::Killed(found.reason)
            }
            other => Fate::Wrong(format!("{}, {what}: {other:?}", of.name)),
        };
        (Tier::Left, &kind::ENVELOPE_BYTE, fate)
    };
    made.par_iter().map(tried).collect()
}

/// Each field of the receipt changed: with the signature that was there, and signed again; digests
/// of module and trace also with the subjects made to fit.
pub fn fields_of_receipt(of: &Recording) -> Vec<Tried> {
    let payload = of.receipt.to_statement().unwrap().to_payload().unwrap();
    let whole: Value = serde_json::from_slice(&payload).unwrap();
    let mut made: Vec<(String, Value)> = Vec::new();
    for change in changes(&whole) {
        let mut fitting = change.value.clone();
        for (at, field) in
            ["/predicate/module/sha256", "/predicate/trace/sha256"].iter().enumerate()
        {
            let digest = fitting.pointer(field).cloned();
            let subject = fitting.pointer_mut(&format!("/subject/{at}/digest/sha256"));
            if let (Some(digest), Some(subject)) = (digest, subject) {
                *subject = digest;
            }
        }
        if fitting != change.value && fitting != whole {
            made.push((format!("{}, subject too", change.at), fitting));
        }
        made.push((change.at, change.value));
    }
    let envelope: Value = serde_json::from_slice(&of.envelope).unwrap();
    let tried = |(at, changed): &(String, Value)| {
        let payload = to_jcs(changed).unwrap();
        let signed = of.sign(payload.clone());
        let mut old: Value = serde_json::from_slice(&signed).unwrap();
        old["signatures"] = envelope["signatures"].clone();
        let left = match audit(of, &of.skill, &to_jcs(&old).unwrap(), &of.trace) {
            Found::Refused(found) if kind::RECEIPT.left.contains(&found.reason) => {
                Fate::Killed(found.reason)
            }
            other => Fate::Wrong(format!("{}, {at}: {other:?}", of.name)),
        };
        let forged = match audit(of, &of.skill, &signed, &of.trace) {
            Found::Refused(found) if names_the_field(&found, at, &payload) => {
                Fate::Killed(found.reason)
            }
            other => Fate::Wrong(format!("{}, {at}: {other:?}", of.name)),
        };
        [(Tier::Left, &kind::RECEIPT, left), (Tier::Forged, &kind::RECEIPT, forged)]
    };
    made.par_iter().flat_map_iter(tried).collect()
}

/// A receipt that can be read is refuted at the very field; one that cannot is malformed.
fn names_the_field(found: &Refusal, at: &str, payload: &[u8]) -> bool {
    let readable = Statement::parse(payload).and_then(|s| Receipt::from_statement(&s)).is_ok();
    let field = at.split(',').next().unwrap_or_default().trim_start_matches("/predicate");
    let field = field.trim_start_matches('/');
    match field {
        _ if !readable => {
            let unread = [
                Reason::ReceiptMalformed,
                Reason::StatementMalformed,
                Reason::SubjectMismatch,
                Reason::PredicateMismatch,
            ];
            unread.contains(&found.reason)
        }
        "module/sha256" | "manifest/sha256" => found.reason == Reason::MaterialMismatch,
        "trace/sha256" => found.reason == Reason::TraceMismatch,
        _ => {
            let dotted = field.replace('/', ".");
            let place =
                found.at.as_ref().map(|(_, place, _)| place.replace('[', ".").replace(']', ""));
            found.reason == Reason::ReceiptDiffers
                && place.is_some_and(|place| {
                    dotted.is_empty() || place == dotted || place.starts_with(&format!("{dotted}."))
                })
        }
    }
}
