//! One audit: everything is read, replayed, and compared.

use alloy_primitives::Address;
use alloy_sol_types::SolEvent;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::deployed::TestToken;
use multee_chain::{Chain, ChainError, Head, LOG_RANGE_BLOCKS_MAX, LogFilter, ReadError, read};
use multee_protocol::Deployment;

use crate::difference::Difference;
use crate::divergence::Divergence;
use crate::reading::Reading;
use crate::replay::{Replay, Replayed, Unwatched};
use crate::scene::Stop;
use crate::viewing::{self, ViewDifference};
use crate::words::{Unreadable, amount};

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The contract.
    pub deployment: Deployment,
    /// The block up to which events were replayed, and at which views were compared.
    pub head: Head,
    /// How much was replayed, up to the divergence if there is one.
    pub replayed: Replayed,
    /// How many views were compared; 0 after a divergence.
    pub views: u64,
    /// Seats there are by the contract.
    pub seats: u32,
    /// Epochs that were opened, by the contract.
    pub epochs: u32,
    /// Entries of the log, by the contract.
    pub log_entries: u64,
    /// Where the contract's tokens are.
    pub sums: Sums,
    /// What it comes to.
    pub verdict: Verdict,
}

/// What the contract says it owes or keeps, and has, in the token's smallest unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Of seats.
    pub deposits: u128,
    /// Owed to who removed or reported seats.
    pub bounties: u128,
    /// Undistributed, shared out by later pots.
    pub carry: u128,
    /// Pots, what is left of them, and rewards owed.
    pub purses: u128,
    /// What nobody is owed: future pots.
    pub unallocated: u128,
    /// All of it, as the token says.
    pub balance: u128,
}

impl Sums {
    /// Whether the contract has what it owes: the five parts are the whole.
    pub fn add_up(&self) -> bool {
        let parts = [self.deposits, self.bounties, self.carry, self.purses, self.unallocated];
        parts.iter().try_fold(0_u128, |sum, part| sum.checked_add(*part)) == Some(self.balance)
    }
}

/// Whether the contract does as the rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every event is one that the rules give, and every view shows what they lead to.
    Agrees,
    /// An event is not; nothing after it was looked at.
    Diverges(Box<Divergence>),
    /// All events are, and the state is not what they lead to.
    Differs {
        /// How many fields of views differ.
        count: u64,
        /// The first of these; not empty.
        first: Vec<ViewDifference>,
    },
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The chain gave no answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// What stands at the address does not answer as the contract does.
    #[error("{address} is no contract of this protocol")]
    NotTheContract {
        /// The address.
        address: Address,
        /// What it answered.
        #[source]
        source: ReadError,
    },
    /// The contract says something that none of ours can.
    #[error("the contract's sums cannot be read")]
    Sums(#[from] Unreadable),
    /// The contract answers, and the chain has no event of its deployment.
    #[error("the chain tells nothing of a deployment at {0}")]
    NoDeployment(Address),
    /// The chain has logs of a block that it does not have.
    #[error("the chain has no block {0}")]
    NoBlock(u64),
    /// The chain went on while views were compared: audit it anew.
    #[error("the chain went on from block {0} during the audit")]
    Moved(u64),
}

/// The contracts of this protocol that a chain tells of, in the order of their deployment, at most `most`.
///
/// # Errors
/// When the chain gives no answer.
pub fn deployments(chain: &dyn Chain, most: usize) -> Result<Vec<Address>, ChainError> {
    let head = chain.head()?.number;
    let (mut found, mut next_block) = (Vec::new(), Some(0));
    while let Some(from_block) = next_block.filter(|from| *from <= head && found.len() < most) {
        let to_block = head.min(from_block.saturating_add(LOG_RANGE_BLOCKS_MAX - 1));
        let filter = LogFilter { from_block, to_block, ..LogFilter::default() };
        let entries = chain.logs(&filter.event(contract::NetworkDeployed::SIGNATURE_HASH))?;
        found.extend(entries.iter().map(|entry| entry.log.address));
        next_block = to_block.checked_add(1);
    }
    found.truncate(most);
    Ok(found)
}

/// Replays all that the chain tells of a contract, and compares what comes out with the contract's views.
///
/// # Errors
/// When the chain gives no answer, or there is no such contract on it. A divergence is no error.
pub fn audit(chain: &dyn Chain, address: Address) -> Result<Audit, AuditError> {
    let head = chain.head()?;
    let deployment = Deployment { chain_id: head.chain_id, contract: address };
    let not_ours = |error| match error {
        ReadError::Chain(error) => AuditError::Chain(error),
        source => AuditError::NotTheContract { address, source },
    };
    // Only where to look for transfers: that it is the deployment's is compared in the end.
    let token = read(chain, address, &contract::settingsCall {}).map_err(not_ours)?.token;
    let network = read(chain, address, &contract::networkCall {}).map_err(not_ours)?;
    let balance = read(chain, token, &TestToken::balanceOfCall { account: address }).map_err(not_ours)?;
    let mut audit = Audit {
        deployment,
        head,
        replayed: Replayed::default(),
        views: 0,
        seats: network.seats,
        epochs: network.openedEpochs,
        log_entries: network.logEnd.to(),
        sums: sums(&network, amount("a balance", balance)?),
        verdict: Verdict::Agrees,
    };
    let mut unwatched = Unwatched;
    let mut reading = Reading::new(chain, address, token);
    let mut replay = Replay::new(chain, deployment, &mut unwatched);
    while let Some(transactions) = reading.portion(head.number)? {
        for transaction in transactions {
            match replay.transaction(transaction) {
                Ok(()) => {}
                Err(Stop::Chain(error)) => return Err(error.into()),
                Err(Stop::NoBlock(number)) => return Err(AuditError::NoBlock(number)),
                Err(Stop::Diverged(divergence)) => {
                    (audit.replayed, audit.verdict) = (replay.replayed(), Verdict::Diverges(divergence));
                    return Ok(audit);
                }
            }
        }
    }
    audit.replayed = replay.replayed();
    let (state, named) = replay.into_state().ok_or(AuditError::NoDeployment(address))?;
    let mut viewed = viewing::compare(chain, &head, &state, &named)?;
    if chain.head()?.hash != head.hash {
        return Err(AuditError::Moved(head.number));
    }
    if !audit.sums.add_up() {
        viewed.differing += 1;
        viewed.differences.push(not_covered(&audit.sums));
    }
    audit.views = viewed.views;
    if viewed.differing != 0 {
        audit.verdict = Verdict::Differs { count: viewed.differing, first: viewed.differences };
    }
    Ok(audit)
}

fn sums(network: &contract::NetworkView, balance: u128) -> Sums {
    let contract::NetworkView { deposits, bounties, carry, purses, .. } = *network;
    let owed = [deposits, bounties, carry, purses].into_iter().fold(0, u128::saturating_add);
    Sums { deposits, bounties, carry, purses, unallocated: balance.saturating_sub(owed), balance }
}

fn not_covered(sums: &Sums) -> ViewDifference {
    let owed = [sums.deposits, sums.bounties, sums.carry, sums.purses];
    let owed = owed.into_iter().fold(0, u128::saturating_add);
    let (rules, chain) = (format!("at least {owed}"), sums.balance.to_string());
    ViewDifference {
        view: "sums".to_owned(),
        difference: Difference { field: "balance".to_owned(), rules, chain },
    }
}
