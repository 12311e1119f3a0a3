//! Why an execution was allowed what it was allowed: its decisions, one a sentence.

use crate::abi::Capability;
use crate::abi::entropy::EntropyLine;
use crate::abi::show::visible;
use crate::attest::receipt::Receipt;
use crate::outcome::{Denial, Outcome};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// What was decided in one execution.
#[derive(Debug, Serialize)]
pub struct Decisions {
    /// Digest of the manifest, which declares.
    pub manifest: String,
    /// Digest of the operator's policy, which allows at most; `None` when there was none.
    pub policy: Option<String>,
    /// Each capability that was declared and what became of it.
    pub declared: Vec<Decision>,
    /// Each capability that was granted, and how many calls used it.
    pub granted: Vec<Granted>,
    /// The call that was denied, if one was.
    pub denied: Option<Denial>,
    /// What becomes of each source of nondeterminism in this execution.
    pub entropy: Vec<EntropyLine>,
}

/// A capability that the manifest declares.
#[derive(Debug, Serialize)]
pub struct Decision {
    /// The capability.
    pub capability: Capability,
    /// What of it was granted.
    pub granted: Vec<Capability>,
    /// Who decided, where less was granted than was declared.
    pub by: Rule,
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Nobody cut it down: all that was declared was granted.
    Whole,
    /// The policy does not allow it, or not more of it.
    Policy,
    /// The command line did not grant it, or a part only.
    CommandLine,
    /// The policy or the command line: the policy's text is not at hand.
    PolicyOrCommandLine,
}

/// A capability that was granted.
#[derive(Debug, Serialize)]
pub struct Granted {
    /// The capability.
    pub capability: Capability,
    /// Calls that it allowed.
    pub calls: u64,
}

impl Decisions {
    /// The decisions behind `receipt`: `declared` by its manifest, under the lines of its policy when
    /// they are at hand (`ceiling`).
    #[must_use]
    pub fn of(
        receipt: &Receipt,
        declared: &[Capability],
        ceiling: Option<&[Capability]>,
        entropy: Vec<EntropyLine>,
    ) -> Self {
        let grants = &receipt.grants.capabilities;
        let has_policy = receipt.grants.policy.is_some();
        let decide = |capability: &Capability| {
            let within = |grant: &&Capability| capability.covers(grant);
            let granted: Vec<_> = grants.iter().filter(within).cloned().collect();
            let allowed = |ceiling: &[Capability]| -> BTreeSet<Capability> {
                ceiling.iter().filter_map(|line| line.meet(capability)).collect()
            };
            let by = match ceiling {
                _ if grants.iter().any(|grant| grant.covers(capability)) => Rule::Whole,
                None if has_policy => Rule::PolicyOrCommandLine,
                Some(ceiling) if allowed(ceiling).iter().eq(&granted) => Rule::Policy,
                _ => Rule::CommandLine,
            };
            Decision { capability: capability.clone(), granted, by }
        };
        let calls = |grant: &Capability| {
            let same = receipt
                .used
                .iter()
                .find(|used| used.kind == grant.kind().name() && used.value == grant.value());
            same.map_or(0, |used| used.calls)
        };
        Self {
            manifest: receipt.manifest.sha256.to_string(),
            policy: receipt.grants.policy.map(|policy| policy.sha256.to_string()),
            declared: declared.iter().map(decide).collect(),
            granted: grants
                .iter()
                .map(|grant| Granted { capability: grant.clone(), calls: calls(grant) })
                .collect(),
            denied: match &receipt.outcome {
                Outcome::Denied { denial } => Some(denial.clone()),
                _ => None,
            },
            entropy,
        }
    }
}

impl fmt::Display for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |capability: &Capability| visible(&capability.to_string(), false);
        writeln!(f, "The manifest {} declares {}.", self.manifest, count(&self.declared))?;
        match &self.policy {
            Some(policy) => {
                writeln!(f, "The operator's policy {policy} was above the command line.")?
            }
            None => writeln!(f, "There was no policy: the command line alone granted.")?,
        }
        for Decision { capability, granted, by } in &self.declared {
            let name = shown(capability);
            let part = granted.iter().map(shown).collect::<Vec<_>>().join(", ");
            let who = match by {
                Rule::Whole => {
                    writeln!(f, "- {name} was granted as it was declared.")?;
                    continue;
                }
                Rule::Policy if granted.is_empty() => "the policy does not allow it",
                Rule::Policy => "the policy allows no more",
                Rule::CommandLine if granted.is_empty() => "the command line did not grant it",
                Rule::CommandLine => "the command line granted no more",
                Rule::PolicyOrCommandLine => "the policy or the command line allowed no more",
            };
            if granted.is_empty() {
                writeln!(f, "- {name} was not granted: {who}.")?;
            } else {
                writeln!(f, "- Of {name} was granted {part}: {who}.")?;
            }
        }
        for Granted { capability, calls } in &self.granted {
            let name = shown(capability);
            match calls {
                0 => writeln!(f, "- {name} was not used.")?,
                1 => writeln!(f, "- {name} was used by 1 call.")?,
                calls => writeln!(f, "- {name} was used by {calls} calls.")?,
            }
        }
        match &self.denied {
            Some(denial) => writeln!(f, "The execution was stopped: {denial}.")?,
            None => writeln!(f, "No call was denied.")?,
        }
        writeln!(f, "Entropy of this module in this execution:")?;
        self.entropy.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

fn count(declared: &[Decision]) -> String {
    match declared.len() {
        0 => "nothing".to_owned(),
        1 => "1 capability".to_owned(),
        many => format!("{many} capabilities"),
    }
}
