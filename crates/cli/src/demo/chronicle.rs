//! What happened to whom, as the contract's events and the verifiers' verdicts tell it.

use std::collections::BTreeMap;

use alloy_sol_types::SolEventInterface;
use multee_chain::LogFilter;
use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationEvents as Event;
use multee_confirmation::SignedBlock;
use multee_node::{Ledger, Network, assigned};
use multee_protocol::{Epoch, SeatId};

use super::DemoError;
use super::report::EventReport;

/// The story so far.
#[derive(Default)]
pub(crate) struct Chronicle {
    devices: BTreeMap<u32, u32>,
    incarnations: BTreeMap<u32, u32>,
    /// Reasons that verifiers gave against a seat's block of an epoch.
    objections: BTreeMap<(u32, Epoch), Vec<String>>,
    next_chain_block: u64,
    /// What happened, in order.
    pub(crate) events: Vec<EventReport>,
    /// What each publication cost.
    pub(crate) publication_gas: Vec<u64>,
    /// Blocks decided honest.
    pub(crate) decided_honest: u64,
    /// Blocks decided malicious.
    pub(crate) decided_malicious: u64,
}

impl Chronicle {
    /// The seat belongs to this device of the cast.
    pub(crate) fn seat(&mut self, seat: SeatId, device: u32) {
        self.devices.insert(seat.0, device);
    }

    /// Something happened to a device.
    pub(crate) fn tell(&mut self, epoch: Epoch, device: u32, what: &str) {
        self.events.push(EventReport { epoch, device, what: what.to_owned() });
    }

    /// What last happened to a device.
    pub(crate) fn note(&self, device: u32) -> String {
        let last = self.events.iter().rev().find(|event| event.device == device);
        last.map_or_else(String::new, |event| format!("epoch {}: {}", event.epoch, event.what))
    }

    /// How many incarnations the seat has had.
    pub(crate) fn incarnations(&self, seat: SeatId) -> u32 {
        self.incarnations.get(&seat.0).copied().unwrap_or(0)
    }

    /// A device published: notes the cost, and whom it objects to and why.
    pub(crate) fn published(&mut self, ledger: &Ledger, epoch: Epoch, gas: u64, signed: &SignedBlock) {
        self.publication_gas.push(gas);
        let Some(record) = ledger.epoch(epoch) else { return };
        let Ok(checked) = assigned(ledger, signed.block.seat, record) else { return };
        for verdict in signed.verdicts.iter().filter(|verdict| verdict.mark.is_negative()) {
            if let Some((_, block)) = checked.iter().find(|(place, _)| *place == verdict.place) {
                let reasons = self.objections.entry((block.block.seat.0, block.block.epoch)).or_default();
                reasons.push(verdict.reason.clone());
            }
        }
    }

    /// Reads the contract's events since the last time.
    pub(crate) fn follow(&mut self, network: &Network, epoch: Epoch) -> Result<(), DemoError> {
        let head = network.chain().head()?.number;
        let filter = LogFilter::of(network.deployment().contract, self.next_chain_block, head);
        for entry in network.chain().logs(&filter)? {
            if let Ok(event) = Event::decode_log(&entry.log) {
                self.read(epoch, &event.data);
            }
        }
        self.next_chain_block = head + 1;
        Ok(())
    }

    fn read(&mut self, epoch: Epoch, event: &Event) {
        let (seat, what) = match event {
            Event::IncarnationBegun(e) => {
                *self.incarnations.entry(e.seat).or_default() += 1;
                return;
            }
            Event::BlockDecided(e) if !e.malicious => {
                self.decided_honest += 1;
                return;
            }
            Event::BlockDecided(e) => {
                self.decided_malicious += 1;
                (e.seat, self.verdict(e.seat, e.epoch, e.judgement, e.score))
            }
            Event::BlockPassed(e) if e.judgement < 10_000 => (e.seat, judged(e.judgement, e.score)),
            Event::SeatSuspended(e) => (e.seat, format!("suspended at score {}", e.score)),
            Event::SeatRestarted(e) => (e.seat, "restarts with a new key, on probation".to_owned()),
            Event::SeatAdmitted(e) if e.epoch > 0 => (e.seat, "admitted by its peers".to_owned()),
            Event::SeatBlocked(e) => (e.seat, "blocked for good, deposit slashed".to_owned()),
            _ => return,
        };
        if let Some(&device) = self.devices.get(&seat) {
            self.tell(epoch, device, &what);
        }
    }

    /// Why most of those who objected did so.
    fn verdict(&self, seat: u32, epoch: Epoch, judgement: u16, score: u16) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in self.objections.get(&(seat, epoch)).into_iter().flatten() {
            *counts.entry(reason).or_default() += 1;
        }
        let most = counts.iter().max_by_key(|(_, count)| **count).map(|(reason, _)| *reason);
        match most {
            Some(reason) => format!("block {epoch} malicious: {reason}; score {score}"),
            None => format!("block {epoch} malicious; {}", judged(judgement, score)),
        }
    }
}

fn judged(judgement: u16, score: u16) -> String {
    format!("its own verdicts are borne out to {} %; score {score}", judgement / 100)
}
