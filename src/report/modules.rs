//! Two modules side by side, for people.

use super::LINE;
use crate::abi::show::{cut, visible};
use crate::wasm::{
    Bytes, CustomDiff, DataDiff, Difference, FunctionDiff, FunctionsDiff, ItemDiff, ProducerDiff,
    RangeDiff, Sameness, SectionDiff,
};
use std::fmt::Write as _;

/// Functions, items and places of each kind that are shown.
const SHOWN: usize = 8;

/// What is the same is one line; what differs is shown, the first few of each kind.
#[must_use]
pub fn text(difference: &Difference) -> String {
    let mut text = Text(String::new());
    text.sections(&difference.sections);
    text.functions(&difference.functions);
    text.items(&difference.items.shown, difference.items.more);
    text.data(&difference.data);
    text.customs(&difference.customs.shown, difference.customs.more);
    text.producers(&difference.producers);
    for cause in &difference.causes {
        text.line("likely cause", cause.cause.words());
        text.line("", &format!("avoid it: {}", cause.cure));
    }
    text.0
}

/// The whole difference in one line.
#[must_use]
pub fn headline(difference: &Difference) -> String {
    let functions = &difference.functions;
    let data = &difference.data;
    let is_text = data.more == 0 && data.ranges.iter().all(|range| range.looks.is_text());
    match difference.what {
        Sameness::Data if is_text && functions.moved > 0 => {
            "only texts, and the addresses that they moved".to_owned()
        }
        Sameness::Data if is_text && !data.ranges.is_empty() => "only texts in the data".to_owned(),
        Sameness::Code if functions.differ > 0 => {
            format!("{} of {} differ", number(functions.differ), plural(functions.a, "function"))
        }
        what => what.words().to_owned(),
    }
}

struct Text(String);

impl Text {
    fn line(&mut self, name: &str, said: &str) {
        let said = cut(&visible(said, false), LINE);
        let _ = writeln!(self.0, "{name:12} {said}");
    }

    /// A line below another.
    fn below(&mut self, said: &str) {
        let _ = writeln!(self.0, "  {}", cut(&visible(said, false), LINE));
    }

    fn left_out(&mut self, count: usize) {
        if count > 0 {
            self.below(&format!("… {} more", number(count)));
        }
    }

    fn sections(&mut self, sections: &[SectionDiff]) {
        let named = |same: bool| -> Vec<String> {
            let of = sections.iter().filter(|section| section.same == same);
            let size = |bytes: Option<usize>| bytes.map_or("none".to_owned(), number);
            of.map(|section| {
                if same {
                    return section.name.to_owned();
                }
                format!("{} ({} → {} bytes)", section.name, size(section.a), size(section.b))
            })
            .collect()
        };
        for (name, same) in [("same", true), ("different", false)] {
            let named = named(same);
            if !named.is_empty() {
                self.line("sections", &format!("{name}: {}", named.join(", ")));
            }
        }
    }

    fn functions(&mut self, found: &FunctionsDiff) {
        let mut said = Vec::new();
        if found.differ > 0 {
            said.push(format!("{} of {} differ", number(found.differ), number(found.a)));
        }
        if found.moved > 0 {
            let moved = number(found.moved);
            said.push(format!("{moved} differ in addresses that moved and lengths of texts alone"));
        }
        if found.only_a > 0 {
            said.push(format!("{} only in A", number(found.only_a)));
        }
        if found.only_b > 0 {
            said.push(format!("{} only in B", number(found.only_b)));
        }
        if said.is_empty() {
            said.push(format!("all {} the same", number(found.a)));
        }
        if found.reordered {
            said.push("in another order".to_owned());
        }
        self.line("functions", &said.join("; "));
        for function in found.shown.iter().take(SHOWN) {
            self.function(function);
        }
        self.left_out(found.differ.saturating_sub(found.shown.len().min(SHOWN)));
        for (side, names, count) in
            [("A", &found.shown_a, found.only_a), ("B", &found.shown_b, found.only_b)]
        {
            for name in names.iter().take(SHOWN) {
                self.below(&format!("only in {side}: {name}"));
            }
            self.left_out(count.saturating_sub(SHOWN));
        }
    }

    fn function(&mut self, function: &FunctionDiff) {
        let FunctionDiff { name, offset_a, offset_b, hunk, looks, .. } = function;
        let looks = looks.map_or(String::new(), |looks| format!(", looks like {}", looks.words()));
        self.below(&format!("{name} at byte {offset_a} of A, {offset_b} of B{looks}"));
        for line in hunk {
            self.below(&format!("  {line}"));
        }
    }

    fn items(&mut self, items: &[ItemDiff], more: usize) {
        for ItemDiff { kind, name, a, b } in items.iter().take(SHOWN) {
            let said = |said: &Option<String>| said.as_deref().unwrap_or("none").to_owned();
            self.line(kind, &format!("{name}: {} → {}", said(a), said(b)));
        }
        self.left_out(items.len().saturating_sub(SHOWN).saturating_add(more));
    }

    fn data(&mut self, data: &DataDiff) {
        let count = data.ranges.len().saturating_add(data.more);
        let mut said = match count {
            0 => "the same".to_owned(),
            1 => "differs at 1 place".to_owned(),
            count => format!("differs at {} places", number(count)),
        };
        if data.pointers > 0 {
            let _ = write!(
                said,
                "; {} point elsewhere or count otherwise",
                plural(data.pointers, "word")
            );
        }
        if !data.moved.is_empty() {
            let steps: Vec<_> = data.moved.iter().take(SHOWN).map(|by| format!("{by:+}")).collect();
            let left = if data.moved.len() > SHOWN { ", …" } else { "" };
            let _ = write!(said, "; addresses moved by {}{left}", steps.join(", "));
        }
        self.line("data", &said);
        for RangeDiff { a, b, looks } in data.ranges.iter().take(SHOWN) {
            self.below(&format!("{} → {}, looks like {}", place(a), place(b), looks.words()));
            self.below(&format!("  A \"{}\"", a.text));
            self.below(&format!("  B \"{}\"", b.text));
        }
        self.left_out(count.saturating_sub(data.ranges.len().min(SHOWN)));
    }

    fn customs(&mut self, customs: &[CustomDiff], more: usize) {
        for CustomDiff { name, a, b, looks } in customs.iter().take(SHOWN) {
            let size = |bytes: Option<usize>| bytes.map_or("none".to_owned(), number);
            let looks = looks.map_or(String::new(), |l| format!(", looks like {}", l.words()));
            self.line("custom", &format!("{name}: {} → {} bytes{looks}", size(*a), size(*b)));
        }
        self.left_out(customs.len().saturating_sub(SHOWN).saturating_add(more));
    }

    fn producers(&mut self, producers: &[ProducerDiff]) {
        for ProducerDiff { field, name, a, b } in producers.iter().take(SHOWN) {
            let said = |version: &Option<String>| match version.as_deref() {
                None => "none".to_owned(),
                Some("") => "no version".to_owned(),
                Some(version) => version.to_owned(),
            };
            self.line("producers", &format!("{field} {name}: {} → {}", said(a), said(b)));
        }
        self.left_out(producers.len().saturating_sub(SHOWN));
    }
}

fn place(bytes: &Bytes) -> String {
    let address = bytes.address.map_or(String::new(), |address| format!("{address:#x}, "));
    format!("{address}byte {}, {}", bytes.offset, plural(bytes.bytes, "byte"))
}

fn plural(count: usize, what: &str) -> String {
    format!("{} {what}{}", number(count), if count == 1 { "" } else { "s" })
}

/// 8711 as `8,711`.
#[must_use]
pub fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
