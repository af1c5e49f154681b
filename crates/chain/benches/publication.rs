//! How fast the embedded chain takes publications, and what gas one costs.
//!
//! Measures the whole way of `Chain::send`: execution of the real contract, commit to the database, receipt.
//! Evidence is noise without certificates, signatures are made beforehand and not counted. `cargo bench -p multee-chain`.

#[path = "../tests/support/network.rs"]
mod network;

use std::time::{Duration, Instant};

use alloy_primitives::{Address, U256};
use multee_chain::embedded::{Config, Embedded};
use multee_chain::{Chain, Sender, Transaction};
use multee_protocol::Check;
use network::Network;

/// Epochs after which every window is full, and how many are measured then.
const WARM_UP_EPOCHS: u32 = 4;
const MEASURED_EPOCHS: u32 = 6;
const TRANSFERS: u32 = 3000;
/// What a device publishes once for an incarnation: a platform's certificate chain has some 3,600 bytes.
const CERTIFICATES_BYTES: usize = 3_600;

/// What the devices find.
#[derive(Clone, Copy, Debug)]
enum Temper {
    /// All blocks are found valid, so nothing is suspicious once founding is over.
    Calm,
    /// Every other epoch nobody checks the latest blocks, so that all of them are logged and windows stay full:
    /// as dear as a publication gets.
    Suspicious,
}

fn main() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| Embedded::open(&directory.path().join(name), config()).expect("opens");
    println!("transfers:");
    transfers("in memory", &memory(), TRANSFERS);
    transfers("in a file", &file("transfers"), TRANSFERS);
    for (devices, evidence_bytes) in [(12, 1300), (58, 1300), (58, 6000)] {
        for network in [Temper::Calm, Temper::Suspicious] {
            println!(
                "publications, {devices} devices, {evidence_bytes} bytes of evidence, {network:?} network:"
            );
            publications("in memory", memory(), devices, evidence_bytes, network);
            let name = format!("publications-{devices}-{evidence_bytes}-{network:?}");
            publications("in a file", file(&name), devices, evidence_bytes, network);
        }
    }
}

fn config() -> Config {
    Config::devnet(31_337, 1_700_000_000)
}

fn memory() -> Embedded {
    Embedded::in_memory(config()).expect("opens")
}

fn transfers(place: &str, chain: &Embedded, count: u32) {
    let by = Sender::from_key(&[7; 32]).expect("a key");
    let started = Instant::now();
    for index in 0..count {
        let to = Address::left_padding_from(&index.to_be_bytes());
        chain.send(&by, &Transaction::transfer(to, U256::ZERO)).expect("executes");
    }
    println!("  {place}: {}", rate(count, started.elapsed()));
}

fn publications(place: &str, chain: Embedded, devices: u32, evidence_bytes: usize, temper: Temper) {
    let mut network = Network::found(chain, devices);
    let (mut spent, mut first, mut gas_used, mut assigned) = (Duration::ZERO, Vec::new(), Vec::new(), 0);
    for epoch in 0..WARM_UP_EPOCHS + MEASURED_EPOCHS {
        network.open(epoch);
        for index in 0..devices as usize {
            let unchecked =
                matches!(temper, Temper::Suspicious) && (epoch < WARM_UP_EPOCHS || epoch % 2 == 1);
            let mark = |check| match check {
                Check::Latest { .. } => u8::from(!unchecked),
                Check::Suspicious { .. } => 1,
                Check::Empty => 0,
            };
            let evidence: Vec<u8> = (1..=u8::MAX).cycle().take(evidence_bytes).collect();
            let marks = network.marks(epoch, index, mark);
            let mut publication = network.publication(epoch, index, marks, &evidence);
            if epoch == 0 {
                publication.0.publication.certificates = vec![0x41; CERTIFICATES_BYTES].into();
            }
            let transaction = Transaction::invoke(network.deployment.contract, &publication.0);
            let started = Instant::now();
            let receipt = network.chain.send(&network.devices[index].operator, &transaction);
            let elapsed = started.elapsed();
            let receipt = network.published(index, publication.1, receipt.expect("executes"));
            if epoch == 0 {
                first.push(receipt.gas_used);
            }
            if epoch >= WARM_UP_EPOCHS {
                spent += elapsed;
                gas_used.push(receipt.gas_used);
                assigned = assigned.max(network.assignment(epoch, index).map_or(0, |a| a.assigned()));
            }
        }
    }
    gas_used.sort_unstable();
    let (min, median, max) = (gas_used[0], gas_used[gas_used.len() / 2], gas_used[gas_used.len() - 1]);
    println!("  {place}: {}", rate(MEASURED_EPOCHS * devices, spent));
    println!("    gas: min {min}, median {median}, max {max}; up to {assigned} blocks assigned");
    first.sort_unstable();
    println!(
        "    the first one, with {CERTIFICATES_BYTES} bytes of certificates: median {}",
        first[first.len() / 2]
    );
}

fn rate(count: u32, spent: Duration) -> String {
    let per_second = f64::from(count) / spent.as_secs_f64();
    format!("{per_second:.0} per second, {:.0} µs each", 1e6 / per_second)
}
