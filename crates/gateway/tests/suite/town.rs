//! A small network whose devices mark as they are told to: what is indexed is the contract, and no evidence is looked at.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::bindings::deployed::TestToken;
use multee_chain::embedded::Config;
use multee_chain::{Chain, Outcome, Sender, Transaction, read};
use multee_founding::{Founded, Founding, FoundingSeat, found_devnet, fund_devnet};
use multee_protocol::{
    ConfirmationBlock, Deployment, DeviceId, Fixed, Marks, Parameters, SeatId, latest_bindings,
};

use crate::forking::Forking;

pub(crate) const GENESIS_S: u64 = 1_800_000_000;
pub(crate) const EPOCH_S: u32 = 3_600;
pub(crate) const POWER: u64 = 1_000;

/// A network on its chain, and how its devices behave.
pub(crate) struct Town {
    pub(crate) chain: Arc<Forking>,
    pub(crate) founded: Founded,
    pub(crate) contract: Address,
    /// Seats whose evidence is found wrong by the honest.
    pub(crate) bad: BTreeSet<u32>,
    /// Of which epochs.
    pub(crate) bad_epochs: Range<u32>,
    /// Seats that mark everybody's evidence wrong.
    pub(crate) slanderers: BTreeSet<u32>,
    /// How often each seat's incarnation was replaced.
    boots: BTreeMap<u32, u8>,
    /// Hashes of the certificates that seats' incarnations published last.
    certificates: RefCell<BTreeMap<u32, B256>>,
}

pub(crate) const OWNER: u8 = 1;
pub(crate) const PROVIDER: u8 = 2;
pub(crate) const OPERATOR: u8 = 3;
const INCARNATION: u8 = 16;

/// An account, or an incarnation's key, of a seat.
pub(crate) fn key(kind: u8, number: u32) -> Sender {
    let mut key = [kind; 32];
    key[28..].copy_from_slice(&number.to_be_bytes());
    Sender::from_key(&key).expect("a key")
}

pub(crate) fn measurement() -> B256 {
    B256::repeat_byte(0x55)
}

pub(crate) fn device(number: u32) -> B256 {
    B256::left_padding_from(&number.to_be_bytes())
}

pub(crate) fn references(until_epoch: u32) -> Vec<contract::ReferenceValue> {
    vec![contract::ReferenceValue { measurement: measurement(), fromEpoch: 0, untilEpoch: until_epoch }]
}

impl Town {
    pub(crate) fn new(seats: u32) -> Self {
        Self::over(Forking::new(Config::devnet(7, GENESIS_S - 10)), seats)
    }

    /// The same on a public chain.
    pub(crate) fn on_anvil(seats: u32) -> Self {
        // Its clock goes on while the network is founded.
        Self::over(Forking::on_anvil(7, GENESIS_S - 3_600), seats)
    }

    fn over(chain: Forking, seats: u32) -> Self {
        let chain = Arc::new(chain);
        let shared: Arc<dyn Chain> = Arc::<Forking>::clone(&chain);
        let seat = |number: u32| FoundingSeat {
            provider: key(PROVIDER, number).address(),
            operator: key(OPERATOR, number).address(),
            device_id: DeviceId(device(number)),
            incarnation: key(INCARNATION, number).address(),
            measurement: measurement(),
            verified_power: POWER,
        };
        let parameters = Parameters {
            finality_epochs: 3,
            reward_delay_epochs: 1,
            unbonding_epochs: 1,
            decision_marks: 40,
            max_penalties: 3,
            ..Parameters::default()
        };
        let plan = Founding {
            genesis_s: GENESIS_S,
            fixed: Fixed { epoch_seconds: EPOCH_S, retention_epochs: 16, ..Fixed::default() },
            parameters,
            policy: b"{}".to_vec(),
            references: Vec::new(),
            seats: (1..=seats).map(seat).collect(),
        };
        let founded = found_devnet(&shared, &key(OWNER, 0), &plan).expect("founded");
        fund_devnet(&founded, &key(OWNER, 0), parameters.reward_per_epoch * 3).expect("funded");
        let contract = founded.network.deployment().contract;
        let town = Self {
            chain,
            founded,
            contract,
            bad: BTreeSet::new(),
            bad_epochs: 0..u32::MAX,
            slanderers: BTreeSet::new(),
            boots: BTreeMap::new(),
            certificates: RefCell::default(),
        };
        town.send(&key(OWNER, 0), &contract::setReferenceValuesCall { values: references(1000) });
        town
    }

    pub(crate) fn deployment(&self) -> Deployment {
        self.founded.network.deployment()
    }

    pub(crate) fn epoch_start_s(epoch: u32) -> u64 {
        GENESIS_S + u64::from(epoch) * u64::from(EPOCH_S)
    }

    pub(crate) fn begin(&self, epoch: u32) {
        self.chain.set_time(Self::epoch_start_s(epoch));
        self.send(&key(OWNER, 9), &contract::openEpochCall {});
        self.chain.mine(3);
        self.send(&key(OWNER, 9), &contract::seedEpochCall {});
    }

    /// An epoch in which these seats publish, as far as they may, after all that is due is settled.
    pub(crate) fn epoch(&self, epoch: u32, seats: impl IntoIterator<Item = u32>) {
        self.begin(epoch);
        self.settle(epoch);
        for seat in seats {
            self.publish(seat, POWER, b"");
        }
    }

