//! The chain: each endpoint by itself, the contract, the seat, and what there is for gas.

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::rpc::{Config, Endpoint, InMemory, Rpc};
use multee_chain::{Chain, ChainError, Head, LogFilter};
use multee_keystore::Keystore;
use multee_node::{LedgerError, Network};

use super::Line;
use crate::assemble::{self, AssemblyError};
use crate::config::{KeyConfig, NodeConfig};
use crate::device;
use crate::status::{self, NextDuty};

/// How far the host's clock may be behind the chain's newest block, in seconds.
const BEHIND_S_MAX: u64 = 15;
/// How old the newest block may be before the host's clock, or the chain, is doubted, in seconds.
const AHEAD_S_MAX: u64 = 600;
/// Days of gas below which somebody should pay in.
const DAYS_MIN: f64 = 14.0;

/// What is known of the network, for what depends on it.
pub(super) struct Known {
    pub(super) incarnation: Address,
    pub(super) policy: Option<Vec<u8>>,
}

pub(super) fn examine(config: &NodeConfig, now_s: u64) -> (Vec<Line>, Option<Known>) {
    let mut lines = Vec::new();
    let heads: Vec<Head> = config
        .rpc
        .endpoints
        .iter()
        .filter_map(|endpoint| of_endpoint(config, endpoint, &mut lines))
        .collect();
    lines.push(clock(&heads, now_s));
    let connected = Rpc::connect(&config.chain_config(), Box::<InMemory>::default());
    let Ok(chain) = connected else {
        lines.extend(["contract", "seat", "operator balance"].map(|name| Line::skipped(name, "an endpoint")));
        return (lines, None);
    };
    let chain = Arc::new(chain);
    match network(config, &chain, &mut lines) {
        Ok(known) => (lines, Some(known)),
        Err(line) => {
            lines.push(line);
            (lines, None)
        }
    }
}

/// Asked alone, so that one that works does not hide one that does not.
fn of_endpoint(config: &NodeConfig, endpoint: &Endpoint, lines: &mut Vec<Line>) -> Option<Head> {
    let name = format!("endpoint {}", endpoint.name());
    let alone = Config { endpoints: vec![endpoint.clone()], ..config.chain_config() };
    let asked = Rpc::connect(&alone, Box::<InMemory>::default()).and_then(|chain| Ok((chain.head()?, chain)));
    match asked {
        Ok((head, chain)) => {
            let at = config.from_block;
            let line = match chain.logs(&LogFilter::of(config.contract, at, at)) {
                Ok(_) => Line::ok(name, format!("chain {}, block {}", head.chain_id, head.number)),
                Err(error) => Line::warning(
                    name,
                    format!("block {}; events of block {at} are not to be had: {error}", head.number),
                    "a node that starts anew needs them: add an endpoint that keeps the chain's history, or rpc.peers",
                ),
            };
            lines.push(line);
            Some(head)
        }
        Err(error) => {
            lines.push(Line::failed(name, error.to_string(), of_error(&error)));
            None
        }
    }
}

fn of_error(error: &ChainError) -> &'static str {
    match error {
        ChainError::WrongChain { .. } => "the endpoint or network.chain_id is of another chain",
        ChainError::WrongCode { .. } => {
            "check network.contract and network.code_hash with whoever founded the network"
        }
        _ => "check the URL, the server and the way to it; the node goes on with the other endpoints",
    }
}

fn clock(heads: &[Head], now_s: u64) -> Line {
    let Some(newest_s) = heads.iter().map(|head| head.timestamp_s).max() else {
        return Line::skipped("clock", "an endpoint");
    };
    if newest_s > now_s.saturating_add(BEHIND_S_MAX) {
        let behind = newest_s - now_s;
        return Line::failed(
            "clock",
            format!("{behind} s behind the chain's newest block"),
            "synchronise it (chrony, systemd-timesyncd)",
        );
    }
    let age_s = now_s.saturating_sub(newest_s);
    if age_s > AHEAD_S_MAX {
        return Line::warning(
            "clock",
            format!("the chain's newest block is {age_s} s old"),
            "either this machine's clock is ahead, or the chain stands still",
        );
    }
    Line::ok("clock", format!("the chain's newest block is {age_s} s old"))
}

