//! What happens in which order: keep others out, find the TEE, look at the machine, make the key, listen, serve.

use std::convert::Infallible;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use multee_attester::{Places, SelectError, select};
use multee_confirmation::{Confirm, ConfirmationApp};
use multee_evidence::ObtainQuote;
use multee_protocol::TeeType;
use rand_core::OsRng;

use crate::address::listen;
use crate::args::{Address, Args};
use crate::lockdown::{LockdownError, lock_down};
use crate::machine::{self, MachineError};
use crate::serve::serve;
use crate::snp::encode_snp_report;
use crate::socket::SocketError;

/// Why the application did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The process cannot be locked down.
    #[error(transparent)]
    Lockdown(#[from] LockdownError),
    /// There is no TEE to quote.
    #[error(transparent)]
    Attester(#[from] SelectError),
    /// The machine cannot be described.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The socket cannot be listened on.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The simulated TEE cannot be made.
    #[cfg(feature = "simulated")]
    #[error(transparent)]
    Simulated(#[from] crate::simulated::SimulatedError),
}

/// Runs the application; it ends by being ended.
///
/// When it can be reached, it says so in one line on standard output, and writes nothing there after that.
///
/// # Errors
/// When it cannot start.
pub fn run(args: &Args) -> Result<Infallible, StartError> {
    let locked = lock_down();
    let app = boot(args, locked)?;
    answer(app, &args.address(), args.message_time_max())
}

/// Runs an application that the caller makes, over a TEE of its own; as [`run`] does, on this socket and with so much
/// time for a message. `boot` is called when the process is locked down.
///
/// # Errors
/// When it cannot start, or `boot` fails.
pub fn run_with<E: From<StartError>>(
    socket: &Path,
    message_time_max: Duration,
    boot: impl FnOnce() -> Result<ConfirmationApp, E>,
) -> Result<Infallible, E> {
    lock_down().map_err(StartError::from)?;
    Ok(answer(boot()?, &Address::Unix(socket.to_owned()), message_time_max)?)
}

fn answer(
    mut app: ConfirmationApp,
    address: &Address,
    message_time_max: Duration,
) -> Result<Infallible, StartError> {
    let listener = listen(address)?;
    // Whoever started it may have stopped listening; that is no reason to end.
    let _ = writeln!(io::stdout(), "multee-confirm: {} answers", app.incarnation());
    serve(&listener, &mut app, message_time_max)
}

#[cfg(not(feature = "simulated"))]
fn boot(args: &Args, locked: Result<(), LockdownError>) -> Result<ConfirmationApp, StartError> {
    boot_on_hardware(args, locked)
}

#[cfg(feature = "simulated")]
fn boot(args: &Args, locked: Result<(), LockdownError>) -> Result<ConfirmationApp, StartError> {
    if args.attester != multee_attester::Choice::Mock {
        return boot_on_hardware(args, locked);
    }
    locked?;
    let tee = args.simulated.tee()?;
    let attester = select(args.attester, &Places::default(), encode_snp_report, Some(Box::new(tee)))?;
    Ok(args.simulated.boot(attester)?)
}

fn boot_on_hardware(args: &Args, locked: Result<(), LockdownError>) -> Result<ConfirmationApp, StartError> {
    let attester = select(args.attester, &Places::default(), encode_snp_report, None)?;
    check_lock(attester.as_ref(), locked)?;
    Ok(ConfirmationApp::new(machine::describe()?, attester, &mut OsRng))
}

/// A library operating system in an enclave may not know the calls, and nobody outside can look into the enclave.
fn check_lock(attester: &dyn ObtainQuote, locked: Result<(), LockdownError>) -> Result<(), LockdownError> {
    if attester.tee() == TeeType::Sgx { Ok(()) } else { locked }
}

#[cfg(test)]
mod tests {
    use multee_evidence::AttestError;

    use super::*;

    struct Tee(TeeType);

    impl ObtainQuote for Tee {
        fn tee(&self) -> TeeType {
            self.0
        }
        fn quote(&self, _: &[u8; 64]) -> Result<Vec<u8>, AttestError> {
            unreachable!("no quote is asked for")
        }
    }

    #[test]
    fn only_an_enclave_does_without_the_lock() {
        let unlocked =
            || Err(LockdownError { what: "core dumps", source: io::ErrorKind::Unsupported.into() });
        assert!(check_lock(&Tee(TeeType::Sgx), unlocked()).is_ok());
        assert!(check_lock(&Tee(TeeType::Tdx), unlocked()).is_err());
        assert!(check_lock(&Tee(TeeType::Snp), unlocked()).is_err());
        assert!(check_lock(&Tee(TeeType::Tdx), Ok(())).is_ok());
    }
}
