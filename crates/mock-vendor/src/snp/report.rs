//! The layout of attestation reports, and of the evidence that they travel in.
//!
//! Source: AMD, SEV Secure Nested Paging Firmware ABI Specification (56860), `ATTESTATION_REPORT`. Numbers are little
//! endian.

use sha2::{Digest, Sha384};

use crate::snp::{SnpFamily, SnpKey, SnpMachineSpec, SnpVersions};

const REPORT_BYTES: usize = 1184;
const SIGNATURE: usize = 0x2A0;

/// What a report is to say of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnpReportSpec {
    /// The report's version. Families and their versions are told apart from 3 on.
    pub version: u32,
    /// Initial memory and state.
    pub measurement: [u8; 48],
    /// What whoever started the guest bound to it.
    pub host_data: [u8; 32],
    /// What the program has the report say.
    pub report_data: [u8; 64],
    /// The privilege level that asks.
    pub vmpl: u32,
    /// What the guest lets its host do: bit 17 is always set, bit 19 allows debugging.
    pub guest_policy: u64,
    /// Bit 0: multithreading is on. Bit 5: there are no memory aliases.
    pub platform_info: u64,
    /// 1: ECDSA over P-384 with SHA-384.
    pub signature_algorithm: u32,
}

impl SnpReportSpec {
    /// A sound report of version 3 about a program of this name, made up but always the same.
    pub fn of_program(program: &str, report_data: [u8; 64]) -> Self {
        let measurement = Sha384::digest(format!("SIMULATED measurement of {program}")).into();
        Self {
            version: 3,
            measurement,
            host_data: [0; 32],
            report_data,
            vmpl: 0,
            guest_policy: 1 << 17,
            platform_info: 1 << 5,
            signature_algorithm: 1,
        }
    }

    /// All but the signature, which stands for zeros.
    pub(crate) fn unsigned(&self, machine: &SnpMachineSpec, chip_id: &[u8; 64]) -> Vec<u8> {
        let mut report = vec![0; REPORT_BYTES];
        let mut put = |at: usize, bytes: &[u8]| report[at..at + bytes.len()].copy_from_slice(bytes);
        let family = machine.family;
        let key_info = u32::from(machine.key == SnpKey::Provider) << 2;
        put(0x00, &self.version.to_le_bytes());
        put(0x08, &self.guest_policy.to_le_bytes());
        put(0x10, b"SIMULATED family");
        put(0x20, b"SIMULATED image ");
        put(0x30, &self.vmpl.to_le_bytes());
        put(0x34, &self.signature_algorithm.to_le_bytes());
        put(0x40, &self.platform_info.to_le_bytes());
        put(0x48, &key_info.to_le_bytes());
        put(0x50, &self.report_data);
        put(0x90, &self.measurement);
        put(0xC0, &self.host_data);
        put(0x160, &[0xFF; 32]);
        if self.version > 2 {
            put(0x188, &family.processor());
        }
        put(0x1A0, chip_id);
        for at in [0x38, 0x180, 0x1E0] {
            put(at, &laid_out(machine.versions, family));
        }
        put(0x1F0, &laid_out(machine.launch_versions.unwrap_or(machine.versions), family));
        report
    }
}

fn laid_out(versions: SnpVersions, family: SnpFamily) -> [u8; 8] {
    let SnpVersions { boot_loader, tee, snp, microcode, fmc } = versions;
    match family {
        SnpFamily::Turin => [fmc, boot_loader, tee, snp, 0, 0, 0, microcode],
        SnpFamily::Milan | SnpFamily::Genoa => [boot_loader, tee, 0, 0, 0, 0, snp, microcode],
    }
}

/// Puts the signature into its place.
pub(crate) fn sign(mut report: Vec<u8>, sign: impl FnOnce(&[u8]) -> [u8; 512]) -> Vec<u8> {
    let signature = sign(&report[..SIGNATURE]);
    report[SIGNATURE..].copy_from_slice(&signature);
    report
}

/// Report and certificates, as verifiers read them (docs/protocol.md, 4.3).
pub(crate) fn encode(report: &[u8], certificates: &[&[u8]]) -> Vec<u8> {
    let mut quote = [b"SNP\x01", report].concat();
    for certificate in certificates {
        let len = u16::try_from(certificate.len()).unwrap_or(u16::MAX);
        quote.extend_from_slice(&len.to_be_bytes());
        quote.extend_from_slice(certificate);
    }
    quote
}
