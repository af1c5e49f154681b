//! The network whose calls are measured.

use alloy_primitives::{B256, Bytes, U256, keccak256};
use multee_chain::bindings::{IProofOfAttestation as Contract, deployed};
use multee_protocol::{
    Assignment, Check, EpochSnapshot, Fixed, Marks, Parameters, Permutation, Score, SeatId,
};

use super::{CERTIFICATES_BYTES, EVIDENCE_BYTES, Table};
use crate::evm::Outcome;
use crate::stage::{Device, Plan, Stage, account, key};

const POWER: u64 = 1000;
/// Blocks that one settlement names.
const SETTLED_PER_CALL: usize = 16;
/// Slots of the log's tallies and ids in the contract's storage, as `forge inspect storage-layout` tells.
const TALLIES_SLOT: u64 = 21;
const IDS_SLOT: u64 = 22;
const OUTCOMES_SLOT: u64 = 23;

/// Gas of every call in a network of `seats`, whose rings have `retention_epochs` places.
///
/// # Panics
/// When the network does not do what this file expects of it.
pub fn measure(table: &mut Table, seats: u32, retention_epochs: u8, progress: impl Fn(&str)) {
    let mut network = Network::found(seats, retention_epochs);
    network.fill_log_ring();
    progress("founded");
    network.join_others(&progress);
    for lap in 0..u32::from(retention_epochs) {
        network.live();
        progress(&format!("epoch {} of lap two of the rings ({lap})", network.epoch));
    }
    network.measure(table, &progress);
}

struct Network {
    stage: Stage,
    devices: Vec<Device>,
    seats: u32,
    founding: u32,
    epoch: u32,
}

/// Marks, and the bindings of the latest blocks among what is marked.
#[derive(Default)]
struct Verdicts {
    marks: Marks,
    judged: Vec<B256>,
}

fn bytes(length: usize, what: &str) -> Bytes {
    // No zero bytes, which would be cheaper.
    (0..length).map(|i| keccak256([what.as_bytes(), &i.to_be_bytes()].concat())[0] | 1).collect()
}

impl Network {
    fn found(seats: u32, retention_epochs: u8) -> Self {
        let parameters = Parameters { score_gain_bps: 1, ..Parameters::default() };
        let fixed = Fixed { retention_epochs, max_seats: seats + 64, ..Fixed::default() };
        let mut stage = Stage::deploy(Plan { fixed, parameters });
        let owner = stage.owner;
        stage.fund(owner, U256::from(10u8).pow(U256::from(30)));
        // Rewards for thousands of epochs.
        let contract = stage.deployment.contract;
        let rewards = U256::from(stage.plan.parameters.reward_per_epoch) * U256::from(10_000);
        stage.token(owner, &deployed::TestToken::mintCall { to: contract, amount: rewards });
        stage.must(owner, &Contract::setPolicyCall { document: bytes(2_000, "policy") });
        let values = vec![Contract::ReferenceValue {
            measurement: Device::new(0).measurement,
            fromEpoch: 0,
            untilEpoch: u32::MAX,
        }];
        stage.must(owner, &Contract::setReferenceValuesCall { values });
        // As many founding seats as leave a window for which the others are enough: 18 of 58.
        let founding = seats * 18 / 58;
        let mut network = Self { stage, devices: Vec::new(), seats, founding, epoch: 0 };
        for index in 0..founding {
            network.found_seat(u64::from(index));
        }
        network.enter(0);
        network
    }

    fn found_seat(&mut self, index: u64) {
        let mut device = Device::new(index);
        let call = Contract::foundCall {
            provider: device.provider,
            registration: device.registration(),
            verifiedPower: POWER,
        };
        self.stage.must(self.stage.owner, &call);
        device.seat = u32::try_from(self.devices.len()).expect("few") + 1;
        self.devices.push(device);
    }

    fn join(&mut self, index: u64) -> u64 {
        let mut device = Device::new(index);
        let deposit = U256::from(self.stage.plan.parameters.min_deposit);
        self.stage.fund(device.provider, deposit * U256::from(4));
        let call = Contract::joinCall { registration: device.registration() };
        let gas = self.stage.must(device.provider, &call).gas;
        device.seat = u32::try_from(self.devices.len()).expect("few") + 1;
        self.devices.push(device);
        gas
    }

    /// The clock at the start of `epoch`.
    fn enter(&mut self, epoch: u32) {
        self.epoch = epoch;
        let start = self.stage.epoch_start_s(epoch);
        self.stage.go_to(10, start);
    }

    fn open(&mut self) -> (u64, u64) {
        let anyone = account("anyone", 0);
        let opened = self.stage.must(anyone, &Contract::openEpochCall {}).gas;
        let start = self.stage.epoch_start_s(self.epoch);
        self.stage.go_to(3, start + 36);
        (opened, self.stage.must(anyone, &Contract::seedEpochCall {}).gas)
    }

