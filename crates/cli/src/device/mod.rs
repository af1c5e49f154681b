//! `multee device`: into a network, how it stands there, and out again.

mod args;
mod error;
mod text;

use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::rpc::{InMemory, Rpc};
use multee_chain::{ReadError, Sender};
use multee_evidence::Policy;
use multee_node::Network;
use multee_operator::config::{ApplicationConfig, CollateralConfig, KeyConfig, NodeConfig};
use multee_operator::introduction::{self, Description};
use multee_operator::metrics::now_s;
use multee_operator::{Stop, application, assemble, device, status};

pub(crate) use args::DeviceArgs;
use args::{DescribeArgs, DeviceCommand, ExitArgs, JoinArgs, ProviderArgs, RestartArgs, StatusArgs};
use error::DeviceCommandError;

use crate::config::ConfigCommandError;
use crate::exit::{self, Exit};

/// Bytes of a policy document at most (R16).
const POLICY_BYTES_MAX: u64 = 64 * 1024;
/// Between looks of `status --watch`.
const LOOK_EVERY: Duration = Duration::from_secs(5);

pub(crate) fn run(args: &DeviceArgs) -> Result<Exit, DeviceCommandError> {
    perform(args).or_else(|error| {
        if !error.is_outage() {
            return Err(error);
        }
        exit::explain(&error.into());
        Ok(Exit::ChainUnreachable)
    })
}

fn perform(args: &DeviceArgs) -> Result<Exit, DeviceCommandError> {
    match &args.command {
        DeviceCommand::Describe(args) => describe(args),
        DeviceCommand::Join(args) => join(args),
        DeviceCommand::Exit(args) => leave(args),
        DeviceCommand::Restart(args) => restart(args),
        DeviceCommand::Status(args) => show(args),
    }
}

fn describe(args: &DescribeArgs) -> Result<Exit, DeviceCommandError> {
    let values = args.config.values()?;
    let application = ApplicationConfig::read(&values).map_err(ConfigCommandError::from)?;
    let collateral = CollateralConfig::read(&values).map_err(ConfigCommandError::from)?;
    let policy = match &args.policy {
        Some(path) => policy_in(path)?,
        None => policy_of(&args.config.read()?)?,
    };
    let description = described(&application, &collateral, &policy)?;
    let text = if args.json {
        serde_json::to_string_pretty(&description)? + "\n"
    } else {
        text::description(&description)
    };
    exit::print(&text)?;
    Ok(Exit::Ok)
}

fn described(
    application: &ApplicationConfig,
    collateral: &CollateralConfig,
    policy: &Policy,
) -> Result<Description, DeviceCommandError> {
    let introduction = application::running_or_started(application)?.introduce()?;
    let roots = assemble::roots(collateral)?;
    Ok(introduction::describe(&introduction, policy, roots, now_s())?)
}

fn policy_in(path: &Path) -> Result<Policy, DeviceCommandError> {
    let failed = |source| DeviceCommandError::PolicyFile { path: path.to_owned(), source };
    let mut document = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(POLICY_BYTES_MAX + 1).read_to_end(&mut document).map_err(failed)?;
    Ok(Policy::from_json(&document)?)
}

/// The network's policy as its events tell it.
fn policy_of(config: &NodeConfig) -> Result<Policy, DeviceCommandError> {
    let network = network(config, &chain(config)?)?;
    let digest = read(&network)?;
    let ledger = assemble::ledger(&network, config)?;
    let document = ledger.policy(digest).ok_or(DeviceCommandError::NoPolicy)?;
    Ok(Policy::from_json(document)?)
}

fn read(network: &Network) -> Result<alloy_primitives::B256, DeviceCommandError> {
    let read = network.read(&contract::policyDigestCall {});
    read.map_err(|error: ReadError| multee_node::LedgerError::from(error).into())
}

fn chain(config: &NodeConfig) -> Result<Arc<Rpc>, DeviceCommandError> {
    Ok(Arc::new(Rpc::connect(&config.chain_config(), Box::<InMemory>::default())?))
}

fn network(config: &NodeConfig, chain: &Arc<Rpc>) -> Result<Network, DeviceCommandError> {
    Ok(Network::new(Arc::<Rpc>::clone(chain), config.contract)?)
}

