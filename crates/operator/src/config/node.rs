//! The node's configuration in types.

use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{Address, B256};
use multee_chain::rpc;
use multee_collateral::Endpoint;
use multee_node::Link;
use multee_protocol::SeatId;
use std::net::SocketAddr;
use std::str::FromStr;

use super::read::{ConfigFaults, Reader};
use super::values::Values;

/// All that `multee node run` is told.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The network's contract.
    pub contract: Address,
    /// The id of the chain that it is on (EIP-155).
    pub chain_id: u64,
    /// keccak256 of the contract's code, if it is known.
    pub code_hash: Option<B256>,
    /// A block of the chain before which the network has no events.
    pub from_block: u64,
    /// The way to the chain.
    pub rpc: RpcConfig,
    /// Who publishes.
    pub operator: OperatorConfig,
    /// For whom.
    pub seat: SeatConfig,
    /// The Confirmation Application.
    pub confirm: ConfirmConfig,
    /// Where collateral comes from.
    pub collateral: CollateralConfig,
    /// The file of what must not be forgotten.
    pub state: PathBuf,
    /// Where metrics are served.
    pub metrics: Option<SocketAddr>,
    /// What is told while it runs.
    pub log: LogConfig,
}

/// The way to the chain.
#[derive(Clone, Debug)]
pub struct RpcConfig {
    /// Servers, in order of preference.
    pub endpoints: Vec<rpc::Endpoint>,
    /// Gateways of the network, for what the servers no longer have; URLs.
    pub peers: Vec<String>,
    /// Blocks a transaction is deep before it counts.
    pub confirmations: u64,
    /// Blocks an epoch's seed is deep before anything is signed.
    pub seed_depth_blocks: u64,
    /// Blocks that a reorganisation may take back without help.
    pub reorg_blocks_max: u64,
    /// Between looks at the chain.
    pub poll: Duration,
    /// For one answer.
    pub timeout: Duration,
    /// For one transaction.
    pub send_within: Duration,
    /// Before a transaction is replaced.
    pub bump_after: Duration,
    /// The most for a unit of gas, in wei.
    pub fee_cap_wei: u128,
    /// The least that is offered to block producers for a unit of gas, in wei.
    pub tip_wei_min: u128,
}

/// Who publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorConfig {
    /// How its transactions are signed.
    pub key: KeyConfig,
}

/// How an account's transactions are signed.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyConfig {
    /// With the key in this keystore.
    Keystore {
        /// The keystore.
        path: PathBuf,
        /// The file with its password; else the terminal is asked.
        password_file: Option<PathBuf>,
    },
    /// By a signer.
    Signer {
        /// Where it listens; may hold secrets.
        url: String,
        /// The account.
        address: Address,
    },
}

/// For whom the node works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatConfig {
    /// The seat.
    pub id: SeatId,
    /// Whether to boot anew when it is suspended or its key is lost.
    pub restart: bool,
}

/// The Confirmation Application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmConfig {
    /// How it is started.
    pub application: ApplicationConfig,
    /// The measurement that it boots from.
    pub measurement: B256,
    /// How long it may take to start, in milliseconds.
    pub start_ms_max: u64,
    /// How long an epoch's work may take, in milliseconds.
    pub answer_ms_max: u64,
    /// Whether it outlives the node.
    pub keep_running: bool,
}

/// How a Confirmation Application is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicationConfig {
    /// As a child of the node.
    Program {
        /// The program.
        program: PathBuf,
        /// What it is told besides its socket.
        args: Vec<String>,
        /// Where its sockets are made.
        directory: PathBuf,
    },
    /// By something else.
    Socket {
        /// Where it listens.
        link: Link,
        /// What boots it anew; empty: nothing does.
        restart_command: Vec<String>,
    },
}

/// Where collateral comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralConfig {
    /// Intel's service and caches of it.
    pub pcs: Vec<Endpoint>,
    /// AMD's service and caches of it.
    pub amd: Vec<Endpoint>,
    /// Where it is kept.
    pub cache: PathBuf,
    /// Root certificates besides Intel's and AMD's, files.
    pub roots: Vec<PathBuf>,
    /// Certificates that vouch for the services, files; empty: public authorities do.
    pub tls_roots: Vec<PathBuf>,
}

/// What is told while the node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// How.
    pub format: LogFormat,
    /// How much.
    pub level: tracing::Level,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Human,
    /// A JSON object a line.
    Json,
}

