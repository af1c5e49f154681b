//! The table of costs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What is measured, in the table's order, each with what it is.
pub const CALLS: [(&str, &str); 19] = [
    ("publication", "a block with 42 marks, certificates as before, where agents have settled what was due"),
    ("publication_settling", "the same where it settles two older blocks of its own, and earns a reward"),
    ("publication_flagged", "the same by a seat in tier Warning, whose block enters the log"),
    ("first_publication", "the first of an incarnation, with its certificates"),
    ("open_epoch", "opening an epoch"),
    ("seed_epoch", "setting its seed"),
    ("join", "joining"),
    ("restart", "declaring a new incarnation"),
    ("settlement", "one block passed, decided or paid for by a third party, as part of a call"),
    ("settlement_call", "a call that settles 16 blocks"),
    ("exit", "announcing exit"),
    ("withdraw_deposit", "withdrawing the deposit"),
    ("withdraw_rewards", "withdrawing rewards"),
    ("rejoin", "taking a seat up again"),
    ("remove", "removing a seat that was not admitted"),
    ("equivocation", "reporting an equivocation"),
    ("set_policy", "a policy document of 24576 bytes"),
    ("set_reference_values", "replacing 32 reference values by 32 others"),
    ("revive", "reviving 50 seats"),
];

/// The most that a publication with 42 marks may cost.
pub const PUBLICATION_MAX: u64 = 260_000;
/// The most that the first publication of an incarnation may cost.
pub const FIRST_PUBLICATION_MAX: u64 = 370_000;
/// The most that any call may cost.
pub const CALL_MAX: u64 = 2_000_000;

/// Gas by call and number of seats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Table(pub BTreeMap<String, BTreeMap<u32, u64>>);

impl Table {
    /// Notes what a call costs at so many seats.
    pub fn set(&mut self, call: &str, seats: u32, gas: u64) {
        self.0.entry(call.to_owned()).or_default().insert(seats, gas);
    }

    /// What a call costs at so many seats, if it was measured.
    pub fn get(&self, call: &str, seats: u32) -> Option<u64> {
        self.0.get(call)?.get(&seats).copied()
    }

    /// Every figure of this table that `snapshot` does not have alike, one line each.
    pub fn differences(&self, snapshot: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (call, seats, gas) in self.figures() {
            let kept = snapshot.get(call, seats);
            if kept != Some(gas) {
                let kept = kept.map_or("none".to_owned(), |gas| gas.to_string());
                lines.push(format!("{call} at {seats} seats: {gas} measured, {kept} in the snapshot"));
            }
        }
        lines
    }

    /// Every promise that the figures break, one line each: the limits of publications, of every call, and of how costs
    /// may grow with the network.
    pub fn broken_promises(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (call, seats, gas) in self.figures() {
            let most = match call {
                "publication" => PUBLICATION_MAX,
                "first_publication" => FIRST_PUBLICATION_MAX,
                _ => CALL_MAX,
            };
            if gas > most {
                lines.push(format!("{call} at {seats} seats takes {gas} gas, {most} are promised"));
            }
            let least = self.0.get(call).and_then(|row| row.values().next().copied()).unwrap_or(gas);
            if gas * 10 > least * 11 {
                lines.push(format!("{call} at {seats} seats takes {gas} gas, more than 1.1 times {least}"));
            }
        }
        lines
    }

    /// (call, seats, gas), ordered.
    fn figures(&self) -> impl Iterator<Item = (&str, u32, u64)> {
        self.0
            .iter()
            .flat_map(|(call, row)| row.iter().map(move |(seats, gas)| (call.as_str(), *seats, *gas)))
    }

    /// As a Markdown table, calls in [`CALLS`]' order.
    pub fn to_markdown(&self) -> String {
        let sizes: BTreeSet<u32> = self.0.values().flat_map(|row| row.keys().copied()).collect();
        let row =
            |first: String, cells: Vec<String>, last: &str| format!("|{first}|{}|{last}|\n", cells.join("|"));
        let head = sizes.iter().map(|seats| format!(" {seats} seats ")).collect();
        let rule = sizes.iter().map(|_| "---:".to_owned()).collect();
        let mut text = row(" call ".to_owned(), head, " what ") + &row("---".to_owned(), rule, "---");
        for (call, what) in CALLS {
            let figure = |seats: &u32| self.get(call, *seats).map_or("–".to_owned(), |gas| gas.to_string());
            let figures = sizes.iter().map(|seats| format!(" {} ", figure(seats))).collect();
            text += &row(format!(" `{call}` "), figures, &format!(" {what} "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(figures: &[(&str, u32, u64)]) -> Table {
        let mut table = Table::default();
        for (call, seats, gas) in figures {
            table.set(call, *seats, *gas);
        }
        table
    }

    #[test]
    fn only_what_was_measured_is_compared() {
        let snapshot = table(&[("join", 58, 10), ("join", 1000, 11), ("exit", 58, 7)]);
        assert!(table(&[("join", 58, 10)]).differences(&snapshot).is_empty());
        let differences = table(&[("join", 58, 9), ("open_epoch", 58, 1)]).differences(&snapshot);
        assert_eq!(
            differences,
            [
                "join at 58 seats: 9 measured, 10 in the snapshot",
                "open_epoch at 58 seats: 1 measured, none in the snapshot"
            ]
        );
    }

    #[test]
    fn promises_are_limits_and_flat_growth() {
        let kept =
            [("publication", 58, 260_000), ("first_publication", 58, 370_000), ("join", 58, 2_000_000)];
        assert!(table(&kept).broken_promises().is_empty());
        let broken =
            [("publication", 58, 260_001), ("first_publication", 58, 370_001), ("join", 58, 2_000_001)];
        assert_eq!(table(&broken).broken_promises().len(), 3);
        assert!(table(&[("exit", 58, 100), ("exit", 10_000, 110)]).broken_promises().is_empty());
        assert_eq!(table(&[("exit", 58, 100), ("exit", 10_000, 111)]).broken_promises().len(), 1);
    }

    #[test]
    fn markdown_has_a_column_for_each_size() {
        let text = table(&[("join", 58, 10), ("join", 1000, 11), ("exit", 58, 7)]).to_markdown();
        assert!(text.starts_with("| call | 58 seats | 1000 seats | what |\n|---|---:|---:|---|\n"), "{text}");
        assert!(text.contains("| `exit` | 7 | – | announcing exit |\n"), "{text}");
    }
}
