//! What networks do, audited.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::deployed::{Registry, TestToken};
use multee_chain::{Chain, LogFilter, Sender, Transaction};
use multee_replay::{AuditError, Verdict, Why, audit, deployments};

use crate::batch::batch;
use crate::cut::Cut;
use crate::stage::{INCARNATION, OPERATOR, OWNER, PROVIDER, Stage, key, measurement};

fn agrees(stage: &Stage) -> multee_replay::Replayed {
    let audit = stage.audited();
    assert_eq!(audit.verdict, Verdict::Agrees, "{:#?}", audit.verdict);
    assert!(audit.sums.add_up() && audit.views > 0);
    audit.replayed
}

/// Who makes a batch, and the address that the batch has while it runs.
fn caller(number: u32) -> (Sender, Address) {
    let sender = key(9, number);
    let address = sender.address().create(0);
    (sender, address)
}

#[test]
fn settlement_before_a_publication_in_one_transaction_is_told_from_its_own() {
    let stage = Stage::new(3);
    let (sender, operator) = caller(1);
    for epoch in 0..4 {
        stage.epoch(epoch, &[1, 2, 3]);
    }
    for epoch in 4..7 {
        stage.epoch(epoch, &[2, 3]);
    }
    stage.send(&key(PROVIDER, 1), &contract::setOperatorCall { seat: 1, operator });
    stage.epoch(7, &[]);
    let place = |seat, epoch| {
        let block = stage.read(&contract::blockOfSeatCall { seat, epoch });
        assert!(block.due, "block of seat {seat}, epoch {epoch}");
        contract::BlockRef { epoch, order: block.order }
    };
    let settle = |blocks| (stage.contract, contract::settleCall { blocks }.abi_encode());
    let publication = stage.block(1);
    stage.execute(
        &sender,
        &batch(&[
            settle(vec![place(1, 3)]),
            settle(vec![place(2, 5), place(3, 5)]),
            settle(vec![place(1, 1)]),
            (stage.contract, contract::publishCall { publication }.abi_encode()),
        ]),
    );
    agrees(&stage);
}

#[test]
fn deposits_and_donations_of_one_transaction_are_told_apart() {
    let stage = Stage::new(2);
    let (sender, joiner) = caller(1);
    stage.epoch(0, &[1, 2]);
    stage.begin(1);
    let deposit = U256::from(stage.read(&contract::parametersCall {}).minDeposit);
    let registration = |number: u32| contract::Registration {
        operator: key(OPERATOR, number).address(),
        deviceId: B256::repeat_byte(0x77),
        incarnation: key(INCARNATION, number).address(),
        measurement: measurement(),
    };
    let token = stage.founded.token;
    let mint = |to, amount| (token, TestToken::mintCall { to, amount }.abi_encode());
    let join =
        |number| (stage.contract, contract::joinCall { registration: registration(number) }.abi_encode());
    let approve = TestToken::approveCall { spender: stage.contract, value: deposit * U256::from(2) };
    let opening = (stage.contract, contract::openEpochCall {}.abi_encode());
    stage.execute(
        &sender,
        &batch(&[
            mint(joiner, deposit * U256::from(2)),
            (token, approve.abi_encode()),
            mint(stage.contract, deposit),
            join(3),
            mint(stage.contract, deposit),
            join(4),
            opening,
            mint(stage.contract, U256::from(5)),
        ]),
    );
    assert_eq!(agrees(&stage).donations, 4);
}

#[test]
fn all_that_owners_and_providers_do_is_replayed() {
    let stage = Stage::new(4);
    let (owner, heir) = (key(OWNER, 0), key(OWNER, 1));
    stage.epoch(0, &[1, 2, 3, 4]);
    stage.epoch(1, &[1, 2, 3, 4]);
    let mut parameters = stage.read(&contract::parametersCall {});
    parameters.suspiciousChecks = 20;
    stage.send(&owner, &contract::announceParametersCall { parameters_: parameters });
    stage.send(&owner, &contract::setPolicyCall { document: b"another".into() });
    let value = contract::ReferenceValue { measurement: measurement(), fromEpoch: 0, untilEpoch: 9 };
    stage.send(&owner, &contract::setReferenceValuesCall { values: vec![value] });
    stage.send(&owner, &contract::setPausedCall { paused: true });
    stage.send(&owner, &contract::setPausedCall { paused: false });
    stage.execute(&owner, &invoke(&stage, &Registry::transferOwnershipCall { newOwner: heir.address() }));
    stage.execute(&heir, &invoke(&stage, &Registry::acceptOwnershipCall {}));
    stage.execute(&heir, &invoke(&stage, &Registry::renounceOwnershipCall {}));
    let incarnation = key(INCARNATION, 40).address();
    let restart = contract::restartCall { seat: 4, incarnation, measurement: measurement() };
    stage.send(&key(OPERATOR, 4), &restart);
    stage.send(&key(PROVIDER, 3), &contract::exitCall { seat: 3 });
    for epoch in 2..9 {
        stage.epoch(epoch, &[1, 2]);
    }
    agrees(&stage);
    // What the contract refuses for the seat's sake, it tells.
    let publication = stage.block(3);
    stage.send(&key(OPERATOR, 3), &contract::publishCall { publication });
    stage.send(&key(PROVIDER, 1), &contract::withdrawRewardsCall { seat: 1 });
    // Blocks that are still open when the seat leaves become void, or are settled.
    let blocks = (0..2).map(|epoch| {
        let order = stage.read(&contract::blockOfSeatCall { seat: 3, epoch }).order;
        contract::BlockRef { epoch, order }
    });
    let blocks: Vec<_> = blocks.collect();
    for _ in 0..2 {
        stage.send(&key(OWNER, 9), &contract::settleCall { blocks: blocks.clone() });
    }
    stage.send(&key(PROVIDER, 3), &contract::withdrawDepositCall { seat: 3 });
    let replayed = agrees(&stage);
    assert!(replayed.blocks == 22 && replayed.donations == 1, "{replayed:?}");
}

