//! The report as a document: what `--json` prints and the text shows. Its fields are told in
//! `multee verify --help`; a field keeps its name and meaning as long as `version` stays the same.

use alloy_primitives::B256;
use multee_evidence::{
    AMD_ARK_SHA256, Fmspc, INTEL_SGX_ROOT_CA_SHA256, Register, RegisterValue, TcbStatus, VerifiedEvidence,
};
use multee_protocol::{DeviceId, Mark, TeeType};
use serde::Serialize;

use super::checks::Check;
use super::judgement::{Case, Established, Judgement, Refusal};
use super::moment::Moment;

/// The root is of neither vendor that is known.
const WARNING: &str = "root is not Intel's: SIMULATED or another vendor's evidence";

/// The whole report.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) version: u32,
    pub(crate) trusted: bool,
    pub(crate) reason: Option<String>,
    pub(crate) mark: Mark,
    pub(crate) hint: Option<&'static str>,
    pub(crate) warning: Option<&'static str>,
    pub(crate) now_s: u64,
    pub(crate) now: Option<String>,
    pub(crate) evidence: Evidence,
    pub(crate) policy: PolicyUsed,
    pub(crate) checks: Vec<Check>,
}

/// What is established.
#[derive(Debug, Serialize)]
pub(crate) struct Evidence {
    pub(crate) root_sha256: Option<B256>,
    pub(crate) root_is_intels: Option<bool>,
    pub(crate) tee: Option<TeeType>,
    pub(crate) fmspc: Option<Fmspc>,
    pub(crate) debug: Option<bool>,
    pub(crate) hardware_id: Option<String>,
    pub(crate) device_id: Option<DeviceId>,
    pub(crate) status: Option<TcbStatus>,
    pub(crate) advisory_ids: Option<Vec<String>>,
    pub(crate) report_data: Option<String>,
    pub(crate) registers: Option<Vec<RegisterLine>>,
    pub(crate) measurement: Option<B256>,
    pub(crate) holds_until_s: Option<u64>,
    pub(crate) holds_until: Option<String>,
}

/// A register, and whether the policy's measurement covers it.
#[derive(Debug, Serialize)]
pub(crate) struct RegisterLine {
    pub(crate) name: Register,
    pub(crate) value: String,
    pub(crate) measured: bool,
}

/// By what was judged.
#[derive(Debug, Serialize)]
pub(crate) struct PolicyUsed {
    pub(crate) source: PolicySource,
    pub(crate) digest: B256,
    pub(crate) tcb_evaluation_number: u32,
    pub(crate) tcb_evaluation_number_source: NumberSource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PolicySource {
    BuiltIn,
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NumberSource {
    Collateral,
    Policy,
}

impl Report {
    const VERSION: u32 = 1;

    pub(crate) fn new(case: &Case<'_>, judgement: Judgement) -> Self {
        let Judgement { verdict, established, checks } = judgement;
        let refusal = verdict.err();
        let evidence = Evidence::new(case, established);
        let known = |root| root == INTEL_SGX_ROOT_CA_SHA256 || AMD_ARK_SHA256.contains(&root);
        let foreign = evidence.root_sha256.is_some_and(|root| !known(root));
        Self {
            version: Self::VERSION,
            trusted: refusal.is_none(),
            reason: refusal.as_ref().map(ToString::to_string),
            mark: refusal.as_ref().map_or(Mark::Valid, Refusal::mark),
            hint: refusal.as_ref().and_then(Refusal::hint),
            warning: foreign.then_some(WARNING),
            now_s: case.now_s,
            now: Moment(case.now_s).rfc3339(),
            evidence,
            policy: PolicyUsed::new(case),
            checks,
        }
    }
}

impl Evidence {
    fn new(case: &Case<'_>, established: Established) -> Self {
        let Established { root_sha256, key, debug, evidence, .. } = established;
        let evidence = evidence.as_ref();
        let measured = key.and_then(|key| case.chosen.policy.measured_registers(key.tee));
        let holds_until_s = evidence.map(VerifiedEvidence::holds_until_s);
        Self {
            root_sha256,
            root_is_intels: root_sha256.map(|root| root == INTEL_SGX_ROOT_CA_SHA256),
            tee: key.map(|key| key.tee),
            fmspc: key.map(|key| key.fmspc),
            debug,
            hardware_id: evidence.map(|evidence| prefixed(evidence.hardware_id())),
            device_id: evidence.map(VerifiedEvidence::device_id),
            status: evidence.map(VerifiedEvidence::status),
            advisory_ids: evidence.map(|evidence| evidence.advisory_ids().to_vec()),
            report_data: evidence.map(|evidence| prefixed(evidence.report_data())),
            registers: evidence.map(|evidence| {
                let line = |value| RegisterLine::new(value, measured.unwrap_or_default());
                evidence.registers().iter().map(line).collect()
            }),
            measurement: measured.and(evidence).map(VerifiedEvidence::measurement),
            holds_until_s,
            holds_until: holds_until_s.and_then(|until_s| Moment(until_s).rfc3339()),
        }
    }
}

impl RegisterLine {
    pub(crate) fn new(value: &RegisterValue, measured: &[Register]) -> Self {
        let RegisterValue { register, value } = value;
        Self { name: *register, value: prefixed(value), measured: measured.contains(register) }
    }
}

impl PolicyUsed {
    fn new(case: &Case<'_>) -> Self {
        let policy = &case.chosen.policy;
        let (source, tcb_evaluation_number_source) = if case.chosen.is_built_in {
            (PolicySource::BuiltIn, NumberSource::Collateral)
        } else {
            (PolicySource::File, NumberSource::Policy)
        };
        Self {
            source,
            digest: policy.digest(),
            tcb_evaluation_number: policy.tcb_evaluation_number(),
            tcb_evaluation_number_source,
        }
    }
}

fn prefixed(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}
