//! A seat as the events so far left it.

use alloy_primitives::{Address, B256};
use multee_protocol::{Score, Standing, Tier, Trust};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::error::Fault;
use super::words::{Taking, address, amount, bytes, power};

const COLUMNS: &str = "seat, told_block, device_id, provider, operator, incarnation, measurement, \
    certificates_hash, last_digest, last_epoch, last_good_epoch, since_epoch, admitted, probation, suspended, \
    suspended_epoch, blocked, exiting, paid_out, unbonded_epoch, score, streak, penalties, verified_power, \
    power_unverified, off_epoch, deposit, tier, operational, admitted_epoch, earned, tee";

/// A seat as the events so far left it. Amounts are in the token's smallest unit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, flags in the contract")]
pub struct Seat {
    /// Its number, from 1.
    pub seat: u32,
    /// The chain's block in which it was registered.
    pub told_block: i64,
    /// The claimed device.
    pub device_id: B256,
    /// Who pays and is paid.
    pub provider: Address,
    /// Who publishes for it.
    pub operator: Address,
    /// The current incarnation's key.
    pub incarnation: Address,
    /// The current incarnation's measurement.
    pub measurement: B256,
    /// Of the certificates that the incarnation published last; zero if none.
    pub certificates_hash: B256,
    /// Of its newest block; zero before the first.
    pub last_digest: B256,
    /// Of its newest block.
    pub last_epoch: Option<u32>,
    /// Of its newest block that passed or was decided honest, of whatever incarnation.
    pub last_good_epoch: Option<u32>,
    /// The first epoch whose block is the current incarnation's.
    pub since_epoch: u32,
    /// Its device id is bound to it (R1).
    pub admitted: bool,
    /// Not admitted yet, or not again.
    pub probation: bool,
    /// Fell below 5000 and has not restarted since.
    pub suspended: bool,
    /// When it was suspended last; 0 if never.
    pub suspended_epoch: u32,
    /// Out for good.
    pub blocked: bool,
    /// Leaving, or gone.
    pub exiting: bool,
    /// Its deposit was paid out.
    pub paid_out: bool,
    /// From when its deposit may be withdrawn, if it ever left.
    pub unbonded_epoch: u32,
    /// Its score, in basis points.
    pub score: u16,
    /// Good blocks in a row.
    pub streak: u8,
    /// Penalty points.
    pub penalties: u8,
    /// Its verified power (R10).
    pub verified_power: u64,
    /// An off block awaits confirmation.
    pub power_unverified: bool,
    /// The epoch of the off block with which that began.
    pub off_epoch: u32,
    /// What it has deposited.
    pub deposit: u128,
    /// When its device id was bound to it last, if ever.
    pub admitted_epoch: Option<u32>,
    /// What its blocks took out of pots for it.
    pub earned: u128,
    /// The TEE that the evidence of its newest block claims to be of: `sgx`, `tdx` or `snp`.
    pub tee: Option<String>,
}

impl Seat {
    /// The seat's trust.
    pub(super) fn trust(&self) -> Trust {
        // Scores are written from what is one.
        Trust { score: Score::new(self.score).unwrap_or(Score::MAX), streak: self.streak }
    }

    pub(super) fn set_trust(&mut self, trust: Trust) {
        (self.score, self.streak) = (trust.score.bps(), trust.streak);
    }

    /// Its tier (R11).
    pub fn tier(&self) -> Tier {
        let Self { blocked, suspended, probation, power_unverified, .. } = *self;
        Standing { score: self.trust().score, blocked, suspended, probation, power_unverified }.tier()
    }

    /// Full or Warning, with verified power, and not leaving (R11).
    pub fn is_operational(&self) -> bool {
        self.tier().is_operational() && !self.power_unverified && !self.exiting
    }

    /// The epoch of the current incarnation's newest good block (R17).
    pub fn good_epoch(&self) -> Option<u32> {
        self.last_good_epoch.filter(|epoch| *epoch >= self.since_epoch)
    }

    pub(super) fn has_good(&mut self, epoch: u32) {
        self.last_good_epoch = self.last_good_epoch.max(Some(epoch));
    }

