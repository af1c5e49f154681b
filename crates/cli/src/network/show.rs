//! `multee network show`, and what is in force of measurements, policy and parameters.

use std::fmt::Write as _;

use alloy_primitives::B256;
use multee_founding::{Governed, NEVER, Parameter, policy_document, utc};

use multee_protocol::Parameters;
use serde_json::{Value, json};

use super::args::{PolicyShowArgs, ShowArgs};
use super::place::Place;
use super::text::grouped;
use super::{NetworkError, print};
use crate::exit::Exit;

/// Prints all settings.
pub(super) fn network(args: &ShowArgs) -> Result<Exit, NetworkError> {
    answer(args, text)
}

/// Prints the allowed measurements.
pub(super) fn measurements(args: &ShowArgs) -> Result<Exit, NetworkError> {
    answer(args, |network| head(network) + &listed(network))
}

/// Prints the parameters.
pub(super) fn params(args: &ShowArgs) -> Result<Exit, NetworkError> {
    answer(args, |network| head(network) + &parameters(network))
}

fn answer(args: &ShowArgs, text: impl FnOnce(&Governed) -> String) -> Result<Exit, NetworkError> {
    let network = Place::find(&args.place)?.network;
    print(&if args.json { format!("{:#}\n", document(&network)) } else { text(&network) })?;
    Ok(Exit::Ok)
}

/// All settings. The document's fields are always there.
fn document(network: &Governed) -> Value {
    let amounts = |parameters: &Parameters| -> serde_json::Map<String, Value> {
        let amount = |parameter: &Parameter| parameter.get(parameters).to_string();
        Parameter::ALL.iter().map(|parameter| (parameter.name.to_owned(), amount(parameter).into())).collect()
    };
    let announced = network.announced.as_ref();
    json!({
        "version": 1,
        "contract": network.contract,
        "chain_id": network.chain_id,
        "now_s": network.now_s,
        "token": network.token,
        "owner": network.owner,
        "owner_offered": network.offered,
        "genesis_s": network.genesis_s,
        "fixed": network.fixed,
        "epoch": network.epoch,
        "epoch_opened": network.epoch_opened,
        "seats": network.seats,
        "paused": network.paused,
        "policy_digest": network.policy_digest,
        "references": network.references,
        "parameters": amounts(&network.parameters),
        "announced_from_epoch": announced.map(|(from_epoch, _)| from_epoch),
        "announced_parameters": announced.map(|(_, parameters)| amounts(parameters)),
    })
}

fn text(network: &Governed) -> String {
    let mut text = head(network);
    let fixed = network.fixed;
    let offered =
        network.offered.map_or_else(String::new, |to| format!(", offered to {to}, who has to accept"));
    let lines = [
        ("token", network.token.to_string()),
        ("owner", format!("{}{offered}", network.owner)),
        ("genesis", utc(network.genesis_s)),
        ("epochs of", format!("{} s", fixed.epoch_seconds)),
        ("blocks live", format!("{} epochs", fixed.retention_epochs)),
        ("seats", format!("{} of {}", network.seats, fixed.max_seats)),
        ("paused", if network.paused { "yes" } else { "no" }.to_owned()),
        ("policy", shown(network.policy_digest)),
    ];
    for (what, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{what:<14}{value}");
    }
    text.push_str("\nmeasurements\n");
    text.push_str(&listed(network));
    text.push_str("\nparameters\n");
    text.push_str(&parameters(network));
    text
}

/// Prints the policy document byte for byte.
pub(super) fn policy(args: &PolicyShowArgs) -> Result<Exit, NetworkError> {
    let Place { chain, network, from_block } = Place::find(&args.place)?;
    let first = args.from_block.unwrap_or(from_block);
    let document = policy_document(&chain, network.contract, network.policy_digest, first)?;
    let document = document.ok_or_else(|| {
        NetworkError::Value(
            format!("no event from block {first} on has the policy {}", shown(network.policy_digest)),
            "look from an earlier block on with --from-block, or ask an endpoint that keeps old events",
        )
    })?;
    print(&String::from_utf8_lossy(&document))?;
    Ok(Exit::Ok)
}

/// Which network, and its clock.
pub(super) fn head(network: &Governed) -> String {
    let clock = match network.epoch {
        Some(epoch) if network.epoch_opened => format!("epoch {epoch}"),
        Some(epoch) => format!("epoch {epoch}, not opened"),
        None => "before genesis".to_owned(),
    };
    let (contract, chain_id, now) = (network.contract, network.chain_id, utc(network.now_s));
    format!("network {contract} on chain {chain_id}\n{clock}, at {now} by the chain's clock\n\n")
}

fn shown(digest: B256) -> String {
    if digest.is_zero() { "none".to_owned() } else { digest.to_string() }
}

fn listed(network: &Governed) -> String {
    if network.references.is_empty() {
        return "none: every device is found to run what is not allowed\n".to_owned();
    }
    let line = |value: &multee_confirmation::ReferenceValue| {
        let epochs = match value.until_epoch {
            NEVER => format!("from epoch {} on", value.from_epoch),
            until => format!("epochs {} to {until}", value.from_epoch),
        };
        format!("{}  {epochs}\n", value.measurement)
    };
    network.references.iter().map(line).collect()
}

fn parameters(network: &Governed) -> String {
    let mut text = String::new();
    for parameter in Parameter::ALL {
        let value = grouped(&parameter.get(&network.parameters));
        let announced = network.announced.as_ref().and_then(|(from_epoch, announced)| {
            let next = parameter.get(announced);
            (next != parameter.get(&network.parameters))
                .then(|| format!("  → {} from epoch {from_epoch} on", grouped(&next)))
        });
        let (unit, range) = (parameter.unit, parameter.range);
        let announced = announced.unwrap_or_default();
        let _ = writeln!(text, "{:<26}{value:<29}{range:<14}{unit}{announced}", parameter.name);
    }
    text
}
