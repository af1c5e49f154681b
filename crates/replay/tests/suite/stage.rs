//! A small network whose devices say that all is well: what is audited is the contract, and no evidence is.

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::embedded::{Config, Embedded};
use multee_chain::{Chain, Outcome, Sender, Transaction, read};
use multee_founding::{Founded, Founding, FoundingSeat, found_devnet, fund_devnet};
use multee_protocol::{
    ConfirmationBlock, Deployment, DeviceId, Fixed, Marks, Parameters, SeatId, latest_bindings,
};
use multee_replay::{Audit, audit};

pub(crate) const GENESIS_S: u64 = 1_800_000_000;
pub(crate) const EPOCH_S: u32 = 3_600;
const POWER: u64 = 1_000;

/// A network on its chain.
pub(crate) struct Stage {
    pub(crate) chain: Arc<Embedded>,
    pub(crate) founded: Founded,
    pub(crate) contract: Address,
    deployment: Deployment,
}

/// An account, or an incarnation's key, of a seat.
pub(crate) fn key(kind: u8, number: u32) -> Sender {
    let mut key = [kind; 32];
    key[28..].copy_from_slice(&number.to_be_bytes());
    Sender::from_key(&key).expect("a key")
}

pub(crate) const OWNER: u8 = 1;
pub(crate) const PROVIDER: u8 = 2;
pub(crate) const OPERATOR: u8 = 3;
pub(crate) const INCARNATION: u8 = 4;

pub(crate) fn measurement() -> B256 {
    B256::repeat_byte(0x55)
}

impl Stage {
    /// With so many founding seats, short delays, and tokens for pots.
    pub(crate) fn new(seats: u32) -> Self {
        let chain = Arc::new(Embedded::in_memory(Config::devnet(7, GENESIS_S - 10)).expect("a chain"));
        let shared: Arc<dyn Chain> = Arc::<Embedded>::clone(&chain);
        let seat = |number: u32| FoundingSeat {
            provider: key(PROVIDER, number).address(),
            operator: key(OPERATOR, number).address(),
            device_id: DeviceId(B256::left_padding_from(&number.to_be_bytes())),
            incarnation: key(INCARNATION, number).address(),
            measurement: measurement(),
            verified_power: POWER,
        };
        let parameters = Parameters {
            finality_epochs: 1,
            reward_delay_epochs: 1,
            unbonding_epochs: 1,
            ..Parameters::default()
        };
        let plan = Founding {
            genesis_s: GENESIS_S,
            fixed: Fixed { epoch_seconds: EPOCH_S, ..Fixed::default() },
            parameters,
            policy: b"{}".to_vec(),
            references: Vec::new(),
            seats: (1..=seats).map(seat).collect(),
        };
        let founded = found_devnet(&shared, &key(OWNER, 0), &plan).expect("founded");
        fund_devnet(&founded, &key(OWNER, 0), parameters.reward_per_epoch * 3).expect("funded");
        let deployment = founded.network.deployment();
        Self { chain, founded, contract: deployment.contract, deployment }
    }

    /// Sets the clock to the start of an epoch.
    pub(crate) fn begin(&self, epoch: u32) {
        self.chain.set_time(GENESIS_S + u64::from(epoch) * u64::from(EPOCH_S)).expect("later");
    }

    /// An epoch in which these seats publish, and nobody settles apart.
    pub(crate) fn epoch(&self, epoch: u32, seats: &[u32]) {
        self.begin(epoch);
        self.send(&key(OWNER, 9), &contract::openEpochCall {});
        self.chain.mine(3).expect("mined");
        self.send(&key(OWNER, 9), &contract::seedEpochCall {});
        for seat in seats {
            self.send(&key(OPERATOR, *seat), &contract::publishCall { publication: self.block(*seat) });
        }
    }

    /// Has the contract execute a call.
    pub(crate) fn send(&self, sender: &Sender, call: &impl SolCall) {
        self.execute(sender, &Transaction::invoke(self.contract, call));
    }

