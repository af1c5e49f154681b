//! Signed transactions: what is not right about one is noticed, and nothing changes.

use alloy_primitives::{Address, Bytes, U256};
use multee_chain::Sender;
use serde_json::json;

use crate::support::{Face, GAS_PRICE_WEI, rich, signed, transfer};

fn refusal(face: &Face, raw: &Bytes) -> String {
    let before = face.chain.fingerprint().expect("reads");
    let (code, message) = face.refusal("eth_sendRawTransaction", &json!([raw]));
    assert_eq!(code, -32000);
    assert_eq!(face.chain.fingerprint().expect("reads"), before, "{message}");
    message
}

#[test]
fn a_transaction_is_executed_on_behalf_of_who_signed_it() {
    let face = Face::start();
    let raw = signed(&transfer(), &rich());
    let hash = face.ask("eth_sendRawTransaction", &json!([raw]));
    let receipt = face.ask("eth_getTransactionReceipt", &json!([hash]));
    assert_eq!((&receipt["from"], &receipt["status"]), (&json!(rich().address()), &json!("0x1")));
    let shown = face.ask("eth_getTransactionByHash", &json!([hash]));
    assert_eq!((&shown["from"], &shown["value"]), (&json!(rich().address()), &json!("0x1")));
    assert_eq!(face.ask("eth_getBalance", &json!([Address::repeat_byte(9), "latest"])), json!("0x1"));
    let count = |block: &str| face.ask("eth_getTransactionCount", &json!([rich().address(), block]));
    assert_eq!((count("0x0"), count("latest"), count("pending")), (json!("0x0"), json!("0x1"), json!("0x1")));
    let block = face.ask("eth_getBlockByNumber", &json!(["latest", true]));
    assert_eq!((&block["transactions"][0], &block["hash"]), (&shown, &receipt["blockHash"]));
    assert_eq!(face.ask("eth_getBlockByHash", &json!([block["hash"], true])), block);
    assert_eq!(refusal(&face, &raw), "already known");
}

#[test]
fn a_changed_bit_anywhere_is_not_the_signers_transaction() {
    let face = Face::start();
    let raw = signed(&transfer(), &rich());
    for at in 0..raw.len() {
        let mut changed = raw.to_vec();
        changed[at] ^= 1;
        refusal(&face, &changed.into());
    }
    for end in 0..raw.len() {
        refusal(&face, &raw.slice(..end));
    }
    let longer = Bytes::from([raw.as_ref(), &[0]].concat());
    assert!(refusal(&face, &longer).contains("bytes behind it"));
    // All that would be who it is not from: somebody without money. So the reason must be shown not to be that alone.
    let other = Sender::from_key(&[2; 32]).expect("a key");
    assert!(refusal(&face, &signed(&transfer(), &other)).contains("insufficient funds"));
}

#[test]
fn the_other_of_the_two_signatures_is_refused() {
    use alloy_consensus::SignableTransaction;
    use alloy_consensus::transaction::RlpEcdsaEncodableTx;
    use alloy_primitives::{Signature, uint};
    let order = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
    let face = Face::start();
    let signature = rich().sign(transfer().signature_hash()).expect("signs");
    let high = Signature::new(signature.r(), order - signature.s(), !signature.v());
    let recovered = high.recover_address_from_prehash(&transfer().signature_hash()).expect("recovers");
    assert_eq!(recovered, rich().address(), "the curve does not tell them apart");
    let mut raw = Vec::new();
    transfer().eip2718_encode_with_type(&high, 2, &mut raw);
    assert_eq!(refusal(&face, &raw.into()), "invalid sender");
}

#[test]
fn only_the_next_nonce_the_chains_id_and_a_sufficient_price_are_taken() {
    let face = Face::start();
    let refused = |change: fn(&mut alloy_consensus::TxEip1559)| {
        let mut transaction = transfer();
        change(&mut transaction);
        refusal(&face, &signed(&transaction, &rich()))
    };
    assert_eq!(refused(|t| t.nonce = 1), "nonce too high: next nonce 0, tx nonce 1");
    assert_eq!(refused(|t| t.chain_id = 1), "invalid chain id for signer");
    let low = refused(|t| (t.max_fee_per_gas, t.max_priority_fee_per_gas) = (1, 0));
    assert!(low.starts_with("max fee per gas less than block base fee"), "{low}");
    assert!(refused(|t| t.max_priority_fee_per_gas = u128::MAX).contains("higher than max fee"));
    assert!(refused(|t| t.gas_limit = 20_999).starts_with("intrinsic gas too low"));
    assert!(refused(|t| t.value = U256::from(10_u128.pow(21))).starts_with("insufficient funds"));
    assert!(refused(|t| t.max_fee_per_gas = u128::MAX).starts_with("insufficient funds"));
    face.ask("eth_sendRawTransaction", &json!([signed(&transfer(), &rich())]));
    let mut again = transfer();
    again.value = U256::from(2);
    assert_eq!(refusal(&face, &signed(&again, &rich())), "nonce too low: next nonce 1, tx nonce 0");
    let spent = U256::from(21_000 * GAS_PRICE_WEI + 1);
    let left = face.ask("eth_getBalance", &json!([rich().address(), "latest"]));
    assert_eq!(
        left,
        json!(U256::from(10_u128.pow(21)) - spent),
        "what is offered beyond the price is not taken"
    );
}

#[test]
fn gas_is_estimated_so_that_it_is_enough() {
    use crate::support::{count, deploy, succeed};
    use multee_chain::Outcome;
    let face = Face::start();
    let transfer = json!([{"from": rich().address(), "to": Address::repeat_byte(9), "value": "0x1"}]);
    assert_eq!(face.ask("eth_estimateGas", &transfer), json!("0x5208"));
    let chain = face.rpc();
    let probe = deploy(&chain);
    let counting = count(probe, b"hello");
    let asked = json!([{"from": rich().address(), "to": probe, "data": counting.data}]);
    let estimate: U256 = serde_json::from_value(face.ask("eth_estimateGas", &asked)).expect("a number");
    let with = |gas: U256| multee_chain::Transaction { gas_limit: gas.to(), ..counting.clone() };
    succeed(face.chain.as_ref(), &rich(), &with(estimate));
    let less = multee_chain::Chain::send(
        face.chain.as_ref(),
        &rich(),
        &with(estimate * U256::from(9) / U256::from(10)),
    );
    assert!(matches!(less.expect("executes").outcome, Outcome::Halted(_)));
}

#[test]
fn other_kinds_of_transactions_are_told() {
    let face = Face::start();
    for kind in [0, 1, 3, 4, 0x7f, 0xc0, 0xf8] {
        let mut raw = signed(&transfer(), &rich()).to_vec();
        raw[0] = kind;
        assert_eq!(refusal(&face, &raw.into()), "transaction type not supported");
    }
    assert_eq!(refusal(&face, &Bytes::new()), "transaction type not supported");
}
