//! Predicate types: what statements of ours say.

pub mod finding;
pub mod foreign;
mod gist;
pub mod provenance;
pub mod rebuild;
pub mod receipt;
mod sha256;
pub mod time;
pub mod verdict;

pub use gist::Gist;

/// With what every type URI of ours begins.
pub const PREFIX: &str = "https://opertus.systems/provenact/";
