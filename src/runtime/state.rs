//! The final state: what the module exports, at the end of the execution (spec/receipt.md).

use crate::attest::receipt::{FinalState, GlobalBits, GlobalState, MemoryState};
use crate::digest::DataDigest;

/// Exports with this prefix are instrumentation of ours, not the guest's state.
const RESERVED: &str = "provenact:";

/// Bytes that an element of a table takes, at most.
pub(super) const ELEMENT: usize = 16;

/// A final state, as an engine lists its exports.
#[derive(Default)]
pub(super) struct Gathered(FinalState);

impl Gathered {
    /// A memory's bytes.
    pub(super) fn memory(&mut self, name: String, data: &[u8]) {
        if !name.starts_with(RESERVED) {
            let (bytes, sha256) = (data.len() as u64, DataDigest::of(data));
            self.0.memories.push(MemoryState { name, bytes, sha256 });
        }
    }

    /// A global's value.
    pub(super) fn global(&mut self, name: String, bits: GlobalBits) {
        if !name.starts_with(RESERVED) {
            self.0.globals.push(GlobalState { name, bits });
        }
    }

    /// All of it, sorted by name.
    pub(super) fn finish(mut self) -> FinalState {
        self.0.memories.sort_by(|a, b| a.name.cmp(&b.name));
        self.0.globals.sort_by(|a, b| a.name.cmp(&b.name));
        self.0
    }
}
