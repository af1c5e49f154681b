// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BlockRef,
    BlockView,
    EpochView,
    FundsView,
    IProofOfAttestation,
    NetworkView,
    Parameters,
    Publication,
    Refusal,
    SeatView,
    Tier
} from "../../src/interfaces/IProofOfAttestation.sol";
import {TestToken} from "../../src/devnet/TestToken.sol";
import {HostileToken} from "../support/HostileToken.sol";
import {NetworkFixture} from "../support/NetworkFixture.sol";

/// @dev What the tests of R12 share: rewards that can be set before deployment, and the books.
abstract contract Rewarded is NetworkFixture {
    uint128 internal reward = 1_000_003;
    uint16 internal delay = 4;

    function parameters() internal view virtual override returns (Parameters memory p) {
        p = super.parameters();
        (p.rewardPerEpoch, p.rewardDelayEpochs, p.minDeposit) = (reward, delay, 1_000);
    }

    function donate(uint256 amount) internal {
        token.mint(address(network), amount);
    }

    function unallocated() internal view returns (uint256) {
        NetworkView memory v = network.network();
        return token.balanceOf(address(network)) - v.deposits - v.bounties - v.carry - v.purses;
    }

    function potOf(uint32 epoch) internal view returns (uint256) {
        return network.epochOf(epoch).pot;
    }

    function owed(uint32 seat) internal view returns (uint256) {
        FundsView memory f = network.seatOf(seat).funds;
        return uint256(f.newRewards) + f.oldRewards + f.maturedRewards;
    }

    /// @dev What R12 gives a block of its epoch's pot.
    function payOf(uint32 seat, uint32 epoch) internal view returns (uint256) {
        EpochView memory v = network.epochOf(epoch);
        return uint256(v.pot) * blockAt(seat, epoch).share / v.shares;
    }

    function carry() internal view returns (uint256) {
        return network.network().carry;
    }
}

