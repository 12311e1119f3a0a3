//! The verdict of a replay as one HTML page: no script, nothing from elsewhere, readable as it is.
//!
//! Everything that the page shows comes from files that others made. Text is escaped by its type, and
//! what could turn or hide it is made visible before.

use super::timeline::{PARTS, Timeline};
use super::{FRAMES, LINE, ONE_CLASS};
use crate::abi::show::{cut, visible};
use crate::attest::receipt::{Engines, FileUse, Receipt};
use crate::reason::{Class, Reason};
use crate::runtime::Divergence;
use crate::trace::Entry;
use crate::verify::{Authenticity, DOES_NOT_PROVE, Finding, PROVES, Verdict, Witness, Witnesses};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Rows of one list that are shown.
const ROWS: usize = 200;
/// What a browser may load: the style in the page, and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const STYLE: &str = include_str!("page.css");

/// What the page is made from.
pub struct Page<'a> {
    /// The file that the receipt was read from.
    pub file: String,
    /// Name and version of the skill, as its manifest has them.
    pub skill: String,
    /// What is claimed.
    pub receipt: &'a Receipt,
    /// Who stands behind it.
    pub authenticity: &'a Authenticity,
    /// Keys that it claims to be signed by.
    pub key_ids: Vec<String>,
    /// What is known of the author's attestation.
    pub attestation: &'a str,
    /// What each engine found.
    pub witnesses: &'a Witnesses,
    /// When there were events of what kind; none when the trace could not be read again.
    pub timeline: Option<Timeline>,
    /// The provenact that made the page.
    pub tool: &'a str,
}

/// How something stands: its class in the style, and a sign that needs no colour.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Yes,
    No,
    Open,
}

impl Mark {
    const fn class(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Open => "open",
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Yes => "✓",
            Self::No => "✗",
            Self::Open => "?",
        }
    }
}

/// The verdict in words, and what it means; `None` where there is none to show.
struct Said {
    mark: Mark,
    word: &'static str,
    line: String,
    meaning: String,
    beyond: &'static str,
}

impl Said {
    fn of(finding: &Finding<'_>) -> Option<Self> {
        Some(match finding {
            Finding::Reproduced(proof) => Self {
                mark: Mark::Yes,
                word: "Reproduced",
                line: format!("{} events, {}", proof.events(), proof.receipt().outcome),
                meaning: format!("{PROVES}."),
                beyond: DOES_NOT_PROVE,
            },
            Finding::Refuted(engine, divergence) => Self {
                mark: Mark::No,
                word: "Refuted",
                line: format!(
                    "by {engine}, at event {}: {}",
                    divergence.event,
                    divergence.reason.meaning()
                ),
                meaning: "this module, given the recorded answers, does not do what trace and receipt say."
                    .to_owned(),
                beyond: "who changed what, or why; nor what the module did when it was run",
            },
            Finding::Interrupted { engine, events, cause, here } => Self {
                mark: Mark::Open,
                word: "Interrupted",
                line: format!(
                    "{} on {engine} after event {events}: {cause}",
                    if *here { "this replay was cut short" } else { "the recording was cut short" }
                ),
                meaning: format!(
                    "up to event {events} every call, argument and byte agreed. How the execution \
                     would have gone on is not known; this is no proof of the receipt."
                ),
                beyond: DOES_NOT_PROVE,
            },
            Finding::Failed(..) | Finding::Nobody => return None,
        })
    }
}

/// The page; `None` when no engine could tell, so that there is no verdict to show.
#[must_use]
pub fn html(page: &Page<'_>) -> Option<String> {
    let finding = page.witnesses.finding();
    let said = Said::of(&finding)?;
    let divergence = match finding {
        Finding::Refuted(_, divergence) => Some(divergence),
        _ => None,
    };
    let title = format!("{}: {}", said.word, text(&page.file));
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main {
                header.verdict.(said.mark.class()) {
                    h1 { (said.mark.sign()) " " (said.word) }
                    p { (text(&said.line)) }
                    p.small { (text(&page.file)) " · " (text(&page.skill)) }
                }
                (meaning(&said))
                @if let Some(divergence) = divergence { (difference(divergence)) }
                (chain(page, &said, divergence))
                (engines(page))
                (timeline(page, divergence))
                (bytes(page.receipt, said.mark))
                (authority(page.receipt))
                footer { "Made by provenact " (page.tool) ". No script, nothing loaded from elsewhere. \
                    This page is a report and no evidence: whoever has receipt and trace can replay them." }
            } }
        }
    };
    Some(markup.into_string())
}

