//! What is said of many: a line for each, and a summary.

use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::json;
use crate::reason::{Class, Reason};
use crate::verify::{Agreed, Upheld};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;

/// Proof that one of them was upheld or reproduced; only the verifier's own proofs make one.
pub struct Proved(());

impl From<&Agreed<'_>> for Proved {
    fn from(_: &Agreed<'_>) -> Self {
        Self(())
    }
}

impl From<Upheld> for Proved {
    fn from(_: Upheld) -> Self {
        Self(())
    }
}

/// What one of them comes to.
pub enum Standing {
    /// As it should be.
    Yes(Proved),
    /// It is not, or there is no telling, which the reason's class says.
    Not(Reason),
    /// None of those that were looked for.
    Skipped,
}

/// What is said of one of them.
pub struct Line {
    pub standing: Standing,
    /// The verdict's name, which is counted.
    pub verdict: &'static str,
    /// For people; empty for nothing.
    pub human: String,
    /// For programs: JSON in one line.
    pub machine: Vec<u8>,
}

/// A line of which nothing more is known than what went wrong, or that it was skipped.
#[derive(Serialize)]
struct Bare<'a> {
    schema: &'a str,
    path: String,
    verdict: &'static str,
    reason: Option<&'static str>,
    message: Option<&'a str>,
}

impl Line {
    /// `report` in one line of JSON; what has no such form becomes `{}`, which cannot be.
    pub fn new(
        standing: Standing,
        verdict: &'static str,
        human: String,
        report: &impl Serialize,
    ) -> Self {
        let machine = json::to_line(report).map_or_else(|_| b"{}".to_vec(), String::into_bytes);
        Self { standing, verdict, human, machine }
    }

    /// About something that was not judged.
    pub fn failed(schema: &str, path: &Path, error: &CommandError) -> Self {
        let no = error.reason.class() == Class::No;
        let verdict = if no { "refused" } else { "could not tell" };
        let shown = path.display().to_string();
        let mut message = error.message.as_str();
        // The path stands before it already.
        if let Some(rest) = message.strip_prefix(&format!("{shown}: ")) {
            message = rest;
        }
        let human = format!("{shown}: {verdict}, {message} [{}]", error.reason);
        let reason = Some(error.reason.name());
        let bare = Bare { schema, path: shown, verdict, reason, message: Some(message) };
        Self::new(Standing::Not(error.reason), verdict, human, &bare)
    }

    /// About something that is none of those that were looked for.
    pub fn skipped(schema: &str, path: &Path) -> Self {
        let path = path.display().to_string();
        let bare = Bare { schema, path, verdict: "skipped", reason: None, message: None };
        Self::new(Standing::Skipped, "skipped", String::new(), &bare)
    }
}

/// Prints lines as they come, and counts.
pub struct Tally {
    ui: Ui,
    schema: &'static str,
    bar: Option<ProgressBar>,
    counts: Counts,
    proof: Option<Proved>,
    /// The lowest exit status of those that were not upheld: a definite no comes first.
    exit: Option<u8>,
}

/// The numbers of a summary.
#[derive(Default, Serialize)]
struct Counts {
    /// False when a signal came before the end.
    complete: bool,
    /// All that were judged.
    total: u64,
    /// Files that were found and are none of those that were looked for.
    skipped: u64,
    verdicts: BTreeMap<&'static str, u64>,
    reasons: BTreeMap<&'static str, u64>,
}

/// The last line for programs.
#[derive(Serialize)]
struct Last<'a> {
    schema: &'static str,
    summary: &'a Counts,
}

impl Tally {
    /// Nothing counted; with a bar if standard error is a terminal. `count` is how many there are,
    /// if that is known.
    pub fn new(ui: Ui, schema: &'static str, count: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(count));
        Self { ui, schema, bar, counts: Counts::default(), proof: None, exit: None }
    }

    /// Prints and counts one.
    pub fn add(&mut self, line: Line) -> Result<(), CommandError> {
        let Line { standing, verdict, human, machine } = line;
        match standing {
            Standing::Skipped => self.counts.skipped += 1,
            Standing::Yes(proof) => {
                self.count(verdict);
                self.proof = Some(proof);
            }
            Standing::Not(reason) => {
                self.count(verdict);
                *self.counts.reasons.entry(reason.name()).or_default() += 1;
                let status = reason.class().exit();
                self.exit = Some(self.exit.map_or(status, |exit| exit.min(status)));
            }
        }
        let ui = self.ui;
        let print = || {
            if ui.is_json() {
                return ui.bytes(&[machine.as_slice(), b"\n"].concat());
            }
            ui.answer(&human, &())
        };
        match &self.bar {
            Some(bar) => {
                bar.inc(1);
                bar.suspend(print)
            }
            None => print(),
        }
    }

    fn count(&mut self, verdict: &'static str) {
        self.counts.total += 1;
        *self.counts.verdicts.entry(verdict).or_default() += 1;
    }

    /// Prints the summary of what there was until a signal came.
    pub fn cut_short(&self) -> Result<(), CommandError> {
        self.summary()
    }

    /// Prints the summary, and gives the exit status; an empty set is refused.
    pub fn end(&mut self) -> Result<u8, CommandError> {
        self.counts.complete = true;
        self.summary()?;
        if self.counts.total == 0 {
            let message = match self.counts.skipped {
                0 => "nothing was found to judge".to_owned(),
                n => format!("nothing was found to judge: all {n} files are something else"),
            };
            return Err(CommandError::new(Reason::NothingToVerify, message).hint(
                "name a folder that has receipts (.json) in it, or a list on standard input",
            ));
        }
        // Exit status 0 takes a proof, and nothing that was not upheld.
        Ok(match (self.exit, &self.proof) {
            (Some(exit), _) => exit,
            (None, Some(_)) => 0,
            (None, None) => Reason::NothingToVerify.class().exit(),
        })
    }

    fn summary(&self) -> Result<(), CommandError> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let counts = &self.counts;
        if self.ui.is_json() {
            let last = json::to_line(&Last { schema: self.schema, summary: counts })? + "\n";
            return self.ui.bytes(last.as_bytes());
        }
        let list = |counts: &BTreeMap<&'static str, u64>| {
            let parts: Vec<String> = counts.iter().map(|(name, n)| format!("{n} {name}")).collect();
            parts.join(", ")
        };
        let mut text = if counts.complete { String::new() } else { "cut short after ".to_owned() };
        text.push_str(&format!("{} judged", counts.total));
        if counts.total > 0 {
            text.push_str(&format!(": {}", list(&counts.verdicts)));
        }
        if counts.skipped > 0 {
            text.push_str(&format!("; {} other files skipped", counts.skipped));
        }
        self.ui.talk(&text);
        if !counts.reasons.is_empty() {
            self.ui.talk(&format!("reasons: {}", list(&counts.reasons)));
        }
        Ok(())
    }
}

fn bar(count: Option<u64>) -> ProgressBar {
    let bar = match count {
        Some(count) => ProgressBar::new(count),
        None => ProgressBar::new_spinner(),
    };
    let shape = match count {
        Some(_) => "{wide_bar} {pos}/{len} {per_sec} {eta}",
        None => "{spinner} {pos} {per_sec}",
    };
    match ProgressStyle::with_template(shape) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
