//! Blocks and epochs before the first event, as far as duties need them: views tell where they are and what they are
//! bound to, and content what they are.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::B256;
use alloy_sol_types::SolCall;
use multee_chain::ReadError;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_confirmation::EpochContext;
use multee_protocol::{Epoch, EpochSnapshot, SeatId, evidence_binding};

use super::beginning::Beginning;
use super::book::Book;
use super::records::{BlockRecord, EpochRecord, Fate};

/// Entries of the log that are looked at: more than the windows of the largest network have.
const ENTRIES_MAX: u64 = 1 << 22;

impl Beginning<'_> {
    /// Adds what the running epoch and the next can assign and what is not in `after`, the book after all events.
    pub(super) fn rebuild(&self, book: &mut Book, after: &Book) -> Result<(), ReadError> {
        let mut epochs: BTreeMap<Epoch, contract::EpochView> = BTreeMap::new();
        for (epoch, order) in self.wanted(book, after)? {
            let Some(view) = self.look(&contract::blockOfCall { epoch, order })? else { continue };
            match self.block(&view) {
                Some(block) => drop(book.blocks.insert((epoch, order), block)),
                None => drop(book.gaps.unread.insert((epoch, order), SeatId(view.seat))),
            }
            if !epochs.contains_key(&epoch) {
                epochs.extend(self.look(&contract::epochOfCall { epoch })?.map(|view| (epoch, view)));
            }
        }
        let records = epochs.into_iter().filter_map(|(epoch, view)| Some((epoch, self.epoch(&view)?)));
        book.epochs.extend(records);
        Ok(())
    }

    /// The blocks of the rosters, and those that stand in the log from the window on, of which no event tells.
    fn wanted(&self, book: &mut Book, after: &Book) -> Result<BTreeSet<(Epoch, u32)>, ReadError> {
        let network = &self.views.network;
        let mut wanted = BTreeSet::new();
        let (start, end) = (network.windowStart.to::<u64>(), network.logEnd.to::<u64>());
        let entries = (start..end.min(start.saturating_add(ENTRIES_MAX))).zip(0_u64..);
        for (position, offset) in entries.filter(|(position, _)| !after.log.contains_key(position)) {
            let call = contract::logEntryCall {
                position: network.windowStart.wrapping_add(alloy_primitives::Uint::from(offset)),
            };
            let Some(entry) = self.look(&call)? else { continue };
            let id = (entry.r#ref.epoch, entry.r#ref.order);
            book.log.insert(position, id);
            wanted.insert(id);
        }
        let last = self.look(&contract::epochOfCall { epoch: network.lastOpened })?;
        let rosters =
            [last.map(|last| last.rosterEpoch), network.hasWeighted.then_some(network.weightedEpoch)];
        for epoch in rosters.into_iter().flatten().filter(|epoch| *epoch < book.gaps.since) {
            let Some(view) = self.look(&contract::epochOfCall { epoch })? else { continue };
            wanted.extend((0..view.weightedBlocks).map(|order| (epoch, order)));
        }
        wanted.retain(|(epoch, _)| *epoch < book.gaps.since);
        Ok(wanted)
    }

    /// What a view tells; `None` where the contract knows no such thing any more.
    fn look<C: SolCall>(&self, call: &C) -> Result<Option<C::Return>, ReadError> {
        match self.network.read(call) {
            Ok(told) => Ok(Some(told)),
            Err(ReadError::Reverted(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn block(&self, view: &contract::BlockView) -> Option<BlockRecord> {
        let bound = self.content.bytes(view.evidenceBinding)?;
        let (digest, evidence_hash) = (word(&bound, 0)?, word(&bound, 1)?);
        let with = |hash| evidence_binding(digest, evidence_hash, hash);
        Some(BlockRecord {
            block: self.content.block(digest)?,
            digest,
            order: view.order,
            weight: view.weight,
            evidence: self.content.bytes(evidence_hash)?,
            evidence_hash,
            certificates: self.certificates_in(view.evidenceBinding, with),
            fate: Fate {
                position: view.logged.then(|| view.position.to()),
                passed: view.passed,
                decided: view.decided.then_some(view.malicious),
                finished: view.honestForGood && !view.decided,
            },
        })
    }

    fn epoch(&self, view: &contract::EpochView) -> Option<EpochRecord> {
        let context = EpochContext {
            epoch: view.epoch,
            epoch_start_s: self.rules.epoch_start_s(view.epoch),
            seed: self.content.seed(view.root)?,
            policy_digest: view.policyDigest,
            reference_digest: view.referenceDigest,
        };
        Some(EpochRecord {
            context,
            opened: view.opened,
            seed_block: view.seedBlock,
            seeded_in: None,
            roster_epoch: view.rosterEpoch,
            snapshot: EpochSnapshot {
                root: view.root,
                roster_size: view.rosterSize,
                window_size: view.windowSize,
                effective_decision_marks: view.decisionMarks,
                latest_checks: view.latestChecks,
                suspicious_checks: view.suspiciousChecks,
            },
            window_start: view.windowStart.to(),
            next_opened: (view.nextOpened != 0).then_some(view.nextOpened),
        })
    }
}

fn word(bytes: &[u8], index: usize) -> Option<B256> {
    bytes.chunks_exact(32).nth(index).map(B256::from_slice)
}
