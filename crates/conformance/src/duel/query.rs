//! What is asked of both: every view of the contract, and what the token and the ownership say.

use alloy_primitives::{Address, B256, Bytes, aliases::U40};
use alloy_sol_types::SolCall;
use multee_chain::bindings::IProofOfAttestation as Contract;
use multee_chain::bindings::deployed::{Registry, TestToken};
use multee_protocol::machine::{
    AssignmentView, BlockRef, BlockView, DeviceTrust, EpochView, FundsView, LogEntryView, NetworkView,
    PowerView, ReferenceValue, Rejection, SeatView, Settings, State,
};
use multee_protocol::{DeviceId, Marks, Parameters, Score, SeatId, Tier};

use super::refused;
use super::request::{amount, model_parameters, reference_value};
use super::told;

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the contract's views, described there")]
pub(crate) enum Query {
    Network,
    Parameters,
    Announced,
    References,
    Policy,
    Settings,
    Owner,
    PendingOwner,
    Balance,
    Seat(u32),
    Challenge(u32),
    Assignment(u32),
    Bound(DeviceId),
    Trust(DeviceId),
    Trusted { device: DeviceId, min_score: u16, max_age_epochs: u32 },
    Bounty(Address),
    Epoch(u32),
    Block { epoch: u32, order: u32 },
    BlockOfSeat { seat: u32, epoch: u32 },
    LogEntry(u64),
}

/// An answer, in the model's words; a refusal in the contract's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "most are large")]
#[allow(missing_docs, reason = "the contract's views, described there")]
pub(crate) enum Answer {
    Network(NetworkView),
    Parameters(Parameters),
    Announced(Option<(u32, Parameters)>),
    References(B256, Vec<ReferenceValue>),
    Digest(B256),
    Settings(Settings),
    Account(Address),
    Amount(u128),
    Number(u32),
    Yes(bool),
    Seat(SeatView),
    Assignment(AssignmentView),
    Trust(DeviceTrust),
    Epoch(EpochView),
    Block(BlockView),
    LogEntry(LogEntryView),
    Refused(Vec<u8>),
}

impl Query {
    /// Whether the answer depends on the clock's epoch as well as on what is stored.
    pub(crate) fn reads_clock(&self) -> bool {
        use Query as Q;
        let of_storage = matches!(
            self,
            Q::Parameters
                | Q::Announced
                | Q::References
                | Q::Policy
                | Q::Settings
                | Q::Owner
                | Q::PendingOwner
                | Q::Balance
                | Q::Seat(_)
                | Q::Bound(_)
                | Q::Trust(_)
                | Q::Bounty(_)
        );
        !of_storage
    }

    /// What the model answers at a time.
    pub(crate) fn of_model(&self, state: &State, time_s: u64) -> Answer {
        fn or<T>(result: Result<T, Rejection>, answer: fn(T) -> Answer) -> Answer {
            result.map_or_else(|rejection| Answer::Refused(refused::revert(&rejection)), answer)
        }
        match *self {
            Self::Network => Answer::Network(state.network_view(time_s)),
            Self::Parameters => Answer::Parameters(*state.parameters()),
            Self::Announced => {
                let announced = state.announced_parameters();
                Answer::Announced(announced.map(|announced| (announced.from_epoch, announced.parameters)))
            }
            Self::References => {
                Answer::References(state.reference_digest(), state.reference_values().to_vec())
            }
            Self::Policy => Answer::Digest(state.policy_digest()),
            Self::Settings => Answer::Settings(Settings { owner: state.owner(), ..*state.settings() }),
            Self::Owner => Answer::Account(state.owner()),
            Self::PendingOwner => Answer::Account(state.pending_owner()),
            Self::Balance => Answer::Amount(state.balance()),
            Self::Seat(seat) => or(state.seat_view(SeatId(seat)), Answer::Seat),
            Self::Challenge(seat) => or(state.challenge_of(SeatId(seat), time_s), Answer::Digest),
            Self::Assignment(seat) => or(state.assignment_of(SeatId(seat), time_s), Answer::Assignment),
            Self::Bound(device) => Answer::Number(state.bound_seat_of(device).map_or(0, |seat| seat.0)),
            Self::Trust(device) => Answer::Trust(state.trust_of(device)),
            Self::Trusted { device, min_score, max_age_epochs } => {
                Answer::Yes(state.is_trusted(device, min_score, max_age_epochs, time_s))
            }
            Self::Bounty(account) => Answer::Amount(state.bounty_of(account)),
            Self::Epoch(epoch) => or(state.epoch_view(epoch, time_s), Answer::Epoch),
            Self::Block { epoch, order } => or(state.block_view(epoch, order, time_s), Answer::Block),
            Self::BlockOfSeat { seat, epoch } => {
                or(state.block_view_of_seat(SeatId(seat), epoch, time_s), Answer::Block)
            }
            Self::LogEntry(position) => or(state.log_entry(position, time_s), Answer::LogEntry),
        }
    }

