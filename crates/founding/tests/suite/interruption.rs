//! Founding is interrupted at every moment that there is, and gone on with by a process that knows only files.

use core::time::Duration;

use multee_chain::ChainError;
use multee_founding::{DeployError, Step};
use serde_json::json;

use crate::anvil::Anvil;
use crate::broken::{Broken, Moment};
use crate::support::{Desk, config, plan, sent};

/// Founds until `moment`, then on to the end; nothing may be sent twice.
fn interrupted(moment: Moment) {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let config = config();
    let steps = plan(&config).steps().len() as u64;
    let site = Broken::at(desk.connect(&anvil.url()), moment);
    let error = desk.found(&site, &config).expect_err("interrupted");
    assert!(matches!(error, DeployError::Chain(_)), "{error}");
    drop(site);
    let site = Broken::at(desk.connect(&anvil.url()), Moment::Never);
    assert_eq!(desk.found(&site, &config).expect("founded"), [], "{moment:?}");
    assert_eq!(sent(&anvil), steps, "{moment:?}");
    assert!(desk.record(&site, &config).kept().verified);
}

#[test]
fn an_interrupted_founding_goes_on_and_deploys_nothing_twice() {
    let steps = plan(&config()).steps();
    assert_eq!(steps.len(), 10, "{steps:?}");
    for number in 0..steps.len() as u64 {
        interrupted(Moment::Before(number));
        interrupted(Moment::After(number));
    }
}

#[test]
fn a_founding_interrupted_at_every_step_comes_to_its_end() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let config = config();
    let steps = plan(&config).steps().len() as u64;
    for _ in 0..steps {
        let site = Broken::at(desk.connect(&anvil.url()), Moment::After(0));
        desk.found(&site, &config).expect_err("interrupted");
        assert_eq!(site.sendings(), 1);
    }
    let rpc = desk.connect(&anvil.url());
    assert_eq!(desk.found(&rpc, &config).expect("founded"), []);
    assert_eq!(sent(&anvil), steps);
    assert_eq!(plan(&config).steps().last(), Some(&Step::Found(2)));
}

#[test]
fn a_transaction_on_its_way_is_gone_on_with_and_not_sent_again() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let config = config();
    anvil.ask("evm_setAutomine", &json!([false]));
    let impatient = desk.connect_within(&anvil.url(), Duration::from_millis(100));
    let error = desk.found(&impatient, &config).expect_err("not executed yet");
    assert!(matches!(error, DeployError::Chain(ChainError::Pending { nonce: 0, .. })), "{error}");
    drop(impatient);
    anvil.ask("evm_setAutomine", &json!([true]));
    anvil.mine(1);
    assert_eq!(desk.found(&desk.connect(&anvil.url()), &config).expect("founded"), []);
    assert_eq!(sent(&anvil), plan(&config).steps().len() as u64);
}

#[test]
fn another_configuration_or_account_does_not_go_on_with_it() {
    let (anvil, desk) = (Anvil::start(), Desk::new());
    let (rpc, record) = desk.founded(&anvil, &config());
    let account = record.kept().founder;
    let told = |change: fn(&mut multee_founding::NetworkConfig)| {
        let mut other = config();
        change(&mut other);
        record.check(&other, account).expect_err("refused").to_string()
    };
    assert!(told(|config| config.chain_id += 1).ends_with("its chain id is another"));
    assert!(told(|config| config.parameters.bounty_bps += 1).contains("one of its parameters"));
    assert!(told(|config| config.fixed.epoch_seconds += 1).contains("epoch length"));
    assert!(told(|config| config.token = Some(alloy_primitives::Address::ZERO)).contains("token"));
    assert!(record.check(&config(), alloy_primitives::Address::ZERO).is_err());
    // What is not built into contracts may still be changed.
    let mut other = config();
    other.references.clear();
    record.check(&other, account).expect("goes on");
    drop(rpc);
}
