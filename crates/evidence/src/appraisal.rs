//! Appraisal: quote, collateral, policy and time in; [`VerifiedEvidence`] out, or the cause why not.

use alloy_primitives::B256;
use dcap_qvl::config::Config;
use dcap_qvl::configs::{RingConfig, RustCryptoConfig};
use dcap_qvl::policy::PckCertFlag;
use dcap_qvl::quote::Report;
use dcap_qvl::verify::QuoteVerifier;
use dcap_qvl::{QuoteClaims, QuoteCollateralV3, QuotePolicy};
use multee_protocol::{DeviceId, TeeType};
use sha2::{Digest, Sha256};

use crate::collateral::{Collateral, DcapCollateral};
use crate::crypto::{CryptoBackend, Remembering};
use crate::device::{Device, check_hardware_id, examine};
use crate::diagnosis::diagnose;
use crate::error::{AppraisalError, CollateralFault, CollateralPart, PlatformFlag};
use crate::measurement::{RegisterValue, measurement, registers};
use crate::policy::{Fmspc, Policy};
use crate::snp::{self, SnpFacts, is_snp_quote};
use crate::status::TcbStatus;

/// How a [`Verifier`] computes; no choice here changes a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifierConfig {
    /// Which library checks signatures.
    pub backend: CryptoBackend,
    /// Whether good signatures are remembered across appraisals, in this process, within a bound.
    pub remember_signatures: bool,
}

impl Default for VerifierConfig {
    /// ring, remembering.
    fn default() -> Self {
        Self { backend: CryptoBackend::Ring, remember_signatures: true }
    }
}

/// Appraises quotes under one policy.
#[derive(Clone, Debug)]
pub struct Verifier {
    policy: Policy,
    roots: Vec<Vec<u8>>,
    config: VerifierConfig,
}

/// Why a verifier cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifierError {
    /// The policy does not accept this root.
    #[error("root certificate with SHA-256 {0} is not one that the policy accepts")]
    RootNotAccepted(B256),
    /// Not the DER of a certificate.
    #[error("root certificate with SHA-256 {0} is malformed")]
    RootMalformed(B256),
    /// Without roots nothing could ever verify.
    #[error("no root certificate is given")]
    NoRoots,
}

/// Evidence that verified under a policy. Having one is the proof: only [`Verifier`] makes them.
///
/// What remains for the caller: the measurement against the reference values, the report data against the
/// block, the device id against the seat, the properties against the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedEvidence {
    pub(crate) tee: TeeType,
    pub(crate) hardware_id: Vec<u8>,
    pub(crate) fmspc: Fmspc,
    pub(crate) measurement: B256,
    pub(crate) report_data: [u8; 64],
    pub(crate) status: TcbStatus,
    pub(crate) advisory_ids: Vec<String>,
    pub(crate) holds_until_s: u64,
    pub(crate) registers: Vec<RegisterValue>,
    pub(crate) snp: Option<SnpFacts>,
}

/// Which collateral a quote needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollateralKey {
    /// The kind of TEE.
    pub tee: TeeType,
    /// The platform family; for SEV-SNP [`SnpProduct::family`](crate::SnpProduct::family).
    pub fmspc: Fmspc,
    /// Which of the vendor's authorities issued the platform's certificate.
    pub ca: PckCa,
}

/// An authority that issues platform certificates (Intel SGX PCK Certificate Profile; AMD KDS Interface
/// Specification).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PckCa {
    /// Intel's for machines of one package.
    Processor,
    /// Intel's for machines of several packages.
    Platform,
    /// AMD's for chips' own keys (VCEK).
    Ask,
    /// AMD's for cloud providers' keys (VLEK).
    Asvk,
}

/// What a quote says that is signed by the platform it names: known without collateral. It is not accepted
/// evidence, for nothing is known yet of the platform's status; but what does not fit here never will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examined {
    /// The collateral that the rest of the appraisal needs.
    pub collateral: CollateralKey,
    /// The machine, by the hardware id in its certificate.
    pub device_id: DeviceId,
    /// The measurement by the policy's registers.
    pub measurement: B256,
    /// What the program put into its report.
    pub report_data: [u8; 64],
}

