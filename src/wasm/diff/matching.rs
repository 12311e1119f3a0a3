//! Which function of one module is which of the other.

use super::side::Side;
use super::words::{Kind, Words};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Functions that are read by a thread at a time.
const RUN: usize = 64;

/// A matching of functions, one to one, by index.
pub(super) struct Matching {
    pub(super) to_b: Vec<Option<u32>>,
    to_a: Vec<Option<u32>>,
}

/// What a function is like, whatever the indices in it are. Used to guess which is which: that two
/// functions are the same is found by comparing them.
#[derive(Clone, Default)]
struct Gist {
    /// Of everything but indices.
    exact: u64,
    /// Of everything but indices, constants and offsets.
    loose: u64,
    operators: usize,
    ty: u64,
    calls: Vec<u32>,
}

impl Matching {
    /// Matches by import, export, name, body, and place, in this order. Time is n log n.
    pub(super) fn of(a: &Side<'_>, b: &Side<'_>) -> Self {
        let (count_a, count_b) = (a.layout.functions.len(), b.layout.functions.len());
        let mut matching = Self { to_b: vec![None; count_a], to_a: vec![None; count_b] };
        let imports = |side: &Side<'_>| -> Vec<_> {
            let named = side.imported.iter().map(|(m, n)| ((*m).to_owned(), (*n).to_owned()));
            named.zip(0..).collect()
        };
        matching.by_key(imports(a), imports(b), false);
        let exports = |side: &Side<'_>| -> Vec<_> {
            let functions = side
                .layout
                .exports
                .iter()
                .filter(|(_, export)| matches!(export.kind, wasmparser::ExternalKind::Func));
            functions.map(|(_, export)| (export.name.to_owned(), export.index)).collect()
        };
        matching.by_key(exports(a), exports(b), false);
        let names = |side: &Side<'_>| -> Vec<_> {
            side.names.iter().map(|(index, name)| (without_hash(name), *index)).collect()
        };
        matching.by_key(names(a), names(b), true);
        let (gists_a, gists_b) = (gists(a), gists(b));
        for hash in [|gist: &Gist| gist.exact, |gist: &Gist| gist.loose] {
            let keys = |side: &Side<'_>, gists: &[Gist]| -> Vec<_> {
                (side.first_defined()..)
                    .zip(gists)
                    .map(|(index, gist)| (hash(gist), index))
                    .collect()
            };
            matching.by_key(keys(a, &gists_a), keys(b, &gists_b), false);
        }
        let gists = (gists_a.as_slice(), gists_b.as_slice());
        matching.by_place([a.first_defined(), b.first_defined()], gists);
        matching
    }

    /// The function of A that is a function of B.
    pub(super) fn a_of(&self, b: u32) -> Option<u32> {
        self.to_a.get(b as usize).copied().flatten()
    }

    /// The function of B that is a function of A.
    pub(super) fn b_of(&self, a: u32) -> Option<u32> {
        self.to_b.get(a as usize).copied().flatten()
    }

    /// Matches what is free and has the same key, in the order of indices; `even` leaves out keys that
    /// one side has more often.
    fn by_key<K: Ord>(&mut self, a: Vec<(K, u32)>, b: Vec<(K, u32)>, even: bool) {
        let mut groups: BTreeMap<K, [Vec<u32>; 2]> = BTreeMap::new();
        for (key, index) in a {
            if self.b_of(index).is_none() {
                groups.entry(key).or_default()[0].push(index);
            }
        }
        for (key, index) in b {
            if self.a_of(index).is_none()
                && let Some(group) = groups.get_mut(&key)
            {
                group[1].push(index);
            }
        }
        for [a, b] in groups.values().filter(|[a, b]| !even || a.len() == b.len()) {
            for (a, b) in a.iter().zip(b) {
                self.pair(*a, *b);
            }
        }
    }

    /// Matches what is left between two neighbours that are matched, when it is alike.
    fn by_place(&mut self, [first_a, first_b]: [u32; 2], (gists_a, gists_b): (&[Gist], &[Gist])) {
        let alike = |a: u32, b: u32| {
            let gist = |gists: &[Gist], first: u32, index: u32| {
                let gist = gists.get(index.checked_sub(first)? as usize)?;
                Some((gist.ty, gist.operators))
            };
            match (gist(gists_a, first_a, a), gist(gists_b, first_b, b)) {
                (Some((ty_a, one)), Some((ty_b, other))) => {
                    ty_a == ty_b && one <= other * 2 + 8 && other <= one * 2 + 8
                }
                _ => false,
            }
        };
        let count = u32::try_from(self.to_b.len()).unwrap_or(u32::MAX);
        let try_at = |matching: &mut Self, a: u32, b: Option<u32>| {
            let free = |b: &u32| matching.to_a.get(*b as usize).is_some_and(Option::is_none);
            if let Some(b) = b.filter(free)
                && matching.b_of(a).is_none()
                && alike(a, b)
            {
                matching.pair(a, b);
            }
        };
        for a in first_a..count {
            let before = a.checked_sub(1).filter(|_| a > first_a);
            let next = match before {
                None => Some(first_b),
                Some(before) => self.b_of(before).map(|b| b.saturating_add(1)),
            };
            try_at(self, a, next);
        }
        for a in (first_a..count).rev() {
            let before = self.b_of(a.saturating_add(1)).and_then(|b| b.checked_sub(1));
            try_at(self, a, before.filter(|b| *b >= first_b));
        }
    }

    fn pair(&mut self, a: u32, b: u32) {
        let (Some(to_b), Some(to_a)) =
            (self.to_b.get_mut(a as usize), self.to_a.get_mut(b as usize))
        else {
            return;
        };
        if to_b.is_none() && to_a.is_none() {
            (*to_b, *to_a) = (Some(b), Some(a));
        }
    }
}

