//! Linux configfs-tsm, one interface to TDX and SEV-SNP.
//!
//! Source: Linux, Documentation/ABI/testing/configfs-tsm-report (6.7 and later). Who wants a report makes a directory,
//! writes what is to be reported into its `inblob`, and reads `outblob`; `provider` tells the TEE. `generation` counts
//! writes: if it moved by more or less than ours, the report may be about somebody else's bytes, for the write takes
//! effect when the file is closed, and on most kernels nobody is told when it failed then. The directory is removed
//! whatever happens.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use multee_protocol::REPORT_DATA_BYTES;

use crate::error::{AttesterError, Fault};
use crate::files::{self, Files, HostFiles};

/// Where Linux has it.
pub const TSM_DIRECTORY: &str = "/sys/kernel/config/tsm/report";

/// How to use configfs-tsm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TsmConfig {
    /// The directory of reports, usually [`TSM_DIRECTORY`].
    pub directory: PathBuf,
    /// How often to ask while it is busy or others interfere; at least 1.
    pub attempts_max: u32,
    /// How long to wait between two attempts, in milliseconds.
    pub pause_ms: u64,
}

impl Default for TsmConfig {
    /// Ten attempts within about two seconds.
    fn default() -> Self {
        Self { directory: TSM_DIRECTORY.into(), attempts_max: 10, pause_ms: 200 }
    }
}

/// A TEE as `provider` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    Tdx,
    Snp,
}

impl Provider {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tdx => "tdx_guest",
            Self::Snp => "sev_guest",
        }
    }
}

/// What the kernel gave.
pub(crate) struct Report {
    pub(crate) outblob: Vec<u8>,
    pub(crate) auxblob: Vec<u8>,
}

/// The interface.
#[derive(Clone)]
pub(crate) struct Tsm {
    config: TsmConfig,
    files: Arc<dyn Files>,
}

/// A directory of our own in it, removed when dropped.
struct Entry<'a> {
    files: &'a dyn Files,
    path: PathBuf,
}

impl Tsm {
    /// The kernel's own limit was 32 KiB up to Linux 6.16.
    const BLOB_BYTES_MAX: usize = multee_evidence::QUOTE_BYTES_MAX;

    pub(crate) fn new(config: TsmConfig) -> Self {
        Self::over(config, Arc::new(HostFiles))
    }

    pub(crate) fn over(config: TsmConfig, files: Arc<dyn Files>) -> Self {
        Self { config, files }
    }

    /// The name of the TEE that is there, which may be one that is not supported.
    pub(crate) fn provider(&self) -> Result<String, AttesterError> {
        self.persist(|entry| entry.line("provider"))
    }

    /// A report over `report_data`, and what the TEE supplies with it.
    pub(crate) fn report(
        &self,
        provider: Provider,
        report_data: &[u8; REPORT_DATA_BYTES],
    ) -> Result<Report, AttesterError> {
        self.persist(|entry| entry.report(provider, report_data))
    }

    /// Asks in a directory of its own, and again in another one for as long as that may help.
    fn persist<T>(&self, ask: impl Fn(&Entry<'_>) -> Result<T, AttesterError>) -> Result<T, AttesterError> {
        let mut attempt = 1;
        loop {
            match self.create_entry().and_then(|entry| ask(&entry)) {
                Err(error) if error.fault.passes() && attempt < self.config.attempts_max => {}
                Err(error) => return Err(error.fault.after(attempt).of(&error.interface)),
                done => return done,
            }
            attempt += 1;
            thread::sleep(Duration::from_millis(self.config.pause_ms));
        }
    }

    /// Names are by process and number. One that is taken was left by a killed process with our number.
    fn create_entry(&self) -> Result<Entry<'_>, AttesterError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        const NAMES_MAX: u32 = 16;
        for _ in 0..NAMES_MAX {
            let name = format!("multee-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = self.config.directory.join(name);
            match self.files.create_dir(&path) {
                Ok(()) => return Ok(Entry { files: self.files.as_ref(), path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(files::explain(self.files.as_ref(), &self.config.directory, error)),
            }
        }
        Err(Fault::Busy { attempts: 1 }.of(&self.config.directory))
    }
}

impl Entry<'_> {
    fn report(
        &self,
        provider: Provider,
        report_data: &[u8; REPORT_DATA_BYTES],
    ) -> Result<Report, AttesterError> {
        self.check_provider(provider)?;
        let before = self.generation()?;
        let writes = self.raise_level()? + 1;
        files::write(self.files, &self.path.join("inblob"), report_data)?;
        let (outblob, auxblob) = (self.blob("outblob")?, self.optional_blob("auxblob")?);
        if self.generation()? != before.wrapping_add(writes) {
            return Err(Fault::Interfered { attempts: 1 }.of(&self.path));
        }
        let outblob = files::about(report_data, outblob).map_err(|fault| fault.of(&self.path))?;
        Ok(Report { outblob, auxblob })
    }

    fn check_provider(&self, provider: Provider) -> Result<(), AttesterError> {
        let found = self.line("provider")?;
        let expected = provider.name();
        if found == expected { Ok(()) } else { Err(Fault::WrongTee { expected, found }.of(&self.path)) }
    }

    /// Where the kernel runs above privilege level 0 (SEV-SNP's VMPL, below a paravisor), it refuses reports for the
    /// level 0 that it assumes; the report is then for the kernel's own level, as verifiers see. How often it wrote.
    fn raise_level(&self) -> Result<u64, AttesterError> {
        let floor = match self.line("privlevel_floor") {
            Ok(floor) => floor,
            Err(AttesterError { fault: Fault::Missing, .. }) => return Ok(0),
            Err(error) => return Err(error),
        };
        if floor == "0" {
            return Ok(0);
        }
        files::write(self.files, &self.path.join("privlevel"), floor.as_bytes())?;
        Ok(1)
    }

    fn generation(&self) -> Result<u64, AttesterError> {
        let text = self.line("generation")?;
        text.parse()
            .map_err(|_| Fault::Unexpected("generation is no number").of(&self.path.join("generation")))
    }

    fn line(&self, attribute: &str) -> Result<String, AttesterError> {
        files::read_line(self.files, &self.path.join(attribute))
    }

    fn blob(&self, attribute: &str) -> Result<Vec<u8>, AttesterError> {
        files::read(self.files, &self.path.join(attribute), Tsm::BLOB_BYTES_MAX)
    }

    /// Not every TEE has this attribute.
    fn optional_blob(&self, attribute: &str) -> Result<Vec<u8>, AttesterError> {
        match self.blob(attribute) {
            Err(AttesterError { fault: Fault::Missing, .. }) => Ok(Vec::new()),
            other => other,
        }
    }
}

impl Drop for Entry<'_> {
    /// There is nobody to tell that it failed; the name will not be used again.
    fn drop(&mut self) {
        let _ = self.files.remove_dir(&self.path);
    }
}
