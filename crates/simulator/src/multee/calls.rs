//! The calls that agents make. Every seat has the same provider and operator; what tells seats and keys apart is made
//! of their numbers.

use alloy_primitives::{Address, B256, U256};
use multee_protocol::machine::{
    Call, Document, Equivocation, Genesis, Input, Moment, Outcome, Publication, Registration, Settings,
    State, Statement,
};
use multee_protocol::{Deployment, DeviceId, Epoch, Marks, SeatId};

use super::Network;
use crate::conduct::POWER;
use crate::error::SimulationError;
use crate::scenario::Scenario;

const GENESIS_S: u64 = 1_000_000;
const EPOCH_S: u64 = 86_400;
const OWNER: Address = Address::repeat_byte(0xEE);
const OPERATOR: Address = Address::repeat_byte(0x0B);
/// How long evidence is, in bytes.
const EVIDENCE_BYTES: usize = 1400;

/// When the founding seats are named.
pub(super) const BEFORE_GENESIS: Moment = Moment { timestamp_s: 0, block_number: 1, source_hash: None };

/// The start of an epoch, Unix seconds.
pub(super) fn start_of(epoch: Epoch) -> u64 {
    GENESIS_S + u64::from(epoch) * EPOCH_S
}

/// The network's owner.
pub(super) fn owner() -> Address {
    OWNER
}

/// The provider and operator of every seat.
pub(super) fn operator() -> Address {
    OPERATOR
}

fn word(kind: u64, number: u64) -> B256 {
    B256::from(U256::from_limbs([number, kind, 7, 9]))
}

/// The address of a device's key of this number.
fn key(device: u32, incarnation: u32) -> Address {
    Address::from_word(word(1, u64::from(device) << 32 | u64::from(incarnation)))
}

fn device_id(device: u32) -> DeviceId {
    DeviceId(word(2, device.into()))
}

fn measurement() -> B256 {
    word(3, 0)
}

/// A new network, with funds for all rewards.
pub(super) fn deploy(scenario: &Scenario) -> Result<State, SimulationError> {
    let settings = Settings { token: OWNER, owner: OWNER, genesis_s: GENESIS_S, fixed: scenario.fixed() };
    let genesis = Genesis {
        deployment: Deployment { chain_id: 1, contract: OWNER },
        registry: OWNER,
        settings,
        parameters: scenario.parameters,
        timestamp_s: 0,
        balance: 10_u128.pow(36),
    };
    let (state, _) =
        State::deploy(&genesis).map_err(|rejection| SimulationError::new("deploy", rejection))?;
    Ok(state.varied(scenario.variation))
}

fn registration(device: u32) -> Registration {
    Registration {
        operator: OPERATOR,
        device_id: device_id(device),
        incarnation: key(device, 0),
        measurement: measurement(),
    }
}

/// Names a device's founding seat (R1).
pub(super) fn founding(device: u32) -> Input {
    Input::Found { provider: OPERATOR, registration: registration(device), verified_power: POWER }
}

/// A device joins (R1).
pub(super) fn joining(device: u32) -> Input {
    Input::Join(registration(device))
}

/// A seat that was paid out comes back (R13).
pub(super) fn rejoining(device: u32, incarnation: u32) -> Input {
    let (incarnation, measurement) = (key(device, incarnation), measurement());
    Input::Rejoin { seat: SeatId(device + 1), operator: OPERATOR, incarnation, measurement }
}

/// Two blocks that one key signed for one challenge (R15); the first is the one just published.
pub(super) fn equivocation(device: u32, incarnation: u32, epoch: Epoch, published: B256) -> Input {
    let incarnation = key(device, incarnation);
    let signed = |digest| Statement { digest, signer: Some(incarnation) };
    let (first, second) = (signed(published), signed(word(5, device.into())));
    Input::ReportEquivocation(Equivocation { seat: SeatId(device + 1), incarnation, epoch, first, second })
}

/// Somebody who watches.
pub(super) fn watcher() -> Address {
    Address::repeat_byte(0xAA)
}

/// Begins a device's next incarnation (R11).
pub(super) fn restart(device: u32, incarnation: u32) -> Input {
    let (seat, measurement) = (SeatId(device + 1), measurement());
    Input::Restart { seat, incarnation: key(device, incarnation), measurement }
}

/// A publication (R6) without marks; challenge, previous digest and what it judged are to be filled in.
pub(super) fn publication(device: u32, incarnation: u32, number: u64) -> Publication {
    let (digest, incarnation) = (word(4, number), key(device, incarnation));
    Publication {
        seat: SeatId(device + 1),
        power: POWER,
        previous_digest: B256::ZERO,
        challenge: B256::ZERO,
        properties_digest: B256::ZERO,
        marks: Marks::default(),
        latest_bindings: B256::ZERO,
        device_id: device_id(device),
        incarnation,
        measurement: measurement(),
        certificates_hash: B256::ZERO,
        r: B256::ZERO,
        vs: B256::ZERO,
        evidence: Document { digest, bytes: EVIDENCE_BYTES },
        certificates: None,
        digest,
        signer: Some(incarnation),
    }
}

impl Network<'_> {
    /// Makes a call, and notes in the book what it brought about.
    pub(super) fn call(&mut self, caller: Address, input: Input) -> Result<Outcome, SimulationError> {
        let call = Call { caller, moment: self.moment, input };
        self.events.clear();
        let outcome = self.state.apply_into(&call, &mut self.events);
        for event in &self.events {
            self.book.note(event);
        }
        outcome.map_err(|rejection| SimulationError::new(name(&call.input), rejection))
    }
}

fn name(input: &Input) -> &'static str {
    match input {
        Input::Publish(_) => "publish",
        Input::OpenEpoch => "openEpoch",
        Input::SeedEpoch => "seedEpoch",
        Input::Settle(_) => "settle",
        Input::Restart { .. } => "restart",
        Input::Found { .. } => "found",
        Input::Join(_) => "join",
        Input::Exit(_) => "exit",
        Input::Rejoin { .. } => "rejoin",
        Input::ReportEquivocation(_) => "reportEquivocation",
        _ => "other",
    }
}
