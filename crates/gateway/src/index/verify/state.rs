//! The tables' newest state and the rules'.

use alloy_primitives::B256;
use multee_protocol::machine::{SeatView, State};
use multee_protocol::{DeviceId, SeatId, evidence_binding};
use rusqlite::Connection;

use super::{Verified, sums};
use crate::index::error::Fault;
use crate::index::network::Network;
use crate::index::seat::Seat;
use crate::index::words::{Reference, Taking};
use crate::trust::is_trusted;

/// Compares all that both have. What the rules' rings have let go was compared event by event.
pub(super) fn compare(
    db: &Connection,
    state: &State,
    timestamp_s: u64,
    verified: &mut Verified,
) -> Result<(), Fault> {
    let network = Network::find(db)?.ok_or(Fault::Misfit("no network"))?;
    compare_network(&network, state, timestamp_s, verified);
    let seats = Seat::list(db, "ORDER BY seat", &[])?;
    let registered = u64::from(state.network_view(timestamp_s).seats);
    verified.same(|| "seats".to_owned(), &(seats.len() as u64), &registered);
    for seat in &seats {
        let Ok(view) = state.seat_view(SeatId(seat.seat)) else { continue };
        compare_seat(seat, &view, verified);
        compare_trust(db, &network, state, seat.device_id, timestamp_s, verified)?;
    }
    compare_epochs(db, state, timestamp_s, verified)?;
    compare_blocks(db, state, timestamp_s, verified)?;
    compare_chains(db, verified)?;
    compare_counts(db, verified)?;
    sums::compare(db, &seats, verified)?;
    compare_log(db, state, timestamp_s, verified)
}

fn compare_network(network: &Network, state: &State, timestamp_s: u64, verified: &mut Verified) {
    let (view, settings) = (state.network_view(timestamp_s), state.settings());
    let name = |field: &'static str| move || format!("network, {field}");
    verified.same(name("parameters"), &network.parameters, state.parameters());
    let announced = state.announced_parameters().map(|it| (it.from_epoch, it.parameters));
    verified.same(name("announced"), &network.announced, &announced);
    let owners = (state.owner(), state.pending_owner());
    verified.same(name("owner"), &(network.owner, network.pending_owner), &owners);
    verified.same(name("paused"), &network.paused, &view.paused);
    let last_opened = (view.opened_epochs > 0).then_some(view.last_opened);
    verified.same(name("last opened"), &network.last_opened, &last_opened);
    let digests = (state.policy_digest(), state.reference_digest());
    verified.same(name("digests"), &(network.policy_digest, network.reference_digest), &digests);
    let references: Vec<Reference> = state.reference_values().iter().map(Into::into).collect();
    verified.same(name("reference values"), &network.references, &references);
    let fixed = &settings.fixed;
    let rules =
        (settings.token, settings.genesis_s, fixed.epoch_seconds, fixed.retention_epochs, fixed.max_seats);
    let Network { token, genesis_s, epoch_seconds, retention_epochs, max_seats, .. } = *network;
    verified.same(name("settings"), &(token, genesis_s, epoch_seconds, retention_epochs, max_seats), &rules);
}

