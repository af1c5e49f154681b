//! What it takes to go back: the book as it was, and what was added since.

use std::collections::VecDeque;

use multee_chain::BlockNumHash;

use super::book::{Book, Rules, Told};

/// The way that a book came, as far as it can be gone back.
#[derive(Debug)]
pub(super) struct Trail {
    /// All events up to `base_at`, or none.
    base: Book,
    /// The newest block that cannot be taken back.
    base_at: Option<BlockNumHash>,
    /// Blocks after that, up to the newest that was read: all that have events, and where reading ended.
    marks: Vec<BlockNumHash>,
    /// The events after `base_at`.
    told: VecDeque<Told>,
    from_block: u64,
    reorg_blocks_max: u64,
}

impl Trail {
    /// From a book without events of the blocks from `from_block` on.
    pub(super) fn new(base: Book, from_block: u64, reorg_blocks_max: u64) -> Self {
        Self { base, base_at: None, marks: Vec::new(), told: VecDeque::new(), from_block, reorg_blocks_max }
    }

    pub(super) fn reorg_blocks_max(&self) -> u64 {
        self.reorg_blocks_max
    }

    pub(super) fn set_reorg_blocks_max(&mut self, blocks: u64) {
        self.reorg_blocks_max = blocks;
    }

    /// The newest block that was read.
    pub(super) fn newest(&self) -> Option<BlockNumHash> {
        self.marks.last().copied().or(self.base_at)
    }

    /// The first block that was not read.
    pub(super) fn next_block(&self) -> u64 {
        self.newest().map_or(self.from_block, |block| block.number + 1)
    }

    /// The newest block that cannot be taken back.
    pub(super) fn base_at(&self) -> Option<BlockNumHash> {
        self.base_at
    }

    /// Blocks that can be taken back, oldest first.
    pub(super) fn marks(&self) -> &[BlockNumHash] {
        &self.marks
    }

    /// Takes down what the blocks up to `end` told.
    pub(super) fn extend(&mut self, told: Vec<Told>, end: BlockNumHash) {
        for block in told.iter().map(|told| told.block).chain([end]) {
            if self.marks.last() != Some(&block) {
                self.marks.push(block);
            }
        }
        self.told.extend(told);
    }

    /// What is deeper below `head` than can be taken back becomes part of the base.
    pub(super) fn sink(&mut self, rules: &Rules, head: u64) -> Result<(), &'static str> {
        let deep = |block: &BlockNumHash| block.number.saturating_add(self.reorg_blocks_max) <= head;
        let sunk = self.marks.partition_point(deep);
        let Some(base_at) = self.marks.drain(..sunk).next_back() else { return Ok(()) };
        self.base_at = Some(base_at);
        while let Some(told) = self.told.pop_front_if(|told| told.block.number <= base_at.number) {
            self.base.apply(rules, &told)?;
        }
        Ok(())
    }

    /// Forgets all but the oldest `kept` marks, with the events after them.
    pub(super) fn go_back(&mut self, kept: usize) {
        self.marks.truncate(kept);
        let next_block = self.next_block();
        self.told.truncate(self.told.partition_point(|told| told.block.number < next_block));
    }

    /// The book that follows from what is left.
    pub(super) fn book(&self, rules: &Rules) -> Result<Book, &'static str> {
        let mut book = self.base.clone();
        self.told.iter().try_for_each(|told| book.apply(rules, told))?;
        Ok(book)
    }
}
