//! The owner changes what may be changed, and from when is told before.

use alloy_primitives::{Address, B256};
use multee_chain::rpc::Rpc;
use multee_chain::{Chain as _, Sender};
use multee_confirmation::ReferenceValue;
use multee_founding::{
    Change, Governed, GoverningError, NEVER, NetworkConfig, apply, policy_document, propose,
};
use multee_protocol::Parameters;
use serde_json::json;

use crate::anvil::Anvil;
use crate::support::{Desk, POLICY, config, rich};

fn governed(rpc: &Rpc, contract: Address) -> Governed {
    Governed::read(rpc, contract).expect("answers")
}

#[test]
fn reference_values_and_policy_are_set_and_read_back() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let (rpc, record) = desk.founded(&anvil, &config());
    let contract = record.kept().contract.expect("deployed");
    let before = governed(&rpc, contract);
    assert_eq!((before.epoch, before.seats, before.owner), (None, 2, rich().address()));
    let added = ReferenceValue { measurement: B256::repeat_byte(9), from_epoch: 3, until_epoch: NEVER };
    let references = [before.references.as_slice(), &[added]].concat();
    let proposal = propose(&before, &Change::References(references.clone())).expect("proposed");
    assert_eq!((proposal.from_epoch, proposal.from_s), (0, record.kept().genesis_s));
    apply(&rpc, &rich(), &proposal).expect("applied");
    assert_eq!(governed(&rpc, contract).references, references);

    let document = [POLICY, b"\n"].concat();
    let proposal = propose(&before, &Change::Policy(document.clone())).expect("proposed");
    apply(&rpc, &rich(), &proposal).expect("applied");
    let digest = governed(&rpc, contract).policy_digest;
    let found = |digest| {
        policy_document(&rpc, contract, digest, record.kept().from_block)
            .expect("answers")
            .map(|found| found.to_vec())
    };
    assert_eq!(found(digest), Some(document));
    assert_eq!(found(before.policy_digest), Some(POLICY.to_vec()));
    assert_eq!(found(B256::ZERO), None);
}

#[test]
fn parameters_are_announced_for_the_epoch_that_was_told() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let (rpc, record) = desk.founded(&anvil, &config());
    let contract = record.kept().contract.expect("deployed");
    anvil.ask("evm_setNextBlockTimestamp", &json!([record.kept().genesis_s + 130]));
    anvil.mine(1);
    let before = governed(&rpc, contract);
    assert_eq!(before.epoch, Some(2));
    let parameters = Parameters { max_penalties: 9, min_deposit: 7, ..before.parameters };
    let proposal = propose(&before, &Change::Parameters(parameters)).expect("proposed");
    assert_eq!((proposal.from_epoch, proposal.from_s), (9, record.kept().genesis_s + 540));
    apply(&rpc, &rich(), &proposal).expect("applied");
    let after = governed(&rpc, contract);
    assert_eq!((after.parameters, after.announced), (before.parameters, Some((9, parameters))));
}

#[test]
fn only_the_owner_governs_and_the_offered_one_is_told() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let heir = Address::repeat_byte(0xAB);
    let (rpc, record) = desk.founded(&anvil, &NetworkConfig { owner: Some(heir), ..config() });
    let contract = record.kept().contract.expect("deployed");
    let network = governed(&rpc, contract);
    assert_eq!((network.owner, network.offered), (rich().address(), Some(heir)));
    let proposal = propose(&network, &Change::References(Vec::new())).expect("proposed");
    let stranger = Sender::from_key(&[9; 32]).expect("a key");
    let refused = apply(&rpc, &stranger, &proposal).expect_err("refused");
    assert!(matches!(refused, GoverningError::NotOwner { .. }), "{refused}");
}

#[test]
fn what_is_no_network_is_told() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let (rpc, record) = desk.founded(&anvil, &config());
    assert!(Governed::read(&rpc, Address::repeat_byte(5)).is_err());
    assert!(Governed::read(&rpc, record.kept().token.expect("deployed")).is_err());
    assert!(rpc.head().is_ok());
}
