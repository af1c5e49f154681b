//! The report's lines: each check, whether it passed, and why.
//!
//! First come the steps of verification, each standing on the one before; after the one that fails nothing
//! further is reached. Then come the policy's own demands, which do not depend on each other.

use multee_evidence::{AppraisalError, CollateralPart, PlatformFlag, VerifiedEvidence, is_snp_quote};
use serde::Serialize;

use super::judgement::{Case, Established, FLAGS};
use super::snp;

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    /// `None`: not reached, or not decidable from a quote.
    pub(crate) passed: Option<bool>,
    pub(crate) detail: String,
}

/// A step of verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Report,
    Signatures,
    Attributes,
    CertificateChain,
    HardwareId,
    Collateral,
    Revocation,
    QuotingEnclave,
    TcbLevel,
}

impl Step {
    /// In the order in which DCAP quotes are judged.
    const DCAP: [Self; 8] = [
        Self::Signatures,
        Self::Attributes,
        Self::CertificateChain,
        Self::HardwareId,
        Self::Collateral,
        Self::Revocation,
        Self::QuotingEnclave,
        Self::TcbLevel,
    ];

    /// In the order in which SEV-SNP evidence is judged.
    const SNP: [Self; 7] = [
        Self::Report,
        Self::HardwareId,
        Self::CertificateChain,
        Self::Signatures,
        Self::Attributes,
        Self::Collateral,
        Self::Revocation,
    ];

    fn order(is_snp: bool) -> &'static [Self] {
        if is_snp { &Self::SNP } else { &Self::DCAP }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Signatures => "quote signature",
            Self::Attributes => "debug and attributes",
            Self::CertificateChain => "certificate chain",
            Self::HardwareId => "hardware id",
            Self::Collateral => "collateral",
            Self::Revocation => "revocation",
            Self::QuotingEnclave => "quoting enclave",
            Self::TcbLevel => "TCB level",
        }
    }

    fn success(self, is_snp: bool) -> &'static str {
        match self {
            Self::Signatures if is_snp => "by the key that the certificate is of",
            Self::CertificateChain if is_snp => "from an accepted root to a key for this chip and firmware",
            Self::Revocation if is_snp => "the issuer of the key's certificate is not revoked",
            Self::Report => "of a version and by an algorithm that are known",
            Self::Signatures => "by the key that its quoting enclave's report names",
            Self::Attributes => "not in debug mode, nothing else that weakens it",
            Self::CertificateChain => "from an accepted root to the quoting enclave's report",
            Self::HardwareId => "tells the machine from others",
            Self::Collateral => "signed, in time, and about this platform",
            Self::Revocation => "neither the platform's certificate nor its issuer's is revoked",
            Self::QuotingEnclave => "the vendor's",
            Self::TcbLevel => "known and not revoked",
        }
    }

    /// The step that an error stops. Errors that only a policy's demands bring about stop none.
    fn stopped_by(error: &AppraisalError) -> Option<Self> {
        Some(match error {
            AppraisalError::ReportVersionUnsupported(_)
            | AppraisalError::SignatureAlgorithmUnsupported(_)
            | AppraisalError::SigningKeyUnsupported(_) => Self::Report,
            AppraisalError::QuoteTooLarge { .. }
            | AppraisalError::QuoteMalformed
            | AppraisalError::QuoteKindUnsupported { .. }
            | AppraisalError::QuotingEnclaveVendorUnknown
            | AppraisalError::AttestationKeyTypeUnsupported(_)
            | AppraisalError::QuoteSignatureInvalid
            | AppraisalError::AttestationKeyUnbound => Self::Signatures,
            AppraisalError::Debug | AppraisalError::AttributesNotAccepted => Self::Attributes,
            AppraisalError::CertificateChainMissing { .. }
            | AppraisalError::CertificateChainInvalid(_)
            | AppraisalError::QuotingEnclaveReportInvalid
            | AppraisalError::EndorsementMissing
            | AppraisalError::EndorsementWrong(_)
            | AppraisalError::Collateral { part: CollateralPart::PckChain, .. } => Self::CertificateChain,
            AppraisalError::HardwareIdMasked => Self::HardwareId,
            AppraisalError::Collateral { .. } | AppraisalError::Unexplained => Self::Collateral,
            AppraisalError::CertificateRevoked => Self::Revocation,
            AppraisalError::QuotingEnclaveNotGenuine => Self::QuotingEnclave,
            AppraisalError::TcbLevelUnknown | AppraisalError::TcbStatusNotAccepted(_) => Self::TcbLevel,
            AppraisalError::TeeNotAccepted
            | AppraisalError::AdvisoryDenied(_)
            | AppraisalError::FlagNotAccepted(_)
            | AppraisalError::VlekNotAccepted
            | AppraisalError::VmplNotAccepted(_)
            | AppraisalError::ProductNotAccepted(_)
            | AppraisalError::TcbBelowMinimum { .. }
            | AppraisalError::GuaranteeMissing(_) => return None,
        })
    }
}

/// All lines.
pub(crate) fn checks(case: &Case<'_>, established: &Established) -> Vec<Check> {
    let mut checks = steps(is_snp_quote(case.quote), established.obstacle.as_ref());
    match (&established.evidence, established.flags) {
        (Some(evidence), Some(flags)) => checks.extend(demands(case, evidence, flags)),
        _ => checks.push(not_reached("policy")),
    }
    checks
}

