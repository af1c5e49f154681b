//! A network is founded, and is what it was to be.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::read;
use multee_founding::{
    Change, Contract, DeployError, Governed, Mismatch, NetworkConfig, Progress, apply, check, deploy,
    propose, rehearse, verify,
};

use crate::anvil::Anvil;
use crate::broken::{Broken, Moment};
use crate::support::{Desk, POLICY, config, grown, plan, rich, sent};

#[test]
fn a_founded_network_has_its_settings_policy_seats_and_new_owner() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let config = NetworkConfig { owner: Some(Address::repeat_byte(0xAB)), ..config() };
    let (rpc, record) = desk.founded(&anvil, &config);
    let kept = record.kept();
    assert!(kept.verified);
    let address = kept.contract.expect("deployed");
    let settings = read(&rpc, address, &contract::settingsCall {}).expect("answers");
    assert_eq!((settings.token, settings.genesis), (kept.token.expect("deployed"), kept.genesis_s));
    assert_eq!(read(&rpc, address, &contract::networkCall {}).expect("answers").seats, 2);
    let seat = read(&rpc, address, &contract::seatOfCall { seat: 2 }).expect("answers");
    assert_eq!(seat.deviceId, B256::repeat_byte(2));
    assert_eq!(kept.steps.len(), plan(&config).steps().len());
    assert_eq!(sent(&anvil), kept.steps.len() as u64);
}

#[test]
fn the_record_may_be_read_by_all_and_holds_no_secret() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    desk.founded(&anvil, &config());
    assert_eq!(fs::metadata(desk.state()).expect("there").mode() & 0o777, 0o644);
    let text = fs::read_to_string(desk.state()).expect("reads");
    assert!(!text.contains("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"), "{text}");
}

#[test]
fn what_was_founded_is_not_founded_again_and_what_its_owner_changed_stays() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let (rpc, mut record) = desk.founded(&anvil, &config());
    let network = Governed::read(&rpc, record.kept().contract.expect("deployed")).expect("answers");
    let change = Change::Policy([POLICY, b" "].concat());
    apply(&rpc, &rich(), &propose(&network, &change).expect("proposed")).expect("applied");
    let before = sent(&anvil);
    let config = config();
    let mut tell = |progress: Progress<'_>| panic!("{progress:?}");
    assert_eq!(deploy(&rpc, &rich(), &plan(&config), &mut record, &mut tell).expect("done"), []);
    assert_eq!(sent(&anvil), before);
    let checked = check(&rpc, Some(rich().address()), &plan(&config), Some(&record), 1).expect("answers");
    assert_eq!((checked.problems, checked.cost.steps), (vec![], vec![]));
    // Another code is noticed all the same.
    let site = Broken { code: Some(flipped), ..Broken::at(rpc, Moment::Never) };
    assert_eq!(deploy(&site, &rich(), &plan(&config), &mut record, &mut tell).expect("done").len(), 4);
}

#[test]
fn the_rehearsals_gas_is_that_of_the_chain() {
    let (anvil, desk) = (grown(), Desk::new());
    let config = config();
    let (_, record) = desk.founded(&anvil, &config);
    let rehearsed = rehearse(&plan(&config), record.kept().genesis_s - 100).expect("rehearses");
    assert_eq!(rehearsed.len(), record.kept().steps.len());
    for (rehearsed, executed) in rehearsed.iter().zip(&record.kept().steps) {
        assert_eq!(rehearsed.step.to_string(), executed.step);
        let difference = rehearsed.gas.abs_diff(executed.gas_used);
        assert!(difference * 50 <= executed.gas_used, "{rehearsed:?} {executed:?}");
    }
}

fn flipped(code: &Bytes) -> Bytes {
    let mut code = code.to_vec();
    if let Some(byte) = code.get_mut(100) {
        *byte ^= 1;
    }
    code.into()
}

#[test]
fn bytecode_that_is_not_the_committed_one_is_noticed() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let config = config();
    let (rpc, record) = desk.founded(&anvil, &config);
    let honest = verify(&rpc, &plan(&config), record.kept()).expect("answers");
    assert_eq!(honest, []);
    let site = Broken { code: Some(flipped), ..Broken::at(rpc, Moment::Never) };
    let found = verify(&site, &plan(&config), record.kept()).expect("answers");
    let contracts: Vec<Contract> = found
        .iter()
        .map(|mismatch| match mismatch {
            Mismatch::Code { contract, .. } => *contract,
            other => panic!("{other}"),
        })
        .collect();
    let all = [Contract::TestToken, Contract::Reader, Contract::Registry, Contract::ProofOfAttestation];
    assert_eq!(contracts, all);
}

#[test]
fn founding_does_not_go_on_upon_another_code() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let site = Broken { code: Some(flipped), ..Broken::at(desk.connect(&anvil.url()), Moment::Never) };
    let error = desk.found(&site, &config()).expect_err("stops");
    assert!(matches!(error, DeployError::Code { contract: Contract::TestToken, .. }), "{error}");
    assert_eq!(sent(&anvil), 1);
}

#[test]
fn a_setting_that_does_not_read_back_is_told() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let founded = config();
    let (rpc, record) = desk.founded(&anvil, &founded);
    let mut other = founded.clone();
    other.parameters.max_penalties += 1;
    other.fixed.max_seats -= 1;
    other.references[0].until_epoch += 1;
    other.seats[1].verified_power += 1;
    other.owner = Some(Address::repeat_byte(1));
    let found = verify(&rpc, &plan(&other), record.kept()).expect("answers");
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    let starts = [
        "max_seats at",
        "max_seats at",
        "max_seats at",
        "max_penalties: the chain has 13, not 14",
        "reference",
        "offered owner",
        "seat 2",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}");
    }
    let digest = keccak256(b"another policy");
    assert_ne!(
        read(&rpc, record.kept().contract.expect("there"), &contract::policyDigestCall {}).expect("answers"),
        digest
    );
}
