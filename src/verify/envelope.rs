//! Any envelope: who signed it, what it says and about what, held to the policy. A signature alone
//! is never enough.

use super::policy::{Context, Policy, Said, Upheld, Verdict};
use super::{Error, Refusal};
use crate::attest::receipt::{PREDICATE_TYPE, Receipt, is_of_any_version};
use crate::attest::{self, About, Envelope, Requirement, Statement, TrustedKey, Verified};
use crate::digest::StatementDigest;
use crate::reason::Reason;
use rayon::prelude::*;

/// Proof that an envelope is what the policy demands: only [`consume`] makes one.
#[derive(Debug)]
pub struct Consumed {
    /// The rules that were upheld.
    pub upheld: Upheld,
    /// What the envelope says.
    pub said: Said,
    /// The distinct keys that count.
    pub by: Vec<TrustedKey>,
    /// The receipt, if it is one.
    pub receipt: Option<Receipt>,
}

/// What [`Read::judged`] found.
pub(super) struct Signed {
    pub upheld: Upheld,
    pub by: Vec<TrustedKey>,
}

/// A receipt that was verified and read.
pub(super) struct Read<'a> {
    pub envelope: &'a Envelope,
    pub statement: &'a Verified<Statement>,
    pub receipt: &'a Receipt,
}

/// Holds an envelope to the policy. It must be about each of `subjects` (what it is called and its
/// SHA-256), and of the predicate type `wanted` if one is named. A receipt names its own subjects
/// and needs none here; `beside` are the envelopes that lie beside it, one a line.
///
/// # Errors
/// [`Error::Refused`], with every rule and with what the envelope claims.
pub fn consume(
    policy: &Policy,
    envelope: &Envelope,
    subjects: &[(String, [u8; 32])],
    wanted: Option<&str>,
    beside: &[u8],
) -> Result<Consumed, Error> {
    let (statement, Signed { upheld, by }, receipt) =
        judged(policy, envelope, subjects, wanted, beside)?;
    Ok(Consumed { upheld, said: Said::verified(envelope, &statement), by, receipt })
}

/// [`consume`] without what is only to be shown.
fn judged(
    policy: &Policy,
    envelope: &Envelope,
    subjects: &[(String, [u8; 32])],
    wanted: Option<&str>,
    beside: &[u8],
) -> Result<(Verified<Statement>, Signed, Option<Receipt>), Error> {
    let statement = verified(policy, envelope)?;
    let said = || vec![Said::verified(envelope, &statement)];
    let ty = wanted.unwrap_or(statement.predicate_type());
    // A receipt of another version is none of ours, and no statement of somebody else's either.
    if ty == statement.predicate_type() && is_of_any_version(ty) {
        let receipt = statement.receipt().map_err(|cause| Refusal::of(cause, said()))?;
        let read = Read { envelope, statement: &statement, receipt: &receipt };
        let signed = read.judged(policy, &requirements(policy), subjects, beside)?;
        let receipt = Some((*receipt).clone());
        return Ok((statement, signed, receipt));
    }
    let refuse = |verdict: Verdict| Refusal::new(verdict, said());
    let mut verdict = Verdict::default();
    if subjects.is_empty() {
        let about = Said::verified(envelope, &statement).subjects.join(", ");
        verdict.add(
            "subject",
            false,
            Reason::SubjectNeeded,
            "--subject FILE, the file that it is believed about",
            format!("none; the statement is about {about}"),
        );
        return Err(refuse(verdict).into());
    }
    let requirements = for_file(policy, ty, wanted.is_some());
    if requirements.is_empty() {
        let expected = "a type with a [[require]] in the trust file, or named with --type";
        verdict.add("predicate-type", false, Reason::PredicateMismatch, expected, ty);
        return Err(refuse(verdict).into());
    }
    let mut by = Vec::new();
    for requirement in &requirements {
        let judged = policy.judge(requirement, &[&statement], subjects, &Context::default());
        verdict.append(judged.verdict);
        join(&mut by, judged.counted.into_iter().flat_map(|(_, keys)| keys));
    }
    let upheld = verdict.uphold().map_err(refuse)?;
    Ok((statement, Signed { upheld, by }, None))
}

