//! Which call a transaction's events begin with.
//!
//! Calls are told apart by their first event. Two things need more than that. *Settlement*: each settled block has a
//! group of events, and a call that settles several is the same as several that settle one. *Publication*: it settles up
//! to three blocks of its seat, oldest first, before it publishes; so of the groups before a publication, the longest run
//! of at most three that are of its seat, and in ascending order of epoch, are its own. (Had the contract been called to
//! settle some of them before, in one transaction, the publication would have settled them: the result is the same.) A
//! seed that a publication sets is the same as one set before it.

use alloy_primitives::{Address, B256};
use multee_protocol::SeatId;
use multee_protocol::machine::{
    BlockRef, Equivocation, Event, Input, Registration, State, Statement, Suspicion,
};

use crate::publication::{published, refused};

/// Blocks that a publication settles at most (R6).
const SETTLED_PER_PUBLICATION: usize = 3;

/// The call that the events, of which there is at least one, begin with, and who may have made it. `None` if there is no
/// such call.
pub(crate) fn first(events: &[&Event], state: &State, timestamp_s: u64) -> Option<(Address, Input)> {
    let owner = state.owner();
    Some(match events.first()? {
        Event::SeatRegistered { .. } => return registered(events, state),
        Event::SeatRestarted { seat, .. } => {
            let (incarnation, measurement) = begun(events.get(1)?)?;
            (operator(state, *seat), Input::Restart { seat: *seat, incarnation, measurement })
        }
        Event::SeatRejoined { seat, operator, .. } => {
            let (incarnation, measurement) = begun(events.get(2)?)?;
            let (seat, operator) = (*seat, *operator);
            (provider(state, seat), Input::Rejoin { seat, operator, incarnation, measurement })
        }
        Event::SeatRemoved { seat, remover, .. } => (*remover, Input::Remove(*seat)),
        Event::OperatorSet { seat, operator } => {
            (provider(state, *seat), Input::SetOperator { seat: *seat, operator: *operator })
        }
        Event::SeatExiting { seat, .. } => (provider(state, *seat), Input::Exit(*seat)),
        Event::EquivocationProven { seat, incarnation, epoch, reporter, .. } => {
            (*reporter, proven(*seat, *incarnation, *epoch))
        }
        Event::DepositPaid { seat, to, .. } => (*to, Input::WithdrawDeposit(*seat)),
        Event::RewardPaid { seat, to, .. } => (*to, Input::WithdrawRewards(*seat)),
        Event::BountyPaid { to, .. } => (*to, Input::WithdrawBounty),
        Event::EpochOpened { .. } => (Address::ZERO, Input::OpenEpoch),
        Event::EpochSeeded { .. } | Event::ParametersAdopted { .. } => (Address::ZERO, Input::SeedEpoch),
        Event::ParametersAnnounced { parameters, .. } => (owner, Input::AnnounceParameters(*parameters)),
        Event::PauseSet { paused } => (owner, Input::SetPaused(*paused)),
        Event::PolicySet { document } => (owner, Input::SetPolicy(*document)),
        Event::ReferenceValuesSet { digest, values } => {
            (owner, Input::SetReferenceValues { digest: *digest, values: values.clone() })
        }
        Event::StandstillAnnounced { .. } => (owner, Input::AnnounceStandstill),
        // A call that revives several is the same as several that revive one.
        Event::SeatRevived { seat, .. } => (owner, Input::Revive(vec![*seat])),
        Event::OwnershipTransferStarted { new_owner, .. } => (owner, Input::TransferOwnership(*new_owner)),
        Event::OwnershipTransferred { new_owner, .. } if new_owner.is_zero() => {
            (owner, Input::RenounceOwnership)
        }
        Event::OwnershipTransferred { new_owner, .. } => (*new_owner, Input::AcceptOwnership),
        _ => return settled_or_published(events, state, timestamp_s),
    })
}

fn operator(state: &State, seat: SeatId) -> Address {
    state.seat_view(seat).map_or(Address::ZERO, |seat| seat.operator)
}

fn provider(state: &State, seat: SeatId) -> Address {
    state.seat_view(seat).map_or(Address::ZERO, |seat| seat.provider)
}

fn begun(event: &Event) -> Option<(Address, B256)> {
    match event {
        Event::IncarnationBegun { incarnation, measurement, .. } => Some((*incarnation, *measurement)),
        _ => None,
    }
}

