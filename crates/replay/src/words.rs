//! The contract's structs in the model's words, parameters and settings both ways, and what the model wants hashed.

use alloy_primitives::{Address, B256, Signature, U256, keccak256};
use alloy_sol_types::SolValue;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_protocol::machine::{Document, ReferenceValue, Refusal, Registration, Settings, Suspicion};
use multee_protocol::{DeviceId, Fixed, Parameters, Score, Tier};

/// Why something that a chain says has no counterpart in the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A log is none of the contract's events, or not as the contract encodes it.
    #[error("a log that is no event of the contract")]
    NotAnEvent,
    /// A number is beyond what the contract can hold.
    #[error("{what} is {value}, which is none")]
    OutOfRange {
        /// What it should be.
        what: &'static str,
        /// What it is.
        value: U256,
    },
    /// A document does not hash to the digest it is told with.
    #[error("{what} is told with digest {told}, but has {computed}")]
    Digest {
        /// Which document.
        what: &'static str,
        /// The digest in the event.
        told: B256,
        /// The digest of the event's bytes.
        computed: B256,
    },
}

fn out_of_range(what: &'static str, value: impl Into<U256>) -> Unreadable {
    Unreadable::OutOfRange { what, value: value.into() }
}

/// Parameters in the model's words.
pub fn parameters(p: &contract::Parameters) -> Parameters {
    Parameters {
        latest_checks: p.latestChecks,
        suspicious_checks: p.suspiciousChecks,
        decision_marks: p.decisionMarks,
        max_penalties: p.maxPenalties,
        full_gain_streak: p.fullGainStreak,
        finality_epochs: p.finalityEpochs,
        power_tolerance_bps: p.powerToleranceBps,
        score_gain_bps: p.scoreGainBps,
        admission_score: p.admissionScore,
        restart_cooldown_epochs: p.restartCooldownEpochs,
        reward_delay_epochs: p.rewardDelayEpochs,
        unbonding_epochs: p.unbondingEpochs,
        restricted_reward_bps: p.restrictedRewardBps,
        bounty_bps: p.bountyBps,
        min_deposit: p.minDeposit,
        reward_per_epoch: p.rewardPerEpoch,
    }
}

/// Parameters in the contract's words.
pub fn contract_parameters(p: &Parameters) -> contract::Parameters {
    contract::Parameters {
        latestChecks: p.latest_checks,
        suspiciousChecks: p.suspicious_checks,
        decisionMarks: p.decision_marks,
        maxPenalties: p.max_penalties,
        fullGainStreak: p.full_gain_streak,
        finalityEpochs: p.finality_epochs,
        powerToleranceBps: p.power_tolerance_bps,
        scoreGainBps: p.score_gain_bps,
        admissionScore: p.admission_score,
        restartCooldownEpochs: p.restart_cooldown_epochs,
        rewardDelayEpochs: p.reward_delay_epochs,
        unbondingEpochs: p.unbonding_epochs,
        restrictedRewardBps: p.restricted_reward_bps,
        bountyBps: p.bounty_bps,
        minDeposit: p.min_deposit,
        rewardPerEpoch: p.reward_per_epoch,
    }
}

/// Settings in the model's words.
///
/// # Errors
/// When the retention is beyond a byte, as no deployment's is.
pub fn settings(s: &contract::Settings) -> Result<Settings, Unreadable> {
    let retention = s.retentionEpochs;
    let retention_epochs = u8::try_from(retention)
        .map_err(|_| out_of_range("a number of epochs to retain", U256::from(retention)))?;
    let fixed = Fixed { epoch_seconds: s.epochSeconds, retention_epochs, max_seats: s.maxSeats };
    Ok(Settings { token: s.token, owner: s.owner, genesis_s: s.genesis, fixed })
}

/// Settings in the contract's words.
pub fn contract_settings(s: &Settings) -> contract::Settings {
    contract::Settings {
        token: s.token,
        owner: s.owner,
        genesis: s.genesis_s,
        epochSeconds: s.fixed.epoch_seconds,
        retentionEpochs: s.fixed.retention_epochs.into(),
        maxSeats: s.fixed.max_seats,
    }
}

