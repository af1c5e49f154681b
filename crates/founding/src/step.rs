//! The steps of founding, in order: what each sends, and how the chain shows that it is done.

use core::fmt;

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, sol};
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::deployed::TestToken;
use multee_chain::{ReadError, Transaction, read};
use multee_evidence::Policy;
use multee_protocol::machine::Settings;

use crate::code::{Contract, check_code};
use crate::creation;
use crate::deploy::DeployError;
use crate::encoding::{found_call, references, references_call};
use crate::record::Kept;
use crate::{NetworkConfig, Site};

sol! {
    /// What is asked of a contract's owner (`OpenZeppelin`'s `Ownable2Step`).
    #[allow(missing_docs)]
    interface Owned {
        function owner() external view returns (address);
        function pendingOwner() external view returns (address);
        function transferOwnership(address newOwner) external;
        function acceptOwnership() external;
    }

    /// ERC-20.
    #[allow(missing_docs)]
    interface Token {
        function balanceOf(address account) external view returns (uint256);
        function allowance(address owner, address spender) external view returns (uint256);
        function approve(address spender, uint256 value) external returns (bool);
        function transfer(address to, uint256 value) external returns (bool);
    }
}

/// A step of founding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Deploys a contract.
    Create(Contract),
    /// Sets the evidence policy.
    Policy,
    /// Sets the reference values.
    References,
    /// Mints a devnet's tokens for the deposits.
    Mint,
    /// Lets the contract take the deposits.
    Approve,
    /// Names the founding seat with this number; they count from 1.
    Found(u32),
    /// Offers the ownership to who is to govern.
    HandOver,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(contract) => write!(f, "deploy {}", contract.name()),
            Self::Policy => f.write_str("set the policy"),
            Self::References => f.write_str("set the reference values"),
            Self::Mint => f.write_str("mint tokens for the deposits"),
            Self::Approve => f.write_str("approve the deposits"),
            Self::Found(seat) => write!(f, "found seat {seat}"),
            Self::HandOver => f.write_str("offer the ownership"),
        }
    }
}

/// What is founded: the configuration and the policy document that it names.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The configuration.
    pub config: &'a NetworkConfig,
    /// The policy document's bytes.
    pub policy: &'a [u8],
}

