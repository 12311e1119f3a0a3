//! Which rules were looked at, what each expected and found; and the proof that all were upheld.

use crate::reason::Reason;
use serde::{Serialize, Serializer};
use std::fmt;
use std::num::NonZeroUsize;

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

/// Which rules are written down. A rule that is broken always is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::verify) enum Words {
    /// Every rule, to be shown.
    #[default]
    Every,
    /// Those that are broken; the others are counted.
    Broken,
}

/// Every rule that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    words: Words,
    /// How many rules are upheld and not written down.
    counted: usize,
    rules: Vec<Rule>,
}

/// Proof that at least one rule was looked at and every one was upheld: only [`Verdict::uphold`]
/// makes one, and exit status 0 of `verify` consumes it.
#[derive(Debug)]
pub struct Upheld {
    looked_at: NonZeroUsize,
    rules: Vec<Rule>,
}

impl Upheld {
    /// The rules, if they were written down to be shown.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// How many rules were looked at, written down or not.
    #[must_use]
    pub fn looked_at(&self) -> NonZeroUsize {
        self.looked_at
    }

    /// One proof of two.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.looked_at = self.looked_at.saturating_add(other.looked_at.get());
        self.rules.extend(other.rules);
        self
    }
}

impl Verdict {
    /// No rule yet, and which will be written down.
    pub(in crate::verify) fn new(words: Words) -> Self {
        Self { words, ..Self::default() }
    }

    /// The rules behind a proof, to be joined with others.
    pub(in crate::verify) fn of(upheld: Upheld) -> Self {
        let counted = upheld.looked_at.get() - upheld.rules.len();
        Self { words: Words::Every, counted, rules: upheld.rules }
    }

    /// The rules that were written down, in the order in which they were looked at.
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
        match NonZeroUsize::new(self.counted + self.rules.len()) {
            Some(looked_at) if self.broken().is_none() => {
                Ok(Upheld { looked_at, rules: self.rules })
            }
            _ => Err(self),
        }
    }

    /// Adds one rule; `words` says what it demands and what there is.
    pub(in crate::verify) fn add(
        &mut self,
        name: &'static str,
        upheld: bool,
        reason: Reason,
        words: impl FnOnce() -> (String, String),
    ) {
        if upheld && self.words == Words::Broken {
            self.counted += 1;
            return;
        }
        let (expected, found) = words();
        self.rules.push(Rule { name, upheld, expected, found, reason });
    }

    /// Adds the rules of another verdict: both must be upheld.
    pub(in crate::verify) fn append(&mut self, other: Self) {
        self.counted += other.counted;
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
        for words in [Words::Every, Words::Broken] {
            assert!(Verdict::new(words).uphold().is_err());
            let said = || ("x".to_owned(), "y".to_owned());
            let mut verdict = Verdict::new(words);
            verdict.add("a", true, Reason::Unsigned, said);
            let upheld = verdict.clone().uphold().unwrap();
            assert_eq!(upheld.looked_at().get(), 1);
            assert_eq!(upheld.rules().len(), usize::from(words == Words::Every));
            verdict.add("b", false, Reason::Unsigned, said);
            verdict.add("c", true, Reason::Unsigned, said);
            assert_eq!(verdict.broken().unwrap().to_string(), "b: expected x, found y");
            let mut outer = Verdict::new(words);
            outer.add("d", true, Reason::Unsigned, said);
            outer.append(verdict.clone());
            for verdict in [verdict, outer] {
                assert!(verdict.broken_count() == 1 && verdict.uphold().is_err());
            }
        }
    }
}
