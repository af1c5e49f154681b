//! R2, R3, R5: an opening freezes what an epoch is judged by; its seed makes it opened.

use alloy_primitives::B256;

use super::epoch::{EpochRecord, Opening};
use super::event::Event;
use super::rejection::Rejection;
use super::turn::Turn;
use crate::{
    EpochRoot, Parameters, Permutation, SeedInputs, TabulatedPermutation, capacity, effective_decision_marks,
};

/// Blocks of the chain from an opening to its seed's source.
const SEED_DELAY: u64 = 2;
/// Blocks of the chain for which the source's hash is to be had.
const SEED_LIFETIME: u64 = 256;

/// The seed of the clock's epoch that is to be set, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seeding {
    seed: B256,
    pub(super) root: B256,
}

impl Turn<'_> {
    /// Errors: `NetworkNotStarted`, `NetworkPaused`, `EpochAlreadyOpened`.
    pub(super) fn open_epoch(&mut self) -> Result<(), Rejection> {
        self.require_started()?;
        self.require_running()?;
        let before = self.state.core.opening;
        let expired =
            before.pending && self.moment.block_number > before.seed_block.saturating_add(SEED_LIFETIME);
        if before.epoch == self.now && (before.opened != 0 || before.pending) && !expired {
            return Err(Rejection::EpochAlreadyOpened(self.now));
        }
        let parameters = self.effective_parameters();
        let pot = self.fund_epoch(&before, parameters.reward_per_epoch);
        let seed_block = self.moment.block_number.saturating_add(SEED_DELAY);
        let tail = self.living_tail(before.tail);
        let opening = Opening { epoch: self.now, seed_block, pending: true, tail, ..before };
        self.state.core.opening = opening;
        self.record(pot, &opening, &parameters);
        Ok(())
    }

    /// Those announced, if they are effective; else the current ones.
    fn effective_parameters(&self) -> Parameters {
        let core = &self.state.core;
        let effective = core.announced.filter(|(from, _)| *from <= self.now);
        effective.map_or(core.parameters, |(_, parameters)| parameters)
    }

    fn record(&mut self, pot: u128, opening: &Opening, parameters: &Parameters) {
        let record = self.freeze(pot, opening, parameters);
        self.emit(Event::EpochOpened {
            epoch: record.epoch,
            seed_block: record.seed_block,
            roster_epoch: record.roster_epoch,
            roster_size: record.roster_size,
            window_start: record.window_start,
            window_size: record.window_size,
            decision_marks: record.decision_marks,
            pot,
            policy_digest: record.policy_digest,
            reference_digest: record.reference_digest,
        });
        self.state.change_epoch(self.now, |place| *place = record);
    }

    /// What the opening fixes: roster (R3), `K_e` and window (R5), pot (R12), documents (R16).
    fn freeze(&self, pot: u128, opening: &Opening, parameters: &Parameters) -> EpochRecord {
        let core = &self.state.core;
        let roster_epoch = core.cursor.weighted_epoch.unwrap_or(0);
        let roster_size = match core.cursor.weighted_epoch {
            Some(epoch) if !self.is_void(epoch) => self.state.epoch_at(epoch).weighted,
            _ => 0,
        };
        let late = core.roster_sizes.iter().take(usize::from(parameters.finality_epochs));
        let largest = late.copied().fold(roster_size, u32::max);
        let decision_marks = effective_decision_marks(parameters.decision_marks, largest);
        let window_start = self.window_start(opening);
        let most = capacity(roster_size, parameters.suspicious_checks, decision_marks);
        let pending = core.cursor.log_end.saturating_sub(window_start);
        EpochRecord {
            recorded: true,
            epoch: self.now,
            roster_epoch,
            roster_size,
            window_start,
            window_size: u32::try_from(pending).unwrap_or(u32::MAX).min(most),
            decision_marks,
            latest_checks: parameters.latest_checks,
            suspicious_checks: parameters.suspicious_checks,
            log_end: core.cursor.log_end,
            seed_block: opening.seed_block,
            pot,
            policy_digest: core.policy_digest,
            reference_digest: core.reference_digest,
            ..EpochRecord::NONE
        }
    }

    /// Where the last window ended, but not before what may still live: the log's end at the oldest opening within
    /// retention (R5).
    fn window_start(&self, opening: &Opening) -> u64 {
        let cursor = self.cursor();
        let oldest = opening.tail.map_or(cursor.log_end, |tail| self.state.epoch_at(tail).log_end);
        oldest.max(cursor.window_end)
    }

    /// The oldest opened epoch that is not void, found from the one before.
    fn living_tail(&self, mut tail: Option<u32>) -> Option<u32> {
        while let Some(epoch) = tail.filter(|epoch| self.is_void(*epoch)) {
            tail = Some(self.state.epoch_at(epoch).next_opened).filter(|next| *next != 0);
        }
        tail
    }

    /// Errors: `NetworkNotStarted`, and those of [`Self::seeding`].
    pub(super) fn seed_epoch(&mut self) -> Result<(), Rejection> {
        self.require_started()?;
        if let Some(seeding) = self.seeding()? {
            self.seed(seeding);
        }
        Ok(())
    }

    /// What setting the seed of the clock's epoch would bring; `None` if it is set.
    ///
    /// Errors: `EpochNotOpened`, `NetworkPaused`, `SeedNotYetKnown`, `SeedExpired`.
    pub(super) fn seeding(&self) -> Result<Option<Seeding>, Rejection> {
        let opening = self.state.core.opening;
        if opening.epoch != self.now || (!opening.pending && opening.opened == 0) {
            return Err(Rejection::EpochNotOpened(self.now));
        }
        if !opening.pending {
            return Ok(None);
        }
        self.require_running()?;
        let seed_block = opening.seed_block;
        if self.moment.block_number <= seed_block {
            return Err(Rejection::SeedNotYetKnown { seed_block });
        }
        let block_hash = self.moment.source_hash.ok_or(Rejection::SeedExpired { seed_block })?;
        Ok(Some(self.seeding_from(block_hash)))
    }

    fn seeding_from(&self, block_hash: B256) -> Seeding {
        let (deployment, epoch) = (self.state.deployment, self.now);
        let record = self.state.epoch_at(epoch);
        let seed = SeedInputs { deployment, epoch, last_seed: self.state.core.last_seed, block_hash }.seed();
        let root = EpochRoot {
            deployment,
            epoch,
            epoch_start_s: self.state.epoch_start_s(epoch),
            seed,
            policy_digest: record.policy_digest,
            reference_list_digest: record.reference_digest,
        };
        Seeding { seed, root: root.root() }
    }

    /// Sets the seed of the clock's epoch.
    pub(super) fn seed(&mut self, Seeding { seed, root }: Seeding) {
        let now = self.now;
        let last_opened = self.cursor().last_opened;
        if self.state.core.opening.opened != 0 && self.state.epoch_at(last_opened).epoch == last_opened {
            self.state.change_epoch(last_opened, |record| record.next_opened = now);
        }
        self.adopt_parameters();
        let core = &mut self.state.core;
        core.opening.opened += 1;
        core.opening.pending = false;
        core.opening.tail = core.opening.tail.or(Some(now));
        core.last_seed = seed;
        let index = core.opening.opened;
        self.state.change_epoch(now, |record| {
            (record.previous_opened, record.index, record.root) = (last_opened, index, root);
            record.order = TabulatedPermutation::from(Permutation::new(root, record.roster_size));
        });
        self.advance_cursor();
        self.emit(Event::EpochSeeded { epoch: now, seed, root });
    }

    fn adopt_parameters(&mut self) {
        let core = &mut self.state.core;
        if let Some((_, parameters)) = core.announced.filter(|(from, _)| *from <= self.now) {
            (core.parameters, core.announced) = (parameters, None);
            self.emit(Event::ParametersAdopted { epoch: self.now });
        }
    }

    /// The clock's epoch is the last opened one now.
    fn advance_cursor(&mut self) {
        let record = self.state.epoch_at(self.now);
        let (roster_size, decision_marks) = (record.roster_size, record.decision_marks);
        let (start, size) = (record.window_start, u64::from(record.window_size));
        let core = &mut self.state.core;
        core.roster_sizes.rotate_right(1);
        if let Some(newest) = core.roster_sizes.first_mut() {
            *newest = roster_size;
        }
        core.cursor.previous_window_start = core.cursor.window_start;
        (core.cursor.window_start, core.cursor.window_end) = (start, start + size);
        (core.cursor.decision_marks, core.cursor.last_opened) = (decision_marks, self.now);
    }
}

impl super::State {
    /// When an epoch begins, Unix seconds.
    pub(super) fn epoch_start_s(&self, epoch: u32) -> u64 {
        let elapsed = u64::from(epoch) * u64::from(self.settings.fixed.epoch_seconds);
        self.settings.genesis_s.saturating_add(elapsed)
    }
}