impl NodeConfig {
    /// The configuration that the values make.
    ///
    /// # Errors
    /// When some are missing, out of range or contradict each other: all of it.
    pub fn read(values: &Values) -> Result<Self, ConfigFaults> {
        let reader = Reader::new(values);
        let read = Self::from(&reader);
        reader.finish(read)
    }

    /// Every part is read before the first fault ends it, so that all faults are told.
    fn from(reader: &Reader<'_>) -> Option<Self> {
        let contract = reader.required("network.contract");
        let chain_id = reader.integer("network.chain_id", 1..=u64::MAX);
        let code_hash = reader.optional("network.code_hash");
        let from_block = reader.integer("network.from_block", 0..=u64::MAX);
        let rpc = RpcConfig::from(reader);
        let operator = OperatorConfig::from(reader);
        let seat = SeatConfig::from(reader);
        let confirm = ConfirmConfig::from(reader);
        let collateral = CollateralConfig::from(reader);
        let state = reader.required_path("state.path");
        let metrics = reader.optional("metrics.listen");
        let log = LogConfig::from(reader);
        Some(Self {
            contract: contract?,
            chain_id: chain_id?,
            code_hash,
            from_block: from_block?,
            rpc: rpc?,
            operator: operator?,
            seat: seat?,
            confirm: confirm?,
            collateral: collateral?,
            state: state?,
            metrics,
            log: log?,
        })
    }

    /// The way to the chain, with the contract that every endpoint must have.
    pub fn chain_config(&self) -> rpc::Config {
        let RpcConfig { endpoints, confirmations, timeout, send_within, bump_after, .. } = &self.rpc;
        let defaults = rpc::Config::new(self.chain_id, endpoints.clone());
        let mut config = rpc::Config {
            confirmations: *confirmations,
            timeout: *timeout,
            send_within: *send_within,
            bump_after: *bump_after,
            fees: rpc::FeeLimits {
                cap_wei_max: self.rpc.fee_cap_wei,
                tip_wei_min: self.rpc.tip_wei_min,
                ..defaults.fees
            },
            poll_every: self.rpc.poll.min(defaults.poll_every),
            jitter_seed: u64::from(self.seat.id.0),
            ..defaults
        };
        if let Some(hash) = self.code_hash {
            config = config.expect_code(self.contract, hash);
        }
        config
    }
}

impl RpcConfig {
    fn from(reader: &Reader<'_>) -> Option<Self> {
        let endpoints = reader.list("rpc.endpoints", 1..=rpc::ENDPOINTS_MAX);
        let peers = reader.texts("rpc.peers");
        let confirmations = reader.integer("rpc.confirmations", 1..=rpc::CONFIRMATIONS_MAX);
        let seed_depth_blocks = reader.integer("rpc.seed_depth_blocks", 1..=64);
        let reorg_blocks_max = reader.integer("rpc.reorg_blocks_max", 1..=4096);
        let poll = reader.integer("rpc.poll_ms", 50..=60_000);
        let timeout = reader.integer("rpc.timeout_ms", 100..=600_000);
        let send_within = reader.integer("rpc.send_within_s", 1..=3600);
        let bump_after = reader.integer("rpc.bump_after_s", 1..=3600);
        let fee_cap = reader.integer("rpc.fee_cap_wei", 1..=u64::MAX);
        let tip = reader.integer("rpc.tip_wei_min", 0..=u64::MAX);
        Some(Self {
            endpoints: endpoints?,
            peers: peers?,
            confirmations: confirmations?,
            seed_depth_blocks: seed_depth_blocks?,
            reorg_blocks_max: reorg_blocks_max?,
            poll: Duration::from_millis(poll?),
            timeout: Duration::from_millis(timeout?),
            send_within: Duration::from_secs(send_within?),
            bump_after: Duration::from_secs(bump_after?),
            fee_cap_wei: fee_cap?.into(),
            tip_wei_min: tip?.into(),
        })
    }
}

impl OperatorConfig {
    fn from(reader: &Reader<'_>) -> Option<Self> {
        let (keystore, signer) = (reader.path("operator.keystore"), reader.optional("operator.signer"));
        match (keystore, signer) {
            (Some(path), None) => {
                let password_file = reader.path("operator.password_file");
                Some(Self { key: KeyConfig::Keystore { path, password_file } })
            }
            (None, Some(url)) => {
                let address = reader.required("operator.address")?;
                Some(Self { key: KeyConfig::Signer { url, address } })
            }
            (None, None) => {
                reader.fault("operator.keystore", "must be set, or operator.signer");
                None
            }
            (Some(_), Some(_)) => {
                reader.fault("operator.signer", "is in place of operator.keystore: set one of them");
                None
            }
        }
    }
}

