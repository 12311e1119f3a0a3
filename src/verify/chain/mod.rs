//! The chain behind a receipt, from the source to the signatures: what the evidence at hand shows of it,
//! rung by rung (`spec/trust.md`, "Chain").
//!
//! Nothing is executed here. That an execution was reproduced, or a build done again, is what auditors
//! say; the policy judges each statement as it does everywhere. What no evidence shows is not shown.

mod looked;
mod meaning;
mod said;

use super::policy::{Policy, Rule, Upheld, Verdict};
use super::{Error, Refusal};
use crate::attest::receipt::Receipt;
use crate::attest::{Envelope, Requirement, Rung, TrustedKey};
use crate::reason::Reason;
use crate::skill::Bundle;
use crate::trace::{self, Reader};
use looked::Looked;
use said::Statements;
use serde::Serialize;
use std::fmt;

/// What is at hand of what is behind a receipt.
#[derive(Debug)]
pub struct Gathered<'a> {
    /// The receipt.
    pub receipt: &'a Envelope,
    /// What others say of it, one envelope a line.
    pub beside: &'a [u8],
    /// Its trace, opened, or why it could not be; `None` when there is none.
    pub trace: Option<Result<Reader, trace::Error>>,
    /// The bundle that is said to have been run.
    pub bundle: Option<Parts>,
}

/// A bundle, with the parts that do not take part in an execution.
#[derive(Debug)]
pub struct Parts {
    /// Module, manifest and attestations.
    pub bundle: Bundle,
    /// The debug companion.
    pub companion: Option<Vec<u8>>,
    /// The module that went in.
    pub original: Option<Vec<u8>>,
}

/// What the evidence says of a rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Every rule of it is upheld.
    Shown,
    /// Evidence is missing, or is not by those who count.
    NotShown,
    /// Evidence speaks against it.
    Contradicted,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shown => "shown",
            Self::NotShown => "not shown",
            Self::Contradicted => "contradicted",
        })
    }
}

/// One rung, and what there is of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which.
    pub rung: Rung,
    /// What the evidence says.
    pub state: State,
    /// Whether the receipt is refused without it.
    pub demanded: bool,
    /// The keys that count for it.
    pub by: Vec<TrustedKey>,
    /// How many trusted keys could count; `None` where nobody is believed: it was looked at here.
    pub of: Option<usize>,
    /// What was found, in a few words: the fact, or what is wrong.
    pub found: String,
    /// Of what it is about.
    pub digest: String,
    /// Every rule that was looked at.
    pub rules: Vec<Rule>,
    /// What the rung shows when it is shown.
    pub proves: &'static str,
    /// What it does not show.
    pub does_not_prove: &'static str,
}

/// Every rung, in the order of the walk.
#[derive(Debug)]
pub struct Chain(Vec<Step>);

/// What was found of a rung: its rules, and what is worth telling.
#[derive(Debug, Default)]
struct Found {
    verdict: Verdict,
    by: Vec<TrustedKey>,
    of: Option<usize>,
    fact: String,
    digest: String,
}

impl Chain {
    /// Walks the chain behind a receipt, as far as the evidence leads.
    ///
    /// # Errors
    /// What is no receipt, and what lies beside it and holds no envelopes. Everything else is a finding.
    pub fn walk(policy: &Policy, gathered: Gathered<'_>) -> Result<Self, Error> {
        let Gathered { receipt: envelope, beside, trace, bundle } = gathered;
        let payload = envelope.payload_unverified();
        let statement = crate::attest::Statement::parse(payload.as_bytes())?;
        let receipt = Receipt::from_statement(&statement)?;
        let attestations = bundle.as_ref().and_then(|parts| parts.bundle.attestations.clone());
        let looked = Looked::at(&receipt, trace, bundle);
        let lines = [beside, attestations.as_deref().unwrap_or_default()];
        let said = Statements::read(policy, envelope, &receipt, lines, looked.attestation())?;
        let step = |rung: Rung| {
            let found = match rung {
                Rung::Source => said.source(&looked),
                Rung::Canonical => looked.canonical(),
                Rung::Capabilities => looked.capabilities(policy),
                Rung::Consistent => looked.consistent(),
                Rung::Rebuilt
                | Rung::Replayed
                | Rung::CrossEngine
                | Rung::Authentic
                | Rung::CoSigned => said.of(rung),
            };
            found.step(rung, is_demanded(policy, rung))
        };
        Ok(Self(Rung::ALL.map(step).into()))
    }

