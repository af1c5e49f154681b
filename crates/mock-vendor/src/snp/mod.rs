//! A SIMULATED vendor of processors with SEV-SNP: its root, its two issuers, and machines that make reports.
//!
//! Unlike AMD it has one root for all families, and one provider's key for all machines.

mod certificate;
mod key;
mod machine;
mod report;
mod vendor;

pub use machine::{SnpKey, SnpMachine, SnpMachineSpec};
pub use report::SnpReportSpec;
pub use vendor::{SnpVendor, SnpVendorConfig, SnpVendorError};

/// A processor family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnpFamily {
    /// EPYC 7003.
    Milan,
    /// EPYC 9004.
    Genoa,
    /// EPYC 9005.
    Turin,
}

impl SnpFamily {
    /// Every family.
    pub const ALL: [Self; 3] = [Self::Milan, Self::Genoa, Self::Turin];

    /// As certificates name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Milan => "Milan",
            Self::Genoa => "Genoa",
            Self::Turin => "Turin",
        }
    }

    /// CPUID family, model and stepping.
    fn processor(self) -> [u8; 3] {
        match self {
            Self::Milan => [0x19, 0x01, 1],
            Self::Genoa => [0x19, 0x11, 1],
            Self::Turin => [0x1A, 0x02, 1],
        }
    }

    /// How many bytes of the chip id are not zero.
    fn chip_id_bytes(self) -> usize {
        match self {
            Self::Milan | Self::Genoa => 64,
            Self::Turin => 8,
        }
    }
}

/// Security versions of a machine's firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnpVersions {
    /// Boot loader.
    pub boot_loader: u8,
    /// Operating system of the security processor.
    pub tee: u8,
    /// SNP firmware.
    pub snp: u8,
    /// Microcode.
    pub microcode: u8,
    /// First mutable code, of Turin only.
    pub fmc: u8,
}
