//! A chain in this process: revm over an `SQLite` file, or over memory.
//!
//! For the demo, for tests and for networks on one machine. It executes real contract bytecode under
//! Ethereum's rules as of Osaka; consensus, gossip and signatures it has not: its caller holds it, and its
//! trust is the caller's process.
//!
//! **Blocks.** Every transaction makes a block of its own; [`Embedded::mine`] makes empty ones and
//! [`Embedded::set_time`] one with a later time. Time is seen only through blocks: a transaction's block
//! has its parent's time (as on several rollups, and unlike Ethereum, time need not rise with every block)
//! and time never falls. Hashes and `PREVRANDAO` follow from the blocks' contents, so the same calls
//! make the same chain, bit for bit ([`Embedded::fingerprint`]); a proposer's freedom to choose them is
//! therefore the caller's. `BLOCKHASH` answers for the last 256 blocks. The system contracts that Ethereum
//! calls at a block's start (EIP-2935, EIP-4788) are absent.
//!
//! **Money.** Gas costs [`Config::gas_price_wei`], which is burnt; at 0 nobody needs a balance.
//!
//! **Disk.** Each block is one `SQLite` transaction: state, block, receipt and logs become durable together
//! or not at all, so killing the process at any moment loses nothing that was acknowledged and leaves
//! nothing half done. The file is in WAL mode with `synchronous = FULL`: a commit is in the log and synced
//! before its receipt is returned. (`NORMAL` would survive a killed process, but a power cut
//! could take back receipts already handed out.) One process at a time holds a file.
//! After a failed write the chain answers nothing more until it is opened anew, since only
//! the file knows what it kept.
//!
//! **For a JSON-RPC server in front of it.** [`Embedded::execute`] takes what others signed and that server has checked:
//! only with the sender's next nonce, and under the hash that the sender knows. The states of the last
//! [`STATES_KEPT`] blocks can be asked, too, as far back as the chain was opened: [`Embedded::try_at`].
//!
//! This module never sends anything over a network and never reads the host's clock.

mod block;
mod config;
mod execution;
mod past;
mod raw;
mod rows;
mod schema;
mod state;
mod store;

use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use alloy_primitives::{Address, B256, U256};
use revm::database_interface::Database;

use crate::{
    Answer, BlockNumHash, Call, Chain, ChainError, Head, LOG_BYTES_MAX, LOGS_MAX, Limit, LogEntry, LogFilter,
    Once, Receipt, Sender, StorageError, Transaction,
};
use block::Block;
use past::History;
use state::{Changes, State};
use store::Store;

pub use config::Config;
pub use past::{AccountState, At, BlockRecord, STATES_KEPT, Tried};
pub use raw::Authorised;

/// Blocks that [`Embedded::mine`] makes at once at most.
pub const MINED_BLOCKS_MAX: u64 = 10_000;
/// The latest time a block may have, in seconds since the Unix epoch: some 34,000 years on.
pub const TIME_MAX_S: u64 = 1 << 40;

/// A chain in this process. See the [module](self).
pub struct Embedded {
    inner: Mutex<Inner>,
}

struct Inner {
    config: Config,
    head: Block,
    state: State,
    history: History,
    stopped: bool,
}

impl Embedded {
    /// A new chain in memory; it ends with the value.
    ///
    /// # Errors
    /// When the configuration is out of bounds, or memory for the database cannot be had.
    pub fn in_memory(config: Config) -> Result<Self, ChainError> {
        Self::over(Store::in_memory()?, config)
    }

    /// The chain in the file at `path`, which is made if it is not there. Next to it, `SQLite` keeps files with
    /// the same name and `-wal` added.
    ///
    /// Of the configuration, the genesis fields count only for a file that is made.
    ///
    /// # Errors
    /// [`ChainError::Unreachable`] when the file cannot be opened or another process holds it,
    /// [`ChainError::WrongChain`] when it holds a chain with another id, [`ChainError::Storage`] when it holds
    /// something else, another version's chain, or is damaged.
    pub fn open(path: &Path, config: Config) -> Result<Self, ChainError> {
        Self::over(Store::open(path)?, config)
    }

