//! The passes of the profile `portable` (spec/portable.md): what they write, and what it does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod golden;
mod relaxed_simd;
mod runtime;
mod stack;
