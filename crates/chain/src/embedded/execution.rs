//! Running the machine.

use alloy_primitives::{Address, TxKind, U256};
use revm::context::result::{
    EVMError, ExecutionResult, HaltReason, InvalidTransaction, Output, ResultAndState,
};
use revm::context::{BlockEnv, CfgEnv, Context, TxEnv};
use revm::database_interface::Database;
use revm::primitives::hardfork::SpecId;
use revm::{ExecuteEvm, MainBuilder, MainContext};

use super::block::Block;
use super::config::Config;
use super::past::Tried;
use super::state::{Changes, State};
use crate::{
    Answer, CALL_GAS_MAX, ChainError, DATA_BYTES_MAX, Halt, Limit, LogEntry, Outcome, Receipt, Refusal,
    StorageError, TRANSACTION_GAS_MAX, Transaction,
};

/// Gas all of a block's transactions may use together.
const BLOCK_GAS_LIMIT: u64 = CALL_GAS_MAX;

/// Executes `transaction` as the only one of `block`. Nothing is kept yet: the receipt and the changes are
/// returned.
pub(super) fn transact(
    state: &mut State,
    config: &Config,
    block: &Block,
    sender: Address,
    nonce: u64,
    transaction: &Transaction,
) -> Result<(Receipt, Changes), ChainError> {
    Limit::DataBytes.check(transaction.data.len() as u64, DATA_BYTES_MAX as u64)?;
    Limit::TransactionGas.check(transaction.gas_limit, TRANSACTION_GAS_MAX)?;
    let environment = TxEnv {
        caller: sender,
        gas_limit: transaction.gas_limit,
        gas_price: config.gas_price_wei.into(),
        kind: transaction.to.map_or(TxKind::Create, TxKind::Call),
        value: transaction.value,
        data: transaction.data.clone(),
        nonce,
        chain_id: Some(config.chain_id),
        ..TxEnv::default()
    };
    let ResultAndState { result, state: touched } =
        run(&mut *state, settings(config), block_environment(config, block), environment)?;
    let changes = state.trim(Changes::of(touched))?;
    Ok((receipt(config, block, sender, transaction, result), changes))
}

/// Executes `transaction` as if within `block` on the state that `state` gives, and keeps nothing. Nobody pays, any
/// account may ask, contracts too, and it may use a block's gas.
pub(super) fn try_out<S: Database<Error = StorageError>>(
    state: S,
    config: &Config,
    block: &Block,
    from: Address,
    transaction: &Transaction,
) -> Result<Tried, ChainError> {
    Limit::DataBytes.check(transaction.data.len() as u64, DATA_BYTES_MAX as u64)?;
    Limit::CallGas.check(transaction.gas_limit, CALL_GAS_MAX)?;
    let environment = TxEnv {
        caller: from,
        gas_limit: transaction.gas_limit,
        kind: transaction.to.map_or(TxKind::Create, TxKind::Call),
        value: transaction.value,
        data: transaction.data.clone(),
        chain_id: Some(config.chain_id),
        ..TxEnv::default()
    };
    let mut settings = settings(config);
    settings.disable_nonce_check = true;
    settings.disable_eip3607 = true;
    settings.tx_gas_limit_cap = Some(CALL_GAS_MAX);
    let block = BlockEnv { basefee: 0, ..block_environment(config, block) };
    let result = run(state, settings, block, environment)?.result;
    let gas_used = result.tx_gas_used();
    let answer = match result {
        ExecutionResult::Success { output, .. } => Answer::Returned(output.into_data()),
        ExecutionResult::Revert { output, .. } => Answer::Reverted(output),
        ExecutionResult::Halt { reason, .. } => Answer::Halted(halt(&reason)),
    };
    Ok(Tried { answer, gas_used })
}