/// Text from a file, with what could turn or hide it made visible.
fn text(text: &str) -> String {
    visible(text, false)
}

/// The same in one line of bounded length.
fn line(text: &str) -> String {
    cut(&visible(text, false), LINE)
}

fn meaning(said: &Said) -> Markup {
    html! {
        section { h2 { "What this means" }
            div.two {
                div.claim { p { b { @if said.mark == Mark::Yes { "It proves" } @else { "It says" } } } p { (said.meaning) } }
                div.claim.not { p { b { "It does not prove" } } p { (said.beyond) "." } }
            }
        }
    }
}

fn difference(divergence: &Divergence) -> Markup {
    let Divergence { event, place, recorded, replayed, stack, .. } = divergence;
    let cause = divergence.likely_cause;
    html! {
        section #difference { h2 { "First difference: event " (event) ", " code { (line(place)) } }
            (entries(&divergence.before))
            div.two style="margin:8px 0" {
                div.side.recorded { h3 { "− recorded" } code { (line(recorded)) } }
                div.side.replayed { h3 { "+ replayed" } code { (line(replayed)) } }
            }
            (entries(&divergence.after))
            div.cause { b { "Likely cause: " } (cause) " " span.soft { "(" (cause.name()) "; a hint, chosen by rule)" } }
            @if !stack.is_empty() {
                h2 style="margin-top:18px" { "Guest call stack, innermost first" }
                table { tr { th { "function" } th { "source" } th.n { "byte in skill.wasm" } }
                    @for frame in stack.iter().take(FRAMES) {
                        tr {
                            td { code { @match &frame.name {
                                Some(name) => { (line(name)) },
                                None => { "function " (frame.function) },
                            } } }
                            td { @match (&frame.line, frame.source_offset) {
                                (Some(line), _) => { code { (line) } },
                                (None, Some(offset)) => { span.soft { "byte " (offset) } },
                                (None, None) => { span.soft { "not known" } },
                            } }
                            td.n { @if let Some(offset) = frame.offset { (offset) } }
                        }
                    }
                }
                @if stack.len() > FRAMES { p.soft { "… " (stack.len() - FRAMES) " more" } }
                p.soft.small { "Names and lines come from the debug companion, which nobody signs for." }
            }
        }
    }
}

fn entries(entries: &[Entry]) -> Markup {
    html! { @for entry in entries {
        div.event { span.soft.mono { (entry.event) } code { (line(&entry.to_string())) } }
    } }
}

