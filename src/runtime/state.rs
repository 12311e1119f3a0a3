//! The final state: what the module exports, at the end of the execution (spec/receipt.md).

use super::execute::State;
use crate::attest::receipt::{FinalState, GlobalBits, GlobalState, MemoryState};
use crate::digest::DataDigest;
use wasmtime::{Extern, Instance, Store, Val};

/// Exports with this prefix are instrumentation of ours, not the guest's state.
const RESERVED: &str = "provenact:";

/// Reads the final state of `instance`.
pub(super) fn final_state(store: &mut Store<State>, instance: &Instance) -> FinalState {
    let exports: Vec<(String, Extern)> = instance
        .exports(&mut *store)
        .map(|export| (export.name().to_owned(), export.into_extern()))
        .collect();
    let mut state = FinalState::default();
    for (name, item) in exports.into_iter().filter(|(name, _)| !name.starts_with(RESERVED)) {
        match item {
            Extern::Memory(memory) => {
                let data = memory.data(&*store);
                let (bytes, sha256) = (data.len() as u64, DataDigest::of(data));
                state.memories.push(MemoryState { name, bytes, sha256 });
            }
            Extern::Global(global) => {
                let bits = bits(&global.get(&mut *store));
                state.globals.push(GlobalState { name, bits });
            }
            _ => {}
        }
    }
    state.memories.sort_by(|a, b| a.name.cmp(&b.name));
    state.globals.sort_by(|a, b| a.name.cmp(&b.name));
    state
}

/// Raw bits of a global's value; of a reference, its family and whether it is null.
fn bits(value: &Val) -> GlobalBits {
    let (of, null) = match value {
        Val::I32(bits) => return GlobalBits::I32(bits.cast_unsigned()),
        Val::I64(bits) => return GlobalBits::I64(bits.cast_unsigned()),
        Val::F32(bits) => return GlobalBits::F32(*bits),
        Val::F64(bits) => return GlobalBits::F64(*bits),
        Val::V128(bits) => return GlobalBits::V128(bits.as_u128()),
        Val::FuncRef(reference) => ("funcref", reference.is_none()),
        Val::ExternRef(reference) => ("externref", reference.is_none()),
        Val::AnyRef(reference) => ("anyref", reference.is_none()),
        Val::ExnRef(reference) => ("exnref", reference.is_none()),
        Val::ContRef(reference) => ("contref", reference.is_none()),
    };
    GlobalBits::Reference { of: of.to_owned(), null }
}
