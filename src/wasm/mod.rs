//! WebAssembly modules: parsing, the meaning of their imports, and their canonical form.
//!
//! The path is [`Module::parse`] → [`Canonical::from_module`] when a bundle is built, and
//! [`Canonical::check`] when one is read. [`Interface::of`] says what a module asks of its host;
//! [`find_leaks`] what its author left in it. Only this room knows wasmparser and wasm-encoder.

mod canonical;
mod companion;
mod error;
mod interface;
mod leaks;
mod module;
mod shortest;
mod toolchain;

pub use canonical::Canonical;
pub use companion::{Companion, FunctionNames, SourceNote};
pub use error::Error;
pub use interface::Interface;
pub use leaks::{Leak, LeakKind, find_leaks};
pub use module::Module;

#[cfg(test)]
mod tests;