/// @dev R12: pots.
contract R12PotsTest is Rewarded {
    function setUp() public {
        deploy(6);
    }

    function test_a_pot_is_filled_from_what_is_unallocated_up_to_the_reward() public {
        donate(2_500_000);
        uint256[4] memory pots = [uint256(1_000_003), 1_000_003, 499_994, 0];
        for (uint32 epoch; epoch < 4; ++epoch) {
            settleLive();
            openAndSeed();
            equal(potOf(epoch), pots[epoch], "pot");
            publishAll();
            nextEpoch();
        }
        equal(unallocated(), 0, "all is in pots");
        equal(network.network().purses, 2_500_000, "and owed to devices");
    }

    function test_deposits_and_bounties_are_not_unallocated() public {
        uint32 seat = joinNew();
        idle(16);
        network.remove(seat);
        openAndSeed();
        equal(potOf(16), 0, "nothing was given");
        equal(network.network().bounties, 100, "a tenth");
    }

    /// What a blocked seat had is shared among those active next: a second source, with a bound of its own.
    function test_a_pot_is_filled_from_carry_too() public {
        reward = 700;
        deploy(6);
        openAndSeed();
        network.reportEquivocation(pairOf(6));
        equal(carry(), 900, "a deposit less the bounty");
        manner[6] = Manner.Absent;
        publishAll();
        nextEpoch();
        donate(900);
        uint256[3] memory pots = [uint256(1_400), 400, 0];
        for (uint32 epoch = 1; epoch < 4; ++epoch) {
            openAndSeed();
            equal(potOf(epoch), pots[epoch - 1], "from both sources");
            publishAll();
            nextEpoch();
        }
        equal(carry(), 0, "spent");
        equal(unallocated(), 0, "spent");
        equal(network.network().purses, 1_800, "all of it");
    }

    function test_the_opening_tells_its_pot() public {
        donate(500);
        bytes32 policy = network.policyDigest();
        (bytes32 list,) = network.referenceValues();
        vm.expectEmit(address(network));
        emit IProofOfAttestation.EpochOpened(0, uint64(height + 2), 0, 0, 0, 0, 1, 500, policy, list);
        network.openEpoch();
    }

    /// Where nobody published, or nobody earned, nobody is paid: the pot goes to carry.
    function test_a_pot_without_shares_goes_to_carry() public {
        donate(1_500_000);
        openAndSeed();
        nextEpoch();
        equal(carry(), 0, "not before the next opening");
        openAndSeed();
        // The pot of 0 went to carry, and out of it again: both sources fill the next.
        equal(potOf(1), 499_997 + 1_000_003, "from both sources");
        equal(network.epochOf(0).left, 0, "nothing left to pay out");
        uint32 joiner = joinNew();
        publish(joiner, 0);
        equal(network.epochOf(1).shares, 0, "no weight, no share");
        nextEpoch();
        openAndSeed();
        equal(uint256(potOf(2)) + carry(), 1_500_000, "nothing is lost");
    }

    /// ⌊pot·share/Σ⌋ leaves dust, which stays until the slot of the ring is used again.
    function test_dust_goes_to_carry_when_the_ring_slot_is_used_again() public {
        donate(1_000_003);
        powers[6] = 1_099;
        runEpochs(1);
        uint256 paid;
        runEpochs(1);
        for (uint32 seat = 1; seat <= 6; ++seat) {
            paid += payOf(seat, 0);
        }
        for (uint256 i; i < 14; ++i) {
            settleLive();
            runEpochs(1);
        }
        uint256 dust = network.epochOf(0).left;
        equal(dust, 1_000_003 - paid, "what rounding left");
        isTrue(dust > 0 && dust < 6, "dust");
        equal(nowEpoch(), 16, "the same slot");
        equal(carry(), 0, "not yet");
        reward = 0;
        network.openEpoch();
        // It was put into carry, and by the same opening into the pot.
        equal(potOf(16), dust, "shared anew");
        equal(network.network().purses, 1_000_003, "purses");
    }

    /// What nobody settled in time is shared anew as a whole.
    function test_what_was_not_paid_out_before_the_ring_came_round_goes_to_carry() public {
        donate(1_000_003);
        openAndSeed();
        publishAll();
        for (uint32 seat = 1; seat <= 6; ++seat) {
            manner[seat] = Manner.Absent;
        }
        nextEpoch();
        openAndSeed();
        equal(network.epochOf(0).left, 1_000_003, "closed");
        goTo(32);
        openAndSeed();
        equal(potOf(32), 1_000_003, "the pot of 0, by way of carry");
    }

    /// The last opened epoch, and the slot that is used again, are the same.
    function test_a_pot_that_is_closed_and_overwritten_at_once_goes_to_carry() public {
        donate(1_000_003);
        openAndSeed();
        publishAll();
        goTo(16);
        openAndSeed();
        equal(potOf(16), 1_000_003, "whole");
        equal(network.epochOf(16).left, 0, "not closed yet");
        equal(network.network().purses, 1_000_003, "not counted twice");
    }

    // ---- openings without a seed --------------------------------------------------------------------------

    function test_an_unseeded_openings_pot_is_taken_over_unchanged() public {
        donate(700_000);
        network.openEpoch();
        equal(potOf(0), 700_000, "filled");
        donate(5_000_000);
        nextEpoch();
        network.openEpoch();
        equal(potOf(1), 700_000, "taken over");
        equal(network.epochOf(0).pot, 0, "not twice");
        goTo(40);
        network.openEpoch();
        equal(potOf(40), 700_000, "and again");
        mine(260);
        openAndSeed();
        equal(potOf(40), 700_000, "opened anew: the same");
        equal(network.network().purses, 700_000, "once");
        equal(unallocated(), 5_000_000, "nothing new was taken");
        publishAll();
        nextEpoch();
        openAndSeed();
        equal(potOf(41), 1_000_003, "the next is filled as ever");
        equal(network.epochOf(40).left, 700_000, "and the kept one can be paid");
    }

    /// An epoch is closed once: what was paid out of it meanwhile is not put back.
    function test_an_unseeded_opening_does_not_close_the_last_epoch_again() public {
        donate(10_000_000);
        // Seat 6 is doubted, so that its block is decided, and paid, soon.
        nature[6] = 2;
        runEpochs(1);
        nature[6] = 1;
        runEpochs(2);
        settleLive();
        runEpochs(2);
        isTrue(blockAt(6, 3).logged, "flagged");
        uint256 pay = payOf(6, 3);
        network.openEpoch();
        equal(network.epochOf(4).left, potOf(4), "closed");
        isTrue(settle(6, 3) && blockAt(6, 3).decided, "decided between the openings");
        uint256 left = network.epochOf(3).left;
        equal(left, potOf(3) - pay, "paid");
        uint256 left4 = network.epochOf(4).left;
        nextEpoch();
        network.openEpoch();
        equal(network.epochOf(3).left, left, "not closed again");
        equal(network.epochOf(4).left, left4, "not closed again");
        equal(owed(6), pay, "owed once");
    }

    // ---- amounts ------------------------------------------------------------------------------------------

    /// From one unit to 10^30 from each source: no unit is lost, none is made.
    /// forge-config: default.fuzz.runs = 24
    function testFuzz_no_unit_is_lost_whatever_the_amounts(uint128 reward_, uint128 given, uint8 exponent) public {
        reward = uint128(within(reward_, 0, 10 ** (exponent % 31)));
        uint256 amount = within(given, 0, 3 * 10 ** (exponent % 31));
        fifteenEpochs(amount);
    }

    function test_no_unit_is_lost_of_one_unit_of_primes_and_of_10_to_the_30() public {
        uint128[5] memory rewards = [uint128(1), 7, 999_983, 1e30, 1e30];
        uint256[5] memory given = [uint256(1), 13, 15_485_863, 1e30 + 57, 40e30];
        for (uint256 i; i < 5; ++i) {
            reward = rewards[i];
            fifteenEpochs(given[i]);
        }
    }

    function fifteenEpochs(uint256 amount) private {
        deploy(5);
        donate(amount);
        powers[2] = 1_007;
        for (uint256 i; i < 15; ++i) {
            settleLive();
            uint256 before = unallocated();
            runEpochs(1);
            uint256 fresh = before < reward ? before : reward;
            equal(unallocated(), before - fresh, "no more than the reward of an epoch");
        }
        settleLive();
        uint256 sum;
        for (uint32 seat = 1; seat <= 5; ++seat) {
            sum += owed(seat);
        }
        for (uint32 epoch; epoch < 14; ++epoch) {
            sum += network.epochOf(epoch).left;
        }
        NetworkView memory v = network.network();
        equal(sum + potOf(14), v.purses, "purses");
        equal(v.purses + v.carry + unallocated(), amount, "all of it");
        uint256 expected;
        for (uint32 epoch; epoch < 14; ++epoch) {
            if (blockAt(2, epoch).honestForGood) expected += payOf(2, epoch);
        }
        equal(owed(2), expected, "one seat, to the unit");
    }

    function test_without_rewards_nothing_is_paid_and_all_else_goes_on() public {
        reward = 0;
        deploy(6);
        donate(1_000_000);
        runEpochs(12);
        settleLive();
        isTrue(blockAt(1, 0).honestForGood, "final");
        equal(owed(1) + network.network().purses, 0, "nothing");
        equal(unallocated(), 1_000_000, "untouched");
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.NothingToPay.selector, providerOf(1)));
        this.withdrawRewardsOf(1);
    }

    function withdrawRewardsOf(uint32 seat) external returns (uint256) {
        return withdrawRewards(seat);
    }

    // ---- few devices, many epochs -------------------------------------------------------------------------

    /// Of one device nothing passes: its pots come back.
    function test_one_device_earns_nothing_and_its_pots_come_back() public {
        deploy(1);
        donate(1_000);
        for (uint256 i; i < 40; ++i) {
            runEpochs(1);
        }
        settleLive();
        equal(owed(1), 0, "nothing");
        equal(network.network().purses + carry() + unallocated(), 1_000, "nothing is lost");
    }

    function test_two_devices_share_by_power() public {
        deploy(2);
        donate(1_000_003);
        powers[2] = 1_100;
        for (uint256 i; i < 12; ++i) {
            runEpochs(1);
        }
        settleLive();
        isTrue(blockAt(1, 0).honestForGood && blockAt(2, 0).honestForGood, "final");
        equal(owed(1), uint256(1_000_003) * 500 / 1_050, "by power");
        equal(owed(2), uint256(1_000_003) * 550 / 1_050, "by power");
    }

    function test_ten_epochs_missed_by_all_cost_no_unit() public {
        donate(10_000_000);
        runEpochs(5);
        goTo(15);
        runEpochs(12);
        settleLive();
        uint256 sum = potOf(26) + carry() + unallocated();
        for (uint32 seat = 1; seat <= 6; ++seat) {
            sum += owed(seat);
        }
        for (uint32 epoch = 11; epoch < 26; ++epoch) {
            if (epoch >= 15) sum += network.epochOf(epoch).left;
        }
        // What the blocks of epochs 0 to 4 left stands in slots that were used again, but for those of 11 to 14.
        equal(sum, 10_000_000, "all of it");
        isTrue(owed(1) > 0, "and some of it earned");
    }
}

