//! One call, as the contract gets it (calldata) and as the model does ([`Input`]: hashed, with digests and signers).

use alloy_primitives::{Address, B256, Bytes, Signature, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use multee_chain::bindings::IProofOfAttestation as Contract;
use multee_chain::bindings::deployed::Registry;
use multee_protocol::machine::{
    BlockRef, Document, Equivocation, Input, Publication, ReferenceValue, Registration, State, Statement,
};
use multee_protocol::{ConfirmationBlock, Deployment, DeviceId, Epoch, Marks, SeatId};
pub(crate) use multee_replay::words::{contract_parameters, parameters as model_parameters};

/// A call of the contract, with all that the caller sends.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "one at a time")]
#[allow(missing_docs, reason = "the contract's functions, described there")]
pub(crate) enum Request {
    OpenEpoch,
    SeedEpoch,
    Publish(Contract::Publication),
    Settle(Vec<Contract::BlockRef>),
    Found {
        provider: Address,
        registration: Contract::Registration,
        verified_power: u64,
    },
    SetPolicy(Bytes),
    SetReferenceValues(Vec<Contract::ReferenceValue>),
    AnnounceParameters(Contract::Parameters),
    SetPaused(bool),
    AnnounceStandstill,
    Revive(Vec<u32>),
    Join(Contract::Registration),
    Restart {
        seat: u32,
        incarnation: Address,
        measurement: B256,
    },
    Remove(u32),
    SetOperator {
        seat: u32,
        operator: Address,
    },
    Exit(u32),
    Rejoin {
        seat: u32,
        operator: Address,
        incarnation: Address,
        measurement: B256,
    },
    ReportEquivocation(Contract::Equivocation),
    WithdrawDeposit(u32),
    WithdrawRewards(u32),
    WithdrawBounty,
    TransferOwnership(Address),
    AcceptOwnership,
    RenounceOwnership,
    /// A transfer of tokens to the contract.
    Donate {
        amount: u128,
    },
}

impl Request {
    /// What the contract is sent; `None` if it is the token that is called.
    #[allow(non_snake_case, reason = "the contract's names")]
    pub(crate) fn calldata(&self) -> Option<Vec<u8>> {
        Some(match self.clone() {
            Self::OpenEpoch => Contract::openEpochCall {}.abi_encode(),
            Self::SeedEpoch => Contract::seedEpochCall {}.abi_encode(),
            Self::Publish(publication) => Contract::publishCall { publication }.abi_encode(),
            Self::Settle(blocks) => Contract::settleCall { blocks }.abi_encode(),
            Self::Found { provider, registration, verified_power: verifiedPower } => {
                Contract::foundCall { provider, registration, verifiedPower }.abi_encode()
            }
            Self::SetPolicy(document) => Contract::setPolicyCall { document }.abi_encode(),
            Self::SetReferenceValues(values) => Contract::setReferenceValuesCall { values }.abi_encode(),
            Self::AnnounceParameters(parameters_) => {
                Contract::announceParametersCall { parameters_ }.abi_encode()
            }
            Self::SetPaused(paused) => Contract::setPausedCall { paused }.abi_encode(),
            Self::AnnounceStandstill => Contract::announceStandstillCall {}.abi_encode(),
            Self::Revive(seats) => Contract::reviveCall { seats }.abi_encode(),
            Self::Join(registration) => Contract::joinCall { registration }.abi_encode(),
            Self::Restart { seat, incarnation, measurement } => {
                Contract::restartCall { seat, incarnation, measurement }.abi_encode()
            }
            Self::Remove(seat) => Contract::removeCall { seat }.abi_encode(),
            Self::SetOperator { seat, operator } => Contract::setOperatorCall { seat, operator }.abi_encode(),
            Self::Exit(seat) => Contract::exitCall { seat }.abi_encode(),
            Self::Rejoin { seat, operator, incarnation, measurement } => {
                Contract::rejoinCall { seat, operator, incarnation, measurement }.abi_encode()
            }
            Self::ReportEquivocation(pair) => Contract::reportEquivocationCall { pair }.abi_encode(),
            Self::WithdrawDeposit(seat) => Contract::withdrawDepositCall { seat }.abi_encode(),
            Self::WithdrawRewards(seat) => Contract::withdrawRewardsCall { seat }.abi_encode(),
            Self::WithdrawBounty => Contract::withdrawBountyCall {}.abi_encode(),
            Self::TransferOwnership(to) => Registry::transferOwnershipCall { newOwner: to }.abi_encode(),
            Self::AcceptOwnership => Registry::acceptOwnershipCall {}.abi_encode(),
            Self::RenounceOwnership => Registry::renounceOwnershipCall {}.abi_encode(),
            Self::Donate { .. } => return None,
        })
    }

    /// What the model is told, in the clock's epoch (0 before genesis).
    pub(crate) fn input(&self, state: &State, now: Epoch) -> Input {
        match self {
            Self::OpenEpoch => Input::OpenEpoch,
            Self::SeedEpoch => Input::SeedEpoch,
            Self::Publish(p) => Input::Publish(publication(p, state.deployment(), now)),
            Self::Settle(blocks) => {
                Input::Settle(blocks.iter().map(|at| BlockRef { epoch: at.epoch, order: at.order }).collect())
            }
            Self::Found { provider, registration, verified_power } => Input::Found {
                provider: *provider,
                registration: claims(registration),
                verified_power: *verified_power,
            },
            Self::SetPolicy(document) => Input::SetPolicy(policy(document)),
            Self::SetReferenceValues(values) => Input::SetReferenceValues {
                digest: reference_digest(values),
                values: values.iter().map(reference_value).collect(),
            },
            Self::AnnounceParameters(parameters) => Input::AnnounceParameters(model_parameters(parameters)),
            Self::SetPaused(paused) => Input::SetPaused(*paused),
            Self::AnnounceStandstill => Input::AnnounceStandstill,
            Self::Revive(seats) => Input::Revive(seats.iter().copied().map(SeatId).collect()),
            Self::Join(registration) => Input::Join(claims(registration)),
            Self::Restart { seat, incarnation, measurement } => {
                let (seat, incarnation, measurement) = (SeatId(*seat), *incarnation, *measurement);
                Input::Restart { seat, incarnation, measurement }
            }
            Self::Remove(seat) => Input::Remove(SeatId(*seat)),
            Self::SetOperator { seat, operator } => {
                Input::SetOperator { seat: SeatId(*seat), operator: *operator }
            }
            Self::Exit(seat) => Input::Exit(SeatId(*seat)),
            Self::Rejoin { seat, operator, incarnation, measurement } => Input::Rejoin {
                seat: SeatId(*seat),
                operator: *operator,
                incarnation: *incarnation,
                measurement: *measurement,
            },
            Self::ReportEquivocation(pair) => Input::ReportEquivocation(equivocation(pair, state)),
            Self::WithdrawDeposit(seat) => Input::WithdrawDeposit(SeatId(*seat)),
            Self::WithdrawRewards(seat) => Input::WithdrawRewards(SeatId(*seat)),
            Self::WithdrawBounty => Input::WithdrawBounty,
            Self::TransferOwnership(to) => Input::TransferOwnership(*to),
            Self::AcceptOwnership => Input::AcceptOwnership,
            Self::RenounceOwnership => Input::RenounceOwnership,
            Self::Donate { amount } => Input::Donate { amount: *amount },
        }
    }
}

/// The signer of a digest, as the contract recovers it: only low `s`, never the zero address.
pub(crate) fn signer(digest: B256, r: B256, vs: B256) -> Option<Address> {
    let mut compact = [0; 64];
    compact[..32].copy_from_slice(r.as_slice());
    compact[32..].copy_from_slice(vs.as_slice());
    let signature = Signature::from_erc2098(&compact);
    let low = signature.normalize_s().is_none();
    let recovered = signature.recover_address_from_prehash(&digest).ok().filter(|_| low);
    recovered.filter(|address| !address.is_zero())
}

/// Bytes as the model keeps them.
pub(crate) fn document(bytes: &[u8]) -> Document {
    Document { digest: keccak256(bytes), bytes: bytes.len() }
}

/// A policy as the model keeps it.
pub(crate) fn policy(bytes: &[u8]) -> Document {
    let digest = keccak256((keccak256("multee/policy/v1"), keccak256(bytes)).abi_encode());
    Document { digest, bytes: bytes.len() }
}

/// A reference value in the model's words.
pub(crate) fn reference_value(value: &Contract::ReferenceValue) -> ReferenceValue {
    ReferenceValue {
        measurement: value.measurement,
        from_epoch: value.fromEpoch,
        until_epoch: value.untilEpoch,
    }
}

fn reference_digest(values: &[Contract::ReferenceValue]) -> B256 {
    keccak256((keccak256("multee/references/v1"), values.to_vec()).abi_encode_params())
}

fn claims(registration: &Contract::Registration) -> Registration {
    Registration {
        operator: registration.operator,
        device_id: DeviceId(registration.deviceId),
        incarnation: registration.incarnation,
        measurement: registration.measurement,
    }
}

fn publication(p: &Contract::Publication, deployment: Deployment, epoch: Epoch) -> Publication {
    let block = ConfirmationBlock {
        seat: SeatId(p.seat),
        device_id: DeviceId(p.deviceId),
        incarnation: p.incarnation,
        epoch,
        previous_digest: p.previousDigest,
        challenge: p.challenge,
        measurement: p.measurement,
        power: p.power,
        properties_digest: p.propertiesDigest,
        marks: Marks(p.marks),
        latest_bindings: p.latestBindings,
    };
    let digest = block.digest(&deployment);
    Publication {
        seat: block.seat,
        power: block.power,
        previous_digest: block.previous_digest,
        challenge: block.challenge,
        properties_digest: block.properties_digest,
        marks: block.marks,
        latest_bindings: block.latest_bindings,
        device_id: block.device_id,
        incarnation: block.incarnation,
        measurement: block.measurement,
        certificates_hash: p.certificatesHash,
        r: p.r,
        vs: p.vs,
        evidence: document(&p.evidence),
        certificates: Some(document(&p.certificates)).filter(|new| new.bytes != 0),
        digest,
        signer: signer(digest, p.r, p.vs),
    }
}

fn equivocation(pair: &Contract::Equivocation, state: &State) -> Equivocation {
    let seat = SeatId(pair.seat);
    let device_id = state.seat_view(seat).map_or(DeviceId(B256::ZERO), |view| view.device_id);
    let statement = |s: &Contract::Statement| {
        let block = ConfirmationBlock {
            seat,
            device_id,
            incarnation: pair.incarnation,
            epoch: pair.epoch,
            previous_digest: pair.previousDigest,
            challenge: pair.challenge,
            measurement: s.measurement,
            power: s.power,
            properties_digest: s.propertiesDigest,
            marks: Marks(s.marks),
            latest_bindings: s.latestBindings,
        };
        let digest = block.digest(&state.deployment());
        Statement { digest, signer: signer(digest, s.r, s.vs) }
    };
    Equivocation {
        seat,
        incarnation: pair.incarnation,
        epoch: pair.epoch,
        first: statement(&pair.first),
        second: statement(&pair.second),
    }
}

/// A number of 256 bits that fits 128, as amounts in events and views do.
///
/// # Panics
/// When it does not: then the contract holds more than there is.
pub(crate) fn amount(value: U256) -> u128 {
    u128::try_from(value).expect("an amount")
}