    /// The contract's function and its arguments; of the token for [`Self::Balance`].
    ///
    /// # Panics
    /// For a log position beyond 40 bits.
    #[allow(non_snake_case, reason = "the contract's names")]
    pub(crate) fn calldata(&self, contract: Address) -> Vec<u8> {
        use Contract as C;
        match *self {
            Self::Network => C::networkCall {}.abi_encode(),
            Self::Parameters => C::parametersCall {}.abi_encode(),
            Self::Announced => C::announcedParametersCall {}.abi_encode(),
            Self::References => C::referenceValuesCall {}.abi_encode(),
            Self::Policy => C::policyDigestCall {}.abi_encode(),
            Self::Settings => C::settingsCall {}.abi_encode(),
            Self::Owner => Registry::ownerCall {}.abi_encode(),
            Self::PendingOwner => Registry::pendingOwnerCall {}.abi_encode(),
            Self::Balance => TestToken::balanceOfCall { account: contract }.abi_encode(),
            Self::Seat(seat) => C::seatOfCall { seat }.abi_encode(),
            Self::Challenge(seat) => C::challengeOfCall { seat }.abi_encode(),
            Self::Assignment(seat) => C::assignmentOfCall { seat }.abi_encode(),
            Self::Bound(device) => C::boundSeatOfCall { deviceId: device.0 }.abi_encode(),
            Self::Trust(device) => C::trustOfCall { deviceId: device.0 }.abi_encode(),
            Self::Trusted { device, min_score: minScore, max_age_epochs: maxAgeEpochs } => {
                C::isTrustedCall { deviceId: device.0, minScore, maxAgeEpochs }.abi_encode()
            }
            Self::Bounty(account) => C::bountyOfCall { account }.abi_encode(),
            Self::Epoch(epoch) => C::epochOfCall { epoch }.abi_encode(),
            Self::Block { epoch, order } => C::blockOfCall { epoch, order }.abi_encode(),
            Self::BlockOfSeat { seat, epoch } => C::blockOfSeatCall { seat, epoch }.abi_encode(),
            Self::LogEntry(position) => C::logEntryCall { position: U40::from(position) }.abi_encode(),
        }
    }

