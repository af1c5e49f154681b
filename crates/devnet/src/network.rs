//! Founding a devnet's network, and the files of its nodes.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_primitives::{Address, B256};
use multee_chain::{Chain, InvalidKey};
use multee_confirmation::ReferenceValue;
use multee_founding::{Founded, Founding, FoundingError, FoundingSeat, found_devnet, fund_devnet};
use multee_keystore::{Keystore, KeystoreError, Password};
use multee_protocol::{Epoch, Fixed, Parameters};

use crate::devices::{Devices, DevicesError, POWER};
use crate::tether::Tether;

/// The password of every operator's keystore. Whoever reads the seed has the keys anyway.
const PASSWORD: &str = "devnet";
/// Epochs whose rewards the founder pays in.
const EPOCHS_REWARDED: u128 = 1000;

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The devices.
    #[error(transparent)]
    Devices(#[from] DevicesError),
    /// The chain or the contract.
    #[error("network cannot be founded")]
    Founding(#[from] FoundingError),
    /// A keystore.
    #[error("operator's keystore cannot be written")]
    Keystore(#[from] KeystoreError),
    /// A file or a directory.
    #[error("{} cannot be written", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl NetworkError {
    /// What went wrong with this file or directory.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }
}

impl From<InvalidKey> for NetworkError {
    fn from(error: InvalidKey) -> Self {
        DevicesError::from(error).into()
    }
}

/// The name of the account that founds.
pub const OWNER: &str = "owner";

/// The name of the account that publishes for the device with this index.
pub fn operator(index: u32) -> String {
    format!("operator {index}")
}

/// The accounts that send transactions, and so need money.
///
/// # Errors
/// Never, for any known name.
pub fn spenders(devices: &Devices, count: u32) -> Result<Vec<Address>, DevicesError> {
    let names = core::iter::once(OWNER.to_owned()).chain((0..count).map(operator));
    names.map(|name| devices.address(&name)).collect()
}

/// Founds a network with a seat for each of these incarnations: seat n + 1 is that of the device with index n.
///
/// # Errors
/// When a step fails.
pub fn found(
    chain: &Arc<dyn Chain>,
    devices: &Devices,
    incarnations: &[Address],
    genesis_s: u64,
    epoch_seconds: u32,
) -> Result<Founded, NetworkError> {
    let owner = devices.account(OWNER)?;
    let mut seats = Vec::new();
    for (index, incarnation) in (0..).zip(incarnations) {
        seats.push(FoundingSeat {
            provider: devices.address(&format!("provider {index}"))?,
            operator: devices.address(&operator(index))?,
            device_id: devices.device_id(index)?,
            incarnation: *incarnation,
            measurement: devices.measurement(index)?,
            verified_power: POWER,
        });
    }
    let parameters = Parameters::default();
    let plan = Founding {
        genesis_s,
        fixed: Fixed { epoch_seconds, ..Fixed::default() },
        parameters,
        policy: devices.policy()?,
        references: references(&seats),
        seats,
    };
    let founded = found_devnet(chain, &owner, &plan)?;
    fund_devnet(&founded, &owner, parameters.reward_per_epoch * EPOCHS_REWARDED)?;
    Ok(founded)
}

/// Each measurement once, in order, for good.
fn references(seats: &[FoundingSeat]) -> Vec<ReferenceValue> {
    let mut measurements: Vec<B256> = seats.iter().map(|seat| seat.measurement).collect();
    measurements.sort_unstable();
    measurements.dedup();
    let value = |measurement| ReferenceValue { measurement, from_epoch: 0, until_epoch: Epoch::MAX };
    measurements.into_iter().map(value).collect()
}

/// What nodes are told of the network they work in.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The contract.
    pub contract: Address,
    /// The chain's id.
    pub chain_id: u64,
    /// JSON-RPC.
    pub rpc_url: &'a str,
    /// The vendor's service.
    pub pcs_url: &'a str,
    /// The vendor's root certificate, a file.
    pub root: &'a Path,
    /// What runs the Confirmation Application.
    pub multee: &'a Path,
    /// Between looks at the chain, in milliseconds.
    pub poll_ms: u64,
}

/// How a device's application runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// As a child of the node, and ends with it.
    Child,
    /// As a child of the node, which leaves it to the next one when it ends in order (`confirm.keep_running`).
    Kept,
    /// As a service of the system's, at a socket of its own (`confirm.socket`). Who runs the devnet is the system.
    Service,
}

/// The places of one node, below its directory.
#[derive(Clone, Debug)]
pub struct NodeFiles {
    /// The devnet's directory.
    pub devnet: PathBuf,
    /// The node's, below it; nobody else can write to it.
    pub directory: PathBuf,
    /// The device.
    pub index: u32,
    /// How its application runs.
    pub arrangement: Arrangement,
}

