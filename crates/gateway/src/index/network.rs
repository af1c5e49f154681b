//! The network as the events so far left it.

use alloy_primitives::{Address, B256};
use multee_protocol::Parameters;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::error::Fault;
use super::seat::places;
use super::words::{Reference, Taking, address, bytes, json, parameters};
use crate::trust::Calendar;

const COLUMNS: &str = "only_row, told_block, registry, token, owner, pending_owner, genesis_s, epoch_seconds, \
    retention_epochs, max_seats, parameters, announced_from, announced, paused, last_opened, standstill_epoch, \
    policy_digest, reference_digest, reference_values";

/// The network as the events so far left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The chain's block in which it was deployed.
    pub told_block: i64,
    /// The contract whose code it runs beside its own.
    pub registry: Address,
    /// The deposit token.
    pub token: Address,
    /// The owner.
    pub owner: Address,
    /// Who may become it; zero if nobody.
    pub pending_owner: Address,
    /// The start of epoch 0, Unix seconds.
    pub genesis_s: u64,
    /// The length of an epoch, in seconds.
    pub epoch_seconds: u32,
    /// Epochs for which blocks live.
    pub retention_epochs: u8,
    /// Seats that can ever be registered.
    pub max_seats: u32,
    /// What it runs with.
    pub parameters: Parameters,
    /// Parameters announced and not adopted yet, and the epoch from which they take effect.
    pub announced: Option<(u32, Parameters)>,
    /// Whether it is paused.
    pub paused: bool,
    /// The last opened epoch.
    pub last_opened: Option<u32>,
    /// The epoch in which a standstill was announced last.
    pub standstill_epoch: Option<u32>,
    /// Of the policy document that holds from the next opening on; zero if none was set.
    pub policy_digest: B256,
    /// Of the reference values.
    pub reference_digest: B256,
    /// The reference values as they stand now (R16).
    pub references: Vec<Reference>,
}

impl Network {
    /// The clock's epoch at a time; `None` before genesis.
    pub fn epoch_at(&self, timestamp_s: u64) -> Option<u32> {
        self.calendar().epoch_at(timestamp_s)
    }

    /// When epochs are.
    pub(crate) fn calendar(&self) -> Calendar {
        Calendar { genesis_s: self.genesis_s, epoch_seconds: self.epoch_seconds }
    }

    /// When an epoch starts, Unix seconds.
    pub fn epoch_start_s(&self, epoch: u32) -> u64 {
        self.genesis_s.saturating_add(u64::from(epoch) * u64::from(self.epoch_seconds))
    }

    fn values(&self) -> Result<[Value; 19], Fault> {
        let announced = self.announced.as_ref();
        Ok([
            0.into(),
            self.told_block.into(),
            address(self.registry),
            address(self.token),
            address(self.owner),
            address(self.pending_owner),
            // Below 2⁴⁰ by the contract's bounds.
            i64::try_from(self.genesis_s).map_err(|_| Fault::Misfit("a genesis beyond all times"))?.into(),
            self.epoch_seconds.into(),
            u32::from(self.retention_epochs).into(),
            self.max_seats.into(),
            json(&self.parameters)?.into(),
            announced.map(|(from, _)| *from).into(),
            announced.map(|(_, parameters)| json(parameters)).transpose()?.into(),
            self.paused.into(),
            self.last_opened.into(),
            self.standstill_epoch.into(),
            bytes(self.policy_digest),
            bytes(self.reference_digest),
            json(&self.references)?.into(),
        ])
    }

    fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let mut row = Taking::of(row);
        row.next::<i64>()?;
        Ok(Self {
            told_block: row.next()?,
            registry: row.address()?,
            token: row.address()?,
            owner: row.address()?,
            pending_owner: row.address()?,
            genesis_s: row.number()?,
            epoch_seconds: row.next()?,
            retention_epochs: row.next()?,
            max_seats: row.next()?,
            parameters: parameters(&row.next::<String>()?)?,
            announced: match (row.next::<Option<u32>>()?, row.next::<Option<String>>()?) {
                (Some(from), Some(text)) => Some((from, parameters(&text)?)),
                _ => None,
            },
            paused: row.next()?,
            last_opened: row.next()?,
            standstill_epoch: row.next()?,
            policy_digest: row.hash()?,
            reference_digest: row.hash()?,
            references: serde_json::from_str(&row.next::<String>()?)
                .map_err(|_| Fault::Misfit("reference values"))?,
        })
    }

    /// The network, once it is deployed.
    pub(crate) fn find(db: &Connection) -> Result<Option<Self>, Fault> {
        let mut found = db.prepare_cached(&format!("SELECT {COLUMNS} FROM network"))?;
        found.query_row([], |row| Ok(Self::read(row))).optional()?.transpose()
    }

    pub(super) fn insert(&self, db: &Connection) -> Result<(), Fault> {
        let values = self.values()?;
        let sql = format!("INSERT INTO network ({COLUMNS}) VALUES ({})", places(values.len()));
        db.prepare_cached(&sql)?.execute(params_from_iter(values))?;
        Ok(())
    }

    pub(super) fn update(&self, db: &Connection) -> Result<(), Fault> {
        let values = self.values()?;
        let sql = format!("UPDATE network SET ({COLUMNS}) = ({}) WHERE only_row = ?1", places(values.len()));
        db.prepare_cached(&sql)?.execute(params_from_iter(values))?;
        Ok(())
    }
}
