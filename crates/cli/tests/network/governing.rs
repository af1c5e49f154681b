//! `multee network show`, `measurements`, `policy` and `params`.

use insta::assert_snapshot;
use serde_json::json;

use crate::anvil::Anvil;
use crate::desk::{Desk, anvil, steady};

fn founded(test: &str) -> (Anvil, Desk) {
    let (anvil, desk) = (anvil(), Desk::new(test));
    desk.put_account().put_network();
    let seen = desk.network(&anvil, &["deploy", "--yes"]);
    assert_eq!(seen.code, 0, "{seen:?}");
    (anvil, desk)
}

/// As in the epoch with this number, and not by how long the test took.
fn in_epoch(anvil: &Anvil, epoch: u64) {
    anvil.ask("evm_setNextBlockTimestamp", &json!([1_800_057_600 + 60 * epoch]));
    anvil.mine(1);
}

fn ask(desk: &Desk, anvil: &Anvil, args: &[&str]) -> String {
    let url = anvil.url();
    let seen = desk.run(&[&["network"], args, &["--rpc", &url]].concat());
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""), "{seen:?}");
    seen.stdout
}

#[test]
fn all_settings_are_shown() {
    let (anvil, desk) = founded("show");
    in_epoch(&anvil, 3);
    assert_snapshot!("show", steady(&ask(&desk, &anvil, &["show"])));
}

#[test]
fn the_document_has_what_the_text_has_and_what_was_announced() {
    let (anvil, desk) = founded("show-json");
    in_epoch(&anvil, 3);
    assert_eq!(desk.network(&anvil, &["params", "set", "max_penalties=9", "--yes"]).code, 0);
    let document = ask(&desk, &anvil, &["show", "--json"]);
    assert_eq!(ask(&desk, &anvil, &["params", "show", "--json"]), document);
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    let fields = [
        ("/version", json!(1)),
        ("/chain_id", json!(31_337)),
        ("/epoch", json!(3)),
        ("/epoch_opened", json!(false)),
        ("/owner_offered", json!(null)),
        ("/fixed/epoch_seconds", json!(60)),
        ("/references/0/until_epoch", json!(u32::MAX)),
        ("/parameters/max_penalties", json!("13")),
        ("/parameters/min_deposit", json!("100000000000000000000")),
        ("/announced_from_epoch", json!(10)),
        ("/announced_parameters/max_penalties", json!("9")),
    ];
    for (field, value) in fields {
        assert_eq!(document.pointer(field), Some(&value), "{field}");
    }
}

#[test]
fn a_change_is_shown_with_its_moment_before_it_is_made() {
    let (anvil, desk) = founded("params");
    in_epoch(&anvil, 3);
    let set = ["params", "set", "max_penalties=9", "min_deposit=5_000"];
    let asked = desk.network(&anvil, &set);
    assert_eq!(asked.code, 1, "{asked:?}");
    assert_snapshot!("params_set", format!("{}{}", asked.stdout, asked.stderr));
    assert!(!ask(&desk, &anvil, &["params", "show"]).contains('→'));
    let made = desk.network(&anvil, &[&set[..], &["--yes"]].concat());
    assert_eq!(made.code, 0, "{made:?}");
    assert_snapshot!(
        "params_show",
        ask(&desk, &anvil, &["params", "show"]).lines().skip(2).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn calldata_is_told_to_owners_that_are_no_account_and_nothing_is_sent() {
    let (anvil, desk) = founded("calldata");
    in_epoch(&anvil, 3);
    let more = "08".repeat(32);
    let add = ["measurements", "add", &more, "--from-epoch", "5", "--until-epoch", "9", "--calldata"];
    assert_snapshot!("calldata", ask(&desk, &anvil, &add));
    assert!(!ask(&desk, &anvil, &["measurements", "list"]).contains(&more));
}

#[test]
fn measurements_come_change_and_go() {
    let (anvil, desk) = founded("measurements");
    let more = format!("0x{}", "08".repeat(32));
    let make = |args: &[&str]| desk.network(&anvil, &[&["measurements"], args, &["--yes"]].concat());
    let list = || ask(&desk, &anvil, &["measurements", "list"]);
    assert_eq!(make(&["add", &more]).code, 0);
    assert!(list().contains(&format!("{more}  from epoch 0 on")), "{}", list());
    let twice = make(&["add", &more]);
    assert!(twice.code == 1 && twice.stderr.contains("allowed already"), "{twice:?}");
    assert_eq!(make(&["set", &more, "--until-epoch", "9"]).code, 0);
    assert!(list().contains(&format!("{more}  epochs 0 to 9")), "{}", list());
    assert_eq!(make(&["remove", &more]).code, 0);
    assert!(!list().contains(&more), "{}", list());
    let gone = make(&["remove", &more]);
    assert!(gone.code == 1 && gone.stderr.contains("is not allowed"), "{gone:?}");
}

#[test]
fn a_policy_is_published_and_shown_byte_for_byte() {
    let (anvil, desk) = founded("policy");
    let document = desk.read("policy.json").replace("18", "19");
    desk.put("other.json", &document);
    assert_eq!(ask(&desk, &anvil, &["policy", "show"]), desk.read("policy.json"));
    let made = desk.network(&anvil, &["policy", "set", "other.json", "--yes"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(ask(&desk, &anvil, &["policy", "show"]), document);
    desk.put("none.json", "{}");
    let refused = desk.network(&anvil, &["policy", "set", "none.json", "--yes"]);
    assert!(refused.code == 1 && refused.stderr.contains("malformed"), "{refused:?}");
}

#[test]
fn what_is_no_parameter_or_out_of_range_is_refused() {
    let (anvil, desk) = founded("params-wrong");
    in_epoch(&anvil, 3);
    for (value, told) in [
        ("max_penalty=9", "is no parameter"),
        ("max_penalties", "is no parameter"),
        ("max_penalties=nine", "is no parameter"),
        ("max_penalties=256", "outside 1..=255"),
        ("max_penalties=0", "outside 1..=255"),
        ("max_penalties=13", "nothing would change"),
    ] {
        let seen = desk.network(&anvil, &["params", "set", value, "--yes"]);
        assert!(seen.code == 1 && seen.stderr.contains(told), "{value} {seen:?}");
    }
}
