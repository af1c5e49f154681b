//! What this machine is and can do: its properties record, read from Linux, and its power, measured.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroU16;
use std::thread::available_parallelism;

use multee_confirmation::machine::{self, TEXT_BYTES_MAX};
use multee_confirmation::power::{self, BenchmarkError};
use multee_confirmation::{AppConfig, PowerSource};

/// Why the machine cannot be described.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// A file of the kernel's cannot be read.
    #[error("{path} cannot be read")]
    File {
        /// Which.
        path: &'static str,
        /// What happened.
        source: io::Error,
    },
    /// What the kernel says makes no properties record.
    #[error("the kernel's files make no properties record")]
    Properties(#[from] machine::MachineError),
    /// How many processors there are is not known.
    #[error("number of processors is not known")]
    Processors(#[source] io::Error),
    /// The benchmark failed.
    #[error("power cannot be measured")]
    Power(#[from] BenchmarkError),
}

/// Reads and measures, which takes up to three seconds.
pub(crate) fn describe() -> Result<AppConfig, MachineError> {
    let properties = machine::properties(&text("/proc/cpuinfo")?, &text("/proc/meminfo")?)?;
    let threads = available_parallelism().map_err(MachineError::Processors)?;
    let threads = NonZeroU16::try_from(threads.min(THREADS_MAX)).unwrap_or(NonZeroU16::MAX);
    Ok(AppConfig { power: PowerSource::Measured(power::measure(threads)?), properties })
}

const THREADS_MAX: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN.saturating_add(u16::MAX as usize - 1);

/// With room for one byte too many, so that a text that is too long is refused and not cut.
fn text(path: &'static str) -> Result<String, MachineError> {
    let failed = |source| MachineError::File { path, source };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(TEXT_BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
