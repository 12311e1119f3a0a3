//! Text for people, made from values of the rooms below.

pub mod comparison;
pub mod decisions;
pub mod events;
pub mod page;
pub mod timeline;

use crate::abi::show::{cut, visible};
use crate::attest::receipt::{Engines, Receipt};
use crate::runtime::Divergence;
use crate::trace::Entry;
use std::fmt::Write as _;

/// Frames of a call stack that are shown.
const FRAMES: usize = 12;
/// Characters of one line that are shown.
const LINE: usize = 240;

/// What a receipt of a module means that uses garbage collection, typed references or exceptions.
pub const ONE_CLASS: &str = "one engine class: others lack features that the module uses";

/// The first difference: where, what was recorded, what the replay did, the recorded events around
/// it, the guest's stack, and what most likely made it. At most 30 lines, each of bounded length.
#[must_use]
pub fn divergence(divergence: &Divergence) -> String {
    let Divergence { event, place, recorded, replayed, stack, .. } = divergence;
    let line = |text: &str| cut(&visible(text, false), LINE);
    let mut text = format!("first difference at event {event}, {}\n", line(place));
    let around = |text: &mut String, entries: &[Entry]| {
        for entry in entries {
            let _ = writeln!(text, "  {:>11} {}", entry.event, line(&entry.to_string()));
        }
    };
    around(&mut text, &divergence.before);
    let _ = writeln!(text, "  - recorded: {}\n  + replayed: {}", line(recorded), line(replayed));
    around(&mut text, &divergence.after);
    if !stack.is_empty() {
        text.push_str("  guest call stack, innermost first:\n");
        for frame in stack.iter().take(FRAMES) {
            let _ = writeln!(text, "    {frame}");
        }
        if stack.len() > FRAMES {
            let _ = writeln!(text, "    … {} more", stack.len() - FRAMES);
        }
    }
    let cause = divergence.likely_cause;
    let _ = writeln!(text, "  likely cause: {cause} ({})", cause.name());
    text
}

/// What a receipt says, for a person to read.
#[must_use]
pub fn receipt(receipt: &Receipt, authenticity: &str, signers: &[String]) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:13}{}", visible(&value, false));
    };
    line("module", receipt.module.sha256.to_string());
    line("manifest", receipt.manifest.sha256.to_string());
    line(
        "attestation",
        receipt.attestation.map_or_else(
            || "none: run with --allow-unsigned".to_owned(),
            |a| format!("claimed: {}, verified by key {}", a.sha256, a.keyid.hex()),
        ),
    );
    if receipt.engines == Some(Engines::OneClass) {
        line("engines", ONE_CLASS.to_owned());
    }
    line("receipt", authenticity.to_owned());
    for signer in signers {
        line("", format!("claims to be signed by key {signer}"));
    }
    let invocation = &receipt.invocation;
    line(
        "invocation",
        format!(
            "{}, {} arguments, {} variables, stdin {} bytes",
            invocation.entrypoint,
            invocation.arguments.count,
            invocation.environment.count,
            invocation.stdin.bytes
        ),
    );
    let list =
        |items: Vec<String>| if items.is_empty() { "nothing".to_owned() } else { items.join(", ") };
    line("granted", list(receipt.grants.capabilities.iter().map(ToString::to_string).collect()));
    let uses = receipt.used.iter().map(|u| {
        let value = if u.value == "*" { String::new() } else { format!("={}", u.value) };
        format!("{}{value} ({} calls)", u.kind, u.calls)
    });
    line("used", list(uses.collect()));
    for (name, files) in [("read", &receipt.files.read), ("written", &receipt.files.written)] {
        for file in files {
            line(name, format!("{} ({} bytes)", file.path, file.bytes));
        }
    }
    for (name, bytes) in [("stdout", receipt.outputs.stdout), ("stderr", receipt.outputs.stderr)] {
        line(name, format!("{} bytes, {}", bytes.bytes, bytes.sha256));
    }
    line(
        "trace",
        format!(
            "{}, version {}, {} events",
            receipt.trace.sha256, receipt.trace.version, receipt.trace.events
        ),
    );
    line("outcome", receipt.outcome.to_string());
    text
}
