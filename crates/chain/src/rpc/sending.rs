//! Having a transaction executed once: its turn, what was left open before it, its trial, nonce and fees.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use alloy_primitives::{Address, U64, U256};
use serde_json::{Value, json};

use super::client::Client;
use super::config::Config;
use super::fault::Fault;
use super::fees::{FeeLimits, Fees, Price};
use super::interrupt::Interrupt;
use super::journal::{Attempt, Entry, Journal};
use super::outcome::{self, Failure};
use super::pace::Timing;
use super::passage::Passage;
use super::pool::{Pool, Visit};
use super::signing::{Signed, sign};
use super::verdict::refusal;
use crate::{
    ChainError, DATA_BYTES_MAX, Limit, Once, Receipt, Refusal, Sender, TRANSACTION_GAS_MAX, Transaction,
};

/// Bytes a creation's code may have (EIP-3860).
const CREATION_BYTES_MAX: usize = 49_152;

/// What it takes to send.
pub(super) struct Sending {
    pub(super) chain_id: u64,
    pub(super) journal: Box<dyn Journal>,
    pub(super) limits: FeeLimits,
    pub(super) timing: Timing,
    pub(super) poll_every: Duration,
    pub(super) interrupt: Interrupt,
    within: Duration,
    turns: Mutex<BTreeMap<Address, Arc<Mutex<()>>>>,
}

impl Sending {
    pub(super) fn new(config: &Config, journal: Box<dyn Journal>) -> Self {
        Self {
            chain_id: config.chain_id,
            journal,
            limits: config.fees,
            timing: Timing { bump_after: config.bump_after, confirmations: config.confirmations },
            poll_every: config.poll_every,
            interrupt: config.interrupt.clone(),
            within: config.send_within,
            turns: Mutex::default(),
        }
    }

    /// One transaction of a sender at a time: what an earlier one left open is brought to its end first, as nothing with
    /// a later nonce can be executed before.
    pub(super) fn send(
        &self,
        pool: &Pool,
        sender: &Sender,
        transaction: &Transaction,
    ) -> Result<Receipt, ChainError> {
        check(transaction)?;
        let turn = self.turn(sender.address());
        let _held = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + self.within;
        if let Some(receipt) = self.resume(pool, sender, transaction, until)? {
            return Ok(receipt);
        }
        loop {
            let entry = self.begin(pool, sender, transaction)?;
            if let Some(receipt) = self.bring(pool, Passage::new(sender, entry, false), until)? {
                return Ok(receipt);
            }
            if Instant::now() >= until {
                let why = "others use the account's nonces up as they are given".to_owned();
                return Err(Refusal::Invalid(why).into());
            }
            self.interrupt.wait(self.poll_every);
        }
    }

