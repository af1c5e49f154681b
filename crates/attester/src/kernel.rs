//! A stand-in of Linux's configfs-tsm, for tests.
//!
//! It does what drivers/virt/coco/guest/report.c and fs/configfs/file.c do: a directory is an entry of its own; what is
//! written into a binary attribute takes effect when the file is closed, and a failure then is told to nobody; a report
//! is made at the first read after a write and then cached; every write counts. Reads are short. TDX quotes are those of
//! the mock vendor, SIMULATED; SEV-SNP reports are synthetic and signed by nobody.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use multee_mock_vendor::{PlatformSpec, QuoteSpec, Vendor, VendorConfig};
use multee_protocol::TeeType;

use crate::error::Owner;
use crate::files::Files;

pub(crate) const DIRECTORY: &str = "/sys/kernel/config/tsm/report";
pub(crate) const ENXIO: i32 = 6;
pub(crate) const EBUSY: i32 = 16;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const EFBIG: i32 = 27;
pub(crate) const ETIMEDOUT: i32 = 110;

pub(crate) const SNP_CERTIFICATES: &[u8] = b"synthetic certificate table";
/// Offsets in `ATTESTATION_REPORT` (SEV-SNP Firmware ABI, table 23).
pub(crate) const SNP_VMPL_AT: usize = 0x30;
pub(crate) const SNP_REPORT_DATA_AT: usize = 0x50;
const SNP_REPORT_BYTES: usize = 0x4A0;

const INBLOB_BYTES_MAX: usize = 64;

/// What happens to one entry, in the order in which entries are made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Sound,
    /// The driver makes no report.
    Fails(i32),
    /// Closing `inblob` fails, unsaid.
    WriteDropped,
    /// As before, but somebody else's bytes are there already.
    WriteReplaced,
    WrittenBeforeRead,
    WrittenAfterRead,
    ReportsOther,
    ReportsEndlessly,
}

pub(crate) struct State {
    pub(crate) provider: Option<&'static str>,
    pub(crate) auxblob: Option<Vec<u8>>,
    pub(crate) mkdir_fails: Option<io::ErrorKind>,
    pub(crate) names_taken: u32,
    level_floor: u8,
    events: VecDeque<Event>,
    entries: BTreeMap<PathBuf, Entry>,
    reports_made: u32,
}

struct Entry {
    event: Event,
    write_generation: u64,
    read_generation: u64,
    inblob: Vec<u8>,
    level: u8,
    outblob: Option<Vec<u8>>,
}

#[derive(Clone)]
pub(crate) struct Kernel {
    state: Arc<Mutex<State>>,
}

impl Kernel {
    pub(crate) fn tdx() -> Self {
        Self::of("tdx_guest", None, 0)
    }

    pub(crate) fn snp(level_floor: u8) -> Self {
        Self::of("sev_guest", Some(SNP_CERTIFICATES.to_vec()), level_floor)
    }

