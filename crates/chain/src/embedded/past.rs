//! States before the newest: what blocks of late replaced, kept in memory, and read over the newest state.

use std::collections::{BTreeMap, VecDeque};

use alloy_primitives::{Address, B256, Bytes, U256};
use revm::database_interface::Database;
use revm::state::{AccountInfo, Bytecode};

use super::block::Block;
use super::rows::Account;
use super::state::{Changes, State};
use super::{Embedded, Inner, execution, shown};
use crate::{Answer, Call, ChainError, Head, Once, StorageError, Transaction};

/// Blocks before the newest whose states are kept: twice as many as a transaction may be asked to be deep
/// ([`CONFIRMATIONS_MAX`](crate::rpc::CONFIRMATIONS_MAX)), as public endpoints do.
pub const STATES_KEPT: u64 = 128;

/// Where in the chain something is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Within the block with this number, after what it holds.
    Block(u64),
    /// In the block that a transaction would make now.
    Next,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What it returned, or how it failed. A creation returns the contract's code.
    pub answer: Answer,
    /// Gas it used, after refunds.
    pub gas_used: u64,
}

/// An account as it was after some block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// Transactions it sent; of a contract, one more than it created.
    pub nonce: u64,
    /// What it has, in wei.
    pub balance_wei: U256,
    /// Its code; empty if it has none.
    pub code: Bytes,
}

/// A block with all that a header says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRecord {
    /// Number, time and hash.
    pub head: Head,
    /// Hash of the block before; zero for the first.
    pub parent_hash: B256,
    /// Its one transaction, if any.
    pub transaction_hash: Option<B256>,
    /// What `PREVRANDAO` gives in it.
    pub randomness: B256,
}

impl Embedded {
    /// Executes `transaction` on behalf of `from`, as [`call`](crate::Chain::call) does, and keeps nothing. Nobody
    /// pays for gas, and [`Transaction::once`] is not looked at. `None` if that block's state is not kept.
    ///
    /// # Errors
    /// As [`call`](crate::Chain::call), and [`ChainError::Refused`] when it could not be executed at all: `from` does
    /// not have the value, the gas does not cover the data, or creation code is too large.
    pub fn try_at(
        &self,
        at: At,
        from: Address,
        transaction: &Transaction,
    ) -> Result<Option<Tried>, ChainError> {
        let inner = &mut *self.lock()?;
        let Some(block) = inner.block_at(at)? else { return Ok(None) };
        let Some(state) = inner.history.before(block.number.saturating_add(1), &mut inner.state) else {
            return Ok(None);
        };
        execution::try_out(state, &inner.config, &block, from, transaction).map(Some)
    }

    /// The account after block `number`; `None` if that block's state is not kept.
    ///
    /// # Errors
    /// When storage is broken.
    pub fn account_at(&self, number: u64, account: Address) -> Result<Option<AccountState>, ChainError> {
        let inner = &mut *self.lock()?;
        if number > inner.head.number {
            return Ok(None);
        }
        let Some(mut state) = inner.history.before(number.saturating_add(1), &mut inner.state) else {
            return Ok(None);
        };
        let Some(info) = state.basic(account)? else { return Ok(Some(AccountState::default())) };
        let code = state.code_by_hash(info.code_hash)?.original_bytes();
        Ok(Some(AccountState { nonce: info.nonce, balance_wei: info.balance, code }))
    }

    /// The block with this number; `None` beyond the newest.
    ///
    /// # Errors
    /// When storage is broken.
    pub fn block_record(&self, number: u64) -> Result<Option<BlockRecord>, ChainError> {
        let inner = self.lock()?;
        inner.recorded(inner.state.store.block(number)?)
    }

    /// The block with this hash, if there is one. Its time grows with the chain.
    ///
    /// # Errors
    /// When storage is broken.
    pub fn block_with_hash(&self, hash: B256) -> Result<Option<BlockRecord>, ChainError> {
        let inner = self.lock()?;
        inner.recorded(inner.state.store.block_with_hash(hash)?)
    }
}

