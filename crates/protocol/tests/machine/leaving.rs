//! R1, R13, R15: removal, exit, rejoining, equivocation.

use alloy_primitives::Address;
use multee_protocol::machine::{Equivocation, Event, Input, Outcome, Rejection, Statement};
use multee_protocol::{Parameters, SeatId, Tier};

use crate::world::{OWNER, World, incarnation, measurement, operator, provider, word};

const STRANGER: Address = Address::repeat_byte(0x55);

fn deposit() -> u128 {
    Parameters::default().min_deposit
}

fn withdraw() -> Input {
    Input::WithdrawDeposit(SeatId(1))
}

fn rejoin(boot: u32) -> Input {
    let incarnation = incarnation(1, boot);
    Input::Rejoin { seat: SeatId(1), operator: operator(7), incarnation, measurement: measurement() }
}

#[test]
fn a_seat_never_admitted_is_removed_for_a_bounty() {
    let mut world = World::founded(1, Parameters::default());
    world.at(3);
    let joined = world.join(2);
    // Only opened epochs count, in which it could have been admitted.
    world.at(60);
    (0..31).for_each(|_| world.next());
    let remove = Input::Remove(joined);
    assert_eq!(world.fails(STRANGER, remove.clone()), Rejection::SeatNotRemovable(joined));
    world.next();
    assert_eq!(world.fails(STRANGER, Input::Remove(SeatId(1))), Rejection::SeatNotRemovable(SeatId(1)));
    assert_eq!(world.fails(STRANGER, Input::Remove(SeatId(3))), Rejection::SeatUnknown(SeatId(3)));
    let bounty = deposit() / 10;
    let events = world.does(STRANGER, remove.clone());
    assert_eq!(events, [Event::SeatRemoved { seat: joined, epoch: 92, remover: STRANGER, bounty }]);
    assert_eq!(world.fails(STRANGER, remove), Rejection::SeatNotRemovable(joined));
    assert_eq!(world.state.bounty_of(STRANGER), bounty);
    let paid = world.does(STRANGER, Input::WithdrawBounty);
    assert_eq!(paid, [Event::BountyPaid { to: STRANGER, amount: bounty }]);
    assert_eq!(world.fails(STRANGER, Input::WithdrawBounty), Rejection::NothingToPay(STRANGER));
    world.at(106);
    let rest = world.outcome(provider(2), Input::WithdrawDeposit(joined));
    assert_eq!(rest, Ok(Outcome::Amount(deposit() - bounty)));
}

#[test]
fn an_exit_unbonds_the_whole_deposit_of_an_honest_seat() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.publish_all(1..=3);
    world.day(1..=3);
    assert_eq!(world.fails(provider(1), withdraw()), Rejection::SeatNotExiting(SeatId(1)));
    assert_eq!(
        world.fails(operator(1), Input::Exit(SeatId(1))),
        Rejection::CallerNotProvider { seat: SeatId(1), caller: operator(1) }
    );
    let exit = world.does(provider(1), Input::Exit(SeatId(1)));
    assert_eq!(exit, [Event::SeatExiting { seat: SeatId(1), epoch: 1, fee: 0 }]);
    assert_eq!(world.fails(provider(1), Input::Exit(SeatId(1))), Rejection::SeatIsExiting(SeatId(1)));
    for _ in 0..13 {
        world.day(2..=3);
    }
    assert_eq!(world.epoch(), 14);
    assert_eq!(
        world.fails(provider(1), withdraw()),
        Rejection::DepositLocked { seat: SeatId(1), from_epoch: 15 }
    );
    world.day(2..=3);
    let (amount, balance) = (deposit(), world.state.balance());
    let paid = world.does(provider(1), withdraw());
    assert_eq!(paid, [Event::DepositPaid { seat: SeatId(1), to: provider(1), amount, withheld: 0 }]);
    assert_eq!(balance - world.state.balance(), amount);
    assert_eq!(world.fails(provider(1), withdraw()), Rejection::SeatPaidOut(SeatId(1)));
    assert!(world.seat(1).exiting && world.seat(1).funds.paid_out);
    assert_eq!(world.state.bound_seat_of(crate::world::device(1)), Some(SeatId(1)), "bound for good");
}

