//! A network of the real contract with devices that sign: what to deploy, and what devices would publish.

use std::fs;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::sync::OnceLock;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolConstructor};
use multee_chain::Sender;
use multee_chain::bindings::{IProofOfAttestation as Contract, deployed};
use multee_protocol::{
    ConfirmationBlock, Deployment, DeviceId, Fixed, Marks, Parameters, SeatId, latest_bindings,
};

use crate::evm::{Evm, Executed, Outcome};

/// Seconds from the deployment to the network's genesis.
pub const FOUNDING_S: u64 = 1000;
/// When everything is deployed, in Unix seconds.
pub const DEPLOYED_AT_S: u64 = 1_760_000_000;
/// The block in which everything is deployed.
pub const DEPLOYED_AT_BLOCK: u64 = 1000;

/// What the contract is deployed with; the token is made anew.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What never changes.
    pub fixed: Fixed,
    /// What it starts with.
    pub parameters: Parameters,
}

/// A device: its accounts and its key.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its seat, once it has one.
    pub seat: u32,
    /// Owns the seat.
    pub provider: Address,
    /// Publishes.
    pub operator: Address,
    /// The key of its incarnation.
    pub key: Sender,
    /// Its hardware.
    pub device_id: DeviceId,
    /// What it runs.
    pub measurement: B256,
    /// The digest of its last block.
    pub last_digest: B256,
    /// Of the certificates that the incarnation published last.
    pub certificates_hash: B256,
}

/// An account that nobody needs the key of.
pub fn account(role: &str, index: u64) -> Address {
    Address::from_word(keccak256([role.as_bytes(), &index.to_be_bytes()].concat()))
}

/// The deterministic key number `index`.
///
/// # Panics
/// Never: no such hash is zero or beyond the curve's order.
pub fn key(index: u64) -> Sender {
    Sender::from_key(&keccak256([b"incarnation".as_slice(), &index.to_be_bytes()].concat()).0).expect("a key")
}

impl Device {
    /// The device number `index`, without a seat.
    pub fn new(index: u64) -> Self {
        Self {
            seat: 0,
            provider: account("provider", index),
            operator: account("operator", index),
            key: key(index),
            device_id: DeviceId(keccak256([b"device".as_slice(), &index.to_be_bytes()].concat())),
            measurement: keccak256("measurement"),
            last_digest: B256::ZERO,
            certificates_hash: B256::ZERO,
        }
    }

    /// What it claims at founding or joining.
    pub fn registration(&self) -> Contract::Registration {
        Contract::Registration {
            operator: self.operator,
            deviceId: self.device_id.0,
            incarnation: self.key.address(),
            measurement: self.measurement,
        }
    }

    /// The block that it would publish with these marks, given on records with these bindings.
    pub fn block(
        &self,
        epoch: u32,
        challenge: B256,
        power: u64,
        marks: Marks,
        judged: &[B256],
    ) -> ConfirmationBlock {
        ConfirmationBlock {
            seat: SeatId(self.seat),
            device_id: self.device_id,
            incarnation: self.key.address(),
            epoch,
            previous_digest: self.last_digest,
            challenge,
            measurement: self.measurement,
            power,
            properties_digest: keccak256("properties"),
            marks,
            latest_bindings: latest_bindings(judged),
        }
    }

    /// The signed publication of a block, and the block's digest.
    ///
    /// # Panics
    /// Never: every hash can be signed.
    pub fn publication(
        &self,
        deployment: &Deployment,
        block: &ConfirmationBlock,
        evidence: Bytes,
        certificates: Bytes,
    ) -> (Contract::Publication, B256) {
        let digest = block.digest(deployment);
        let signature = self.key.sign(digest).expect("signs").as_erc2098();
        let publication = Contract::Publication {
            seat: block.seat.0,
            power: block.power,
            previousDigest: block.previous_digest,
            challenge: block.challenge,
            propertiesDigest: block.properties_digest,
            marks: block.marks.0,
            latestBindings: block.latest_bindings,
            deviceId: block.device_id.0,
            incarnation: block.incarnation,
            measurement: block.measurement,
            certificatesHash: self.certificates_hash,
            r: B256::from_slice(&signature[..32]),
            vs: B256::from_slice(&signature[32..]),
            evidence,
            certificates,
        };
        (publication, digest)
    }
}

/// The contract on its chain.
pub struct Stage {
    /// The chain.
    pub evm: Evm,
    /// The contract there.
    pub deployment: Deployment,
    /// The contract whose code it runs beside its own.
    pub registry: Address,
    /// The deposit token.
    pub token: Address,
    /// Who founded it.
    pub owner: Address,
    /// What it was deployed with.
    pub plan: Plan,
    /// Start of epoch 0, in Unix seconds.
    pub genesis_s: u64,
    block: u64,
}

impl Stage {
    /// Deploys everything. The clock stands before genesis.
    pub fn deploy(plan: Plan) -> Self {
        let mut evm = Evm::new();
        evm.set_block(DEPLOYED_AT_BLOCK, DEPLOYED_AT_S);
        let owner = account("owner", 0);
        let token = evm.create(owner, deployed::TestToken::BYTECODE.to_vec());
        let genesis_s = DEPLOYED_AT_S + FOUNDING_S;
        let (registry, contract) = deploy_contract(&mut evm, owner, token, genesis_s, &plan);
        let deployment = Deployment { chain_id: evm.chain_id(), contract };
        Self { evm, deployment, registry, token, owner, plan, genesis_s, block: DEPLOYED_AT_BLOCK }
    }