/// @dev R12: shares and what they pay.
contract R12PaymentTest is Rewarded {
    function setUp() public {
        deploy(6);
        donate(100_000_000);
    }

    function shareOf(uint256 power, uint256 tierBps, uint256 given, uint256 assigned) private pure returns (uint256) {
        return power * tierBps * (1 + given) / (10_000 * (1 + assigned));
    }

    // ---- shares -------------------------------------------------------------------------------------------

    function test_without_rank_half_the_power_counts() public {
        powers[2] = 1_099;
        openAndSeed();
        publishAll();
        equal(blockAt(1, 0).share, 500, "half");
        equal(blockAt(2, 0).share, 549, "rounded down");
        equal(network.epochOf(0).shares, 5 * 500 + 549, "sum");
    }

    function test_share_follows_the_marks_given_of_those_assigned() public {
        runEpochs(1);
        openAndSeed();
        publish(1, 0x11);
        publish(2, 0x10);
        publish(3, 0);
        publish(4, 0x25);
        equal(blockAt(1, 1).share, 1_000, "all");
        equal(blockAt(2, 1).share, 666, "one of two: two thirds");
        equal(blockAt(3, 1).share, 333, "none: a third");
        equal(blockAt(4, 1).share, 1_000, "whatever the marks say");
        equal(network.epochOf(1).shares, 1_000 + 666 + 333 + 1_000, "sum");
    }

    /// Window places count, empty ones do not; ignored marks count as given.
    function test_window_places_that_are_not_empty_count_as_assigned() public {
        for (uint256 i; i < 3; ++i) {
            joinNew();
        }
        runEpochs(1);
        openAndSeed();
        (,, BlockRef[] memory latest, uint40[] memory positions) = network.assignmentOf(1);
        uint256 real;
        uint256 marks;
        for (uint256 i; i < positions.length; ++i) {
            if (positions[i] == type(uint40).max) continue;
            ++real;
            marks |= uint256(1) << (4 * (latest.length + i));
        }
        equal(real, 3, "three joiners in the window");
        publish(1, marks);
        equal(blockAt(1, 1).share, shareOf(1_000, 10_000, 3, 5), "three of five");
    }

    function test_ignored_marks_count_as_given() public {
        nature[6] = 2;
        runEpochs(2);
        openAndSeed();
        // Seat 6's block of epoch 1 is logged, and in this window; who has it among the latest, too, marks it there alone.
        for (uint32 seat = 1; seat <= 5; ++seat) {
            uint256 marks = marksOf(seat);
            publish(seat, marks);
            (,, BlockRef[] memory latest, uint40[] memory positions) = network.assignmentOf(seat);
            equal(blockAt(seat, 2).share, 1_000, "all given");
            equal(latest.length + positions.length, 3, "two and the window's one");
        }
        publish(6);
        equal(blockAt(6, 2).share, shareOf(1_000, 10_000, 3, 3), "its own in the window too");
    }

    function test_free_riding_lowers_the_pay() public {
        manner[5] = Manner.Lazy;
        runEpochs(12);
        settleLive();
        isTrue(blockAt(5, 1).honestForGood && blockAt(4, 1).honestForGood, "both are honest");
        equal(blockAt(4, 1).share, 1_000, "all");
        equal(blockAt(5, 1).share, 333, "a third");
        isTrue(payOf(5, 1) * 3 <= payOf(4, 1), "a third of the pay");
        isTrue(owed(5) < owed(4), "paid");
    }

    /// Warning earns in full, Restricted by its share, probation nothing.
    function test_share_by_tier() public {
        nature[6] = 2;
        runEpochs(1);
        nature[6] = 1;
        runEpochs(2);
        settleLive();
        isTrue(tierOf(6) == Tier.Restricted, "Restricted");
        uint32 joiner = joinNew();
        openAndSeed();
        publishAll();
        equal(blockAt(6, 3).share, 500, "half of what it would be");
        equal(blockAt(joiner, 3).share, 0, "probation");
        nextEpoch();
        settleLive();
        runEpochs(1);
        settleLive();
        openAndSeed();
        publishAll();
        isTrue(tierOf(6) == Tier.Warning, "Warning");
        equal(blockAt(6, 5).share, 1_000, "in full");
    }

    // ---- payment ------------------------------------------------------------------------------------------

    function test_a_block_is_paid_when_it_is_honest_for_good_and_not_before() public {
        runEpochs(2);
        settleLive();
        isTrue(blockAt(2, 0).passed, "passed");
        equal(owed(2), 0, "not yet");
        goTo(10);
        uint256 pay = payOf(2, 0);
        equal(pay, 166_667, "a sixth");
        vm.expectEmit(address(network));
        emit IProofOfAttestation.BlockFinal(2, 0, uint128(pay));
        settle(2, 0);
        equal(owed(2), pay, "paid");
        equal(network.epochOf(0).left, 1_000_003 - pay, "out of what is left");
        settle(2, 0);
        equal(owed(2), pay, "once");
    }

    function test_a_logged_block_is_paid_when_it_is_decided_honest() public {
        doubted(2, 1);
        uint256 pay = payOf(6, 0);
        isTrue(settle(6, 0) && !blockAt(6, 0).malicious, "honest");
        equal(owed(6), pay, "paid at once");
        goTo(12);
        settle(6, 0);
        equal(owed(6), pay, "once");
    }

    function test_a_malicious_blocks_pay_goes_to_carry() public {
        doubted(2, 2);
        uint256 pay = payOf(6, 0);
        uint256 purses = network.network().purses;
        isTrue(settle(6, 0) && blockAt(6, 0).malicious, "malicious");
        equal(owed(6), 0, "forfeited");
        equal(carry(), pay, "to carry");
        equal(network.network().purses, purses - pay, "out of the purses");
    }

    /// @dev Seat 6's block of epoch 0 is called `first` by those that check it as latest block, and `then` in its window.
    function doubted(uint8 first, uint8 then) private {
        runEpochs(1);
        natureThen[0][6] = first;
        runEpochs(1);
        natureThen[0][6] = then;
        runEpochs(1);
    }

    function test_a_blocked_seats_pay_goes_to_carry() public {
        runEpochs(3);
        openAndSeed();
        network.reportEquivocation(pairOf(6));
        uint256 before = carry();
        goTo(10);
        uint256 pay = payOf(6, 0);
        vm.expectEmit(address(network));
        emit IProofOfAttestation.BlockFinal(6, 0, uint128(pay));
        settle(6, 0);
        equal(owed(6), 0, "nothing to a blocked seat");
        equal(carry(), before + pay, "to carry");
    }

    function test_a_blocked_seats_pay_for_a_block_decided_honest_goes_to_carry() public {
        doubted(2, 1);
        network.reportEquivocation(pairOf(6));
        uint256 before = carry();
        uint256 pay = payOf(6, 0);
        isTrue(settle(6, 0) && blockAt(6, 0).decided && !blockAt(6, 0).malicious, "honest");
        isTrue(pay > 0, "it would earn");
        equal(owed(6), 0, "nothing to a blocked seat");
        equal(carry(), before + pay, "to carry");
    }

    /// A seat that is leaving is paid for what it did.
    function test_an_exiting_seat_is_paid() public {
        runEpochs(2);
        settleLive();
        exit(6);
        goTo(10);
        uint256 pay = payOf(6, 0);
        settle(6, 0);
        equal(owed(6), pay, "paid");
    }

    function test_blocking_forfeits_all_unpaid_rewards_matured_or_not() public {
        for (uint256 i; i < 20; ++i) {
            runEpochs(1);
            settleLive();
        }
        FundsView memory f = network.seatOf(6).funds;
        isTrue(f.newRewards > 0 && f.oldRewards > 0 && f.maturedRewards > 0, "in all three");
        uint256 all = owed(6);
        openAndSeed();
        uint256 before = carry();
        uint256 purses = network.network().purses;
        vm.expectEmit(address(network));
        emit IProofOfAttestation.SeatBlocked(6, nowEpoch(), 900, uint128(all));
        network.reportEquivocation(pairOf(6));
        equal(owed(6), 0, "nothing is left");
        equal(carry(), before + 900 + all, "to carry");
        equal(network.network().purses, purses - all, "out of the purses");
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.NothingToPay.selector, providerOf(6)));
        this.withdrawRewardsOf(6);
    }

    function withdrawRewardsOf(uint32 seat) external returns (uint256) {
        return withdrawRewards(seat);
    }

    // ---- maturing -----------------------------------------------------------------------------------------

    /// @dev One block of seat 6, paid in `epoch`; nothing else.
    function paidIn(uint32 epoch) private returns (uint256 pay) {
        uint32 first = epoch - 10;
        goTo(first);
        runEpochs(3);
        settle(6, first);
        goTo(epoch);
        pay = payOf(6, first);
        isTrue(settle(6, first) && blockAt(6, first).honestForGood, "paid");
        equal(owed(6), pay, "owed");
    }

    /// Paid in an epoch of bucket ⌊e/d⌋, it matures when the second bucket after that begins: after one to two delays.
    function test_rewards_mature_after_one_to_two_delays() public {
        uint256 before = vm.snapshotState();
        for (uint32 epoch = 20; epoch < 24; ++epoch) {
            vm.revertToState(before);
            before = vm.snapshotState();
            uint256 pay = paidIn(epoch);
            for (uint32 now_ = epoch; now_ < 28; ++now_) {
                goTo(now_);
                vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.NothingToPay.selector, providerOf(6)));
                this.withdrawRewardsOf(6);
            }
            goTo(28);
            vm.expectEmit(address(network));
            emit IProofOfAttestation.RewardPaid(6, providerOf(6), uint128(pay));
            equal(withdrawRewards(6), pay, "matured");
            equal(token.balanceOf(providerOf(6)), pay, "paid out");
            equal(owed(6), 0, "once");
        }
    }

    /// k = 1 on the way: new becomes old, and old matures one delay later.
    function test_a_bucket_that_is_rolled_on_the_way_matures_no_sooner_and_no_later() public {
        uint256 pay = paidIn(21);
        FundsView memory f = network.seatOf(6).funds;
        equal(f.newRewards, pay, "new");
        equal(f.rolledEpoch, 20, "rolled at a multiple of the delay");
        // Its next block is paid one bucket later, which rolls.
        uint256 more = laterPayment(25);
        f = network.seatOf(6).funds;
        equal(f.oldRewards, pay, "old");
        equal(f.newRewards, more, "new");
        equal(f.rolledEpoch, 24, "rolled once");
        goTo(28);
        equal(withdrawRewards(6), pay, "the first");
        goTo(31);
        vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.NothingToPay.selector, providerOf(6)));
        this.withdrawRewardsOf(6);
        goTo(32);
        equal(withdrawRewards(6), more, "the second");
    }

    /// @dev Seat 6's block of epoch 12 passes late, and is final at once.
    function laterPayment(uint32 epoch) private returns (uint256 pay) {
        goTo(epoch);
        isTrue(settle(6, 12) && blockAt(6, 12).passed, "passed");
        pay = payOf(6, 12);
        isTrue(settle(6, 12) && blockAt(6, 12).honestForGood, "final");
    }

    /// Long unused, both buckets have matured.
    function test_after_two_delays_everything_has_matured() public {
        uint256 pay = paidIn(23);
        goTo(5_000);
        equal(withdrawRewards(6), pay, "all");
        equal(network.seatOf(6).funds.rolledEpoch, 5_000, "rolled at a multiple of the delay");
    }

    function test_rewards_are_paid_to_the_provider_alone() public {
        paidIn(20);
        goTo(40);
        address[2] memory others = [operatorOf(6), address(this)];
        for (uint256 i; i < 2; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(IProofOfAttestation.CallerNotProvider.selector, 6, others[i]));
            network.withdrawRewards(6);
        }
        isTrue(withdrawRewards(6) > 0, "the provider");
    }
}

