//! SIMULATED vendors' evidence for fuzz targets to start from, and what must hold of whatever becomes of it.
//!
//! `cargo xtask fuzz TARGET` with TARGET one of `TARGETS`; `cargo +nightly fuzz run TARGET` does the same. An input is a
//! patch of sound evidence, so that the fuzzer gets past its outer layers: an offset, how many bytes go, and what comes
//! instead. `corpus/` holds inputs that reach all that was reached so far.

mod targets;
#[allow(dead_code, reason = "that room's tests use all of it")]
#[path = "../../crates/confirmation/tests/suite/world.rs"]
mod world;

pub use targets::{TARGETS, Target, bundle, claimed, collateral, dcap, request, sigstruct, snp};

use multee_evidence::{Collateral, Policy, VerifiedEvidence, Verifier, VerifierConfig};
use multee_mock_vendor::{
    PlatformSpec, QuoteSpec, SnpFamily, SnpMachineSpec, SnpReportSpec, SnpVendor, SnpVendorConfig, Vendor,
    VendorConfig,
};
use multee_protocol::TeeType;
use serde_json::json;
use sha2::{Digest, Sha256};

const NOT_BEFORE_S: u64 = 1_800_000_000;
const NOT_AFTER_S: u64 = 1_900_000_000;
/// When it is judged.
pub const NOW_S: u64 = 1_850_000_000;

/// Evidence that is accepted as it is.
pub struct Sound {
    /// Under the vendor's root.
    pub verifier: Verifier,
    /// Accepted by it.
    pub quote: Vec<u8>,
    /// As JSON.
    pub collateral_json: Vec<u8>,
    /// The same, read.
    pub collateral: Collateral,
    /// What is found of it.
    pub evidence: VerifiedEvidence,
}

impl Sound {
    /// A TDX quote, whose layout has more layers than SGX's.
    pub fn dcap() -> Self {
        let config =
            VendorConfig { not_before_s: NOT_BEFORE_S, not_after_s: NOT_AFTER_S, tcb_evaluation_number: 1 };
        let vendor = Vendor::from_seed([1; 32], config).expect("dates in range");
        let platform = vendor.platform(PlatformSpec::sound(1, TeeType::Tdx)).expect("simulated");
        let quote = platform.quote(&QuoteSpec::of_program(TeeType::Tdx, "agent", [7; 64])).expect("same TEE");
        let collateral = vendor.collateral(TeeType::Tdx, platform.spec().fmspc).expect("simulated");
        Self::new(vendor.root_der(), quote, collateral)
    }

    /// An SEV-SNP report with its certificates.
    pub fn snp() -> Self {
        let config = SnpVendorConfig { not_before_s: NOT_BEFORE_S, not_after_s: NOT_AFTER_S };
        let vendor = SnpVendor::from_seed([1; 32], config).expect("dates in range");
        let machine = vendor.machine(SnpMachineSpec::sound(1, SnpFamily::Turin)).expect("dates in range");
        let quote = machine.quote(&SnpReportSpec::of_program("agent", [7; 64]));
        Self::new(vendor.root_der(), quote, vendor.collateral().expect("dates in range"))
    }

    fn new(root: &[u8], quote: Vec<u8>, collateral_json: Vec<u8>) -> Self {
        let any = json!({ "boot_loader": 0, "tee": 0, "snp": 0, "microcode": 0 });
        let policy = json!({
            "version": 1,
            "roots": [format!("0x{}", hex::encode(Sha256::digest(root)))],
            "platform_statuses": ["UpToDate"],
            "tcb_evaluation_number": 1,
            "snp": { "tcb_min": { "turin": any } },
        });
        let policy = Policy::from_json(policy.to_string().as_bytes()).expect("valid policy");
        let verifier =
            Verifier::new(&policy, [root.to_vec()], VerifierConfig::default()).expect("root accepted");
        let collateral = Collateral::from_json(&collateral_json).expect("collateral");
        let evidence = verifier.appraise(&quote, &collateral, NOW_S).expect("sound");
        Self { verifier, quote, collateral_json, collateral, evidence }
    }

    /// A changed quote is refused, and that is the device's fault; or it means what it meant.
    pub fn assert_quote_is_safe(&self, quote: &[u8]) {
        match self.verifier.appraise(quote, &self.collateral, NOW_S) {
            Ok(evidence) => assert_eq!(evidence, self.evidence),
            Err(error) => assert!(error.mark().is_negative(), "{error:?}"),
        }
    }
}

/// `sound` with a piece replaced as the input says: offset (2 bytes), length (1 byte), replacement.
pub fn patched(sound: &[u8], input: &[u8]) -> Vec<u8> {
    let [a, b, len, replacement @ ..] = input else { return sound.to_vec() };
    let at = usize::from(u16::from_le_bytes([*a, *b])) % (sound.len() + 1);
    let end = (at + usize::from(*len)).min(sound.len());
    [&sound[..at], replacement, &sound[end..]].concat()
}
