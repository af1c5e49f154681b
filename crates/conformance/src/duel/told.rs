//! Events of the contract in the model's words: bytes become digest and length.

use alloy_primitives::Log;
use alloy_sol_types::SolEventInterface;
use multee_chain::bindings::IProofOfAttestation as Contract;
use multee_chain::bindings::deployed::Registry;
use multee_protocol::machine::{Document, Event, Refusal, Settings, Suspicion};
use multee_protocol::{DeviceId, Marks, Score, SeatId};
use multee_replay::words;

use super::request::{document, model_parameters, reference_value};

/// The log is none of the contract's events.
#[derive(Debug, thiserror::Error)]
#[error("a log that is no event of the contract: {0}")]
pub(crate) struct NoEvent(String);

/// A log as the model's event.
///
/// # Errors
/// For a log that is none.
#[allow(clippy::too_many_lines, reason = "one arm for each event")]
pub(crate) fn event(log: &Log) -> Result<Event, NoEvent> {
    use Contract::IProofOfAttestationEvents as Told;
    let told = match Told::decode_log(log) {
        Ok(told) => told.data,
        Err(error) => return ownership(log).ok_or_else(|| NoEvent(error.to_string())),
    };
    let score = |bps: u16| Score::new(bps).map_err(|error| NoEvent(error.to_string()));
    Ok(match told {
        Told::NetworkDeployed(e) => Event::NetworkDeployed {
            registry: e.registry,
            settings: settings(&e.settings),
            parameters: model_parameters(&e.parameters),
        },
        Told::SeatRegistered(e) => Event::SeatRegistered {
            seat: SeatId(e.seat),
            device_id: DeviceId(e.deviceId),
            provider: e.provider,
            operator: e.operator,
            deposit: e.deposit,
            founding: e.founding,
            verified_power: e.verifiedPower,
        },
        Told::IncarnationBegun(e) => Event::IncarnationBegun {
            seat: SeatId(e.seat),
            incarnation: e.incarnation,
            measurement: e.measurement,
            since_epoch: e.sinceEpoch,
        },
        Told::SeatRestarted(e) => {
            Event::SeatRestarted { seat: SeatId(e.seat), epoch: e.epoch, score: score(e.score)? }
        }
        Told::SeatAdmitted(e) => {
            Event::SeatAdmitted { seat: SeatId(e.seat), epoch: e.epoch, device_id: DeviceId(e.deviceId) }
        }
        Told::ProbationBegun(e) => Event::ProbationBegun { seat: SeatId(e.seat), epoch: e.epoch },
        Told::SeatSuspended(e) => {
            Event::SeatSuspended { seat: SeatId(e.seat), epoch: e.epoch, score: score(e.score)? }
        }
        Told::SeatPenalised(e) => {
            Event::SeatPenalised { seat: SeatId(e.seat), epoch: e.epoch, penalties: e.penalties }
        }
        Told::SeatBlocked(e) => Event::SeatBlocked {
            seat: SeatId(e.seat),
            epoch: e.epoch,
            slashed: e.slashed,
            rewards_lost: e.rewardsLost,
        },
        Told::SeatRemoved(e) => {
            Event::SeatRemoved { seat: SeatId(e.seat), epoch: e.epoch, remover: e.remover, bounty: e.bounty }
        }
        Told::OperatorSet(e) => Event::OperatorSet { seat: SeatId(e.seat), operator: e.operator },
        Told::SeatExiting(e) => Event::SeatExiting { seat: SeatId(e.seat), epoch: e.epoch, fee: e.fee },
        Told::SeatRejoined(e) => Event::SeatRejoined {
            seat: SeatId(e.seat),
            epoch: e.epoch,
            operator: e.operator,
            deposit: e.deposit,
        },
        Told::EquivocationProven(e) => Event::EquivocationProven {
            seat: SeatId(e.seat),
            incarnation: e.incarnation,
            epoch: e.epoch,
            reporter: e.reporter,
            bounty: e.bounty,
        },
        Told::DepositPaid(e) => {
            Event::DepositPaid { seat: SeatId(e.seat), to: e.to, amount: e.amount, withheld: e.withheld }
        }
        Told::RewardPaid(e) => Event::RewardPaid { seat: SeatId(e.seat), to: e.to, amount: e.amount },
        Told::BountyPaid(e) => Event::BountyPaid { to: e.to, amount: e.amount },
        Told::EpochOpened(e) => Event::EpochOpened {
            epoch: e.epoch,
            seed_block: e.seedBlock,
            roster_epoch: e.rosterEpoch,
            roster_size: e.rosterSize,
            window_start: e.windowStart.to(),
            window_size: e.windowSize,
            decision_marks: e.decisionMarks,
            pot: e.pot,
            policy_digest: e.policyDigest,
            reference_digest: e.referenceDigest,
        },
        Told::EpochSeeded(e) => Event::EpochSeeded { epoch: e.epoch, seed: e.seed, root: e.root },
        Told::ParametersAnnounced(e) => Event::ParametersAnnounced {
            from_epoch: e.fromEpoch,
            parameters: model_parameters(&e.parameters),
        },
        Told::ParametersAdopted(e) => Event::ParametersAdopted { epoch: e.epoch },
        Told::PauseSet(e) => Event::PauseSet { paused: e.paused },
        Told::BlockPublished(e) => Event::BlockPublished {
            seat: SeatId(e.seat),
            epoch: e.epoch,
            digest: e.digest,
            order: e.order,
            weight: e.weight,
            power: e.power,
            properties_digest: e.propertiesDigest,
            marks: Marks(e.marks),
            latest_bindings: e.latestBindings,
            r: e.r,
            vs: e.vs,
            evidence: document(&e.evidence),
        },
        Told::CertificatesPublished(e) => Event::CertificatesPublished {
            seat: SeatId(e.seat),
            epoch: e.epoch,
            certificates: document(&e.certificates),
        },
        Told::PowerUnverified(e) => {
            Event::PowerUnverified { seat: SeatId(e.seat), epoch: e.epoch, power: e.power }
        }
        Told::PowerVerified(e) => {
            Event::PowerVerified { seat: SeatId(e.seat), epoch: e.epoch, power: e.power }
        }
        Told::PublicationRefused(e) => Event::PublicationRefused {
            seat: SeatId(e.seat),
            epoch: e.epoch,
            reason: refusal(e.reason).ok_or_else(|| NoEvent("a refusal of nothing".to_owned()))?,
        },
        Told::BlockLogged(e) => Event::BlockLogged {
            epoch: e.epoch,
            order: e.order,
            position: e.position.to(),
            reason: suspicion(e.reason).ok_or_else(|| NoEvent("an unknown reason".to_owned()))?,
        },
        Told::BlockPassed(e) => Event::BlockPassed {
            seat: SeatId(e.seat),
            epoch: e.epoch,
            judgement: score(e.judgement)?,
            score: score(e.score)?,
            streak: e.streak,
        },
        Told::BlockDecided(e) => Event::BlockDecided {
            seat: SeatId(e.seat),
            epoch: e.epoch,
            malicious: e.malicious,
            positive: e.positive,
            negative: e.negative,
            count: e.count,
            judgement: score(e.judgement)?,
            score: score(e.score)?,
            streak: e.streak,
            reward: e.reward,
        },
        Told::BlockFinal(e) => Event::BlockFinal { seat: SeatId(e.seat), epoch: e.epoch, reward: e.reward },
        Told::PolicySet(e) => {
            Event::PolicySet { document: Document { digest: e.digest, bytes: e.document.len() } }
        }
        Told::ReferenceValuesSet(e) => Event::ReferenceValuesSet {
            digest: e.digest,
            values: e.values.iter().map(reference_value).collect(),
        },
        Told::StandstillAnnounced(e) => {
            Event::StandstillAnnounced { epoch: e.epoch, revive_from_epoch: e.reviveFromEpoch }
        }
        Told::SeatRevived(e) => {
            Event::SeatRevived { seat: SeatId(e.seat), epoch: e.epoch, score: score(e.score)? }
        }
    })
}

