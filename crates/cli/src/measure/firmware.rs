//! The launch digest of an SEV-SNP guest, computed from what it is started with.
//!
//! The computing is the `sev` crate's. It was written for files that are sound: what makes it panic is told as an error
//! here, and sizes are looked at before it reads anything.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use sev::measurement::snp::{SnpMeasurementArgs, snp_calc_launch_digest};
use sev::measurement::vcpu_types::CpuType;
use sev::measurement::vmsa::{GuestFeatures, VMMType};

use super::args::{MeasureArgs, Vmm};
use super::error::MeasureError;
use crate::verify::{Kind, VerifyError};

/// Firmware is mapped in whole pages.
const PAGE_BYTES: u64 = 4096;

/// The 48 bytes that the guest's reports will have as `MEASUREMENT`.
///
/// # Errors
/// When a file is missing or too large, or the firmware is none that starts such guests.
pub(crate) fn launch_digest(ovmf: &Path, args: &MeasureArgs) -> Result<Vec<u8>, MeasureError> {
    let not_firmware = |why: String| MeasureError::NotFirmware { path: ovmf.to_owned(), why };
    let len = size(Kind::Firmware, ovmf)?;
    if len == 0 || len % PAGE_BYTES != 0 {
        return Err(not_firmware(format!("{len} bytes are no whole pages")));
    }
    for (kind, path) in [(Kind::Kernel, &args.kernel), (Kind::Initrd, &args.initrd)] {
        path.as_deref().map(|path| size(kind, path)).transpose()?;
    }
    let digest = quietly(|| snp_calc_launch_digest(computation(ovmf, args)));
    let digest = digest.ok_or_else(|| not_firmware("its tables are damaged".to_owned()))?;
    let digest = digest.map_err(|error| not_firmware(error.to_string()))?;
    digest.try_into().map_err(|error| not_firmware(format!("{error}")))
}

fn computation<'a>(ovmf: &Path, args: &'a MeasureArgs) -> SnpMeasurementArgs<'a> {
    SnpMeasurementArgs {
        vcpus: args.vcpus,
        // Demanded with the firmware.
        vcpu_type: args.vcpu_type.unwrap_or(CpuType::EpycV4),
        ovmf_file: ovmf.to_owned(),
        guest_features: GuestFeatures(args.guest_features),
        kernel_file: args.kernel.clone(),
        initrd_file: args.initrd.clone(),
        append: args.append.as_deref(),
        ovmf_hash_str: None,
        vmm_type: Some(match args.vmm {
            Vmm::Qemu => VMMType::QEMU,
            Vmm::Ec2 => VMMType::EC2,
        }),
    }
}

/// A file's length, within the limit of its kind.
fn size(kind: Kind, path: &Path) -> Result<u64, VerifyError> {
    let path: PathBuf = path.to_owned();
    match fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(VerifyError::Missing { kind, path })
        }
        Err(source) => Err(VerifyError::Unreadable { kind, path, source }),
        Ok(file) if file.len() > kind.bytes_max() as u64 => {
            Err(VerifyError::TooLarge { kind, path, bytes_max: kind.bytes_max() })
        }
        Ok(file) => Ok(file.len()),
    }
}

/// What it returns; `None`, and not a word on stderr, if it panics.
fn quietly<T>(compute: impl FnOnce() -> T) -> Option<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let outcome = panic::catch_unwind(AssertUnwindSafe(compute));
    panic::set_hook(hook);
    outcome.ok()
}
