//! R9: agents settle what is due, theirs and others', as soon as an epoch is over.

use multee_protocol::Epoch;
use multee_protocol::machine::{BlockRef, Input};

use super::{Network, calls};
use crate::error::SimulationError;

/// Blocks that one call settles at most.
const BATCH: usize = 16;

impl Network<'_> {
    /// Settles what an epoch's end made due: first what its window decides, then the accusers of the window before,
    /// then what its marks let pass, and what is honest for good.
    pub(super) fn settle(&mut self, epoch: Epoch) -> Result<(), SimulationError> {
        let running = self.book.running;
        let end = running.window_start + u64::from(running.window_size);
        let mut batch = Vec::with_capacity(BATCH);
        for position in self.previous_window..end {
            let Some(entry) = self.book.entry(position).copied() else { continue };
            if position >= running.window_start || entry.nature.accuser() {
                self.add(&mut batch, entry.block)?;
            }
        }
        let finality = u32::from(self.scenario.parameters.finality_epochs);
        for (age, accusers_only) in [(1, false), (2, true), (1 + finality, false), (2 + finality, true)] {
            let Some(published) = epoch.checked_sub(age) else { continue };
            self.settle_weighted(&mut batch, published, accusers_only)?;
        }
        if batch.is_empty() { Ok(()) } else { self.flush(&mut batch) }
    }

    /// Blocks of an epoch that were not logged at once.
    fn settle_weighted(
        &mut self,
        batch: &mut Vec<BlockRef>,
        epoch: Epoch,
        accusers_only: bool,
    ) -> Result<(), SimulationError> {
        let count = self.book.blocks_of(epoch).weighted.len();
        for (order, index) in (0..).zip(0..count) {
            let nature = self.book.blocks_of(epoch).weighted.get(index).copied().unwrap_or_default();
            if !accusers_only || nature.accuser() {
                self.add(batch, BlockRef { epoch, order })?;
            }
        }
        Ok(())
    }

    fn add(&mut self, batch: &mut Vec<BlockRef>, block: BlockRef) -> Result<(), SimulationError> {
        batch.push(block);
        if batch.len() < BATCH { Ok(()) } else { self.flush(batch) }
    }

    fn flush(&mut self, batch: &mut Vec<BlockRef>) -> Result<(), SimulationError> {
        let blocks = std::mem::replace(batch, Vec::with_capacity(BATCH));
        self.call(calls::operator(), Input::Settle(blocks)).map(|_| ())
    }
}