fn compare_seat(seat: &Seat, view: &SeatView, verified: &mut Verified) {
    let name = |field: &'static str| move || format!("seat {}, {field}", seat.seat);
    let accounts = (view.provider, view.operator, view.incarnation);
    verified.same(name("accounts"), &(seat.provider, seat.operator, seat.incarnation), &accounts);
    let hashes = (view.device_id.0, view.measurement, view.last_digest);
    verified.same(name("hashes"), &(seat.device_id, seat.measurement, seat.last_digest), &hashes);
    let rules = (view.tier, view.score.bps(), view.streak, view.penalties);
    verified.same(name("standing"), &(seat.tier(), seat.score, seat.streak, seat.penalties), &rules);
    let rules = (view.admitted, view.exiting, view.funds.paid_out);
    verified.same(name("flags"), &(seat.admitted, seat.exiting, seat.paid_out), &rules);
    let rules = (view.since_epoch, view.suspended_epoch, view.unbonded_epoch);
    let epochs = (seat.since_epoch, seat.suspended_epoch, seat.unbonded_epoch);
    verified.same(name("epochs"), &epochs, &rules);
    let rules =
        (view.has_published.then_some(view.last_epoch), view.has_good_block.then_some(view.last_good_epoch));
    verified.same(name("newest blocks"), &(seat.last_epoch, seat.last_good_epoch), &rules);
    let rules = (view.power.verified, view.power.unverified, view.power.off_epoch);
    verified.same(name("power"), &(seat.verified_power, seat.power_unverified, seat.off_epoch), &rules);
    verified.same(name("deposit"), &seat.deposit, &view.funds.deposit);
}

/// What relying parties ask (R17), with bounds around what there is.
fn compare_trust(
    db: &Connection,
    network: &Network,
    state: &State,
    device_id: B256,
    timestamp_s: u64,
    verified: &mut Verified,
) -> Result<(), Fault> {
    let (id, seat) = (DeviceId(device_id), Seat::bound_to(db, device_id)?);
    let view = state.trust_of(id);
    let bound = seat.as_ref().map_or(SeatId(0), |seat| SeatId(seat.seat));
    verified.same(|| format!("device {device_id}, its seat"), &bound, &view.seat);
    let Some(seat) = seat else { return Ok(()) };
    let index = (seat.tier(), seat.is_operational(), seat.good_epoch());
    let rules =
        (view.tier.unwrap_or(index.0), view.operational, view.has_good_block.then_some(view.last_good_epoch));
    verified.same(|| format!("device {device_id}, its trust"), &index, &rules);
    let age = network.epoch_at(timestamp_s).unwrap_or(0).saturating_sub(view.last_good_epoch);
    for min_score in [0, seat.score, seat.score.saturating_add(1)] {
        for max_age in [age.saturating_sub(1), age, u32::MAX] {
            let index = is_trusted(network, &seat, min_score, max_age, timestamp_s);
            let rules = state.is_trusted(id, min_score, max_age, timestamp_s);
            verified.same(|| format!("isTrusted({device_id}, {min_score}, {max_age})"), &index, &rules);
        }
    }
    Ok(())
}

fn compare_epochs(
    db: &Connection,
    state: &State,
    timestamp_s: u64,
    verified: &mut Verified,
) -> Result<(), Fault> {
    let sql = "SELECT epoch, seed_block, roster_epoch, roster_size, window_start, window_size, decision_marks, \
        latest_checks, suspicious_checks, policy_digest, reference_digest, root FROM epochs";
    let mut rows = db.prepare(sql)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Taking::of(row);
        let epoch: u32 = row.next()?;
        let Ok(view) = state.epoch_view(epoch, timestamp_s) else { continue };
        let numbers = [row.number()?, row.number()?, row.number()?, row.number()?, row.number()?];
        let rules = [
            view.seed_block,
            view.roster_epoch.into(),
            view.roster_size.into(),
            view.window_start,
            view.window_size.into(),
        ];
        verified.same(|| format!("epoch {epoch}"), &numbers, &rules);
        let marks: [u8; 3] = [row.next()?, row.next()?, row.next()?];
        let rules = [view.decision_marks, view.latest_checks, view.suspicious_checks];
        verified.same(|| format!("epoch {epoch}, marks"), &marks, &rules);
        let digests = [row.hash()?, row.hash()?];
        verified.same(
            || format!("epoch {epoch}, digests"),
            &digests,
            &[view.policy_digest, view.reference_digest],
        );
        let root = row.next::<Option<[u8; 32]>>()?.map(B256::from);
        verified.same(|| format!("epoch {epoch}, root"), &root, &view.opened.then_some(view.root));
    }
    Ok(())
}

