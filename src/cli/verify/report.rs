//! What `verify` says: who signed, what it claims, and every rule; for people and as JSON.

use crate::abi::show::visible;
use crate::attest::TrustedKey;
use crate::cli::error::CommandError;
use crate::cli::making::MaterialsReport;
use crate::json;
use crate::origin::Origin;
use crate::reason::Class;
use crate::verify::{Rule, Said, Upheld};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;

/// Proof that one path was upheld.
pub type Proof = Upheld;

/// Exit status 0 consumes proofs: where there is none, nothing was verified.
pub fn exit(proofs: Vec<Proof>, refused: Option<u8>) -> u8 {
    match refused {
        // A definite no comes before what could not be told.
        Some(exit) => exit,
        None if proofs.is_empty() => 2,
        None => 0,
    }
}

#[derive(Serialize)]
pub struct Report {
    schema: &'static str,
    pub upheld: Vec<Entry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
}

impl Report {
    pub fn new() -> Self {
        let schema = "https://opertus.systems/provenact/verify/v1";
        Self { schema, upheld: Vec::new(), refused: Vec::new() }
    }
}

/// Something that was upheld, and by what evidence.
#[derive(Serialize)]
pub struct Entry {
    pub path: String,
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The signed bundle that it was imported from, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What went into a build from source, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_from: Option<MaterialsReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_kept: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    pub replayed: Option<bool>,
    pub by: Vec<Signer>,
    /// The digest of the trust file, when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
    pub says: Vec<Said>,
    pub rules: Vec<Rule>,
    /// The lines for people below the first.
    #[serde(skip)]
    pub lines: Vec<String>,
    /// What follows the path in the first line.
    #[serde(skip)]
    pub headline: String,
}

impl Entry {
    pub fn text(&self) -> String {
        let (path, headline) = (visible(&self.path, false), visible(&self.headline, false));
        let mut text = format!("{path}: upheld, {headline}\n");
        for line in &self.lines {
            let _ = writeln!(text, "  {}", visible(line, false));
        }
        // What every command line with one key demands is not worth a list.
        if self.trust.is_some() || self.kind == "envelope" {
            text.push_str(&rules(&self.rules));
        }
        text
    }
}

#[derive(Serialize)]
pub struct Signer {
    name: String,
    keyid: String,
}

impl From<&TrustedKey> for Signer {
    fn from(key: &TrustedKey) -> Self {
        Self { name: key.name().to_owned(), keyid: key.id().hex() }
    }
}

/// `NAME (ID), NAME (ID)`.
pub fn names(by: &[TrustedKey]) -> String {
    by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Something that was not upheld, why, and what it says of itself.
#[derive(Serialize)]
pub struct Refused {
    path: String,
    reason: &'static str,
    #[serde(skip)]
    class: Class,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    says: Vec<Said>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<Rule>,
}

impl Refused {
    pub fn new(path: &Path, mut error: CommandError) -> Self {
        let evidence = error.evidence.take().unwrap_or_default();
        Self {
            path: path.display().to_string(),
            reason: error.reason.name(),
            class: error.reason.class(),
            message: error.message,
            says: evidence.said,
            rules: evidence.rules,
        }
    }

    /// The same, and the error that the command ends with: it names the path, and for programs it
    /// has all of this in it.
    pub fn and_error(path: &Path, mut error: CommandError) -> (Self, CommandError) {
        let evidence = error.evidence.take();
        let mut own = CommandError::new(error.reason, error.message.clone());
        own.evidence = evidence;
        let refused = Self::new(path, own);
        if refused.has_evidence() {
            error.details = json::to_value(&refused).ok();
        }
        (refused, error.of(path.display()))
    }

    pub fn has_evidence(&self) -> bool {
        !self.says.is_empty() || !self.rules.is_empty()
    }

    pub fn text(&self) -> String {
        let message = visible(&self.message, false);
        let verdict = if self.class == Class::No { "refused" } else { "could not tell" };
        let first =
            format!("{}: {verdict}, {message} [{}]\n", visible(&self.path, false), self.reason);
        first + &said(&self.says) + &rules(&self.rules)
    }

    /// As [`Refused::text`], when an error line follows.
    pub fn evidence(&self) -> String {
        let first = format!("{}: refused [{}]\n", visible(&self.path, false), self.reason);
        first + &said(&self.says) + &rules(&self.rules)
    }
}

/// Who signed and what it claims, each line marked.
pub fn said(said: &[Said]) -> String {
    let mut text = String::new();
    for one in said {
        let mark = if one.verified { "verified" } else { "claimed, NOT verified" };
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {mark}: {name} {}", visible(value, false));
        };
        for by in &one.by {
            line("signed by", by);
        }
        if !one.verified {
            for id in &one.claimed_key_ids {
                line("signed by key", id);
            }
        }
        line("statement", &one.statement);
        let members = [
            ("predicate type", &one.predicate_type),
            ("builder", &one.builder),
            ("build type", &one.build_type),
            ("verifier", &one.verifier),
            ("verdict", &one.verdict),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                line(name, value);
            }
        }
        for subject in &one.subjects {
            line("about", subject);
        }
    }
    text
}

/// Every rule with what it expected and found.
pub fn rules(rules: &[Rule]) -> String {
    let mut text = String::new();
    for rule in rules {
        let mark = if rule.upheld { "yes" } else { "NO " };
        let _ = writeln!(text, "  {mark} {}", visible(&rule.to_string(), false));
    }
    text
}