impl core::fmt::Debug for KeyConfig {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Keystore { path, password_file } => {
                f.debug_struct("Keystore").field("path", path).field("password_file", password_file).finish()
            }
            Self::Signer { address, .. } => {
                f.debug_struct("Signer").field("address", address).finish_non_exhaustive()
            }
        }
    }
}

impl SeatConfig {
    fn from(reader: &Reader<'_>) -> Option<Self> {
        let id = reader.integer("seat.id", 1..=u32::MAX.into());
        let restart = reader.switch("seat.restart");
        Some(Self { id: SeatId(u32::try_from(id?).ok()?), restart: restart? })
    }
}

impl ConfirmConfig {
    fn from(reader: &Reader<'_>) -> Option<Self> {
        let application = ApplicationConfig::from(reader);
        let measurement = reader.required("confirm.measurement");
        let start = reader.integer("confirm.start_ms_max", 1_000..=600_000);
        let answer = reader.integer("confirm.answer_ms_max", 1_000..=3_600_000);
        let keep_running = reader.switch("confirm.keep_running");
        Some(Self {
            application: application?,
            measurement: measurement?,
            start_ms_max: start?,
            answer_ms_max: answer?,
            keep_running: keep_running?,
        })
    }
}

impl ApplicationConfig {
    /// The application alone, whatever else is set.
    ///
    /// # Errors
    /// When it is not set, or set twice.
    pub fn read(values: &Values) -> Result<Self, ConfigFaults> {
        let reader = Reader::new(values);
        let read = Self::from(&reader);
        reader.finish(read)
    }

    fn from(reader: &Reader<'_>) -> Option<Self> {
        let (program, socket) = (reader.path("confirm.program"), link(reader));
        let (args, directory) = (reader.texts("confirm.args"), reader.required_path("confirm.directory"));
        let restart_command = reader.texts("confirm.restart_command");
        match (program, socket) {
            (Some(program), None) => Some(Self::Program { program, args: args?, directory: directory? }),
            (None, Some(link)) => Some(Self::Socket { link, restart_command: restart_command? }),
            (None, None) => {
                reader.fault("confirm.program", "must be set, or confirm.socket");
                None
            }
            (Some(_), Some(_)) => {
                reader.fault("confirm.socket", "is in place of confirm.program: set one of them");
                None
            }
        }
    }
}

/// A path in a file is relative to it, as others are.
fn link(reader: &Reader<'_>) -> Option<Link> {
    match reader.optional("confirm.socket")? {
        Link::Unix(path) => Some(Link::Unix(reader.beside("confirm.socket", &path.to_string_lossy()))),
        link => Some(link),
    }
}

impl CollateralConfig {
    /// Where collateral comes from alone, whatever else is set.
    ///
    /// # Errors
    /// When something about it is wrong.
    pub fn read(values: &Values) -> Result<Self, ConfigFaults> {
        let reader = Reader::new(values);
        let read = Self::from(&reader);
        reader.finish(read)
    }

    fn from(reader: &Reader<'_>) -> Option<Self> {
        let pcs = reader.list("collateral.pcs", 0..=16);
        let amd = reader.list("collateral.amd", 0..=16);
        let cache = reader.required_path("collateral.cache");
        let roots = reader.paths("collateral.roots");
        let tls_roots = reader.paths("collateral.tls_roots");
        Some(Self { pcs: pcs?, amd: amd?, cache: cache?, roots: roots?, tls_roots: tls_roots? })
    }
}

