//! How a device stands: what `multee device status` shows.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::rpc::Rpc;
use multee_chain::{Chain, ChainError, LogFilter, ReadError};
use multee_node::{DutyError, Ledger, LedgerError, assigned};
use multee_protocol::{Epoch, Mark, SeatId};
use serde::Serialize;

/// Publications that the cost of an epoch is taken from at most.
const PUBLICATIONS_PRICED: usize = 8;
const SECONDS_A_DAY: f64 = 86_400.0;

/// How a device stands at one block of the chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceStatus {
    /// The chain's id.
    pub chain_id: u64,
    /// The contract.
    pub contract: Address,
    /// The chain's newest block.
    pub head: u64,
    /// Its time, in seconds since the Unix epoch.
    pub head_time_s: u64,
    /// The epoch of that time.
    pub epoch: Epoch,
    /// Seconds until the next one begins.
    pub next_epoch_in_s: u64,
    /// Nothing is published while the owner has paused the network.
    pub paused: bool,
    /// The seat.
    pub seat: u32,
    /// The device.
    pub device_id: B256,
    /// The tier (R11), by its name.
    pub tier: &'static str,
    /// Full, Warning and Restricted are operational; what is flagged should be looked at.
    pub score_bps: u16,
    /// Penalty points (R9).
    pub penalties: u8,
    /// Good blocks in a row that count for the gain (R9).
    pub streak: u8,
    /// The key of the incarnation.
    pub incarnation: Address,
    /// Whether the measurement is allowed in this epoch, and until which.
    pub measurement_until_epoch: Option<Epoch>,
    /// The last epoch that it published in.
    pub last_published_epoch: Option<Epoch>,
    /// What is to be done next.
    pub next_duty: NextDuty,
    /// The marks in its newest block.
    pub marks_given: Vec<MarkGiven>,
    /// What others made of its newest block.
    pub newest_block: Option<BlockStanding>,
    /// Rewards not yet withdrawn, mature or not, in the token's smallest unit.
    pub rewards: u128,
    /// The deposit, in the token's smallest unit.
    pub deposit: u128,
    /// The account whose deposit it is.
    pub provider: Address,
    /// The account that publishes.
    pub operator: Address,
    /// What it has for gas, in wei.
    pub balance_wei: U256,
    /// How long that lasts at the price of the last publications, in days; `None` before the first.
    pub balance_days: Option<f64>,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "duty", rename_all = "snake_case")]
pub enum NextDuty {
    /// Publish in this epoch, with so many blocks to check.
    Publish {
        /// The epoch.
        epoch: Epoch,
        /// How many blocks.
        checks: usize,
    },
    /// The epoch is not opened yet.
    AwaitOpening {
        /// The epoch.
        epoch: Epoch,
    },
    /// All is done in this one; the next follows.
    AwaitEpoch {
        /// The next.
        epoch: Epoch,
    },
    /// The seat is suspended and may be restarted from this epoch on.
    Restart {
        /// From when on.
        from_epoch: Epoch,
    },
    /// It is blocked or exiting: nothing any more.
    None,
}

/// A mark that the device gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MarkGiven {
    /// To the block of this seat.
    pub seat: u32,
    /// Of this epoch.
    pub epoch: Epoch,
    /// The mark's name.
    pub mark: &'static str,
}

/// What others made of a block so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlockStanding {
    /// Its epoch.
    pub epoch: Epoch,
    /// Weight of the marks for it.
    pub positive: u32,
    /// Weight of those against it.
    pub negative: u32,
    /// How many marks count.
    pub marks: u8,
    /// It is in the suspicious log.
    pub logged: bool,
    /// It was decided; true if malicious.
    pub decided: Option<bool>,
}

/// Why there is no status.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The chain gave no answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A view gave none.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The events cannot be followed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Assignments cannot be made.
    #[error(transparent)]
    Duty(#[from] DutyError),
    /// There is no such seat.
    #[error("seat {} is not registered", .0.0)]
    NoSeat(SeatId),
}

/// How the seat stands; `ledger` is brought up to date first.
///
/// # Errors
/// When the chain gives no answer, or there is no such seat.
pub fn status(chain: &Rpc, ledger: &mut Ledger, seat: SeatId) -> Result<DeviceStatus, StatusError> {
    ledger.sync()?;
    let record = ledger.seat(seat).ok_or(StatusError::NoSeat(seat))?;
    let network = ledger.network();
    let head = chain.head()?;
    let view = network.read(&contract::seatOfCall { seat: seat.0 })?;
    let whole = network.read(&contract::networkCall {})?;
    let epoch = ledger.clock()?.unwrap_or(0);
    let balance_wei = chain.balance(view.operator)?;
    let price = epoch_price(chain, ledger, seat)?;
    let epoch_s = f64::from(ledger.fixed().epoch_seconds);
    Ok(DeviceStatus {
        chain_id: head.chain_id,
        contract: network.deployment().contract,
        head: head.number,
        head_time_s: head.timestamp_s,
        epoch,
        next_epoch_in_s: ledger.epoch_start_s(epoch + 1).saturating_sub(head.timestamp_s),
        paused: whole.paused,
        seat: seat.0,
        device_id: view.deviceId,
        tier: tier_name(view.tier),
        score_bps: view.score,
        penalties: view.penalties,
        streak: view.streak,
        incarnation: view.incarnation,
        measurement_until_epoch: allowed_until(ledger, view.measurement, epoch)?,
        last_published_epoch: record.last_epoch,
        next_duty: next_duty(ledger, seat, &view, epoch)?,
        marks_given: marks_given(ledger, seat)?,
        newest_block: newest_block(ledger, seat),
        rewards: view.funds.newRewards + view.funds.oldRewards + view.funds.maturedRewards,
        deposit: view.funds.deposit,
        provider: view.provider,
        operator: view.operator,
        balance_wei,
        balance_days: price.map(|wei| f64::from(balance_wei) / f64::from(wei) * epoch_s / SECONDS_A_DAY),
    })
}