    fn values(&self) -> [Value; 32] {
        [
            self.seat.into(),
            self.told_block.into(),
            bytes(self.device_id),
            address(self.provider),
            address(self.operator),
            address(self.incarnation),
            bytes(self.measurement),
            bytes(self.certificates_hash),
            bytes(self.last_digest),
            self.last_epoch.into(),
            self.last_good_epoch.into(),
            self.since_epoch.into(),
            self.admitted.into(),
            self.probation.into(),
            self.suspended.into(),
            self.suspended_epoch.into(),
            self.blocked.into(),
            self.exiting.into(),
            self.paid_out.into(),
            self.unbonded_epoch.into(),
            u32::from(self.score).into(),
            u32::from(self.streak).into(),
            u32::from(self.penalties).into(),
            power(self.verified_power),
            self.power_unverified.into(),
            self.off_epoch.into(),
            amount(self.deposit),
            self.tier().name().to_owned().into(),
            self.is_operational().into(),
            self.admitted_epoch.into(),
            amount(self.earned),
            self.tee.clone().into(),
        ]
    }

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut row = Taking::of(row);
        Ok(Self {
            seat: row.next()?,
            told_block: row.next()?,
            device_id: row.hash()?,
            provider: row.address()?,
            operator: row.address()?,
            incarnation: row.address()?,
            measurement: row.hash()?,
            certificates_hash: row.hash()?,
            last_digest: row.hash()?,
            last_epoch: row.next()?,
            last_good_epoch: row.next()?,
            since_epoch: row.next()?,
            admitted: row.next()?,
            probation: row.next()?,
            suspended: row.next()?,
            suspended_epoch: row.next()?,
            blocked: row.next()?,
            exiting: row.next()?,
            paid_out: row.next()?,
            unbonded_epoch: row.next()?,
            score: row.next()?,
            streak: row.next()?,
            penalties: row.next()?,
            verified_power: row.power()?,
            power_unverified: row.next()?,
            off_epoch: row.next()?,
            deposit: row.amount()?,
            // Tier and whether it is operational follow from the rest.
            admitted_epoch: row.skip(2).next()?,
            earned: row.amount()?,
            tee: row.next()?,
        })
    }

    /// The seat with this number.
    pub(crate) fn find(db: &Connection, seat: u32) -> Result<Option<Self>, Fault> {
        let mut found = db.prepare_cached(&format!("SELECT {COLUMNS} FROM seats WHERE seat = ?"))?;
        Ok(found.query_row([seat], Self::read).optional()?)
    }

    /// The seat that this device id is bound to.
    pub(crate) fn bound_to(db: &Connection, device_id: B256) -> Result<Option<Self>, Fault> {
        let sql = format!("SELECT {COLUMNS} FROM seats WHERE device_id = ? AND admitted");
        let mut found = db.prepare_cached(&sql)?;
        Ok(found.query_row([device_id.as_slice()], Self::read).optional()?)
    }

    /// Seats that `clause` picks.
    pub(crate) fn list(db: &Connection, clause: &str, values: &[Value]) -> Result<Vec<Self>, Fault> {
        let mut found = db.prepare_cached(&format!("SELECT {COLUMNS} FROM seats {clause}"))?;
        let seats = found.query_map(params_from_iter(values), Self::read)?;
        Ok(seats.collect::<rusqlite::Result<_>>()?)
    }

    pub(super) fn insert(&self, db: &Connection) -> Result<(), Fault> {
        let sql = format!("INSERT INTO seats ({COLUMNS}) VALUES ({})", places(self.values().len()));
        db.prepare_cached(&sql)?.execute(params_from_iter(self.values()))?;
        Ok(())
    }

    pub(super) fn update(&self, db: &Connection) -> Result<(), Fault> {
        let places = places(self.values().len());
        let sql = format!("UPDATE seats SET ({COLUMNS}) = ({places}) WHERE seat = ?1");
        db.prepare_cached(&sql)?.execute(params_from_iter(self.values()))?;
        Ok(())
    }
}

/// `?1, ?2, …`
pub(super) fn places(count: usize) -> String {
    let places: Vec<String> = (1..=count).map(|place| format!("?{place}")).collect();
    places.join(", ")
}
