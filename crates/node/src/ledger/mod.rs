//! What a node knows of its network, from the contract's events alone.
//!
//! A ledger follows the chain: [`Ledger::sync`] reads the events since it last did and applies them in order.
//! It keeps blocks for `retentionEpochs`, as the contract does; documents and seats it keeps for good.
//!
//! **Reorganisations.** When blocks whose events were applied are no longer the chain's, the ledger goes back to where
//! the forks part and reads on from there: it is then what a ledger built anew would be. So that it can, it keeps two
//! books: `book` with all events, and in `trail` a base, which lacks the events of the newest blocks, with those events
//! beside it. Going back is to add to a copy of the base what is still the chain's. What is deeper than
//! [`REORG_BLOCKS_MAX`] blocks, or as many as were [asked for](Ledger::taking_back), is part of the base and cannot be
//! taken back ([`LedgerError::ReorgTooDeep`]).

mod beginning;
mod book;
mod error;
mod following;
mod gaps;
mod knowledge;
mod rebuilding;
mod recent;
mod records;
mod terms;
mod trail;

use alloy_primitives::{B256, Bytes};
use multee_chain::ChainError;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_confirmation::ReferenceValue;
use multee_protocol::{Epoch, Fixed, Parameters, SeatId};
use multee_replay::words::parameters;

use crate::network::Network;
use book::{Book, Rules};
use trail::Trail;

pub use error::LedgerError;
pub use records::{BlockRecord, Certificates, EpochRecord, Fate, SeatRecord};
pub use terms::reference_value;

/// Blocks that a ledger can take back unless it is told otherwise: two of Ethereum's epochs, after which its blocks are
/// final.
pub const REORG_BLOCKS_MAX: u64 = 64;

/// A network's seats, epochs and blocks of late.
#[derive(Debug)]
pub struct Ledger {
    network: Network,
    rules: Rules,
    book: Book,
    trail: Trail,
}

impl Ledger {
    /// An empty ledger of `network`, whose settings are read; `from_block` is the chain's block in which the
    /// contract was deployed, or any before.
    ///
    /// # Errors
    /// When the settings cannot be read.
    pub fn new(network: Network, from_block: u64) -> Result<Self, LedgerError> {
        let settings = network.read(&contract::settingsCall {})?;
        let p = network.read(&contract::parametersCall {})?;
        let retention_epochs = u8::try_from(settings.retentionEpochs).unwrap_or(u8::MAX);
        let rules = Rules {
            deployment: network.deployment(),
            fixed: Fixed {
                epoch_seconds: settings.epochSeconds,
                retention_epochs,
                max_seats: settings.maxSeats,
            },
            genesis_s: settings.genesis,
        };
        let book = Book::new(parameters(&p));
        let trail = Trail::new(book.clone(), from_block, REORG_BLOCKS_MAX);
        Ok(Self { network, rules, book, trail })
    }

    /// The same ledger, able to take back this many blocks. To be said before it is synced.
    #[must_use]
    pub fn taking_back(mut self, reorg_blocks_max: u64) -> Self {
        self.trail.set_reorg_blocks_max(reorg_blocks_max);
        self
    }

    /// The network it follows.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What never changes.
    pub fn fixed(&self) -> &Fixed {
        &self.rules.fixed
    }

    /// What the network runs with: the current parameters (docs/protocol.md, section 3).
    pub fn parameters(&self) -> &Parameters {
        &self.book.parameters
    }

    /// The seat, if it is registered.
    pub fn seat(&self, seat: SeatId) -> Option<&SeatRecord> {
        self.book.seats.get(&seat)
    }

    /// The seats, by their numbers.
    pub fn seats(&self) -> impl Iterator<Item = (SeatId, &SeatRecord)> {
        self.book.seats.iter().map(|(id, seat)| (*id, seat))
    }

    /// The epoch, if its opening is known and not forgotten.
    pub fn epoch(&self, epoch: Epoch) -> Option<&EpochRecord> {
        self.book.epochs.get(&epoch)
    }

    /// The last opened epoch.
    pub fn last_opened(&self) -> Option<(Epoch, &EpochRecord)> {
        let epoch = self.book.last_opened?;
        self.book.epochs.get(&epoch).map(|record| (epoch, record))
    }

