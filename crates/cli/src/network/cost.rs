//! `multee network cost`: what a device costs in gas.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use multee_founding::{Estimate, Prices, Settling, estimate};
use serde::Serialize;

use super::args::CostArgs;
use super::text::grouped;
use super::{NetworkError, print};
use crate::exit::Exit;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    gas_price_gwei: f64,
    native_price: f64,
    epoch_seconds: u32,
    devices: u32,
    #[serde(flatten)]
    estimate: &'a Estimate,
    settled: BTreeMap<Settling, &'a Estimate>,
}

pub(super) fn run(args: &CostArgs) -> Result<Exit, NetworkError> {
    let prices = Prices {
        gas_price_gwei: args.gas_price_gwei,
        native_price: args.native_price,
        epoch_seconds: args.epoch_seconds,
        devices: args.devices,
    };
    let [by_others, by_itself, in_turns] = Settling::ALL.map(|settling| estimate(&prices, settling));
    let estimates = [by_others?, by_itself?, in_turns?];
    let [.., estimate] = &estimates;
    if args.json {
        let document = Document {
            version: 1,
            gas_price_gwei: args.gas_price_gwei,
            native_price: args.native_price,
            epoch_seconds: args.epoch_seconds,
            devices: args.devices,
            estimate,
            settled: Settling::ALL.into_iter().zip(&estimates).collect(),
        };
        let text = serde_json::to_string_pretty(&document).map_err(std::io::Error::other);
        print(&(text.map_err(NetworkError::Stdout)? + "\n"))?;
    } else {
        print(&text(&prices, &estimates))?;
    }
    Ok(Exit::Ok)
}

fn text(prices: &Prices, estimates: &[Estimate; 3]) -> String {
    let [by_others, by_itself, estimate] = estimates;
    let mut text = format!(
        "a device of a network of {} with epochs of {} s, gas at {} gwei, a coin at {}\n\n",
        prices.devices, prices.epoch_seconds, prices.gas_price_gwei, prices.native_price
    );
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:<24}{:>12}{:>14}{:>18}", "call", "gas", "a year", "gas a year");
    for item in &estimate.items {
        #[allow(clippy::cast_precision_loss, reason = "gas of a call is far below 2⁵³")]
        let gas = item.gas as f64 * item.a_year;
        let (one, year) = (grouped(&item.gas), grouped(&format!("{gas:.0}")));
        let _ = writeln!(text, "{:<24}{one:>12}{:>14.1}{year:>18}", item.call, item.a_year);
    }
    let sum = grouped(&format!("{:.0}", estimate.gas));
    let _ = writeln!(text, "{:<24}{:>12}{:>14}{sum:>18}\n", "together", "", "");
    let mut settled = |who: &str, by: &Estimate| {
        let _ = writeln!(text, "{:.2} a year, {:.6} coins, {who}", by.money, by.native);
    };
    settled("where all settle in turns, as above", estimate);
    settled("where it settles its own blocks, and nobody else's", by_itself);
    settled("where others settle its blocks", by_others);
    let _ = write!(
        text,
        "\nMeasured at {} seats (docs/gas.md). Each block is published once and settled twice, by anybody: nodes\n\
         take turns, and do what a neighbour leaves undone, so a device may pay for more than its share. Opening and\n\
         seeding an epoch is shared. Joining, restarts, deposit and rewards are not in it, and nor is what a rollup\n\
         asks besides gas for its data on the parent chain: evidence has some 1400 bytes a publication.\n",
        estimate.measured_at_seats
    );
    text
}
