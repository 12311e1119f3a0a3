use super::error::CommandError;
use super::ui::Ui;
use crate::reason::{Class, Reason};
use serde::Serialize;
use std::fmt::Write as _;

/// Explain a reason that a refusal names
///
/// Without a name, lists all reasons.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact explain call-differs
  provenact explain

Exit status:
  0 explained, 2 no such reason")]
pub struct Args {
    /// Name of the reason, as in `error: … [NAME]`
    reason: Option<String>,
}

#[derive(Serialize)]
struct Explanation {
    schema: &'static str,
    reasons: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    reason: &'static str,
    meaning: &'static str,
    exit: u8,
    run_exit: u8,
    hint: &'static str,
}

impl Entry {
    fn of(reason: Reason) -> Self {
        let class: Class = reason.class();
        Self {
            reason: reason.name(),
            meaning: reason.meaning(),
            exit: class.exit(),
            run_exit: class.run_exit(),
            hint: reason.hint(),
        }
    }
}

/// Prints what a reason means.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let reasons = match &args.reason {
        None => Reason::ALL.to_vec(),
        Some(name) => vec![name.parse().map_err(|()| {
            CommandError::new(Reason::Usage, format!("there is no reason {name:?}"))
                .hint("provenact explain lists them all")
        })?],
    };
    let reasons: Vec<Entry> = reasons.into_iter().map(Entry::of).collect();
    let mut text = String::new();
    for entry in &reasons {
        if args.reason.is_some() {
            let _ = writeln!(
                text,
                "{}: {}\nexit status {} ({} from run)\nhint: {}",
                entry.reason, entry.meaning, entry.exit, entry.run_exit, entry.hint
            );
        } else {
            let _ = writeln!(text, "{:24} {}", entry.reason, entry.meaning);
        }
    }
    ui.answer(
        &text,
        &Explanation { schema: "https://opertus.systems/provenact/explain/v1", reasons },
    )?;
    Ok(0)
}
