//! A seat with honest and bad blocks to check, and what comes of altering what it is told.

use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::{Answer, Call, Chain};
use multee_confirmation::{AssignedBlock, Confirm, ConfirmError, Duty, SignedBlock};
use multee_node::{duty, publication};
use multee_protocol::{Epoch, Mark, Parameters};

use crate::support::{AGENT, World, app_of};

/// What may come of an alteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The application refuses.
    Refused,
    /// The contract rejects what it signs.
    Rejected,
    /// All marks are as they should be.
    Harmless,
    /// Some are abstentions instead, the others as they should be.
    Abstains,
    /// A mark is not true of the block in its place: it counts against the seat that gave it (R9).
    PaidFor,
}

pub(crate) type Alter<T> = fn(&Scene, &mut T);

/// A seat that has honest and bad blocks to check, with what it is to check.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) device: usize,
    pub(crate) duty: Duty,
    pub(crate) truth: SignedBlock,
    /// Of another seat, in the same epoch.
    pub(crate) other: Duty,
    /// Its own, of the epoch before.
    pub(crate) earlier: Duty,
}

impl Scene {
    /// One of six devices runs a program that is not allowed.
    pub(crate) fn new() -> Self {
        const EPOCH: Epoch = 2;
        let mut world = World::with(6, Parameters::default(), Some(2));
        world.play(0);
        world.open(EPOCH - 1);
        let earlier = world.ledger();
        world.tick_all(EPOCH - 1);
        world.open(EPOCH);
        let ledger = world.ledger();
        let duty_of = |ledger, device: usize, epoch| {
            duty(ledger, world.devices[device].seat, epoch, world.reader.as_ref()).expect("a duty")
        };
        let truth_of = |device: usize| {
            let duty = duty_of(&ledger, device, EPOCH);
            app_of(&world.devices[device].platform, AGENT, 1).confirm(&duty).expect("signs")
        };
        let sees_both = |device: &usize| {
            let marks: Vec<Mark> = truth_of(*device).verdicts.iter().map(|verdict| verdict.mark).collect();
            marks.iter().filter(|mark| **mark == Mark::Valid).count() > 1
                && marks.iter().any(|it| it.is_negative())
        };
        let device =
            [0, 1, 3, 4, 5].into_iter().find(sees_both).expect("one has honest and bad blocks to check");
        let another = if device == 5 { 4 } else { 5 };
        let (duty, truth) = (duty_of(&ledger, device, EPOCH), truth_of(device));
        let (other, earlier) = (duty_of(&ledger, another, EPOCH), duty_of(&earlier, device, EPOCH - 1));
        Self { world, device, duty, truth, other, earlier }
    }

    /// The same incarnation as it was booted, so that it has signed nothing yet.
    pub(crate) fn app(&self) -> impl Confirm {
        app_of(&self.world.devices[self.device].platform, AGENT, 1)
    }

    pub(crate) fn honest(&self) -> usize {
        self.placed(|mark| mark == Mark::Valid)
    }

    pub(crate) fn bad(&self) -> usize {
        self.placed(Mark::is_negative)
    }

    /// Where the first block with such a mark stands among the assigned.
    pub(crate) fn placed(&self, is_meant: impl Fn(Mark) -> bool) -> usize {
        let mut assigned = self.duty.assigned.iter();
        assigned.position(|block| is_meant(self.true_mark(block.place))).expect("there is one")
    }

    pub(crate) fn true_mark(&self, place: u8) -> Mark {
        self.truth.block.marks.get(place.into()).expect("a place")
    }

    /// Whether the contract would take it, sent by the seat's operator.
    pub(crate) fn is_taken(&self, call: &contract::publishCall) -> bool {
        let network = &self.world.founded.network;
        let operator = self.world.devices[self.device].operator.address();
        let call = Call::new(network.deployment().contract, call).by(operator);
        match self.world.chain.call(&call).expect("an answer") {
            Answer::Returned(bytes) => {
                contract::publishCall::abi_decode_returns(&bytes).expect("an outcome") == 0
            }
            Answer::Reverted(_) => false,
            halted @ Answer::Halted(_) => panic!("{halted:?}"),
        }
    }

    pub(crate) fn publication(&self, signed: &SignedBlock) -> contract::publishCall {
        let seat = self.world.devices[self.device].seat;
        let ledger = self.world.ledger();
        publication(signed, ledger.seat(seat).expect("founded").certificates.hash().expect("known"))
    }

    pub(crate) fn outcome(&self, altered: &Duty) -> Outcome {
        let signed = match self.app().confirm(altered) {
            Ok(signed) => signed,
            Err(ConfirmError::Refused(_)) => return Outcome::Refused,
            Err(other) => panic!("{other}"),
        };
        if !self.is_taken(&self.publication(&signed)) {
            return Outcome::Rejected;
        }
        let marks = (0..64)
            .map(|place| (signed.block.marks.get(place.into()).expect("a place"), self.true_mark(place)));
        let (mut outcome, mut is_false) = (Outcome::Harmless, false);
        for (given, due) in marks.filter(|(given, due)| given != due) {
            outcome = Outcome::Abstains;
            is_false |= given != Mark::Abstain || due == Mark::Abstain;
        }
        if is_false { Outcome::PaidFor } else { outcome }
    }

    pub(crate) fn after(&self, alter: impl FnOnce(&mut Duty)) -> Outcome {
        let mut altered = self.duty.clone();
        alter(&mut altered);
        // Without the megabytes of what was compared.
        assert!(altered != self.duty, "it is altered");
        self.outcome(&altered)
    }

    pub(crate) fn check(&self, alterations: &[(&str, Outcome, Alter<Duty>)]) {
        for (name, expected, alter) in alterations {
            assert_eq!(self.after(|duty| alter(self, duty)), *expected, "{name}");
        }
    }
}

/// Puts what `from` shows into the place of `to`.
pub(crate) fn show(duty: &mut Duty, from: &AssignedBlock, to: usize) {
    let place = duty.assigned[to].place;
    duty.assigned[to] = AssignedBlock { place, ..from.clone() };
}

/// With one bit flipped in its middle.
pub(crate) fn flipped(bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes.into()
}
