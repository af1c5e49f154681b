//! What an application cannot see, and who pays for it.

use std::ops::RangeInclusive;

use alloy_primitives::{Address, Bytes, keccak256};
use multee_confirmation::{AssignedBlock, Confirm, ConfirmError, Duty, SignedBlock, Status};
use multee_node::{BlockRecord, assigned};
use multee_protocol::{Epoch, Mark, Parameters, SeatId, evidence_binding};

use super::scene::Outcome::{Abstains, PaidFor, Rejected};
use super::scene::{Scene, show};
use crate::support::{AGENT, Device, World, app_of, spec, tee_of};

/// Places below it are of latest blocks.
const LATEST: u8 = 2;

/// A record that nobody published.
fn made_up(duty: &Duty, shown: &AssignedBlock) -> AssignedBlock {
    let evidence = Bytes::from_static(b"no evidence");
    let evidence_hash = keccak256(&evidence);
    let digest = shown.block.digest(&duty.deployment);
    let evidence_binding = evidence_binding(digest, evidence_hash, shown.certificates_hash);
    AssignedBlock { evidence: Some(evidence), evidence_hash, evidence_binding, ..shown.clone() }
}

/// The one thing that an application cannot see is which block stands in a place: it has no chain to look at. A record
/// shown there as a whole is judged as shown. But in the places of latest blocks it signs what it judged, and the contract
/// knows what it was to judge: whatever else is shown there, even if the mark is the same, the block is refused.
#[test]
fn whole_records_in_the_places_of_latest_blocks_are_refused_by_the_contract() {
    let scene = Scene::new();
    let latest = |scene: &Scene| scene.duty.assigned.iter().filter(|it| it.place < LATEST).count();
    assert_eq!(latest(&scene), usize::from(LATEST));
    for to in 0..latest(&scene) {
        for from in (0..scene.duty.assigned.len()).filter(|from| *from != to) {
            let shown = scene.after(|duty| show(duty, &scene.duty.assigned[from], to));
            assert_eq!(shown, Rejected, "block {from} in the place of {to}");
        }
        let outcome = scene.after(|duty| duty.assigned[to] = made_up(duty, &duty.assigned[to]));
        assert_eq!(outcome, Rejected, "made up in the place of {to}");
    }
    scene.check(&[
        ("two latest blocks exchanged", Rejected, |scene, duty| {
            show(duty, &scene.duty.assigned[0], 1);
            show(duty, &scene.duty.assigned[1], 0);
        }),
        ("one place of latest blocks too few", Rejected, |_, duty| duty.latest -= 1),
        ("one place too many", Rejected, |_, duty| duty.latest += 1),
        ("no place of a latest block", Rejected, |_, duty| duty.latest = 0),
        ("a latest block withheld", Abstains, |_, duty| drop(duty.assigned.remove(0))),
    ]);
}

/// In the window a mark is judged itself (R9), whatever it is of.
#[test]
fn whole_records_in_the_wrong_place_of_the_window_are_judged_as_shown() {
    let scene = Scene::new();
    assert!(scene.duty.assigned[scene.bad()].place >= LATEST);
    scene.check(&[
        ("an honest block in a bad one's place", PaidFor, |scene, duty| {
            show(duty, &scene.duty.assigned[scene.honest()], scene.bad());
        }),
        ("a record that is made up", PaidFor, |scene, duty| {
            let record = made_up(duty, &scene.duty.assigned[scene.honest()]);
            show(duty, &record, scene.bad());
        }),
    ]);
}

/// Documents of one vendor that are both in force are both true: of two revocation lists a host may bring the older one.
/// Who has the newer one marks otherwise, and the more weight decides.
#[test]
fn older_revocation_list_that_is_still_in_force_hides_a_revocation() {
    let scene = Scene::new();
    let honest = scene.honest();
    let revoked = scene.world.devices.iter().find(|it| it.seat == scene.duty.assigned[honest].block.seat);
    let mut vendor = scene.world.reader.vendor.clone();
    vendor.revoke(&revoked.expect("it has a seat").platform);
    let mut newer = scene.duty.clone();
    let index = usize::from(newer.assigned[honest].collateral.expect("given"));
    let quote = scene.world.ledger().blocks().find_map(|record| {
        (record.block == newer.assigned[honest].block).then(|| record.quote().expect("a bundle"))
    });
    let tee = tee_of(&quote.expect("published"));
    newer.collaterals[index] = vendor.collateral_with(spec(tee)).expect("in order").into();
    let place = newer.assigned[honest].place;
    let mark = |duty: &Duty| {
        let mut app = app_of(&scene.world.devices[scene.device].platform, AGENT, 1);
        app.confirm(duty).expect("signs").block.marks.get(place.into())
    };
    assert_eq!(mark(&newer), Ok(Mark::PlatformNotAccepted));
    assert_eq!(mark(&scene.duty), Ok(Mark::Valid), "the older one says nothing of it");
}

/// Shows its application one bad block in every place, from when it has met one.
struct Slanderous {
    app: Box<dyn Confirm>,
    bad_seat: SeatId,
    bad: Option<(AssignedBlock, Bytes)>,
}

impl Confirm for Slanderous {
    fn incarnation(&self) -> Address {
        self.app.incarnation()
    }

    fn status(&mut self) -> Result<Status, ConfirmError> {
        self.app.status()
    }

