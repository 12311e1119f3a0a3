//! Provenact: canonical WebAssembly skills, signed provenance, recorded execution and replay.
//!
//! The rooms and who may import whom are in `docs/architecture.md`; `tests/layering.rs` holds the
//! code to it.

pub mod abi;
pub mod attest;
pub mod digest;
pub mod json;
pub mod limits;
pub mod outcome;
pub mod reason;
pub mod wasm;
pub mod wire;
