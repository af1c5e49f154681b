//! A network's settings as they stand.

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolEvent as _;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::{Chain, ChainError, LOG_RANGE_BLOCKS_MAX, LogFilter, ReadError, read};
use multee_confirmation::ReferenceValue;
use multee_protocol::{Fixed, Parameters};
use multee_replay::words;

use crate::encoding;
use crate::step::Owned;

/// A network's settings as they stand, and where its clock is.
#[derive(Clone, Debug)]
pub struct Governed {
    /// Where it is.
    pub contract: Address,
    /// The chain's id.
    pub chain_id: u64,
    /// The newest block's time, in seconds since the Unix epoch.
    pub now_s: u64,
    /// The token of deposits and rewards.
    pub token: Address,
    /// Who governs.
    pub owner: Address,
    /// Who was offered to govern, if anybody.
    pub offered: Option<Address>,
    /// When epoch 0 starts, in seconds since the Unix epoch.
    pub genesis_s: u64,
    /// What never changes.
    pub fixed: Fixed,
    /// The clock's epoch; `None` before genesis.
    pub epoch: Option<u32>,
    /// Whether the clock's epoch is opened.
    pub epoch_opened: bool,
    /// How many seats there are.
    pub seats: u32,
    /// Whether the network is paused.
    pub paused: bool,
    /// What it runs with.
    pub parameters: Parameters,
    /// What was announced and not taken up yet, with the first epoch that may take it up.
    pub announced: Option<(u32, Parameters)>,
    /// The policy's digest; zero if none was set.
    pub policy_digest: B256,
    /// The reference values.
    pub references: Vec<ReferenceValue>,
}

impl Governed {
    /// Reads all of it.
    ///
    /// # Errors
    /// When the chain gives no answer, or what is at `contract` is not this contract.
    pub fn read(chain: &dyn Chain, address: Address) -> Result<Self, ReadError> {
        let head = chain.head()?;
        let settings = read(chain, address, &contract::settingsCall {})?;
        let network = read(chain, address, &contract::networkCall {})?;
        let announced = read(chain, address, &contract::announcedParametersCall {})?;
        let offered = read(chain, address, &Owned::pendingOwnerCall {})?;
        let epoch = (head.timestamp_s >= settings.genesis).then_some(network.epoch);
        Ok(Self {
            contract: address,
            chain_id: head.chain_id,
            now_s: head.timestamp_s,
            token: settings.token,
            owner: read(chain, address, &Owned::ownerCall {})?,
            offered: (!offered.is_zero()).then_some(offered),
            genesis_s: settings.genesis,
            fixed: Fixed {
                epoch_seconds: settings.epochSeconds,
                // The contract takes none above 40.
                retention_epochs: settings.retentionEpochs.try_into().unwrap_or(u8::MAX),
                max_seats: settings.maxSeats,
            },
            epoch,
            epoch_opened: network.openedEpochs > 0 && epoch == Some(network.lastOpened),
            seats: network.seats,
            paused: network.paused,
            parameters: words::parameters(&read(chain, address, &contract::parametersCall {})?),
            announced: announced
                .announced
                .then(|| (announced.fromEpoch, words::parameters(&announced.parameters_))),
            policy_digest: read(chain, address, &contract::policyDigestCall {})?,
            references: encoding::references(
                &read(chain, address, &contract::referenceValuesCall {})?.values,
            ),
        })
    }

    /// The start of an epoch, in seconds since the Unix epoch.
    pub fn starts_s(&self, epoch: u32) -> u64 {
        let epoch_s = u64::from(self.fixed.epoch_seconds);
        self.genesis_s.saturating_add(u64::from(epoch).saturating_mul(epoch_s))
    }

    /// The first epoch that is still to be opened.
    pub fn next_opening(&self) -> u32 {
        match self.epoch {
            Some(epoch) if self.epoch_opened => epoch.saturating_add(1),
            Some(epoch) => epoch,
            None => 0,
        }
    }
}

/// The policy document with `digest`, from the events of the blocks from `from_block` on; `None` if none of them has it.
/// The newest blocks are read first.
///
/// # Errors
/// When the chain gives no answer.
pub fn policy_document(
    chain: &dyn Chain,
    address: Address,
    digest: B256,
    from_block: u64,
) -> Result<Option<Bytes>, ChainError> {
    let mut to_block = chain.head()?.number;
    loop {
        let first = to_block.saturating_sub(LOG_RANGE_BLOCKS_MAX - 1).max(from_block);
        let filter = LogFilter::of(address, first, to_block).event(contract::PolicySet::SIGNATURE_HASH);
        for entry in chain.logs(&filter)?.iter().rev() {
            match contract::PolicySet::decode_log(&entry.log) {
                Ok(event) if event.digest == digest => return Ok(Some(event.data.document)),
                _ => {}
            }
        }
        if first <= from_block {
            return Ok(None);
        }
        to_block = first - 1;
    }
}
