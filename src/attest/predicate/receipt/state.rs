//! Memories and globals at the end of an execution (`spec/receipt.md`, "Final state").

use super::super::sha256;
use crate::digest::DataDigest;
use serde::{Deserialize, Serialize};

/// The families of references: of a reference's type, what every engine tells alike.
const REFERENCES: [&str; 5] = ["anyref", "contref", "exnref", "externref", "funcref"];

/// What a module exports besides functions, at the end. What it does not export is not covered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinalState {
    /// Exported memories, sorted by name.
    pub memories: Vec<MemoryState>,
    /// Exported globals, sorted by name.
    pub globals: Vec<GlobalState>,
}

/// One exported memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryState {
    /// The export's name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Of all its bytes.
    #[serde(with = "sha256")]
    pub sha256: DataDigest,
}

/// One exported global.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct GlobalState {
    /// The export's name.
    pub name: String,
    /// Its value.
    pub bits: GlobalBits,
}

/// The value of a global, as bits: floats are not rounded and NaN is not unified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GlobalBits {
    /// An `i32`.
    I32(u32),
    /// An `i64`.
    I64(u64),
    /// An `f32`.
    F32(u32),
    /// An `f64`.
    F64(u64),
    /// A `v128`.
    V128(u128),
    /// A reference, of which only this much is the same on every engine.
    Reference {
        /// Its family: `anyref`, `contref`, `exnref`, `externref` or `funcref`.
        of: String,
        /// Whether it is null.
        null: bool,
    },
}

/// The JSON form: a type's name and text for its bits, since JSON numbers do not hold 64 of them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    r#type: String,
    bits: String,
}

impl From<GlobalState> for Raw {
    fn from(GlobalState { name, bits }: GlobalState) -> Self {
        let (r#type, bits) = match bits {
            GlobalBits::I32(bits) => ("i32".to_owned(), bits.to_string()),
            GlobalBits::I64(bits) => ("i64".to_owned(), bits.to_string()),
            GlobalBits::F32(bits) => ("f32".to_owned(), bits.to_string()),
            GlobalBits::F64(bits) => ("f64".to_owned(), bits.to_string()),
            GlobalBits::V128(bits) => ("v128".to_owned(), format!("{bits:032x}")),
            GlobalBits::Reference { of, null } => {
                (of, if null { "null" } else { "not-null" }.to_owned())
            }
        };
        Self { name, r#type, bits }
    }
}

impl TryFrom<Raw> for GlobalState {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let text = raw.bits.as_str();
        let bits = match raw.r#type.as_str() {
            "i32" => text.parse().ok().map(GlobalBits::I32),
            "i64" => text.parse().ok().map(GlobalBits::I64),
            "f32" => text.parse().ok().map(GlobalBits::F32),
            "f64" => text.parse().ok().map(GlobalBits::F64),
            "v128" => u128::from_str_radix(text, 16).ok().map(GlobalBits::V128),
            of if !REFERENCES.contains(&of) => None,
            of => match text {
                "null" => Some(GlobalBits::Reference { of: of.to_owned(), null: true }),
                "not-null" => Some(GlobalBits::Reference { of: of.to_owned(), null: false }),
                _ => None,
            },
        };
        let read = Self { name: raw.name, bits: bits.ok_or("bits do not fit the global's type")? };
        // "+1", "01" and uppercase digits parse too: a value has one text.
        if Raw::from(read.clone()).bits != raw.bits {
            return Err("bits are not in their only spelling");
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: receipt-8
    #[test]
    fn bits_have_one_spelling() {
        let read = |kind: &str, bits: &str| {
            GlobalState::try_from(Raw { name: "g".into(), r#type: kind.into(), bits: bits.into() })
        };
        for (kind, bits) in [
            ("i32", "4294967295"),
            ("i64", "18446744073709551615"),
            ("f32", "2143289344"),
            ("f64", "0"),
            ("v128", "000000000000000000000000000000ff"),
            ("funcref", "null"),
            ("exnref", "not-null"),
        ] {
            let global = read(kind, bits).unwrap();
            let raw = Raw::from(global);
            assert_eq!((raw.r#type.as_str(), raw.bits.as_str()), (kind, bits));
        }
        for (kind, bits) in [
            ("i32", "4294967296"),
            ("i32", "-1"),
            ("i32", "+1"),
            ("i64", "01"),
            ("f64", "1.5"),
            ("v128", "ff"),
            ("v128", "000000000000000000000000000000FF"),
            ("funcref", "0"),
            ("", "null"),
            ("(ref null 3)", "null"),
        ] {
            assert!(read(kind, bits).is_err(), "{kind} {bits} was taken");
        }
    }
}