fn provider(config: &NodeConfig, args: &ProviderArgs) -> Result<Sender, DeviceCommandError> {
    let key = match &args.provider_keystore {
        Some(path) => {
            KeyConfig::Keystore { path: path.clone(), password_file: args.provider_password_file.clone() }
        }
        None => config.operator.key.clone(),
    };
    Ok(assemble::operator(&key)?)
}

fn operator_of(config: &NodeConfig) -> Result<alloy_primitives::Address, DeviceCommandError> {
    match &config.operator.key {
        KeyConfig::Keystore { path, .. } => {
            Ok(multee_keystore::Keystore::address(path).map_err(assemble::AssemblyError::from)?)
        }
        KeyConfig::Signer { address, .. } => Ok(*address),
    }
}

fn join(args: &JoinArgs) -> Result<Exit, DeviceCommandError> {
    // A device that joins has no seat yet; the rest of the configuration is there already.
    let config = args.config.read_without_seat()?;
    let policy = policy_of(&config)?;
    let description = described(&config.confirm.application, &config.collateral, &policy)?;
    let operator = args.operator.map_or_else(|| operator_of(&config), Ok)?;
    let network = network(&config, &chain(&config)?)?;
    let provider = provider(&config, &args.provider)?;
    exit::print(&text::description(&description))?;
    let question = format!("{} pays the deposit, {operator} publishes. Join?", provider.address());
    confirm(&question, args.yes)?;
    let joined = device::join(assemble::ledger(&network, &config)?, &provider, operator, &description)?;
    exit::print(&text::joined(&joined))?;
    Ok(Exit::Ok)
}

fn leave(args: &ExitArgs) -> Result<Exit, DeviceCommandError> {
    let config = args.config.read()?;
    let network = network(&config, &chain(&config)?)?;
    let provider = provider(&config, &args.provider)?;
    confirm(&format!("seat {} is never to publish again. Exit?", config.seat.id.0), args.yes)?;
    device::exit(&network, &provider, config.seat.id)?;
    exit::print("exit is announced; the deposit unbonds (R13), and blocks still open are settled as ever\n")?;
    Ok(Exit::Ok)
}

fn restart(args: &RestartArgs) -> Result<Exit, DeviceCommandError> {
    let config = args.config.read()?;
    let question =
        "the incarnation's key is lost, and the seat is on probation until peers admit the new one. Restart?";
    confirm(question, args.yes)?;
    device::end_application(&config.confirm)?;
    let then = if config.seat.restart {
        "the application was ended; the node begins a new incarnation at its next look at the chain\n"
    } else {
        "the application was ended; with seat.restart = false the node begins no new incarnation by itself\n"
    };
    exit::print(then)?;
    Ok(Exit::Ok)
}

fn show(args: &StatusArgs) -> Result<Exit, DeviceCommandError> {
    let config = args.config.read()?;
    let chain = chain(&config)?;
    let mut ledger = assemble::ledger(&network(&config, &chain)?, &config)?;
    let stop = Stop::on_signals()?;
    let mut rows = 0;
    loop {
        let found = status::status(&chain, &mut ledger, config.seat.id)?;
        rows = print(args, &found, rows)?;
        if !args.watch || stop.wait(LOOK_EVERY) {
            return Ok(Exit::Ok);
        }
    }
}

/// On a terminal the next look is drawn over the last one, which took so many rows.
fn print(args: &StatusArgs, found: &status::DeviceStatus, rows: usize) -> Result<usize, DeviceCommandError> {
    let text = match (args.json, args.watch) {
        (true, true) => serde_json::to_string(found)? + "\n",
        (true, false) => serde_json::to_string_pretty(found)? + "\n",
        (false, _) => text::status(found),
    };
    let redraws = rows > 0 && !args.json && std::io::stdout().is_terminal();
    // Up to the first row, and clear from there.
    let up = if redraws { format!("\x1b[{rows}A\x1b[J") } else { String::new() };
    exit::print(&(up + &text))?;
    Ok(text.lines().count())
}

fn confirm(question: &str, yes: bool) -> Result<(), DeviceCommandError> {
    if yes {
        return Ok(());
    }
    write!(std::io::stderr(), "{question} [yes/no] ")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { Err(DeviceCommandError::NotConfirmed) }
}
