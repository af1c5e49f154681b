//! `multee network init`: a network.toml to fill in.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use multee_evidence::{INTEL_SGX_ROOT_CA_SHA256, Policy, TcbStatus};
use multee_founding::NetworkConfig;
use serde_json::json;

use super::args::InitArgs;
use super::{NetworkError, print};
use crate::exit::Exit;

/// Writes both files, or none.
pub(super) fn run(args: &InitArgs) -> Result<Exit, NetworkError> {
    let config = NetworkConfig::example(args.devnet);
    let policy = args.out.with_file_name(&config.policy);
    if policy.exists() {
        return Err(NetworkError::Exists { path: policy });
    }
    write_new(&args.out, &config.to_text())?;
    write_new(&policy, &policy_text())?;
    let (config, policy) = (args.out.display(), policy.display());
    print(&format!(
        "wrote {config} and {policy}\n\n\
         {policy} accepts what Intel signs, and demands TCB evaluation {EVALUATION}: put the one there that you demand;\n\
         `multee verify --fetch` on a quote tells which one Intel has in force\n\n\
         next: fill both in, then see what it costs\n  \
         multee network deploy --config {config} --rpc URL --dry-run\n"
    ))?;
    Ok(Exit::Ok)
}

fn write_new(path: &Path, text: &str) -> Result<(), NetworkError> {
    let written = OpenOptions::new().write(true).create_new(true).open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => NetworkError::Exists { path: path.to_owned() },
        _ => NetworkError::Unwritable { path: path.to_owned(), source },
    })
}

/// Intel's root, and platforms that are up to date.
fn policy_text() -> String {
    let document = json!({
        "version": Policy::VERSION,
        "roots": [INTEL_SGX_ROOT_CA_SHA256],
        "platform_statuses": [TcbStatus::UpToDate],
        "tcb_evaluation_number": EVALUATION,
        "accept_smt": true,
    });
    format!("{document:#}\n")
}

/// To be replaced: there is a new one every few months, and which to demand is the founder's choice.
const EVALUATION: u32 = 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_that_is_written_is_one() {
        let policy = Policy::from_json(policy_text().as_bytes()).expect("a policy");
        assert_eq!(policy.roots(), [INTEL_SGX_ROOT_CA_SHA256]);
    }
}
