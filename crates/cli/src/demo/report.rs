//! What the story shows: one JSON document, or a table.

use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer};

use super::cast::Role;

/// What is shown wherever mock evidence is.
pub(crate) const SIMULATED: &str =
    "SIMULATED: the evidence comes from a software hardware-vendor, and power is declared, not measured";

/// The whole story as one document.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Says that the evidence is not real.
    pub(crate) evidence: &'static str,
    /// The seed that gives this story again.
    pub(crate) seed: u64,
    /// Every device of the cast.
    pub(crate) devices: Vec<DeviceReport>,
    /// What happened, in order.
    pub(crate) events: Vec<EventReport>,
    /// Sums over the whole story.
    pub(crate) totals: Totals,
}

/// A device at the end.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DeviceReport {
    /// Its number in the cast.
    pub(crate) index: u32,
    /// Its seat; none for a device that got none.
    pub(crate) seat: Option<u32>,
    /// The hardware it is or claims to be.
    pub(crate) device_id: String,
    /// Its part.
    pub(crate) role: Role,
    /// Its kind of TEE.
    pub(crate) tee: &'static str,
    /// Its tier (R11), or `no_seat`.
    pub(crate) tier: &'static str,
    /// Its score in basis points; 0 without a seat.
    pub(crate) score: u16,
    /// Its penalty points.
    pub(crate) penalties: u8,
    /// How many incarnations its seat has had.
    pub(crate) incarnations: u32,
    /// What its seat has earned and not lost (R12).
    pub(crate) reward: Tokens,
    /// Its score after each epoch; null while it has no seat.
    pub(crate) score_by_epoch: Vec<Option<u16>>,
    /// What last happened to it.
    #[serde(skip)]
    pub(crate) note: String,
}

/// An amount of the story's token, in its smallest unit, of which a token has 10¹⁸. Shown in tokens, to a
/// thousandth, rounded down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens(pub(crate) u128);

impl fmt::Display for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths = self.0 / 1_000_000_000_000_000;
        write!(formatter, "{}.{:03}", thousandths / 1_000, thousandths % 1_000)
    }
}

impl Serialize for Tokens {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a device of each role has earned on average, in order of the cast.
fn rewards(devices: &[DeviceReport]) -> Vec<(Role, Tokens)> {
    let mut sums: Vec<(Role, u128, u128)> = Vec::new();
    for DeviceReport { role, reward, .. } in devices {
        match sums.iter_mut().find(|(known, ..)| known == role) {
            Some((_, sum, count)) => (*sum, *count) = (*sum + reward.0, *count + 1),
            None => sums.push((*role, reward.0, 1)),
        }
    }
    sums.into_iter().map(|(role, sum, count)| (role, Tokens(sum / count))).collect()
}

/// Something that happened to a device.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EventReport {
    /// The epoch in which it happened.
    pub(crate) epoch: u32,
    /// The device's number in the cast.
    pub(crate) device: u32,
    /// What happened.
    pub(crate) what: String,
}

/// Sums over the whole story.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Totals {
    /// Epochs played.
    pub(crate) epochs: u32,
    /// Transactions executed, founding included.
    pub(crate) transactions: u64,
    /// Quotes that verifiers appraised.
    pub(crate) quotes_verified: u64,
    /// Blocks decided honest.
    pub(crate) decided_honest: u64,
    /// Blocks decided malicious.
    pub(crate) decided_malicious: u64,
    /// What publications cost.
    pub(crate) publication_gas: Spread,
    /// How long the story took, in seconds of the host's clock.
    pub(crate) wall_s: f64,
}

/// Least, middle and most of some numbers; zeros if there were none.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Spread {
    /// The least.
    pub(crate) min: u64,
    /// The one in the middle, the lower of two.
    pub(crate) median: u64,
    /// The most.
    pub(crate) max: u64,
}

impl Spread {
    /// Of `values`, in any order.
    pub(crate) fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        let at = |index: usize| values.get(index).copied().unwrap_or(0);
        let last = values.len().saturating_sub(1);
        Self { min: at(0), median: at(last / 2), max: at(last) }
    }
}

/// The devices as a table of `width` columns of text at most.
pub(crate) fn table(devices: &[DeviceReport], width: usize) -> String {
    let mut text = String::new();
    let header =
        format!("{:>3} {:<18} {:<4} {:>5} {:<10} {}", "#", "role", "tee", "score", "tier", "what happened");
    push(&mut text, &header, width);
    for d in devices {
        let score = if d.seat.is_some() { d.score.to_string() } else { "-".to_owned() };
        let tier = d.tier.replace('_', " ");
        let row =
            format!("{:>3} {:<18} {:<4} {score:>5} {tier:<10} {}", d.index, d.role.name(), d.tee, d.note);
        push(&mut text, &row, width);
    }
    text
}

fn push(text: &mut String, line: &str, width: usize) {
    let cut: String = line.chars().take(width).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}", cut.trim_end());
}

/// The closing lines.
pub(crate) fn summary(report: &Report) -> String {
    let t = &report.totals;
    let in_tier = |tier: &str| report.devices.iter().filter(|d| d.tier == tier).count();
    let rewards: Vec<String> =
        rewards(&report.devices).iter().map(|(role, mean)| format!("{} {mean}", role.name())).collect();
    format!(
        "{} epochs, {} transactions, {} quotes verified, {} blocks decided honest and {} malicious\n\
         tiers: {} full, {} warning, {} restricted, {} on probation, {} suspended, {} blocked, {} without a seat\n\
         tokens earned by a device: {}\n\
         gas of a publication: {} to {}, median {}\n\
         {:.1} s, seed {}\n{SIMULATED}\n",
        t.epochs,
        t.transactions,
        t.quotes_verified,
        t.decided_honest,
        t.decided_malicious,
        in_tier("full"),
        in_tier("warning"),
        in_tier("restricted"),
        in_tier("probation"),
        in_tier("suspended"),
        in_tier("blocked"),
        in_tier("no_seat"),
        rewards.join(", "),
        t.publication_gas.min,
        t.publication_gas.max,
        t.publication_gas.median,
        t.wall_s,
        report.seed,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_of_the_sorted_values() {
        let spread = Spread::of(vec![5, 1, 9, 7]);
        assert_eq!((spread.min, spread.median, spread.max), (1, 5, 9));
        let none = Spread::of(Vec::new());
        assert_eq!((none.min, none.median, none.max), (0, 0, 0));
    }

    #[test]
    fn amounts_are_shown_in_tokens_rounded_down() {
        let token = 1_000_000_000_000_000_000;
        for (amount, shown) in
            [(0, "0.000"), (token - 1, "0.999"), (token, "1.000"), (1234 * token + token / 16, "1234.062")]
        {
            assert_eq!(Tokens(amount).to_string(), shown);
        }
    }

    #[test]
    fn table_is_no_wider_than_the_terminal() {
        let device = DeviceReport {
            index: 1,
            seat: None,
            device_id: String::new(),
            role: Role::Clone,
            tee: "sgx",
            tier: "no_seat",
            score: 0,
            penalties: 0,
            incarnations: 0,
            reward: Tokens(0),
            score_by_epoch: Vec::new(),
            note: "x".repeat(500),
        };
        let text = table(&[device], 60);
        assert!(text.lines().all(|line| line.chars().count() <= 60));
        assert!(text.contains("no seat"));
    }
}