impl Verifier {
    /// A verifier under `policy` that accepts these of its roots, DER.
    ///
    /// # Errors
    /// When there is no root, or one that the policy does not accept or that is no certificate.
    pub fn new(
        policy: &Policy,
        roots: impl IntoIterator<Item = Vec<u8>>,
        config: VerifierConfig,
    ) -> Result<Self, VerifierError> {
        let roots: Vec<Vec<u8>> = roots.into_iter().collect();
        if roots.is_empty() {
            return Err(VerifierError::NoRoots);
        }
        for root in &roots {
            let digest = B256::from(<[u8; 32]>::from(Sha256::digest(root)));
            if !policy.roots().contains(&digest) {
                return Err(VerifierError::RootNotAccepted(digest));
            }
            webpki::anchor_from_trusted_cert(&root.as_slice().into())
                .map_err(|_| VerifierError::RootMalformed(digest))?;
        }
        Ok(Self { policy: policy.clone(), roots, config })
    }

    /// The policy it appraises under.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Appraises a quote as of `now_s` (Unix time in seconds; for a block the start of its epoch, R16).
    ///
    /// Collateral must have been issued by then. A chain that the collateral brings is not used.
    ///
    /// # Errors
    /// By cause; [`AppraisalError::mark`] is the mark it earns.
    pub fn appraise(
        &self,
        quote: &[u8],
        collateral: &Collateral,
        now_s: u64,
    ) -> Result<VerifiedEvidence, AppraisalError> {
        self.appraise_any(quote, None, collateral, now_s)
    }

    /// As [`Self::appraise`], with the platform's certificate chain (PEM) for a quote that carries none
    /// (certification data of type 2 or 3, an encrypted PPID). A quote's own chain goes first. Faults of the
    /// given chain are never held against the device.
    ///
    /// # Errors
    /// As [`Self::appraise`].
    pub fn appraise_with_chain(
        &self,
        quote: &[u8],
        pck_chain_pem: &str,
        collateral: &Collateral,
        now_s: u64,
    ) -> Result<VerifiedEvidence, AppraisalError> {
        self.appraise_any(quote, Some(pck_chain_pem), collateral, now_s)
    }

    /// Checks what needs no collateral, and says what the quote claims and which collateral the rest needs. An
    /// error here is the device's fault (a given chain's faults aside), even when no collateral can be had.
    ///
    /// # Errors
    /// As [`Self::appraise`], but for what collateral decides.
    pub fn examine(
        &self,
        quote: &[u8],
        pck_chain_pem: Option<&str>,
        now_s: u64,
    ) -> Result<Examined, AppraisalError> {
        if is_snp_quote(quote) {
            return self.snp(now_s).examine(quote, pck_chain_pem)?.examined(&self.policy);
        }
        let device = self.examine_device(quote, pck_chain_pem, now_s)?;
        let leaf = device.path.first().ok_or(AppraisalError::Unexplained)?;
        let ca = dcap_qvl::intel::pck_ca(leaf).map_err(|_| AppraisalError::Unexplained)?;
        let ca = match ca {
            dcap_qvl::config::PckCa::Processor => PckCa::Processor,
            dcap_qvl::config::PckCa::Platform => PckCa::Platform,
        };
        let tee = device.tee;
        let chosen = self.policy.measured_registers(tee).ok_or(AppraisalError::TeeNotAccepted)?;
        let report = &device.quote.report;
        Ok(Examined {
            collateral: CollateralKey { tee, fmspc: device.pck.fmspc.into(), ca },
            device_id: DeviceId::from_hardware(tee, &device.pck.ppid),
            measurement: measurement(tee, chosen, &registers(report)),
            report_data: report_data(report),
        })
    }

    fn appraise_any(
        &self,
        quote: &[u8],
        given_chain_pem: Option<&str>,
        collateral: &Collateral,
        now_s: u64,
    ) -> Result<VerifiedEvidence, AppraisalError> {
        if is_snp_quote(quote) {
            let guest = self.snp(now_s).examine(quote, given_chain_pem)?;
            return self.snp(now_s).appraise(&guest, collateral.snp()?);
        }
        let device = self.examine_device(quote, given_chain_pem, now_s)?;
        let collateral = collateral.dcap()?;
        let mut parts = collateral.parts.clone();
        // The library prefers the collateral's chain to the quote's; only a quote without one may get another.
        if !device.carries_chain {
            parts.pck_certificate_chain = given_chain_pem.map(str::to_owned);
        }
        match self.verify(&device.root, quote, &parts, now_s) {
            Some(claims) => self.judge(device.tee, &claims, collateral, now_s),
            None => Err(self.diagnose(&device, collateral, now_s)),
        }
    }

