//! WebAssembly modules: parsing, the meaning of their imports, and their canonical form.
//!
//! The path is [`Module::parse`] → [`Canonical::build`] when a bundle is built, and
//! [`Canonical::check`] when one is read. [`Interface::of`] says what a module asks of its host;
//! [`find_leaks`] what its author left in it; [`diff()`] how two modules differ. Only this room knows wasmparser and wasm-encoder.

mod canonical;
mod check;
mod companion;
mod diff;
mod edit;
mod encode;
mod error;
mod freedom;
mod interface;
mod layout;
mod leaks;
mod ledger;
mod lines;
mod module;
mod numbers;
mod offsets;
mod passes;
mod toolchain;

pub use canonical::{Built, Canonical, Digested};
pub use check::check;
pub use companion::{Companion, FunctionNames, SourceNote};
pub use diff::{
    Bytes, Cause, CauseKind, Compared, CustomDiff, DataDiff, Difference, FunctionDiff,
    FunctionsDiff, ItemDiff, Listed, Look, ProducerDiff, RangeDiff, Sameness, SectionDiff, diff,
    diff_executed,
};
pub use error::Error;
pub use freedom::{Changes, Count, Freedom};
pub use interface::Interface;
pub use leaks::{Leak, LeakKind, find_leaks};
pub use ledger::ledger;
pub use lines::{SourceLine, code_start};
pub use module::{Extent, Module};
pub use passes::{Applied, FrameSize, STACK_TRAP, frame_sizes};

#[cfg(test)]
mod tests;
