//! What is kept of events that have no table of their own.

use multee_protocol::machine::{Event, Refusal};
use multee_protocol::{Epoch, SeatId};
use serde_json::{Value, json};

use crate::index::words::Reference;

/// An event that has no table of its own. Amounts are text, in the token's smallest unit.
pub(super) struct Change {
    pub(super) kind: &'static str,
    pub(super) seat: Option<u32>,
    pub(super) epoch: Option<Epoch>,
    pub(super) detail: Value,
}

fn of_seat(kind: &'static str, seat: SeatId, epoch: Option<Epoch>, detail: Value) -> Change {
    Change { kind, seat: Some(seat.0), epoch, detail }
}

fn of_network(kind: &'static str, epoch: Option<Epoch>, detail: Value) -> Change {
    Change { kind, seat: None, epoch, detail }
}

/// `None` for what has a table of its own.
#[allow(clippy::too_many_lines, reason = "one arm for each event")]
pub(super) fn of(event: &Event) -> Option<Change> {
    Some(match event {
        Event::SeatRegistered { seat, device_id, provider, operator, deposit, founding, verified_power } => {
            let detail = json!({
                "device_id": device_id, "provider": provider, "operator": operator,
                "deposit": deposit.to_string(), "founding": founding, "verified_power": verified_power.to_string(),
            });
            of_seat("seat_registered", *seat, None, detail)
        }
        Event::IncarnationBegun { seat, incarnation, measurement, since_epoch } => {
            let detail = json!({ "incarnation": incarnation, "measurement": measurement });
            of_seat("incarnation_begun", *seat, Some(*since_epoch), detail)
        }
        Event::SeatRestarted { seat, epoch, score } => {
            of_seat("seat_restarted", *seat, Some(*epoch), json!({ "score": score.bps() }))
        }
        Event::SeatAdmitted { seat, epoch, device_id } => {
            of_seat("seat_admitted", *seat, Some(*epoch), json!({ "device_id": device_id }))
        }
        Event::ProbationBegun { seat, epoch } => of_seat("probation_begun", *seat, Some(*epoch), json!({})),
        Event::SeatSuspended { seat, epoch, score } => {
            of_seat("seat_suspended", *seat, Some(*epoch), json!({ "score": score.bps() }))
        }
        Event::SeatPenalised { seat, epoch, penalties } => {
            of_seat("seat_penalised", *seat, Some(*epoch), json!({ "penalties": penalties }))
        }
        Event::SeatBlocked { seat, epoch, slashed, rewards_lost } => {
            let detail = json!({ "slashed": slashed.to_string(), "rewards_lost": rewards_lost.to_string() });
            of_seat("seat_blocked", *seat, Some(*epoch), detail)
        }
        Event::SeatRemoved { seat, epoch, remover, bounty } => {
            let detail = json!({ "remover": remover, "bounty": bounty.to_string() });
            of_seat("seat_removed", *seat, Some(*epoch), detail)
        }
        Event::OperatorSet { seat, operator } => {
            of_seat("operator_set", *seat, None, json!({ "operator": operator }))
        }
        Event::SeatExiting { seat, epoch, fee } => {
            of_seat("seat_exiting", *seat, Some(*epoch), json!({ "fee": fee.to_string() }))
        }
        Event::SeatRejoined { seat, epoch, operator, deposit } => {
            let detail = json!({ "operator": operator, "deposit": deposit.to_string() });
            of_seat("seat_rejoined", *seat, Some(*epoch), detail)
        }
        Event::SeatRevived { seat, epoch, score } => {
            of_seat("seat_revived", *seat, Some(*epoch), json!({ "score": score.bps() }))
        }
        Event::EquivocationProven { seat, incarnation, epoch, reporter, bounty } => {
            let detail =
                json!({ "incarnation": incarnation, "reporter": reporter, "bounty": bounty.to_string() });
            of_seat("equivocation_proven", *seat, Some(*epoch), detail)
        }
        Event::DepositPaid { seat, to, amount, withheld } => {
            let detail = json!({ "to": to, "amount": amount.to_string(), "withheld": withheld.to_string() });
            of_seat("deposit_paid", *seat, None, detail)
        }
        Event::RewardPaid { seat, to, amount } => {
            of_seat("reward_paid", *seat, None, json!({ "to": to, "amount": amount.to_string() }))
        }
        Event::PowerUnverified { seat, epoch, power } => {
            of_seat("power_unverified", *seat, Some(*epoch), json!({ "power": power.to_string() }))
        }
        Event::PowerVerified { seat, epoch, power } => {
            of_seat("power_verified", *seat, Some(*epoch), json!({ "power": power.to_string() }))
        }
        Event::PublicationRefused { seat, epoch, reason } => {
            of_seat("publication_refused", *seat, Some(*epoch), json!({ "reason": refusal(*reason) }))
        }
        other => return of_all(other),
    })
}