/// From the author to the replay, each link with how it stands.
fn chain(page: &Page<'_>, said: &Said, divergence: Option<&Divergence>) -> Markup {
    let receipt = page.receipt;
    let attested = match receipt.attestation {
        Some(_) if page.attestation.starts_with("verified by ") => Mark::Yes,
        _ => Mark::Open,
    };
    let signed = match page.authenticity {
        Authenticity::Verified(_) => Mark::Yes,
        Authenticity::NotChecked | Authenticity::Unsigned => Mark::Open,
    };
    let (trace, whole) = match (page.witnesses.finding(), divergence) {
        (_, Some(divergence)) if divergence.reason == Reason::TraceMismatch => {
            (Mark::No, "is another one than the receipt names")
        }
        (Finding::Interrupted { here: true, .. }, _) => {
            (Mark::Open, "was not read to its end, so that its digest is not known")
        }
        _ => (Mark::Yes, "has the digest that the receipt names"),
    };
    let link = |mark: Mark, name: &str, state: &str, detail: Markup| {
        html! { li {
            span class={ "mark " (mark.class()) } { (mark.sign()) }
            b { (name) } " " span.soft { (text(state)) }
            div { (detail) }
        } }
    };
    let digest = |text: String| html! { code { (text) } };
    html! {
        section { h2 { "Chain of evidence" }
            ol.chain {
                (link(attested, "Author's attestation", page.attestation, html! {
                    @if let Some(claimed) = &receipt.attestation { code { (claimed.sha256) } }
                }))
                (link(Mark::Yes, "Module", "the bytes that were executed here have the digest that the receipt names",
                    digest(receipt.module.sha256.to_string())))
                (link(said.mark, "Receipt", match said.mark {
                    Mark::Yes => "each field is what the replay computed",
                    Mark::No => "not upheld: the replay came to something else",
                    Mark::Open => "claimed, and not reproduced to its end",
                }, html! { span { "claims: " (line(&receipt.outcome.to_string())) } }))
                (link(signed, "Signatures", &page.authenticity.to_string(), html! {
                    @for id in page.key_ids.iter().take(ROWS) { div { span.soft { "claims to be signed by key " } code { (id) } } }
                }))
                (link(trace, "Trace", whole, digest(receipt.trace.sha256.to_string())))
                (link(said.mark, "Replay", &said.line, html! {}))
            }
        }
    }
}

fn engines(page: &Page<'_>) -> Markup {
    let found = |Witness { engine, verdict }: &Witness| {
        let (mark, word, message) = match verdict {
            Ok(Verdict::Reproduced(_)) => (Mark::Yes, "reproduced", String::new()),
            Ok(Verdict::Refuted(divergence)) => {
                let Divergence { reason, event, place, .. } = &**divergence;
                (Mark::No, "refuted", format!("{reason} at event {event}, {place}"))
            }
            Ok(Verdict::Interrupted { cause, .. }) => {
                (Mark::Open, "interrupted", cause.to_string())
            }
            Err(error) if error.reason().class() == Class::No => {
                (Mark::No, "refused", error.to_string())
            }
            Err(error) => (Mark::Open, "could not tell", error.to_string()),
        };
        html! { tr {
            td { (engine) } td { (engine.class()) }
            td { span class={ "tag " (mark.class()) } { (word) } }
            td { (line(&message)) }
        } }
    };
    let classes: Vec<String> = page.witnesses.classes().iter().map(ToString::to_string).collect();
    html! {
        section { h2 { "Engines" }
            table { tr { th { "engine" } th { "class" } th { "found" } th {} }
                @for witness in page.witnesses.iter() { (found(witness)) }
            }
            p.small.soft { "Independent engine classes that reproduced it: "
                (classes.len()) @if !classes.is_empty() { " (" (classes.join(", ")) ")" }
                ". Engines of one class share code." }
            @if page.receipt.engines == Some(Engines::OneClass) { p.small { (ONE_CLASS) "." } }
        }
    }
}

