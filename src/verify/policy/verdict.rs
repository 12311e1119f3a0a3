//! Which rules were looked at, what each expected and found; and the proof that all were upheld.

use crate::reason::Reason;
use serde::{Serialize, Serializer};
use std::fmt;

/// One rule and how it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Which rule.
    pub name: &'static str,
    /// Whether it is upheld.
    pub upheld: bool,
    /// What it demands.
    pub expected: String,
    /// What there is.
    pub found: String,
    /// Under which reason it is refused when it is not upheld.
    #[serde(serialize_with = "name_of")]
    pub reason: Reason,
}

fn name_of<S: Serializer>(reason: &Reason, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(reason.name())
}

/// `NAME: expected …, found …`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.name, self.expected, self.found)
    }
}

/// Every rule that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    rules: Vec<Rule>,
}

/// Proof that at least one rule was looked at and every one was upheld: only [`Verdict::uphold`]
/// makes one, and exit status 0 of `verify` consumes it.
#[derive(Debug)]
pub struct Upheld(Vec<Rule>);

impl Upheld {
    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.0
    }

    /// One proof of two.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl Verdict {
    /// The rules, in the order in which they were looked at.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The first rule that is not upheld.
    #[must_use]
    pub fn broken(&self) -> Option<&Rule> {
        self.rules.iter().find(|rule| !rule.upheld)
    }

    /// The proof, if there is a rule and every one is upheld.
    ///
    /// # Errors
    /// The verdict itself: without rules nothing was shown.
    pub fn uphold(self) -> Result<Upheld, Self> {
        let all = !self.rules.is_empty() && self.broken().is_none();
        if all { Ok(Upheld(self.rules)) } else { Err(self) }
    }

    /// Adds one rule.
    pub(in crate::verify) fn add(
        &mut self,
        name: &'static str,
        upheld: bool,
        reason: Reason,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        let (expected, found) = (expected.into(), found.into());
        self.rules.push(Rule { name, upheld, expected, found, reason });
    }

    /// Adds the rules of another verdict: both must be upheld.
    pub(in crate::verify) fn append(&mut self, other: Self) {
        self.rules.extend(other.rules);
    }

    pub(super) fn broken_count(&self) -> usize {
        self.rules.iter().filter(|rule| !rule.upheld).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: trust-40
    #[test]
    fn nothing_and_one_broken_rule_are_no_proof() {
        assert!(Verdict::default().uphold().is_err());
        let mut verdict = Verdict::default();
        verdict.add("a", true, Reason::Unsigned, "x", "x");
        assert!(verdict.clone().uphold().is_ok());
        verdict.add("b", false, Reason::Unsigned, "x", "y");
        assert_eq!(verdict.broken().unwrap().name, "b");
        assert!(verdict.uphold().is_err());
    }
}
