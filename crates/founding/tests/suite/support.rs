//! What these tests share.

use core::time::Duration;
use std::path::{Path, PathBuf};

use alloy_primitives::{Address, B256, U64, hex};
use multee_chain::rpc::{Config, Endpoint, Rpc};
use multee_chain::{Chain, Outcome, Receipt, Sender, Transaction};
use multee_confirmation::ReferenceValue;
use multee_founding::{
    DeployError, FileJournal, FoundingSeat, Mismatch, NetworkConfig, Plan, Record, Site, deploy,
};
use multee_protocol::DeviceId;
use serde_json::json;
use tempfile::TempDir;

use crate::anvil::Anvil;

pub(crate) const CHAIN_ID: u64 = 31_337;

pub(crate) const POLICY: &[u8] = br#"{
    "version": 1, "platform_statuses": ["UpToDate"], "tcb_evaluation_number": 17,
    "roots": ["0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"]
}"#;

/// The account that anvil gives money to.
pub(crate) fn rich() -> Sender {
    Sender::from_key(&hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"))
        .expect("a key")
}

/// A chain with as many blocks as the probe looks at, so that it has no findings.
pub(crate) fn grown() -> Anvil {
    let anvil = Anvil::start();
    anvil.ask("anvil_mine", &json!(["0x12c", "0x1"]));
    anvil
}

pub(crate) fn seat(number: u8) -> FoundingSeat {
    FoundingSeat {
        provider: Address::repeat_byte(number),
        operator: Address::repeat_byte(number + 100),
        device_id: DeviceId(B256::repeat_byte(number)),
        incarnation: Address::repeat_byte(number + 50),
        measurement: B256::repeat_byte(7),
        verified_power: 1000 + u64::from(number),
    }
}

/// A devnet's, with two founding seats.
pub(crate) fn config() -> NetworkConfig {
    let reference = ReferenceValue { measurement: B256::repeat_byte(7), from_epoch: 0, until_epoch: 99 };
    NetworkConfig {
        references: vec![reference],
        seats: vec![seat(1), seat(2)],
        ..NetworkConfig::example(true)
    }
}

pub(crate) fn plan(config: &NetworkConfig) -> Plan<'_> {
    Plan { config, policy: POLICY }
}

/// A directory in which somebody founds a network.
pub(crate) struct Desk {
    directory: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.directory.path().join("network.state.json")
    }

    /// A process's view of the chain; what it signs is in the desk's journal.
    pub(crate) fn connect(&self, url: &str) -> Rpc {
        self.connect_within(url, Duration::from_mins(1))
    }

    /// As [`Desk::connect`], for who waits for a transaction so long at most.
    pub(crate) fn connect_within(&self, url: &str, send_within: Duration) -> Rpc {
        let config = Config {
            send_within,
            confirmations: 1,
            timeout: Duration::from_secs(20),
            head_age_max: Duration::ZERO,
            poll_every: Duration::from_millis(5),
            ..Config::new(CHAIN_ID, vec![Endpoint::parse(url).expect("a URL")])
        };
        let journal = FileJournal::open(&self.directory.path().join("network.journal")).expect("opened");
        Rpc::connect(&config, Box::new(journal)).expect("connects")
    }

    pub(crate) fn record(&self, site: &dyn Site, config: &NetworkConfig) -> Record {
        record(&self.state(), site, config)
    }

    /// Founds, or goes on with it, as one process does.
    pub(crate) fn found(
        &self,
        site: &dyn Site,
        config: &NetworkConfig,
    ) -> Result<Vec<Mismatch>, DeployError> {
        let mut record = self.record(site, config);
        deploy(site, &rich(), &plan(config), &mut record, &mut |_| {})
    }

    pub(crate) fn founded(&self, anvil: &Anvil, config: &NetworkConfig) -> (Rpc, Record) {
        let rpc = self.connect(&anvil.url());
        assert_eq!(self.found(&rpc, config).expect("founded"), []);
        let record = self.record(&rpc, config);
        (rpc, record)
    }
}

fn record(path: &Path, site: &dyn Site, config: &NetworkConfig) -> Record {
    let founder = rich().address();
    if let Some(record) = Record::read(path).expect("reads") {
        record.check(config, founder).expect("of this founding");
        return record;
    }
    let head = site.head().expect("head");
    Record::begin(path, config, founder, head.number, head.timestamp_s).expect("written")
}

/// Transactions that the rich account has sent.
pub(crate) fn sent(anvil: &Anvil) -> u64 {
    let count = anvil.ask("eth_getTransactionCount", &json!([rich().address(), "latest"]));
    serde_json::from_value::<U64>(count).expect("a number").to()
}

pub(crate) fn succeed(chain: &dyn Chain, transaction: &Transaction) -> Receipt {
    let receipt = chain.send(&rich(), transaction).expect("executes");
    assert_eq!(receipt.outcome, Outcome::Success);
    receipt
}