    pub(crate) fn publish(&self, seat: u32, power: u64, certificates: &'static [u8]) {
        let publication = self.block(seat, power, certificates);
        self.send(&key(OPERATOR, seat), &contract::publishCall { publication });
        if !certificates.is_empty() {
            self.certificates.borrow_mut().insert(seat, keccak256(certificates));
        }
    }

    pub(crate) fn settle(&self, now: u32) {
        let seats = self.read(&contract::networkCall {}).seats;
        for epoch in now.saturating_sub(15)..now {
            let due = |seat: u32| {
                let call = contract::blockOfSeatCall { seat, epoch };
                let view = read(self.chain.as_ref(), self.contract, &call).ok()?;
                view.due.then_some(contract::BlockRef { epoch, order: view.order })
            };
            let blocks: Vec<_> = (1..=seats).filter_map(due).collect();
            if !blocks.is_empty() {
                self.send(&key(OWNER, 9), &contract::settleCall { blocks });
            }
        }
    }

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

    /// Gives a provider the tokens of a deposit, and takes them.
    fn approve(&self, number: u32) {
        let deposit = U256::from(self.read(&contract::parametersCall {}).minDeposit);
        let (provider, token) = (key(PROVIDER, number), self.founded.token);
        let mint = TestToken::mintCall { to: provider.address(), amount: deposit };
        self.execute(&key(OWNER, 0), &Transaction::invoke(token, &mint));
        let approve = TestToken::approveCall { spender: self.contract, value: deposit };
        self.execute(&provider, &Transaction::invoke(token, &approve));
    }

    pub(crate) fn join(&self, number: u32) {
        self.approve(number);
        let registration = contract::Registration {
            operator: key(OPERATOR, number).address(),
            deviceId: device(number),
            incarnation: key(INCARNATION, number).address(),
            measurement: measurement(),
        };
        self.send(&key(PROVIDER, number), &contract::joinCall { registration });
    }

    fn boot(&mut self, seat: u32) -> Address {
        *self.boots.entry(seat).or_default() += 1;
        self.certificates.borrow_mut().remove(&seat);
        self.incarnation(seat).address()
    }

    fn incarnation(&self, seat: u32) -> Sender {
        key(INCARNATION + self.boots.get(&seat).copied().unwrap_or(0), seat)
    }

    pub(crate) fn restart(&mut self, seat: u32) {
        let incarnation = self.boot(seat);
        self.send(
            &key(OPERATOR, seat),
            &contract::restartCall { seat, incarnation, measurement: measurement() },
        );
    }

    pub(crate) fn rejoin(&mut self, seat: u32) {
        self.approve(seat);
        let (incarnation, operator) = (self.boot(seat), key(OPERATOR, seat).address());
        let call = contract::rejoinCall { seat, operator, incarnation, measurement: measurement() };
        self.send(&key(PROVIDER, seat), &call);
    }

    fn mark(&self, marker: u32, at: &contract::BlockRef) -> U256 {
        let call = contract::blockOfCall { epoch: at.epoch, order: at.order };
        let Ok(view) = read(self.chain.as_ref(), self.contract, &call) else { return U256::ZERO };
        let wrong = self.slanderers.contains(&marker)
            || (self.bad.contains(&view.seat) && self.bad_epochs.contains(&at.epoch));
        U256::from(if wrong { 2 } else { 1 })
    }

    /// A seat's next block.
    pub(crate) fn block(&self, seat: u32, power: u64, certificates: &'static [u8]) -> contract::Publication {
        let view = self.read(&contract::seatOfCall { seat });
        let assigned = self.read(&contract::assignmentOfCall { seat });
        let mut marks = U256::ZERO;
        for (place, at) in assigned.latest.iter().enumerate() {
            marks |= self.mark(seat, at) << (4 * place);
        }
        for (place, position) in (assigned.latest.len()..).zip(&assigned.positions) {
            let entry = contract::logEntryCall { position: *position };
            if let Ok(entry) = read(self.chain.as_ref(), self.contract, &entry) {
                marks |= self.mark(seat, &entry.r#ref) << (4 * place);
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
            power,
            properties_digest: B256::ZERO,
            marks: Marks(marks),
            latest_bindings: latest_bindings(&assigned.latest.iter().map(kept).collect::<Vec<_>>()),
        };
        let signature = self.incarnation(seat).sign(block.digest(&self.deployment())).expect("signs");
        let compact = signature.as_erc2098();
        contract::Publication {
            seat,
            power,
            previousDigest: block.previous_digest,
            challenge: block.challenge,
            propertiesDigest: block.properties_digest,
            marks,
            latestBindings: block.latest_bindings,
            deviceId: view.deviceId,
            incarnation: view.incarnation,
            measurement: view.measurement,
            certificatesHash: self.certificates.borrow().get(&seat).copied().unwrap_or_default(),
            r: B256::from_slice(&compact[..32]),
            vs: B256::from_slice(&compact[32..]),
            evidence: format!("evidence of seat {seat} in {}", block.epoch).into_bytes().into(),
            certificates: Bytes::from_static(certificates),
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
            let signature = self.incarnation(seat).sign(block.digest(&self.deployment())).expect("signs");
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
}
