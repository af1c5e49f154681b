//! What is kept as a sum, or read off content, beside what it comes from.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

use super::Verified;
use crate::index::Seat;
use crate::index::apply::claimed_tee;
use crate::index::error::Fault;
use crate::index::words::Taking;

/// What rewards amount to.
#[derive(Default)]
struct Sums {
    /// For seats, by seat.
    earned: BTreeMap<u32, u128>,
    /// How many and how much, by epoch.
    taken: BTreeMap<u32, (u64, u128)>,
}

pub(super) fn compare(db: &Connection, seats: &[Seat], verified: &mut Verified) -> Result<(), Fault> {
    let sums = sums(db)?;
    for seat in seats {
        let earned = sums.earned.get(&seat.seat).copied().unwrap_or(0);
        verified.same(|| format!("seat {}, earned", seat.seat), &seat.earned, &earned);
        let tee = tee(db, seat.seat)?;
        verified.same(|| format!("seat {}, TEE", seat.seat), &seat.tee.as_deref(), &tee);
        let admitted = admitted(db, seat.seat)?;
        verified.same(|| format!("seat {}, admission", seat.seat), &seat.admitted_epoch, &admitted);
    }
    compare_epochs(db, &sums, verified)?;
    compare_log(db, verified)
}

fn sums(db: &Connection) -> Result<Sums, Fault> {
    let mut sums = Sums::default();
    let mut rows = db.prepare("SELECT seat, epoch, to_seat, amount FROM rewards")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Taking::of(row);
        let (seat, epoch, to_seat, amount) = (row.next()?, row.next()?, row.next::<bool>()?, row.amount()?);
        if to_seat {
            let earned = sums.earned.entry(seat).or_default();
            *earned = earned.saturating_add(amount);
        }
        let (count, taken) = sums.taken.entry(epoch).or_default();
        (*count, *taken) = (*count + 1, taken.saturating_add(amount));
    }
    Ok(sums)
}

fn tee(db: &Connection, seat: u32) -> Result<Option<&'static str>, Fault> {
    let sql = "SELECT bytes FROM blocks JOIN content ON hash = evidence_hash WHERE seat = ? ORDER BY epoch DESC LIMIT 1";
    let evidence: Option<Vec<u8>> = db.prepare_cached(sql)?.query_row([seat], |row| row.get(0)).optional()?;
    Ok(evidence.and_then(|evidence| claimed_tee(&evidence)))
}

fn admitted(db: &Connection, seat: u32) -> Result<Option<u32>, Fault> {
    let sql = "SELECT epoch FROM changes WHERE seat = ? AND kind = 'seat_admitted' \
        ORDER BY told_block DESC, log_index DESC LIMIT 1";
    Ok(db.prepare_cached(sql)?.query_row([seat], |row| row.get(0)).optional()?)
}

fn compare_epochs(db: &Connection, sums: &Sums, verified: &mut Verified) -> Result<(), Fault> {
    let sql = "SELECT epochs.epoch, epochs.weight, coalesce(sum(blocks.weight), 0), rewards, rewarded \
        FROM epochs LEFT JOIN blocks ON blocks.epoch = epochs.epoch GROUP BY epochs.epoch";
    let mut rows = db.prepare(sql)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Taking::of(row);
        let epoch: u32 = row.next()?;
        let (said, weight) = (row.number()?, row.number()?);
        verified.same(|| format!("epoch {epoch}, its weight"), &said, &weight);
        let said = (row.number()?, row.amount()?);
        let taken = sums.taken.get(&epoch).copied().unwrap_or_default();
        verified.same(|| format!("epoch {epoch}, its rewards"), &said, &taken);
    }
    Ok(())
}

/// The log names its blocks' seats.
fn compare_log(db: &Connection, verified: &mut Verified) -> Result<(), Fault> {
    let sql = "SELECT position, log.seat, blocks.seat FROM log LEFT JOIN blocks USING (epoch, block_order)";
    let mut rows = db.prepare(sql)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Taking::of(row);
        let (position, said, is) = (row.number()?, row.next::<Option<u32>>()?, row.next::<Option<u32>>()?);
        verified.same(|| format!("log entry {position}, its seat"), &said, &is);
    }
    Ok(())
}
