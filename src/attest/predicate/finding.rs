//! What someone found who checked something: the members of SLSA verification summaries and of
//! replay verdicts that a policy looks at (`spec/trust.md`, "Verdicts").

use super::super::Statement;
use crate::json::Value;
use std::collections::BTreeSet;

/// Predicate type of a SLSA verification summary.
pub const VSA_TYPE: &str = "https://slsa.dev/verification_summary/v1";
/// Predicate type of a verdict on a replay.
pub const REPLAY_TYPE: &str = "https://opertus.systems/provenact/replay-verdict/v1";

/// What a verdict comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A yes: `PASSED`, `reproduced`.
    Passed(&'static str),
    /// A no: `FAILED`, `refuted`.
    Failed(&'static str),
    /// Neither: `interrupted`.
    Inconclusive(&'static str),
    /// Another value, or none: nobody knows what it means.
    Unknown(String),
}

/// The members of a verdict that a policy looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The verdict.
    pub found: Found,
    /// How deep the check went; 0 when it is not said.
    pub depth: u64,
    /// Names of the engines that agreed.
    pub engines: BTreeSet<String>,
    /// Who says to have checked.
    pub verifier: Option<String>,
}

/// The passing value of a predicate type; `None` when statements of the type are no verdicts.
#[must_use]
pub fn passing(predicate_type: &str) -> Option<&'static str> {
    match predicate_type {
        VSA_TYPE => Some("PASSED"),
        REPLAY_TYPE => Some("reproduced"),
        _ => None,
    }
}

impl Finding {
    /// Reads a verdict; `None` when the statement is none.
    #[must_use]
    pub fn of(statement: &Statement) -> Option<Self> {
        let predicate = statement.predicate();
        let text = |path| predicate.pointer(path).and_then(Value::as_str);
        let verifier = text("/verifier/id").map(str::to_owned);
        match statement.predicate_type() {
            VSA_TYPE => Some(Self {
                found: found(text("/verificationResult"), "PASSED", "FAILED", None),
                depth: level(predicate.get("verifiedLevels")),
                engines: BTreeSet::new(),
                verifier,
            }),
            REPLAY_TYPE => Some(Self {
                found: found(text("/verdict"), "reproduced", "refuted", Some("interrupted")),
                depth: predicate.get("depth").and_then(Value::as_u64).unwrap_or(0),
                engines: engines(predicate.get("engines")),
                verifier,
            }),
            _ => None,
        }
    }
}

fn found(
    value: Option<&str>,
    yes: &'static str,
    no: &'static str,
    neither: Option<&'static str>,
) -> Found {
    match value {
        Some(value) if value == yes => Found::Passed(yes),
        Some(value) if value == no => Found::Failed(no),
        Some(value) => match neither.filter(|neither| *neither == value) {
            Some(neither) => Found::Inconclusive(neither),
            None => Found::Unknown(super::super::error::cut(value)),
        },
        None => Found::Unknown("no verdict".to_owned()),
    }
}

/// The greatest N of `SLSA_BUILD_LEVEL_N`.
fn level(levels: Option<&Value>) -> u64 {
    let levels = levels.and_then(Value::as_array).into_iter().flatten();
    let numbers = levels.filter_map(|level| {
        let digits = level.as_str()?.strip_prefix("SLSA_BUILD_LEVEL_")?;
        Some(digits).filter(|d| d.bytes().all(|c| c.is_ascii_digit()))?.parse().ok()
    });
    numbers.max().unwrap_or(0)
}

/// The distinct names; versions of one engine are one engine.
fn engines(engines: Option<&Value>) -> BTreeSet<String> {
    let engines = engines.and_then(Value::as_array).into_iter().flatten();
    engines.filter_map(|engine| Some(engine.get("name")?.as_str()?.to_owned())).collect()
}
