//! Custom sections, and what `producers` says.

use super::finding::{CustomDiff, ProducerDiff};
use super::looks;
use super::side::Side;
use std::collections::BTreeMap;
use wasmparser::{BinaryReader, ProducersSectionReader};

/// Sections that differ or that only one has, by name and order.
pub(super) fn compare(a: &Side<'_>, b: &Side<'_>) -> Vec<CustomDiff> {
    let mut groups: BTreeMap<&str, [Vec<&[u8]>; 2]> = BTreeMap::new();
    for (at, side) in [a, b].into_iter().enumerate() {
        for custom in &side.customs {
            if let Some(list) = groups.entry(custom.name).or_default().get_mut(at) {
                list.push(custom.data);
            }
        }
    }
    let mut found = Vec::new();
    for (name, [a, b]) in groups {
        for at in 0..a.len().max(b.len()) {
            let (one, other) = (a.get(at).copied(), b.get(at).copied());
            if one == other {
                continue;
            }
            let looks = one.zip(other).and_then(|(one, other)| looks_of(one, other));
            let (a, b) = (one.map(<[u8]>::len), other.map(<[u8]>::len));
            found.push(CustomDiff { name: name.to_owned(), a, b, looks });
        }
    }
    found
}

/// What the first bytes that differ look like.
fn looks_of(a: &[u8], b: &[u8]) -> Option<super::finding::Look> {
    const SHOWN: usize = 16;
    let at = a.iter().zip(b).position(|(a, b)| a != b)?;
    let range = |bytes: &[u8]| at..bytes.len().min(at + SHOWN);
    // Of anything but text, what a section means is not known here.
    Some(looks::look((a, &range(a)), (b, &range(b)))).filter(|look| look.is_text())
}

/// Fields of `producers` that differ.
pub(super) fn producers(a: &Side<'_>, b: &Side<'_>) -> Vec<ProducerDiff> {
    let (mut a, mut b) = (named(a), named(b));
    let keys: Vec<_> = a.keys().chain(b.keys()).cloned().collect();
    let mut found = Vec::new();
    for key in keys {
        let (one, other) = (a.remove(&key), b.remove(&key));
        if one != other {
            let (field, name) = key;
            found.push(ProducerDiff { field, name, a: one, b: other });
        }
    }
    found
}

fn named(side: &Side<'_>) -> BTreeMap<(String, String), String> {
    let mut named = BTreeMap::new();
    for custom in side.customs.iter().filter(|custom| custom.name == "producers") {
        let Ok(fields) = ProducersSectionReader::new(BinaryReader::new(custom.data, 0)) else {
            continue;
        };
        for field in fields.into_iter().map_while(Result::ok) {
            for value in field.values.into_iter().map_while(Result::ok) {
                let key = (field.name.to_owned(), value.name.to_owned());
                named.insert(key, value.version.to_owned());
            }
        }
    }
    named
}
