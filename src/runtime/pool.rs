//! Places for small guests, made once and used again.
//!
//! To map memory for a guest and to unmap it costs more than many a guest computes, and all threads
//! of the process wait for it. Where many are executed, small ones get a place of a pool. Whether
//! they do is nothing that a guest could see: only those are taken for which a place has room
//! however far they grow.

use crate::wasm::{Extent, Module};
use std::num::NonZeroUsize;
use wasmtime::PoolingAllocationConfig;

/// Bytes of each memory that stay mapped between two guests, zeroed, and all of each table. A guest that
/// begins with more has enough to do to be worth a mapping.
const KEPT: usize = 2 << 20;
/// Elements that a table may ever have. All of them are set aside.
const ELEMENTS: usize = 20_000;
/// Bytes of address space that a memory has: all that 32 bits reach.
const REACH: usize = 1 << 32;

/// A pool for as many guests as are executed at a time.
pub(super) fn places(at_once: NonZeroUsize) -> PoolingAllocationConfig {
    let guests = u32::try_from(at_once.get()).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(guests)
        .total_memories(guests)
        .total_tables(guests)
        .total_component_instances(0)
        .total_gc_heaps(0)
        .total_stacks(0)
        .max_memories_per_module(1)
        .max_tables_per_module(1)
        .max_memory_size(REACH)
        .table_elements(ELEMENTS)
        .max_unused_warm_slots(0)
        .linear_memory_keep_resident(KEPT)
        .table_keep_resident(KEPT);
    pool
}

/// Whether a guest of `module` has room in a place, however far it grows.
pub(super) fn has_room_for(module: &Module) -> bool {
    const PAGE: u64 = 1 << 16;
    let (memories, tables) = (module.memories(), module.tables());
    let is_small = |memory: &Extent| !memory.is_wide && memory.initial <= KEPT as u64 / PAGE;
    let is_short = |table: &Extent| {
        !table.is_wide && table.maximum.is_some_and(|maximum| maximum <= ELEMENTS as u64)
    };
    // The heap of a collector would need a place too.
    module.one_class_feature().is_none()
        && memories.len() <= 1
        && memories.iter().all(is_small)
        && tables.len() <= 1
        && tables.iter().all(is_short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_guests_that_have_room_however_far_they_grow_get_a_place() {
        let room = |fields: &str| {
            let module = wat::parse_str(format!("(module {fields})")).unwrap();
            has_room_for(&Module::parse(module).unwrap())
        };
        assert!(room(""));
        assert!(room("(memory 32)"));
        assert!(room("(memory 1 65536) (table 0 20000 funcref)"));
        assert!(!room("(memory 33)"), "it begins with more than is kept");
        assert!(!room("(memory i64 1 2)"), "64 bits reach further");
        assert!(!room("(memory 1) (memory 1)"));
        assert!(!room(r#"(import "env" "memory" (memory 1)) (memory 1)"#));
        assert!(!room("(table 0 20001 funcref)"));
        assert!(!room("(table 0 funcref)"), "it may grow past the place");
        assert!(!room("(table i64 0 1 funcref)"));
        assert!(!room("(table 0 1 funcref) (table 0 1 funcref)"));
        assert!(!room("(tag)"), "exceptions live on a heap");
    }
}
