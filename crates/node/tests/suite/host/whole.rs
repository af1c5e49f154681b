//! What an application cannot see, and who pays for it.

use alloy_primitives::{Address, Bytes, keccak256};
use multee_confirmation::{AssignedBlock, Confirm, ConfirmError, Duty, SignedBlock, Status};
use multee_node::{BlockRecord, assigned};
use multee_protocol::{Mark, Parameters, SeatId, evidence_binding};

use super::scene::Outcome::PaidFor;
use super::scene::{Scene, show};
use crate::support::{AGENT, Device, SUSPENDED, World, app_of, spec, tee_of};

/// Places below it are of latest blocks.
const LATEST: u8 = 2;

/// The one thing that an application cannot see is which block stands in a place: it has no chain to look at. A record
/// shown there as a whole is judged as shown. The list is complete: nothing else above makes a false mark.
#[test]
fn whole_records_in_the_wrong_place_are_judged_as_shown() {
    let scene = Scene::new();
    scene.check(&[
        ("honest and bad exchanged", PaidFor, |scene, duty| {
            let (honest, bad) = (duty.assigned[scene.honest()].clone(), duty.assigned[scene.bad()].clone());
            show(duty, &bad, scene.honest());
            show(duty, &honest, scene.bad());
        }),
        ("a bad block in an honest one's place", PaidFor, |scene, duty| {
            show(duty, &scene.duty.assigned[scene.bad()], scene.honest());
        }),
        ("an honest block in a bad one's place", PaidFor, |scene, duty| {
            show(duty, &scene.duty.assigned[scene.honest()], scene.bad());
        }),
        ("a record that is made up", PaidFor, |scene, duty| {
            let deployment = duty.deployment;
            let shown = &mut duty.assigned[scene.honest()];
            let evidence = Bytes::from_static(b"no evidence");
            shown.evidence_hash = keccak256(&evidence);
            shown.evidence = Some(evidence);
            let digest = shown.block.digest(&deployment);
            shown.evidence_binding = evidence_binding(digest, shown.evidence_hash, shown.certificates_hash);
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

#[test]
fn host_that_shows_wrong_records_pays_and_nobody_else_does() {
    const SLANDERER: usize = 0;
    let mut world = World::with(7, Parameters::default(), Some(2));
    let bad_seat = world.devices[2].seat;
    world.revive_behind(SLANDERER, |app| Box::new(Slanderous { app, bad_seat, bad: None }));
    world.play_all(0..=9);
    let seat = world.seat(world.devices[SLANDERER].seat);
    assert!(seat.tier == SUSPENDED || seat.score < 5_000, "{seat:?}");
    let scores = world.scores();
    let others: Vec<u16> = [1, 3, 4, 5, 6].map(|device| scores[device]).to_vec();
    assert_eq!(others, [10_000; 5], "no honest seat loses anything");
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

/// Plays with a host that promotes a bad seat where it may. Its score, and how often it marked a bad block valid.
fn promote(lies_in: fn(u8) -> bool) -> (u16, usize) {
    let promoter = checks_the_bad_one();
    let mut world = World::with(7, Parameters::default(), Some(2));
    let (seat, bad_seat) = (world.devices[promoter].seat, world.devices[2].seat);
    world.play(0);
    world.revive_behind(promoter, |app| Box::new(Promoting { app, bad_seat, lies_in }));
    world.open(1);
    world.tick_all(1);
    world.play_all(2..=6);
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
    (world.seat(seat).score, lies)
}

#[test]
fn host_that_promotes_pays_for_marks_in_the_window() {
    let (score, lies) = promote(|place| place >= LATEST);
    assert!(lies > 0 && score < 10_000, "{lies} lies, score {score}");
}

/// Of marks on latest blocks only negative ones are judged (R9): what a host gains by showing others there is what a
/// liar gains who has its TEE's key, and no more (docs/protocol.md, known limits).
#[test]
fn host_that_promotes_among_the_latest_blocks_pays_nothing_and_does_not_prevail() {
    let (score, lies) = promote(|place| place < LATEST);
    assert!(lies > 0, "it lied");
    assert_eq!(score, 10_000, "if it pays by now, the known limit is gone");
}
