//! Devices as a table for spreadsheets (RFC 4180).

use crate::reader::SeatSummary;

/// Rows at most.
pub(super) const ROWS_MAX: u32 = 20_000;

const COLUMNS: [&str; 22] = [
    "seat",
    "device_id",
    "tier",
    "score",
    "operational",
    "flagged",
    "admitted",
    "exiting",
    "tee",
    "platform",
    "provider",
    "operator",
    "measurement",
    "last_epoch",
    "last_good_epoch",
    "verdict_epoch",
    "verdict",
    "missed_epochs",
    "deposit",
    "earned",
    "missed_rewards_estimate",
    "staking_rate_bps",
];

/// A head line, and one for each seat.
pub(super) fn table(seats: &[SeatSummary]) -> String {
    let rows = seats.iter().map(|seat| line(row(seat)));
    std::iter::once(line(COLUMNS.map(str::to_owned))).chain(rows).collect()
}

fn row(seat: &SeatSummary) -> [String; 22] {
    let last = seat.last_verdict.as_ref();
    [
        seat.seat.to_string(),
        seat.device_id.to_string(),
        seat.tier.to_owned(),
        seat.score.to_string(),
        seat.operational.to_string(),
        seat.flagged.to_string(),
        seat.admitted.to_string(),
        seat.exiting.to_string(),
        seat.tee.clone().unwrap_or_default(),
        seat.platform.clone().unwrap_or_default(),
        format!("{:#x}", seat.provider),
        format!("{:#x}", seat.operator),
        seat.measurement.to_string(),
        shown(seat.last_epoch),
        shown(seat.last_good_epoch),
        shown(last.map(|last| last.epoch)),
        last.map(|last| last.verdict.clone()).unwrap_or_default(),
        shown(seat.missed_epochs),
        seat.deposit.clone(),
        seat.earned.clone(),
        seat.missed_rewards_estimate.clone().unwrap_or_default(),
        shown(seat.staking_rate_bps),
    ]
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn line<const N: usize>(fields: [String; N]) -> String {
    fields.map(|value| field(&value)).join(",") + "\r\n"
}

/// Quoted where it must be, and never what a spreadsheet takes for a formula.
fn field(value: &str) -> String {
    let guard = if value.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !value.contains(['"', ',', '\r', '\n']) {
        return value.to_owned();
    }
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_breaks_out_of_its_place_or_is_a_formula() {
        for (value, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-1", "\"'-1\""),
            ("+1", "\"'+1\""),
            ("\t=1", "\"'\t=1\""),
        ] {
            assert_eq!(field(value), expected);
        }
    }
}
