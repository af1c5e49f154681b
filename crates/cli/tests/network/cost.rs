//! What a device costs.

use insta::assert_snapshot;

use crate::desk::Desk;

const PRICES: [&str; 6] = ["network", "cost", "--gas-price-gwei", "0.05", "--native-price", "3000"];

#[test]
fn a_years_gas_is_told_by_call_and_in_money() {
    let desk = Desk::new("cost");
    let seen = desk.run(&[&PRICES[..], &["--epoch-seconds", "3600"]].concat());
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""));
    assert_snapshot!(seen.stdout);
}

#[test]
fn the_document_has_the_same_figures() {
    let desk = Desk::new("cost-json");
    let seen = desk.run(&[&PRICES[..], &["--epoch-seconds", "3600", "--json"]].concat());
    let document: serde_json::Value = serde_json::from_str(&seen.stdout).expect("JSON");
    let text = desk.run(&[&PRICES[..], &["--epoch-seconds", "3600"]].concat()).stdout;
    let money = document["money"].as_f64().expect("a number");
    assert!(text.contains(&format!("{money:.2} a year")), "{text}");
    assert_eq!(document["version"], 1);
    let settled = |by: &str| document["settled"][by]["money"].as_f64().expect("a number");
    assert!(settled("by_others") < settled("by_itself") && settled("by_itself") < settled("in_turns"));
    for by in ["by_others", "by_itself", "in_turns"] {
        assert!(text.contains(&format!("{:.2} a year", settled(by))), "{by}: {text}");
    }
}

#[test]
fn a_price_of_nothing_is_refused() {
    let desk = Desk::new("cost-free");
    for price in ["0", "-1", "NaN", "inf", "cheap"] {
        let seen = desk.run(&["network", "cost", "--gas-price-gwei", price, "--native-price", "1"]);
        assert_eq!((seen.code, seen.stdout.as_str()), (2, ""), "{seen:?}");
    }
}
