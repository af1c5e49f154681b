//! Founding in one go, on devnets: with a token of its own, and without looking back.

use std::sync::Arc;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::deployed::TestToken;
use multee_chain::{Chain, ChainError, Outcome, ReadError, Receipt, Sender, Transaction};
use multee_confirmation::ReferenceValue;
use multee_node::{Network, SendError, Sent};
use multee_protocol::machine::Settings;
use multee_protocol::{Fixed, Parameters, SeatId};

use crate::FoundingSeat;
use crate::creation;
use crate::encoding::{found_call, references_call};

/// What a network is founded with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// When epoch 0 starts, in seconds since the Unix epoch; after the founding.
    pub genesis_s: u64,
    /// What never changes.
    pub fixed: Fixed,
    /// What the network runs with.
    pub parameters: Parameters,
    /// The evidence policy document.
    pub policy: Vec<u8>,
    /// The allowed measurements.
    pub references: Vec<ReferenceValue>,
    /// The founding seats.
    pub seats: Vec<FoundingSeat>,
}

/// A founded network.
#[derive(Debug)]
pub struct Founded {
    /// The contract.
    pub network: Network,
    /// The token of its deposits.
    pub token: Address,
    /// The founding seats' numbers, in the order given.
    pub seats: Vec<SeatId>,
}

/// Why a network could not be founded. What was deployed before stays on chain, unused.
#[derive(Debug, thiserror::Error)]
pub enum FoundingError {
    /// The chain gave no answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A transaction had no outcome.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A view gave no answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A contract was not created.
    #[error("{name} was not deployed: {outcome:?}")]
    NotDeployed {
        /// The contract's name.
        name: &'static str,
        /// How its creation ended.
        outcome: Outcome,
    },
    /// The contract refused a step.
    #[error("the contract refused: {0}")]
    Refused(String),
}

/// Founds a network on a devnet: deploys a worthless test token, too, and has `owner` mint what the deposits need.
///
/// # Errors
/// When a step fails; see [`FoundingError`].
pub fn found_devnet(
    chain: &Arc<dyn Chain>,
    owner: &Sender,
    plan: &Founding,
) -> Result<Founded, FoundingError> {
    let token = deploy(chain.as_ref(), owner, "TestToken", &creation::token())?;
    let amount = U256::from(plan.parameters.min_deposit) * U256::from(plan.seats.len());
    let contract = deploy_contract(chain.as_ref(), owner, token, plan)?;
    let network = Network::new(Arc::clone(chain), contract)?;
    invoke(chain.as_ref(), owner, token, &TestToken::mintCall { to: owner.address(), amount })?;
    invoke(chain.as_ref(), owner, token, &TestToken::approveCall { spender: contract, value: amount })?;
    keep(&network, owner, &contract::setPolicyCall { document: plan.policy.clone().into() })?;
    keep(&network, owner, &references_call(&plan.references))?;
    let mut seats = Vec::new();
    for (number, seat) in (1..).zip(&plan.seats) {
        keep(&network, owner, &found_call(seat))?;
        seats.push(SeatId(number));
    }
    Ok(Founded { network, token, seats })
}

/// Mints `amount` of a devnet's test token for the contract itself: what it has beyond deposits it pays as rewards
/// (R12). Anyone can add to it so, with any token.
///
/// # Errors
/// When the step fails.
pub fn fund_devnet(founded: &Founded, sender: &Sender, amount: u128) -> Result<(), FoundingError> {
    let to = founded.network.deployment().contract;
    let call = TestToken::mintCall { to, amount: U256::from(amount) };
    invoke(founded.network.chain(), sender, founded.token, &call).map(drop)
}

/// Joins as provider: mints and approves the deposit, too, on a devnet's test token. Returns the seat, or what the
/// contract refused with.
///
/// # Errors
/// When a step had no outcome.
pub fn join_devnet(
    network: &Network,
    token: Address,
    provider: &Sender,
    registration: contract::Registration,
) -> Result<Result<SeatId, Box<contract::IProofOfAttestationErrors>>, FoundingError> {
    let deposit = U256::from(network.read(&contract::parametersCall {})?.minDeposit);
    let spender = network.deployment().contract;
    invoke(
        network.chain(),
        provider,
        token,
        &TestToken::mintCall { to: provider.address(), amount: deposit },
    )?;
    invoke(network.chain(), provider, token, &TestToken::approveCall { spender, value: deposit })?;
    match network.send(provider, &contract::joinCall { registration })? {
        Sent::Kept(_) => Ok(Ok(SeatId(network.read(&contract::networkCall {})?.seats))),
        Sent::Refused(error) => Ok(Err(error)),
    }
}

fn deploy_contract(
    chain: &dyn Chain,
    owner: &Sender,
    token: Address,
    plan: &Founding,
) -> Result<Address, FoundingError> {
    let settings = Settings { token, owner: owner.address(), genesis_s: plan.genesis_s, fixed: plan.fixed };
    let reader = deploy(chain, owner, "Reader", &creation::reader(&settings))?;
    let registry = deploy(chain, owner, "Registry", &creation::registry(&settings, reader))?;
    let contract = creation::contract(&settings, &plan.parameters, registry);
    deploy(chain, owner, "ProofOfAttestation", &contract)
}

fn deploy(
    chain: &dyn Chain,
    owner: &Sender,
    name: &'static str,
    transaction: &Transaction,
) -> Result<Address, FoundingError> {
    let receipt = chain.send(owner, transaction)?;
    receipt.created.ok_or(FoundingError::NotDeployed { name, outcome: receipt.outcome })
}

fn invoke(
    chain: &dyn Chain,
    sender: &Sender,
    contract: Address,
    call: &impl SolCall,
) -> Result<Receipt, FoundingError> {
    let receipt = chain.send(sender, &Transaction::invoke(contract, call))?;
    match receipt.outcome {
        Outcome::Success => Ok(receipt),
        outcome => Err(FoundingError::Refused(format!("{outcome:?}"))),
    }
}

fn keep<C: SolCall>(network: &Network, sender: &Sender, call: &C) -> Result<(), FoundingError> {
    match network.send(sender, call)? {
        Sent::Kept(_) => Ok(()),
        Sent::Refused(error) => Err(FoundingError::Refused(format!("{error:?}"))),
    }
}
