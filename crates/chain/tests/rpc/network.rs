//! The real contracts on anvil: deployed, opened and read over JSON-RPC.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolEvent};
use multee_chain::bindings::IProofOfAttestation as Contract;
use multee_chain::bindings::deployed::{ProofOfAttestation, Reader, Registry, TestToken};
use multee_chain::{Chain, ChainError, LogFilter, Refusal, Transaction, decode_error, read};
use multee_protocol::Fixed;
use serde_json::json;

use crate::anvil::Anvil;
use crate::parameters::parameters;
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
    let (fixed, owner) = (Fixed::default(), rich().address());
    let token = create(chain, &Transaction::deploy(&TestToken::BYTECODE, &TestToken::constructorCall {}));
    macro_rules! settings {
        ($contract:ident) => {
            $contract::Settings {
                token,
                owner,
                genesis,
                epochSeconds: fixed.epoch_seconds,
                retentionEpochs: fixed.retention_epochs.into(),
                maxSeats: fixed.max_seats,
            }
        };
    }
    let arguments = Reader::constructorCall { settings_: settings!(Reader) };
    let reader_ = create(chain, &Transaction::deploy(&Reader::BYTECODE, &arguments));
    let arguments = Registry::constructorCall { settings_: settings!(Registry), reader_ };
    let registry_ = create(chain, &Transaction::deploy(&Registry::BYTECODE, &arguments));
    let (settings_, parameters_) = (settings!(ProofOfAttestation), parameters());
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