    /// The rungs, in the order of the walk.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The proof, when each rung that is demanded is shown and evidence speaks against none.
    ///
    /// # Errors
    /// [`Reason::RungContradicted`], otherwise [`Reason::RungNotShown`].
    pub fn uphold(&self) -> Result<Upheld, Reason> {
        let is_against = |step: &&Step| step.state == State::Contradicted;
        let mut verdict = Verdict::default();
        for step in self.0.iter().filter(|step| step.demanded || is_against(step)) {
            verdict.add(step.rung.name(), step.state == State::Shown, Reason::RungNotShown, || {
                (State::Shown.to_string(), step.state.to_string())
            });
        }
        let is_contradicted = self.0.iter().any(|step| is_against(&step));
        verdict.uphold().map_err(|_| {
            if is_contradicted { Reason::RungContradicted } else { Reason::RungNotShown }
        })
    }
}

/// Whether a receipt is refused without this rung: always, or because the trust file names it, or
/// because something that it requires is judged there.
fn is_demanded(policy: &Policy, rung: Rung) -> bool {
    let asks = |requirement: &Requirement| {
        said::rung_of(requirement) == Some(rung)
            || match rung {
                Rung::CrossEngine => said::engines(requirement).is_some(),
                Rung::Capabilities => said::limits_capabilities(requirement),
                _ => false,
            }
    };
    Rung::ALWAYS.contains(&rung)
        || policy.trust().rungs().contains(&rung)
        || policy.trust().requirements().iter().any(asks)
}

/// Rules that are broken only by what speaks against a rung. Others are broken by what is missing too.
const AGAINST: [&str; 4] = ["material", "contradiction", "capabilities", "forbidden-imports"];

impl Found {
    fn step(self, rung: Rung, demanded: bool) -> Step {
        let Self { verdict, by, of, fact, digest } = self;
        let is_against = |rule: &&Rule| !rule.upheld && AGAINST.contains(&rule.name);
        let against = verdict.rules().iter().find(is_against).cloned();
        let broken = against.clone().or_else(|| verdict.broken().cloned());
        let rules = verdict.rules().to_vec();
        let state = match (verdict.uphold(), against) {
            (Ok(_), _) => State::Shown,
            (Err(_), Some(_)) => State::Contradicted,
            (Err(_), None) => State::NotShown,
        };
        let found = broken.map_or(fact, |rule| format!("{rule} [{}]", rule.reason));
        let (proves, does_not_prove) = meaning::of(rung);
        Step { rung, state, demanded, by, of, found, digest, rules, proves, does_not_prove }
    }

    /// A finding about something that is not at hand.
    fn missing(expected: &str) -> Self {
        let mut verdict = Verdict::default();
        verdict.add("evidence", false, Reason::MaterialMissing, || {
            (expected.to_owned(), "none".to_owned())
        });
        Self { verdict, ..Self::default() }
    }

    /// A finding that is an error: against the rung when it is a definite no.
    fn failed(expected: &str, error: &Error) -> Self {
        if let Error::Refused(refusal) = error {
            return Self { verdict: refusal.verdict().clone(), ..Self::default() };
        }
        let (reason, mut verdict) = (error.reason(), Verdict::default());
        let is_no = reason.class() == crate::reason::Class::No;
        let name =
            if is_no && reason != Reason::AttestationMissing { "material" } else { "evidence" };
        verdict.add(name, false, reason, || (expected.to_owned(), error.to_string()));
        Self { verdict, ..Self::default() }
    }
}

/// The verdict of an envelope that nobody who is trusted signed.
fn unsigned(cause: crate::attest::Error) -> Verdict {
    Refusal::of(cause, Vec::new()).verdict().clone()
}
