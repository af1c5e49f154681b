//! What founding costs in gas: the same transactions, executed in an EVM in memory.

use std::collections::BTreeMap;

use multee_chain::embedded::{Config, Embedded};
use multee_chain::{Chain as _, Outcome, Receipt, Sender};

use crate::NetworkConfig;
use crate::deploy::DeployError;
use crate::record::Kept;
use crate::step::{Plan, Step};

/// The rehearsing founder's key; it is nobody's.
const REHEARSING: [u8; 32] = [1; 32];

/// A step with the gas that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rehearsed {
    /// Which.
    pub step: Step,
    /// Gas that it uses.
    pub gas: u64,
}

/// The gas of each step of `plan`, as measured in an EVM in memory at the chain's time `now_s`. Where the network has a
/// token of its own, the test token stands in for it: what the real one takes for approving and paying may differ.
///
/// # Errors
/// When a step would fail.
pub fn rehearse(plan: &Plan<'_>, now_s: u64) -> Result<Vec<Rehearsed>, DeployError> {
    let chain = Embedded::in_memory(Config::devnet(plan.config.chain_id, now_s))?;
    let founder = Sender::from_key(&REHEARSING).map_err(|_| DeployError::OutOfOrder)?;
    // All of a devnet's steps, so that there is a token.
    let config = NetworkConfig { token: None, ..plan.config.clone() };
    let staged = Plan { config: &config, policy: plan.policy };
    let mut kept = Kept::rehearsing(&config, founder.address(), now_s);
    let mut gas = BTreeMap::new();
    for step in staged.steps() {
        let receipt = chain.send(&founder, &staged.transaction(step, &kept)?)?;
        succeeded(step, &receipt)?;
        kept.note(step, &receipt);
        gas.insert(step.to_string(), receipt.gas_used);
    }
    let measured = |step: Step| gas.get(&step.to_string()).map(|gas| Rehearsed { step, gas: *gas });
    Ok(plan.steps().into_iter().filter_map(measured).collect())
}

fn succeeded(step: Step, receipt: &Receipt) -> Result<(), DeployError> {
    match &receipt.outcome {
        Outcome::Success => Ok(()),
        Outcome::Reverted(data) => Err(crate::deploy::refused(step, data)),
        Outcome::Halted(halt) => Err(DeployError::Halted { step, halt: *halt }),
    }
}
