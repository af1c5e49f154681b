//! What becomes of a devnet, epoch by epoch.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use multee_chain::Chain;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::read;
use serde::Serialize;

use crate::observed::{ObserveError, Publications, Tier, seat};

/// An epoch that is over, and how the seats stand then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EpochReport {
    /// Which.
    pub epoch: u32,
    /// Seats that published in it.
    pub published: Vec<u32>,
    /// Seats that did not.
    pub missing: Vec<u32>,
    /// How many seats are in each tier now.
    pub tiers: BTreeMap<Tier, usize>,
    /// The lowest score now, in basis points.
    pub lowest_score: u16,
}

/// Follows a network and reports each of its epochs once, when it is over.
#[derive(Debug)]
pub struct Chronicle {
    network: Address,
    seats: Vec<u32>,
    publications: Publications,
    genesis_s: u64,
    next: u32,
}

impl Chronicle {
    /// Of the network at this address, whose first epoch starts at this time, in seconds since the Unix epoch.
    pub fn new(network: Address, seats: Vec<u32>, genesis_s: u64) -> Self {
        Self { network, seats, publications: Publications::default(), genesis_s, next: 0 }
    }

    /// The epochs that are over and were not reported yet.
    ///
    /// # Errors
    /// When the chain gives no answer, or contradicts the rules.
    pub fn look(&mut self, chain: &dyn Chain) -> Result<Vec<EpochReport>, ObserveError> {
        if chain.head()?.timestamp_s < self.genesis_s {
            return Ok(Vec::new());
        }
        let now = read(chain, self.network, &contract::networkCall {})?.epoch;
        if now <= self.next {
            return Ok(Vec::new());
        }
        self.publications.follow(chain, self.network)?;
        let reports = (self.next..now).map(|epoch| self.report(chain, epoch)).collect();
        self.next = now;
        reports
    }

    /// How many epochs were reported: all before the one with this number.
    pub fn reported(&self) -> u32 {
        self.next
    }

    fn report(&self, chain: &dyn Chain, epoch: u32) -> Result<EpochReport, ObserveError> {
        let published = self.publications.in_epoch(epoch);
        let missing = self.seats.iter().copied().filter(|seat| !published.contains(seat)).collect();
        let mut tiers = BTreeMap::new();
        let mut lowest_score = u16::MAX;
        for number in &self.seats {
            let view = seat(chain, self.network, *number)?;
            *tiers.entry(Tier::from(view.tier)).or_default() += 1;
            lowest_score = lowest_score.min(view.score);
        }
        Ok(EpochReport { epoch, published, missing, tiers, lowest_score })
    }
}
