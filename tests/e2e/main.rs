//! End-to-end tests: each drives the built program from outside, as a user does.
//!
//! One binary, so that it is linked once and compiled modules are cached across all of it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do, and clippy knows only the tests themselves"
)]

mod attacks;
mod bad_input;
mod bulk;
mod cache;
mod canon;
mod chain;
mod ci;
mod common;
mod cosign;
mod decisions;
mod diff_modules;
mod edges;
mod engines;
mod frames;
mod further;
mod import;
mod interop;
mod interruptions;
mod keys;
mod leaks;
mod limits;
mod looking;
mod outcomes;
mod page;
mod policy;
mod programs;
mod skill;
mod source;
mod statements;
mod tamper;
mod toolchains;
mod trust;