fn of_all(event: &Event) -> Option<Change> {
    Some(match event {
        Event::NetworkDeployed { registry, settings, parameters } => {
            let detail = json!({
                "registry": registry, "token": settings.token, "owner": settings.owner,
                "genesis_s": settings.genesis_s, "parameters": shown(parameters),
            });
            of_network("network_deployed", None, detail)
        }
        Event::BountyPaid { to, amount } => {
            of_network("bounty_paid", None, json!({ "to": to, "amount": amount.to_string() }))
        }
        Event::EpochOpened { epoch, pot, .. } => {
            of_network("epoch_opened", Some(*epoch), json!({ "pot": pot.to_string() }))
        }
        Event::EpochSeeded { epoch, seed, root } => {
            of_network("epoch_seeded", Some(*epoch), json!({ "seed": seed, "root": root }))
        }
        Event::ParametersAnnounced { from_epoch, parameters } => {
            of_network("parameters_announced", Some(*from_epoch), shown(parameters))
        }
        Event::ParametersAdopted { epoch } => of_network("parameters_adopted", Some(*epoch), json!({})),
        Event::PauseSet { paused } => of_network("pause_set", None, json!({ "paused": paused })),
        Event::PolicySet { document } => {
            of_network("policy_set", None, json!({ "digest": document.digest, "bytes": document.bytes }))
        }
        Event::ReferenceValuesSet { digest, values } => {
            let values: Vec<Reference> = values.iter().map(Into::into).collect();
            of_network("reference_values_set", None, json!({ "digest": digest, "values": values }))
        }
        Event::StandstillAnnounced { epoch, revive_from_epoch } => {
            let detail = json!({ "revive_from_epoch": revive_from_epoch });
            of_network("standstill_announced", Some(*epoch), detail)
        }
        Event::OwnershipTransferStarted { previous_owner, new_owner } => {
            let detail = json!({ "previous_owner": previous_owner, "new_owner": new_owner });
            of_network("ownership_transfer_started", None, detail)
        }
        Event::OwnershipTransferred { previous_owner, new_owner } => {
            let detail = json!({ "previous_owner": previous_owner, "new_owner": new_owner });
            of_network("ownership_transferred", None, detail)
        }
        _ => return None,
    })
}

/// Parameters, amounts as text.
pub(crate) fn shown(parameters: &multee_protocol::Parameters) -> Value {
    // Numbers beyond 64 bits are no JSON that browsers read.
    let amounts = [
        ("min_deposit", parameters.min_deposit.to_string()),
        ("reward_per_epoch", parameters.reward_per_epoch.to_string()),
    ];
    let small = multee_protocol::Parameters { min_deposit: 0, reward_per_epoch: 0, ..*parameters };
    let mut shown = serde_json::to_value(small).unwrap_or_default();
    if let Some(fields) = shown.as_object_mut() {
        fields.extend(amounts.map(|(name, amount)| (name.to_owned(), amount.into())));
    }
    shown
}

fn refusal(reason: Refusal) -> &'static str {
    match reason {
        Refusal::Blocked => "blocked",
        Refusal::Exiting => "exiting",
        Refusal::Suspended => "suspended",
        Refusal::BoundElsewhere => "bound_elsewhere",
        Refusal::RivalClaim => "rival_claim",
        Refusal::UndecidedBlock => "undecided_block",
    }
}
