//! The file as it is written, before its numbers mean anything.

use std::path::PathBuf;

use alloy_primitives::Address;
use multee_confirmation::ReferenceValue;
use multee_protocol::{Fixed, Parameters};
use serde::Deserialize;

use super::genesis::unix_s;
use super::{ConfigError, Genesis, NetworkConfig};
use crate::FoundingSeat;
use crate::parameter::Parameter;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    chain_id: u64,
    token: Option<Address>,
    owner: Option<Address>,
    genesis: Option<RawGenesis>,
    genesis_after_s: Option<u32>,
    epoch_seconds: u32,
    retention_epochs: u8,
    max_seats: u32,
    policy: PathBuf,
    parameters: toml::Table,
    #[serde(default)]
    reference: Vec<RawReference>,
    #[serde(default)]
    seat: Vec<FoundingSeat>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawGenesis {
    UnixS(u64),
    Text(String),
    Datetime(toml::value::Datetime),
}

/// The last epoch may be left out: then it is allowed for good.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReference {
    measurement: alloy_primitives::B256,
    #[serde(default)]
    from_epoch: u32,
    #[serde(default = "last_epoch")]
    until_epoch: u32,
}

fn last_epoch() -> u32 {
    u32::MAX
}

pub(super) fn parse(text: &str) -> Result<NetworkConfig, ConfigError> {
    let raw: Raw = toml::from_str(text)?;
    let reference = |raw: &RawReference| ReferenceValue {
        measurement: raw.measurement,
        from_epoch: raw.from_epoch,
        until_epoch: raw.until_epoch,
    };
    Ok(NetworkConfig {
        chain_id: raw.chain_id,
        token: raw.token,
        owner: raw.owner,
        genesis: genesis(raw.genesis.as_ref(), raw.genesis_after_s)?,
        fixed: Fixed {
            epoch_seconds: raw.epoch_seconds,
            retention_epochs: raw.retention_epochs,
            max_seats: raw.max_seats,
        },
        parameters: parameters(&raw.parameters)?,
        policy: raw.policy,
        references: raw.reference.iter().map(reference).collect(),
        seats: raw.seat,
    })
}

fn genesis(at: Option<&RawGenesis>, after_s: Option<u32>) -> Result<Genesis, ConfigError> {
    let time = |text: &str| unix_s(text).map(Genesis::At).ok_or(ConfigError::Genesis(NO_TIME));
    match (at, after_s) {
        (Some(RawGenesis::UnixS(unix_s)), None) => Ok(Genesis::At(*unix_s)),
        (Some(RawGenesis::Text(text)), None) => time(text),
        (Some(RawGenesis::Datetime(datetime)), None) => time(&datetime.to_string()),
        (None, Some(after_s)) => Ok(Genesis::AfterS(after_s)),
        _ => Err(ConfigError::Genesis("name one of `genesis` and `genesis_after_s`")),
    }
}

const NO_TIME: &str = "a time is 2027-01-15T08:00:00Z, or a number of seconds since 1970";

/// Each one once: what is missing, unknown or no number is told together.
fn parameters(table: &toml::Table) -> Result<Parameters, ConfigError> {
    let mut parameters = Parameters::default();
    let mut wrong = Vec::new();
    for parameter in Parameter::ALL {
        let Some(value) = table.get(parameter.name) else {
            wrong.push(format!("{} is missing", parameter.name));
            continue;
        };
        if !number(value).is_some_and(|value| parameter.set(&mut parameters, value)) {
            wrong.push(format!("{} is no whole number within {}", parameter.name, parameter.range));
        }
    }
    let unknown = table.keys().filter(|name| Parameter::named(name).is_none());
    wrong.extend(unknown.map(|name| format!("{name} is unknown")));
    if wrong.is_empty() { Ok(parameters) } else { Err(ConfigError::Parameters(wrong)) }
}

/// TOML's integers end at 2⁶³: larger amounts are text.
fn number(value: &toml::Value) -> Option<u128> {
    match value {
        toml::Value::Integer(number) => (*number).try_into().ok(),
        toml::Value::String(text) => amount(text),
        _ => None,
    }
}

/// A whole number in decimal digits, with underscores where they help the eye; `None` if it is none, or above 2¹²⁸.
pub fn amount(text: &str) -> Option<u128> {
    let digits: String = text.chars().filter(|character| *character != '_').collect();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(change: (&str, &str)) -> String {
        let text = NetworkConfig::example(true).to_text();
        assert!(text.contains(change.0), "{change:?}");
        parse(&text.replacen(change.0, change.1, 1)).expect_err("refused").to_string()
    }

    #[test]
    fn every_wrong_parameter_is_told_at_once() {
        let text = NetworkConfig::example(true).to_text();
        let wrong = text.replacen("\nlatest_checks = 2", "\nlatest_cheques = 2", 1).replacen(
            "\nbounty_bps = 1000",
            "\nbounty_bps = -1",
            1,
        );
        let error = parse(&wrong).expect_err("refused").to_string();
        assert_eq!(
            error,
            "in [parameters]: latest_checks is missing; bounty_bps is no whole number within 0..=5000; \
             latest_cheques is unknown"
        );
    }

    #[test]
    fn what_is_unknown_or_no_value_is_refused_with_its_place() {
        assert!(error(("\nmax_seats = ", "\nmax_seets = ")).contains("max_seets"));
        assert!(error(("\nepoch_seconds = 60", "\nepoch_seconds = \"a day\"")).contains("line"));
        assert!(error(("\ngenesis_after_s = 600", "\ngenesis = \"soon\"")).contains("2027-01-15T08:00:00Z"));
        assert!(error(("\ngenesis_after_s = 600", "\n")).contains("`genesis_after_s`"));
    }

    #[test]
    fn a_genesis_is_a_time_in_any_of_the_usual_forms() {
        let text = NetworkConfig::example(true).to_text();
        for form in ["\"2027-01-15T08:00:00Z\"", "2027-01-15T08:00:00Z", "1800000000"] {
            let text = text.replacen("\ngenesis_after_s = 600", &format!("\ngenesis = {form}"), 1);
            assert_eq!(parse(&text).expect("read").genesis, Genesis::At(1_800_000_000), "{form}");
        }
    }

    #[test]
    fn an_amount_is_digits_with_underscores() {
        assert_eq!(amount("100_000_000_000_000_000_000"), Some(100_000_000_000_000_000_000));
        for none in ["", "_", "1e18", "-1", "0x10", " 1"] {
            assert_eq!(amount(none), None, "{none}");
        }
    }
}