    /// The chain in the file at `path`, which must be there, whatever its id. Gas costs nothing on it.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`ChainError::Unreachable`] when there is no such file.
    pub fn resume(path: &Path) -> Result<Self, ChainError> {
        if !path.is_file() {
            let (place, cause) = (path.display().to_string(), "there is no such file".to_owned());
            return Err(ChainError::Unreachable { place, cause });
        }
        let store = Store::open(path)?;
        let chain_id = store.chain_id()?.ok_or(StorageError::NotAChain)?;
        Self::over(store, Config::devnet(chain_id, 0))
    }

    fn over(mut store: Store, config: Config) -> Result<Self, ChainError> {
        Limit::Time.check(config.genesis_time_s, TIME_MAX_S)?;
        let head = match store.chain_id()? {
            None => store.create(&config)?,
            Some(id) if id != config.chain_id => {
                return Err(ChainError::WrongChain { expected: config.chain_id, found: id });
            }
            Some(_) => store.newest_block()?,
        };
        head.check(config.chain_id)?;
        let history = History::from(head.number);
        let inner = Inner { config, head, state: State::new(store), history, stopped: false };
        Ok(Self { inner: Mutex::new(inner) })
    }

    /// Makes an empty block with this time, in seconds since the Unix epoch, and so sets the chain's clock.
    /// Makes none if that is the time already.
    ///
    /// # Errors
    /// [`ChainError::TimeGoesBack`] when the newest block is later; [`ChainError::Limit`] above
    /// [`TIME_MAX_S`]; or when storage is broken.
    pub fn set_time(&self, unix_s: u64) -> Result<Head, ChainError> {
        self.lock()?.set_time(unix_s)
    }

    /// [`set_time`](Self::set_time) to `seconds` after the newest block.
    ///
    /// # Errors
    /// As [`set_time`](Self::set_time).
    pub fn advance(&self, seconds: u64) -> Result<Head, ChainError> {
        let mut inner = self.lock()?;
        let later_s = inner.head.timestamp_s.saturating_add(seconds);
        inner.set_time(later_s)
    }

    /// Makes `count` empty blocks, at most [`MINED_BLOCKS_MAX`], all or none of them.
    ///
    /// # Errors
    /// [`ChainError::Limit`] for more; or when storage is broken.
    pub fn mine(&self, count: u64) -> Result<Head, ChainError> {
        Limit::MinedBlocks.check(count, MINED_BLOCKS_MAX)?;
        let mut inner = self.lock()?;
        let now_s = inner.head.timestamp_s;
        inner.append_empty(count, now_s)
    }

    /// What `account` has, in wei.
    ///
    /// # Errors
    /// When storage is broken.
    pub fn balance(&self, account: Address) -> Result<U256, ChainError> {
        let info = self.lock()?.state.basic(account)?;
        Ok(info.map_or(U256::ZERO, |info| info.balance))
    }

    /// One hash over all the chain holds: accounts, code, storage, blocks, receipts and logs. Equal
    /// fingerprints mean equal chains. Reads everything, so its time grows with the chain.
    ///
    /// # Errors
    /// When storage is broken.
    pub fn fingerprint(&self) -> Result<B256, ChainError> {
        Ok(self.lock()?.state.store.fingerprint(store::EVERYTHING)?)
    }

    /// One hash over the state alone: accounts, code and contracts' storage.
    ///
    /// # Errors
    /// When storage is broken.
    pub fn state_fingerprint(&self) -> Result<B256, ChainError> {
        Ok(self.lock()?.state.store.fingerprint(store::STATE)?)
    }

    fn lock(&self) -> Result<MutexGuard<'_, Inner>, StorageError> {
        let inner = self.inner.lock().map_err(|_| StorageError::Stopped)?;
        if inner.stopped { Err(StorageError::Stopped) } else { Ok(inner) }
    }
}

impl core::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Embedded").finish_non_exhaustive()
    }
}

impl Chain for Embedded {
    fn head(&self) -> Result<Head, ChainError> {
        Ok(self.lock()?.head())
    }