fn network(config: &NodeConfig, chain: &Arc<Rpc>, lines: &mut Vec<Line>) -> Result<Known, Line> {
    let unread = |error: &dyn std::error::Error| {
        Line::failed(
            "contract",
            crate::node::chain_of(error),
            "check network.contract: it is none of this protocol's, or of another version",
        )
    };
    let network = Network::new(Arc::<Rpc>::clone(chain), config.contract).map_err(|error| unread(&error))?;
    let view = network.read(&contract::networkCall {}).map_err(|error| unread(&error))?;
    lines.push(of_contract(config, view.paused));
    let mut ledger = assemble::ledger(&network, config).map_err(|error| of_ledger(&error))?;
    let seat = match status::status(chain, &mut ledger, config.seat.id) {
        Ok(seat) => seat,
        Err(error) => {
            lines.extend(of_joining(config, &network));
            let remedy = "check seat.id; a device gets one with `multee device join`";
            return Err(Line::failed("seat", crate::node::chain_of(&error), remedy));
        }
    };
    lines.push(of_seat(&seat));
    lines.push(of_operator(config, &seat));
    lines.push(of_measurement(config, &network, seat.epoch)?);
    lines.push(of_balance(&seat));
    lines.extend(of_allowance(&network, &seat));
    let digest: B256 = network.read(&contract::policyDigestCall {}).map_err(|error| unread(&error))?;
    let policy = ledger.policy(digest).map(|policy| policy.to_vec());
    Ok(Known { incarnation: seat.incarnation, policy })
}

fn of_contract(config: &NodeConfig, paused: bool) -> Line {
    if paused {
        return Line::warning(
            "contract",
            "the owner has paused the network",
            "wait; nothing is published meanwhile",
        );
    }
    if config.code_hash.is_none() {
        return Line::warning(
            "contract",
            format!("{} answers; its code is not checked", config.contract),
            "set network.code_hash, which `multee network deploy` prints",
        );
    }
    Line::ok("contract", format!("{} with the expected code", config.contract))
}

fn of_ledger(error: &AssemblyError) -> Line {
    let remedy = match error {
        AssemblyError::Ledger(LedgerError::HistoryMissing { .. }) => {
            "set network.from_block to the block of the deployment, or add an endpoint with history"
        }
        _ => "check network.contract and rpc.endpoints",
    };
    Line::failed("events", crate::node::chain_of(error), remedy)
}

fn of_seat(seat: &status::DeviceStatus) -> Line {
    let says = format!(
        "seat {} is in tier {}, score {}.{:02} %",
        seat.seat,
        seat.tier,
        seat.score_bps / 100,
        seat.score_bps % 100
    );
    match (seat.tier, &seat.next_duty) {
        ("blocked", _) => Line::failed("seat", says, "a blocked seat never returns; another device may join"),
        (_, NextDuty::None) => Line::failed(
            "seat",
            format!("{says}; it is exiting"),
            "its provider may have it rejoin once it is paid out",
        ),
        ("suspended", NextDuty::Restart { from_epoch }) => {
            let remedy = format!(
                "find out why (`multee device status`), then let the node restart it from epoch {from_epoch} on"
            );
            Line::warning("seat", says, remedy)
        }
        ("warning" | "restricted", _) => {
            Line::warning("seat", says, "its peers found fault with its blocks: `multee device status`")
        }
        _ => Line::ok("seat", says),
    }
}

fn own_account(config: &NodeConfig) -> Option<Address> {
    match &config.operator.key {
        KeyConfig::Keystore { path, .. } => Keystore::address(path).ok(),
        KeyConfig::Signer { address, .. } => Some(*address),
    }
}