    /// Mines blocks, so that the next transaction is in a later one at `timestamp_s`.
    pub fn go_to(&mut self, blocks: u64, timestamp_s: u64) {
        self.block += blocks;
        self.evm.set_block(self.block, timestamp_s);
    }

    /// The number of the block that the next transaction is in.
    pub fn block_number(&self) -> u64 {
        self.block
    }

    /// When `epoch` begins, in Unix seconds.
    pub fn epoch_start_s(&self, epoch: u32) -> u64 {
        self.genesis_s + u64::from(epoch) * u64::from(self.plan.fixed.epoch_seconds)
    }

    /// Calls the contract.
    pub fn send(&mut self, sender: Address, call: &impl SolCall) -> Executed {
        self.evm.send(sender, self.deployment.contract, call.abi_encode())
    }

    /// Calls the contract; what it costs.
    ///
    /// # Panics
    /// When the call does not succeed.
    pub fn must(&mut self, sender: Address, call: &impl SolCall) -> Executed {
        let executed = self.send(sender, call);
        assert!(matches!(executed.outcome, Outcome::Success { .. }), "{executed:?}");
        executed
    }

    /// Calls the token.
    ///
    /// # Panics
    /// When the call does not succeed.
    pub fn token(&mut self, sender: Address, call: &impl SolCall) {
        let executed = self.evm.send(sender, self.token, call.abi_encode());
        assert!(matches!(executed.outcome, Outcome::Success { .. }), "{executed:?}");
    }

    /// Gives an account tokens, and the contract leave to take them.
    pub fn fund(&mut self, account: Address, amount: U256) {
        let (owner, spender) = (self.owner, self.deployment.contract);
        self.token(owner, &deployed::TestToken::mintCall { to: account, amount });
        self.token(account, &deployed::TestToken::approveCall { spender, value: U256::MAX });
    }

    /// Asks the contract.
    ///
    /// # Panics
    /// When it refuses.
    pub fn ask<C: SolCall>(&mut self, call: &C) -> C::Return {
        self.evm.ask(self.deployment.contract, call).expect("answers")
    }
}

fn settings(token: Address, owner: Address, genesis_s: u64, plan: &Plan) -> Contract::Settings {
    let settings = multee_protocol::machine::Settings { token, owner, genesis_s, fixed: plan.fixed };
    multee_replay::words::contract_settings(&settings)
}

/// Registry and contract.
fn deploy_contract(
    evm: &mut Evm,
    owner: Address,
    token: Address,
    genesis: u64,
    plan: &Plan,
) -> (Address, Address) {
    let mut create = |code: &[u8], arguments: Vec<u8>| evm.create(owner, [code, &arguments].concat());
    let settings_ = settings(token, owner, genesis, plan).into();
    let arguments = deployed::Reader::constructorCall { settings_ };
    let reader_ = create(&codes().reader, arguments.abi_encode());
    let settings_ = settings(token, owner, genesis, plan).into();
    let arguments = deployed::Registry::constructorCall { settings_, reader_ };
    let registry = create(&codes().registry, arguments.abi_encode());
    let contract = evm.create(owner, contract_code(registry, token, owner, genesis, plan));
    (registry, contract)
}

/// The contract's code with its constructor's arguments.
pub fn contract_code(
    registry: Address,
    token: Address,
    owner: Address,
    genesis: u64,
    plan: &Plan,
) -> Vec<u8> {
    let arguments = deployed::ProofOfAttestation::constructorCall {
        settings_: settings(token, owner, genesis, plan).into(),
        parameters_: multee_replay::words::contract_parameters(&plan.parameters).into(),
        registry_: registry,
    };
    [&codes().contract[..], &arguments.abi_encode()].concat()
}

/// The code of what is deployed: that of the committed artifacts, unless [`deploy_from`] said otherwise.
struct Codes {
    reader: Bytes,
    registry: Bytes,
    contract: Bytes,
}

static CODES: OnceLock<Codes> = OnceLock::new();

fn codes() -> &'static Codes {
    CODES.get_or_init(|| Codes {
        reader: deployed::Reader::BYTECODE.clone(),
        registry: deployed::Registry::BYTECODE.clone(),
        contract: deployed::ProofOfAttestation::BYTECODE.clone(),
    })
}

/// Deploys the code of other artifacts from now on: of a build that is not committed, or that has a bug on purpose.
///
/// # Errors
/// When an artifact cannot be read, or has no bytecode.
pub fn deploy_from(artifacts: &Path) -> io::Result<()> {
    let code = |contract: &str| {
        let path = artifacts.join(contract).with_extension("json");
        let artifact: serde_json::Value = serde_json::from_slice(&fs::read(path)?)?;
        let code = artifact["bytecode"].as_str().and_then(|code| Bytes::from_str(code).ok());
        code.ok_or_else(|| io::Error::other(format!("{contract}: no bytecode")))
    };
    let codes =
        Codes { reader: code("Reader")?, registry: code("Registry")?, contract: code("ProofOfAttestation")? };
    CODES.set(codes).map_err(|_| io::Error::other("something is deployed already"))
}
