//! Who signed a bundle of the format v0 (spec/v0-bundle.md).
//!
//! [`Keys`] exist only as the caller pinned them, and [`Signed`] only when every signature verified.

mod error;
mod keys;
mod signatures;

pub use error::Error;
pub use keys::Keys;
pub use signatures::{Signatures, Signed};

use super::base64;
use crate::json::{self, Misfit, Value};
use crate::origin::SignerId;

/// Reads one file: JSON of at most [`crate::limits::V0_BYTES`] bytes.
fn read(file: &'static str, bytes: &[u8]) -> Result<Value, Error> {
    let limit = crate::limits::V0_BYTES;
    if bytes.len() as u64 > limit {
        return Err(malformed(file, "", format!("is longer than {limit} bytes")));
    }
    json::parse(bytes).map_err(|source| Error::Json { file, source })
}

/// The `N` bytes of a text in base64: the standard alphabet, padded, one spelling per value.
fn bytes<const N: usize>(file: &'static str, place: &str, value: &Value) -> Result<[u8; N], Error> {
    let text = json::text(value).map_err(at(file, place))?;
    let decoded = base64::decode_standard(text).and_then(|bytes| bytes.try_into().ok());
    decoded.ok_or_else(|| {
        malformed(file, place, format!("is not the standard base64 of {N} bytes, padded"))
    })
}

fn signer_id(file: &'static str, place: &str, text: &str) -> Result<SignerId, Error> {
    let id = SignerId::try_from(text.to_owned());
    id.map_err(|error| malformed(file, place, error.to_string()))
}

fn at(file: &'static str, place: &str) -> impl FnOnce(Misfit) -> Error {
    move |misfit| malformed(file, place, misfit.to_string())
}

/// What is wrong at a place of a file; `""` is the whole.
fn malformed(file: &'static str, place: &str, why: String) -> Error {
    let place = if place.is_empty() { file.to_owned() } else { format!("{file}: {place}") };
    Error::Malformed { place, why }
}
