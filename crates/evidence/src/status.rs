//! Platform TCB statuses, as Intel's collateral names them.

use serde::{Deserialize, Serialize};

/// What the vendor's collateral says of a platform's security version (Intel SGX and TDX Attestation: TCB
/// status; the two relaunch statuses exist for TDX 1.5 only). Names in JSON are Intel's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TcbStatus {
    /// Every known mitigation is in place.
    UpToDate,
    /// Up to date, but software must mitigate something itself.
    SWHardeningNeeded,
    /// Up to date, but the platform's configuration may expose it.
    ConfigurationNeeded,
    /// Both of the former.
    ConfigurationAndSWHardeningNeeded,
    /// Mitigations are missing.
    OutOfDate,
    /// Mitigations are missing and the configuration may expose it.
    OutOfDateConfigurationNeeded,
    /// The trust domain was launched on an outdated TCB that has been updated since.
    TDRelaunchAdvised,
    /// The former, and the configuration may expose it.
    TDRelaunchAdvisedConfigurationNeeded,
    /// The platform's keys are compromised. No policy can accept it.
    Revoked,
}

impl TcbStatus {
    /// Every status.
    pub const ALL: [Self; 9] = [
        Self::UpToDate,
        Self::SWHardeningNeeded,
        Self::ConfigurationNeeded,
        Self::ConfigurationAndSWHardeningNeeded,
        Self::OutOfDate,
        Self::OutOfDateConfigurationNeeded,
        Self::TDRelaunchAdvised,
        Self::TDRelaunchAdvisedConfigurationNeeded,
        Self::Revoked,
    ];
}

impl From<dcap_qvl::TcbStatus> for TcbStatus {
    fn from(status: dcap_qvl::TcbStatus) -> Self {
        use dcap_qvl::TcbStatus as Theirs;
        match status {
            Theirs::UpToDate => Self::UpToDate,
            Theirs::SWHardeningNeeded => Self::SWHardeningNeeded,
            Theirs::ConfigurationNeeded => Self::ConfigurationNeeded,
            Theirs::ConfigurationAndSWHardeningNeeded => Self::ConfigurationAndSWHardeningNeeded,
            Theirs::OutOfDate => Self::OutOfDate,
            Theirs::OutOfDateConfigurationNeeded => Self::OutOfDateConfigurationNeeded,
            Theirs::TDRelaunchAdvised => Self::TDRelaunchAdvised,
            Theirs::TDRelaunchAdvisedConfigurationNeeded => Self::TDRelaunchAdvisedConfigurationNeeded,
            Theirs::Revoked => Self::Revoked,
        }
    }
}
