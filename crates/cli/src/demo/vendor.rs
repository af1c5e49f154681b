//! The story's hardware vendor and what it publishes over time. All of it is SIMULATED.

use std::sync::{Mutex, PoisonError};

use alloy_primitives::{B256, keccak256};
use multee_evidence::{Policy, Register, RegisterValue, TcbStatus, Verifier, VerifierConfig};
use multee_mock_vendor::{
    CollateralSpec, Platform, PlatformSpec, Registers, Vendor, VendorConfig, VendorError,
};
use multee_node::ReadCollateral;
use multee_protocol::TeeType;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::DemoError;

/// The evaluation number of all collateral of the story, and of its policy.
const TCB_EVALUATION_NUMBER: u32 = 1;

/// The image that the network allows.
pub(crate) const ALLOWED_IMAGE: &str = "multee-confirm 0.1.0";
/// Another one.
pub(crate) const OTHER_IMAGE: &str = "multee-confirm 0.1.0 with somebody's changes";

/// A simulated vendor whose collateral changes: each issue is kept with the time of its issue, so that evidence is
/// appraised by what held when its epoch began.
pub(crate) struct StoryVendor {
    vendor: Mutex<Vendor>,
    issues: Mutex<Vec<Issue>>,
    verifier: Verifier,
}

struct Issue {
    issued_s: u64,
    tee: TeeType,
    document: Vec<u8>,
}

impl StoryVendor {
    /// The vendor that grows from `seed`, with collateral issued at `from_s`.
    pub(crate) fn new(seed: u64, from_s: u64, until_s: u64) -> Result<Self, DemoError> {
        let mut preimage = b"multee demo vendor".to_vec();
        preimage.extend(seed.to_be_bytes());
        let config = VendorConfig {
            not_before_s: from_s,
            not_after_s: until_s,
            tcb_evaluation_number: TCB_EVALUATION_NUMBER,
        };
        let vendor = Vendor::from_seed(keccak256(preimage).0, config)?;
        let root = vendor.root_der().to_vec();
        let policy = Policy::from_json(&policy(&root))?;
        let verifier = Verifier::new(&policy, [root], VerifierConfig::default())?;
        let story = Self { vendor: Mutex::new(vendor), issues: Mutex::default(), verifier };
        story.issue(from_s)?;
        Ok(story)
    }

    /// Its root certificate, DER.
    pub(crate) fn root_der(&self) -> Vec<u8> {
        self.lock().root_der().to_vec()
    }

    /// A sound machine.
    pub(crate) fn platform(&self, index: u32, tee: TeeType) -> Result<Platform, VendorError> {
        self.lock().platform(PlatformSpec::sound(index, tee))
    }

    /// Another machine with the hardware id and keys of `victim`: who extracts a key can make one.
    pub(crate) fn clone_of(&self, victim: &Platform) -> Result<Platform, VendorError> {
        self.lock().platform(victim.spec())
    }

    /// Revokes a machine's certificate: collateral issued from `at_s` on says so.
    pub(crate) fn revoke(&self, platform: &Platform, at_s: u64) -> Result<(), VendorError> {
        self.lock().revoke(platform);
        self.issue(at_s)
    }

    fn issue(&self, issued_s: u64) -> Result<(), VendorError> {
        let vendor = self.lock();
        let next_update_s = vendor.config().not_after_s;
        for tee in [TeeType::Sgx, TeeType::Tdx] {
            let fmspc = PlatformSpec::sound(0, tee).fmspc;
            let document = vendor.collateral_with(CollateralSpec {
                tee,
                fmspc,
                issued_s,
                next_update_s,
                tcb_evaluation_number: TCB_EVALUATION_NUMBER,
            })?;
            let mut issues = self.issues.lock().unwrap_or_else(PoisonError::into_inner);
            issues.push(Issue { issued_s, tee, document });
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vendor> {
        self.vendor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReadCollateral for StoryVendor {
    fn collateral(&self, quote: &[u8], _: u32, at_s: u64) -> Option<Vec<u8>> {
        let key = self.verifier.examine(quote, None, at_s).ok()?.collateral;
        let issues = self.issues.lock().unwrap_or_else(PoisonError::into_inner);
        let by_then = issues.iter().filter(|issue| issue.tee == key.tee && issue.issued_s <= at_s);
        by_then.max_by_key(|issue| issue.issued_s).map(|issue| issue.document.clone())
    }

    fn roots(&self) -> Vec<Vec<u8>> {
        vec![self.root_der()]
    }
}

/// The story's evidence policy document: this vendor's root and nothing but sound, up-to-date platforms.
pub(crate) fn policy(root_der: &[u8]) -> Vec<u8> {
    let root = B256::from(<[u8; 32]>::from(Sha256::digest(root_der)));
    json!({
        "version": 1,
        "roots": [root],
        "platform_statuses": [TcbStatus::UpToDate],
        "tcb_evaluation_number": TCB_EVALUATION_NUMBER,
    })
    .to_string()
    .into_bytes()
}

/// The measurement that `policy` gives a machine running `image`.
pub(crate) fn measurement(policy: &Policy, tee: TeeType, image: &str) -> Option<B256> {
    let values: Vec<RegisterValue> = match Registers::of_program(tee, image) {
        Registers::Sgx(sgx) => vec![(Register::MrEnclave, sgx.mr_enclave.to_vec())],
        Registers::Tdx(tdx) => vec![
            (Register::MrTd, tdx.mr_td.to_vec()),
            (Register::Rtmr1, tdx.rtmrs[1].to_vec()),
            (Register::Rtmr2, tdx.rtmrs[2].to_vec()),
            (Register::MrConfigId, tdx.mr_config_id.to_vec()),
        ],
    }
    .into_iter()
    .map(|(register, value)| RegisterValue { register, value })
    .collect();
    Some(multee_evidence::measurement(tee, policy.measured_registers(tee)?, &values))
}