impl Plan<'_> {
    /// What is to be done, in order.
    pub fn steps(&self) -> Vec<Step> {
        let devnet = self.config.token.is_none();
        let seats = u32::try_from(self.config.seats.len()).unwrap_or(u32::MAX);
        let mut steps = Vec::new();
        steps.extend(devnet.then_some(Step::Create(Contract::TestToken)));
        steps.extend([Contract::Reader, Contract::Registry, Contract::ProofOfAttestation].map(Step::Create));
        steps.extend([Step::Policy, Step::References]);
        if seats > 0 {
            steps.extend(devnet.then_some(Step::Mint));
            steps.push(Step::Approve);
            steps.extend((1..=seats).map(Step::Found));
        }
        steps.extend(self.config.owner.map(|_| Step::HandOver));
        steps
    }

    /// All deposits of founding seats, in the token's smallest unit.
    pub fn deposits(&self) -> U256 {
        self.deposits_from(0)
    }

    /// Deposits of the founding seats after the first `founded`.
    fn deposits_from(&self, founded: u32) -> U256 {
        let left = self.config.seats.len().saturating_sub(founded as usize);
        U256::from(self.config.parameters.min_deposit).saturating_mul(U256::from(left))
    }

    fn settings(&self, kept: &Kept) -> Result<Settings, DeployError> {
        Ok(Settings {
            token: known(kept.token)?,
            owner: kept.founder,
            genesis_s: kept.genesis_s,
            fixed: self.config.fixed,
        })
    }

    /// What `step` sends, the steps before having been done.
    pub(crate) fn transaction(&self, step: Step, kept: &Kept) -> Result<Transaction, DeployError> {
        let settings = || self.settings(kept);
        Ok(match step {
            Step::Create(Contract::TestToken) => creation::token(),
            Step::Create(Contract::Reader) => creation::reader(&settings()?),
            Step::Create(Contract::Registry) => creation::registry(&settings()?, known(kept.reader)?),
            Step::Create(Contract::ProofOfAttestation) => {
                creation::contract(&settings()?, &self.config.parameters, known(kept.registry)?)
            }
            Step::Policy => invoke(kept, &contract::setPolicyCall { document: self.policy.to_vec().into() })?,
            Step::References => invoke(kept, &references_call(&self.config.references))?,
            Step::Mint => {
                let mint = TestToken::mintCall { to: kept.founder, amount: self.deposits() };
                Transaction::invoke(known(kept.token)?, &mint)
            }
            Step::Approve => {
                let approve = Token::approveCall { spender: known(kept.contract)?, value: self.deposits() };
                Transaction::invoke(known(kept.token)?, &approve)
            }
            Step::Found(seat) => invoke(kept, &found_call(self.seat(seat)?))?,
            Step::HandOver => {
                let new_owner = known(self.config.owner)?;
                invoke(kept, &Owned::transferOwnershipCall { newOwner: new_owner })?
            }
        })
    }

    fn seat(&self, seat: u32) -> Result<&crate::FoundingSeat, DeployError> {
        let index = (seat as usize).checked_sub(1);
        index.and_then(|index| self.config.seats.get(index)).ok_or(DeployError::OutOfOrder)
    }

    /// Whether the chain shows that `step` is done. One that was sent and is still on its way is not.
    pub(crate) fn is_done(&self, step: Step, site: &dyn Site, kept: &Kept) -> Result<bool, DeployError> {
        match step {
            Step::Create(contract) => is_created(site, contract, kept),
            Step::Policy => {
                let digest = Policy::from_json(self.policy)?.digest();
                Ok(ask(site, kept.contract, &contract::policyDigestCall {})? == digest)
            }
            Step::References => {
                let found = ask(site, kept.contract, &contract::referenceValuesCall {})?;
                Ok(!found.digest.is_zero() && references(&found.values) == self.config.references)
            }
            Step::Mint => {
                let balance = ask(site, kept.token, &Token::balanceOfCall { account: kept.founder })?;
                Ok(balance >= self.deposits_from(founded(site, kept)?))
            }
            Step::Approve => {
                let allowance = Token::allowanceCall { owner: kept.founder, spender: known(kept.contract)? };
                Ok(ask(site, kept.token, &allowance)? >= self.deposits_from(founded(site, kept)?))
            }
            Step::Found(seat) => Ok(founded(site, kept)? >= seat),
            Step::HandOver => {
                let (owner, pending) = owners(site, kept)?;
                Ok([Some(owner), Some(pending)].contains(&self.config.owner))
            }
        }
    }
}

fn is_created(site: &dyn Site, contract: Contract, kept: &Kept) -> Result<bool, DeployError> {
    let Some(address) = kept.address(contract) else { return Ok(false) };
    let code = site.code(address)?;
    // What a deep reorganisation took back is sent again, as it was.
    if code.is_empty() {
        return Ok(false);
    }
    check_code(contract, &code).map_err(|mismatch| DeployError::Code { contract, address, mismatch })?;
    Ok(true)
}

/// How many founding seats there are.
fn founded(site: &dyn Site, kept: &Kept) -> Result<u32, DeployError> {
    Ok(ask(site, kept.contract, &contract::networkCall {})?.seats)
}

/// The owner, and who was offered the ownership.
pub(crate) fn owners(site: &dyn Site, kept: &Kept) -> Result<(Address, Address), DeployError> {
    let owner = ask(site, kept.contract, &Owned::ownerCall {})?;
    Ok((owner, ask(site, kept.contract, &Owned::pendingOwnerCall {})?))
}

fn ask<C: SolCall>(site: &dyn Site, contract: Option<Address>, call: &C) -> Result<C::Return, DeployError> {
    let answer: Result<C::Return, ReadError> = read(site, known(contract)?, call);
    Ok(answer?)
}

fn invoke(kept: &Kept, call: &impl SolCall) -> Result<Transaction, DeployError> {
    Ok(Transaction::invoke(known(kept.contract)?, call))
}

fn known(address: Option<Address>) -> Result<Address, DeployError> {
    address.ok_or(DeployError::OutOfOrder)
}
