//! What sections list: types, imports, tables, memories, globals, tags, exports, start, elements.

use super::finding::ItemDiff;
use super::pairs::Maps;
use super::side::{Segment, Side};
use super::words::Words;
use std::collections::BTreeMap;
use wasmparser::{ExternalKind, TypeRef};

/// An item by kind and name, with what is said about it.
type Item = ((&'static str, String), String);

/// Every item that only one side has or that differs, in the order of kinds. `number` decides whether
/// two constants in initial values are the same.
pub(super) fn compare(
    maps: &Maps<'_, '_>,
    mut number: impl FnMut(u64, u64) -> bool,
) -> Vec<ItemDiff> {
    let mut found = Vec::new();
    for list in [types, imports, tables, memories, tags] {
        unequal(list(maps.a), list(maps.b), &mut found);
    }
    globals(maps, &mut number, &mut found);
    exports(maps, &mut found);
    start(maps, &mut found);
    elements(maps, &mut found);
    found
}

/// The globals of B that are those of A: by import, by export, then in order.
pub(super) fn matched_globals(a: &Side<'_>, b: &Side<'_>) -> Vec<Option<u32>> {
    let (mut to_b, mut taken) = (vec![None; a.globals.len()], vec![false; b.globals.len()]);
    let of_b: BTreeMap<(u32, &str, &str), u32> = named_globals(b).into_iter().collect();
    for (name, one) in named_globals(a) {
        if let Some(other) = of_b.get(&name)
            && let Some(slot @ None) = to_b.get_mut(one as usize)
            && let Some(taken @ false) = taken.get_mut(*other as usize)
        {
            (*slot, *taken) = (Some(*other), true);
        }
    }
    let mut free = (0_u32..).zip(&taken).filter(|(_, taken)| !**taken).map(|(at, _)| at);
    for slot in to_b.iter_mut().filter(|slot| slot.is_none()) {
        *slot = free.next();
    }
    to_b
}

/// Globals by what they are imported or exported as. Several imports can have one name: they are told apart
/// by their order, from 1 on.
fn named_globals<'s>(side: &'s Side<'_>) -> Vec<((u32, &'s str, &'s str), u32)> {
    let imports = side.imports.iter().filter(|(_, _, ty)| matches!(ty, TypeRef::Global(_)));
    let mut times = BTreeMap::new();
    let imports = (0_u32..).zip(imports).map(|(at, (module, name, _))| {
        let nth = times.entry((*module, *name)).or_insert(0_u32);
        *nth += 1;
        ((*nth, *module, *name), at)
    });
    let mut named: Vec<_> = imports.collect();
    let exports = side.layout.exports.iter().map(|(_, export)| export);
    let exports = exports.filter(|export| matches!(export.kind, ExternalKind::Global));
    named.extend(exports.map(|export| ((0, "", export.name), export.index)));
    named
}

/// Items with the same kind and name are compared in their order.
fn unequal(a: Vec<Item>, b: Vec<Item>, found: &mut Vec<ItemDiff>) {
    let mut groups: BTreeMap<(&'static str, String), [Vec<String>; 2]> = BTreeMap::new();
    for (side, items) in [a, b].into_iter().enumerate() {
        for (key, said) in items {
            if let Some(list) = groups.entry(key).or_default().get_mut(side) {
                list.push(said);
            }
        }
    }
    for ((kind, name), [a, b]) in groups {
        for at in 0..a.len().max(b.len()) {
            let (a, b) = (a.get(at), b.get(at));
            if a != b {
                let (a, b) = (a.cloned(), b.cloned());
                found.push(ItemDiff { kind, name: name.clone(), a, b });
            }
        }
    }
}

/// Types have no names: each is compared by how often it is there.
fn types(side: &Side<'_>) -> Vec<Item> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for at in 0..side.layout.types.len() {
        let text = side.type_text(u32::try_from(at).unwrap_or(u32::MAX));
        *counts.entry(text.to_owned()).or_default() += 1;
    }
    let said = |count: usize| if count == 1 { "once".to_owned() } else { format!("{count} times") };
    counts.into_iter().map(|(text, count)| (("type", text), said(count))).collect()
}

fn imports(side: &Side<'_>) -> Vec<Item> {
    let said = |ty: &TypeRef| match ty {
        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => side.type_text(*ty).to_owned(),
        TypeRef::Tag(tag) => format!("tag {}", side.type_text(tag.func_type_idx)),
        other => format!("{other:?}"),
    };
    let item = |(module, name, ty): &(&str, &str, TypeRef)| {
        (("import", format!("{module}.{name}")), said(ty))
    };
    side.imports.iter().map(item).collect()
}

fn tables(side: &Side<'_>) -> Vec<Item> {
    let said = |ty: &wasmparser::TableType| {
        format!("{} {}{}", ty.element_type, ty.initial, most(ty.maximum))
    };
    numbered("table", side.tables.iter().map(said))
}

fn memories(side: &Side<'_>) -> Vec<Item> {
    let said = |(is_64, least, greatest): &(bool, u64, Option<u64>)| {
        let width = if *is_64 { "i64" } else { "i32" };
        format!("{width} {least} pages{}", most(*greatest))
    };
    numbered("memory", side.memories.iter().map(said))
}

fn tags(side: &Side<'_>) -> Vec<Item> {
    numbered("tag", side.layout.tags.iter().map(|ty| side.type_text(*ty).to_owned()))
}

fn most(greatest: Option<u64>) -> String {
    greatest.map_or(String::new(), |greatest| format!(", at most {greatest}"))
}

fn numbered(kind: &'static str, said: impl Iterator<Item = String>) -> Vec<Item> {
    said.enumerate().map(|(at, said)| ((kind, at.to_string()), said)).collect()
}

fn globals(
    maps: &Maps<'_, '_>,
    number: &mut impl FnMut(u64, u64) -> bool,
    found: &mut Vec<ItemDiff>,
) {
    let mut only_b = vec![true; maps.b.globals.len()];
    for (at, ((ty, init), other)) in maps.a.globals.iter().zip(&maps.globals).enumerate() {
        let say = |(ty, init): &(wasmparser::GlobalType, Option<Words>)| {
            let mutable = if ty.mutable { "mutable " } else { "" };
            let init = init.as_ref().and_then(Words::constant);
            let init = init.map_or(String::new(), |value| format!(" = {value}"));
            format!("{mutable}{}{init}", ty.content_type)
        };
        let b = other.and_then(|other| {
            *only_b.get_mut(other as usize)? = false;
            maps.b.globals.get(other as usize)
        });
        let same = b.is_some_and(|(ty_b, init_b)| {
            let types = ty.mutable == ty_b.mutable
                && ty.content_type.to_string() == ty_b.content_type.to_string();
            types
                && match (init, init_b) {
                    (Some(one), Some(other)) => {
                        maps.first_difference(one, other, &mut *number).is_none()
                    }
                    (one, other) => one.is_none() == other.is_none(),
                }
        });
        if !same {
            let a = maps.a.globals.get(at).map(say);
            found.push(ItemDiff { kind: "global", name: at.to_string(), a, b: b.map(say) });
        }
    }
    for (at, _) in only_b.iter().enumerate().filter(|(_, only)| **only) {
        let b = maps.b.globals.get(at).map(|(ty, _)| ty.content_type.to_string());
        found.push(ItemDiff { kind: "global", name: at.to_string(), a: None, b });
    }
}

/// Exports are what they name: a function by its partner, anything else by its kind.
fn exports(maps: &Maps<'_, '_>, found: &mut Vec<ItemDiff>) {
    let items = |side: &Side<'_>, as_a: &dyn Fn(u32) -> String| -> Vec<Item> {
        let item = |export: &wasmparser::Export<'_>| {
            let said = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    let ty = side.layout.functions.get(export.index as usize);
                    let ty = ty.map_or("", |ty| side.type_text(*ty));
                    format!("function {} {ty}", as_a(export.index))
                }
                kind => format!("{kind:?}").to_lowercase(),
            };
            (("export", export.name.to_owned()), said)
        };
        side.layout.exports.iter().map(|(_, export)| item(export)).collect()
    };
    let of_b = |index: u32| match maps.functions.a_of(index) {
        Some(index) => maps.a.called(index),
        None => maps.b.called(index),
    };
    unequal(items(maps.a, &|index| maps.a.called(index)), items(maps.b, &of_b), found);
}

