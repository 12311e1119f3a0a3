//! One behaviour: rewritten programs do the same on every engine, and what the original does under
//! the deterministic profile of the specification.
//!
//! `PROVENACT_SLOW=1` tries ten times as many programs. What fails is kept in `target/tmp`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and clippy knows only the tests themselves"
)]

mod engines;
mod floats;
mod host;
mod on_wasmi;
mod on_wasmtime;
mod profile;
mod programs;
mod random;
mod recursion;
mod reduce;
mod relaxed;
mod rng;
mod seen;
mod smith;
mod spec;
mod v8;