impl NodeFiles {
    /// Those of the device with this index, below the devnet's directory.
    pub fn of(devnet: &Path, index: u32, arrangement: Arrangement) -> Self {
        let directory = devnet.join(format!("node-{}", index + 1));
        Self { devnet: devnet.to_owned(), directory, index, arrangement }
    }

    /// Where its Confirmation Applications listen.
    pub fn sockets(&self) -> PathBuf {
        self.directory.join("run")
    }

    /// The socket of its first application, of the form that nodes give to sockets; a service has no other.
    pub fn first_socket(&self) -> PathBuf {
        self.sockets().join("confirm-first.sock")
    }

    /// What its Confirmation Application is told besides its socket.
    pub fn confirm_arguments(&self, devices: &Devices) -> Vec<String> {
        let Devices { seed, from_s, until_s } = devices;
        let index = u64::from(self.index);
        let numbers =
            [("--seed", *seed), ("--device", index), ("--from-s", *from_s), ("--until-s", *until_s)];
        let tether = Tether::path(&self.devnet).display().to_string();
        let mut arguments = vec!["devnet-confirm".to_owned(), "--tether".to_owned(), tether];
        arguments.extend(numbers.iter().flat_map(|(name, value)| [(*name).to_owned(), value.to_string()]));
        arguments
    }

    /// Its configuration.
    pub fn config(&self) -> PathBuf {
        self.directory.join("node.toml")
    }

    /// What the node writes to.
    pub fn log(&self) -> PathBuf {
        self.directory.join("node.log")
    }

    /// What the application writes to.
    pub fn confirm_log(&self) -> PathBuf {
        self.directory.join("confirm.log")
    }

    /// Makes the directory, the operator's keystore and its password. Takes a second: that is the keystore's nature.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn prepare(&self, devices: &Devices) -> Result<(), NetworkError> {
        make_directory(&self.directory)?;
        make_directory(&self.sockets())?;
        write(&self.directory.join("password"), format!("{PASSWORD}\n").as_bytes())?;
        let key = devices.account_key(&operator(self.index));
        let password = Password::from_text(PASSWORD)?;
        Keystore::create(&self.directory.join("operator.json"), Some(key.0), &password)?;
        Ok(())
    }

    /// Writes its configuration.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn configure(&self, devices: &Devices, around: Surroundings<'_>) -> Result<(), NetworkError> {
        let application = self.application(devices, around.multee);
        let text = self.text(devices.measurement(self.index)?, &application, around);
        write(&self.config(), text.as_bytes())
    }

    /// The configuration's lines on how the application runs. The system starts a service anew without being asked.
    fn application(&self, devices: &Devices, multee: &Path) -> String {
        if self.arrangement == Arrangement::Service {
            return format!("socket = {}\nrestart_command = [\"true\"]", quoted(&self.first_socket()));
        }
        let arguments = serde_json::Value::from(self.confirm_arguments(devices));
        let (multee, keeps) = (quoted(multee), self.arrangement == Arrangement::Kept);
        format!("program = {multee}\nargs = {arguments}\ndirectory = \"run\"\nkeep_running = {keeps}")
    }

    fn text(&self, measurement: B256, application: &str, around: Surroundings<'_>) -> String {
        let Surroundings { contract, chain_id, rpc_url, pcs_url, root, poll_ms, .. } = around;
        let root = quoted(root);
        let seat = self.index + 1;
        format!(
            "# A node of a devnet. Its evidence is SIMULATED.

[network]
contract = \"{contract}\"
chain_id = {chain_id}

[rpc]
endpoints = [\"{rpc_url}\"]
confirmations = 1
seed_depth_blocks = 1
turn_ms = 300
poll_ms = {poll_ms}

[operator]
keystore = \"operator.json\"
password_file = \"password\"

[seat]
id = {seat}

[confirm]
{application}
measurement = \"{measurement}\"

[collateral]
pcs = [\"{pcs_url}\"]
amd = []
cache = \"collateral\"
roots = [{root}]

[state]
path = \"state.sqlite\"

[metrics]
listen = \"127.0.0.1:0\"

[log]
format = \"json\"
"
        )
    }
}

/// A path as a string of TOML, which escapes as JSON does.
fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.display().to_string()).to_string()
}

/// Makes a directory that only its owner can enter.
pub(crate) fn make_directory(path: &Path) -> Result<(), NetworkError> {
    let made = DirBuilder::new().mode(0o700).create(path);
    made.map_err(NetworkError::at(path))
}

/// Writes a new file that only its owner can read.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), NetworkError> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.map_err(NetworkError::at(path))
}