/// A seat's claims in the model's words.
pub fn registration(r: &contract::Registration) -> Registration {
    Registration {
        operator: r.operator,
        device_id: DeviceId(r.deviceId),
        incarnation: r.incarnation,
        measurement: r.measurement,
    }
}

/// A reference value in the model's words.
pub fn reference_value(value: &contract::ReferenceValue) -> ReferenceValue {
    ReferenceValue {
        measurement: value.measurement,
        from_epoch: value.fromEpoch,
        until_epoch: value.untilEpoch,
    }
}

/// The digest of a list of reference values (docs/protocol.md, 4.3).
pub fn reference_digest(values: &[contract::ReferenceValue]) -> B256 {
    keccak256((keccak256("multee/references/v1"), values.to_vec()).abi_encode_params())
}

/// Evidence or certificates as the model keeps them: keccak256 and length in bytes.
pub fn document(bytes: &[u8]) -> Document {
    Document { digest: keccak256(bytes), bytes: bytes.len() }
}

/// A policy document as the model keeps it: `policyDigest` (docs/protocol.md, 4.3) and length in bytes.
pub fn policy(bytes: &[u8]) -> Document {
    let digest = keccak256((keccak256("multee/policy/v1"), keccak256(bytes)).abi_encode());
    Document { digest, bytes: bytes.len() }
}

/// A score of so many basis points.
///
/// # Errors
/// Above 10000.
pub fn score(bps: u16) -> Result<Score, Unreadable> {
    Score::new(bps).map_err(|_| out_of_range("a score", U256::from(bps)))
}

/// A tier by the contract's number; `None` for that of a device that no seat is bound to.
///
/// # Errors
/// For a number that is none.
pub fn tier(number: u8) -> Result<Option<Tier>, Unreadable> {
    Ok(match number {
        0 => None,
        1 => Some(Tier::Probation),
        2 => Some(Tier::Full),
        3 => Some(Tier::Warning),
        4 => Some(Tier::Restricted),
        5 => Some(Tier::Suspended),
        6 => Some(Tier::Blocked),
        _ => return Err(out_of_range("a tier", U256::from(number))),
    })
}

/// Why a block is suspicious, by the contract's number.
///
/// # Errors
/// For a number that is none.
pub fn suspicion(number: u8) -> Result<Suspicion, Unreadable> {
    let all = [
        Suspicion::NegativeMark,
        Suspicion::Probation,
        Suspicion::UnverifiedPower,
        Suspicion::Unchecked,
        Suspicion::Unwinding,
        Suspicion::Flagged,
        Suspicion::Undecided,
    ];
    let reason = all.into_iter().find(|reason| *reason as u8 == number);
    reason.ok_or_else(|| out_of_range("a suspicion", U256::from(number)))
}

/// Why a publication was refused, by the contract's number.
///
/// # Errors
/// For a number that is none, and for 0, which says that it was not.
pub fn refusal(number: u8) -> Result<Refusal, Unreadable> {
    let all = [
        Refusal::Blocked,
        Refusal::Exiting,
        Refusal::Suspended,
        Refusal::BoundElsewhere,
        Refusal::RivalClaim,
        Refusal::UndecidedBlock,
    ];
    let reason = all.into_iter().find(|reason| *reason as u8 == number);
    reason.ok_or_else(|| out_of_range("a refusal", U256::from(number)))
}

/// An amount that fits 128 bits, in the token's smallest unit.
///
/// # Errors
/// For one that does not, `what` it should be.
pub fn amount(what: &'static str, value: U256) -> Result<u128, Unreadable> {
    u128::try_from(value).map_err(|_| out_of_range(what, value))
}

/// Who signed a digest, as the contract recovers it from a compact signature (EIP-2098): only low `s`, never the zero
/// address.
pub fn signer(digest: B256, r: B256, vs: B256) -> Option<Address> {
    let signature = Signature::from_erc2098(&[r.0, vs.0].concat());
    let low = signature.normalize_s().is_none();
    let recovered = signature.recover_address_from_prehash(&digest).ok().filter(|_| low);
    recovered.filter(|address| !address.is_zero())
}
