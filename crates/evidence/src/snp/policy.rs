//! What a network accepts of SEV-SNP: the `snp` object of a policy document (R16).
//!
//! ```json
//! {
//!   "measurement": ["launchdigest", "hostdata"],
//!   "tcb_min": { "milan": { "boot_loader": 3, "tee": 0, "snp": 8, "microcode": 115 },
//!                "turin": { "boot_loader": 1, "tee": 1, "snp": 4, "microcode": 75, "fmc": 1 } },
//!   "vmpl_max": 0,
//!   "accept_vlek": false,
//!   "accept_cxl": false,
//!   "guarantees": ["rapl_disabled", "alias_check_complete"],
//!   "required_features": []
//! }
//! ```
//!
//! Only `tcb_min` must be there; families that it does not name are not accepted. The policy's `roots`, `accept_smt` and
//! `power_bounds` are for SEV-SNP, too.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::{AppraisalError, PlatformFlag};
use crate::measurement::Register;
use crate::snp::product::{SnpProduct, SnpTcb};

/// The demands on SEV-SNP guests and their platforms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnpPolicy {
    #[serde(default = "default_registers")]
    pub(crate) measurement: Vec<Register>,
    pub(crate) tcb_min: BTreeMap<SnpProduct, SnpTcb>,
    #[serde(default)]
    pub(crate) vmpl_max: u32,
    #[serde(default)]
    accept_vlek: bool,
    #[serde(default)]
    accept_cxl: bool,
    #[serde(default)]
    guarantees: BTreeSet<SnpGuarantee>,
    #[serde(default)]
    pub(crate) required_features: Vec<String>,
}

/// The guest's initial state, and what whoever started it bound to it.
fn default_registers() -> Vec<Register> {
    vec![Register::LaunchDigest, Register::HostData]
}

/// Something that a guest's policy can insist on, or its platform says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnpGuarantee {
    /// Guest policy, bit 20: the guest runs on one socket only.
    SingleSocket,
    /// Guest policy, bit 22: memory is encrypted by AES-256-XTS.
    MemAes256Xts,
    /// Guest policy, bit 23: running average power limits, by which power could be measured, are off.
    RaplDisabled,
    /// Guest policy, bit 24: the host does not see the guest's ciphertext.
    CiphertextHiding,
    /// Guest policy, bit 25: the host cannot move or swap the guest's pages.
    PageSwapDisabled,
    /// Platform, bit 5: no memory addresses are aliases of others (report version 3 and later).
    AliasCheckComplete,
}

/// What a verified report says that a policy may judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnpFacts {
    /// The processor's family.
    pub product: SnpProduct,
    /// Of each component the least version among those that are reported, committed, running, and were running
    /// when the guest was launched.
    pub tcb: SnpTcb,
    /// The privilege level that asked for the report, 0 being the highest.
    pub vmpl: u32,
    /// Whether a cloud provider's key signed it, not the chip's.
    pub is_signed_by_vlek: bool,
    /// `POLICY`, as the guest was launched with.
    pub guest_policy: u64,
    /// `PLATFORM_INFO`.
    pub platform_info: u64,
}

impl SnpFacts {
    /// Whether simultaneous multithreading is on.
    pub fn has_smt(&self) -> bool {
        self.platform_info & 1 != 0
    }

    /// Whether memory may be on CXL devices.
    pub fn allows_cxl(&self) -> bool {
        self.guest_policy & 1 << 21 != 0
    }

    /// Whether this is guaranteed.
    pub fn has(&self, guarantee: SnpGuarantee) -> bool {
        let (word, bit) = match guarantee {
            SnpGuarantee::SingleSocket => (self.guest_policy, 20),
            SnpGuarantee::MemAes256Xts => (self.guest_policy, 22),
            SnpGuarantee::RaplDisabled => (self.guest_policy, 23),
            SnpGuarantee::CiphertextHiding => (self.guest_policy, 24),
            SnpGuarantee::PageSwapDisabled => (self.guest_policy, 25),
            SnpGuarantee::AliasCheckComplete => (self.platform_info, 5),
        };
        word & 1 << bit != 0
    }
}

impl SnpPolicy {
    /// Everything about these facts that is not accepted, multithreading apart: that stands in the policy for
    /// platforms of every kind.
    pub fn objections(&self, facts: &SnpFacts) -> Vec<AppraisalError> {
        let vlek = (facts.is_signed_by_vlek && !self.accept_vlek).then_some(AppraisalError::VlekNotAccepted);
        let vmpl = (facts.vmpl > self.vmpl_max).then_some(AppraisalError::VmplNotAccepted(facts.vmpl));
        let cxl = facts.allows_cxl() && !self.accept_cxl;
        let cxl = cxl.then_some(AppraisalError::FlagNotAccepted(PlatformFlag::Cxl));
        let missing = self.guarantees.iter().filter(|guarantee| !facts.has(**guarantee));
        let missing = missing.map(|guarantee| AppraisalError::GuaranteeMissing(*guarantee));
        [vlek, vmpl, self.tcb_objection(facts), cxl].into_iter().flatten().chain(missing).collect()
    }

    fn tcb_objection(&self, facts: &SnpFacts) -> Option<AppraisalError> {
        let Some(minimum) = self.tcb_min.get(&facts.product) else {
            return Some(AppraisalError::ProductNotAccepted(facts.product));
        };
        let (component, found, minimum) = facts.tcb.below(*minimum)?;
        Some(AppraisalError::TcbBelowMinimum { component, found, minimum })
    }
}
