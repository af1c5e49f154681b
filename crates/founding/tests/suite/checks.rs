//! What stands against founding is told before anything is sent, with what to do.

use alloy_primitives::{Address, U256};
use alloy_sol_types::sol;
use multee_chain::{Chain as _, Transaction};
use multee_founding::{Checked, Genesis, NetworkConfig, Problem, Warning, check};
use serde_json::json;

use crate::anvil::Anvil;
use crate::broken::{Broken, Moment};
use crate::support::{Desk, config, grown, plan, rich, sent, succeed};

sol!(
    #[allow(missing_docs)]
    FeeToken,
    "tests/fixtures/FeeToken.json"
);

fn checked(anvil: &Anvil, config: &NetworkConfig) -> Checked {
    let rpc = Desk::new().connect(&anvil.url());
    check(&rpc, Some(rich().address()), &plan(config), None, 1).expect("answers")
}

fn problems(anvil: &Anvil, config: &NetworkConfig) -> Vec<String> {
    let problems = checked(anvil, config).problems;
    assert!(problems.iter().all(|problem| !problem.remedy().is_empty()));
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_check_of_a_sound_plan_finds_nothing_sends_nothing_and_tells_the_cost() {
    let anvil = grown();
    let checked = checked(&anvil, &config());
    assert_eq!(
        (checked.problems.as_slice(), checked.warnings.as_slice()),
        ([].as_slice(), [Warning::TestToken].as_slice())
    );
    assert_eq!(sent(&anvil), 0);
    assert_eq!(checked.cost.steps.len(), plan(&config()).steps().len());
    assert!((8_000_000..16_000_000).contains(&checked.cost.gas()), "{}", checked.cost.gas());
    assert!(checked.cost.needed_wei() > checked.cost.now_wei());
}

#[test]
fn a_chain_that_cannot_carry_a_network_is_refused() {
    let anvil = Anvil::with(&["--hardfork", "london"]);
    anvil.ask("anvil_mine", &json!(["0x12c", "0x1"]));
    assert_eq!(
        problems(&anvil, &config())[0],
        "the chain: the chain's machine does not execute what the contract needs"
    );
    let young = Anvil::start();
    assert!(matches!(
        checked(&young, &config()).warnings.as_slice(),
        [Warning::TestToken, Warning::Chain(_)]
    ));
}

#[test]
fn too_little_money_is_told_with_what_it_takes() {
    let anvil = grown();
    anvil.ask("anvil_setBalance", &json!([rich().address(), "0x1"]));
    let told = problems(&anvil, &config());
    assert!(
        matches!(told.as_slice(), [money] if money.ends_with(&format!("{} has 1", rich().address()))),
        "{told:?}"
    );
}

#[test]
fn a_genesis_that_comes_before_founding_is_done_is_told() {
    let anvil = grown();
    let soon = NetworkConfig { genesis: Genesis::AfterS(3), ..config() };
    assert!(matches!(
        checked(&anvil, &soon).problems.as_slice(),
        [Problem::GenesisTooSoon { begun: false, .. }]
    ));
    let past = NetworkConfig { genesis: Genesis::At(1_000), ..config() };
    assert!(problems(&anvil, &past)[0].starts_with("genesis is 1970-01-01T00:16:40Z"));
}

#[test]
fn an_epoch_of_a_few_blocks_is_refused_on_a_public_chain() {
    let anvil = Anvil::start();
    anvil.ask("anvil_mine", &json!(["0x12c", "0xc"]));
    let token = deploy_token(&anvil);
    let short = NetworkConfig { token: Some(token), ..config() };
    let told = problems(&anvil, &short);
    assert!(told.iter().any(|told| told.starts_with("an epoch has 60 s")), "{told:?}");
}

#[test]
fn founding_lasts_as_long_as_its_steps_blocks() {
    let anvil = Anvil::start();
    anvil.ask("anvil_mine", &json!(["0x12c", "0x64"]));
    let token = deploy_token(&anvil);
    let lasts_s = |confirmations| {
        let mut slow = NetworkConfig { token: Some(token), genesis: Genesis::AfterS(1), ..config() };
        slow.fixed.epoch_seconds = 86_400;
        let rpc = Desk::new().connect(&anvil.url());
        let now_s = rpc.head().expect("head").timestamp_s;
        let problems = check(&rpc, None, &plan(&slow), None, confirmations).expect("answers").problems;
        let done_s = problems.iter().find_map(|problem| match problem {
            Problem::GenesisTooSoon { done_s, .. } => Some(*done_s),
            _ => None,
        });
        done_s.expect("too soon") - now_s
    };
    // Eight steps of a hundred seconds' blocks, with room for each to be sent again.
    assert!((1_500..1_700).contains(&lasts_s(1)), "{}", lasts_s(1));
    assert!((4_500..5_100).contains(&lasts_s(3)), "{}", lasts_s(3));
}

fn deploy_token(anvil: &Anvil) -> Address {
    let rpc = Desk::new().connect(&anvil.url());
    let supply = U256::from(10).pow(U256::from(30));
    succeed(&rpc, &Transaction::deploy(&FeeToken::BYTECODE, &FeeToken::constructorCall { supply }))
        .created
        .expect("created")
}

#[test]
fn a_token_that_takes_a_fee_is_found_out_without_moving_any() {
    let anvil = grown();
    let token = deploy_token(&anvil);
    let config = NetworkConfig { token: Some(token), ..config() };
    let before = sent(&anvil);
    let deposits = plan(&config).deposits();
    let arrives = deposits - deposits / U256::from(100);
    assert_eq!(
        checked(&anvil, &config).problems,
        [Problem::TokenTakesFee { token, sent: deposits, arrives }]
    );
    assert_eq!(sent(&anvil), before);
    // Where the endpoint does not let this be found out, that is told.
    let site = Broken { overrides: false, ..Broken::at(Desk::new().connect(&anvil.url()), Moment::Never) };
    let checked = check(&site, Some(rich().address()), &plan(&config), None, 1).expect("answers");
    assert_eq!((checked.problems, checked.warnings), (vec![], vec![Warning::FeeUnknown]));
}

#[test]
fn an_honest_token_is_taken_and_too_few_of_it_are_told() {
    let (anvil, desk) = (grown(), Desk::new());
    let (rpc, record) = desk.founded(&anvil, &config());
    let token = record.kept().token.expect("deployed");
    let config = NetworkConfig { token: Some(token), ..config() };
    let deposits = plan(&config).deposits();
    assert!(matches!(checked(&anvil, &config).problems.as_slice(), [Problem::TooFewTokens { .. }]));
    let mint =
        multee_chain::bindings::deployed::TestToken::mintCall { to: rich().address(), amount: deposits };
    succeed(&rpc, &Transaction::invoke(token, &mint));
    assert_eq!(checked(&anvil, &config).problems, []);
    // Founded with a token that was there before.
    let second = Desk::new();
    second.founded(&anvil, &config);
}

#[test]
fn what_is_no_token_is_told() {
    let anvil = grown();
    let config = NetworkConfig { token: Some(Address::repeat_byte(3)), ..config() };
    assert_eq!(problems(&anvil, &config), [format!("{} is no ERC-20 token", Address::repeat_byte(3))]);
}

#[test]
fn of_a_founding_under_way_only_what_is_left_is_counted() {
    let (anvil, desk) = (grown(), Desk::new());
    let config = config();
    let site = Broken::at(desk.connect(&anvil.url()), Moment::Before(5));
    desk.found(&site, &config).expect_err("interrupted");
    let record = desk.record(&site, &config);
    let checked = check(&site, Some(rich().address()), &plan(&config), Some(&record), 1).expect("answers");
    assert_eq!(checked.problems, []);
    assert_eq!(checked.cost.steps.len(), plan(&config).steps().len() - 5);
}
