//! The policy to judge by, and the lenient one by which the report finds out what there is to judge.

use multee_evidence::{AMD_ARK_SHA256, INTEL_SGX_ROOT_CA_SHA256, Policy, PolicyError, Register, TcbStatus};
use multee_protocol::TeeType;
use serde_json::{Value, json};

/// A policy with the document it was read from.
pub(crate) struct ChosenPolicy {
    pub(crate) policy: Policy,
    document: Value,
    pub(crate) is_built_in: bool,
}

impl ChosenPolicy {
    /// The policy that a document states.
    ///
    /// # Errors
    /// When it states none.
    pub(crate) fn from_json(document: &[u8]) -> Result<Self, PolicyError> {
        let policy = Policy::from_json(document)?;
        Ok(Self { policy, document: serde_json::from_slice(document)?, is_built_in: false })
    }

    /// What is accepted when nobody says otherwise: Intel's root, platforms that are up to date, and the
    /// collateral's own TCB evaluation, for without a network nobody names one. `multee verify --help`
    /// tells it in the same words.
    ///
    /// # Errors
    /// Never: the document is sound.
    pub(crate) fn built_in(tcb_evaluation_number: u32) -> Result<Self, PolicyError> {
        let document = json!({
            "version": Policy::VERSION,
            "roots": [INTEL_SGX_ROOT_CA_SHA256],
            "platform_statuses": [TcbStatus::UpToDate],
            "tcb_evaluation_number": tcb_evaluation_number,
            "accept_dynamic_platform": true,
            "accept_cached_keys": true,
            "accept_smt": true,
        });
        let chosen = Self::from_json(document.to_string().as_bytes())?;
        Ok(Self { is_built_in: true, ..chosen })
    }

    /// As [`Self::built_in`], for SEV-SNP: AMD's roots, and firmware of any version, for without a network nobody
    /// names a minimum.
    ///
    /// # Errors
    /// Never: the document is sound.
    pub(crate) fn built_in_snp() -> Result<Self, PolicyError> {
        let document = json!({
            "version": Policy::VERSION,
            "roots": AMD_ARK_SHA256,
            "platform_statuses": [TcbStatus::UpToDate],
            "tcb_evaluation_number": 0,
            "measurement": {},
            "accept_smt": true,
            "snp": { "tcb_min": no_minimum() },
        });
        let chosen = Self::from_json(document.to_string().as_bytes())?;
        Ok(Self { is_built_in: true, ..chosen })
    }

    /// A policy with the same roots and measurements that accepts all that any policy can: evidence that
    /// fails it is not established, evidence that passes it can be reported in full.
    ///
    /// # Errors
    /// Never for a policy that was read.
    pub(crate) fn lenient(&self, tcb_evaluation_number: u32) -> Result<Policy, PolicyError> {
        self.altered(tcb_evaluation_number, None)
    }

    /// As [`Self::lenient`], but refusing one flag, named as in the document: so it is seen whether the
    /// platform has it.
    ///
    /// # Errors
    /// As [`Self::lenient`].
    pub(crate) fn lenient_but(
        &self,
        refused_flag: &str,
        tcb_evaluation_number: u32,
    ) -> Result<Policy, PolicyError> {
        self.altered(tcb_evaluation_number, Some(refused_flag))
    }

    fn altered(&self, tcb_evaluation_number: u32, refused_flag: Option<&str>) -> Result<Policy, PolicyError> {
        let possible = TcbStatus::ALL.into_iter().filter(|status| *status != TcbStatus::Revoked);
        // A TEE type that the policy leaves out is measured whole, to be shown all the same.
        let registers = |tee| self.policy.measured_registers(tee).unwrap_or(Register::of(tee));
        let mut document = self.document.clone();
        document["platform_statuses"] = json!(possible.collect::<Vec<_>>());
        document["advisories_denied"] = json!([]);
        document["tcb_evaluation_number"] = json!(tcb_evaluation_number);
        document["measurement"] = json!({ "sgx": registers(TeeType::Sgx), "tdx": registers(TeeType::Tdx) });
        document["snp"] = json!({
            "measurement": registers(TeeType::Snp),
            "tcb_min": no_minimum(),
            "vmpl_max": Policy::VMPL_LAST,
            "accept_vlek": true,
            "accept_cxl": true,
        });
        for flag in ["accept_dynamic_platform", "accept_cached_keys", "accept_smt"] {
            document[flag] = json!(Some(flag) != refused_flag);
        }
        Policy::from_json(document.to_string().as_bytes())
    }
}