fn start(maps: &Maps<'_, '_>, found: &mut Vec<ItemDiff>) {
    let (a, b) = (maps.a.layout.start, maps.b.layout.start);
    if a.and_then(|a| maps.functions.b_of(a)) != b || a.is_some() != b.is_some() {
        let (a, b) = (a.map(|a| maps.a.called(a)), b.map(|b| maps.b.called(b)));
        found.push(ItemDiff { kind: "start", name: String::new(), a, b });
    }
}

/// Segments are compared by number: as sets when the order is all that differs, since a number in a
/// table is compared as the function that it stands for.
fn elements(maps: &Maps<'_, '_>, found: &mut Vec<ItemDiff>) {
    let (a, b) = (&maps.a.elements, &maps.b.elements);
    for at in 0..a.len().max(b.len()) {
        let (one, other) = (a.get(at), b.get(at));
        let say = |segment: &Segment<'_>, note: &str| {
            let count = segment.functions.len() + segment.others.len();
            format!("{}: {count} entries{note}", segment.mode)
        };
        let name = at.to_string();
        let (Some(one), Some(other)) = (one, other) else {
            let (a, b) = (one.map(|s| say(s, "")), other.map(|s| say(s, "")));
            found.push(ItemDiff { kind: "element", name, a, b });
            continue;
        };
        let mut as_b: Vec<Option<u32>> =
            one.functions.iter().map(|function| maps.functions.b_of(*function)).collect();
        let mut in_b: Vec<Option<u32>> = other.functions.iter().copied().map(Some).collect();
        let listed = as_b == in_b;
        as_b.sort_unstable();
        in_b.sort_unstable();
        if as_b != in_b || one.mode != other.mode || one.others != other.others {
            let first = as_b.iter().zip(&in_b).filter(|(a, b)| a != b).count();
            let note = if first == 0 { String::new() } else { format!(", {first} differ") };
            let (a, b) = (Some(say(one, &note)), Some(say(other, &note)));
            found.push(ItemDiff { kind: "element", name, a, b });
        } else if !listed {
            let a = Some(say(one, ""));
            let b = Some(say(other, ", the same in another order"));
            found.push(ItemDiff { kind: super::REORDERED, name, a, b });
        }
    }
}
