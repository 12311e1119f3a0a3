//! Skills: the manifest, the bundle directory, and what of a skill's wishes an operator grants.

mod bundle;
mod ceiling;
mod error;
mod manifest;

pub use bundle::{
    Bundle, NewBundle, Written, append_attestation, attestations_path, read_companion,
    read_original,
};
pub use ceiling::{Effective, Grant, Preopen, declares, effective};
pub use error::Error;
pub use manifest::Manifest;

#[cfg(test)]
mod tests;
