//! The network at a glance.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Reader;
use super::overview::undecided;
use crate::index::apply::shown;
use crate::index::{IndexError, Network, Newest, Reference, trail};
use crate::shown::{Account, Hash};

/// The network at the newest block.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NetworkAnswer {
    /// The chain's id.
    pub chain_id: u64,
    /// The contract.
    #[schema(value_type = Account)]
    pub contract: Address,
    /// The contract whose code it runs beside its own.
    #[schema(value_type = Account)]
    pub registry: Address,
    /// The deposit token.
    #[schema(value_type = Account)]
    pub token: Address,
    /// The owner.
    #[schema(value_type = Account)]
    pub owner: Address,
    /// The start of epoch 0, Unix seconds.
    pub genesis_s: u64,
    /// The length of an epoch, in seconds.
    pub epoch_seconds: u32,
    /// Epochs for which blocks live on chain.
    pub retention_epochs: u8,
    /// The epoch by the newest block's time, `null` before genesis.
    pub epoch: Option<u32>,
    /// When the next one starts, Unix seconds.
    pub next_epoch_s: u64,
    /// The last opened epoch.
    pub last_opened: Option<u32>,
    /// Whether it is paused.
    pub paused: bool,
    /// What it runs with.
    pub parameters: Value,
    /// Announced parameters, with `from_epoch`.
    pub announced: Option<Value>,
    /// Of the policy document that holds from the next opening on.
    #[schema(value_type = Hash)]
    pub policy_digest: B256,
    /// Of the reference values.
    #[schema(value_type = Hash)]
    pub reference_digest: B256,
    /// The reference values as they stand now.
    pub reference_values: Vec<Reference>,
    /// How many seats there are, by tier.
    pub seats: BTreeMap<String, u64>,
    /// Logged blocks without a decision.
    pub undecided: u64,
    /// The newest block.
    pub block_number: u64,
    /// Its hash.
    #[schema(value_type = Hash)]
    pub block_hash: B256,
    /// Its time, Unix seconds.
    pub timestamp_s: u64,
}

impl Reader {
    /// The network, once its deployment was read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn network(&self) -> Result<Option<NetworkAnswer>, IndexError> {
        self.at_once(|db| {
            let (Some(network), Some(newest)) = (Network::find(db)?, trail::newest(db)?) else {
                return Ok(None);
            };
            let mut tiers = db.prepare_cached("SELECT tier, count(*) FROM seats GROUP BY tier")?;
            let tiers = tiers.query_map([], |row| Ok((row.get(0)?, row.get::<_, u32>(1)?.into())))?;
            let seats = tiers.collect::<rusqlite::Result<_>>()?;
            let undecided = undecided(db, &network)?;
            Ok(Some(self.shown(network, newest, seats, undecided)))
        })
    }

    fn shown(
        &self,
        network: Network,
        newest: Newest,
        seats: BTreeMap<String, u64>,
        undecided: u64,
    ) -> NetworkAnswer {
        let epoch = network.epoch_at(newest.timestamp_s);
        let announced = network.announced.as_ref().map(|(from_epoch, parameters)| {
            let mut announced = shown(parameters);
            if let Some(fields) = announced.as_object_mut() {
                fields.insert("from_epoch".to_owned(), (*from_epoch).into());
            }
            announced
        });
        NetworkAnswer {
            chain_id: self.deployment().chain_id,
            contract: self.deployment().contract,
            registry: network.registry,
            token: network.token,
            owner: network.owner,
            genesis_s: network.genesis_s,
            epoch_seconds: network.epoch_seconds,
            retention_epochs: network.retention_epochs,
            epoch,
            next_epoch_s: network.epoch_start_s(epoch.map_or(0, |epoch| epoch.saturating_add(1))),
            last_opened: network.last_opened,
            paused: network.paused,
            parameters: shown(&network.parameters),
            announced,
            policy_digest: network.policy_digest,
            reference_digest: network.reference_digest,
            reference_values: network.references,
            seats,
            undecided,
            block_number: newest.number,
            block_hash: newest.hash,
            timestamp_s: newest.timestamp_s,
        }
    }
}
