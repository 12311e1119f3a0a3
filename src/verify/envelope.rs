//! Any envelope: who signed it, what it says and about what, held to the policy. A signature alone
//! is never enough.

use super::policy::{Context, Policy, Said, Upheld, Verdict, Words};
use super::{Error, Refusal};
use crate::attest::receipt::{PREDICATE_TYPE, Receipt, is_of_any_version};
use crate::attest::{self, About, Envelope, Requirement, Role, Statement, TrustedKey, Verified};
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

/// What [`judged`] found.
struct Judged {
    statement: Verified<Statement>,
    signed: Signed,
    receipt: Option<Verified<Receipt>>,
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
    let Judged { statement, signed: Signed { upheld, by }, receipt } =
        judged(policy, envelope, subjects, wanted, beside, Words::Every)?;
    let receipt = receipt.map(|receipt| (*receipt).clone());
    Ok(Consumed { upheld, said: Said::verified(envelope, &statement), by, receipt })
}

/// [`consume`], of which the rules that are upheld are written down or not.
fn judged(
    policy: &Policy,
    envelope: &Envelope,
    subjects: &[(String, [u8; 32])],
    wanted: Option<&str>,
    beside: &[u8],
    words: Words,
) -> Result<Judged, Error> {
    let statement = verified(policy, envelope)?;
    let said = || vec![Said::verified(envelope, &statement)];
    let ty = wanted.unwrap_or(statement.predicate_type());
    // A receipt of another version is none of ours, and no statement of somebody else's either.
    if ty == statement.predicate_type() && is_of_any_version(ty) {
        let receipt = statement.receipt().map_err(|cause| Refusal::of(cause, said()))?;
        let read = Read { envelope, statement: &statement, receipt: &receipt };
        let signed = read.judged(policy, &requirements(policy), subjects, beside, words)?;
        no_chain_demanded(policy).map_err(|verdict| Refusal::new(verdict, said()))?;
        return Ok(Judged { statement, signed, receipt: Some(receipt) });
    }
    let refuse = |verdict: Verdict| Refusal::new(verdict, said());
    let mut verdict = Verdict::new(words);
    if subjects.is_empty() {
        verdict.add("subject", false, Reason::SubjectNeeded, || {
            let about = Said::verified(envelope, &statement).subjects.join(", ");
            let expected = "--subject FILE, the file that it is believed about";
            (expected.to_owned(), format!("none; the statement is about {about}"))
        });
        return Err(refuse(verdict).into());
    }
    let requirements = for_file(policy, ty, wanted.is_some());
    if requirements.is_empty() {
        verdict.add("predicate-type", false, Reason::PredicateMismatch, || {
            let expected = "a type with a [[require]] in the trust file, or named with --type";
            (expected.to_owned(), ty.to_owned())
        });
        return Err(refuse(verdict).into());
    }
    let mut by = Vec::new();
    for requirement in &requirements {
        let none = Context::default();
        let judged = policy.judge(requirement, &[&statement], subjects, &none, words);
        verdict.append(judged.verdict);
        join(&mut by, judged.counted.into_iter().flat_map(|(_, keys)| keys));
    }
    let upheld = verdict.uphold().map_err(refuse)?;
    Ok(Judged { statement, signed: Signed { upheld, by }, receipt: None })
}

/// What the trust file demands of the chain behind a receipt is not looked at here: a receipt alone is
/// then not enough.
fn no_chain_demanded(policy: &Policy) -> Result<(), Verdict> {
    let rungs = policy.trust().rungs();
    if rungs.is_empty() {
        return Ok(());
    }
    let mut verdict = Verdict::default();
    verdict.add("chain", false, Reason::RungNotShown, || {
        let rungs: Vec<&str> = rungs.iter().map(|rung| rung.name()).collect();
        (format!("{} of the chain behind the receipt", rungs.join(", ")), "no --chain".to_owned())
    });
    Err(verdict)
}