    /// An epoch of the network's life: agents settle, all publish.
    fn live(&mut self) {
        self.settle(&mut Vec::new());
        self.open();
        self.publish_all();
        self.enter(self.epoch + 1);
    }

    /// Joins the others in portions that windows can judge, and waits until all are admitted.
    fn join_others(&mut self, progress: &impl Fn(&str)) {
        while self.devices.len() < self.seats as usize {
            self.settle(&mut Vec::new());
            self.open();
            let capacity = self.snapshot().map_or(1, |epoch| {
                multee_protocol::capacity(
                    epoch.roster_size,
                    epoch.suspicious_checks,
                    epoch.effective_decision_marks,
                )
            });
            let joined = (self.seats as usize - self.devices.len()).min(capacity as usize);
            for _ in 0..joined {
                self.join(self.devices.len() as u64);
            }
            self.publish_all();
            self.enter(self.epoch + 1);
            progress(&format!("{} seats", self.devices.len()));
        }
        for _ in 0..4 {
            self.live();
        }
        let seats = self.devices.iter().map(|device| device.seat).collect::<Vec<_>>();
        for seat in seats {
            assert!(self.stage.ask(&Contract::seatOfCall { seat }).admitted, "seat {seat} is admitted");
        }
    }

    fn snapshot(&mut self) -> Option<EpochSnapshot> {
        let view = self.stage.ask(&Contract::epochOfCall { epoch: self.epoch });
        (view.rosterSize > 0).then_some(EpochSnapshot {
            root: view.root,
            roster_size: view.rosterSize,
            window_size: view.windowSize,
            effective_decision_marks: view.decisionMarks,
            latest_checks: view.latestChecks,
            suspicious_checks: view.suspiciousChecks,
        })
    }

    fn publish_all(&mut self) {
        let epoch = self.snapshot();
        for index in 0..self.devices.len() {
            let verdicts = self.verdicts(epoch.as_ref(), index);
            self.publish(index, &verdicts);
        }
    }

    /// Valid on every block assigned.
    fn verdicts(&mut self, epoch: Option<&EpochSnapshot>, index: usize) -> Verdicts {
        let seat = self.devices[index].seat;
        let Some(epoch) = epoch else { return Verdicts::default() };
        let roster = self.stage.ask(&Contract::epochOfCall { epoch: self.epoch }).rosterEpoch;
        let Some(rank) = self.rank(seat, epoch, roster) else { return Verdicts::default() };
        let assignment = Assignment::new(epoch, rank).expect("assigned");
        let mut verdicts = Verdicts::default();
        for (place, check) in assignment.checks().enumerate().filter(|(_, check)| *check != Check::Empty) {
            verdicts.marks.0 |= U256::ONE << (4 * place);
            if let Check::Latest { rank: order } = check {
                let block = self.stage.ask(&Contract::blockOfCall { epoch: roster, order });
                verdicts.judged.push(block.evidenceBinding);
            }
        }
        verdicts
    }

    fn rank(&mut self, seat: u32, epoch: &EpochSnapshot, roster: u32) -> Option<u32> {
        let call = Contract::blockOfSeatCall { seat, epoch: roster };
        let block = self.stage.evm.ask(self.stage.deployment.contract, &call).ok()?;
        (block.weight > 0 && block.order < epoch.roster_size).then_some(block.order)
    }

    /// Publishes; what it cost, or `None` if the seat may not.
    fn publish(&mut self, index: usize, verdicts: &Verdicts) -> Option<u64> {
        let certificates = if self.devices[index].certificates_hash.is_zero() {
            bytes(CERTIFICATES_BYTES, "certificates")
        } else {
            Bytes::new()
        };
        self.publish_with(index, verdicts, &certificates)
    }

    fn publish_with(&mut self, index: usize, verdicts: &Verdicts, certificates: &Bytes) -> Option<u64> {
        let seat = self.devices[index].seat;
        let challenge = self.stage.ask(&Contract::challengeOfCall { seat });
        let device = &self.devices[index];
        let block = device.block(self.epoch, challenge, POWER, verdicts.marks, &verdicts.judged);
        let evidence = bytes(EVIDENCE_BYTES, "evidence");
        let (publication, digest) =
            device.publication(&self.stage.deployment, &block, evidence, certificates.clone());
        let operator = device.operator;
        let executed = self.stage.send(operator, &Contract::publishCall { publication });
        let Outcome::Success { output, .. } = executed.outcome else { panic!("{executed:?}") };
        if output.iter().any(|byte| *byte != 0) {
            return None;
        }
        let device = &mut self.devices[index];
        device.last_digest = digest;
        if !certificates.is_empty() {
            device.certificates_hash = keccak256(certificates);
        }
        Some(executed.gas)
    }

