//! By how much addresses moved from one module to the other.

use super::side::Side;
use std::collections::BTreeMap;

/// Bytes that are compared at two addresses to see whether the same stands there.
const WITNESS: usize = 16;

/// A map of addresses that never turns their order around, as far as it is known.
#[derive(Default)]
pub(super) struct Shifts {
    /// Address in A, and what is added to it in B; by address.
    anchors: Vec<(u64, i64)>,
}

impl Shifts {
    /// From pairs of numbers that stand at the same place of the same code, those that are equal
    /// included. A pair counts when the same bytes stand at both addresses, or when it moved as another
    /// did; and of those that count, as many as keep their order.
    pub(super) fn of(mut pairs: Vec<(u64, u64)>, a: &Side<'_>, b: &Side<'_>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut groups: BTreeMap<i64, (usize, bool)> = BTreeMap::new();
        for (one, other) in &pairs {
            let group = groups.entry(distance(*one, *other)).or_default();
            group.0 += 1;
            group.1 |= is_witnessed(a, b, *one, *other);
        }
        let outside =
            |one: u64, other: u64| a.image.at(one).is_none() && b.image.at(other).is_none();
        let mut kept: Vec<(u64, u64)> = Vec::new();
        for (one, other) in pairs {
            let (count, witnessed) = groups.get(&distance(one, other)).copied().unwrap_or_default();
            // An address in data that is not the same there is a constant that happens to be equal.
            let counts = if one == other {
                is_witnessed(a, b, one, other)
            } else {
                witnessed || (count > 1 && outside(one, other))
            };
            if !counts {
                continue;
            }
            match kept.last() {
                Some((last, rival)) if *last == one => {
                    let weight = |to: u64| groups.get(&distance(one, to)).map_or(0, |g| g.0);
                    if weight(other) > weight(*rival) {
                        kept.pop();
                        kept.push((one, other));
                    }
                }
                _ => kept.push((one, other)),
            }
        }
        let anchors = longest_increasing(&kept);
        Self {
            anchors: anchors.into_iter().map(|(one, other)| (one, distance(one, other))).collect(),
        }
    }

    /// The distances in the order of addresses, each step once, zero left out.
    pub(super) fn distances(&self) -> Vec<i64> {
        let mut distances: Vec<i64> =
            self.anchors.iter().map(|(_, d)| *d).filter(|d| *d != 0).collect();
        distances.dedup();
        distances
    }

    /// Whether an address of A became an address of B, as far as its neighbours tell.
    pub(super) fn moves(&self, a: u64, b: u64) -> bool {
        let found = distance(a, b);
        let after = self.anchors.partition_point(|(address, _)| *address <= a);
        let before = after.checked_sub(1).and_then(|at| self.anchors.get(at));
        match (before, self.anchors.get(after)) {
            (Some((address, own)), _) if *address == a => found == *own,
            (Some((_, before)), Some((_, next))) => found == *before || found == *next,
            (Some((_, before)), None) => found == *before,
            (None, Some((_, next))) => found == *next || found == 0,
            (None, None) => found == 0,
        }
    }

    /// Places of the two images that belong together, in order.
    pub(super) fn anchors_in(&self, a: &Side<'_>, b: &Side<'_>) -> Vec<(usize, usize)> {
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (address, distance) in &self.anchors {
            let other = address.saturating_add_signed(*distance);
            if let (Some(one), Some(other)) = (a.image.at(*address), b.image.at(other))
                && places.last().is_none_or(|(x, y)| *x < one && *y < other)
            {
                places.push((one, other));
            }
        }
        places
    }
}

/// Whether the same bytes stand at two addresses, and bytes that say something.
fn is_witnessed(a: &Side<'_>, b: &Side<'_>, one: u64, other: u64) -> bool {
    let bytes = |side: &'_ Side<'_>, address| {
        let at = side.image.at(address)?;
        let end = side.image.bytes.len().min(at + WITNESS);
        Some(side.image.part(&(at..end)).to_vec())
    };
    let (Some(one), Some(other)) = (bytes(a, one), bytes(b, other)) else { return false };
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    same >= 4 && one.iter().take(same).any(|byte| Some(byte) != one.first())
}

fn distance(a: u64, b: u64) -> i64 {
    b.wrapping_sub(a).cast_signed()
}

/// The longest part of `pairs`, which are in the order of the first, that is in the order of the second.
fn longest_increasing(pairs: &[(u64, u64)]) -> Vec<(u64, u64)> {
    // The last pair of the best part of each length, and of each pair the one before it.
    let (mut tails, mut before): (Vec<usize>, Vec<Option<usize>>) = (Vec::new(), Vec::new());
    let second = |at: &usize| pairs.get(*at).map(|pair| pair.1);
    for (at, pair) in pairs.iter().enumerate() {
        let length = tails.partition_point(|tail| second(tail).is_some_and(|s| s < pair.1));
        before.push(length.checked_sub(1).and_then(|at| tails.get(at)).copied());
        match tails.get_mut(length) {
            Some(tail) => *tail = at,
            None => tails.push(at),
        }
    }
    let mut chosen = Vec::new();
    let mut next = tails.last().copied();
    while let Some(at) = next {
        chosen.extend(pairs.get(at));
        next = before.get(at).copied().flatten();
    }
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_its_order_is_kept() {
        let pairs = [(1, 1), (2, 9), (3, 4), (4, 5), (5, 3), (6, 7)];
        assert_eq!(longest_increasing(&pairs), [(1, 1), (3, 4), (4, 5), (6, 7)]);
        assert_eq!(longest_increasing(&[]), []);
    }

    #[test]
    fn addresses_move_as_their_neighbours_do() {
        let shifts = Shifts { anchors: vec![(100, 0), (200, 3), (300, 3), (400, 16)] };
        for (a, b, moves) in [
            (50, 50, true),
            (50, 53, false),
            (150, 153, true),
            (150, 150, true),
            (250, 253, true),
            (250, 250, false),
            (300, 316, false),
            (350, 366, true),
            (900, 916, true),
            (900, 903, false),
        ] {
            assert_eq!(shifts.moves(a, b), moves, "{a} to {b}");
        }
    }
}
