//! R6: one transaction a seat and epoch. It settles, is examined, marks, and appends.

use alloy_primitives::B256;

use super::State;
use super::block::{Block, ORDERS, Worth};
use super::epoch::EpochRecord;
use super::event::{Event, Suspicion};
use super::input::{Outcome, Publication, Refusal};
use super::marking::{Marked, Places};
use super::rejection::Rejection;
use super::rewards;
use super::seat::{Kind, Seat, Status};
use super::turn::Turn;
use crate::{Score, SeatId, Tally, capacity, challenge, evidence_binding};

const EVIDENCE_MAX: usize = 16 * 1024;
const SETTLED_PER_PUBLICATION: u32 = 3;

impl Turn<'_> {
    /// Errors: `NetworkNotStarted`, those of seeding, then those of [`Self::examined`]; see `journal` for when the
    /// settlement is kept.
    pub(super) fn publish(&mut self, publication: &Publication) -> Result<Outcome, Rejection> {
        self.require_started()?;
        let seeding = self.seeding()?;
        let id = publication.seat;
        let seat = self.state.known_seat(id)?;
        if seat.operator != self.caller {
            return Err(Rejection::CallerNotOperator { seat: id, caller: self.caller });
        }
        let root = seeding.map_or_else(|| self.state.epoch_at(self.now).root, |seeding| seeding.root);
        let examined = self.examined(seat, publication, root);
        if examined.is_err() {
            self.state.remember();
        }
        if let Some(seeding) = seeding {
            self.seed(seeding);
        }
        self.settle_oldest(id, SETTLED_PER_PUBLICATION);
        if let Some(reason) = self.refusal(id) {
            self.state.forget();
            self.emit(Event::PublicationRefused { seat: id, epoch: self.now, reason });
            return Ok(Outcome::Refused(reason));
        }
        match examined {
            Ok(places) => {
                self.append(publication, places.as_ref());
                Ok(Outcome::Published)
            }
            Err(rejection) => {
                self.state.take_back();
                Err(rejection)
            }
        }
    }

    /// What is wrong with the publication itself, or where its marks stand.
    ///
    /// Errors: `SignatureWrong`, `IdentityWrong`, `EpochAlreadyPublished`, `EvidenceMissing`, `EvidenceTooLarge`,
    /// `PreviousDigestWrong`, `ChallengeWrong`, `MarkUnknown`, `MarkUnassigned`, `LatestBindingsWrong`.
    fn examined(&self, seat: &Seat, p: &Publication, root: B256) -> Result<Option<Places>, Rejection> {
        if p.signer != Some(p.incarnation) || p.incarnation != seat.incarnation {
            return Err(Rejection::SignatureWrong { digest: p.digest });
        }
        let brought = (p.device_id, p.measurement, p.certificates_hash);
        if brought != (seat.device_id, seat.measurement, seat.certificates_hash) {
            return Err(Rejection::IdentityWrong(p.seat));
        }
        if seat.history.last() == Some(self.now) {
            return Err(Rejection::EpochAlreadyPublished { seat: p.seat, epoch: self.now });
        }
        if p.evidence.bytes == 0 {
            return Err(Rejection::EvidenceMissing);
        }
        let size = p.evidence.bytes.saturating_add(p.certificates.map_or(0, |new| new.bytes));
        if size > EVIDENCE_MAX {
            return Err(Rejection::EvidenceTooLarge { size });
        }
        if p.previous_digest != seat.last_digest {
            return Err(Rejection::PreviousDigestWrong { expected: seat.last_digest });
        }
        let expected = challenge(root, p.seat);
        if p.challenge != expected {
            return Err(Rejection::ChallengeWrong { expected });
        }
        if !p.marks.are_known() {
            return Err(Rejection::MarkUnknown(p.marks));
        }
        let places = self.places(self.state.rank_of(seat, self.state.epoch_at(self.now)), root, p.marks)?;
        let expected = places.as_ref().map_or(B256::ZERO, |places| self.latest_bindings(places, p.marks));
        if p.latest_bindings != expected {
            return Err(Rejection::LatestBindingsWrong { expected });
        }
        Ok(places)
    }

    /// Why the seat may not publish now, if it may not.
    fn refusal(&self, id: SeatId) -> Option<Refusal> {
        let seat = self.state.seat(id)?;
        let status = &seat.status;
        let undecided = |seat: &Seat| self.state.has_undecided(seat, self.now);
        match () {
            () if status.blocked => return Some(Refusal::Blocked),
            () if status.exiting => return Some(Refusal::Exiting),
            () if status.suspended => return Some(Refusal::Suspended),
            () if !status.probation => return None,
            () => {}
        }
        if !status.admitted {
            let claim = self.state.claim(seat.device_id);
            if claim.bound.is_some() {
                return Some(Refusal::BoundElsewhere);
            }
            let rival = claim.rival.filter(|rival| *rival != id).and_then(|rival| self.state.seat(rival));
            if rival.is_some_and(undecided) {
                return Some(Refusal::RivalClaim);
            }
        }
        undecided(seat).then_some(Refusal::UndecidedBlock)
    }

    /// Marks, and writes the block.
    fn append(&mut self, p: &Publication, places: Option<&Places>) {
        let Some(seat) = self.state.seat(p.seat) else { return };
        let (mut status, device_id) = (seat.status, seat.device_id);
        let provisional = !status.admitted;
        self.note_absence(p.seat, &mut status);
        let off = self.test_power(p, &mut status);
        let weight = self.state.variation.weight(&status.standing());
        let marked = match places {
            Some(places) if weight != 0 => self.mark(p.seat, weight, places, p.marks),
            _ => Marked::default(),
        };
        let assigned = places.map_or(1, |places| places.assigned);
        let share = rewards::share(&status, &self.state.core.parameters, p.power, p.marks, assigned);
        let order = self.next_order(weight, share);
        self.tell(p, order, weight);
        let certificates = p.certificates.map_or(p.certificates_hash, |new| new.digest);
        let block = Block {
            seat: p.seat,
            epoch: self.now,
            weight,
            tally: Tally::default(),
            logged: false,
            passed: false,
            decided: false,
            malicious: false,
            finished: false,
            accuser: marked.accuser,
            worth: if off { Worth::Off(p.power) } else { Worth::Share(share) },
            position: 0,
            rank: places.map_or(0, |places| places.rank),
            evidence_binding: evidence_binding(p.digest, p.evidence.digest, certificates),
            marks: marked.counted,
        };
        if provisional {
            self.state.claims.entry(device_id).or_default().rival = Some(p.seat);
        }
        self.keep(p, status, certificates, order, block);
    }

    /// A seat that missed R opened epochs is on probation when it returns (R1).
    fn note_absence(&mut self, id: SeatId, status: &mut Status) {
        let seen = self.state.seat(id).map_or(0, |seat| seat.history.seen_index);
        let missed = self.state.epoch_at(self.now).index.saturating_sub(seen);
        if missed > self.state.retention() && !status.probation {
            status.probation = true;
            self.emit(Event::ProbationBegun { seat: id, epoch: self.now });
        }
    }

    /// The new block's order (R3); its share is added to the epoch's.
    fn next_order(&mut self, weight: u16, share: u64) -> u32 {
        let mut order = 0;
        self.state.change_epoch(self.now, |record| {
            let EpochRecord { weighted, weightless, shares, .. } = record;
            *shares += u128::from(share);
            if weight == 0 {
                order = (ORDERS - 1).saturating_sub(*weightless);
                *weightless += 1;
            } else {
                order = *weighted;
                *weighted += 1;
            }
        });
        order
    }

    fn tell(&mut self, p: &Publication, order: u32, weight: u16) {
        let (seat, epoch) = (p.seat, self.now);
        self.emit(Event::BlockPublished {
            seat,
            epoch,
            digest: p.digest,
            order,
            weight,
            power: p.power,
            properties_digest: p.properties_digest,
            marks: p.marks,
            latest_bindings: p.latest_bindings,
            r: p.r,
            vs: p.vs,
            evidence: p.evidence,
        });
        if let Some(certificates) = p.certificates {
            self.emit(Event::CertificatesPublished { seat, epoch, certificates });
        }
    }

    /// Writes the block and what it changes of its seat; logs it if it is suspicious from the start (R8).
    fn keep(&mut self, p: &Publication, status: Status, certificates: B256, order: u32, mut block: Block) {
        let now = self.now;
        if block.weight != 0 {
            self.state.core.cursor.weighted_epoch = Some(now);
        }
        let (slot, index) = (self.state.slot(now), self.state.epoch_at(now).index);
        self.state.change_seat(p.seat, |seat| {
            if let Some(place) = seat.orders.get_mut(slot) {
                *place = order;
            }
            seat.history = seat.history.with_block(now);
            seat.history.seen_index = index;
            seat.status = status;
            (seat.last_digest, seat.certificates_hash) = (p.digest, certificates);
        });
        if let Some(reason) = self.suspicion(&status) {
            block = self.enter_log(block, order, reason);
        }
        self.state.put_block(order, block);
    }

    fn suspicion(&self, status: &Status) -> Option<Suspicion> {
        match () {
            () if status.probation => Some(Suspicion::Probation),
            () if status.unverified_power => Some(Suspicion::UnverifiedPower),
            () if status.trust.score >= Score::FULL => None,
            () => {
                let record = self.state.epoch_at(self.now);
                let (n, l2) = (record.roster_size, record.suspicious_checks);
                let spare = u64::from(capacity(n, l2, record.decision_marks));
                let pending = self.cursor().log_end - self.cursor().window_end;
                (pending < spare).then_some(Suspicion::Flagged)
            }
        }
    }
}

impl State {
    /// A seat's rank in an epoch's roster, if its block of the roster's epoch had weight (R3).
    pub(super) fn rank_of(&self, seat: &Seat, record: &EpochRecord) -> Option<u32> {
        let published = seat.history.has(Kind::Published, record.roster_epoch);
        let rank = self.order_of(seat, record.roster_epoch);
        (published && rank < record.roster_size).then_some(rank)
    }
}
