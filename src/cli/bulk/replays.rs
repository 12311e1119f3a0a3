//! Many replays: engines and modules are shared, each has its own time, all share one budget.

use super::ticker::{Ticker, ticks};
use super::{BulkArgs, Line, Standing, Thing, is_something_else};
use crate::allowance::{Allowance, Budget};
use crate::cli::audit::Audit;
use crate::cli::error::CommandError;
use crate::cli::replay::{EngineArgs, EngineReport};
use crate::cli::ui::Ui;
use crate::cli::watch::seconds;
use crate::cli::workshop::Workshop;
use crate::limits;
use crate::reason::{Class, Reason};
use crate::runtime::Divergence;
use crate::verify::{Finding, Policy, Witnesses};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

const SCHEMA: &str = "https://opertus.systems/provenact/replay-all/v1";

/// Seconds that a receipt has unless --timeout says otherwise.
const SECONDS: f64 = 60.0;

/// What one receipt comes to.
#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    path: String,
    verdict: &'static str,
    reason: Option<&'static str>,
    message: Option<String>,
    events: u64,
    outcome: String,
    module: String,
    authenticity: String,
    attestation: &'a str,
    engines: Vec<EngineReport>,
    divergence: Option<&'a Divergence>,
}

/// What all replays have in common.
struct Replays<'a> {
    from: &'a [PathBuf],
    policy: Option<&'a Policy>,
    workshop: Workshop,
    budget: Arc<Budget>,
    ticker: Ticker,
    ticks: u64,
    /// Held together by those that share the budget; by one alone that needs all of it.
    gate: RwLock<()>,
}

/// Replays everything that `args` names and prints what each comes to.
pub fn run(
    args: &BulkArgs,
    engines: &EngineArgs,
    from: &[PathBuf],
    policy: Option<&Policy>,
    timeout: Option<f64>,
    ui: Ui,
) -> Result<u8, CommandError> {
    let ticks = ticks(seconds(timeout.unwrap_or(SECONDS))?);
    let (jobs, memory) = args.shares()?;
    let budget = Budget::new(memory);
    let workshop = engines.workshop(Some((ticks, jobs)))?;
    let ticker = Ticker::start(workshop.engines().to_vec());
    let gate = RwLock::new(());
    let replays = Replays { from, policy, workshop, budget, ticker, ticks, gate };
    args.judge(false, SCHEMA, ui, |thing| replays.line(thing))
}

impl Replays<'_> {
    fn line(&self, thing: &Thing) -> Line {
        let (Thing::Named(path) | Thing::Found(path) | Thing::Unread(path, _)) = thing;
        let found = matches!(thing, Thing::Found(_));
        match self.replay(path) {
            Ok((audit, witnesses)) => tell(path, &audit, &witnesses),
            Err(_) if found && is_something_else(path) => Line::skipped(SCHEMA, path),
            Err(error) => Line::failed(SCHEMA, path, &error),
        }
    }

    /// Replays beside others; when that was too much for the budget, again and alone.
    fn replay(&self, path: &Path) -> Result<(Audit, Witnesses), CommandError> {
        let (replayed, denied) = {
            let _beside = self.gate.read().unwrap_or_else(PoisonError::into_inner);
            let allowance = self.budget.wait_for(limits::REPLAY_BYTES);
            let replayed = self.attempt(path, &allowance);
            let denied = allowance.was_denied() && is_open(&replayed);
            (replayed, denied)
        };
        if !denied {
            return replayed;
        }
        drop(replayed);
        let _alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.workshop.tidy(0, None);
        // What others have is on its way back when all of it is to be had.
        let allowance = self.budget.wait_for(self.budget.most());
        allowance.keep(limits::REPLAY_BYTES);
        let replayed = self.attempt(path, &allowance);
        if allowance.was_denied() && is_open(&replayed) {
            let most = self.budget.most() >> 20;
            let message = format!("the replay needs more memory than {most} MiB, and has it alone");
            return Err(
                CommandError::new(Reason::Interrupted, message).hint("give more with --memory MIB")
            );
        }
        replayed
    }

    fn attempt(
        &self,
        path: &Path,
        allowance: &Allowance,
    ) -> Result<(Audit, Witnesses), CommandError> {
        let _time = self.ticker.time(allowance, self.ticks);
        let mut audit =
            Audit::gather_within(path, self.from, self.policy, &self.workshop, Some(allowance))
                .map_err(|error| {
                    if error.reason != Reason::MaterialMissing || !allowance.is_over() {
                        return error;
                    }
                    let message = format!("{}, and the time for looking is over", error.message);
                    CommandError::new(Reason::Interrupted, message)
                })?;
        let witnesses = audit.replay(None)?;
        Ok((audit, witnesses))
    }
}

/// Whether memory may be what it lacked; a collector of garbage goes on with less.
fn is_open(replayed: &Result<(Audit, Witnesses), CommandError>) -> bool {
    let Ok((_, witnesses)) = replayed else { return true };
    !matches!(witnesses.finding(), Finding::Reproduced(_) | Finding::Refuted(..))
}

fn tell(path: &Path, audit: &Audit, witnesses: &Witnesses) -> Line {
    let receipt = audit.claim.receipt();
    let shown = path.display().to_string();
    let finding = witnesses.finding();
    let mut report = Report {
        schema: SCHEMA,
        path: shown.clone(),
        verdict: "reproduced",
        reason: None,
        message: None,
        events: 0,
        outcome: receipt.outcome.to_string(),
        module: receipt.module.sha256.to_string(),
        authenticity: audit.claim.authenticity().to_string(),
        attestation: &audit.attestation,
        engines: witnesses.iter().map(EngineReport::of).collect(),
        divergence: None,
    };
    let (standing, human) = match &finding {
        Finding::Reproduced(proof) => {
            report.events = proof.events();
            let human =
                format!("{shown}: reproduced, {} events, {}", proof.events(), receipt.outcome);
            (Standing::Yes(proof.into()), human)
        }
        Finding::Interrupted { events, cause, here, .. } => {
            report.verdict = "interrupted";
            report.events = *events;
            let whose = if *here { "this replay was interrupted here" } else { "then interrupted" };
            let human = format!("{shown}: reproduced up to event {events}, {whose}: {cause}");
            report.message = Some(format!("{whose}: {cause}"));
            (Standing::Not(Reason::Interrupted), human)
        }
        Finding::Refuted(_, divergence) => {
            report.verdict = "refuted";
            report.events = divergence.event;
            report.divergence = Some(divergence);
            report.message = Some(divergence.to_string());
            let human = format!("{shown}: refuted, {divergence} [{}]", divergence.reason);
            (Standing::Not(divergence.reason), human)
        }
        Finding::Failed(_, error) => {
            let error = CommandError::from(&***error);
            let no = error.reason.class() == Class::No;
            report.verdict = if no { "refused" } else { "could not tell" };
            let human =
                format!("{shown}: {}, {} [{}]", report.verdict, error.message, error.reason);
            report.message = Some(error.message);
            (Standing::Not(error.reason), human)
        }
        Finding::Nobody => {
            report.verdict = "could not tell";
            let human = format!("{shown}: could not tell, no engine was asked");
            (Standing::Not(Reason::Usage), human)
        }
    };
    if let Standing::Not(reason) = &standing {
        report.reason = Some(reason.name());
    }
    Line::new(standing, report.verdict, human, &report)
}
