//! What a command reports when it does not succeed: a reason, a sentence, hints.

use crate::json::Value;
use crate::outcome::Outcome;
use crate::reason::{Class, Reason};
use crate::{attest, files, runtime, skill, trace, verify, wasm};

/// An error on its way to the terminal.
#[derive(Debug, Clone)]
pub struct CommandError {
    /// The stable reason.
    pub reason: Reason,
    /// What happened, naming the file, offset or digest.
    pub message: String,
    /// What to do; the reason's own hint comes after these.
    pub hints: Vec<String>,
    /// What a program may want to know besides, for JSON.
    pub details: Option<Value>,
    /// Who signed and claims what, and the rules that were looked at.
    pub evidence: Option<Box<Evidence>>,
}

/// What a policy looked at before it refused.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Who signed and claims what.
    pub said: Vec<verify::Said>,
    /// Every rule.
    pub rules: Vec<verify::Rule>,
}

impl CommandError {
    /// An error with `reason` that says `message`.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), hints: Vec::new(), details: None, evidence: None }
    }

    /// Puts `what` (a path, an action) before the message, if it does not stand there already.
    #[must_use]
    pub fn of(mut self, what: impl std::fmt::Display) -> Self {
        let what = format!("{what}: ");
        if !self.message.starts_with(&what) {
            self.message.insert_str(0, &what);
        }
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// All hints, most specific first.
    pub fn all_hints(&self) -> Vec<&str> {
        if self.hints.is_empty() {
            vec![self.reason.hint()]
        } else {
            self.hints.iter().map(String::as_str).collect()
        }
    }
}

macro_rules! from {
    ($($error:ty),*) => {$(
        impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                Self::new(error.reason(), chain(&error))
            }
        }
    )*};
}
from!(
    attest::Error,
    attest::v0::Error,
    crate::build::Error,
    files::FileError,
    runtime::Error,
    skill::Error,
    trace::Error
);

/// A refusal brings its evidence along.
impl From<&verify::Error> for CommandError {
    fn from(error: &verify::Error) -> Self {
        let mut refused = Self::new(error.reason(), chain(error));
        if let verify::Error::Refused(refusal) = error {
            let (said, rules) = (refusal.said().to_vec(), refusal.verdict().rules().to_vec());
            let missing =
                rules.iter().find(|rule| !rule.upheld).map(|rule| (rule.name, &*rule.expected));
            if let Some(("predicate-type", ty)) = missing
                && let Some(hint) = who_says(ty)
            {
                refused.hints.push(hint.to_owned());
            }
            let is_verdict = |one: &verify::Said| {
                one.predicate_type.as_deref() == Some(attest::finding::REPLAY_TYPE)
            };
            if let Reason::SubjectNeeded | Reason::SubjectMismatch = refused.reason
                && said.iter().any(is_verdict)
            {
                let hint = "a verdict counts with its receipt: provenact verify RECEIPT, beside which it lies";
                refused.hints.push(hint.to_owned());
            }
            refused.evidence = Some(Box::new(Evidence { said, rules }));
        }
        refused
    }
}

/// How a statement of that type comes about that is missing.
fn who_says(predicate_type: &str) -> Option<&'static str> {
    match predicate_type {
        attest::provenance::PREDICATE_TYPE => Some("have its author run provenact attest"),
        attest::finding::REBUILD_TYPE => {
            Some("have an auditor build it again: provenact rebuild BUNDLE --source DIR --key FILE")
        }
        attest::finding::REPLAY_TYPE => {
            Some("have an auditor replay it: provenact replay RECEIPT --sign FILE")
        }
        _ => None,
    }
}

impl From<verify::Error> for CommandError {
    fn from(error: verify::Error) -> Self {
        Self::from(&error)
    }
}

/// Toolchains that make a module we refuse have a flag that avoids it.
impl From<wasm::Error> for CommandError {
    fn from(error: wasm::Error) -> Self {
        let refused = Self::new(error.reason(), chain(&error));
        match error.hint() {
            Some(hint) => refused.hint(hint),
            None => refused,
        }
    }
}

impl From<crate::json::JsonError> for CommandError {
    fn from(error: crate::json::JsonError) -> Self {
        Self::new(Reason::OutputFailed, error.to_string())
    }
}

/// An error and its causes, in one line, nothing said twice.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// Exit status of `run` for an outcome: the guest's own, or what the class of its reason says.
pub fn run_exit(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Returned { .. } => 0,
        Outcome::Exited { status } => u8::try_from(*status).unwrap_or(u8::MAX),
        other => other.reason().map_or(Class::Unknown.run_exit(), |r| r.class().run_exit()),
    }
}
