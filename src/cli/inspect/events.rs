//! `inspect --events`: the trace as a stream of lines, without running anything.

use super::super::audit;
use super::super::error::CommandError;
use super::super::inputs::Places;
use super::super::ui::Ui;
use super::Args;
use crate::reason::Reason;
use crate::report::events::{End, Line, Start};
use crate::verify::Claim;

/// Bytes of lines that are gathered before they are written.
const GATHERED: usize = 64 << 10;

/// Prints the events, then how it ended. What was printed before an error is of sections whose
/// hashes are right; whether the trace is the receipt's shows at its end.
pub(super) fn show(
    args: &Args,
    claim: &Claim,
    authenticity: &str,
    refused: Option<&CommandError>,
    ui: Ui,
) -> Result<u8, CommandError> {
    let places = Places::new(&args.receipt, &args.from)?;
    let path = audit::trace_of(&args.receipt, claim, &places)?;
    let mut reader = audit::open(&path, None)?;
    let named = |error: crate::trace::Error| CommandError::from(error).of(path.display());
    let rows = reader.header().functions().map_err(named)?;
    if let Some(error) = refused {
        ui.warn(&format!("{} [{}]", error.message, error.reason));
    }
    let mut out = String::new();
    if ui.is_json() {
        put(&mut out, &crate::json::to_line(&Start::of(claim.receipt(), authenticity))?);
    }
    let mut shown = 0_u64;
    loop {
        let event = match reader.next() {
            Ok(Some(event)) => event,
            Ok(None) => break,
            Err(error) => {
                ui.bytes(out.as_bytes())?;
                return Err(named(error));
            }
        };
        let Some(row) = rows.get(event.function) else { continue };
        let line = Line::of(&event, row);
        if !args.kinds.is_empty() && !args.kinds.contains(&line.entry.kind) {
            continue;
        }
        shown += 1;
        if ui.is_json() {
            put(&mut out, &crate::json::to_line(&line)?);
        } else {
            put(&mut out, &line.to_string());
        }
        if out.len() >= GATHERED {
            ui.bytes(out.as_bytes())?;
            out.clear();
        }
    }
    let Some(seal) = reader.seal() else { return Err(named(crate::trace::Error::Stopped)) };
    if seal.digest != claim.receipt().trace.sha256 {
        ui.bytes(out.as_bytes())?;
        let (found, expected) = (seal.digest, claim.receipt().trace.sha256);
        let message = format!("the trace has digest {found}, the receipt names {expected}");
        return Err(CommandError::new(Reason::TraceMismatch, message).of(path.display()));
    }
    let end = End { events: seal.end.events, shown, outcome: seal.end.outcome.clone() };
    if ui.is_json() {
        put(&mut out, &crate::json::to_line(&end)?);
    } else {
        put(&mut out, &end.to_string());
    }
    ui.bytes(out.as_bytes())?;
    Ok(refused.map_or(0, |error| error.reason.class().exit()))
}

fn put(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}
