//! One receipt, several engines: what each of them found, and what that comes to.

use super::Error;
use super::replay::{Reproduced, Verdict};
use crate::attest::receipt::Receipt;
use crate::engines::{EngineClass, EngineName};
use crate::outcome::Interruption;
use crate::reason::Class;
use crate::runtime::Divergence;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What each engine that was asked found, in the order in which they were asked.
#[derive(Debug, Default)]
pub struct Witnesses(Vec<Witness>);

/// What one engine found.
#[derive(Debug)]
pub struct Witness {
    /// Which.
    pub engine: EngineName,
    /// `Err` means that it could not tell.
    pub verdict: Result<Verdict, Arc<Error>>,
}

/// What all of them together come to. One no is a no, whatever others say; otherwise one that could
/// not tell leaves it open; only when every one reproduced the execution was it reproduced.
#[derive(Debug)]
pub enum Finding<'a> {
    /// Every engine that was asked reproduced it.
    Reproduced(Agreed<'a>),
    /// An engine found a difference; the first such engine.
    Refuted(EngineName, &'a Divergence),
    /// No difference, and an engine was cut short.
    Interrupted {
        /// Which.
        engine: EngineName,
        /// Events that were reproduced.
        events: u64,
        /// What cut it short.
        cause: Interruption,
        /// Whether it was this replay that was cut short, and not the recording.
        here: bool,
    },
    /// No difference, and an engine could not tell; or what it was given is refused, which the
    /// reason's class says.
    Failed(EngineName, &'a Arc<Error>),
    /// No engine was asked.
    Nobody,
}

/// Proof that every engine which was asked reproduced the execution: only [`Witnesses::finding`]
/// makes one.
#[derive(Debug)]
pub struct Agreed<'a>(&'a Reproduced);

impl Agreed<'_> {
    /// Events that were compared.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.0.events()
    }

    /// The receipt as the replay computed it.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        self.0.receipt()
    }
}

impl Witnesses {
    /// Adds what one more engine found.
    pub fn add(&mut self, engine: EngineName, verdict: Result<Verdict, Arc<Error>>) {
        self.0.push(Witness { engine, verdict });
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Witness> {
        self.0.iter()
    }

    /// The engines that reproduced the execution.
    #[must_use]
    pub fn agreed(&self) -> Vec<EngineName> {
        let agreed = self.0.iter().filter(|w| matches!(w.verdict, Ok(Verdict::Reproduced(_))));
        agreed.map(|witness| witness.engine).collect()
    }

    /// The classes of the engines that reproduced the execution.
    #[must_use]
    pub fn classes(&self) -> BTreeSet<EngineClass> {
        self.agreed().into_iter().map(EngineName::class).collect()
    }

    /// What they come to.
    #[must_use]
    pub fn finding(&self) -> Finding<'_> {
        let mut open = None;
        let mut proof = None;
        for Witness { engine, verdict } in &self.0 {
            match verdict {
                Ok(Verdict::Refuted(divergence)) => return Finding::Refuted(*engine, divergence),
                Ok(Verdict::Interrupted { events, cause, here }) => {
                    open.get_or_insert(Finding::Interrupted {
                        engine: *engine,
                        events: *events,
                        cause: *cause,
                        here: *here,
                    });
                }
                Err(error) if error.reason().class() == Class::No => {
                    return Finding::Failed(*engine, error);
                }
                Err(error) => {
                    open.get_or_insert(Finding::Failed(*engine, error));
                }
                Ok(Verdict::Reproduced(reproduced)) => {
                    proof.get_or_insert(reproduced);
                }
            }
        }
        match (open, proof) {
            (Some(open), _) => open,
            (None, Some(proof)) => Finding::Reproduced(Agreed(proof)),
            (None, None) => Finding::Nobody,
        }
    }
}
