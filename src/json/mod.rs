//! Strict JSON in, canonical JSON out (RFC 8259, RFC 8785).
//!
//! The reader refuses duplicate members at every depth, nesting beyond
//! [`limits::JSON_DEPTH`], more arrays and objects than
//! [`limits::JSON_CONTAINERS`], more elements of arrays than [`limits::JSON_ELEMENTS`], integers that a double does not keep, and bytes after the value. The
//! writer gives the JSON Canonicalization Scheme's bytes, and rounds nothing.

mod exact;
mod shape;
mod strict;
mod take;

use crate::limits;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};
pub use serde_json::{Map, Value, json};
pub use shape::{Misfit, array, exactly, text};
use strict::{Strict, Watch};
pub use take::{Lenient, Take, each, members};

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
    from_slice(bytes)
}

/// As [`parse`], for a value that will stand inside of `levels` others: it may be nested that much
/// less deep.
///
/// # Errors
/// As [`parse`].
pub fn parse_inside(bytes: &[u8], levels: usize) -> Result<Value, JsonError> {
    read(bytes, limits::JSON_DEPTH.saturating_sub(levels))
}

/// Parses exactly one JSON value of type `T`, as strictly as [`parse`]: what `T` leaves out is read
/// as strictly as what it takes.
///
/// # Errors
/// As [`parse`], and when the value is not a `T`.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, JsonError> {
    read(bytes, limits::JSON_DEPTH)
}

fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8], most: usize) -> Result<T, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let watch = Watch::new(most);
    let value = T::deserialize(Strict::new(&mut deserializer, &watch))?;
    deserializer.end()?;
    match watch.is_wide().then(|| exact::first_inexact(bytes)).flatten() {
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

/// Reads a `T` out of a parsed value.
///
/// # Errors
/// When the value is not a `T`.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, JsonError> {
    Ok(serde_json::from_value(value)?)
}

/// Reads a `T` out of a value that stays as it is.
///
/// # Errors
/// When the value is not a `T`.
pub fn from_ref<'v, T: Deserialize<'v>>(value: &'v Value) -> Result<T, JsonError> {
    Ok(T::deserialize(value)?)
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
    if exact::is_wide(value)?
        && let Some(place) = exact::first_inexact_of(&to_value(value)?)
    {
        return Err(inexact(&place));
    }
    Ok(bytes)
}

/// Indented JSON for people and terminals, members in the order of their definition.
///
/// # Errors
/// As [`to_jcs`].
pub fn to_pretty(value: &impl Serialize) -> Result<String, JsonError> {
    Ok(serde_json::to_string_pretty(value)?)
}

/// JSON in one line, members in the order of their definition.
///
/// # Errors
/// As [`to_jcs`].
pub fn to_line(value: &impl Serialize) -> Result<String, JsonError> {
    Ok(serde_json::to_string(value)?)
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
    fn what_a_type_leaves_out_is_read_as_strictly() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Kind {
            Bare,
            Full { x: u8 },
            Some(Option<u8>),
        }
        #[derive(Debug, PartialEq, Deserialize)]
        struct Part {
            kind: Kind,
        }
        let read = |text: &str| from_slice::<Part>(text.as_bytes());
        assert_eq!(read(r#"{"kind":"bare","rest":[{"a":1}]}"#).unwrap(), Part { kind: Kind::Bare });
        assert_eq!(
            read(r#"{"kind":{"full":{"x":3}}}"#).unwrap(),
            Part { kind: Kind::Full { x: 3 } }
        );
        assert_eq!(read(r#"{"kind":{"some":null}}"#).unwrap(), Part { kind: Kind::Some(None) });
        for bad in [
            r#"{"kind":"bare","kind":"bare"}"#,
            r#"{"kind":"bare","rest":[{"a":1,"a":1}]}"#,
            r#"{"kind":"bare","rest":1,"\u0072est":1}"#,
            r#"{"kind":{"full":{"x":3,"y":{"z":0,"z":0}}}}"#,
            r#"{"kind":{"full":{"x":3},"full":{"x":3}}}"#,
            r#"{"kind":"bare"} "#.repeat(2).as_str(),
            &format!(r#"{{"kind":"bare","rest":{}{}}}"#, "[".repeat(64), "]".repeat(64)),
        ] {
            assert!(read(bad).is_err(), "{bad} was taken");
        }
    }

    /// A text that is handed out unread could hold anything: a duplicate member, any depth.
    #[test]
    fn no_type_gets_a_text_that_was_not_read() {
        #[derive(Debug)]
        struct Raw;
        impl<'de> Deserialize<'de> for Raw {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // What `serde_json::value::RawValue` asks for.
                let name = "$serde_json::private::RawValue";
                deserializer.deserialize_newtype_struct(name, serde::de::IgnoredAny).map(|_| Self)
            }
        }
        #[derive(Debug, Deserialize)]
        struct Newtype(u8);
        for text in ["1", r#"{"a":1,"a":1}"#, "[[1]]"] {
            let error = from_slice::<Raw>(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("without strictness"), "{error}");
            let within = format!("[{text}]");
            assert!(from_slice::<Vec<Raw>>(within.as_bytes()).is_err());
            let within = format!("{{\"a\":{text}}}");
            let map = from_slice::<std::collections::BTreeMap<String, Raw>>(within.as_bytes());
            assert!(map.is_err());
        }
        assert_eq!(from_slice::<Newtype>(b"1").unwrap().0, 1);
    }

    /// covers: envelope-44
    #[test]
    fn arrays_and_objects_are_counted() {
        let of = |count: usize| format!("[{}1]", "[],".repeat(count - 1));
        assert!(parse(of(limits::JSON_CONTAINERS).as_bytes()).is_ok());
        let flat = |count| format!("[{}0]", "0,".repeat(count - 1));
        assert!(parse(flat(limits::JSON_ELEMENTS).as_bytes()).is_ok());
        let error = parse(flat(limits::JSON_ELEMENTS + 1).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("more than 2097152 array elements"), "{error}");
        let error = parse(of(limits::JSON_CONTAINERS + 1).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("arrays and objects"), "{error}");
    }

    #[test]
    fn names_are_told_apart_however_many_there_are() {
        let members = |names: std::ops::Range<u32>| -> Vec<String> {
            names.map(|name| format!("\"{name}\":0")).collect()
        };
        let object = |members: &[String]| format!("{{{}}}", members.join(","));
        for count in [1, 8, 9, 1000] {
            let mut all = members(0..count);
            assert!(parse(object(&all).as_bytes()).is_ok());
            all.push("\"0\":0".to_owned());
            assert!(parse(object(&all).as_bytes()).is_err(), "{count} and the first again");
            all.pop();
            all.push(format!("\"{}\":0", count - 1));
            assert!(parse(object(&all).as_bytes()).is_err(), "{count} and the last again");
            all.pop();
            // In another spelling, before or after the plain one.
            for at in [0, count as usize] {
                let mut all = all.clone();
                all.insert(at, "\"\\u0030\":0".to_owned());
                assert!(parse(object(&all).as_bytes()).is_err(), "{count} and \\u0030 at {at}");
            }
        }
    }

    #[test]
    fn members_are_sorted_by_utf16_and_nothing_is_padded() {
        let value = parse(r#"{ "b": 1, "a": [ 1.0, 1e3, "é" ] }"#.as_bytes()).unwrap();
        assert_eq!(to_jcs(&value).unwrap(), r#"{"a":[1,1000,"é"],"b":1}"#.as_bytes());
    }
}