    /// Refuses a block whose hash is not that of its contents, as all that is read from a file may be damaged.
    fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        let inner = self.lock()?;
        let chain_id = inner.config.chain_id;
        let Some(block) = inner.state.store.block(number)? else { return Ok(None) };
        block.check(chain_id)?;
        Ok(Some(shown(chain_id, &block)))
    }

    fn call(&self, call: &Call) -> Result<Answer, ChainError> {
        let inner = &mut *self.lock()?;
        let asked = past::as_transaction(call);
        Ok(execution::try_out(&mut inner.state, &inner.config, &inner.head, call.from, &asked)?.answer)
    }

    fn send(&self, sender: &Sender, transaction: &Transaction) -> Result<Receipt, ChainError> {
        self.lock()?.send(sender.address(), transaction)
    }

    fn receipt(&self, transaction_hash: B256) -> Result<Option<Receipt>, ChainError> {
        Ok(self.lock()?.state.store.receipt(transaction_hash)?)
    }

    fn logs(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, ChainError> {
        filter.check()?;
        let inner = self.lock()?;
        for &BlockNumHash { number, hash } in &filter.upon {
            if inner.state.store.block(number)?.is_none_or(|block| block.hash != hash) {
                return Err(ChainError::Reorganised { number, hash });
            }
        }
        inner.state.store.logs(filter, LOGS_MAX, LOG_BYTES_MAX)
    }
}

fn shown(chain_id: u64, block: &Block) -> Head {
    Head { chain_id, number: block.number, timestamp_s: block.timestamp_s, hash: block.hash }
}

impl Inner {
    fn head(&self) -> Head {
        shown(self.config.chain_id, &self.head)
    }

    fn send(&mut self, sender: Address, transaction: &Transaction) -> Result<Receipt, ChainError> {
        let nonce = self.state.basic(sender)?.map_or(0, |info| info.nonce);
        let hash = transaction.embedded_hash(self.config.chain_id, sender, nonce);
        if matches!(transaction.once, Once::Key(_))
            && let Some(receipt) = self.state.store.receipt(hash)?
        {
            return Ok(receipt);
        }
        self.execute(hash, sender, nonce, transaction)
    }

    fn execute(
        &mut self,
        hash: B256,
        sender: Address,
        nonce: u64,
        transaction: &Transaction,
    ) -> Result<Receipt, ChainError> {
        let block = self.head.next(self.config.chain_id, self.head.timestamp_s, Some(hash));
        let (receipt, changes) =
            execution::transact(&mut self.state, &self.config, &block, sender, nonce, transaction)?;
        self.commit(&[block], Some(&receipt), changes)?;
        Ok(receipt)
    }

    fn set_time(&mut self, unix_s: u64) -> Result<Head, ChainError> {
        Limit::Time.check(unix_s, TIME_MAX_S)?;
        let now_s = self.head.timestamp_s;
        if unix_s < now_s {
            return Err(ChainError::TimeGoesBack { now_s, asked_s: unix_s });
        }
        self.append_empty(u64::from(unix_s > now_s), unix_s)
    }

    fn append_empty(&mut self, count: u64, timestamp_s: u64) -> Result<Head, ChainError> {
        let mut blocks: Vec<Block> = Vec::new();
        for _ in 0..count {
            let parent = blocks.last().unwrap_or(&self.head);
            blocks.push(parent.next(self.config.chain_id, timestamp_s, None));
        }
        self.commit(&blocks, None, Changes::default())?;
        Ok(self.head())
    }

    /// Makes the blocks durable, and only then visible. If that fails, nobody but the file can tell what it
    /// kept, so the chain stops.
    fn commit(
        &mut self,
        blocks: &[Block],
        receipt: Option<&Receipt>,
        changes: Changes,
    ) -> Result<(), StorageError> {
        let Some(newest) = blocks.last() else { return Ok(()) };
        self.stopped = true;
        self.history.record(newest.number, &changes, &mut self.state)?;
        self.state.store.append(blocks, receipt, &changes)?;
        self.state.apply(changes, blocks);
        self.head = newest.clone();
        self.stopped = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
