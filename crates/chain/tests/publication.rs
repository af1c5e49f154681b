//! The real contract on the embedded chain, met through its bindings and with our own digests.

mod support {
    pub(crate) mod network;
}

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::{ContractError, SolEvent};
use multee_chain::bindings::IProofOfAttestation::{self as Contract, IProofOfAttestationErrors as Errors};
use multee_chain::embedded::{Config, Embedded};
use multee_chain::{Chain, LogFilter, Outcome, ReadError, Transaction, decode_error, read};
use multee_protocol::{ChallengeInputs, Check, Marks, SeatId, SeedInputs, evidence_binding, identity};
use support::network::{Network, measurement};

fn network(size: u32) -> Network {
    Network::found(Embedded::in_memory(Config::devnet(31_337, 1_700_000_000)).expect("opens"), size)
}

fn valid(check: Check) -> u8 {
    u8::from(check != Check::Empty)
}

#[test]
fn seed_challenge_digest_and_assignment_are_the_contracts() {
    let mut network = network(6);
    let mut last_seed = B256::ZERO;
    for epoch in 0..3 {
        let source = network.open(epoch);
        let view = network.ask(&Contract::epochOfCall { epoch });
        let inputs = SeedInputs { deployment: network.deployment, epoch, last_seed, block_hash: source.hash };
        let seed = inputs.seed();
        assert_eq!(view.seedBlock, source.number);
        assert_eq!(network.ask(&Contract::networkCall {}).lastSeed, seed);
        last_seed = seed;
        for index in 0..6 {
            let seat = network.devices[index].seat;
            let inputs = ChallengeInputs {
                deployment: network.deployment,
                epoch,
                epoch_start_s: network.epoch_start_s(epoch),
                seed,
                seat: SeatId(seat),
                policy_digest: view.policyDigest,
                reference_list_digest: view.referenceDigest,
            };
            assert_eq!(view.root, inputs.root());
            assert_eq!(network.ask(&Contract::challengeOfCall { seat }), inputs.challenge());
            compare_assignment(&network, epoch, index);
            let marks = network.marks(epoch, index, valid);
            let publication = network.publication(epoch, index, marks, &[7; 100]);
            network.publish(index, publication);
        }
    }
    let filter = LogFilter::of(network.deployment.contract, 0, network.chain.head().expect("head").number);
    let published =
        network.chain.logs(&filter.event(Contract::BlockPublished::SIGNATURE_HASH)).expect("reads");
    assert_eq!(published.len(), 18);
}

/// The contract names blocks; in a roster a block's order is its rank.
fn compare_assignment(network: &Network, epoch: u32, index: usize) {
    let theirs = network.ask(&Contract::assignmentOfCall { seat: network.devices[index].seat });
    let Some(ours) = network.assignment(epoch, index) else {
        return assert_eq!(epoch, 0, "without rank");
    };
    let latest = ours.checks().filter_map(|check| match check {
        Check::Latest { rank } => Some(rank),
        _ => None,
    });
    let ordered: Vec<u32> = theirs.latest.iter().map(|block| block.order).collect();
    assert_eq!(latest.collect::<Vec<_>>(), ordered);
    assert_eq!(ordered.len(), 2);
}

