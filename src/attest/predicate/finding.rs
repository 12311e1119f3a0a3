//! What someone found who checked something: the members of SLSA verification summaries and of
//! verdicts on replays and rebuilds that a policy looks at (`spec/trust.md`, "Verdicts").

use super::super::Statement;
use super::Gist;
use std::collections::BTreeSet;

/// Predicate type of a SLSA verification summary.
pub const VSA_TYPE: &str = "https://slsa.dev/verification_summary/v1";
/// Predicate type of a verdict on a replay.
pub const REPLAY_TYPE: &str = "https://opertus.systems/provenact/replay-verdict/v1";

/// Predicate type of a verdict on a build that was done again.
pub const REBUILD_TYPE: &str = "https://opertus.systems/provenact/rebuild/v1";

/// The verdict of who built the same module and manifest again.
pub const EQUAL: &str = "equal";
/// The verdict of who built another.
pub const DIFFERENT: &str = "different";
/// The verdict of who saw every engine that was asked reproduce the execution.
pub const REPRODUCED: &str = "reproduced";
/// The verdict of who found a difference.
pub const REFUTED: &str = "refuted";
/// The verdict of who saw an execution that was cut short.
pub const INTERRUPTED: &str = "interrupted";
/// The verdict of who could not tell.
pub const INCONCLUSIVE: &str = "inconclusive";

/// What a verdict comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A yes: `PASSED`, `reproduced`, `equal`.
    Passed(&'static str),
    /// A no: `FAILED`, `refuted`, `different`.
    Failed(&'static str),
    /// Neither: `interrupted`, `inconclusive`.
    Inconclusive(&'static str),
    /// Another value, or none: nobody knows what it means.
    Unknown(String),
}

/// The members of a verdict that a policy looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<'s> {
    /// The verdict.
    pub found: Found,
    /// How deep the check went; 0 when it is not said.
    pub depth: u64,
    /// Names of the engines that agreed, whether there are such engines or not.
    pub engines: &'s BTreeSet<String>,
}

/// The passing value of a predicate type; `None` when statements of the type are no verdicts.
#[must_use]
pub fn passing(predicate_type: &str) -> Option<&'static str> {
    match predicate_type {
        VSA_TYPE => Some("PASSED"),
        REPLAY_TYPE => Some(REPRODUCED),
        REBUILD_TYPE => Some(EQUAL),
        _ => None,
    }
}

impl<'s> Finding<'s> {
    /// Reads a verdict; `None` when the statement is none.
    #[must_use]
    pub fn of(statement: &'s Statement) -> Option<Self> {
        const NONE: &BTreeSet<String> = &BTreeSet::new();
        let Gist { verification_result, verdict, level, depth, engines, .. } = statement.gist();
        match statement.predicate_type() {
            VSA_TYPE => Some(Self {
                found: found(verification_result.as_deref(), "PASSED", "FAILED", &[]),
                depth: *level,
                engines: NONE,
            }),
            REPLAY_TYPE => Some(Self {
                found: found(verdict.as_deref(), REPRODUCED, REFUTED, &[INTERRUPTED, INCONCLUSIVE]),
                depth: *depth,
                engines,
            }),
            REBUILD_TYPE => Some(Self {
                found: found(verdict.as_deref(), EQUAL, DIFFERENT, &[]),
                depth: 0,
                engines: NONE,
            }),
            _ => None,
        }
    }
}

fn found(
    value: Option<&str>,
    yes: &'static str,
    no: &'static str,
    neither: &[&'static str],
) -> Found {
    match value {
        Some(value) if value == yes => Found::Passed(yes),
        Some(value) if value == no => Found::Failed(no),
        Some(value) => match neither.iter().find(|neither| **neither == value) {
            Some(neither) => Found::Inconclusive(neither),
            None => Found::Unknown(super::super::error::cut(value)),
        },
        None => Found::Unknown("no verdict".to_owned()),
    }
}