    fn confirm(&mut self, duty: &Duty) -> Result<SignedBlock, ConfirmError> {
        let mut duty = duty.clone();
        let met = duty.assigned.iter().find(|shown| shown.block.seat == self.bad_seat);
        if let (Some(met), None) = (met, &self.bad) {
            let collateral = duty.collaterals[usize::from(met.collateral.expect("given"))].clone();
            self.bad = Some((met.clone(), collateral));
        }
        if let Some((bad, collateral)) = &self.bad {
            duty.collaterals = vec![collateral.clone()];
            for at in 0..duty.assigned.len() {
                show(&mut duty, &AssignedBlock { collateral: Some(0), ..bad.clone() }, at);
            }
        }
        self.app.confirm(&duty)
    }
}

/// All do what there is to do, and the contract refuses this device's blocks for what they state of the latest ones. In how
/// many epochs it did.
fn play_refusing(world: &mut World, device: usize, epochs: RangeInclusive<Epoch>) -> usize {
    let mut refused = 0;
    for epoch in epochs {
        world.open(epoch);
        for (at, it) in world.devices.iter_mut().enumerate() {
            let Err(error) = it.tick() else { continue };
            assert_eq!(at, device, "{error}");
            assert!(error.to_string().contains("LatestBindingsWrong"), "{error}");
            refused += 1;
        }
    }
    refused
}

#[test]
fn host_that_slanders_publishes_nothing_and_nobody_loses_anything() {
    const SLANDERER: usize = 0;
    let mut world = World::with(7, Parameters::default(), Some(2));
    let bad_seat = world.devices[2].seat;
    world.revive_behind(SLANDERER, |app| Box::new(Slanderous { app, bad_seat, bad: None }));
    let refused = play_refusing(&mut world, SLANDERER, 0..=9);
    // Who publishes nothing has no rank in the next epoch, and nothing to mark.
    assert!(refused > 2, "{refused}");
    let scores = world.scores();
    let honest: Vec<u16> = [0, 1, 3, 4, 5, 6].map(|device| scores[device]).to_vec();
    assert_eq!(honest, [10_000; 6]);
}

/// Shows its application honest blocks in the places of bad ones.
struct Promoting {
    app: Box<dyn Confirm>,
    bad_seat: SeatId,
    /// In which places.
    lies_in: fn(u8) -> bool,
}

impl Confirm for Promoting {
    fn incarnation(&self) -> Address {
        self.app.incarnation()
    }

    fn status(&mut self) -> Result<Status, ConfirmError> {
        self.app.status()
    }

    fn confirm(&mut self, duty: &Duty) -> Result<SignedBlock, ConfirmError> {
        let mut altered = duty.clone();
        let honest = duty.assigned.iter().find(|shown| shown.block.seat != self.bad_seat);
        for (at, shown) in duty.assigned.iter().enumerate() {
            if let Some(honest) =
                honest.filter(|_| shown.block.seat == self.bad_seat && (self.lies_in)(shown.place))
            {
                show(&mut altered, honest, at);
            }
        }
        self.app.confirm(&altered)
    }
}

/// A device that has the bad seat's first block among the latest ones to check. The same calls make the same chain.
fn checks_the_bad_one() -> usize {
    let mut world = World::with(7, Parameters::default(), Some(2));
    world.play(0);
    world.open(1);
    let (ledger, bad_seat) = (world.ledger(), world.devices[2].seat);
    let epoch = ledger.epoch(1).expect("opened");
    let checks = |device: &Device| {
        let assigned = assigned(&ledger, device.seat, epoch).expect("an assignment");
        assigned.iter().any(|(place, block)| *place < LATEST && block.block.seat == bad_seat)
    };
    world.devices.iter().position(checks).expect("two check it")
}

/// What a host has of promoting a bad seat.
struct Promotion {
    score: u16,
    /// How often it marked a bad block valid.
    lies: usize,
    /// In how many epochs the contract refused its block for what it stated of the latest blocks.
    refused: usize,
}

/// Plays with a host that promotes a bad seat where it may.
fn promote(lies_in: fn(u8) -> bool) -> Promotion {
    let promoter = checks_the_bad_one();
    let mut world = World::with(7, Parameters::default(), Some(2));
    let (seat, bad_seat) = (world.devices[promoter].seat, world.devices[2].seat);
    world.play(0);
    world.revive_behind(promoter, |app| Box::new(Promoting { app, bad_seat, lies_in }));
    let refused = play_refusing(&mut world, promoter, 1..=6);
    let ledger = world.ledger();
    let given = |block: &BlockRecord| -> usize {
        let epoch = ledger.epoch(block.block.epoch).expect("opened");
        let checked = assigned(&ledger, seat, epoch).expect("an assignment").into_iter();
        let is_bad = |checked: &BlockRecord| checked.fate.decided == Some(true);
        checked
            .filter(|(place, checked)| {
                is_bad(checked) && block.block.marks.get((*place).into()) == Ok(Mark::Valid)
            })
            .count()
    };
    let lies = ledger.blocks().filter(|block| block.block.seat == seat).map(given).sum();
    assert!(ledger.blocks().any(|block| block.block.seat == bad_seat && block.fate.decided == Some(true)));
    Promotion { score: world.seat(seat).score, lies, refused }
}

#[test]
fn host_that_promotes_pays_for_marks_in_the_window() {
    let Promotion { score, lies, refused } = promote(|place| place >= LATEST);
    assert!(lies > 0 && score < 10_000, "{lies} lies, score {score}");
    assert_eq!(refused, 0);
}

/// Mark 1 on a latest block is not judged (R9), so it must be of that block: the contract compares what the application says
/// it judged. Who shows it another has no block in that epoch, and no reward.
#[test]
fn host_that_promotes_among_the_latest_blocks_publishes_nothing() {
    let Promotion { score, lies, refused } = promote(|place| place < LATEST);
    assert_eq!(lies, 0, "no bad block got a valid mark");
    assert!(refused > 0, "it tried");
    assert_eq!(score, 10_000, "and its other blocks are honest");
}
