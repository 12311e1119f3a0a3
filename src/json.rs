//! Strict JSON in, canonical JSON out (RFC 8259, RFC 8785).
//!
//! The reader refuses duplicate members at every depth, nesting beyond
//! [`limits::JSON_DEPTH`], integers that a double does not keep, and bytes after the value. The
//! writer gives the JSON Canonicalization Scheme's bytes, and rounds nothing.

mod exact;

use crate::limits;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, Serialize};
pub use serde_json::{Map, Value, json};
use std::fmt;

/// Why JSON was refused, with line and column of the place.
#[derive(Debug, thiserror::Error)]
#[error("not acceptable JSON: {0}")]
pub struct JsonError(#[from] serde_json::Error);

/// Parses exactly one JSON value.
///
/// # Errors
/// Malformed JSON, a duplicate member, too deep nesting, an integer that would be rounded,
/// trailing bytes.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    parse_inside(bytes, 0)
}

/// As [`parse`], for a value that will stand inside of `levels` others: it may be nested that much
/// less deep.
///
/// # Errors
/// As [`parse`].
pub fn parse_inside(bytes: &[u8], levels: usize) -> Result<Value, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let most = limits::JSON_DEPTH.saturating_sub(levels);
    let value = Strict { depth: 0, most }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    match exact::first_inexact(bytes) {
        Some(place) => Err(inexact(&place)),
        None => Ok(value),
    }
}

fn inexact((path, digits): &(String, String)) -> JsonError {
    let digits: String = digits.chars().take(80).collect();
    JsonError(serde_json::Error::custom(format_args!(
        "${path}: {digits} is an integer that readers of JSON round; as text it is exact"
    )))
}

/// Parses exactly one JSON value of type `T`, as strictly as [`parse`].
///
/// # Errors
/// As [`parse`], and when the value is not a `T`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    Ok(serde_json::from_value(parse(bytes)?)?)
}

/// Reads a `T` out of a parsed value.
///
/// # Errors
/// When the value is not a `T`.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, JsonError> {
    Ok(serde_json::from_value(value)?)
}

/// The JSON value of `value`.
///
/// # Errors
/// When `value` has no JSON form (a map with keys that are not text).
pub fn to_value(value: &impl Serialize) -> Result<Value, JsonError> {
    Ok(serde_json::to_value(value)?)
}

/// The canonical bytes of `value` (RFC 8785).
///
/// # Errors
/// When `value` has no JSON form: a number that is not finite, an integer that would be rounded, a
/// map with keys that are not text.
pub fn to_jcs(value: &impl Serialize) -> Result<Vec<u8>, JsonError> {
    let bytes = serde_json_canonicalizer::to_vec(value)?;
    // The library writes each integer as the nearest double.
    match exact::first_inexact_of(&to_value(value)?) {
        Some(place) => Err(inexact(&place)),
        None => Ok(bytes),
    }
}

/// Indented JSON for people and terminals, members in the order of their definition.
///
/// # Errors
/// As [`to_jcs`].
pub fn to_pretty(value: &impl Serialize) -> Result<String, JsonError> {
    Ok(serde_json::to_string_pretty(value)?)
}

/// Builds a [`Value`], watching for duplicates and depth.
struct Strict {
    depth: usize,
    most: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth >= self.most {
            return Err(E::custom(format_args!("nested deeper than {} levels", self.most)));
        }
        Ok(Self { depth: self.depth + 1, ..*self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.deeper()?)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.deeper()?)?;
            if map.contains_key(&name) {
                return Err(A::Error::custom(format_args!("duplicate member {name:?}")));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ambiguous_is_refused() {
        for bad in [
            r#"{"a":1,"a":2}"#,
            r#"[{"x":{"a":1,"a":1}}]"#,
            r#"{"a":1,"\u0061":2}"#,
            "{} {}",
            "{}x",
            "",
            "nul",
            "[1,]",
            "\"\\ud800\"",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad} was taken");
        }
        let deep = "[".repeat(65) + &"]".repeat(65);
        assert!(parse(deep.as_bytes()).is_err());
        let fits = "[".repeat(64) + &"]".repeat(64);
        assert!(parse(fits.as_bytes()).is_ok());
    }

    #[test]
    fn members_are_sorted_by_utf16_and_nothing_is_padded() {
        let value = parse(r#"{ "b": 1, "a": [ 1.0, 1e3, "é" ] }"#.as_bytes()).unwrap();
        assert_eq!(to_jcs(&value).unwrap(), r#"{"a":[1,1000,"é"],"b":1}"#.as_bytes());
    }
}
