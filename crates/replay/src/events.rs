//! A log of the contract as the model's event: bytes stand as digest and length.

use alloy_primitives::{B256, IntoLogData, Log};
use alloy_sol_types::{SolEvent, SolEventInterface};
use multee_chain::bindings::IProofOfAttestation::{self as contract, IProofOfAttestationEvents as Told};
use multee_chain::bindings::deployed::Registry::{OwnershipTransferStarted, OwnershipTransferred};
use multee_protocol::machine::{Document, Event};
use multee_protocol::{DeviceId, Marks, SeatId};

use crate::words::{
    self, Unreadable, document, parameters, reference_digest, reference_value, refusal, score, settings,
    suspicion,
};

/// The event that a log of the contract tells.
///
/// # Errors
/// For a log that is none of the contract's events, that is not encoded as the contract encodes it, whose numbers are
/// beyond their bounds, or whose document does not have the digest it is told with.
pub fn event(log: &Log) -> Result<Event, Unreadable> {
    if let Some(event) = ownership(log) {
        return Ok(event);
    }
    let told = Told::decode_log(log).map_err(|_| Unreadable::NotAnEvent)?.data;
    // What is decoded leniently may have other bytes than the contract emits.
    if told.to_log_data() != log.data {
        return Err(Unreadable::NotAnEvent);
    }
    of_epoch(told).or_else(|told| of_seat(*told)).unwrap_or_else(|told| of_network(*told))
}

type Parsed = Result<Result<Event, Unreadable>, Box<Told>>;

/// Events of every epoch: openings, publications, settlement.
#[allow(clippy::too_many_lines, reason = "one arm for each event")]
fn of_epoch(told: Told) -> Parsed {
    let parsed = match told {
        Told::EpochOpened(e) => Ok(Event::EpochOpened {
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
        }),
        Told::EpochSeeded(e) => Ok(Event::EpochSeeded { epoch: e.epoch, seed: e.seed, root: e.root }),
        Told::BlockPublished(e) => Ok(Event::BlockPublished {
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
        }),
        Told::CertificatesPublished(e) => Ok(Event::CertificatesPublished {
            seat: SeatId(e.seat),
            epoch: e.epoch,
            certificates: document(&e.certificates),
        }),
        Told::PublicationRefused(e) => refused(&e),
        Told::BlockLogged(e) => suspicion(e.reason).map(|reason| Event::BlockLogged {
            epoch: e.epoch,
            order: e.order,
            position: e.position.to(),
            reason,
        }),
        Told::BlockPassed(e) => passed(&e),
        Told::BlockDecided(e) => decided(&e),
        Told::BlockFinal(e) => {
            Ok(Event::BlockFinal { seat: SeatId(e.seat), epoch: e.epoch, reward: e.reward })
        }
        Told::PowerUnverified(e) => {
            Ok(Event::PowerUnverified { seat: SeatId(e.seat), epoch: e.epoch, power: e.power })
        }
        Told::PowerVerified(e) => {
            Ok(Event::PowerVerified { seat: SeatId(e.seat), epoch: e.epoch, power: e.power })
        }
        other => return Err(Box::new(other)),
    };
    Ok(parsed)
}

fn refused(e: &contract::PublicationRefused) -> Result<Event, Unreadable> {
    let reason = refusal(e.reason)?;
    Ok(Event::PublicationRefused { seat: SeatId(e.seat), epoch: e.epoch, reason })
}

fn passed(e: &contract::BlockPassed) -> Result<Event, Unreadable> {
    Ok(Event::BlockPassed {
        seat: SeatId(e.seat),
        epoch: e.epoch,
        judgement: score(e.judgement)?,
        score: score(e.score)?,
        streak: e.streak,
    })
}

fn decided(e: &contract::BlockDecided) -> Result<Event, Unreadable> {
    Ok(Event::BlockDecided {
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
    })
}