fn registered(events: &[&Event], state: &State) -> Option<(Address, Input)> {
    let [Event::SeatRegistered { device_id, provider, operator, founding, verified_power, .. }, next, ..] =
        events
    else {
        return None;
    };
    let (incarnation, measurement) = begun(next)?;
    let registration = Registration { operator: *operator, device_id: *device_id, incarnation, measurement };
    let (provider, verified_power) = (*provider, *verified_power);
    Some(if *founding {
        (state.owner(), Input::Found { provider, registration, verified_power })
    } else {
        (provider, Input::Join(registration))
    })
}

/// The two blocks are in the call's data only: it is taken that they prove what the contract says they do.
fn proven(seat: SeatId, incarnation: Address, epoch: u32) -> Input {
    let statement = |byte| Statement { digest: B256::repeat_byte(byte), signer: Some(incarnation) };
    let (first, second) = (statement(1), statement(2));
    Input::ReportEquivocation(Equivocation { seat, incarnation, epoch, first, second })
}

/// The events of one settled block.
struct Group {
    seat: Option<SeatId>,
    at: BlockRef,
    length: usize,
}

fn settled_or_published(events: &[&Event], state: &State, timestamp_s: u64) -> Option<(Address, Input)> {
    let (mut groups, mut rest) = (Vec::new(), events);
    while let Some(group) = group(rest, state, timestamp_s) {
        rest = rest.get(group.length..).unwrap_or_default();
        groups.push(group);
    }
    if let Some((seat, told)) = publication(rest)
        && own(&groups, seat) == groups.len()
    {
        let input = match told {
            [Event::BlockPublished { .. }, ..] => published(seat, told, state, timestamp_s)?,
            _ => refused(seat),
        };
        return Some((operator(state, seat), Input::Publish(input)));
    }
    groups.first().map(|group| (Address::ZERO, Input::Settle(vec![group.at])))
}

/// The group that the events begin with. A block that the rules do not know has an order that none has.
fn group(events: &[&Event], state: &State, timestamp_s: u64) -> Option<Group> {
    let before = events.iter().take_while(|event| {
        matches!(
            event,
            Event::SeatSuspended { .. }
                | Event::SeatPenalised { .. }
                | Event::SeatBlocked { .. }
                | Event::PowerVerified { .. }
                | Event::SeatAdmitted { .. }
        )
    });
    let before = before.count();
    let of_seat = |seat, epoch, length| {
        let view = state.block_view_of_seat(seat, epoch, timestamp_s);
        let order = view.map_or(u32::MAX, |block| block.order);
        Group { seat: Some(seat), at: BlockRef { epoch, order }, length }
    };
    match events.get(before)? {
        Event::BlockDecided { seat, epoch, .. } => {
            let unwound = events
                .iter()
                .skip(before + 1)
                .take_while(|event| matches!(event, Event::BlockLogged { reason: Suspicion::Unwinding, .. }));
            Some(of_seat(*seat, *epoch, before + 1 + unwound.count()))
        }
        Event::BlockPassed { seat, epoch, .. } | Event::BlockFinal { seat, epoch, .. } => {
            Some(of_seat(*seat, *epoch, before + 1))
        }
        Event::BlockLogged { epoch, order, reason: Suspicion::Unchecked | Suspicion::Undecided, .. }
            if before == 0 =>
        {
            let view = state.block_view(*epoch, *order, timestamp_s);
            let at = BlockRef { epoch: *epoch, order: *order };
            Some(Group { seat: view.ok().map(|block| block.seat), at, length: 1 })
        }
        _ => None,
    }
}

/// The publication, refused or not, that the events begin with, from the event that tells it on.
fn publication<'a>(events: &'a [&'a Event]) -> Option<(SeatId, &'a [&'a Event])> {
    let before = events.iter().take_while(|event| {
        matches!(
            event,
            Event::ProbationBegun { .. }
                | Event::PowerUnverified { .. }
                | Event::BlockLogged { reason: Suspicion::NegativeMark, .. }
        )
    });
    let told = events.get(before.count()..)?;
    match told.first()? {
        Event::BlockPublished { seat, .. } | Event::PublicationRefused { seat, .. } => Some((*seat, told)),
        _ => None,
    }
}

/// How many of the last groups are the publication's own.
fn own(groups: &[Group], seat: SeatId) -> usize {
    let mut next_epoch = u64::MAX;
    let mine = groups.iter().rev().take(SETTLED_PER_PUBLICATION).take_while(|group| {
        let ascends = u64::from(group.at.epoch) < next_epoch;
        next_epoch = group.at.epoch.into();
        group.seat == Some(seat) && ascends
    });
    mine.count()
}
