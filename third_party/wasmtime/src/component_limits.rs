// SPDX-License-Identifier: Apache-2.0
//! The bounds of one guest.
use wasmtime::{ResourceLimiter, Result, StoreLimits, StoreLimitsBuilder};

/// The parts of one component are instances, too.
const PARTS_MAX: usize = 1000;
const TABLES_MAX: usize = 16;
const TABLE_ELEMENTS_MAX: usize = 100_000;
/// Each reserves address space. QuickJS by componentize-qjs has two.
const MEMORIES_MAX: usize = 4;

/// All memories of a guest together have `memory_max` bytes at most. StoreLimits bounds each by itself.
pub struct GuestLimits {
    /// What a growth takes stays taken if the system refuses it: Wasmtime also calls memory_grow_failed() for a
    /// growth that was not asked for here.
    bytes_left: usize,
    counts: StoreLimits,
}

impl GuestLimits {
    pub fn new(memory_max: usize) -> GuestLimits {
        let counts = StoreLimitsBuilder::new()
            .table_elements(TABLE_ELEMENTS_MAX)
            .instances(PARTS_MAX)
            .tables(TABLES_MAX)
            .memories(MEMORIES_MAX)
            .build();
        GuestLimits { bytes_left: memory_max, counts }
    }
}

impl ResourceLimiter for GuestLimits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let growth = desired.saturating_sub(current);
        let fits = growth <= self.bytes_left && maximum.is_none_or(|most| desired <= most);
        if fits {
            self.bytes_left -= growth;
        }
        Ok(fits)
    }
    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.counts.table_growing(current, desired, maximum)
    }
    fn instances(&self) -> usize {
        self.counts.instances()
    }
    fn tables(&self) -> usize {
        self.counts.tables()
    }
    fn memories(&self) -> usize {
        self.counts.memories()
    }
}
