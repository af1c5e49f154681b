//! The overview's numbers are the contract's.

use std::sync::atomic::Ordering;

use alloy_primitives::U256;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::deployed::TestToken;
use multee_chain::{Chain, Transaction, read};
use multee_gateway::serve::Config;
use serde_json::Value;

use crate::served::{Served, config, lived, served};
use crate::story::{self, played};
use crate::town::{OWNER, Town, key};

fn number(value: &Value) -> U256 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no amount"))
}

/// The overview, once the money was read at its head.
fn overview(served: &Served) -> Value {
    let (_, overview) = served.until("/v1/overview", |(status, overview)| {
        *status == 200 && overview["money"]["block_number"] == overview["head"]["number"]
    });
    overview
}

fn check_money(served: &Served, money: &Value) {
    let town = &served.town;
    let balance = TestToken::balanceOfCall { account: town.contract };
    let balance = read(town.chain.as_ref(), town.founded.token, &balance).expect("a balance");
    assert_eq!(number(&money["balance"]), balance);
    let parts = ["deposits", "bounties", "carry", "purses", "unallocated"];
    let sum: U256 = parts.iter().map(|part| number(&money[part])).sum();
    assert_eq!(sum, balance, "{money}");
    assert_eq!(money["shortfall"], Value::Null);
    let network = town.read(&contract::networkCall {});
    assert_eq!(number(&money["deposits"]), U256::from(network.deposits));
    assert_eq!(number(&money["purses"]), U256::from(network.purses));
}

#[test]
fn the_money_is_the_balance_and_goes_on_with_the_chain() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), lived(), config());
    let before = overview(&served);
    check_money(&served, &before["money"]);
    let gift = TestToken::mintCall { to: served.town.contract, amount: U256::from(7) };
    served.town.execute(&key(OWNER, 0), &Transaction::invoke(served.town.founded.token, &gift));
    let after = served.until("/v1/overview", |(_, after)| {
        after["head"]["number"] != before["head"]["number"]
            && after["money"]["block_number"] == after["head"]["number"]
    });
    check_money(&served, &after.1["money"]);
    let unallocated = |overview: &Value| number(&overview["money"]["unallocated"]);
    assert_eq!(unallocated(&after.1), unallocated(&before) + U256::from(7));
    served.switch.off.store(true, Ordering::SeqCst);
    let lost = served.until("/v1/overview", |(_, answer)| answer["money"] == Value::Null).1;
    assert_eq!(lost["seats"], before["seats"], "what was read is still there");
}

#[test]
fn the_tiles_count_what_the_lists_list() {
    let dir = tempfile::tempdir().expect("a directory");
    let named = Config {
        name: "<b>Town</b>".to_owned(),
        simulated: Some("SIMULATED: a test".to_owned()),
        ..config()
    };
    let served = served(dir.path(), played(), named);
    let overview = overview(&served);
    assert_eq!(
        (&overview["name"], &overview["simulated"]),
        (&"<b>Town</b>".into(), &"SIMULATED: a test".into())
    );
    check_money(&served, &overview["money"]);
    for (tier, seats) in overview["seats"].as_object().expect("tiers") {
        assert_eq!(&served.get(&format!("/v1/devices?tier={tier}")).1["total"], seats, "{tier}");
    }
    let devices = served.get("/v1/devices").1;
    let devices = devices["items"].as_array().expect("devices");
    let those = |is_so: &dyn Fn(&Value) -> bool| Value::from(devices.iter().filter(|it| is_so(it)).count());
    let last = &overview["last_opened"];
    assert_eq!(overview["exiting"], those(&|it| it["exiting"] == true));
    assert_eq!(overview["failed"], those(&|it| it["tier"] == "suspended" || it["tier"] == "blocked"));
    assert_eq!(overview["absent"], those(&|it| it["operational"] == true && &it["last_epoch"] != last));
    let blocks = |which: &dyn Fn(&Value) -> bool| {
        let orders = |epoch: u32| {
            let marks = served.get(&format!("/v1/epochs/{epoch}/marks")).1;
            let items = marks["items"].as_array().cloned().unwrap_or_default();
            let ids = items.iter().map(|block| format!("/v1/blocks/{epoch}/{}", block["order"]));
            ids.map(|path| served.get(&path).1).filter(|block| which(block)).count()
        };
        let (from, until) = (&overview["last_day"]["from_epoch"], &overview["last_day"]["until_epoch"]);
        let epoch = |it: &Value| u32::try_from(it.as_u64().expect("an epoch")).expect("small");
        Value::from((epoch(from)..=epoch(until)).map(orders).sum::<usize>())
    };
    let day = &overview["last_day"];
    assert_eq!(day["from_epoch"], story::EPOCHS - 25, "24 hours before the last epoch's start");
    let malicious = |it: &Value| it["decided"] == "malicious";
    assert_eq!(day["blocks"], blocks(&|_| true));
    assert_eq!(day["malicious"], blocks(&malicious));
    let good = |it: &Value| !malicious(it) && (it["passed"] == true || it["decided"] == "honest");
    assert_eq!(day["good"], blocks(&good));
    let (good, bad) = (day["good"].as_u64().expect("some"), day["malicious"].as_u64().expect("some"));
    assert!(good > 0 && bad > 0, "{day}");
    assert_eq!(day["success_bps"], good * 10_000 / (good + bad));
}

#[test]
fn a_network_without_epochs_has_an_overview() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), Town::new(2), config());
    let overview = overview(&served);
    assert_eq!((&overview["epoch"], &overview["last_opened"]), (&Value::Null, &Value::Null));
    assert_eq!((&overview["seats"]["full"], &overview["absent"]), (&2.into(), &0.into()));
    assert_eq!(overview["last_day"]["success_bps"], Value::Null);
    assert!(served.town.chain.head().is_ok());
}
