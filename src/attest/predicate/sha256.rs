//! Digests as in-toto has them: `"sha256": "<64 lowercase hexadecimal digits>"`, without a prefix.
//!
//! For `#[serde(with = "sha256")]` on a digest newtype, whose own text form has the prefix.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use std::fmt::Display;
use std::str::FromStr;

const PREFIX: &str = "sha256:";

pub(super) fn serialize<T: Display, S: Serializer>(digest: &T, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(digest.to_string().trim_start_matches(PREFIX))
}

pub(super) fn deserialize<'de, T, D>(d: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(d)?;
    format!("{PREFIX}{text}").parse().map_err(D::Error::custom)
}
