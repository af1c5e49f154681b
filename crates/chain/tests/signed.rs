//! What a JSON-RPC server in front of the embedded chain asks of it: signed transactions, and states of the past.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, sol};
use multee_chain::embedded::{At, Authorised, BlockRecord, Config, Embedded, STATES_KEPT};
use multee_chain::{Answer, Chain, ChainError, Outcome, Refusal, Sender, Transaction};

sol!(
    #[allow(missing_docs)]
    Probe,
    "tests/fixtures/Probe.json"
);

fn chain() -> Embedded {
    Embedded::in_memory(Config::devnet(31_337, 1_700_000_000)).expect("opens")
}

fn by() -> Sender {
    Sender::from_key(&[1; 32]).expect("a key")
}

fn deploy(chain: &Embedded) -> Address {
    let code = Transaction::deploy(&Probe::BYTECODE, &Probe::constructorCall { start: U256::ZERO });
    chain.send(&by(), &code).expect("executes").created.expect("creates")
}

fn count(probe: Address) -> Transaction {
    Transaction::invoke(probe, &Probe::countCall { note: vec![7].into() })
}

fn signed(nonce: u64, transaction: Transaction) -> Authorised {
    let hash = B256::left_padding_from(&nonce.to_be_bytes());
    Authorised { hash, sender: by().address(), nonce, transaction }
}

fn total_at(chain: &Embedded, at: At, probe: Address) -> Option<U256> {
    let asked = Transaction::invoke(probe, &Probe::totalCall {});
    let answer = chain.try_at(at, Address::ZERO, &asked).expect("answers")?.answer;
    let Answer::Returned(data) = answer else { panic!("{answer:?}") };
    Some(Probe::totalCall::abi_decode_returns(&data).unwrap_or_default())
}

#[test]
fn a_signed_transaction_is_executed_under_its_hash_and_with_the_next_nonce_only() {
    let chain = chain();
    let probe = deploy(&chain);
    let before = chain.fingerprint().expect("reads");
    for nonce in [0, 2, u64::MAX] {
        let refused = chain.execute(&signed(nonce, count(probe)));
        assert!(matches!(refused, Err(ChainError::Refused(Refusal::Invalid(_)))), "{nonce}: {refused:?}");
    }
    assert_eq!(chain.fingerprint().expect("reads"), before);
    let once = signed(1, count(probe));
    let receipt = chain.execute(&once).expect("executes");
    assert_eq!((receipt.transaction_hash, receipt.from), (once.hash, by().address()));
    assert_eq!((receipt.outcome.clone(), receipt.logs.len()), (Outcome::Success, 1));
    assert_eq!(receipt.logs[0].transaction_hash, once.hash);
    assert_eq!(chain.receipt(once.hash).expect("reads"), Some(receipt));
    assert!(chain.execute(&once).is_err(), "its nonce is used");
}

#[test]
fn states_of_the_past_are_as_they_were() {
    let chain = chain();
    let probe = deploy(&chain);
    for _ in 0..3 {
        chain.send(&by(), &count(probe)).expect("executes");
        chain.mine(2).expect("mines");
    }
    // Blocks: 0, the deployment in 1, counts in 2, 5 and 8.
    let totals: Vec<_> = (0..=10).map(|number| total_at(&chain, At::Block(number), probe)).collect();
    let counted = [0_u64, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3].map(|total| Some(U256::from(total)));
    assert_eq!(totals, counted);
    assert_eq!(total_at(&chain, At::Next, probe), counted[10]);
    assert_eq!(total_at(&chain, At::Block(11), probe), None);
    let nonce =
        |number| chain.account_at(number, by().address()).expect("reads").map(|account| account.nonce);
    assert_eq!([0, 1, 2, 4, 5, 10].map(nonce), [0, 1, 2, 2, 3, 4].map(Some));
    assert_eq!(nonce(11), None);
    let code = |number| chain.account_at(number, probe).expect("reads").expect("kept").code;
    assert!(code(0).is_empty() && !code(1).is_empty());
    assert!(chain.head().expect("head").number == 10, "trials leave no trace");
}

#[test]
fn states_are_kept_for_so_many_blocks_and_not_across_openings() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("chain");
    let config = Config::devnet(31_337, 1_700_000_000);
    let chain = Embedded::open(&path, config.clone()).expect("opens");
    let probe = deploy(&chain);
    chain.send(&by(), &count(probe)).expect("executes");
    chain.mine(STATES_KEPT).expect("mines");
    assert_eq!(total_at(&chain, At::Block(2), probe), Some(U256::from(1)));
    assert_eq!(total_at(&chain, At::Block(1), probe), None);
    chain.mine(1).expect("mines");
    assert_eq!(total_at(&chain, At::Block(2), probe), None);
    let head = chain.head().expect("head").number;
    drop(chain);
    let chain = Embedded::open(&path, config).expect("opens");
    assert_eq!(total_at(&chain, At::Block(head), probe), Some(U256::from(1)));
    assert_eq!(total_at(&chain, At::Block(head - 1), probe), None);
}

#[test]
fn a_trial_is_of_its_block_and_says_what_it_takes() {
    let chain = chain();
    let probe = deploy(&chain);
    chain.mine(3).expect("mines");
    let hash_of = |number: u64, at| {
        let asked = Transaction::invoke(probe, &Probe::hashOfCall { number: U256::from(number) });
        let tried = chain.try_at(at, Address::ZERO, &asked).expect("answers").expect("kept");
        let Answer::Returned(data) = tried.answer else { panic!("{:?}", tried.answer) };
        B256::from_slice(&data)
    };
    let hash = |number| chain.block(number).expect("reads").expect("there").hash;
    assert_eq!(hash_of(2, At::Block(3)), hash(2));
    assert_eq!(hash_of(3, At::Block(3)), B256::ZERO, "a block does not know its own hash");
    assert_eq!(hash_of(4, At::Next), hash(4));
    let tried = chain.try_at(At::Next, by().address(), &count(probe)).expect("answers").expect("kept");
    let used = chain.send(&by(), &count(probe)).expect("executes").gas_used;
    assert_eq!(tried.gas_used, used);
    let value = Transaction::transfer(probe, U256::from(1));
    let refused = chain.try_at(At::Next, by().address(), &value);
    assert!(matches!(refused, Err(ChainError::Refused(Refusal::InsufficientFunds { .. }))), "{refused:?}");
}

#[test]
fn blocks_are_found_by_number_and_by_hash() {
    let chain = chain();
    deploy(&chain);
    let first = chain.block_record(1).expect("reads").expect("there");
    let BlockRecord { head, parent_hash, transaction_hash, .. } = first;
    assert_eq!(Some(parent_hash), chain.block(0).expect("reads").map(|block| block.hash));
    assert!(chain.receipt(transaction_hash.expect("has one")).expect("reads").is_some());
    assert_eq!(chain.block_with_hash(head.hash).expect("reads"), Some(first));
    assert_eq!(chain.block_with_hash(B256::ZERO).expect("reads"), None);
    assert_eq!(chain.block_record(2).expect("reads"), None);
}
