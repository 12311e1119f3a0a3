//! Which of the keys that signed a statement count for a requirement.

use crate::attest::time::Timestamp;
use crate::attest::{Requirement, Role, Statement, TrustedKey, Verified, finding, provenance};
use crate::reason::Reason;

/// A key that signed and does not count.
#[derive(Debug, Clone)]
pub(super) struct Excluded<'s> {
    pub key: &'s TrustedKey,
    pub reason: Reason,
    pub why: String,
}

/// The keys that count, and the others with what stands against them. `operators` are the keys that
/// signed the receipt in question and have the role: no auditors of it. With `pairs`, the trust file pairs
/// keys with builders or verifiers, and a key that it does not list is paired with none.
pub(super) fn sorted<'s>(
    requirement: &Requirement,
    statement: &'s Verified<Statement>,
    operators: &[&TrustedKey],
    pairs: bool,
    now: Timestamp,
) -> (Vec<&'s TrustedKey>, Vec<Excluded<'s>>) {
    let (mut counted, mut excluded) = (Vec::new(), Vec::new());
    for key in statement.by() {
        let objection = own_auditor(requirement, key, operators)
            .or_else(|| objection(requirement, statement, key, now))
            .or_else(|| unpaired(requirement, statement, key, pairs));
        match objection {
            None => counted.push(key),
            Some((reason, why)) => excluded.push(Excluded { key, reason, why }),
        }
    }
    (counted, excluded)
}

/// Nobody audits what they signed themselves; nor does another key of the same owner. No role that
/// the key could be given would change that.
fn own_auditor(
    requirement: &Requirement,
    key: &TrustedKey,
    operators: &[&TrustedKey],
) -> Option<(Reason, String)> {
    if requirement.role != Some(Role::Auditor) {
        return None;
    }
    if operators.iter().any(|operator| operator.key() == key.key()) {
        let why = if key.is_named() {
            "it signed the receipt, and was named with every role: list it as an auditor"
        } else {
            "it signed the receipt as its operator"
        };
        return Some((Reason::ThresholdUnmet, why.to_owned()));
    }
    let owner = key.owner()?;
    let same = operators.iter().find(|operator| operator.owner() == Some(owner))?;
    Some((
        Reason::ThresholdUnmet,
        format!("its owner {owner:?} is that of the operator's key {same}"),
    ))
}

fn objection(
    requirement: &Requirement,
    statement: &Verified<Statement>,
    key: &TrustedKey,
    now: Timestamp,
) -> Option<(Reason, String)> {
    if let Some(keep) = key.revoked() {
        // What was signed before the loss is told by digest: the statement itself, or all that it
        // is about. One kept subject among others would carry the others along.
        let kept = keep.contains(statement.statement_digest().as_bytes())
            || statement.subjects().iter().all(|subject| keep.contains(&subject.sha256));
        if !kept {
            let why = "revoked, and neither this statement nor all its subjects are under keep";
            return Some((Reason::KeyRevoked, why.to_owned()));
        }
    }
    if let Some(from) = key.not_before().filter(|from| now < *from) {
        return Some((Reason::KeyNotValid, format!("valid from {from}, and it is {now}")));
    }
    if let Some(to) = key.not_after().filter(|to| now > *to) {
        return Some((Reason::KeyNotValid, format!("valid until {to}, and it is {now}")));
    }
    match requirement.role {
        Some(role) if !key.roles().has(role) => {
            return Some((Reason::KeyRole, format!("its roles are: {}", key.roles())));
        }
        None if key.roles().is_empty() => {
            return Some((Reason::KeyRole, "it has no role".to_owned()));
        }
        _ => {}
    }
    None
}

/// Whose builder or verifier the key may not speak for.
fn unpaired(
    requirement: &Requirement,
    statement: &Verified<Statement>,
    key: &TrustedKey,
    pairs: bool,
) -> Option<(Reason, String)> {
    let (ty, gist) = (statement.predicate_type(), statement.gist());
    let (what, wanted, found) = if ty == provenance::PREDICATE_TYPE {
        ("builder", &requirement.builders, &gist.builder)
    } else if finding::passing(ty).is_some() {
        ("verifier", &requirement.verifiers, &gist.verifier)
    } else {
        return None;
    };
    let (listed, found) = (key.paired(ty), found.as_deref().unwrap_or_default());
    let asks = !listed.is_empty() || !wanted.is_empty() || (pairs && key.is_named());
    if !asks || listed.iter().any(|id| id == found) {
        return None;
    }
    let found = crate::attest::cut(found);
    let mut why = format!("the trust file does not pair it with {what} {found:?}");
    if !found.is_empty() {
        let place = if key.is_named() { "a [[key]] for it there" } else { "its [[key]]" };
        why.push_str(&format!("; {what}s = [{found:?}] in {place} would"));
    }
    Some((Reason::BuilderUntrusted, why))
}
