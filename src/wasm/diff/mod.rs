//! Explains how two modules differ.
//!
//! Functions are matched by import, export, name, body and place, and compared with every index
//! replaced by what it refers to. Constants that differ are compared once more when it is known how
//! addresses moved. What is matched is a guess; that two functions are the same is never one. Time and
//! memory grow with the sizes of the modules and no faster, but for sorting.

mod align;
mod causes;
mod customs;
mod data;
mod finding;
mod hunk;
mod image;
mod items;
mod looks;
mod matching;
mod pairs;
mod shifts;
mod side;
mod words;

#[cfg(test)]
mod tests;

use super::leaks::Toolchain;
use super::{Companion, Error, Module};
use data::Lengths;
pub use finding::{
    Bytes, Cause, CauseKind, CustomDiff, DataDiff, Difference, FunctionDiff, FunctionsDiff,
    ItemDiff, Listed, Look, ProducerDiff, RangeDiff, Sameness, SectionDiff,
};
use matching::Matching;
use pairs::Maps;
use rayon::prelude::*;
use shifts::Shifts;
use side::Side;
use std::collections::{BTreeMap, BTreeSet};
use words::Words;

/// Items, custom sections and names of functions that are listed.
const LISTED: usize = 256;
/// Functions of which a hunk is made.
const HUNKS: usize = 16;
/// The greatest constant that can be the length of a text.
const LENGTH: i64 = 1 << 20;
/// Functions that are compared by a thread at a time.
const RUN: usize = 64;
/// The kind of an element segment that lists the same in another order.
const REORDERED: &str = "element order";

/// A module, and the companion of its bundle.
pub type Compared<'m> = (&'m Module, Option<&'m Companion>);

/// Compares two modules, with the custom sections of their companions.
///
/// # Errors
/// [`Error::Malformed`], when a module that validated cannot be read.
pub fn diff(a: Compared<'_>, b: Compared<'_>) -> Result<Difference, Error> {
    between(a, b, true)
}

/// Compares two modules without their custom sections: what the canonical form leaves out explains nothing
/// about two digests.
///
/// # Errors
/// As [`diff`].
pub fn diff_executed(a: &Module, b: &Module) -> Result<Difference, Error> {
    between((a, None), (b, None), false)
}

fn between(a: Compared<'_>, b: Compared<'_>, with_customs: bool) -> Result<Difference, Error> {
    let read = |error: wasmparser::Error| Error::Malformed {
        offset: error.offset() as u64,
        what: error.message().to_owned(),
    };
    let (one, other) = rayon::join(
        || Side::of(a.0, a.1.map(Companion::bytes)),
        || Side::of(b.0, b.1.map(Companion::bytes)),
    );
    let (one, other) = (one.map_err(read)?, other.map_err(read)?);
    let functions = Matching::of(&one, &other);
    let globals = items::matched_globals(&one, &other);
    let types = shared_types(&one, &other);
    let maps = Maps { a: &one, b: &other, functions: &functions, globals, types };
    let customs = if with_customs { customs::compare(&one, &other) } else { Vec::new() };
    Ok(compare(&maps, [a.0.bytes(), b.0.bytes()], customs, Toolchain::of(a.0)))
}

fn compare(
    maps: &Maps<'_, '_>,
    bytes: [&[u8]; 2],
    customs: Vec<CustomDiff>,
    toolchain: Toolchain,
) -> Difference {
    let first = first_round(maps);
    let mut numbers = first.numbers;
    for round in &first.functions {
        if let Outcome::Numbers(pairs) = &round.outcome {
            numbers.extend(pairs.iter().filter(|(a, b)| is_address(maps, *a, *b)));
        }
    }
    items::compare(maps, |a, b| {
        numbers.extend((a != b && is_address(maps, a, b)).then_some((a, b)));
        true
    });
    let shifts = Shifts::of(numbers, maps.a, maps.b);
    let data = data::compare(maps, &shifts);
    let judge = |a: u64, b: u64| follows(maps, &shifts, &data.lengths, a, b);
    let functions = second_round(maps, bytes, &first.functions, judge);
    let items = items::compare(maps, judge);
    let sections = sections(maps, bytes);
    let mut found = Difference {
        what: Sameness::Same,
        sections,
        functions,
        items: Listed { shown: items, more: 0 },
        data: data.report,
        customs: Listed::of(customs, LISTED),
        producers: customs::producers(maps.a, maps.b),
        causes: Vec::new(),
    };
    found.what = sameness(&found, bytes);
    found.causes = causes::of(&found, data.path.as_deref(), toolchain);
    found.items = Listed::of(std::mem::take(&mut found.items.shown), LISTED);
    found
}

