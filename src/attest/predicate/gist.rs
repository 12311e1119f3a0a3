//! The members of a predicate that a policy asks for, whatever its type: read in passing, so that
//! judging a statement needs no tree of it.

use crate::json::{Lenient, Take, each, members};
use serde::de::{MapAccess, SeqAccess};
use std::collections::BTreeSet;

/// Members that are missing or of another kind are as if they were not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gist {
    /// `buildDefinition.buildType`
    pub build_type: Option<String>,
    /// `runDetails.builder.id`
    pub builder: Option<String>,
    /// `verifier.id`
    pub verifier: Option<String>,
    /// `verificationResult`
    pub verification_result: Option<String>,
    /// `verdict`
    pub verdict: Option<String>,
    /// The greatest N of `SLSA_BUILD_LEVEL_N` in `verifiedLevels`, or 0.
    pub level: u64,
    /// `depth`, or 0.
    pub depth: u64,
    /// The distinct names in `engines`: versions of one engine are one engine.
    pub engines: BTreeSet<String>,
}

impl<'de> Take<'de> for Gist {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        let mut gist = Self::default();
        members(object, |name, object| {
            match name {
                "buildDefinition" => {
                    gist.build_type = object.next_value::<Lenient<BuildDefinition>>()?.get();
                }
                "runDetails" => gist.builder = object.next_value::<Lenient<RunDetails>>()?.get(),
                "verifier" => gist.verifier = object.next_value::<Lenient<Id>>()?.get(),
                "verificationResult" => gist.verification_result = text(object)?,
                "verdict" => gist.verdict = text(object)?,
                "verifiedLevels" => {
                    let Lenient(levels) = object.next_value::<Lenient<Levels>>()?;
                    gist.level = levels.map_or(0, |Levels(greatest)| greatest);
                }
                "depth" => gist.depth = object.next_value::<Lenient<u64>>()?.0.unwrap_or(0),
                "engines" => {
                    let Lenient(engines) = object.next_value::<Lenient<Engines>>()?;
                    gist.engines = engines.map_or_else(BTreeSet::new, |Engines(names)| names);
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Some(gist))
    }
}

fn text<'de, A: MapAccess<'de>>(object: &mut A) -> Result<Option<String>, A::Error> {
    Ok(object.next_value::<Lenient<String>>()?.0)
}

/// An object of which one text is read, which may lie deeper.
macro_rules! holder {
    ($name:ident, $member:literal, $inner:ty) => {
        struct $name(Option<String>);

        impl Lenient<$name> {
            fn get(self) -> Option<String> {
                self.0.and_then(|holder| holder.0)
            }
        }

        impl<'de> Take<'de> for $name {
            fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
                let mut found = None;
                members(object, |name, object| {
                    let is_it = name == $member;
                    if is_it {
                        found = object.next_value::<Lenient<$inner>>()?.get();
                    }
                    Ok(is_it)
                })?;
                Ok(Some(Self(found)))
            }
        }
    };
}

holder!(Id, "id", String);
holder!(Named, "name", String);
holder!(BuildDefinition, "buildType", String);
holder!(RunDetails, "builder", Id);

struct Levels(u64);

impl<'de> Take<'de> for Levels {
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        let mut greatest = 0;
        each(list, |Lenient(level): Lenient<String>| {
            greatest = greatest.max(level.as_deref().and_then(number_of).unwrap_or(0));
        })?;
        Ok(Some(Self(greatest)))
    }
}

/// The N of `SLSA_BUILD_LEVEL_N`.
fn number_of(level: &str) -> Option<u64> {
    let digits = level.strip_prefix("SLSA_BUILD_LEVEL_")?;
    Some(digits).filter(|d| d.bytes().all(|c| c.is_ascii_digit()))?.parse().ok()
}

struct Engines(BTreeSet<String>);

impl<'de> Take<'de> for Engines {
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        let mut names = BTreeSet::new();
        each(list, |engine: Lenient<Named>| names.extend(engine.get()))?;
        Ok(Some(Self(names)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Value, from_ref, from_slice, parse};

    /// What a look at the whole tree finds.
    fn of_tree(predicate: &Value) -> Gist {
        let text = |path| predicate.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let list = |name| predicate.get(name).and_then(Value::as_array).into_iter().flatten();
        Gist {
            build_type: text("/buildDefinition/buildType"),
            builder: text("/runDetails/builder/id"),
            verifier: text("/verifier/id"),
            verification_result: text("/verificationResult"),
            verdict: text("/verdict"),
            level: list("verifiedLevels")
                .filter_map(|level| number_of(level.as_str()?))
                .max()
                .unwrap_or(0),
            depth: predicate.get("depth").and_then(Value::as_u64).unwrap_or(0),
            engines: list("engines")
                .filter_map(|engine| Some(engine.get("name")?.as_str()?.to_owned()))
                .collect(),
        }
    }

    /// Every member in every kind, and every kind in its place.
    #[test]
    fn it_is_what_a_look_at_the_tree_finds() {
        let kinds = [
            "null",
            "false",
            "3",
            "-3",
            "3.0",
            "18446744073709551616e0",
            "\"x\"",
            "\"\\u0078\"",
            "[]",
            "[\"SLSA_BUILD_LEVEL_2\",\"SLSA_BUILD_LEVEL_x\",7,\"SLSA_BUILD_LEVEL_3\",[]]",
            "[{\"name\":\"a\"},{\"name\":\"a\",\"version\":\"2\"},{\"name\":4},{},\"name\",[\"b\"]]",
            "{}",
            "{\"id\":\"i\",\"buildType\":\"b\",\"name\":\"n\",\"builder\":{\"id\":\"j\",\"x\":[{}]}}",
            "{\"id\":[\"i\"],\"buildType\":null,\"builder\":\"j\"}",
            "{\"0\":\"i\",\"builder\":[{\"id\":\"j\"}]}",
            "[\"buildType\",\"id\",{\"id\":\"i\"}]",
        ];
        let names = [
            "buildDefinition",
            "runDetails",
            "verifier",
            "verificationResult",
            "verdict",
            "verifiedLevels",
            "depth",
            "engines",
            "other",
            "\\u0076erdict",
        ];
        let mut found = BTreeSet::new();
        for kind in kinds {
            for name in names {
                for text in [
                    format!("{{\"{name}\":{kind}}}"),
                    format!("{{\"a\":{kind},\"{name}\":{kind},\"z\":{kind}}}"),
                ] {
                    let tree = parse(text.as_bytes()).unwrap();
                    let Lenient(read) = from_slice::<Lenient<Gist>>(text.as_bytes()).unwrap();
                    let read = read.unwrap();
                    assert_eq!(read, of_tree(&tree), "{text}");
                    assert_eq!(from_ref::<Lenient<Gist>>(&tree).unwrap().0.as_ref(), Some(&read));
                    if read != Gist::default() {
                        found.insert(name);
                    }
                }
            }
            let value = from_slice::<Lenient<Gist>>(kind.as_bytes()).unwrap().0;
            assert_eq!(value.is_some(), kind.starts_with('{'), "{kind}");
        }
        assert_eq!(found.len(), names.len() - 1, "{found:?}");
    }
}
