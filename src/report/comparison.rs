//! Two executions side by side, for people.

use super::LINE;
use crate::abi::show::{cut, visible};
use crate::trace::Entry;
use crate::verify::{FirstEvent, Part, State};
use std::fmt::Write as _;

/// Parts in which they agree are one line; the others show both sides.
#[must_use]
pub fn text(
    names: [&str; 2],
    parts: &[Part],
    first: Option<(&FirstEvent, &[Entry])>,
    verdict: &str,
) -> String {
    let line = |text: &str| cut(&visible(text, false), LINE);
    let mut text = String::new();
    let _ = writeln!(text, "A {}\nB {}", line(names[0]), line(names[1]));
    for Part { name, state, a, b, note } in parts {
        let note = note.map_or_else(String::new, |note| format!(" ({note})"));
        let _ = match state {
            State::Same => writeln!(text, "{:12} same: {}{note}", line(name), line(a)),
            State::Different => {
                writeln!(
                    text,
                    "{:12} different{note}\n  A {}\n  B {}",
                    line(name),
                    line(a),
                    line(b)
                )
            }
            State::Unknown => writeln!(text, "{:12} not known{note}", line(name)),
        };
    }
    if let Some((FirstEvent { event, a, b }, before)) = first {
        let _ = writeln!(text, "first differing event: {event}");
        for entry in before {
            let _ = writeln!(text, "  {:>8} {}", entry.event, line(&entry.to_string()));
        }
        for (side, entry) in [("A", a), ("B", b)] {
            let told = entry.as_ref().map_or("no further event".to_owned(), ToString::to_string);
            let _ = writeln!(text, "{side} {event:>8} {}", line(&told));
        }
    }
    let _ = writeln!(text, "{verdict}");
    text
}
