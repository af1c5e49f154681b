//! Events become rows. What an event does not tell follows from what was told before, by the rules of `multee-protocol`;
//! where it tells more than that, it must be the same, or the contract is not the one that this program knows.

mod blocks;
mod detail;
mod network;
mod seats;
mod settling;

use alloy_primitives::{B256, keccak256};
use alloy_sol_types::SolValue;
use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationEvents as Bytes;
use multee_evidence::EvidenceBundle;
use multee_protocol::machine::Event;
use multee_protocol::{Deployment, SeatId, TeeType, domain};
use rusqlite::{Connection, params};

use super::error::Fault;
use super::network::Network;
use super::seat::Seat;

pub(crate) use detail::shown;

/// Kind and detail of the row that an event without a table of its own has.
pub(super) fn change_of(event: &Event) -> Option<(&'static str, String)> {
    detail::of(event).map(|change| (change.kind, change.detail.to_string()))
}

/// The TEE that published evidence claims to be of.
pub(super) fn claimed_tee(evidence: &[u8]) -> Option<&'static str> {
    let bundle = EvidenceBundle::decode(evidence).ok()?;
    multee_evidence::claimed_tee(bundle.quote.rest()).map(TeeType::name)
}

/// The tables while events are applied to them.
pub(super) struct Applying<'a> {
    db: &'a Connection,
    deployment: Deployment,
    /// `None` before the deployment.
    network: Option<Network>,
    /// Where the event stands.
    block: i64,
    log_index: u32,
    /// Whose penalty was told and the decision that it is for was not, yet.
    penalised: Option<SeatId>,
}

impl<'a> Applying<'a> {
    pub(super) fn new(db: &'a Connection, deployment: Deployment) -> Result<Self, Fault> {
        let network = Network::find(db)?;
        Ok(Self { db, deployment, network, block: -1, log_index: 0, penalised: None })
    }

    /// Whether the contract's deployment was told.
    pub(super) fn has_begun(&self) -> bool {
        self.network.is_some()
    }

    /// Applies one event, which stands there; `bytes` is the same one, with its documents.
    pub(super) fn apply(
        &mut self,
        (block, log_index): (i64, u32),
        event: &Event,
        bytes: Option<&Bytes>,
    ) -> Result<(), Fault> {
        if block != self.block {
            self.db.prepare_cached("UPDATE place SET reading = ?")?.execute([block])?;
        }
        (self.block, self.log_index) = (block, log_index);
        self.keep_documents(bytes)?;
        if self.is_of_a_block(event)? {
            return Ok(());
        }
        self.of_network(event)?;
        self.of_seat(event)?;
        self.keep_change(event)
    }

    /// Publication and settlement; whether it was that.
    fn is_of_a_block(&mut self, event: &Event) -> Result<bool, Fault> {
        match event {
            Event::BlockPublished { .. } => self.publish(event)?,
            Event::CertificatesPublished { seat, epoch, certificates } => {
                self.publish_certificates(*seat, *epoch, certificates.digest)?;
            }
            Event::BlockLogged { epoch, order, position, reason } => {
                self.log(*epoch, *order, *position, *reason)?;
            }
            Event::BlockPassed { .. } => self.pass(event)?,
            Event::BlockDecided { .. } => self.decide(event)?,
            Event::BlockFinal { seat, epoch, reward } => self.finish(*seat, *epoch, *reward)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn keep_change(&self, event: &Event) -> Result<(), Fault> {
        let Some(change) = detail::of(event) else { return Ok(()) };
        let sql = "INSERT INTO changes (told_block, log_index, kind, seat, epoch, detail) VALUES (?, ?, ?, ?, ?, ?)";
        let detail = change.detail.to_string();
        let values = params![self.block, self.log_index, change.kind, change.seat, change.epoch, detail];
        self.db.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn keep_documents(&self, bytes: Option<&Bytes>) -> Result<(), Fault> {
        match bytes {
            Some(Bytes::BlockPublished(e)) => {
                self.keep_content("evidence", &e.evidence)?;
                let tee = claimed_tee(&e.evidence);
                self.change_seat(SeatId(e.seat), |it| it.tee = tee.map(str::to_owned)).map(drop)
            }
            Some(Bytes::CertificatesPublished(e)) => self.keep_content("certificates", &e.certificates),
            Some(Bytes::PolicySet(e)) => {
                let digested = (keccak256("multee/policy/v1"), keccak256(&e.document)).abi_encode();
                self.keep_content("policy", &e.document)?;
                self.keep_content("policy_digest", &digested)
            }
            Some(Bytes::ReferenceValuesSet(e)) => {
                let digested = (keccak256("multee/references/v1"), e.values.clone()).abi_encode_params();
                self.keep_content("references", &digested)
            }
            _ => Ok(()),
        }
    }

    /// Keeps what a hash stands for. The same bytes may be told again.
    fn keep_content(&self, kind: &str, bytes: &[u8]) -> Result<(), Fault> {
        let sql =
            "INSERT INTO content (hash, told_block, kind, bytes) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let hash = keccak256(bytes);
        let values = params![hash.as_slice(), self.block, kind, bytes];
        self.db.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn network(&self) -> Result<&Network, Fault> {
        self.network.as_ref().ok_or(Fault::Misfit("an event before the deployment"))
    }

    fn change_network(&mut self, change: impl FnOnce(&mut Network)) -> Result<(), Fault> {
        let network = self.network.as_mut().ok_or(Fault::Misfit("an event before the deployment"))?;
        change(network);
        network.update(self.db)
    }

    fn seat(&self, seat: SeatId) -> Result<Seat, Fault> {
        Seat::find(self.db, seat.0)?.ok_or(Fault::Misfit("an unknown seat"))
    }

    fn change_seat(&self, seat: SeatId, change: impl FnOnce(&mut Seat)) -> Result<Seat, Fault> {
        let mut seat = self.seat(seat)?;
        change(&mut seat);
        seat.update(self.db)?;
        Ok(seat)
    }

    /// What the contract keeps of a seat (R6) is a hash, too.
    fn keep_identity(&self, seat: &Seat) -> Result<(), Fault> {
        let Seat { operator, incarnation, device_id, measurement, certificates_hash, .. } = *seat;
        let fields: (B256, _, _, B256, B256, B256) =
            (domain::IDENTITY, operator, incarnation, device_id, measurement, certificates_hash);
        self.keep_content("identity", &fields.abi_encode())
    }
}
