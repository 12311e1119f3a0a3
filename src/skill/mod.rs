//! Skills: the manifest, the bundle directory, and what of a skill's wishes an operator grants; and the
//! same in the older format [`v0`], as far as it is read.

mod bundle;
mod ceiling;
mod error;
mod manifest;
mod policy;
mod table;
pub mod v0;

pub use bundle::{
    Bundle, NewBundle, Written, append_attestation, attestations_path, read_companion,
    read_original,
};
pub use ceiling::{Effective, Grant, Preopen, Unused, declares, effective};
pub use error::Error;
pub use manifest::{Manifest, misfit_of_texts};
pub use policy::Policy;
pub use table::{CapabilityTable, RawTable, TableError, line};

#[cfg(test)]
mod tests;