    fn snp(&self, now_s: u64) -> snp::Appraisal<'_> {
        let remember_signatures = self.config.remember_signatures;
        snp::Appraisal { policy: &self.policy, roots: &self.roots, remember_signatures, now_s }
    }

    /// What the library finds, if it accepts. Its reasons are words and are dropped.
    fn verify(
        &self,
        root: &[u8],
        quote: &[u8],
        collateral: &QuoteCollateralV3,
        now_s: u64,
    ) -> Option<QuoteClaims> {
        match (self.config.backend, self.config.remember_signatures) {
            (CryptoBackend::Ring, false) => verify::<RingConfig>(root, quote, collateral, now_s),
            (CryptoBackend::Ring, true) => verify::<Remembering<RingConfig>>(root, quote, collateral, now_s),
            (CryptoBackend::RustCrypto, false) => verify::<RustCryptoConfig>(root, quote, collateral, now_s),
            (CryptoBackend::RustCrypto, true) => {
                verify::<Remembering<RustCryptoConfig>>(root, quote, collateral, now_s)
            }
        }
    }

    fn diagnose(&self, device: &Device, collateral: &DcapCollateral, now_s: u64) -> AppraisalError {
        let number = self.policy.tcb_evaluation_number();
        match (self.config.backend, self.config.remember_signatures) {
            (CryptoBackend::Ring, false) => diagnose::<RingConfig>(device, collateral, number, now_s),
            (CryptoBackend::Ring, true) => {
                diagnose::<Remembering<RingConfig>>(device, collateral, number, now_s)
            }
            (CryptoBackend::RustCrypto, false) => {
                diagnose::<RustCryptoConfig>(device, collateral, number, now_s)
            }
            (CryptoBackend::RustCrypto, true) => {
                diagnose::<Remembering<RustCryptoConfig>>(device, collateral, number, now_s)
            }
        }
    }

    fn examine_device(
        &self,
        quote: &[u8],
        given_chain_pem: Option<&str>,
        now_s: u64,
    ) -> Result<Device, AppraisalError> {
        let (chain, roots) = (given_chain_pem.map(str::as_bytes), self.roots.as_slice());
        match (self.config.backend, self.config.remember_signatures) {
            (CryptoBackend::Ring, false) => examine::<RingConfig>(quote, chain, roots, now_s),
            (CryptoBackend::Ring, true) => examine::<Remembering<RingConfig>>(quote, chain, roots, now_s),
            (CryptoBackend::RustCrypto, false) => examine::<RustCryptoConfig>(quote, chain, roots, now_s),
            (CryptoBackend::RustCrypto, true) => {
                examine::<Remembering<RustCryptoConfig>>(quote, chain, roots, now_s)
            }
        }
    }

    /// Holds what is cryptographically established against the policy. Collateral's faults come before the
    /// platform's: by the wrong collateral nobody is judged.
    fn judge(
        &self,
        tee: TeeType,
        claims: &QuoteClaims,
        collateral: &DcapCollateral,
        now_s: u64,
    ) -> Result<VerifiedEvidence, AppraisalError> {
        let pck = &claims.platform.pck;
        check_hardware_id(tee, &pck.ppid)?;
        let chosen = self.policy.measured_registers(tee).ok_or(AppraisalError::TeeNotAccepted)?;
        self.check_collateral(claims, collateral, now_s)?;
        let advisory_ids = advisories(claims);
        self.check_platform(claims, &advisory_ids)?;
        let registers = registers(&claims.report);
        Ok(VerifiedEvidence {
            tee,
            hardware_id: pck.ppid.clone(),
            fmspc: pck.fmspc.into(),
            measurement: measurement(tee, chosen, &registers),
            report_data: report_data(&claims.report),
            status: claims.tcb.status.into(),
            advisory_ids,
            holds_until_s: claims.earliest_expiration_date,
            registers,
            snp: None,
        })
    }

    fn check_collateral(
        &self,
        claims: &QuoteClaims,
        collateral: &DcapCollateral,
        now_s: u64,
    ) -> Result<(), AppraisalError> {
        let fault = |part, fault| Err(AppraisalError::Collateral { part, fault });
        if claims.latest_issue_date > now_s {
            return fault(CollateralPart::Whole, CollateralFault::NotYetValid);
        }
        if claims.earliest_expiration_date < now_s {
            return fault(CollateralPart::Whole, CollateralFault::Expired);
        }
        let expected = self.policy.tcb_evaluation_number();
        // The claims' own number will not do: it is the lower of the two.
        let numbers = [
            (CollateralPart::TcbInfo, collateral.tcb_info_number()),
            (CollateralPart::QeIdentity, Some(claims.qe.tcb_eval_data_number)),
        ];
        for (part, found) in numbers {
            match found {
                Some(found) if found == expected => {}
                Some(found) => {
                    return fault(part, CollateralFault::WrongEvaluationNumber { expected, found });
                }
                None => return fault(part, CollateralFault::Malformed),
            }
        }
        Ok(())
    }

    fn check_platform(&self, claims: &QuoteClaims, advisory_ids: &[String]) -> Result<(), AppraisalError> {
        let status = claims.tcb.status.into();
        if !self.policy.accepts_status(status) {
            return Err(AppraisalError::TcbStatusNotAccepted(status));
        }
        if let Some(denied) = advisory_ids.iter().find(|id| self.policy.denies_advisory(id)) {
            return Err(AppraisalError::AdvisoryDenied(denied.clone()));
        }
        let pck = &claims.platform.pck;
        let flags = [
            (PlatformFlag::DynamicPlatform, pck.dynamic_platform, self.policy.accepts_dynamic_platform()),
            (PlatformFlag::CachedKeys, pck.cached_keys, self.policy.accepts_cached_keys()),
            (PlatformFlag::Smt, pck.smt_enabled, self.policy.accepts_smt()),
        ];
        match flags.into_iter().find(|(_, flag, accepted)| *flag == PckCertFlag::True && !accepted) {
            Some((flag, _, _)) => Err(AppraisalError::FlagNotAccepted(flag)),
            None => Ok(()),
        }
    }
}

