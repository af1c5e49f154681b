//! What the blocks of epochs weigh, and those of labelled devices among them.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use rusqlite::{Connection, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::Reader;
use crate::index::IndexError;
use crate::index::error::Fault;

/// Epochs that are shown.
const EPOCHS_SHOWN: u32 = 200;

/// What the marks of epochs' blocks weigh, and those of labelled devices among them. Labels are what this gateway was told
/// of devices: no protocol knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WeightsAnswer {
    /// The labelled devices.
    #[schema(value_type = BTreeMap<String, String>)]
    pub labels: BTreeMap<B256, String>,
    /// The last opened epochs, at most 200, oldest first.
    pub epochs: Vec<EpochWeight>,
}

/// What the marks of an epoch's blocks weigh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EpochWeight {
    /// The epoch.
    pub epoch: u32,
    /// How many blocks there are.
    pub blocks: u32,
    /// What their marks weigh together.
    pub weight: u64,
    /// Of these, the blocks of devices with each label.
    pub by_label: BTreeMap<String, LabelWeight>,
}

/// What the marks of some of an epoch's blocks weigh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LabelWeight {
    /// How many blocks there are.
    pub blocks: u32,
    /// What their marks weigh together.
    pub weight: u64,
}

impl Reader {
    /// What the blocks of the last epochs weigh, by these labels of devices.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn weights(&self, labels: &BTreeMap<B256, String>) -> Result<WeightsAnswer, IndexError> {
        self.at_once(|db| {
            let mut epochs = epochs(db)?;
            let oldest = epochs.first().map_or(u32::MAX, |first| first.epoch);
            for (device_id, label) in labels {
                for (epoch, weight) in of_device(db, *device_id, oldest)? {
                    let place = epochs.binary_search_by_key(&epoch, |it| it.epoch);
                    let Some(found) = place.ok().and_then(|place| epochs.get_mut(place)) else { continue };
                    let sum = found.by_label.entry(label.clone()).or_default();
                    (sum.blocks, sum.weight) = (sum.blocks + 1, sum.weight.saturating_add(weight));
                }
            }
            Ok(WeightsAnswer { labels: labels.clone(), epochs })
        })
    }
}

/// The last opened epochs, oldest first.
fn epochs(db: &Connection) -> Result<Vec<EpochWeight>, Fault> {
    let sql =
        "SELECT epoch, published, weight FROM epochs WHERE root IS NOT NULL ORDER BY epoch DESC LIMIT ?";
    let mut found = db.prepare_cached(sql)?;
    let read = |row: &Row<'_>| {
        let (epoch, blocks, weight) = (row.get(0)?, row.get(1)?, row.get::<_, u32>(2)?.into());
        Ok(EpochWeight { epoch, blocks, weight, by_label: BTreeMap::new() })
    };
    let mut epochs: Vec<_> = found.query_map([EPOCHS_SHOWN], read)?.collect::<rusqlite::Result<_>>()?;
    epochs.reverse();
    Ok(epochs)
}

/// The blocks of a device from an epoch on.
fn of_device(db: &Connection, device_id: B256, oldest: u32) -> Result<Vec<(u32, u64)>, Fault> {
    let sql = "SELECT epoch, weight FROM seats JOIN blocks ON blocks.seat = seats.seat \
        WHERE device_id = ? AND blocks.epoch >= ?";
    let mut found = db.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, u32>(1)?.into()));
    let blocks = found.query_map(rusqlite::params![device_id.as_slice(), oldest], read)?;
    Ok(blocks.collect::<rusqlite::Result<_>>()?)
}
