//! Blocks that go away: ledgers follow, and what was published is published again.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::{Address, B256, hex, keccak256};
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::rpc::{Config, Endpoint, InMemory, Rpc};
use multee_chain::{Chain, Sender};
use multee_confirmation::SignedBlock;
use multee_founding::{Founded, Founding, FoundingSeat, found_devnet};
use multee_node::{Action, Ledger, LedgerError};
use multee_protocol::{DeviceId, Epoch, Fixed, Parameters, SeatId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::json;

use crate::anvil::Anvil;
use crate::support::{World, start_s};

/// Blocks that the ledgers of these tests can take back.
const TAKEN_BACK: u64 = 12;

fn ledger(world: &World) -> Ledger {
    Ledger::new(world.founded.network.clone(), 0).expect("settings").taking_back(TAKEN_BACK)
}

/// The newest blocks never happened, with all in them.
fn reorganise(world: &World, depth: u64) {
    world.chain.embedded.reorganise(depth, || false);
}

/// How many blocks go with this one.
fn depth_of(world: &World, number: u64) -> u64 {
    world.chain.embedded.head().expect("head").number - number + 1
}

fn challenge(ledger: &Ledger, epoch: Epoch, seat: SeatId) -> B256 {
    let context = ledger.epoch(epoch).expect("opened").context;
    context.challenge(ledger.network().deployment(), seat)
}

/// Ledgers that were there all the time know what one knows that begins now, whatever happens.
/// Returns how many publications went away on the way.
fn wander(seed: u8) -> usize {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let mut world = World::new(4);
    world.chain.embedded.mine(TAKEN_BACK).expect("mined");
    let (mut followed, mut epoch, mut gone) = (ledger(&world), 0, 0);
    world.enter(epoch);
    for step in 0..120 {
        let dice = rng.next_u32();
        match dice % 8 {
            0 => {
                epoch += 1;
                world.enter(epoch);
            }
            1 => drop(world.chain.embedded.mine(u64::from(dice / 8 % 3) + 1).expect("mined")),
            // Controllers may be in the way of their own applications, which remember what never happened.
            2..=5 => world.devices.iter_mut().for_each(|device| drop(device.tick())),
            _ => {
                let depth = u64::from(dice / 8) % TAKEN_BACK + 1;
                let before = world.publications().len();
                world.chain.embedded.reorganise(depth, || rng.next_u32() % 2 == 0);
                gone += before - world.publications().len();
                if rng.next_u32() % 4 > 0 {
                    world.enter(epoch);
                }
            }
        }
        if dice % 3 > 0 {
            followed.sync().unwrap_or_else(|error| panic!("seed {seed}, step {step}: {error}"));
            assert!(followed == world.ledger(), "seed {seed}, step {step}");
        }
    }
    world.play(epoch + 1);
    followed.sync().expect("follows");
    assert!(followed == world.ledger(), "seed {seed}, at the end");
    for device in &world.devices {
        let known = device.controller().ledger();
        let view = world.seat(device.seat);
        assert_eq!(known.seat(device.seat).expect("a seat").last_digest, view.lastDigest, "seed {seed}");
    }
    assert!(world.publications().values().all(|count| *count == 1), "seed {seed}");
    gone
}

#[test]
fn ledger_that_went_along_with_reorganisations_is_as_one_built_anew() {
    let gone: usize = (1..=8).map(wander).sum();
    assert!(gone > 50, "{gone} publications went away");
}

#[test]
fn ledger_asks_little_while_nothing_goes_away() {
    let mut world = World::new(3);
    world.play_all(0..=1);
    let mut followed = ledger(&world);
    followed.sync().expect("follows");
    world.chain.embedded.asked();
    followed.sync().expect("follows");
    assert_eq!(world.chain.embedded.asked(), ["head"]);
    world.chain.embedded.mine(1).expect("mined");
    world.chain.embedded.asked();
    followed.sync().expect("follows");
    assert_eq!(world.chain.embedded.asked(), ["head", "logs"]);
    reorganise(&world, 1);
    followed.sync().expect("follows");
    assert_eq!(
        world.chain.embedded.asked(),
        ["head", "block", "block", "head", "logs"],
        "one mark is gone, the one below is there"
    );
}

#[test]
fn reorganisation_deeper_than_can_be_taken_back_is_told_with_a_way_out() {
    let mut world = World::new(3);
    world.play_all(0..=2);
    world.chain.embedded.mine(3).expect("mined");
    let mut followed = ledger(&world);
    followed.sync().expect("follows");
    reorganise(&world, TAKEN_BACK);
    followed.sync().expect("as deep as can be");
    assert!(followed == world.ledger());
    world.chain.embedded.mine(3).expect("mined");
    followed.sync().expect("follows");
    let before = followed.last_opened().map(|(epoch, record)| (epoch, *record));
    reorganise(&world, TAKEN_BACK + 8);
    for _ in 0..2 {
        let error = followed.sync().expect_err("too deep");
        assert!(matches!(error, LedgerError::ReorgTooDeep { blocks_max: TAKEN_BACK, .. }), "{error}");
        assert!(error.to_string().contains("start the node again"), "{error}");
    }
    assert_eq!(followed.last_opened().map(|(epoch, record)| (epoch, *record)), before);
    world.ledger();
}

#[test]
fn epoch_that_another_block_seeded_has_other_challenges() {
    let world = World::new(3);
    world.open(0);
    let mut followed = ledger(&world);
    followed.sync().expect("follows");
    let (seat, first) = (world.devices[0].seat, *followed.epoch(0).expect("opened"));
    let challenged = challenge(&followed, 0, seat);
    // The source of the seed goes, the opening stays.
    let source = followed.epoch(0).expect("opened").seed_block;
    reorganise(&world, depth_of(&world, source));
    followed.sync().expect("follows");
    assert!(!followed.epoch(0).expect("still open").opened);
    world.founded.network.send(&world.owner, &contract::seedEpochCall {}).expect("sent");
    followed.sync().expect("follows");
    let second = *followed.epoch(0).expect("opened");
    assert_ne!(first.context.seed, second.context.seed);
    assert_ne!(challenged, challenge(&followed, 0, seat));
    assert_eq!(second.snapshot.root, second.context.root(followed.network().deployment()));
}

/// All that was published, on whatever fork, by challenge.
#[derive(Default)]
struct Published(BTreeMap<B256, SignedBlock>);

impl Published {
    /// Nobody signs two blocks for one challenge.
    fn add(&mut self, actions: Vec<(SeatId, Action)>) -> usize {
        let before = self.0.len();
        for (_, action) in actions {
            if let Action::Published { signed, .. } = action {
                let known = self.0.entry(signed.block.challenge).or_insert_with(|| (*signed).clone());
                assert_eq!(*known, *signed);
            }
        }
        self.0.len() - before
    }
}

fn agrees(world: &World, epoch: Epoch) {
    let ledger = world.ledger();
    for device in &world.devices {
        let block = ledger.block_of(device.seat, epoch).expect("published");
        assert_eq!(block.block.challenge, challenge(&ledger, epoch, device.seat));
        assert_eq!(world.seat(device.seat).lastDigest, block.digest);
        assert!(device.controller().ledger() == &ledger);
    }
    assert!(world.publications().values().all(|count| *count == 1));
}

fn publish_again(mut world: World) {
    world.play_all(0..=1);
    world.open(2);
    let mut published = Published::default();
    assert_eq!(published.add(world.tick_all(2)), 4);
    reorganise(&world, 3);
    let missing = world.devices.iter().filter(|it| world.seat(it.seat).lastEpoch < 2).count();
    assert!(missing > 0);
    let again = world.tick_all(2);
    assert_eq!(
        again.iter().filter(|(_, action)| matches!(action, Action::Published { .. })).count(),
        missing
    );
    assert_eq!(published.add(again), 0, "the blocks that were signed already");
    world.tick_all(2);
    agrees(&world, 2);
}

fn publish_anew(mut world: World) {
    world.play_all(0..=1);
    world.enter(2);
    world.devices[0].tick().expect("opens");
    world.await_seed();
    let mut published = Published::default();
    assert_eq!(published.add(world.tick_all(2)), 4);
    let source = world.ledger().epoch(2).expect("opened").seed_block;
    reorganise(&world, depth_of(&world, source));
    assert_eq!(published.add(world.tick_all(2)), 4, "under other challenges");
    world.tick_all(2);
    agrees(&world, 2);
    world.play(3);
    world.assert_all_published_once(0..=3);
    assert_eq!(world.scores(), [10_000; 4]);
}

#[test]
fn publication_that_a_reorganisation_took_away_is_published_again_as_it_was() {
    publish_again(World::new(4));
}

#[test]
fn seed_that_a_reorganisation_took_away_leads_to_blocks_under_the_new_challenges() {
    publish_anew(World::new(4));
}

#[test]
fn what_a_reorganisation_of_anvil_took_away_is_published_again() {
    publish_again(World::on_anvil(4));
    publish_anew(World::on_anvil(4));
}

#[test]
fn nothing_is_signed_before_the_seed_is_deep_enough() {
    let mut world = World::new(3);
    for device in 0..3 {
        world.devices[device].seed_depth_blocks = 4;
        world.revive_soundly(device);
    }
    world.enter(0);
    world.devices[0].tick().expect("opens");
    world.await_seed();
    assert_eq!(world.devices[1].tick().expect("seeds"), [Action::Opened(0)]);
    for depth in 1..4 {
        let done = world.tick_all(0);
        assert!(done.is_empty(), "{done:?} at a depth of {depth}");
        assert_eq!(world.ledger().seed_depth(0), depth);
        world.chain.embedded.mine(1).expect("mined");
    }
    let done = world.tick_all(0);
    assert_eq!(done.len(), 3, "{done:?}");
    world.tick_all(0);
    agrees(&world, 0);
}

/// A network on anvil. Nobody publishes in it.
fn founded(anvil: &Anvil) -> (Founded, Sender) {
    // The account that anvil gives money to.
    let owner = Sender::from_key(&hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"));
    let owner = owner.expect("a key");
    let endpoint = Endpoint::parse(&anvil.url()).expect("a URL");
    let config = Config {
        head_age_max: core::time::Duration::ZERO,
        poll_every: core::time::Duration::from_millis(10),
        confirmations: 1,
        ..Config::new(31_337, vec![endpoint])
    };
    let chain: Arc<dyn Chain> =
        Arc::new(Rpc::connect(&config, Box::new(InMemory::default())).expect("connects"));
    let seat = |index: u8| FoundingSeat {
        provider: owner.address(),
        operator: owner.address(),
        device_id: DeviceId(B256::repeat_byte(index)),
        incarnation: Address::repeat_byte(index),
        measurement: keccak256("measurement"),
        verified_power: 1_000,
    };
    let plan = Founding {
        genesis_s: start_s(0),
        fixed: Fixed { epoch_seconds: 3_600, ..Fixed::default() },
        parameters: Parameters::default(),
        policy: b"policy".to_vec(),
        references: Vec::new(),
        seats: vec![seat(1), seat(2)],
    };
    (found_devnet(&chain, &owner, &plan).expect("founded"), owner)
}

#[test]
fn ledger_goes_along_when_anvil_reorganises() {
    let anvil = Anvil::with(&["--timestamp", &(start_s(0) - 3_600).to_string()]);
    let (founded, owner) = founded(&anvil);
    let network = &founded.network;
    let anew = || {
        let mut ledger = Ledger::new(network.clone(), 0).expect("settings");
        ledger.sync().expect("follows");
        ledger
    };
    let mut followed = anew();
    anvil.ask("evm_setNextBlockTimestamp", &json!([start_s(0)]));
    anvil.mine(1);
    network.send(&owner, &contract::openEpochCall {}).expect("sent");
    anvil.mine(3);
    network.send(&owner, &contract::seedEpochCall {}).expect("sent");
    followed.sync().expect("follows");
    let (seat, seed) = (founded.seats[0], followed.epoch(0).expect("opened").context.seed);
    let challenged = challenge(&followed, 0, seat);
    for depth in [1, 3, 5] {
        anvil.ask("anvil_reorg", &json!([depth, []]));
        followed.sync().expect("follows");
        assert!(followed == anew(), "{depth} blocks");
        assert!(!followed.epoch(0).is_some_and(|epoch| epoch.opened), "{depth} blocks");
        network.send(&owner, &contract::seedEpochCall {}).expect("sent");
        followed.sync().expect("follows");
        assert!(followed == anew(), "{depth} blocks");
    }
    assert_ne!(followed.epoch(0).expect("opened").context.seed, seed);
    assert_ne!(challenge(&followed, 0, seat), challenged);
}
