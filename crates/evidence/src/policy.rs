//! The evidence policy: what a network accepts, as data (R16).
//!
//! A policy is a JSON document, published in an event; its digest is on chain. The digest is over the exact
//! bytes, so every verifier reads the same document and none has to agree on a canonical form of JSON.
//!
//! ```json
//! {
//!   "version": 1,
//!   "roots": ["0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"],
//!   "platform_statuses": ["UpToDate", "SWHardeningNeeded"],
//!   "advisories_denied": ["INTEL-SA-00289"],
//!   "tcb_evaluation_number": 17,
//!   "measurement": { "sgx": ["mrenclave"], "tdx": ["mrtd", "rtmr1", "rtmr2", "mrconfigid"] },
//!   "accept_dynamic_platform": false,
//!   "accept_cached_keys": false,
//!   "accept_smt": true,
//!   "required_features": { "sgx": ["sgx.flc"], "tdx": [] },
//!   "power_bounds": [{ "fmspc": "00a067110000", "power_max": 250000 }],
//!   "snp": { "tcb_min": { "milan": { "boot_loader": 3, "tee": 0, "snp": 8, "microcode": 115 } } }
//! }
//! ```
//!
//! `platform_statuses`, `advisories_denied`, `tcb_evaluation_number`, `accept_dynamic_platform` and
//! `accept_cached_keys` are about DCAP. Without `snp` no SEV-SNP evidence is accepted; module `snp::policy` has its
//! fields. SEV-SNP families are named in `power_bounds` by their names in ASCII and a zero: `4d696c616e00` is Milan.
//!
//! No field can allow debug mode.

use std::collections::BTreeSet;

use alloy_primitives::{B256, FixedBytes, b256, keccak256};
use multee_protocol::{Power, TeeType};
use serde::{Deserialize, Serialize};

use crate::appraisal::VerifiedEvidence;
use crate::digest::tagged;
use crate::error::PropertiesNotAccepted;
use crate::measurement::Register;
use crate::properties::{Properties, is_feature_name};
use crate::snp::{SnpPolicy, SnpProduct};
use crate::status::TcbStatus;

/// SHA-256 of the DER certificate of Intel's SGX Root CA, under which Intel signs everything about SGX and
/// TDX (Intel SGX PCK Certificate and Certificate Revocation List Profile Specification).
pub const INTEL_SGX_ROOT_CA_SHA256: B256 =
    b256!("0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3");

/// SHA-256 of the DER certificates of AMD's root keys (ARK) for Milan, Genoa and Turin, under each of which AMD signs
/// everything about that family (AMD, KDS Interface Specification).
pub const AMD_ARK_SHA256: [B256; 3] = [
    b256!("0x69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd"),
    b256!("0x4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1"),
    b256!("0x1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a"),
];

/// The DER certificates of AMD's root keys for Milan, Genoa and Turin, as AMD publishes them.
pub const AMD_ARK_DER: [&[u8]; 3] = [
    include_bytes!("amd_ark_milan.der"),
    include_bytes!("amd_ark_genoa.der"),
    include_bytes!("amd_ark_turin.der"),
];

/// The DER certificate of Intel's SGX Root CA, as Intel publishes it.
pub const INTEL_SGX_ROOT_CA_DER: &[u8] = include_bytes!("intel_sgx_root_ca.der");

/// A platform family: the FMSPC of its PCK certificates, or the name of an SEV-SNP family.
pub type Fmspc = FixedBytes<6>;

/// What a network accepts. Made only by [`Policy::from_json`], which checks every range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    document: Document,
    digest: B256,
}

/// The fields of a policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    roots: Vec<B256>,
    platform_statuses: Vec<TcbStatus>,
    #[serde(default)]
    advisories_denied: BTreeSet<String>,
    tcb_evaluation_number: u32,
    #[serde(default)]
    measurement: MeasurementRegisters,
    #[serde(default)]
    accept_dynamic_platform: bool,
    #[serde(default)]
    accept_cached_keys: bool,
    #[serde(default)]
    accept_smt: bool,
    #[serde(default)]
    required_features: RequiredFeatures,
    #[serde(default)]
    power_bounds: Vec<PowerBound>,
    #[serde(default)]
    snp: Option<SnpPolicy>,
}

/// Which registers make up the measurement; a TEE type left out is not accepted at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasurementRegisters {
    sgx: Option<Vec<Register>>,
    tdx: Option<Vec<Register>>,
}

