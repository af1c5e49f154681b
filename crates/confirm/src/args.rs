//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use multee_attester::Choice;

/// Verifies what a seat is assigned, signs its confirmation blocks, and has the TEE vouch for them.
#[derive(Debug, Parser)]
#[command(name = "multee-confirm", version)]
pub struct Args {
    /// The Unix socket to listen on; nobody else may be able to write to its directory
    #[arg(long, value_name = "PATH")]
    pub socket: PathBuf,
    /// The TEE to ask for quotes: auto, gramine (SGX), dstack, tdx or snp
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub attester: Choice,
    /// How long a client may take to send a message, and to take the answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=600_000))]
    pub message_ms_max: u32,
    /// The TEE without hardware.
    #[cfg(feature = "simulated")]
    #[command(flatten)]
    pub simulated: crate::simulated::SimulatedArgs,
}

impl Args {
    pub(crate) fn message_time_max(&self) -> Duration {
        Duration::from_millis(self.message_ms_max.into())
    }
}
