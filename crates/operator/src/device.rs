//! What an operator or a provider does about a device: join, leave, begin anew.

use std::os::unix::net::UnixStream;
use std::path::Path;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::sol;
use multee_chain::bindings::IProofOfAttestation as contract;
use multee_chain::{ChainError, Outcome, ReadError, Refusal, Sender, Transaction, read};
use multee_node::{
    Boot, Ledger, LedgerError, Network, SendError, Sent, Service, ServiceConfig, SocketConfig,
};
use multee_protocol::SeatId;
use rustix::process::{Pid, Signal, kill_process};

use crate::application::ApplicationError;
use crate::config::{ApplicationConfig, ConfirmConfig};
use crate::introduction::Description;

sol! {
    /// What is asked of the deposits' token (ERC-20).
    interface Token {
        function balanceOf(address account) external view returns (uint256);
        function allowance(address owner, address spender) external view returns (uint256);
        function approve(address spender, uint256 value) external returns (bool);
    }
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The chain gave no answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A view gave none.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The network's events cannot be followed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A transaction had no outcome.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The application cannot be asked.
    #[error(transparent)]
    Application(#[from] ApplicationError),
    /// The contract refused.
    #[error("the contract refuses: {0}")]
    Refused(String),
    /// The token refused.
    #[error("the token refuses to approve the deposit")]
    NotApproved,
    /// The provider has not enough of the token.
    #[error("the deposit is {needed}, the provider has {available} (in the token's smallest unit)")]
    DepositMissing {
        /// What is to be paid.
        needed: U256,
        /// What there is.
        available: U256,
    },
    /// The device has a seat with this incarnation already.
    #[error("seat {} has this device and incarnation already", .0.0)]
    JoinedAlready(SeatId),
    /// The network does not allow the measurement.
    #[error("measurement {0} is not among the network's reference values")]
    MeasurementNotAllowed(B256),
    /// The application's process cannot be ended.
    #[error("the application's process cannot be ended")]
    NotEnded(#[source] std::io::Error),
}

/// A seat that was joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The seat.
    pub seat: SeatId,
    /// The deposit, in the token's smallest unit.
    pub deposit: u128,
}

/// Joins: approves the deposit if it is not yet, and has the contract register the device for `operator`. Interrupted and
/// called again, it goes on.
///
/// # Errors
/// When the device has a seat with this incarnation, its measurement is not allowed, the deposit is not there, or the
/// contract refuses.
pub fn join(
    mut ledger: Ledger,
    provider: &Sender,
    operator: Address,
    device: &Description,
) -> Result<Joined, DeviceError> {
    let network = &ledger.network().clone();
    ledger.sync()?;
    if let Some(seat) = seat_of(&ledger, device.incarnation) {
        return Err(DeviceError::JoinedAlready(seat));
    }
    check_measurement(network, device.measurement)?;
    let deposit = network.read(&contract::parametersCall {})?.minDeposit;
    approve(network, provider, U256::from(deposit))?;
    let registration = contract::Registration {
        operator,
        deviceId: device.device_id,
        incarnation: device.incarnation,
        measurement: device.measurement,
    };
    keep(network, provider, &contract::joinCall { registration })?;
    ledger.sync()?;
    let seat = seat_of(&ledger, device.incarnation);
    let seat = seat.ok_or_else(|| DeviceError::Refused("no seat was registered".to_owned()))?;
    Ok(Joined { seat, deposit })
}

/// The seat with this incarnation. Incarnations are keys: no two applications have the same.
pub fn seat_of(ledger: &Ledger, incarnation: Address) -> Option<SeatId> {
    ledger.seats().find(|(_, seat)| seat.incarnation == incarnation).map(|(id, _)| id)
}

fn check_measurement(network: &Network, measurement: B256) -> Result<(), DeviceError> {
    let listed = network.read(&contract::referenceValuesCall {})?.values;
    let now = network.read(&contract::networkCall {})?.epoch;
    let allowed =
        |value: &contract::ReferenceValue| value.measurement == measurement && now <= value.untilEpoch;
    if listed.iter().any(allowed) { Ok(()) } else { Err(DeviceError::MeasurementNotAllowed(measurement)) }
}

/// What `owner` has of the deposits' token, and how much of it the contract may take.
pub(crate) fn deposit_of(network: &Network, owner: Address) -> Result<(U256, U256), ReadError> {
    let spender = network.deployment().contract;
    let token = network.read(&contract::settingsCall {})?.token;
    let available = read(network.chain(), token, &Token::balanceOfCall { account: owner })?;
    Ok((available, read(network.chain(), token, &Token::allowanceCall { owner, spender })?))
}

fn approve(network: &Network, provider: &Sender, deposit: U256) -> Result<(), DeviceError> {
    let (available, allowed) = deposit_of(network, provider.address())?;
    if available < deposit {
        return Err(DeviceError::DepositMissing { needed: deposit, available });
    }
    if allowed >= deposit {
        return Ok(());
    }
    let spender = network.deployment().contract;
    let token = network.read(&contract::settingsCall {})?.token;
    let call = Token::approveCall { spender, value: deposit };
    match network.chain().send(provider, &Transaction::invoke(token, &call)) {
        Ok(receipt) if receipt.outcome == Outcome::Success => Ok(()),
        Ok(_) | Err(ChainError::Refused(Refusal::WouldRevert(_))) => Err(DeviceError::NotApproved),
        Err(error) => Err(error.into()),
    }
}

/// Announces the seat's exit (R13).
///
/// # Errors
/// When the contract refuses.
pub fn exit(network: &Network, provider: &Sender, seat: SeatId) -> Result<(), DeviceError> {
    keep(network, provider, &contract::exitCall { seat: seat.0 })
}

fn keep<C: alloy_sol_types::SolCall>(
    network: &Network,
    sender: &Sender,
    call: &C,
) -> Result<(), DeviceError> {
    match network.send(sender, call)? {
        Sent::Kept(_) => Ok(()),
        Sent::Refused(error) => Err(DeviceError::Refused(format!("{error:?}"))),
    }
}

/// Ends the application that runs, so that the node begins a new incarnation. A service is started anew; a child of the
/// node is ended, and the node starts another one.
///
/// # Errors
/// When it cannot be ended.
pub fn end_application(config: &ConfirmConfig) -> Result<(), DeviceError> {
    match &config.application {
        ApplicationConfig::Socket { link, restart_command } => {
            let start_ms_max = config.start_ms_max;
            let socket =
                SocketConfig { answer_ms_max: config.answer_ms_max, ..SocketConfig::new(link.clone()) };
            let restart = restart_command.clone();
            let measurement = config.measurement;
            let service =
                ServiceConfig { socket, measurement, restart, restart_ms_max: start_ms_max, start_ms_max };
            Service::new(service).boot().map(drop).map_err(|error| ApplicationError::from(error).into())
        }
        ApplicationConfig::Program { directory, .. } => end_child(directory),
    }
}

/// The process is known by its end of the socket, not by a number that somebody wrote down.
fn end_child(directory: &Path) -> Result<(), DeviceError> {
    let sockets = crate::application::sockets(directory)?;
    for socket in &sockets {
        let Ok(stream) = UnixStream::connect(socket) else { continue };
        let peer = rustix::net::sockopt::socket_peercred(&stream)
            .map_err(|error| DeviceError::NotEnded(error.into()))?;
        return end(peer.pid);
    }
    Err(ApplicationError::None(directory.to_owned()).into())
}

fn end(process: Pid) -> Result<(), DeviceError> {
    kill_process(process, Signal::TERM).map_err(|error| DeviceError::NotEnded(error.into()))
}