fn compare_blocks(
    db: &Connection,
    state: &State,
    timestamp_s: u64,
    verified: &mut Verified,
) -> Result<(), Fault> {
    let sql = "SELECT epoch, block_order, seat, weight, off, passed, decided, final, log_position, digest, \
        evidence_hash, certificates_hash FROM blocks";
    let mut rows = db.prepare(sql)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Taking::of(row);
        let (epoch, order): (u32, u32) = (row.next()?, row.next()?);
        let Ok(view) = state.block_view(epoch, order, timestamp_s) else { continue };
        let index: (u32, u16, bool, bool) = (row.next()?, row.next()?, row.next()?, row.next()?);
        let rules = (view.seat.0, view.weight, view.off, view.passed);
        verified.same(|| format!("block {epoch}/{order}"), &index, &rules);
        let decided: Option<String> = row.next()?;
        let rules = view.decided.then_some(if view.malicious { "malicious" } else { "honest" });
        verified.same(|| format!("block {epoch}/{order}, decided"), &decided.as_deref(), &rules);
        let good = row.next::<bool>()? || decided.as_deref() == Some("honest");
        verified.same(|| format!("block {epoch}/{order}, honest for good"), &good, &view.honest_for_good);
        let position = row.next::<Option<i64>>()?.and_then(|position| u64::try_from(position).ok());
        let rules = view.logged.then_some(view.position);
        verified.same(|| format!("block {epoch}/{order}, log position"), &position, &rules);
        let binding = evidence_binding(row.hash()?, row.hash()?, row.hash()?);
        verified.same(|| format!("block {epoch}/{order}, binding"), &binding, &view.evidence_binding);
    }
    Ok(())
}

/// What epochs say of their blocks is what these are.
fn compare_counts(db: &Connection, verified: &mut Verified) -> Result<(), Fault> {
    let sql = "SELECT epochs.epoch, published, epochs.passed, honest, malicious, count(seat), \
        coalesce(sum(blocks.passed), 0), count(CASE decided WHEN 'honest' THEN 1 END), \
        count(CASE decided WHEN 'malicious' THEN 1 END) \
        FROM epochs LEFT JOIN blocks ON blocks.epoch = epochs.epoch GROUP BY epochs.epoch";
    let mut rows = db.prepare(sql)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Taking::of(row);
        let epoch: u32 = row.next()?;
        let said: [u32; 4] = [row.next()?, row.next()?, row.next()?, row.next()?];
        let are: [u32; 4] = [row.next()?, row.next()?, row.next()?, row.next()?];
        verified.same(|| format!("epoch {epoch}, its blocks"), &said, &are);
    }
    Ok(())
}

/// Each block names the one of its seat before it.
fn compare_chains(db: &Connection, verified: &mut Verified) -> Result<(), Fault> {
    let sql = "SELECT seat, epoch, previous_digest, coalesce(lag(digest) OVER by_seat, zeroblob(32)) FROM blocks \
        WINDOW by_seat AS (PARTITION BY seat ORDER BY epoch)";
    let mut rows = db.prepare(sql)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Taking::of(row);
        let (seat, epoch): (u32, u32) = (row.next()?, row.next()?);
        let (named, before) = (row.hash()?, row.hash()?);
        verified.same(|| format!("seat {seat}, the block before that of epoch {epoch}"), &named, &before);
    }
    Ok(())
}

fn compare_log(
    db: &Connection,
    state: &State,
    timestamp_s: u64,
    verified: &mut Verified,
) -> Result<(), Fault> {
    let mut rows = db.prepare("SELECT position, epoch, block_order FROM log")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Taking::of(row);
        let position = row.number()?;
        let Ok(entry) = state.log_entry(position, timestamp_s) else { continue };
        let index: (u32, u32) = (row.next()?, row.next()?);
        let rules = (entry.block.epoch, entry.block.order);
        verified.same(|| format!("log entry {position}"), &index, &rules);
    }
    Ok(())
}