    pub(crate) fn execute(&self, sender: &Sender, transaction: &Transaction) {
        let receipt = self.chain.send(sender, transaction).expect("executes");
        assert_eq!(receipt.outcome, Outcome::Success);
    }

    pub(crate) fn read<C: SolCall>(&self, call: &C) -> C::Return {
        read(self.chain.as_ref(), self.contract, call).expect("answers")
    }

    /// A seat's next block: all it is assigned is valid.
    pub(crate) fn block(&self, seat: u32) -> contract::Publication {
        let view = self.read(&contract::seatOfCall { seat });
        let assigned = self.read(&contract::assignmentOfCall { seat });
        let latest = assigned.latest.len();
        let mut marks = U256::ZERO;
        for place in 0..latest + assigned.positions.len() {
            let is_empty = place >= latest && assigned.positions[place - latest].to::<u64>() == (1 << 40) - 1;
            if !is_empty {
                marks |= U256::from(1) << (4 * place);
            }
        }
        let kept = |at: &contract::BlockRef| {
            let call = contract::blockOfCall { epoch: at.epoch, order: at.order };
            self.read(&call).evidenceBinding
        };
        let block = ConfirmationBlock {
            seat: SeatId(seat),
            device_id: DeviceId(view.deviceId),
            incarnation: view.incarnation,
            epoch: self.read(&contract::networkCall {}).epoch,
            previous_digest: view.lastDigest,
            challenge: self.read(&contract::challengeOfCall { seat }),
            measurement: view.measurement,
            power: POWER,
            properties_digest: B256::ZERO,
            marks: Marks(marks),
            latest_bindings: latest_bindings(&assigned.latest.iter().map(kept).collect::<Vec<_>>()),
        };
        let signature = key(INCARNATION, seat).sign(block.digest(&self.deployment)).expect("signs");
        let compact = signature.as_erc2098();
        contract::Publication {
            seat,
            power: block.power,
            previousDigest: block.previous_digest,
            challenge: block.challenge,
            propertiesDigest: block.properties_digest,
            marks,
            latestBindings: block.latest_bindings,
            deviceId: view.deviceId,
            incarnation: view.incarnation,
            measurement: view.measurement,
            certificatesHash: B256::ZERO,
            r: B256::from_slice(&compact[..32]),
            vs: B256::from_slice(&compact[32..]),
            evidence: b"evidence".into(),
            certificates: b"".into(),
        }
    }

    /// Two blocks that a seat's incarnation signed for one challenge.
    pub(crate) fn equivocation(&self, seat: u32) -> contract::Equivocation {
        let view = self.read(&contract::seatOfCall { seat });
        let statement = |power: u64| {
            let block = ConfirmationBlock {
                seat: SeatId(seat),
                device_id: DeviceId(view.deviceId),
                incarnation: view.incarnation,
                epoch: 1,
                previous_digest: B256::ZERO,
                challenge: B256::ZERO,
                measurement: view.measurement,
                power,
                properties_digest: B256::ZERO,
                marks: Marks::default(),
                latest_bindings: B256::ZERO,
            };
            let signature = key(INCARNATION, seat).sign(block.digest(&self.deployment)).expect("signs");
            let compact = signature.as_erc2098();
            contract::Statement {
                measurement: view.measurement,
                power,
                propertiesDigest: B256::ZERO,
                marks: U256::ZERO,
                latestBindings: B256::ZERO,
                r: B256::from_slice(&compact[..32]),
                vs: B256::from_slice(&compact[32..]),
            }
        };
        contract::Equivocation {
            seat,
            incarnation: view.incarnation,
            epoch: 1,
            previousDigest: B256::ZERO,
            challenge: B256::ZERO,
            first: statement(1),
            second: statement(2),
        }
    }

    pub(crate) fn audited(&self) -> Audit {
        audit(self.chain.as_ref(), self.contract).expect("audited")
    }
}