    /// Settles all that is due, as controllers do: logged blocks as they stand in the log, then the others as their
    /// assignments lie in the window; (blocks settled, gas) of each call.
    fn settle(&mut self, calls: &mut Vec<(u64, u64)>) {
        let retention = u32::from(self.stage.plan.fixed.retention_epochs);
        for epoch in self.epoch.saturating_sub(retention - 1)..self.epoch {
            let call = Contract::epochOfCall { epoch };
            let Ok(view) = self.stage.evm.ask(self.stage.deployment.contract, &call) else { continue };
            let weighted = 0..view.weightedBlocks;
            let weightless = (1 << 20) - view.weightlessBlocks..1 << 20;
            let positions = Permutation::new(view.root, view.rosterSize);
            let mut due: Vec<_> = weighted
                .chain(weightless)
                .filter_map(|order| {
                    let block = self.stage.ask(&Contract::blockOfCall { epoch, order });
                    let logged = block.logged.then_some(block.position);
                    let place = logged.ok_or_else(|| positions.position_of(block.rank));
                    block.due.then_some((place, Contract::BlockRef { epoch, order }))
                })
                .collect();
            due.sort_by_key(|(place, _)| *place);
            let due: Vec<_> = due.into_iter().map(|(_, block)| block).collect();
            for blocks in due.chunks(SETTLED_PER_CALL) {
                let call = Contract::settleCall { blocks: blocks.to_vec() };
                let gas = self.stage.must(account("agent", 0), &call).gas;
                calls.push((blocks.len() as u64, gas));
            }
        }
    }

    /// Every word of the log as a lap before would have left it: not zero.
    fn fill_log_ring(&mut self) {
        let fixed = self.stage.plan.fixed;
        let ring =
            320 * (3 * u64::from(fixed.retention_epochs) * (2 * u64::from(fixed.max_seats) + 64) / 320 + 1);
        let contract = self.stage.deployment.contract;
        for (slot, per_word) in [(TALLIES_SLOT, 5), (IDS_SLOT, 8), (OUTCOMES_SLOT, 64)] {
            for word in 0..ring / per_word {
                let key = keccak256([B256::from(U256::from(word)), B256::from(U256::from(slot))].concat());
                // The bit that a tally word always has; any other would do.
                self.stage.evm.set_storage(contract, key.into(), U256::ONE << 255);
            }
        }
    }

    fn measure(&mut self, table: &mut Table, progress: &impl Fn(&str)) {
        let seats = self.seats;
        let full = 0..self.founding as usize;
        let others = self.founding as usize..self.devices.len();
        let mean = |costs: &[u64]| costs.iter().sum::<u64>() / costs.len().max(1) as u64;
        let score = self.stage.ask(&Contract::seatOfCall { seat: 1 }).score;
        assert!(score >= Score::FULL.bps(), "founding seats are in tier Full");

        // Agents have settled before.
        let mut calls = Vec::new();
        self.settle(&mut calls);
        let (blocks, gas) = calls.iter().fold((0, 0), |sum, call| (sum.0 + call.0, sum.1 + call.1));
        table.set("settlement", seats, gas / blocks.max(1));
        let whole: Vec<u64> =
            calls.iter().filter(|call| call.0 == SETTLED_PER_CALL as u64).map(|call| call.1).collect();
        table.set("settlement_call", seats, mean(&whole));
        let (opened, seeded) = self.open();
        table.set("open_epoch", seats, opened);
        table.set("seed_epoch", seats, seeded);
        table.set("publication", seats, mean(&self.publications(full.clone())));
        table.set("publication_flagged", seats, mean(&self.publications(others.clone())));
        progress("publications after settlement");

        // An epoch later nobody settled for them.
        self.enter(self.epoch + 1);
        self.open();
        table.set("publication_settling", seats, mean(&self.publications(full)));
        self.publications(others);
        progress("publications that settle");
        self.measure_seats(table);
    }

    /// What publications of these seats cost, each with all its marks.
    fn publications(&mut self, devices: std::ops::Range<usize>) -> Vec<u64> {
        let epoch = self.snapshot();
        devices
            .map(|index| {
                let verdicts = self.verdicts(epoch.as_ref(), index);
                assert_eq!(verdicts.marks.count_given(), 42, "a full window");
                self.publish(index, &verdicts).expect("published")
            })
            .collect()
    }

