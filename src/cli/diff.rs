use super::audit;
use super::error::CommandError;
use super::inputs::Places;
use super::ui::Ui;
use crate::reason::{Class, Reason};
use crate::runtime::AROUND;
use crate::trace::{self, Entry};
use crate::verify::{Claim, Comparison, FirstEvent, Part, State, first_event};
use crate::{files, limits, report};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Compare two executions: what ran, what went in, the first event that differs, what came out
///
/// Both receipts are claims: no signature is checked and nothing is executed. Arguments and
/// environment are hashed with a salt in receipts, so that they can be compared only when both traces
/// are at hand.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact diff monday.receipt.json tuesday.receipt.json
  provenact --format json diff a.json b.json

Exit status:
  0 the same, 1 different, 2 could not tell")]
pub struct Args {
    /// A receipt; its trace lies beside it as NAME.trace
    a: PathBuf,
    /// Another one
    b: PathBuf,
    /// Where else to look for the traces, by digest; repeatable
    #[arg(long, value_name = "PATH")]
    from: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    verdict: &'static str,
    a: String,
    b: String,
    parts: Vec<Part>,
    first_event: Option<FirstEvent>,
    /// The events before it, the same in both.
    before: Vec<Entry>,
}

/// Compares and says; whatever goes wrong is not a difference.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    compare(args, ui).or_else(|error| {
        ui.error(&error);
        Ok(Class::Unknown.exit())
    })
}

fn compare(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let (a, b) = (read(&args.a)?, read(&args.b)?);
    let traces = match (find(&args.a, &a, args)?, find(&args.b, &b, args)?) {
        (Some(a), Some(b)) => Some((a, b)),
        _ => None,
    };
    let (mut headers, mut first, mut before) = (None, None, Vec::new());
    if let Some((path_a, path_b)) = &traces {
        let (one, other) = (audit::open(path_a, None)?, audit::open(path_b, None)?);
        headers = Some((one.header().clone(), other.header().clone()));
        let named = [a.receipt().trace.sha256, b.receipt().trace.sha256];
        let found = first_event(one, other, named)?;
        if let Some(first) = &found {
            [before, _] = trace::around(audit::open(path_a, None)?, first.event, AROUND);
        }
        first = Some(found);
    }
    let headers = headers.as_ref().map(|(a, b)| (a, b));
    let events = first.as_ref().map(Option::as_ref);
    let comparison = Comparison::of(a.receipt(), b.receipt(), headers, events);
    let state = comparison.state();
    let (verdict, status) = match state {
        State::Same => ("same", 0),
        State::Different => ("different", 1),
        State::Unknown => ("could not tell", Class::Unknown.exit()),
    };
    let report = Report {
        schema: "https://opertus.systems/provenact/diff/v1",
        verdict,
        a: args.a.display().to_string(),
        b: args.b.display().to_string(),
        parts: comparison.parts,
        first_event: first.flatten(),
        before,
    };
    let first = report.first_event.as_ref().map(|first| (first, report.before.as_slice()));
    let text = report::comparison::text([&report.a, &report.b], &report.parts, first, verdict);
    ui.answer(&text, &report)?;
    Ok(status)
}

/// A receipt; what is something else is told by its first bytes, and refused as what it is.
fn read(path: &Path) -> Result<Claim, CommandError> {
    let refused = |what: &str| {
        let message = format!("{} is {what}, and diff compares receipts", path.display());
        Err(CommandError::new(Reason::Usage, message)
            .hint("give two receipts, as provenact run writes them"))
    };
    if path.is_dir() {
        return refused("a directory");
    }
    let begins = files::begins(path, 8)?;
    if begins.starts_with(b"\0asm") {
        return refused("a WebAssembly module");
    }
    if begins.starts_with(b"\0pvtrace") {
        return refused("a trace");
    }
    let envelope = files::read_limited(path, limits::ENVELOPE_BYTES)?;
    Claim::read(&envelope, None).map_err(|error| CommandError::from(error).of(path.display()))
}

/// The trace of a receipt, if it is at hand.
fn find(path: &Path, claim: &Claim, args: &Args) -> Result<Option<PathBuf>, CommandError> {
    match audit::trace_of(path, claim, &Places::new(path, &args.from)) {
        Ok(path) => Ok(Some(path)),
        Err(error) if error.reason == Reason::MaterialMissing => Ok(None),
        Err(error) => Err(error),
    }
}
