//! Blocks are published and logged.

use alloy_primitives::B256;
use multee_protocol::machine::{Event, Suspicion};
use multee_protocol::{ConfirmationBlock, DeviceId, Epoch, SeatId, challenge};
use rusqlite::{OptionalExtension, params};

use super::Applying;
use super::network::signed;
use crate::index::error::Fault;
use crate::index::seat::Seat;

const INSERT: &str = "INSERT INTO blocks (epoch, block_order, told_block, seat, digest, previous_digest, \
    incarnation, measurement, weight, power, off, properties_digest, marks, latest_bindings, r, vs, evidence_hash, \
    certificates_hash, passed, final) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)";

impl Applying<'_> {
    pub(super) fn publish(&mut self, event: &Event) -> Result<(), Fault> {
        let Event::BlockPublished {
            seat: id,
            epoch,
            digest,
            order,
            weight,
            power,
            properties_digest,
            marks,
            latest_bindings,
            r,
            vs,
            evidence,
        } = event
        else {
            return Ok(());
        };
        let seat = self.seat(*id)?;
        let block = ConfirmationBlock {
            seat: *id,
            device_id: DeviceId(seat.device_id),
            incarnation: seat.incarnation,
            epoch: *epoch,
            previous_digest: seat.last_digest,
            challenge: challenge(self.root(*epoch)?, *id),
            measurement: seat.measurement,
            power: *power,
            properties_digest: *properties_digest,
            marks: *marks,
            latest_bindings: *latest_bindings,
        };
        if block.digest(&self.deployment) != *digest {
            return Err(Fault::Misfit("a block's digest"));
        }
        self.db.prepare_cached(INSERT)?.execute(params![
            epoch,
            order,
            self.block,
            id.0,
            digest.as_slice(),
            seat.last_digest.as_slice(),
            seat.incarnation.as_slice(),
            seat.measurement.as_slice(),
            weight,
            power.to_be_bytes(),
            self.is_off(&seat, *power)?,
            properties_digest.as_slice(),
            marks.0.to_be_bytes::<32>(),
            latest_bindings.as_slice(),
            r.as_slice(),
            vs.as_slice(),
            evidence.digest.as_slice(),
            seat.certificates_hash.as_slice(),
        ])?;
        self.count("published", *epoch)?;
        let weigh = "UPDATE epochs SET weight = weight + ? WHERE epoch = ?";
        self.db.prepare_cached(weigh)?.execute(params![weight, epoch])?;
        self.keep_content("block_words", &block.words())?;
        self.keep_content("block_digest", &block.signed_bytes(&self.deployment))?;
        self.keep_binding(*digest, evidence.digest, seat.certificates_hash)?;
        self.change_seat(*id, |it| (it.last_digest, it.last_epoch) = (*digest, Some(*epoch)))?;
        Ok(())
    }

    /// One more of an epoch's blocks is that.
    pub(super) fn count(&self, what: &str, epoch: Epoch) -> Result<(), Fault> {
        let sql = format!("UPDATE epochs SET {what} = {what} + 1 WHERE epoch = ?");
        self.db.prepare_cached(&sql)?.execute([epoch])?;
        Ok(())
    }

    /// What the contract keeps of a block's evidence (R6) is a hash, too.
    fn keep_binding(&self, digest: B256, evidence: B256, certificates: B256) -> Result<(), Fault> {
        self.keep_content("evidence_binding", &[digest.0, evidence.0, certificates.0].concat())
    }

    fn root(&self, epoch: Epoch) -> Result<B256, Fault> {
        let mut found =
            self.db.prepare_cached("SELECT root FROM epochs WHERE epoch = ? AND root IS NOT NULL")?;
        let root = found.query_row([epoch], |row| row.get::<_, [u8; 32]>(0)).optional()?;
        root.map(B256::from).ok_or(Fault::Misfit("a block of an unopened epoch"))
    }

    /// Whether its power deviates from the verified one by more than the tolerance (R10).
    fn is_off(&self, seat: &Seat, power: u64) -> Result<bool, Fault> {
        let tolerance = self.network()?.parameters.power_tolerance_bps;
        let deviation = u128::from(power.abs_diff(seat.verified_power));
        Ok(deviation * 10_000 > u128::from(seat.verified_power) * u128::from(tolerance))
    }

    /// They hold from the block on that they were published with.
    pub(super) fn publish_certificates(&mut self, id: SeatId, epoch: Epoch, hash: B256) -> Result<(), Fault> {
        let sql = "UPDATE blocks SET certificates_hash = ? WHERE seat = ? AND epoch = ? RETURNING digest, evidence_hash";
        let mut update = self.db.prepare_cached(sql)?;
        let hashes = |row: &rusqlite::Row<'_>| {
            Ok((B256::from(row.get::<_, [u8; 32]>(0)?), B256::from(row.get::<_, [u8; 32]>(1)?)))
        };
        let changed = update.query_row(params![hash.as_slice(), id.0, epoch], hashes).optional()?;
        let (digest, evidence) = changed.ok_or(Fault::Misfit("certificates without a block"))?;
        self.keep_binding(digest, evidence, hash)?;
        let seat = self.change_seat(id, |it| it.certificates_hash = hash)?;
        self.keep_identity(&seat)
    }

    pub(super) fn log(
        &mut self,
        epoch: Epoch,
        order: u32,
        position: u64,
        reason: Suspicion,
    ) -> Result<(), Fault> {
        let position = signed(position)?;
        let sql = "UPDATE blocks SET log_position = ? WHERE epoch = ? AND block_order = ? RETURNING seat";
        let mut update = self.db.prepare_cached(sql)?;
        let seat =
            update.query_row(params![position, epoch, order], |row| row.get::<_, u32>(0)).optional()?;
        let seat = seat.ok_or(Fault::Misfit("an unknown block was logged"))?;
        let sql = "INSERT INTO log (position, told_block, log_index, seat, epoch, block_order, reason) \
            VALUES (?, ?, ?, ?, ?, ?, ?)";
        let values = params![position, self.block, self.log_index, seat, epoch, order, suspicion(reason)];
        self.db.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }
}

/// A suspicion's name.
fn suspicion(reason: Suspicion) -> &'static str {
    match reason {
        Suspicion::NegativeMark => "negative_mark",
        Suspicion::Probation => "probation",
        Suspicion::UnverifiedPower => "unverified_power",
        Suspicion::Unchecked => "unchecked",
        Suspicion::Unwinding => "unwinding",
        Suspicion::Flagged => "flagged",
        Suspicion::Undecided => "undecided",
    }
}
