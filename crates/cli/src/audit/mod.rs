//! `multee audit`: replays a chain's events by the rules, and prints whether the contract's state is what they give.
//!
//! The work is `multee-replay`'s alone; this module opens the chain, finds the contract, and prints.

mod error;
mod report;

use std::path::{Path, PathBuf};
use std::time::Instant;

use alloy_primitives::Address;
use multee_chain::embedded::Embedded;
use multee_chain::{Chain, ChainError};
use multee_replay::{Verdict, audit, deployments};

pub(crate) use self::error::AuditError;
use self::report::{Report, Text};
use crate::args::AuditArgs;
use crate::exit::{self, Exit};

/// The file that `multee demo --keep` leaves in its directory.
const KEPT: &str = "chain.sqlite";
/// Of a chain with more contracts than that, the first so many are named.
const CONTRACTS_NAMED: usize = 8;

/// Audits the contract that the command line names, or the only one there is, and prints what was found.
///
/// # Errors
/// When nothing can be said: the file is missing or damaged, or what it holds is no chain.
pub(crate) fn run(args: &AuditArgs) -> Result<Exit, AuditError> {
    match judge(args) {
        Err(error) if error.exit() != Exit::Error => {
            let exit = error.exit();
            exit::explain(&error.into());
            Ok(exit)
        }
        judged => judged,
    }
}

fn judge(args: &AuditArgs) -> Result<Exit, AuditError> {
    let path = file(&args.chain)?;
    let chain = Embedded::resume(&path).map_err(|error| AuditError::of_chain(error, &path))?;
    let contract = match args.contract {
        Some(contract) => contract,
        None => only_contract(&chain, &path)?,
    };
    let started = Instant::now();
    let found = audit(&chain, contract).map_err(|error| AuditError::of_audit(error, &path))?;
    let report = Report::new(&found, started.elapsed());
    print(&report, args.json)?;
    Ok(if found.verdict == Verdict::Agrees { Exit::Ok } else { Exit::NotTrusted })
}

/// A directory stands for the chain that a demo kept in it.
fn file(path: &Path) -> Result<PathBuf, AuditError> {
    let path = if path.is_dir() { path.join(KEPT) } else { path.to_owned() };
    if path.is_file() { Ok(path) } else { Err(AuditError::Missing { path }) }
}

fn only_contract(chain: &dyn Chain, path: &Path) -> Result<Address, AuditError> {
    let answer: Result<Vec<Address>, ChainError> = deployments(chain, CONTRACTS_NAMED);
    let found = answer.map_err(|error| AuditError::of_chain(error, path))?;
    match found[..] {
        [only] => Ok(only),
        [] => Err(AuditError::NoContract { path: path.to_owned() }),
        _ => Err(AuditError::SeveralContracts { path: path.to_owned(), found: listed(&found) }),
    }
}

fn listed(found: &[Address]) -> String {
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    found.join(", ")
}

fn print(report: &Report, json: bool) -> Result<(), AuditError> {
    let text = if json {
        let document = serde_json::to_string_pretty(report).map_err(std::io::Error::other);
        document.map_err(AuditError::Unwritable)? + "\n"
    } else {
        Text(report).to_string()
    };
    exit::print(&text).map_err(AuditError::Unwritable)
}
