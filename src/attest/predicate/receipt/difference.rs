//! The first member in which two receipts differ.

use crate::json::Value;
use std::fmt;

/// One member of a receipt in which two differ.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDifference {
    /// Where, as in `outputs.stdout.sha256` or `files.read[0].path`.
    pub path: String,
    /// What stands there; `None` when there is no such member or element.
    pub found: Option<Value>,
    /// What should stand there; `None` when there should be nothing.
    pub expected: Option<Value>,
}

impl fmt::Display for FieldDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| {
            value.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
        };
        write!(f, "{} is {}, not {}", self.path, shown(&self.found), shown(&self.expected))
    }
}

/// The first difference, in the order of member names and elements, as deep as it goes.
pub(super) fn first(found: &Value, expected: &Value) -> Option<FieldDifference> {
    between("", Some(found), Some(expected))
}

/// The path of member `name` of the object at `path`.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn between(path: &str, found: Option<&Value>, expected: Option<&Value>) -> Option<FieldDifference> {
    if found == expected {
        return None;
    }
    match (found, expected) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            names.into_iter().find_map(|name| between(&join(path, name), a.get(name), b.get(name)))
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => (0..a.len().max(b.len()))
            .find_map(|i| between(&format!("{path}[{i}]"), a.get(i), b.get(i))),
        _ => Some(FieldDifference {
            path: path.to_owned(),
            found: found.cloned(),
            expected: expected.cloned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_difference_is_named_by_its_path() {
        let a = json!({ "a": { "x": 1 }, "b": [{ "p": "q" }, 2] });
        assert_eq!(first(&a, &a), None);
        for (other, said) in [
            (json!({ "a": { "x": 2 }, "b": 0 }), "a.x is 1, not 2"),
            (json!({ "a": { "x": 1 }, "b": [{ "p": "r" }, 2] }), "b[0].p is \"q\", not \"r\""),
            (json!({ "a": { "x": 1 }, "b": [{ "p": "q" }] }), "b[1] is 2, not nothing"),
            (json!({ "a": { "w": 0, "x": 1 }, "b": 0 }), "a.w is nothing, not 0"),
            (json!({ "a": null, "b": 0 }), "a is {\"x\":1}, not null"),
        ] {
            assert_eq!(first(&a, &other).unwrap().to_string(), said);
        }
    }
}