#[test]
fn a_provisional_seat_leaves_a_fee_to_carry() {
    let mut world = World::founded(1, Parameters::default());
    let joined = world.join(2);
    let fee = deposit() / 10;
    let exit = world.does(provider(2), Input::Exit(joined));
    assert_eq!(exit, [Event::SeatExiting { seat: joined, epoch: 0, fee }]);
    assert_eq!(world.state.network_view(world.time).carry, fee);
    world.at(14);
    let rest = world.outcome(provider(2), Input::WithdrawDeposit(joined));
    assert_eq!(rest, Ok(Outcome::Amount(deposit() - fee)));
}

#[test]
fn a_longer_unbonding_announced_later_does_not_prolong_an_exit() {
    let mut world = World::founded(2, Parameters::default());
    world.open();
    let longer = Parameters { unbonding_epochs: 3650, ..Parameters::default() };
    world.does(OWNER, Input::AnnounceParameters(longer));
    world.at(6);
    world.does(provider(1), Input::Exit(SeatId(1)));
    assert_eq!(world.seat(1).unbonded_epoch, 20);
    world.at(7);
    world.open();
    world.does(provider(2), Input::Exit(SeatId(2)));
    assert_eq!(world.seat(2).unbonded_epoch, 3657);
    world.at(20);
    world.does(provider(1), withdraw());
}

#[test]
fn open_blocks_hold_the_deposit_until_they_are_void() {
    let parameters = Parameters { unbonding_epochs: 1, ..Parameters::default() };
    let mut world = World::founded(2, parameters);
    world.open();
    world.publish_all(1..=2);
    world.does(provider(1), Input::Exit(SeatId(1)));
    world.at(31);
    assert_eq!(world.fails(provider(1), withdraw()), Rejection::BlocksStillOpen(SeatId(1)));
    world.at(32);
    world.does(provider(1), withdraw());
}

#[test]
fn penalties_withhold_their_part_and_come_before_exit() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.bad[1] = true;
    world.publish_all(1..=3);
    world.does(provider(1), Input::Exit(SeatId(1)));
    for _ in 0..14 {
        world.day(2..=3);
    }
    assert_eq!(world.seat(1).penalties, 1, "settled while it unbonds");
    let withheld = deposit() / 13;
    let amount = deposit() - withheld;
    let carry = world.state.network_view(world.time).carry;
    let paid = world.does(provider(1), withdraw());
    assert_eq!(paid, [Event::DepositPaid { seat: SeatId(1), to: provider(1), amount, withheld }]);
    assert_eq!(world.state.network_view(world.time).carry - carry, withheld);
}

#[test]
fn more_penalties_than_now_block_a_seat_withhold_all() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.bad[1] = true;
    for _ in 0..4 {
        world.publish_all(1..=3);
        world.next();
        world.settle();
    }
    assert!(world.seat(1).penalties >= 2 && world.seat(1).tier == Tier::Suspended);
    let strict = Parameters { max_penalties: 1, ..Parameters::default() };
    world.does(OWNER, Input::AnnounceParameters(strict));
    while world.state.parameters().max_penalties != 1 {
        world.day(2..=3);
    }
    world.does(provider(1), Input::Exit(SeatId(1)));
    for _ in 0..14 {
        world.day(2..=3);
    }
    let paid = world.outcome(provider(1), withdraw());
    assert_eq!(paid, Ok(Outcome::Amount(0)));
    assert_eq!(world.seat(1).funds.deposit, 0);
}

#[test]
fn fewer_penalties_announced_later_withhold_no_more_of_who_is_leaving() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.bad[1] = true;
    world.publish_all(1..=3);
    world.does(provider(1), Input::Exit(SeatId(1)));
    let strict = Parameters { max_penalties: 2, ..Parameters::default() };
    world.does(OWNER, Input::AnnounceParameters(strict));
    for _ in 0..14 {
        world.day(2..=3);
    }
    assert_eq!((world.state.parameters().max_penalties, world.seat(1).penalties), (2, 1));
    let paid = world.outcome(provider(1), withdraw());
    assert_eq!(paid, Ok(Outcome::Amount(deposit() - deposit() / 13)));
}

