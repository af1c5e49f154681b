//! What a device costs in gas, for prices that somebody expects.
//!
//! The gas of each call is what `cargo xtask gas` measured on the deployed bytecode and committed; docs/gas.md tells how.
//! What a chain asks besides gas, as rollups do for their data on the parent chain, is not in it: it depends on the
//! parent's price and on how the rollup compresses, and neither is measured here.

use std::collections::BTreeMap;

use serde::Serialize;

const SNAPSHOT: &str = include_str!("../../conformance/gas.json");
/// A year of 365.25 days.
const YEAR_S: f64 = 31_557_600.0;

/// What is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    /// What a unit of gas costs, in gwei.
    pub gas_price_gwei: f64,
    /// What a native coin costs, in any currency.
    pub native_price: f64,
    /// An epoch's length, in seconds.
    pub epoch_seconds: u32,
    /// Devices that share what one of them does for all.
    pub devices: u32,
}

/// Who settles a device's blocks: each once when it passes or is decided, and once more when it is paid for. Anybody may,
/// and nobody is paid for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Settling {
    /// Others: it pays for no settlement.
    ByOthers,
    /// The device, along with its own later publications: whoever runs no agent that settles, where nobody else does.
    ByItself,
    /// All in turns, as nodes do: it settles as many of anybody's blocks as it has of its own. One whose neighbours are
    /// away settles theirs, too.
    InTurns,
}

impl Settling {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ByOthers, Self::ByItself, Self::InTurns];
}

/// A call that a device pays for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// Its name in the snapshot.
    pub call: &'static str,
    /// Gas of one.
    pub gas: u64,
    /// How many a device pays for in a year.
    pub a_year: f64,
}

/// What a device costs in a year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Number of seats that the snapshot was taken at: the nearest not below the devices asked for, or the largest.
    pub measured_at_seats: u32,
    /// What it pays for.
    pub items: Vec<Item>,
    /// Gas in a year.
    pub gas: f64,
    /// Native coins in a year.
    pub native: f64,
    /// Money in a year, in the currency of the price.
    pub money: f64,
}

/// The committed snapshot cannot be read, or lacks a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gas snapshot has no figure for {0}")]
pub struct NoFigure(&'static str);

/// What a device costs in a year. Once an epoch it publishes, and settles what falls to it; in its turn it opens an epoch
/// and sets the seed. Joining and restarts are seldom, and not in it; nor are deposit and rewards.
///
/// # Errors
/// When the snapshot lacks a figure.
pub fn estimate(prices: &Prices, settling: Settling) -> Result<Estimate, NoFigure> {
    let snapshot: BTreeMap<String, BTreeMap<String, u64>> =
        serde_json::from_str(SNAPSHOT).map_err(|_| NoFigure("any call"))?;
    let measured_at_seats = nearest(&snapshot, prices.devices)?;
    let epochs = YEAR_S / f64::from(prices.epoch_seconds.max(1));
    let turns = epochs / f64::from(prices.devices.max(1));
    let item = |call: &'static str, a_year: f64| {
        let figures = snapshot.get(call).ok_or(NoFigure(call))?;
        let gas = figures.get(&measured_at_seats.to_string()).ok_or(NoFigure(call))?;
        Ok(Item { call, gas: *gas, a_year })
    };
    let mut items = match settling {
        Settling::ByOthers => vec![item("publication", epochs)?],
        Settling::ByItself => vec![item("publication_settling", epochs)?],
        Settling::InTurns => vec![item("publication", epochs)?, item("settlement", 2.0 * epochs)?],
    };
    items.extend([item("open_epoch", turns)?, item("seed_epoch", turns)?]);
    #[allow(clippy::cast_precision_loss, reason = "gas of a call is far below 2⁵³")]
    let gas = items.iter().map(|item| item.gas as f64 * item.a_year).sum::<f64>();
    let native = gas * prices.gas_price_gwei / 1e9;
    Ok(Estimate { measured_at_seats, items, gas, native, money: native * prices.native_price })
}

fn nearest(snapshot: &BTreeMap<String, BTreeMap<String, u64>>, devices: u32) -> Result<u32, NoFigure> {
    let figures = snapshot.get("publication").ok_or(NoFigure("publication"))?;
    let mut seats: Vec<u32> = figures.keys().filter_map(|seats| seats.parse().ok()).collect();
    seats.sort_unstable();
    let above = seats.iter().find(|seats| **seats >= devices);
    above.or(seats.last()).copied().ok_or(NoFigure("publication"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICES: Prices =
        Prices { gas_price_gwei: 0.05, native_price: 3000.0, epoch_seconds: 3600, devices: 100 };

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= expected * 1e-9
    }

    fn in_turns(prices: Prices) -> Estimate {
        estimate(&prices, Settling::InTurns).expect("estimated")
    }

    #[test]
    fn a_year_is_the_sum_of_its_calls_at_their_price() {
        let figure = |call: &str| {
            let snapshot: serde_json::Value = serde_json::from_str(SNAPSHOT).expect("JSON");
            snapshot[call]["1000"].as_f64().expect("a figure")
        };
        let epochs = 8766.0;
        let shared = (figure("open_epoch") + figure("seed_epoch")) * epochs / 100.0;
        let own = [
            figure("publication"),
            figure("publication_settling"),
            figure("publication") + 2.0 * figure("settlement"),
        ];
        for (settling, own) in Settling::ALL.into_iter().zip(own) {
            let estimate = estimate(&PRICES, settling).expect("estimated");
            let gas = own * epochs + shared;
            assert!(close(estimate.gas, gas), "{settling:?}: {estimate:?}");
            assert!(close(estimate.money, gas * 0.05e-9 * 3000.0), "{settling:?}: {estimate:?}");
            assert_eq!(estimate.measured_at_seats, 1000);
        }
    }

    #[test]
    fn money_follows_prices_and_epochs() {
        let base = in_turns(PRICES).money;
        let dearer = in_turns(Prices { gas_price_gwei: 0.1, ..PRICES }).money;
        let coin = in_turns(Prices { native_price: 6000.0, ..PRICES }).money;
        assert!(close(dearer, 2.0 * base) && close(coin, 2.0 * base));
        let daily = in_turns(Prices { epoch_seconds: 86_400, ..PRICES }).money;
        assert!(close(daily, base / 24.0));
    }

    #[test]
    fn networks_are_told_by_the_nearest_measured_number_of_seats() {
        for (devices, seats) in [(1, 58), (58, 58), (59, 1000), (1001, 10_000), (1_000_000, 10_000)] {
            let estimate = in_turns(Prices { devices, ..PRICES });
            assert_eq!(estimate.measured_at_seats, seats, "{devices}");
        }
    }
}