fn sameness(found: &Difference, bytes: [&[u8]; 2]) -> Sameness {
    let functions = &found.functions;
    let same_code = functions.differ + functions.only_a + functions.only_b == 0;
    let same_items = found.items.shown.iter().all(|item| item.kind == REORDERED);
    let data = &found.data;
    let same_data = data.ranges.is_empty() && data.more == 0;
    let reordered = functions.reordered || !found.items.is_empty();
    if !same_code || !same_items {
        Sameness::Code
    } else if !same_data || functions.moved > 0 || !data.moved.is_empty() {
        Sameness::Data
    } else if reordered || data.pointers > 0 {
        Sameness::Order
    } else if found.sections.iter().all(|section| section.same) {
        if found.customs.is_empty() && bytes[0] == bytes[1] {
            Sameness::Same
        } else if found.customs.is_empty() {
            Sameness::Encoding
        } else {
            Sameness::CustomSections
        }
    } else {
        Sameness::Encoding
    }
}

/// A pair of functions after the first round.
struct Round {
    a: u32,
    b: u32,
    outcome: Outcome,
}

enum Outcome {
    Same,
    /// The same but for these constants.
    Numbers(Vec<(u64, u64)>),
    Differs,
}

#[derive(Default)]
struct FirstRound {
    functions: Vec<Round>,
    /// Constants that are the same in both, where they may be addresses of data.
    numbers: Vec<(u64, u64)>,
}

/// Compares what is matched, with constants that may follow from something else left open.
fn first_round(maps: &Maps<'_, '_>) -> FirstRound {
    let pairs: Vec<(u32, u32)> = pairs(maps).collect();
    let runs = pairs.par_chunks(RUN).map(|run| {
        let (mut one, mut other) = (Words::default(), Words::default());
        let (mut round, mut equal) = (FirstRound::default(), BTreeSet::new());
        for (a, b) in run {
            read_pair(maps, (*a, *b), &mut one, &mut other);
            let mut numbers = BTreeSet::new();
            let differs = maps.first_difference(&one, &other, |a, b| {
                if a == b {
                    if maps.a.image.at(a).is_some() && a > u64::from(u8::MAX) {
                        equal.insert(a);
                    }
                    return true;
                }
                let open = is_address(maps, a, b) || a.max(b) <= LENGTH.cast_unsigned();
                numbers.extend(open.then_some((a, b)));
                open
            });
            let outcome = match differs {
                Some(_) => Outcome::Differs,
                None if numbers.is_empty() => Outcome::Same,
                None => Outcome::Numbers(numbers.into_iter().collect()),
            };
            round.functions.push(Round { a: *a, b: *b, outcome });
        }
        round.numbers.extend(equal.into_iter().map(|number| (number, number)));
        round
    });
    let mut all = FirstRound::default();
    for run in runs.collect::<Vec<_>>() {
        all.functions.extend(run.functions);
        all.numbers.extend(run.numbers);
    }
    all
}

/// The functions that both define, in the order of A.
fn pairs<'m>(maps: &'m Maps<'_, '_>) -> impl Iterator<Item = (u32, u32)> + 'm {
    let matched = (0_u32..).zip(&maps.functions.to_b).filter_map(|(a, b)| Some((a, (*b)?)));
    matched.filter(|(a, b)| *a >= maps.a.first_defined() && *b >= maps.b.first_defined())
}

fn read_pair(maps: &Maps<'_, '_>, (a, b): (u32, u32), one: &mut Words, other: &mut Words) {
    for (side, index, words) in [(maps.a, a, one), (maps.b, b, other)] {
        let ty = side.layout.functions.get(index as usize);
        let body = index.checked_sub(side.first_defined());
        let body = body.and_then(|at| side.layout.bodies.get(at as usize));
        if let (Some(ty), Some(body)) = (ty, body) {
            words.read(*ty, body);
        }
    }
}

/// Whether two constants may both be addresses.
fn is_address(maps: &Maps<'_, '_>, a: u64, b: u64) -> bool {
    maps.a.addresses.contains(&a) && maps.b.addresses.contains(&b)
}

/// Whether a constant differs as its address moved, or as a text became longer.
fn follows(maps: &Maps<'_, '_>, shifts: &Shifts, lengths: &Lengths, a: u64, b: u64) -> bool {
    a == b || (is_address(maps, a, b) && shifts.moves(a, b)) || lengths.fit(a, b)
}

