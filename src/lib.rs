//! Provenact: canonical WebAssembly skills, signed provenance, recorded execution and replay.
//!
//! The rooms and who may import whom are in `docs/architecture.md`; `tests/layering.rs` holds the
//! code to it.

// One sentence instead of hundreds of errors; docs/platforms.md says what is supported.
#[cfg(not(all(unix, target_pointer_width = "64")))]
compile_error!("provenact is for Unix systems of 64 bits: see docs/platforms.md");

pub mod abi;
pub mod allowance;
pub mod attest;
pub mod bounds;
pub mod build;
pub mod cli;
pub mod digest;
pub mod engines;
pub mod files;
pub mod json;
pub mod limits;
pub mod materials;
pub mod origin;
pub mod outcome;
pub mod profile;
pub mod reason;
pub mod report;
pub mod runtime;
pub mod skill;
pub mod trace;
pub mod verify;
pub mod wasm;
pub mod wire;