impl Inner {
    fn block_at(&self, at: At) -> Result<Option<Block>, StorageError> {
        match at {
            At::Next => Ok(Some(self.head.next(self.config.chain_id, self.head.timestamp_s, None))),
            At::Block(number) if number == self.head.number => Ok(Some(self.head.clone())),
            At::Block(number) => self.state.store.block(number),
        }
    }

    fn recorded(&self, block: Option<Block>) -> Result<Option<BlockRecord>, ChainError> {
        let Some(block) = block else { return Ok(None) };
        block.check(self.config.chain_id)?;
        Ok(Some(BlockRecord {
            head: shown(self.config.chain_id, &block),
            parent_hash: block.parent,
            transaction_hash: block.transaction,
            randomness: block.randomness(),
        }))
    }
}

/// What the last blocks replaced.
pub(super) struct History {
    /// States of blocks before this one are not kept.
    since: u64,
    replaced: VecDeque<Replaced>,
}

/// What was there before a block changed it.
struct Replaced {
    block: u64,
    accounts: BTreeMap<Address, Option<Account>>,
    storage: BTreeMap<(Address, U256), U256>,
}

impl History {
    /// That of a chain which is opened at this block.
    pub(super) fn from(head: u64) -> Self {
        Self { since: head, replaced: VecDeque::new() }
    }

    /// Notes what `changes` in `block` are about to replace.
    pub(super) fn record(
        &mut self,
        block: u64,
        changes: &Changes,
        state: &mut State,
    ) -> Result<(), StorageError> {
        let mut replaced = Replaced { block, accounts: BTreeMap::new(), storage: BTreeMap::new() };
        for address in changes.accounts.keys() {
            replaced.accounts.insert(*address, state.account(*address)?);
        }
        for (address, slot) in changes.storage.keys() {
            replaced.storage.insert((*address, *slot), state.storage(*address, *slot)?);
        }
        if !changes.accounts.is_empty() || !changes.storage.is_empty() {
            self.replaced.push_back(replaced);
        }
        self.since = self.since.max(block.saturating_sub(STATES_KEPT));
        while self.replaced.front().is_some_and(|oldest| oldest.block <= self.since) {
            self.replaced.pop_front();
        }
        Ok(())
    }

    /// The state before `block` was made, if it is kept.
    pub(super) fn before<'a>(&self, block: u64, newest: &'a mut State) -> Option<Past<'a>> {
        if block <= self.since {
            return None;
        }
        let mut past = Past { newest, accounts: BTreeMap::new(), storage: BTreeMap::new() };
        for replaced in self.replaced.iter().rev().take_while(|replaced| replaced.block >= block) {
            past.accounts.extend(&replaced.accounts);
            past.storage.extend(&replaced.storage);
        }
        Some(past)
    }
}

/// The newest state, but for what later blocks replaced.
pub(super) struct Past<'a> {
    newest: &'a mut State,
    accounts: BTreeMap<Address, Option<Account>>,
    storage: BTreeMap<(Address, U256), U256>,
}

impl Database for Past<'_> {
    type Error = StorageError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StorageError> {
        match self.accounts.get(&address) {
            Some(account) => Ok(account.map(AccountInfo::from)),
            None => self.newest.basic(address),
        }
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, StorageError> {
        self.newest.code_by_hash(code_hash)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, StorageError> {
        match self.storage.get(&(address, slot)) {
            Some(value) => Ok(*value),
            None => self.newest.storage(address, slot),
        }
    }

    /// Blocks do not change, and the machine asks only for those before its own.
    fn block_hash(&mut self, number: u64) -> Result<B256, StorageError> {
        self.newest.block_hash(number)
    }
}

/// A call as a transaction that is tried.
pub(super) fn as_transaction(call: &Call) -> Transaction {
    Transaction {
        to: Some(call.to),
        data: call.data.clone(),
        value: U256::ZERO,
        gas_limit: call.gas_limit,
        once: Once::Nonce,
    }
}
