//! When nothing can be said: exit 1, 4 or 5 with code and help on stderr, or exit 2, and nothing on stdout.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use insta::assert_snapshot;
use multee_chain::embedded::{Config, Embedded};
use multee_chain::{Chain, Sender};
use multee_founding::{Founding, found_devnet};
use multee_protocol::{Fixed, Parameters};

use crate::kept::{Copy, copied, fresh, multee};

fn complaint(chain: &Path, more: &[&str], code: i32) -> String {
    let mut args = vec!["audit", "--chain", chain.to_str().expect("UTF-8")];
    args.extend(more);
    let seen = multee(&args);
    assert_eq!((seen.code, seen.stdout.as_str()), (code, ""), "{seen:?}");
    let directory = chain.parent().expect("a directory").to_str().expect("UTF-8");
    seen.stderr.replace(directory, "DIR")
}

fn found(chain: &Arc<Embedded>) {
    let plan = Founding {
        genesis_s: 2_000,
        fixed: Fixed::default(),
        parameters: Parameters::default(),
        policy: b"{}".to_vec(),
        references: Vec::new(),
        seats: Vec::new(),
    };
    let shared: Arc<dyn Chain> = Arc::<Embedded>::clone(chain);
    let owner = Sender::from_key(&[7; 32]).expect("a key");
    found_devnet(&shared, &owner, &plan).expect("founded");
}

#[test]
fn every_failure_says_how_to_fix_it() {
    let directory = fresh("failures");
    let file = |name: &str, content: &[u8]| {
        fs::write(directory.join(name), content).expect("written");
        directory.join(name)
    };
    let whole = fs::read(copied(1, "whole").join("chain.sqlite")).expect("reads");
    let empty_chain = directory.join("young");
    drop(Embedded::open(&empty_chain, Config::devnet(7, 1_000)).expect("made"));
    let twice = directory.join("twice");
    let chain = Arc::new(Embedded::open(&twice, Config::devnet(7, 1_000)).expect("made"));
    found(&chain);
    found(&chain);
    drop(chain);
    let held = directory.join("held");
    let _holder = Embedded::open(&held, Config::devnet(7, 1_000)).expect("made");
    let nobody = ["--contract", "0x00000000000000000000000000000000000000ff"];
    let cases = [
        ("missing", complaint(&directory.join("nowhere"), &[], 1)),
        ("text", complaint(&file("text", b"Hello!\n"), &[], 1)),
        ("empty file", complaint(&file("empty", b""), &[], 1)),
        ("cut short", complaint(&file("cut", &whole[..whole.len() / 3]), &[], 1)),
        ("held", complaint(&held, &[], 5)),
        ("no contract", complaint(&empty_chain, &[], 4)),
        ("several contracts", complaint(&twice, &[], 1)),
        ("no such contract", complaint(&twice, &nobody, 4)),
    ];
    let complaints = cases.map(|(name, complaint)| {
        assert!(complaint.starts_with("error[multee::audit::"), "{name}: {complaint}");
        assert!(complaint.contains("\n  help: "), "{name}: {complaint}");
        format!("{name}\n{complaint}")
    });
    assert_snapshot!(complaints.join("\n"));
}

#[test]
fn a_block_with_another_time_is_not_the_chains() {
    let copy = Copy::new("time");
    copy.change(1, "UPDATE blocks SET timestamp_s = timestamp_s + 1 WHERE number = 60");
    let seen = copy.audited();
    assert_eq!((seen.code, seen.stdout.as_str()), (1, ""), "{seen:?}");
    assert!(seen.stderr.contains("block 60 does not have its contents' hash"), "{}", seen.stderr);
}

#[test]
fn a_chain_without_one_of_its_blocks_is_no_chain() {
    let copy = Copy::new("hole");
    copy.change(1, "DELETE FROM blocks WHERE number = 60");
    let seen = copy.audited();
    assert_ne!(seen.code, 0, "{seen:?}");
}

#[test]
fn wrong_command_lines_exit_with_2() {
    for args in [&["audit"][..], &["audit", "--chain", "x", "--contract", "0x12"], &["audit", "--chain"]] {
        let seen = multee(args);
        assert_eq!((seen.code, seen.stdout.as_str()), (2, ""), "{args:?}");
    }
}