impl Default for MeasurementRegisters {
    fn default() -> Self {
        // RTMR0 varies with the machine's shape and RTMR3 with the instance.
        let tdx = [Register::MrTd, Register::Rtmr1, Register::Rtmr2, Register::MrConfigId];
        Self { sgx: Some(vec![Register::MrEnclave]), tdx: Some(tdx.to_vec()) }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RequiredFeatures {
    sgx: Vec<String>,
    tdx: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PowerBound {
    fmspc: Fmspc,
    power_max: Power,
}

/// Why a document is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// More than 64 KiB.
    #[error("policy of {len} bytes exceeds {max}", max = Policy::BYTES_MAX)]
    TooLarge {
        /// How many bytes there are.
        len: usize,
    },
    /// Not JSON, or not these fields.
    #[error("policy is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Not the version known here.
    #[error("policy version {0} is unknown")]
    UnknownVersion(u32),
    /// A list has no entries where it needs one, too many, or one twice.
    #[error("policy's list of {list} has {len} entries, not 1 to {max}, or one of them twice")]
    List {
        /// The field's name.
        list: &'static str,
        /// How many entries there are.
        len: usize,
        /// How many there may be.
        max: usize,
    },
    /// A platform whose keys the vendor revoked can never be accepted.
    #[error("policy accepts revoked platforms")]
    AcceptsRevoked,
    /// There are privilege levels 0 to 3.
    #[error("policy accepts VMPL {0}, and the last is {last}", last = Policy::VMPL_LAST)]
    VmplBeyondLast(u32),
    /// A register that the TEE type's report does not have.
    #[error("register {register} is not one of {tee}", tee = .tee.name())]
    ForeignRegister {
        /// The register.
        register: Register,
        /// The TEE type for which it was named.
        tee: TeeType,
    },
    /// No name that a properties record could carry.
    #[error("required feature {0:?} is not 1 to 32 of a-z, 0-9, '.', '_', '-'")]
    FeatureName(String),
    /// An advisory id is 1 to 32 printable characters.
    #[error("advisory id {0:?} is not 1 to 32 printable characters")]
    AdvisoryName(String),
}

impl Policy {
    /// The largest document, in bytes.
    pub const BYTES_MAX: usize = 64 * 1024;
    /// The only version of the document so far.
    pub const VERSION: u32 = 1;
    /// The most roots a policy accepts.
    pub const ROOTS_MAX: usize = 16;
    /// The most advisories a policy denies.
    pub const ADVISORIES_MAX: usize = 512;
    /// The lowest privilege level that a policy can accept SEV-SNP reports from.
    pub const VMPL_LAST: u32 = 3;
    /// The most platform families a policy bounds the power of.
    pub const POWER_BOUNDS_MAX: usize = 512;

    /// The policy that a document states.
    ///
    /// # Errors
    /// When the document is too large, malformed, of another version, or out of range.
    pub fn from_json(document: &[u8]) -> Result<Self, PolicyError> {
        if document.len() > Self::BYTES_MAX {
            return Err(PolicyError::TooLarge { len: document.len() });
        }
        let digest = tagged("multee/policy/v1", keccak256(document));
        let mut document: Document = serde_json::from_slice(document)?;
        document.check()?;
        let measured = &mut document.measurement;
        for registers in [&mut measured.sgx, &mut measured.tdx].into_iter().flatten() {
            registers.sort_unstable();
        }
        if let Some(snp) = &mut document.snp {
            snp.measurement.sort_unstable();
        }
        Ok(Self { document, digest })
    }

    /// What stands on chain: `keccak256(keccak256("multee/policy/v1") ‖ keccak256(document bytes))`.
    pub fn digest(&self) -> B256 {
        self.digest
    }

    /// SHA-256 of each accepted root's DER certificate.
    pub fn roots(&self) -> &[B256] {
        &self.document.roots
    }

    /// Whether platforms of this status are accepted; never [`TcbStatus::Revoked`].
    pub fn accepts_status(&self, status: TcbStatus) -> bool {
        self.document.platform_statuses.contains(&status)
    }

    /// Whether platforms affected by this advisory are refused; case does not count.
    pub fn denies_advisory(&self, advisory_id: &str) -> bool {
        self.document.advisories_denied.iter().any(|denied| denied.eq_ignore_ascii_case(advisory_id))
    }

    /// The one TCB evaluation number whose collateral appraises this epoch's evidence.
    pub fn tcb_evaluation_number(&self) -> u32 {
        self.document.tcb_evaluation_number
    }

    /// The registers that make up the measurement, in order of code; `None` if `tee` is not accepted.
    pub fn measured_registers(&self, tee: TeeType) -> Option<&[Register]> {
        match tee {
            TeeType::Sgx => self.document.measurement.sgx.as_deref(),
            TeeType::Tdx => self.document.measurement.tdx.as_deref(),
            TeeType::Snp => self.snp().map(|snp| snp.measurement.as_slice()),
        }
    }

    /// What is accepted of SEV-SNP; `None` if nothing is.
    pub fn snp(&self) -> Option<&SnpPolicy> {
        self.document.snp.as_ref()
    }

    /// Whether platforms that can be extended with further packages are accepted.
    pub fn accepts_dynamic_platform(&self) -> bool {
        self.document.accept_dynamic_platform
    }

    /// Whether platforms whose root keys Intel's registration service keeps are accepted.
    pub fn accepts_cached_keys(&self) -> bool {
        self.document.accept_cached_keys
    }

    /// Whether platforms with simultaneous multithreading are accepted.
    pub fn accepts_smt(&self) -> bool {
        self.document.accept_smt
    }

    /// Features that the properties of a machine with this TEE must name.
    pub fn required_features(&self, tee: TeeType) -> &[String] {
        match tee {
            TeeType::Sgx => &self.document.required_features.sgx,
            TeeType::Tdx => &self.document.required_features.tdx,
            TeeType::Snp => self.snp().map_or(&[], |snp| &snp.required_features),
        }
    }

    /// The most power a machine of this family can have; `None` where the policy sets no bound.
    pub fn power_max(&self, fmspc: Fmspc) -> Option<Power> {
        let mut bounds = self.document.power_bounds.iter();
        bounds.find(|bound| bound.fmspc == fmspc).map(|bound| bound.power_max)
    }

    /// Holds what a verified machine says of itself against the policy.
    ///
    /// # Errors
    /// When a required feature is missing, or the power is beyond the family's bound.
    pub fn check_properties(
        &self,
        evidence: &VerifiedEvidence,
        properties: &Properties,
        power: Power,
    ) -> Result<(), PropertiesNotAccepted> {
        let required = self.required_features(evidence.tee());
        if let Some(missing) = required.iter().find(|feature| !properties.has_feature(feature)) {
            return Err(PropertiesNotAccepted::FeatureMissing(missing.clone()));
        }
        match self.power_max(evidence.fmspc()) {
            Some(power_max) if power > power_max => {
                Err(PropertiesNotAccepted::PowerBeyondBound { power, power_max })
            }
            _ => Ok(()),
        }
    }
}

impl Document {
    fn check(&self) -> Result<(), PolicyError> {
        if self.version != Policy::VERSION {
            return Err(PolicyError::UnknownVersion(self.version));
        }
        check_list("roots", &self.roots, 1, Policy::ROOTS_MAX)?;
        check_list("platform_statuses", &self.platform_statuses, 1, TcbStatus::ALL.len())?;
        if self.platform_statuses.contains(&TcbStatus::Revoked) {
            return Err(PolicyError::AcceptsRevoked);
        }
        let advisories: Vec<&String> = self.advisories_denied.iter().collect();
        check_list("advisories_denied", &advisories, 0, Policy::ADVISORIES_MAX)?;
        let is_id = |id: &str| (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        if let Some(bad) = self.advisories_denied.iter().find(|id| !is_id(id)) {
            return Err(PolicyError::AdvisoryName(bad.clone()));
        }
        check_registers("measurement.sgx", TeeType::Sgx, self.measurement.sgx.as_deref())?;
        check_registers("measurement.tdx", TeeType::Tdx, self.measurement.tdx.as_deref())?;
        check_features("required_features.sgx", &self.required_features.sgx)?;
        check_features("required_features.tdx", &self.required_features.tdx)?;
        self.snp.as_ref().map_or(Ok(()), check_snp)?;
        let families: Vec<Fmspc> = self.power_bounds.iter().map(|bound| bound.fmspc).collect();
        check_list("power_bounds", &families, 0, Policy::POWER_BOUNDS_MAX)
    }
}

fn check_snp(snp: &SnpPolicy) -> Result<(), PolicyError> {
    check_registers("snp.measurement", TeeType::Snp, Some(&snp.measurement))?;
    check_features("snp.required_features", &snp.required_features)?;
    let families: Vec<_> = snp.tcb_min.keys().collect();
    check_list("snp.tcb_min", &families, 1, SnpProduct::ALL.len())?;
    match snp.vmpl_max {
        0..=Policy::VMPL_LAST => Ok(()),
        beyond => Err(PolicyError::VmplBeyondLast(beyond)),
    }
}

fn check_list<T: Ord>(list: &'static str, entries: &[T], min: usize, max: usize) -> Result<(), PolicyError> {
    let len = entries.len();
    let distinct = entries.iter().collect::<BTreeSet<_>>().len();
    if (min..=max).contains(&len) && distinct == len {
        return Ok(());
    }
    Err(PolicyError::List { list, len, max })
}

fn check_registers(
    list: &'static str,
    tee: TeeType,
    registers: Option<&[Register]>,
) -> Result<(), PolicyError> {
    let Some(registers) = registers else { return Ok(()) };
    if let Some(&register) = registers.iter().find(|register| register.tee() != tee) {
        return Err(PolicyError::ForeignRegister { register, tee });
    }
    check_list(list, registers, 1, Register::of(tee).len())
}

fn check_features(list: &'static str, features: &[String]) -> Result<(), PolicyError> {
    if let Some(bad) = features.iter().find(|feature| !is_feature_name(feature)) {
        return Err(PolicyError::FeatureName(bad.clone()));
    }
    check_list(list, features, 0, Properties::FEATURES_MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sha2::{Digest, Sha256};

    use super::*;

    fn minimal() -> serde_json::Value {
        json!({
            "version": 1,
            "roots": [INTEL_SGX_ROOT_CA_SHA256],
            "platform_statuses": ["UpToDate"],
            "tcb_evaluation_number": 17,
        })
    }

    fn parse(document: &serde_json::Value) -> Result<Policy, PolicyError> {
        Policy::from_json(document.to_string().as_bytes())
    }

    fn with(field: &str, value: serde_json::Value) -> Result<Policy, PolicyError> {
        let mut document = minimal();
        document[field] = value;
        parse(&document)
    }

    #[test]
    fn named_root_is_the_digest_of_the_certificate() {
        assert_eq!(B256::from_slice(&Sha256::digest(INTEL_SGX_ROOT_CA_DER)), INTEL_SGX_ROOT_CA_SHA256);
    }

    #[test]
    fn amds_roots_are_those_that_the_library_knows() {
        use sev::certs::snp::builtin::{genoa, milan, turin};
        for (der, sha256) in AMD_ARK_DER.into_iter().zip(AMD_ARK_SHA256) {
            assert_eq!(B256::from_slice(&Sha256::digest(der)), sha256);
        }
        let known = [milan::ark(), genoa::ark(), turin::ark()];
        let known = known.map(|root| root.expect("a certificate").to_der().expect("DER"));
        assert_eq!(known, AMD_ARK_DER);
    }

    #[test]
    fn snp_is_accepted_where_a_minimum_is_named_and_strictly() {
        let milan = json!({"boot_loader": 3, "tee": 0, "snp": 8, "microcode": 115});
        let snp = with("snp", json!({"tcb_min": {"milan": milan}})).expect("valid");
        let default = [Register::LaunchDigest, Register::HostData];
        assert_eq!(snp.measured_registers(TeeType::Snp), Some(&default[..]));
        let facts = crate::SnpFacts {
            product: SnpProduct::Milan,
            tcb: crate::SnpTcb { boot_loader: 3, tee: 0, snp: 8, microcode: 115, fmc: 0 },
            vmpl: 0,
            is_signed_by_vlek: false,
            guest_policy: 1 << 17,
            platform_info: 0,
        };
        let objections = |facts| snp.snp().expect("named").objections(&facts);
        assert_eq!(objections(facts), []);
        let worst = crate::SnpFacts {
            product: SnpProduct::Genoa,
            vmpl: 1,
            is_signed_by_vlek: true,
            guest_policy: 1 << 21,
            ..facts
        };
        assert_eq!(objections(worst).len(), 4);
        let list = |snp| assert!(matches!(with("snp", snp), Err(PolicyError::List { .. })));
        list(json!({"tcb_min": {}}));
        list(json!({"tcb_min": {"milan": milan}, "measurement": []}));
        let malformed = |snp| assert!(matches!(with("snp", snp), Err(PolicyError::Malformed(_))));
        malformed(json!({}));
        malformed(json!({"tcb_min": {"rome": milan}}));
        malformed(json!({"tcb_min": {"milan": {"snp": 8}}}));
        malformed(json!({"tcb_min": {"milan": milan}, "accept_debug": true}));
        let vmpl = with("snp", json!({"tcb_min": {"milan": milan}, "vmpl_max": 4}));
        assert!(matches!(vmpl, Err(PolicyError::VmplBeyondLast(4))));
        let foreign = with("snp", json!({"tcb_min": {"milan": milan}, "measurement": ["mrtd"]}));
        assert!(matches!(foreign, Err(PolicyError::ForeignRegister { tee: TeeType::Snp, .. })));
    }

    #[test]
    fn minimal_policy_is_strict() {
        let policy = parse(&minimal()).expect("valid");
        assert!(policy.accepts_status(TcbStatus::UpToDate));
        assert!(!policy.accepts_status(TcbStatus::SWHardeningNeeded));
        assert!(!policy.accepts_dynamic_platform());
        assert!(!policy.accepts_cached_keys());
        assert!(!policy.accepts_smt());
        assert_eq!(policy.measured_registers(TeeType::Sgx), Some(&[Register::MrEnclave][..]));
        let tdx = [Register::MrTd, Register::Rtmr1, Register::Rtmr2, Register::MrConfigId];
        assert_eq!(policy.measured_registers(TeeType::Tdx), Some(&tdx[..]));
        assert_eq!(policy.measured_registers(TeeType::Snp), None);
        assert_eq!(policy.power_max(Fmspc::ZERO), None);
    }

    #[test]
    fn digest_is_over_the_exact_bytes() {
        let document = concat!(
            r#"{"version":1,"#,
            r#""roots":["0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"],"#,
            r#""platform_statuses":["UpToDate"],"tcb_evaluation_number":17}"#
        );
        let spaced = format!("{document} ");
        let digest = |text: &str| Policy::from_json(text.as_bytes()).expect("valid").digest();
        assert_ne!(digest(document), digest(&spaced));
        assert_eq!(
            digest(document),
            b256!("0x29d069e425d63468a61860ac6eecca07148dbb5044ea355b8c3016618dd914f1")
        );
    }

    #[test]
    fn nothing_allows_debug_and_unknown_fields_are_refused() {
        for field in ["accept_debug", "allow_debug", "debug"] {
            assert!(matches!(with(field, json!(true)), Err(PolicyError::Malformed(_))), "{field}");
        }
        let inner = json!({"sgx": ["mrenclave"], "snp": []});
        assert!(matches!(with("measurement", inner), Err(PolicyError::Malformed(_))));
    }

    #[test]
    fn revoked_platforms_cannot_be_accepted() {
        let statuses = json!(["UpToDate", "Revoked"]);
        assert!(matches!(with("platform_statuses", statuses), Err(PolicyError::AcceptsRevoked)));
    }

    #[test]
    fn lists_are_bounded_and_have_nothing_twice() {
        let list = |field, value| {
            let refused = with(field, value);
            assert!(matches!(refused, Err(PolicyError::List { .. })), "{field}: {refused:?}");
        };
        list("roots", json!([]));
        list("roots", json!([B256::ZERO, B256::ZERO]));
        list("roots", json!((0..17).map(B256::repeat_byte).collect::<Vec<_>>()));
        list("platform_statuses", json!([]));
        list("measurement", json!({"sgx": []}));
        list("measurement", json!({"tdx": ["mrtd", "mrtd"]}));
        list("required_features", json!({"sgx": ["a", "a"]}));
        let bound = json!({"fmspc": "0x00a067110000", "power_max": 1});
        list("power_bounds", json!([bound, bound]));
        list("advisories_denied", json!((0..513).map(|n| n.to_string()).collect::<Vec<_>>()));
    }

    #[test]
    fn names_out_of_range_are_refused() {
        let foreign = with("measurement", json!({"sgx": ["mrtd"]}));
        assert!(matches!(foreign, Err(PolicyError::ForeignRegister { tee: TeeType::Sgx, .. })));
        let feature = with("required_features", json!({"tdx": ["Loud"]}));
        assert!(matches!(feature, Err(PolicyError::FeatureName(_))));
        assert!(matches!(with("advisories_denied", json!([""])), Err(PolicyError::AdvisoryName(_))));
        assert!(matches!(with("version", json!(2)), Err(PolicyError::UnknownVersion(2))));
        let large = vec![b' '; Policy::BYTES_MAX + 1];
        assert!(matches!(Policy::from_json(&large), Err(PolicyError::TooLarge { .. })));
    }

    #[test]
    fn registers_are_measured_in_order_of_code() {
        let policy = with("measurement", json!({"tdx": ["rtmr2", "mrtd"]})).expect("valid");
        assert_eq!(policy.measured_registers(TeeType::Tdx), Some(&[Register::MrTd, Register::Rtmr2][..]));
        assert_eq!(policy.measured_registers(TeeType::Sgx), None, "a type left out is not accepted");
    }
}