    pub(crate) fn of(provider: &'static str, auxblob: Option<Vec<u8>>, level_floor: u8) -> Self {
        let state = State {
            provider: Some(provider),
            auxblob,
            mkdir_fails: None,
            names_taken: 0,
            level_floor,
            events: VecDeque::new(),
            entries: BTreeMap::new(),
            reports_made: 0,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// What happens to the next entries; afterwards all is sound.
    pub(crate) fn will(&self, events: impl IntoIterator<Item = Event>) {
        self.change(|state| state.events = events.into_iter().collect());
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
    }

    pub(crate) fn entries(&self) -> usize {
        self.lock().entries.len()
    }

    pub(crate) fn reports_made(&self) -> u32 {
        self.lock().reports_made
    }

    pub(crate) fn vendor() -> Vendor {
        let config = VendorConfig {
            not_before_s: 1_800_000_000,
            not_after_s: 1_802_592_000,
            tcb_evaluation_number: 19,
        };
        Vendor::from_seed([7; 32], config).expect("dates in range")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test thread panicked in here")
    }

    /// The driver's `report_new`.
    fn make_report(provider: &str, inblob: &[u8], level: u8) -> io::Result<Vec<u8>> {
        let data: [u8; 64] = inblob.try_into().map_err(|_| io::Error::from_raw_os_error(EINVAL))?;
        if provider == "tdx_guest" {
            let platform = Self::vendor().platform(PlatformSpec::sound(1, TeeType::Tdx)).expect("simulated");
            return Ok(platform
                .quote(&QuoteSpec::of_program(TeeType::Tdx, "agent", data))
                .expect("same TEE"));
        }
        let mut report = vec![0; SNP_REPORT_BYTES];
        report[SNP_VMPL_AT] = level;
        report[SNP_REPORT_DATA_AT..][..64].copy_from_slice(&data);
        Ok(report)
    }

    /// `tsm_report_read`: makes the report that reads are then served from.
    fn read_report(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut state = self.lock();
        let (provider, floor) = (state.provider.expect("registered"), state.level_floor);
        let entry = state.entries.get_mut(path).ok_or(io::ErrorKind::NotFound)?;
        if matches!(entry.event, Event::WrittenBeforeRead) {
            entry.write(&[0xEE; 64]);
        }
        if let Event::Fails(code) = entry.event {
            return Err(io::Error::from_raw_os_error(code));
        }
        if entry.inblob.is_empty() || entry.level < floor {
            return Err(io::Error::from_raw_os_error(EINVAL));
        }
        if entry.outblob.is_none() || entry.read_generation != entry.write_generation {
            let about =
                if matches!(entry.event, Event::ReportsOther) { vec![0; 64] } else { entry.inblob.clone() };
            entry.outblob = Some(Self::make_report(provider, &about, entry.level)?);
            entry.read_generation = entry.write_generation;
        }
        let report = entry.outblob.clone().unwrap_or_default();
        if matches!(entry.event, Event::WrittenAfterRead) {
            entry.write(&[0xEE; 64]);
        }
        state.reports_made += 1;
        Ok(report)
    }
}

impl Entry {
    fn write(&mut self, inblob: &[u8]) {
        self.inblob = inblob.to_vec();
        self.write_generation += 1;
    }
}

fn split(path: &Path) -> (PathBuf, String) {
    let name = path.file_name().expect("has a name").to_string_lossy().into_owned();
    (path.parent().expect("has a parent").to_owned(), name)
}

impl Files for Kernel {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        if split(path).0 != Path::new(DIRECTORY) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if let Some(kind) = state.mkdir_fails {
            return Err(kind.into());
        }
        if state.provider.is_none() {
            return Err(io::Error::from_raw_os_error(ENXIO));
        }
        if state.names_taken > 0 {
            state.names_taken -= 1;
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let event = state.events.pop_front().unwrap_or(Event::Sound);
        let entry = Entry {
            event,
            write_generation: 0,
            read_generation: 0,
            inblob: Vec::new(),
            level: 0,
            outblob: None,
        };
        assert!(state.entries.insert(path.to_owned(), entry).is_none(), "names are unique");
        Ok(())
    }

    /// A directory of configfs goes with the attributes in it.
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.lock().entries.remove(path).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        let (directory, name) = split(path);
        if name == "outblob" {
            return Ok(Box::new(Outblob { kernel: self.clone(), path: directory, content: None }));
        }
        let state = self.lock();
        let entry = state.entries.get(&directory).ok_or(io::ErrorKind::NotFound)?;
        let is_snp = state.provider == Some("sev_guest");
        let content = match name.as_str() {
            "provider" => format!("{}\n", state.provider.expect("registered")).into_bytes(),
            "generation" => format!("{}\n", entry.write_generation).into_bytes(),
            "privlevel_floor" if is_snp => format!("{}\n", state.level_floor).into_bytes(),
            "auxblob" if is_snp => state.auxblob.clone().ok_or(io::ErrorKind::NotFound)?,
            "inblob" => return Err(io::ErrorKind::PermissionDenied.into()),
            _ => return Err(io::ErrorKind::NotFound.into()),
        };
        Ok(Box::new(Short(content)))
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn Write>> {
        let (directory, name) = split(path);
        assert!(self.lock().entries.contains_key(&directory), "opened in an entry");
        match name.as_str() {
            "inblob" => Ok(Box::new(Inblob { kernel: self.clone(), path: directory, content: Vec::new() })),
            "privlevel" => Ok(Box::new(Level { kernel: self.clone(), path: directory })),
            _ => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }

    fn owner(&self, _: &Path) -> Option<Owner> {
        Some(Owner { uid: 0, gid: 0, mode: 0o755 })
    }
}

/// Content of which each read gives a part.
struct Short(Vec<u8>);

impl Read for Short {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.0.len().min(buffer.len()).min(100);
        buffer[..len].copy_from_slice(&self.0[..len]);
        self.0.drain(..len);
        Ok(len)
    }
}

/// Makes the report at its first read.
struct Outblob {
    kernel: Kernel,
    path: PathBuf,
    content: Option<Short>,
}

impl Read for Outblob {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let event = self.kernel.lock().entries.get(&self.path).map(|entry| entry.event);
        if matches!(event, Some(Event::ReportsEndlessly)) {
            buffer.fill(0);
            return Ok(buffer.len());
        }
        let content = match &mut self.content {
            Some(content) => content,
            none => none.insert(Short(self.kernel.read_report(&self.path)?)),
        };
        content.read(buffer)
    }
}

/// Takes effect when it is closed.
struct Inblob {
    kernel: Kernel,
    path: PathBuf,
    content: Vec<u8>,
}

impl Write for Inblob {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.content.len() + bytes.len() > INBLOB_BYTES_MAX {
            return Err(io::Error::from_raw_os_error(EFBIG));
        }
        self.content.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Inblob {
    fn drop(&mut self) {
        let mut state = self.kernel.lock();
        let Some(entry) = state.entries.get_mut(&self.path) else { return };
        match entry.event {
            Event::WriteDropped => {}
            Event::WriteReplaced => entry.inblob = vec![0xEE; 64],
            _ => entry.write(&self.content),
        }
    }
}

struct Level {
    kernel: Kernel,
    path: PathBuf,
}

impl Write for Level {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let level = std::str::from_utf8(bytes).ok().and_then(|text| text.trim().parse().ok());
        let mut state = self.kernel.lock();
        let floor = state.level_floor;
        let level = level.filter(|level| (floor..=3).contains(level));
        let level = level.ok_or(io::Error::from_raw_os_error(EINVAL))?;
        let entry = state.entries.get_mut(&self.path).ok_or(io::ErrorKind::NotFound)?;
        entry.level = level;
        entry.write_generation += 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