/// Decides what was left open, and shows the first that differ.
fn second_round(
    maps: &Maps<'_, '_>,
    bytes: [&[u8]; 2],
    rounds: &[Round],
    judge: impl Fn(u64, u64) -> bool,
) -> FunctionsDiff {
    let defined = |side: &Side<'_>| side.layout.bodies.len();
    let mut found =
        FunctionsDiff { a: defined(maps.a), b: defined(maps.b), ..FunctionsDiff::default() };
    // The partners of imports and of functions that are the same. A pair that differs may be a wrong guess,
    // and its order tells nothing.
    let imports = maps.functions.to_b.iter().take(maps.a.first_defined() as usize);
    let mut partners: Vec<u32> = imports.flatten().copied().collect();
    let (mut one, mut other) = (Words::default(), Words::default());
    for Round { a, b, outcome } in rounds {
        let differs = match outcome {
            Outcome::Same => false,
            Outcome::Numbers(pairs) => !pairs.iter().all(|(a, b)| judge(*a, *b)),
            Outcome::Differs => true,
        };
        if !differs {
            found.moved += usize::from(!matches!(outcome, Outcome::Same));
            partners.push(*b);
            continue;
        }
        found.differ += 1;
        if found.shown.len() < HUNKS {
            read_pair(maps, (*a, *b), &mut one, &mut other);
            found.shown.extend(shown(maps, bytes, (*a, *b), [&one, &other], &judge));
        }
    }
    found.reordered = !partners.is_sorted();
    let only = |side: &Side<'_>, has: &dyn Fn(u32) -> bool| -> (usize, Vec<String>) {
        let first = side.first_defined();
        let all = (first..).zip(&side.layout.bodies).map(|(index, _)| index);
        let only: Vec<u32> = all.filter(|index| !has(*index)).collect();
        (only.len(), only.iter().take(LISTED).map(|index| side.called(*index)).collect())
    };
    (found.only_a, found.shown_a) = only(maps.a, &|a| maps.functions.b_of(a).is_some());
    (found.only_b, found.shown_b) = only(maps.b, &|b| maps.functions.a_of(b).is_some());
    found
}

fn shown(
    maps: &Maps<'_, '_>,
    bytes: [&[u8]; 2],
    (a, b): (u32, u32),
    words: [&Words; 2],
    judge: &impl Fn(u64, u64) -> bool,
) -> Option<FunctionDiff> {
    let at = maps.first_difference(words[0], words[1], judge)?;
    let offset = |words: &Words| {
        words.operators.get(at).or(words.operators.last()).map(|(_, offset)| *offset as usize)
    };
    let constant = |words: &Words| match words.operator(at) {
        [_, word] if word.kind == words::Kind::Constant => Some(word.value),
        _ => None,
    };
    let looks = constant(words[0]).zip(constant(words[1])).map(|(a, b)| looks::constants(a, b));
    Some(FunctionDiff {
        name: maps.a.called(a),
        index_a: a,
        index_b: b,
        offset_a: offset(words[0])?,
        offset_b: offset(words[1])?,
        hunk: hunk::around(maps, bytes, words, at, judge),
        looks,
    })
}

/// The types of both sides, numbered so that equal ones share a number.
fn shared_types(a: &Side<'_>, b: &Side<'_>) -> [Vec<usize>; 2] {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    [a, b].map(|side| {
        let count = u32::try_from(side.layout.types.len()).unwrap_or(u32::MAX);
        let mut number = |ty: u32| {
            let next = numbers.len();
            *numbers.entry(side.type_text(ty).to_owned()).or_insert(next)
        };
        (0..count).map(&mut number).collect()
    })
}

/// Every section but custom ones, as both have it.
fn sections(maps: &Maps<'_, '_>, [bytes_a, bytes_b]: [&[u8]; 2]) -> Vec<SectionDiff> {
    let by_id = |side: &Side<'_>| -> BTreeMap<u8, std::ops::Range<usize>> {
        side.layout.sections.iter().filter(|(id, _)| *id != 0).cloned().collect()
    };
    let (a, b) = (by_id(maps.a), by_id(maps.b));
    let ids: BTreeSet<u8> = a.keys().chain(b.keys()).copied().collect();
    let mut sections: Vec<SectionDiff> = Vec::new();
    for id in ids {
        let one = a.get(&id).and_then(|range| bytes_a.get(range.clone()));
        let other = b.get(&id).and_then(|range| bytes_b.get(range.clone()));
        sections.push(SectionDiff {
            name: section_name(id),
            a: one.map(<[u8]>::len),
            b: other.map(<[u8]>::len),
            same: one == other,
        });
    }
    sections
}

/// Names of sections (Wasm specification, §5.5.2).
const fn section_name(id: u8) -> &'static str {
    match id {
        1 => "type",
        2 => "import",
        3 => "function",
        4 => "table",
        5 => "memory",
        6 => "global",
        7 => "export",
        8 => "start",
        9 => "element",
        10 => "code",
        11 => "data",
        12 => "data count",
        13 => "tag",
        _ => "unknown",
    }
}