/// Every family of SEV-SNP processors, whatever its firmware.
fn no_minimum() -> Value {
    let any = json!({ "boot_loader": 0, "tee": 0, "snp": 0, "microcode": 0 });
    json!({ "milan": any, "genoa": any, "turin": any })
}

/// The TCB evaluation number that the collateral's TCB info states; nothing of it is verified yet.
pub(crate) fn stated_evaluation_number(collateral: &[u8]) -> Option<u32> {
    let collateral: Value = serde_json::from_slice(collateral).ok()?;
    let tcb_info: Value = serde_json::from_str(collateral.get("tcb_info")?.as_str()?).ok()?;
    tcb_info.get("tcbEvaluationDataNumber")?.as_u64()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use multee_evidence::{SnpFacts, SnpProduct, SnpTcb};

    use super::*;

    #[test]
    fn built_in_policy_is_what_the_help_says() {
        let policy = ChosenPolicy::built_in(17).expect("sound").policy;
        assert_eq!(policy.roots(), [INTEL_SGX_ROOT_CA_SHA256]);
        let accepted = TcbStatus::ALL.into_iter().filter(|status| policy.accepts_status(*status));
        assert_eq!(accepted.collect::<Vec<_>>(), [TcbStatus::UpToDate]);
        assert_eq!(policy.tcb_evaluation_number(), 17);
        assert!(policy.accepts_dynamic_platform() && policy.accepts_cached_keys() && policy.accepts_smt());
        assert_eq!(policy.measured_registers(TeeType::Sgx), Some(&[Register::MrEnclave][..]));
        let tdx = [Register::MrTd, Register::Rtmr1, Register::Rtmr2, Register::MrConfigId];
        assert_eq!(policy.measured_registers(TeeType::Tdx), Some(&tdx[..]));
    }

    #[test]
    fn built_in_policy_for_snp_is_what_the_help_says() {
        let policy = ChosenPolicy::built_in_snp().expect("sound").policy;
        assert_eq!(policy.roots(), AMD_ARK_SHA256);
        let registers = [Register::LaunchDigest, Register::HostData];
        assert_eq!(policy.measured_registers(TeeType::Snp), Some(&registers[..]));
        assert!(policy.accepts_smt() && policy.measured_registers(TeeType::Sgx).is_none());
        let oldest = SnpFacts {
            product: SnpProduct::Milan,
            tcb: SnpTcb { boot_loader: 0, tee: 0, snp: 0, microcode: 0, fmc: 0 },
            vmpl: 0,
            is_signed_by_vlek: false,
            guest_policy: 1 << 17,
            platform_info: 1,
        };
        let objections = |facts| policy.snp().expect("accepted").objections(&facts).len();
        assert_eq!(objections(oldest), 0);
        let cxl = 1 << 17 | 1 << 21;
        assert_eq!(objections(SnpFacts { vmpl: 1, is_signed_by_vlek: true, guest_policy: cxl, ..oldest }), 3);
    }

    #[test]
    fn lenient_policy_keeps_roots_and_measurements() {
        let document = json!({
            "version": 1,
            "roots": [alloy_primitives::B256::repeat_byte(7)],
            "platform_statuses": ["UpToDate"],
            "advisories_denied": ["INTEL-SA-00289"],
            "tcb_evaluation_number": 17,
            "measurement": { "sgx": ["mrsigner"] },
        });
        let chosen = ChosenPolicy::from_json(document.to_string().as_bytes()).expect("valid");
        let lenient = chosen.lenient_but("accept_smt", 20).expect("valid");
        assert_eq!(lenient.roots(), chosen.policy.roots());
        assert_eq!(lenient.tcb_evaluation_number(), 20);
        assert_eq!(lenient.measured_registers(TeeType::Sgx), Some(&[Register::MrSigner][..]));
        assert_eq!(lenient.measured_registers(TeeType::Tdx), Some(&Register::TDX[..]));
        assert!(!lenient.denies_advisory("INTEL-SA-00289"));
        assert!(lenient.accepts_status(TcbStatus::OutOfDate) && !lenient.accepts_status(TcbStatus::Revoked));
        assert!(lenient.accepts_cached_keys() && !lenient.accepts_smt());
    }

    #[test]
    fn number_is_found_in_the_tcb_info_or_nowhere() {
        let collateral = json!({ "tcb_info": r#"{"tcbEvaluationDataNumber":19}"# });
        assert_eq!(stated_evaluation_number(collateral.to_string().as_bytes()), Some(19));
        for text in ["", "{}", r#"{"tcb_info":"{}"}"#, r#"{"tcb_info":7}"#] {
            assert_eq!(stated_evaluation_number(text.as_bytes()), None, "{text}");
        }
    }
}
