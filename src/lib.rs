//! Provenact: canonical WebAssembly skills, signed provenance, recorded execution and replay.
//!
//! The rooms and who may import whom are in `docs/architecture.md`; `tests/layering.rs` holds the
//! code to it.

pub mod abi;
pub mod build;
pub mod digest;
pub mod files;
pub mod json;
pub mod limits;
pub mod reason;
pub mod skill;
pub mod wasm;
pub mod wire;