    /// What a seat's calls cost: a newcomer's, and those of the first founding seats.
    fn measure_seats(&mut self, table: &mut Table) {
        let seats = self.seats;
        table.set("join", seats, self.join(1_000_000));
        let joined = self.devices.len() - 1;
        self.enter(self.epoch + 1);
        self.settle(&mut Vec::new());

        // A restart, and the first publication of the new incarnation.
        let (seat, operator) = (self.devices[0].seat, self.devices[0].operator);
        self.devices[0].key = key(2_000_000);
        self.devices[0].certificates_hash = B256::ZERO;
        let call = Contract::restartCall {
            seat,
            incarnation: self.devices[0].key.address(),
            measurement: self.devices[0].measurement,
        };
        table.set("restart", seats, self.stage.must(operator, &call).gas);
        self.open();
        let epoch = self.snapshot();
        let verdicts = self.verdicts(epoch.as_ref(), 0);
        table.set("first_publication", seats, self.publish(0, &verdicts).expect("published"));

        self.measure_equivocation(table, 1);
        self.measure_leaving(table, 2, joined);
        self.measure_governing(table);
    }

    fn measure_equivocation(&mut self, table: &mut Table, index: usize) {
        let device = &self.devices[index];
        let statement = |power: u64| {
            let block = device.block(self.epoch, keccak256("challenge"), power, Marks(U256::ZERO), &[]);
            let (p, _) = device.publication(&self.stage.deployment, &block, Bytes::new(), Bytes::new());
            Contract::Statement {
                measurement: p.measurement,
                power: p.power,
                propertiesDigest: p.propertiesDigest,
                marks: p.marks,
                latestBindings: p.latestBindings,
                r: p.r,
                vs: p.vs,
            }
        };
        let pair = Contract::Equivocation {
            seat: device.seat,
            incarnation: device.key.address(),
            epoch: self.epoch,
            previousDigest: device.last_digest,
            challenge: keccak256("challenge"),
            first: statement(1),
            second: statement(2),
        };
        let call = Contract::reportEquivocationCall { pair };
        table.set("equivocation", self.seats, self.stage.must(account("reporter", 0), &call).gas);
    }

    fn measure_leaving(&mut self, table: &mut Table, index: usize, joined: usize) {
        let seats = self.seats;
        let (seat, provider, operator) =
            (self.devices[index].seat, self.devices[index].provider, self.devices[index].operator);
        table.set("exit", seats, self.stage.must(provider, &Contract::exitCall { seat }).gas);
        // Until what it did is void, and its rewards are mature.
        let (retention, delay) =
            (self.stage.plan.fixed.retention_epochs, self.stage.plan.parameters.reward_delay_epochs);
        self.enter(self.epoch + 2 * u32::from(delay) + u32::from(retention));
        let gas = self.stage.must(provider, &Contract::withdrawRewardsCall { seat }).gas;
        table.set("withdraw_rewards", seats, gas);
        let gas = self.stage.must(provider, &Contract::withdrawDepositCall { seat }).gas;
        table.set("withdraw_deposit", seats, gas);
        self.stage.fund(provider, U256::from(self.stage.plan.parameters.min_deposit));
        let incarnation = key(3_000_000).address();
        let call = Contract::rejoinCall { seat, operator, incarnation, measurement: B256::repeat_byte(1) };
        table.set("rejoin", seats, self.stage.must(provider, &call).gas);
        // In none of so many epochs the newcomer published.
        for _ in 0..retention {
            self.open();
            self.enter(self.epoch + 1);
        }
        let call = Contract::removeCall { seat: SeatId(self.devices[joined].seat).0 };
        table.set("remove", seats, self.stage.must(account("remover", 0), &call).gas);
    }

    /// The owner's dearest calls: whole documents, and reviving 64 seats after the standstill that came about.
    fn measure_governing(&mut self, table: &mut Table) {
        let (seats, owner) = (self.seats, self.stage.owner);
        let document = bytes(24 * 1024, "document");
        table.set("set_policy", seats, self.stage.must(owner, &Contract::setPolicyCall { document }).gas);
        let values = |first: u8| -> Vec<_> {
            let value = |i| B256::from(U256::from(u16::from(first) + i + 1));
            (0..32)
                .map(|i| Contract::ReferenceValue {
                    measurement: value(i),
                    fromEpoch: 0,
                    untilEpoch: u32::MAX,
                })
                .collect()
        };
        self.stage.must(owner, &Contract::setReferenceValuesCall { values: values(0) });
        let call = Contract::setReferenceValuesCall { values: values(100) };
        table.set("set_reference_values", seats, self.stage.must(owner, &call).gas);
        self.stage.must(owner, &Contract::announceStandstillCall {});
        self.enter(self.epoch + 2);
        // Not those that were blocked and that left.
        let revived: Vec<u32> = self.devices[3..].iter().map(|device| device.seat).take(50).collect();
        let gas = self.stage.must(owner, &Contract::reviveCall { seats: revived }).gas;
        table.set("revive", seats, gas);
    }
}
