//! A network of the real contract on an embedded chain. Its devices' evidence is noise of a given length: the
//! contract does not read evidence, and these tests are about chain and contract.
#![allow(dead_code, reason = "test and benchmark each use their own part")]

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent};
use multee_chain::bindings::{IProofOfAttestation as Contract, deployed};
use multee_chain::embedded::Embedded;
use multee_chain::{Chain, Head, Outcome, Receipt, Sender, Transaction, read};
use multee_protocol::{
    Assignment, Check, ConfirmationBlock, Deployment, DeviceId, EpochSnapshot, Fixed, Mark, Marks, SeatId,
    latest_bindings,
};

#[path = "parameters.rs"]
mod parameters;

use self::parameters::{parameters, settings};

/// Seconds from the first block to the network's genesis.
const FOUNDING_S: u64 = 1000;
const POWER: u64 = 1000;

pub(crate) struct Device {
    pub(crate) seat: u32,
    pub(crate) operator: Sender,
    pub(crate) incarnation: Sender,
    pub(crate) hardware: DeviceId,
    pub(crate) last_digest: B256,
    /// Of the certificates that it published last; zero before the first time.
    pub(crate) certificates_hash: B256,
}

pub(crate) struct Network {
    pub(crate) chain: Embedded,
    pub(crate) deployment: Deployment,
    pub(crate) devices: Vec<Device>,
    genesis_s: u64,
}

pub(crate) fn measurement() -> B256 {
    keccak256("measurement")
}

fn key(role: u8, index: u32) -> Sender {
    Sender::from_key(&keccak256([&[role], index.to_be_bytes().as_slice()].concat()).0).expect("a key")
}

fn owner() -> Sender {
    key(0, 0)
}

/// Creates a contract on behalf of the owner.
fn create(chain: &Embedded, creation: &Transaction) -> Address {
    let receipt = chain.send(&owner(), creation).expect("executes");
    assert_eq!(receipt.outcome, Outcome::Success);
    receipt.created.expect("creates")
}

impl Network {
    /// Deploys everything and founds `size` seats; the clock then stands at genesis.
    pub(crate) fn found(chain: Embedded, size: u32) -> Self {
        let Head { chain_id, timestamp_s, .. } = chain.head().expect("head");
        let genesis_s = timestamp_s + FOUNDING_S;
        let token = create(
            &chain,
            &Transaction::deploy(&deployed::TestToken::BYTECODE, &deployed::TestToken::constructorCall {}),
        );
        let contract = deploy_contract(&chain, token, genesis_s);
        let deployment = Deployment { chain_id, contract };
        let mut network = Self { chain, deployment, devices: Vec::new(), genesis_s };
        let funds = U256::from(parameters().minDeposit) * U256::from(size);
        network.own(token, &deployed::TestToken::mintCall { to: owner().address(), amount: funds });
        network.own(token, &deployed::TestToken::approveCall { spender: contract, value: funds });
        network.own(contract, &Contract::setPolicyCall { document: b"policy"[..].into() });
        (1..=size).for_each(|seat| network.found_seat(seat));
        network.chain.set_time(genesis_s).expect("genesis");
        network
    }

    fn own(&self, to: Address, function: &impl SolCall) {
        let receipt = self.chain.send(&owner(), &Transaction::invoke(to, function)).expect("executes");
        assert_eq!(receipt.outcome, Outcome::Success);
    }

    fn found_seat(&mut self, seat: u32) {
        let (operator, incarnation) = (key(1, seat), key(2, seat));
        let hardware = DeviceId(keccak256(seat.to_be_bytes()));
        let registration = Contract::Registration {
            operator: operator.address(),
            deviceId: hardware.0,
            incarnation: incarnation.address(),
            measurement: measurement(),
        };
        let provider = operator.address();
        let found = Contract::foundCall { provider, registration, verifiedPower: POWER };
        self.own(self.deployment.contract, &found);
        self.devices.push(Device {
            seat,
            operator,
            incarnation,
            hardware,
            last_digest: B256::ZERO,
            certificates_hash: B256::ZERO,
        });
    }

    /// When `epoch` begins, in seconds since the Unix epoch.
    pub(crate) fn epoch_start_s(&self, epoch: u32) -> u64 {
        self.genesis_s + u64::from(epoch) * u64::from(Fixed::default().epoch_seconds)
    }

    /// Opens `epoch` and sets its seed; the block that seeds it is returned.
    pub(crate) fn open(&self, epoch: u32) -> Head {
        self.chain.set_time(self.epoch_start_s(epoch)).expect("later");
        self.own(self.deployment.contract, &Contract::openEpochCall {});
        let source = self.chain.mine(2).expect("mines");
        self.own(self.deployment.contract, &Contract::seedEpochCall {});
        source
    }

    pub(crate) fn ask<C: SolCall>(&self, function: &C) -> C::Return {
        read(&self.chain, self.deployment.contract, function).expect("answers")
    }

