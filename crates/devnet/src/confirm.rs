//! The Confirmation Application of a devnet: the one that is measured elsewhere, over a SIMULATED TEE.

use std::convert::Infallible;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use multee_confirm::{StartError, run_with};

use crate::devices::{Devices, DevicesError};
use crate::tether;

/// How long a client may take for a message.
const MESSAGE_TIME_MAX: Duration = Duration::from_secs(10);

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// The device cannot be made.
    #[error(transparent)]
    Devices(#[from] DevicesError),
    /// The devnet's file is not there.
    #[error("the devnet in {} does not run", path.display())]
    Tether {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The application cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Runs the application of the device with this index on a socket; it ends by being ended, or when the devnet that holds
/// `tether` does.
///
/// # Errors
/// When it cannot start.
pub fn run(devices: &Devices, index: u32, socket: &Path, tether: &Path) -> Result<Infallible, ConfirmError> {
    tether::end_with(tether).map_err(|source| ConfirmError::Tether { path: tether.to_owned(), source })?;
    let _ = writeln!(io::stderr(), "multee devnet: SIMULATED TEE: its quotes prove nothing");
    run_with(socket, MESSAGE_TIME_MAX, || devices.boot(index).map_err(ConfirmError::from))
}
