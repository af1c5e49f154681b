//! `multee network deploy`: checks, shows, confirms, founds, verifies.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use alloy_primitives::{Address, keccak256};
use multee_chain::rpc::{InMemory, Journal, Rpc};
use multee_chain::{Chain as _, Sender};
use multee_founding::{
    Checked, Contract, FileJournal, Mismatch, NetworkConfig, Plan, Progress, Record, Step, check,
    check_offline, deploy, utc, verify_code,
};

use super::args::DeployArgs;
use super::confirm::confirm;
use super::text::{coins, grouped, gwei};
use super::{NetworkError, print};
use crate::account::AccountError;
use crate::exit::{self, Exit};

pub(super) fn run(args: &DeployArgs) -> Result<Exit, NetworkError> {
    let config = NetworkConfig::read(&args.config)?;
    let policy = config.read_policy(&args.config)?;
    let plan = Plan { config: &config, policy: &policy };
    let account = args.account.identify()?;
    let founder = account.as_ref().map(|account| account.address);
    let state = beside(&args.config, "state.json");
    let record = record(&state, &config, founder)?;
    let chain = match connect(args, &config) {
        Ok(chain) => chain,
        // What the file alone shows is told all the same.
        Err(error) => {
            print(&findings(&check_offline(&plan)))?;
            return Err(error);
        }
    };
    if let Some(record) = record.as_ref().filter(|record| record.kept().verified) {
        return again(args, &chain, &plan, record);
    }
    let checked = check(&chain, founder, &plan, record.as_ref(), args.chain.confirmations(config.chain_id))?;
    print(&(findings(&checked) + &outline(&config, founder, &checked)))?;
    if !checked.problems.is_empty() {
        return Ok(refused(&checked));
    }
    if args.dry_run {
        print("\ndry run: nothing was sent\n")?;
        return Ok(Exit::Ok);
    }
    confirm("\nFound this network?", args.yes)?;
    print("\n")?;
    let founder = account.ok_or(AccountError::Nobody)?.open()?;
    let record = begin(record, &chain, &plan, founder.address(), &state)?;
    found(args, &chain, &plan, &founder, record)
}

/// What was founded and verified is left as it is: its owner may have changed it since.
fn again(args: &DeployArgs, chain: &Rpc, plan: &Plan<'_>, record: &Record) -> Result<Exit, NetworkError> {
    let mismatches = verify_code(chain, plan, record.kept())?;
    if !mismatches.is_empty() {
        print(&mistrusted(&mismatches))?;
        return Ok(Exit::NotTrusted);
    }
    let head =
        "founded before; the code on the chain is the committed bytecode; settings are left as they are\n\n";
    print(&(head.to_owned() + &places(args, chain, plan, record)?))?;
    Ok(Exit::Ok)
}

fn begin(
    record: Option<Record>,
    chain: &Rpc,
    plan: &Plan<'_>,
    founder: Address,
    state: &Path,
) -> Result<Record, NetworkError> {
    if let Some(record) = record {
        return Ok(record);
    }
    let head = chain.head()?;
    Ok(Record::begin(state, plan.config, founder, head.number, head.timestamp_s)?)
}

fn found(
    args: &DeployArgs,
    chain: &Rpc,
    plan: &Plan<'_>,
    founder: &Sender,
    mut record: Record,
) -> Result<Exit, NetworkError> {
    let mismatches = deploy(chain, founder, plan, &mut record, &mut |progress| {
        // Who does not watch does not stop it.
        let _ = print(&told(&progress));
    })?;
    if !mismatches.is_empty() {
        print(&mistrusted(&mismatches))?;
        return Ok(Exit::NotTrusted);
    }
    let head = "\nfounded: the code on the chain is the committed bytecode, and every setting reads back\n\n";
    print(&(head.to_owned() + &places(args, chain, plan, &record)?))?;
    Ok(Exit::Ok)
}

/// `network.toml` has `network.state.json` and `network.journal` beside it.
fn beside(config: &Path, extension: &str) -> PathBuf {
    config.with_extension(extension)
}

fn record(
    path: &Path,
    config: &NetworkConfig,
    founder: Option<Address>,
) -> Result<Option<Record>, NetworkError> {
    let record = Record::read(path)?;
    if let (Some(record), Some(founder)) = (&record, founder) {
        record.check(config, founder)?;
    }
    Ok(record)
}

/// A dry run leaves no file behind.
fn connect(args: &DeployArgs, config: &NetworkConfig) -> Result<Rpc, NetworkError> {
    let journal: Box<dyn Journal> = if args.dry_run {
        Box::new(InMemory::default())
    } else {
        let journal = FileJournal::open(&beside(&args.config, "journal"));
        Box::new(journal.map_err(NetworkError::Journal)?)
    };
    Ok(args.chain.connect(config.chain_id, journal)?)
}

