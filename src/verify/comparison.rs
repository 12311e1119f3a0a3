//! Two executions side by side: what is the same, what differs, and what cannot be told.
//!
//! Both receipts are claims here; a comparison says whether they claim the same.

use super::Error;
use crate::attest::receipt::{Bytes, FileUse, Receipt, Strings};
use crate::digest::TraceDigest;
use crate::trace::{self, Entry, Event, Header, Reader};
use serde::Serialize;

/// Characters of one side that are shown.
const SHOWN: usize = 400;

/// How a part of two executions compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is the same in both.
    Same,
    /// It differs.
    Different,
    /// It cannot be told from what is at hand.
    Unknown,
}

/// One part of two executions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What.
    pub name: String,
    /// How it compares.
    pub state: State,
    /// The first execution's.
    pub a: String,
    /// The second execution's.
    pub b: String,
    /// Why it cannot be told, or what was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// The first event in which two traces differ. A side is `None` where its trace has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FirstEvent {
    /// Its number.
    pub event: u64,
    /// The first execution's.
    pub a: Option<Entry>,
    /// The second execution's.
    pub b: Option<Entry>,
}

/// Two executions, part by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The parts, in the order of an execution: what ran, what went in, what came out.
    pub parts: Vec<Part>,
}

const SALTED: &str =
    "the receipts hash it with different salts; with both traces at hand it is compared";

impl Comparison {
    /// Compares two receipts, with the headers of their traces where these are at hand and the first
    /// difference of their events where it was looked for.
    #[must_use]
    pub fn of(
        a: &Receipt,
        b: &Receipt,
        headers: Option<(&Header, &Header)>,
        events: Option<Option<&FirstEvent>>,
    ) -> Self {
        let mut parts = Vec::new();
        let mut plain = |name: &str, a: String, b: String| {
            let state = if a == b { State::Same } else { State::Different };
            parts.push(Part { name: name.to_owned(), state, a: cut(a), b: cut(b), note: None });
        };
        plain("module", a.module.sha256.to_string(), b.module.sha256.to_string());
        plain("manifest", a.manifest.sha256.to_string(), b.manifest.sha256.to_string());
        plain("entrypoint", a.invocation.entrypoint.clone(), b.invocation.entrypoint.clone());
        let grants = |receipt: &Receipt| {
            let names = receipt.grants.capabilities.iter().map(ToString::to_string);
            names.collect::<Vec<_>>().join(", ")
        };
        plain("grants", grants(a), grants(b));
        parts.push(strings(
            "arguments",
            (&a.invocation.arguments, &b.invocation.arguments),
            headers.map(|(a, b)| (format!("{:?}", a.arguments), format!("{:?}", b.arguments))),
        ));
        let variables = |header: &Header| {
            let each = header.environment.iter().map(|[name, value]| format!("{name}={value}"));
            format!("{:?}", each.collect::<Vec<_>>())
        };
        parts.push(strings(
            "environment",
            (&a.invocation.environment, &b.invocation.environment),
            headers.map(|(a, b)| (variables(a), variables(b))),
        ));
        let same_salt = headers.is_some_and(|(a, b)| a.salt == b.salt);
        parts.push(stdin(&a.invocation.stdin, &b.invocation.stdin, same_salt, events));
        files(&mut parts, "read", &a.files.read, &b.files.read);
        parts.push(happened(a, b, events));
        let mut plain = |name: &str, a: String, b: String| {
            let state = if a == b { State::Same } else { State::Different };
            parts.push(Part { name: name.to_owned(), state, a: cut(a), b: cut(b), note: None });
        };
        plain("outcome", a.outcome.to_string(), b.outcome.to_string());
        let bytes = |bytes: Bytes| format!("{} bytes, {}", bytes.bytes, bytes.sha256);
        plain("stdout", bytes(a.outputs.stdout), bytes(b.outputs.stdout));
        plain("stderr", bytes(a.outputs.stderr), bytes(b.outputs.stderr));
        files(&mut parts, "written", &a.files.written, &b.files.written);
        final_state(&mut parts, a, b);
        Self { parts }
    }

    /// What all parts come to: one difference is a difference; otherwise one that cannot be told
    /// leaves it open.
    #[must_use]
    pub fn state(&self) -> State {
        let any = |state| self.parts.iter().any(|part| part.state == state);
        if any(State::Different) {
            State::Different
        } else if any(State::Unknown) {
            State::Unknown
        } else {
            State::Same
        }
    }
}

fn cut(text: String) -> String {
    crate::abi::show::cut(&crate::abi::show::visible(&text, false), SHOWN)
}

/// What is hashed with a salt in the receipts and lies in clear in the traces.
fn strings(name: &str, (a, b): (&Strings, &Strings), clear: Option<(String, String)>) -> Part {
    let name = name.to_owned();
    if let Some((a, b)) = clear {
        let state = if a == b { State::Same } else { State::Different };
        let note = Some("compared in the headers of the traces");
        return Part { name, state, a: cut(a), b: cut(b), note };
    }
    let (state, note) = match (a == b, a.count == b.count) {
        (true, _) => (State::Same, None),
        (_, false) => (State::Different, None),
        _ if a.count == 0 => (State::Same, None),
        _ => (State::Unknown, Some(SALTED)),
    };
    let shown = |strings: &Strings| strings.count.to_string();
    Part { name, state, a: shown(a), b: shown(b), note }
}

