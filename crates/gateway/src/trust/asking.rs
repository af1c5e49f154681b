//! The question put to the contract itself.

use alloy_primitives::Address;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::{Chain, ChainError, ReadError, read};
use multee_protocol::Deployment;
use multee_replay::{Unreadable, views};

use super::{Calendar, Clock, Facts, Question, TrustAnswer, judge};
use crate::index::Newest;

/// Times that the chain may go on while it is asked.
const ATTEMPTS: usize = 5;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The chain gave none.
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
    #[error("the contract's answer cannot be read")]
    Unreadable(#[from] Unreadable),
    /// The contract's `isTrusted` does not follow from what it shows.
    #[error(
        "the contract's isTrusted does not follow from its trustOf and its reference values: it is not the contract that this program knows"
    )]
    Contradiction,
    /// The chain went on each time before all was asked.
    #[error("the chain went on {ATTEMPTS} times while it was asked")]
    Moving,
}

/// Asks the contract, all at one block.
///
/// # Errors
/// When the chain gives no answer or none of the contract's, or goes on too fast.
pub fn ask_contract(
    chain: &dyn Chain,
    address: Address,
    question: &Question,
    clock: &Clock,
) -> Result<TrustAnswer, AskError> {
    for _ in 0..ATTEMPTS {
        let head = chain.head()?;
        let answer = ask(chain, address, question, clock, head);
        if chain.head()?.hash == head.hash {
            return answer;
        }
    }
    Err(AskError::Moving)
}

fn ask(
    chain: &dyn Chain,
    address: Address,
    question: &Question,
    clock: &Clock,
    head: multee_chain::Head,
) -> Result<TrustAnswer, AskError> {
    let not_ours = |error| match error {
        ReadError::Chain(error) => AskError::Chain(error),
        source => AskError::NotTheContract { address, source },
    };
    let Question { device_id, min_score, max_age_epochs } = *question;
    let settings = read(chain, address, &contract::settingsCall {}).map_err(not_ours)?;
    let told = read(chain, address, &contract::trustOfCall { deviceId: device_id }).map_err(not_ours)?;
    let references = read(chain, address, &contract::referenceValuesCall {}).map_err(not_ours)?;
    let call =
        contract::isTrustedCall { deviceId: device_id, minScore: min_score, maxAgeEpochs: max_age_epochs };
    let is_trusted = read(chain, address, &call).map_err(not_ours)?;
    let trust = views::trust(&told)?;
    let reference = references.values.iter().find(|it| it.measurement == trust.measurement);
    let facts = trust.tier.map(|tier| Facts {
        seat: trust.seat.0,
        tier,
        score: trust.score.bps(),
        operational: trust.operational,
        incarnation: trust.incarnation,
        measurement: trust.measurement,
        good_epoch: trust.has_good_block.then_some(trust.last_good_epoch),
        deposit: trust.deposit,
        allowed: reference.map(|it| (it.fromEpoch, it.untilEpoch)),
    });
    let calendar = Calendar { genesis_s: settings.genesis, epoch_seconds: settings.epochSeconds };
    let epoch = calendar.epoch_at(head.timestamp_s);
    if facts.is_some_and(|it| it.against(question, epoch).is_empty()) != is_trusted {
        return Err(AskError::Contradiction);
    }
    let deployment = Deployment { chain_id: head.chain_id, contract: address };
    let newest = Newest { number: head.number, hash: head.hash, timestamp_s: head.timestamp_s };
    Ok(judge(question, deployment, Some(newest), facts.as_ref(), Some(calendar), clock))
}
