//! The table of costs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is measured, in the table's order, each with what it is.
pub const CALLS: [(&str, &str); 16] = [
    ("publication", "a block with 42 marks, certificates as before, where agents have settled what was due"),
    ("publication_settling", "the same where it settles two older blocks of its own, and earns a reward"),
    ("publication_flagged", "the same by a seat in tier Warning, whose block enters the log"),
    ("first_publication", "the first of an incarnation, with its certificates"),
    ("open_epoch", "opening an epoch"),
    ("seed_epoch", "setting its seed"),
    ("join", "joining"),
    ("restart", "declaring a new incarnation"),
    ("settlement", "one block passed or decided by a third party, in a call of as many as it takes"),
    ("settlement_call", "the most expensive such call"),
    ("exit", "announcing exit"),
    ("withdraw_deposit", "withdrawing the deposit"),
    ("withdraw_rewards", "withdrawing rewards"),
    ("rejoin", "taking a seat up again"),
    ("remove", "removing a seat that was not admitted"),
    ("equivocation", "reporting an equivocation"),
];

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

    /// As a Markdown table, calls in [`CALLS`]' order.
    pub fn to_markdown(&self) -> String {
        let sizes: Vec<u32> = self.0.values().flat_map(|row| row.keys().copied()).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let mut text = String::from("| call |");
        for seats in &sizes {
            text += &format!(" {seats} seats |");
        }
        text += " what |\n|---|";
        text += &"---:|".repeat(sizes.len());
        text += "---|\n";
        for (call, what) in CALLS {
            text += &format!("| `{call}` |");
            for seats in &sizes {
                text += &self.get(call, *seats).map_or(" – |".to_owned(), |gas| format!(" {gas} |"));
            }
            text += &format!(" {what} |\n");
        }
        text
    }
}