/// Tokens for a deposit, and leave to take them.
fn fund(stage: &Stage, provider: &Sender) {
    let amount = U256::from(stage.read(&contract::parametersCall {}).minDeposit);
    let token = stage.founded.token;
    let mint = TestToken::mintCall { to: provider.address(), amount };
    stage.execute(provider, &Transaction::invoke(token, &mint));
    let approve = TestToken::approveCall { spender: stage.contract, value: amount };
    stage.execute(provider, &Transaction::invoke(token, &approve));
}

#[test]
fn reports_bounties_rejoining_and_revival_are_replayed() {
    let stage = Stage::new(4);
    for epoch in 0..3 {
        stage.epoch(epoch, &[1, 2, 3, 4]);
    }
    stage.send(&key(OWNER, 5), &contract::reportEquivocationCall { pair: stage.equivocation(2) });
    stage.send(&key(OWNER, 5), &contract::withdrawBountyCall {});
    stage.send(&key(OWNER, 6), &contract::reportEquivocationCall { pair: stage.equivocation(4) });
    stage.send(&key(PROVIDER, 3), &contract::exitCall { seat: 3 });
    stage.begin(8);
    stage.send(&key(OWNER, 0), &contract::announceStandstillCall {});
    stage.begin(10);
    stage.send(&key(OWNER, 0), &contract::reviveCall { seats: vec![1] });
    stage.epoch(10, &[1]);
    agrees(&stage);
    // All of seat 3's blocks are void by then.
    stage.begin(60);
    stage.send(&key(PROVIDER, 3), &contract::withdrawDepositCall { seat: 3 });
    fund(&stage, &key(PROVIDER, 3));
    let incarnation = key(INCARNATION, 30).address();
    let operator = key(OPERATOR, 3).address();
    let rejoin = contract::rejoinCall { seat: 3, operator, incarnation, measurement: measurement() };
    stage.send(&key(PROVIDER, 3), &rejoin);
    agrees(&stage);
    let network = stage.read(&contract::networkCall {});
    assert!(network.bounties > 0, "one bounty is owed still");
}

fn invoke(stage: &Stage, call: &impl SolCall) -> Transaction {
    Transaction::invoke(stage.contract, call)
}

#[test]
fn a_network_older_than_its_rings_is_replayed() {
    let stage = Stage::new(3);
    for epoch in 0..40 {
        // One of them pauses now and then.
        let seats: &[u32] = if epoch % 7 == 3 { &[1, 2] } else { &[1, 2, 3] };
        stage.epoch(epoch, seats);
    }
    assert_eq!(agrees(&stage).blocks, 40 * 3 - 6);
}

#[test]
fn chains_that_answer_with_few_logs_are_read_in_small_portions() {
    let stage = Stage::new(3);
    for epoch in 0..4 {
        stage.epoch(epoch, &[1, 2, 3]);
    }
    let whole = stage.audited();
    let chain: &dyn Chain = stage.chain.as_ref();
    for logs_max in [4, 7, 30] {
        assert_eq!(audit(&Cut { chain, logs_max }, stage.contract).expect("audited"), whole);
        assert_eq!(deployments(&Cut { chain, logs_max }, 8).expect("found"), [stage.contract]);
    }
    // A block's logs are not to be divided.
    assert!(matches!(audit(&Cut { chain, logs_max: 0 }, stage.contract), Err(AuditError::Chain(_))));
}

#[test]
fn an_address_without_the_contract_is_no_subject_of_an_audit() {
    let stage = Stage::new(1);
    for address in [Address::ZERO, stage.founded.token] {
        let answer = audit(stage.chain.as_ref(), address);
        assert!(matches!(answer, Err(AuditError::NotTheContract { .. })), "{answer:?}");
    }
    // The registry answers all views, with a storage of its own, and tells of an owner but of no deployment.
    let logs = stage.chain.logs(&LogFilter::of(stage.contract, 0, 100)).expect("logs");
    let registry = Address::from_word(logs[1].log.topics()[1]);
    let found = audit(stage.chain.as_ref(), registry).expect("audited").verdict;
    assert!(matches!(&found, Verdict::Diverges(at) if at.why == Why::Deployment), "{found:?}");
}