    /// The contract's answer in the model's words.
    ///
    /// # Panics
    /// When the answer is not of the view's type, which is a defect of the contract as any other.
    pub(crate) fn read(&self, outcome: Result<Bytes, Bytes>) -> Answer {
        fn returned<C: SolCall>(output: &Bytes) -> C::Return {
            C::abi_decode_returns(output).expect("the view's own type")
        }
        use Contract as C;
        let output = match outcome {
            Ok(output) => output,
            Err(revert) => return Answer::Refused(revert.to_vec()),
        };
        let o = &output;
        match self {
            Self::Network => Answer::Network(network(&returned::<C::networkCall>(o))),
            Self::Parameters => Answer::Parameters(model_parameters(&returned::<C::parametersCall>(o))),
            Self::Announced => {
                let told = returned::<C::announcedParametersCall>(o);
                let some = (told.fromEpoch, model_parameters(&told.parameters_));
                Answer::Announced(told.announced.then_some(some))
            }
            Self::References => {
                let told = returned::<C::referenceValuesCall>(o);
                Answer::References(told.digest, told.values.iter().map(reference_value).collect())
            }
            Self::Policy => Answer::Digest(returned::<C::policyDigestCall>(o)),
            Self::Settings => Answer::Settings(told::settings(&returned::<C::settingsCall>(o))),
            Self::Owner => Answer::Account(returned::<Registry::ownerCall>(o)),
            Self::PendingOwner => Answer::Account(returned::<Registry::pendingOwnerCall>(o)),
            Self::Balance => Answer::Amount(amount(returned::<TestToken::balanceOfCall>(o))),
            Self::Seat(_) => Answer::Seat(seat(&returned::<C::seatOfCall>(o))),
            Self::Challenge(_) => Answer::Digest(returned::<C::challengeOfCall>(o)),
            Self::Assignment(_) => Answer::Assignment(assignment(&returned::<C::assignmentOfCall>(o))),
            Self::Bound(_) => Answer::Number(returned::<C::boundSeatOfCall>(o)),
            Self::Trust(_) => Answer::Trust(trust(&returned::<C::trustOfCall>(o))),
            Self::Trusted { .. } => Answer::Yes(returned::<C::isTrustedCall>(o)),
            Self::Bounty(_) => Answer::Amount(amount(returned::<C::bountyOfCall>(o))),
            Self::Epoch(_) => Answer::Epoch(epoch(&returned::<C::epochOfCall>(o))),
            Self::Block { .. } => Answer::Block(block(&returned::<C::blockOfCall>(o))),
            Self::BlockOfSeat { .. } => Answer::Block(block(&returned::<C::blockOfSeatCall>(o))),
            Self::LogEntry(_) => {
                let told = returned::<C::logEntryCall>(o);
                Answer::LogEntry(LogEntryView {
                    block: BlockRef { epoch: told.r#ref.epoch, order: told.r#ref.order },
                    positive: told.positive,
                    negative: told.negative,
                    count: told.count,
                    outcome: told.outcome,
                })
            }
        }
    }
}

fn score(bps: u16) -> Score {
    Score::new(bps).expect("a score")
}

/// The contract's numbers; `None` for 0, a device that no seat is bound to.
fn tier(number: u8) -> Option<Tier> {
    Some(match number {
        0 => return None,
        1 => Tier::Probation,
        2 => Tier::Full,
        3 => Tier::Warning,
        4 => Tier::Restricted,
        5 => Tier::Suspended,
        6 => Tier::Blocked,
        _ => panic!("tier {number}"),
    })
}

fn seat(v: &Contract::SeatView) -> SeatView {
    SeatView {
        provider: v.provider,
        operator: v.operator,
        device_id: DeviceId(v.deviceId),
        incarnation: v.incarnation,
        measurement: v.measurement,
        last_digest: v.lastDigest,
        identity: v.identity,
        since_epoch: v.sinceEpoch,
        joined_index: v.joinedIndex,
        suspended_epoch: v.suspendedEpoch,
        unbonded_epoch: v.unbondedEpoch,
        last_epoch: v.lastEpoch,
        last_good_epoch: v.lastGoodEpoch,
        seen_index: v.seenIndex,
        has_published: v.hasPublished,
        has_good_block: v.hasGoodBlock,
        admitted: v.admitted,
        exiting: v.exiting,
        tier: tier(v.tier).expect("a seat's tier"),
        score: score(v.score),
        streak: v.streak,
        penalties: v.penalties,
        power: PowerView {
            verified: v.power.verified,
            unverified: v.power.unverified,
            off_epoch: v.power.offEpoch,
            has_block: v.power.hasBlock,
            block_epoch: v.power.blockEpoch,
        },
        funds: FundsView {
            deposit: v.funds.deposit,
            paid_out: v.funds.paidOut,
            new_rewards: v.funds.newRewards,
            old_rewards: v.funds.oldRewards,
            matured_rewards: v.funds.maturedRewards,
            rolled_epoch: v.funds.rolledEpoch,
        },
    }
}

fn block(v: &Contract::BlockView) -> BlockView {
    BlockView {
        seat: SeatId(v.seat),
        epoch: v.epoch,
        order: v.order,
        weight: v.weight,
        positive: v.positive,
        negative: v.negative,
        count: v.count,
        logged: v.logged,
        passed: v.passed,
        decided: v.decided,
        malicious: v.malicious,
        honest_for_good: v.honestForGood,
        accuser: v.accuser,
        off: v.off,
        due: v.due,
        position: v.position.to(),
        rank: v.rank,
        share: v.share,
        off_power: v.offPower,
        counted_marks: Marks(v.countedMarks),
        evidence_binding: v.evidenceBinding,
    }
}

fn epoch(v: &Contract::EpochView) -> EpochView {
    EpochView {
        epoch: v.epoch,
        opened: v.opened,
        root: v.root,
        seed_block: v.seedBlock,
        roster_epoch: v.rosterEpoch,
        roster_size: v.rosterSize,
        window_start: v.windowStart.to(),
        window_size: v.windowSize,
        latest_checks: v.latestChecks,
        suspicious_checks: v.suspiciousChecks,
        decision_marks: v.decisionMarks,
        previous_opened: v.previousOpened,
        next_opened: v.nextOpened,
        weighted_blocks: v.weightedBlocks,
        weightless_blocks: v.weightlessBlocks,
        log_end: v.logEnd.to(),
        pot: v.pot,
        left: v.left,
        shares: amount(v.shares),
        policy_digest: v.policyDigest,
        reference_digest: v.referenceDigest,
    }
}

fn network(v: &Contract::NetworkView) -> NetworkView {
    NetworkView {
        epoch: v.epoch,
        last_opened: v.lastOpened,
        opened_epochs: v.openedEpochs,
        seats: v.seats,
        log_end: v.logEnd.to(),
        window_start: v.windowStart.to(),
        window_end: v.windowEnd.to(),
        decision_marks: v.decisionMarks,
        paused: v.paused,
        resumes_epoch: v.resumesEpoch,
        has_weighted: v.hasWeighted,
        weighted_epoch: v.weightedEpoch,
        last_seed: v.lastSeed,
        carry: v.carry,
        purses: v.purses,
        deposits: v.deposits,
        bounties: v.bounties,
    }
}

fn trust(v: &Contract::Trust) -> DeviceTrust {
    DeviceTrust {
        seat: SeatId(v.seat),
        tier: tier(v.tier),
        score: score(v.score),
        operational: v.operational,
        flagged: v.flagged,
        incarnation: v.incarnation,
        measurement: v.measurement,
        has_good_block: v.hasGoodBlock,
        last_good_epoch: v.lastGoodEpoch,
        deposit: v.deposit,
    }
}

fn assignment(told: &Contract::assignmentOfReturn) -> AssignmentView {
    AssignmentView {
        rank: told.ranked.then_some(told.rank),
        latest: told.latest.iter().map(|at| BlockRef { epoch: at.epoch, order: at.order }).collect(),
        positions: told.positions.iter().map(U40::to).collect(),
    }
}
