//! Intel-signed quotes with their collateral, from the published dcap-qvl crate, and an AMD-signed report, from the
//! published sev crate, found where cargo keeps them.

#![allow(dead_code, reason = "each test and benchmark that includes this uses a part of it")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use multee_evidence::{
    AppraisalError, Collateral, CryptoBackend, INTEL_SGX_ROOT_CA_DER, INTEL_SGX_ROOT_CA_SHA256, Policy,
    VerifiedEvidence, Verifier, VerifierConfig,
};

/// A quote, its collateral, a policy that accepts it, and the time at which to ask.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) quote: Vec<u8>,
    pub(crate) collateral_json: Vec<u8>,
    pub(crate) collateral: Collateral,
    pub(crate) policy: Policy,
    pub(crate) now_s: u64,
}

/// SGX quote version 3, of a platform that needs configuration and software hardening.
pub(crate) fn sgx() -> Sample {
    let statuses = r#"["ConfigurationAndSWHardeningNeeded"]"#;
    Sample::load("sgx_quote", statuses, 17, 1_750_400_000)
}

/// TDX quote version 4, up to date.
pub(crate) fn tdx() -> Sample {
    Sample::load("tdx_quote", r#"["UpToDate"]"#, 17, 1_750_400_000)
}

/// TDX quote version 5 with a TD report 1.5ex, up to date. Its collateral brings its chain a second time.
pub(crate) fn td15ex() -> Sample {
    Sample::load("tdx_quote_td15ex", r#"["UpToDate"]"#, 20, 1_792_000_000)
}

pub(crate) fn all() -> [Sample; 3] {
    [sgx(), tdx(), td15ex()]
}

/// Every way to compute a verdict.
pub(crate) const CONFIGS: [VerifierConfig; 4] = [
    VerifierConfig { backend: CryptoBackend::Ring, remember_signatures: true },
    VerifierConfig { backend: CryptoBackend::Ring, remember_signatures: false },
    VerifierConfig { backend: CryptoBackend::RustCrypto, remember_signatures: true },
    VerifierConfig { backend: CryptoBackend::RustCrypto, remember_signatures: false },
];

impl Sample {
    fn load(name: &'static str, statuses: &str, number: u32, now_s: u64) -> Self {
        let read = |file: String| {
            let path = directory().join(file);
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let collateral_json = read(format!("{name}_collateral.json"));
        Self {
            name,
            quote: read(name.to_owned()),
            collateral: Collateral::from_json(&collateral_json).expect("collateral"),
            collateral_json,
            policy: policy(statuses, number, "true"),
            now_s,
        }
    }

    pub(crate) fn verifier(&self, config: VerifierConfig) -> Verifier {
        verifier(&self.policy, config)
    }

    /// Appraises `quote` in place of the sample's own.
    pub(crate) fn appraise(
        &self,
        verifier: &Verifier,
        quote: &[u8],
    ) -> Result<VerifiedEvidence, AppraisalError> {
        verifier.appraise(quote, &self.collateral, self.now_s)
    }

    /// Appraises the sample's quote by other collateral.
    pub(crate) fn appraise_by(
        &self,
        verifier: &Verifier,
        collateral: &Collateral,
    ) -> Result<VerifiedEvidence, AppraisalError> {
        verifier.appraise(&self.quote, collateral, self.now_s)
    }
}

/// A policy under Intel's root that accepts every platform flag, or none.
pub(crate) fn policy(statuses: &str, number: u32, accept_flags: &str) -> Policy {
    let document = format!(
        r#"{{"version":1,"roots":["{INTEL_SGX_ROOT_CA_SHA256}"],"platform_statuses":{statuses},
        "tcb_evaluation_number":{number},"accept_dynamic_platform":{accept_flags},
        "accept_cached_keys":{accept_flags},"accept_smt":{accept_flags}}}"#
    );
    Policy::from_json(document.as_bytes()).expect("valid policy")
}

pub(crate) fn verifier(policy: &Policy, config: VerifierConfig) -> Verifier {
    Verifier::new(policy, [INTEL_SGX_ROOT_CA_DER.to_vec()], config).expect("root accepted")
}

/// The `sample` directory of the dcap-qvl crate that this workspace builds with.
pub(crate) fn directory() -> &'static PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| package("dcap-qvl").with_file_name("sample"))
}

/// An AMD-signed report of version 2 from a Milan machine, in hex, and the certificate of the chip's key.
pub(crate) fn milan_report() -> (Vec<u8>, Vec<u8>) {
    let directory = package("sev").with_file_name("tests").join("certs_data");
    let read = |file: &str| std::fs::read(directory.join(file)).expect("sample");
    (hex::decode(read("report_milan.hex")).expect("hex"), read("vcek_milan.der"))
}

/// The certificate of a Turin chip's key; no report of it is published.
pub(crate) fn turin_key() -> Vec<u8> {
    let directory = package("sev").with_file_name("tests").join("certs_data");
    std::fs::read(directory.join("vcek_turin.der")).expect("sample")
}

/// The directory of the ends of firmware files (OVMF) that the sev crate computes launch digests of.
pub(crate) fn sev_firmware() -> PathBuf {
    package("sev").with_file_name("tests").join("measurement")
}

/// AMD's certificate of the issuer of Milan's chip keys, DER.
pub(crate) fn milan_issuer() -> Vec<u8> {
    issuer("milan")
}

/// AMD's certificate of the issuer of a family's chip keys, DER.
pub(crate) fn issuer(family: &str) -> Vec<u8> {
    let directory = package("sev").with_file_name("src").join("certs/snp/builtin").join(family);
    let issuer = std::fs::read(directory.join("ask.pem")).expect("sample");
    pem::parse(issuer).expect("PEM").into_contents()
}

/// The manifest of a crate that this workspace builds with.
fn package(name: &str) -> PathBuf {
    // First without network: after a build all is there. Other platforms' crates are not asked for.
    let metadata = metadata(&["--offline"]).or_else(|| metadata(&[])).expect("cargo metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let ours = packages.iter().find(|package| package["name"] == name).expect("a dependency");
    PathBuf::from(ours["manifest_path"].as_str().expect("path"))
}

fn metadata(more: &[&str]) -> Option<serde_json::Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let version = Command::new(&cargo).arg("-vV").output().ok()?;
    let version = String::from_utf8(version.stdout).ok()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "))?;
    let output = Command::new(&cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", host])
        .args(more)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    serde_json::from_slice(&output.stdout).ok()
}