    /// What the device at `index` is assigned, by our own rules; `None` without rank.
    pub(crate) fn assignment(&self, epoch: u32, index: usize) -> Option<Assignment> {
        let view = self.ask(&Contract::epochOfCall { epoch });
        let assigned = self.ask(&Contract::assignmentOfCall { seat: self.devices[index].seat });
        let snapshot = EpochSnapshot {
            root: view.root,
            roster_size: view.rosterSize,
            window_size: view.windowSize,
            effective_decision_marks: view.decisionMarks,
            latest_checks: view.latestChecks,
            suspicious_checks: view.suspiciousChecks,
        };
        assigned.ranked.then(|| Assignment::new(&snapshot, assigned.rank).expect("assigned"))
    }

    /// Marks that say `mark(check)` on every assigned place.
    pub(crate) fn marks(&self, epoch: u32, index: usize, mark: impl Fn(Check) -> u8) -> Marks {
        let checks = self.assignment(epoch, index);
        let codes = checks.iter().flat_map(Assignment::checks).map(mark).enumerate();
        let place = |(place, code): (usize, u8)| U256::from(code) << (4 * place);
        Marks(codes.map(place).fold(U256::ZERO, |word, mark| word | mark))
    }

    /// The publication that the device at `index` would send, and its digest. Without certificates.
    pub(crate) fn publication(
        &self,
        epoch: u32,
        index: usize,
        marks: Marks,
        evidence: &[u8],
    ) -> (Contract::publishCall, B256) {
        let device = &self.devices[index];
        let block = ConfirmationBlock {
            seat: SeatId(device.seat),
            device_id: device.hardware,
            incarnation: device.incarnation.address(),
            epoch,
            previous_digest: device.last_digest,
            challenge: self.ask(&Contract::challengeOfCall { seat: device.seat }),
            measurement: measurement(),
            power: POWER,
            properties_digest: keccak256("properties"),
            marks,
            latest_bindings: latest_bindings(&self.judged(device.seat, marks)),
        };
        let digest = block.digest(&self.deployment);
        let signature = device.incarnation.sign(digest).expect("signs").as_erc2098();
        let publication = Contract::Publication {
            seat: device.seat,
            power: block.power,
            previousDigest: block.previous_digest,
            challenge: block.challenge,
            propertiesDigest: block.properties_digest,
            marks: block.marks.0,
            latestBindings: block.latest_bindings,
            deviceId: block.device_id.0,
            incarnation: block.incarnation,
            measurement: block.measurement,
            certificatesHash: device.certificates_hash,
            r: B256::from_slice(&signature[..32]),
            vs: B256::from_slice(&signature[32..]),
            evidence: evidence.to_vec().into(),
            certificates: Bytes::new(),
        };
        (Contract::publishCall { publication }, digest)
    }

    /// What the contract keeps of the latest blocks that the seat gives these marks.
    fn judged(&self, seat: u32, marks: Marks) -> Vec<B256> {
        let latest = self.ask(&Contract::assignmentOfCall { seat }).latest.into_iter().enumerate();
        let marked = latest.filter(|(place, _)| marks.get(*place) != Ok(Mark::Abstain));
        let kept = |at: Contract::BlockRef| {
            self.ask(&Contract::blockOfCall { epoch: at.epoch, order: at.order }).evidenceBinding
        };
        marked.map(|(_, at)| kept(at)).collect()
    }

    /// Sends a publication; the receipt must show the block published.
    pub(crate) fn publish(&mut self, index: usize, (call, digest): (Contract::publishCall, B256)) -> Receipt {
        let transaction = Transaction::invoke(self.deployment.contract, &call);
        let receipt = self.chain.send(&self.devices[index].operator, &transaction).expect("executes");
        self.published(index, digest, receipt)
    }

    /// Takes the receipt of a publication down; it must show the block published.
    pub(crate) fn published(&mut self, index: usize, digest: B256, receipt: Receipt) -> Receipt {
        assert_eq!(receipt.outcome, Outcome::Success, "seat {}", self.devices[index].seat);
        let published = receipt.logs.iter().find_map(|e| Contract::BlockPublished::decode_log(&e.log).ok());
        assert_eq!(published.expect("published").digest, digest);
        self.devices[index].last_digest = digest;
        let certificates =
            receipt.logs.iter().find_map(|e| Contract::CertificatesPublished::decode_log(&e.log).ok());
        if let Some(event) = certificates {
            self.devices[index].certificates_hash = keccak256(&event.data.certificates);
        }
        receipt
    }
}

fn deploy_contract(chain: &Embedded, token: Address, genesis_s: u64) -> Address {
    let settings = settings(token, owner().address(), genesis_s);
    let constructor = deployed::Reader::constructorCall { settings_: settings.clone().into() };
    let reader = create(chain, &Transaction::deploy(&deployed::Reader::BYTECODE, &constructor));
    let constructor =
        deployed::Registry::constructorCall { settings_: settings.clone().into(), reader_: reader };
    let registry = create(chain, &Transaction::deploy(&deployed::Registry::BYTECODE, &constructor));
    let constructor = deployed::ProofOfAttestation::constructorCall {
        settings_: settings.into(),
        parameters_: parameters().into(),
        registry_: registry,
    };
    create(chain, &Transaction::deploy(&deployed::ProofOfAttestation::BYTECODE, &constructor))
}
