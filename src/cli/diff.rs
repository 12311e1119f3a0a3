mod modules;

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

/// Explain how two modules, or two executions, differ
///
/// Two modules (.wasm files or bundles) are compared section by section and function by function, with
/// the likely cause of what differs and what avoids it. Functions are matched by import, export, name and
/// body; an index is what it refers to.
///
/// Two receipts are compared by what ran, what went in, the first event that differs, what came out. Both
/// are claims: no signature is checked and nothing is executed. Arguments and environment are hashed
/// with a salt in receipts, so that they can be compared only when both traces are at hand.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact diff here.wasm there.wasm
  provenact diff mine.skill yours.skill
  provenact diff monday.receipt.json tuesday.receipt.json
  provenact --format json diff a.json b.json

Exit status:
  0 the same, 1 different, 2 could not tell")]
pub struct Args {
    /// A module, a bundle, or a receipt; the trace of a receipt lies beside it as NAME.trace
    a: PathBuf,
    /// Another one
    b: PathBuf,
    /// Where else to look for the traces of receipts, by digest; repeatable
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
    by_kind(args, ui).or_else(|error| {
        ui.error(&error);
        Ok(Class::Unknown.exit())
    })
}

/// What can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Receipt,
    Module,
    Bundle,
}

impl Kind {
    const fn words(self) -> &'static str {
        match self {
            Self::Receipt => "a receipt",
            Self::Module => "a WebAssembly module",
            Self::Bundle => "a bundle",
        }
    }
}

/// What a path is, by its first bytes. What is nothing else is read as a receipt, and refused as one.
fn kind(path: &Path) -> Result<Kind, CommandError> {
    if path.is_dir() {
        return Ok(Kind::Bundle);
    }
    let begins = files::begins(path, 8)?;
    if begins.starts_with(b"\0pvtrace") {
        let message = format!("{} is a trace, and diff compares receipts", path.display());
        return Err(CommandError::new(Reason::Usage, message)
            .hint("give the receipts, as provenact run writes them; the traces lie beside them"));
    }
    Ok(if begins.starts_with(b"\0asm") { Kind::Module } else { Kind::Receipt })
}

fn by_kind(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let (a, b) = (kind(&args.a)?, kind(&args.b)?);
    match (a, b) {
        (Kind::Receipt, Kind::Receipt) => receipts(args, ui),
        (Kind::Receipt, _) | (_, Kind::Receipt) => {
            let (path_a, path_b) = (args.a.display(), args.b.display());
            let message = format!("{path_a} is {}, and {path_b} is {}", a.words(), b.words());
            Err(CommandError::new(Reason::Usage, message)
                .hint("give two modules or bundles, or two receipts"))
        }
        _ if !args.from.is_empty() => {
            let message = "--from is for the traces of receipts, and these are modules";
            Err(CommandError::new(Reason::Usage, message).hint("leave --from out"))
        }
        _ => modules::compare(&args.a, &args.b, ui),
    }
}

fn receipts(args: &Args, ui: Ui) -> Result<u8, CommandError> {
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

fn read(path: &Path) -> Result<Claim, CommandError> {
    let envelope = files::read_limited(path, limits::ENVELOPE_BYTES)?;
    Claim::read(&envelope, None).map_err(|error| CommandError::from(error).of(path.display()))
}

/// The trace of a receipt, if it is at hand.
fn find(path: &Path, claim: &Claim, args: &Args) -> Result<Option<PathBuf>, CommandError> {
    match audit::trace_of(path, claim, &Places::new(path, &args.from)?) {
        Ok(path) => Ok(Some(path)),
        Err(error) if error.reason == Reason::MaterialMissing => Ok(None),
        Err(error) => Err(error),
    }
}
