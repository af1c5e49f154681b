//! The network and its epochs.

use alloy_primitives::{Address, B256};
use multee_protocol::machine::Event;
use multee_protocol::{Epoch, EpochRoot};
use rusqlite::{OptionalExtension, params};

use super::Applying;
use crate::index::error::Fault;
use crate::index::network::Network;

impl Applying<'_> {
    pub(super) fn of_network(&mut self, event: &Event) -> Result<(), Fault> {
        match event {
            Event::NetworkDeployed { .. } => self.deploy(event),
            // The first owner's is told before the deployment, and again with it.
            Event::OwnershipTransferred { new_owner, .. } if self.network.is_some() => {
                let new_owner = *new_owner;
                self.change_network(|it| (it.owner, it.pending_owner) = (new_owner, Address::ZERO))
            }
            Event::OwnershipTransferStarted { new_owner, .. } => {
                self.change_network(|it| it.pending_owner = *new_owner)
            }
            Event::ParametersAnnounced { from_epoch, parameters } => {
                self.change_network(|it| it.announced = Some((*from_epoch, *parameters)))
            }
            Event::ParametersAdopted { .. } => self.adopt(),
            Event::PauseSet { paused } => self.change_network(|it| it.paused = *paused),
            Event::PolicySet { document } => self.change_network(|it| it.policy_digest = document.digest),
            Event::ReferenceValuesSet { digest, values } => self.change_network(|it| {
                it.reference_digest = *digest;
                it.references = values.iter().map(Into::into).collect();
            }),
            Event::StandstillAnnounced { epoch, .. } => {
                self.change_network(|it| it.standstill_epoch = Some(*epoch))
            }
            Event::EpochOpened { .. } => self.open(event),
            Event::EpochSeeded { epoch, seed, root } => self.seed(*epoch, *seed, *root),
            _ => Ok(()),
        }
    }

    fn deploy(&mut self, event: &Event) -> Result<(), Fault> {
        let Event::NetworkDeployed { registry, settings, parameters } = event else { return Ok(()) };
        if self.network.is_some() {
            return Err(Fault::Misfit("a second deployment"));
        }
        let network = Network {
            told_block: self.block,
            registry: *registry,
            token: settings.token,
            owner: settings.owner,
            pending_owner: Address::ZERO,
            genesis_s: settings.genesis_s,
            epoch_seconds: settings.fixed.epoch_seconds,
            retention_epochs: settings.fixed.retention_epochs,
            max_seats: settings.fixed.max_seats,
            parameters: *parameters,
            announced: None,
            paused: false,
            last_opened: None,
            standstill_epoch: None,
            policy_digest: B256::ZERO,
            reference_digest: B256::ZERO,
            references: Vec::new(),
        };
        network.insert(self.db)?;
        self.network = Some(network);
        Ok(())
    }

    fn adopt(&mut self) -> Result<(), Fault> {
        let network = self.network.as_mut().ok_or(Fault::Misfit("an event before the deployment"))?;
        let (_, announced) =
            network.announced.take().ok_or(Fault::Misfit("parameters that were not announced"))?;
        network.parameters = announced;
        network.update(self.db)
    }

    /// An epoch that got no seed may be opened anew (R2).
    fn open(&mut self, event: &Event) -> Result<(), Fault> {
        let Event::EpochOpened {
            epoch,
            seed_block,
            roster_epoch,
            roster_size,
            window_start,
            window_size,
            decision_marks,
            pot,
            policy_digest,
            reference_digest,
        } = event
        else {
            return Ok(());
        };
        let network = self.network()?;
        let effective = network.announced.as_ref().filter(|(from, _)| from <= epoch);
        let parameters = effective.map_or(&network.parameters, |(_, announced)| announced);
        let columns = "seed_block, roster_epoch, roster_size, window_start, window_size, decision_marks, \
            latest_checks, suspicious_checks, pot, policy_digest, reference_digest";
        let insert = format!(
            "INSERT INTO epochs (epoch, told_block, {columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        );
        let update = format!(
            "UPDATE epochs SET ({columns}) = (?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
            WHERE epoch = ?1 AND ?2 IS NOT NULL AND seed IS NULL"
        );
        let values = params![
            epoch,
            self.block,
            signed(*seed_block)?,
            roster_epoch,
            roster_size,
            signed(*window_start)?,
            window_size,
            decision_marks,
            parameters.latest_checks,
            parameters.suspicious_checks,
            pot.to_be_bytes(),
            policy_digest.as_slice(),
            reference_digest.as_slice(),
        ];
        if self.db.prepare_cached(&update)?.execute(values)? == 0 {
            self.db.prepare_cached(&insert)?.execute(values)?;
        }
        Ok(())
    }

    fn seed(&mut self, epoch: Epoch, seed: B256, root: B256) -> Result<(), Fault> {
        let sql = "SELECT policy_digest, reference_digest FROM epochs WHERE epoch = ? AND seed IS NULL";
        let mut opening = self.db.prepare_cached(sql)?;
        let digests = |row: &rusqlite::Row<'_>| {
            Ok((B256::from(row.get::<_, [u8; 32]>(0)?), B256::from(row.get::<_, [u8; 32]>(1)?)))
        };
        let (policy_digest, reference_list_digest) = opening
            .query_row([epoch], digests)
            .optional()?
            .ok_or(Fault::Misfit("a seed without an opening"))?;
        let computed = EpochRoot {
            deployment: self.deployment,
            epoch,
            epoch_start_s: self.network()?.epoch_start_s(epoch),
            seed,
            policy_digest,
            reference_list_digest,
        };
        if computed.root() != root {
            return Err(Fault::Misfit("an epoch's root"));
        }
        self.keep_content("epoch_root", &computed.words())?;
        let seeded = "UPDATE epochs SET seed = ?, root = ? WHERE epoch = ?";
        self.db.prepare_cached(seeded)?.execute(params![seed.as_slice(), root.as_slice(), epoch])?;
        self.change_network(|it| it.last_opened = Some(epoch))
    }
}

/// Numbers of blocks and of log positions are below 2⁶³.
pub(super) fn signed(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::Misfit("a number beyond 63 bits"))
}