/// What a device without a seat needs: the deposit. Its operator is taken for its provider, as `multee device join` does.
fn of_joining(config: &NodeConfig, network: &Network) -> Option<Line> {
    let name = "deposit";
    let account = own_account(config)?;
    let needed = U256::from(network.read(&contract::parametersCall {}).ok()?.minDeposit);
    let (available, allowed) = device::deposit_of(network, account).ok()?;
    Some(if available < needed {
        let says = format!("{account} has {available} of the deposits' token, {needed} are needed to join");
        Line::failed(name, says, "send it the tokens, or join with --provider-keystore")
    } else if allowed < needed {
        Line::ok(name, format!("{account} has it; joining approves it"))
    } else {
        Line::ok(name, format!("{account} has it and has approved it"))
    })
}

/// An allowance is needed while joining only.
fn of_allowance(network: &Network, seat: &status::DeviceStatus) -> Option<Line> {
    let (_, allowed) = device::deposit_of(network, seat.provider).ok()?;
    Some(if allowed.is_zero() {
        Line::ok("allowance", "the provider allows the contract to take nothing more")
    } else {
        let says = format!("the provider {} allows the contract to take {allowed} more", seat.provider);
        Line::warning("allowance", says, "approve 0, unless it is about to have another device join")
    })
}

fn of_operator(config: &NodeConfig, seat: &status::DeviceStatus) -> Line {
    match own_account(config) {
        Some(ours) if ours == seat.operator => Line::ok("operator", format!("{ours} publishes for the seat")),
        Some(ours) => Line::failed(
            "operator",
            format!("the seat's operator is {}, this node would publish as {ours}", seat.operator),
            "use that account's key, or have the seat's provider name this one",
        ),
        None => Line::skipped("operator", "a keystore"),
    }
}

fn of_measurement(config: &NodeConfig, network: &Network, epoch: u32) -> Result<Line, Line> {
    let name = "measurement";
    let ours = config.confirm.measurement;
    let listed = network
        .read(&contract::referenceValuesCall {})
        .map_err(|error| Line::failed(name, error.to_string(), "check network.contract"))?
        .values;
    let until = listed
        .iter()
        .filter(|value| value.measurement == ours && (value.fromEpoch..=value.untilEpoch).contains(&epoch))
        .map(|value| value.untilEpoch)
        .max();
    Ok(match until {
        None => Line::failed(
            name,
            format!("{ours} is not among the network's reference values"),
            "run an image that is (`multee network measurements list`), and set confirm.measurement to its value",
        ),
        Some(u32::MAX) => Line::ok(name, "allowed"),
        Some(until) => Line::warning(
            name,
            format!("allowed until epoch {until}, in {} epochs", until - epoch),
            "upgrade the image before that (docs/operating.md)",
        ),
    })
}

fn of_balance(seat: &status::DeviceStatus) -> Line {
    let name = "operator balance";
    match seat.balance_days {
        _ if seat.balance_wei.is_zero() => Line::failed(
            name,
            format!("{} has nothing for gas", seat.operator),
            "pay some of the chain's currency in",
        ),
        Some(days) if days < DAYS_MIN => {
            Line::warning(name, format!("lasts {days:.1} days"), "pay some of the chain's currency in")
        }
        Some(days) => Line::ok(name, format!("lasts {days:.0} days at the price of the last publications")),
        None => {
            Line::ok(name, format!("{} wei; the price of a publication is not known yet", seat.balance_wei))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Finding;
    use super::*;

    fn head(timestamp_s: u64) -> Head {
        Head { chain_id: 1, number: 1, timestamp_s, hash: B256::ZERO }
    }

    #[test]
    fn the_clock_is_compared_with_the_newest_block() {
        let now_s = 10_000;
        let finding = |heads: &[Head]| clock(heads, now_s).finding;
        assert_eq!(finding(&[]), Finding::Skipped);
        assert_eq!(finding(&[head(now_s - AHEAD_S_MAX), head(1)]), Finding::Ok);
        assert_eq!(finding(&[head(now_s - AHEAD_S_MAX - 1)]), Finding::Warning);
        assert_eq!(finding(&[head(now_s + BEHIND_S_MAX)]), Finding::Ok);
        assert_eq!(finding(&[head(now_s + BEHIND_S_MAX + 1)]), Finding::Failed);
    }
}
