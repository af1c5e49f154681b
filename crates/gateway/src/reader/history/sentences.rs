//! What happened, in a sentence.

use serde_json::Value;

/// A sentence in the protocol's words. Nothing in it is anything but numbers, hashes and words of this room.
#[allow(clippy::too_many_lines, reason = "one arm for each kind")]
pub(super) fn sentence(kind: &str, seat: Option<u32>, epoch: Option<u32>, detail: &Value) -> String {
    let seat = seat.unwrap_or(0);
    let epoch = epoch.unwrap_or(0);
    let number = |name: &str| detail.get(name).and_then(Value::as_u64).unwrap_or(0);
    let short = |name: &str| shortened(detail.get(name).and_then(Value::as_str).unwrap_or_default());
    match kind {
        "block_decided" => decided(seat, epoch, detail),
        "block_logged" => {
            let reason = suspicion(detail.get("reason").and_then(Value::as_str).unwrap_or_default());
            format!("Seat {seat}'s block of epoch {epoch} is suspicious: {reason}")
        }
        "seat_registered" => {
            let how = if detail.get("founding") == Some(&true.into()) { "was founded" } else { "joined" };
            format!("Seat {seat} {how}, claiming device {}", short("device_id"))
        }
        "incarnation_begun" => format!(
            "Seat {seat} has a new incarnation with measurement {}, whose first block is that of epoch {epoch} or later",
            short("measurement")
        ),
        "seat_restarted" => format!("Seat {seat} restarted with a score of {}", number("score")),
        "seat_admitted" => format!("Seat {seat} was admitted: device {} is bound to it", short("device_id")),
        "probation_begun" => format!("Seat {seat} is on probation"),
        "seat_suspended" => format!("Seat {seat} was suspended with a score of {}", number("score")),
        "seat_penalised" => {
            format!("Seat {seat} was penalised and has {} penalty points", number("penalties"))
        }
        "seat_blocked" => format!("Seat {seat} was blocked for good and lost its deposit"),
        "seat_removed" => format!("Seat {seat} was removed for its absence"),
        "operator_set" => format!("Seat {seat} is operated by {}", short("operator")),
        "seat_exiting" => format!("Seat {seat} is leaving"),
        "seat_rejoined" => format!("Seat {seat} rejoined"),
        "seat_revived" => format!("Seat {seat} was revived with a score of {}", number("score")),
        "equivocation_proven" => {
            format!("Seat {seat} was proven to have signed two blocks for one challenge of epoch {epoch}")
        }
        "deposit_paid" => format!("Seat {seat}'s deposit was paid out"),
        "reward_paid" => format!("Seat {seat}'s rewards were paid out"),
        "bounty_paid" => format!("A bounty was paid to {}", short("to")),
        "power_unverified" => format!("Seat {seat}'s power is unverified since its block of epoch {epoch}"),
        "power_verified" => format!("Seat {seat}'s power was verified with its block of epoch {epoch}"),
        "publication_refused" => {
            let reason = refusal(detail.get("reason").and_then(Value::as_str).unwrap_or_default());
            format!("Seat {seat}'s publication in epoch {epoch} was refused: {reason}")
        }
        "network_deployed" => "The network was deployed".to_owned(),
        "epoch_opened" => format!("Epoch {epoch} was opened and awaits its seed"),
        "epoch_seeded" => format!("Epoch {epoch} has its seed: devices can publish"),
        "parameters_announced" => format!("New parameters were announced for epoch {epoch}"),
        "parameters_adopted" => format!("The announced parameters were adopted with epoch {epoch}"),
        "pause_set" => match detail.get("paused") {
            Some(Value::Bool(true)) => "The network was paused".to_owned(),
            _ => "The network goes on after a pause".to_owned(),
        },
        "policy_set" => format!("The evidence policy was set to {}", short("digest")),
        "reference_values_set" => {
            let values = detail.get("values").and_then(Value::as_array).map_or(0, Vec::len);
            format!("The reference values were set: {values} measurements are allowed")
        }
        "standstill_announced" => {
            format!(
                "A standstill was announced: seats may be revived from epoch {} on",
                number("revive_from_epoch")
            )
        }
        "ownership_transfer_started" => format!("The network was offered to {}", short("new_owner")),
        "ownership_transferred" => format!("The network has a new owner, {}", short("new_owner")),
        _ => "Something happened that this gateway has no words for".to_owned(),
    }
}

fn decided(seat: u32, epoch: u32, detail: &Value) -> String {
    let number = |name: &str| detail.get(name).and_then(Value::as_u64).unwrap_or(0);
    let is_malicious = detail.get("verdict").and_then(Value::as_str) == Some("malicious");
    let verdict = if is_malicious { "malicious" } else { "honest" };
    let (positive, negative) = (number("positive"), number("negative"));
    let moved = match (number("score_before"), number("score")) {
        (before, after) if before == after => format!("stays {after}"),
        (before, after) => format!("went from {before} to {after}"),
    };
    format!(
        "Seat {seat}'s block of epoch {epoch} was decided {verdict}, by weights of {positive} for and {negative} against \
        it; its score {moved}"
    )
}

fn suspicion(reason: &str) -> &'static str {
    match reason {
        "negative_mark" => "a peer marked it negative",
        "probation" => "its seat is on probation",
        "unverified_power" => "its seat's power is unverified",
        "unchecked" => "nobody checked it in its turn",
        "unwinding" => "one decided malicious had marked it valid",
        "flagged" => "its seat is flagged, and there was judging power to spare",
        "undecided" => "too few marks came to decide it before",
        _ => "for a reason that this gateway has no words for",
    }
}

fn refusal(reason: &str) -> &'static str {
    match reason {
        "blocked" => "it is blocked",
        "exiting" => "it is leaving",
        "suspended" => "it is suspended",
        "bound_elsewhere" => "its device is bound to another seat",
        "rival_claim" => "another seat claims its device",
        "undecided_block" => "a block of it awaits its decision",
        _ => "for a reason that this gateway has no words for",
    }
}

/// The ends of a hash or an address.
fn shortened(hex: &str) -> String {
    let is_hex =
        hex.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    match (is_hex, hex.get(..8), hex.len().checked_sub(4).and_then(|at| hex.get(at..))) {
        (true, Some(start), Some(end)) if hex.len() > 16 => format!("{start}…{end}"),
        _ => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_that_does_not_move_stays() {
        let told = |score: u32| {
            let detail = serde_json::json!({
                "verdict": "malicious", "positive": 1, "negative": 2, "score_before": 7000, "score": score,
            });
            sentence("block_decided", Some(3), Some(9), &detail)
        };
        let begin = "Seat 3's block of epoch 9 was decided malicious, by weights of 1 for and 2 against it; its score ";
        assert_eq!(told(4900), format!("{begin}went from 7000 to 4900"));
        assert_eq!(told(7000), format!("{begin}stays 7000"));
    }

    #[test]
    fn what_is_no_hash_does_not_get_into_a_sentence() {
        assert_eq!(shortened("0x0123456789abcdef0123"), "0x012345…0123");
        for other in
            ["", "0x12", "<script>alert(1)</script>", "0x<b>0123456789abcdef</b>", "0xéééééééééééééé"]
        {
            assert_eq!(shortened(other), "?");
        }
    }
}