/// A tier's name by its number in the contract (R11).
pub fn tier_name(tier: u8) -> &'static str {
    ["unknown", "probation", "full", "warning", "restricted", "suspended", "blocked"]
        .get(usize::from(tier))
        .copied()
        .unwrap_or("unknown")
}

fn allowed_until(ledger: &Ledger, measurement: B256, epoch: Epoch) -> Result<Option<Epoch>, StatusError> {
    let listed = ledger.network().read(&contract::referenceValuesCall {})?.values;
    let holds = |value: &&contract::ReferenceValue| {
        value.measurement == measurement && (value.fromEpoch..=value.untilEpoch).contains(&epoch)
    };
    Ok(listed.iter().filter(holds).map(|value| value.untilEpoch).max())
}

fn next_duty(
    ledger: &Ledger,
    seat: SeatId,
    view: &contract::SeatView,
    epoch: Epoch,
) -> Result<NextDuty, StatusError> {
    const SUSPENDED: u8 = 5;
    const BLOCKED: u8 = 6;
    if view.exiting || view.tier == BLOCKED {
        return Ok(NextDuty::None);
    }
    if view.tier == SUSPENDED {
        let cooldown = u32::from(ledger.parameters().restart_cooldown_epochs);
        return Ok(NextDuty::Restart { from_epoch: view.suspendedEpoch.saturating_add(cooldown) });
    }
    if view.hasPublished && view.lastEpoch == epoch {
        return Ok(NextDuty::AwaitEpoch { epoch: epoch.saturating_add(1) });
    }
    match ledger.epoch(epoch).filter(|record| record.opened) {
        Some(record) => Ok(NextDuty::Publish { epoch, checks: assigned(ledger, seat, record)?.len() }),
        None => Ok(NextDuty::AwaitOpening { epoch }),
    }
}

fn marks_given(ledger: &Ledger, seat: SeatId) -> Result<Vec<MarkGiven>, StatusError> {
    let last = ledger.seat(seat).and_then(|record| record.last_epoch);
    let block = last.and_then(|epoch| Some((ledger.block_of(seat, epoch)?, ledger.epoch(epoch)?)));
    let Some((block, epoch)) = block else { return Ok(Vec::new()) };
    let given = assigned(ledger, seat, epoch)?.into_iter().map(|(place, of)| {
        let mark = block.block.marks.get(usize::from(place)).unwrap_or(Mark::Abstain);
        MarkGiven { seat: of.block.seat.0, epoch: of.block.epoch, mark: mark.name() }
    });
    Ok(given.collect())
}

fn newest_block(ledger: &Ledger, seat: SeatId) -> Option<BlockStanding> {
    let epoch = ledger.seat(seat)?.last_epoch?;
    // What is older than the contract keeps has no standing any more.
    let view = ledger.network().read(&contract::blockOfSeatCall { seat: seat.0, epoch }).ok()?;
    Some(BlockStanding {
        epoch,
        positive: view.positive,
        negative: view.negative,
        marks: view.count,
        logged: view.logged,
        decided: view.decided.then_some(view.malicious),
    })
}

/// What an epoch's publication costs in wei: the mean of the last ones. What the account settles for others besides is
/// not in it.
fn epoch_price(chain: &Rpc, ledger: &Ledger, seat: SeatId) -> Result<Option<U256>, StatusError> {
    const LOOKED_BACK_BLOCKS: u64 = 20_000;
    let head = chain.head()?.number;
    let contract_address = ledger.network().deployment().contract;
    let mut filter = LogFilter::of(contract_address, head.saturating_sub(LOOKED_BACK_BLOCKS), head)
        .event(contract::BlockPublished::SIGNATURE_HASH);
    filter.topics[1] = vec![B256::left_padding_from(&seat.0.to_be_bytes())];
    let published = chain.logs(&filter)?;
    let (mut costs, mut count) = (U256::ZERO, 0_u64);
    for entry in published.iter().rev().take(PUBLICATIONS_PRICED) {
        if let Some(receipt) = chain.receipt(entry.transaction_hash)? {
            costs += U256::from(receipt.gas_used) * U256::from(receipt.gas_price_wei);
            count += 1;
        }
    }
    Ok(costs.checked_div(U256::from(count)).filter(|mean| !mean.is_zero()))
}
