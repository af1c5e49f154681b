//! R9: how far outcomes contradict the marks that a block gave, and whom its fall unwinds.

use super::State;
use super::block::Block;
use super::event::Suspicion;
use super::log::Finding;
use super::turn::Turn;
use crate::{Assignment, Check, Decision, Epoch, Judgement, Mark, Score};

impl State {
    /// a: how far outcomes contradict a block's own counted marks, each by its clarity. An outcome is known once the
    /// window's epoch is over and enough marks came, settled or not: who settles first gains nothing.
    pub(super) fn judgement(&self, block: &Block, now: Epoch) -> Score {
        let mut judgement = Judgement::default();
        if block.marks.0.is_zero() {
            return judgement.score();
        }
        let record = self.epoch_at(block.epoch);
        // Only blocks with rank have marks.
        let assignment = Assignment::in_order(&record.snapshot(), &record.order, block.rank);
        let Ok(assignment) = assignment else { return judgement.score() };
        let roster_is_void = self.is_void(record.roster_epoch, now);
        for (place, code) in block.marks.given() {
            let mark = Mark::from_code(code).unwrap_or_default();
            // A valid mark on a latest block is not judged, and its rank need not be computed.
            let judged = mark.is_negative() || place >= usize::from(assignment.latest_count());
            let outcome = match judged.then(|| assignment.check(place)).flatten() {
                Some(Check::Latest { rank }) if !roster_is_void => {
                    self.latest_outcome(record.roster_epoch, rank, now)
                }
                Some(Check::Suspicious { entry }) => {
                    self.window_outcome(record.window_start + u64::from(entry), now)
                }
                _ => None,
            };
            if let Some(outcome) = outcome {
                judgement.add(mark, self.variation.seen(outcome));
            }
        }
        judgement.score()
    }

    fn window_outcome(&self, position: u64, now: Epoch) -> Option<Decision> {
        match self.log.finding(position) {
            Finding::NONE => self.unsettled(position, self.log.tally(position), now),
            found => found.decision(),
        }
    }

    /// The decision on a latest block, or the outcome at its newest log position.
    fn latest_outcome(&self, roster_epoch: Epoch, rank: u32, now: Epoch) -> Option<Decision> {
        let target = self.block_at(roster_epoch, rank)?;
        if target.decided {
            return Some(target.tally.decision());
        }
        let position = Some(target.position).filter(|_| target.logged)?;
        self.unsettled(position, self.log.tally(position), now)
    }

    /// The latest blocks that a block marked valid, by rank in its roster, in order of place.
    fn vouched_for(&self, block: &Block) -> Vec<u32> {
        let record = self.epoch_at(block.epoch);
        let assignment = Assignment::in_order(&record.snapshot(), &record.order, block.rank);
        let Ok(assignment) = assignment else { return Vec::new() };
        let valid = block.marks.given().filter(|(_, code)| *code == Mark::Valid.code());
        let checks = valid.filter_map(|(place, _)| assignment.check(place));
        checks
            .filter_map(|check| match check {
                Check::Latest { rank } => Some(rank),
                Check::Suspicious { .. } | Check::Empty => None,
            })
            .collect()
    }
}

impl Turn<'_> {
    /// A malicious block's accomplices enter the log: latest blocks that it marked valid, open and not yet logged.
    pub(super) fn unwind(&mut self, block: &Block) {
        let roster_epoch = self.state.epoch_at(block.epoch).roster_epoch;
        if block.marks.0.is_zero() || self.is_void(roster_epoch) {
            return;
        }
        for rank in self.state.vouched_for(block) {
            let Some(target) = self.state.block_at(roster_epoch, rank).copied() else { continue };
            if target.is_open() && !target.logged {
                let target = self.enter_log(target, rank, Suspicion::Unwinding);
                self.state.change_block(rank, target);
            }
        }
    }
}
