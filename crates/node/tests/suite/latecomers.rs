//! Ledgers that begin where the chain's history is deleted.

use std::collections::BTreeSet;

use alloy_primitives::{B256, Bytes, keccak256};
use multee_chain::ChainError;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_confirmation::Duty;
use multee_node::{Action, Ledger, LedgerError, NoContent, ReadContent, duty, rank};
use multee_protocol::{Epoch, Mark, Parameters};

use crate::support::{World, account, device_id, platform, start_s};

/// What a ledger tells to who asks.
struct Telling(Ledger);

impl ReadContent for Telling {
    fn content(&self, hash: B256) -> Option<Bytes> {
        self.0.content(hash)
    }
}

/// Somebody who answers with something else, which a reader might take for what it wants.
struct Lying(Ledger);

impl ReadContent for Lying {
    fn content(&self, hash: B256) -> Option<Bytes> {
        let mut bytes = self.0.content(hash)?.to_vec();
        *bytes.last_mut()? ^= 1;
        Some(bytes.into())
    }
}

fn first_block_of(world: &World, epoch: Epoch) -> u64 {
    use multee_chain::Chain;
    let head = world.chain.head().expect("head").number;
    let is_since = |number: &u64| {
        world.chain.block(*number).expect("answers").expect("there").timestamp_s >= start_s(epoch)
    };
    (0..=head).find(is_since).expect("it began")
}

/// Nobody has logs from before this epoch any more.
fn prune(world: &World, epoch: Epoch) {
    world.chain.prune(first_block_of(world, epoch), true);
}

fn recent(world: &World, content: &dyn ReadContent) -> Ledger {
    Ledger::recent(world.founded.network.clone(), content).expect("begins")
}

/// What all seats are to do in an epoch, by this ledger.
fn duties(world: &World, ledger: &Ledger, epoch: Epoch) -> Vec<Duty> {
    let duty = |device: &crate::support::Device| {
        duty(ledger, device.seat, epoch, world.reader.as_ref()).expect("a duty")
    };
    world.devices.iter().map(duty).collect()
}

/// A story in which everything happens that a late ledger may trip over: `until` is the first epoch that is not played.
fn eventful(until: Epoch) -> World {
    let mut world = World::with(6, Parameters::default(), Some(1));
    for epoch in 0..until {
        match epoch {
            // One joins, and its first block is on probation.
            2 => {
                let joiner = device_id(&platform(&world.reader.vendor, 20));
                world.join(20, joiner);
            }
            // One gets another operator, and publishes its certificates anew.
            5 => {
                let operator = account("another operator");
                let call = contract::setOperatorCall { seat: 4, operator: operator.address() };
                world.founded.network.send(&world.provider_of(3), &call).expect("sent");
                world.devices[3].operator = operator;
                world.revive_soundly(3);
            }
            // One pauses.
            4 => world.lose(5),
            7 => world.revive_soundly(5),
            _ => {}
        }
        world.play(epoch);
    }
    world
}

#[test]
fn late_ledger_leads_to_the_same_duties_as_one_from_the_beginning() {
    let mut world = eventful(9);
    let (mut older, cases) = (0, [(0, 0), (1, 0), (2, 0), (3, 0), (5, 0), (8, 0), (1, 9), (2, 5), (4, 3)]);
    for (epoch, (back, later)) in (9..).zip(cases) {
        world.open(epoch);
        let telling = Telling(world.ledger());
        // As much as is said to be there, or less that somebody answers without a word.
        world.chain.prune(first_block_of(&world, epoch - back) + later, later == 0);
        let mut late = recent(&world, &telling);
        world.chain.prune(0, false);
        for next in [false, true] {
            if next {
                world.tick_all(epoch);
                late.sync().expect("follows");
            }
            let whole = world.ledger();
            let seats = |ledger: &Ledger| -> Vec<_> {
                world.devices.iter().map(|device| ledger.seat(device.seat).cloned()).collect()
            };
            assert_eq!(seats(&late), seats(&whole), "{back} epochs back");
            assert_eq!(late.parameters(), whole.parameters());
            let found = duties(&world, &late, epoch);
            assert_eq!(found, duties(&world, &whole, epoch), "{back} epochs back");
            let assigned = found.iter().flat_map(|duty| &duty.assigned);
            older += assigned.filter(|assigned| assigned.context.epoch < epoch - back).count();
        }
        assert!(late.blocks().count() < world.ledger().blocks().count(), "{back} epochs back");
    }
    assert!(older > 0, "blocks of which only views and peers tell");
}