fn stdin(a: &Bytes, b: &Bytes, same_salt: bool, events: Option<Option<&FirstEvent>>) -> Part {
    let (state, note) = if a == b || (a.bytes == 0 && b.bytes == 0) {
        (State::Same, None)
    } else if a.bytes != b.bytes || same_salt {
        (State::Different, None)
    } else if events == Some(None) {
        (State::Same, Some("each call was answered with the same bytes"))
    } else {
        (State::Unknown, Some("the receipts hash it with different salts; the events tell"))
    };
    let shown = |bytes: &Bytes| format!("{} bytes", bytes.bytes);
    Part { name: "stdin".to_owned(), state, a: shown(a), b: shown(b), note }
}

fn happened(a: &Receipt, b: &Receipt, events: Option<Option<&FirstEvent>>) -> Part {
    let (state, note) = match events {
        Some(None) => (State::Same, None),
        Some(Some(_)) => (State::Different, None),
        None if a.trace == b.trace => (State::Same, Some("both receipts name one trace")),
        None if a.trace.events != b.trace.events => (State::Different, None),
        None => (State::Unknown, Some("the traces are not at hand; --from says where they lie")),
    };
    let shown = |receipt: &Receipt| format!("{} events", receipt.trace.events);
    Part { name: "events".to_owned(), state, a: shown(a), b: shown(b), note }
}

/// Files of both, each once; both lists are sorted by path.
fn files(parts: &mut Vec<Part>, what: &str, a: &[FileUse], b: &[FileUse]) {
    let paths: std::collections::BTreeSet<&str> =
        a.iter().chain(b).map(|file| file.path.as_str()).collect();
    let one = |files: &[FileUse], path: &str| {
        let found = files.binary_search_by(|file| file.path.as_str().cmp(path)).ok();
        found.and_then(|at| files.get(at)).cloned()
    };
    for path in paths {
        let (a, b) = (one(a, path), one(b, path));
        let state = if a == b { State::Same } else { State::Different };
        let shown = |file: Option<FileUse>| {
            file.map_or("not at all".to_owned(), |f| format!("{} bytes, {}", f.bytes, f.sha256))
        };
        let name = cut(format!("{what} {path}"));
        parts.push(Part { name, state, a: shown(a), b: shown(b), note: None });
    }
}

fn final_state(parts: &mut Vec<Part>, a: &Receipt, b: &Receipt) {
    let shown = |receipt: &Receipt| match &receipt.final_state {
        None => "none".to_owned(),
        Some(state) => {
            let memories = state.memories.iter().map(|memory| {
                format!("{}: {} bytes, {}", memory.name, memory.bytes, memory.sha256)
            });
            let globals = state.globals.len();
            let all: Vec<_> = memories.chain([format!("{globals} globals")]).collect();
            all.join("; ")
        }
    };
    let state = if a.final_state == b.final_state { State::Same } else { State::Different };
    let name = "final state".to_owned();
    parts.push(Part { name, state, a: cut(shown(a)), b: cut(shown(b)), note: None });
}

/// The first event in which two traces differ; both are read to their end, and must be those that
/// `named` says.
///
/// # Errors
/// A trace that cannot be read, or is another one.
pub fn first_event(
    mut a: Reader,
    mut b: Reader,
    named: [TraceDigest; 2],
) -> Result<Option<FirstEvent>, Error> {
    let (rows_a, rows_b) = (a.header().functions()?, b.header().functions()?);
    let imports = [a.header().imports.clone(), b.header().imports.clone()];
    let mut first = None;
    loop {
        let (one, other) = (a.next()?, b.next()?);
        if one.is_none() && other.is_none() {
            break;
        }
        let same = match (&one, &other) {
            (Some(one), Some(other)) => is_same(one, other, &imports),
            _ => false,
        };
        if !same && first.is_none() {
            let event = one.as_ref().or(other.as_ref()).map_or(0, |event| event.index);
            let told = |event: &Option<Event<'_>>, rows: &[&'static crate::abi::Function]| {
                let event = event.as_ref()?;
                Some(Entry::of(event, rows.get(event.function)?))
            };
            first = Some(FirstEvent { event, a: told(&one, &rows_a), b: told(&other, &rows_b) });
        }
    }
    for (reader, expected) in [(&a, named[0]), (&b, named[1])] {
        let found = reader.seal().ok_or(trace::Error::Stopped)?.digest;
        if found != expected {
            let (part, by) = ("the trace", "the receipt");
            let (found, expected) = (found.to_string(), expected.to_string());
            return Err(Error::Beside { part, by, found, expected });
        }
    }
    Ok(first)
}

/// Whether two events are the same call with the same answer. Their functions are compared by name:
/// two modules number them as they like.
fn is_same(a: &Event<'_>, b: &Event<'_>, imports: &[Vec<[String; 2]>; 2]) -> bool {
    imports[0].get(a.function) == imports[1].get(b.function)
        && a.args == b.args
        && a.answer == b.answer
        && a.handed == b.handed
        && a.written() == b.written()
}
