//! The policy's demands on SEV-SNP evidence, line by line.

use multee_evidence::{AppraisalError, PlatformFlag, Policy, SnpFacts};

use super::checks::{Check, decided, failed, passed};

/// One line for each demand that the policy can make.
pub(crate) fn demands(policy: &Policy, facts: &SnpFacts) -> Vec<Check> {
    let objections = policy.snp().map(|snp| snp.objections(facts)).unwrap_or_default();
    let first = |is: fn(&AppraisalError) -> bool| objections.iter().find(|objection| is(objection));
    let line = |name, objection: Option<&AppraisalError>, otherwise: String| match objection {
        Some(objection) => failed(name, objection.to_string()),
        None => decided(name, true, otherwise),
    };
    let firmware = first(|objection| {
        matches!(objection, AppraisalError::TcbBelowMinimum { .. } | AppraisalError::ProductNotAccepted(_))
    });
    let missing = first(|objection| matches!(objection, AppraisalError::GuaranteeMissing(_)));
    vec![
        line("signing key", first(|objection| *objection == AppraisalError::VlekNotAccepted), key(facts)),
        line(
            "privilege level",
            first(|objection| matches!(objection, AppraisalError::VmplNotAccepted(_))),
            format!("VMPL {}", facts.vmpl),
        ),
        line("firmware", firmware, format!("{}: {}", facts.product.name(), versions(facts))),
        cxl(
            facts,
            first(|objection| *objection == AppraisalError::FlagNotAccepted(PlatformFlag::Cxl)).is_some(),
        ),
        line("guarantees", missing, "all that the policy demands".to_owned()),
    ]
}

fn key(facts: &SnpFacts) -> String {
    let key = if facts.is_signed_by_vlek { "a cloud provider's (VLEK)" } else { "the chip's own (VCEK)" };
    key.to_owned()
}

/// The least of what is reported, committed, running, and was running at launch.
fn versions(facts: &SnpFacts) -> String {
    let all = facts.tcb.components().map(|(component, version)| format!("{component} {version}"));
    all.join(", ")
}

fn cxl(facts: &SnpFacts, refused: bool) -> Check {
    match (facts.allows_cxl(), refused) {
        (false, _) => passed("CXL memory", "not on"),
        (true, false) => passed("CXL memory", "on, and the policy accepts it"),
        (true, true) => failed("CXL memory", "on".to_owned()),
    }
}