/// What befalls seats, and what they are paid.
#[allow(clippy::too_many_lines, reason = "one arm for each event")]
fn of_seat(told: Told) -> Parsed {
    let parsed = match told {
        Told::SeatRegistered(e) => Ok(Event::SeatRegistered {
            seat: SeatId(e.seat),
            device_id: DeviceId(e.deviceId),
            provider: e.provider,
            operator: e.operator,
            deposit: e.deposit,
            founding: e.founding,
            verified_power: e.verifiedPower,
        }),
        Told::IncarnationBegun(e) => Ok(Event::IncarnationBegun {
            seat: SeatId(e.seat),
            incarnation: e.incarnation,
            measurement: e.measurement,
            since_epoch: e.sinceEpoch,
        }),
        Told::SeatRestarted(e) => {
            score(e.score).map(|score| Event::SeatRestarted { seat: SeatId(e.seat), epoch: e.epoch, score })
        }
        Told::SeatAdmitted(e) => {
            Ok(Event::SeatAdmitted { seat: SeatId(e.seat), epoch: e.epoch, device_id: DeviceId(e.deviceId) })
        }
        Told::ProbationBegun(e) => Ok(Event::ProbationBegun { seat: SeatId(e.seat), epoch: e.epoch }),
        Told::SeatSuspended(e) => {
            score(e.score).map(|score| Event::SeatSuspended { seat: SeatId(e.seat), epoch: e.epoch, score })
        }
        Told::SeatPenalised(e) => {
            Ok(Event::SeatPenalised { seat: SeatId(e.seat), epoch: e.epoch, penalties: e.penalties })
        }
        Told::SeatBlocked(e) => Ok(Event::SeatBlocked {
            seat: SeatId(e.seat),
            epoch: e.epoch,
            slashed: e.slashed,
            rewards_lost: e.rewardsLost,
        }),
        Told::SeatRemoved(e) => Ok(Event::SeatRemoved {
            seat: SeatId(e.seat),
            epoch: e.epoch,
            remover: e.remover,
            bounty: e.bounty,
        }),
        Told::OperatorSet(e) => Ok(Event::OperatorSet { seat: SeatId(e.seat), operator: e.operator }),
        Told::SeatExiting(e) => Ok(Event::SeatExiting { seat: SeatId(e.seat), epoch: e.epoch, fee: e.fee }),
        Told::SeatRejoined(e) => Ok(Event::SeatRejoined {
            seat: SeatId(e.seat),
            epoch: e.epoch,
            operator: e.operator,
            deposit: e.deposit,
        }),
        Told::SeatRevived(e) => {
            score(e.score).map(|score| Event::SeatRevived { seat: SeatId(e.seat), epoch: e.epoch, score })
        }
        Told::EquivocationProven(e) => Ok(Event::EquivocationProven {
            seat: SeatId(e.seat),
            incarnation: e.incarnation,
            epoch: e.epoch,
            reporter: e.reporter,
            bounty: e.bounty,
        }),
        Told::DepositPaid(e) => {
            Ok(Event::DepositPaid { seat: SeatId(e.seat), to: e.to, amount: e.amount, withheld: e.withheld })
        }
        Told::RewardPaid(e) => Ok(Event::RewardPaid { seat: SeatId(e.seat), to: e.to, amount: e.amount }),
        Told::BountyPaid(e) => Ok(Event::BountyPaid { to: e.to, amount: e.amount }),
        other => return Err(Box::new(other)),
    };
    Ok(parsed)
}

/// What the owner does.
fn of_network(told: Told) -> Result<Event, Unreadable> {
    Ok(match told {
        Told::NetworkDeployed(e) => Event::NetworkDeployed {
            registry: e.registry,
            settings: settings(&e.settings)?,
            parameters: parameters(&e.parameters),
        },
        Told::ParametersAnnounced(e) => {
            Event::ParametersAnnounced { from_epoch: e.fromEpoch, parameters: parameters(&e.parameters) }
        }
        Told::ParametersAdopted(e) => Event::ParametersAdopted { epoch: e.epoch },
        Told::PauseSet(e) => Event::PauseSet { paused: e.paused },
        Told::PolicySet(e) => {
            let Document { digest: computed, bytes } = words::policy(&e.document);
            require_digest("a policy", e.digest, computed)?;
            Event::PolicySet { document: Document { digest: e.digest, bytes } }
        }
        Told::ReferenceValuesSet(e) => {
            require_digest("a list of reference values", e.digest, reference_digest(&e.values))?;
            let values = e.values.iter().map(reference_value).collect();
            Event::ReferenceValuesSet { digest: e.digest, values }
        }
        Told::StandstillAnnounced(e) => {
            Event::StandstillAnnounced { epoch: e.epoch, revive_from_epoch: e.reviveFromEpoch }
        }
        _ => return Err(Unreadable::NotAnEvent),
    })
}

fn require_digest(what: &'static str, told: B256, computed: B256) -> Result<(), Unreadable> {
    if told == computed { Ok(()) } else { Err(Unreadable::Digest { what, told, computed }) }
}

/// Of the owner's standing (`Ownable2Step`), which is not in the interface.
fn ownership(log: &Log) -> Option<Event> {
    if let Ok(e) = OwnershipTransferStarted::decode_log(log) {
        let (previous_owner, new_owner) = (e.previousOwner, e.newOwner);
        return Some(Event::OwnershipTransferStarted { previous_owner, new_owner });
    }
    let e = OwnershipTransferred::decode_log(log).ok()?;
    Some(Event::OwnershipTransferred { previous_owner: e.previousOwner, new_owner: e.newOwner })
}