#[test]
fn who_exits_before_a_slash_is_slashed() {
    let parameters = Parameters { max_penalties: 1, ..Parameters::default() };
    let mut world = World::founded(3, parameters);
    world.open();
    world.bad[1] = true;
    world.publish_all(1..=3);
    world.does(provider(1), Input::Exit(SeatId(1)));
    for _ in 0..3 {
        world.day(2..=3);
    }
    assert_eq!((world.seat(1).tier, world.seat(1).funds.deposit), (Tier::Blocked, 0));
    assert_eq!(world.fails(provider(1), withdraw()), Rejection::SeatIsBlocked(SeatId(1)));
}

#[test]
fn a_seat_that_rejoins_is_the_same_seat() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.bad[1] = true;
    world.publish_all(1..=3);
    let last_digest = world.seat(1).last_digest;
    world.does(provider(1), Input::Exit(SeatId(1)));
    assert_eq!(world.fails(provider(1), rejoin(1)), Rejection::SeatNotPaidOut(SeatId(1)));
    for _ in 0..14 {
        world.day(2..=3);
    }
    world.does(provider(1), withdraw());
    assert_eq!(
        world.fails(operator(1), rejoin(1)),
        Rejection::CallerNotProvider { seat: SeatId(1), caller: operator(1) }
    );
    assert_eq!(world.fails(provider(1), rejoin(0)), Rejection::IncarnationNotNew(incarnation(1, 0)));
    world.does(OWNER, Input::SetPaused(true));
    assert_eq!(world.fails(provider(1), rejoin(1)), Rejection::NetworkPaused);
    world.does(OWNER, Input::SetPaused(false));
    world.day(2..=3);
    let events = world.does(provider(1), rejoin(1));
    assert!(matches!(
        events[..],
        [
            Event::SeatRejoined { seat: SeatId(1), epoch: 15, .. },
            Event::SeatRestarted { epoch: 15, .. },
            Event::IncarnationBegun { since_epoch: 15, .. }
        ]
    ));
    let seat = world.seat(1);
    assert_eq!((seat.penalties, seat.last_digest, seat.operator), (1, last_digest, operator(7)));
    assert_eq!((seat.exiting, seat.funds.paid_out, seat.funds.deposit), (false, false, deposit()));
    assert_eq!((seat.tier, seat.admitted), (Tier::Probation, true));
    world.bad[1] = false;
    for _ in 0..3 {
        world.day(1..=3);
    }
    assert!(world.seat(1).tier >= Tier::Restricted);
}

#[test]
fn a_provisional_seat_does_not_rejoin_under_an_id_that_is_bound_elsewhere() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.day(1..=3);
    world.join(4);
    let rival = crate::world::registration(4);
    world.does(provider(5), Input::Join(rival));
    world.bad.push(false);
    world.does(provider(5), Input::Exit(SeatId(5)));
    world.publish(4).expect("published");
    for _ in 0..14 {
        world.day(1..=4);
    }
    assert!(world.seat(4).admitted);
    world.does(provider(5), Input::WithdrawDeposit(SeatId(5)));
    let again = Input::Rejoin {
        seat: SeatId(5),
        operator: operator(5),
        incarnation: incarnation(5, 1),
        measurement: measurement(),
    };
    assert_eq!(
        world.fails(provider(5), again),
        Rejection::DeviceIdBound { device_id: crate::world::device(4), seat: SeatId(4) }
    );
}

fn pair(first: Statement, second: Statement) -> Equivocation {
    Equivocation { seat: SeatId(1), incarnation: incarnation(1, 0), epoch: 9, first, second }
}

fn statement(name: &str, boot: u32) -> Statement {
    Statement { digest: word(name, 0), signer: Some(incarnation(1, boot)) }
}