fn findings(checked: &Checked) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for problem in &checked.problems {
        let _ = writeln!(text, "problem: {problem}\n         {}", problem.remedy());
    }
    for warning in &checked.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn refused(checked: &Checked) -> Exit {
    let count = checked.problems.len();
    let error = miette::miette!(
        code = "multee::network::problems",
        help = "mend what stands above; nothing was sent",
        "{count} problem{} stand{} against it",
        if count == 1 { "" } else { "s" },
        if count == 1 { "s" } else { "" }
    );
    exit::explain(&error)
}

fn outline(config: &NetworkConfig, founder: Option<Address>, checked: &Checked) -> String {
    let mut text = String::new();
    let founder = founder.map_or_else(|| "nobody named".to_owned(), |founder| founder.to_string());
    let _ =
        writeln!(text, "chain {}, founder {founder}, genesis {}", config.chain_id, utc(checked.genesis_s));
    let cost = &checked.cost;
    if cost.steps.is_empty() {
        return text;
    }
    let _ = writeln!(text, "\n{:<32}{:>12}{:>16}", "step", "gas", "native coin");
    let price = alloy_primitives::U256::from(cost.gas_price_wei);
    for step in &cost.steps {
        let (gas, wei) = (grouped(&step.gas), alloy_primitives::U256::from(step.gas) * price);
        let _ = writeln!(text, "{:<32}{gas:>12}{:>16}", step.step.to_string(), coins(wei));
    }
    let (gas, now) = (grouped(&cost.gas()), coins(cost.now_wei()));
    let _ = writeln!(text, "{:<32}{gas:>12}{now:>16}", "together");
    let (price, needed) = (gwei(cost.gas_price_wei), coins(cost.needed_wei()));
    let _ = writeln!(
        text,
        "\ngas at {price} gwei, measured in memory; there must be {needed}, as the price may rise on the way"
    );
    text
}

fn told(progress: &Progress<'_>) -> String {
    match progress {
        Progress::DoneBefore(step) => format!("{step}: was done before\n"),
        Progress::Sending(step) => format!("{step} …\n"),
        Progress::Executed(step, receipt) => {
            let (gas, block, hash) =
                (grouped(&receipt.gas_used), receipt.block_number, receipt.transaction_hash);
            let created = receipt.created.map_or_else(String::new, |address| format!(" at {address}"));
            format!("{step}: done{created}, {gas} gas, block {block}, {hash}\n")
        }
    }
}

fn mistrusted(mismatches: &[Mismatch]) -> String {
    let mut text =
        String::from("\nWhat is on the chain is not what it was to be. Do not use this network.\n");
    for mismatch in mismatches {
        let _ = writeln!(text, "  {mismatch}");
    }
    text
}

/// Where everything is, what a node must know of it, and what comes next.
fn places(args: &DeployArgs, chain: &Rpc, plan: &Plan<'_>, record: &Record) -> Result<String, NetworkError> {
    let (kept, mut text) = (record.kept(), String::new());
    let all = [Contract::ProofOfAttestation, Contract::Registry, Contract::Reader, Contract::TestToken];
    let mut network_hash = None;
    for contract in all {
        let Some(address) = kept.address(contract) else { continue };
        let hash = keccak256(chain.code(address)?);
        network_hash.get_or_insert(hash);
        let name = if contract == Contract::TestToken { "token" } else { contract.name() };
        let _ = writeln!(text, "{name:<20}{address}  code {hash}");
    }
    let created = Step::Create(Contract::ProofOfAttestation).to_string();
    let from_block =
        kept.steps.iter().find(|step| step.step == created).map_or(kept.from_block, |step| step.block);
    let contract = kept.contract.unwrap_or_default();
    let _ = write!(
        text,
        "\nfor node.toml:\n\n[network]\ncontract = \"{contract}\"\nchain_id = {}\nfrom_block = {from_block}\ncode_hash = \"{}\"\n\n",
        kept.chain_id,
        network_hash.unwrap_or_default()
    );
    if let Some(owner) = plan.config.owner {
        let _ = writeln!(
            text,
            "{owner} has been offered the ownership and has to accept it:\n  to {contract}, data 0x79ba5097\n"
        );
    }
    let state = beside(&args.config, "state.json");
    let _ = write!(
        text,
        "next, before {}:\n  multee network show --rpc URL --state {}\n  multee node run --config node.toml\n",
        utc(kept.genesis_s),
        state.display()
    );
    Ok(text)
}