fn steps(is_snp: bool, obstacle: Option<&AppraisalError>) -> Vec<Check> {
    let order = Step::order(is_snp);
    let stop = obstacle.and_then(Step::stopped_by);
    let stop = stop.and_then(|stop| order.iter().position(|step| *step == stop));
    let line = |(place, step): (usize, &Step)| match (stop, obstacle) {
        (Some(stop), Some(error)) if place == stop => failed(step.name(), error.to_string()),
        (Some(stop), _) if place > stop => not_reached(step.name()),
        _ => passed(step.name(), step.success(is_snp)),
    };
    order.iter().enumerate().map(line).collect()
}

fn demands(case: &Case<'_>, evidence: &VerifiedEvidence, flags: [bool; 3]) -> Vec<Check> {
    let mut checks = vec![tee(case, evidence)];
    if let Some(facts) = evidence.snp() {
        checks.extend(snp::demands(&case.chosen.policy, facts));
        checks.push(platform_flag(case, PlatformFlag::Smt, facts.has_smt()));
    } else {
        checks.extend([evaluation(case), status(case, evidence), advisories(case, evidence)]);
        checks.extend(FLAGS.into_iter().zip(flags).map(|((flag, _), on)| platform_flag(case, flag, on)));
    }
    checks.push(measurement(case, evidence));
    checks.extend(properties(case, evidence));
    checks
}

fn tee(case: &Case<'_>, evidence: &VerifiedEvidence) -> Check {
    let tee = evidence.tee();
    let accepted = case.chosen.policy.measured_registers(tee).is_some();
    decided("TEE type", accepted, tee.name().to_uppercase())
}

fn evaluation(case: &Case<'_>) -> Check {
    let (expected, found) = (case.chosen.policy.tcb_evaluation_number(), case.number_in_force());
    let detail = match (case.chosen.is_built_in, expected == found) {
        (true, _) => format!("{found}, taken from the collateral: the built-in policy names none"),
        (false, true) => format!("{found}, as the policy demands"),
        (false, false) => format!("{found}, not {expected}"),
    };
    decided("TCB evaluation", expected == found, detail)
}

fn status(case: &Case<'_>, evidence: &VerifiedEvidence) -> Check {
    let status = evidence.status();
    decided("TCB status", case.chosen.policy.accepts_status(status), format!("{status:?}"))
}

fn advisories(case: &Case<'_>, evidence: &VerifiedEvidence) -> Check {
    let mut ids = evidence.advisory_ids().iter();
    match ids.find(|id| case.chosen.policy.denies_advisory(id)) {
        Some(denied) => failed("advisories", format!("{denied} affects the platform")),
        None => passed("advisories", "none that the policy denies"),
    }
}

fn platform_flag(case: &Case<'_>, flag: PlatformFlag, on: bool) -> Check {
    let policy = &case.chosen.policy;
    let (name, accepted) = match flag {
        PlatformFlag::DynamicPlatform => ("dynamic platform", policy.accepts_dynamic_platform()),
        PlatformFlag::CachedKeys => ("cached keys", policy.accepts_cached_keys()),
        PlatformFlag::Smt | PlatformFlag::Cxl => ("multithreading", policy.accepts_smt()),
    };
    match (on, accepted) {
        (false, _) => passed(name, "not on"),
        (true, true) => passed(name, "on, and the policy accepts it"),
        (true, false) => failed(name, "on".to_owned()),
    }
}

fn measurement(case: &Case<'_>, evidence: &VerifiedEvidence) -> Check {
    let name = "measurement";
    if case.reference_values.is_empty() {
        return Check { name, passed: None, detail: "not asked for: no --reference-value given".to_owned() };
    }
    let allowed = case.reference_values.contains(&evidence.measurement());
    let detail = if allowed { "a reference value" } else { "not among the reference values given" };
    decided(name, allowed, detail.to_owned())
}

/// Features and power stand in a device's properties record, which no quote carries.
fn properties(case: &Case<'_>, evidence: &VerifiedEvidence) -> Option<Check> {
    let policy = &case.chosen.policy;
    let demanded =
        !policy.required_features(evidence.tee()).is_empty() || policy.power_max(evidence.fmspc()).is_some();
    let detail = "not decidable: features and power stand in a device's record, not in its quote";
    demanded.then(|| Check { name: "properties", passed: None, detail: detail.to_owned() })
}

pub(super) fn passed(name: &'static str, detail: &str) -> Check {
    Check { name, passed: Some(true), detail: detail.to_owned() }
}

pub(super) fn failed(name: &'static str, detail: String) -> Check {
    Check { name, passed: Some(false), detail }
}

pub(super) fn decided(name: &'static str, passed: bool, detail: String) -> Check {
    Check { name, passed: Some(passed), detail }
}

fn not_reached(name: &'static str) -> Check {
    Check { name, passed: None, detail: "not reached".to_owned() }
}

#[cfg(test)]
mod tests {
    use multee_evidence::CollateralFault;

    use super::*;

    #[test]
    fn steps_pass_until_the_one_that_fails() {
        let fault =
            AppraisalError::Collateral { part: CollateralPart::TcbInfo, fault: CollateralFault::Expired };
        let lines: Vec<_> = steps(false, Some(&fault)).into_iter().map(|check| check.passed).collect();
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(lines, [yes, yes, yes, yes, no, None, None, None]);
        assert!(steps(false, None).iter().all(|check| check.passed == yes));
    }

    #[test]
    fn steps_of_an_snp_report_stand_in_its_own_order() {
        let error = AppraisalError::EndorsementMissing;
        let lines: Vec<_> = steps(true, Some(&error)).into_iter().map(|check| check.passed).collect();
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(lines, [yes, yes, no, None, None, None, None]);
    }
}
