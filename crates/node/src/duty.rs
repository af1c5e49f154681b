//! From ledger to duty: what the Confirmation Application is to check and sign in an epoch (R4).

use multee_confirmation::{AssignedBlock, Duty};
use multee_evidence::Policy;
use multee_protocol::{Assignment, AssignmentError, Check, Epoch, SeatId};

use crate::collateral::ReadCollateral;
use crate::ledger::{BlockRecord, EpochRecord, Ledger};

/// Why there is no duty for a seat in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DutyError {
    /// The seat is not registered.
    #[error("seat {} is not registered", .0.0)]
    UnknownSeat(SeatId),
    /// The epoch is not opened.
    #[error("epoch {0} is not opened")]
    NotOpened(Epoch),
    /// The contract's numbers make no assignment.
    #[error(transparent)]
    Assignment(#[from] AssignmentError),
}

/// The duty of `seat` in `epoch`.
///
/// # Errors
/// When seat or epoch are unknown.
pub fn duty(
    ledger: &Ledger,
    seat: SeatId,
    epoch: Epoch,
    collateral: &dyn ReadCollateral,
) -> Result<Duty, DutyError> {
    let record = ledger.seat(seat).ok_or(DutyError::UnknownSeat(seat))?;
    let opened = ledger.epoch(epoch).filter(|epoch| epoch.opened).ok_or(DutyError::NotOpened(epoch))?;
    let mut duty = Duty {
        deployment: ledger.network().deployment(),
        context: opened.context,
        seat,
        device_id: record.device_id,
        measurement: record.measurement,
        previous_digest: record.last_digest,
        latest: assignment(ledger, seat, opened)?.map_or(0, |it| it.latest_count()),
        policies: Vec::new(),
        roots: collateral.roots().into_iter().map(Into::into).collect(),
        references: Vec::new(),
        collaterals: Vec::new(),
        assigned: Vec::new(),
    };
    for (place, block) in assigned(ledger, seat, opened)? {
        add(&mut duty, ledger, place, block, collateral);
    }
    Ok(duty)
}

/// The blocks that the seat is to check, with their places; none without rank. A block that is the seat's own,
/// or met at an earlier place, gets no second look: the contract ignores such marks.
///
/// # Errors
/// When the contract's numbers make no assignment.
pub fn assigned<'a>(
    ledger: &'a Ledger,
    seat: SeatId,
    epoch: &EpochRecord,
) -> Result<Vec<(u8, &'a BlockRecord)>, DutyError> {
    let Some(assignment) = assignment(ledger, seat, epoch)? else { return Ok(Vec::new()) };
    let mut blocks: Vec<(u8, &BlockRecord)> = Vec::new();
    for (place, check) in (0_u8..).zip(assignment.checks()) {
        let block = match check {
            Check::Latest { rank } => ledger.block(epoch.roster_epoch, rank),
            Check::Suspicious { entry } => ledger.logged_at(epoch.window_start + u64::from(entry)),
            Check::Empty => None,
        };
        let Some(block) = block.filter(|block| block.block.seat != seat) else { continue };
        if !blocks.iter().any(|(_, met)| met.digest == block.digest) {
            blocks.push((place, block));
        }
    }
    Ok(blocks)
}

/// What is assigned to the seat, if it has a rank.
fn assignment(ledger: &Ledger, seat: SeatId, epoch: &EpochRecord) -> Result<Option<Assignment>, DutyError> {
    let rank = rank(ledger, seat, epoch);
    Ok(rank.map(|rank| Assignment::new(&epoch.snapshot, rank)).transpose()?)
}

/// The seat's place in the epoch's roster: the order of its block there, if that had weight (R3).
pub fn rank(ledger: &Ledger, seat: SeatId, epoch: &EpochRecord) -> Option<u32> {
    let order = ledger.order_of(seat, epoch.roster_epoch)?;
    (order < epoch.snapshot.roster_size).then_some(order)
}

fn add(duty: &mut Duty, ledger: &Ledger, place: u8, block: &BlockRecord, collateral: &dyn ReadCollateral) {
    let Some(epoch) = ledger.epoch(block.block.epoch) else { return };
    // What cannot be shown to belong together is no ground for a verdict.
    let (Some(evidence_binding), Some(certificates_hash)) =
        (block.evidence_binding(), block.certificates.hash())
    else {
        return;
    };
    let context = epoch.context;
    let policy = ledger.policy(context.policy_digest);
    if let Some(policy) = policy {
        index_of(&mut duty.policies, policy.clone());
    }
    if let Some(references) = ledger.references(context.reference_digest) {
        index_of(&mut duty.references, references.to_vec());
    }
    // Without a policy that can be read there is nothing to judge by, and nothing to fetch.
    let number =
        policy.and_then(|policy| Policy::from_json(policy).ok()).map(|it| it.tcb_evaluation_number());
    let document = block
        .quote()
        .zip(number)
        .and_then(|(quote, number)| collateral.collateral(&quote, number, context.epoch_start_s));
    duty.assigned.push(AssignedBlock {
        place,
        block: block.block,
        context,
        evidence_binding,
        evidence_hash: block.evidence_hash,
        evidence: Some(block.evidence.clone()),
        certificates_hash,
        certificates: block.certificates.bytes().cloned(),
        collateral: document.and_then(|document| index_of(&mut duty.collaterals, document.into())),
    });
}

/// Where `item` stands in `list`, added if it was not there.
fn index_of<T: PartialEq>(list: &mut Vec<T>, item: T) -> Option<u16> {
    let index = list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    });
    u16::try_from(index).ok()
}
