//! A SIMULATED machine whose guests get reports.

use crate::snp::key::ReportKey;
use crate::snp::report::{SnpReportSpec, encode, sign};
use crate::snp::{SnpFamily, SnpVersions};

/// Which machine to make, sound or with what verifiers must catch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnpMachineSpec {
    /// The machine's number: another number, another chip id and other keys.
    pub index: u32,
    /// Its family.
    pub family: SnpFamily,
    /// Its firmware, as it reports it.
    pub versions: SnpVersions,
    /// The firmware by which the guest was launched, if another.
    pub launch_versions: Option<SnpVersions>,
    /// Whose key signs.
    pub key: SnpKey,
    /// A chip id to report in place of its own: zeros show a masked one.
    pub chip_id: Option<[u8; 64]>,
    /// A chip id to certify in place of the reported.
    pub certified_chip_id: Option<[u8; 64]>,
    /// Versions to certify in place of the reported.
    pub certified_versions: Option<SnpVersions>,
    /// A family to certify in place of its own.
    pub certified_family: Option<SnpFamily>,
    /// When its certificate expires, Unix time in seconds, if not with the others.
    pub certificate_until_s: Option<u64>,
}

/// Whose key signs a machine's reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnpKey {
    /// The chip's own (VCEK).
    Chip,
    /// A cloud provider's (VLEK).
    Provider,
}

impl SnpMachineSpec {
    /// A sound machine.
    pub fn sound(index: u32, family: SnpFamily) -> Self {
        let fmc = u8::from(family == SnpFamily::Turin);
        Self {
            index,
            family,
            versions: SnpVersions { boot_loader: 4, tee: 1, snp: 24, microcode: 219, fmc },
            launch_versions: None,
            key: SnpKey::Chip,
            chip_id: None,
            certified_chip_id: None,
            certified_versions: None,
            certified_family: None,
            certificate_until_s: None,
        }
    }
}

/// A SIMULATED machine.
#[derive(Clone)]
pub struct SnpMachine {
    pub(crate) spec: SnpMachineSpec,
    pub(crate) chip_id: [u8; 64],
    pub(crate) key: ReportKey,
    /// DER of the key's certificate and its issuer's.
    pub(crate) certificates: [Vec<u8>; 2],
}

impl SnpMachine {
    /// What it was made from.
    pub fn spec(&self) -> SnpMachineSpec {
        self.spec
    }

    /// The chip id in its reports.
    pub fn chip_id(&self) -> &[u8; 64] {
        &self.chip_id
    }

    /// DER of the certificate of the key that signs, and of its issuer's.
    pub fn certificates(&self) -> &[Vec<u8>; 2] {
        &self.certificates
    }

    /// A signed report, 1184 bytes.
    pub fn report(&self, spec: &SnpReportSpec) -> Vec<u8> {
        sign(spec.unsigned(&self.spec, &self.chip_id), |content| self.key.sign(content))
    }

    /// A signed report with its certificates, as verifiers read it.
    pub fn quote(&self, spec: &SnpReportSpec) -> Vec<u8> {
        let [key, issuer] = &self.certificates;
        encode(&self.report(spec), &[key, issuer])
    }
}
