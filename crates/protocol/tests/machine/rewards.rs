//! R12: pots, shares, payment, maturing.

use multee_protocol::machine::{BlockRef, Equivocation, Event, Input, Outcome, Rejection, Statement};
use multee_protocol::{Mark, Parameters, Score, SeatId, Tier};

use crate::world::{OWNER, POWER, World, incarnation, operator, provider, word};

fn parameters(reward_per_epoch: u128) -> Parameters {
    Parameters { reward_per_epoch, reward_delay_epochs: 3, ..Parameters::default() }
}

/// Founding seats of a network that was given tokens.
fn world(seats: u32, reward_per_epoch: u128, given: u128) -> World {
    let mut world = World::founded(seats, parameters(reward_per_epoch));
    world.does(OWNER, Input::Donate { amount: given });
    world
}

fn pot(world: &World, epoch: u32) -> u128 {
    world.state.epoch_view(epoch, world.time).expect("opened").pot
}

#[test]
fn a_pot_is_filled_from_what_is_unallocated() {
    let mut world = world(2, 1000, 2500);
    world.open();
    assert_eq!(pot(&world, 0), 1000);
    world.next();
    assert_eq!(pot(&world, 1), 2000, "and the pot of epoch 0, in which nobody published, went to carry");
    world.next();
    assert_eq!(pot(&world, 2), 1500, "500 were left, and 1000 of carry");
    let view = world.state.network_view(world.time);
    assert_eq!((view.carry, view.purses), (1000, 1500));
}

#[test]
fn deposits_are_nobodys_reward() {
    let mut world = world(2, 10_u128.pow(30), 0);
    world.open();
    assert_eq!(pot(&world, 0), 0);
}

#[test]
fn an_opening_without_seed_keeps_its_pot() {
    let mut world = world(2, 1000, 1500);
    world.does(OWNER, Input::OpenEpoch);
    world.at(1);
    let events = world.does(OWNER, Input::OpenEpoch);
    assert!(matches!(events[..], [Event::EpochOpened { pot: 1000, .. }]));
    assert_eq!((pot(&world, 0), pot(&world, 1)), (0, 1000));
    world.block += 400;
    let events = world.does(OWNER, Input::OpenEpoch);
    assert!(matches!(events[..], [Event::EpochOpened { pot: 1000, .. }]), "opened anew");
    assert_eq!(world.state.network_view(world.time).purses, 1000);
}

#[test]
fn shares_follow_power_and_marks_given() {
    let mut world = world(3, 1000, 1000);
    world.open();
    world.publish_as(1, |p| p.power = POWER).expect("published");
    world.publish_all(2..=3);
    let share = |world: &World, seat| {
        let epoch = world.epoch();
        world.state.block_view_of_seat(SeatId(seat), epoch, world.time).expect("a block").share
    };
    assert_eq!(share(&world, 1), POWER / 2, "without rank half");
    world.next();
    world.publish(1).expect("published");
    world.publish_as(2, |_| ()).expect("published");
    let one = multee_protocol::Marks(alloy_primitives::U256::ONE);
    world.publish_as(3, |p| p.marks = one).expect("published");
    assert_eq!([1, 2, 3].map(|seat| share(&world, seat)), [POWER, POWER / 3, 2 * POWER / 3]);
    let shares = world.state.epoch_view(1, world.time).expect("opened").shares;
    assert_eq!(shares, u128::from(POWER + POWER / 3 + 2 * POWER / 3));
}

#[test]
fn tier_restricted_earns_half_and_tier_warning_all() {
    let mut world = world(3, 0, 0);
    world.open();
    world.publish_all(1..=3);
    world.next();
    for number in 1..=3 {
        let marks = world.marks(number, |_| if number == 1 { Mark::BindingWrong } else { Mark::Valid });
        world.publish_as(number, |p| p.marks = marks).expect("published");
    }
    let mut tiers = std::collections::BTreeMap::new();
    for _ in 0..7 {
        world.day(1..=3);
        let seat = world.seat(1);
        let block = world.state.block_view_of_seat(SeatId(1), world.epoch(), world.time).expect("a block");
        tiers.insert(seat.tier, block.share);
    }
    let expected = [(Tier::Restricted, POWER / 2), (Tier::Warning, POWER), (Tier::Full, POWER)];
    assert_eq!(tiers, expected.into());
}

#[test]
fn a_final_block_earns_its_part_and_it_matures_after_one_to_two_delays() {
    let mut world = world(3, 1000, 1000);
    world.open();
    world.publish_all(1..=3);
    for _ in 0..10 {
        world.day(1..=3);
    }
    let rewards: Vec<_> = world
        .told()
        .into_iter()
        .filter_map(|event| match event {
            Event::BlockFinal { epoch: 0, reward, .. } => Some(reward),
            _ => None,
        })
        .collect();
    assert_eq!(rewards, [333, 333, 333]);
    let epoch = world.state.epoch_view(0, world.time).expect("opened");
    assert_eq!((epoch.pot, epoch.left), (1000, 1));
    let funds = world.seat(1).funds;
    assert_eq!((funds.new_rewards, funds.matured_rewards, funds.rolled_epoch), (333, 0, 9));
    let withdraw = Input::WithdrawRewards(SeatId(1));
    let nothing = Rejection::NothingToPay(provider(1));
    for (epoch, matured) in [(11, false), (14, false), (15, true)] {
        world.at(epoch);
        if matured {
            let before = world.state.balance();
            let paid = world.does(provider(1), withdraw.clone());
            assert_eq!(paid, [Event::RewardPaid { seat: SeatId(1), to: provider(1), amount: 333 }]);
            assert_eq!(before - world.state.balance(), 333);
        } else {
            assert_eq!(world.fails(provider(1), withdraw.clone()), nothing, "epoch {epoch}");
        }
    }
    assert_eq!(world.fails(provider(1), withdraw.clone()), nothing, "once");
    let stranger = world.fails(operator(1), withdraw);
    assert_eq!(stranger, Rejection::CallerNotProvider { seat: SeatId(1), caller: operator(1) });
}