impl LogConfig {
    fn from(reader: &Reader<'_>) -> Option<Self> {
        let format = reader.required("log.format");
        let level = reader.required("log.level");
        Some(Self { format: format?, level: level? })
    }
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err("must be human or json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = "0x00000000000000000000000000000000000000aa";
    const MEASUREMENT: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

    fn sound() -> Vec<(&'static str, String)> {
        [
            ("network.contract", CONTRACT),
            ("network.chain_id", "31337"),
            ("rpc.endpoints", "http://127.0.0.1:8545"),
            ("operator.keystore", "operator.json"),
            ("seat.id", "3"),
            ("confirm.program", "multee-confirm"),
            ("confirm.measurement", MEASUREMENT),
        ]
        .map(|(key, text)| (key, text.to_owned()))
        .to_vec()
    }

    fn read(flags: &[(&'static str, String)]) -> Result<NodeConfig, ConfigFaults> {
        let flags: Vec<(String, String)> =
            flags.iter().map(|(key, text)| ((*key).to_owned(), text.clone())).collect();
        NodeConfig::read(&Values::gather(&flags, [], None).expect("values"))
    }

    fn with(key: &'static str, text: &str) -> Vec<(&'static str, String)> {
        let mut flags = sound();
        flags.retain(|(other, _)| *other != key);
        flags.push((key, text.to_owned()));
        flags
    }

    #[test]
    fn a_sound_configuration_is_read_with_its_defaults() {
        let config = read(&sound()).expect("a configuration");
        assert_eq!(config.seat, SeatConfig { id: SeatId(3), restart: true });
        assert_eq!(config.chain_config().confirmations, 2);
        assert!(matches!(config.confirm.application, ApplicationConfig::Program { .. }));
        assert_eq!(config.log.format, LogFormat::Human);
        assert_eq!(config.collateral.pcs, [Endpoint::intel()]);
        assert_eq!(config.collateral.amd, [Endpoint::amd()]);
    }

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        let faults = read(&[]).expect_err("nothing is set").0;
        let keys: Vec<&str> = faults.iter().map(|fault| fault.key).collect();
        let expected = [
            "network.contract",
            "network.chain_id",
            "rpc.endpoints",
            "operator.keystore",
            "seat.id",
            "confirm.program",
            "confirm.measurement",
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn each_value_out_of_its_range_is_told_with_key_and_origin() {
        let wrong = [
            ("network.contract", "0x12"),
            ("network.chain_id", "0"),
            ("rpc.endpoints", "ftp://host"),
            ("rpc.endpoints", ""),
            ("rpc.confirmations", "65"),
            ("rpc.seed_depth_blocks", "0"),
            ("rpc.reorg_blocks_max", "5000"),
            ("rpc.poll_ms", "10"),
            ("rpc.fee_cap_wei", "0"),
            ("seat.id", "0"),
            ("seat.id", "4294967296"),
            ("confirm.measurement", "0x00"),
            ("confirm.start_ms_max", "1"),
            ("collateral.pcs", "https://user@host"),
            ("metrics.listen", "localhost"),
            ("log.format", "xml"),
            ("log.level", "loud"),
            ("operator.signer", "http://signer"),
            ("confirm.socket", "/run/x.sock"),
        ];
        for (key, text) in wrong {
            let faults = read(&with(key, text)).expect_err(key).0;
            assert_eq!(faults.len(), 1, "{key}: {faults:?}");
            assert_eq!((faults[0].key, &faults[0].origin), (key, &Some(super::super::Origin::Flag)));
        }
    }

    #[test]
    fn a_signer_needs_an_address_and_its_url_is_not_shown() {
        let mut flags = with("operator.signer", "http://signer/hidden");
        flags.retain(|(key, _)| *key != "operator.keystore");
        assert_eq!(read(&flags).expect_err("no address").0[0].key, "operator.address");
        flags.push(("operator.address", CONTRACT.to_owned()));
        let config = read(&flags).expect("a configuration");
        assert!(!format!("{config:?}").contains("hidden"));
    }

    #[test]
    fn faults_do_not_show_secrets() {
        let faults = read(&with("rpc.endpoints", "ftp://host/hidden")).expect_err("a scheme");
        assert!(!faults.to_string().contains("hidden"), "{faults}");
    }

    #[test]
    fn paths_of_a_file_are_relative_to_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("node.toml");
        std::fs::write(&path, "[operator]\nkeystore = \"operator.json\"\n").expect("writes");
        let flags: Vec<(String, String)> = sound()
            .into_iter()
            .filter(|(key, _)| *key != "operator.keystore")
            .map(|(key, text)| (key.to_owned(), text))
            .collect();
        let values = Values::gather(&flags, [], Some(&path)).expect("values");
        let config = NodeConfig::read(&values).expect("a configuration");
        let KeyConfig::Keystore { path, .. } = config.operator.key else { panic!("a keystore") };
        assert_eq!(path, directory.path().join("operator.json"));
        assert_eq!(config.state, PathBuf::from("/var/lib/multee/state.sqlite"));
    }
}
