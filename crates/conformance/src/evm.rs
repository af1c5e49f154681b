//! An EVM in memory, fast enough for millions of calls: no files, no receipts, no history.

use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, keccak256};
use alloy_sol_types::SolCall;
use revm::context::result::ExecutionResult;
use revm::context::{BlockEnv, CfgEnv, Context, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::state::EvmState;
use revm::{ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, MainnetEvm};

/// Gas that a call may use: more than any is to need, so that a hungry one is seen and not cut off.
pub const CALL_GAS_MAX: u64 = 16_000_000;

const CHAIN_ID: u64 = 31_337;

type Machine = MainnetEvm<Context<BlockEnv, TxEnv, CfgEnv, CacheDB<EmptyDB>>>;

/// What a transaction came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It returned, with these events.
    Success {
        /// What it returned.
        output: Bytes,
        /// In order.
        logs: Vec<Log>,
    },
    /// It was refused, and changed nothing.
    Reverted(Bytes),
    /// It ran out of gas or hit an invalid instruction.
    Halted(String),
}

/// A transaction's outcome and cost.
#[derive(Clone, Debug)]
pub struct Executed {
    /// What it came to.
    pub outcome: Outcome,
    /// Everything that its sender pays for: base, calldata, execution.
    pub gas: u64,
    /// The words that it changed.
    pub changed: Vec<Slot>,
}

/// A word of storage: whose, and which.
pub type Slot = (Address, U256);

/// What a view answers.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What it returned, or reverted with.
    pub outcome: Result<Bytes, Bytes>,
    /// The words that it read: with the code and the clock all that the answer depends on.
    pub read: Vec<Slot>,
}

/// The machine with its clock.
pub struct Evm {
    machine: Machine,
}

impl Default for Evm {
    fn default() -> Self {
        Self::new()
    }
}

impl Evm {
    /// An empty chain.
    pub fn new() -> Self {
        let mut settings = CfgEnv::new_with_spec(SpecId::OSAKA).with_chain_id(CHAIN_ID);
        settings.disable_nonce_check = true;
        settings.tx_gas_limit_cap = Some(u64::MAX);
        let context = Context::mainnet().with_db(CacheDB::new(EmptyDB::default())).with_cfg(settings);
        Self { machine: context.build_mainnet() }
    }

    /// The chain's id (EIP-155).
    pub fn chain_id(&self) -> u64 {
        CHAIN_ID
    }

    /// The next transactions' block: its number, and its time in Unix seconds.
    pub fn set_block(&mut self, number: u64, timestamp_s: u64) {
        self.machine.set_block(BlockEnv {
            number: U256::from(number),
            timestamp: U256::from(timestamp_s),
            gas_limit: u64::MAX,
            basefee: 0,
            prevrandao: Some(B256::ZERO),
            ..BlockEnv::default()
        });
    }

    /// The hash of a block that the machine still tells at block `now`: one of the last 256.
    pub fn block_hash(number: u64, now: u64) -> Option<B256> {
        let told = number < now && now - number <= 256;
        told.then(|| keccak256(number.to_string().as_bytes()))
    }

    /// Creates a contract and returns its address.
    ///
    /// # Panics
    /// When the constructor reverts: deployments here are given.
    pub fn create(&mut self, sender: Address, code: Vec<u8>) -> Address {
        let nonce = self.nonce(sender);
        let executed = self.try_create(sender, code);
        assert!(matches!(executed.outcome, Outcome::Success { .. }), "not created: {executed:?}");
        sender.create(nonce)
    }

    /// Creates a contract, if its constructor does not revert.
    pub fn try_create(&mut self, sender: Address, code: Vec<u8>) -> Executed {
        self.execute(sender, TxKind::Create, code.into())
    }

    /// A transaction.
    pub fn send(&mut self, sender: Address, to: Address, data: Vec<u8>) -> Executed {
        self.execute(sender, TxKind::Call(to), data.into())
    }

    /// What a view answers; it costs nothing and changes nothing.
    ///
    /// # Errors
    /// The revert's bytes.
    ///
    /// # Panics
    /// When the answer does not decode: the ABI is the contract's own.
    pub fn ask<C: SolCall>(&mut self, to: Address, call: &C) -> Result<C::Return, Bytes> {
        let answered = self.look(to, call.abi_encode());
        answered.outcome.map(|output| C::abi_decode_returns(&output).expect("the view's own type"))
    }

    /// What a view answers, and from which words.
    ///
    /// # Panics
    /// When it runs out of gas or hits an invalid instruction.
    pub fn look(&mut self, to: Address, data: Vec<u8>) -> Answered {
        let transaction = TxEnv {
            gas_limit: 10 * CALL_GAS_MAX,
            gas_price: 0,
            kind: TxKind::Call(to),
            data: data.into(),
            chain_id: Some(CHAIN_ID),
            ..TxEnv::default()
        };
        let executed = self.machine.transact(transaction).expect("a view executes");
        let outcome = match executed.result {
            ExecutionResult::Success { output, .. } => Ok(output.into_data()),
            ExecutionResult::Revert { output, .. } => Err(output),
            ExecutionResult::Halt { reason, .. } => panic!("view halted: {reason:?}"),
        };
        Answered { outcome, read: slots(&executed.state, false) }
    }

    /// Puts a word into a contract's storage, as a life before would have left it.
    pub fn set_storage(&mut self, contract: Address, slot: U256, value: U256) {
        let Ok(()) = self.machine.ctx.journaled_state.database.insert_account_storage(contract, slot, value);
    }

    fn nonce(&mut self, sender: Address) -> u64 {
        let database = &self.machine.ctx.journaled_state.database;
        database.cache.accounts.get(&sender).map_or(0, |account| account.info.nonce)
    }

    fn execute(&mut self, caller: Address, kind: TxKind, data: Bytes) -> Executed {
        let nonce = self.nonce(caller);
        let transaction = TxEnv {
            caller,
            gas_limit: CALL_GAS_MAX,
            gas_price: 0,
            kind,
            data,
            nonce,
            chain_id: Some(CHAIN_ID),
            ..TxEnv::default()
        };
        let executed = self.machine.transact(transaction).expect("a valid transaction");
        let changed = slots(&executed.state, true);
        self.machine.commit(executed.state);
        let gas = executed.result.tx_gas_used();
        let outcome = match executed.result {
            ExecutionResult::Success { output, logs, .. } => {
                Outcome::Success { output: output.into_data(), logs }
            }
            ExecutionResult::Revert { output, .. } => Outcome::Reverted(output),
            ExecutionResult::Halt { reason, .. } => Outcome::Halted(format!("{reason:?}")),
        };
        Executed { outcome, gas, changed }
    }
}

/// The words that an execution read, or only those that it changed.
fn slots(state: &EvmState, changed: bool) -> Vec<Slot> {
    let of = |(address, account): (&Address, &revm::state::Account)| {
        let (address, words) = (*address, &account.storage);
        let wanted = words.iter().filter(move |(_, word)| !changed || word.is_changed());
        wanted.map(move |(slot, _)| (address, *slot)).collect::<Vec<_>>()
    };
    state.iter().flat_map(of).collect()
}