/// What the contract says to a publication that it does not take.
fn refused(network: &Network, by: usize, call: &Contract::publishCall) -> Errors {
    let transaction = Transaction::invoke(network.deployment.contract, call);
    let receipt = network.chain.send(&network.devices[by].operator, &transaction).expect("executes");
    let Outcome::Reverted(data) = receipt.outcome else { panic!("{:?}", receipt.outcome) };
    match decode_error::<Errors>(&data) {
        Ok(ContractError::CustomError(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_contract_refuses_it_names() {
    let mut network = network(3);
    network.open(0);
    let publication = network.publication(0, 0, Marks::default(), &[7; 100]);
    let mut forged = publication.0.clone();
    forged.publication.power += 1;
    network.publish(0, publication.clone());
    let contract = network.deployment.contract;
    let refused = |by: usize, call: &Contract::publishCall| refused(&network, by, call);
    let again = refused(0, &publication.0);
    assert_eq!(again, Errors::EpochAlreadyPublished(Contract::EpochAlreadyPublished { seat: 1, epoch: 0 }));
    assert!(matches!(refused(1, &publication.0), Errors::CallerNotOperator(_)));
    let (mut other, _) = network.publication(0, 1, Marks::default(), &[7; 100]);
    other.publication.power += 1;
    assert!(matches!(refused(1, &other), Errors::SignatureWrong(_)));
    let (unknown, _) = network.publication(0, 1, Marks(U256::from(7)), &[7; 100]);
    assert!(matches!(refused(1, &unknown), Errors::MarkUnknown(_)));
    assert!(matches!(refused(0, &forged), Errors::SignatureWrong(_)));

    // The registry's errors come through the contract's fallback.
    let error = read(&network.chain, contract, &Contract::challengeOfCall { seat: 99 }).expect_err("unknown");
    let ReadError::Reverted(data) = error else { panic!("{error}") };
    let expected = Errors::SeatUnknown(Contract::SeatUnknown { seat: 99 });
    assert_eq!(decode_error::<Errors>(&data), Ok(ContractError::CustomError(expected)));
}

#[test]
fn certificates_published_once_are_bound_to_every_later_block() {
    let mut network = network(3);
    let certificates = [vec![0x41; 3_600], vec![0x42; 3_600]];
    let [first, second] = [0, 1].map(|index: usize| keccak256(&certificates[index]));
    let mut bound = Vec::new();
    for (epoch, published) in [(0, None), (1, Some(0)), (2, None), (3, Some(1)), (4, None)] {
        network.open(epoch);
        let (mut call, digest) = network.publication(epoch, 0, Marks::default(), &[7; 100]);
        if let Some(index) = published {
            call.publication.certificates = certificates[index].clone().into();
        }
        network.publish(0, (call, digest));
        let view = network.ask(&Contract::blockOfSeatCall { seat: 1, epoch });
        let of = |hash| evidence_binding(digest, keccak256([7; 100]), hash);
        bound.push([B256::ZERO, first, second].into_iter().position(|hash| of(hash) == view.evidenceBinding));
        let device = &network.devices[0];
        let (operator, incarnation) = (device.operator.address(), device.incarnation.address());
        let known = identity(operator, incarnation, device.hardware, measurement(), device.certificates_hash);
        assert_eq!(network.ask(&Contract::seatOfCall { seat: 1 }).identity, known);
    }
    assert_eq!(bound, [0, 1, 1, 2, 2].map(Some));

    // Named anew, an operator has published none, though it is the same.
    let operator = network.devices[0].operator.clone();
    let call = Contract::setOperatorCall { seat: 1, operator: operator.address() };
    let receipt = network.chain.send(&operator, &Transaction::invoke(network.deployment.contract, &call));
    assert_eq!(receipt.expect("executes").outcome, Outcome::Success);
    network.open(5);
    let (call, digest) = network.publication(5, 0, Marks::default(), &[7; 100]);
    let error = refused(&network, 0, &call);
    assert_eq!(error, Errors::IdentityWrong(Contract::IdentityWrong { seat: 1 }));
    network.devices[0].certificates_hash = B256::ZERO;
    let (call, _) = network.publication(5, 0, Marks::default(), &[7; 100]);
    network.publish(0, (call, digest));
}

#[test]
fn evidence_and_certificates_share_one_limit() {
    let mut network = network(1);
    network.open(0);
    let (mut call, digest) = network.publication(0, 0, Marks::default(), &[7; 10_000]);
    call.publication.certificates = vec![0x41; 6_385].into();
    let error = refused(&network, 0, &call);
    assert_eq!(error, Errors::EvidenceTooLarge(Contract::EvidenceTooLarge { size: U256::from(16_385) }));
    call.publication.certificates = vec![0x41; 6_384].into();
    network.publish(0, (call, digest));
}

#[test]
fn a_full_assignment_fits_one_transaction() {
    let mut network = network(58);
    let mut gas_used = Vec::new();
    for epoch in 0..5 {
        network.open(epoch);
        for index in 0..58 {
            // Nobody checks the latest blocks until the last epoch, so that all of them become suspicious.
            let abstain = |check| match check {
                Check::Latest { .. } if epoch < 4 => 0,
                check => valid(check),
            };
            let marks = network.marks(epoch, index, abstain);
            let publication = network.publication(epoch, index, marks, &[7; 1300]);
            let receipt = network.publish(index, publication);
            if epoch == 4 {
                assert_eq!(network.assignment(epoch, index).map(|a| a.assigned()), Some(42));
                gas_used.push(receipt.gas_used);
            }
        }
    }
    let dearest = gas_used.iter().max().expect("published");
    assert!(*dearest < 500_000, "{dearest}");
}
