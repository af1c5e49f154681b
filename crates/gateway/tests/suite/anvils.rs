//! An index over a public chain: anvil, asked by JSON-RPC, which takes blocks back.

use std::path::Path;

use multee_chain::Chain;
use multee_gateway::index::{Config, Index};

use crate::dump::dump;
use crate::index::Die;
use crate::town::Town;

/// An index of the chain as it is now, read at once.
fn fresh(town: &Town, dir: &Path, name: &str) -> Vec<String> {
    let path = dir.join(name);
    let mut index = Index::open(&path, town.deployment(), Config::default()).expect("an index");
    index.sync(town.chain.as_ref()).expect("synced");
    drop(index);
    dump(&path)
}

#[test]
fn an_index_goes_along_when_anvil_reorganises() {
    let seed = 0x5eed_a741_u64;
    println!("seed {seed:#x}");
    let (mut die, mut town) = (Die(seed), Town::on_anvil(4));
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("index");
    let config = Config { batch_blocks_max: 5, ..Config::default() };
    let mut index = Index::open(&path, town.deployment(), config).expect("an index");
    let (mut taken_back, mut lost) = (0, 0);
    for epoch in 0..7 {
        town.bad = if epoch > 1 { [3].into() } else { [].into() };
        town.begin(epoch);
        town.settle(epoch);
        for seat in 1..=4 {
            town.publish(seat, crate::town::POWER, b"");
            if die.roll(3) == 0 {
                index.sync(town.chain.as_ref()).expect("synced");
            }
        }
        index.sync(town.chain.as_ref()).expect("synced");
        let before = dump(&path).len();
        // Up to all of the epoch.
        let depth = 1 + die.roll(8);
        town.chain.reorganise(depth, || false);
        let head = town.chain.head().expect("a head");
        taken_back += index.sync(town.chain.as_ref()).expect("synced").reorganisations;
        assert_eq!(index.newest().expect("read").map(|newest| newest.hash), Some(head.hash));
        let after = dump(&path);
        lost += before - after.len();
        assert_eq!(after, fresh(&town, dir.path(), &format!("fresh{epoch}")), "epoch {epoch}, {depth} deep");
    }
    assert_eq!(taken_back, 7);
    assert!(lost > 20, "{lost} rows taken back");
    let verified = index.verify(town.chain.as_ref()).expect("verified");
    assert!(verified.agrees(), "{verified:?}");
}