fn timeline(page: &Page<'_>, divergence: Option<&Divergence>) -> Markup {
    const LEFT: usize = 90;
    const WIDTH: usize = 900;
    const ROW: usize = 30;
    let Some(timeline) = &page.timeline else {
        return html! { section { h2 { "Timeline of events" } p.soft { "The trace could not be read again for it." } } };
    };
    let parts = timeline.parts().min(PARTS);
    let step = WIDTH / parts.max(1);
    let most = timeline.rows().flat_map(|(_, row)| row.parts).max().unwrap_or(1).max(1);
    let count = timeline.rows().count();
    let height = count * ROW + 26;
    // By its logarithm: one call among thousands is still seen.
    let tall = |n: u64| {
        if n == 0 {
            0
        } else {
            5 + 19 * (64 - n.leading_zeros()) as usize / (64 - most.leading_zeros()) as usize
        }
    };
    html! {
        section { h2 { "Timeline of events" }
            @if count > 0 {
                svg viewBox=(format!("0 0 {} {height}", LEFT + WIDTH + 10)) role="img" aria-label="Events by kind, from the first to the last" {
                    @for (at, (kind, row)) in timeline.rows().enumerate() {
                        @let base = (at + 1) * ROW;
                        text x="0" y=(base - 8) { (kind) }
                        line x1=(LEFT) x2=(LEFT + step * parts) y1=(base) y2=(base) stroke="#dfe4ea" {}
                        @for (part, n) in row.parts.iter().enumerate().filter(|(_, n)| **n > 0) {
                            rect x=(LEFT + part * step) y=(base - tall(*n)) width=(step.saturating_sub(2).max(1)) height=(tall(*n)) rx="2" fill="#3f6fb5" {
                                title { (kind) ": " (n) }
                            }
                        }
                    }
                    @if let Some(divergence) = divergence {
                        @let x = LEFT + (timeline.part(divergence.event) * step + step / 2).min(step * parts);
                        line x1=(x) x2=(x) y1="0" y2=(count * ROW) stroke="#b3261e" stroke-width="2" stroke-dasharray="4 3" {}
                    }
                    text x=(LEFT) y=(height - 8) { "event 0" }
                    text x=(LEFT + step * parts) y=(height - 8) text-anchor="end" { "event " (timeline.events().saturating_sub(1)) }
                }
            }
            table style="margin-top:10px" { tr { th { "kind" } th.n { "events" } th.n { "bytes to the guest" } th.n { "bytes from the guest" } }
                @for (kind, row) in timeline.rows() {
                    tr { td { (kind) } td.n { (row.events) } td.n { (row.written) } td.n { (row.read) } }
                }
                tr { td { b { "all" } } td.n { b { (timeline.events()) } } td.n {} td.n {} }
            }
            p.small.soft { "Recorded events, in their order and without a scale of time; heights grow with the logarithm of the count."
                @if divergence.is_some() { " The dashed line is the first difference." } }
        }
    }
}

fn bytes(receipt: &Receipt, mark: Mark) -> Markup {
    let row = |name: &str, count: u64, digest: String| {
        html! { tr { td { code { (line(name)) } } td.n { (count) } td { code { (digest) } } } }
    };
    let files = |files: &[FileUse]| {
        html! {
            @for file in files.iter().take(ROWS) { (row(&file.path, file.bytes, file.sha256.to_string())) }
            @if files.len() > ROWS { tr { td colspan="3" { "… " (files.len() - ROWS) " more files" } } }
        }
    };
    let heads = |name: &str| html! { tr { th { (name) } th.n { "bytes" } th { "digest" } } };
    let (input, outputs) = (receipt.invocation.stdin, receipt.outputs);
    html! {
        section { h2 { "Bytes in and out" @if mark != Mark::Yes { " " span.tag.open { "as the receipt claims" } } }
            p.small { "Entrypoint " code { (line(&receipt.invocation.entrypoint)) } ", "
    "arguments: " (receipt.invocation.arguments.count) ", environment variables: "
                (receipt.invocation.environment.count) "; the outcome: "
                (line(&receipt.outcome.to_string())) "." }
            table { (heads("in")) (row("stdin", input.bytes, input.sha256.to_string())) (files(&receipt.files.read))
                (heads("out"))
                (row("stdout", outputs.stdout.bytes, outputs.stdout.sha256.to_string()))
                (row("stderr", outputs.stderr.bytes, outputs.stderr.sha256.to_string()))
                (files(&receipt.files.written)) }
            p.small.soft { "The digest of stdin is salted with what lies in the trace; that of a file is over its transfers, \
                not over the file." }
        }
    }
}

fn authority(receipt: &Receipt) -> Markup {
    html! {
        section { h2 { "Granted and used" }
            table { tr { th { "capability" } th.n { "calls" } }
                @for grant in receipt.grants.capabilities.iter().take(ROWS) {
                    @let used = receipt.used.iter().find(|used| used.kind == grant.kind().name() && used.value == grant.value());
                    tr { td { code { (line(&grant.to_string())) } } td.n { (used.map_or(0, |used| used.calls)) } }
                }
                @if receipt.grants.capabilities.is_empty() { tr { td colspan="2" { "nothing was granted" } } }
                @if receipt.grants.capabilities.len() > ROWS { tr { td colspan="2" { "… " (receipt.grants.capabilities.len() - ROWS) " more" } } }
            }
        }
    }
}