/// @dev R12: no token can keep an epoch from opening.
contract R12HostileTokenTest is Rewarded {
    HostileToken private hostile;

    function setUp() public {
        vm.warp(nowSeconds);
        vm.roll(height);
        hostile = new HostileToken();
        token = TestToken(address(hostile));
        genesis = uint64(nowSeconds + 1 days);
        network = IProofOfAttestation(deployContracts(settings(), parameters()));
        hostile.mint(address(this), 1_000_000);
        for (uint256 i; i < 4; ++i) {
            found();
        }
        goTo(0);
    }

    function test_a_token_that_does_not_tell_the_balance_stops_no_opening() public {
        HostileToken.Answer[4] memory answers = [
            HostileToken.Answer.Revert,
            HostileToken.Answer.BurnGas,
            HostileToken.Answer.Short,
            HostileToken.Answer.Empty
        ];
        hostile.mint(address(network), 9_000_000);
        for (uint256 i; i < answers.length; ++i) {
            hostile.become(answers[i]);
            uint256 before = gasleft();
            network.openEpoch();
            isTrue(before - gasleft() < 500_000, "at a bounded price");
            equal(network.epochOf(nowEpoch()).pot, 0, "as if it held nothing more");
            mine(3);
            network.seedEpoch();
            nextEpoch();
        }
        hostile.become(HostileToken.Answer.Honest);
        openAndSeed();
        equal(network.epochOf(nowEpoch()).pot, 1_000_003, "told again");
    }

    function test_an_answer_of_any_length_costs_nothing_to_copy() public {
        hostile.become(HostileToken.Answer.Long);
        hostile.mint(address(network), 9_000_000);
        uint256 before = gasleft();
        network.openEpoch();
        isTrue(before - gasleft() < 500_000, "at a bounded price");
        equal(network.epochOf(0).pot, 1_000_003, "its first word counts");
    }

    /// A token that claims too much fills pots with promises, of itself alone.
    function test_a_token_that_lies_promises_no_more_than_the_reward_of_an_epoch() public {
        hostile.become(HostileToken.Answer.Everything);
        openAndSeed();
        equal(network.epochOf(0).pot, 1_000_003, "no more");
        publishAll();
        hostile.become(HostileToken.Answer.Honest);
        nextEpoch();
        openAndSeed();
        equal(network.epochOf(1).pot, 0, "it holds less than it owes: nothing is unallocated");
    }

    function test_a_token_that_loses_balances_leaves_nothing_unallocated() public {
        hostile.burn(address(network), 3_999);
        openAndSeed();
        equal(network.epochOf(0).pot, 0, "0, not below");
        publishAll();
        nextEpoch();
        openAndSeed();
        publishAll();
    }

    function test_a_token_without_code_any_more_stops_no_opening() public {
        vm.etch(address(hostile), "");
        network.openEpoch();
        equal(network.epochOf(0).pot, 0, "none");
    }

    /// Even where little gas is given along: the opening fails for lack of gas, or tells the truth. It cannot be made to
    /// believe that nothing is there.
    function test_who_gives_little_gas_cannot_empty_a_pot() public {
        hostile.mint(address(network), 9_000_000);
        uint256 before = vm.snapshotState();
        uint256 opened;
        for (uint256 gas_ = 30_000; gas_ < 500_000; gas_ += 2_500) {
            vm.revertToState(before);
            before = vm.snapshotState();
            (bool done,) = address(network).call{gas: gas_}(abi.encodeCall(network.openEpoch, ()));
            if (!done) continue;
            ++opened;
            equal(network.epochOf(0).pot, 1_000_003, "whole");
        }
        isTrue(opened > 10, "with enough it opens");
    }
}
