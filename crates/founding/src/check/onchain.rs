//! What only the chain shows: whether it can carry a network, the token, money and time.

use alloy_primitives::{Address, U256};
use multee_chain::rpc::probe::Severity;
use multee_chain::{Head, ReadError, read};

use super::{Checked, Problem, Warning};
use crate::Site;
use crate::code::Contract;
use crate::deploy::DeployError;
use crate::step::{Plan, Step, Token};
use crate::transfer::{Arrival, arrival};

/// Blocks that an epoch must have: one is opened, seeded by a later block, and published to.
const EPOCH_BLOCKS_MIN: u64 = 10;
/// Where the chain does not tell how fast it makes blocks.
const BLOCK_MS: u64 = 12_000;
/// Room for a step to wait for cheaper gas and be sent again.
const STEP_MARGIN: u64 = 2;

pub(super) struct Onchain<'a> {
    pub(super) site: &'a dyn Site,
    pub(super) plan: &'a Plan<'a>,
    pub(super) left: &'a [Step],
    pub(super) head: Head,
    pub(super) confirmations: u64,
    pub(super) checked: &'a mut Checked,
}

impl Onchain<'_> {
    pub(super) fn check(&mut self, founder: Option<Address>) -> Result<(), DeployError> {
        let block_ms = self.chain()?;
        self.time(block_ms);
        let price = self.site.gas_price()?;
        self.checked.cost.gas_price_wei = price.now_wei();
        self.checked.cost.gas_offered_wei = price.offered_wei();
        if let Some(founder) = founder {
            self.money(founder)?;
        }
        match self.plan.config.token.filter(|token| !token.is_zero()) {
            Some(token) => self.token(token, founder),
            None => Ok(()),
        }
    }

    /// The time between blocks, in milliseconds.
    fn chain(&mut self) -> Result<u64, DeployError> {
        let report = self.site.probe()?;
        for finding in report.findings {
            match finding.severity() {
                Severity::Refused => self.checked.problems.push(Problem::Chain(finding)),
                Severity::Warned => self.checked.warnings.push(Warning::Chain(finding)),
            }
        }
        let block_ms = report.block_time_ms.filter(|ms| *ms > 0).unwrap_or(BLOCK_MS);
        // A devnet may make blocks only when there is something to put into them.
        if self.plan.config.token.is_none() {
            return Ok(block_ms.min(BLOCK_MS));
        }
        let epoch_s = self.plan.config.fixed.epoch_seconds;
        if u64::from(epoch_s).saturating_mul(1000) < block_ms.saturating_mul(EPOCH_BLOCKS_MIN) {
            self.checked.problems.push(Problem::EpochTooShort { epoch_s, block_ms });
        }
        Ok(block_ms)
    }

    /// Steps are sent one after the other, each waited for.
    fn time(&mut self, block_ms: u64) {
        let needs_time = |step: &&Step| !matches!(step, Step::HandOver);
        let steps = self.left.iter().filter(needs_time).count() as u64;
        let each_ms = block_ms.saturating_mul(self.confirmations).saturating_mul(STEP_MARGIN);
        let done_s = self.head.timestamp_s.saturating_add(each_ms.saturating_mul(steps) / 1000);
        let (genesis_s, begun) =
            (self.checked.genesis_s, !self.left.contains(&Step::Create(Contract::Reader)));
        if steps > 0 && genesis_s <= done_s {
            self.checked.problems.push(Problem::GenesisTooSoon { genesis_s, done_s, begun });
        }
    }

    fn money(&mut self, founder: Address) -> Result<(), DeployError> {
        let (needed, available) = (self.checked.cost.needed_wei(), self.site.balance(founder)?);
        if available < needed {
            self.checked.problems.push(Problem::TooLittleMoney { founder, needed, available });
        }
        Ok(())
    }

    fn token(&mut self, token: Address, founder: Option<Address>) -> Result<(), DeployError> {
        let account = founder.unwrap_or(token);
        let available = match read(self.site, token, &Token::balanceOfCall { account }) {
            Ok(available) => available,
            Err(ReadError::Chain(error)) => return Err(error.into()),
            Err(_) => {
                self.checked.problems.push(Problem::NotAToken(token));
                return Ok(());
            }
        };
        let founding = self.left.iter().filter(|step| matches!(step, Step::Found(_))).count();
        let needed = U256::from(self.plan.config.parameters.min_deposit) * U256::from(founding);
        let Some(founder) = founder.filter(|_| !needed.is_zero()) else { return Ok(()) };
        if available < needed {
            self.checked.problems.push(Problem::TooFewTokens { founder, needed, available });
            return Ok(());
        }
        self.delivery(token, founder, needed)
    }

    fn delivery(&mut self, token: Address, founder: Address, sent: U256) -> Result<(), DeployError> {
        match arrival(self.site, token, founder, sent)? {
            Arrival::Arrives(arrives) if arrives == sent => {}
            Arrival::Arrives(arrives) => {
                self.checked.problems.push(Problem::TokenTakesFee { token, sent, arrives });
            }
            Arrival::Refused => self.checked.problems.push(Problem::TokenRefuses(token)),
            Arrival::Unknown => self.checked.warnings.push(Warning::FeeUnknown),
        }
        Ok(())
    }
}
