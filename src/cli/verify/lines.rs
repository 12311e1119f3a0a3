//! A file of many envelopes, one a line: a stream, judged a batch at a time, in as much memory as a
//! batch needs.

use super::{Demand, report};
use crate::abi::show::visible;
use crate::cli::error::CommandError;
use crate::cli::inputs;
use crate::cli::ui::Ui;
use crate::json;
use crate::limits;
use crate::reason::Reason;
use crate::verify::consume_lines;
use serde::Serialize;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A line that was not upheld.
#[derive(Serialize)]
struct Refused {
    line: u64,
    reason: &'static str,
    message: String,
}

/// The members of the report after the list of refusals.
#[derive(Serialize)]
struct Summary {
    path: String,
    lines: u64,
    upheld: u64,
    refused: u64,
    /// Why the file was not read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_off: Option<BrokenOff>,
}

#[derive(Serialize)]
struct BrokenOff {
    reason: &'static str,
    message: String,
}

pub fn run(path: &Path, demand: &Demand, ui: Ui) -> Result<u8, CommandError> {
    let mut reader = BufReader::with_capacity(1 << 16, inputs::open(path)?);
    let shown = path.display();
    let mut out = Out { ui, any: false };
    out.begin()?;
    let mut summary =
        Summary { path: shown.to_string(), lines: 0, upheld: 0, refused: 0, broken_off: None };
    // One proof stands for all lines: the last one, once every line had its own.
    let (mut proof, mut exit) = (None, None::<u8>);
    let mut batch = Vec::new();
    loop {
        match read_batch(&mut reader, &mut batch, path) {
            Ok(true) => {}
            Ok(false) => break,
            // What was judged stands; a report that was begun in JSON is ended as JSON.
            Err(error) if ui.is_json() => {
                let status = error.reason.class().exit();
                let (reason, message) = (error.reason.name(), error.message);
                summary.broken_off = Some(BrokenOff { reason, message });
                out.end(&summary)?;
                return Ok(exit.map_or(status, |exit| exit.min(status)));
            }
            Err(error) => return Err(error),
        }
        let Demand { policy, subjects, predicate_type } = demand;
        for judged in consume_lines(policy, &batch, subjects, predicate_type.as_deref()) {
            summary.lines += 1;
            match judged {
                Ok(upheld) => {
                    summary.upheld += 1;
                    proof = Some(upheld);
                }
                Err(error) => {
                    let error = CommandError::from(error);
                    summary.refused += 1;
                    let status = error.reason.class().exit();
                    exit = Some(exit.map_or(status, |exit| exit.min(status)));
                    let (reason, message) = (error.reason.name(), error.message);
                    out.refused(&Refused { line: summary.lines, reason, message }, path)?;
                }
            }
        }
    }
    out.end(&summary)?;
    if summary.lines == 0 {
        let message = format!("{shown}: no line, and nothing verified");
        ui.warn(&message);
        return Ok(Reason::NothingToVerify.class().exit());
    }
    Ok(report::exit(proof.into_iter().collect(), exit))
}

/// Lines that are judged side by side, and about how many bytes of them.
const BATCH_LINES: usize = 1024;
const BATCH_BYTES: usize = 8 << 20;

/// Reads the next lines with their ends into `batch`; false at the end of the file.
fn read_batch(
    reader: &mut impl BufRead,
    batch: &mut Vec<Vec<u8>>,
    path: &Path,
) -> Result<bool, CommandError> {
    batch.clear();
    let mut bytes = 0;
    while batch.len() < BATCH_LINES && bytes < BATCH_BYTES {
        let mut line = Vec::new();
        if !read_line(reader, &mut line, path)? {
            break;
        }
        bytes += line.len();
        batch.push(line);
    }
    Ok(!batch.is_empty())
}

/// Reads one line with its end into `line`; false at the end of the file.
fn read_line(
    reader: &mut impl BufRead,
    line: &mut Vec<u8>,
    path: &Path,
) -> Result<bool, CommandError> {
    line.clear();
    // One byte more than the limit and a line end: what is longer is refused as too large, and the
    // rest of the file would be read out of step.
    let most = limits::ENVELOPE_BYTES + 1;
    let read = reader.by_ref().take(most).read_until(b'\n', line).map_err(|error| {
        CommandError::new(Reason::FileUnreadable, format!("{}: {error}", path.display()))
    })?;
    if read as u64 == most && !line.ends_with(b"\n") {
        let message = format!("{}: a line is longer than {} bytes", path.display(), most - 1);
        return Err(CommandError::new(Reason::FileTooLarge, message));
    }
    Ok(read > 0)
}

/// Prints refusals as they come; as JSON, into a list that the summary follows.
struct Out {
    ui: Ui,
    any: bool,
}

impl Out {
    fn begin(&self) -> Result<(), CommandError> {
        if !self.ui.is_json() {
            return Ok(());
        }
        let schema = "https://opertus.systems/provenact/verify-lines/v1";
        self.ui.bytes(format!("{{\n  \"schema\": \"{schema}\",\n  \"refusals\": [").as_bytes())
    }

    fn refused(&mut self, refused: &Refused, path: &Path) -> Result<(), CommandError> {
        if !self.ui.is_json() {
            let Refused { line, reason, message } = refused;
            let message = visible(message, false);
            let text = format!("{}:{line}: refused, {message} [{reason}]", path.display());
            return self.ui.answer(&text, refused);
        }
        let comma = if self.any { "," } else { "" };
        self.any = true;
        let text = String::from_utf8(json::to_jcs(refused)?).unwrap_or_default();
        self.ui.bytes(format!("{comma}\n    {text}").as_bytes())
    }

    fn end(&self, summary: &Summary) -> Result<(), CommandError> {
        let Summary { path, lines, upheld, refused, .. } = summary;
        if !self.ui.is_json() {
            let text = format!("{path}: {lines} lines, {upheld} upheld, {refused} refused");
            return self.ui.answer(&text, summary);
        }
        let members = json::to_pretty(summary)?;
        let members = members.strip_prefix('{').unwrap_or(&members);
        let gap = if self.any { "\n  " } else { "" };
        self.ui.bytes(format!("{gap}],{members}\n").as_bytes())
    }
}
