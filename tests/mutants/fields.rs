//! Every change of one place of a JSON text: each leaf, and members and elements that come or go.

use serde_json::{Value, json};

/// A changed value.
pub struct Changed {
    /// A JSON pointer to the place.
    pub at: String,
    pub what: &'static str,
    pub value: Value,
}

/// All changes of `whole`.
pub fn changes(whole: &Value) -> Vec<Changed> {
    let mut found = Vec::new();
    visit(whole, "", whole, &mut found);
    found
}

fn visit(whole: &Value, at: &str, here: &Value, found: &mut Vec<Changed>) {
    let mut put = |at: &str, what: &'static str, new: Value| {
        let mut value = whole.clone();
        match value.pointer_mut(at) {
            Some(place) if *place != new => *place = new,
            _ => return,
        }
        found.push(Changed { at: at.to_owned(), what, value });
    };
    match here {
        Value::Null => {
            put(at, "was null", json!({}));
            put(at, "was null", json!({ "sha256": "0".repeat(64) }));
            put(at, "was null", json!(0));
        }
        Value::Bool(value) => put(at, "negated", json!(!value)),
        Value::Number(number) => {
            let number = number.as_i64().unwrap();
            put(at, "one more", json!(number + 1));
            put(at, "one less", json!(number - 1));
            put(at, "zero", json!(0));
            put(at, "text", json!(number.to_string()));
        }
        Value::String(text) => {
            put(at, "longer", json!(format!("{text}x")));
            put(at, "empty", json!(""));
            for place in [0, text.len().saturating_sub(1)] {
                let other = |c: char| if c == '0' { '1' } else { '0' };
                let changed: String = text
                    .char_indices()
                    .map(|(index, c)| if index == place { other(c) } else { c })
                    .collect();
                put(at, "a character", json!(changed));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let mut fewer = items.clone();
                fewer.remove(index);
                put(at, "an element less", json!(fewer));
                let mut more = items.clone();
                more.insert(index, item.clone());
                put(at, "an element twice", json!(more));
                if index > 0 {
                    let mut swapped = items.clone();
                    swapped.swap(index - 1, index);
                    put(at, "elements swapped", json!(swapped));
                }
            }
            put(at, "another element", json!([&items[..], &[json!("zzz")]].concat()));
            put(at, "null", Value::Null);
        }
        Value::Object(members) => {
            for name in members.keys() {
                let mut fewer = members.clone();
                fewer.remove(name);
                put(at, "a member less", json!(fewer));
            }
            let mut more = members.clone();
            more.insert("zzz".to_owned(), json!(0));
            put(at, "a member more", json!(more));
            put(at, "null", Value::Null);
        }
    }
    match here {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(whole, &format!("{at}/{index}"), item, found);
            }
        }
        Value::Object(members) => {
            for (name, item) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                visit(whole, &format!("{at}/{name}"), item, found);
            }
        }
        _ => {}
    }
}