fn ownership(log: &Log) -> Option<Event> {
    use Registry::RegistryEvents as Told;
    match Told::decode_log(log).ok()?.data {
        Told::OwnershipTransferStarted(e) => {
            Some(Event::OwnershipTransferStarted { previous_owner: e.previousOwner, new_owner: e.newOwner })
        }
        Told::OwnershipTransferred(e) => {
            Some(Event::OwnershipTransferred { previous_owner: e.previousOwner, new_owner: e.newOwner })
        }
        _ => None,
    }
}

/// Settings in the model's words.
///
/// # Panics
/// When the retention exceeds its bounds, which the contract keeps.
pub(crate) fn settings(s: &Contract::Settings) -> Settings {
    words::settings(s).expect("bounded")
}

/// The refusal of a number; `None` for 0, which is none.
pub(crate) fn refusal(number: u8) -> Option<Refusal> {
    Some(match number {
        1 => Refusal::Blocked,
        2 => Refusal::Exiting,
        3 => Refusal::Suspended,
        4 => Refusal::BoundElsewhere,
        5 => Refusal::RivalClaim,
        6 => Refusal::UndecidedBlock,
        _ => return None,
    })
}

/// The reason of a number.
fn suspicion(number: u8) -> Option<Suspicion> {
    Some(match number {
        0 => Suspicion::NegativeMark,
        1 => Suspicion::Probation,
        2 => Suspicion::UnverifiedPower,
        3 => Suspicion::Unchecked,
        4 => Suspicion::Unwinding,
        5 => Suspicion::Flagged,
        6 => Suspicion::Undecided,
        _ => return None,
    })
}