/// [`consume`] for the bytes of an envelope beside which nothing lies, as fast as it goes: the proof
/// counts its rules, and nothing is written down to be shown but what is refused.
///
/// # Errors
/// What is no envelope; otherwise as [`consume`], with the rules that are broken.
pub fn consume_line(
    policy: &Policy,
    line: &[u8],
    subjects: &[(String, [u8; 32])],
    wanted: Option<&str>,
) -> Result<Upheld, Error> {
    let envelope = Envelope::parse(line)?;
    Ok(judged(policy, &envelope, subjects, wanted, &[], Words::Broken)?.signed.upheld)
}

/// [`consume_line`] for each of `lines`, which have a line end each, side by side; the answers are in
/// the order of the lines.
#[must_use]
pub fn consume_lines(
    policy: &Policy,
    lines: &[Vec<u8>],
    subjects: &[(String, [u8; 32])],
    wanted: Option<&str>,
) -> Vec<Result<Upheld, Error>> {
    let one = |line: &Vec<u8>| {
        let line = line.strip_suffix(b"\n").ok_or_else(|| attest::Error::EnvelopeMalformed {
            path: "$".to_owned(),
            // Nobody knows how many lines are missing then.
            why: "the line has no line end: the file was cut off",
        })?;
        consume_line(policy, line, subjects, wanted)
    };
    lines.par_iter().map(one).collect()
}

/// The statement of an envelope that a trusted key signed, whatever it is worth.
pub(super) fn verified(policy: &Policy, envelope: &Envelope) -> Result<Verified<Statement>, Error> {
    let statement = envelope.verify(policy.trust()).and_then(|payload| payload.statement());
    statement.map_err(|cause| Refusal::of(cause, vec![Said::claimed(envelope)]).into())
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
        words: Words,
    ) -> Result<Signed, Error> {
        let beside = attest::parse_lines(beside)?;
        attest::bound_work(beside.iter().map(|(_, envelope)| envelope), policy.trust())?;
        // What nobody trusted signed adds nothing, and takes nothing away.
        let with_statement = |(_, envelope): (_, Envelope)| {
            verified(policy, &envelope).ok().map(|statement| (envelope, statement))
        };
        let beside: Vec<_> = beside.into_iter().filter_map(with_statement).collect();
        let others: Vec<&Verified<Statement>> = beside.iter().map(|(_, s)| s).collect();
        let digest = self.statement.statement_digest();
        let receipt = [("the receipt".to_owned(), *digest.as_bytes())];
        let capabilities = &self.receipt.grants.capabilities;
        let operators = self.statement.by().iter();
        let operators = operators.filter(|key| key.roles().has(Role::Operator)).collect();
        let context = Context { capabilities, imports: Vec::new(), operators };
        let (mut verdict, mut by) = (Verdict::new(words), Vec::new());
        policy.contradicted(wanted, About::Receipt, &others, &receipt, &mut verdict);
        for requirement in wanted {
            let own = requirement.predicate_type == PREDICATE_TYPE;
            let judged = if own {
                policy.judge(requirement, &[self.statement], subjects, &context, words)
            } else {
                policy.judge(requirement, &others, &receipt, &context, words)
            };
            verdict.append(judged.verdict);
            if own {
                join(&mut by, judged.counted.into_iter().flat_map(|(_, keys)| keys));
            }
        }
        let said = || {
            let all = std::iter::once((self.envelope, self.statement))
                .chain(beside.iter().map(|(envelope, statement)| (envelope, statement)));
            all.take(16).map(|(envelope, statement)| Said::verified(envelope, statement)).collect()
        };
        let upheld = verdict.uphold().map_err(|verdict| Refusal::new(verdict, said()))?;
        Ok(Signed { upheld, by })
    }
}

/// Adds keys that are not there.
fn join<'k>(by: &mut Vec<TrustedKey>, keys: impl Iterator<Item = &'k TrustedKey>) {
    for key in keys {
        if !by.contains(key) {
            by.push(key.clone());
        }
    }
}