/// A name without the hash that Rust puts at its end: it differs with the folder of a build.
fn without_hash(name: &str) -> String {
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let mangled = name.strip_suffix('E').and_then(|name| name.rsplit_once("17h"));
    let cut = mangled.or_else(|| name.rsplit_once("::h")).filter(|(_, hash)| is_hash(hash));
    cut.map_or(name, |(name, _)| name).to_owned()
}

/// The gists of the functions that a module defines.
fn gists(side: &Side<'_>) -> Vec<Gist> {
    let types: Vec<u64> = (0..side.layout.types.len())
        .map(|ty| text_hash(side.type_text(u32::try_from(ty).unwrap_or(u32::MAX))))
        .collect();
    let first = side.first_defined() as usize;
    let bodies: Vec<_> =
        side.layout.bodies.iter().zip(side.layout.functions.iter().skip(first)).collect();
    let runs = bodies.par_chunks(RUN).map(|run| {
        let mut words = Words::default();
        run.iter()
            .map(|(body, ty)| {
                words.read(**ty, body);
                gist(&words, &types)
            })
            .collect::<Vec<_>>()
    });
    let mut gists: Vec<Gist> = runs.flatten_iter().collect();
    let own: Vec<(u64, u64)> = gists.iter().map(|gist| (gist.exact, gist.loose)).collect();
    for gist in &mut gists {
        for call in std::mem::take(&mut gist.calls) {
            let import = side.imported.get(call as usize);
            let (exact, loose) = match import {
                Some((module, name)) => {
                    let hash = mixed(text_hash(module), text_hash(name));
                    (hash, hash)
                }
                None => own.get((call as usize).saturating_sub(first)).copied().unwrap_or_default(),
            };
            gist.exact = mixed(gist.exact, exact);
            gist.loose = mixed(gist.loose, loose);
        }
    }
    gists
}

fn gist(words: &Words, types: &[u64]) -> Gist {
    let mut gist = Gist { operators: words.operators.len(), ..Gist::default() };
    for word in &words.words {
        let value = match word.kind {
            Kind::Function => {
                gist.calls.push(u32::try_from(word.value).unwrap_or(u32::MAX));
                0
            }
            Kind::Type => {
                let at = usize::try_from(word.value).unwrap_or(usize::MAX);
                types.get(at).copied().unwrap_or_default()
            }
            Kind::Global | Kind::Segment | Kind::Tag => 0,
            Kind::Constant | Kind::Offset => {
                gist.exact = mixed(gist.exact, word.value);
                0
            }
            _ => word.value,
        };
        let value = mixed(value, word.kind as u64);
        gist.exact = mixed(gist.exact, value);
        gist.loose = mixed(gist.loose, value);
        if gist.ty == 0 && word.kind == Kind::Type {
            gist.ty = value;
        }
    }
    gist
}

const fn mixed(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn text_hash(text: &str) -> u64 {
    text.bytes().fold(text.len() as u64, |hash, byte| mixed(hash, byte.into()))
}

#[cfg(test)]
mod tests {
    use super::without_hash;

    #[test]
    fn hashes_of_rust_names_are_left_out() {
        for (name, short) in [
            ("_ZN4core3fmt5write17h0123456789abcdefE", "_ZN4core3fmt5write"),
            ("core::fmt::write::h0123456789abcdef", "core::fmt::write"),
            ("core::fmt::write::hello", "core::fmt::write::hello"),
            ("main", "main"),
        ] {
            assert_eq!(without_hash(name), short);
        }
    }
}