#[test]
fn a_malicious_blocks_part_goes_to_carry() {
    let mut world = world(3, 3000, 3000);
    world.open();
    world.bad[1] = true;
    world.publish_all(1..=3);
    for _ in 0..2 {
        world.day(1..=3);
    }
    world.at(3);
    world.settle();
    let taken = world.told().into_iter().find_map(|event| match event {
        Event::BlockDecided { seat: SeatId(1), epoch: 0, malicious: true, reward, .. } => Some(reward),
        _ => None,
    });
    assert_eq!(taken, Some(1000));
    assert_eq!(world.seat(1).funds.new_rewards, 0);
    let view = world.state.network_view(world.time);
    assert_eq!((view.carry, view.purses), (1000, 2000));
}

#[test]
fn blocking_forfeits_all_rewards_matured_or_not() {
    let mut world = world(3, 3000, 1_000_000);
    world.open();
    world.publish_all(1..=3);
    for _ in 0..16 {
        world.day(1..=3);
    }
    let funds = world.seat(1).funds;
    let owed = funds.new_rewards + funds.old_rewards + funds.matured_rewards;
    assert!(funds.matured_rewards > 0 && funds.new_rewards > 0);
    let statement = |name| Statement { digest: word(name, 0), signer: Some(world.seat(1).incarnation) };
    let pair = Equivocation {
        seat: SeatId(1),
        incarnation: world.seat(1).incarnation,
        epoch: 3,
        first: statement("first"),
        second: statement("second"),
    };
    let events = world.does(OWNER, Input::ReportEquivocation(pair));
    assert!(matches!(events[1], Event::SeatBlocked { rewards_lost, .. } if rewards_lost == owed));
    assert_eq!(
        world.fails(provider(1), Input::WithdrawRewards(SeatId(1))),
        Rejection::NothingToPay(provider(1))
    );
    // What its blocks would have earned goes to carry.
    world.told();
    world.day(2..=3);
    let carried = world
        .told()
        .into_iter()
        .any(|event| matches!(event, Event::BlockFinal { seat: SeatId(1), reward, .. } if reward > 0));
    assert!(carried);
    assert_eq!(world.seat(1).funds.new_rewards, 0);
}

#[test]
fn what_a_blocked_seats_honest_block_took_goes_to_carry() {
    let mut world = world(3, 3000, 1_000_000);
    world.open();
    world.publish_all(1..=3);
    world.next();
    for number in 1..=3 {
        let slander = |seat: u32| number == 2 && seat == 1;
        let marks =
            world.marks(number, |block| if slander(block.seat.0) { Mark::BindingWrong } else { Mark::Valid });
        world.publish_as(number, |p| p.marks = marks).expect("published");
    }
    world.day(1..=3);
    world.at(3);
    let statement = |name| Statement { digest: word(name, 0), signer: Some(incarnation(1, 0)) };
    let pair = Equivocation {
        seat: SeatId(1),
        incarnation: incarnation(1, 0),
        epoch: 9,
        first: statement("one"),
        second: statement("two"),
    };
    world.does(OWNER, Input::ReportEquivocation(pair));
    let carry = world.state.network_view(world.time).carry;
    let events = world.does(OWNER, Input::Settle(vec![BlockRef { epoch: 0, order: 0 }]));
    assert!(matches!(
        events[..],
        [Event::BlockDecided { seat: SeatId(1), malicious: false, reward: 1000, score: Score::MAX, .. }]
    ));
    assert_eq!(world.seat(1).funds.new_rewards, 0);
    assert_eq!(world.state.network_view(world.time).carry - carry, 1000);
}

#[test]
fn one_unit_primes_and_the_largest_amounts_are_paid_without_remainder_lost() {
    for reward in [1, 2, 7, 999_983, 10_u128.pow(30)] {
        let mut world = world(3, reward, 20 * reward);
        world.open();
        world.publish_all(1..=3);
        for _ in 0..45 {
            world.day(1..=3);
            let view = world.state.network_view(world.time);
            let allocated = view.carry + view.purses + view.deposits + view.bounties;
            assert!(allocated <= world.state.balance(), "{reward}");
        }
        let owed: u128 = (1..=3)
            .map(|number| world.seat(number).funds)
            .map(|funds| funds.new_rewards + funds.old_rewards + funds.matured_rewards)
            .sum();
        if reward > 2 {
            assert!(owed > 15 * reward, "{reward}: {owed}");
        }
        let paid = world.outcome(provider(1), Input::WithdrawRewards(SeatId(1)));
        assert_eq!(matches!(paid, Ok(Outcome::Amount(_))), reward > 2, "{reward}: {paid:?}");
    }
}