    fn turn(&self, sender: Address) -> Arc<Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(sender).or_default())
    }

    /// Brings what the journal has open to its end. The receipt is this transaction's, if its key was used before.
    fn resume(
        &self,
        pool: &Pool,
        sender: &Sender,
        transaction: &Transaction,
        until: Instant,
    ) -> Result<Option<Receipt>, ChainError> {
        let keyed = matches!(transaction.once, Once::Key(_));
        let id = keyed.then(|| transaction.embedded_hash(self.chain_id, sender.address(), 0));
        for entry in self.journal.unsettled(sender.address())? {
            let same = Some(entry.id) == id;
            let receipt = self.bring(pool, Passage::new(sender, entry, true), until)?;
            if same && receipt.is_some() {
                return Ok(receipt);
            }
        }
        match id.map(|id| self.journal.find(id)).transpose()?.flatten() {
            // Settled, and yet a deep reorganisation may have taken it back.
            Some(entry) => self.bring(pool, Passage::new(sender, entry, true), until),
            None => Ok(None),
        }
    }

    /// Tries the transaction, gives it nonce and fees, and signs it.
    fn begin(&self, pool: &Pool, sender: &Sender, transaction: &Transaction) -> Result<Entry, ChainError> {
        let account = sender.address();
        let gas_limit = pool.ask(|visit| trial(visit.client, account, transaction))??;
        let (nonce, available, price) = pool.ask(|visit| {
            let nonce = visit.client.nonce(account, &json!("pending"))?;
            Ok((nonce, visit.client.balance(account)?, price(visit)?))
        })?;
        let fees = Fees::first(price, &self.limits)?;
        let gas_wei = U256::from(gas_limit).saturating_mul(U256::from(fees.cap_wei));
        let needed = transaction.value.saturating_add(gas_wei);
        if needed > available {
            return Err(Refusal::InsufficientFunds { needed, available }.into());
        }
        let id = transaction.embedded_hash(self.chain_id, account, nonce);
        let transaction = Transaction { gas_limit, ..transaction.clone() };
        let mut entry =
            Entry { id, sender: account, nonce, transaction, attempts: Vec::new(), settled: false };
        self.attempt(sender, &mut entry, fees)?;
        Ok(entry)
    }

    /// Signs an attempt, and writes it down before any endpoint sees it.
    pub(super) fn attempt(&self, sender: &Sender, entry: &mut Entry, fees: Fees) -> Result<(), ChainError> {
        let Signed { hash, raw } = sign(sender, self.chain_id, entry, fees)?;
        entry.attempts.push(Attempt { hash, fees, raw });
        entry.settled = false;
        Ok(self.journal.write(entry)?)
    }
}

fn check(transaction: &Transaction) -> Result<(), ChainError> {
    Limit::DataBytes.check(transaction.data.len() as u64, DATA_BYTES_MAX as u64)?;
    Limit::TransactionGas.check(transaction.gas_limit, TRANSACTION_GAS_MAX)?;
    if transaction.to.is_none() && transaction.data.len() > CREATION_BYTES_MAX {
        return Err(Refusal::CreationCodeTooLarge.into());
    }
    Ok(())
}

/// The gas to send it with: twice what it takes now. What it does may depend on what else is in its block: who is one of
/// few to publish writes over words that are there already, and who comes next in the same block fills empty ones, at
/// four times the price. What is not used is not paid. One that would fail is not sent: nobody pays for what is known.
fn trial(client: &Client, from: Address, transaction: &Transaction) -> Result<Result<u64, Refusal>, Fault> {
    let fault = match client.ask::<U64>("eth_estimateGas", &json!([request(from, transaction)])) {
        Ok(gas) => {
            let gas: u64 = gas.to();
            return Ok(Ok(gas.saturating_mul(2).min(transaction.gas_limit)));
        }
        Err(fault) => fault,
    };
    match (outcome::failure(&fault), &fault) {
        (Some(Failure::Reverted(data)), _) => Ok(Err(Refusal::WouldRevert(data))),
        (Some(Failure::Halted(halt)), _) => Ok(Err(Refusal::WouldHalt(halt))),
        (None, Fault::Error { message, .. }) => refusal(message).map(Err).ok_or(fault),
        (None, _) => Err(fault),
    }
}

fn request(from: Address, transaction: &Transaction) -> Value {
    let (value, gas) = (transaction.value, U64::from(transaction.gas_limit));
    let mut call = json!({"from": from, "data": transaction.data, "value": value, "gas": gas});
    if let (Some(to), Some(fields)) = (transaction.to, call.as_object_mut()) {
        fields.insert("to".to_owned(), json!(to));
    }
    call
}

/// What the chain asks for gas now.
pub(super) fn price(visit: &Visit<'_>) -> Result<Price, Fault> {
    let base = visit.head.base_fee_wei;
    let base_wei = base.ok_or_else(|| Fault::error(0, "blocks have no base fee (EIP-1559)", None))?;
    Ok(Price { base_wei, tip_wei: visit.client.tip()? })
}