fn verify<C: Config>(
    root: &[u8],
    quote: &[u8],
    collateral: &QuoteCollateralV3,
    now_s: u64,
) -> Option<QuoteClaims> {
    let verifier = QuoteVerifier::<C>::new_with_config(root.to_vec());
    verifier.verify_with_policy(quote, collateral, now_s, &QuotePolicy::claims_only(now_s)).ok()
}

/// Advisories of the platform at launch, of the quoting enclave, and of the platform as it is now.
fn advisories(claims: &QuoteClaims) -> Vec<String> {
    let current = claims.platform.current_tcb_level.iter().flat_map(|level| &level.advisory_ids);
    let mut ids: Vec<String> = claims.tcb.advisory_ids.iter().chain(current).cloned().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

pub(crate) fn report_data(report: &Report) -> [u8; 64] {
    match report {
        Report::SgxEnclave(sgx) => sgx.report_data,
        Report::TD10(td) => td.report_data,
        Report::TD15(td) => td.base.report_data,
        Report::TD15Ex(td) => td.base.base.report_data,
    }
}

impl VerifiedEvidence {
    /// The kind of TEE.
    pub fn tee(&self) -> TeeType {
        self.tee
    }

    /// The machine as its vendor names it: the 16 bytes of the PPID in its certificate, or for SEV-SNP the 64 of the
    /// `CHIP_ID`.
    pub fn hardware_id(&self) -> &[u8] {
        &self.hardware_id
    }

    /// The machine as the network names it.
    pub fn device_id(&self) -> DeviceId {
        DeviceId::from_hardware(self.tee, &self.hardware_id)
    }

    /// The platform family; for SEV-SNP [`SnpProduct::family`](crate::SnpProduct::family).
    pub fn fmspc(&self) -> Fmspc {
        self.fmspc
    }

    /// The digest over the registers that the policy chose, to be found among the reference values.
    pub fn measurement(&self) -> B256 {
        self.measurement
    }

    /// What the TEE had the quote say: for a block its digest, its incarnation, and zeros.
    pub fn report_data(&self) -> &[u8; 64] {
        &self.report_data
    }

    /// The platform's TCB status, of platform, TDX module and quoting enclave together. AMD states none: of SEV-SNP
    /// what is below the policy's minimum is refused, and the rest is up to date.
    pub fn status(&self) -> TcbStatus {
        self.status
    }

    /// Advisories that affect the platform, ascending.
    pub fn advisory_ids(&self) -> &[String] {
        &self.advisory_ids
    }

    /// Always false: no policy can allow debug mode, so evidence from it never becomes a value of this type.
    pub fn is_debug(&self) -> bool {
        false
    }

    /// The Unix time in seconds at which the first of collateral and certificates falls due for renewal.
    pub fn holds_until_s(&self) -> u64 {
        self.holds_until_s
    }

    /// What an SEV-SNP report says besides; `None` for other TEEs.
    pub fn snp(&self) -> Option<&SnpFacts> {
        self.snp.as_ref()
    }

    /// Every register of the report, in order of code.
    pub fn registers(&self) -> &[RegisterValue] {
        &self.registers
    }
}