/// [`consume`] for each of `lines`, an envelope and a line end each, side by side; the answers are in
/// the order of the lines.
#[must_use]
pub fn consume_lines(
    policy: &Policy,
    lines: &[Vec<u8>],
    subjects: &[(String, [u8; 32])],
    wanted: Option<&str>,
) -> Vec<Result<Upheld, Error>> {
    let one = |line: &Vec<u8>| {
        let line = line.strip_suffix(b"\n").ok_or(attest::Error::EnvelopeMalformed {
            path: "$".to_owned(),
            // Nobody knows how many lines are missing then.
            why: "the line has no line end: the file was cut off",
        })?;
        Ok(judged(policy, &Envelope::parse(line)?, subjects, wanted, &[])?.1.upheld)
    };
    lines.par_iter().map(one).collect()
}

/// The statement of an envelope that a trusted key signed, whatever it is worth.
pub(super) fn verified(
    policy: &Policy,
    envelope: &Envelope,
) -> Result<Verified<Statement>, Refusal> {
    let statement = envelope.verify(policy.trust()).and_then(|payload| payload.statement());
    statement.map_err(|cause| Refusal::of(cause, vec![Said::claimed(envelope)]))
}

/// What the policy requires of a receipt.
pub(super) fn requirements(policy: &Policy) -> Vec<Requirement> {
    policy.required_of(About::Receipt)
}

/// What the policy requires of statements of type `ty` about a file; nothing when they are not to
/// be believed at all.
fn for_file(policy: &Policy, ty: &str, named: bool) -> Vec<Requirement> {
    let has_file = policy.trust().file().is_some();
    let is_listed = |r: &&Requirement| r.about == About::File && r.predicate_type == ty;
    let listed = policy.trust().requirements().iter().find(is_listed);
    let mut base = listed.cloned().or_else(|| Requirement::built_in(ty, About::File));
    if base.is_none() && (named || !has_file) {
        base = Some(Requirement::new(ty, About::File, None));
    }
    if let (Some(base), false) = (&mut base, has_file) {
        // Who names the keys for one command says which builds are meant by naming the file.
        base.build_types.clear();
    }
    let Some(base) = base else { return Vec::new() };
    let mut all = policy.requirements(About::File, Some(base));
    all.retain(|requirement| requirement.predicate_type == ty);
    all
}

impl Read<'_> {
    /// Holds the receipt, and what lies beside it, to requirements.
    pub fn judged(
        &self,
        policy: &Policy,
        wanted: &[Requirement],
        subjects: &[(String, [u8; 32])],
        beside: &[u8],
    ) -> Result<Signed, Error> {
        let mut said = vec![Said::verified(self.envelope, self.statement)];
        let mut others = Vec::new();
        for (_, envelope) in attest::parse_lines(beside)? {
            // What nobody trusted signed adds nothing, and takes nothing away.
            if let Ok(statement) = verified(policy, &envelope) {
                said.push(Said::verified(&envelope, &statement));
                others.push(statement);
            }
        }
        said.truncate(16);
        let others: Vec<&Verified<Statement>> = others.iter().collect();
        let digest = StatementDigest::of(self.envelope.payload_unverified().as_bytes());
        let receipt = [("the receipt".to_owned(), *digest.as_bytes())];
        let capabilities = &self.receipt.grants.capabilities;
        let context = Context { capabilities, imports: Vec::new() };
        let (mut verdict, mut by) = (Verdict::default(), Vec::new());
        policy.contradicted(wanted, About::Receipt, &others, &receipt, &mut verdict);
        for requirement in wanted {
            let own = requirement.predicate_type == PREDICATE_TYPE;
            let judged = if own {
                policy.judge(requirement, &[self.statement], subjects, &context)
            } else {
                policy.judge(requirement, &others, &receipt, &context)
            };
            verdict.append(judged.verdict);
            if own {
                join(&mut by, judged.counted.into_iter().flat_map(|(_, keys)| keys));
            }
        }
        let upheld = verdict.uphold().map_err(|verdict| Refusal::new(verdict, said))?;
        Ok(Signed { upheld, by })
    }
}

/// Adds keys that are not there.
fn join(by: &mut Vec<TrustedKey>, keys: impl Iterator<Item = TrustedKey>) {
    for key in keys {
        if !by.contains(&key) {
            by.push(key);
        }
    }
}
