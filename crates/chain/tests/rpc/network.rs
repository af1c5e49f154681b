//! The real contracts on anvil: deployed, opened and read over JSON-RPC.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{ContractError, SolCall, SolEvent};
use multee_chain::bindings::IProofOfAttestation as Contract;
use multee_chain::bindings::deployed::{ProofOfAttestation, Reader, Registry, TestToken};
use multee_chain::{Chain, ChainError, LogFilter, Outcome, Refusal, Transaction, decode_error, read};
use serde_json::{Value, json};

use crate::anvil::Anvil;
use crate::parameters::{parameters, settings};
use crate::support::{over, rich, succeed};

/// Seconds from the first block to the network's genesis.
const FOUNDING_S: u64 = 1000;

fn create(chain: &dyn Chain, creation: &Transaction) -> Address {
    succeed(chain, &rich(), creation).created.expect("creates")
}

fn invoke(chain: &dyn Chain, to: Address, function: &impl SolCall) {
    succeed(chain, &rich(), &Transaction::invoke(to, function));
}

/// The contract with its genesis; nobody is seated.
fn deploy(chain: &dyn Chain) -> (Address, u64) {
    let genesis = chain.head().expect("head").timestamp_s + FOUNDING_S;
    let token = create(chain, &Transaction::deploy(&TestToken::BYTECODE, &TestToken::constructorCall {}));
    let settings = settings(token, rich().address(), genesis);
    let arguments = Reader::constructorCall { settings_: settings.clone().into() };
    let reader_ = create(chain, &Transaction::deploy(&Reader::BYTECODE, &arguments));
    let arguments = Registry::constructorCall { settings_: settings.clone().into(), reader_ };
    let registry_ = create(chain, &Transaction::deploy(&Registry::BYTECODE, &arguments));
    let (settings_, parameters_) = (settings.into(), parameters().into());
    let arguments = ProofOfAttestation::constructorCall { settings_, parameters_, registry_ };
    let code = &ProofOfAttestation::BYTECODE;
    (create(chain, &Transaction::deploy(code, &arguments)), genesis)
}

#[test]
fn an_epoch_is_opened_and_seeded_by_a_block_of_the_chain() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    let (contract, genesis_s) = deploy(&chain);
    invoke(&chain, contract, &Contract::setPolicyCall { document: b"policy"[..].into() });
    assert_eq!(
        read(&chain, contract, &Contract::parametersCall {}).expect("answers").minDeposit,
        parameters().minDeposit
    );

    let early = chain.send(&rich(), &Transaction::invoke(contract, &Contract::seedEpochCall {}));
    let Err(ChainError::Refused(Refusal::WouldRevert(data))) = early else { panic!("{early:?}") };
    decode_error::<Contract::IProofOfAttestationErrors>(&data).expect("one of the contract's errors");

    anvil.ask("evm_setNextBlockTimestamp", &json!([genesis_s]));
    anvil.mine(1);
    invoke(&chain, contract, &Contract::openEpochCall {});
    anvil.mine(3);
    invoke(&chain, contract, &Contract::seedEpochCall {});
    let head = chain.head().expect("head");
    let logs = chain.logs(&LogFilter::of(contract, 0, head.number)).expect("answers");
    let seeded = logs.iter().filter(|entry| entry.log.topics()[0] == Contract::EpochSeeded::SIGNATURE_HASH);
    assert_eq!(seeded.count(), 1);
    assert_eq!(
        U256::from(read(&chain, contract, &Contract::networkCall {}).expect("answers").seats),
        U256::ZERO
    );
}

#[test]
fn who_comes_second_in_a_block_is_told_what_the_first_one_did() {
    let anvil = Anvil::start();
    let chain = over(&anvil);
    let (contract, genesis_s) = deploy(&chain);
    invoke(&chain, contract, &Contract::setPolicyCall { document: b"policy"[..].into() });
    anvil.ask("evm_setNextBlockTimestamp", &json!([genesis_s]));
    anvil.mine(1);
    anvil.set_automine(false);
    let accounts = anvil.ask("eth_accounts", &json!([]));
    let data = Bytes::from(Contract::openEpochCall {}.abi_encode());
    let open = |account: &Value| -> B256 {
        let sent = json!([{"from": account, "to": contract, "data": data, "gas": "0x100000"}]);
        serde_json::from_value(anvil.ask("eth_sendTransaction", &sent)).expect("a hash")
    };
    let sent = [open(&accounts[1]), open(&accounts[2])];
    anvil.mine(1);
    let outcomes = sent.map(|hash| chain.receipt(hash).expect("answers").expect("executed").outcome);
    let mut reasons = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Reverted(data) => Some(decode_error::<Contract::IProofOfAttestationErrors>(data)),
        _ => None,
    });
    let reason = reasons.next().expect("one was second").expect("one of the contract's errors");
    let opened = |error| matches!(error, Contract::IProofOfAttestationErrors::EpochAlreadyOpened(_));
    assert!(matches!(&reason, ContractError::CustomError(error) if opened(error.clone())), "{reason:?}");
    assert!(reasons.next().is_none() && outcomes.contains(&Outcome::Success), "{outcomes:?}");
}
