//! An answer as people read it. What it says is from others: control characters are not passed on.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const OPEN: Style = AnsiColor::Yellow.on_default().bold();

fn word(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The answer in a few lines.
pub(super) fn shown(answer: &Value) -> String {
    let verdict = word(&answer["verdict"]);
    let style = match verdict.as_str() {
        "trusted" => GOOD,
        "not_trusted" => BAD,
        _ => OPEN,
    };
    let mut text = format!("{style}{verdict}{style:#}  {}\n", word(&answer["device_id"]));
    for reason in answer["reasons"].as_array().into_iter().flatten().take(20) {
        let _ = writeln!(text, "  because      {}", word(&reason["text"]));
    }
    let device = &answer["device"];
    if device.is_object() {
        let (seat, tier, score) = (word(&device["seat"]), word(&device["tier"]), word(&device["score"]));
        let _ = writeln!(text, "  device       seat {seat}, tier {tier}, score {score}");
        let epoch = word(&answer["epoch"]);
        let good = match device["last_good_epoch"].as_u64() {
            Some(good) => format!("of epoch {good}"),
            None => "none yet".to_owned(),
        };
        let _ = writeln!(text, "  good block   {good}; at the block read it is epoch {epoch}");
        let _ = writeln!(text, "  measurement  {}", word(&device["measurement"]));
    }
    let read_at = &answer["read_at"];
    if read_at.is_object() {
        let (number, hash) = (word(&read_at["block_number"]), word(&read_at["block_hash"]));
        let (chain, age_s) = (word(&read_at["chain_id"]), word(&read_at["age_s"]));
        let _ = writeln!(text, "  read at      block {number} of chain {chain}, {age_s} s old, {hash}");
    }
    text
}

/// What a token claims of a device, in a few lines.
pub(super) fn claimed(submod: &Value) -> String {
    let claims = &submod["ear_verifier_claims"];
    let (status, word) = (word(&submod["ear_status"]), word(&claims["word"]));
    format!("{}  token        {status}; the word is {word}\n", shown(&claims["answer"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_others_say_moves_no_cursor() {
        let answer = json!({
            "verdict": "trusted\u{1b}[2J", "device_id": "\r\n0x1", "reasons": [{ "text": "\u{7}".repeat(5) }],
        });
        let plain = anstream::adapter::strip_str(&shown(&answer)).to_string();
        assert!(plain.chars().all(|c| c == '\n' || !c.is_control()), "{plain:?}");
        assert_eq!(plain.lines().count(), 2);
    }
}
