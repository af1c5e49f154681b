//! Everything that can be known to be wrong before anybody pays, found at once.

pub(crate) mod offline;
mod onchain;
mod problem;

use alloy_primitives::{Address, U256};

use crate::Site;
use crate::deploy::DeployError;
use crate::record::Record;
use crate::rehearsal::{Rehearsed, rehearse};
use crate::step::Plan;

pub use problem::{Problem, Warning};

/// What is known before founding.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// What stands against it.
    pub problems: Vec<Problem>,
    /// What should be known before.
    pub warnings: Vec<Warning>,
    /// What each step that is left would cost, as far as could be measured.
    pub cost: Cost,
    /// When epoch 0 would start, in seconds since the Unix epoch.
    pub genesis_s: u64,
}

/// What founding costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Gas of each step that is left.
    pub steps: Vec<Rehearsed>,
    /// What a unit of gas costs now, in wei.
    pub gas_price_wei: u128,
    /// What is offered for it at first, in wei: room for the base fee to double.
    pub gas_offered_wei: u128,
}

impl Cost {
    /// Gas of all steps.
    pub fn gas(&self) -> u64 {
        self.steps.iter().map(|step| step.gas).sum()
    }

    /// What they cost at the price of now, in wei.
    pub fn now_wei(&self) -> U256 {
        U256::from(self.gas()) * U256::from(self.gas_price_wei)
    }

    /// What must be there, in wei: the price may double on the way.
    pub fn needed_wei(&self) -> U256 {
        U256::from(self.gas()) * U256::from(self.gas_offered_wei)
    }
}

/// What the configuration and the policy alone show.
pub fn check_offline(plan: &Plan<'_>) -> Checked {
    let mut checked = Checked::default();
    offline::check(plan, &mut checked);
    checked
}

/// What can be known before founding goes on: by configuration and policy, and by the chain. With `record`, of what is
/// left. `founder` is who is to pay; without one, nothing is said of money. Each step must be waited for
/// `confirmations` blocks.
///
/// # Errors
/// When the chain gives no answer. What is wrong is no error.
pub fn check(
    site: &dyn Site,
    founder: Option<Address>,
    plan: &Plan<'_>,
    record: Option<&Record>,
    confirmations: u64,
) -> Result<Checked, DeployError> {
    let mut checked = check_offline(plan);
    let head = site.head()?;
    checked.genesis_s = record
        .map_or_else(|| plan.config.genesis.resolved(head.timestamp_s), |record| record.kept().genesis_s);
    let left = left(site, plan, record)?;
    if checked.problems.is_empty() {
        match rehearse(plan, head.timestamp_s) {
            Ok(steps) => {
                checked.cost.steps = steps.into_iter().filter(|step| left.contains(&step.step)).collect();
            }
            // What the contract refuses, and no check of ours foresaw.
            Err(error) => checked.problems.push(Problem::WouldFail(error.to_string())),
        }
    }
    let mut onchain =
        onchain::Onchain { site, plan, left: &left, head, confirmations, checked: &mut checked };
    onchain.check(founder)?;
    Ok(checked)
}

fn left(site: &dyn Site, plan: &Plan<'_>, record: Option<&Record>) -> Result<Vec<crate::Step>, DeployError> {
    let Some(record) = record else { return Ok(plan.steps()) };
    let mut left = Vec::new();
    if record.kept().verified {
        return Ok(left);
    }
    for step in plan.steps() {
        let reached = left.is_empty();
        if !reached || !plan.is_done(step, site, record.kept())? {
            left.push(step);
        }
    }
    Ok(left)
}