#[test]
fn two_blocks_signed_for_one_challenge_block_the_seat() {
    let mut world = World::founded(2, Parameters::default());
    world.open();
    let report = |pair| Input::ReportEquivocation(pair);
    let good = pair(statement("one", 0), statement("two", 0));
    for wrong in [
        pair(statement("one", 0), statement("one", 0)),
        pair(statement("one", 1), statement("two", 0)),
        pair(statement("one", 0), Statement { signer: None, ..statement("two", 0) }),
    ] {
        assert_eq!(world.fails(STRANGER, report(wrong)), Rejection::EquivocationUnproven);
    }
    let other = Equivocation { incarnation: incarnation(1, 1), ..good };
    assert_eq!(
        world.fails(STRANGER, report(other)),
        Rejection::IncarnationUnknown { seat: SeatId(1), incarnation: incarnation(1, 1) }
    );
    let unknown = Equivocation { seat: SeatId(3), ..good };
    assert_eq!(world.fails(STRANGER, report(unknown)), Rejection::SeatUnknown(SeatId(3)));
    let bounty = deposit() / 10;
    let events = world.does(STRANGER, report(good));
    assert_eq!(
        events,
        [
            Event::EquivocationProven {
                seat: SeatId(1),
                incarnation: incarnation(1, 0),
                epoch: 9,
                reporter: STRANGER,
                bounty
            },
            Event::SeatBlocked { seat: SeatId(1), epoch: 0, slashed: deposit() - bounty, rewards_lost: 0 }
        ]
    );
    assert_eq!(world.state.bounty_of(STRANGER), bounty);
    assert_eq!(world.fails(STRANGER, report(good)), Rejection::SeatIsBlocked(SeatId(1)));
    assert_eq!(world.fails(provider(1), Input::Exit(SeatId(1))), Rejection::SeatIsBlocked(SeatId(1)));
    let restart =
        Input::Restart { seat: SeatId(1), incarnation: incarnation(1, 1), measurement: measurement() };
    assert_eq!(world.fails(operator(1), restart), Rejection::SeatIsBlocked(SeatId(1)));
}

#[test]
fn an_incarnation_that_no_peer_confirmed_is_not_reported() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.day(1..=3);
    let (incarnation, measurement) = (incarnation(1, 1), measurement());
    world.does(operator(1), Input::Restart { seat: SeatId(1), incarnation, measurement });
    let report = |boot| {
        let (first, second) = (statement("one", boot), statement("two", boot));
        Input::ReportEquivocation(Equivocation { incarnation, ..pair(first, second) })
    };
    let unknown = Rejection::IncarnationUnknown { seat: SeatId(1), incarnation };
    assert_eq!(world.fails(STRANGER, report(1)), unknown);
    for _ in 0..3 {
        world.day(1..=3);
    }
    assert!(world.seat(1).tier >= Tier::Restricted);
    world.does(STRANGER, report(1));
    assert_eq!(world.seat(1).tier, Tier::Blocked);
}

#[test]
fn what_penalties_withhold_earns_no_bounty() {
    let mut world = World::founded(3, Parameters::default());
    world.open();
    world.bad[1] = true;
    world.publish_all(1..=3);
    for _ in 0..3 {
        world.day(2..=3);
    }
    assert_eq!(world.seat(1).penalties, 1);
    let report = Input::ReportEquivocation(pair(statement("one", 0), statement("two", 0)));
    let events = world.does(STRANGER, report);
    let earned = (deposit() - deposit() / 13) / 10;
    assert!(matches!(events[0], Event::EquivocationProven { bounty, .. } if bounty == earned));
}

#[test]
fn a_former_incarnation_can_be_reported() {
    let mut world = World::founded(2, Parameters::default());
    world.does(
        operator(1),
        Input::Restart { seat: SeatId(1), incarnation: incarnation(1, 1), measurement: measurement() },
    );
    let report = Input::ReportEquivocation(pair(statement("one", 0), statement("two", 0)));
    world.does(STRANGER, report);
    assert_eq!(world.seat(1).tier, Tier::Blocked);
}

#[test]
fn a_seat_that_is_paid_out_and_then_reported_has_nothing_to_take() {
    let mut world = World::founded(2, Parameters::default());
    world.does(provider(1), Input::Exit(SeatId(1)));
    world.at(14);
    world.does(provider(1), withdraw());
    let report = Input::ReportEquivocation(pair(statement("one", 0), statement("two", 0)));
    let events = world.does(STRANGER, report);
    assert!(matches!(
        events[..],
        [Event::EquivocationProven { bounty: 0, .. }, Event::SeatBlocked { slashed: 0, .. }]
    ));
    assert_eq!(world.fails(STRANGER, Input::WithdrawBounty), Rejection::NothingToPay(STRANGER));
    assert_eq!(world.fails(provider(1), rejoin(1)), Rejection::SeatIsBlocked(SeatId(1)));
}
