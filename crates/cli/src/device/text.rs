//! What a person reads of a device.

use std::fmt::Write as _;

use alloy_primitives::U256;
use multee_operator::device::Joined;
use multee_operator::introduction::Description;
use multee_operator::status::{BlockStanding, DeviceStatus, NextDuty};

/// As founders put it into network.toml.
pub(crate) fn description(device: &Description) -> String {
    let Description { tee, device_id, incarnation, measurement, power, power_measured, .. } = device;
    let how = if *power_measured { "measured" } else { "declared, not measured" };
    format!(
        "# {tee}; power {power} ({how}). Quote and certificates hold; the platform's status was not looked at.\n\
         [[seats]]\n\
         device_id = \"{device_id}\"\n\
         incarnation = \"{incarnation}\"\n\
         measurement = \"{measurement}\"\n\
         verified_power = {power}\n"
    )
}

pub(crate) fn joined(joined: &Joined) -> String {
    format!(
        "joined as seat {}, on probation, with a deposit of {} (in the token's smallest unit)\n\
         next: set seat.id = {} in node.toml and run `multee node run`\n",
        joined.seat.0, joined.deposit, joined.seat.0
    )
}

pub(crate) fn status(s: &DeviceStatus) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<14}{value}");
    };
    row(
        "network",
        format!("{} on chain {}{}", s.contract, s.chain_id, if s.paused { ", PAUSED" } else { "" }),
    );
    row("block", format!("{}, epoch {}, the next in {} s", s.head, s.epoch, s.next_epoch_in_s));
    row("seat", format!("{}, device {}", s.seat, s.device_id));
    row(
        "tier",
        format!(
            "{}, score {}.{:02} %, streak {}, penalties {}",
            s.tier,
            s.score_bps / 100,
            s.score_bps % 100,
            s.streak,
            s.penalties
        ),
    );
    row("incarnation", s.incarnation.to_string());
    row("measurement", measurement(s));
    row("next duty", duty(&s.next_duty));
    row("newest block", s.newest_block.as_ref().map_or_else(|| "none yet".to_owned(), block));
    row("marks given", marks(s));
    row("money", format!("rewards {}, deposit {} (in the token's smallest unit)", s.rewards, s.deposit));
    row("gas", gas(s));
    text
}

fn measurement(s: &DeviceStatus) -> String {
    match s.measurement_until_epoch {
        None => "NOT among the network's reference values".to_owned(),
        Some(u32::MAX) => "allowed".to_owned(),
        Some(until) => format!("allowed until epoch {until}: upgrade before that"),
    }
}

fn duty(duty: &NextDuty) -> String {
    match duty {
        NextDuty::Publish { epoch, checks } => {
            format!("publish in epoch {epoch}, with {checks} blocks to check")
        }
        NextDuty::AwaitOpening { epoch } => format!("wait for epoch {epoch} to be opened and seeded"),
        NextDuty::AwaitEpoch { epoch } => format!("none until epoch {epoch}"),
        NextDuty::Restart { from_epoch } => format!("restart, from epoch {from_epoch} on"),
        NextDuty::None => "none any more".to_owned(),
    }
}

fn block(block: &BlockStanding) -> String {
    let BlockStanding { epoch, positive, negative, marks, logged, decided } = block;
    let fate = match decided {
        Some(true) => ", decided malicious",
        Some(false) => ", decided honest",
        None if *logged => ", in the suspicious log",
        None => "",
    };
    format!("epoch {epoch}, {marks} marks count, weight {positive} for and {negative} against it{fate}")
}

fn marks(s: &DeviceStatus) -> String {
    if s.marks_given.is_empty() {
        return "none in the newest block".to_owned();
    }
    let given: Vec<String> =
        s.marks_given.iter().map(|mark| format!("seat {} {}", mark.seat, mark.mark)).collect();
    given.join(", ")
}

fn gas(s: &DeviceStatus) -> String {
    let milli = s.balance_wei / U256::from(1_000_000_000_000_000_u64);
    let whole = milli / U256::from(1000);
    let rest = milli % U256::from(1000);
    let days = s.balance_days.map_or_else(
        || "the price of a publication is not known yet".to_owned(),
        |days| format!("{days:.0} days of publications"),
    );
    format!("{whole}.{rest:03} in {}, {days}", s.operator)
}