fn run<S: Database<Error = StorageError>>(
    state: S,
    settings: CfgEnv,
    block: BlockEnv,
    transaction: TxEnv,
) -> Result<ResultAndState, ChainError> {
    let context = Context::mainnet().with_db(state).with_cfg(settings).with_block(block);
    context.build_mainnet().transact(transaction).map_err(refused)
}

fn settings(config: &Config) -> CfgEnv {
    let mut settings = CfgEnv::new_with_spec(SpecId::OSAKA).with_chain_id(config.chain_id);
    settings.tx_gas_limit_cap = Some(TRANSACTION_GAS_MAX);
    settings
}

fn block_environment(config: &Config, block: &Block) -> BlockEnv {
    BlockEnv {
        number: U256::from(block.number),
        beneficiary: Address::ZERO,
        timestamp: U256::from(block.timestamp_s),
        gas_limit: BLOCK_GAS_LIMIT,
        // All of the price is base fee, so that it is burnt and no account gains by it.
        basefee: config.gas_price_wei,
        prevrandao: Some(block.randomness()),
        ..BlockEnv::default()
    }
}

fn receipt(
    config: &Config,
    block: &Block,
    from: Address,
    transaction: &Transaction,
    result: ExecutionResult,
) -> Receipt {
    let transaction_hash = block.transaction.unwrap_or_default();
    let (gas_used, created) = (result.tx_gas_used(), result.created_address());
    let (outcome, logs) = match result {
        ExecutionResult::Success { logs, output: Output::Call(_) | Output::Create(..), .. } => {
            (Outcome::Success, logs)
        }
        ExecutionResult::Revert { output, .. } => (Outcome::Reverted(output), Vec::new()),
        ExecutionResult::Halt { reason, .. } => (Outcome::Halted(halt(&reason)), Vec::new()),
    };
    let logs = (0..).zip(logs).map(|(index, log)| LogEntry {
        log,
        block_number: block.number,
        block_hash: block.hash,
        index,
        transaction_hash,
    });
    Receipt {
        transaction_hash,
        block_number: block.number,
        block_hash: block.hash,
        from,
        to: transaction.to,
        created,
        gas_used,
        gas_price_wei: config.gas_price_wei.into(),
        outcome,
        logs: logs.collect(),
    }
}

fn halt(reason: &HaltReason) -> Halt {
    match reason {
        HaltReason::OutOfGas(_) => Halt::OutOfGas,
        HaltReason::CreateContractSizeLimit
        | HaltReason::CreateContractStartingWithEF
        | HaltReason::CreateInitCodeSizeLimit => Halt::CodeNotStorable,
        HaltReason::OpcodeNotFound
        | HaltReason::InvalidFEOpcode
        | HaltReason::InvalidJump
        | HaltReason::NotActivated
        | HaltReason::StackUnderflow
        | HaltReason::StackOverflow => Halt::InvalidExecution,
        _ => Halt::Other,
    }
}

fn refused(error: EVMError<StorageError>) -> ChainError {
    let invalid = match error {
        EVMError::Database(error) => return error.into(),
        EVMError::Transaction(invalid) => invalid,
        other => return Refusal::Invalid(other.to_string()).into(),
    };
    let refusal = match invalid {
        InvalidTransaction::LackOfFundForMaxFee { fee, balance } => {
            Refusal::InsufficientFunds { needed: *fee, available: *balance }
        }
        InvalidTransaction::CallGasCostMoreThanGasLimit { initial_gas, gas_limit } => {
            Refusal::GasLimitTooSmall { limit: gas_limit, needed: initial_gas }
        }
        InvalidTransaction::GasFloorMoreThanGasLimit { gas_floor, gas_limit } => {
            Refusal::GasLimitTooSmall { limit: gas_limit, needed: gas_floor }
        }
        InvalidTransaction::CreateInitCodeSizeLimit => Refusal::CreationCodeTooLarge,
        InvalidTransaction::RejectCallerWithCode => Refusal::SenderIsContract,
        other => Refusal::Invalid(other.to_string()),
    };
    refusal.into()
}