#[test]
fn late_ledger_without_anybodys_help_abstains_where_it_must_and_never_accuses() {
    let mut world = eventful(9);
    prune(&world, 5);
    for device in 0..world.devices.len() {
        world.revive_with(device, recent(&world, &NoContent));
    }
    world.chain.prune(0, false);
    let (mut valid, mut left_out) = (0, 0);
    for epoch in 9..=14 {
        for (_, action) in world.play(epoch) {
            let Action::Published { signed, .. } = action else { continue };
            let marks: BTreeSet<Mark> = signed.verdicts.iter().map(|verdict| verdict.mark).collect();
            assert!(marks.iter().all(|mark| matches!(mark, Mark::Valid | Mark::Abstain)), "{marks:?}");
            valid += signed.verdicts.len();
            left_out += usize::from(signed.verdicts.is_empty());
        }
    }
    assert!(valid > 0 && left_out > 0, "{valid} {left_out}");
    assert!(world.publications().values().all(|count| *count == 1));
}

#[test]
fn what_does_not_have_the_hash_that_was_asked_for_is_not_used() {
    let world = eventful(9);
    let whole = world.ledger();
    prune(&world, 5);
    let (alone, lied_to) = (recent(&world, &NoContent), recent(&world, &Lying(whole)));
    assert!(alone == lied_to, "as if nobody had answered");
    assert!(alone != recent(&world, &Telling(alone_with_history(&world))));
}

fn alone_with_history(world: &World) -> Ledger {
    world.chain.prune(0, false);
    let ledger = world.ledger();
    prune(world, 5);
    ledger
}

#[test]
fn late_ledger_follows_reorganisations() {
    let mut world = eventful(9);
    let telling = Telling(world.ledger());
    prune(&world, 6);
    let mut late = recent(&world, &telling);
    for (epoch, depth) in [(9, 1), (10, 4), (11, 9)] {
        world.play(epoch);
        late.sync().expect("follows");
        world.chain.embedded.reorganise(depth, || false);
        late.sync().expect("follows");
        world.chain.embedded.mine(1).expect("mined");
        late.sync().expect("follows");
        let anew = recent(&world, &telling);
        for block in anew.blocks() {
            assert_eq!(late.block(block.block.epoch, block.order), Some(block), "{depth} blocks");
        }
        assert!(anew.blocks().count() > 5);
        assert_eq!(late.last_opened(), anew.last_opened());
    }
}

#[test]
fn late_ledger_knows_its_rank_though_its_block_is_not_known() {
    let world = eventful(9);
    prune(&world, 8);
    let late = recent(&world, &NoContent);
    world.chain.prune(0, false);
    let whole = world.ledger();
    world.open(9);
    let (mut late, mut whole) = (late, whole);
    late.sync().and_then(|_| whole.sync()).expect("follow");
    let mut unknown = 0;
    for device in &world.devices {
        let of = |ledger: &Ledger| rank(ledger, device.seat, ledger.epoch(9).expect("opened"));
        assert_eq!(of(&late), of(&whole));
        unknown += usize::from(late.block_of(device.seat, 8).is_none());
    }
    assert!(unknown > 0, "their first blocks are not known");
}

#[test]
fn missing_history_is_told_from_a_wrong_contract() {
    let mut world = World::new(3);
    world.play_all(0..=2);
    let begin = |from_block| {
        let mut ledger = Ledger::new(world.founded.network.clone(), from_block).expect("settings");
        ledger.sync().expect_err("no history")
    };
    let block = first_block_of(&world, 1);
    world.chain.prune(block, true);
    assert!(matches!(begin(0), LedgerError::Chain(ChainError::Pruned { .. })));
    world.chain.prune(block, false);
    for error in [begin(0), begin(block)] {
        assert!(matches!(error, LedgerError::HistoryMissing { .. }), "{error}");
    }
    // What is left is enough to begin late with, even if nobody says that it is not all.
    let late = recent(&world, &NoContent);
    assert_eq!(late.last_opened().expect("opened").0, 2);
}

#[test]
fn everything_a_ledger_tells_has_the_hash_that_was_asked_for() {
    let world = eventful(9);
    let whole = world.ledger();
    let mut told = 0;
    let mut ask = |hash: B256| {
        let bytes = whole.content(hash).expect("known");
        assert_eq!(keccak256(&bytes), hash);
        told += 1;
    };
    for block in whole.blocks() {
        ask(block.digest);
        ask(block.evidence_hash);
        ask(block.evidence_binding().expect("known"));
        ask(keccak256(block.block.words()));
        if let Some(hash) = block.certificates.hash().filter(|hash| !hash.is_zero()) {
            ask(hash);
        }
    }
    for device in &world.devices {
        ask(world.seat(device.seat).identity);
    }
    let context = whole.last_opened().expect("opened").1.context;
    ask(context.root(whole.network().deployment()));
    ask(context.policy_digest);
    ask(keccak256(whole.policy(context.policy_digest).expect("known")));
    ask(context.reference_digest);
    assert!(told > 200, "{told}");
    assert_eq!(whole.content(B256::repeat_byte(7)), None);
}
