//! The state as the machine reads it: a cache over the store.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use revm::database_interface::Database;
use revm::state::{AccountInfo, Bytecode, EvmState};

use super::block::Block;
use super::rows::Account;
use super::store::Store;
use crate::StorageError;

/// Entries each cache may hold before it is emptied; some 100 MB for the words of storage. What is emptied is
/// read again from the store.
const CACHE_ENTRIES_MAX: usize = 1 << 20;

/// What a transaction changed, in an order that does not depend on how the machine hashed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// New contents of accounts; `None` for one that is empty now, and so gone with its storage.
    pub(super) accounts: BTreeMap<Address, Option<Account>>,
    /// New words of storage; zero removes.
    pub(super) storage: BTreeMap<(Address, U256), U256>,
    /// Code of new contracts.
    pub(super) code: BTreeMap<B256, Bytes>,
}

impl Changes {
    /// What is new in the state the machine leaves behind.
    pub(super) fn of(touched: EvmState) -> Self {
        let mut changes = Self::default();
        for (address, account) in touched.into_iter().collect::<BTreeMap<_, _>>() {
            if account.is_touched() {
                changes.add(address, account);
            }
        }
        changes
    }

    fn add(&mut self, address: Address, account: revm::state::Account) {
        // Since EIP-6780 only a contract made by the same transaction can destroy itself, and an account
        // that is empty after a touch does not exist (EIP-161).
        if account.is_selfdestructed() || account.is_empty() {
            self.accounts.insert(address, None);
            return;
        }
        let AccountInfo { nonce, balance, code_hash, code, .. } = account.info;
        self.accounts.insert(address, Some(Account { nonce, balance, code_hash }));
        if let (true, Some(code)) = (code_hash != KECCAK256_EMPTY, code) {
            self.code.insert(code_hash, code.original_bytes());
        }
        let words = account.storage.into_iter().filter(|(_, word)| word.is_changed());
        self.storage.extend(words.map(|(slot, word)| ((address, slot), word.present_value)));
    }
}

/// The store and what was read from it or written to it of late.
pub(super) struct State {
    pub(super) store: Store,
    accounts: HashMap<Address, Option<Account>>,
    storage: HashMap<(Address, U256), U256>,
    code: HashMap<B256, Bytecode>,
    block_hashes: HashMap<u64, B256>,
}

impl State {
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            accounts: HashMap::new(),
            storage: HashMap::new(),
            code: HashMap::new(),
            block_hashes: HashMap::new(),
        }
    }

    /// Drops from `changes` what is as it was, so that it is not written again.
    pub(super) fn trim(&mut self, mut changes: Changes) -> Result<Changes, StorageError> {
        let mut kept = BTreeMap::new();
        for (address, account) in core::mem::take(&mut changes.accounts) {
            if self.account(address)? != account {
                kept.insert(address, account);
            }
        }
        changes.accounts = kept;
        changes.code.retain(|hash, _| !self.code.contains_key(hash));
        Ok(changes)
    }

    /// Takes over what the store has just been given.
    pub(super) fn apply(&mut self, changes: Changes, blocks: &[Block]) {
        for (address, account) in changes.accounts {
            insert(&mut self.accounts, address, account);
        }
        for (place, value) in changes.storage {
            insert(&mut self.storage, place, value);
        }
        for (hash, code) in changes.code {
            insert(&mut self.code, hash, Bytecode::new_legacy(code));
        }
        for block in blocks {
            insert(&mut self.block_hashes, block.number, block.hash);
        }
    }

    pub(super) fn account(&mut self, address: Address) -> Result<Option<Account>, StorageError> {
        if let Some(account) = self.accounts.get(&address) {
            return Ok(*account);
        }
        let account = self.store.account(address)?;
        insert(&mut self.accounts, address, account);
        Ok(account)
    }
}

fn insert<K: core::hash::Hash + Eq, V>(cache: &mut HashMap<K, V>, key: K, value: V) {
    if cache.len() >= CACHE_ENTRIES_MAX {
        cache.clear();
    }
    cache.insert(key, value);
}

impl From<Account> for AccountInfo {
    fn from(Account { nonce, balance, code_hash }: Account) -> Self {
        Self { nonce, balance, code_hash, code: None, ..Self::default() }
    }
}

impl Database for State {
    type Error = StorageError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StorageError> {
        Ok(self.account(address)?.map(AccountInfo::from))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, StorageError> {
        if code_hash == KECCAK256_EMPTY {
            return Ok(Bytecode::default());
        }
        if let Some(code) = self.code.get(&code_hash) {
            return Ok(code.clone());
        }
        let bytes = self.store.code(code_hash)?;
        if keccak256(&bytes) != code_hash {
            return Err(StorageError::Corrupt(format!("code {code_hash} has another hash")));
        }
        let code = Bytecode::new_legacy(bytes);
        insert(&mut self.code, code_hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, StorageError> {
        if let Some(value) = self.storage.get(&(address, slot)) {
            return Ok(*value);
        }
        let value = self.store.word(address, slot)?;
        insert(&mut self.storage, (address, slot), value);
        Ok(value)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, StorageError> {
        if let Some(hash) = self.block_hashes.get(&number) {
            return Ok(*hash);
        }
        let hash = self.store.block_hash(number)?;
        insert(&mut self.block_hashes, number, hash);
        Ok(hash)
    }
}
