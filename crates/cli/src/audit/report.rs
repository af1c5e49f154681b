//! An audit's outcome as text and as a JSON document.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use alloy_primitives::{Address, B256};
use anstyle::{AnsiColor, Style};
use multee_replay::{Audit, Divergence, Verdict, ViewDifference};
use serde::Serialize;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// The JSON document, described in `multee audit --help`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: u8,
    agrees: bool,
    chain_id: u64,
    contract: Address,
    block: u64,
    time_s: u64,
    replayed: Replayed,
    seats: u32,
    epochs: u32,
    log_entries: u64,
    views: u64,
    sums: Sums,
    divergence: Option<Place>,
    differing_fields: u64,
    differences: Vec<Shown>,
    wall_s: f64,
    events_per_s: f64,
}

#[derive(Debug, Serialize)]
struct Replayed {
    transactions: u64,
    events: u64,
    calls: u64,
    blocks: u64,
    donations: u64,
}

/// In the token's smallest unit; as text, since they exceed what JSON readers keep.
#[derive(Debug, Serialize)]
struct Sums {
    deposits: String,
    bounties: String,
    carry: String,
    purses: String,
    unallocated: String,
    balance: String,
    add_up: bool,
}

#[derive(Debug, Serialize)]
struct Place {
    block: u64,
    time_s: u64,
    transaction: B256,
    log_index: Option<u32>,
    what: String,
}

#[derive(Debug, Serialize)]
struct Shown {
    view: String,
    field: String,
    rules: String,
    chain: String,
}

impl Report {
    pub(super) fn new(audit: &Audit, wall: Duration) -> Self {
        let (sums, replayed, wall_s) = (audit.sums, audit.replayed, wall.as_secs_f64());
        let (divergence, differing_fields, differences) = match &audit.verdict {
            Verdict::Agrees => (None, 0, Vec::new()),
            Verdict::Diverges(divergence) => (Some(place(divergence)), 0, Vec::new()),
            Verdict::Differs { count, first } => (None, *count, first.iter().map(field).collect()),
        };
        Self {
            version: 1,
            agrees: audit.verdict == Verdict::Agrees,
            chain_id: audit.deployment.chain_id,
            contract: audit.deployment.contract,
            block: audit.head.number,
            time_s: audit.head.timestamp_s,
            replayed: Replayed {
                transactions: replayed.transactions,
                events: replayed.events,
                calls: replayed.calls,
                blocks: replayed.blocks,
                donations: replayed.donations,
            },
            seats: audit.seats,
            epochs: audit.epochs,
            log_entries: audit.log_entries,
            views: audit.views,
            sums: Sums {
                deposits: sums.deposits.to_string(),
                bounties: sums.bounties.to_string(),
                carry: sums.carry.to_string(),
                purses: sums.purses.to_string(),
                unallocated: sums.unallocated.to_string(),
                balance: sums.balance.to_string(),
                add_up: sums.add_up(),
            },
            divergence,
            differing_fields,
            differences,
            wall_s,
            #[allow(clippy::cast_precision_loss, reason = "a speed, shown rounded")]
            events_per_s: if wall_s > 0.0 { replayed.events as f64 / wall_s } else { 0.0 },
        }
    }
}

fn place(divergence: &Divergence) -> Place {
    let at = divergence.place;
    Place {
        block: at.block_number,
        time_s: at.timestamp_s,
        transaction: at.transaction,
        log_index: at.log_index,
        what: divergence.why.to_string(),
    }
}

fn field(different: &ViewDifference) -> Shown {
    let of = different.difference.clone();
    Shown { view: different.view.clone(), field: of.field, rules: of.rules, chain: of.chain }
}

/// The report as people read it.
pub(super) struct Text<'a>(pub(super) &'a Report);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let (replayed, sums) = (&report.replayed, &report.sums);
        writeln!(f, "contract  {} on chain {}, block {}", report.contract, report.chain_id, report.block)?;
        writeln!(
            f,
            "replayed  events {}, transactions {}, calls {}, confirmation blocks {}, donations {}",
            replayed.events, replayed.transactions, replayed.calls, replayed.blocks, replayed.donations
        )?;
        writeln!(
            f,
            "state     seats {}, epochs {}, log entries {}; views compared {}",
            report.seats, report.epochs, report.log_entries, report.views
        )?;
        for (name, amount) in [
            ("tokens    deposits", &sums.deposits),
            ("        + bounties", &sums.bounties),
            ("        + carry", &sums.carry),
            ("        + purses", &sums.purses),
            ("        + unallocated", &sums.unallocated),
            ("        = balance", &sums.balance),
        ] {
            writeln!(f, "{name:<23} {amount:>32}")?;
        }
        writeln!(f, "speed     {:.0} events/s\n", report.events_per_s)?;
        verdict(f, report)
    }
}

fn verdict(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    if let Some(place) = &report.divergence {
        let log = place.log_index.map(|index| format!(", log {index}")).unwrap_or_default();
        writeln!(f, "{BAD}diverges{BAD:#} at block {}, transaction {}{log}", place.block, place.transaction)?;
        return writeln!(f, "  {}", place.what);
    }
    if report.agrees {
        return writeln!(f, "{GOOD}agrees{GOOD:#}: the contract's state is what the rules give");
    }
    let count = report.differing_fields;
    writeln!(
        f,
        "{BAD}differs{BAD:#}: all events are as the rules give them, and {count} fields of views are not"
    )?;
    for Shown { view, field, rules, chain } in &report.differences {
        let space = if field.is_empty() { "" } else { " " };
        writeln!(f, "  {view}: {field}{space}is {rules} by the rules, {chain} on chain")?;
    }
    Ok(())
}
