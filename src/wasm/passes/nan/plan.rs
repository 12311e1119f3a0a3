//! Where canonicalizations go.
//!
//! A value that is seen is canonicalized where it was last on top of the stack, when nothing in it
//! may matter as it is; otherwise the values are that it may come from. So it goes until no fresh
//! value is seen any more. A local whose values are seen more often than they are made is kept
//! clean instead.

use super::flow::{Cause, Decisions, Walk, walk};
use super::steps::{Place, Site, Steps};
use super::value::{Facts, Shape};
use std::collections::BTreeMap;

/// A canonicalization of the value that is on top of the stack at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Canonicalization {
    pub(super) at: usize,
    pub(super) shape: Shape,
    /// Whether that is in a loop.
    pub(super) in_loop: bool,
}

impl Canonicalization {
    fn at(place: &Place, shape: Shape) -> Self {
        Self { at: place.at, shape, in_loop: place.loops > 0 }
    }
}

/// Walks until the classes of locals do not change, at most; then all of them may be anything.
const WALKS: usize = 12;
/// Rounds of decisions, at most; then every producer's result is canonicalized at once.
const ROUNDS: usize = 16;

/// Decides for a function; sorted by place.
pub(super) fn plan(steps: &Steps) -> Vec<Canonicalization> {
    let mut decisions = Decisions {
        clean: vec![None; steps.places.len()],
        strict: vec![false; steps.initial.len()],
        classes: Vec::new(),
    };
    if !settle(steps, &mut decisions) {
        return everywhere(steps);
    }
    if keep_clean(steps, &mut decisions) && !settle(steps, &mut decisions) {
        return everywhere(steps);
    }
    let sites = steps.places.iter().zip(&decisions.clean);
    let mut canonicalizations: Vec<_> =
        sites.filter_map(|(place, shape)| Some(Canonicalization::at(place, (*shape)?))).collect();
    canonicalizations.sort_by_key(|canonicalization| canonicalization.at);
    canonicalizations
}

/// Decides until nothing fresh is seen; false when that took too long or led nowhere.
fn settle(steps: &Steps, decisions: &mut Decisions) -> bool {
    for _ in 0..ROUNDS {
        let walk = stable(steps, decisions);
        if walk.demands.is_empty() {
            return true;
        }
        if !decide(steps, &walk, decisions) {
            return false;
        }
    }
    false
}

/// A walk that knows the classes of locals under `decisions`.
fn stable(steps: &Steps, decisions: &mut Decisions) -> Walk {
    decisions.classes = steps.initial.iter().map(|facts| facts.unwrap_or_default()).collect();
    for _ in 0..WALKS {
        let walk = walk(steps, decisions);
        if walk.classes == decisions.classes {
            return walk;
        }
        decisions.classes.clone_from(&walk.classes);
    }
    let anything = Facts::FRESH32.join(Facts::FRESH64).join(Facts::RAW);
    decisions.classes = vec![anything; steps.initial.len()];
    walk(steps, decisions)
}

/// Meets the demands of `walk`; whether anything was decided.
fn decide(steps: &Steps, walk: &Walk, decisions: &mut Decisions) -> bool {
    let mut seen = vec![false; steps.places.len()];
    let mut todo = walk.demands.clone();
    let mut changed = false;
    while let Some(site) = todo.pop() {
        let at = site as usize;
        let (Some(facts), Some(place)) = (walk.facts.get(at), steps.place(site)) else { continue };
        if !facts.is_fresh() || std::mem::replace(&mut seen[at], true) {
            continue;
        }
        let cause = walk.causes.get(at).copied().unwrap_or(Cause::Own);
        let is_kept_clean = match cause {
            Cause::Local(local) => decisions.strict.get(local as usize) == Some(&true),
            _ => false,
        };
        let ty = walk.types.get(at).copied().flatten().filter(|_| !is_kept_clean);
        let shape = ty.filter(|_| place.top).and_then(|ty| facts.canonicalizable(ty));
        if shape.is_some() {
            decisions.clean[at] = shape;
            changed = true;
            continue;
        }
        match cause {
            Cause::Own => {}
            Cause::Merge(sites) => todo.extend(sites),
            Cause::Label => todo.extend(partners(&walk.incoming, site)),
            Cause::Local(local) => {
                let strict = &mut decisions.strict[local as usize];
                changed |= !std::mem::replace(strict, true);
                todo.extend(partners(&walk.assigned, local));
            }
        }
    }
    changed
}

/// The seconds of the pairs whose first is `key`.
fn partners(pairs: &[(u32, Site)], key: u32) -> impl Iterator<Item = Site> {
    let from = pairs.partition_point(|(first, _)| *first < key);
    pairs.iter().skip(from).take_while(move |(first, _)| *first == key).map(|(_, site)| *site)
}

/// Makes locals strict where that takes fewer canonicalizations, as far as loops tell; whether
/// there are any.
fn keep_clean(steps: &Steps, decisions: &mut Decisions) -> bool {
    let walk = stable(steps, decisions);
    let mut reads: BTreeMap<u32, (u64, Vec<usize>)> = BTreeMap::new();
    for (at, place) in steps.places.iter().enumerate() {
        if let (Some(Some(_)), Some(Cause::Local(local))) =
            (decisions.clean.get(at), walk.causes.get(at))
        {
            let (weight, sites) = reads.entry(*local).or_default();
            *weight = weight.saturating_add(frequency(place));
            sites.push(at);
        }
    }
    let mut changed = false;
    for (local, (reading, sites)) in reads {
        let writing = partners(&walk.assigned, local)
            .filter_map(|site| steps.place(site))
            .fold(0u64, |sum, place| sum.saturating_add(frequency(place)));
        let Some(strict) = decisions.strict.get_mut(local as usize) else { continue };
        if writing < reading && !*strict {
            *strict = true;
            changed = true;
            for site in sites {
                decisions.clean[site] = None;
            }
        }
    }
    changed
}

/// A guess how often a place is passed.
fn frequency(place: &Place) -> u64 {
    1 << (3 * u32::from(place.loops.min(8)))
}

/// Every producer's result, at once.
fn everywhere(steps: &Steps) -> Vec<Canonicalization> {
    use super::operators::Role;
    use super::steps::What;
    let produced = steps.steps.iter().filter_map(|step| match step.what {
        What::Role(Role::Produce { gives, .. }) => {
            Some(Canonicalization::at(steps.place(step.site)?, gives))
        }
        _ => None,
    });
    produced.collect()
}