    /// The block with this id, if it is not forgotten.
    pub fn block(&self, epoch: Epoch, order: u32) -> Option<&BlockRecord> {
        self.book.blocks.get(&(epoch, order))
    }

    /// The blocks that are not forgotten, oldest first.
    pub fn blocks(&self) -> impl Iterator<Item = &BlockRecord> {
        self.book.blocks.values()
    }

    /// The seat's block of `epoch`.
    pub fn block_of(&self, seat: SeatId, epoch: Epoch) -> Option<&BlockRecord> {
        let mut blocks = self.book.blocks.range((epoch, 0)..=(epoch, u32::MAX)).map(|(_, block)| block);
        blocks.find(|block| block.block.seat == seat)
    }

    /// The order of the seat's block in the epoch. A ledger that begins late may know that of blocks which it does not have.
    pub fn order_of(&self, seat: SeatId, epoch: Epoch) -> Option<u32> {
        self.book.order_of(seat, epoch)
    }

    /// The block whose live entry, or last known entry, stands at this position of the suspicious log.
    pub fn logged_at(&self, position: u64) -> Option<&BlockRecord> {
        self.book.blocks.get(self.book.log.get(&position)?)
    }

    /// The policy document with this digest.
    pub fn policy(&self, digest: B256) -> Option<&Bytes> {
        self.book.policies.get(&digest)
    }

    /// The reference values with this digest.
    pub fn references(&self, digest: B256) -> Option<&[ReferenceValue]> {
        self.book.references.get(&digest).map(Vec::as_slice)
    }

    /// How deep the epoch's seed is in the chain, as far as that was read: 1 in the newest block, 0 without a seed.
    pub fn seed_depth(&self, epoch: Epoch) -> u64 {
        let seeded_in = self.epoch(epoch).and_then(|record| record.seeded_in);
        let newest = self.trail.newest().map(|block| block.number);
        seeded_in.zip(newest).map_or(0, |(seeded_in, newest)| newest.saturating_sub(seeded_in) + 1)
    }

    /// The epoch of the chain's newest block; `None` before genesis.
    ///
    /// # Errors
    /// When the chain gives no answer.
    pub fn clock(&self) -> Result<Option<Epoch>, ChainError> {
        Ok(self.epoch_at(self.network.chain().head()?.timestamp_s))
    }

    /// When `epoch` starts, in seconds since the Unix epoch.
    pub fn epoch_start_s(&self, epoch: Epoch) -> u64 {
        self.rules.epoch_start_s(epoch)
    }

    /// Blocks that may be due by what the events say (R9), so that the contract need not be asked of all.
    /// Whether they are, the contract decides.
    pub fn perhaps_due(&self, now: Epoch) -> Vec<(Epoch, u32)> {
        let due = |block: &&BlockRecord| self.is_perhaps_due(block, now);
        self.book.blocks.values().filter(due).map(|block| (block.block.epoch, block.order)).collect()
    }

    fn is_perhaps_due(&self, block: &BlockRecord, now: Epoch) -> bool {
        let fate = &block.fate;
        if fate.decided.is_some() || fate.finished || self.is_void(block.block.epoch, now) {
            return false;
        }
        if let Some(position) = fate.position {
            let Some((epoch, last)) = self.last_opened() else { return false };
            let end = last.window_start + if now > epoch { u64::from(last.snapshot.window_size) } else { 0 };
            return position < end;
        }
        let check = self.book.epochs.get(&block.block.epoch).and_then(|epoch| epoch.next_opened);
        let wait = if fate.passed { u32::from(self.book.parameters.finality_epochs) } else { 0 };
        check.is_some_and(|check| now > check.saturating_add(wait))
    }

    fn is_void(&self, epoch: Epoch, now: Epoch) -> bool {
        epoch.saturating_add(u32::from(self.rules.fixed.retention_epochs)) <= now
    }
}

/// Whether they know the same of one network, by whatever way they came to it.
impl PartialEq for Ledger {
    fn eq(&self, other: &Self) -> bool {
        (&self.rules, &self.book, self.trail.newest()) == (&other.rules, &other.book, other.trail.newest())
    }
}
