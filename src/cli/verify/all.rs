//! Everything in folders or of a list: verified side by side.

use super::report::{Entry, Refused};
use super::{Demand, one};
use crate::allowance::Budget;
use crate::cli::bulk::{BulkArgs, Line, Standing, Thing, is_something_else};
use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::files;
use crate::reason::Class;
use serde::Serialize;
use std::path::Path;

const SCHEMA: &str = "https://opertus.systems/provenact/verify-all/v1";

/// What is upheld, with the evidence for it.
#[derive(Serialize)]
struct Upheld<'a> {
    schema: &'static str,
    verdict: &'static str,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// What is not, with what it says of itself.
#[derive(Serialize)]
struct Not<'a> {
    schema: &'static str,
    verdict: &'static str,
    #[serde(flatten)]
    refused: &'a Refused,
}

pub fn run(args: &BulkArgs, demand: &Demand, ui: Ui) -> Result<u8, CommandError> {
    let budget = args.budget()?;
    args.judge(true, SCHEMA, ui, |thing| line(thing, demand, &budget))
}

/// Times its bytes that something takes while it is verified.
const PARSED: u64 = 8;
/// Bytes that the smallest takes.
const LEAST: u64 = 1 << 20;

fn line(thing: &Thing, demand: &Demand, budget: &std::sync::Arc<Budget>) -> Line {
    let (Thing::Named(path) | Thing::Found(path) | Thing::Unread(path, _)) = thing;
    let found = matches!(thing, Thing::Found(_));
    let _memory = budget.wait_for(files::size_of(path).saturating_mul(PARSED).max(LEAST));
    let any = !demand.subjects.is_empty() || demand.predicate_type.is_some();
    match one(path, demand) {
        Ok((entry, proof)) => {
            let human = first(&entry.text());
            let report = Upheld { schema: SCHEMA, verdict: "upheld", entry: &entry };
            Line::new(Standing::Yes(proof.into()), "upheld", human, &report)
        }
        // With a subject or a type, receipts are not all that is looked for.
        Err(_) if found && !path.is_dir() && is_other(path, any) => Line::skipped(SCHEMA, path),
        Err(error) => {
            let reason = error.reason;
            let no = reason.class() == Class::No;
            let verdict = if no { "refused" } else { "could not tell" };
            let refused = Refused::new(path, error);
            let human = first(&refused.text());
            let report = Not { schema: SCHEMA, verdict, refused: &refused };
            Line::new(Standing::Not(reason), verdict, human, &report)
        }
    }
}

fn is_other(path: &Path, any: bool) -> bool {
    !any && is_something_else(path)
}

fn first(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
